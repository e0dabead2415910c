-- +goose Up
-- The records of what was written here that may not be in the audit log yet,
-- each committed with the write it tells of: one for a request and mailbox. The
-- log lies in another database; a row goes once its record is there.
CREATE TABLE mailbox_outbox (
    request    TEXT     NOT NULL, -- its id
    mailbox_id {{blob}} NOT NULL,
    node       TEXT     NOT NULL, -- whose request it was
    at         BIGINT   NOT NULL, -- Unix microseconds of the last write
    record     {{blob}} NOT NULL, -- as the log is to have it if no more becomes known
    PRIMARY KEY (request, mailbox_id)
) {{clustered}};

-- +goose Down
DROP TABLE mailbox_outbox;
