package soap

import (
	"errors"
	"fmt"

	"entente/strictxml"
)

// Codes that SOAP itself defines. SOAP 1.1 4.4.1; SOAP 1.2 5.4.6 calls Client
// Sender and Server Receiver.
const (
	VersionMismatch = "VersionMismatch"
	MustUnderstand  = "MustUnderstand"
	Client          = "Client"
	Server          = "Server"
)

// A Fault is a SOAP fault, and an error. All of it but Err goes to the client.
type Fault struct {
	Code   strictxml.Name // without namespace: one of SOAP's own codes
	String string         // in English
	Actor  string         // mostly empty
	// Detail writes the children of the detail element; nil for no detail,
	// as SOAP 1.1 4.4 wants it for faults of the header.
	Detail func(*strictxml.Encoder)
	// Version is the SOAP of an envelope that Open refused, for the answer.
	Version Version
	Err     error // what is behind it: a *strictxml.SyntaxError
}

func (f *Fault) Error() string { return "soap fault " + f.Code.Local + ": " + f.String }

func (f *Fault) Unwrap() error { return f.Err }

func code(local string) strictxml.Name { return strictxml.Name{Local: local} }

// faultOf makes a Fault of the error of a Reader and leaves other errors alone.
func faultOf(err error) error {
	var x *strictxml.SyntaxError
	if !errors.As(err, &x) {
		return err
	}
	var what string
	switch x.Reason {
	case strictxml.Forbidden:
		what = "The request has XML that is refused here"
	case strictxml.TooLarge:
		what = "The request is beyond a limit"
	case strictxml.Unexpected:
		what = "The request is not of the expected form"
	default:
		what = "The request is not well-formed XML"
	}
	return &Fault{Code: code(Client), String: fmt.Sprintf("%s: %s at byte %d.", what, x.Text, x.Offset), Err: err}
}

// quote shortens a name for a text.
func quote(name string) string {
	if len(name) > 64 {
		name = name[:64] + "…" // names are ASCII
	}
	return name
}

// append writes the Fault element.
func (f *Fault) append(e *strictxml.Encoder, v Version) {
	e.Start("s:Fault")
	if v == V12 {
		f.append12(e)
	} else {
		f.append11(e)
	}
	e.End("s:Fault")
}

// append11 writes the children, which are in no namespace, in the order and
// with the prefixes of Exchange. SOAP 1.1 4.4.
func (f *Fault) append11(e *strictxml.Encoder) {
	e.Start("faultcode")
	f.appendCode(e, "s:"+f.Code.Local)
	e.End("faultcode")
	e.Start("faultstring")
	e.Attr("xml:lang", "en-US")
	e.Text(f.String)
	e.End("faultstring")
	if f.Actor != "" {
		e.Elem("faultactor", f.Actor)
	}
	f.appendDetail(e, "detail")
}

// append12: codes of a service stand below one of SOAP's own. SOAP 1.2 5.4.
func (f *Fault) append12(e *strictxml.Encoder) {
	own := "Sender"
	switch {
	case f.Code.Space != "":
	case f.Code.Local == Server:
		own = "Receiver"
	case f.Code.Local == VersionMismatch, f.Code.Local == MustUnderstand:
		own = f.Code.Local
	}
	e.Start("s:Code")
	e.Elem("s:Value", "s:"+own)
	if f.Code.Space != "" {
		e.Start("s:Subcode")
		e.Start("s:Value")
		f.appendCode(e, "")
		e.End("s:Value")
		e.End("s:Subcode")
	}
	e.End("s:Code")
	e.Start("s:Reason")
	e.Start("s:Text")
	e.Attr("xml:lang", "en-US")
	e.Text(f.String)
	e.End("s:Text")
	e.End("s:Reason")
	if f.Actor != "" {
		e.Elem("s:Role", f.Actor)
	}
	f.appendDetail(e, "s:Detail")
}

// appendCode writes a code as a qualified name whose prefix it declares.
func (f *Fault) appendCode(e *strictxml.Encoder, own string) {
	if f.Code.Space == "" {
		e.Text(own)
		return
	}
	e.Attr("xmlns:a", f.Code.Space)
	e.Text("a:" + f.Code.Local)
}

func (f *Fault) appendDetail(e *strictxml.Encoder, qname string) {
	if f.Detail != nil {
		e.Start(qname)
		f.Detail(e)
		e.End(qname)
	}
}
