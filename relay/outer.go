package relay

import (
	"context"
	"errors"
	"maps"
	"slices"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/availability"
	"entente/calendar"
)

// Partner implements availability.Remote: whom an agreement lets people here
// ask about.
func (r *Relay) Partner(address entente.SMTPAddress) bool {
	return r.Role == Outer && r.under(GetUserAvailability, address) != nil
}

// under returns the first agreement on an operation that is about an address of
// the inner side.
func (r *Relay) under(o Operation, address entente.SMTPAddress) *Agreement {
	for i := range r.Agreements {
		if a := &r.Agreements[i]; a.allows(o) && covers(a.Members, address) {
			return a
		}
	}
	return nil
}

// FreeBusy implements availability.Remote. Each agreement is one question; the
// first that fails fails all.
func (r *Relay) FreeBusy(ctx context.Context, as *access.Caller, of []entente.SMTPAddress, q availability.Request) (map[entente.SMTPAddress]availability.Answer, error) {
	groups := map[*Agreement][]entente.SMTPAddress{}
	for _, address := range of {
		if a := r.under(GetUserAvailability, address); a != nil {
			groups[a] = append(groups[a], address)
		}
	}
	out := map[entente.SMTPAddress]availability.Answer{}
	for a, some := range groups {
		found, err := r.askTimes(ctx, a, as, some, &q)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, found)
	}
	return out, nil
}

// askTimes asks one question under one agreement, if this side's copy of it
// lets that pass, and records it whatever becomes of it.
func (r *Relay) askTimes(ctx context.Context, a *Agreement, as *access.Caller, of []entente.SMTPAddress, q *availability.Request) (map[entente.SMTPAddress]availability.Answer, error) {
	id := newID()
	w := wire(a, id, as, of, q)
	var answer times
	err := r.mayAskOut(a, as, q)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, askTime)
		err = r.ask(ctx, r.peerOf(a), pathFreeBusy, w, &answer, maxReply)
		cancel()
	}
	if err == nil {
		err = answer.check(len(of), w.window(), w.Details)
	}
	code := ""
	if err != nil {
		code = "unreachable"
		if no, ok := refusalOf(err); ok {
			code, err = string(no), no.errorOf()
		}
	}
	if e := r.Audit.Append(ctx, asked(a, id, as, of, code)); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, err
	}
	return rebuild(&answer, of, q, w.Details), nil
}

// mayAskOut holds a question against the outer side's copy of the agreement.
func (r *Relay) mayAskOut(a *Agreement, as *access.Caller, q *availability.Request) error {
	switch {
	case !covers(a.Askers, as.Subject().Mail):
		return NotAsker
	case !a.window(q.Window, r.Now()):
		return NotWindow
	case !r.rates.take(a, r.Now()):
		return TooFast
	}
	return nil
}

// wire is the question as it passes.
func wire(a *Agreement, id string, as *access.Caller, of []entente.SMTPAddress, q *availability.Request) *question {
	w := &question{
		Agreement: a.Name, Request: id, Asker: askerOf(as),
		Start: minute(q.Window.Start), End: minuteUp(q.Window.End),
		Details: a.Level == Details && detailed(q.View),
	}
	for _, address := range of {
		w.Of = append(w.Of, string(address))
	}
	return w
}

func detailed(v availability.View) bool {
	return v == availability.Detailed || v == availability.DetailedMerged
}

// askerOf tells the other side for whom is asked, and who asks.
func askerOf(c *access.Caller) asker {
	out := asker{Mail: string(c.Subject().Mail)}
	if c.ActsAs != nil && c.Method != access.Local {
		out.Chain = append(out.Chain, actor{UPN: words(string(c.Authenticated.UPN)), How: "impersonation"})
	}
	for _, l := range c.Chain {
		if len(out.Chain) < maxChainLink {
			out.Chain = append(out.Chain, actor{UPN: words(string(l.Who.UPN)), How: words(l.How)})
		}
	}
	return out
}

// rebuild makes answers of what came: statuses and times, put into this side's
// own form, and words only if they were agreed. Nothing else is taken over.
func rebuild(t *times, of []entente.SMTPAddress, q *availability.Request, details bool) map[entente.SMTPAddress]availability.Answer {
	out := map[entente.SMTPAddress]availability.Answer{}
	for i, address := range of {
		p := &t.People[i]
		if !p.Known {
			continue
		}
		a := availability.Answer{View: view(q.View, details)}
		for _, s := range p.Busy {
			b := calendar.Busy{Interval: s.interval(), Status: calendar.BusyStatus(s.Status)}
			if subject, location := words(s.Subject), words(s.Location); subject+location != "" {
				b.Detail = &calendar.BusyDetail{Subject: subject, Location: location}
			}
			a.Busy = append(a.Busy, b)
		}
		if a.View.Merged() {
			a.Merged = calendar.AppendMerged(nil, q.Window, q.Slot, a.Busy)
		}
		if a.View == availability.MergedOnly {
			a.Busy = nil
		}
		out[address] = a
	}
	return out
}

// view is what can be given of what was asked for.
func view(v availability.View, details bool) availability.View {
	switch {
	case details:
	case v == availability.Detailed:
		return availability.FreeBusy
	case v == availability.DetailedMerged:
		return availability.FreeBusyMerged
	}
	return v
}

// asked is the outer side's record of a question.
func asked(a *Agreement, id string, as *access.Caller, of []entente.SMTPAddress, code string) audit.Record {
	rec := audit.Record{
		Kind: audit.Delegate, Request: id, As: as.Subject(), By: as.Authenticated,
		Via:    append(slices.Clone(as.Chain), access.Link{How: "relay " + a.Peer + " under agreement " + a.Name}),
		Method: as.Method, Evidence: as.Evidence, Application: as.Application, UserAgent: as.UserAgent, Address: as.Address,
		Action: "relay." + string(GetUserAvailability), Allowed: code == "", Code: code,
	}
	switch {
	case as.Method == access.Local:
		rec.Kind = audit.System
	case as.ActsAs != nil:
		rec.Kind = audit.ImpersonatedDelegate
	}
	for _, address := range of[:min(len(of), 20)] {
		rec.Targets = append(rec.Targets, string(address))
	}
	rec.Count = max(0, len(of)-20)
	return rec
}

func errorAs(err error) (e *entente.Error, ok bool) {
	ok = errors.As(err, &e)
	return e, ok
}

func reasonOf(err error) entente.Reason {
	if e, ok := errorAs(err); ok {
		return e.Reason
	}
	return ""
}
