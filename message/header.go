package message

import (
	"bytes"
	"encoding/base64"
	"strings"

	"entente"
)

// A rawField is a field as it stands: the value unfolded, nothing decoded.
type rawField struct{ name, value string }

// A header is the fields of a message or a part.
type header []rawField

// get returns the value of the first field called name.
func (h header) get(name string) string {
	for _, f := range h {
		if equalFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// all joins the values of every field called name: some senders repeat To and
// Cc, which RFC 5322 3.6 forbids and every reader takes as one list.
func (h header) all(name string) string {
	var vs []string
	for _, f := range h {
		if equalFold(f.name, name) {
			vs = append(vs, f.value)
		}
	}
	return strings.Join(vs, ", ")
}

// splitHeader reads the header block at the start of b and returns the rest.
// A line that is neither a field nor a continuation ends the header, as it
// does for the mailers that forget the empty line: it is read as body.
func splitHeader(b []byte, limit int) (h header, body []byte, err error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	for rest := b; ; {
		line, after := cutLine(rest)
		name, ok := fieldName(line)
		switch {
		case len(line) == 0:
			return h, after, nil // the empty line, or the end
		case ok:
			var value string
			value, after = unfold(line[len(name)+1:], after, limit)
			h = append(h, rawField{name: string(bytes.TrimRight(name, " \t")), value: value})
		case len(rest) == len(b) && bytes.HasPrefix(line, []byte("From ")):
			// The envelope line of an mbox file, RFC 4155.
		case len(h) == 0 && isSpace(line[0]):
			// A continuation of nothing.
		default:
			return h, rest, nil
		}
		if rest = after; len(b)-len(rest) > limit {
			return nil, nil, entente.Errorf(entente.TooLarge, "the message header is larger than %d bytes", limit).Because(ReasonHeaderSize)
		}
	}
}

// unfold joins a value with its continuation lines, RFC 5322 2.2.3. It stops
// soon after the limit and leaves the complaint to its caller.
func unfold(first, rest []byte, limit int) (string, []byte) {
	if len(rest) == 0 || !isSpace(rest[0]) || len(first) > limit {
		return strings.Trim(string(first[:min(len(first), limit)]), " \t"), rest
	}
	value := bytes.Clone(first)
	for read := 0; len(rest) > 0 && isSpace(rest[0]) && read <= limit; {
		line, after := cutLine(rest)
		read += len(rest) - len(after)
		value, rest = append(value, line[:min(len(line), limit)]...), after
	}
	return strings.Trim(string(value), " \t"), rest
}

// fieldName returns what stands before the colon if that can be a name,
// RFC 5322 3.6.8; blanks before the colon are obsolete and still met.
func fieldName(line []byte) ([]byte, bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return nil, false
	}
	name := bytes.TrimRight(line[:i], " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return nil, false
		}
	}
	return line[:i], len(name) > 0
}

// cutLine cuts the first line off, without its end: CRLF or a bare LF.
func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// fill reads the fields that items show.
func (m *Message) fill(h header) {
	m.Header = make([]Field, len(h))
	for i, f := range h {
		m.Header[i] = Field{Name: f.name, Value: decodeWords(f.value)}
	}
	list := func(name string) []Address { return ParseAddressList(h.all(name)) }
	m.From, m.Sender, m.ReplyTo = list("From"), list("Sender"), list("Reply-To")
	m.To, m.Cc, m.Bcc = list("To"), list("Cc"), list("Bcc")
	m.ReadReceiptTo = list("Disposition-Notification-To")

	m.Subject = m.Get("Subject")
	m.Date = parseDate(h.get("Date"))
	m.MessageID = first(messageIDs(h.get("Message-ID")))
	m.InReplyTo = first(messageIDs(h.get("In-Reply-To")))
	m.References = messageIDs(h.get("References"))
	m.Importance = importance(h)
	m.Sensitivity = sensitivity(h.get("Sensitivity"))
	m.AutoSubmitted = autoSubmitted(h.get("Auto-Submitted"))
	m.Keywords = keywords(h.all("Keywords"))
	m.ThreadTopic = m.Get("Thread-Topic")
	if x, err := base64.StdEncoding.DecodeString(strings.Map(visible, h.get("Thread-Index"))); err == nil && len(x) > 0 {
		m.ThreadIndex = x
	}
}

// importance reads Importance, and where it is missing the older fields that
// mailers write beside or instead of it, [MS-OXCMAIL] 2.2.3.2.6.
func importance(h header) Importance {
	word := func(name string) string {
		w, _, _ := strings.Cut(strings.TrimSpace(h.get(name)), " ") // "1 (Highest)"
		return strings.ToLower(w)
	}
	switch firstOf(word("Importance"), word("X-MSMail-Priority"), word("X-Priority"), word("Priority")) {
	case "high", "1", "2", "urgent":
		return High
	case "low", "4", "5", "non-urgent":
		return Low
	}
	return Normal
}

// firstOf returns the first that is not empty.
func firstOf(ss ...string) string {
	for _, s := range ss {
		if s != "" {
			return s
		}
	}
	return ""
}

func sensitivity(s string) Sensitivity {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "personal":
		return Personal
	case "private":
		return Private
	case "company-confidential", "confidential":
		return Confidential
	}
	return Ordinary
}

// autoSubmitted drops the parameters RFC 3834 5 allows, and the word "no".
func autoSubmitted(s string) string {
	s, _, _ = strings.Cut(s, ";")
	s, _, _ = strings.Cut(s, "(")
	if s = strings.ToLower(strings.TrimSpace(s)); s == "no" {
		return ""
	}
	return Clean(s)
}

// keywords reads every Keywords field, RFC 5322 3.6.5: phrases with commas
// between, which is what a list of addresses without addresses is.
func keywords(v string) (ks []string) {
	for _, a := range ParseAddressList(v) {
		ks = append(ks, firstOf(a.Name, a.SMTP))
	}
	return ks
}

// messageIDs finds the <ids> of a Message-ID, In-Reply-To or References field.
// Words between them («Your message of Monday») are obsolete and dropped; an
// id without brackets is given them.
func messageIDs(s string) (ids []string) {
	for rest := s; ; {
		i := strings.IndexByte(rest, '<')
		if i < 0 {
			break
		}
		j := strings.IndexByte(rest[i:], '>')
		if j < 0 {
			break
		}
		if id := strings.Map(visible, rest[i:i+j+1]); len(id) > 2 {
			ids = append(ids, id)
		}
		rest = rest[i+j+1:]
	}
	if len(ids) == 0 && strings.Contains(s, "@") {
		if id := strings.Map(visible, strings.Trim(s, "<> \t")); !strings.ContainsAny(id, "<>") {
			ids = append(ids, "<"+id+">")
		}
	}
	return ids
}

// visible drops blanks and control characters, which folding leaves in ids.
func visible(r rune) rune {
	if r <= ' ' || r >= 0x7f && r < 0xa0 {
		return -1
	}
	return r
}

func first(ss []string) string {
	if len(ss) == 0 {
		return ""
	}
	return ss[0]
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// equalFold compares names, which are ASCII: U+212A is no K here.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
