package strictxml

import "strings"

// startTag reads a start tag or an empty-element tag. XML 1.0 3.1.
func (r *Reader) startTag() bool {
	if r.over {
		return r.malformed(r.pos, "a second document element")
	}
	if r.elements++; r.elements > r.max.Elements {
		return r.fail(r.pos, TooLarge, "too many elements")
	}
	if len(r.open) >= r.max.Depth {
		return r.fail(r.pos, TooLarge, "elements nested too deeply")
	}
	e := element{begin: int32(r.pos + 1), bindings: int32(len(r.scope.undo))}
	colon, i, ok := r.qname(r.pos + 1)
	if !ok {
		return false
	}
	e.local, e.end = int32(colon), int32(i)
	r.attrs = r.attrs[:0]
	if r.doc[i] != '>' { // there is one, or qname had failed
		if i, ok = r.attributes(i); !ok {
			return false
		}
	}
	e.space = r.scope.lookup(r.prefix(e))
	if e.space == undeclared || e.space == spaceXMLNS {
		return r.undeclared(r.pos, r.prefix(e))
	}
	r.kind, r.name, r.pos = StartElement, e, i+1
	r.open = append(r.open, e)
	return true
}

// attributes reads from the end of the element's name to the > of the tag.
func (r *Reader) attributes(i int) (int, bool) {
	prefixed := false
	for {
		j := r.spaces(i)
		if j == len(r.doc) {
			return j, r.malformed(j, "unexpected end of document")
		}
		switch {
		case r.doc[j] == '>':
			return j, r.resolve(prefixed)
		case strings.HasPrefix(r.doc[j:], "/>"):
			r.empty = true
			return j + 1, r.resolve(prefixed)
		case i == j:
			return j, r.malformed(j, "no white space before an attribute")
		case len(r.attrs) >= r.max.Attributes:
			return j, r.fail(j, TooLarge, "too many attributes")
		}
		var ok bool
		if i, ok = r.attribute(j); !ok {
			return i, false
		}
		a := &r.attrs[len(r.attrs)-1]
		if a.Prefix != "" || a.Name.Local == "xmlns" {
			prefixed = true
			if !r.declare(a) {
				return i, false
			}
		}
	}
}

// attribute reads one attribute and returns the place after it.
func (r *Reader) attribute(i int) (int, bool) {
	colon, end, ok := r.qname(i)
	if !ok {
		return i, false
	}
	a := Attr{Name: Name{Local: r.doc[colon:end]}, offset: int32(i)}
	if colon > i {
		a.Prefix = r.doc[i : colon-1]
	}
	j := r.spaces(end)
	if j == len(r.doc) || r.doc[j] != '=' {
		return j, r.malformed(j, "attribute without value")
	}
	j = r.spaces(j + 1)
	if j == len(r.doc) || r.doc[j] != '"' && r.doc[j] != '\'' {
		return j, r.malformed(j, "attribute value without quotes")
	}
	if a.Value, j, ok = r.cooked(j+1, r.doc[j]); !ok {
		return j, false
	}
	r.attrs = append(r.attrs, a)
	return j + 1, true
}

// declare puts a namespace declaration into force; other attributes it leaves.
// Namespaces in XML 1.0, 3: what may be declared.
func (r *Reader) declare(a *Attr) bool {
	prefix := ""
	switch {
	case a.Prefix == "xmlns":
		prefix = a.Name.Local
	case a.Prefix != "" || a.Name.Local != "xmlns":
		return true
	}
	a.space, a.Name.Space = spaceXMLNS, NamespaceXMLNS
	at := int(a.offset)
	switch {
	case prefix == "xmlns":
		return r.malformed(at, "declaration of the prefix xmlns")
	case (prefix == "xml") != (a.Value == NamespaceXML):
		return r.malformed(at, "the prefix xml is bound to its own namespace, and no other prefix is")
	case a.Value == NamespaceXMLNS:
		return r.malformed(at, "declaration of the namespace of declarations")
	case prefix != "" && a.Value == "":
		return r.malformed(at, "prefix bound to no namespace")
	case !isURI(a.Value):
		return r.malformed(at, "namespace name that is no URI")
	}
	r.scope.declare(prefix, a.Value)
	return true
}

// isURI reports whether s has only characters that a URI may have (RFC 3986 2).
// White space, above all, is normalized by some parsers and not by others.
func isURI(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return false
		}
	}
	return true
}

// resolve gives attributes their namespaces, now that all declarations of the
// tag are known, and refuses two of one expanded name.
func (r *Reader) resolve(prefixed bool) bool {
	if prefixed {
		for i := range r.attrs {
			a := &r.attrs[i]
			if a.Prefix == "" || a.space == spaceXMLNS {
				continue
			}
			if a.space = r.scope.lookup(a.Prefix); a.space == undeclared {
				return r.undeclared(int(a.offset), a.Prefix)
			}
			a.Name.Space = r.scope.uris.list[a.space]
		}
	}
	for i := 1; i < len(r.attrs); i++ {
		a := &r.attrs[i]
		for j := range i {
			if b := &r.attrs[j]; a.Name.Local == b.Name.Local && a.space == b.space && a.Prefix == "" == (b.Prefix == "") {
				return r.malformed(int(a.offset), "attribute "+clip(a.Name.Local)+" twice")
			}
		}
	}
	return true
}

// endTag reads an end tag: its name is the one of the start tag, byte for byte.
func (r *Reader) endTag() bool {
	if len(r.open) == r.base {
		return r.malformed(r.pos, "end tag without start tag")
	}
	e := r.open[len(r.open)-1]
	i, name := r.pos+2, r.doc[e.begin:e.end]
	if !strings.HasPrefix(r.doc[i:], name) {
		return r.malformed(r.pos, "end tag does not match "+clip(name))
	}
	if i += len(name); i < len(r.doc) && r.doc[i] != '>' {
		if class[r.doc[i]]&space == 0 {
			return r.malformed(r.pos, "end tag does not match "+clip(name))
		}
		i = r.spaces(i)
	}
	if i == len(r.doc) || r.doc[i] != '>' {
		return r.malformed(i, "end tag without end")
	}
	r.pos = i + 1
	return r.close()
}

// close leaves the innermost element.
func (r *Reader) close() bool {
	last := len(r.open) - 1
	r.kind, r.name = EndElement, r.open[last]
	r.open = r.open[:last]
	r.scope.leave(int(r.name.bindings))
	r.over = last == 0
	return true
}

// qname reads a name with at most one colon, returning the place of its local
// part and of its end. Something follows it, or qname fails.
// Namespaces in XML 1.0, 4, QName.
func (r *Reader) qname(begin int) (local, end int, ok bool) {
	doc, i := r.doc, begin
	local = begin
	for {
		if i == len(doc) || class[doc[i]]&nameStart == 0 {
			return 0, 0, r.badName(i)
		}
		for i < len(doc) && class[doc[i]]&inName != 0 {
			i++
		}
		if i == len(doc) || doc[i] == ':' && local > begin || doc[i] >= 0x80 {
			return 0, 0, r.badName(i)
		}
		if doc[i] != ':' {
			return local, i, true
		}
		i++
		local = i
	}
}

func (r *Reader) badName(i int) bool {
	switch {
	case i == len(r.doc):
		return r.malformed(i, "unexpected end of document")
	case r.doc[i] >= 0x80:
		return r.fail(i, Forbidden, "name outside ASCII")
	}
	return r.malformed(i, "ill-formed name")
}

func (r *Reader) undeclared(at int, prefix string) bool {
	return r.malformed(at, "undeclared prefix "+clip(prefix))
}

// prefix returns the prefix of an element as written.
func (r *Reader) prefix(e element) string {
	if e.local == e.begin {
		return ""
	}
	return r.doc[e.begin : e.local-1]
}
