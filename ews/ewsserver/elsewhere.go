package ewsserver

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"

	"entente"
	"entente/availability"
	"entente/ews"
	"entente/hop"
	"entente/soap"
)

// elsewhere has a request served by the node that has the mailboxes it is about,
// if that is another one. A request about things on several nodes is divided
// where its answer is a list of response messages; where it is not, it goes to
// the node of the first, which says what it has not got. What another node
// passed on is never passed on again.
//
// The caller has been let in here, by the gate and whom he acts as; the other
// node asks all that again.
func (h *Handler) elsewhere(c *call, v soap.Version, request ews.Request, body []byte) (answer, bool) {
	if h.Nodes == nil || hop.Arrived(c.ctx) != "" {
		return answer{}, false
	}
	if r, ok := request.(*ews.GetUserAvailabilityRequest); ok && c.s.Caller().Foreign != nil {
		return h.foreignTimes(c, v, r, body)
	}
	t := c.itinerary(request)
	if t.node != "" && t.node != h.Nodes.Self {
		return h.pass(c, t.node, nil, request, body), true
	}
	var nodes []string // "" for this one
	at := make([]int, len(t.boxes))
	for i, box := range t.boxes {
		node := ""
		if !box.IsZero() {
			node = h.Nodes.HolderOf(c.s.Snapshot(), box)
		}
		if at[i] = slices.Index(nodes, node); at[i] < 0 {
			at[i], nodes = len(nodes), append(nodes, node)
		}
	}
	switch {
	case len(nodes) == 0 || len(nodes) == 1 && nodes[0] == "":
		return answer{}, false
	// What proves who people of other organizations are covers the whole message: it
	// is not divided.
	case len(nodes) > 1 && t.split != nil && len(t.boxes) <= maxIDs && c.s.Caller().Foreign == nil:
		return h.divide(c, v, &t, nodes, at), true
	case nodes[0] == "":
		return answer{}, false
	}
	return h.pass(c, nodes[0], t.boxes, request, body), true
}

// pass passes a request on as it came.
func (h *Handler) pass(c *call, node string, boxes []entente.MailboxID, request ews.Request, body []byte) answer {
	c.s.PassedOn(node, boxes...)
	in := c.in
	if _, streams := request.(*ews.GetStreamingEvents); streams {
		patient, err := c.s.Wait(in)
		if err != nil {
			return h.refuse(c.s, err)
		}
		ctx, cancel := context.WithCancel(patient.Context())
		in = patient.WithContext(ctx)
		// A node that stops does not wait for what another one streams.
		go func(ending <-chan struct{}) {
			defer cancel()
			select {
			case <-ending:
			case <-ctx.Done():
			}
		}(c.s.Ending())
	}
	a, err := h.Nodes.Pass(in.Context(), c.passage(node, in, body))
	if err != nil {
		return h.refuse(c.s, err)
	}
	return answer{passed: a, code: a.Header.Get(hop.CodeHeader)}
}

// passage is the request for another node. If the request says itself whom the
// caller acts as, it is for him as he signed in.
func (c *call) passage(node string, in *http.Request, body []byte) *hop.Passage {
	who := *c.s.Caller()
	if c.header.Impersonation != nil {
		who.ActsAs = nil
	}
	p := c.h.Nodes.Passage(node, in, c.s.Snapshot(), &who, c.s.RequestID(), body)
	if who.Foreign != nil {
		p.Caller = nil // the token in the message is its own proof
	}
	return p
}

// divide has each node serve its parts of a request, this one among them, and
// puts the response messages together in the order of the request. The parts of
// a node that does not answer get the error each.
func (h *Handler) divide(c *call, v soap.Version, t *itinerary, nodes []string, at []int) answer {
	answers := make([]part, len(nodes))
	var others sync.WaitGroup
	for n, node := range nodes {
		sub := t.split(func(i int) bool { return at[i] == n })
		answers[n].request = sub
		if node == "" {
			continue
		}
		var boxes []entente.MailboxID
		for i := range at {
			if at[i] == n {
				boxes = append(boxes, t.boxes[i])
			}
		}
		c.s.PassedOn(node, boxes...)
		p := c.passage(node, c.in, h.envelope(c, v, sub))
		others.Go(func() { answers[n].ask(c.ctx, h.Nodes, p, messagesBegin, messagesEnd, len(boxes)) })
	}
	others.Wait()
	for n := range answers {
		// What is here, and what could not be asked: that is served here too, and
		// finds that the mailbox is not.
		if p := &answers[n]; p.messages == nil {
			if err := h.servePart(c, v, p, messagesBegin, messagesEnd); err != nil {
				return h.refuse(c.s, err)
			}
		} else if c.code == "" {
			c.code = p.code
		}
	}
	return answer{merged: merge(answers, at), code: c.code}
}

// foreignTimes answers people of other organizations, for whom no node can speak
// to another: each node with one of the calendars gets the message as it came,
// with the token in it, and answers for those it has.
func (h *Handler) foreignTimes(c *call, v soap.Version, r *ews.GetUserAvailabilityRequest, body []byte) (answer, bool) {
	nodes, far := []string{""}, false
	at := make([]int, len(r.MailboxDataArray))
	for i := range r.MailboxDataArray {
		node := ""
		if a, ok := c.s.Snapshot().FindSMTP(r.MailboxDataArray[i].Email.Address); ok {
			node = h.Nodes.Holder(a.Database)
		}
		if at[i] = slices.Index(nodes, node); at[i] < 0 {
			at[i], nodes, far = len(nodes), append(nodes, node), true
		}
	}
	if !far || r.FreeBusyViewOptions == nil || len(at) > availability.MaxMailboxes {
		return answer{}, false
	}
	answers := make([]part, len(nodes))
	var others sync.WaitGroup
	for n, node := range nodes[1:] {
		c.s.PassedOn(node)
		p := c.passage(node, c.in, body)
		others.Go(func() { answers[n+1].ask(c.ctx, h.Nodes, p, freeBusyBegin, freeBusyEnd, len(at)) })
	}
	others.Wait()
	answers[0].request = r
	if err := h.servePart(c, v, &answers[0], freeBusyBegin, freeBusyEnd); err != nil {
		return h.refuse(c.s, err), true
	}
	// Each node answered for all: of those that it has not, that it has not.
	out := slices.Clone(answers[0].head)
	for i, n := range at {
		from := answers[n].messages
		if from == nil {
			from = answers[0].messages
		}
		if i < len(from) {
			out = append(out, from[i]...)
		}
	}
	return answer{merged: append(out, answers[0].tail...), code: c.code}, true
}

// A part is the answer of one node to its parts of a request.
type part struct {
	request    ews.Request
	head, tail []byte
	messages   [][]byte
	code       string
}

// maxPart bounds what one node may answer to a part.
const maxPart = 256 << 20

func (p *part) ask(ctx context.Context, nodes *hop.Router, q *hop.Passage, begin, end string, parts int) {
	a, err := nodes.Pass(ctx, q)
	if err != nil {
		return
	}
	defer func() { _ = a.Body.Close() }()
	if a.StatusCode != http.StatusOK {
		return
	}
	raw, err := io.ReadAll(io.LimitReader(a.Body, maxPart))
	if err != nil {
		return
	}
	p.code = a.Header.Get(hop.CodeHeader)
	p.read(raw, begin, end, parts)
}

// servePart serves a part at this node.
func (h *Handler) servePart(c *call, v soap.Version, p *part, begin, end string) error {
	op := h.operations[p.request.Element()]
	response, err := op.serve(c, p.request)
	if err != nil {
		return err
	}
	e := h.encoder()
	defer h.release(e)
	soap.Begin(e, v, namespaces(), versionHeader)
	ews.AppendResponse(e, response)
	soap.End(e)
	if !p.read(bytes.Clone(e.Bytes()), begin, end, -1) {
		return entente.Errorf(entente.Internal, "an answer of %s has no response messages", p.request.Element())
	}
	return nil
}

const (
	messagesBegin = "<m:ResponseMessages>"
	messagesEnd   = "</m:ResponseMessages>"
	freeBusyBegin = "<m:FreeBusyResponseArray>"
	freeBusyEnd   = "</m:FreeBusyResponseArray>"
)

// read takes an answer apart, in the form that every node writes: text cannot
// look like an element, and no response message holds another. It reports whether
// there are as many messages as parts; -1 is any number.
func (p *part) read(raw []byte, first, last string, parts int) bool {
	begin, end := bytes.Index(raw, []byte(first)), bytes.LastIndex(raw, []byte(last))
	if begin < 0 || end < begin {
		return false
	}
	begin += len(first)
	var all [][]byte
	for rest := raw[begin:end]; len(rest) > 0; {
		n := bytes.IndexAny(rest, " >")
		if n < 2 || rest[0] != '<' {
			return false
		}
		closing := append(append([]byte("</"), rest[1:n]...), '>')
		i := bytes.Index(rest, closing)
		if i < 0 {
			return false
		}
		all, rest = append(all, rest[:i+len(closing)]), rest[i+len(closing):]
	}
	if len(all) == 0 || parts >= 0 && len(all) != parts {
		return false
	}
	p.head, p.messages, p.tail = raw[:begin], all, raw[end:]
	return true
}

// merge writes one answer: message i is the next one of the node that part i was
// at.
func merge(answers []part, at []int) []byte {
	next := make([]int, len(answers))
	out := slices.Clone(answers[0].head)
	for _, n := range at {
		if next[n] < len(answers[n].messages) {
			out = append(out, answers[n].messages[next[n]]...)
			next[n]++
		}
	}
	return append(out, answers[0].tail...)
}

// envelope writes a part of a request, with the headers of the whole.
func (h *Handler) envelope(c *call, v soap.Version, request ews.Request) []byte {
	e := h.encoder()
	defer h.release(e)
	soap.Begin(e, v, namespaces(), c.header.AppendXML)
	ews.AppendRequest(e, request)
	soap.End(e)
	return bytes.Clone(e.Bytes())
}
