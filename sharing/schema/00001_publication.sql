-- +goose Up
-- Calendars that their owners publish to everybody who knows the address.
CREATE TABLE sharing_publication (
    mailbox_id {{blob}} NOT NULL,
    folder_id  BIGINT   NOT NULL,
    name       {{text}} NOT NULL, -- of the folder
    level      BIGINT   NOT NULL, -- access.SharingActions
    behind     BIGINT   NOT NULL, -- DateRange
    ahead      BIGINT   NOT NULL,
    searchable BOOLEAN  NOT NULL, -- found by the owner's address; else by the key alone
    zone       {{text}} NOT NULL, -- in which times are shown; '' is the appointments' own
    secret     {{blob}} NOT NULL, -- 128 random bits of the address
    changed    BIGINT   NOT NULL, -- Unix seconds
    mark       {{blob}} NOT NULL, -- over all of it, by a key of the organization
    PRIMARY KEY (mailbox_id, folder_id)
);

-- +goose Down
DROP TABLE sharing_publication;
