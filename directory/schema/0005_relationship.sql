-- +goose Up
-- What this organization shows to others, and how it asks them.
CREATE TABLE directory_relationship (
    name     {{text}} NOT NULL PRIMARY KEY,
    settings {{text}} NOT NULL -- JSON of access.Relationship; no domain is in two rows
);

-- What people may share of their own with others.
CREATE TABLE directory_sharing_policy (
    name       {{text}} NOT NULL PRIMARY KEY,
    enabled    BOOLEAN  NOT NULL,
    is_default BOOLEAN  NOT NULL, -- of those without one; of one row at most
    rules      {{text}} NOT NULL  -- JSON of []access.SharingRule
);

-- Mailboxes with a policy of their own.
CREATE TABLE directory_sharing_assignment (
    sid    {{text}} NOT NULL PRIMARY KEY,
    policy {{text}} NOT NULL
);
CREATE INDEX directory_sharing_assignment_policy ON directory_sharing_assignment (policy);

-- +goose Down
DROP TABLE directory_sharing_assignment;
DROP TABLE directory_sharing_policy;
DROP TABLE directory_relationship;
