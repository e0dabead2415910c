-- +goose Up
-- What is on its way to the other side. It is kept until the other side has
-- said what became of it for every recipient.
CREATE TABLE relay_parcel (
    id        {{text}} NOT NULL PRIMARY KEY, -- of the delivery, however often it is tried
    peer      {{text}} NOT NULL,
    agreement {{text}} NOT NULL,
    answer    BOOLEAN  NOT NULL, -- to a meeting; else a message
    sender    {{text}} NOT NULL, -- address of who hears if it does not arrive
    envelope  {{text}} NOT NULL, -- JSON of what passes, without the message
    message   {{blob}} NOT NULL,
    created   BIGINT   NOT NULL, -- Unix milliseconds
    due       BIGINT   NOT NULL, -- when it is tried next; later while somebody tries
    tries     BIGINT   NOT NULL
);
CREATE INDEX relay_parcel_due ON relay_parcel (peer, due);

-- The last checkpoint of each peer's audit log that extended the one before, and
-- our own that the peer has signed.
CREATE TABLE relay_witness (
    peer     {{text}} NOT NULL,
    log      {{text}} NOT NULL, -- name of the node whose log it is
    ours     BOOLEAN  NOT NULL,
    auditkey {{blob}} NOT NULL, -- Ed25519, as first told over the channel
    size     BIGINT   NOT NULL,
    root     {{blob}} NOT NULL,
    note     {{text}} NOT NULL, -- with the other side's signature
    at       BIGINT   NOT NULL, -- Unix milliseconds
    alarm    {{text}} NOT NULL, -- what was wrong since, '' if nothing
    alarm_at BIGINT   NOT NULL,
    PRIMARY KEY (peer, log, ours)
);

-- +goose Down
DROP TABLE relay_witness;
DROP TABLE relay_parcel;
