package mailbox

import (
	"bytes"
	"strings"
	"time"

	"entente"
	"entente/calendar"
	"entente/message"
)

// MIMEInvalid is the reason of content that stands for no item of its class.
const MIMEInvalid entente.Reason = "mime-invalid"

// ConvertOptions say what content from outside leaves open. The zero value has
// working defaults.
type ConvertOptions struct {
	Limits  message.Limits  // message.DefaultLimits if zero
	Nesting int             // of messages attached to messages; 8 if zero. Deeper ones stay files
	Zone    calendar.Zone   // the owner's: of all-day events and of times without a zone
	Zones   *calendar.Zones // Store.Zones
}

func (o ConvertOptions) withDefaults() ConvertOptions {
	if o.Limits == (message.Limits{}) {
		o.Limits = message.DefaultLimits()
	}
	if o.Nesting == 0 {
		o.Nesting = 8
	}
	if o.Zones == nil {
		o.Zones = new(calendar.Zones)
	}
	return o
}

// SetMIME makes an item what its content says, in the form that MimeContent of
// EWS has: a message, an iCalendar object for appointments, a vCard for
// contacts. It sets class (unless there is one), properties, body, recipients
// and attachments. The bytes of a message are kept as they came; those of
// appointments and contacts are made anew whenever they are asked for, since
// these change.
//
// What cannot be read as a message is one nevertheless: there is always a text.
// Errors are those of the limits, and MIMEInvalid for an iCalendar object
// without an event and for a card that is none.
func (it *Item) SetMIME(raw []byte, o ConvertOptions) error {
	o = o.withDefaults()
	head := bytes.ToUpper(bytes.TrimLeft(bytes.TrimPrefix(raw[:min(len(raw), 64)], []byte("\xef\xbb\xbf")), " \t\r\n"))
	switch {
	case bytes.HasPrefix(head, []byte("BEGIN:VCALENDAR")):
		e, err := o.event(raw)
		if err != nil {
			return err
		}
		return it.SetEvent(e, PartBody|PartRecipients)
	case bytes.HasPrefix(head, []byte("BEGIN:VCARD")):
		card, err := message.ParseCard(raw)
		if err != nil {
			return err
		}
		it.SetCard(card)
		return nil
	}
	return it.setMessage(raw, o)
}

// event returns the event of an iCalendar object: the series, if it is one with
// exceptions.
func (o *ConvertOptions) event(raw []byte) (*calendar.Event, error) {
	if len(raw) > o.Limits.Bytes {
		return nil, tooLarge()
	}
	ical, err := calendar.ParseICalendar(raw, calendar.ImportOptions{Zone: o.Zone, Zones: o.Zones})
	if err != nil {
		return nil, &entente.Error{Kind: entente.Invalid, Reason: MIMEInvalid, Text: "the iCalendar object cannot be read", Err: err}
	}
	if len(ical.Events) == 0 {
		e := entente.Errorf(entente.Invalid, "the iCalendar object has no event that can be kept").Because(MIMEInvalid)
		if len(ical.Problems) > 0 {
			e.Err = ical.Problems[0]
		}
		return nil, e
	}
	e := &ical.Events[0]
	if e.Method == "" {
		e.Method = ical.Method
	}
	return e, nil
}

// setMessage makes an item a message.
func (it *Item) setMessage(raw []byte, o ConvertOptions) error {
	m, err := message.Parse(raw, o.Limits)
	if err != nil {
		return err
	}
	appointment := IsAppointment(it.Class)
	if it.Class == "" {
		it.Class = classOf(m)
	}
	it.setEnvelope(m)
	it.setReferences(m)
	it.Body, it.Recipients, it.Attachments = nil, recipientsOf(m), nil
	if m.TextBody != "" || m.HTMLBody != "" {
		it.Body = &Body{}
	}
	if m.TextBody != "" {
		it.Body.Text = []byte(m.TextBody)
	}
	if m.HTMLBody != "" {
		it.Body.HTML = []byte(m.HTMLBody)
	}
	for i := range m.Attachments {
		it.Attachments = append(it.Attachments, attachmentOf(&m.Attachments[i], o))
	}
	it.Parts |= AllParts
	if !appointment {
		it.MIME = raw
	}
	if m.Calendar == nil {
		return nil
	}
	e, err := o.event([]byte(m.Calendar.Data))
	if err != nil {
		if appointment {
			return err
		}
		return nil // a message that came with something else beside it
	}
	return it.setMeeting(m, e, appointment)
}

// setMeeting makes a message with a calendar part one about a meeting, or the
// appointment itself.
func (it *Item) setMeeting(m *message.Message, e *calendar.Event, appointment bool) error {
	if appointment {
		if e.Body == "" && e.BodyHTML == "" {
			e.Body, e.BodyHTML = m.TextBody, m.HTMLBody
		}
		if e.Subject == "" {
			e.Subject = m.Subject
		}
		return it.SetEvent(e, PartBody|PartRecipients)
	}
	method := m.Calendar.Method
	if method == "" {
		method = strings.ToUpper(e.Method)
	}
	class := meetingClass(method, e)
	if class == "" {
		return nil
	}
	own := it.Props.Clone()
	if err := it.SetEvent(e, 0); err != nil {
		return nil // shown as the message it also is
	}
	for _, p := range [...]Prop{
		PidTagSubject, PidTagSubjectPrefix, PidTagNormalizedSubject, PidTagSentRepresentingName, PidTagSentRepresentingSMTP,
		PidTagSentRepresentingAddress, PidTagSentRepresentingAddressType, PidNameKeywords,
	} {
		it.Props.Copy(&own, p)
	}
	if it.Class == "IPM.Note" {
		it.Class = class
	}
	flags, _ := it.Props.Int(PidLidAppointmentStateFlags)
	it.Props.SetInt(PidLidAppointmentStateFlags, flags|stateMeeting|stateReceived)
	if method == "COUNTER" { // RFC 5546 3.2.7: it has the times that are proposed
		it.Props.SetBool(PidLidAppointmentCounterProposal, true)
		it.Props.SetTime(PidLidAppointmentProposedStartWhole, e.Start)
		it.Props.SetTime(PidLidAppointmentProposedEndWhole, e.End)
	}
	it.Props.SetString(PidNameContentClass, "urn:content-classes:calendarmessage")
	return nil
}

// meetingClass is the class of a message by what its calendar part is for.
// [MS-OXCICAL] 2.1.3.1.1.1
func meetingClass(method string, e *calendar.Event) string {
	switch method {
	case "REQUEST":
		return "IPM.Schedule.Meeting.Request"
	case "CANCEL":
		return "IPM.Schedule.Meeting.Canceled"
	case "COUNTER":
		if len(e.Attendees) > 0 && e.Attendees[0].Response == calendar.Declined {
			return "IPM.Schedule.Meeting.Resp.Neg"
		}
		return "IPM.Schedule.Meeting.Resp.Tent"
	case "REPLY":
		if len(e.Attendees) == 0 {
			return ""
		}
		switch e.Attendees[0].Response {
		case calendar.Accepted:
			return "IPM.Schedule.Meeting.Resp.Pos"
		case calendar.Declined:
			return "IPM.Schedule.Meeting.Resp.Neg"
		}
		return "IPM.Schedule.Meeting.Resp.Tent"
	}
	return ""
}

// classOf is the class of a message by its media type, [MS-OXCMAIL] 2.2.3.1.
func classOf(m *message.Message) string {
	switch m.ContentType {
	case "multipart/signed":
		return "IPM.Note.SMIME.MultipartSigned"
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return "IPM.Note.SMIME"
	case "multipart/report":
		return reportClass(m)
	}
	// [MS-OXSHRMSG] 2.2.1: what is shared stands in an attachment of this type.
	for i := range m.Attachments {
		if m.Attachments[i].ContentType == "application/x-sharing-metadata-xml" {
			return "IPM.Sharing"
		}
	}
	return "IPM.Note"
}

func reportClass(m *message.Message) string {
	switch m.ReportType {
	case "disposition-notification":
		return "REPORT.IPM.Note.IPNRN"
	case "delivery-status":
		for i := range m.Attachments {
			p := &m.Attachments[i]
			if p.ContentType == "message/delivery-status" && bytes.Contains(bytes.ToLower(p.Data()), []byte("action: failed")) {
				return "REPORT.IPM.Note.NDR"
			}
		}
		return "REPORT.IPM.Note.DR"
	}
	return "IPM.Note"
}

// setEnvelope sets what a message says of itself.
func (it *Item) setEnvelope(m *message.Message) {
	ps := &it.Props
	prefix, topic := splitSubject(m.Subject)
	ps.SetString(PidTagSubject, m.Subject)
	ps.SetString(PidTagSubjectPrefix, prefix)
	ps.SetString(PidTagNormalizedSubject, topic)
	if m.ThreadTopic != "" {
		topic = m.ThreadTopic
	}
	ps.SetString(PidTagConversationTopic, topic)
	from, sender := first(m.From), first(m.Sender)
	if sender == (message.Address{}) {
		sender = from
	}
	if from == (message.Address{}) {
		from = sender
	}
	ps.setAddress(from, PidTagSentRepresentingName, PidTagSentRepresentingAddressType, PidTagSentRepresentingAddress, PidTagSentRepresentingSMTP)
	ps.setAddress(sender, PidTagSenderName, PidTagSenderAddressType, PidTagSenderAddress, PidTagSenderSMTPAddress)
	if !m.Date.IsZero() {
		ps.SetTime(PidTagClientSubmitTime, m.Date)
	}
	ps.SetInt(PidTagImportance, int64(mimeImportances[min(m.Importance, message.High)]))
	ps.SetInt(PidTagSensitivity, int64(m.Sensitivity))
	if len(m.ReadReceiptTo) > 0 {
		ps.SetBool(PidTagReadReceiptRequested, true)
	}
	if len(m.Keywords) > 0 {
		ps.SetStrings(PidNameKeywords, m.Keywords)
	}
}

// mimeImportances are PidTagImportance of each message.Importance.
var mimeImportances = [...]int8{message.Normal: 1, message.Low: 0, message.High: 2}

func (it *Item) setReferences(m *message.Message) {
	text := func(p Prop, s string) {
		if s != "" {
			it.Props.SetString(p, s)
		}
	}
	text(PidTagInternetMessageID, m.MessageID)
	text(PidTagInReplyToID, m.InReplyTo)
	text(PidTagInternetReferences, strings.Join(m.References, " "))
	if len(m.ThreadIndex) > 0 {
		it.Props.SetBytes(PidTagConversationIndex, m.ThreadIndex)
	}
	var names []string
	for _, a := range m.ReplyTo {
		names = append(names, a.String())
	}
	text(PidTagReplyRecipientNames, strings.Join(names, "; "))
}

func first(list []message.Address) message.Address {
	if len(list) == 0 {
		return message.Address{}
	}
	return list[0]
}

// setAddress sets the four properties of somebody; who has no name goes by the
// address.
func (ps *Props) setAddress(a message.Address, name, kind, address, smtp Prop) {
	if a == (message.Address{}) {
		return
	}
	if a.Name == "" {
		a.Name = a.SMTP
	}
	ps.SetString(name, a.Name)
	ps.SetString(kind, "SMTP")
	ps.SetString(address, a.SMTP)
	ps.SetString(smtp, a.SMTP)
}

// splitSubject takes the prefix off a subject: up to three letters and a colon,
// as [MS-OXCMSG] 3.2.5.2 finds it, and a blank.
func splitSubject(s string) (prefix, rest string) {
	head, rest, ok := strings.Cut(s, ": ")
	if !ok || head == "" || len([]rune(head)) > 3 || strings.ContainsAny(head, " 0123456789") {
		return "", s
	}
	return s[:len(s)-len(rest)], rest
}

func recipientsOf(m *message.Message) []Recipient {
	var list []Recipient
	add := func(kind RecipientKind, from []message.Address) {
		for _, a := range from {
			list = append(list, Recipient{Kind: kind, Name: a.Name, Address: a.SMTP, AddressType: "SMTP"})
		}
	}
	add(To, m.To)
	add(Cc, m.Cc)
	add(Bcc, m.Bcc)
	add(ReplyTo, m.ReplyTo)
	return list
}

// attachmentOf makes an attached message an item, and the rest files.
func attachmentOf(p *message.Part, o ConvertOptions) Attachment {
	a := Attachment{
		Name: p.FileName, ContentType: p.ContentType, ContentID: p.ContentID, ContentLocation: p.ContentLocation,
		Inline: p.Inline, Content: p.Data(),
	}
	if !p.Message || o.Nesting <= 1 {
		return a
	}
	inner := &Item{Read: true}
	o.Nesting--
	if err := inner.setMessage(a.Content, o); err != nil {
		return a
	}
	if a.Name == "" {
		a.Name = inner.Props.String(PidTagSubject)
	}
	a.Embedded, a.Item, a.Content = inner, true, nil
	inner.Created, _ = inner.Props.Time(PidTagClientSubmitTime)
	return a
}

// sent is when a message says it was sent, or else when it came to be.
func (it *Item) sent() time.Time {
	for _, p := range [...]Prop{PidTagClientSubmitTime, PidTagMessageDeliveryTime} {
		if t, ok := it.Props.Time(p); ok {
			return t
		}
	}
	return it.Created
}
