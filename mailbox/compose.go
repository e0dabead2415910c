package mailbox

import (
	"context"
	"io"
	"strings"

	"entente/calendar"
	"entente/message"
)

// ComposeOptions say how content is written.
type ComposeOptions struct {
	HideBcc bool            // leave the Bcc line out
	Again   bool            // write it anew even if the bytes that came were kept
	Zones   *calendar.Zones // Store.Zones
}

// MIME returns an item in the form MimeContent of EWS has: the bytes that came
// with it, or else an iCalendar object with its zones for an appointment, a
// vCard for a contact, and a message for everything else. The item needs
// AllParts; contents of attachments are read as they are needed.
func (v *View) MIME(ctx context.Context, it *Item, o ComposeOptions) ([]byte, error) {
	if o.Zones == nil {
		o.Zones = v.s.zones
	}
	c := mimeComposer{o: o, depth: v.s.limits.Nesting, content: func(a *Attachment) error {
		if a.Item {
			_, inner, err := v.AttachmentItem(ctx, it.ID, a.ID)
			a.Embedded = inner
			return err
		}
		_, r, err := v.AttachmentContent(ctx, it.ID, a.ID)
		if err == nil {
			a.Content, err = io.ReadAll(r)
		}
		return err
	}}
	return c.item(it)
}

// ComposeMIME is View.MIME of an item whose attachments carry their content, as
// CreateItem takes it.
func ComposeMIME(it *Item, o ComposeOptions) ([]byte, error) {
	if o.Zones == nil {
		o.Zones = new(calendar.Zones)
	}
	c := mimeComposer{o: o, depth: 8, content: func(*Attachment) error { return nil }}
	return c.item(it)
}

// A mimeComposer writes an item and those attached to it.
type mimeComposer struct {
	o       ComposeOptions
	depth   int
	content func(*Attachment) error // fills in what an attachment holds
}

func (c *mimeComposer) item(it *Item) ([]byte, error) {
	if it.MIME != nil && !c.o.Again {
		return it.MIME, nil
	}
	switch {
	case IsAppointment(it.Class) && (it.Props.Has(PidLidAppointmentStartWhole) || it.Props.Has(PidTagStartDate)):
		return c.calendar(it)
	case IsContact(it.Class):
		card, err := c.card(it)
		if err != nil {
			return nil, err
		}
		return message.ComposeCard(card)
	}
	d, err := c.draft(it)
	if err != nil {
		return nil, err
	}
	return compose(d)
}

// compose writes a draft. A file whose type the writer refuses goes as one of
// unknown type: its name still says what it is.
func compose(d message.Draft) ([]byte, error) {
	out, err := message.Compose(d)
	if !is(err, message.ReasonInvalidField) || len(d.Attachments) == 0 {
		return out, err
	}
	for i := range d.Attachments {
		if a := &d.Attachments[i]; strings.Contains(a.ContentType, ".") {
			a.ContentType = unknownType
		}
	}
	return message.Compose(d)
}

const unknownType = "application/octet-stream"

// calendar writes an appointment with the zones it names. [MS-OXCICAL] 2.1.1
func (c *mimeComposer) calendar(it *Item) ([]byte, error) {
	e, err := it.Event(c.o.Zones)
	if err != nil {
		return nil, err
	}
	if e.UID == "" {
		e.UID = strings.ToUpper(GUID(foreignUID(it)).String())
	}
	if e.Body == "" && e.BodyHTML != "" {
		e.Body = message.HTMLToText(e.BodyHTML)
	}
	method := e.Method
	if method == "" {
		method = "PUBLISH"
	}
	return calendar.AppendICalendar(nil, &calendar.ICalendar{Method: method, Events: []calendar.Event{*e}}), nil
}

// foreignUID names an appointment that was made without a UID: by its item,
// which keeps the number while it stays where it is.
func foreignUID(it *Item) (g [16]byte) {
	for i := range 8 {
		g[15-i] = byte(uint64(it.ID) >> (8 * i))
		g[7-i] = byte(uint64(Ticks(it.Created)) >> (8 * i))
	}
	return g
}

// draft is a message as it is to be written. What stands in properties came
// from clients: it is cleaned, and what cannot be an address is left out.
func (c *mimeComposer) draft(it *Item) (message.Draft, error) {
	ps := &it.Props
	d := message.Draft{
		Subject: message.Clean(ps.String(PidTagSubject)), Date: it.sent(), HideBcc: c.o.HideBcc,
		MessageID: messageID(ps.String(PidTagInternetMessageID)), InReplyTo: messageID(ps.String(PidTagInReplyToID)),
		ThreadTopic: message.Clean(ps.String(PidTagConversationTopic)), ThreadIndex: ps.Bytes(PidTagConversationIndex),
	}
	if len(d.ThreadIndex) > 600 { // longer than any line may be
		d.ThreadIndex = nil
	}
	if y := d.Date.Year(); y < 1900 || y > 9999 {
		d.Date = it.Created
	}
	for _, id := range strings.Fields(ps.String(PidTagInternetReferences)) {
		if id = messageID(id); id != "" {
			d.References = append(d.References, id)
		}
	}
	for _, k := range ps.Strings(PidNameKeywords) {
		if k = strings.TrimSpace(message.Clean(k)); k != "" {
			d.Keywords = append(d.Keywords, k)
		}
	}
	d.From = addressOf(ps.String(PidTagSentRepresentingName), ps.String(PidTagSentRepresentingSMTP), ps.String(PidTagSentRepresentingAddress))
	d.Sender = addressOf(ps.String(PidTagSenderName), ps.String(PidTagSenderSMTPAddress), ps.String(PidTagSenderAddress))
	switch {
	case d.From == nil:
		d.From, d.Sender = d.Sender, nil
	case d.Sender != nil && strings.EqualFold(d.Sender[0].SMTP, d.From[0].SMTP):
		d.Sender = nil
	}
	if importance, ok := ps.Int(PidTagImportance); ok && importance >= 0 && importance <= 2 {
		d.Importance = [...]message.Importance{message.Low, message.Normal, message.High}[importance]
	}
	if s, ok := ps.Int(PidTagSensitivity); ok && s > 0 && s <= 3 {
		d.Sensitivity = message.Sensitivity(s)
	}
	if ps.Bool(PidTagReadReceiptRequested) {
		d.ReadReceiptTo = d.From
	}
	c.recipients(it, &d)
	if it.Body != nil {
		d.TextBody, d.HTMLBody = string(it.Body.Text), string(it.Body.HTML)
	}
	if err := c.attachments(it, &d); err != nil {
		return d, err
	}
	return d, c.meeting(it, &d)
}

// messageID returns an id in its angle brackets, "" for what is none.
func messageID(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 3 || len(s) > 900 || s[0] != '<' || s[len(s)-1] != '>' || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) ||
		strings.ContainsAny(s[1:len(s)-1], "<>") {
		return ""
	}
	return s
}

// addressOf is the list of one, nil without an address that can be written.
func addressOf(name string, addresses ...string) []message.Address {
	for _, a := range addresses {
		if a = strings.TrimSpace(message.Clean(a)); canWrite(a) {
			if name = message.Clean(name); strings.EqualFold(name, a) {
				name = ""
			}
			return []message.Address{{Name: name, SMTP: a}}
		}
	}
	return nil
}

// canWrite reports whether Compose takes an address. What does not pass goes
// nowhere anyway.
func canWrite(a string) bool {
	local, domain, ok := strings.Cut(a, "@")
	return ok && local != "" && domain != "" && len(a) <= 320 && !strings.ContainsAny(local, "()<>[]:;\\,\" \u00a0") &&
		!strings.ContainsAny(domain, "()<>;@\\,\" \u00a0")
}

func (c *mimeComposer) recipients(it *Item, d *message.Draft) {
	for i := range it.Recipients {
		r := &it.Recipients[i]
		a := addressOf(r.Name, r.Address)
		switch r.Kind {
		case To:
			d.To = append(d.To, a...)
		case Cc:
			d.Cc = append(d.Cc, a...)
		case Bcc:
			d.Bcc = append(d.Bcc, a...)
		case ReplyTo:
			d.ReplyTo = append(d.ReplyTo, a...)
		}
	}
}

func (c *mimeComposer) attachments(it *Item, d *message.Draft) error {
	for i := range it.Attachments {
		a := it.Attachments[i] // a copy: contents are not kept beyond the draft
		if err := c.content(&a); err != nil {
			return err
		}
		out := message.Attachment{
			FileName: message.Clean(a.Name), ContentType: mediaType(a.ContentType), ContentID: contentID(a.ContentID),
			ContentLocation: message.Clean(a.ContentLocation), Inline: a.Inline, Data: a.Content,
		}
		if a.Embedded != nil {
			var err error
			if out, err = c.embedded(&a); err != nil {
				return err
			}
		}
		d.Attachments = append(d.Attachments, out)
	}
	return nil
}

// embedded writes an attached item in its own form.
func (c *mimeComposer) embedded(a *Attachment) (message.Attachment, error) {
	out := message.Attachment{FileName: message.Clean(a.Name), ContentType: "message/rfc822"}
	switch {
	case IsAppointment(a.Embedded.Class):
		out.ContentType, out.Charset = "text/calendar", "utf-8"
	case IsContact(a.Embedded.Class):
		out.ContentType, out.Charset = "text/vcard", "utf-8"
	}
	if c.depth <= 1 {
		return out, nesting()
	}
	inner := mimeComposer{o: c.o, depth: c.depth - 1, content: func(*Attachment) error { return nil }}
	inner.o.Again = false
	var err error
	out.Data, err = inner.item(a.Embedded)
	return out, err
}

// mediaType is a media type that can be written; anything else is a file of
// some kind. An attached file that calls itself a message stays a file, since
// nobody has looked whether it is one.
func mediaType(s string) string {
	s, _, _ = strings.Cut(strings.ToLower(s), ";")
	s = strings.TrimSpace(s)
	kind, sub, ok := strings.Cut(s, "/")
	token := func(s string) bool {
		return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+") == ""
	}
	if !ok || !token(kind) || !token(sub) || len(s) > 127 || kind == "multipart" || kind == "message" {
		return unknownType
	}
	return s
}

// contentID leaves out what cannot be written between angle brackets.
func contentID(s string) string {
	s = strings.Trim(s, "<> ")
	if len(s) > 900 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' }) {
		return ""
	}
	return s
}

// meeting gives a message about a meeting its calendar part, by which others'
// programs understand it. [MS-OXCICAL] 2.1.3.1.1.1
func (c *mimeComposer) meeting(it *Item, d *message.Draft) error {
	method := methodOf(it.Class)
	if method == "" {
		return nil
	}
	e, err := it.Event(c.o.Zones)
	if err != nil {
		if is(err, EventInvalid) {
			return nil // a message of that class that says nothing of when
		}
		return err
	}
	if e.UID == "" {
		return nil
	}
	e.Method = method
	start, proposed := it.Props.Time(PidLidAppointmentProposedStartWhole)
	end, _ := it.Props.Time(PidLidAppointmentProposedEndWhole)
	if proposed = proposed && method == "REPLY" && it.Props.Bool(PidLidAppointmentCounterProposal) && start.Before(end); proposed {
		e.Method, e.Start, e.End = "COUNTER", start, end
	}
	if method == "REPLY" {
		e.Attendees = replying(d, it.Class)
		if len(d.To) > 0 {
			e.Organizer = calendar.Attendee{Name: d.To[0].Name, Address: d.To[0].SMTP}
		}
	}
	ical := calendar.AppendICalendar(nil, &calendar.ICalendar{Method: e.Method, Events: []calendar.Event{*e}})
	d.Calendar = &message.Calendar{Method: e.Method, Data: string(ical)}
	if d.TextBody == "" && d.HTMLBody == "" {
		d.TextBody = "\r\n" // programs look for a calendar beside a text, RFC 6047 2.4
	}
	return nil
}

func methodOf(class string) string {
	switch class = strings.ToLower(class); {
	case class == "ipm.schedule.meeting.request":
		return "REQUEST"
	case class == "ipm.schedule.meeting.canceled":
		return "CANCEL"
	case strings.HasPrefix(class, "ipm.schedule.meeting.resp."):
		return "REPLY"
	}
	return ""
}

// replying is the one attendee of a reply: its sender, with the answer that the
// class is.
func replying(d *message.Draft, class string) []calendar.Attendee {
	if len(d.From) == 0 {
		return nil
	}
	a := calendar.Attendee{Name: d.From[0].Name, Address: d.From[0].SMTP, Response: calendar.TentativelyAccepted}
	switch strings.ToLower(class) {
	case "ipm.schedule.meeting.resp.pos":
		a.Response = calendar.Accepted
	case "ipm.schedule.meeting.resp.neg":
		a.Response = calendar.Declined
	}
	return []calendar.Attendee{a}
}
