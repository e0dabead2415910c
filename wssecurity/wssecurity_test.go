package wssecurity

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

func TestCertify(t *testing.T) {
	by, other := signer(t, 0, "contoso-current1"), signer(t, 1, "fabrikam-current")
	for _, p := range []xmlsec.Profile{xmlsec.Modern, xmlsec.Compat, xmlsec.Legacy} {
		doc, err := Certify(request(all), by, p)
		if err != nil {
			t.Fatal(err)
		}
		r := open(t, string(doc))
		if r.To != "https://broker.example/sts" || r.Action != actionIssue || !strings.HasPrefix(r.ID, "urn:uuid:") ||
			!r.Created.Equal(noon) || !r.Expires.Equal(noon.Add(5*time.Minute)) || r.Token != nil || !r.Signed || r.Version != soap.V12 {
			t.Errorf("read as %+v", r)
		}
		proof, err := r.Certified([]*x509.Certificate{other.Certificate, by.Certificate}, all, p)
		if err != nil {
			t.Fatalf("profile %d: %v\n%s", p, err, doc)
		}
		if proof.Parts != all || proof.Certificate != by.Certificate || len(proof.Signature) != 256 {
			t.Errorf("profile %d: proof %+v", p, proof)
		}
		if want := `<s:Body xmlns:s="` + soap.Namespace12 + `" xmlns:wsu="` + SpaceUtility + `" wsu:Id="_3"><t:RequestSecurityToken xmlns:t="` + spaceTrust + `">`; !bytes.HasPrefix(proof.Body, []byte(want)) {
			t.Errorf("profile %d: body %s", p, proof.Body)
		}
		if _, err := r.Certified([]*x509.Certificate{other.Certificate}, all, p); err != xmlsec.ErrRefused {
			t.Errorf("profile %d: another's certificate: %v", p, err)
		}
		if _, err := r.Possessed(secret, all, p); err != xmlsec.ErrRefused {
			t.Errorf("profile %d: a secret that was not asked for: %v", p, err)
		}
	}
}

func TestPossess(t *testing.T) {
	to := signer(t, 0, "contoso-current1")
	m := request(Timestamp | To)
	m.Token = tokenOf(t, to.Certificate)
	for _, p := range []xmlsec.Profile{xmlsec.Modern, xmlsec.Compat, xmlsec.Legacy} {
		doc, err := Possess(m, secret, p)
		if err != nil {
			t.Fatal(err)
		}
		r := open(t, string(doc))
		if _, err := xmlsec.Decrypt(r.Token, []xmlsec.Decrypter{{Certificate: to.Certificate, Key: keys()[0]}}, p); err != nil {
			t.Errorf("profile %d: the token alone: %v", p, err)
		}
		proof, err := r.Possessed(secret, Timestamp|To, p)
		if err != nil || proof.Parts != Timestamp|To || proof.Body != nil || proof.Certificate != nil {
			t.Errorf("profile %d: %+v, %v", p, proof, err)
		}
		if _, err := r.Possessed(secret, Timestamp|Body, p); err != xmlsec.ErrRefused {
			t.Errorf("profile %d: what is not signed was vouched for: %v", p, err)
		}
		if _, err := r.Possessed(bytes.Repeat([]byte{1}, 32), Timestamp, p); err != xmlsec.ErrRefused {
			t.Errorf("profile %d: another secret: %v", p, err)
		}
		for less := range p {
			if _, err := r.Possessed(secret, Timestamp, less); err != xmlsec.ErrRefused && (p != xmlsec.Compat || less == 0) {
				t.Errorf("profile %d takes what %d wrote: %v", less, p, err)
			}
		}
	}
}

func TestBear(t *testing.T) {
	to := signer(t, 0, "contoso-current1")
	m := request(0)
	m.Token, m.Version, m.ID = tokenOf(t, to.Certificate), soap.V11, "urn:uuid:64f95d31-e078-4f2e-8bb2-d8e6e183a1f0"
	m.Header = func(e *strictxml.Encoder) { e.Elem("t:Extra", "x") }
	doc, err := Bear(m)
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, string(doc))
	if r.Version != soap.V11 || r.Token == nil || r.Signed || r.ID != m.ID {
		t.Errorf("read as %+v", r)
	}
	if _, err := r.Possessed(secret, 0, xmlsec.Compat); err != xmlsec.ErrRefused {
		t.Errorf("unsigned message possessed: %v", err)
	}
	if _, err := r.Certified([]*x509.Certificate{to.Certificate}, 0, xmlsec.Compat); err != xmlsec.ErrRefused {
		t.Errorf("unsigned message certified: %v", err)
	}
}

// TestWritten holds what messages say that no signature covers, and that their
// ids are of the form of RFC 9562 5.4 and fresh.
func TestWritten(t *testing.T) {
	m := request(0)
	m.Created, m.Expires, m.Body = time.Time{}, time.Time{}, nil
	uuid := regexp.MustCompile(`<wsa:MessageID>(urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})</wsa:MessageID>`)
	seen := map[string]bool{}
	for range 64 {
		doc, err := Bear(m)
		if err != nil {
			t.Fatal(err)
		}
		id := uuid.FindStringSubmatch(string(doc))
		if id == nil || seen[id[1]] {
			t.Fatalf("MessageID %v: %s", id, doc)
		}
		seen[id[1]] = true
		want := `<s:Header><wsa:Action s:mustUnderstand="1">` + actionIssue + `</wsa:Action>` + id[0] + `<wsa:ReplyTo><wsa:Address>` + anonymous +
			`</wsa:Address></wsa:ReplyTo><wsa:To s:mustUnderstand="1">https://broker.example/sts</wsa:To><wsse:Security s:mustUnderstand="1"></wsse:Security></s:Header><s:Body/></s:Envelope>`
		if !strings.HasSuffix(string(doc), want) {
			t.Fatalf("%s\ndoes not end in %s", doc, want)
		}
	}
}

// TestActor reads for whom a Security header is, of SOAP 1.1.
func TestActor(t *testing.T) {
	by := signer(t, 0, "contoso-current1")
	m := request(all)
	m.Version = soap.V11
	doc, err := Certify(m, by, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	for attr, refused := range map[string]bool{
		`s:actor=""`: false, `s:actor="urn:other"`: true, `s:role="urn:other"`: false, // which is SOAP 1.2
	} {
		r, err := Open([]byte(replace(t, string(doc), "<wsse:Security ", "<wsse:Security "+attr+" ")))
		if err == nil && r.Version != soap.V11 {
			t.Errorf("%s: version %d", attr, r.Version)
		}
		if err == nil {
			_, err = r.Certified([]*x509.Certificate{by.Certificate}, all, xmlsec.Modern)
		}
		if (err != nil) != refused {
			t.Errorf("%s: %v", attr, err)
		}
	}
}

// TestCaptures reads what Microsoft's client sent, which is kept beside the
// house and not in it.
func TestCaptures(t *testing.T) {
	shared := os.Getenv("ENTENTE_SHARED")
	if shared == "" {
		t.Skip("ENTENTE_SHARED is not set: no captures to read")
	}
	files, _ := filepath.Glob(filepath.Join(shared, "wire/federation/capture-*.txt"))
	if len(files) == 0 {
		t.Skipf("no captures in %s", shared)
	}
	envelope := regexp.MustCompile(`(?s)(\x{FEFF}?<\?xml .*</soap:Envelope>)`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Open(envelope.Find(text))
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		if r.Token == nil || r.To == "" || r.Action == "" || r.Signed != strings.Contains(f, "symmetrickey") {
			t.Errorf("%s: read as %+v", f, r)
		}
		if r.Signed {
			parts, proof, ok := r.vouched(Timestamp)
			if !ok || proof.Parts != Timestamp || r.Created.IsZero() {
				t.Errorf("%s: not vouched for", f)
			}
			if _, err := r.Possessed(secret, Timestamp, xmlsec.Compat); err != xmlsec.ErrRefused {
				t.Errorf("%s: with our secret: %v", f, err)
			}
			digest := sha256.Sum256(parts[0].Canonical)
			if !strings.Contains(string(text), "<DigestValue>"+base64.StdEncoding.EncodeToString(digest[:])+"<") {
				t.Errorf("%s: its digest is not that of %s", f, parts[0].Canonical)
			}
		}
	}
}
