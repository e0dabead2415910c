-- +goose Up
-- Records of changes in this database, each committed with its change. The
-- node's committer moves them into the log, in a transaction of its own: the
-- tree is the committer's alone.
CREATE TABLE audit_outbox (
    id     {{identity}},
    node   TEXT   NOT NULL,
    at     BIGINT NOT NULL, -- Unix microseconds
    record {{blob}} NOT NULL
);

-- When each assignment, or other ground to act, was last used: the log says it
-- too, but not at a glance. It may lag a minute.
CREATE TABLE audit_last_use (
    ground TEXT   NOT NULL,
    at     BIGINT NOT NULL, -- Unix microseconds
    PRIMARY KEY (ground)
) {{clustered}};

-- The key each node signs its checkpoints with, under the organization's mark,
-- so that every node can verify the others' logs.
CREATE TABLE audit_key (
    node       TEXT NOT NULL,
    public_key {{blob}} NOT NULL, -- Ed25519
    mark       {{blob}} NOT NULL,
    PRIMARY KEY (node)
) {{clustered}};
