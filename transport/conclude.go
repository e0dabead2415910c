package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/delivery"
)

// conclude writes down what a try has found out, first of all in the queue: whoever
// goes on after a node that ended here sends nothing again. The moment between a
// smart host's yes and that is the only one that can bring a message twice. Then
// come the record, which may say twice what happened once, and word to the sender,
// which goes by a name under which it is put in once; then those whose fate is
// known are done with.
func (s *Service) conclude(ctx context.Context, x *row, all []target) error {
	if err := s.note(ctx, x, all); err != nil {
		return err
	}
	var lost, waiting, done []target
	for _, o := range all {
		switch o.Fate {
		case never:
			lost = append(lost, o)
		case later:
			waiting = append(waiting, o)
		default:
			done = append(done, o)
		}
	}
	errs := []error{s.record(ctx, x, all)}
	var say []delivery.Result
	for i := range lost {
		say = append(say, lost[i].result(delivery.Failed))
	}
	errs = append(errs, s.word(ctx, x, say, "failed"))
	say = nil
	for i := range done { // a host that knows of receipts gives its own
		if x.envelope.Receipt && !done[i].Promised {
			say = append(say, done[i].result(delivery.Relayed))
		}
	}
	errs = append(errs, s.word(ctx, x, say, "relayed"))
	age := s.Now().Sub(time.UnixMilli(x.created))
	if len(waiting) > 0 && age >= s.Warn && !x.envelope.Warned {
		say = nil
		for i := range waiting {
			r := waiting[i].result(delivery.Delayed)
			r.Until = time.UnixMilli(x.created).Add(s.Keep)
			say = append(say, r)
		}
		errs = append(errs, s.word(ctx, x, say, "delayed"))
		x.envelope.Warned = true
	}
	left := make([]target, len(waiting))
	problem := ""
	for i := range waiting {
		left[i] = waiting[i]
		problem = waiting[i].Said
	}
	errs = append(errs, s.settle(ctx, x, left, s.next(x), problem))
	return errors.Join(errs...)
}

// next is when a message is tried again: no later than it has to be given up, or
// its sender to be warned.
func (s *Service) next(x *row) time.Time {
	now, created := s.Now(), time.UnixMilli(x.created)
	due := now.Add(s.wait(x.tries))
	for _, end := range [...]time.Time{created.Add(s.Warn), created.Add(s.Keep + time.Second)} {
		if end.After(now) && end.Before(due) {
			due = end
		}
	}
	return due
}

// word tells the sender something, once for each try that found it out.
func (s *Service) word(ctx context.Context, x *row, say []delivery.Result, kind string) error {
	if len(say) == 0 || x.sender == "" {
		return nil
	}
	account, ok := s.Directory.Snapshot().FindSMTP(x.sender)
	if !ok || account.Mailbox.IsZero() {
		return nil
	}
	work := s.Door.Local(account.Principal, "DeliveryReport")
	err := s.Courier.Report(ctx, work, x.message, say, wordName(x, kind, say))
	code := ""
	if err != nil {
		code = "NotDelivered"
	}
	return errors.Join(err, work.Finish(ctx, code))
}

// wordName is what a report is known by: the message, and of whom it says what. One
// that says more than an earlier one, after a crash, has another name, so that
// nobody's fate stays untold.
func wordName(x *row, kind string, say []delivery.Result) string {
	of := ""
	for i := range say {
		of += say[i].To + "\n"
	}
	return fmt.Sprintf("smtp:%s:%s:%s", x.id, kind, hashed(of))
}

// record has what became of a message in the audit log: whose it was, which host
// said what.
func (s *Service) record(ctx context.Context, x *row, all []target) error {
	who := access.Principal{Mail: entente.SMTPAddress(x.sender)}
	if a, ok := s.Directory.Snapshot().FindSMTP(x.envelope.From); ok && x.sender != "" {
		who = a.Principal
	}
	by := map[string][]target{}
	for _, o := range all {
		code := ""
		switch o.Fate {
		case never:
			code = "failed " + o.Status
		case later:
			continue // tried again; the queue shows it
		}
		key := o.Remote + "\x00" + code
		by[key] = append(by[key], o)
	}
	var errs []error
	for _, some := range by {
		rec := audit.Record{
			Kind: audit.System, Request: x.id, As: who, By: who, Method: access.Local,
			Via:    []access.Link{{How: "send connector " + x.connector + " to " + some[0].Remote}},
			Action: "transport.Send", Allowed: true, Count: max(0, len(some)-20),
		}
		for _, a := range addresses(some)[:min(len(some), 20)] {
			rec.Targets = append(rec.Targets, string(a))
		}
		if some[0].Fate == never {
			rec.Code = "failed " + some[0].Status
		}
		errs = append(errs, s.Audit.Append(ctx, rec))
	}
	return errors.Join(errs...)
}
