package wbxml

import (
	"iter"
	"unicode/utf8"
)

// An Element is one element of a document that was read. Its methods may be
// called on nil: of an element that is not there, everything is empty.
type Element struct {
	Tag Tag
	// Content is the text or the opaque bytes; it lies in the document that was
	// parsed, unless it came in several pieces.
	Content []byte
	Opaque  bool

	first, last, next *Element
}

// Child returns the first child with a tag, nil if there is none.
func (e *Element) Child(t Tag) *Element {
	if e == nil {
		return nil
	}
	for c := e.first; c != nil; c = c.next {
		if c.Tag == t {
			return c
		}
	}
	return nil
}

// Path returns what Child of Child and so on returns.
func (e *Element) Path(tags ...Tag) *Element {
	for _, t := range tags {
		e = e.Child(t)
	}
	return e
}

// Has reports whether there is a child with a tag.
func (e *Element) Has(t Tag) bool { return e.Child(t) != nil }

// Text returns the element's own text.
func (e *Element) Text() string {
	if e == nil {
		return ""
	}
	return string(e.Content)
}

// Get returns the text of the first child with a tag.
func (e *Element) Get(t Tag) string { return e.Child(t).Text() }

// Children are all children, in their order.
func (e *Element) Children() iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		if e == nil {
			return
		}
		for c := e.first; c != nil; c = c.next {
			if !yield(c) {
				return
			}
		}
	}
}

// All are the children with a tag.
func (e *Element) All(t Tag) iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		for c := range e.Children() {
			if c.Tag == t && !yield(c) {
				return
			}
		}
	}
}

// Parse reads a document. The elements keep parts of it, so it must not be
// changed while they are in use. An error is a *SyntaxError.
func Parse(doc []byte, l Limits) (*Element, error) {
	p := parser{doc: doc, limits: l}
	root, err := p.document()
	if err != nil {
		return nil, err
	}
	return root, nil
}

type parser struct {
	doc    []byte
	at     int
	limits Limits
	table  []byte
	page   uint8
	slab   []Element
	count  int
}

func (p *parser) fail(text string) error { return &SyntaxError{p.at, text} }

func (p *parser) byte() (byte, error) {
	if p.at >= len(p.doc) {
		return 0, p.fail("the document ends early")
	}
	p.at++
	return p.doc[p.at-1], nil
}

// number reads a mb_u_int32, [WBXML1.3] 5.1.
func (p *parser) number() (int, error) {
	n := uint64(0)
	for range 5 {
		b, err := p.byte()
		if err != nil {
			return 0, err
		}
		if n = n<<7 | uint64(b&0x7F); b&0x80 == 0 {
			if n > 1<<31-1 {
				break
			}
			return int(n), nil
		}
	}
	return 0, p.fail("a number is too large")
}

func (p *parser) take(n int) ([]byte, error) {
	if n > len(p.doc)-p.at {
		return nil, p.fail("a length goes beyond the end")
	}
	p.at += n
	return p.doc[p.at-n : p.at : p.at], nil
}

// header reads version, public identifier, character set and string table,
// [WBXML1.3] 5.
func (p *parser) header() error {
	v, err := p.byte()
	if err != nil {
		return err
	}
	if v < 0x01 || v > 0x03 {
		return p.fail("not a version of WBXML")
	}
	public, err := p.number()
	if err == nil && public == 0 {
		_, err = p.number() // the identifier is a text of the table
	}
	if err != nil {
		return err
	}
	charset, err := p.number()
	if err != nil {
		return err
	}
	const utf8Charset, ascii = 106, 3
	if charset != utf8Charset && charset != ascii && charset != 0 {
		return p.fail("the character set is not UTF-8")
	}
	n, err := p.number()
	if err != nil {
		return err
	}
	if n > p.limits.StringTable {
		return p.fail("the string table is too long")
	}
	p.table, err = p.take(n)
	return err
}

func (p *parser) element(t Tag) *Element {
	if len(p.slab) == 0 {
		p.slab = make([]Element, min(max(16, p.count), 1024))
	}
	e := &p.slab[0]
	p.slab = p.slab[1:]
	e.Tag = t
	p.count++
	return e
}

// document reads everything. It keeps the open elements in a list rather than on
// the stack.
func (p *parser) document() (*Element, error) {
	if err := p.header(); err != nil {
		return nil, err
	}
	var root *Element
	var open []*Element
	for {
		if root != nil && len(open) == 0 {
			if p.at != len(p.doc) {
				return nil, p.fail("something follows the end")
			}
			return root, nil
		}
		b, err := p.byte()
		if err != nil {
			return nil, err
		}
		switch b {
		case tokenSwitchPage:
			if p.page, err = p.byte(); err != nil {
				return nil, err
			}
		case tokenEnd:
			if len(open) == 0 {
				return nil, p.fail("an end without a beginning")
			}
			open = open[:len(open)-1]
		case tokenStrI, tokenStrT, tokenOpaque, tokenEntity:
			if len(open) == 0 {
				return nil, p.fail("text outside of elements")
			}
			if err := p.content(open[len(open)-1], b); err != nil {
				return nil, err
			}
		default:
			e, err := p.start(b)
			if err != nil {
				return nil, err
			}
			if len(open) == 0 {
				root = e
			} else {
				open[len(open)-1].add(e)
			}
			if b&hasContent != 0 {
				if open = append(open, e); len(open) > p.limits.Depth {
					return nil, p.fail("elements are nested too deeply")
				}
			}
		}
	}
}

func (e *Element) add(c *Element) {
	if e.last == nil {
		e.first = c
	} else {
		e.last.next = c
	}
	e.last = c
}

func (p *parser) start(b byte) (*Element, error) {
	if b&hasAttributes != 0 {
		return nil, p.fail("attributes")
	}
	t := Tag(p.page)<<8 | Tag(b&0x3F)
	if b&0x3F < 5 {
		return nil, p.fail("a token that ActiveSync has not")
	}
	if p.count >= p.limits.Elements {
		return nil, p.fail("too many elements")
	}
	return p.element(t), nil
}

// content reads one piece of an element's text.
func (p *parser) content(e *Element, token byte) error {
	piece, err := p.piece(token)
	if err != nil {
		return err
	}
	if token != tokenOpaque && !utf8.Valid(piece) {
		return p.fail("a text is not UTF-8")
	}
	if token == tokenOpaque {
		e.Opaque = true
	}
	if e.Content == nil {
		e.Content = piece
	} else {
		e.Content = append(e.Content[:len(e.Content):len(e.Content)], piece...)
	}
	return nil
}

func (p *parser) piece(token byte) ([]byte, error) {
	switch token {
	case tokenStrI:
		for i := p.at; i < len(p.doc); i++ {
			if p.doc[i] == 0 {
				s := p.doc[p.at:i:i]
				p.at = i + 1
				return s, nil
			}
		}
		return nil, p.fail("a text has no end")
	case tokenEntity:
		n, err := p.number()
		if err != nil {
			return nil, err
		}
		if n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
			return nil, p.fail("not a character")
		}
		return utf8.AppendRune(nil, rune(n)), nil
	case tokenOpaque:
		n, err := p.number()
		if err != nil {
			return nil, err
		}
		return p.take(n)
	}
	at, err := p.number()
	if err != nil {
		return nil, err
	}
	for i := at; i < len(p.table); i++ {
		if p.table[i] == 0 {
			return p.table[at:i:i], nil
		}
	}
	return nil, p.fail("not a text of the table")
}
