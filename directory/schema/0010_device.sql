-- +goose Up
-- What is set of mobile devices for the whole organization: one row.
CREATE TABLE directory_device_organization (
    name     {{text}} NOT NULL PRIMARY KEY, -- '' alone
    settings {{text}} NOT NULL              -- JSON of access.DeviceOrganization
);

-- Device access rules.
CREATE TABLE directory_device_rule (
    name     {{text}} NOT NULL PRIMARY KEY, -- as access.DeviceRuleName makes it
    settings {{text}} NOT NULL              -- JSON of access.DeviceRule
);

-- Mobile device mailbox policies.
CREATE TABLE directory_mobile_policy (
    name       {{text}} NOT NULL PRIMARY KEY,
    is_default BOOLEAN  NOT NULL, -- of those without one; of one row at most
    settings   {{text}} NOT NULL  -- JSON of access.MobilePolicy
);

-- What is set of one account's devices: allowed and blocked ids, a policy of its
-- own. A table of its own, so that what is marked of accounts stays what it was.
CREATE TABLE directory_device_setting (
    sid      {{text}} NOT NULL PRIMARY KEY,
    settings {{text}} NOT NULL -- JSON of access.DeviceSettings
);

-- +goose Down
DROP TABLE directory_device_setting;
DROP TABLE directory_mobile_policy;
DROP TABLE directory_device_rule;
DROP TABLE directory_device_organization;
