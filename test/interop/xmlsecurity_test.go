package interop

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
	"entente/xmlsec"
)

// The judges of this file are no clients: they read what two rooms write, and
// need no server. libxml2 canonicalizes beside us, and libxmlsec verifies and
// decrypts.

// judge runs a judge's program over files in a folder of its own.
func judge(t *testing.T, dir, name string, args ...string) (stdout, stderr []byte, err error) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, "no %s: install libxml2-utils and xmlsec1", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, plain(t), time.Second
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.Bytes(), e.Bytes(), err
}

// exclusive is our canonical form of a document.
func exclusive(doc []byte) ([]byte, error) {
	r := strictxml.NewReader(doc, xmlsec.Limits())
	if !r.Root() {
		return nil, r.Err()
	}
	c, err := xmlsec.Canonical(nil, r)
	if err != nil {
		return nil, err
	}
	if _, err := r.Next(); err != io.EOF {
		return nil, err
	}
	return c, nil
}

// TestExclusiveForm compares our canonical form with libxml2's, byte by byte,
// over documents made to be difficult: the same namespace under several
// prefixes, prefixes declared anew, default namespaces taken back, attributes of
// namespaces, and characters that have to be escaped. Only an ampersand in the
// name of a namespace is left out: libxml2 does not escape it there, as Canonical
// XML 1.0 2.3 wants and we do.
func TestExclusiveForm(t *testing.T) {
	rnd := mathrand.New(mathrand.NewPCG(1, 2))
	dir := t.TempDir()
	args := []string{"--nonet", "--exc-c14n"}
	docs := [][]byte{}
	for len(docs) < 2000 {
		var g generator
		g.Rand = rnd
		g.element(nil, 0)
		doc := []byte(g.String())
		docs = append(docs, doc)
		name := fmt.Sprintf("%d.xml", len(docs))
		if err := os.WriteFile(filepath.Join(dir, name), doc, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	got, complaints, err := judge(t, dir, "xmllint", args...)
	if err != nil {
		t.Fatalf("%v: %.500s", err, complaints)
	}
	for _, d := range docs {
		want, err := exclusive(d)
		if err != nil {
			t.Fatalf("refused by us: %v: %s", err, d)
		}
		if !bytes.HasPrefix(got, want) {
			t.Fatalf("%s:\nxmllint writes %.2000s\n      we write %s", d, got, want)
		}
		got = got[len(want):]
	}
	if len(got) > 0 {
		t.Errorf("xmllint writes more: %.300s", got)
	}
}

// A generator writes one random document.
type generator struct {
	*mathrand.Rand
	strings.Builder
}

func (g *generator) pick(of ...string) string { return of[g.IntN(len(of))] }

// element writes an element where some prefixes are declared.
func (g *generator) element(around map[string]string, depth int) {
	scope := map[string]string{}
	for p, u := range around {
		scope[p] = u
	}
	declared := map[string]bool{}
	var tags []string
	for range g.IntN(4) {
		p, u := g.pick("", "a", "b", "c", "zz", "A"), g.pick("urn:x", "urn:y", "urn:z", "http://a.example/?b=c")
		if p == "" && g.IntN(3) == 0 {
			u = ""
		}
		if declared[p] {
			continue
		}
		declared[p], scope[p] = true, u
		if p == "" {
			tags = append(tags, `xmlns="`+u+`"`)
		} else {
			tags = append(tags, `xmlns:`+p+`='`+u+`'`)
		}
	}
	prefixes := []string{""}
	for _, p := range []string{"a", "b", "c", "zz", "A"} {
		if scope[p] != "" {
			prefixes = append(prefixes, p)
		}
	}
	qname := func(p, local string) string {
		if p == "" {
			return local
		}
		return p + ":" + local
	}
	used := map[string]bool{}
	for range g.IntN(5) {
		p, local := g.pick(prefixes...), g.pick("k", "l", "m", "Id", "K")
		expanded := scope[p] + " " + local
		if p == "" {
			expanded = " " + local
		}
		if g.IntN(12) == 0 {
			p, local, expanded = "xml", "lang", "xml lang"
		}
		if !used[expanded] {
			used[expanded] = true
			tags = append(tags, qname(p, local)+g.pick("=", " = ", "\n=")+`"`+g.text(`'>`)+`"`)
		}
	}
	g.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	name := qname(g.pick(prefixes...), g.pick("e", "f", "Element"))
	g.WriteString("<" + strings.Join(append([]string{name}, tags...), g.pick(" ", "\n ", "\t")))
	if g.IntN(6) == 0 {
		g.WriteString(g.pick("/>", " />"))
		return
	}
	g.WriteString(g.pick(">", " >"))
	for range g.IntN(4) {
		g.WriteString(g.text(`'"`))
		if depth < 6 {
			g.element(scope, depth+1)
		}
	}
	g.WriteString("</" + name + g.pick("", " ") + ">")
}

// text is what values and content may have, and what only one of them has.
func (g *generator) text(more string) string {
	var b strings.Builder
	for range g.IntN(6) {
		b.WriteString(g.pick("x", "é", "𝄞", "&lt;", "&amp;", "&gt;", "&quot;", "&apos;", "&#xD;", "&#10;", "&#9;", " ", "\n", "\r\n", "\r", "\t", "ab c", more))
	}
	return b.String()
}

// A party is an organization's key and certificate, in files for judges too.
type party struct {
	xmlsec.Signer
	key *rsa.PrivateKey
	dir string
}

func newParty(t *testing.T, ski string) *party {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	from := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Federation"}, SubjectKeyId: []byte(ski),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, from, from, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	p := &party{Signer: xmlsec.Signer{Certificate: c, Key: k}, key: k, dir: t.TempDir()}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	p.write(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return p
}

func (p *party) write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// verdict says whether xmlsec1 takes a document.
func (p *party) verdict(t *testing.T, doc []byte, args ...string) (out, complaint []byte, ok bool) {
	t.Helper()
	p.write(t, "doc.xml", doc)
	out, complaint, err := judge(t, p.dir, "xmlsec1", append(args, "doc.xml")...)
	if _, exit := err.(*exec.ExitError); err != nil && !exit {
		t.Fatal(err)
	}
	return out, complaint, err == nil
}

var profiles = map[string]xmlsec.Profile{"modern": xmlsec.Modern, "compat": xmlsec.Compat, "legacy": xmlsec.Legacy}

// tokenRequest is a message as an organization sends it to the broker.
func tokenRequest(parts wssecurity.Part, token []byte) *wssecurity.Message {
	return &wssecurity.Message{
		Version: soap.V12, To: "https://broker.example/sts", Action: "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
		Declare: []soap.Namespace{{Prefix: "t", URI: "http://schemas.xmlsoap.org/ws/2005/02/trust"}},
		Created: time.Now(), Expires: time.Now().Add(5 * time.Minute), Parts: parts, Token: token,
		Body: func(e *strictxml.Encoder) { e.Elem("t:RequestSecurityToken", "for chris & amy") },
	}
}

// changes are, by part, what a change replaces with what.
var changes = map[string][2]string{
	"timestamp": {"<wsu:Expires>20", "<wsu:Expires>21"}, "to": {"broker.example/sts", "broker.example/stz"},
	"action": {"RST/Issue", "RST/Renew"}, "body": {"for chris", "for boris"}, "signature": {"<ds:SignatureValue>", "<ds:SignatureValue>AAAA"},
}

// TestHeaderJudged has libxmlsec verify the Security headers that we write: four
// references by certificate as [MS-OXWSLVID] 3.3.4.1.1 has them, and two by the
// secret of a token. It must refuse each that was changed in one signed part.
func TestHeaderJudged(t *testing.T) {
	by, other := newParty(t, "contoso-current1"), newParty(t, "fabrikam-current")
	secret := bytes.Repeat([]byte{0x5A}, 32)
	by.write(t, "secret.bin", secret)
	by.write(t, "other.bin", bytes.Repeat([]byte{0x5B}, 32))
	other.write(t, "unused", nil)
	ids := []string{
		"--id-attr:Id", wssecurity.SpaceUtility + ":Timestamp", "--id-attr:Id", wssecurity.SpaceAddressing + ":To",
		"--id-attr:Id", wssecurity.SpaceAddressing + ":Action", "--id-attr:Id", soap.Namespace12 + ":Body",
	}
	for name, p := range profiles {
		t.Run("certificate/"+name, func(t *testing.T) {
			doc, err := wssecurity.Certify(tokenRequest(wssecurity.Timestamp|wssecurity.To|wssecurity.Action|wssecurity.Body, nil), by.Signer, p)
			if err != nil {
				t.Fatal(err)
			}
			args := append([]string{"--verify", "--pubkey-cert-pem", "cert.pem"}, ids...)
			if _, complaint, ok := by.verdict(t, doc, args...); !ok || !bytes.Contains(complaint, []byte("(ok/all): 4/4")) {
				t.Fatalf("xmlsec1 refuses: %s\n%s", complaint, doc)
			}
			if _, _, ok := other.verdict(t, doc, args...); ok {
				t.Error("xmlsec1 takes it as another's")
			}
			for what, c := range changes {
				changed := bytes.Replace(doc, []byte(c[0]), []byte(c[1]), 1)
				if bytes.Equal(changed, doc) {
					t.Fatalf("%s is not there to change", what)
				}
				if _, _, ok := by.verdict(t, changed, args...); ok {
					t.Errorf("xmlsec1 takes a changed %s", what)
				}
				if r, err := wssecurity.Open(changed); err == nil {
					if _, err := r.Certified([]*x509.Certificate{by.Certificate}, 0, p); err == nil {
						t.Errorf("we take a changed %s", what)
					}
				}
			}
		})
		t.Run("secret/"+name, func(t *testing.T) {
			token, err := xmlsec.Encrypt([]byte("<a></a>"), "Assertion0", by.Certificate, p)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := wssecurity.Possess(tokenRequest(wssecurity.Timestamp|wssecurity.To, token), secret, p)
			if err != nil {
				t.Fatal(err)
			}
			at := []string{"--verify", "--node-xpath", "//*[local-name()='Security']/*[local-name()='Signature']", "--hmackey"}
			if _, complaint, ok := by.verdict(t, doc, append(append(at, "secret.bin"), ids...)...); !ok || !bytes.Contains(complaint, []byte("(ok/all): 2/2")) {
				t.Fatalf("xmlsec1 refuses: %s\n%s", complaint, doc)
			}
			if _, _, ok := by.verdict(t, doc, append(append(at, "other.bin"), ids...)...); ok {
				t.Error("xmlsec1 takes it by another secret")
			}
		})
	}
}

// TestHeaderByJava has the two stacks of Java verify the header of a token
// request, and refuse it changed. With SHA-1 (Legacy) the JDK refuses it anyway.
func TestHeaderByJava(t *testing.T) {
	c := newCourt(t)
	by := newParty(t, "contoso-current1")
	docs := map[string][]byte{}
	for name, p := range profiles {
		doc, err := wssecurity.Certify(tokenRequest(wssecurity.Timestamp|wssecurity.To|wssecurity.Action|wssecurity.Body, nil), by.Signer, p)
		if err != nil {
			t.Fatal(err)
		}
		docs[name] = doc
		for what, change := range changes {
			docs[name+"-"+what] = bytes.Replace(doc, []byte(change[0]), []byte(change[1]), 1)
		}
	}
	dir := folder(t, docs)
	for judge, sha1 := range map[string]bool{"jdk-header": false, "santuario-header": true} {
		v := c.java(t, judge, filepath.Join(by.dir, "cert.pem"), filepath.Join(by.dir, "key.pem"), dir)
		if len(v) != len(docs) {
			t.Fatalf("%s: %v", judge, v)
		}
		for name, accepted := range v {
			if want := name == "modern" || name == "compat" || name == "legacy" && sha1; accepted != want {
				t.Errorf("%s on %s: %v", judge, name, accepted)
			}
		}
	}
}

const sample = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1" AssertionID="_5d1bb6a0"` +
	` Issuer="urn:federation:entente"><saml:Conditions NotBefore="2026-11-28T12:00:00Z"/><saml:Audience>FYDIBOHF25SPDLT.fabrikam.example &amp; é</saml:Audience></saml:Assertion>`

var assertion = xmlsec.Shape{Root: strictxml.Name{Space: "urn:oasis:names:tc:SAML:1.0:assertion", Local: "Assertion"}, ID: "AssertionID"}

// TestEnvelopeJudged has libxmlsec decrypt and verify what we sign and encrypt,
// by each profile; and the other way, we verify and decrypt what it made of
// templates of ours.
func TestEnvelopeJudged(t *testing.T) {
	by, other := newParty(t, "broker-current-1"), newParty(t, "fabrikam-current")
	verify := []string{"--verify", "--pubkey-cert-pem", "cert.pem", "--id-attr:AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion"}
	for name, p := range profiles {
		t.Run(name, func(t *testing.T) {
			signed, err := xmlsec.Sign([]byte(sample), assertion, by.Signer, p)
			if err != nil {
				t.Fatal(err)
			}
			if _, complaint, ok := by.verdict(t, signed, verify...); !ok {
				t.Fatalf("xmlsec1 refuses: %s\n%s", complaint, signed)
			}
			if _, _, ok := other.verdict(t, signed, verify...); ok {
				t.Error("xmlsec1 takes it as another's")
			}
			if _, _, ok := by.verdict(t, bytes.Replace(signed, []byte("fabrikam"), []byte("northwin"), 1), verify...); ok {
				t.Error("xmlsec1 takes it changed")
			}
			sealed, err := xmlsec.Encrypt(signed, "Assertion0", other.Certificate, p)
			if err != nil {
				t.Fatal(err)
			}
			out, complaint, ok := other.verdict(t, sealed, "--decrypt", "--privkey-pem", "key.pem,cert.pem")
			if !ok {
				t.Fatalf("xmlsec1 does not decrypt: %s\n%s", complaint, sealed)
			}
			opened, err := exclusive(out)
			if err != nil || !bytes.Equal(opened, signed) {
				t.Errorf("xmlsec1 opens it as %s", out)
			}
			if _, _, ok := by.verdict(t, sealed, "--decrypt", "--privkey-pem", "key.pem,cert.pem"); ok {
				t.Error("xmlsec1 opens it with another's key")
			}
			// The values that libxmlsec computes for the same templates.
			template := blank(signed, "DigestValue", "SignatureValue")
			out, complaint, ok = by.verdict(t, template, "--sign", "--privkey-pem", "key.pem,cert.pem", "--id-attr:AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion")
			if !ok {
				t.Fatalf("xmlsec1 does not sign: %s", complaint)
			}
			if v, err := xmlsec.Verify(out, assertion, []*x509.Certificate{other.Certificate, by.Certificate}, p); err != nil || !bytes.Contains(v.Content, []byte("fabrikam")) {
				t.Errorf("we refuse what xmlsec1 signed: %v: %s", err, out)
			}
		})
	}
}

// blank empties elements, for a program to fill them.
func blank(doc []byte, names ...string) []byte {
	s := string(doc)
	for _, n := range names {
		open, end := "<ds:"+n+">", "</ds:"+n+">"
		i, j := strings.Index(s, open), strings.Index(s, end)
		s = s[:i+len(open)] + s[j:]
	}
	return []byte(s)
}
