package easserver

import (
	"slices"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// exceptions reads the exceptions of a series, which are all that it has then: what
// is not among them is as the series. Without the element they stay. A phone of
// 16.0 and later says them of a new series alone, and changes occurrences one by
// one. old are those that the event had. [MS-ASCAL] 2.2.2.22
func (x *eventEdit) exceptions(old []calendar.Exception) {
	if x.o != nil && x.at(activesync.V160) {
		return
	}
	el, gone := x.named(wbxml.CalendarExceptions)
	if el == nil && !gone {
		return
	}
	e := x.e
	var changed []calendar.Exception
	var deleted []calendar.Date
	n := 0
	for one := range el.All(wbxml.CalendarException) {
		if n++; n > maxShownExceptions {
			x.fail(entente.Errorf(entente.TooLarge, "the series has too many exceptions").Because(mailbox.CalendarTooMany))
			return
		}
		d, ok := x.instanceOf(one)
		switch {
		case x.err != nil:
			return
		case !ok:
			continue // of no occurrence that there is: it means nothing
		case one.Get(wbxml.CalendarDeleted) == "1":
			deleted = append(deleted, d)
			continue
		}
		c, err := x.exception(one, d, old)
		if err != nil {
			x.fail(err)
			return
		}
		changed = append(changed, c)
	}
	e.Exceptions, e.Deleted = nil, nil
	for i := range changed {
		e.SetException(changed[i])
	}
	for _, d := range deleted {
		e.Delete(d)
	}
}

// instanceOf reads which occurrence an Exception is of.
func (x *eventEdit) instanceOf(in *wbxml.Element) (calendar.Date, bool) {
	s := in.Get(wbxml.CalendarExceptionStartTime)
	if s == "" {
		s = in.Get(wbxml.AirSyncBaseInstanceId)
	}
	t, err := parseEventTime(s)
	if err != nil {
		x.fail(err)
		return 0, false
	}
	return x.dayOfInstance(x.e, t)
}

// dayOfInstance finds the occurrence of a series that a phone means by a time: when
// it would start if nobody had changed it. Some write the day alone, some an hour
// off, and some when the changed occurrence starts.
func (c *call) dayOfInstance(e *calendar.Event, t time.Time) (calendar.Date, bool) {
	if e.Recurrence == nil {
		return 0, false
	}
	shown, _ := c.onPhone(e)
	at := func(d calendar.Date) time.Time { return c.instant(shown.OriginalTime(d).Start, e.AllDay, shown.Zone) }
	utc, clock := calendar.UTC().Wall(t)
	local, _ := e.Zone.Wall(t)
	for _, d := range [...]calendar.Date{local, local - 1, local + 1} {
		if e.Recurrence.Has(d) && (at(d).Equal(t) || e.OriginalTime(d).Start.Equal(t)) {
			return d, true
		}
	}
	for i := range e.Exceptions {
		if e.Exceptions[i].Start.Equal(t) {
			return e.Exceptions[i].Original, true
		}
	}
	if clock == 0 && e.AllDay && e.Recurrence.Has(utc) {
		return utc, true
	}
	return local, e.Recurrence.Has(local)
}

// exception reads what makes an occurrence differ from its series. What an older
// exception of the day changed of body and attendees, and this one does not name,
// stays; other elements that are not there are as the series has them. [MS-ASCAL]
// 2.2.2.21
func (x *eventEdit) exception(in *wbxml.Element, d calendar.Date, old []calendar.Exception) (calendar.Exception, error) {
	base := *x.e
	base.Exceptions, base.Deleted = nil, nil
	if i := slices.IndexFunc(old, func(o calendar.Exception) bool { return o.Original == d }); i >= 0 {
		base.Exceptions = []calendar.Exception{old[i]}
	}
	at := base.At(calendar.Occurrence{Interval: base.OriginalTime(d), Original: d})
	if len(base.Exceptions) > 0 && base.Exceptions[0].Changed&calendar.BodyField != 0 {
		at.Body, at.BodyHTML = base.Exceptions[0].Body, base.Exceptions[0].BodyHTML
	}
	one := eventEdit{call: x.call, in: in, o: x.options(), it: x.it, e: &at, single: true}
	if err := one.apply(); err != nil {
		return calendar.Exception{}, err
	}
	if err := at.Check(); err != nil {
		return calendar.Exception{}, entente.Errorf(entente.Invalid, "the exception is not valid: %s", err).Because(mailbox.EventInvalid)
	}
	parts := mailbox.Parts(0)
	if in.Has(wbxml.AirSyncBaseBody) {
		parts |= mailbox.PartBody
	}
	if in.Has(wbxml.CalendarAttendees) {
		parts |= mailbox.PartRecipients
	}
	return mailbox.ExceptionOf(&base, d, &at, parts), nil
}

// options are those of a change, so that what an exception does not name stays.
func (x *eventEdit) options() *options {
	if x.o != nil {
		return x.o
	}
	return &options{}
}
