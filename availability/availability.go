// Package availability answers who is free when, each as far as the asker may
// know.
//
// It opens no mailbox itself: an Opener does, which is one request's session of
// the door. What a calendar shows, its permission table says and package
// mailbox enforces; this package finds out whose calendars are meant, looks
// into distribution lists, asks partners about people who are not here, and
// cuts what it got down to what was asked for. It knows no protocol.
package availability

import (
	"context"
	"errors"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/directory"
	"entente/mailbox"
)

// Reasons of refused questions, and of mailboxes that cannot be asked about.
const (
	InvalidInterval   entente.Reason = "availability-interval"       // the window ends before it begins
	IntervalTooBig    entente.Reason = "availability-too-long"       // more than MaxDays
	InvalidSlot       entente.Reason = "availability-slot"           // no length a slot may have
	InvalidView       entente.Reason = "availability-view"           // None is no answer
	NoMailboxes       entente.Reason = "availability-nobody"         // nobody was asked about
	TooManyMailboxes  entente.Reason = "availability-too-many"       // more than MaxMailboxes
	RecipientNotFound entente.Reason = "recipient-not-found"         // nobody here has the address
	GroupTooBig       entente.Reason = "group-too-big"               // more than MaxMembers
	PartnerFailed     entente.Reason = "availability-partner-failed" // a partner did not answer

	// Of people in another organization.
	NoRelationship          entente.Reason = "relationship-missing"           // none names the domain, or it is switched off
	UnusableRelationship    entente.Reason = "relationship-unusable"          // it does not say where or for whom to ask
	NoRelationshipFreeBusy  entente.Reason = "relationship-without-free-busy" // it shares none
	OtherOrganization       entente.Reason = "relationship-organization"      // the asker is of another than it names
	OrganizationUnfederated entente.Reason = "organization-not-federated"     // this one has no trust, or it is off
	FederationMisconfigured entente.Reason = "organization-misconfigured"     // the trust's objects do not fit together
	NoFederatedAddress      entente.Reason = "asker-without-federated-proxy"  // the asker has no address in a federated domain
	NoDelegationToken       entente.Reason = "partner-no-token"               // the broker gives none now
	PartnerDiscoveryFailed  entente.Reason = "partner-autodiscover-failed"    // its server could not be found
	PartnerTooManyEntries   entente.Reason = "partner-too-many-entries"       // more than 1,000 in an answer
	PartnerTimedOut         entente.Reason = "partner-timed-out"
	PartnerShowsNoFreeBusy  entente.Reason = "partner-no-free-busy" // the calendar there shows nothing
	PartnerUnknownRecipient entente.Reason = "partner-unknown-recipient"
	// PartnerSays, before a response code of EWS, is the reason of what a partner
	// answered about one mailbox: clients are told the same code.
	PartnerSays entente.Reason = "partner-says:"
)

// Limits of one question, those of Exchange. [MS-OXWAVLS] 3.1.4.1
const (
	MaxMailboxes = 100
	MaxMembers   = 100
	MaxDays      = 62
	DefaultSlot  = 30 * time.Minute
)

// A View says how much is asked for, or given. [MS-OXWAVLS] FreeBusyViewType
type View uint8

// The views. Those with Merged have a digit for each slot as well.
const (
	None View = iota
	MergedOnly
	FreeBusy
	FreeBusyMerged
	Detailed
	DetailedMerged
)

var viewNames = [...]string{"None", "MergedOnly", "FreeBusy", "FreeBusyMerged", "Detailed", "DetailedMerged"}

// String returns the name EWS uses.
func (v View) String() string { return viewNames[min(int(v), len(viewNames)-1)] }

// ParseView reads the name EWS uses.
func ParseView(s string) (View, error) {
	for i, name := range viewNames {
		if s == name {
			return View(i), nil
		}
	}
	return None, entente.Errorf(entente.Invalid, "there is no such view").Because(InvalidView)
}

// Merged reports whether the view has digits.
func (v View) Merged() bool { return v == MergedOnly || v == FreeBusyMerged || v == DetailedMerged }

func (v View) detailed() bool { return v == Detailed || v == DetailedMerged }

// times returns the view without its details.
func (v View) times() View {
	if v.detailed() {
		return v - (Detailed - FreeBusy)
	}
	return v
}

// An Opener is one request's way to calendars: a session of the door.
type Opener interface {
	Mailbox(ctx context.Context, id entente.MailboxID) (*mailbox.View, error)
	Directory() *directory.Directory
	Snapshot() *access.Snapshot
	Caller() *access.Caller
}

// A Remote asks about people whose calendars are not here: the relay, and the
// federation client. Remotes are several.
type Remote interface {
	// Partner reports whether an address may be one of a partner's that may be
	// asked. It may be in a domain that is ours too: who is not here is asked for
	// there.
	Partner(address entente.SMTPAddress) bool
	// FreeBusy asks the partners of, all in one call, on behalf of a caller, about
	// a window. Who is not in the answer is not known there.
	FreeBusy(ctx context.Context, as *access.Caller, of []entente.SMTPAddress, r Request) (map[entente.SMTPAddress]Answer, error)
}

// A Service answers free/busy questions. The zero Service knows this
// organization only. It is safe for concurrent use.
type Service struct {
	// Remote, if set, is asked about the people of other organizations.
	Remote Remote
	// Nodes, if set, are asked about the people whose mailboxes they have.
	Nodes Nodes
}

// A Request is a question about up to MaxMailboxes people and lists.
type Request struct {
	Mailboxes []string // SMTP addresses, any of a person's
	Window    calendar.Interval
	Slot      time.Duration // of the digits; 0 is DefaultSlot
	View      View
	// Zone is the asker's. Who keeps no working hours is taken to keep
	// Exchange's default ones there.
	Zone calendar.Zone
	// Members keeps the answers of a list's members, for who looks for a time
	// at which all can meet.
	Members bool
}

// An Answer is what is told of one of those asked about. If Err is not nil it
// is all there is: an *entente.Error with one of the reasons above, or with
// mailbox.NoFreeBusy.
type Answer struct {
	View    View // what is given; the owner may show less than was asked for
	Merged  []byte
	Busy    []calendar.Busy // overlapping the window and not cut to it
	Hours   *calendar.WorkingHours
	Group   bool     // a list: View is MergedOnly
	Members []Answer // of a list, if asked for
	Err     error
}

// Check reports what is wrong with the question as a whole.
func (r *Request) Check() error {
	switch {
	case len(r.Mailboxes) == 0:
		return entente.Errorf(entente.Invalid, "nobody was asked about").Because(NoMailboxes)
	case len(r.Mailboxes) > MaxMailboxes:
		return entente.Errorf(entente.Invalid, "at most %d mailboxes may be asked about", MaxMailboxes).Because(TooManyMailboxes)
	case !r.Window.Start.Before(r.Window.End):
		return entente.Errorf(entente.Invalid, "the time window ends before it begins").Because(InvalidInterval)
	case r.Window.Duration() > MaxDays*24*time.Hour:
		return entente.Errorf(entente.TooLarge, "at most %d days may be asked for", MaxDays).Because(IntervalTooBig)
	case r.View == None || r.View > DetailedMerged:
		return entente.Errorf(entente.Invalid, "the view None has nothing to show").Because(InvalidView)
	case r.View.Merged() && (r.Slot < calendar.MinSlot || r.Slot > calendar.MaxSlot):
		return entente.Errorf(entente.Invalid, "the interval of the merged view must be %d to %d minutes",
			int(calendar.MinSlot.Minutes()), int(calendar.MaxSlot.Minutes())).Because(InvalidSlot)
	}
	return nil
}

// FreeBusy answers for each of those asked about, in their order. An error
// beside the answers is about the whole question: see Check.
func (s *Service) FreeBusy(ctx context.Context, o Opener, r Request) ([]Answer, error) {
	if r.Slot == 0 {
		r.Slot = DefaultSlot
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	q := question{ctx: ctx, opener: o, Request: &r, hours: calendar.DefaultWorkingHours(r.Zone)}
	out := make([]Answer, len(r.Mailboxes))
	s.gather(&q)
	abroad := make(map[entente.SMTPAddress][]int)
	for i, text := range r.Mailboxes {
		address, err := entente.ParseSMTPAddress(text)
		switch account, ok := o.Snapshot().FindSMTP(string(address)); {
		case err != nil:
			out[i].Err = unknown(text)
		case ok:
			out[i] = q.person(account.Mailbox, text)
		case s.Remote == nil || !s.Remote.Partner(address):
			out[i] = q.group(address)
		default:
			// A list of ours may have an address in a domain that we share.
			if o.Directory().Accepted(address.Domain()) {
				if out[i] = q.group(address); !nobody(out[i].Err) {
					continue
				}
			}
			abroad[address] = append(abroad[address], i)
		}
	}
	if len(abroad) > 0 {
		s.ask(&q, abroad, out)
	}
	return out, ctx.Err()
}

// unknown is what Exchange says of an address that it cannot place, whichever
// domain it is in: its clients show that name as "no information".
func unknown(address string) error {
	if a, err := entente.ParseSMTPAddress(address); err == nil {
		return entente.Errorf(entente.NotFound, "Unable to resolve e-mail address %s to an Active Directory object.", a).Because(RecipientNotFound)
	}
	return entente.Errorf(entente.NotFound, "Unable to resolve an e-mail address to an Active Directory object.").Because(RecipientNotFound)
}

// nobody reports whether an answer is that no one has the address.
func nobody(err error) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Reason == RecipientNotFound
}

// question is a Request at work.
type question struct {
	*Request
	ctx    context.Context
	opener Opener
	hours  calendar.WorkingHours
	lists  lists
	far    map[entente.MailboxID]Answer // of people whose mailboxes other nodes have
}

// person answers for one mailbox.
func (q *question) person(id entente.MailboxID, address string) Answer {
	if id.IsZero() {
		return Answer{Err: unknown(address)}
	}
	if a, ok := q.far[id]; ok {
		return a
	}
	view, err := q.opener.Mailbox(q.ctx, id)
	if err != nil {
		return Answer{Err: err}
	}
	a := Answer{View: q.View, Hours: &q.hours}
	if q.View == MergedOnly && !q.Members {
		a.Merged = calendar.AppendMerged(nil, q.Window, q.Slot, nil)
		if _, err := view.MergeBusy(q.ctx, a.Merged, q.Window, q.Slot); err != nil {
			return Answer{Err: err}
		}
		return a
	}
	ask := view.BusyTimes
	if q.View.detailed() {
		ask = view.Busy
	}
	busy, level, err := ask(q.ctx, q.Window)
	if err != nil {
		return Answer{Err: err}
	}
	if level < mailbox.BusyDetails {
		a.View = a.View.times()
	}
	if a.View.Merged() {
		a.Merged = calendar.AppendMerged(nil, q.Window, q.Slot, busy)
	}
	if !a.View.detailed() {
		for i := range busy {
			busy[i].Detail = nil
		}
	}
	a.Busy = busy
	return a
}

// group answers for a distribution list: its members merged, and never who of
// them is busy. A member who shows nothing counts as unknown, since a time at
// which somebody may be busy is none at which all are free.
func (q *question) group(address entente.SMTPAddress) Answer {
	members, err := q.members(address)
	if err != nil {
		return Answer{Err: err, Group: true}
	}
	out := Answer{View: MergedOnly, Group: true, Merged: calendar.AppendMerged(nil, q.Window, q.Slot, nil)}
	for i := range members {
		m := q.person(members[i].Mailbox, string(members[i].Mail))
		switch {
		case m.Err != nil:
			calendar.Union(out.Merged, calendar.AppendNoData(nil, q.Window, q.Slot))
		case m.Merged != nil:
			calendar.Union(out.Merged, m.Merged)
		default:
			calendar.MergeInto(out.Merged, q.Window, q.Slot, m.Busy)
		}
		if q.Members {
			out.Members = append(out.Members, m)
		}
	}
	return out
}

func (q *question) members(address entente.SMTPAddress) ([]directory.Account, error) {
	l, ok := q.lists[address]
	if !ok {
		l.members, l.err = q.lookUp(address)
		if q.lists == nil {
			q.lists = lists{}
		}
		q.lists[address] = l
	}
	return l.members, l.err
}

func (q *question) lookUp(address entente.SMTPAddress) ([]directory.Account, error) {
	dir := q.opener.Directory()
	members, err := dir.Recipients(q.ctx, address, MaxMembers)
	switch kindOf(err) {
	case entente.NotFound:
		return nil, unknown(string(address))
	case entente.TooLarge:
		return nil, entente.Errorf(entente.TooLarge, "the list has more than %d members", MaxMembers).Because(GroupTooBig)
	}
	return members, err
}
