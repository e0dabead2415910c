-- +goose Up
-- A key of an organization, sealed under the master key named by master.
-- replaced is when a newer one took its place (Unix seconds), NULL if none has.
CREATE TABLE keys_sealed (
	organization {{text}} NOT NULL,
	purpose {{text}} NOT NULL,
	id {{text}} NOT NULL,
	master {{text}} NOT NULL,
	sealed {{blob}} NOT NULL,
	created BIGINT NOT NULL,
	replaced BIGINT,
	PRIMARY KEY (organization, purpose, id)
) {{clustered}};
