package dbtest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A Server is a PostgreSQL server.
type Server struct {
	url      string
	commands io.WriteCloser // to the keeper; nil for a server we did not start
	stopped  bool
}

// keeper is the shell script that runs the server. Its standard input ends
// when the test process does, in whatever way, and then it takes the server
// and its files away; so nothing is left of a test that was killed.
const keeper = `
dir=$1; shift
while read -r command; do
	case $command in
	start) "$@" </dev/null >>"$dir/log" 2>&1 & pid=$!;;
	stop) kill -INT $pid; wait $pid;;
	crash) kill -QUIT $pid; wait $pid;;
	esac
done
kill -QUIT $pid; wait $pid
rm -rf "$dir"
`

// NewServer starts a server of the test's own, to be stopped and started.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	s, why := start()
	if s == nil {
		missing(tb, why)
	}
	tb.Cleanup(func() {
		s.stopped = true
		_ = s.commands.Close()
	})
	return s
}

// Stop shuts the server down; connections to it break.
func (s *Server) Stop(tb testing.TB) { s.away(tb, "stop") }

// Crash ends the server at once, as a loss of power would.
func (s *Server) Crash(tb testing.TB) { s.away(tb, "crash") }

// Start starts it again.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if err := s.up(); err != nil {
		tb.Fatal(err)
	}
}

func (s *Server) away(tb testing.TB, command string) {
	tb.Helper()
	if _, err := io.WriteString(s.commands, command+"\n"); err != nil {
		tb.Fatal(err)
	}
	if err := within(20*time.Second, func() error {
		if s.run("SELECT 1") == nil {
			return fmt.Errorf("PostgreSQL does not %s", command)
		}
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	s.stopped = true
}

func (s *Server) up() error {
	if _, err := io.WriteString(s.commands, "start\n"); err != nil {
		return err
	}
	s.stopped = false
	return within(30*time.Second, func() error { return s.run("SELECT 1") })
}

// within repeats f until it succeeds or time is up.
func within(limit time.Duration, f func() error) error {
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err := f()
		if err == nil || time.Since(began) > limit {
			return err
		}
	}
}

// start makes and starts a throw-away server, or says why it cannot.
func start() (s *Server, why string) {
	bin, err := binaries()
	if err != nil {
		return nil, err.Error()
	}
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err.Error()
	}
	s, err = startIn(dir, bin)
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		_ = os.RemoveAll(dir)
		return nil, fmt.Sprintf("%v\n%s", err, log)
	}
	return s, ""
}

func startIn(dir, bin string) (*Server, error) {
	attr, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--no-sync", "--no-instructions",
		"-A", "trust", "-U", "entente", "-E", "UTF8", "--locale=C", "-D", data)
	initdb.Dir, initdb.SysProcAttr = dir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	keep := exec.Command("/bin/sh", "-c", keeper, "keeper", dir, filepath.Join(bin, "postgres"), "-D", data, "-k", dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB",
		"-c", "max_connections=200", "-c", "autovacuum=off", "-c", "max_wal_size=256MB")
	keep.Dir, keep.SysProcAttr = "/", attr
	commands, err := keep.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := keep.Start(); err != nil {
		return nil, err
	}
	go func() { _ = keep.Wait() }()
	s := &Server{url: "postgres://entente@/postgres?host=" + dir, commands: commands}
	if err := s.up(); err != nil {
		_ = commands.Close()
		return nil, err
	}
	return s, nil
}

// unprivileged is how to run as somebody PostgreSQL accepts, to whom it gives
// dir. The new session keeps an interrupt from the terminal away: the keeper
// ends things in order.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setsid: true}
	if os.Getuid() != 0 {
		return attr, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.Atoi(nobody.Uid)
	gid, err2 := strconv.Atoi(nobody.Gid)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("user nobody has no numbers")
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, uid, gid)
}

// binaries finds the newest PostgreSQL from 15 on, in Debian's places or PATH.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	found = slices.DeleteFunc(found, func(path string) bool { return version(path) < 15 })
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", fmt.Errorf("its binaries are not installed (Debian: postgresql-15)")
	}
	return filepath.Dir(path), nil
}
