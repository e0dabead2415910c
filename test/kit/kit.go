// Package kit runs a whole server in a process of its own, for tests that
// measure it or kill it, and asks it by EWS as any client would.
//
// The process is the test's own binary, started again: a test package that
// uses kit has
//
//	func TestMain(m *testing.M) { kit.Main(m) }
//
// It is for tests only; nothing of the product imports it.
package kit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// environment carries the Options to the process, as JSON.
const environment = "ENTENTE_KIT_SERVER"

// startLimit is how long a server may take to be ready, filled and all.
const startLimit = 15 * time.Minute

// Options say what server to run. They are JSON to the process.
type Options struct {
	State    string // folder; what it holds already is served as it is
	Database string // of directory and audit; default an SQLite file in State
	Mail     string // of the mailboxes; default an SQLite file in State

	People int // who have mailboxes, p0 … and all the same password
	Others int // more accounts with mailboxes nobody looks into
	Mails  int // in each of the People's inboxes
	Events int // in each of the People's calendars

	Procs   int    // GOMAXPROCS of the process; 0 leaves it as it is
	Profile string // file for a processor profile, from ready to stopped
}

// A Process is a running server.
type Process struct {
	Address string // host:port of the HTTPS listener
	CA      string // PEM
	Options Options

	cmd   *exec.Cmd
	stdin io.Closer
	log   *output
	done  chan struct{}
	err   error // after done
}

// ready is what the process says once it serves.
type ready struct{ Address, CA string }

// Start runs a server until the test ends. State is made a temporary folder
// if it is empty.
func Start(tb testing.TB, o Options) *Process {
	tb.Helper()
	if o.State == "" {
		o.State = filepath.Join(tb.TempDir(), "state")
	}
	p, err := start(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Stop)
	return p
}

func start(o Options) (*Process, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	p := &Process{Options: o, cmd: exec.Command(os.Args[0]), log: new(output), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), environment+"="+string(text))
	if o.Procs > 0 {
		p.cmd.Env = append(p.cmd.Env, "GOMAXPROCS="+strconv.Itoa(o.Procs))
	}
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	said := make(chan error, 1)
	go func() {
		r := bufio.NewReader(out)
		line, err := r.ReadBytes('\n')
		var rd ready
		if err == nil {
			err = json.Unmarshal(line, &rd)
		}
		p.Address, p.CA = rd.Address, rd.CA
		said <- err
		_, _ = io.Copy(io.Discard, r)
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	select {
	case err = <-said:
	case <-time.After(startLimit):
		err = errors.New("it took too long")
	}
	if err != nil {
		p.Kill()
		return nil, fmt.Errorf("start server: %w\n%s", err, p.log)
	}
	return p, nil
}

// Stop shuts the server down in order.
func (p *Process) Stop() {
	_ = p.stdin.Close()
	select {
	case <-p.done:
	case <-time.After(40 * time.Second):
		p.Kill()
	}
}

// Kill ends the process without a word, as the kernel does when memory is out,
// and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// Log is what the process has written to its standard error.
func (p *Process) Log() string { return p.log.String() }

// CPU is the processor time, user and system, that the process has used.
func (p *Process) CPU() time.Duration {
	// clock_getcpuclockid(3): the clock of another process is named by its
	// complemented id, with 2 for "scheduled time of the whole process".
	clock := int32(^p.cmd.Process.Pid<<3 | 2)
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// Memory is what the process occupies: resident set now, and its peak.
func (p *Process) Memory() (now, peak int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kb, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "VmRSS:":
			now = kb << 10
		case "VmHWM:":
			peak = kb << 10
		}
	}
	return now, peak
}

// output collects what is written to it.
type output struct {
	mu  sync.Mutex
	buf strings.Builder
}

// maxLog bounds what is kept of a process that complains without end.
const maxLog = 1 << 20

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.buf.Len() < maxLog {
		o.buf.Write(p)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
