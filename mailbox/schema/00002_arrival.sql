-- +goose Up
-- What was delivered under a name of its own, so that the same delivery, tried
-- again after its sender did not hear of it, puts nothing in a second time.
CREATE TABLE arrival (
    mailbox_id {{blob}} NOT NULL,
    name       {{text}} NOT NULL,
    item_id    BIGINT   NOT NULL,
    at         BIGINT   NOT NULL,
    PRIMARY KEY (mailbox_id, name)
) {{clustered}};

-- +goose Down
DROP TABLE arrival;
