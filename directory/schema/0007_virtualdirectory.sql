-- +goose Up
-- What a server offers by a protocol: by which methods clients sign in there, and
-- where it is reached from inside and from outside. A protocol without a row
-- offers all that its server can do.
CREATE TABLE directory_virtual_directory (
    name     {{text}} NOT NULL PRIMARY KEY, -- SERVER/PROTOCOL
    settings {{text}} NOT NULL              -- JSON of directory.VirtualDirectory
);

-- +goose Down
DROP TABLE directory_virtual_directory;
