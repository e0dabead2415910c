package partner

import (
	"slices"

	"entente/access"
	"entente/audit"
)

// Action is what the audit log calls a question to a partner.
const Action = "federation.GetUserAvailability"

// maxTargets is how many of those who were asked about a record names.
const maxTargets = 20

// record is this side's record of a question: who asked, about whom, under what,
// with which token.
func (c *Client) record(g *group, as *access.Caller, e *errand, code string) audit.Record {
	rec := audit.Record{
		Kind: audit.Delegate, Request: e.request, As: as.Subject(), By: as.Authenticated,
		Via:    append(slices.Clone(as.Chain), access.Link{How: g.name}),
		Method: as.Method, Evidence: as.Evidence, Application: as.Application, UserAgent: as.UserAgent, Address: as.Address,
		Action: Action, Allowed: code == "", Code: code,
		Steps: []audit.Step{{Rule: "partner", Fact: g.name, Holds: code == ""}},
	}
	switch {
	case as.Method == access.Local:
		rec.Kind = audit.System
	case as.External():
		rec.Kind = audit.External
	case as.ActsAs != nil:
		rec.Kind = audit.ImpersonatedDelegate
	}
	if e.token != "" {
		rec.Steps = append(rec.Steps, audit.Step{Rule: "delegation-token", Fact: e.token, Holds: true})
	}
	for _, address := range g.of[:min(len(g.of), maxTargets)] {
		rec.Targets = append(rec.Targets, string(address))
	}
	rec.Count = max(0, len(g.of)-maxTargets)
	return rec
}
