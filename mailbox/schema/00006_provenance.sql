-- +goose Up
-- Rights that somebody gave or took while he acted for another: who, under what,
-- and what was there before. It commits with the change it tells of, so that
-- what ended assignments and permissions left behind can be found and undone.
CREATE TABLE provenance (
    mailbox_id {{blob}} NOT NULL,
    number     BIGINT   NOT NULL, -- of the change
    part       BIGINT   NOT NULL,
    at         BIGINT   NOT NULL, -- Unix microseconds
    request    TEXT     NOT NULL,
    by_sid     TEXT     NOT NULL, -- who really acted
    as_sid     TEXT     NOT NULL, -- and as whom
    grounds    TEXT     NOT NULL, -- what let him, one a line
    folder_id  BIGINT   NOT NULL, -- 0 for the list of delegates
    who        BIGINT   NOT NULL, -- kind of the entry
    sid        TEXT     NOT NULL,
    had        BIGINT   NOT NULL, -- rights before; -1 for no entry
    has        BIGINT   NOT NULL, -- and after
    state      BIGINT   NOT NULL, -- 0 stands, 1 undone, 2 kept
    PRIMARY KEY (mailbox_id, number, part)
) {{clustered}};

-- +goose Down
DROP TABLE provenance;
