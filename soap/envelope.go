package soap

import "entente/strictxml"

// A Namespace is a declaration at the root of an envelope.
type Namespace struct{ Prefix, URI string }

// Begin writes an envelope up to the start of its Body. The envelope has the
// prefix s; the root declares that and what is given. A nil header writes no
// Header.
func Begin(e *strictxml.Encoder, v Version, declare []Namespace, header func(*strictxml.Encoder)) {
	e.Declaration()
	e.Start("s:Envelope")
	e.Attr("xmlns:s", v.Namespace())
	for _, n := range declare {
		e.Attr("xmlns:"+n.Prefix, n.URI)
	}
	if header != nil {
		e.Start("s:Header")
		header(e)
		e.End("s:Header")
	}
	e.Start("s:Body")
}

// End writes the end of an envelope begun with Begin.
func End(e *strictxml.Encoder) {
	e.End("s:Body")
	e.End("s:Envelope")
}

// BeginPlain and EndPlain write an envelope without a prefix of its own, for
// those that follow one another on one connection: clients look for where one
// ends by its text (ews-javascript-api: </Envelope>).
func BeginPlain(e *strictxml.Encoder, v Version, declare []Namespace, header func(*strictxml.Encoder)) {
	e.Start("Envelope")
	e.Attr("xmlns", v.Namespace())
	for _, n := range declare {
		e.Attr("xmlns:"+n.Prefix, n.URI)
	}
	e.Start("Header")
	header(e)
	e.End("Header")
	e.Start("Body")
}

// EndPlain writes the end of an envelope begun with BeginPlain.
func EndPlain(e *strictxml.Encoder) {
	e.End("Body")
	e.End("Envelope")
}

// AppendFault writes a whole envelope with a fault.
func AppendFault(e *strictxml.Encoder, v Version, f *Fault, declare []Namespace, header func(*strictxml.Encoder)) {
	Begin(e, v, declare, header)
	f.append(e, v)
	End(e)
}
