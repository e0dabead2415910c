package strictxml

import "strings"

// Root moves to the start tag of the document element.
func (r *Reader) Root() bool {
	for r.next() {
		if r.kind == StartElement {
			return true
		}
	}
	return false
}

// Child moves to the start tag of the next child of the element being read. At
// that element's end tag, which it consumes, and on errors it returns false.
// Text between children is an error, white space and comments are not.
//
// Every element that Root or Child returns is to be consumed by exactly one of:
// calls of Child until it returns false, Text, Skip, Raw. A switch over names
// needs a default that skips: an element left alone has its children taken for
// its siblings.
func (r *Reader) Child() bool {
	for r.next() {
		switch r.kind {
		case StartElement:
			return true
		case EndElement:
			return false
		case CharData, CDATA:
			if !isSpace(r.text) {
				return r.fail(r.begin, Unexpected, "text between elements")
			}
		}
	}
	return false
}

// Name returns the expanded name of the last tag.
func (r *Reader) Name() Name {
	e := &r.name
	if e.end == 0 {
		return Name{}
	}
	return Name{Space: r.scope.uris.list[e.space], Local: r.doc[e.local:e.end]}
}

// Attr returns the value of an attribute without prefix of the current start
// tag.
func (r *Reader) Attr(local string) (string, bool) { return r.attr(noSpace, local) }

// AttrNS returns the value of an attribute in a namespace.
func (r *Reader) AttrNS(space, local string) (string, bool) {
	if n := r.scope.uris.find(space); n >= 0 {
		return r.attr(n, local)
	}
	return "", false
}

func (r *Reader) attr(space int32, local string) (string, bool) {
	if r.kind != StartElement || r.err != nil {
		return "", false
	}
	for i := range r.attrs {
		if a := &r.attrs[i]; a.space == space && a.Name.Local == local {
			return r.keep(a.Value), true
		}
	}
	return "", false
}

// Attrs returns the attributes of the current start tag in the order written,
// namespace declarations among them. They are good until the reader moves.
func (r *Reader) Attrs() []Attr {
	if r.kind != StartElement || r.err != nil {
		return nil
	}
	return r.attrs
}

// Lookup returns the namespace a prefix stands for here, for qualified names
// in content. The prefix "" means the default namespace, which may be "".
func (r *Reader) Lookup(prefix string) (uri string, ok bool) {
	if n := r.scope.lookup(prefix); n != undeclared {
		return r.scope.uris.list[n], true
	}
	return "", false
}

// Text consumes the current element and returns its text. Child elements are
// an error. Comments are passed over: the text on both sides is one.
func (r *Reader) Text() string {
	if !r.atStart() {
		return ""
	}
	text, pieces := "", 0
	var joined strings.Builder
	for r.next() {
		switch r.kind {
		case StartElement:
			r.fail(r.begin, Unexpected, "element "+clip(r.Name().Local)+" where text is expected")
		case EndElement:
			if pieces > 1 {
				return joined.String()
			}
			return r.keep(text)
		case CharData, CDATA:
			if pieces++; pieces == 2 {
				joined.WriteString(text)
			}
			if pieces > 1 {
				joined.WriteString(r.text)
			}
			text = r.text
		}
	}
	return ""
}

// QName consumes the current element, whose text is a qualified name, and
// returns the name expanded with the declarations in force in the element.
// XML Schema part 2, 3.2.18: without a prefix the default namespace applies.
func (r *Reader) QName() Name {
	at, within := r.begin, r.Fork() // its own declarations end with the element
	text := strings.Trim(r.Text(), " \t\r\n")
	if r.err != nil {
		return Name{}
	}
	prefix, local, ok := strings.Cut(text, ":")
	if !ok {
		prefix, local = "", text
	}
	uri, declared := within.Lookup(prefix)
	if !declared || local == "" || ok && prefix == "" || strings.Contains(local, ":") {
		r.fail(at, Unexpected, "ill-formed qualified name "+clip(text))
		return Name{}
	}
	return Name{Space: uri, Local: local}
}

// Skip consumes the current element.
func (r *Reader) Skip() {
	if !r.atStart() {
		return
	}
	for depth := len(r.open); len(r.open) >= depth && r.next(); {
	}
}

// Raw consumes the current element and returns its bytes, tags included. They
// are a part of the document given to NewReader. The namespaces that are
// declared further out are not in them: Fork knows those.
func (r *Reader) Raw() []byte {
	begin := r.begin
	r.Skip()
	if r.err != nil {
		return nil
	}
	return r.in[begin:r.pos:r.pos]
}

// Fork returns a Reader of the current element alone, which stands at its start
// tag as r does and ends after its end tag. The two are independent; each has
// to consume the element.
func (r *Reader) Fork() *Reader {
	f := new(Reader)
	*f = *r
	f.settle(r)
	f.atStart()
	f.base = max(len(r.open)-1, 0)
	return f
}

// Err returns the first error: a *SyntaxError, or what was given to Fail.
func (r *Reader) Err() error { return r.err }

// Fail stops reading with an error of the decoder, unless there is one already.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Offset returns where the last token begins, for errors of the decoder.
func (r *Reader) Offset() int64 { return int64(r.begin) }

// Finish reads what may follow the document element, white space and comments,
// and returns the first error. It is an error to finish before the end.
func (r *Reader) Finish() error {
	if r.err == nil && (len(r.open) > r.base || r.empty || r.kind == None) {
		r.fail(r.pos, Unexpected, "more than was expected")
	}
	for r.next() {
	}
	return r.err
}

// atStart reports whether the last token is a start tag. Anything else is a
// mistake of the decoder, which shall not pass for an empty element.
func (r *Reader) atStart() bool {
	if r.err != nil {
		return false
	}
	if r.kind != StartElement {
		return r.fail(r.begin, Unexpected, "element read twice")
	}
	return true
}

// keep returns a string that may be kept: see Reader.
func (r *Reader) keep(s string) string {
	const small = 64 << 10
	if len(r.doc) <= small || len(s) > len(r.doc)/2 {
		return s
	}
	return strings.Clone(s)
}
