package wbxml

import (
	"bytes"
	"unicode/utf8"
)

// An Event is what a Scanner found.
type Event uint8

// The events. An element without content has a Start and an End like any other.
const (
	None   Event = iota // the end, or an error
	Start               // Tag begins
	Text                // Data is a piece of text
	Opaque              // Data are bytes
	End                 // what began last ends
)

// A Scanner reads a document piece by piece and keeps nothing of it. Its memory is
// that of the document and, for characters written as entities, a few bytes.
type Scanner struct {
	// Tag is that of the last Start.
	Tag Tag
	// Data is the last Text or Opaque; it lies in the document.
	Data []byte

	doc    []byte
	at     int
	limits Limits
	table  []byte
	err    error

	page     uint8
	empty    bool // the element that began has no content, and ends
	begun    bool
	depth    int
	count    int
	expanded int
}

// NewScanner returns a scanner at the root element of a document.
func NewScanner(doc []byte, l Limits) *Scanner {
	s := &Scanner{doc: doc, limits: l}
	s.header()
	return s
}

// Err returns what is wrong with the document, a *SyntaxError, or nil.
func (s *Scanner) Err() error { return s.err }

// fail notes the first error; it returns what Next does then.
func (s *Scanner) fail(text string) Event {
	if s.err == nil {
		s.err = &SyntaxError{s.at, text}
	}
	return None
}

// header reads version, public identifier, character set and string table,
// [WBXML1.3] 5.
func (s *Scanner) header() {
	if v := s.byte(); s.err == nil && (v < 0x01 || v > 0x03) {
		s.fail("not a version of WBXML")
	}
	if s.number() == 0 {
		s.number() // the identifier is a text of the table
	}
	const unknown, ascii, utf8Charset = 0, 3, 106
	if c := s.number(); c != utf8Charset && c != ascii && c != unknown {
		s.fail("the character set is not UTF-8")
	}
	n := s.number()
	if n > s.limits.StringTable {
		s.fail("the string table is too long")
	}
	s.table = s.take(n)
}

// byte returns the next byte; at the end it fails.
func (s *Scanner) byte() byte {
	if s.at >= len(s.doc) {
		s.fail("the document ends early")
		return 0
	}
	s.at++
	return s.doc[s.at-1]
}

// number reads a mb_u_int32, [WBXML1.3] 5.1.
func (s *Scanner) number() int {
	n := uint64(0)
	for range 5 {
		b := s.byte()
		if n = n<<7 | uint64(b&0x7F); b&0x80 == 0 {
			if n > 1<<31-1 {
				break
			}
			return int(n)
		}
	}
	s.fail("a number is too large")
	return 0
}

func (s *Scanner) take(n int) []byte {
	if s.err != nil {
		return nil
	}
	if n > len(s.doc)-s.at {
		s.fail("a length goes beyond the end")
		return nil
	}
	s.at += n
	return s.doc[s.at-n : s.at : s.at]
}

// Next reads on.
func (s *Scanner) Next() Event {
	if s.empty {
		s.empty = false
		return End
	}
	for s.err == nil {
		if s.begun && s.depth == 0 {
			if s.at != len(s.doc) {
				return s.fail("something follows the end")
			}
			return None
		}
		switch b := s.byte(); {
		case s.err != nil:
			return None
		case b&0x3F >= firstTag:
			return s.start(b)
		case b == tokenEnd:
			if s.depth == 0 {
				return s.fail("an end without a beginning")
			}
			s.depth--
			return End
		case b == tokenSwitchPage:
			s.page = s.byte()
		case b == tokenStrI || b == tokenStrT || b == tokenEntity || b == tokenOpaque:
			if s.depth == 0 {
				return s.fail("text outside of elements")
			}
			return s.content(b)
		default:
			// LITERAL, PI and the EXT tokens: no ActiveSync document has them.
			return s.fail("a token that ActiveSync has not")
		}
	}
	return None
}

// start begins an element. Pages and tokens that are not in the specification are
// let through under their numbers: a later version adds such, a client may send
// them before it knows what we speak, and nobody here looks for them.
// Attributes are refused: ActiveSync has none, and without their tables nobody can
// tell where they end.
func (s *Scanner) start(b byte) Event {
	if b&hasAttributes != 0 {
		return s.fail("attributes")
	}
	if s.count >= s.limits.Elements {
		return s.fail("too many elements")
	}
	if s.depth >= s.limits.Depth {
		return s.fail("elements are nested too deeply")
	}
	s.count++
	s.begun = true
	s.Tag = Tag(s.page)<<8 | Tag(b&0x3F)
	if b&hasContent != 0 {
		s.depth++
	} else {
		s.empty = true
	}
	return Start
}

// content reads one piece of text.
func (s *Scanner) content(token byte) Event {
	switch token {
	case tokenStrI:
		n := bytes.IndexByte(s.doc[s.at:], 0)
		if n < 0 {
			return s.fail("a text has no end")
		}
		s.Data = s.doc[s.at : s.at+n : s.at+n]
		s.at += n + 1
	case tokenStrT:
		s.Data = s.reference(s.number())
	case tokenEntity:
		s.Data = s.entity(s.number())
	case tokenOpaque:
		s.Data = s.take(s.number())
		if s.err != nil {
			return None
		}
		return Opaque
	}
	if s.err == nil && !utf8.Valid(s.Data) {
		s.fail("a text is not UTF-8")
	}
	if s.err != nil {
		return None
	}
	return Text
}

// reference returns a text of the string table. Three bytes can stand for all of
// it, so that what references stand for has a limit of its own.
func (s *Scanner) reference(at int) []byte {
	if s.err != nil {
		return nil
	}
	n := -1
	if at < len(s.table) {
		n = bytes.IndexByte(s.table[at:], 0)
	}
	if n < 0 {
		s.fail("not a text of the table")
		return nil
	}
	if s.expanded += n; s.expanded > s.limits.References {
		s.fail("references stand for too much text")
		return nil
	}
	return s.table[at : at+n : at+n]
}

func (s *Scanner) entity(n int) []byte {
	if s.err == nil && (n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n))) {
		s.fail("not a character")
	}
	if s.err != nil {
		return nil
	}
	return utf8.AppendRune(nil, rune(n))
}
