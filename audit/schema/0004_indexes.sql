-- +goose Up
-- Most records are logged as who acted: those are found by the index of actors,
-- and this one holds the others. An index less costs a record a sixth less.
DROP INDEX audit_record_as;
CREATE INDEX audit_record_as ON audit_record (as_sid, at) WHERE as_sid <> by_sid;

-- +goose Down
DROP INDEX audit_record_as;
CREATE INDEX audit_record_as ON audit_record (as_sid, at);
