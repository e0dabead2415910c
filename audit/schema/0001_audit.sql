-- +goose Up
-- One log a node: (node, seq) is dense from 0. record is the JSON of the
-- Record; leaf is SHA-256 over 0x00, salt and record (RFC 6962 2.1 with a salt,
-- so that a record can be erased and the tree still verifies).
CREATE TABLE audit_record (
    node     TEXT    NOT NULL,
    seq      BIGINT  NOT NULL,
    at       BIGINT  NOT NULL, -- Unix microseconds
    request  TEXT    NOT NULL,
    as_sid   TEXT    NOT NULL,
    by_sid   TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    mailbox  TEXT    NOT NULL,
    allowed  BOOLEAN NOT NULL,
    salt     {{blob}} NOT NULL,
    leaf     {{blob}} NOT NULL,
    record   {{blob}},          -- NULL once erased
    PRIMARY KEY (node, seq)
);
CREATE INDEX audit_record_at ON audit_record (at);
CREATE INDEX audit_record_request ON audit_record (request);
CREATE INDEX audit_record_as ON audit_record (as_sid, at);
CREATE INDEX audit_record_by ON audit_record (by_sid, at);
CREATE INDEX audit_record_mailbox ON audit_record (mailbox, at);

-- Signed tree heads in the C2SP checkpoint form. hashes holds the compact range
-- of the tree, so that a log of millions opens without reading them.
CREATE TABLE audit_checkpoint (
    node  TEXT     NOT NULL,
    size  BIGINT   NOT NULL,
    at    BIGINT   NOT NULL,
    note  TEXT     NOT NULL,
    hashes {{blob}} NOT NULL,
    PRIMARY KEY (node, size)
);
