package ewsserver

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"entente/access"
	"entente/clientaccess"
	"entente/ews"
	"entente/soap"
	"entente/strictxml"
)

// A Front decides requests for a server that is not ours, as this one would
// decide its own: who may come in with which application, and who may act as
// whom. What it lets through goes on as it was read here, never as it came, so
// that the server behind cannot read something else than was decided on. What it
// refuses it answers as a Handler does.
//
// It knows no mailboxes: what may be done in one, the server behind asks for
// itself, of whom it is told that the request comes from.
type Front struct {
	handler *Handler
	bodies  room
}

// NewFront returns a Front; c needs a Log and no more.
func NewFront(c Config) *Front {
	return &Front{handler: New(c), bodies: room{most: maxBodies}}
}

// Impersonation is what becomes of a request whose caller acts as somebody else
// and may.
type Impersonation string

const (
	// ImpersonatePass leaves the header in: the server behind decides again, by
	// the rights that the caller has there. The default.
	ImpersonatePass Impersonation = "pass"
	// ImpersonateTranslate takes the header out and has the request come from
	// whom it names: rights of ours work in front of a server that has none.
	ImpersonateTranslate Impersonation = "translate"
	// ImpersonateRefuse has nobody act as another.
	ImpersonateRefuse Impersonation = "refuse"
)

// Known reports whether the word is one of those above, or none.
func (i Impersonation) Known() bool {
	return i == "" || i == ImpersonatePass || i == ImpersonateTranslate || i == ImpersonateRefuse
}

// A Pass sends a decided request on, in the name of as, and its answer back.
type Pass func(w http.ResponseWriter, r *http.Request, as access.Principal)

// Passing is the handler of a session whose request goes on by pass if it may.
func (f *Front) Passing(i Impersonation, pass Pass) clientaccess.Handler {
	return &passing{f, i, pass}
}

type passing struct {
	*Front
	mode Impersonation
	pass Pass
}

// ServeSession implements clientaccess.Handler.
func (p *passing) ServeSession(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		p.serveGet(s, w, r)
		return
	}
	s.Operation("Unknown", false)
	kind, ok := contentKind(r.Header)
	if !ok {
		p.unsupported(s, w, r)
		return
	}
	b, err := p.read(w, r)
	defer b.release()
	switch {
	case err == errCoding:
		p.unsupported(s, w, r)
		return
	case err == errRoom:
		p.handler.send(s, w, r, soap.V11, noRoom())
		return
	case err != nil:
		p.handler.send(s, w, r, soap.V11, tooLarge(err))
		return
	}
	d := decided{body: b}
	if err := p.decide(s, &d); err != nil {
		p.handler.send(s, w, r, d.version, p.handler.refuse(s, err))
		return
	}
	p.send(s, w, r, &d, kind)
}

// A decided is a request that was read and, unless it was refused, let through.
type decided struct {
	body      *posted
	version   soap.Version
	operation string
	streams   bool // its answer lasts as long as the connection
	length    int64
}

// decide takes a request through headers, impersonation and the gate, and reads
// it to its end.
func (p *passing) decide(s *clientaccess.Session, d *decided) error {
	m, err := soap.Open(d.body.plain, limits())
	if err != nil {
		return err
	}
	d.version = m.Version
	if err := p.name(s, m, d); err != nil {
		return err
	}
	header, err := p.identities(m)
	if err != nil {
		return err
	}
	if header.Impersonation != nil && p.mode == ImpersonateRefuse {
		return &ews.Fault{Code: ews.ErrorImpersonationDenied}
	}
	// With the header its right is left out too, so it must be ours to give.
	// Otherwise what a role allows is for the server that knows it.
	if p.mode != ImpersonateTranslate {
		header.ManagementRole = nil
	}
	if err := p.handler.enter(s, &header); err != nil {
		return err
	}
	(&targets{s: s}).read(m.Body)
	if err := m.Finish(); err != nil {
		return err
	}
	d.length, err = d.body.rewrite(p.omit())
	return err
}

// name finds the operation. Any of the service's is passed, also those which we
// do not serve and those that came after the description we know.
func (p *passing) name(s *clientaccess.Session, m *soap.Message, d *decided) error {
	element := m.Operation()
	if element.Space != ews.NSMessages || len(element.Local) > maxOperation {
		return &ews.Fault{Code: ews.ErrorInvalidOperation, Text: "The request names no operation of this service."}
	}
	d.operation = element.Local
	if known, ok := ews.OperationOf(element.Local); ok {
		d.operation = known.Name
	}
	op, served := p.handler.operations[element.Local]
	if !served {
		op.writes = !looks(d.operation)
	}
	d.streams = d.operation == "GetStreamingEvents"
	s.Operation(d.operation, op.writes)
	if op.glance {
		s.Glance()
	}
	return nil
}

// maxOperation bounds the name of an operation in records.
const maxOperation = 64

// looks reports whether an operation that we do not serve only reads, by its name.
// What is not known to is recorded as if it wrote.
func looks(operation string) bool {
	for _, begin := range [...]string{"Get", "Find", "Search", "Resolve", "Expand", "Convert", "Export", "Sync"} {
		if strings.HasPrefix(operation, begin) {
			return true
		}
	}
	return false
}

// identities reads the header as a Handler does. What must be understood is for
// the server behind to understand; but who the request says to come from is
// judged here, and must not be for other eyes than ours: a block for another actor
// is one that the server behind may pass over.
func (p *passing) identities(m *soap.Message) (ews.Header, error) {
	head := m.Header()
	if head == nil {
		return ews.Header{}, nil
	}
	var others []strictxml.Name
	for _, b := range m.Blocks {
		others = append(others, b.Name)
		if b.Name == impersonationBlock && b.Actor != "" {
			return ews.Header{}, &ews.Fault{Code: ews.ErrorInvalidExchangeImpersonationHeaderData, Text: "The impersonation header is for another actor."}
		}
	}
	return ews.DecodeHeader(head, others...)
}

var (
	impersonationBlock  = strictxml.Name{Space: ews.NSTypes, Local: "ExchangeImpersonation"}
	managementRoleBlock = strictxml.Name{Space: ews.NSTypes, Local: "ManagementRole"}
)

// omit says what of the header is left out: of whom the request comes from,
// where the server behind is told in another way.
func (p *passing) omit() func(int, strictxml.Name) bool {
	if p.mode != ImpersonateTranslate {
		return nil
	}
	return func(depth int, name strictxml.Name) bool {
		return depth == headerBlock && (name == impersonationBlock || name == managementRoleBlock)
	}
}

// headerBlock is the depth of what is in the Header, and of the Body's child,
// which is in another namespace.
const headerBlock = 3

// send records a request and passes it on.
func (p *passing) send(s *clientaccess.Session, w http.ResponseWriter, r *http.Request, d *decided, kind mediaType) {
	if d.streams {
		patient, err := s.Wait(r)
		if err != nil {
			p.handler.send(s, w, r, d.version, p.handler.refuse(s, err))
			return
		}
		r = patient
	}
	if !p.conclude(r.Context(), s) {
		p.handler.send(s, w, r, d.version, unrecorded())
		return
	}
	nameSubject(s, w.Header())
	out := r.WithContext(r.Context())
	out.Header = r.Header.Clone()
	out.Header.Set("Content-Type", kind.header(d))
	out.Header.Del("Content-Encoding")
	if len(out.Header["Soapaction"]) > 0 {
		// Whoever goes by the header goes where the Body goes.
		out.Header.Set("SOAPAction", `"`+ews.NSMessages+"/"+d.operation+`"`)
	}
	out.ContentLength, out.TransferEncoding, out.Trailer = d.length, nil, nil
	out.GetBody = d.body.reader(p.omit())
	out.Body, _ = out.GetBody()
	p.pass(w, out, p.comesFrom(s))
}

// comesFrom is who the server behind is told that the request comes from.
func (p *passing) comesFrom(s *clientaccess.Session) access.Principal {
	if p.mode == ImpersonateTranslate {
		return s.Caller().Subject()
	}
	return s.Caller().Authenticated
}

// conclude writes the record of a request that is let through. There is no
// answer yet: what the server behind makes of it is not known to the record.
func (p *passing) conclude(ctx context.Context, s *clientaccess.Session) bool {
	err := s.Conclude(ctx, "")
	if err != nil {
		p.handler.Log.Error("audit", "request", s.RequestID(), "err", err)
	}
	return err == nil
}

func unrecorded() answer {
	return faultAnswer(ews.ErrorServerBusy, "The audit log is not available; the request is withheld.")
}

// noRoom is the answer while all memory for bodies is taken.
func noRoom() answer {
	a := faultAnswer(ews.ErrorServerBusy, "The server cannot take the request now; try again.")
	a.backOff = 5 * time.Second
	return a
}

// serveGet passes requests for the service's description, of whoever may come in.
func (p *passing) serveGet(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.Operation("Unknown", false)
		_ = p.conclude(r.Context(), s)
		w.Header().Set("Allow", "POST, GET, HEAD")
		http.Error(w, "requests are sent with POST", http.StatusMethodNotAllowed)
		return
	}
	s.Operation("GET", false)
	if err := p.handler.enter(s, &ews.Header{}); err != nil {
		p.handler.send(s, w, r, soap.V11, p.handler.refuse(s, err))
		return
	}
	if !p.conclude(r.Context(), s) {
		p.handler.send(s, w, r, soap.V11, unrecorded())
		return
	}
	out := r.WithContext(r.Context())
	out.Body, out.ContentLength, out.TransferEncoding = http.NoBody, 0, nil
	p.pass(w, out, s.Caller().Authenticated)
}

// unsupported refuses what is not read as XML in UTF-8, plain or by gzip: how the
// server behind would read it is not known.
func (p *passing) unsupported(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	if err := s.Conclude(r.Context(), string(ews.ErrorInvalidRequest)); err != nil {
		p.handler.Log.Error("audit", "request", s.RequestID(), "err", err)
	}
	w.Header().Set("Accept-Encoding", "gzip")
	http.Error(w, "requests are XML in UTF-8, plain or by gzip", http.StatusUnsupportedMediaType)
}

// mediaType is the media type a request came with.
type mediaType string

// contentKind reads the Content-Type. Its charset counts for more than what the
// XML says of itself, RFC 7303 3.2, so it must be ours: read as UTF-7 the same
// bytes are another request.
func contentKind(h http.Header) (mediaType, bool) {
	if len(h["Content-Type"]) > 1 {
		return "", false
	}
	said := h.Get("Content-Type")
	if said == "" {
		return "text/xml", true
	}
	kind, params, err := mime.ParseMediaType(said)
	if err != nil {
		return "", false
	}
	if c, ok := params["charset"]; ok && !strings.EqualFold(c, "utf-8") {
		return "", false
	}
	switch kind {
	case "text/xml", "application/soap+xml":
		return mediaType(kind), true
	}
	return "", false
}

// header is the Content-Type of what goes on. SOAP 1.2 part 2, 6.5.3: the action
// is a parameter of it.
func (k mediaType) header(d *decided) string {
	if k == "application/soap+xml" {
		return string(k) + `; charset=utf-8; action="` + ews.NSMessages + "/" + d.operation + `"`
	}
	return string(k) + "; charset=utf-8"
}
