package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"entente/db/dbtest"
)

// nodes has exchangelib work for two people whose mailboxes are two nodes', at
// either node: it notices nothing of that. Then one database is moved as
// doc/operations.md says, and everything is found at a node that has no mailbox.
func nodes(t *testing.T, bin string) {
	needExchangelib(t)
	script, err := filepath.Abs("exchangelib/nodes.py")
	if err != nil {
		t.Fatal(err)
	}
	c := &pair{T: t, bin: bin, dir: t.TempDir(), url: dbtest.PostgresURL(t)}
	a := c.serve("a")
	c.admin("a", "domain", "add", "contoso.example")
	b := c.serve("b")
	people := []string{"anna", "ben"}
	for i, node := range []string{"a", "b"} {
		c.admin(node, "database", "add", node)
		c.admin(node, "account", "create", people[i]+"@contoso.example", "--database", node)
		m := regexp.MustCompile(`(?m)^password\s+(\S+)`).FindStringSubmatch(c.admin(node, "account", "password", people[i]+"@contoso.example"))
		if m == nil {
			t.Fatal("no password is shown")
		}
		people[i] += ":" + m[1]
	}
	c.admin("a", "node", "wait")
	play := func(node, ews string) {
		t.Helper()
		command{limit: 90 * time.Second, env: plain(t, "TMPDIR="+t.TempDir(), "REQUESTS_CA_BUNDLE="+filepath.Join(c.dir, node, "ca.pem"), "PYTHONDONTWRITEBYTECODE=1")}.
			run(t, python3, append([]string{script, ews}, people...)...)
	}
	play("a", a.ews)
	play("b", b.ews)

	a.end()
	if err := os.Rename(filepath.Join(c.dir, "a", "a.db"), filepath.Join(c.dir, "b", "a.db")); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(c.dir, "a", "*.db*")); len(left) > 0 {
		t.Errorf("what was stopped left %q", left)
	}
	c.admin("b", "database", "move", "a", "--node", "b.contoso.example")
	a = c.serve("a")
	c.admin("a", "node", "wait")
	play("a", a.ews)
}

// A pair is an organization of two nodes, as an administrator makes it.
type pair struct {
	*testing.T
	bin, dir, url string
}

// A node is one that runs.
type node struct {
	ews string
	end func()
}

var serving = regexp.MustCompile(`msg=serving .*ews=(\S+)`)

// serve runs a node until the test ends, or its end is called.
func (c *pair) serve(name string) *node {
	c.Helper()
	must := func(err error) {
		c.Helper()
		if err != nil {
			c.Fatal(err)
		}
	}
	state, file := filepath.Join(c.dir, name), filepath.Join(c.dir, name+".yaml")
	must(os.MkdirAll(filepath.Join(state, "keys"), 0o700))
	must(os.Chmod(state, 0o700))
	key, err := os.ReadFile(filepath.Join(c.dir, "a", "keys", "master.key"))
	if err == nil && name != "a" {
		must(os.WriteFile(filepath.Join(state, "keys", "master.key"), key, 0o400))
	}
	must(os.WriteFile(file, fmt.Appendf(nil, "name: %s.contoso.example\nurl: https://127.0.0.1\nstate: %s\ndatabase: %q\nlisten:\n  https: 127.0.0.1:0\n", name, state, c.url), 0o600))
	out := &output{}
	cmd := exec.Command(c.bin, "serve", "--config", file, "--organization", "Contoso")
	cmd.Stderr, cmd.Env = out, plain(c.T)
	must(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	n := &node{}
	over := false
	n.end = func() {
		if !over {
			over = true
			stop(c.T, cmd, ended, out)
		}
	}
	c.Cleanup(n.end)
	for until := time.Now().Add(readyLimit); ; time.Sleep(50 * time.Millisecond) {
		if m := serving.FindStringSubmatch(out.String()); m != nil {
			n.ews = m[1]
			return n
		}
		select {
		case err := <-ended:
			ended <- err
			c.Fatalf("the node ended: %v\n%s", err, out)
		default:
		}
		if time.Now().After(until) {
			c.Fatalf("the node is not ready\n%s", out)
		}
	}
}

// admin runs a command of administration at a node, and returns what it says.
func (c *pair) admin(node string, args ...string) string {
	c.Helper()
	socket := filepath.Join(c.dir, node, "admin.sock")
	out := command{limit: time.Minute, env: plain(c.T)}.run(c.T, c.bin, append([]string{"--admin", socket}, args...)...)
	if c.Failed() {
		c.Fatalf("entente %s", strings.Join(args, " "))
	}
	return out
}
