// Package ewsserver answers Exchange Web Services requests, one file an
// operation.
//
// It decides nothing: every mailbox it touches is opened through the session
// of the door, and every item through a mailbox.View, which check. It keeps
// nothing: items live in mailbox, accounts in directory. What it knows is how
// both look on the wire.
package ewsserver

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/availability"
	"entente/calendar"
	"entente/clientaccess"
	"entente/delivery"
	"entente/ews"
	"entente/ews/ewssharing"
	"entente/hop"
	"entente/soap"
	"entente/strictxml"
)

// maxBody is the largest request, after decompression: a message of 25 MiB in
// base64 and its envelope.
const maxBody = 36 << 20

// limits bound a request's XML.
func limits() strictxml.Limits {
	return strictxml.Limits{Bytes: maxBody, Depth: 128, Attributes: 64, Elements: 500_000}
}

// Config is what a Handler joins.
type Config struct {
	Log *slog.Logger
	// SyncState marks the sync states that clients keep for us, so that they
	// bring back what we gave them and nothing else.
	SyncState Marker
	// Free answers free/busy questions.
	Free *availability.Service
	// Courier takes messages to those they are addressed to. Without one,
	// nothing can be sent.
	Courier *delivery.Courier
	// Sharing invites to folders and follows what others share; without it there
	// are no invitations.
	Sharing *ewssharing.Service
	// Nodes, if set, leads to the nodes that have the mailboxes which this one has
	// not.
	Nodes *hop.Router
	// Unavailable reports whether an error says that a database cannot work at
	// the moment: it is away, or its disk is full. Clients are told to try
	// again then. Nil is never.
	Unavailable func(error) bool
}

// A Marker signs bytes that come back from outside: the mark of some data can
// be made and recognized by this organization's servers alone.
type Marker interface {
	// Append appends the mark of data to b.
	Append(b, data []byte) []byte
	// Valid reports whether mark is the mark of data.
	Valid(data, mark []byte) bool
}

// A Handler serves /EWS/Exchange.asmx. It is safe for concurrent use.
type Handler struct {
	Config
	operations map[string]operation
	fields     []itemField
	shapes     map[shapeKey][]ews.Field
	zones      *calendar.Zones
	buffers    sync.Pool // of *strictxml.Encoder

	subscriptions *subscriptions
}

// maxPooled is the largest buffer that is kept for the next answer.
const maxPooled = 1 << 20

// New returns a Handler.
func New(c Config) *Handler {
	node := ""
	if c.Nodes != nil {
		node = c.Nodes.Self
	}
	h := &Handler{Config: c, operations: operations(), fields: itemFields(), zones: new(calendar.Zones), subscriptions: newSubscriptions(node)}
	h.shapes = itemShapes(h.fields)
	return h
}

// An answer is what goes back: the content of the envelope's Body, or a fault.
type answer struct {
	response ews.Response
	fault    *soap.Fault
	stream   *stream        // what follows the response
	passed   *http.Response // another node's, to be sent on as it comes; to be closed
	merged   []byte         // the whole envelope, put together from several nodes'
	gate     error          // refused at the gate: HTTP 403
	code     string         // for the audit record; empty for success
	backOff  time.Duration  // for which a busy server asks to be left alone
}

// ServeSession implements clientaccess.Handler. Nothing is written before the
// audit record is safe.
func (h *Handler) ServeSession(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		h.notPost(s, w, r)
		return
	}
	// What the client says of the length is believed as far as it costs little.
	body := bytes.NewBuffer(make([]byte, 0, min(max(r.ContentLength, 0), maxPooled)+bytes.MinRead))
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		h.send(s, w, r, soap.V11, tooLarge(err))
		return
	}
	version, a := h.answer(r, s, body.Bytes())
	h.send(s, w, r, version, a)
}

// notPost answers GET with a pointer to the service description, as Exchange
// does for a browser that comes by.
func (h *Handler) notPost(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	s.Operation("GET", false)
	if err := s.Conclude(r.Context(), ""); err != nil {
		http.Error(w, "not available now", http.StatusServiceUnavailable)
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		http.Redirect(w, r, "/EWS/Services.wsdl", http.StatusFound)
		return
	}
	w.Header().Set("Allow", "POST, GET, HEAD")
	http.Error(w, "requests are sent with POST", http.StatusMethodNotAllowed)
}

// close gives up what another node answers.
func (a *answer) close() {
	if a.passed != nil {
		_ = a.passed.Body.Close()
	}
}

func tooLarge(err error) answer {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return faultAnswer(ews.ErrorMessageSizeExceeded, "")
	}
	return faultAnswer(ews.ErrorInvalidRequest, "the request ended before its end")
}

// answer takes one request through headers, impersonation and the gate to its
// operation.
func (h *Handler) answer(r *http.Request, s *clientaccess.Session, body []byte) (soap.Version, answer) {
	s.Operation("Unknown", false)
	m, err := soap.Open(body, limits())
	if err != nil {
		return soap.V11, h.refuse(s, err)
	}
	if op, ok := h.operations[m.Operation().Local]; ok {
		s.Operation(op.name, op.writes)
		if op.glance {
			s.Glance()
		}
	} else if known, ok := ews.OperationOf(m.Operation().Local); ok {
		s.Operation(known.Name, false)
	}
	c := &call{h: h, s: s, ctx: r.Context(), in: r}
	foreign := s.Caller().Foreign
	if head := m.Header(); head != nil {
		if c.header, err = ews.DecodeHeader(head, understood(foreign)...); err != nil {
			return m.Version, h.refuse(s, err)
		}
	}
	op := h.operations[m.Operation().Local]
	if err := federated(foreign, &c.header, &op); err != nil {
		return m.Version, h.refuse(s, err)
	}
	if err := h.enter(s, &c.header); err != nil {
		return m.Version, h.refuse(s, err)
	}
	if !op.stated {
		return m.Version, h.refuse(s, notServed())
	}
	request, err := ews.DecodeRequest(m.Body)
	if err == nil {
		err = m.Finish()
	}
	if err != nil {
		return m.Version, h.refuse(s, err)
	}
	if a, ok := h.elsewhere(c, m.Version, request, body); ok {
		return m.Version, a
	}
	return m.Version, h.serve(c, request)
}

func notServed() error {
	return &ews.Fault{Code: ews.ErrorInvalidOperation, Text: "The operation is not available on this server."}
}

// gateError marks what the gate said, which is answered with HTTP 403 where
// all else is a fault.
type gateError struct{ error }

func (g *gateError) Unwrap() error { return g.error }

func (h *Handler) serve(c *call, request ews.Request) answer {
	op := h.operations[request.Element()]
	if !op.stated {
		return h.refuse(c.s, notServed())
	}
	if idsIn(request) > maxIDs {
		return h.refuse(c.s, tooManyIDs())
	}
	if err := c.setZone(); err != nil {
		return h.refuse(c.s, err)
	}
	response, err := op.serve(c, request)
	if err != nil {
		return h.refuse(c.s, err)
	}
	return answer{response: response, code: c.code, stream: c.stream}
}

// refuse makes the answer of an error that ends the whole request.
func (h *Handler) refuse(s *clientaccess.Session, err error) answer {
	var gate *gateError
	if errors.As(err, &gate) && !isReason(err, clientaccess.Busy) {
		return answer{gate: gate.error, code: string(ews.ErrorAccessDenied)}
	}
	var f *soap.Fault
	if errors.As(err, &f) {
		return answer{fault: f, code: f.Code.Local}
	}
	fault := h.faultOf(s, err)
	a := answer{fault: exchangeFault(fault), code: string(fault.Code)}
	if fault.Code == ews.ErrorServerBusy {
		a.backOff = clientaccess.BackOff(err)
	}
	if code, ok := codeOfNode(reasonOf(err)); ok && code == ews.ErrorMailboxStoreUnavailable {
		a.backOff = nodeBackOff
	}
	return a
}

// nodeBackOff is after what time a node that was gone may be back: its lease, or a
// restart.
const nodeBackOff = 5 * time.Second

func reasonOf(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func faultAnswer(code ews.ResponseCode, text string) answer {
	return answer{fault: exchangeFault(&ews.Fault{Code: code, Text: text}), code: string(code)}
}

// exchangeFault writes a fault as Exchange does, details in MessageXml.
func exchangeFault(f *ews.Fault) *soap.Fault {
	var more func(*strictxml.Encoder)
	if len(f.Details) > 0 {
		more = func(e *strictxml.Encoder) {
			e.Start("t:MessageXml")
			e.Attr("xmlns:t", ews.NSTypes)
			for _, d := range f.Details {
				e.Start("t:Value")
				e.Attr("Name", d.Name)
				e.Text(d.Text)
				e.End("t:Value")
			}
			e.End("t:MessageXml")
		}
	}
	return soap.ExchangeFault(string(f.Code), f.Message(), f.Message(), more)
}

// send records the request and writes the answer: HTTP 200, 500 for faults
// (.NET clients read faults at no other status), 403 from the gate.
func (h *Handler) send(s *clientaccess.Session, w http.ResponseWriter, r *http.Request, v soap.Version, a answer) {
	if a.stream != nil {
		patient, err := s.Wait(r)
		if err != nil {
			a = h.refuse(s, err)
		} else {
			r = patient
		}
	}
	if err := s.Conclude(r.Context(), a.code); err != nil {
		h.Log.Error("audit", "request", s.RequestID(), "err", err)
		a.close()
		a = faultAnswer(ews.ErrorServerBusy, "The audit log is not available; the answer is withheld.")
	}
	if a.code != "" && hop.Arrived(r.Context()) != "" {
		w.Header().Set(hop.CodeHeader, a.code)
	}
	if s.Caller().Foreign == nil {
		nameSubject(s, w.Header())
	}
	if a.gate != nil {
		h.sendForbidden(s, w, v, a.gate)
		return
	}
	if a.stream != nil {
		h.stream(s, w, r, v, a)
		return
	}
	if a.passed != nil {
		defer a.close()
		hop.Relay(w, a.passed)
		return
	}
	if a.merged != nil {
		write(w, v, http.StatusOK, a.merged)
		return
	}
	e := h.encoder()
	defer h.release(e)
	status := http.StatusOK
	if a.fault != nil {
		status = http.StatusInternalServerError
		soap.AppendFault(e, v, a.fault, namespaces(), versionHeader)
		if a.backOff > 0 {
			w.Header().Set("Retry-After", clientaccess.RetryAfter(a.backOff))
		}
	} else {
		soap.Begin(e, v, namespaces(), versionHeader)
		ews.AppendResponse(e, a.response)
		soap.End(e)
	}
	write(w, v, status, e.Bytes())
}

// encoder returns an encoder with nothing in it.
func (h *Handler) encoder() *strictxml.Encoder {
	if e, ok := h.buffers.Get().(*strictxml.Encoder); ok {
		return e
	}
	return strictxml.NewEncoder(make([]byte, 0, 8<<10))
}

// release keeps an encoder for the next answer.
func (h *Handler) release(e *strictxml.Encoder) {
	b := e.Bytes()
	if cap(b) <= maxPooled {
		e.Reset(b[:0])
		h.buffers.Put(e)
	}
}

// sendForbidden is the 403 of a gate: a SOAP body for those who read it, the
// reason in headers for those who do not (access.md 1.5; exchangelib shows
// X-CasErrorCode). The connection is kept: exchangelib takes its closing for a
// busy server and tries again for ever.
func (h *Handler) sendForbidden(s *clientaccess.Session, w http.ResponseWriter, v soap.Version, err error) {
	reason, text := "access-denied", "not allowed"
	var e *entente.Error
	// Another organization is not told what is agreed with whom.
	if errors.As(err, &e) && s.Caller().Foreign == nil {
		reason, text = string(e.Reason), e.Text
	}
	w.Header().Set("X-CasErrorCode", string(ews.ErrorAccessDenied))
	w.Header().Set("X-Entente-Reason", reason)
	w.Header().Set("X-Entente-Request-Id", s.RequestID())
	message := "Access is denied. Check credentials and try again. (" + text + "; request " + s.RequestID() + ")"
	enc := strictxml.NewEncoder(nil)
	soap.AppendFault(enc, v, soap.ExchangeFault(string(ews.ErrorAccessDenied), message, message, nil), namespaces(), versionHeader)
	write(w, v, http.StatusForbidden, enc.Bytes())
}

func write(w http.ResponseWriter, v soap.Version, status int, body []byte) {
	w.Header().Set("Content-Type", contentType(v))
	w.Header().Set("Cache-Control", "private")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func contentType(v soap.Version) string {
	if v == soap.V12 {
		return "application/soap+xml; charset=utf-8"
	}
	return "text/xml; charset=utf-8"
}

func namespaces() []soap.Namespace {
	return []soap.Namespace{{Prefix: "t", URI: ews.NSTypes}, {Prefix: "m", URI: ews.NSMessages}}
}

// Path reports whether p is the path of the service, in any case: DavMail
// posts to /ews/exchange.asmx.
func Path(p string) bool { return strings.EqualFold(p, "/EWS/Exchange.asmx") }
