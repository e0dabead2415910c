-- +goose Up
-- What left which folder when, for those who follow a whole mailbox.
CREATE INDEX tombstone_change ON tombstone (mailbox_id, change_number, folder_id, item_id, flags);

-- Of what an item is a copy, as long as somebody may still have to be told.
CREATE TABLE item_copy (
    mailbox_id {{blob}} NOT NULL,
    item_id    BIGINT   NOT NULL,
    old_item   BIGINT   NOT NULL,
    old_folder BIGINT   NOT NULL,
    PRIMARY KEY (mailbox_id, item_id)
) {{clustered}};

-- +goose Down
DROP TABLE item_copy;
DROP INDEX tombstone_change;
