package strictxml

import (
	"strings"
	"unicode/utf8"
)

// prolog reads what a document begins with: a byte order mark, an XML
// declaration. White space and comments before the document element are left
// to next.
func (r *Reader) prolog() bool {
	switch {
	case strings.HasPrefix(r.doc, "\xEF\xBB\xBF"):
		r.pos = 3
	case strings.HasPrefix(r.doc, "\xFE\xFF"), strings.HasPrefix(r.doc, "\xFF\xFE"),
		strings.HasPrefix(r.doc, "<\x00"), strings.HasPrefix(r.doc, "\x00"):
		return r.fail(0, Forbidden, "encoding other than UTF-8")
	}
	if !utf8.ValidString(r.doc) {
		return r.malformed(firstIllFormed(r.doc), "ill-formed UTF-8")
	}
	const begin = "<?xml"
	if rest := r.doc[r.pos:]; !strings.HasPrefix(rest, begin) || len(rest) == len(begin) || class[rest[len(begin)]]&space == 0 {
		return true
	}
	return r.xmlDeclaration(r.pos + len(begin))
}

// xmlDeclaration reads the XML declaration after <?xml: version, then encoding
// if any, then standalone if any. XML 1.0 2.8.
func (r *Reader) xmlDeclaration(i int) bool {
	version, i, ok := r.pseudo(i, "version")
	if !ok || version == "" {
		return r.malformed(i, "XML declaration without version")
	}
	if version != "1.0" {
		return r.fail(i, Forbidden, "version other than XML 1.0")
	}
	encoding, i, ok := r.pseudo(i, "encoding")
	if ok && !strings.EqualFold(encoding, "UTF-8") {
		return r.fail(i, Forbidden, "encoding other than UTF-8")
	}
	standalone, i, ok := r.pseudo(i, "standalone")
	if ok && standalone != "yes" && standalone != "no" {
		return r.malformed(i, "standalone is neither yes nor no")
	}
	i = r.spaces(i)
	if !strings.HasPrefix(r.doc[i:], "?>") {
		return r.malformed(i, "ill-formed XML declaration")
	}
	r.pos = i + 2
	return true
}

// pseudo reads a pseudo-attribute if it is there, and returns where it ends.
func (r *Reader) pseudo(i int, name string) (value string, end int, ok bool) {
	j := r.spaces(i)
	if j == i || !strings.HasPrefix(r.doc[j:], name) {
		return "", i, false
	}
	j = r.spaces(j + len(name))
	if j == len(r.doc) || r.doc[j] != '=' {
		return "", i, false
	}
	j = r.spaces(j + 1)
	if j == len(r.doc) || r.doc[j] != '"' && r.doc[j] != '\'' {
		return "", i, false
	}
	n := strings.IndexByte(r.doc[j+1:], r.doc[j])
	if n < 0 {
		return "", i, false
	}
	return r.doc[j+1 : j+1+n], j + n + 2, true
}
