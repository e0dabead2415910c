-- +goose Up
-- Phones and others that synchronize with a mailbox, one row for each and whose
-- mailbox it is.
CREATE TABLE device (
    account   {{text}} NOT NULL, -- whose mailbox: the SID
    device_id {{text}} NOT NULL,
    first_at  BIGINT   NOT NULL, -- Unix microseconds
    last_at   BIGINT   NOT NULL,
    value     {{text}} NOT NULL, -- JSON
    PRIMARY KEY (account, device_id)
) {{clustered}};

-- +goose Down
DROP TABLE device;
