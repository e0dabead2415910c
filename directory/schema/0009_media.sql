-- +goose Up
-- What the address list knows of people beside words: their picture (kind 1, one at
-- most) and the certificates that mail to them is encrypted for (kind 2). No decision
-- rests on them.
CREATE TABLE directory_media (
    sid     {{text}} NOT NULL,
    kind    BIGINT   NOT NULL,
    number  BIGINT   NOT NULL, -- among those of the kind
    content {{blob}} NOT NULL,
    PRIMARY KEY (sid, kind, number)
);

-- +goose Down
DROP TABLE directory_media;
