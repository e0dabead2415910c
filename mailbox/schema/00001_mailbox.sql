-- +goose Up
-- Every key begins with the mailbox, and there is no number that two mailboxes
-- share, so that mailboxes can be spread over machines.
--
-- counter is the last number given out in the mailbox. Item ids, folder ids and
-- change numbers all come from it: an item's id is the change number of its
-- arrival in its folder. All times are FILETIME ticks: 100 ns since 1601.
CREATE TABLE mailbox (
    mailbox_id         {{blob}} NOT NULL,
    owner_sid          TEXT     NOT NULL,
    owner_upn          TEXT     NOT NULL,
    address            TEXT     NOT NULL,
    name               TEXT     NOT NULL,
    kind               BIGINT   NOT NULL, -- 0 user, 1 room, 2 shared
    created            BIGINT   NOT NULL,
    replica            BIGINT   NOT NULL, -- random; another after a restore
    counter            BIGINT   NOT NULL,
    size               BIGINT   NOT NULL, -- bytes in all items
    quota_warning      BIGINT   NOT NULL, -- bytes; 0 is no quota
    quota_send         BIGINT   NOT NULL,
    quota_send_receive BIGINT   NOT NULL,
    PRIMARY KEY (mailbox_id)
) {{clustered}};

-- What rarely changes about a folder.
CREATE TABLE folder (
    mailbox_id    {{blob}} NOT NULL,
    folder_id     BIGINT   NOT NULL,
    parent_id     BIGINT   NOT NULL, -- 0 for the root
    distinguished TEXT     NOT NULL, -- '' for most
    class         TEXT     NOT NULL,
    name          TEXT     NOT NULL,
    name_key      TEXT     NOT NULL, -- what makes names equal
    hidden        BIGINT   NOT NULL,
    change_number BIGINT   NOT NULL, -- of the folder itself, not of its content
    created       BIGINT   NOT NULL,
    modified      BIGINT   NOT NULL,
    permissions   {{blob}} NOT NULL,
    props         {{blob}} NOT NULL,
    PRIMARY KEY (mailbox_id, folder_id)
) {{clustered}};
CREATE UNIQUE INDEX folder_name ON folder (mailbox_id, parent_id, name_key);
CREATE UNIQUE INDEX folder_distinguished ON folder (mailbox_id, distinguished) WHERE distinguished <> '';

-- What every change of content changes.
CREATE TABLE folder_content (
    mailbox_id {{blob}} NOT NULL,
    folder_id  BIGINT   NOT NULL,
    article    BIGINT   NOT NULL, -- the last article number given out
    total      BIGINT   NOT NULL, -- items, without associated ones
    unread     BIGINT   NOT NULL,
    associated BIGINT   NOT NULL,
    size       BIGINT   NOT NULL,
    change_number BIGINT NOT NULL, -- of the last change of content
    modified   BIGINT   NOT NULL,
    forgotten  BIGINT   NOT NULL, -- deletions up to this change number are no longer kept
    PRIMARY KEY (mailbox_id, folder_id)
) {{clustered}};

-- What lists, restrictions and sorts need of an item. content_id says under
-- which number its large parts are kept: the id it was created with, which a
-- move does not change.
CREATE TABLE item (
    mailbox_id     {{blob}} NOT NULL,
    item_id        BIGINT   NOT NULL,
    folder_id      BIGINT   NOT NULL,
    content_id     BIGINT   NOT NULL,
    change_number  BIGINT   NOT NULL,
    content_change BIGINT   NOT NULL, -- the last change that was more than the read flag
    article        BIGINT   NOT NULL,
    flags          BIGINT   NOT NULL, -- 1 associated, 2 private, 4 was private once, 8 read
    class          {{text}} NOT NULL,
    creator        TEXT     NOT NULL, -- SID
    created        BIGINT   NOT NULL,
    modified       BIGINT   NOT NULL,
    size           BIGINT   NOT NULL,
    attachments    BIGINT   NOT NULL, -- the last attachment number given out
    received       BIGINT   NOT NULL, -- derived from props, as are the next three
    start_time     BIGINT   NOT NULL,
    end_time       BIGINT   NOT NULL,
    subject_key    {{text}} NOT NULL,
    props          {{blob}} NOT NULL,
    PRIMARY KEY (mailbox_id, item_id)
) {{clustered}};
-- Both sync indexes cover what a page of changes shows.
CREATE INDEX item_article ON item (mailbox_id, folder_id, article, item_id, change_number, flags, class);
CREATE INDEX item_change ON item (mailbox_id, folder_id, change_number, content_change, item_id, flags, class);
CREATE INDEX item_received ON item (mailbox_id, folder_id, received, item_id, flags); -- covers where a page begins
CREATE INDEX item_subject ON item (mailbox_id, folder_id, subject_key, item_id, flags); -- likewise
CREATE INDEX item_start ON item (mailbox_id, folder_id, start_time, end_time) WHERE start_time <> 0;
-- flags stands in it because SQLite takes an index that covers before one that fits.
CREATE INDEX item_associated ON item (mailbox_id, folder_id, class, flags) WHERE flags % 2 = 1;

CREATE TABLE item_content (
    mailbox_id {{blob}} NOT NULL,
    content_id BIGINT   NOT NULL,
    body_text  {{blob}},
    body_html  {{blob}},
    mime       {{blob}},
    recipients {{blob}},
    PRIMARY KEY (mailbox_id, content_id)
);

CREATE TABLE attachment (
    mailbox_id       {{blob}} NOT NULL,
    content_id       BIGINT   NOT NULL,
    attachment_id    BIGINT   NOT NULL,
    data_id          BIGINT   NOT NULL, -- where the bytes are
    name             TEXT     NOT NULL,
    content_type     TEXT     NOT NULL,
    mime_content_id  TEXT     NOT NULL,
    content_location TEXT     NOT NULL,
    size             BIGINT   NOT NULL,
    inline           BIGINT   NOT NULL,
    is_item          BIGINT   NOT NULL,
    modified         BIGINT   NOT NULL,
    PRIMARY KEY (mailbox_id, content_id, attachment_id)
) {{clustered}};

-- Bytes are never changed once written, so a reader may fetch them piece by
-- piece without holding a transaction.
CREATE TABLE attachment_data (
    mailbox_id {{blob}} NOT NULL,
    data_id    BIGINT   NOT NULL,
    piece      BIGINT   NOT NULL,
    bytes      {{blob}} NOT NULL,
    PRIMARY KEY (mailbox_id, data_id, piece)
);

CREATE TABLE tombstone (
    mailbox_id    {{blob}} NOT NULL,
    folder_id     BIGINT   NOT NULL,
    change_number BIGINT   NOT NULL,
    item_id       BIGINT   NOT NULL,
    flags         BIGINT   NOT NULL, -- as the item's were
    PRIMARY KEY (mailbox_id, folder_id, change_number)
) {{clustered}};

CREATE TABLE named_property (
    mailbox_id {{blob}} NOT NULL,
    property_id BIGINT  NOT NULL,
    set_guid   {{blob}} NOT NULL,
    lid        BIGINT   NOT NULL,
    name       TEXT     NOT NULL,
    PRIMARY KEY (mailbox_id, property_id)
) {{clustered}};
CREATE UNIQUE INDEX named_property_name ON named_property (mailbox_id, set_guid, lid, name);

CREATE TABLE mailbox_setting (
    mailbox_id {{blob}} NOT NULL,
    name       TEXT     NOT NULL,
    value      {{blob}} NOT NULL,
    PRIMARY KEY (mailbox_id, name)
) {{clustered}};

-- +goose Down
DROP TABLE mailbox_setting;
DROP TABLE named_property;
DROP TABLE tombstone;
DROP TABLE attachment_data;
DROP TABLE attachment;
DROP TABLE item_content;
DROP TABLE item;
DROP TABLE folder_content;
DROP TABLE folder;
DROP TABLE mailbox;
