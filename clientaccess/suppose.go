package clientaccess

import "entente/access"

// Suppose returns what a request would meet now at this server, stage by stage
// up to and with the first refusal: the same rules on the same snapshot. A zero
// At is now, an empty Server this one, an empty Protocol EWS. No permit comes of
// it, so nothing can be opened by asking.
func (d *Door) Suppose(x access.Supposition) access.Supposed {
	if x.At.IsZero() {
		x.At = d.Now()
	}
	if x.Server == "" {
		x.Server = d.Server
	}
	if x.Protocol == "" {
		x.Protocol = string(EWS)
	}
	return d.Directory.Snapshot().Suppose(x)
}
