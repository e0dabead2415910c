package easserver

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf8"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// emailClass is e-mail: messages, those about meetings, reports and posts.
// [MS-ASEMAIL] 2.2.2
type emailClass struct{}

// Bounds of what stands in headers, in bytes: what phones keep of them. The
// first is the schema's. [MS-ASEMAIL] 2.2.2.78
const (
	maxAddresses  = 32768
	maxBcc        = 1024
	maxSubject    = 1024
	maxCategories = 300
)

// Bits of PidTagMessageFlags, [MS-OXCMSG] 2.2.1.6.
const (
	flagUnmodified = 0x02
	flagUnsent     = 0x08
	flagFromMe     = 0x20
)

// shown implements class. What is not of another class is mail, whatever its
// message class: what a phone does not know it shows as a message.
func (emailClass) shown(it *mailbox.Item) bool {
	if it.Associated {
		return false
	}
	for _, other := range [...]string{
		"IPM.Appointment", "IPM.Contact", "IPM.DistList", "IPM.Task", "IPM.StickyNote", "IPM.Activity", "IPM.Configuration", "IPM.OLE.Class",
	} {
		// IPM.TaskRequest is a message, IPM.Task.Mine a task.
		if hasPrefixFold(it.Class, other) && (len(it.Class) == len(other) || it.Class[len(other)] == '.') {
			return false
		}
	}
	return true
}

// parts implements class.
func (emailClass) parts(o *options) mailbox.Parts {
	return bodyParts(o) | mailbox.PartRecipients | mailbox.PartAttachments
}

// write implements class. [MS-ASEMAIL] 2.2.2
func (emailClass) write(c *call, it *mailbox.Item, o *options) error {
	writeEnvelope(c, it)
	writeAttachments(c, it)
	if err := writeBody(c, it, o); err != nil {
		return err
	}
	w := c.out
	class := messageClass(it.Class)
	w.Text(wbxml.EmailMessageClass, class)
	writeMeetingRequest(c, it)
	// The text goes out in UTF-8, whatever it came in.
	w.Text(wbxml.EmailInternetCPID, "65001")
	writeFlag(c, it)
	content := "urn:content-classes:message"
	if hasPrefixFold(class, "IPM.Schedule.Meeting.") {
		content = "urn:content-classes:calendarmessage"
	}
	w.Text(wbxml.EmailContentClass, content)
	if c.at(activesync.V140) {
		writeConversation(c, it)
		writeVerb(c, it)
		writeCategories(c, it)
	}
	return nil
}

// writeEnvelope writes who wrote to whom, when and about what.
func writeEnvelope(c *call, it *mailbox.Item) {
	w, ps := c.out, &it.Props
	if s := addresses(it, mailbox.To, ", ", maxAddresses); s != "" {
		w.Text(wbxml.EmailTo, s)
	}
	if s := addresses(it, mailbox.Cc, ", ", maxAddresses); s != "" {
		w.Text(wbxml.EmailCc, s)
	}
	from := person(ps, mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingSMTP, mailbox.PidTagSentRepresentingAddress)
	if from != "" {
		w.Text(wbxml.EmailFrom, from)
	}
	w.Text(wbxml.EmailSubject, bounded(ps.String(mailbox.PidTagSubject), maxSubject))
	if s := addresses(it, mailbox.ReplyTo, "; ", maxAddresses); s != "" {
		w.Text(wbxml.EmailReplyTo, s)
	}
	w.Text(wbxml.EmailDateReceived, wireTime(received(it)))
	if s := ps.String(mailbox.PidTagDisplayTo); s != "" {
		w.Text(wbxml.EmailDisplayTo, bounded(s, maxAddresses))
	}
	if s := it.ConversationTopic(); s != "" {
		w.Text(wbxml.EmailThreadTopic, bounded(s, maxSubject))
	}
	w.Int(wbxml.EmailImportance, importance(ps))
	w.Bool(wbxml.EmailRead, it.Read)
	if c.at(activesync.V140) {
		sender := person(ps, mailbox.PidTagSenderName, mailbox.PidTagSenderSMTPAddress, mailbox.PidTagSenderAddress)
		if sender != "" && sender != from {
			w.Text(wbxml.Email2Sender, sender)
		}
		if c.receivedAsBcc(it) {
			w.Bool(wbxml.Email2ReceivedAsBcc, true)
		}
	}
	if c.at(activesync.V160) {
		w.Bool(wbxml.Email2IsDraft, it.MessageFlags()&flagUnsent != 0)
		if s := addresses(it, mailbox.Bcc, ", ", maxBcc); s != "" && !hasPrefixFold(it.Class, "IPM.Schedule.") {
			w.Text(wbxml.Email2Bcc, s)
		}
	}
}

// receivedAsBcc reports whether the owner got a message that names him nowhere:
// neither himself nor a list of this organization, by which it could have come.
// [MS-ASEMAIL] 2.2.2.56
func (c *call) receivedAsBcc(it *mailbox.Item) bool {
	ps := &it.Props
	if !ps.Has(mailbox.PidTagMessageToMe) || ps.Bool(mailbox.PidTagMessageToMe) || ps.Bool(mailbox.PidTagMessageCcMe) {
		return false
	}
	for i := range it.Recipients {
		r := &it.Recipients[i]
		if r.Kind != mailbox.To && r.Kind != mailbox.Cc {
			continue
		}
		a, err := entente.ParseSMTPAddress(r.Address)
		if _, person := c.s.Snapshot().FindSMTP(r.Address); err == nil && !person && c.s.Directory().Accepted(a.Domain()) {
			return false
		}
	}
	return true
}

// received is when a message came, or when the draft was made.
func received(it *mailbox.Item) time.Time {
	if t, ok := it.Props.Time(mailbox.PidTagMessageDeliveryTime); ok {
		return t
	}
	return it.Created
}

// wireTime writes a time as [MS-ASDTYPE] 2.7.2 has it.
func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// importance is 0 low, 1 normal or 2 high.
func importance(ps *mailbox.Props) int64 {
	if n, ok := ps.Int(mailbox.PidTagImportance); ok && n >= 0 && n <= 2 {
		return n
	}
	return 1
}

// messageClass is the class as phones know it: they compare it with its case,
// and show an invitation only for the very words. [MS-ASEMAIL] 2.2.2.49
func messageClass(class string) string {
	for _, known := range [...]string{
		"IPM.Note", "IPM.Schedule.Meeting.Request", "IPM.Schedule.Meeting.Canceled", "IPM.Schedule.Meeting.Resp.Pos",
		"IPM.Schedule.Meeting.Resp.Tent", "IPM.Schedule.Meeting.Resp.Neg", "IPM.Note.SMIME", "IPM.Note.SMIME.MultipartSigned", "IPM.Post",
		"REPORT.IPM.Note.NDR", "REPORT.IPM.Note.DR", "REPORT.IPM.Note.IPNRN",
	} {
		if strings.EqualFold(class, known) {
			return known
		}
	}
	if class == "" {
		return "IPM.Note"
	}
	return bounded(class, 255)
}

// bounded cuts a text at the end of a character.
func bounded(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// person writes somebody who is kept in properties.
func person(ps *mailbox.Props, name, smtp, address mailbox.Prop) string {
	a := ps.String(smtp)
	if a == "" {
		a = ps.String(address)
	}
	return string(appendAddress(nil, ps.String(name), a))
}

// addresses are the recipients of one kind. What does not fit is left out as a
// whole: half an address is none.
func addresses(it *mailbox.Item, kind mailbox.RecipientKind, between string, most int) string {
	var out []byte
	for i := range it.Recipients {
		r := &it.Recipients[i]
		if r.Kind != kind {
			continue
		}
		n := len(out)
		if n > 0 {
			out = append(out, between...)
		}
		if out = appendAddress(out, r.Name, r.Address); len(out) > most {
			out = out[:n]
			break
		}
	}
	return string(out)
}

// appendAddress writes "Name" <address>. [MS-ASDTYPE] 2.7.3
func appendAddress(out []byte, name, address string) []byte {
	if name == "" {
		name = address
	}
	if name == "" {
		return out
	}
	out = append(out, '"')
	for i := range len(name) {
		switch b := name[i]; b {
		case '"', '\\':
			out = append(out, '\\', b)
		case '\r', '\n':
			out = append(out, ' ')
		default:
			out = append(out, b)
		}
	}
	out = append(out, '"')
	if address != "" {
		out = append(append(append(out, " <"...), address...), '>')
	}
	return out
}

// writeConversation writes to what conversation a message belongs, and where in
// it. [MS-ASEMAIL] 2.2.2.21, 2.2.2.22
func writeConversation(c *call, it *mailbox.Item) {
	if id := c.view.ConversationID(it); id != nil {
		c.out.Opaque(wbxml.Email2ConversationId, id)
	}
	c.out.Opaque(wbxml.Email2ConversationIndex, conversationIndex(it))
}

// conversationIndex is when the conversation began, and after that one entry for
// each answer, of five bytes each. The message has it with a byte before and the
// conversation's GUID between. [MS-OXOMSG] 2.2.1.3
func conversationIndex(it *mailbox.Item) []byte {
	const header, child = 22, 5
	if b := it.Props.Bytes(mailbox.PidTagConversationIndex); len(b) >= header && (len(b)-header)%child == 0 && len(b) <= 600 {
		out := make([]byte, 0, child+len(b)-header)
		return append(append(out, b[1:1+child]...), b[header:]...)
	}
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(mailbox.Ticks(received(it))))
	return at[1 : 1+child]
}

// Values of PidTagLastVerbExecuted, [MS-OXOMSG] 2.2.1.12, and what phones call
// them: how much less.
const (
	verbReply    = 102
	verbReplyAll = 103
	verbForward  = 104
	verbOffset   = 101
)

// writeVerb tells that a message was answered or forwarded, and when.
// [MS-ASEMAIL] 2.2.2.43
func writeVerb(c *call, it *mailbox.Item) {
	verb, ok := it.Props.Int(mailbox.PidTagLastVerbExecuted)
	if !ok || verb < verbReply || verb > verbForward {
		return
	}
	c.out.Int(wbxml.Email2LastVerbExecuted, verb-verbOffset)
	if at, ok := it.Props.Time(mailbox.PidTagLastVerbExecutionTime); ok {
		c.out.Text(wbxml.Email2LastVerbExecutionTime, wireTime(at))
	}
}

// writeCategories writes them always: without the element a phone would keep what
// it had. [MS-ASEMAIL] 2.2.2.16
func writeCategories(c *call, it *mailbox.Item) {
	list := it.Props.Strings(mailbox.PidNameKeywords)
	if len(list) == 0 {
		c.out.Empty(wbxml.EmailCategories)
		return
	}
	c.out.Start(wbxml.EmailCategories)
	for _, k := range list[:min(len(list), maxCategories)] {
		c.out.Text(wbxml.EmailCategory, k)
	}
	c.out.End()
}
