-- +goose Up
-- Names that the world outside knows an account by: its logon name in the domain
-- of its SID (kind 1, one at most), and what certificates and principals of other
-- realms it is (kind 2, altSecurityIdentities as access.ParseIdentity has them).
-- A table of its own, so that what earlier versions have marked stays marked.
CREATE TABLE directory_identity (
    sid  {{text}} NOT NULL,
    kind BIGINT   NOT NULL,
    name {{text}} NOT NULL, -- in the form in which it is compared: a logon name in lower case
    said {{text}} NOT NULL, -- and as it was given, '' if that is no other
    PRIMARY KEY (sid, kind, name)
);
CREATE INDEX directory_identity_name ON directory_identity (kind, name);

-- +goose Down
DROP TABLE directory_identity;
