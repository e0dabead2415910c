// Package wbxml reads and writes the binary XML of Exchange ActiveSync: WBXML 1.3
// with the code pages of [MS-ASWBXML].
//
// What is written begins with 03 01 6A 00, has no string table and no attributes,
// and its text is inline or opaque; some clients look for just these four bytes.
// What is read may have a string table and any public identifier.
//
// Parse makes a tree of a document, a Scanner reads it in pieces without one, a
// Writer writes, and AppendXML shows a tree as the XML of the published schemas.
//
// The package is pure and knows what elements are called, not what they mean.
package wbxml

import "fmt"

// A Tag is an element's name: its code page and, in the low byte, its token.
type Tag uint16

// Page returns the code page.
func (t Tag) Page() uint8 { return uint8(t >> 8) }

// Token returns the token in the page.
func (t Tag) Token() uint8 { return uint8(t) }

// Name returns the element's name without its page, "" if there is no such
// element.
func (t Tag) Name() string {
	if int(t.Page()) >= len(codePages) || t.Token() >= 64 {
		return ""
	}
	return codePages[t.Page()].names[t.Token()]
}

// Namespace returns the name of the code page, which is the XML namespace of the
// published schemas. Encoders write it with a colon after it, too.
// [MS-ASWBXML] 2.1.2.1
func (t Tag) Namespace() string {
	if int(t.Page()) >= len(codePages) {
		return ""
	}
	return codePages[t.Page()].name
}

// String returns namespace and name, as documents write them: AirSync:Sync.
func (t Tag) String() string {
	if n := t.Name(); n != "" {
		return t.Namespace() + ":" + n
	}
	return fmt.Sprintf("page %d:0x%02X", t.Page(), t.Token())
}

// Limits bound what is read. The zero Limits refuse everything.
type Limits struct {
	Depth       int // of elements
	Elements    int
	StringTable int // bytes
	References  int // bytes of text that all references to the table stand for
}

// DefaultLimits are those of requests. No known client uses a string table; the
// encoders that do, save less than they keep in it.
func DefaultLimits() Limits {
	return Limits{Depth: 32, Elements: 200_000, StringTable: 8 << 10, References: 256 << 10}
}

// A SyntaxError says where a document is not WBXML, or beyond a limit.
type SyntaxError struct {
	Offset int
	Text   string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("wbxml: %s at byte %d", e.Text, e.Offset) }

// Global tokens, [WBXML1.3] 7.1, as far as ActiveSync has them.
const (
	tokenSwitchPage = 0x00
	tokenEnd        = 0x01
	tokenEntity     = 0x02
	tokenStrI       = 0x03
	tokenStrT       = 0x83
	tokenOpaque     = 0xC3

	firstTag      = 0x05
	hasContent    = 0x40
	hasAttributes = 0x80
)
