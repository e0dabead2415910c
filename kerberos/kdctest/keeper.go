package kdctest

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// script is the shell script that runs a realm's programs, in a process group
// of their own: what the file start in the realm's directory says. Its standard
// input ends when the test process does, in whatever way, and then it takes the
// programs and their files away; so nothing is left of a test that was killed.
const script = `
dir=$1; pid=
ended() { [ -z "$pid" ] || { kill -CONT -$pid; kill -TERM -$pid; i=0
	while kill -0 -$pid && [ $i -lt 100 ]; do sleep 0.02; i=$((i+1)); wait $pid; done
	kill -KILL -$pid; wait $pid; pid=; } 2>/dev/null; }
while read -r command; do
	case $command in
	start) ended; setsid /bin/sh "$dir/start" </dev/null >>"$dir/log" 2>&1 & pid=$!;;
	stop) ended;;
	pause) kill -STOP -$pid;;
	resume) kill -CONT -$pid;;
	esac
	echo done
done
[ -z "$pid" ] || kill -KILL -$pid
rm -rf "$dir"
`

// A keeper runs script.
type keeper struct {
	in  io.WriteCloser
	out *bufio.Reader
}

func newKeeper(dir string) (*keeper, error) {
	c := exec.Command("/bin/sh", "-c", script, "keeper", dir)
	c.Dir = "/"
	// A session of its own keeps an interrupt from the terminal away: the keeper
	// ends things in order.
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return &keeper{in, bufio.NewReader(out)}, nil
}

// say gives a command and waits until it has been carried out.
func (k *keeper) say(command string) error {
	if _, err := io.WriteString(k.in, command+"\n"); err != nil {
		return err
	}
	said, err := k.out.ReadString('\n')
	if err == nil && said != "done\n" {
		err = fmt.Errorf("the keeper said %q", said)
	}
	return err
}

// close ends everything, and waits for the files to be away: the keeper's output
// ends after them.
func (k *keeper) close() {
	_ = k.in.Close()
	_, _ = io.Copy(io.Discard, k.out)
}

// up starts the realm's programs and waits until they answer.
func (r *Realm) up() error {
	if err := r.keeper.say("start"); err != nil {
		return err
	}
	wanted := []string{r.KDC}
	if r.LDAP != "" {
		wanted = append(wanted, strings.TrimPrefix(r.LDAP, "ldaps://"))
	}
	for _, address := range wanted {
		if err := within(60*time.Second, func() error { return answers(address) }); err != nil {
			log, _ := os.ReadFile(filepath.Join(r.dir, "log"))
			return fmt.Errorf("%w\n%s", err, log)
		}
	}
	return nil
}

func answers(address string) error {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	return c.Close()
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

// starting is what the file start says.
func starting(env, command []string) string {
	quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	b := new(strings.Builder)
	b.WriteString("exec env")
	for _, s := range slices.Concat(env, command) {
		b.WriteString(" " + quoted(s))
	}
	return b.String() + "\n"
}

// launch makes a directory and an address for a realm, has prepare fill it and
// say what to run, and runs that. The keeper is there before there is anything to
// be taken away.
func launch(r *Realm, prepare func(ip string) (command []string, err error)) (*Realm, error) {
	dir, err := os.MkdirTemp("", "kdc")
	if err != nil {
		return nil, err
	}
	r.dir, r.Config, r.Keytab = dir, filepath.Join(dir, "krb5.conf"), filepath.Join(dir, "keytab")
	if r.keeper, err = newKeeper(dir); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	if err := r.launch(prepare); err != nil {
		r.keeper.close()
		return nil, err
	}
	return r, nil
}

func (r *Realm) launch(prepare func(ip string) (command []string, err error)) error {
	ip, err := address()
	if err != nil {
		return err
	}
	r.KDC = net.JoinHostPort(ip, "88")
	command, err := prepare(ip)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(r.dir, "start"), starting(r.env, command)); err != nil {
		return err
	}
	return r.up()
}

// address finds a loopback address on which nobody listens.
func address() (string, error) {
	if os.Getuid() != 0 {
		return "", errors.New("only root can listen on its ports")
	}
	var last error
	for range 20 {
		b := make([]byte, 2)
		_, _ = rand.Read(b)
		ip := fmt.Sprintf("127.88.%d.%d", b[0], 1+b[1]%254)
		if last = free(ip); last == nil {
			return ip, nil
		}
	}
	return "", last
}

func free(ip string) error {
	for _, port := range []string{"88", "389"} {
		l, err := net.Listen("tcp", net.JoinHostPort(ip, port))
		if err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	return nil
}

// run runs a program of the realm's to its end.
func run(env []string, stdin string, name string, args ...string) error {
	_, err := output(env, stdin, name, args...)
	return err
}

// output is run with what the program says.
func output(env []string, stdin string, name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdin = strings.NewReader(stdin)
	// Nothing outlives the test process.
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return string(out), err
}

func write(file, content string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(content), 0o600)
}
