package clientcert

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// TestExplain: an explanation comes to what Match comes to, and says what to do.
func TestExplain(t *testing.T) {
	w := newWorld(t)
	sid := withSID(own + "-1001")
	test := func(what string, leaf *x509.Certificate, remedy string, findings ...string) {
		t.Helper()
		j := w.judge()
		e := j.Explain(t.Context(), leaf)
		m, err := j.Match(t.Context(), []*x509.Certificate{leaf})
		if (err == nil) != (e.Err == nil) || err != nil && err.Error() != e.Err.Error() || err == nil && (m.Account.SID != e.Match.Account.SID || m.Mapping != e.Match.Mapping) {
			t.Errorf("%s: explained as %+v %v, and is %+v %v", what, e.Match, e.Err, m, err)
		}
		if got := strings.Join(e.Remedies, " | "); !strings.Contains(got, remedy) || remedy == "" && got != "" {
			t.Errorf("%s: remedies %q, want %q", what, got, remedy)
		}
		var all []string
		for _, f := range e.Findings {
			all = append(all, fmt.Sprintf("%s %s %t %s", f.Mapping, f.Account, f.Counts, f.Says))
		}
		text := strings.Join(all, "\n")
		for _, f := range findings {
			if !strings.Contains(text, f) {
				t.Errorf("%s: found\n%s\nwant %s", what, text, f)
			}
		}
	}
	test("good", w.ca.issue(sid), "", "sid-extension anna@contoso.example true", "issuer-serial  false no account claims it")
	test("of another authority", newCA(t, "Other", nil).issue(sid), "name the certificate of CN=Other", "sid-extension anna@contoso.example true")
	leaf := w.ca.issue(withSAN(san{upns: []string{"anna@contoso.example"}}))
	test("by UPN", leaf, fmt.Sprintf("entente account add-identity anna@contoso.example 'X509:<I>DC=example,DC=contoso,CN=contoso ca<SR>%02x'", leaf.SerialNumber),
		"upn anna@contoso.example false the mapping is weak")
	w.authority.Weak = []Mapping{UPN}
	test("by UPN that counts", leaf, "Then take the weak mappings", "upn anna@contoso.example true")
	w.authority.Weak = nil
	test("a domain that nobody knows", w.ca.issue(withSID("S-1-5-21-7-7-7-9")), "entente realm add NAME S-1-5-21-7-7-7")
	test("a disabled account", w.ca.issue(withSID(own+"-1003")), "entente account set off@contoso.example --enabled on")
	leaf = w.ca.issue(func(c *x509.Certificate) { c.SerialNumber.SetInt64(0x0102) })
	w.claims("bruno", "X509:<I>CN=Contoso CA,DC=contoso,DC=example<SR>0102")
	test("the serial number the wrong way round", leaf, "bruno@contoso.example claims it with the bytes")
	w.claims("bruno", "X509:<SKI>"+hex.EncodeToString(leaf.SubjectKeyId))
	w.claims("anna", "X509:<SKI>"+hex.EncodeToString(leaf.SubjectKeyId))
	test("two claim it", leaf, "remove-identity", "several accounts claim it")
	test("a SAN URI that does not count", w.ca.issue(withURI(own+"-1001")), "add-identity", "san-uri  false the authority is not one whose SAN URIs count")
	w.authority.Revocation = Revocation{CRLs: []string{crlURL}}
	test("no list", w.ca.issue(sid), "answer this server")
}
