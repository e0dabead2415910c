-- +goose Up
-- Availability address spaces: other organizations that a service account of
-- theirs lets us ask.
CREATE TABLE partner_space (
    domain  {{text}} NOT NULL PRIMARY KEY,
    method  {{text}} NOT NULL, -- OrgWideFB
    url     {{text}} NOT NULL, -- of their EWS
    scheme  {{text}} NOT NULL, -- basic or bearer
    account {{text}} NOT NULL, -- of basic; '' if it is the organization's
    secret  {{text}} NOT NULL, -- under what its password or token is in the ring
    changed BIGINT   NOT NULL  -- Unix milliseconds
);

-- What there is once: a number that each change raises, by which other nodes
-- see one, and the account of Set-AvailabilityConfig. No row is version 0.
CREATE TABLE partner_setting (
    id      BIGINT   NOT NULL PRIMARY KEY, -- 1
    version BIGINT   NOT NULL,
    account {{text}} NOT NULL -- OrgWideAccount; '' if there is none
);

-- +goose Down
DROP TABLE partner_setting;
DROP TABLE partner_space;
