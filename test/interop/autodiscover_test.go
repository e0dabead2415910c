package interop

import (
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Autodiscover knows nothing but an address: it wants a DNS server of its own
// and port 443. Both are had in a network namespace with nothing in it but
// loopback, in which this test runs itself once more.
const (
	insideVariable = "ENTENTE_INTEROP_INSIDE" // the server's binary
	worldVariable  = "ENTENTE_INTEROP_WORLD"
)

// worlds are the ways an organization may be found, by what is in its DNS.
var worlds = map[string][]string{
	"domain":       {"contoso.example", "mail.contoso.example"},
	"autodiscover": {"autodiscover.contoso.example", "mail.contoso.example"},
	"srv":          {"mail.contoso.example", "_autodiscover._tcp.contoso.example"},
}

func autodiscover(t *testing.T, bin string) {
	needExchangelib(t)
	unshare := namespace(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name := range worlds {
		t.Run(name, func(t *testing.T) {
			resolv := filepath.Join(t.TempDir(), "resolv.conf")
			if err := os.WriteFile(resolv, []byte("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			script := `mount --bind "$1" "$(readlink -f /etc/resolv.conf)" && ip link set lo up && exec "$2" -test.run '^TestInside$' -test.v`
			args := append(unshare[1:], "sh", "-c", script, "sh", resolv, self)
			wd, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			c := command{dir: wd, limit: 2 * time.Minute, env: plain(t, insideVariable+"="+bin, worldVariable+"="+name)}
			out := c.run(t, unshare[0], args...)
			if !t.Failed() && !strings.Contains(out, "--- PASS: TestInside") {
				t.Errorf("it did not run inside:\n%s", out)
			}
		})
	}
}

// namespace is the command that makes one: as root, or as a user who may be
// root of a namespace of his own.
func namespace(t *testing.T) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("network namespaces are Linux's")
	}
	for _, c := range [...][]string{
		{"unshare", "--net", "--mount"},
		{"unshare", "--map-root-user", "--net", "--mount"},
	} {
		if exec.Command(c[0], append(c[1:], "sh", "-c", "ip link set lo up && mount --make-rprivate /")...).Run() == nil {
			return c
		}
	}
	missing(t, "no right to make a network namespace (run as root, with util-linux and iproute2)")
	return nil
}

// TestInside is what runs in the namespace.
func TestInside(t *testing.T) {
	bin, world := os.Getenv(insideVariable), os.Getenv(worldVariable)
	if bin == "" {
		t.Skip("run by TestClients in a network namespace")
	}
	names(t, worlds[world])
	d := start(t, bin, "127.0.0.1:443")
	script, err := filepath.Abs("exchangelib/autodiscover.py")
	if err != nil {
		t.Fatal(err)
	}
	python(t, d, script, time.Minute)
}

// names answers DNS on loopback: every name known is this host, names that
// begin with an underscore are services at mail.contoso.example, and all else
// does not exist.
func names(t *testing.T, known []string) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if a := answer(buf[:n], known); a != nil {
				_, _ = c.WriteTo(a, from)
			}
		}
	}()
}

const (
	typeA   = 1
	typeSRV = 33
)

// answer answers one question, RFC 1035 4.1.
func answer(q []byte, known []string) []byte {
	if len(q) < 12 {
		return nil
	}
	name, end := question(q)
	if end == 0 || len(q) < end+4 {
		return nil
	}
	kind := binary.BigEndian.Uint16(q[end:])
	a := bytes.Clone(q[:end+4])
	binary.BigEndian.PutUint16(a[2:], 0x8580) // an authoritative answer, no error
	copy(a[6:12], make([]byte, 6))            // no further sections
	var data []byte
	exists := false
	for _, k := range known {
		if k != name {
			exists = exists || strings.HasSuffix(k, "."+name)
			continue
		}
		exists = true
		switch service := name[0] == '_'; {
		case kind == typeA && !service:
			data = []byte{127, 0, 0, 1}
		case kind == typeSRV && service:
			data = append([]byte{0, 0, 0, 0, 1, 443 & 0xff}, "\x04mail\x07contoso\x07example\x00"...)
		}
	}
	switch {
	case !exists:
		a[3] |= 3 // no such name
	case data != nil:
		a[7] = 1
		a = append(a, 0xc0, 12) // the name asked
		a = binary.BigEndian.AppendUint16(a, kind)
		a = append(a, 0, 1, 0, 0, 0, 60)
		a = binary.BigEndian.AppendUint16(a, uint16(len(data)))
		a = append(a, data...)
	}
	return a
}

// question returns the name asked for and where its question goes on.
func question(q []byte) (name string, end int) {
	var labels []string
	for i := 12; i < len(q); {
		n := int(q[i])
		if n == 0 {
			return strings.ToLower(strings.Join(labels, ".")), i + 1
		}
		if n > 63 || i+1+n > len(q) {
			return "", 0
		}
		labels = append(labels, string(q[i+1:i+1+n]))
		i += 1 + n
	}
	return "", 0
}
