-- +goose Up
-- Messages for mailboxes that another node has, until they lie there.
CREATE TABLE hop_parcel (
    id       {{text}} NOT NULL PRIMARY KEY, -- of the delivery, however often it is tried
    database {{text}} NOT NULL,             -- of the mailboxes
    envelope {{text}} NOT NULL,             -- JSON: to whom, from whom, on whose request
    message  {{blob}} NOT NULL,
    mark     {{blob}} NOT NULL,             -- of all the above, under a key that is not in the database
    created  BIGINT   NOT NULL,             -- Unix milliseconds
    due      BIGINT   NOT NULL,             -- when it is tried next; later while somebody tries
    tries    BIGINT   NOT NULL
);
CREATE INDEX hop_parcel_due ON hop_parcel (database, due);

-- +goose Down
DROP TABLE hop_parcel;
