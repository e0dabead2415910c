package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/db"
	"entente/delivery"
)

// kept is a row of relay_parcel: something on its way.
type kept struct {
	id, peer, agreement string
	answer              bool
	sender, envelope    string
	message             []byte
	created, due        int64
	tries               int64
}

// How what is kept is tried.
const (
	holdTime  = 2 * time.Minute // longer than a try takes; then another node may
	lookEvery = time.Minute     // for what another node has put in, and what is too old
	longest   = 5 * time.Minute // between two tries
)

func (r *Relay) store(ctx context.Context, all []*kept) error {
	now := r.Now().UnixMilli()
	return r.DB.Update(ctx, func(tx *db.Tx) error {
		for _, k := range all {
			if _, err := tx.Exec(`INSERT INTO relay_parcel
				(id, peer, agreement, answer, sender, envelope, message, created, due, tries) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,0)`,
				k.id, k.peer, k.agreement, k.answer, k.sender, k.envelope, k.message, now, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// claim returns what is due to a peer next and holds it, so that no other node
// tries it at the same time; nil if nothing is due.
func (r *Relay) claim(ctx context.Context, p *peer) (*kept, error) {
	now := r.Now()
	var found *kept
	err := r.DB.Update(ctx, func(tx *db.Tx) error {
		found = nil
		k := &kept{peer: p.Name}
		err := tx.QueryRow(`SELECT id, agreement, answer, sender, envelope, message, created, due, tries FROM relay_parcel
			WHERE peer = $1 AND due <= $2 ORDER BY due, id LIMIT 1`, p.Name, now.UnixMilli()).
			Scan(&k.id, &k.agreement, &k.answer, &k.sender, &k.envelope, &k.message, &k.created, &k.due, &k.tries)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE relay_parcel SET due = $3, tries = tries + 1 WHERE id = $1 AND due = $2`,
			k.id, k.due, now.Add(holdTime).UnixMilli())
		if n == 1 {
			found = k
		}
		return err
	})
	return found, err
}

func (r *Relay) done(ctx context.Context, k *kept) error {
	return r.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM relay_parcel WHERE id = $1`, k.id)
		return err
	})
}

// again has something tried later.
func (r *Relay) again(ctx context.Context, k *kept) error {
	wait := min(time.Second<<min(k.tries, 10), longest)
	return r.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE relay_parcel SET due = $2, envelope = $3 WHERE id = $1`,
			k.id, r.Now().Add(wait).UnixMilli(), k.envelope)
		return err
	})
}

// release has everything that waits for a peer tried at once: it is back.
func (r *Relay) release(ctx context.Context, p *peer) error {
	now := r.Now()
	return r.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE relay_parcel SET due = $2 WHERE peer = $1 AND due > $2 AND due <= $3`,
			p.Name, now.UnixMilli(), now.Add(longest).UnixMilli())
		return err
	})
}

// waiting is when the next of what is kept for a peer is due, and how many
// there are.
func (r *Relay) waiting(ctx context.Context, p *peer) (n int, next time.Time, err error) {
	var due *int64
	err = r.DB.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*), MIN(due) FROM relay_parcel WHERE peer = $1`, p.Name).Scan(&n, &due)
	})
	if due != nil {
		next = time.UnixMilli(*due)
	}
	return n, next, err
}

// send brings what is kept for a peer to it until ctx ends. It sleeps until
// something is put in, a channel comes, or a next try is due.
func (r *Relay) send(ctx context.Context, p *peer) {
	connected := false
	for ctx.Err() == nil {
		up := len(p.pool.pick()) > 0
		if up && !connected {
			r.note(r.release(ctx, p))
		}
		connected = up
		wait := lookEvery
		if err := r.sendDue(ctx, p); err != nil && ctx.Err() == nil {
			r.note(err)
		}
		if _, next, err := r.waiting(ctx, p); err == nil && !next.IsZero() && connected {
			wait = min(lookEvery, max(next.Sub(r.Now()), 50*time.Millisecond))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (r *Relay) note(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		r.Log.Error("relay", "err", err)
	}
}

// sendDue tries all that is due. What cannot be sent for want of a channel
// waits, unless it has waited for too long.
func (r *Relay) sendDue(ctx context.Context, p *peer) error {
	if err := r.expire(ctx, p); err != nil {
		return err
	}
	for len(p.pool.pick()) > 0 {
		k, err := r.claim(ctx, p)
		if err != nil || k == nil {
			return err
		}
		if err := r.try(ctx, p, k); err != nil {
			return err
		}
	}
	return nil
}

// try sends one thing once, and does what the answer asks for.
func (r *Relay) try(ctx context.Context, p *peer, k *kept) error {
	a := r.agreement(p, k.agreement)
	if a == nil {
		return r.settle(ctx, k, nil, NoAgreement) // it was taken out of the configuration
	}
	if !r.rates.take(a, r.Now()) {
		return r.again(ctx, k)
	}
	path, request, to, err := k.request()
	if err != nil {
		return err
	}
	var got received
	within, cancel := context.WithTimeout(ctx, deliverTime)
	err = r.ask(within, p, path, request, &got, maxQuestion)
	cancel()
	if err == nil && !got.fits(len(to)) {
		err = NotUnderstood
	}
	no, refusal := refusalOf(err)
	switch {
	case err == nil:
		return r.settle(ctx, k, got.To, "")
	case refusal && no != NotNow && no != TooFast:
		return r.settle(ctx, k, nil, no)
	}
	r.Log.Debug("relay: not delivered yet", "peer", p.Name, "id", k.id, "err", err)
	return r.again(ctx, k)
}

// fits reports whether an answer is about as many recipients as there are.
func (g *received) fits(n int) bool {
	return len(g.To) == n && !slices.ContainsFunc(g.To, func(v verdict) bool { return !slices.Contains(verdicts, v) })
}

// request is what is sent, and whom it is for.
func (k *kept) request() (path string, request any, to []string, err error) {
	d := json.NewDecoder(bytes.NewReader([]byte(k.envelope)))
	d.DisallowUnknownFields()
	if k.answer {
		var w meetingAnswer
		err = d.Decode(&w)
		return pathAnswer, &w, []string{w.Organizer}, err
	}
	var w parcel
	err = d.Decode(&w)
	w.Message = k.message
	return pathDeliver, &w, w.To, err
}

// settle notes what became of something: those who have it and those who never
// will are done with, the latter's sender is told, and for the rest it is tried
// again. no is the other side's refusal of the whole.
func (r *Relay) settle(ctx context.Context, k *kept, got []verdict, no Refusal) error {
	_, request, to, err := k.request()
	if err != nil {
		return err
	}
	if no != "" {
		got = slices.Repeat([]verdict{failed}, len(to))
	}
	var left []string
	lost := map[verdict][]entente.SMTPAddress{}
	for i, v := range got {
		switch v {
		case arrived:
		case later:
			left = append(left, to[i])
		default:
			lost[v] = append(lost[v], entente.SMTPAddress(to[i]))
		}
	}
	if err := r.Audit.Append(ctx, r.sent(k, to, got, no)); err != nil {
		return err
	}
	for v, whom := range lost {
		why := undelivered(v)
		if no != "" {
			why = no.errorOf()
		}
		if err := r.report(ctx, k, whom, why); err != nil {
			return err
		}
	}
	if len(left) == 0 {
		return r.done(ctx, k)
	}
	if w, ok := request.(*parcel); ok {
		w.To, w.Message = left, nil
		text, err := json.Marshal(w)
		if err != nil {
			return err
		}
		k.envelope = string(text)
	}
	return r.again(ctx, k)
}

// report tells the sender that some did not get his message. Answers to
// meetings are automatic, and nobody waits for word of them.
func (r *Relay) report(ctx context.Context, k *kept, whom []entente.SMTPAddress, why error) error {
	account, ok := r.Directory.Snapshot().FindSMTP(k.sender)
	if k.answer || !ok || account.Mailbox.IsZero() {
		return nil
	}
	s := r.Door.Local(account.Principal, "RelayReport")
	name := k.id + " " + string(whom[0]) // the same when this is done again after a crash
	err := r.Courier.Undelivered(ctx, s, k.message, whom, why, name)
	code := ""
	if err != nil {
		code = "ErrorInternalServerError"
	}
	return errors.Join(err, s.Finish(ctx, code))
}

// expire gives up what has been tried for too long.
func (r *Relay) expire(ctx context.Context, p *peer) error {
	before := r.Now().Add(-r.Keep).UnixMilli()
	for {
		var k *kept
		err := r.DB.View(ctx, func(tx *db.Tx) error {
			k = &kept{peer: p.Name}
			return tx.QueryRow(`SELECT id, agreement, answer, sender, envelope, message, created, due, tries FROM relay_parcel
				WHERE peer = $1 AND created < $2 ORDER BY created, id LIMIT 1`, p.Name, before).
				Scan(&k.id, &k.agreement, &k.answer, &k.sender, &k.envelope, &k.message, &k.created, &k.due, &k.tries)
		})
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		_, _, to, err := k.request()
		if err != nil {
			return err
		}
		whom := make([]entente.SMTPAddress, len(to))
		for i := range to {
			whom[i] = entente.SMTPAddress(to[i])
		}
		why := entente.Errorf(entente.Unavailable, "the other side could not be reached").Because(delivery.Expired)
		if err := r.Audit.Append(ctx, r.sent(k, to, nil, Refusal(delivery.Expired))); err != nil {
			return err
		}
		if err := r.report(ctx, k, whom, why); err != nil {
			return err
		}
		if err := r.done(ctx, k); err != nil {
			return err
		}
	}
}

// sent is this side's record of what became of something it brought.
func (r *Relay) sent(k *kept, to []string, got []verdict, no Refusal) audit.Record {
	who := access.Principal{Mail: entente.SMTPAddress(strings.ToLower(k.sender))}
	if a, ok := r.Directory.Snapshot().FindSMTP(k.sender); ok {
		who = a.Principal
	}
	rec := audit.Record{
		Kind: audit.System, Request: k.id, As: who, By: who, Method: access.Local,
		Via:    []access.Link{{How: "relay " + k.peer + " under agreement " + k.agreement}},
		Action: "relay.Deliver", Targets: to[:min(len(to), 20)], Count: max(0, len(to)-20),
		Allowed: no == "", Code: string(no),
	}
	if k.answer {
		rec.Action = "relay.MeetingAnswer"
	}
	for _, v := range got {
		if no == "" && v != arrived {
			rec.Code = string(v)
		}
	}
	return rec
}
