package authn

import "entente/access"

// Local makes the caller of work that this process does by itself for an
// account: an import, the demo's data, a scheduled task. It acts as that
// account, with its rights and no more, and the task stands in every audit
// record. It is for server and demo; nothing that came over a network leads
// here.
func Local(who access.Principal, task string) *access.Caller {
	return &access.Caller{
		Method: access.Local,
		ActsAs: &who,
		Chain:  []access.Link{{How: task}},
	}
}
