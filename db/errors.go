package db

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// Result codes of SQLite, sqlite.org/rescode.html: the low byte is the primary
// code, the whole the extended one.
const (
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteNoMemory = 7
	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteFull     = 13
	sqliteCantOpen = 14

	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
	sqliteRowID      = 2579
)

// errClosed is what a closed DB gives; it counts as unavailable.
var errClosed = errors.New("db: closed")

// IsConflict reports whether err is the violation of a unique constraint or a
// primary key.
func IsConflict(err error) bool {
	switch code(err) {
	case sqlitePrimaryKey, sqliteUnique, sqliteRowID:
		return true
	}
	return sqlState(err) == "23505"
}

// IsUnavailable reports whether err says that the database cannot be reached
// or cannot work at the moment; the DB recovers by itself when it comes back.
// A full disk is IsFull, not this.
func IsUnavailable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	switch c := code(err); c & 0xff {
	case sqliteBusy, sqliteLocked, sqliteNoMemory, sqliteIOErr, sqliteCantOpen:
		return true
	case sqliteReadOnly:
		// The plain code is a write within a View; the extended ones are
		// files that were moved or cannot be recovered.
		return c != sqliteReadOnly
	}
	// Classes 08 connection, 53 resources, 57 operator intervention (shutdown).
	if s := sqlState(err); len(s) == 5 {
		return !IsFull(err) && slices.Contains([]string{"08", "53", "57"}, s[:2]) || isRetry(err)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.Is(err, errClosed) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &connect) || errors.As(err, &network) ||
		// pgx has no error value for a connection found closed.
		strings.Contains(err.Error(), "conn closed")
}

// IsFull reports whether err says that there is no room left on the disk.
func IsFull(err error) bool {
	return code(err)&0xff == sqliteFull || sqlState(err) == "53100"
}

// isRetry reports whether PostgreSQL asks for the transaction to be repeated:
// serialization failure, deadlock, and a statement prepared before a migration
// that changed its columns.
func isRetry(err error) bool {
	switch s := sqlState(err); s {
	case "40001", "40P01":
		return true
	case "0A000":
		return strings.Contains(err.Error(), "cached plan")
	}
	return false
}

// code is SQLite's result code, 0 for other errors.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// sqlState is PostgreSQL's error code, "" for other errors.
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
