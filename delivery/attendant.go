package delivery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/calendar"
	"entente/mailbox"
	"entente/message"
)

// keepCalendar is Exchange's calendar attendant: it takes what a message about a
// meeting says over into the calendar, before its reader has seen it. A message
// is believed about meetings of its own sender only.
func (c *Courier) keepCalendar(ctx context.Context, a Attendant, d delivered) error {
	v, err := a.Own(ctx)
	if err != nil {
		return err
	}
	owner := message.Address{Name: d.account.Name, SMTP: string(d.account.Mail)}
	desk := &Desk{Poster: a, View: v, Owner: owner, Sender: owner}
	e, err := v.Event(d.item)
	if err != nil || e.UID == "" {
		return nil // a message that says it is about a meeting, and is not
	}
	known, err := desk.find(ctx, e.UID)
	if err != nil {
		return err
	}
	m := &matter{Desk: desk, event: e, item: d.item, known: known, attachments: d.attachments}
	switch class := d.item.Class; {
	case IsRequest(class):
		if d.isResource() {
			return c.book(ctx, m)
		}
		_, err = m.accept(ctx, calendar.NoResponse)
	case strings.EqualFold(class, classCanceled):
		err = m.cancel(ctx, d.isResource())
	case hasClass(class, classResponse):
		err = m.track(ctx)
	}
	return err
}

// isResource reports whether a mailbox keeps its calendar all by itself:
// Set-CalendarProcessing -AutomateProcessing AutoAccept.
func (r *recipient) isResource() bool {
	return r.account.Kind == "room" || r.account.Kind == "equipment"
}

// find returns the item of the desk's calendar with a UID, nil if there is
// none.
func (d *Desk) find(ctx context.Context, uid string) (*mailbox.Item, error) {
	folder, err := d.View.FolderByName(ctx, mailbox.Calendar)
	if err != nil {
		return nil, err
	}
	page, err := d.View.Find(ctx, mailbox.Query{
		Folder:   folder.ID,
		Restrict: &mailbox.Restriction{Op: mailbox.Equal, Prop: mailbox.PidNameCalendarUID, Value: mailbox.Value{Text: uid}},
		Parts:    mailbox.PartBody | mailbox.PartRecipients,
		Paging:   mailbox.Paging{Max: 1},
	})
	if err != nil || len(page.Items) == 0 {
		return nil, err
	}
	return page.Items[0], nil
}

// A matter is a message about a meeting together with what the calendar knows of
// it.
type matter struct {
	*Desk
	event       *calendar.Event // what the message says
	item        *mailbox.Item   // the message
	known       *mailbox.Item   // in the calendar; nil if the meeting is new
	attachments []mailbox.Attachment
}

// organizer is who the message is from, for requests and cancellations.
func (m *matter) organizer() string { return m.item.Props.String(mailbox.PidTagSentRepresentingSMTP) }

// foreign reports whether the known meeting is another's than the message's
// sender: he may neither move nor cancel it.
func (m *matter) foreign() bool {
	return !received(m.known) || !strings.EqualFold(m.known.Props.String(mailbox.PidTagSentRepresentingSMTP), m.organizer())
}

// outdated reports whether the calendar has heard of a later state.
// [MS-OXOCAL] 3.1.5.2
func (m *matter) outdated(known *calendar.Event) bool {
	if known.Sequence != m.event.Sequence {
		return known.Sequence > m.event.Sequence
	}
	return known.Stamp.After(m.event.Stamp)
}

// again reports whether the calendar has heard just this: senders repeat themselves,
// and what is written again is a change that every client has to fetch. A message
// about one occurrence is compared by none that the series has.
func (m *matter) again(known *calendar.Event) bool {
	return m.event.Instance.IsZero() && known.Sequence == m.event.Sequence && !m.event.Stamp.IsZero() && known.Stamp.Equal(m.event.Stamp) && !known.Cancelled
}

func (m *matter) intended() calendar.BusyStatus {
	if n, ok := m.item.Props.Int(mailbox.PidLidIntendedBusyStatus); ok && n >= 0 && n <= int64(calendar.StatusWorkingElsewhere) {
		return calendar.BusyStatus(n)
	}
	return calendar.StatusBusy
}

// status is how a meeting stands in a calendar with an answer.
func status(r calendar.Response, intended calendar.BusyStatus) calendar.BusyStatus {
	if r == calendar.Accepted {
		return intended
	}
	return tentative(intended)
}

// accept brings the calendar up to a request, with an answer where it changes
// one. It returns the item, nil where the request has no say.
func (m *matter) accept(ctx context.Context, r calendar.Response) (*mailbox.Item, error) {
	if strings.EqualFold(m.organizer(), m.Owner.SMTP) {
		return nil, nil // one's own invitation to oneself: it is in the calendar
	}
	if m.known == nil {
		return m.create(ctx, r)
	}
	if m.foreign() {
		return nil, nil
	}
	known, err := m.View.Event(m.known)
	if err != nil {
		return nil, err
	}
	if m.outdated(known) || r == calendar.NoResponse && m.again(known) {
		return m.known, nil
	}
	return m.change(ctx, known, func(e *calendar.Event, it *mailbox.Item) {
		again := moved(e, m.event)
		m.apply(e)
		switch {
		case r != calendar.NoResponse:
			e.Response = r
			e.Status = status(r, m.intended())
		case again:
			e.Response = calendar.NoResponse
			e.Status = tentative(m.intended())
		default:
			e.Status = status(e.Response, m.intended())
		}
		it.Props.SetInt(mailbox.PidLidIntendedBusyStatus, int64(m.intended()))
	})
}

// apply takes over what is the organizer's to say; reminder, categories and
// answer are the attendee's own.
func (m *matter) apply(e *calendar.Event) {
	from := m.event
	e.Start, e.End, e.AllDay, e.Zone, e.EndZone = from.Start, from.End, from.AllDay, from.Zone, from.EndZone
	e.Subject, e.Location = subjectOf(m.item, from), from.Location
	e.Body, e.BodyHTML = from.Body, from.BodyHTML
	e.Attendees, e.Organizer = from.Attendees, from.Organizer
	e.Sequence, e.Stamp, e.Priority, e.Cancelled = from.Sequence, from.Stamp, from.Priority, false
	if from.Instance.IsZero() {
		e.Recurrence, e.Exceptions, e.Deleted = from.Recurrence, from.Exceptions, from.Deleted
	}
}

// subjectOf is a meeting's own subject, without what the message puts before.
func subjectOf(it *mailbox.Item, e *calendar.Event) string {
	if s := it.Props.String(mailbox.PidTagNormalizedSubject); s != "" {
		return s
	}
	return e.Subject
}

// create puts the meeting into the calendar.
func (m *matter) create(ctx context.Context, r calendar.Response) (*mailbox.Item, error) {
	e := *m.event
	e.Subject, e.Method, e.Categories = subjectOf(m.item, m.event), "", nil
	e.Response, e.Status = r, status(r, m.intended())
	it := &mailbox.Item{Class: classCalendar, Parts: mailbox.AllParts, Read: true, Attachments: slices.Clone(m.attachments)}
	if err := it.SetEvent(&e, mailbox.PartBody|mailbox.PartRecipients); err != nil {
		return nil, err
	}
	it.Props.SetInt(mailbox.PidLidIntendedBusyStatus, int64(m.intended()))
	it.Props.SetInt(mailbox.PidLidAppointmentStateFlags, stateMeeting|stateReceived)
	it.Props.SetBool(mailbox.PidLidFInvited, true)
	folder, err := m.View.FolderByName(ctx, mailbox.Calendar)
	if err != nil {
		return nil, err
	}
	return it, m.View.CreateItem(ctx, folder.ID, it)
}

// change changes the known item, or the one occurrence that the message is
// about.
func (m *matter) change(ctx context.Context, known *calendar.Event, fn func(*calendar.Event, *mailbox.Item)) (*mailbox.Item, error) {
	const parts = mailbox.PartBody | mailbox.PartRecipients
	edit := func(it *mailbox.Item) error {
		return m.edit(it, func(e *calendar.Event) { fn(e, it) })
	}
	if day, ok := m.occurrence(known); ok {
		out, err := m.View.UpdateOccurrence(ctx, m.known.ID, day, 0, parts, edit)
		return out.Item, err
	}
	return m.View.UpdateItem(ctx, m.known.ID, 0, parts, edit)
}

// occurrence returns the day of the one occurrence that the message is about.
func (m *matter) occurrence(known *calendar.Event) (calendar.Date, bool) {
	if m.event.Instance.IsZero() || known.Recurrence == nil {
		return 0, false
	}
	return calendar.DateOf(m.event.Instance.In(known.Zone.Location())), true
}

// cancel marks the meeting as called off. It stays for its attendee to see;
// from a room's calendar it goes.
func (m *matter) cancel(ctx context.Context, resource bool) error {
	if m.known == nil || m.foreign() {
		return nil
	}
	known, err := m.View.Event(m.known)
	if err != nil || m.outdated(known) || known.Cancelled && m.event.Instance.IsZero() && known.Sequence == m.event.Sequence {
		return err
	}
	if resource {
		return m.remove(ctx, known)
	}
	_, err = m.change(ctx, known, func(e *calendar.Event, _ *mailbox.Item) {
		if !e.Cancelled {
			e.Subject = canceledPrefix + e.Subject
		}
		e.Cancelled, e.Status, e.ReminderSet = true, calendar.StatusFree, false
		e.Sequence, e.Stamp = m.event.Sequence, m.event.Stamp
	})
	return err
}

// remove takes the meeting, or the occurrence, out of the calendar.
func (m *matter) remove(ctx context.Context, known *calendar.Event) error {
	if day, ok := m.occurrence(known); ok {
		_, err := m.View.DeleteOccurrence(ctx, m.known.ID, day, 0)
		return err
	}
	moved, err := m.View.DeleteItems(ctx, []mailbox.ItemID{m.known.ID}, mailbox.MoveToDeletedItems)
	if err == nil {
		err = moved[0].Err
	}
	return err
}

// track notes an attendee's answer in the organizer's calendar. Only who was
// invited has one.
func (m *matter) track(ctx context.Context) error {
	if m.known == nil || received(m.known) {
		return nil
	}
	known, err := m.View.Event(m.known)
	if err != nil {
		return err
	}
	r, at := responseOf(m.item.Class), m.answered()
	from := m.organizer()
	invited := func(a calendar.Attendee) bool { return strings.EqualFold(a.Address, from) || m.same(a.Address, from) }
	if !slices.ContainsFunc(known.Attendees, invited) || m.event.Sequence < known.Sequence {
		return nil // uninvited, or an answer to what no longer holds
	}
	news := slices.ContainsFunc(known.Attendees, func(a calendar.Attendee) bool {
		return invited(a) && !a.ResponseTime.After(at) && (a.Response != r || !a.ResponseTime.Equal(at))
	})
	if !news && m.event.Instance.IsZero() {
		return nil // the same answer once more
	}
	_, err = m.change(ctx, known, func(e *calendar.Event, _ *mailbox.Item) {
		for i := range e.Attendees {
			if a := &e.Attendees[i]; invited(*a) && !a.ResponseTime.After(at) {
				a.Response, a.ResponseTime = r, at
			}
		}
	})
	return err
}

// same reports whether two addresses are one person's.
func (m *matter) same(a, b string) bool {
	s := m.Poster.Directory().Snapshot()
	one, ok := s.FindSMTP(a)
	other, also := s.FindSMTP(b)
	return ok && also && one.SID == other.SID
}

// answered is when the message was sent.
func (m *matter) answered() time.Time {
	if at, ok := m.item.Props.Time(mailbox.PidTagClientSubmitTime); ok {
		return at
	}
	return m.Poster.Now()
}

func responseOf(class string) calendar.Response {
	switch strings.ToLower(class[len(classResponse):]) {
	case "pos":
		return calendar.Accepted
	case "neg":
		return calendar.Declined
	}
	return calendar.TentativelyAccepted
}

// bookingDays is how far ahead a room looks, as in Exchange: what lies beyond
// it neither promises nor refuses.
const bookingDays = 180

// book answers for a room: yes if it is free at all times, no otherwise. What
// had the room at another time gives that up with a no.
func (c *Courier) book(ctx context.Context, m *matter) error {
	if m.known != nil {
		known, err := m.View.Event(m.known)
		if err != nil || m.foreign() || m.outdated(known) {
			return err
		}
	}
	if first, err := m.first(ctx); err != nil || !first {
		return err
	}
	free, err := m.take(ctx)
	if err != nil {
		return err
	}
	answer := calendar.Accepted
	if !free {
		answer = calendar.Declined
		if err := m.release(ctx); err != nil {
			return err
		}
	}
	note := &mailbox.Body{Text: []byte(bookingText(answer))}
	return c.answer(ctx, m.Desk, m.event, subjectOf(m.item, m.event), &Answer{Response: answer, Note: note})
}

// dailyAnswers is how often a meeting, or an occurrence of it, is answered within a
// day by a mailbox itself, whatever its organizer sends.
const dailyAnswers = 10

// first reports whether the mailbox has not dealt with a request yet, and notes that
// it does: once for what an organizer says of a meeting, however often and in how
// many messages he says it, and not without end for one meeting. RFC 5546 2.1.5
func (m *matter) first(ctx context.Context) (bool, error) {
	at := ""
	if !m.event.Instance.IsZero() {
		at = m.event.Instance.UTC().Format(time.RFC3339)
	}
	about := hashed(m.event.UID + "\x00" + strings.ToLower(m.organizer()) + "\x00" + at)
	said := hashed(fmt.Sprint(m.event.Sequence, m.event.Stamp.UnixNano(), m.event.Start.Unix(), m.event.End.Unix()))
	fresh, err := m.View.Once(ctx, "answer:"+about+":"+said)
	if err != nil || !fresh {
		return false, err
	}
	today := m.Poster.Now().UTC().Format(time.DateOnly)
	for n := range dailyAnswers {
		if free, err := m.View.Once(ctx, fmt.Sprintf("answers:%s:%s:%d", about, today, n)); err != nil || free {
			return free, err
		}
	}
	return false, nil
}

// take puts a meeting into a calendar that is free, and looks again: of two that
// came at the same time, wherever, the one whose change was the first has it.
func (m *matter) take(ctx context.Context) (bool, error) {
	free, err := m.free(ctx, math.MaxUint64)
	if err != nil || !free {
		return false, err
	}
	it, err := m.accept(ctx, calendar.Accepted)
	if err != nil || it == nil {
		return false, err
	}
	m.known = it
	return m.free(ctx, it.Change)
}

func (m *matter) release(ctx context.Context) error {
	if m.known == nil {
		return nil
	}
	known, err := m.View.Event(m.known)
	if err != nil {
		return err
	}
	return m.remove(ctx, known)
}

func bookingText(r calendar.Response) string {
	if r == calendar.Accepted {
		return "Your request was accepted."
	}
	return "Your request was declined because there are conflicts."
}

// free reports whether nothing else has been in the calendar at the meeting's
// times since before a change.
func (m *matter) free(ctx context.Context, before uint64) (bool, error) {
	now := m.Poster.Now()
	window := calendar.Interval{Start: now, End: now.AddDate(0, 0, bookingDays)}
	times, err := m.event.AppendOccurrences(nil, window, 0)
	if err != nil && !errors.Is(err, calendar.ErrTooMany) {
		return false, err
	}
	if len(times) == 0 {
		return true, nil
	}
	folder, err := m.View.FolderByName(ctx, mailbox.Calendar)
	if err != nil {
		return false, err
	}
	span := calendar.Interval{Start: times[0].Start, End: times[len(times)-1].End}
	if !span.Start.Before(span.End) {
		span.End = span.Start.Add(time.Minute)
	}
	page, err := m.View.CalendarView(ctx, folder.ID, span, 0, 0)
	if err != nil {
		return false, err
	}
	for i := range page.Items {
		if page.Items[i].Item.Change > before {
			continue
		}
		taken, err := m.taken(page.Items[i].Item, times)
		if err != nil || taken {
			return false, err
		}
	}
	return page.Last, nil // a calendar that full is not free
}

// taken reports whether an entry stands against one of the times.
func (m *matter) taken(it *mailbox.Item, times []calendar.Occurrence) (bool, error) {
	if m.known != nil && it.ID == m.known.ID {
		return false, nil
	}
	e, err := m.View.Event(it)
	if err != nil {
		return false, err
	}
	if !e.Status.Conflicts() {
		return false, nil
	}
	at := calendar.Interval{Start: e.Start, End: e.End}
	return slices.ContainsFunc(times, func(o calendar.Occurrence) bool { return o.Overlaps(at) }), nil
}

// errNotMeeting refuses what cannot be answered.
func errNotMeeting() error {
	return entente.Errorf(entente.Invalid, "the item is no meeting request").Because(NotMeeting)
}
