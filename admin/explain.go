package admin

import (
	"context"

	"entente"
	"entente/audit"
)

// RequestID names a request.
type RequestID struct {
	Request string `json:"request" arg:"" help:"Id of the request, as its answer carries it (request-id)."`
}

// ExplainRequest explains what was decided about a request: the records as
// they were written, with every rule that was looked at. A request of an owner
// that only read has none.
func (a *API) ExplainRequest(ctx context.Context, q RequestID) ([]audit.Record, error) {
	records, err := a.Audit.Search(ctx, audit.Filter{Request: q.Request})
	if err != nil {
		return nil, err
	}
	if q.Request == "" || len(records) == 0 {
		return nil, entente.Errorf(entente.NotFound, "there is no record of request %q; what owners read in their own mailboxes is not recorded unless audit.owner_reads is on", q.Request)
	}
	return records, nil
}
