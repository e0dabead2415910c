package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entente"
	"entente/audit"
)

// SearchAudit asks for records. What is empty does not restrict.
type SearchAudit struct {
	Request string `json:"request,omitempty" help:"Id of a request, as its answer carries it."`
	As      string `json:"as,omitempty" help:"Whom it is logged as."`
	By      string `json:"by,omitempty" help:"Who really acted."`
	Account string `json:"account,omitempty" help:"In whose mailbox."`
	Action  string `json:"action,omitempty" help:"What was done, such as ews.GetItem."`
	Since   string `json:"since,omitempty" help:"Not before (RFC 3339, or a duration such as 24h)."`
	Until   string `json:"until,omitempty" help:"Before (RFC 3339, or a duration such as 1h)."`
	Refused bool   `json:"refused,omitempty" help:"Refusals only."`
	Limit   int    `json:"limit,omitempty" help:"At most so many." default:"100"`
}

// RecordInfo is a record of the audit log as lists show it.
type RecordInfo struct {
	Time    string `json:"time"`
	Action  string `json:"action"`
	As      string `json:"as"`
	By      string `json:"by"`
	Kind    string `json:"kind"`
	Allowed bool   `json:"allowed"`
	Code    string `json:"code,omitempty"`
	Request string `json:"request,omitempty"`
	Targets string `json:"targets,omitempty"`
}

// SearchAudit searches the audit log, newest first.
func (a *API) SearchAudit(ctx context.Context, q SearchAudit) ([]RecordInfo, error) {
	f := audit.Filter{Request: q.Request, Action: q.Action, Refused: q.Refused, Limit: bounded(q.Limit, 100, 10_000)}
	var err error
	if f.Since, err = a.moment(q.Since); err != nil {
		return nil, err
	}
	if f.Until, err = a.moment(q.Until); err != nil {
		return nil, err
	}
	for _, p := range []struct {
		name string
		to   *entente.SID
	}{{q.As, &f.As}, {q.By, &f.By}} {
		if p.name == "" {
			continue
		}
		if *p.to, err = a.past(ctx, p.name); err != nil {
			return nil, err
		}
	}
	if q.Account != "" {
		x, err := a.withMailbox(ctx, q.Account)
		if err != nil {
			return nil, err
		}
		f.Mailbox = x.Mailbox.String()
	}
	records, err := a.Audit.Search(ctx, f)
	list := make([]RecordInfo, 0, len(records))
	for i := range records {
		list = append(list, recordInfo(&records[i]))
	}
	return list, err
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

func recordInfo(r *audit.Record) RecordInfo {
	i := RecordInfo{
		Time: stamp(r.Time), Action: r.Action, As: string(r.As.UPN), By: string(r.By.UPN), Kind: string(r.Kind),
		Allowed: r.Allowed, Code: r.Code, Request: r.Request,
	}
	if len(r.Targets) > 0 {
		i.Targets = r.Targets[0]
		if n := len(r.Targets); n > 1 {
			i.Targets += fmt.Sprintf(" +%d", n-1)
		}
	}
	return i
}

// VerifyAudit asks for a check of this node's audit log.
type VerifyAudit struct {
	Known string `json:"known,omitempty" help:"A checkpoint kept elsewhere, to see that nothing was cut off."`
}

// VerifyAudit checks that the log of the node that is asked is as it was
// written.
func (a *API) VerifyAudit(ctx context.Context, q VerifyAudit) (audit.Report, error) {
	r, err := a.Audit.Verify(ctx, q.Known)
	if t := (*audit.Tampering)(nil); errors.As(err, &t) {
		return r, entente.Errorf(entente.Conflict, "the audit log was altered: %v", t)
	}
	return r, err
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
