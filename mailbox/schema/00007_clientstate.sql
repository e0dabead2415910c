-- +goose Up
-- How far clients that keep a copy have followed the mailbox, and what they said
-- about how. It is no content: it changes no counter and wakes nobody.
CREATE TABLE mailbox_client_state (
    mailbox_id {{blob}} NOT NULL,
    client     {{text}} NOT NULL,
    name       {{text}} NOT NULL,
    value      {{blob}} NOT NULL,
    at         BIGINT   NOT NULL, -- when it was written, in ticks
    PRIMARY KEY (mailbox_id, client, name)
) {{clustered}};

-- +goose Down
DROP TABLE mailbox_client_state;
