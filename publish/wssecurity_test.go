package publish

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// message is one with a Security header, with what is given in that.
func message(security string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" xmlns:wsa="http://www.w3.org/2005/08/addressing"><s:Header>` +
		`<wsa:To>https://mail.contoso.example/EWS/Exchange.asmx/WSSecurity</wsa:To><wsse:Security s:mustUnderstand="1">` + security + `</wsse:Security></s:Header><s:Body><a xmlns="urn:a"/></s:Body></s:Envelope>`
}

const encrypted = `<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`

func packed(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

func TestSelfProven(t *testing.T) {
	const ews, key = "/EWS/Exchange.asmx/WSSecurity", "/EWS/Exchange.asmx/WSSecurity/SymmetricKey"
	signed := "Signature: a=:YQ==:\nSignature-Input: a=()\nContent-Digest: sha-256=:YQ==:\n"
	jwe := "Authorization: Delegation eyJh..aXY.Y3Q.dGFn\n"
	tests := []struct {
		what, path, header, body string
		ok                       bool
	}{
		{"an encrypted token", ews, "", message(encrypted), true},
		{"at the other path", key, "", message(encrypted), true},
		{"packed", ews, "Content-Encoding: gzip\n", packed(message(encrypted)), true},
		{"a signed JWT", ews, jwe + signed, "<a/>", true},
		{"in other letters", ews, strings.Replace(jwe, "Delegation", "delegation", 1) + signed, "", true},

		{"nothing", ews, "", "", false},
		{"no message", ews, "", "<a/>", false},
		{"no Security", ews, "", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a/></s:Body></s:Envelope>`, false},
		{"no token", ews, "", message(""), false},
		{"a token in the open", ews, "", message(`<Assertion xmlns="urn:oasis:names:tc:SAML:1.0:assertion"/>`), false},
		{"two tokens", ews, "", message(encrypted + encrypted), false},
		{"a name and password", ews, "", message(`<wsse:UsernameToken><wsse:Username>anna</wsse:Username></wsse:UsernameToken>`), false},
		{"not well-formed", ews, "", message(encrypted) + "x", false},
		{"another coding", ews, "Content-Encoding: deflate\n", message(encrypted), false},
		{"packed too well", ews, "Content-Encoding: gzip\n", packed(message(encrypted + strings.Repeat(" ", 1<<20))), false},
		{"Basic", ews, "Authorization: Basic YW5uYTph\n" + signed, message(encrypted), false},
		{"an open JWT", ews, "Authorization: Delegation eyJh.e30.c2ln\n" + signed, "", false},
		{"an unsigned JWT", ews, jwe, "", false},
		{"a JWT at the other path", key, jwe + signed, "", false},
		{"two", ews, jwe + jwe + signed, "", false},
		{"a large one", ews, "Authorization: Delegation " + strings.Repeat("a", maxOpenToken) + "....\n" + signed, "", false},
	}
	for _, test := range tests {
		if err := selfProven(fields(test.header), test.path, []byte(test.body)); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.what, err)
		}
	}
}

// fields reads lines of a header.
func fields(lines string) http.Header {
	h := http.Header{}
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		h.Add(name, value)
	}
	return h
}

// FuzzSelfProven: strangers send what they like.
// One source of messages that nobody is known by does not take the place of all.
func TestUnknownAreBounded(t *testing.T) {
	var n unknown
	source := func(i int) string { return fmt.Sprint("198.51.100.", i) }
	for i := range maxUnknown / maxUnknownOf {
		for range maxUnknownOf {
			if !n.enter(source(i)) {
				t.Fatal("turned away with room left")
			}
		}
		if n.enter(source(i)) {
			t.Error("one source has more than its share")
		}
	}
	if n.enter("192.0.2.1") {
		t.Error("more than there is room for")
	}
	n.leave(source(0))
	if !n.enter("192.0.2.1") {
		t.Error("room that was left is not given on")
	}
	for i := range maxUnknown / maxUnknownOf {
		for n.of[source(i)] > 0 {
			n.leave(source(i))
		}
	}
	n.leave("192.0.2.1")
	if n.all != 0 || len(n.of) != 0 {
		t.Errorf("%d and %v are left of nobody", n.all, n.of)
	}
}

func FuzzSelfProven(f *testing.F) {
	f.Add("", message(encrypted))
	f.Add("Content-Encoding: gzip\n", packed(message(encrypted)))
	f.Add("Authorization: Delegation a..b.c.d\nSignature: a\nSignature-Input: a\nContent-Digest: a\n", "")
	if all, err := filepath.Glob("../wssecurity/testdata/*.xml"); err == nil {
		for _, name := range all {
			if b, err := os.ReadFile(name); err == nil {
				f.Add("", string(b))
			}
		}
	}
	f.Fuzz(func(t *testing.T, header, body string) {
		err := selfProven(fields(header), "/EWS/Exchange.asmx/WSSecurity", []byte(body))
		if err == nil && fields(header).Get("Authorization") == "" && !strings.Contains(header, "gzip") && !strings.Contains(body, "EncryptedData") {
			t.Errorf("%q passes", body)
		}
	})
}

// TestEnforces is which rules may enforce policies, and what becomes of
// impersonation.
func TestEnforces(t *testing.T) {
	tests := []struct {
		what string
		rule Rule
		want string // of the error; "" for none
	}{
		{"nothing", Rule{Preset: EWS, Delegation: KCD}, ""},
		{"policies", Rule{Preset: EWS, Delegation: KCD, Enforce: true}, ""},
		{"every word of impersonation", Rule{Preset: EWS, Delegation: KCD, Enforce: true, Impersonate: ImpersonateTranslate}, ""},
		{"refusing it", Rule{Preset: Exchange, Delegation: DelegateBasic, Enforce: true, Impersonate: ImpersonateRefuse}, ""},
		{"passing it", Rule{Preset: Exchange, Delegation: DelegateBasic, Enforce: true, Impersonate: ImpersonatePass}, ""},

		{"of nobody", Rule{Preset: EWS, Delegation: PassThrough, Enforce: true}, "signed in"},
		{"of nothing", Rule{Preset: EWS, Enforce: true}, "signed in"},
		{"paths no policy knows", Rule{Preset: EWS, Paths: []string{"/owa/"}, Delegation: KCD, Enforce: true}, "a rule of their own"},
		{"federation", Rule{Preset: Federation, Delegation: KCD, Enforce: true}, "a rule of their own"},
		{"an unknown word", Rule{Preset: EWS, Delegation: KCD, Enforce: true, Impersonate: "allow"}, "none of pass"},
		{"without policies", Rule{Preset: EWS, Delegation: KCD, Impersonate: ImpersonatePass}, "set enforce"},
		{"by what needs the client's own ticket", Rule{Preset: EWS, Delegation: KCDKerberosOnly, Enforce: true, Impersonate: ImpersonateTranslate}, "kerberos alone"},
		{"by password", Rule{Preset: EWS, Delegation: DelegateBasic, Enforce: true, Impersonate: ImpersonateTranslate}, "kerberos alone"},
	}
	for _, test := range tests {
		d := test.rule.Delegation
		if d == "" {
			d = Block
		}
		err := test.rule.enforces(d)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v", test.what, err)
		}
	}
}
