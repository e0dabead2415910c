// Package ewsclient asks a server that speaks Exchange Web Services: it writes
// the envelope of a request, reads the answer within limits, and tells a fault
// from an answer.
//
// It does not dial and does not know who asks: whoever calls it brings an HTTP
// client of package outgoing, and a request with the proof of who he is in it.
package ewsclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"entente/ews"
	"entente/soap"
	"entente/strictxml"
)

// MaxAnswer is the longest answer that is read: a hundred calendars with the
// times of two months.
const MaxAnswer = 8 << 20

// maxWords bounds what is kept of a text that the other side wrote.
const maxWords = 256

// limits of an answer.
func limits() strictxml.Limits {
	return strictxml.Limits{Bytes: MaxAnswer, Depth: 64, Attributes: 32, Elements: 500_000}
}

// Namespaces are the declarations that the content of a request needs at the
// root of its envelope.
func Namespaces() []soap.Namespace {
	return []soap.Namespace{{Prefix: "m", URI: ews.NSMessages}, {Prefix: "t", URI: ews.NSTypes}}
}

// AppendHeader writes the header block that requests of ours have.
func AppendHeader(e *strictxml.Encoder) {
	h := ews.Header{RequestServerVersion: "Exchange2016"}
	h.AppendXML(e)
}

// Envelope returns a request as an envelope of SOAP 1.1.
func Envelope(q ews.Request) []byte {
	e := strictxml.NewEncoder(nil)
	soap.Begin(e, soap.V11, Namespaces(), AppendHeader)
	ews.AppendRequest(e, q)
	soap.End(e)
	return e.Bytes()
}

// Post makes the HTTP request that carries an envelope.
func Post(ctx context.Context, url string, envelope []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(envelope))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("Accept", "text/xml")
	return r, nil
}

// A Status is an answer that is no SOAP envelope, as HTTP calls it.
type Status struct {
	Code     int
	Location string // of a redirect, which is not followed
}

func (s *Status) Error() string {
	if s.Location != "" {
		return fmt.Sprintf("the server answered HTTP %d and points to %s", s.Code, s.Location)
	}
	return fmt.Sprintf("the server answered HTTP %d", s.Code)
}

// A Fault is a SOAP fault of the other side. Its texts are the other side's
// words, cut and made printable.
type Fault struct {
	Code   strictxml.Name   // the fault code, of SOAP 1.2 the subcode if there is one
	EWS    ews.ResponseCode // of the detail; "" if it has none
	Text   string
	Status int // of HTTP
}

func (f *Fault) Error() string {
	code := string(f.EWS)
	if code == "" {
		code = f.Code.Local
	}
	return "the server refused with " + code + ": " + f.Text
}

// ErrNotEWS is in the error about an answer that is not what was asked for.
var ErrNotEWS = errors.New("the answer is not understood")

// Do sends a request and reads its answer. The error is a *Fault, a *Status, in
// it ErrNotEWS, or one of the connection.
func Do(c *http.Client, r *http.Request, into ews.Response) error {
	body, status, err := Exchange(c, r)
	if err != nil {
		return err
	}
	return Read(body, status, into)
}

// Exchange sends a request and returns the whole answer, if that may be an
// envelope. The error is a *Status, or one of the connection.
func Exchange(c *http.Client, r *http.Request) (body []byte, status int, err error) {
	a, err := c.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer a.Body.Close()
	// SOAP 1.1 6.2: a fault comes with 500, and some send it with 400.
	if a.StatusCode != http.StatusOK && a.StatusCode != http.StatusInternalServerError && a.StatusCode != http.StatusBadRequest {
		// What is left unread costs the connection, and is not worth more.
		return nil, a.StatusCode, &Status{a.StatusCode, Words(a.Header.Get("Location"))}
	}
	body, err = io.ReadAll(io.LimitReader(a.Body, MaxAnswer+1))
	if err == nil && len(body) > MaxAnswer {
		err = fmt.Errorf("%w: it is longer than %d bytes", ErrNotEWS, MaxAnswer)
	}
	return body, a.StatusCode, err
}

// Read reads an answer. The error is a *Fault, a *Status, or has ErrNotEWS in it.
func Read(body []byte, status int, into ews.Response) error {
	return ReadSOAP(body, status, limits(), func(r *strictxml.Reader) {
		if err := ews.DecodeResponse(r, into); err != nil {
			r.Fail(err)
		}
	})
}

// ReadSOAP reads the content of an envelope, or the fault in it, for services
// beside EWS.
func ReadSOAP(body []byte, status int, max strictxml.Limits, decode func(*strictxml.Reader)) error {
	m, err := soap.Open(body, max)
	if err != nil {
		if status != http.StatusOK {
			return &Status{Code: status}
		}
		return fmt.Errorf("%w: %w", ErrNotEWS, err)
	}
	if m.Operation() == (strictxml.Name{Space: m.Version.Namespace(), Local: "Fault"}) {
		f := &Fault{Status: status}
		if err := m.Read(func(r *strictxml.Reader) { f.read(r, m.Version) }); err != nil {
			return fmt.Errorf("%w: %w", ErrNotEWS, err)
		}
		return f
	}
	if err := m.Read(decode); err != nil {
		return fmt.Errorf("%w: %w", ErrNotEWS, err)
	}
	return nil
}

// read reads a Fault element. SOAP 1.1 4.4, SOAP 1.2 5.4
func (f *Fault) read(r *strictxml.Reader, v soap.Version) {
	for r.Child() {
		switch r.Name().Local {
		case "faultcode":
			f.Code = r.QName()
		case "faultstring":
			f.Text = Words(r.Text())
		case "Code":
			f.readCode(r)
		case "Reason":
			for r.Child() {
				f.Text = Words(r.Text())
			}
		case "detail", "Detail":
			f.readDetail(r)
		default:
			r.Skip()
		}
	}
}

// readCode keeps the innermost code of SOAP 1.2, which says most.
func (f *Fault) readCode(r *strictxml.Reader) {
	for r.Child() {
		switch r.Name().Local {
		case "Value":
			f.Code = r.QName()
		case "Subcode":
			f.readCode(r)
		default:
			r.Skip()
		}
	}
}

func (f *Fault) readDetail(r *strictxml.Reader) {
	for r.Child() {
		if r.Name() != (strictxml.Name{Space: ews.NSErrors, Local: "ResponseCode"}) {
			r.Skip()
			continue
		}
		f.EWS = ews.ResponseCode(Words(r.Text()))
	}
}

// Words makes a text of the other side fit to be shown and kept: printable, on
// one line, and not long.
func Words(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t' || c == '\r':
			return ' '
		case c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 || c == '\u2028' || c == '\u2029' || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069':
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.TrimSpace(s)
	if len(s) > maxWords {
		s = strings.ToValidUTF8(s[:maxWords], "") + "…"
	}
	return s
}
