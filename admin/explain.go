package admin

import (
	"context"
	"strings"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/directory"
	"entente/ews"
	"entente/explain"
	"entente/mailbox"
)

// RequestID names a request.
type RequestID struct {
	Request string `json:"request" arg:"" help:"Id of the request, as its answer carries it (request-id)."`
}

// RequestExplained is what was decided about a request, and what would be today.
type RequestExplained struct {
	// Records are as they were written, with every rule that was looked at.
	Records []audit.Record `json:"records"`
	// Origins say where the facts they name come from, as far as those are there
	// still, and names what SIDs are called.
	Origins map[string]string `json:"origins"`
	Names   map[string]string `json:"names"`
	// Today is what the same request would meet now, as far as the folder it
	// named; none of what is no client's request.
	Today   *AccessExplained `json:"today,omitempty"`
	Differs bool             `json:"differs"`
}

// ExplainRequest explains what was decided about a request: the records as
// they were written, with every rule that was looked at. A request of an owner
// that only read has none.
func (a *API) ExplainRequest(ctx context.Context, q RequestID) (RequestExplained, error) {
	var e RequestExplained
	records, err := a.Audit.Search(ctx, audit.Filter{Request: q.Request})
	if err != nil {
		return e, err
	}
	if q.Request == "" || len(records) == 0 {
		return e, entente.Errorf(entente.NotFound, "there is no record of request %q; what owners read in their own mailboxes is not recorded unless audit.owner_reads is on", q.Request)
	}
	e = RequestExplained{Records: records, Origins: map[string]string{}, Names: map[string]string{}}
	r := &records[0]
	x, ok, err := a.again(ctx, r)
	if err != nil {
		return e, err
	}
	o, err := a.origins(ctx, &x)
	if err != nil {
		return e, err
	}
	for _, rec := range records {
		for _, s := range rec.Steps {
			if text := o.of(&access.Step{Rule: s.Rule, Fact: s.Fact, Holds: s.Holds}); text != "" {
				e.Origins[s.Rule+" "+s.Fact] = text
			}
			if name := a.factName(ctx, s.Fact); name != s.Fact {
				e.Names[s.Fact] = name
			}
		}
	}
	if !ok {
		return e, nil
	}
	today, err := a.explained(ctx, x)
	e.Today, e.Differs = &today, today.Allowed != r.Allowed
	return e, err
}

// again makes of a record the request it tells of, as far as the record knows
// it. What administrators and the server itself did is none.
func (a *API) again(ctx context.Context, r *audit.Record) (access.Supposition, bool, error) {
	protocol, operation, _ := strings.Cut(r.Action, ".")
	x := access.Supposition{
		Caller: r.By, Method: r.Method, UserAgent: r.UserAgent, Application: r.Application, Protocol: protocol,
	}
	if r.As.SID != r.By.SID && r.As.SID != "" {
		x.Header = &access.ConnectingSID{SID: string(r.As.SID)}
	}
	if id, err := entente.ParseMailboxID(r.Mailbox); err == nil {
		x.Mailbox = id
	}
	if r.Method == access.Delegation {
		x.Foreign = tokenOf(r)
	}
	if id := deviceTarget(r); protocol == "activesync" && id != "" {
		var err error
		x.Device, err = a.deviceFacts(ctx, &x, id)
		return x, err == nil && r.Method != access.Local, err
	}
	if protocol != "ews" || r.By.SID == "" && x.Foreign == nil || r.Method == access.Local {
		return x, false, nil
	}
	box, ok := a.Directory.Snapshot().FindMailbox(x.Mailbox)
	if ok && x.Foreign != nil && x.Foreign.Offer == access.OfferFreeBusy {
		x.Want = access.FreeBusySimple
		return x, true, a.inside(ctx, &x, &directory.Account{Account: box}, &ExplainAccess{Folder: "calendar"})
	}
	if !ok || len(r.Targets) == 0 {
		return x, true, nil
	}
	id, err := ews.ParseStoreID(r.Targets[0])
	if err != nil || id.Mailbox != x.Mailbox {
		return x, true, nil
	}
	// The folder's table decides. It may be gone by now; then the rest is asked.
	err = a.inMailbox(ctx, "explain.request", string(box.SID), false, func(v *mailbox.View, _ *directory.Account) error {
		f, err := v.Folder(ctx, mailbox.FolderID(id.Folder))
		if isKind(err, entente.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		x.Folder, x.FolderName = &f.Table, string(f.Distinguished)
		x.Want, _ = explain.OperationRight(operation)
		return nil
	})
	return x, true, err
}
