package publish

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
)

// What is recorded. That somebody comes by a rule, by a certificate or a ticket,
// from an address, is one record, written before the first of his requests goes
// inside; his further ones are counted, and so is what is refused him, and each
// minute's count is a record. Strangers are counted by source. Which request did
// what in which mailbox is in the record of the server inside, under the same
// request id where it is one of ours.

// A visit is what requests have in common that are counted together.
type visit struct {
	listener, rule string
	as, by         access.Principal
	method         access.Method
	evidence       string
	service        entente.SPN
	address        string
	code           entente.Reason
}

// records counts. Beyond the limit sources are counted together, so that many of
// them cost no memory.
type records struct {
	mu        sync.Mutex
	known     map[visit]time.Time // since when, by who came
	visits    map[visit]int
	strangers map[[2]string]int // by source and listener
}

const (
	// knownFor is how long somebody who came is not recorded as coming anew.
	knownFor   = 8 * time.Hour
	maxVisits  = 100_000
	maxSources = 10_000
	others     = "others"
)

func newRecords() *records {
	return &records{known: map[visit]time.Time{}, visits: map[visit]int{}, strangers: map[[2]string]int{}}
}

func (n *records) refused(source, listener string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := [2]string{source, listener}
	if _, known := n.strangers[k]; !known && len(n.strangers) >= maxSources {
		k[0] = others
	}
	n.strangers[k]++
}

func (p *Passage) visit(code entente.Reason) visit {
	v := visit{listener: p.Listener.Name, address: source(p.In), code: code, service: p.Service}
	if p.Rule != nil {
		v.rule = p.Rule.Name
	}
	if p.Caller != nil {
		v.as, v.by = p.Account.Principal, p.Caller.Authenticated
		v.method, v.evidence = p.Caller.Method, p.Caller.Evidence
	}
	return v
}

// record has it on record that somebody comes, before anything of his goes
// inside. What cannot be recorded does not happen.
func (g *Gateway) record(p *Passage) error {
	v, now := p.visit(""), g.Now()
	g.records.mu.Lock()
	since, known := g.records.known[v]
	g.records.mu.Unlock()
	if known && now.Sub(since) < knownFor {
		return nil
	}
	r := v.record("publish.enter")
	r.Request, r.UserAgent, r.Via = p.ID, clipped(p.In.UserAgent()), p.Caller.Chain
	if g.Audit != nil {
		if err := g.Audit.Append(p.In.Context(), r); err != nil {
			return &entente.Error{Kind: entente.Unavailable, Reason: reasonRecord, Text: "nothing can be recorded now", Err: err}
		}
	}
	g.records.mu.Lock()
	defer g.records.mu.Unlock()
	if len(g.records.known) >= maxVisits {
		clear(g.records.known) // they are recorded anew
	}
	g.records.known[v] = now
	return nil
}

func (v visit) record(action string) audit.Record {
	r := audit.Record{
		Kind: audit.Owner, As: v.as, By: v.by, Method: v.method, Evidence: v.evidence, Address: v.address,
		Action: action, Allowed: v.code == "", Code: string(v.code),
	}
	if v.as.SID != v.by.SID {
		r.Kind = audit.Impersonated
	}
	for _, t := range []string{v.listener, v.rule, string(v.service)} {
		if t != "" {
			r.Targets = append(r.Targets, t)
		}
	}
	return r
}

// maxText bounds what a client can put into a record.
const maxText = 256

func clipped(s string) string {
	b := []byte(s[:min(len(s), maxText)])
	return string(slices.DeleteFunc(b, func(c byte) bool { return c < ' ' || c == 0x7f }))
}

// over counts a request that is over.
func (g *Gateway) over(p *Passage) {
	for _, f := range p.after {
		f(p.status)
	}
	took := g.Now().Sub(p.Started)
	if p.Caller != nil {
		v := p.visit(p.Reason)
		g.records.mu.Lock()
		if _, known := g.records.visits[v]; !known && len(g.records.visits) >= maxVisits {
			v.address, v.evidence = others, ""
		}
		g.records.visits[v]++
		g.records.mu.Unlock()
	}
	name := ""
	if p.Rule != nil {
		name = p.Rule.Name
		p.rule.count(p.Reason)
	}
	if g.Observe != nil {
		g.Observe(Observation{p.Listener.Name, name, p.status, p.Reason, took})
	}
	g.Log.LogAttrs(p.In.Context(), slog.LevelDebug, "published",
		slog.String("id", p.ID), slog.String("inside", p.w.Header().Get("request-id")), slog.String("rule", name), slog.String("path", p.Path),
		slog.String("as", p.Account.String()), slog.Int("status", p.status), slog.String("reason", string(p.Reason)), slog.Duration("took", took))
}

// flush writes what was counted.
func (g *Gateway) flush() {
	n := g.records
	n.mu.Lock()
	visits, strangers := n.visits, n.strangers
	n.visits, n.strangers = map[visit]int{}, map[[2]string]int{}
	for v, since := range n.known {
		if g.Now().Sub(since) >= knownFor {
			delete(n.known, v)
		}
	}
	n.mu.Unlock()
	if g.Audit == nil {
		return
	}
	for v, count := range visits {
		r := v.record("publish.requests")
		r.Count = count
		g.Audit.AppendLater(r)
	}
	for k, count := range strangers {
		g.Audit.AppendLater(audit.Record{Kind: audit.Stranger, Action: "authn", Address: k[0], Targets: []string{k[1]}, Count: count})
	}
}

// complain tells the administrator of what he should do something about, and not
// of each request.
func (g *Gateway) complain(p *Passage, a *Answer) {
	if a.Err == nil || a.Status < http.StatusInternalServerError && p.Caller == nil {
		return
	}
	rule := ""
	if p.Rule != nil {
		rule = p.Rule.Name
	}
	level := slog.LevelDebug
	if g.complaints.fresh(rule+"\x00"+string(a.Reason)+"\x00"+string(p.Account.SID), g.Now()) {
		level = slog.LevelWarn
	}
	g.Log.LogAttrs(context.WithoutCancel(p.In.Context()), level, "publish: a request is refused",
		slog.String("id", p.ID), slog.String("rule", rule), slog.String("as", p.Account.String()), slog.String("spn", string(p.Service)),
		slog.Int("status", a.Status), slog.String("reason", string(a.Reason)), slog.Any("err", a.Err))
}

// complaints remembers what was told lately.
type complaints struct {
	mu   sync.Mutex
	told map[string]time.Time
}

const (
	complainEvery = 5 * time.Minute
	maxComplaints = 1000
)

func (c *complaints) fresh(what string, now time.Time) bool { return c.every(complainEvery, what, now) }

// every reports whether something was not done for so long, and is to be done now.
func (c *complaints) every(d time.Duration, what string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.told[what]; ok && now.Sub(at) < d {
		return false
	}
	if c.told == nil || len(c.told) >= maxComplaints {
		c.told = map[string]time.Time{}
	}
	c.told[what] = now
	return true
}
