-- +goose Up
-- One row: the organization this database belongs to. Every change of any
-- table here raises generation in the same transaction; nodes watch it.
-- next_rid only ever grows, so that a SID is never given to a second account.
CREATE TABLE directory_organization (
    id         BIGINT   NOT NULL PRIMARY KEY,
    name       {{text}} NOT NULL,
    domain_sid {{text}} NOT NULL,
    next_rid   BIGINT   NOT NULL,
    generation BIGINT   NOT NULL,
    precedence BIGINT   NOT NULL,
    policy     {{text}} NOT NULL -- JSON of access.ClientPolicy
);

CREATE TABLE directory_domain (
    name       {{text}} NOT NULL PRIMARY KEY,
    is_default BOOLEAN  NOT NULL
);

CREATE TABLE directory_account (
    sid         {{text}} NOT NULL PRIMARY KEY,
    guid        {{blob}} NOT NULL UNIQUE, -- objectGUID; imports are matched by it
    upn         {{text}} NOT NULL UNIQUE,
    mail        {{text}} NOT NULL,        -- primary address, '' if none
    name        {{text}} NOT NULL,
    alias       {{text}} NOT NULL,
    kind        {{text}} NOT NULL,
    enabled     BOOLEAN  NOT NULL,
    master_sid  {{text}} UNIQUE,
    mailbox_id  {{blob}} UNIQUE,
    database    {{text}} NOT NULL,
    quota       BIGINT   NOT NULL,        -- bytes, 0 for the default
    given_name  {{text}} NOT NULL,
    surname     {{text}} NOT NULL,
    title       {{text}} NOT NULL,
    department  {{text}} NOT NULL,
    company     {{text}} NOT NULL,
    office      {{text}} NOT NULL,
    phone       {{text}} NOT NULL,
    mobile      {{text}} NOT NULL,
    capacity    BIGINT   NOT NULL,        -- of a room
    hidden      BOOLEAN  NOT NULL,        -- from address lists
    policy      {{text}} NOT NULL,        -- JSON of access.ClientPolicy, '' if none
    password    {{text}} NOT NULL,        -- argon2id in PHC form, '' if none
    epoch       BIGINT   NOT NULL,        -- of the password; rises when it changes
    created     BIGINT   NOT NULL         -- Unix seconds
);
CREATE INDEX directory_account_database ON directory_account (database);

CREATE TABLE directory_group (
    sid       {{text}} NOT NULL PRIMARY KEY,
    guid      {{blob}} NOT NULL UNIQUE,
    name      {{text}} NOT NULL,
    alias     {{text}} NOT NULL,
    mail      {{text}} NOT NULL,
    kind      {{text}} NOT NULL, -- distribution, security, room-list
    hidden    BOOLEAN  NOT NULL
);

CREATE TABLE directory_member (
    group_sid  {{text}} NOT NULL,
    member_sid {{text}} NOT NULL,
    PRIMARY KEY (group_sid, member_sid)
);
CREATE INDEX directory_member_of ON directory_member (member_sid, group_sid);

-- Every SMTP address of an account or group, the primary ones too: what makes
-- them unique across both.
CREATE TABLE directory_address (
    address {{text}} NOT NULL PRIMARY KEY,
    sid     {{text}} NOT NULL
);
CREATE INDEX directory_address_sid ON directory_address (sid);

-- What ambiguous names are resolved by: lower-cased names, words of names,
-- aliases and addresses of what is not hidden.
CREATE TABLE directory_key (
    word {{text}} NOT NULL,
    sid  {{text}} NOT NULL,
    PRIMARY KEY (word, sid)
);
CREATE INDEX directory_key_sid ON directory_key (sid);

CREATE TABLE directory_server (
    name {{text}} NOT NULL PRIMARY KEY,
    site {{text}} NOT NULL,
    url  {{text}} NOT NULL
);

CREATE TABLE directory_database (
    name {{text}} NOT NULL PRIMARY KEY,
    url  {{text}} NOT NULL
);

CREATE TABLE directory_permission (
    mailbox_id {{blob}} NOT NULL,
    to_sid     {{text}} NOT NULL,
    deny       BOOLEAN  NOT NULL,
    rights     BIGINT   NOT NULL,
    PRIMARY KEY (mailbox_id, to_sid, deny)
);
CREATE INDEX directory_permission_to ON directory_permission (to_sid);

CREATE TABLE directory_assignment (
    id             {{text}} NOT NULL PRIMARY KEY,
    assignee       {{text}} NOT NULL,
    rights         BIGINT   NOT NULL,
    server         {{text}} NOT NULL,
    scope_kind     BIGINT   NOT NULL,
    scope_name     {{text}} NOT NULL,
    gate           BIGINT   NOT NULL,
    allow_disabled BOOLEAN  NOT NULL,
    not_before     BIGINT,           -- Unix seconds
    not_after      BIGINT,
    enabled        BOOLEAN  NOT NULL,
    deny           BOOLEAN  NOT NULL,
    created        BIGINT   NOT NULL,
    created_by     {{text}} NOT NULL -- SID of the administrator
);
CREATE INDEX directory_assignment_assignee ON directory_assignment (assignee);

CREATE TABLE directory_administrator (
    sid {{text}} NOT NULL PRIMARY KEY
);

-- Bearer tokens of service accounts: SHA-256 of 256 random bits, which need no
-- slow hash. name is what the audit log calls the application.
CREATE TABLE directory_token (
    id      {{text}} NOT NULL PRIMARY KEY,
    hash    {{blob}} NOT NULL UNIQUE,
    sid     {{text}} NOT NULL,
    name    {{text}} NOT NULL,
    created BIGINT   NOT NULL,
    expires BIGINT   NOT NULL -- Unix seconds
);
CREATE INDEX directory_token_sid ON directory_token (sid);

CREATE TABLE directory_node (
    id         {{text}} NOT NULL PRIMARY KEY,
    name       {{text}} NOT NULL,
    url        {{text}} NOT NULL,
    nodekey    {{blob}} NOT NULL, -- Ed25519 public key of the node's channel
    generation BIGINT   NOT NULL, -- of the snapshot it decides on
    keys       {{text}} NOT NULL, -- ids of the keys it holds, JSON
    lease      BIGINT   NOT NULL  -- Unix milliseconds
);

-- +goose Down
DROP TABLE directory_node;
DROP TABLE directory_token;
DROP TABLE directory_administrator;
DROP TABLE directory_assignment;
DROP TABLE directory_permission;
DROP TABLE directory_database;
DROP TABLE directory_server;
DROP TABLE directory_key;
DROP TABLE directory_address;
DROP TABLE directory_member;
DROP TABLE directory_group;
DROP TABLE directory_account;
DROP TABLE directory_domain;
DROP TABLE directory_organization;
