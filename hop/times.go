package hop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/calendar"
	"entente/clientaccess"
)

// PathTimes is where nodes ask each other when people are free.
const PathTimes = "/entente/node/times"

// Bounds of a question to another node, and of its answer.
const (
	maxTimes       = 4 << 20
	maxTimesAnswer = 64 << 20
	maxTimesBoxes  = 20_000
	timesTimeout   = 10 * time.Second
)

// times is a question to another node.
type times struct {
	As      entente.SID `json:"as,omitempty"` // whom the caller acts as
	Of      []string    `json:"of"`           // ids of mailboxes
	Start   time.Time   `json:"start"`
	End     time.Time   `json:"end"`
	Slot    int64       `json:"slot"` // nanoseconds
	View    uint8       `json:"view"`
	Members bool        `json:"members,omitempty"`
}

// A person is what is told of one of them.
type person struct {
	View   uint8   `json:"view"`
	Merged []byte  `json:"merged,omitempty"`
	Busy   []busy  `json:"busy"`
	Err    *failed `json:"err,omitempty"`
}

type busy struct {
	Start  time.Time           `json:"start"`
	End    time.Time           `json:"end"`
	Status calendar.BusyStatus `json:"status"`
	Detail *detail             `json:"detail,omitempty"`
}

// detail is calendar.BusyDetail, whose id is bytes.
type detail struct {
	ID []byte `json:"id,omitempty"`
	calendar.BusyDetail
}

// failed is an error that may be shown.
type failed struct {
	Kind   entente.Kind   `json:"kind"`
	Reason entente.Reason `json:"reason,omitempty"`
	Text   string         `json:"text"`
}

// FreeBusy implements availability.Nodes: it asks as the caller, who acts there as
// whom he acts as here, if he may.
func (r *Router) FreeBusy(ctx context.Context, o availability.Opener, node string, of []entente.MailboxID, q availability.Request) ([]availability.Answer, error) {
	s, ok := o.(*clientaccess.Session)
	if !ok || o.Caller().Foreign != nil {
		return nil, unavailable(NodeRefused, "whoever asks cannot be passed on to the node with the mailbox", nil)
	}
	t := times{Start: q.Window.Start, End: q.Window.End, Slot: int64(q.Slot), View: uint8(q.View), Members: q.Members}
	for _, box := range of {
		t.Of = append(t.Of, box.String())
	}
	who := *o.Caller()
	if who.ActsAs != nil {
		t.As, who.ActsAs = who.ActsAs.SID, nil
	}
	body, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timesTimeout)
	defer cancel()
	a, err := r.Pass(ctx, &Passage{
		Node: node, Method: http.MethodPost, Path: PathTimes, Body: body, Request: s.RequestID(), Caller: &who,
		Header:  http.Header{"Content-Type": {"application/json"}, "User-Agent": {who.UserAgent}},
		Address: who.Address, Generation: o.Snapshot().Generation(),
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Body.Close() }()
	var people []person
	err = json.NewDecoder(io.LimitReader(a.Body, maxTimesAnswer)).Decode(&people)
	if a.StatusCode != http.StatusOK || err != nil || len(people) != len(of) {
		return nil, unavailable(NoAnswer, "the node "+node+" does not answer", err)
	}
	out := make([]availability.Answer, len(people))
	for i := range people {
		out[i] = people[i].answer()
	}
	return out, nil
}

func (p *person) answer() availability.Answer {
	if p.Err != nil {
		return availability.Answer{Err: &entente.Error{Kind: p.Err.Kind, Reason: p.Err.Reason, Text: p.Err.Text}}
	}
	a := availability.Answer{View: availability.View(p.View), Merged: p.Merged}
	if p.Busy != nil {
		a.Busy = make([]calendar.Busy, len(p.Busy))
	}
	for i, b := range p.Busy {
		a.Busy[i] = calendar.Busy{Interval: calendar.Interval{Start: b.Start, End: b.End}, Status: b.Status}
		if b.Detail != nil {
			d := b.Detail.BusyDetail
			d.ID = string(b.Detail.ID)
			a.Busy[i].Detail = &d
		}
	}
	return a
}

func personOf(a *availability.Answer) person {
	if a.Err != nil {
		f := &failed{Kind: entente.Internal, Text: "the calendar cannot be read now"}
		var e *entente.Error
		if errors.As(a.Err, &e) {
			f = &failed{e.Kind, e.Reason, e.Text}
		}
		return person{Err: f}
	}
	p := person{View: uint8(a.View), Merged: a.Merged}
	if a.Busy != nil {
		p.Busy = make([]busy, len(a.Busy))
	}
	for i, b := range a.Busy {
		p.Busy[i] = busy{Start: b.Start, End: b.End, Status: b.Status}
		if b.Detail != nil {
			d := &detail{[]byte(b.Detail.ID), *b.Detail}
			d.BusyDetail.ID = ""
			p.Busy[i].Detail = d
		}
	}
	return p
}

// A TimesHandler answers other nodes, behind the door like any client.
type TimesHandler struct {
	Free *availability.Service
	Log  func(error)
}

// ServeSession implements clientaccess.Handler.
func (h *TimesHandler) ServeSession(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	s.Operation("GetUserAvailability", false)
	s.Glance()
	text, status := h.answer(s, w, r)
	code := ""
	if status != http.StatusOK {
		code = "ErrorAccessDenied"
	}
	if err := s.Conclude(r.Context(), code); err != nil {
		status = http.StatusServiceUnavailable
	}
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

func (h *TimesHandler) answer(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) (text []byte, status int) {
	if Arrived(r.Context()) == "" || r.Method != http.MethodPost {
		return nil, http.StatusNotFound
	}
	var q times
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxTimes))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil || len(q.Of) > maxTimesBoxes {
		return nil, http.StatusBadRequest
	}
	boxes := make([]entente.MailboxID, len(q.Of))
	for i, id := range q.Of {
		var err error
		if boxes[i], err = entente.ParseMailboxID(id); err != nil {
			return nil, http.StatusBadRequest
		}
	}
	ask := availability.Request{
		Mailboxes: q.Of[:min(len(q.Of), 1)], Window: calendar.Interval{Start: q.Start, End: q.End},
		Slot: time.Duration(q.Slot), View: availability.View(q.View), Members: q.Members,
	}
	if len(boxes) == 0 || ask.Check() != nil {
		return nil, http.StatusBadRequest
	}
	if q.As != "" {
		if err := s.Impersonate(access.ConnectingSID{SID: string(q.As)}); err != nil {
			return nil, http.StatusForbidden
		}
	}
	if err := s.Enter(); err != nil {
		return nil, http.StatusForbidden
	}
	s.Expect(len(boxes))
	answers := h.Free.Here(r.Context(), s, boxes, ask)
	people := make([]person, len(answers))
	for i := range answers {
		people[i] = personOf(&answers[i])
		if people[i].Err != nil && people[i].Err.Kind == entente.Internal {
			h.Log(answers[i].Err)
		}
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(people); err != nil {
		return nil, http.StatusInternalServerError
	}
	return b.Bytes(), http.StatusOK
}
