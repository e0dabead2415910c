-- +goose Up
-- Mail on its way to other organizations, until a smart host has it for every
-- recipient or its sender knows better.
CREATE TABLE transport_message (
    id        {{text}} NOT NULL PRIMARY KEY, -- of the sending, however often it is tried
    connector {{text}} NOT NULL,             -- send connector it was put down for
    sender    {{text}} NOT NULL,             -- reverse path, '' for none
    envelope  {{text}} NOT NULL,             -- JSON: to whom, what has become of it
    message   {{blob}} NOT NULL,
    mark      {{blob}} NOT NULL,             -- of id, envelope and message, under a key that is not in the database
    created   BIGINT   NOT NULL,             -- Unix milliseconds
    due       BIGINT   NOT NULL,             -- when it is tried next; later while somebody tries
    tries     BIGINT   NOT NULL,
    holder    {{text}} NOT NULL,             -- the node that tries it, '' if none does
    suspended BOOLEAN  NOT NULL,             -- by an administrator
    problem   {{text}} NOT NULL              -- what the last try met
);
CREATE INDEX transport_message_due ON transport_message (due);

-- Sendings that have a name, so that what is sent again under it is not sent twice.
CREATE TABLE transport_sent (
    name {{text}} NOT NULL PRIMARY KEY,
    at   BIGINT   NOT NULL -- Unix milliseconds
);
CREATE INDEX transport_sent_at ON transport_sent (at);

-- +goose Down
DROP TABLE transport_sent;
DROP TABLE transport_message;
