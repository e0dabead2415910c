package relay

import (
	"context"
	"strconv"
	"time"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/calendar"
)

// A Status is how a relay stands, for the administrator.
type Status struct {
	Role       string            `json:"role"`
	Key        string            `json:"key"` // for the other side to pin
	Peers      []PeerStatus      `json:"peers"`
	Logs       []LogStatus       `json:"audit_logs"`
	Agreements []AgreementStatus `json:"agreements"`
}

// PeerStatus is how it stands with one peer.
type PeerStatus struct {
	Name     string `json:"peer"`
	Channels int    `json:"channels"`           // over which it can be asked
	Since    string `json:"since,omitempty"`    // of the oldest of them
	Waiting  int    `json:"waiting"`            // messages that have not arrived yet
	Next     string `json:"next_try,omitempty"` // of these
	Problem  string `json:"problem,omitempty"`  // the last one, if there is no channel
}

// LogStatus is the last checkpoint that one side has signed of the other's audit
// log.
type LogStatus struct {
	Peer     string `json:"peer"`
	Log      string `json:"log"`
	SignedBy string `json:"signed_by"` // us, or the peer
	Records  uint64 `json:"records"`
	At       string `json:"at"`
	// Alarm says what was wrong with what the peer showed since.
	Alarm string `json:"alarm,omitempty"`
}

// AgreementStatus is an agreement as this side has it.
type AgreementStatus struct {
	Name       string   `json:"name"`
	Peer       string   `json:"peer"`
	Operations []string `json:"operations"`
	About      []string `json:"about"` // the group, or whom the outer side knows
	Askers     []string `json:"askers"`
	Level      string   `json:"level"`
	Window     string   `json:"window"`
	Rate       int      `json:"rate"`
}

// Status tells how the relay stands.
func (r *Relay) Status(ctx context.Context) (Status, error) {
	out := Status{Role: string(r.Role), Key: string(r.Pin()), Peers: []PeerStatus{}, Logs: []LogStatus{}, Agreements: []AgreementStatus{}}
	for _, p := range r.peers {
		if err := r.peerStatus(ctx, p, &out); err != nil {
			return out, err
		}
	}
	for i := range r.Agreements {
		a := &r.Agreements[i]
		s := AgreementStatus{
			Name: a.Name, Peer: a.Peer, About: a.Members, Askers: a.Askers, Level: string(a.Level), Rate: a.Rate,
			Window: days(a.Behind) + " back to " + days(a.Ahead) + " ahead",
		}
		if r.Role == Inner {
			s.About = []string{string(a.Group)}
		}
		for _, o := range a.Operations {
			s.Operations = append(s.Operations, string(o))
		}
		out.Agreements = append(out.Agreements, s)
	}
	return out, nil
}

func days(d time.Duration) string { return strconv.Itoa(int(d.Hours()/24)) + " days" }

func (r *Relay) peerStatus(ctx context.Context, p *peer, out *Status) error {
	s := PeerStatus{Name: p.Name}
	var since time.Time
	for _, c := range p.pool.pick() {
		if s.Channels++; since.IsZero() || c.since.Before(since) {
			since = c.since
		}
	}
	s.Since = stamp(since)
	if s.Channels == 0 {
		s.Problem = p.pool.problem()
	}
	n, next, err := r.waiting(ctx, p)
	if err != nil {
		return err
	}
	s.Waiting, s.Next = n, stamp(next)
	out.Peers = append(out.Peers, s)
	seals, err := r.seals(ctx, p)
	for _, x := range seals {
		l := LogStatus{Peer: p.Name, Log: x.log, SignedBy: "us", Records: x.head.Size, At: stamp(time.UnixMilli(x.at)), Alarm: x.alarm}
		if x.ours {
			l.SignedBy = p.Name
		}
		out.Logs = append(out.Logs, l)
	}
	return err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// A Trial is what Test found.
type Trial struct {
	Peer    string `json:"peer"`
	Reached bool   `json:"reached"`
	Problem string `json:"problem,omitempty"`
	// Person is what is known of whoever was asked about: nothing, or how often
	// he is busy within a day.
	Person string `json:"person,omitempty"`
}

// Test asks every peer whether it answers, and on the outer side, if who is
// given, when that person is free today, as as would ask it: the same way, with
// the same rules and records.
func (r *Relay) Test(ctx context.Context, who entente.SMTPAddress, as *access.Caller) ([]Trial, error) {
	all := []Trial{}
	for _, p := range r.peers {
		t := Trial{Peer: p.Name}
		within, cancel := context.WithTimeout(ctx, askTime)
		var nothing struct{}
		if err := r.ask(within, p, pathPing, struct{}{}, &nothing, maxQuestion); err != nil {
			t.Problem = err.Error()
		} else {
			t.Reached = true
		}
		cancel()
		all = append(all, t)
	}
	if who == "" {
		return all, nil
	}
	a := r.under(GetUserAvailability, who)
	if r.Role != Outer || a == nil {
		return all, entente.Errorf(entente.NotFound, "no agreement of this side lets anybody ask about %s", who)
	}
	now := r.Now().Truncate(time.Minute)
	found, err := r.askTimes(ctx, a, as, []entente.SMTPAddress{who}, &availability.Request{
		Window: calendar.Interval{Start: now, End: now.AddDate(0, 0, 1)}, View: availability.FreeBusy,
	})
	for i := range all {
		if t := &all[i]; t.Peer == a.Peer {
			answer, known := found[who]
			switch {
			case err != nil:
				t.Problem = err.Error()
			case known:
				t.Person = strconv.Itoa(len(answer.Busy)) + " times within a day"
			default:
				t.Person = "not known there"
			}
		}
	}
	return all, nil
}
