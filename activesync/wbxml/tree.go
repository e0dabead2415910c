package wbxml

import (
	"bytes"
	"iter"
)

// An Element is one element of a document that was read. Its methods may be
// called on nil: of an element that is not there, everything is empty.
type Element struct {
	// Content is the text or the opaque bytes; it lies in the document that was
	// parsed, unless it came in several pieces.
	Content []byte

	first, next *Element

	Tag    Tag
	Opaque bool
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
//
// Elements have text or children, never both. White space beside children is
// dropped: some encoders carry it over from XML that was laid out.
func Parse(doc []byte, l Limits) (*Element, error) {
	s := NewScanner(doc, l)
	p := parser{scan: s}
	root := p.tree()
	if err := s.Err(); err != nil {
		return nil, err
	}
	return root, nil
}

// An open element, while it is read.
type open struct {
	e, last *Element
	// owned says that the content is a copy, to which more can be appended.
	owned bool
}

type parser struct {
	scan *Scanner
	slab []Element
	made int
}

// tree reads everything. It keeps the open elements in a list rather than on the
// stack.
func (p *parser) tree() *Element {
	var space [33]open
	stack := append(space[:0], open{e: new(Element)})
	for {
		top := &stack[len(stack)-1]
		switch p.scan.Next() {
		case Start:
			if len(top.e.Content) > 0 && !p.dropBlank(top) {
				return nil
			}
			e := p.element(p.scan.Tag)
			if top.last == nil {
				top.e.first = e
			} else {
				top.last.next = e
			}
			top.last = e
			stack = append(stack, open{e: e})
		case Text:
			p.text(top)
		case Opaque:
			if top.last != nil {
				p.scan.fail("bytes beside elements")
				return nil
			}
			p.add(top)
			top.e.Opaque = len(top.e.Content) > 0
		case End:
			stack = stack[:len(stack)-1]
		case None:
			return stack[0].e.first
		}
	}
}

// element returns a new element, from a piece of memory for many.
func (p *parser) element(t Tag) *Element {
	if len(p.slab) == 0 {
		p.slab = make([]Element, min(max(16, p.made), 512))
		p.made += len(p.slab)
	}
	e := &p.slab[0]
	p.slab = p.slab[1:]
	e.Tag = t
	return e
}

// dropBlank drops white space before the first child; anything else it refuses.
func (p *parser) dropBlank(o *open) bool {
	if o.e.Opaque || !blank(o.e.Content) {
		p.scan.fail("text beside elements")
		return false
	}
	o.e.Content, o.owned = nil, false
	return true
}

// text takes a piece of text.
func (p *parser) text(o *open) {
	if o.last == nil {
		p.add(o)
	} else if !blank(p.scan.Data) {
		p.scan.fail("text beside elements")
	}
}

// add adds a piece to an element's content. The second one makes a copy; it grows
// as slices do, so that a thousand pieces are not copied a thousand times.
func (p *parser) add(o *open) {
	switch {
	case len(o.e.Content) == 0:
		o.e.Content = p.scan.Data
	case !o.owned:
		n := len(o.e.Content) + len(p.scan.Data)
		o.e.Content = append(append(make([]byte, 0, 2*n), o.e.Content...), p.scan.Data...)
		o.owned = true
	default:
		o.e.Content = append(o.e.Content, p.scan.Data...)
	}
}

func blank(b []byte) bool { return len(bytes.Trim(b, " \t\r\n")) == 0 }
