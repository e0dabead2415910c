-- +goose Up
-- One row: the mark of all tables that decisions rest on, made under a key
-- that is not in this database. Every change writes it anew.
CREATE TABLE directory_seal (
    id   BIGINT   NOT NULL PRIMARY KEY,
    mark {{blob}} NOT NULL
);

-- The mark of a node's name, address and key: who writes a row must not become
-- a node by it.
ALTER TABLE directory_node ADD COLUMN mark {{blob}};

-- +goose Down
ALTER TABLE directory_node DROP COLUMN mark;
DROP TABLE directory_seal;
