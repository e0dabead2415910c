package interop

import (
	"bytes"
	"crypto/x509"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"entente/xmlsec"
)

// TestNoMoreThanJudges holds over signed documents that were meddled with: what
// libxml2 cannot read, or libxmlsec does not verify, we refuse. Most meddling is
// of kinds that a signature survives, such as spaces inside tags, or that some
// reader might take for such a kind.
func TestNoMoreThanJudges(t *testing.T) {
	by := newParty(t, "broker-current-1")
	signed, err := xmlsec.Sign([]byte(sample), assertion, by.Signer, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	rnd := mathrand.New(mathrand.NewPCG(3, 4))
	docs := make([][]byte, 4000)
	for i := range docs {
		docs[i] = meddled(rnd, signed)
	}
	unreadable := illFormed(t, docs)
	if len(unreadable) < len(docs)/10 {
		t.Fatalf("xmllint complains of %d of %d documents: is its output understood?", len(unreadable), len(docs))
	}
	accepted := 0
	for i, d := range docs {
		v, err := xmlsec.Verify(d, assertion, []*x509.Certificate{by.Certificate}, xmlsec.Modern)
		if err != nil {
			continue
		}
		if unreadable[i] {
			t.Errorf("we verify what xmllint cannot read: %q", d)
		}
		if want, err := exclusive([]byte(sample)); err != nil || !bytes.Equal(v.Content, want) {
			t.Errorf("verified %q", v.Content)
		}
		if accepted++; accepted > 100 { // a process each
			continue
		}
		if _, complaint, ok := by.verdict(t, d, "--verify", "--pubkey-cert-pem", "cert.pem", "--id-attr:AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion"); !ok {
			t.Errorf("we verify what xmlsec1 does not: %s\n%q", complaint, d)
		}
	}
	t.Logf("of %d documents xmllint refuses %d, and we accept %d", len(docs), len(unreadable), accepted)
	if accepted < 100 {
		t.Errorf("%d documents were accepted: too few to compare", accepted)
	}
}

var (
	tagEnd   = regexp.MustCompile(`/?>`)
	attrGap  = regexp.MustCompile(` [\w:]+="`)
	attrText = regexp.MustCompile(`="([^"]*)"`)
	contents = regexp.MustCompile(`>[^<]+<`)
)

// meddled changes a document in one or two places.
func meddled(r *mathrand.Rand, doc []byte) []byte {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	s := string(doc)
	at := func(re *regexp.Regexp) (int, int) {
		all := re.FindAllStringIndex(s, -1)
		if len(all) == 0 {
			return 0, 0
		}
		m := all[r.IntN(len(all))]
		return m[0], m[1]
	}
	for range 1 + r.IntN(2) {
		switch r.IntN(8) {
		case 0: // in a tag, before its end
			i, _ := at(tagEnd)
			s = s[:i] + pick(" ", "\n", "\t", "\r\n", "\u00A0", "\f", " xmlns:unused='urn:unused'", " xmlns:saml='urn:x'", " Id='_5d1bb6a0'", " xml:lang='en'", "\x00") + s[i:]
		case 1: // between attributes
			i, _ := at(attrGap)
			s = s[:i] + pick(" ", "\n", "  \t", " xmlns='urn:x'", " xmlns:xml='http://www.w3.org/XML/1998/namespace'", " xmlns:xmlns='urn:x'", " a='1' a='2'") + s[i:]
		case 2: // a value in other quotes, or written otherwise
			i, j := at(attrText)
			v := s[min(i+2, len(s)):max(j-1, 2)]
			s = s[:i] + pick("='"+v+"'", ` = "`+v+`"`, `="`+v+` "`, "="+v, `="`+strings.ReplaceAll(v, "1", "&#x31;")+`"`, `="`+strings.ReplaceAll(v, "a", "&#97;")+`"`, `="<`+v+`"`) + s[j:]
		case 3: // content written otherwise
			i, j := at(contents)
			v := s[min(i+1, len(s)):max(j-1, 1)]
			s = s[:i] + ">" + pick("<![CDATA["+v+"]]>", v+"<!-- -->", "<!-- -->"+v, strings.ReplaceAll(v, "a", "&#97;"), v+"<?x?>", v+" ", v+"&#32;", v+"]]>", v+"&amp;", v+"&undeclared;", v+"\xC0\x80", v+"\uFFFE") + "<" + s[j:]
		case 4: // around the document
			s = pick("\uFEFF", "<?xml version='1.0'?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "<?xml version='1.0' encoding='utf-16'?>", "<!-- -->", "\n", "<!DOCTYPE a>") + s
		case 5:
			s += pick("\n", " ", "<!-- -->", "x", "<a/>", "\x00")
		case 6: // a byte of it
			i := r.IntN(len(s))
			s = s[:i] + string(rune(r.IntN(128))) + s[i+1:]
		case 7: // a piece twice, or not at all
			i := r.IntN(len(s))
			j := i + r.IntN(min(40, len(s)-i))
			s = s[:i] + pick("", s[i:j]+s[i:j]) + s[j:]
		}
	}
	return []byte(s)
}

var complaint = regexp.MustCompile(`(?m)^(\d+)\.xml:\d+: (\w+) error : (.*)$`)

// illFormed tells which documents xmllint cannot read.
func illFormed(t *testing.T, docs [][]byte) map[int]bool {
	t.Helper()
	dir := t.TempDir()
	args := []string{"--nonet", "--noout"}
	for i, d := range docs {
		name := fmt.Sprintf("%d.xml", i)
		if err := os.WriteFile(filepath.Join(dir, name), d, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	_, complaints, _ := judge(t, dir, "xmllint", args...)
	found := map[int]bool{}
	for _, m := range complaint.FindAllSubmatch(complaints, -1) {
		var i int
		fmt.Sscan(string(m[1]), &i)
		found[i] = true
	}
	return found
}
