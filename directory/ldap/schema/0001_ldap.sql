-- +goose Up
-- How keeping like the other directory stands: one row, which the node that syncs
-- holds for a while.
CREATE TABLE ldap_state (
	id BIGINT NOT NULL PRIMARY KEY, -- 1
	holder {{text}} NOT NULL, -- the node that syncs
	until BIGINT NOT NULL, -- for as long; times are Unix milliseconds
	settings {{text}} NOT NULL, -- digest of what is read and how
	tried BIGINT NOT NULL, -- when the last sync began
	fresh BIGINT NOT NULL, -- when the last one began that saw everything
	compared BIGINT NOT NULL, -- when everything was last compared
	server {{text}} NOT NULL, -- that was asked
	problem {{text}} NOT NULL, -- of the last sync
	held BIGINT NOT NULL, -- the last sync waits for an administrator: as many accounts would be disabled
	report {{text}} NOT NULL -- JSON: what the last sync that did something did
);

-- How far the changes of each server have been followed. A server restored from
-- a copy has another invocation id.
CREATE TABLE ldap_server (
	invocation {{blob}} NOT NULL PRIMARY KEY,
	name {{text}} NOT NULL,
	usn BIGINT NOT NULL,
	seen BIGINT NOT NULL
);

-- What was read, as the server had it that is named by its invocation id.
CREATE TABLE ldap_object (
	guid {{blob}} NOT NULL PRIMARY KEY,
	sid {{text}} NOT NULL,
	kind {{text}} NOT NULL, -- account, group
	dn {{text}} NOT NULL,
	invocation {{blob}} NOT NULL,
	usn BIGINT NOT NULL,
	primary_group {{text}} NOT NULL, -- of an account: SID
	state {{text}} NOT NULL, -- kept, refused, gone
	note {{text}} NOT NULL -- why it was refused, or what of it was left out
) {{clustered}};

CREATE INDEX ldap_object_primary ON ldap_object (primary_group);
CREATE INDEX ldap_object_sid ON ldap_object (sid);

-- +goose Down
DROP TABLE ldap_object;
DROP TABLE ldap_server;
DROP TABLE ldap_state;
