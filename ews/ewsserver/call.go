package ewsserver

import (
	"context"
	"errors"
	"net/http"
	"time"

	"entente/access"
	"entente/clientaccess"
	"entente/ews"
)

// A call is one request on its way through an operation.
type call struct {
	h      *Handler
	s      *clientaccess.Session
	ctx    context.Context
	in     *http.Request
	header ews.Header
	// zone is where times without an offset are meant, from TimeZoneContext;
	// UTC without one.
	zone *time.Location
	// code is the first error among the response messages, for the audit.
	code string
	// stream, if set, is what follows the response on the same connection.
	stream *stream
}

// An operation answers the requests of one element. writes says whether it
// changes anything, which decides how its audit record is kept.
type operation struct {
	name   string
	writes bool
	glance bool // learns no more than who is free when
	// rights are all that the operation may ask for, of mailboxes, folders and
	// items; stated tells that they were said, be it that there are none.
	rights access.Rights
	stated bool
	// offers are those of delegation tokens by which people of other organizations
	// may call it; none where that is not said.
	offers []string
	serve  func(*call, ews.Request) (ews.Response, error)
}

// asks completes a row of the table of operations: what it may ask for. A row
// without it is not served.
func (op operation) asks(r access.Rights) operation {
	op.rights, op.stated = r, true
	return op
}

// reads and changes make operations of methods, so that the table of
// operations stays a table.
func reads[Q ews.Request, R ews.Response](name string, f func(*call, Q) (R, error)) operation {
	return operation{name: name, serve: func(c *call, r ews.Request) (ews.Response, error) {
		return f(c, r.(Q))
	}}
}

func changes[Q ews.Request, R ews.Response](name string, f func(*call, Q) (R, error)) operation {
	op := reads(name, f)
	op.writes = true
	return op
}

func glances[Q ews.Request, R ews.Response](name string, f func(*call, Q) (R, error)) operation {
	op := reads(name, f)
	op.glance = true
	return op
}

// setZone reads the zone of the request's TimeZoneContext.
func (c *call) setZone() error {
	c.zone = time.UTC
	if t := c.header.TimeZoneContext; t != nil {
		zone, err := c.h.zone(&t.TimeZoneDefinition)
		if err != nil {
			return err
		}
		c.zone = zone.Location()
	}
	return nil
}

// fail makes the response message of an error that concerns one part of the
// request, and has the audit record carry the first of them.
func (c *call) fail(err error) ews.ResponseMessage {
	f := c.h.faultOf(c.s, err)
	if c.code == "" {
		c.code = string(f.Code)
	}
	m := ews.FailureText(f.Code, f.Message())
	var property *propertyError
	if errors.As(err, &property) {
		m.MessageXML = &ews.MessageXML{Path: property.path}
	}
	if len(f.Details) > 0 {
		m.MessageXML = &ews.MessageXML{Values: f.Details}
	}
	return m
}

func connectingSID(c ews.ConnectingSID) access.ConnectingSID {
	return access.ConnectingSID{
		PrincipalName: c.PrincipalName, SID: c.SID,
		PrimarySmtpAddress: c.PrimarySMTPAddress, SmtpAddress: c.SMTPAddress,
	}
}
