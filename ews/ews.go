// Package ews is the vocabulary of Exchange Web Services: a Go type for every
// request, response and value of the operations we serve, the identifiers and
// the response codes, and the reading and writing of all of them.
//
// It knows what may be said, not what is true: it opens no mailbox, checks no
// right, reads no clock. ewsserver answers requests and ewsclient asks them;
// both speak through this package.
//
// Names are the schema's names ([MS-OXWSCDATA] and its sisters): the request
// element m:GetItem is the type GetItem, its answer GetItemResponse, the type
// t:ItemResponseShapeType is ItemResponseShape. Struct fields stand in schema
// order, which clients generated from the schema depend on, and carry `ews`
// tags from which package ewsgen writes the codec and the published schema.
//
//	r := strictxml.NewReader(body, limits)
//	… // walk to the first child of soap:Body
//	req, err := ews.DecodeRequest(r)
//	switch req := req.(type) {
//	case *ews.GetItem:
//
// Items and folders are property lists rather than structs: see Item, Folder
// and the field table.
package ews

import (
	"fmt"

	"entente/strictxml"
)

//go:generate go run ./ewsgen

// The namespaces of EWS. NSTypes has the prefix t: in all we write, NSMessages
// m:. NSErrors qualifies the detail of a SOAP fault. [MS-OXWSCDATA].
const (
	NSTypes    = "http://schemas.microsoft.com/exchange/services/2006/types"
	NSMessages = "http://schemas.microsoft.com/exchange/services/2006/messages"
	NSErrors   = "http://schemas.microsoft.com/exchange/services/2006/errors"
)

// A Request is the content of a SOAP body sent by a client.
type Request interface {
	// Element is the local name of the element in NSMessages.
	Element() string
	decodeXML(r *strictxml.Reader)
	appendXML(e *strictxml.Encoder, qname string)
}

// A Response is the content of a SOAP body sent to a client.
type Response interface {
	Element() string
	decodeXML(r *strictxml.Reader)
	appendXML(e *strictxml.Encoder, qname string)
}

// DecodeRequest reads the element r stands on, the first child of the SOAP
// body. What the element is decides the operation: no client can be relied on
// to send a SOAPAction.
//
// The errors are *Fault: ErrorInvalidOperation for an element that names no
// operation, or one that we do not serve; ErrorSchemaValidation for content
// that is not what the schema says. Errors of XML itself are strictxml's.
func DecodeRequest(r *strictxml.Reader) (Request, error) {
	name := r.Name()
	op, ok := OperationOf(name.Local)
	if !ok || name.Space != NSMessages {
		return nil, &Fault{Code: ErrorInvalidOperation, Text: "The request names no operation of this service."}
	}
	if !op.Supported() {
		return nil, &Fault{Code: ErrorInvalidOperation, Text: "The operation " + op.Name + " is not available on this server."}
	}
	req := op.newRequest()
	req.decodeXML(r)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return req, nil
}

// AppendResponse writes resp as the content of a SOAP body.
func AppendResponse(e *strictxml.Encoder, resp Response) {
	resp.appendXML(e, "m:"+resp.Element())
}

// AppendRequest writes req as the content of a SOAP body.
func AppendRequest(e *strictxml.Encoder, req Request) {
	req.appendXML(e, "m:"+req.Element())
}

// DecodeResponse reads the element r stands on into resp, which must be the
// response type of the operation that was asked.
func DecodeResponse(r *strictxml.Reader, resp Response) error {
	if name := r.Name(); name.Space != NSMessages || name.Local != resp.Element() {
		return fmt.Errorf("the answer is %q, not %s", name.Local, resp.Element())
	}
	resp.decodeXML(r)
	return r.Err()
}
