package strictxml

import (
	"io"
	"maps"
	"math"
	"strings"
	"unicode/utf8"
)

// A Kind is the kind of a Token.
type Kind uint8

const (
	None         Kind = iota // nothing has been read yet
	StartElement             // a start tag, or the first half of an empty-element tag
	EndElement               // an end tag, or the other half
	CharData                 // text between markup
	CDATA                    // a CDATA section
	Comment
)

// A Token is a piece of markup as Next reads it. Tokens share memory with the
// Reader: Attrs are good until the next call.
type Token struct {
	Kind   Kind
	Name   Name   // of StartElement and EndElement
	Prefix string // as written, "" for none
	Attrs  []Attr // in the order written, namespace declarations among them
	Text   string // of CharData, CDATA and Comment, as an application sees it
	Offset int64  // where it begins
}

// An Attr is an attribute or a namespace declaration. As in the XML Infoset a
// declaration is in the namespace NamespaceXMLNS: xmlns:p has the prefix xmlns
// and the local name p, xmlns has no prefix and the local name xmlns.
type Attr struct {
	Name   Name
	Prefix string // as written, "" for none
	Value  string // normalized as CDATA, XML 1.0 3.3.3
	space  int32  // number of Name.Space
	offset int32
}

// Declares reports whether the attribute is a namespace declaration, and of
// which prefix.
func (a Attr) Declares() (prefix string, ok bool) {
	if a.space != spaceXMLNS {
		return "", false
	}
	if a.Prefix == "" {
		return "", true
	}
	return a.Name.Local, true
}

// A Reader reads one document and must not be copied. Its errors stick: after the first, every method
// returns false or nothing, and Err says why. So a decoder asks once, at the
// end.
//
// Strings it returns may share the memory of the document where that is small
// (64 KiB), and are copies where it is large: what is kept of a large request
// does not keep the request.
type Reader struct {
	doc string // the document as a string, so that names and text are slices of it
	in  []byte
	max Limits
	err error

	pos   int     // what comes next
	begin int     // where the last token begins
	kind  Kind    // of the last token
	name  element // of the last tag
	attrs []Attr  // of the last start tag
	text  string  // of the last token that is none
	empty bool    // the last tag was an empty-element tag, its end comes next

	open     []element // the elements around pos
	base     int       // how many of them are not ours to close (Fork)
	elements int       // start tags so far
	over     bool      // the document element is closed
	scope    scope
	first    first
}

// first is the memory a Reader begins with. It is enough for most documents,
// which makes a Reader one allocation, and a Fork another.
type first struct {
	open     [12]element
	attrs    [8]Attr
	prefixes [8]string
	uris     [8]string
	force    [8]int32
	undo     [8]binding
}

// settle copies the state of another Reader into memory of r's own.
func (r *Reader) settle(from *Reader) {
	f, s := &r.first, &from.scope
	r.open = append(f.open[:0], from.open...)
	r.attrs = append(f.attrs[:0], from.attrs...)
	r.scope = scope{
		prefixes: table{append(f.prefixes[:0], s.prefixes.list...), maps.Clone(s.prefixes.index)},
		uris:     table{append(f.uris[:0], s.uris.list...), maps.Clone(s.uris.index)},
		force:    append(f.force[:0], s.force...),
		undo:     append(f.undo[:0], s.undo...),
	}
}

// An element is an open element. Its name is in the document from begin to
// end, with the local part at local.
type element struct {
	begin, local, end int32
	space             int32 // number of the namespace's URI
	bindings          int32 // length of scope.undo before its declarations
}

// NewReader returns a Reader of in, within max. The bytes of in must not change
// as long as the Reader is used.
func NewReader(in []byte, max Limits) *Reader {
	r := &Reader{in: in, max: max}
	if len(in) > max.Bytes || len(in) > math.MaxInt32 {
		r.fail(0, TooLarge, "document too large")
		return r
	}
	r.doc = string(in)
	f := &r.first
	r.open, r.attrs = f.open[:0], f.attrs[:0]
	r.scope = scope{
		prefixes: table{list: append(f.prefixes[:0], "", "xml", "xmlns")},
		uris:     table{list: append(f.uris[:0], "", NamespaceXML, NamespaceXMLNS)},
		force:    append(f.force[:0], noSpace, spaceXML, spaceXMLNS),
		undo:     f.undo[:0],
	}
	r.prolog()
	return r
}

// Next reads the next token. After the document element and what may follow
// it, Next returns io.EOF.
func (r *Reader) Next() (Token, error) {
	if !r.next() {
		if r.err == nil {
			return Token{}, io.EOF
		}
		return Token{}, r.err
	}
	return r.Token(), nil
}

// Token returns the last token again, as a Fork needs that stands at one which
// the other Reader read.
func (r *Reader) Token() Token {
	t := Token{Kind: r.kind, Offset: int64(r.begin)}
	if r.err != nil {
		return Token{}
	}
	switch r.kind {
	case StartElement:
		t.Name, t.Prefix, t.Attrs = r.Name(), r.prefix(r.name), r.attrs
	case EndElement:
		t.Name, t.Prefix = r.Name(), r.prefix(r.name)
	default:
		t.Text = r.text
	}
	return t
}

// next reads a token into r. It returns false at the end of the document (or
// of the element, for a Fork), and on errors.
func (r *Reader) next() bool {
	if r.err != nil {
		return false
	}
	r.begin = r.pos
	if r.empty {
		r.empty = false
		return r.close()
	}
	if len(r.open) == r.base && !r.outside() {
		return false
	}
	if r.pos < len(r.doc) && r.doc[r.pos] != '<' {
		r.kind = CharData
		return r.charData()
	}
	if r.pos+1 >= len(r.doc) {
		return r.malformed(r.pos, "unexpected end of document")
	}
	switch r.doc[r.pos+1] {
	case '/':
		return r.endTag()
	case '!':
		return r.declaration()
	case '?':
		return r.instruction()
	}
	return r.startTag()
}

// outside moves over the white space around the document element, and returns
// true if markup follows that may stand there.
func (r *Reader) outside() bool {
	if r.base > 0 { // the element of a Fork is closed
		return false
	}
	r.pos = r.spaces(r.pos)
	r.begin = r.pos
	switch {
	case r.pos < len(r.doc) && r.doc[r.pos] != '<':
		return r.malformed(r.pos, "text outside the document element")
	case r.pos < len(r.doc):
		return true
	case !r.over:
		return r.malformed(r.pos, "no document element")
	}
	return false
}

// charData reads text up to the next markup. The first loop is where a Reader
// spends its time.
func (r *Reader) charData() bool {
	doc, i := r.doc, r.pos
	for i < len(doc) && class[doc[i]]&inText != 0 {
		i++
	}
	if i < len(doc) && doc[i] == '<' {
		r.text, r.pos = doc[r.pos:i], i
		return true
	}
	var ok bool
	r.text, r.pos, ok = r.cooked(r.pos, '<')
	return ok
}

// declaration reads markup that begins with <!.
func (r *Reader) declaration() bool {
	rest := r.doc[r.pos:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		r.kind = Comment
		return r.comment()
	case strings.HasPrefix(rest, "<![CDATA[") && len(r.open) > r.base:
		r.kind = CDATA
		i := r.pos + len("<![CDATA[")
		n := strings.Index(r.doc[i:], "]]>")
		if n < 0 {
			return r.malformed(r.pos, "CDATA section without end")
		}
		r.pos = i + n + len("]]>")
		var ok bool
		r.text, ok = r.literal(i, i+n)
		return ok
	case strings.HasPrefix(rest, "<!DOCTYPE"):
		return r.fail(r.pos, Forbidden, "document type declaration")
	}
	return r.malformed(r.pos, "unknown declaration")
}

// comment reads a comment. XML 1.0 2.5: no -- within, so none ends in --->.
func (r *Reader) comment() bool {
	i := r.pos + len("<!--")
	n := strings.Index(r.doc[i:], "--")
	if n < 0 {
		return r.malformed(r.pos, "comment without end")
	}
	if !strings.HasPrefix(r.doc[i+n:], "-->") {
		return r.malformed(i+n, "-- in a comment")
	}
	r.pos = i + n + len("-->")
	var ok bool
	r.text, ok = r.literal(i, i+n)
	return ok
}

func (r *Reader) instruction() bool {
	rest := r.doc[r.pos+2:]
	if len(rest) >= 3 && strings.EqualFold(rest[:3], "xml") && (len(rest) == 3 || class[rest[3]]&inName == 0) {
		return r.malformed(r.pos, "XML declaration that is not at the beginning")
	}
	return r.fail(r.pos, Forbidden, "processing instruction")
}

// spaces returns the place of the first byte from i on that is no white space.
func (r *Reader) spaces(i int) int {
	for i < len(r.doc) && class[r.doc[i]]&space != 0 {
		i++
	}
	return i
}

// fail records the first error. It returns false, for its callers to return.
func (r *Reader) fail(at int, reason Reason, text string) bool {
	if r.err == nil {
		r.err = &SyntaxError{Offset: int64(at), Reason: reason, Text: text}
	}
	return false
}

func (r *Reader) malformed(at int, text string) bool { return r.fail(at, Malformed, text) }

// firstIllFormed returns the place of the first byte that is not UTF-8.
func firstIllFormed(s string) int {
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(s)
}
