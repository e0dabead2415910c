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

// AppendFault writes a whole envelope with a fault.
func AppendFault(e *strictxml.Encoder, v Version, f *Fault, declare []Namespace, header func(*strictxml.Encoder)) {
	Begin(e, v, declare, header)
	f.append(e, v)
	End(e)
}
