package interop

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/federation/token"
	"entente/xmlsec"
)

// The judges of delegation tokens, all of them programs of others: libxmlsec by
// its command and from Python, OpenSAML, the JDK, Apache Santuario in Java and in
// C++; for JWTs jwcrypto and José. Each takes part in what it can.
const (
	tokenKit  = "../kit/token"
	javaPath  = "/usr/share/java/"
	javaClass = "xmlsec.jar:" + javaPath + "slf4j-api.jar:" + javaPath + "commons-codec.jar:" + javaPath + "stax2-api.jar"
)

// verdicts say which documents, by name, a judge accepts.
type verdicts map[string]bool

// A court is a folder with the judges' programs and the parties' keys.
type court struct {
	dir  string // of the compiled judge
	keys string
}

// newCourt compiles the judge that is written in Java, and sees whether all are
// there.
func newCourt(t *testing.T) *court {
	t.Helper()
	for _, program := range []string{"xmlsec1", "samlsign", "xsec-cipher", "javac", "java", "jose"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, "no %s: install xmlsec1, opensaml-tools, xml-security-c-utils, a JDK, libxml-security-java and jose", program)
		}
	}
	if err := exec.Command(python3, "-c", "import xmlsec, jwcrypto").Run(); err != nil {
		missing(t, "no python3-xmlsec or python3-jwcrypto: %v", err)
	}
	keys, err := filepath.Abs(filepath.Join(tokenKit, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	c := &court{dir: t.TempDir(), keys: keys}
	command{env: plain(t), limit: 2 * time.Minute}.run(t, "javac", "-cp", javaPath+javaClass, "-d", c.dir, "testdata/judges/Judge.java")
	return c
}

func (c *court) key(name string) string { return filepath.Join(c.keys, name+".pem") }

// folder writes documents to judge.
func folder(t *testing.T, docs map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, doc := range docs {
		if err := os.WriteFile(filepath.Join(dir, name), doc, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// opened reads what a judge wrote.
func opened(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	docs := map[string][]byte{}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if docs[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return docs
}

// batch runs a judge that takes a folder at once.
func batch(t *testing.T, name string, args ...string) verdicts {
	t.Helper()
	ctx := command{env: plain(t), limit: 3 * time.Minute}
	v := verdicts{}
	for line := range strings.Lines(ctx.run(t, name, args...)) {
		if name, word, ok := strings.Cut(strings.TrimSpace(line), " "); ok && (word == "accepted" || word == "refused") {
			v[name] = word == "accepted"
		}
	}
	return v
}

func (c *court) java(t *testing.T, args ...string) verdicts {
	t.Helper()
	return batch(t, "java", append([]string{"-Xshare:auto", "-cp", c.dir + ":" + javaPath + javaClass, "Judge"}, args...)...)
}

func (c *court) python(t *testing.T, args ...string) verdicts {
	t.Helper()
	return batch(t, python3, append([]string{"testdata/judges/judge.py"}, args...)...)
}

// each runs a judge that takes a document at a time, and keeps what it writes.
func each(t *testing.T, dir string, with func(path string) []string) (verdicts, map[string][]byte) {
	t.Helper()
	v, out := verdicts{}, map[string][]byte{}
	for name := range opened(t, dir) {
		args := with(filepath.Join(dir, name))
		stdout, _, err := judge(t, dir, args[0], args[1:]...)
		if _, exit := err.(*exec.ExitError); err != nil && !exit {
			t.Fatal(err)
		}
		v[name], out[name] = err == nil, stdout
	}
	return v, out
}

// signatures has the judges of signatures look at a folder of assertions: those
// that take it at once, and of those that take a file at a time the named ones.
func (c *court) signatures(t *testing.T, docs map[string][]byte, issuer string, also ...string) map[string]verdicts {
	t.Helper()
	dir, cert := folder(t, docs), c.key(issuer+"-certificate")
	all := map[string]verdicts{
		"jdk":           c.java(t, "jdk", cert, c.key("target-rsa"), dir),
		"santuario":     c.java(t, "santuario", cert, c.key("target-rsa"), dir),
		"python-xmlsec": c.python(t, "verify", cert, dir),
	}
	commands := map[string][]string{
		"xmlsec1":  {"--verify", "--pubkey-cert-pem", cert, "--id-attr:AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion"},
		"samlsign": {"-c", cert, "-f"},
	}
	for _, name := range also {
		all[name], _ = each(t, dir, func(path string) []string { return slices.Concat([]string{name}, commands[name], []string{path}) })
	}
	return all
}

// decryptions has the judges of encryption open a folder, likewise.
func (c *court) decryptions(t *testing.T, docs map[string][]byte, target string, also ...string) (map[string]verdicts, map[string]map[string][]byte) {
	t.Helper()
	dir, key := folder(t, docs), c.key(target)
	java, python := t.TempDir(), t.TempDir()
	all := map[string]verdicts{
		"santuario":     c.java(t, "decrypt", c.key("issuer-rsa-certificate"), key, dir, java),
		"python-xmlsec": c.python(t, "decrypt", key, dir, python),
	}
	out := map[string]map[string][]byte{"santuario": opened(t, java), "python-xmlsec": opened(t, python)}
	commands := map[string][]string{
		"xmlsec1":     {"--decrypt", "--privkey-pem", key},
		"xsec-cipher": {"-de", "-k", "kek", "RSA", key, ""},
	}
	for _, name := range also {
		all[name], out[name] = each(t, dir, func(path string) []string { return slices.Concat([]string{name}, commands[name], []string{path}) })
	}
	// It exits with success whatever happened.
	for name, b := range out["xsec-cipher"] {
		all["xsec-cipher"][name] = bytes.Contains(b, []byte("Assertion"))
	}
	return all, out
}

// A tokenVector is a file of the kit.
type tokenVector struct {
	text   []byte
	now    time.Time
	accept bool
}

func tokenVectors(t *testing.T, form string) map[string]tokenVector {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(tokenKit, form+"-*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	all := map[string]tokenVector{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, text, _ := bytes.Cut(b, []byte("\n\n"))
		v := tokenVector{text: text, accept: bytes.Contains(head, []byte("\nexpect: accepted\n"))}
		_, now, _ := strings.Cut(string(head), "\nnow: ")
		now, _, _ = strings.Cut(now, "\n")
		if v.now, err = time.Parse(time.RFC3339, now); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".txt")] = v
	}
	return all
}

// private reads a key of the kit.
func (c *court) private(t *testing.T, name string) any {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(c.der(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (c *court) der(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(c.key(name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return block.Bytes
}

func (c *court) certificate(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(c.der(t, name+"-certificate"))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// issuer and opener are of the parties of the kit.
func (c *court) issuer(t *testing.T, name string) *token.Issuer {
	t.Helper()
	i := &token.Issuer{
		URI: "urn:federation:broker.example",
		RSA: xmlsec.Signer{Certificate: c.certificate(t, name+"-rsa"), Key: c.private(t, name+"-rsa").(*rsa.PrivateKey)},
	}
	i.P256 = c.private(t, name+"-p256").(*ecdsa.PrivateKey)
	return i
}

func (c *court) opener(t *testing.T, p xmlsec.Profile) *token.Opener {
	t.Helper()
	issuer, target := c.private(t, "issuer-p256").(*ecdsa.PrivateKey), c.agreement(t)
	return &token.Opener{
		Issuer: "urn:federation:broker.example", Audience: "FYDIBOHF25SPDLT.fabrikam.example", Profile: p,
		RSA:      []*x509.Certificate{c.certificate(t, "issuer-rsa")},
		P256:     []*ecdsa.PublicKey{&issuer.PublicKey},
		Open:     []xmlsec.Decrypter{{Certificate: c.certificate(t, "target-rsa"), Key: c.private(t, "target-rsa").(crypto.Decrypter)}},
		OpenP256: []token.Agreement{target},
	}
}

func (c *court) agreement(t *testing.T) *ecdh.PrivateKey {
	t.Helper()
	k, err := c.private(t, "target-p256").(*ecdsa.PrivateKey).ECDH()
	if err != nil {
		t.Fatal(err)
	}
	return k
}
