// Package scenario tells whole stories on the real program: one text file a
// story, in which an administrator types and an application asks.
//
// What a story may use beside the program itself: await, which waits until a
// server answers at its admin socket; capture, which keeps a part of the last
// output in a variable; curl, if the machine has it.
package scenario

import (
	"context"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

const (
	buildLimit = 5 * time.Minute
	readyLimit = time.Minute // on a busy machine; it is a matter of milliseconds
	storyLimit = 3 * time.Minute
)

var update = flag.Bool("update", false, "write what commands print into the stories")

func TestStories(t *testing.T) {
	bin := build(t)
	testscript.Run(t, testscript.Params{
		Dir:           ".",
		Deadline:      time.Now().Add(storyLimit),
		UpdateScripts: *update,
		Setup:         func(e *testscript.Env) error { return setup(e, bin) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":   await,
			"capture": capture,
		},
	})
}

// build makes the program as a user would.
func build(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), buildLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(folder, "entente"), "entente/cmd/entente")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return folder
}

// setup gives each story the program, a port, and a folder short enough for a
// socket's name (108 bytes).
func setup(e *testscript.Env, bin string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	sockets, err := os.MkdirTemp("", "entente")
	if err != nil {
		return err
	}
	e.Defer(func() { _ = os.RemoveAll(sockets) })
	e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
	e.Setenv("PORT", port)
	e.Setenv("SOCKET", filepath.Join(sockets, "admin.sock"))
	return expandFiles(e)
}

// expandFiles fills in $PORT, $WORK and $SOCKET in configuration files.
func expandFiles(e *testscript.Env) error {
	files, err := filepath.Glob(filepath.Join(e.WorkDir, "*.yaml"))
	if err != nil {
		return err
	}
	r := strings.NewReplacer("$PORT", e.Getenv("PORT"), "$WORK", e.WorkDir, "$SOCKET", e.Getenv("SOCKET"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(f, []byte(r.Replace(string(text))), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if e := l.Close(); err == nil {
		err = e
	}
	return port, err
}

// await SOCKET waits until a server answers there.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await SOCKET")
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyLimit)
	defer cancel()
	for {
		if err := ts.Exec("entente", "--admin", args[0], "organization", "show"); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("no server answers at %s", args[0])
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// capture NAME PATTERN keeps the first group of PATTERN, as found in the last
// command's output, in $NAME.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("%s is not in the output", args[1])
	}
	ts.Setenv(args[0], m[1])
}
