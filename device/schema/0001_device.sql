-- +goose Up
-- Phones and others that synchronize with a mailbox, one row for each and whose
-- mailbox it is.
CREATE TABLE device (
    account   {{text}} NOT NULL, -- whose mailbox: the SID
    device_id {{text}} NOT NULL,
    by_sid    {{text}} NOT NULL, -- who signs in and acts for him, '' for himself
    first_at  BIGINT   NOT NULL, -- Unix microseconds
    last_at   BIGINT   NOT NULL,
    value     {{text}} NOT NULL, -- JSON
    PRIMARY KEY (account, device_id, by_sid)
);
CREATE INDEX device_id ON device (device_id);
CREATE INDEX device_last ON device (last_at);

-- +goose Down
DROP TABLE device;
