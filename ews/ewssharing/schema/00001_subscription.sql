-- +goose Up
-- Folders that take after ones that others share. Of somebody in another
-- organization there is a folder here; of somebody here the folder is his own.
CREATE TABLE ewssharing_subscription (
    mailbox_id   {{blob}} NOT NULL, -- whose subscription it is
    owner        {{text}} NOT NULL, -- address of who shares
    remote_id    {{text}} NOT NULL, -- of the folder, as the owner's EWS has it
    folder_id    BIGINT   NOT NULL, -- here; 0 for a folder of this organization
    organization {{text}} NOT NULL, -- application URI of the owner's; '' for this one
    data_type    {{text}} NOT NULL,
    state        {{text}} NOT NULL, -- of the synchronization; '' before the first
    refreshed    BIGINT   NOT NULL, -- Unix seconds; 0 before the first
    failed       {{text}} NOT NULL, -- reason of the last attempt's failure, '' if it did not
    PRIMARY KEY (mailbox_id, owner, remote_id)
);

-- +goose Down
DROP TABLE ewssharing_subscription;
