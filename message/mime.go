package message

import (
	"bytes"
	"strings"

	"entente"
)

// A walker goes through the parts of one message.
type walker struct {
	max   Limits
	parts int
	m     *Message

	texts, htmls   []body
	genuineText    bool // the sender wrote some text himself
	genuineHTML    bool
	calendarMethod bool // the calendar found names its method
}

// A body is a piece of the text; html tells which kind it is written in.
type body struct {
	text string
	html bool
}

// An entity is a part with what its header says.
type entity struct {
	header   header
	body     []byte
	kind     mediaType
	encoding string
}

// A place is where in the tree an entity stands.
type place struct {
	depth       int
	alternative bool
	related     bool
	digest      bool // parts are messages by default, RFC 2046 5.1.5
	second      bool // not the first part of its multipart
}

func (w *walker) message(raw []byte) error {
	h, content, err := splitHeader(raw, w.max.Header)
	if err != nil {
		return err
	}
	w.m.fill(h)
	e := newEntity(h, content, false)
	w.m.ContentType = e.kind.value
	w.m.ReportType = strings.ToLower(e.kind.params["report-type"])
	if err := w.entity(e, place{}); err != nil {
		return err
	}
	w.bodies()
	w.markInline()
	return nil
}

func newEntity(h header, content []byte, digest bool) entity {
	e := entity{header: h, body: content, kind: parseMediaType(h.get("Content-Type")), encoding: transferEncoding(h.get("Content-Transfer-Encoding"))}
	switch {
	case !strings.Contains(e.kind.value, "/") && digest:
		e.kind.value = "message/rfc822"
	case !strings.Contains(e.kind.value, "/"), // missing, or as RFC 1049 had it
		strings.HasPrefix(e.kind.value, "multipart/") && e.kind.params["boundary"] == "":
		e.kind.value = "text/plain"
	}
	return e
}

func (w *walker) entity(e entity, at place) error {
	if w.parts++; w.parts > w.max.Parts {
		return entente.Errorf(entente.TooLarge, "the message has more than %d parts", w.max.Parts).Because(ReasonMIMEParts)
	}
	if strings.HasPrefix(e.kind.value, "multipart/") {
		return w.multipart(e, at)
	}
	w.leaf(e, at)
	return nil
}

func (w *walker) multipart(e entity, at place) error {
	if at.depth++; at.depth > w.max.Depth {
		return entente.Errorf(entente.TooLarge, "the message has multiparts nested deeper than %d", w.max.Depth).Because(ReasonMIMEDepth)
	}
	// An encoded multipart is forbidden by RFC 2045 6.4, and decoding one would
	// let a small message unfold at every level. It is read as it stands.
	at.alternative = at.alternative || e.kind.value == "multipart/alternative"
	at.related = e.kind.value == "multipart/related"
	at.digest = e.kind.value == "multipart/digest"
	_, rest := cutPart(e.body, e.kind.params["boundary"]) // the preamble
	if rest == nil {
		e.kind.value = "text/plain" // no part to be found: show what there is
		w.leaf(e, at)
		return nil
	}
	for at.second = false; rest != nil; at.second = true {
		var part []byte
		part, rest = cutPart(rest, e.kind.params["boundary"])
		h, content, err := splitHeader(part, w.max.Header)
		if err != nil {
			return err
		}
		if err := w.entity(newEntity(h, content, at.digest), at); err != nil {
			return err
		}
	}
	return nil
}

// cutPart returns what stands before the next delimiter line, without the line
// end that belongs to it, and what follows it: nil after the closing delimiter
// or at the end, RFC 2046 5.1.1. A missing closing delimiter is forgiven.
func cutPart(b []byte, boundary string) (part, rest []byte) {
	delimiter := []byte("--" + boundary)
	for pos := 0; ; {
		i := bytes.Index(b[pos:], delimiter)
		if i < 0 {
			return b, nil
		}
		start := pos + i
		pos = start + len(delimiter)
		if start > 0 && b[start-1] != '\n' {
			continue
		}
		line, after := cutLine(b[pos:])
		closing := bytes.HasPrefix(line, []byte("--"))
		if tail := bytes.TrimPrefix(line, []byte("--")); len(bytes.Trim(tail, " \t")) > 0 {
			continue // a longer boundary, or a line of text
		}
		part = bytes.TrimSuffix(b[:start], []byte("\n"))
		part = bytes.TrimSuffix(part, []byte("\r"))
		if closing || len(after) == 0 {
			return part, nil
		}
		return part, after
	}
}

// leaf decides what a part is: body, calendar or attachment.
func (w *walker) leaf(e entity, at place) {
	d := parseMediaType(e.header.get("Content-Disposition"))
	name := baseName(firstOf(d.params["filename"], e.kind.params["name"]))
	// A text that comes first is the body, even where a mailer gave it a name:
	// RFC 8621 4.1.4 again.
	attached := d.value == "attachment" || name != "" && at.second
	switch {
	case e.kind.value == "text/calendar":
		w.calendar(e)
		if (attached || name != "") && !at.alternative {
			w.attach(e, at, d.value, name)
		}
	case attached:
		w.attach(e, at, d.value, name)
	case e.kind.value == "text/plain":
		w.text(e, at, false)
	case e.kind.value == "text/html":
		w.text(e, at, true)
	case at.alternative && strings.HasPrefix(e.kind.value, "text/"):
		// text/x-amp-html, text/watch-html, text/enriched: the same again.
	default:
		w.attach(e, at, d.value, name)
	}
}

// calendar keeps the part that carries the meeting. Senders attach the same a
// second time for other readers; the one that names a method is the message.
func (w *walker) calendar(e entity) {
	method := strings.ToUpper(e.kind.params["method"])
	if w.m.Calendar != nil && (w.calendarMethod || method == "") {
		return
	}
	w.calendarMethod = method != ""
	w.m.Calendar = &Calendar{Method: method, Data: e.text()}
}

// text returns a text part in UTF-8 with CRLF.
func (e entity) text() string {
	return crlf(decodeCharset(e.kind.params["charset"], decodeTransfer(e.encoding, e.body)))
}

// text takes a piece of the body. One of several alternatives is for readers
// of its kind; any other piece (a list server's footer, the text around Apple
// Mail's images) is for all. RFC 8621 4.1.4 has the same rule.
func (w *walker) text(e entity, at place, isHTML bool) {
	b := body{text: e.text(), html: isHTML}
	if isHTML || !at.alternative {
		w.htmls = append(w.htmls, b)
	}
	if !isHTML || !at.alternative {
		w.texts = append(w.texts, b)
	}
	w.genuineHTML = w.genuineHTML || isHTML
	w.genuineText = w.genuineText || !isHTML
}

// bodies joins the pieces. A kind that the sender never wrote stays empty.
func (w *walker) bodies() {
	if w.genuineText {
		var texts []string
		for _, b := range w.texts {
			if b.html {
				if b.text = HTMLToText(b.text); b.text == "" {
					continue
				}
			}
			texts = append(texts, b.text)
		}
		w.m.TextBody = strings.Join(texts, "\r\n")
	}
	if w.genuineHTML {
		var htmls []string
		for _, b := range w.htmls {
			if !b.html {
				if strings.TrimSpace(b.text) == "" {
					continue
				}
				b.text = htmlFragment(b.text)
			}
			htmls = append(htmls, b.text)
		}
		w.m.HTMLBody = strings.Join(htmls, "\r\n")
	}
}

func (w *walker) attach(e entity, at place, disposition, name string) {
	id := messageIDs(e.header.get("Content-ID"))
	p := Part{
		FileName:        name,
		ContentType:     e.kind.value,
		Charset:         strings.ToLower(Clean(e.kind.params["charset"])),
		ContentID:       strings.Trim(firstOf(first(id), strings.Map(visible, e.header.get("Content-ID"))), "<>"),
		ContentLocation: Clean(e.header.get("Content-Location")),
		Message:         e.kind.value == "message/rfc822" || e.kind.value == "message/global",
		raw:             e.body,
		encoding:        e.encoding,
	}
	// Apple Mail calls a PDF inline that nothing refers to: a part is inline
	// only when the HTML has a name to call it by.
	named := p.ContentID != "" || p.ContentLocation != ""
	p.Inline = named && disposition != "attachment" && (at.related || disposition == "inline")
	w.m.Attachments = append(w.m.Attachments, p)
}

// markInline makes those attachments inline that the HTML shows by their
// Content-ID, RFC 2392, wherever in the tree they stand.
func (w *walker) markInline() {
	byID := map[string]*Part{}
	for i := range w.m.Attachments {
		if p := &w.m.Attachments[i]; p.ContentID != "" && !p.Inline {
			byID[p.ContentID] = p
		}
	}
	for rest := w.m.HTMLBody; len(byID) > 0; {
		_, after, found := strings.Cut(rest, "cid:")
		if !found {
			return
		}
		rest = after
		if end := strings.IndexAny(rest[:min(len(rest), 512)], "\"' >)\r\n"); end > 0 {
			if p := byID[rest[:end]]; p != nil {
				p.Inline = true
			}
		}
	}
}
