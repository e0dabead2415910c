package clientaccess

import (
	"net/http"
	"sync"

	"entente/access"
	"entente/audit"
	"entente/authn"
)

// Published is the protocol of who reads published calendars.
const Published Protocol = "published"

// Published returns a session for somebody who is not known and knew the address
// of a published calendar. There is no gate: whoever publishes has opened it;
// what the calendar shows him is decided as for any caller. It ends with Finish,
// and is counted with others by the minute instead of being recorded by itself.
func (d *Door) Published(r *http.Request, p access.Publication, operation string) *Session {
	s := d.session(Published, requestID(r), authn.Published(r, p))
	s.passed, s.visits = true, true
	s.Operation(operation, false)
	return s
}

// A visit is what strangers' readings have in common that are counted together.
type visit struct{ source, mailbox, action, code string }

// visits counts what strangers read of published calendars. Beyond the limit
// sources are counted together, so that many of them cost no memory.
type visits struct {
	mu   sync.Mutex
	seen map[visit]int
}

func (v *visits) count(s *Session, code string) {
	one := visit{s.caller.Address, s.caller.Published.Mailbox.String(), s.record.Action, code}
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, known := v.seen[one]; !known && len(v.seen) >= maxSources {
		one.source = otherSources
	}
	v.seen[one]++
}

func (v *visits) take() map[visit]int {
	v.mu.Lock()
	defer v.mu.Unlock()
	taken := v.seen
	v.seen = map[visit]int{}
	return taken
}

func (d *Door) flushVisits() {
	for v, n := range d.visits.take() {
		d.Log.AppendLater(audit.Record{
			Kind: audit.Stranger, Action: v.action, Address: v.source, Mailbox: v.mailbox,
			Code: v.code, Allowed: v.code == "", Count: n,
		})
	}
}
