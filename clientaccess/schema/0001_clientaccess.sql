-- +goose Up
-- One row, or none before the first change. Every change of a throttling policy
-- raises revision in the same transaction; nodes look at it.
CREATE TABLE clientaccess_state (
    id       BIGINT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
);

-- The policy with the name '' is everybody's who has none of his own.
CREATE TABLE clientaccess_policy (
    name     {{text}} NOT NULL PRIMARY KEY,
    settings {{text}} NOT NULL -- JSON of ThrottlingPolicy
);

CREATE TABLE clientaccess_throttled (
    sid    {{text}} NOT NULL PRIMARY KEY, -- who calls
    policy {{text}} NOT NULL
);

-- Which clients were seen: a row for each account, caller and client. Days are
-- counted from 1970.
CREATE TABLE clientaccess_client (
    sid         {{text}} NOT NULL, -- whose settings let it in or not
    by_sid      {{text}} NOT NULL, -- who signed in
    protocol    {{text}} NOT NULL,
    user_agent  {{text}} NOT NULL,
    application {{text}} NOT NULL, -- by its credential; '' if that names none
    first_seen  BIGINT   NOT NULL,
    last_seen   BIGINT   NOT NULL,
    requests    BIGINT   NOT NULL,
    PRIMARY KEY (sid, by_sid, protocol, user_agent, application)
);
CREATE INDEX clientaccess_client_last ON clientaccess_client (last_seen);

-- +goose Down
DROP TABLE clientaccess_client;
DROP TABLE clientaccess_throttled;
DROP TABLE clientaccess_policy;
DROP TABLE clientaccess_state;
