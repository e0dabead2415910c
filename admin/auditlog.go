package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"entente"
	"entente/audit"
)

// AuditFilter selects records. What is empty does not restrict.
type AuditFilter struct {
	Request string `json:"request,omitempty" help:"Id of a request, as its answer carries it."`
	As      string `json:"as,omitempty" help:"Whom it is logged as: the subject, also somebody of another organization by his address."`
	By      string `json:"by,omitempty" help:"Who really acted."`
	Account string `json:"account,omitempty" help:"In whose mailbox."`
	Action  string `json:"action,omitempty" help:"What was done, such as ews.GetItem."`
	Code    string `json:"code,omitempty" help:"What was answered, such as ErrorAccessDenied; NoError for success."`
	Ground  string `json:"ground,omitempty" help:"By which assignment or item grant (its id), or whose entry in a permission table."`
	Since   string `json:"since,omitempty" help:"Not before (RFC 3339, or a duration such as 24h)."`
	Until   string `json:"until,omitempty" help:"Before (RFC 3339, or a duration such as 1h)."`
	Refused bool   `json:"refused,omitempty" help:"Refusals only."`
}

// SearchAudit asks for records.
type SearchAudit struct {
	AuditFilter
	Limit int `json:"limit,omitempty" help:"At most so many." default:"100"`
}

// RecordInfo is a record of the audit log as lists show it: names beside the
// ids that count.
type RecordInfo struct {
	Time      string   `json:"time"`
	Action    string   `json:"action"`
	As        string   `json:"as"`
	By        string   `json:"by"`
	Kind      string   `json:"kind"`
	Mailbox   string   `json:"mailbox,omitempty"` // whose, by name if it is known
	Allowed   bool     `json:"allowed"`
	Code      string   `json:"code,omitempty"`
	Request   string   `json:"request,omitempty"`
	Targets   string   `json:"targets,omitempty"`
	Grounds   []string `json:"grounds,omitempty" table:"-"`
	Node      string   `json:"node" table:"-"`
	Seq       uint64   `json:"seq" table:"-"`
	AsSID     string   `json:"as_sid,omitempty" table:"-"`
	BySID     string   `json:"by_sid,omitempty" table:"-"`
	MailboxID string   `json:"mailbox_id,omitempty" table:"-"`
	Via       []string `json:"via,omitempty" table:"-"`    // who passed it on, nearest first: gateways, another organization
	Method    string   `json:"method,omitempty" table:"-"` // how By proved who he is
	Evidence  string   `json:"evidence,omitempty" table:"-"`
	Address   string   `json:"address,omitempty" table:"-"`
	UserAgent string   `json:"user_agent,omitempty" table:"-"`
	Count     int      `json:"count,omitempty" table:"-"`
}

// SearchAudit searches the audit log, newest first.
func (a *API) SearchAudit(ctx context.Context, q SearchAudit) ([]RecordInfo, error) {
	f, err := a.filter(ctx, q.AuditFilter)
	if err != nil {
		return nil, err
	}
	f.Limit = bounded(q.Limit, 100, 10_000)
	records, err := a.Audit.Search(ctx, f)
	return a.recordInfos(records), err
}

// TailAudit asks for what is new in the log.
type TailAudit struct {
	AuditFilter
	Last     int            `json:"last,omitempty" help:"Begin with so many of the newest records." default:"10"`
	Position audit.Position `json:"position,omitempty" kong:"-"` // behind what the last answer had
}

// TailAnswer is what is new, oldest first, and where it ends.
type TailAnswer struct {
	Records  []RecordInfo   `json:"records"`
	Position audit.Position `json:"position"`
}

// TailAudit waits for new records, some seconds and no longer: an empty answer
// is asked again from its position.
func (a *API) TailAudit(ctx context.Context, q TailAudit) (TailAnswer, error) {
	f, err := a.filter(ctx, q.AuditFilter)
	if err != nil {
		return TailAnswer{}, err
	}
	f.Limit = bounded(q.Last, 10, 1000)
	records, at, err := a.Audit.Follow(ctx, f, q.Position)
	return TailAnswer{a.recordInfos(records), at}, err
}

func (a *API) filter(ctx context.Context, q AuditFilter) (f audit.Filter, err error) {
	f = audit.Filter{Request: q.Request, Action: q.Action, Code: q.Code, Ground: q.Ground, Refused: q.Refused}
	if f.Since, err = a.moment(q.Since); err != nil {
		return f, err
	}
	if f.Until, err = a.moment(q.Until); err != nil {
		return f, err
	}
	for _, p := range []struct {
		name string
		to   *entente.SID
	}{{q.As, &f.As}, {q.By, &f.By}} {
		if p.name == "" {
			continue
		}
		if outsider, ok := a.outsider(p.name); ok {
			f.Outsider = outsider
			continue
		}
		if *p.to, err = a.past(ctx, p.name); err != nil {
			return f, err
		}
	}
	// A ground may be named as the account or group that a table names.
	if strings.Contains(q.Ground, "@") {
		sid, err := a.grantee(ctx, q.Ground)
		if err != nil {
			return f, err
		}
		f.Ground = string(sid)
	}
	if q.Account == "" {
		return f, nil
	}
	x, err := a.withMailbox(ctx, q.Account)
	if err != nil {
		return f, err
	}
	f.Mailbox = x.Mailbox.String()
	return f, nil
}

// outsider reports whether a name is an address in a domain that is none of ours,
// which no account here has.
func (a *API) outsider(name string) (string, bool) {
	address, err := entente.ParseSMTPAddress(name)
	if err != nil || a.Directory.Accepted(address.Domain()) {
		return "", false
	}
	_, known := a.Directory.Snapshot().FindUPN(name)
	return string(address), !known
}

// past finds a SID, of an account that may be gone by now.
func (a *API) past(ctx context.Context, name string) (entente.SID, error) {
	if sid, err := entente.ParseSID(name); err == nil {
		return sid, nil
	}
	x, err := a.account(ctx, name)
	if err != nil {
		return "", err
	}
	return x.SID, nil
}

// moment reads a time, or how long ago it is.
func (a *API) moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return a.Now().Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, entente.Errorf(entente.Invalid, "%q is neither a time such as 2026-06-15T08:00:00Z nor a duration such as 24h", s)
	}
	return t, nil
}

func (a *API) recordInfos(records []audit.Record) []RecordInfo {
	list := make([]RecordInfo, 0, len(records))
	for i := range records {
		list = append(list, a.recordInfo(&records[i]))
	}
	return list
}

func (a *API) recordInfo(r *audit.Record) RecordInfo {
	i := RecordInfo{
		Time: stamp(r.Time), Action: r.Action, As: r.As.String(), By: r.By.String(), Kind: string(r.Kind),
		Allowed: r.Allowed, Code: r.Code, Request: r.Request, Node: r.Node, Seq: r.Seq,
		AsSID: string(r.As.SID), BySID: string(r.By.SID), Mailbox: r.Mailbox, MailboxID: r.Mailbox,
		Method: string(r.Method), Evidence: r.Evidence, Address: r.Address, UserAgent: r.UserAgent, Count: r.Count,
	}
	if id, err := entente.ParseMailboxID(r.Mailbox); err == nil {
		if x, ok := a.Directory.Snapshot().FindMailbox(id); ok {
			i.Mailbox = string(x.UPN)
		}
	}
	for _, l := range r.Via {
		who := l.Who
		if x, ok := a.Directory.Snapshot().FindSID(who.SID); ok && who.UPN == "" {
			who = x.Principal
		}
		i.Via = append(i.Via, strings.TrimSpace(who.String()+" "+l.How))
	}
	for _, g := range r.Grounds {
		i.Grounds = append(i.Grounds, string(g.Kind)+" "+g.ID)
	}
	if len(r.Targets) > 0 {
		i.Targets = r.Targets[0]
		if n := len(r.Targets); n > 1 {
			i.Targets += fmt.Sprintf(" +%d", n-1)
		}
	}
	return i
}

// VerifyAudit asks for a check of the audit logs of all nodes.
type VerifyAudit struct {
	Node string `json:"node,omitempty" help:"Only of this node."`
	Kept string `json:"kept,omitempty" kong:"-"` // checkpoints that were kept elsewhere
}

// VerifyAudit checks that the logs are as they were written. The first thing
// that is not is the error.
func (a *API) VerifyAudit(ctx context.Context, q VerifyAudit) ([]audit.Report, error) {
	r, err := a.Audit.Verify(ctx, q.Node, q.Kept)
	if t := (*audit.Tampering)(nil); errors.As(err, &t) {
		return r, entente.Errorf(entente.Conflict, "the audit log was altered: %v", t)
	}
	return r, err
}

// AuditEntries asks for a part of one node's log, as it is kept.
type AuditEntries struct {
	Node  string `json:"node,omitempty" help:"Whose log; empty is that of the node that is asked."`
	From  uint64 `json:"from,omitempty" help:"Number of the first record."`
	Limit int    `json:"limit,omitempty" help:"At most so many." default:"1000"`
}

// EntriesAnswer is a part of a log.
type EntriesAnswer struct {
	Node       string        `json:"node"`
	Checkpoint string        `json:"checkpoint"` // the last one signed, when the part was read
	Entries    []audit.Entry `json:"entries"`
}

// AuditEntries returns entries with what binds them into the tree, for exports.
func (a *API) AuditEntries(ctx context.Context, q AuditEntries) (EntriesAnswer, error) {
	node, checkpoint, entries, err := a.Audit.Entries(ctx, q.Node, q.From, bounded(q.Limit, 1000, 2000))
	return EntriesAnswer{node, checkpoint, entries}, err
}

// AuditNodes lists the nodes that have a log.
func (a *API) AuditNodes(ctx context.Context, _ Nothing) ([]string, error) { return a.Audit.Nodes(ctx) }

// EraseAudit asks for records to lose their text.
type EraseAudit struct {
	Request string `json:"request,omitempty" help:"Of one request, by its id." xor:"what"`
	Subject string `json:"subject,omitempty" help:"Of one person: what is logged as him, what he did, what was done in his mailbox. An account, or the SID of one that is gone." xor:"what"`
}

// EraseAudit erases personal data from the log. The leaves stay, so the tree
// verifies as before, and that it was done, by whom, is on record for good.
func (a *API) EraseAudit(ctx context.Context, q EraseAudit) (Done, error) {
	if (q.Request == "") == (q.Subject == "") {
		return Done{}, entente.Errorf(entente.Invalid, "say whose records to erase: either a request or a subject")
	}
	x := audit.Erasure{Request: q.Request}
	what := q.Request
	if q.Subject != "" {
		sid, err := a.past(ctx, q.Subject)
		if err != nil {
			return Done{}, err
		}
		x.Subject, what = sid, string(sid)
		if acc, ok := a.Directory.Snapshot().FindSID(sid); ok && !acc.Mailbox.IsZero() {
			x.Mailbox = acc.Mailbox.String()
		}
	}
	r, err := a.record("audit.erase", []string{what})
	if err != nil {
		return Done{}, err
	}
	n, err := a.Audit.Erase(ctx, x, r)
	if err != nil {
		return Done{}, a.failed(ctx, r, err)
	}
	return Done{fmt.Sprintf("%d records were erased; the log verifies as before", n)}, nil
}

// Checkpoint is a signed head of this node's audit log, in the C2SP form.
type Checkpoint struct {
	Checkpoint string `json:"checkpoint"`
}

// CheckpointAudit returns the last signed checkpoint, to be kept where this
// server's administrators cannot write: verifying against it shows records
// that were cut off.
func (a *API) CheckpointAudit(ctx context.Context, _ Nothing) (Checkpoint, error) {
	text, err := a.Audit.Checkpoint(ctx)
	if err == nil && text == "" {
		err = entente.Errorf(entente.NotFound, "there is no checkpoint yet; the log signs one soon after its first records")
	}
	return Checkpoint{text}, err
}
