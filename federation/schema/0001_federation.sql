-- +goose Up
-- What is set of the organization's federation trust: one document, in one row.
-- The mark is that of the version and the document, by a key of the ring. The
-- version rises with every change.
CREATE TABLE federation_trust (
	id BIGINT NOT NULL PRIMARY KEY, -- 1
	version BIGINT NOT NULL,
	document {{text}} NOT NULL, -- JSON
	mark {{blob}} NOT NULL
);

-- Which nodes can use the keys of which certificates, as each node says itself.
CREATE TABLE federation_node (
	node {{text}} NOT NULL,
	thumbprint {{text}} NOT NULL,
	state {{text}} NOT NULL,
	seen BIGINT NOT NULL, -- Unix seconds
	PRIMARY KEY (node, thumbprint)
) {{clustered}};

-- +goose Down
DROP TABLE federation_node;
DROP TABLE federation_trust;
