// Package interop drives clients that others wrote, unmodified, against the
// demo as it is built: python3-exchangelib and DavMail from Debian,
// ews-javascript-api and node-ews from npm, curl.
//
// It holds no rules of its own and reaches into no room: what it knows of the
// server is what `entente demo --describe` writes. The judges of XML security
// alone need no server, and read what the rooms write. A client that is not
// installed is a skipped test, and a failed one where ENTENTE_REQUIRE_CLIENTS
// is set, as in CI.
package interop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestClients builds the server once, starts one demo and lets every client at
// it, one after the other.
func TestClients(t *testing.T) {
	if os.Getenv(insideVariable) != "" {
		t.Skip("inside the namespace only Autodiscover is tested")
	}
	bin := build(t)
	d := start(t, bin, "127.0.0.1:0")
	t.Run("exchangelib", func(t *testing.T) { exchangelib(t, d) })
	t.Run("published", func(t *testing.T) { published(t, start(t, bin, "127.0.0.1:0")) })
	t.Run("calendars", func(t *testing.T) { calendars(t, bin) })
	t.Run("nodes", func(t *testing.T) { nodes(t, bin) })
	t.Run("npm", func(t *testing.T) { npm(t, d) })
	t.Run("davmail", func(t *testing.T) { davmail(t, d) })
	t.Run("autodiscover", func(t *testing.T) { autodiscover(t, bin) })
}

// missing skips the test for want of a client, or fails it where all are
// required.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("ENTENTE_REQUIRE_CLIENTS") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// A command is a client's program to run, with a time limit.
type command struct {
	dir   string
	env   []string // all of it: proxies of the surroundings are not for loopback
	limit time.Duration
}

// run fails the test with all that the program said if it does not end well.
func (c command) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), c.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	cmd.WaitDelay = 5 * time.Second // for what the program started itself
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// plain is an environment that leads nowhere but to the demo.
func plain(t *testing.T, more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LANG=C.UTF-8", "TZ=UTC",
	}, more...)
}

// scripts are the files of a folder with an extension, each named after what
// it proves.
func scripts(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("no scripts %s: %v", pattern, err)
	}
	for i := range found {
		if found[i], err = filepath.Abs(found[i]); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func stem(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}
