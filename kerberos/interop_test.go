package kerberos_test

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/kerberos"
	"entente/kerberos/kdctest"
)

// realAcceptor takes tickets of a realm with the keys of its keytab.
func realAcceptor(t *testing.T, realm, keytab string, mode kerberos.PACMode, services ...string) *kerberos.Acceptor {
	t.Helper()
	f, err := os.Open(keytab)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	k, err := kerberos.ReadKeytab(f)
	if err != nil {
		t.Fatal(err)
	}
	return acceptor(t, kerberos.AcceptorConfig{
		Keytab: func() *kerberos.Keytab { return k }, PAC: map[string]kerberos.PACMode{realm: mode}, Services: services,
	})
}

// signedIn returns the environment of a program of somebody who has signed in.
func signedIn(t *testing.T, r *kdctest.Realm, user string) []string {
	t.Helper()
	env := append(r.Env(), "KRB5CCNAME=FILE:"+filepath.Join(t.TempDir(), "cc"), "REALM="+r.Name)
	c := exec.CommandContext(t.Context(), "kinit", user+"@"+r.Name)
	c.Env, c.Stdin = env, strings.NewReader(kdctest.Password+"\n")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("kinit: %v\n%s", err, out)
	}
	return env
}

// negotiated is a server that lets in who shows a ticket, and remembers what
// the acceptor said last.
type negotiated struct {
	*httptest.Server
	id  *kerberos.Identity
	err error
}

func serve(t *testing.T, a *kerberos.Acceptor) *negotiated {
	n := &negotiated{}
	n.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Negotiate ")
		b, err := base64.StdEncoding.DecodeString(token)
		var answer string
		if ok && err == nil {
			n.id, answer, n.err = a.Accept(b, kerberos.Bindings{})
		}
		if !ok || err != nil || n.err != nil {
			w.Header().Set("WWW-Authenticate", "Negotiate")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("WWW-Authenticate", "Negotiate "+answer)
		fmt.Fprintln(w, "hello", n.id.Client)
	}))
	t.Cleanup(n.Close)
	return n
}

func (n *negotiated) curl(t *testing.T, r *kdctest.Realm, env []string, service string) string {
	t.Helper()
	port := n.URL[strings.LastIndexByte(n.URL, ':')+1:]
	host := service + "." + r.Domain
	c := exec.CommandContext(t.Context(), "curl", "-sk", "--negotiate", "-u", ":", "--resolve", host+":"+port+":127.0.0.1", "https://"+host+":"+port+"/")
	c.Env = env
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	return string(out)
}

// realms are those that tests start, and what their tickets carry.
func realms(t *testing.T, f func(t *testing.T, r *kdctest.Realm, mode kerberos.PACMode)) {
	t.Run("Samba", func(t *testing.T) { f(t, kdctest.Samba(t), kerberos.PACRequired) })
	t.Run("Heimdal", func(t *testing.T) { f(t, kdctest.Heimdal(t), kerberos.PACNone) })
	t.Run("MIT", func(t *testing.T) { f(t, kdctest.MIT(t), kerberos.PACNone) })
}

// TestCurl: curl gets in with tickets of three KDCs, by the library of MIT.
func TestCurl(t *testing.T) {
	realms(t, func(t *testing.T, r *kdctest.Realm, mode kerberos.PACMode) {
		n := serve(t, realAcceptor(t, r.Name, r.Keytab, mode, r.SPN("cas")))
		env := signedIn(t, r, "alice")
		if out := n.curl(t, r, env, "cas"); out != "hello alice@"+r.Name+"\n" {
			t.Fatalf("curl got %q: %v", out, n.err)
		}
		if id := n.id; id.Service.Name != r.SPN("cas") || !id.Mutual || (id.PAC != nil) != (mode == kerberos.PACRequired) {
			t.Errorf("%+v", id)
		}
		if p := n.id.PAC; p != nil && (p.Account != "alice" || p.SID == "" || !strings.HasPrefix(string(p.SID), string(p.DomainSID)) || p.UPN != "alice@"+r.Domain || !p.TicketSigned || len(p.Groups) == 0) {
			t.Errorf("%+v", p)
		}
		if out := n.curl(t, r, env, "other"); out != "" || reason(n.err) != kerberos.NoKey {
			t.Errorf("with a ticket for another service: %q, %v", out, n.err)
		}
	})
}

func reason(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// TestNoPAC: where a PAC is required the realms that have none, or one without
// a SID, are refused; nothing falls back to names.
func TestNoPAC(t *testing.T) {
	for _, r := range []*kdctest.Realm{kdctest.Heimdal(t), kdctest.MIT(t)} {
		n := serve(t, realAcceptor(t, r.Name, r.Keytab, kerberos.PACRequired))
		if out := n.curl(t, r, signedIn(t, r, "alice"), "cas"); out != "" || reason(n.err) != kerberos.BadPAC {
			t.Errorf("%s: %q, %v", r.Name, out, n.err)
		}
	}
}

// TestNewPassword: a ticket for a key that the keytab does not have yet, and
// what is said of it; and the new keytab.
func TestNewPassword(t *testing.T) {
	r := kdctest.Samba(t)
	n := serve(t, realAcceptor(t, r.Name, r.Keytab, kerberos.PACRequired, r.SPN("other")))
	r.SetPassword(t, "svc-other", "An0ther-Pass!1")
	env := signedIn(t, r, "alice")
	if out := n.curl(t, r, env, "other"); out != "" || reason(n.err) != kerberos.NoKey || !strings.Contains(n.err.Error(), "the keytab has kvno [") {
		t.Errorf("%q, %v", out, n.err)
	}
	n = serve(t, realAcceptor(t, r.Name, r.Export(t, "svc-other"), kerberos.PACRequired, r.SPN("other")))
	if out := n.curl(t, r, env, "other"); out != "hello alice@"+r.Name+"\n" {
		t.Errorf("with the keys of the account by its own name: %q, %v", out, n.err)
	}
}

// A client is a program that shows a token and says whether it believes what is
// answered.
type client struct {
	cmd   *exec.Cmd
	in    io.Writer
	lines *bufio.Scanner
}

// newClient starts a program of testdata and returns the token that it shows.
func newClient(t *testing.T, env []string, args ...string) (*client, []byte) {
	t.Helper()
	c := &client{cmd: exec.CommandContext(t.Context(), "/usr/bin/python3", args...)}
	c.cmd.Env = env
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = c.cmd.Wait() })
	c.in, c.lines = in, bufio.NewScanner(out)
	c.lines.Scan()
	token, err := base64.StdEncoding.DecodeString(c.lines.Text())
	if err != nil || len(token) == 0 {
		t.Fatalf("%q has no token: %v", args, err)
	}
	return c, token
}

// believes gives the answer to the client, with its last bit changed or not.
func (c *client) believes(t *testing.T, answer string, spoil bool) bool {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(answer)
	if err != nil || len(b) == 0 {
		t.Fatalf("no answer: %v", err)
	}
	if spoil {
		b[len(b)-1] ^= 1
	}
	fmt.Fprintln(c.in, base64.StdEncoding.EncodeToString(b))
	c.lines.Scan()
	return c.lines.Text() == "done"
}

// TestSambaClient: Samba's client speaks SPNEGO as Windows does, with the
// mechanism's other name first, and believes in the service only once it has
// proved itself.
func TestSambaClient(t *testing.T) {
	r := kdctest.Samba(t)
	a := realAcceptor(t, r.Name, r.Keytab, kerberos.PACRequired)
	env := signedIn(t, r, "alice")
	for _, mechanism := range []string{"spnego", "gssapi_krb5"} {
		for _, spoil := range []bool{false, true} {
			c, token := newClient(t, env, "testdata/sambaclient.py", "cas."+r.Domain, mechanism)
			id, answer, err := a.Accept(token, kerberos.Bindings{})
			if err != nil || id.PAC.Account != "alice" || !id.Mutual {
				t.Fatalf("%s: %+v, %v", mechanism, id, err)
			}
			if done := c.believes(t, answer, spoil); done == spoil {
				t.Errorf("%s, spoiled %v: the client believes %v", mechanism, spoil, done)
			}
		}
	}
}

// TestMITClient: the C library of MIT as client, with tickets of three KDCs. It
// says over which channel it speaks, or not, or that it would.
func TestMITClient(t *testing.T) {
	seen, other := []byte("the hash of the certificate"), []byte("another one")
	realms(t, func(t *testing.T, r *kdctest.Realm, mode kerberos.PACMode) {
		a := realAcceptor(t, r.Name, r.Keytab, mode)
		env := signedIn(t, r, "alice")
		// Who knows of channel bindings says so, MIT Kerberos 1.19.
		aware := filepath.Join(t.TempDir(), "aware.conf")
		if err := os.WriteFile(aware, []byte("[libdefaults]\n client_aware_channel_bindings = true\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name      string
			mechanism string
			says      []byte
			aware     bool
			channel   kerberos.Bindings
			spoil     bool
			want      entente.Reason
		}{
			{"SPNEGO", "spnego", nil, false, kerberos.Bindings{}, false, ""},
			{"bare", "krb5", nil, false, kerberos.Bindings{}, false, ""},
			{"SPNEGO, the answer spoiled", "spnego", nil, false, kerberos.Bindings{}, true, ""},
			{"bare, the answer spoiled", "krb5", nil, false, kerberos.Bindings{}, true, ""},
			{"over its channel", "spnego", seen, false, kerberos.Bindings{EndPoint: seen, Required: true}, false, ""},
			{"over its channel, and says that it would", "krb5", seen, true, kerberos.Bindings{EndPoint: seen}, false, ""},
			{"over another", "spnego", other, false, kerberos.Bindings{EndPoint: seen}, false, kerberos.WrongChannel},
			{"says nothing", "spnego", nil, false, kerberos.Bindings{EndPoint: seen}, false, ""},
			{"says nothing, and has to", "spnego", nil, false, kerberos.Bindings{EndPoint: seen, Required: true}, false, kerberos.WrongChannel},
			{"says nothing, and would", "spnego", nil, true, kerberos.Bindings{EndPoint: seen}, false, kerberos.WrongChannel},
		} {
			env := env
			if c.aware {
				env = append(slices.Clip(env), "KRB5_CONFIG="+r.Config+":"+aware)
			}
			hash := "-"
			if c.says != nil {
				hash = hex.EncodeToString(c.says)
			}
			program, token := newClient(t, env, "testdata/mitclient.py", "cas."+r.Domain, c.mechanism, hash)
			id, answer, err := a.Accept(token, c.channel)
			if reason(err) != c.want || err == nil && (!id.Mutual || id.Client.Name != "alice") {
				t.Errorf("%s: %+v, %v, want %q", c.name, id, err, c.want)
			}
			if err != nil {
				continue
			}
			if done := program.believes(t, answer, c.spoil); done == c.spoil {
				t.Errorf("%s: the client believes %v, %s", c.name, done, program.lines.Text())
			}
		}
	})
}
