-- +goose Up
-- Which node holds a mailbox database. A database without a row is one that every
-- node opens. It is a table of its own, so that what is marked of databases stays
-- what it was.
CREATE TABLE directory_place (
    name {{text}} NOT NULL PRIMARY KEY, -- of the database
    node {{text}} NOT NULL
);

-- +goose Down
DROP TABLE directory_place;
