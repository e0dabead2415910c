-- +goose Up
-- Rights on whole mailboxes that somebody gave while he acted for another, as the
-- mailboxes' own table of that kind has them of folders.
CREATE TABLE audit_given (
    id      {{identity}},
    at      BIGINT NOT NULL, -- Unix microseconds
    request TEXT   NOT NULL,
    by_sid  TEXT   NOT NULL,
    as_sid  TEXT   NOT NULL,
    grounds TEXT   NOT NULL, -- one a line
    mailbox TEXT   NOT NULL,
    to_sid  TEXT   NOT NULL,
    had     BIGINT NOT NULL, -- of the rights that were changed, those he had
    has     BIGINT NOT NULL,
    state   BIGINT NOT NULL  -- 0 stands, 1 undone, 2 kept
);
