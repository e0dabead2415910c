package kdctest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What gss-server of MIT Kerberos puts before a token.
const (
	gssNoop    = 1 << 0
	gssContext = 1 << 1
	gssNext    = 1 << 4
)

// Accept has MIT's library accept a token of Negotiate for a service, "cas", and
// returns its answer and what it says: "Accepted connection: …".
func (r *Realm) Accept(tb testing.TB, service string, token []byte) (answer []byte, said string) {
	tb.Helper()
	root, err := unpack("gss", "krb5-gss-samples")
	if err != nil {
		missing(tb, "gss-server", err)
	}
	port, err := freePort()
	r.must(tb, err)
	var out bytes.Buffer
	host := strings.TrimPrefix(r.SPN(service), "HTTP/")
	c := exec.Command(filepath.Join(root, "usr/bin/gss-server"), "-port", strconv.Itoa(port), "-once", "-verbose", "HTTP@"+host)
	c.Env = append(r.Env(), "KRB5_KTNAME="+r.Keytab, "KRB5RCACHETYPE=none")
	c.Stdout, c.Stderr = &out, &out
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r.must(tb, c.Start())
	answer, err = exchange(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), token)
	if err != nil {
		_ = c.Process.Kill()
	}
	_ = c.Wait()
	if err != nil {
		tb.Fatalf("%v: %s", err, out.String())
	}
	return answer, out.String()
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// exchange sends a token to gss-server and returns the one it answers.
func exchange(address string, token []byte) ([]byte, error) {
	var c net.Conn
	err := within(10*time.Second, func() (err error) {
		c, err = net.DialTimeout("tcp", address, time.Second)
		return err
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	frame := func(flags byte, b []byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(b))), b...)
	}
	if _, err := c.Write(append(frame(gssNoop|gssNext, nil), frame(gssContext, token)...)); err != nil {
		return nil, err
	}
	var head [5]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > 1<<16 {
		return nil, fmt.Errorf("an answer of %d bytes", n)
	}
	answer := make([]byte, n)
	if _, err := io.ReadFull(c, answer); err != nil {
		return nil, err
	}
	// That was all: it says whom it took, and ends.
	_, err = c.Write(frame(gssNoop, nil))
	return answer, err
}
