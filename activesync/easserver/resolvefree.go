package easserver

import (
	"errors"
	"strings"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/availability"
	"entente/calendar"
)

// maxListFree is of how many people at most a list's free times are merged: of
// more, nobody is free ever. [MS-ASCMD] 2.2.3.183
const maxListFree = 20

// A freeBusy is when somebody is free, or why that is not told.
type freeBusy struct {
	status activesync.Status
	merged string
}

func (f *freeBusy) write(c *call) {
	w := c.out
	w.Start(wbxml.ResolveRecipientsAvailability)
	c.status(wbxml.ResolveRecipientsStatus, f.status)
	if f.status == activesync.OK {
		w.Text(wbxml.ResolveRecipientsMergedFreeBusy, f.merged)
	}
	w.End()
}

// readWindow reads the times between which somebody's calendar is asked about.
// Before 14.0 nobody does. [MS-ASCMD] 2.2.3.16
func (r *resolution) readWindow(e *wbxml.Element) error {
	if e == nil || !r.at(activesync.V140) {
		return nil
	}
	start, err := parseDateTime(e.Get(wbxml.ResolveRecipientsStartTime))
	if err != nil {
		return err
	}
	w := calendar.Interval{Start: start}
	// Without an end it is a week. [MS-ASCMD] 2.2.3.63.3
	if w.End = start.AddDate(0, 0, 7); e.Has(wbxml.ResolveRecipientsEndTime) {
		if w.End, err = parseDateTime(e.Get(wbxml.ResolveRecipientsEndTime)); err != nil {
			return err
		}
	}
	q := availability.Request{Mailboxes: []string{""}, Window: w, Slot: availability.DefaultSlot, View: availability.MergedOnly}
	if err := q.Check(); err != nil {
		return err
	}
	r.window = &w
	return nil
}

// freeBusy asks about all who are sure to be meant, in one question: the owners'
// settings say what is told. Lists that are too long are not asked about.
func (r *resolution) freeBusy() error {
	var all []*recipient
	for i := range r.answers {
		if a := &r.answers[i]; a.status == activesync.OK {
			all = append(all, &a.all[0])
		}
	}
	if len(all) > maxAvailabilityOf {
		for _, p := range all {
			p.free = &freeBusy{status: activesync.AvailabilityTooManyRecipients}
		}
		return nil
	}
	q := availability.Request{Window: *r.window, Slot: availability.DefaultSlot, View: availability.MergedOnly}
	var asked []*recipient
	for _, p := range all {
		long, err := r.longList(p)
		if err != nil {
			return err
		}
		if long {
			p.free = &freeBusy{status: activesync.AvailabilityDLLimitReached}
			continue
		}
		q.Mailboxes = append(q.Mailboxes, p.address)
		asked = append(asked, p)
	}
	if len(asked) == 0 {
		return nil
	}
	r.s.Glance()
	r.s.Expect(len(asked))
	answers, err := r.h.Free.FreeBusy(r.ctx, r.s, q)
	if err != nil {
		return err
	}
	for i, p := range asked {
		p.free = r.told(&answers[i])
	}
	return nil
}

// longList reports whether somebody is a list of more people than are merged.
func (r *resolution) longList(p *recipient) (bool, error) {
	if p.entry == nil || p.entry.Group == nil {
		return false, nil
	}
	_, err := r.s.Directory().Recipients(r.ctx, p.entry.Mail(), maxListFree)
	switch {
	case isKind(err, entente.TooLarge):
		return true, nil
	case isKind(err, entente.NotFound):
		return false, nil // it is gone since
	}
	return false, err
}

// phoneDigits turns the digits of EWS into those of phones, which have none for who
// works elsewhere, and so can be met, and 4 for times of which nothing is known.
var phoneDigits = strings.NewReplacer("4", "0", "5", "4")

// told is what an answer is on the wire: one digit for each half hour.
// [MS-ASCMD] 2.2.3.107
func (r *resolution) told(a *availability.Answer) *freeBusy {
	if a.Err == nil && len(a.Merged) > 0 {
		return &freeBusy{activesync.OK, phoneDigits.Replace(string(a.Merged))}
	}
	var e *entente.Error
	switch {
	case errors.As(a.Err, &e) && e.Reason == availability.GroupTooBig:
		return &freeBusy{status: activesync.AvailabilityDLLimitReached}
	case errors.As(a.Err, &e) && (e.Kind == entente.Unavailable || e.Reason == availability.PartnerTimedOut || e.Reason == availability.NoDelegationToken),
		r.h.Unavailable != nil && a.Err != nil && r.h.Unavailable(a.Err):
		return &freeBusy{status: activesync.AvailabilityTransientFailure}
	}
	return &freeBusy{status: activesync.AvailabilityFailure}
}
