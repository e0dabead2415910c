// Package fault hurts a running server in the ways that the world does and
// looks at what is left: it is killed amid writes, its disk is full, its
// database goes away, and its clients send what no client should.
//
//	go test ./test/fault                        # a few crashes, enough to notice
//	ENTENTE_CRASHES=200 go test -timeout 40m -run Crash ./test/fault
package fault

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"entente/db/dbtest"
	"entente/test/kit"
)

func TestMain(m *testing.M) { kit.Main(m) }

// patience bounds what a test waits for the server to do by itself.
const patience = 30 * time.Second

// crashes is how often a server is killed on each database.
func crashes() int {
	if n, err := strconv.Atoi(os.Getenv("ENTENTE_CRASHES")); err == nil {
		return n
	}
	return 4
}

// each runs a test with the server's databases on SQLite and on PostgreSQL.
func each(t *testing.T, f func(t *testing.T, o kit.Options)) {
	t.Run("sqlite", func(t *testing.T) { f(t, kit.Options{State: state(t)}) })
	t.Run("postgres", func(t *testing.T) {
		o := kit.Options{State: state(t), Database: dbtest.PostgresURL(t)}
		o.Mail = dbtest.PostgresURL(t)
		f(t, o)
	})
}

func state(t *testing.T) string { return filepath.Join(t.TempDir(), "state") }

// client returns a client of the server.
func client(t *testing.T, p *kit.Process) *kit.Client {
	t.Helper()
	c, err := p.Client()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// call insists on success.
func call(t *testing.T, c *kit.Client, who int, request string) string {
	t.Helper()
	body, err := c.Call(t.Context(), kit.Address(who), request)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// post sends an envelope as it stands and returns HTTP status, response code
// and body.
func post(t *testing.T, c *kit.Client, who int, envelope string) (int, string, string) {
	t.Helper()
	status, body, err := c.Post(t.Context(), kit.Address(who), envelope)
	if err != nil {
		t.Fatal(err)
	}
	return status, kit.Code(body), body
}

// eventually repeats f until it is true, and fails when that takes too long.
func eventually(t *testing.T, what string, f func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !f(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %v", what, patience)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
