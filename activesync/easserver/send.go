package easserver

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"entente/clientaccess"
	"entente/connections"
	"entente/hop"
)

// allow are the methods of the service.
const allow = "OPTIONS, POST"

// options says what is spoken here. [MS-ASHTTP] 2.2.3, 2.2.4
func (c *call) options() error {
	c.s.Operation("OPTIONS", false)
	if err := c.enter(); err != nil {
		return err
	}
	c.setHeader("MS-ASProtocolVersions", c.h.spoken)
	c.setHeader("MS-ASProtocolCommands", strings.Join(c.h.names, ","))
	c.setHeader("Public", "OPTIONS,POST")
	c.setHeader("Allow", allow)
	return nil
}

// tellVersions tells a device that has been here before when more versions are
// spoken than it knows of, once: it asks with OPTIONS then, and synchronizes anew in
// the best of them. [MS-ASHTTP] 2.2.1.2.2
func (c *call) tellVersions() error {
	if c.device.Spoken == c.h.spoken {
		return nil
	}
	known := strings.Split(c.device.Spoken, ",")
	more := func(v string) bool { return !slices.Contains(known, v) }
	if c.device.Spoken != "" && slices.ContainsFunc(strings.Split(c.h.spoken, ","), more) {
		c.setHeader("X-MS-RP", c.h.spoken)
	}
	return c.h.Devices.SetSpoken(c.ctx, c.device.Key, c.h.spoken)
}

// adviseOutlook says in the log, once for each, that Outlook for Windows had better
// be another client: it changes how it speaks ActiveSync with each build, and has no
// free/busy and no shared folders by it.
func (c *call) adviseOutlook() {
	if !strings.HasPrefix(c.line.DeviceType, "WindowsOutlook") || !c.device.First.Equal(c.device.Last) {
		return
	}
	c.h.Log.Warn("Outlook for Windows synchronizes by ActiveSync: its user should have an account by another protocol",
		"account", string(c.s.Caller().Subject().UPN), "device", c.line.DeviceID)
}

// setHeader sets a header of the answer.
func (c *call) setHeader(name, value string) {
	if c.answer.header == nil {
		c.answer.header = http.Header{}
	}
	c.answer.header.Set(name, value)
}

// conclude has the audit record safe before anything is told.
func (c *call) conclude() {
	if err := c.s.Conclude(c.ctx, c.answer.code); err != nil {
		c.h.Log.Error("audit", "request", c.s.RequestID(), "err", err)
		c.refuse(&httpError{http.StatusServiceUnavailable, "the audit log is not available; the answer is withheld"})
		c.answer.backOff = clientaccess.BackOff(err)
	}
}

// smallest is how long an answer is before compressing it pays.
const smallest = 1 << 10

// send writes the answer. The request is concluded.
func (c *call) send(w http.ResponseWriter) {
	c.head(w.Header())
	if c.answer.passed != nil && c.answer.status == 0 {
		hop.Relay(w, c.answer.passed)
		return
	}
	body, status := c.content(w.Header())
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// sendTo writes the answer to a connection that was parked.
func (c *call) sendTo(p *connections.Parked) {
	h := http.Header{}
	c.head(h)
	body, status := c.content(h)
	h.Del("Content-Length") // who is parked knows it
	if err := p.Answer(status, h, body); err != nil {
		c.h.Log.Debug("answer not taken", "id", c.s.RequestID(), "err", err)
	}
}

// head sets the headers that do not depend on the body.
func (c *call) head(h http.Header) {
	for name, values := range c.answer.header {
		h[name] = values
	}
	h.Set("MS-Server-ActiveSync", c.h.Version)
	h.Set("Cache-Control", "private")
	if c.answer.code != "" && hop.Arrived(c.ctx) != "" {
		h.Set(hop.CodeHeader, c.answer.code)
	}
	if c.answer.backOff > 0 {
		h.Set("Retry-After", clientaccess.RetryAfter(c.answer.backOff))
	}
}

// content returns the body as it goes out, and sets the headers that tell of it.
// Where a phone takes gzip and it pays, it is compressed. There is nothing in it
// that somebody else could have put beside a secret, time and again, to learn the
// secret by the length: every document has its own keys and order.
func (c *call) content(h http.Header) (body []byte, status int) {
	body, kind, status := c.answer.body, c.answer.contentType, c.answer.status
	if body == nil && c.out != nil && c.out.Len() > headerLength {
		body = c.out.Bytes()
	}
	if kind == "" {
		kind = contentType
	}
	if status == 0 {
		status = http.StatusOK
	}
	if len(body) > 0 {
		h.Set("Content-Type", kind)
	}
	if len(body) >= smallest && acceptsGzip(c.in.Header.Get("Accept-Encoding")) {
		if small := c.h.compress(body); small != nil {
			h.Set("Content-Encoding", "gzip")
			body = small
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return body, status
}

// headerLength is that of a document's beginning: without more there is none.
const headerLength = 4

// acceptsGzip reads Accept-Encoding as far as it matters. RFC 9110 12.5.3
func acceptsGzip(header string) bool {
	for one := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight = strings.ReplaceAll(weight, " ", "")
			return weight != "q=0" && !strings.HasPrefix(weight, "q=0.000") && weight != "q=0.0" && weight != "q=0.00"
		}
	}
	return false
}

// compress returns a body compressed; nil if it is not smaller so.
func (h *Handler) compress(body []byte) []byte {
	var to bytes.Buffer
	z, ok := h.zips.Get().(*gzip.Writer)
	if !ok {
		z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is one that there is
	}
	defer h.zips.Put(z)
	z.Reset(&to)
	_, err := z.Write(body)
	if err != nil || z.Close() != nil || to.Len() >= len(body)*9/10 {
		return nil
	}
	return to.Bytes()
}
