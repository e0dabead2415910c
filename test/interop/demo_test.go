package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	buildLimit = 5 * time.Minute
	readyLimit = time.Minute // under load; the demo itself promises seconds
	stopLimit  = 20 * time.Second
)

// build makes the server as a user would, unless ENTENTE_BINARY names one that
// is made.
func build(t *testing.T) string {
	t.Helper()
	if bin := os.Getenv("ENTENTE_BINARY"); bin != "" {
		return bin
	}
	sources(t)
	bin := filepath.Join(t.TempDir(), "entente")
	command{limit: buildLimit, env: os.Environ()}.run(t, "go", "build", "-o", bin, "entente/cmd/entente")
	if t.Failed() {
		t.FailNow()
	}
	return bin
}

// sources looks at every file the server is built from. This package imports
// none of it, so that without the look go test would know no reason to run
// again what it has a cached answer for.
func sources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		switch name := e.Name(); {
		case err != nil:
			return err
		case e.IsDir() && path != "../.." && (name[0] == '.' || name == "testdata"):
			return filepath.SkipDir
		case filepath.Ext(name) == ".go" || filepath.Ext(name) == ".sql":
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A demo is one that is running.
type demo struct {
	bin  string // of which it is one
	file string // what --describe wrote
	org  organization
}

// An organization is what clients are told, as far as they need it here.
type organization struct {
	Name, Domain string
	EWS          string `json:"ews_url"`
	Autodiscover string `json:"autodiscover_url"`
	CA           string `json:"ca_file"`
	Admin        string `json:"admin_url"`
	Accounts     []login
	Services     []login
}

type login struct{ UPN, SMTP, Password string }

// output collects what the demo says, from several goroutines.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start runs a demo until the test ends, and waits until it is ready.
func start(t *testing.T, bin, listen string, more ...string) *demo {
	t.Helper()
	d := &demo{bin: bin, file: filepath.Join(t.TempDir(), "demo.json")}
	out := &output{} // what it logs; what it prints is for people
	cmd := exec.Command(bin, append([]string{"demo", "--listen", listen, "--describe", d.file}, more...)...)
	cmd.Stderr = out
	cmd.Env = plain(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { stop(t, cmd, ended, out) })
	if err := d.wait(t.Context(), ended); err != nil {
		t.Fatalf("the demo is not ready: %v\n%s", err, out)
	}
	return d
}

// wait reads the description once it is there; it appears whole.
func (d *demo) wait(ctx context.Context, ended chan error) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			ended <- err
			return errors.Join(errors.New("it ended"), err)
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		text, err := os.ReadFile(d.file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return errors.Join(err, d.read(text))
	}
}

func (d *demo) read(text []byte) error {
	var all struct{ Organizations []organization }
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	if len(all.Organizations) == 0 || len(all.Organizations[0].Accounts) < 6 {
		return errors.New("the description lacks accounts")
	}
	d.org = all.Organizations[0]
	return nil
}

// stop ends the demo as control-C does, and expects it to end well.
func stop(t *testing.T, cmd *exec.Cmd, ended chan error, out *output) {
	_ = cmd.Process.Signal(os.Interrupt)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the demo ended with %v\n%s", err, out)
		}
	case <-time.After(stopLimit):
		_ = cmd.Process.Kill()
		t.Errorf("the demo did not stop within %v\n%s", stopLimit, out)
	}
	if t.Failed() && out.String() != "" {
		t.Logf("the demo said\n%s", out)
	}
}
