package easserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// smartReply sends an answer to a message. [MS-ASCMD] 2.2.1.19
func (c *call) smartReply() error { return c.smart(verbReply) }

// smartForward sends a message on. [MS-ASCMD] 2.2.1.18
func (c *call) smartForward() error { return c.smart(verbForward) }

// A source is the item that is answered or sent on.
type source struct {
	id   mailbox.ItemID
	it   *mailbox.Item
	verb int64
	day  bool // one occurrence of it
}

func (c *call) smart(verb int64) error {
	m, err := c.submission()
	if err != nil {
		return err
	}
	if m.about, err = c.source(verb, m.whole); err != nil {
		return err
	}
	if verb == verbForward && c.at(activesync.V160) {
		m.forward = forwardees(c.body)
	}
	return c.submit(m)
}

// source finds what a message is about. Whether it is there no more or never was,
// or is hidden, looks the same.
func (c *call) source(verb int64, whole bool) (*source, error) {
	long, item, instance := c.line.LongID, c.line.ItemID, c.line.Occurrence
	if c.body != nil {
		in := c.body.Child(wbxml.ComposeMailSource)
		long, item, instance = in.Get(wbxml.ComposeMailLongId), in.Get(wbxml.ComposeMailItemId), in.Get(wbxml.ComposeMailInstanceId)
	}
	if long != "" && item != "" {
		return nil, &statusError{activesync.InvalidCombinationOfIDs, "a LongId and an ItemId"}
	}
	_, id, ok := parseItemID(long + item)
	if !ok {
		return nil, &statusError{activesync.ItemNotFound, "the source has no id that was given out"}
	}
	s := &source{id: id, verb: verb}
	var err error
	switch {
	case instance != "":
		s.day = true
		s.it, err = c.occurrenceOf(id, instance)
	case whole:
		s.it, err = c.view.Item(c.ctx, id, 0)
	default:
		s.it, err = delivery.Load(c.ctx, c.view, id)
	}
	var known *entente.Error
	if errors.As(err, &known) && known.Kind != entente.Internal && known.Kind != entente.Unavailable {
		return nil, &statusError{activesync.ItemNotFound, known.Text}
	}
	return s, err
}

// occurrenceOf reads the occurrence of a series that begins, unless it was moved,
// at a time.
func (c *call) occurrenceOf(id mailbox.ItemID, instance string) (*mailbox.Item, error) {
	at, ok := parseTime(instance)
	if !ok {
		return nil, entente.Errorf(entente.Invalid, "an occurrence that is no time")
	}
	it, err := c.view.Item(c.ctx, id, mailbox.PartBody|mailbox.PartRecipients)
	if err != nil {
		return nil, err
	}
	e, err := c.view.Event(it)
	if err != nil {
		return nil, err
	}
	if e.Recurrence == nil {
		return nil, entente.Errorf(entente.NotFound, "the item does not recur")
	}
	day, _ := e.Zone.Wall(at)
	entry, err := c.view.Occurrence(c.ctx, id, day, mailbox.PartBody|mailbox.PartRecipients)
	return entry.Item, err
}

// forwardees are whom the server is to tell of a meeting. [MS-ASCMD] 2.2.3.83
func forwardees(in *wbxml.Element) (list []mailbox.Recipient) {
	for f := range in.Child(wbxml.ComposeMailForwardees).All(wbxml.ComposeMailForwardee) {
		if a := strings.TrimSpace(f.Get(wbxml.ComposeMailForwardeeEmail)); a != "" {
			list = append(list, mailbox.Recipient{
				Kind: mailbox.To, Name: message.Clean(f.Get(wbxml.ComposeMailForwardeeName)), Address: a, AddressType: "SMTP",
			})
		}
	}
	return list
}

// follow makes an item the answer to, or the message that sends on, what it is
// about: in its conversation, and unless the phone has written all of it, with
// what that says and what hangs on it.
func (c *call) follow(it *mailbox.Item, m *submission) {
	old := m.about.it
	if len(m.forward) > 0 {
		it.Recipients = append(it.Recipients, m.forward...)
		it.MIME = nil
	}
	thread(&it.Props, old, c.s.Now())
	if it.Props.String(mailbox.PidTagSubject) == "" {
		prefix := "RE: "
		if m.about.verb == verbForward {
			prefix = "FW: "
		}
		it.SetSubject(prefix + old.ConversationTopic())
		it.Props.SetString(mailbox.PidTagConversationTopic, old.ConversationTopic())
		it.MIME = nil
	}
	// What is signed or encrypted cannot be added to.
	if m.whole || hasPrefixFold(it.Class, "IPM.Note.SMIME") {
		return
	}
	it.MIME = nil
	quote(it, old)
	for _, a := range old.Attachments {
		if m.about.verb == verbForward || a.Inline && it.Body.HTML != nil {
			it.Attachments = append(it.Attachments, a)
		}
	}
	if m.about.verb == verbForward && !m.about.day && isMeetingItem(old) {
		c.attachMeeting(it, old)
	}
}

func isMeetingItem(it *mailbox.Item) bool {
	return mailbox.IsAppointment(it.Class) || delivery.IsRequest(it.Class)
}

// attachMeeting hangs a meeting on a message that sends it on, as a calendar file:
// whoever gets it may put it into his calendar, and is not made an attendee by
// somebody who does not organize it.
func (c *call) attachMeeting(it, old *mailbox.Item) {
	e, err := c.view.Event(old)
	if err != nil {
		return // what says nothing of when is a message like any other
	}
	ics := calendar.AppendICalendar(nil, &calendar.ICalendar{Method: "PUBLISH", Events: []calendar.Event{*e}})
	it.Attachments = append(it.Attachments, mailbox.Attachment{Name: "meeting.ics", ContentType: "text/calendar", Content: ics})
}

// thread keeps a message in the conversation of what it answers. RFC 5322 3.6.4
func thread(ps *mailbox.Props, old *mailbox.Item, now time.Time) {
	if topic := old.ConversationTopic(); topic != "" {
		ps.SetString(mailbox.PidTagConversationTopic, topic)
	}
	ps.SetBytes(mailbox.PidTagConversationIndex, nextIndex(old, now))
	id := old.Props.String(mailbox.PidTagInternetMessageID)
	if id == "" || ps.String(mailbox.PidTagInReplyToID) != "" {
		return
	}
	ps.SetString(mailbox.PidTagInReplyToID, id)
	ps.SetString(mailbox.PidTagInternetReferences, strings.TrimSpace(old.Props.String(mailbox.PidTagInternetReferences)+" "+id))
}

// nextIndex is the conversation index of an answer: that of what it answers and
// five bytes for how long after the beginning. [MS-OXOMSG] 2.2.1.3
func nextIndex(old *mailbox.Item, now time.Time) []byte {
	const header, child, longest = 22, 5, 600
	index := old.Props.Bytes(mailbox.PidTagConversationIndex)
	if len(index) < header || len(index) > longest {
		var at [8]byte
		binary.BigEndian.PutUint64(at[:], uint64(mailbox.Ticks(received(old))))
		name := sha256.Sum256([]byte(strings.ToUpper(old.ConversationTopic())))
		index = append(append([]byte{1}, at[1:6]...), name[:16]...)
	}
	var begin [8]byte
	copy(begin[1:], index[1:6])
	since := uint64(max(0, mailbox.Ticks(now)-int64(binary.BigEndian.Uint64(begin[:]))))
	// In units of 2^18 or, if that is too long ago, of 2^23 ticks.
	delta := uint32(since >> 18 & 0x7FFFFFFF)
	if since>>49 != 0 {
		delta = 1<<31 | uint32(since>>23&0x7FFFFFFF)
	}
	return append(binary.BigEndian.AppendUint32(slices.Clone(index), delta), 0)
}

// quote puts what the old message says below the new text, in the new one's form,
// as Exchange does.
func quote(it, old *mailbox.Item) {
	if it.Body == nil {
		it.Body = &mailbox.Body{}
	}
	var text, html []byte
	if old.Body != nil {
		text, html = old.Body.Text, old.Body.HTML
	}
	head := headOf(old)
	if it.Body.HTML != nil || it.Body.Text == nil && html != nil {
		page := string(html)
		if html == nil {
			page = message.TextToHTML(string(text))
		}
		it.Body = &mailbox.Body{HTML: beforeEnd(it.Body.HTML, "<hr>"+message.TextToHTML(head)+page)}
		return
	}
	if text == nil && html != nil {
		text = []byte(message.HTMLToText(string(html)))
	}
	it.Body = &mailbox.Body{Text: slices.Concat(it.Body.Text, []byte("\r\n\r\n________________________________\r\n"+head+"\r\n"), text)}
}

// beforeEnd puts more into a page, before the end of its body.
func beforeEnd(page []byte, more string) []byte {
	at := bytes.LastIndex(bytes.ToLower(page), []byte("</body"))
	if at < 0 {
		at = len(page)
	}
	return slices.Concat(page[:at], []byte(more), page[at:])
}

// headOf is what stands above what is quoted.
func headOf(old *mailbox.Item) string {
	ps := &old.Props
	from := message.Address{Name: ps.String(mailbox.PidTagSentRepresentingName), SMTP: ps.String(mailbox.PidTagSentRepresentingSMTP)}
	lines := "From: " + from.String() + "\r\n"
	if at, ok := ps.Time(mailbox.PidTagClientSubmitTime); ok {
		lines += "Sent: " + at.UTC().Format("Monday, January 2, 2006 15:04 UTC") + "\r\n"
	}
	for _, line := range [...]struct {
		name string
		kind mailbox.RecipientKind
	}{{"To", mailbox.To}, {"Cc", mailbox.Cc}} {
		var names []string
		for _, r := range old.Recipients {
			if r.Kind == line.kind {
				names = append(names, message.Address{Name: r.Name, SMTP: r.Address}.String())
			}
		}
		if names != nil {
			lines += line.name + ": " + strings.Join(names, "; ") + "\r\n"
		}
	}
	return lines + "Subject: " + ps.String(mailbox.PidTagSubject) + "\r\n"
}

// mark notes on a message that it was answered or sent on. That the message went
// out counts for more than the mark.
func (c *call) mark(s *source, sent *mailbox.Item) {
	if s.day || mailbox.IsAppointment(s.it.Class) {
		return
	}
	verb := s.verb
	if verb == verbReply && len(sent.Recipients) > 1 {
		verb = verbReplyAll
	}
	_, err := c.view.UpdateItem(c.ctx, s.id, 0, 0, func(it *mailbox.Item) error {
		it.Props.SetInt(mailbox.PidTagLastVerbExecuted, verb)
		it.Props.SetTime(mailbox.PidTagLastVerbExecutionTime, c.s.Now())
		it.Props.SetInt(mailbox.PidTagIconIndex, iconOf(verb))
		return nil
	})
	if err != nil {
		c.h.Log.Warn("answered", "request", c.s.RequestID(), "err", err)
	}
}

// iconOf is how other programs show it. [MS-OXOMSG] 2.2.1.14
func iconOf(verb int64) int64 {
	if verb == verbForward {
		return 0x106
	}
	return 0x105
}
