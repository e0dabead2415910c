-- +goose Up
-- One row: the mark of all tables that decisions rest on, made under a key
-- that is not in this database. Every change writes it anew.
CREATE TABLE directory_seal (
    id   BIGINT   NOT NULL PRIMARY KEY,
    mark {{blob}} NOT NULL
);

-- +goose Down
DROP TABLE directory_seal;
