-- +goose Up
-- What each generation changed, for the nodes to read just that again. The
-- first row of a generation, n 0, says that there is one: kind 0 that the others
-- are all it changed, 255 that everything is to be read. Old generations are
-- taken out; a node that is further behind reads everything.
CREATE TABLE directory_log (
    generation BIGINT   NOT NULL,
    n          BIGINT   NOT NULL,
    kind       BIGINT   NOT NULL,
    unit       {{text}} NOT NULL, -- key of the rows
    was        {{blob}},          -- keyed hash of the rows before and after,
    became     {{blob}},          -- NULL for no rows and in a directory without a seal
    PRIMARY KEY (generation, n)
);

-- What the mark is made of beside the generation, so that a change need not
-- read what it does not touch. NULL in the first form of the mark, which was
-- made of all rows in their order.
ALTER TABLE directory_seal ADD COLUMN sum {{blob}};

-- +goose Down
ALTER TABLE directory_seal DROP COLUMN sum;
DROP TABLE directory_log;
