// Package message reads and writes Internet messages: RFC 5322 headers, MIME
// parts, and the vCards that stand for contacts.
//
// Parse takes what the world really sends (bare line feeds, eight-bit headers,
// unknown charsets, missing boundaries) and makes the best of it; Compose
// writes only what the standards allow, and refuses any field that would end a
// header line early. Between them Parse(Compose(d)) says what d said.
//
// It knows no mailbox, no clock and no network: dates and message ids are
// handed in. It is no store either: the bytes that arrived remain the truth,
// and a Message is a view of them. It does not check signatures, does not
// decode TNEF or uuencode, and its HTML is not made safe to show: HTMLToText
// is for reading and searching.
package message

import (
	"time"

	"entente"
)

// Limits bound what Parse takes on. The zero Limits refuses every message.
type Limits struct {
	Bytes  int // of the whole message
	Header int // bytes of one part's header block, the message's own included
	Depth  int // of multiparts within multiparts
	Parts  int // leaves and multiparts together
}

// DefaultLimits are the limits of a server that nobody has configured.
func DefaultLimits() Limits {
	return Limits{Bytes: 25 << 20, Header: 256 << 10, Depth: 16, Parts: 500}
}

// Reasons of the TooLarge errors of Parse.
const (
	ReasonMessageSize  entente.Reason = "message-size"
	ReasonHeaderSize   entente.Reason = "message-header-size"
	ReasonMIMEDepth    entente.Reason = "mime-depth"
	ReasonMIMEParts    entente.Reason = "mime-parts"
	ReasonInvalidField entente.Reason = "message-field" // of Compose's Invalid errors
)

// An Importance is how much the sender wants to be read, RFC 2156 5.3.4.
type Importance uint8

const (
	Normal Importance = iota
	Low
	High
)

// A Sensitivity is how far the sender wants to be read, RFC 2156 5.3.4.
type Sensitivity uint8

const (
	Ordinary Sensitivity = iota // no Sensitivity field
	Personal
	Private
	Confidential // Company-Confidential
)

// A Field is one header field in its place: the name as it was written, the
// value unfolded and with its encoded words decoded.
type Field struct{ Name, Value string }

// A Message is what a message says. Its parts hold slices of the bytes that
// were parsed: they must not be changed while the Message is in use.
type Message struct {
	Header []Field // all fields, in order; what EWS calls InternetMessageHeaders

	From, Sender, ReplyTo []Address
	To, Cc, Bcc           []Address

	Subject    string
	Date       time.Time // zero when missing or unreadable
	MessageID  string    // with its angle brackets
	InReplyTo  string    // the first id there, with its angle brackets
	References []string  // each with its angle brackets

	Importance    Importance
	Sensitivity   Sensitivity
	ReadReceiptTo []Address // Disposition-Notification-To, RFC 8098 2.1
	AutoSubmitted string    // auto-replied, auto-generated …, lower case; empty for "no", RFC 3834 5
	Keywords      []string  // Exchange's categories
	ThreadTopic   string    // Thread-Topic, [MS-OXCMAIL] 2.2.3.2.3: the conversation's
	ThreadIndex   []byte    // Thread-Index, decoded: the conversation index

	ContentType string // media type of the whole, lower case: multipart/signed, multipart/report …
	ReportType  string // of a multipart/report, RFC 6522: delivery-status, disposition-notification

	TextBody string // UTF-8, line ends CRLF; empty when the sender wrote only HTML
	HTMLBody string // likewise; empty when the sender wrote only text
	Calendar *Calendar

	Attachments []Part
}

// A Calendar is the text/calendar part by which meetings travel, RFC 6047.
type Calendar struct {
	Method string // REQUEST, REPLY, CANCEL …, upper case, as the MIME parameter says; empty when it does not
	Data   string // iCalendar in UTF-8
}

// A Part is an attachment, or an image that the HTML body shows.
type Part struct {
	FileName        string // of the last path element, without control characters; often empty
	ContentType     string // media type, lower case
	Charset         string // as declared, lower case; Data is not converted
	ContentID       string // without angle brackets
	ContentLocation string
	Inline          bool // shown inside the HTML body rather than listed
	Message         bool // message/rfc822: Data is a message to Parse

	raw      []byte
	encoding string
}

// EncodedSize is the number of bytes the part takes in the message.
func (p *Part) EncodedSize() int { return len(p.raw) }

// Data returns the content with its transfer encoding undone. What was not
// encoded comes as a slice of the message; the rest is decoded at each call.
// Damaged encodings give what can be read of them.
func (p *Part) Data() []byte { return decodeTransfer(p.encoding, p.raw) }

// Get returns the value of the first field called name, in whatever case.
func (m *Message) Get(name string) string {
	for _, f := range m.Header {
		if equalFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Parse reads a message. It fails only for one beyond the limits, with an
// *entente.Error of kind TooLarge; whatever else is wrong with it is read as
// well as it can be. raw is kept, not copied.
func Parse(raw []byte, max Limits) (*Message, error) {
	if len(raw) > max.Bytes {
		return nil, entente.Errorf(entente.TooLarge, "the message is larger than %d bytes", max.Bytes).Because(ReasonMessageSize)
	}
	w := walker{max: max, m: &Message{}}
	if err := w.message(raw); err != nil {
		return nil, err
	}
	return w.m, nil
}
