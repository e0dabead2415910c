-- +goose Up
-- CustomAttribute1 … 15 as a JSON array, '' if all are empty.
ALTER TABLE directory_account ADD COLUMN custom {{text}} NOT NULL DEFAULT '';

-- The group in another forest that a linked group stands for, '' if none.
ALTER TABLE directory_group ADD COLUMN master_sid {{text}} NOT NULL DEFAULT '';

-- Named sets of recipients, for assignments and policies.
CREATE TABLE directory_scope (
    name      {{text}} NOT NULL PRIMARY KEY,
    filter    {{text}} NOT NULL, -- OPATH, as access.ParseFilter reads it
    exclusive BOOLEAN  NOT NULL
);

-- Client access policies of the recipients in a scope.
CREATE TABLE directory_scope_policy (
    scope    {{text}} NOT NULL PRIMARY KEY,
    priority BIGINT   NOT NULL,
    policy   {{text}} NOT NULL -- JSON of access.ClientPolicy
);

CREATE TABLE directory_item_grant (
    id           {{text}} NOT NULL PRIMARY KEY,
    mailbox_id   {{blob}} NOT NULL,
    to_sid       {{text}} NOT NULL, -- '' if it is for external
    external     {{text}} NOT NULL, -- address of somebody of a partner's
    items        {{text}} NOT NULL, -- JSON of []access.ItemKey
    label        {{text}} NOT NULL,
    read_fields  BIGINT   NOT NULL,
    write_fields BIGINT   NOT NULL,
    earliest     BIGINT,            -- Unix seconds, as all times here
    latest       BIGINT,
    locations    {{text}} NOT NULL, -- JSON of []string
    not_before   BIGINT,
    not_after    BIGINT,
    enabled      BOOLEAN  NOT NULL,
    created      BIGINT   NOT NULL,
    created_by   {{text}} NOT NULL, -- SID of whose right it was to give
    assignment   {{text}} NOT NULL, -- by which he was acted for, '' if he gave it himself
    chain        {{text}} NOT NULL  -- JSON of Chain, '' likewise
);
CREATE INDEX directory_item_grant_mailbox ON directory_item_grant (mailbox_id);
CREATE INDEX directory_item_grant_to ON directory_item_grant (to_sid);
CREATE INDEX directory_item_grant_assignment ON directory_item_grant (assignment);

-- Other forests whose word about their own accounts counts.
CREATE TABLE directory_realm (
    name       {{text}} NOT NULL PRIMARY KEY,
    domain_sid {{text}} NOT NULL UNIQUE
);

-- +goose Down
DROP TABLE directory_realm;
DROP TABLE directory_item_grant;
DROP TABLE directory_scope_policy;
DROP TABLE directory_scope;
ALTER TABLE directory_group DROP COLUMN master_sid;
ALTER TABLE directory_account DROP COLUMN custom;
