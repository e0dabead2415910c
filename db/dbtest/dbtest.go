// Package dbtest runs a test on every database the server supports.
//
//	func TestStore(t *testing.T) {
//		dbtest.Each(t, func(t *testing.T, d *db.DB) {
//			if err := d.Migrate(t.Context(), store.Migration()); err != nil {
//				t.Fatal(err)
//			}
//			…
//		})
//	}
//
// Databases are new and empty, opened Strict, and removed after the test.
//
// PostgreSQL is the server that ENTENTE_TEST_POSTGRES names (a URL under which
// databases may be created), or one this package starts from the binaries of
// version 15 or later, once for a test process and for as long as it lives.
// Where there is none the test is skipped, and fails instead if CI or
// ENTENTE_REQUIRE_POSTGRES is set.
//
// The functions given to View and Update may run on another goroutine's behalf
// at any time: they return errors, and leave t.Fatal to the test around them.
package dbtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"entente/db"

	"github.com/jackc/pgx/v5"
)

// Each runs f as a subtest on SQLite, and as one on PostgreSQL.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { f(t, open(t, url)) })
}

// EachURL is Each for tests that open the database themselves, several times
// or with options of their own.
func EachURL(t *testing.T, f func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLiteURL(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, PostgresURL(t)) })
}

// SQLite opens a new SQLite database.
func SQLite(tb testing.TB) *db.DB { tb.Helper(); return open(tb, SQLiteURL(tb)) }

// Postgres opens a new PostgreSQL database.
func Postgres(tb testing.TB) *db.DB { tb.Helper(); return open(tb, PostgresURL(tb)) }

func open(tb testing.TB, url string) *db.DB {
	tb.Helper()
	_, bench := tb.(*testing.B) // which measures what users get
	d, err := db.Open(context.Background(), url, db.Options{Strict: !bench})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Error(err)
		}
	})
	return d
}

// SQLiteURL is the URL of an SQLite database that does not exist yet.
func SQLiteURL(tb testing.TB) string {
	return "sqlite:" + filepath.Join(tb.TempDir(), "test.db")
}

// PostgresURL creates a PostgreSQL database and returns its URL.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	s := shared(tb)
	return s.Create(tb)
}

// process is the server of this test process. Package state is what the
// project otherwise does without; here it is the point.
var process struct {
	once   sync.Once
	server *Server
	why    string // there is none
}

func shared(tb testing.TB) *Server {
	tb.Helper()
	process.once.Do(func() {
		if u := os.Getenv("ENTENTE_TEST_POSTGRES"); u != "" {
			process.server = &Server{url: u}
			return
		}
		process.server, process.why = start()
	})
	if process.server == nil {
		missing(tb, process.why)
	}
	return process.server
}

func missing(tb testing.TB, why string) {
	tb.Helper()
	if os.Getenv("CI") != "" || os.Getenv("ENTENTE_REQUIRE_POSTGRES") != "" {
		tb.Fatal("PostgreSQL is required here: " + why)
	}
	tb.Skip("no PostgreSQL: " + why)
}

// Create makes a database on the server, removes it after the test, and
// returns its URL.
func (s *Server) Create(tb testing.TB) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	if err := s.run("CREATE DATABASE " + name + " TEMPLATE template0"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil && !s.stopped {
			tb.Error(err)
		}
	})
	u, err := url.Parse(s.url)
	if err != nil {
		tb.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func (s *Server) run(q string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	_, err = c.Exec(ctx, q)
	return err
}
