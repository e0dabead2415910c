package message

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"entente"
)

// A Draft is a message to be written. No field may hold control characters or
// broken UTF-8, save the bodies, the calendar, a report's fields and the data of attachments:
// Compose refuses the draft, it does not repair it (Clean does).
type Draft struct {
	From, Sender, ReplyTo []Address
	To, Cc, Bcc           []Address
	HideBcc               bool // leave Bcc out: for everyone but its readers

	Subject    string
	Date       time.Time // written in its own zone; left out when zero
	MessageID  string    // with angle brackets; left out when empty
	InReplyTo  string    // with angle brackets
	References []string  // each with angle brackets

	Importance    Importance
	Sensitivity   Sensitivity
	ReadReceiptTo []Address
	AutoSubmitted string // auto-replied, auto-generated …
	Keywords      []string
	ThreadTopic   string
	ThreadIndex   []byte
	Extra         []Field // further fields, in order; none that Compose writes itself

	TextBody    string
	HTMLBody    string
	Calendar    *Calendar // for meetings: one more alternative to the body
	Report      *Report   // makes it a multipart/report about an attached message
	Attachments []Attachment
}

// A Report is the machine's half of a non-delivery report (RFC 3464) or a read
// receipt (RFC 8098). The body says the same to people, and the first
// attachment, if any, is the message it is about (RFC 6522 3).
type Report struct {
	Type   string // delivery-status or disposition-notification
	Fields string // groups of header fields in ASCII, separated by empty lines
}

// An Attachment is a file, an image of the HTML body, or a message.
type Attachment struct {
	FileName        string
	ContentType     string // application/octet-stream when empty
	Charset         string // of a text file; left out when empty
	ContentID       string // without angle brackets
	ContentLocation string
	Inline          bool
	Data            []byte // for message/rfc822 the message
}

// Compose writes a draft as a message with CRLF line ends, of 7-bit characters
// but for internationalized addresses (RFC 6532) and attached messages that
// have others. The same draft always gives the same bytes. It fails with an
// *entente.Error of kind Invalid that names the field which cannot be written;
// among them are addresses without an @.
func Compose(d Draft) ([]byte, error) {
	c := composer{draft: &d}
	c.out = make([]byte, 0, d.size())
	c.fields()
	root := d.tree()
	c.boundary = d.boundary(&c)
	c.node(root)
	if c.err != nil {
		return nil, c.err
	}
	return c.out, nil
}

// size guesses how many bytes the message will take.
func (d *Draft) size() int {
	n := 4096 + len(d.TextBody)*9/8 + len(d.HTMLBody)*9/8
	for _, a := range d.Attachments {
		n += len(a.Data)*39/28 + 512
	}
	return n
}

// A composer appends to out until something is wrong.
type composer struct {
	draft    *Draft
	out      []byte
	err      error
	boundary string
	branches int
}

func (c *composer) refuse(field string) {
	if c.err == nil {
		c.err = entente.Errorf(entente.Invalid, "the field %s cannot be written into a message", field).Because(ReasonInvalidField)
	}
}

// fields writes the header of the message, in the order mailers use.
func (c *composer) fields() {
	d := c.draft
	if !d.Date.IsZero() {
		if y := d.Date.Year(); y < 1900 || y > 9999 {
			c.refuse("Date")
		}
		c.field("Date", d.Date.Format(dateLayout))
	}
	c.addresses("From", d.From)
	c.addresses("Sender", d.Sender)
	c.addresses("Reply-To", d.ReplyTo)
	c.addresses("To", d.To)
	c.addresses("Cc", d.Cc)
	if !d.HideBcc {
		c.addresses("Bcc", d.Bcc)
	}
	c.text("Subject", d.Subject)
	c.ids("Message-ID", d.MessageID)
	c.ids("In-Reply-To", d.InReplyTo)
	c.ids("References", d.References...)
	c.markers()
	for _, f := range d.Extra {
		if !extraName(f.Name) {
			c.refuse("Extra")
			continue
		}
		c.text(f.Name, f.Value)
	}
	c.out = append(c.out, "MIME-Version: 1.0\r\n"...)
}

// markers writes what clients show as flags and icons.
func (c *composer) markers() {
	d := c.draft
	switch d.Importance {
	case High: // X-Priority is what Thunderbird and Apple Mail read
		c.out = append(c.out, "Importance: high\r\nX-Priority: 1\r\n"...)
	case Low:
		c.out = append(c.out, "Importance: low\r\nX-Priority: 5\r\n"...)
	}
	switch d.Sensitivity {
	case Personal:
		c.field("Sensitivity", "Personal")
	case Private:
		c.field("Sensitivity", "Private")
	case Confidential:
		c.field("Sensitivity", "Company-Confidential")
	}
	c.addresses("Disposition-Notification-To", d.ReadReceiptTo)
	if d.AutoSubmitted != "" {
		if !isToken(d.AutoSubmitted) {
			c.refuse("Auto-Submitted")
		}
		c.field("Auto-Submitted", strings.ToLower(d.AutoSubmitted))
	}
	c.keywords(d.Keywords)
	c.text("Thread-Topic", d.ThreadTopic)
	if len(d.ThreadIndex) > 0 {
		if len(d.ThreadIndex) > 600 { // one line holds it: readers do not unfold base64
			c.refuse("Thread-Index")
		}
		c.field("Thread-Index", base64.StdEncoding.EncodeToString(d.ThreadIndex))
	}
}

// text writes an unstructured field, or nothing for an empty value.
func (c *composer) text(name, value string) {
	if !clean(value) {
		c.refuse(name)
		return
	}
	if value != "" {
		c.field(name, encodeText(value))
	}
}

func (c *composer) keywords(ks []string) {
	var phrases []string
	for _, k := range ks {
		if !clean(k) || strings.TrimSpace(k) != k || k == "" {
			c.refuse("Keywords")
			return
		}
		phrases = append(phrases, phrase(k))
	}
	if len(phrases) > 0 {
		c.field("Keywords", strings.Join(phrases, ", "))
	}
}

func (c *composer) addresses(name string, list []Address) {
	if len(list) == 0 {
		return
	}
	var value []byte
	for i, a := range list {
		if !clean(a.Name) || !isAddrSpec(a.SMTP) {
			c.refuse(name)
			return
		}
		if i > 0 {
			value = append(value, ", "...)
		}
		value = appendAddress(value, Address{Name: strings.TrimSpace(a.Name), SMTP: a.SMTP})
	}
	c.field(name, string(value))
}

// ids writes message ids, RFC 5322 3.6.4.
func (c *composer) ids(name string, ids ...string) {
	var present []string
	for _, id := range ids {
		if id == "" && name != "References" {
			return
		}
		inner := strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")
		if len(id) != len(inner)+2 || inner == "" || len(id) > 900 || !clean(inner) || strings.ContainsAny(inner, "<> ") || strings.Map(visible, id) != id {
			c.refuse(name)
			return
		}
		present = append(present, id)
	}
	if len(present) > 0 {
		c.field(name, strings.Join(present, " "))
	}
}

// field writes a field whose value holds nothing that could end it, folded at
// its blanks into lines of at most 76 characters where it has any, RFC 5322
// 2.2.3. A run of blanks is broken before its last one, so that no line is all
// blank.
func (c *composer) field(name, value string) {
	line := name + ": " + value
	for len(line) > 76 {
		cut := foldAt(line)
		if cut <= 0 {
			break
		}
		c.out = append(append(c.out, line[:cut]...), "\r\n"...)
		line = line[cut:]
	}
	c.out = append(append(c.out, line...), "\r\n"...)
}

// foldAt returns the blank to break at: the last that keeps the line short
// enough, else the first there is.
func foldAt(line string) int {
	best := -1
	for i := 1; i+1 < len(line); i++ {
		if line[i] != ' ' || line[i+1] == ' ' || strings.Trim(line[:i], " ") == "" {
			continue
		}
		if i > 76 && best > 0 {
			break
		}
		best = i
		if i > 76 {
			break
		}
	}
	return best
}

// isAddrSpec reports whether s can stand between < and >: an address with an
// @, in any script (RFC 6532), without the quoted forms Exchange refuses too.
func isAddrSpec(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || domain == "" || len(s) > 320 || !clean(s) || strings.Map(visible, s) != s {
		return false
	}
	return !strings.ContainsAny(local, "()<>[]:;@\\,\" \u00a0") && !strings.ContainsAny(domain, "()<>;@\\,\" \u00a0")
}

func isToken(s string) bool {
	for _, c := range []byte(s) {
		if !isAtext(c) {
			return false
		}
	}
	return s != ""
}

// extraName reports whether a caller may write a field of that name: a name it
// must be, and none of those whose meaning Compose answers for.
func extraName(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == ':' {
			return false
		}
	}
	if s == "" || len(s) > 76 || len(s) > 8 && equalFold(s[:8], "content-") {
		return false
	}
	switch strings.ToLower(s) {
	case "date", "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "message-id", "in-reply-to", "references",
		"mime-version", "importance", "sensitivity", "disposition-notification-to", "auto-submitted", "keywords",
		"thread-topic", "thread-index", "received", "return-path":
		return false
	}
	return true
}

// boundary makes a delimiter that stands in no part. Text and base64 never
// have it, since no line of theirs begins with --; an attached message may,
// and then another one is tried.
func (d *Draft) boundary(c *composer) string {
	for i := 0; ; i++ {
		h := sha256.New()
		h.Write(c.out)
		h.Write([]byte(d.TextBody))
		h.Write([]byte(strconv.Itoa(i)))
		b := "=_" + hex.EncodeToString(h.Sum(nil)[:12])
		taken := d.Report != nil && strings.Contains(d.Report.Fields, b)
		for _, a := range d.Attachments {
			taken = taken || isMessage(a.ContentType) && strings.Contains(string(a.Data), b)
		}
		if !taken {
			return b
		}
	}
}
