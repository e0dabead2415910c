-- +goose Up
-- One row: what the broker counts.
CREATE TABLE broker_state (
    id       BIGINT NOT NULL PRIMARY KEY, -- 1
    sequence BIGINT NOT NULL              -- of the metadata, higher with each change
);

-- Generations of the broker's own keys. Times are Unix seconds.
CREATE TABLE broker_generation (
    number      BIGINT   NOT NULL PRIMARY KEY,
    certificate {{blob}} NOT NULL, -- DER
    rsa_key     {{text}} NOT NULL, -- ids in the ring
    p256_key    {{text}} NOT NULL,
    starts      BIGINT   NOT NULL  -- signs from then on, until the next one does
);

-- Organizations.
CREATE TABLE broker_app (
    app       {{text}} NOT NULL PRIMARY KEY,
    admin_key {{blob}} NOT NULL, -- SHA-256
    contact   {{text}} NOT NULL,
    keys      {{text}} NOT NULL, -- JSON: certificates and P-256 keys with their times, a recovery that waits
    uris      {{text}} NOT NULL, -- JSON: application URIs
    compat    BIGINT   NOT NULL, -- 0 none, 1 unsigned bodies, 2 also legacy algorithms
    suspended BOOLEAN  NOT NULL, -- by the broker's administrator
    created   BIGINT   NOT NULL,
    source    {{text}} NOT NULL, -- address it was created from
    used      BIGINT   NOT NULL  -- when it last changed something
);

-- Domains. Several applications may wait for one; one at most has it.
CREATE TABLE broker_domain (
    domain    {{text}} NOT NULL,
    app       {{text}} NOT NULL,
    state     {{text}} NOT NULL, -- Pending, Active, Suspended
    nonce     {{text}} NOT NULL, -- of the scoped proof
    reserved  BIGINT   NOT NULL,
    checked   BIGINT   NOT NULL, -- last time, 0 if never
    proven    BIGINT   NOT NULL, -- last time the proof was there
    absent    BIGINT   NOT NULL, -- since when it has been known not to be, 0 if it is there
    due       BIGINT   NOT NULL, -- next check
    problem   {{text}} NOT NULL,
    wildcard  BOOLEAN  NOT NULL, -- names that nobody made have the record too
    PRIMARY KEY (domain, app)
);
CREATE INDEX broker_domain_app ON broker_domain (app);
CREATE INDEX broker_domain_due ON broker_domain (due);
CREATE UNIQUE INDEX broker_domain_one ON broker_domain (domain) WHERE state <> 'Pending';

-- Domains that the broker's administrator has suspended, whoever has or will
-- have them.
CREATE TABLE broker_held (
    domain {{text}} NOT NULL PRIMARY KEY
);

-- Requests that were seen, for as long as their time could still be right.
CREATE TABLE broker_seen (
    id    {{blob}} NOT NULL PRIMARY KEY, -- SHA-256
    until BIGINT   NOT NULL
);
CREATE INDEX broker_seen_until ON broker_seen (until);

-- +goose Down
DROP TABLE broker_seen;
DROP TABLE broker_held;
DROP TABLE broker_domain;
DROP TABLE broker_app;
DROP TABLE broker_generation;
DROP TABLE broker_state;
