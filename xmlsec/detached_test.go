package xmlsec

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"

	"entente/strictxml"
)

// two are parts of a message, in canonical form.
var two = []Part{{"_0", []byte(`<a Id="_0">x</a>`)}, {"_1", []byte(`<b Id="_1"></b>`)}}

// readDetached reads a signature as it stands in a message.
func readDetached(doc string) (*Detached, error) {
	r := strictxml.NewReader([]byte(doc), Limits())
	if !r.Root() {
		return nil, r.Err()
	}
	return ReadDetached(r)
}

func TestDetached(t *testing.T) {
	by, _ := certificate(t, 0, "contoso-current1")
	evil, _ := certificate(t, 1, "contoso-current1")
	secret := bytes.Repeat([]byte{7}, minSecret)
	for _, p := range []Profile{Modern, Compat, Legacy} {
		signed, err := SignParts(two, by, p)
		if err != nil {
			t.Fatal(err)
		}
		maced, err := MACParts(two, "Assertion0", secret, p)
		if err != nil {
			t.Fatal(err)
		}
		d, err := readDetached(string(signed))
		if err != nil {
			t.Fatal(err)
		}
		m, err := readDetached(string(maced))
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(d.IDs(), m.IDs()) != "[_0 _1] [_0 _1]" || d.Token() != "" || m.Token() != "Assertion0" || len(d.Value()) != 256 || len(m.Value()) < 20 {
			t.Errorf("profile %d: %v %v %q %q", p, d.IDs(), m.IDs(), d.Token(), m.Token())
		}
		trusted := []*x509.Certificate{evil.Certificate, by.Certificate}
		if c, err := d.Certified(two, nil, trusted, p); err != nil || c != by.Certificate {
			t.Errorf("profile %d: %v", p, err)
		}
		if err := m.Possessed(two, secret, p); err != nil {
			t.Errorf("profile %d: %v", p, err)
		}
		// Each of the two by the other, and each with something amiss.
		other := []Part{two[0], {"_1", []byte(`<b Id="_1">!</b>`)}}
		swapped := []Part{{"_0", two[1].Canonical}, {"_1", two[0].Canonical}}
		for name, err := range map[string]error{
			"HMAC as certified":     second(m.Certified(two, by.Certificate.Raw, trusted, p)),
			"changed part":          second(d.Certified(other, nil, trusted, p)),
			"missing part":          second(d.Certified(two[:1], nil, trusted, p)),
			"swapped parts":         second(d.Certified(swapped, nil, trusted, p)),
			"no parts":              second(d.Certified(nil, nil, trusted, p)),
			"another's certificate": second(d.Certified(two, nil, trusted[:1], p)),
			"nobody's":              second(d.Certified(two, nil, nil, p)),
			"no profile":            second(d.Certified(two, nil, trusted, 0)),
			"RSA as possessed":      d.Possessed(two, secret, p),
			"changed, possessed":    m.Possessed(other, secret, p),
			"missing, possessed":    m.Possessed(two[1:], secret, p),
			"another secret":        m.Possessed(two, bytes.Repeat([]byte{8}, minSecret), p),
			"no secret":             m.Possessed(two, nil, p),
			"possessed, no profile": m.Possessed(two, secret, 0),
		} {
			if !errors.Is(err, ErrRefused) {
				t.Errorf("profile %d, %s: %v", p, name, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestDetachedRefuses(t *testing.T) {
	by, _ := certificate(t, 0, "contoso-current1")
	secret := bytes.Repeat([]byte{7}, 32)
	doc, err := MACParts(two, "Assertion0", secret, Modern)
	if err != nil {
		t.Fatal(err)
	}
	good := string(doc)
	first := good[strings.Index(good, "<ds:Reference "):strings.LastIndex(good, "<ds:Reference ")]
	for name, doc := range map[string]string{
		"another element":   strings.ReplaceAll(good, "ds:Signature>", "ds:Signatures>"),
		"another name":      strings.NewReplacer("<ds:Signature ", "<ds:Signatur ", "</ds:Signature>", "</ds:Signatur>").Replace(good),
		"another namespace": strings.NewReplacer("<ds:Signature ", "<Signature ", "</ds:Signature>", "</Signature>").Replace(good),
		"a part twice":      replace(t, good, first, first+first),
		"ids alike":         replace(t, replace(t, good, "<ds:SignatureValue>", `<ds:SignatureValue Id="x">`), "<ds:KeyInfo>", `<ds:KeyInfo Id="x">`),
		"Object":            replace(t, good, "</ds:Signature>", "<ds:Object/></ds:Signature>"),
		"cut off":           good[:len(good)-4],
		"token abroad":      replace(t, good, `"#Assertion0"`, `"http://canary.example/"`),
		"token of no name":  replace(t, good, `"#Assertion0"`, `"#"`),
	} {
		if d, err := readDetached(doc); err == nil || d != nil {
			t.Errorf("%s: read", name)
		}
	}
	parts := func(n int) (all []Part) {
		for i := range n {
			all = append(all, Part{fmt.Sprintf("_%d", i), []byte("<a></a>")})
		}
		return all
	}
	bare := *by.Certificate
	bare.SubjectKeyId = nil
	for name, f := range map[string]func() ([]byte, error){
		"no profile":        func() ([]byte, error) { return SignParts(two, by, 0) },
		"MAC, no profile":   func() ([]byte, error) { return MACParts(two, "a", secret, 0) },
		"no identifier":     func() ([]byte, error) { return SignParts(two, Signer{&bare, by.Key}, Modern) },
		"no key":            func() ([]byte, error) { return SignParts(two, Signer{by.Certificate, nil}, Modern) },
		"no parts":          func() ([]byte, error) { return SignParts(nil, by, Modern) },
		"MAC, no parts":     func() ([]byte, error) { return MACParts(nil, "a", secret, Modern) },
		"too many":          func() ([]byte, error) { return SignParts(parts(maxReferences+1), by, Modern) },
		"an id that is not": func() ([]byte, error) { return SignParts([]Part{{"a b", nil}}, by, Modern) },
		"no token":          func() ([]byte, error) { return MACParts(two, "", secret, Modern) },
		"a short secret":    func() ([]byte, error) { return MACParts(two, "a", secret[:minSecret-1], Modern) },
	} {
		if out, err := f(); err == nil || out != nil {
			t.Errorf("%s: %s", name, out)
		}
	}
	many, err := SignParts(parts(maxReferences), by, Modern)
	if err != nil {
		t.Fatal(err)
	}
	d, err := readDetached(string(many))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Certified(parts(maxReferences), nil, []*x509.Certificate{by.Certificate}, Modern); err != nil {
		t.Errorf("as many as may be: %v", err)
	}
}
