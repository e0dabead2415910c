-- +goose Up
-- Finds items by content_id, by which grants name them, once they were moved:
-- those that were not have it for their item_id.
CREATE INDEX item_moved ON item (mailbox_id, content_id) WHERE content_id <> item_id;

-- +goose Down
DROP INDEX item_moved;
