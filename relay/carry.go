package relay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"entente"
	"entente/access"
	"entente/authn"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// Leads implements delivery.Route: whom any mail may be brought to.
func (r *Relay) Leads(to entente.SMTPAddress) bool {
	for i := range r.Agreements {
		a := &r.Agreements[i]
		if r.Role == Outer && covers(a.Members, to) && (a.allows(DeliverMeeting) || a.allows(DeliverMail)) ||
			r.Role == Inner && covers(a.Askers, to) && (a.allows(DeliverMeeting) || a.allows(SendMail)) {
			return true
		}
	}
	return false
}

// Carry implements delivery.Route: what may pass is kept until it has arrived.
// It may for all recipients, or for none.
func (r *Relay) Carry(ctx context.Context, p delivery.Parcel) error {
	if len(p.Message) > maxMessage {
		return entente.Errorf(entente.TooLarge, "the message is too large for the relay")
	}
	groups := map[*Agreement][]string{}
	for _, to := range p.To {
		a := r.passes(&p, to)
		if a == nil {
			return entente.Errorf(entente.Denied, "no agreement of the relay lets the message pass")
		}
		groups[a] = append(groups[a], string(to))
	}
	var all []*kept
	for a, to := range groups {
		k, err := r.pack(a, &p, to)
		if err != nil {
			return err
		}
		all = append(all, k...)
	}
	if err := r.store(ctx, all); err != nil {
		return err
	}
	for a := range groups {
		r.peerOf(a).nudge()
	}
	return nil
}

// passes returns the agreement under which a message may go to somebody.
func (r *Relay) passes(p *delivery.Parcel, to entente.SMTPAddress) *Agreement {
	from, sender := entente.SMTPAddress(p.From.SMTP), entente.SMTPAddress(p.Sender.SMTP)
	for i := range r.Agreements {
		a := &r.Agreements[i]
		speakers, targets := a.sides(r.Role)
		switch {
		case !covers(targets, to):
		case r.Role == Outer && (!covers(speakers, from) || !covers(speakers, sender)):
		case a.allows(operationOf(r.Role, p.Class, p.Answer != nil)):
			return a
		}
	}
	return nil
}

// sides are for whom a side speaks by the agreement, and to whom. The inner side
// knows its speakers as members of the group, and not by a list.
func (a *Agreement) sides(role Role) (speakers, targets []string) {
	if role == Outer {
		return a.Askers, a.Members
	}
	return nil, a.Askers
}

// operationOf is what sending a message of a class from a side is.
func operationOf(from Role, class string, answer bool) Operation {
	switch {
	case from == Inner && answer:
		return DeliverMeeting
	case from == Inner:
		return SendMail
	case delivery.IsMeetingMessage(class):
		return DeliverMeeting
	}
	return DeliverMail
}

// pack makes of a message what is kept and sent. An answer to a meeting from
// inside is no message: of it passes what a program needs.
func (r *Relay) pack(a *Agreement, p *delivery.Parcel, to []string) ([]*kept, error) {
	if r.Role != Inner || p.Answer == nil {
		w := &parcel{
			Agreement: a.Name, ID: newID(), To: to,
			Sender: mailNameOf(p.Sender), From: mailNameOf(p.From),
		}
		k, err := keep(a, w.ID, p.Sender.SMTP, w)
		k.message = p.Message
		return []*kept{k}, err
	}
	var all []*kept
	for _, organizer := range to {
		w := &meetingAnswer{
			Agreement: a.Name, ID: newID(), Attendee: p.From.SMTP, Organizer: organizer,
			UID: p.Answer.UID, Sequence: p.Answer.Sequence, Response: uint8(p.Answer.Response),
		}
		if !p.Answer.Instance.IsZero() {
			w.Instance = p.Answer.Instance.Unix()
		}
		if w.At = p.Answer.At.Unix(); p.Answer.At.IsZero() {
			w.At = r.Now().Unix()
		}
		if w.check() != nil {
			return nil, entente.Errorf(entente.Denied, "the relay does not let such an answer pass")
		}
		k, err := keep(a, w.ID, p.Sender.SMTP, w)
		if err != nil {
			return nil, err
		}
		k.answer = true
		all = append(all, k)
	}
	return all, nil
}

func keep(a *Agreement, id, sender string, w any) (*kept, error) {
	text, err := json.Marshal(w)
	return &kept{id: id, peer: a.Peer, agreement: a.Name, sender: sender, envelope: string(text), message: []byte{}}, err
}

func mailNameOf(a message.Address) mailName { return mailName{words(a.Name), a.SMTP} }

// takeParcel puts a message that the other side brings into mailboxes here. On
// the inner side these are those of the group, on the outer side anybody's.
func (r *Relay) takeParcel(ctx context.Context, by *callers, body io.Reader) (any, error) {
	var p parcel
	if err := decode(body, maxParcel, &p); err != nil || p.check() != nil {
		return nil, r.refuse(ctx, by, "Deliver", "", authn.Relayed{}, nil, NotUnderstood)
	}
	who := by.relayed(p.Agreement, asker{Mail: p.From.Mail})
	if p.Sender.Mail != p.From.Mail {
		who.Chain = []access.Link{{Who: access.Principal{Mail: entente.SMTPAddress(p.Sender.Mail)}, How: "on behalf"}}
	}
	// The rate first: a message is the dearest thing to read.
	a, err := r.allowed(by.peer, p.Agreement, "")
	it, o := &mailbox.Item{}, Operation("Deliver")
	if err == nil {
		o, err = r.mayDeliver(a, &p, it)
	}
	if no, ok := refusalOf(err); ok {
		return nil, r.refuse(ctx, by, o, p.ID, who, p.To, no)
	}
	find, err := r.finder(ctx, a)
	if err != nil {
		return nil, err
	}
	people, others := split(p.To, find)
	if err := r.recordUnknown(ctx, o, p.ID, who, others); err != nil {
		return nil, err
	}
	out := received{To: slices.Repeat([]verdict{unknown}, len(p.To))}
	if len(people) == 0 {
		return out, nil
	}
	s := r.Door.Relayed(who, p.ID, string(o), true)
	accounts := make([]access.Account, len(people))
	for i, k := range people {
		accounts[i] = k.Account
		s.Target(k.Mailbox, p.To[k.at])
	}
	code := ""
	for n, err := range r.Courier.Accept(ctx, s, it, accounts, p.ID) {
		v := r.verdict(err)
		if out.To[people[n].at] = v; v != arrived {
			code = string(v)
		}
	}
	return out, s.Finish(ctx, code)
}

// mayDeliver reads a message and holds it against this side's copy of the
// agreement.
func (r *Relay) mayDeliver(a *Agreement, p *parcel, it *mailbox.Item) (Operation, error) {
	if it.SetMIME(p.Message, mailbox.ConvertOptions{}) != nil {
		return "Deliver", NotUnderstood
	}
	o := operationOf(other(r.Role), it.Class, false)
	switch {
	case !a.allows(o):
		return o, NotOperation
	case !r.speaksFor(a, p, it):
		return o, NotAsker
	}
	return o, nil
}

func other(r Role) Role {
	if r == Inner {
		return Outer
	}
	return Inner
}

// finder finds those to whom the other side may bring something.
func (r *Relay) finder(ctx context.Context, a *Agreement) (func(entente.SMTPAddress) (access.Account, bool), error) {
	if r.Role == Outer {
		snapshot := r.Directory.Snapshot()
		return func(to entente.SMTPAddress) (access.Account, bool) {
			found, ok := snapshot.FindSMTP(string(to))
			return found, ok && !found.Mailbox.IsZero() && covers(a.Askers, to)
		}, nil
	}
	members, err := r.membersOf(ctx, a)
	return func(to entente.SMTPAddress) (access.Account, bool) {
		m, ok := members[to]
		return m, ok
	}, err
}

// speaksFor reports whether the other side may speak for everyone whom a
// message names as its sender: people of its own, and none of ours.
func (r *Relay) speaksFor(a *Agreement, p *parcel, it *mailbox.Item) bool {
	speakers := a.Askers
	if r.Role == Outer {
		speakers = a.Members
	}
	for _, s := range [...]string{
		p.Sender.Mail, p.From.Mail,
		it.Props.String(mailbox.PidTagSenderSMTPAddress), it.Props.String(mailbox.PidTagSentRepresentingSMTP),
	} {
		address, err := entente.ParseSMTPAddress(s)
		if err != nil || !covers(speakers, address) || r.here(address) {
			return false
		}
	}
	return true
}

// verdict says what became of a message for one recipient. What may yet work is
// to be tried again.
func (r *Relay) verdict(err error) verdict {
	if err == nil {
		return arrived
	}
	switch kind, reason := kindOf(err), reasonOf(err); {
	case reason == mailbox.QuotaExceeded:
		return full
	case kind == entente.TooLarge:
		return tooLarge
	case kind == entente.Internal || kind == entente.Unavailable || kind == entente.Conflict:
		r.Log.Error("relay: deliver", "err", err)
		return later
	}
	return failed
}

// takeAnswer has the organizer told that a member has answered.
func (r *Relay) takeAnswer(ctx context.Context, by *callers, body io.Reader) (any, error) {
	var w meetingAnswer
	if err := decode(body, maxQuestion, &w); err != nil || w.check() != nil {
		return nil, r.refuse(ctx, by, DeliverMeeting, "", authn.Relayed{}, nil, NotUnderstood)
	}
	who := by.relayed(w.Agreement, asker{Mail: w.Attendee})
	attendee, _ := entente.ParseSMTPAddress(w.Attendee)
	a, err := r.allowed(by.peer, w.Agreement, DeliverMeeting)
	if err == nil && (!covers(a.Members, attendee) || r.here(attendee)) {
		err = NotAsker
	}
	if no, ok := refusalOf(err); ok {
		return nil, r.refuse(ctx, by, DeliverMeeting, w.ID, who, []string{w.Organizer}, no)
	}
	out := received{To: []verdict{unknown}}
	organizer, ok := r.Directory.Snapshot().FindSMTP(w.Organizer)
	if ok && !organizer.Mailbox.IsZero() {
		err = r.Courier.Answered(ctx, organizer, attendee, w.answer(), w.ID)
		if out.To[0] = r.verdict(err); reasonOf(err) == delivery.NotInvited {
			out.To[0] = unknown
		}
	}
	code := ""
	if out.To[0] != arrived {
		code = string(out.To[0])
	}
	rec := external("MeetingAnswer", w.ID, who, []string{w.Organizer}, code)
	if code == "" {
		rec.Mailbox = organizer.Mailbox.String()
	}
	return out, r.Audit.Append(ctx, rec)
}

func kindOf(err error) entente.Kind {
	if e, ok := errorAs(err); ok {
		return e.Kind
	}
	return entente.Internal
}

// undelivered is the error that a verdict is to the sender.
func undelivered(v verdict) error {
	switch v {
	case unknown:
		return entente.Errorf(entente.NotFound, "there is no such recipient").Because(mailbox.MailboxNotFound)
	case full:
		return entente.Errorf(entente.Denied, "the mailbox is full").Because(mailbox.QuotaExceeded)
	case tooLarge:
		return entente.Errorf(entente.TooLarge, "the message is too large")
	}
	return fmt.Errorf("the other side says %s", v)
}
