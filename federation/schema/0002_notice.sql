-- +goose Up
-- What partners are still to be told.
CREATE TABLE federation_notice (
	id {{text}} NOT NULL PRIMARY KEY,
	partner {{text}} NOT NULL, -- name of the relationship
	url {{text}} NOT NULL,
	target {{text}} NOT NULL, -- the partner's application URI
	sender {{text}} NOT NULL, -- ours, by which the partner knows us
	about {{text}} NOT NULL,
	created BIGINT NOT NULL, -- Unix seconds
	tries BIGINT NOT NULL,
	due BIGINT NOT NULL,
	problem {{text}} NOT NULL -- of the last try
) {{clustered}};

-- +goose Down
DROP TABLE federation_notice;
