package clientaccess

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"entente/access"
	"entente/authn"
	"entente/directory"
)

// virtualDirectory returns what this server offers by a protocol.
func (d *Door) virtualDirectory(p Protocol) directory.VirtualDirectory {
	return d.Directory.VirtualDirectory(d.Server, string(p))
}

// methods returns those that count for a protocol here: what the server can do,
// as far as its virtual directory offers it. Of one that is switched off nothing
// is looked at, so that nobody learns by it whether a password was right.
func (d *Door) methods(p Protocol) authn.Methods {
	v := d.virtualDirectory(p)
	off := func(m authn.Method) bool { return !v.Offers(m.Name()) }
	if !slices.ContainsFunc(d.Methods, off) {
		return d.Methods
	}
	return slices.DeleteFunc(slices.Clone(d.Methods), off)
}

// switchedOff reports whether a request came by a method that the server can and
// the virtual directory does not offer, and has the log say so: its client's
// administrator will ask why. Certificates are asked for by the listener and seen
// in the handshake.
func (d *Door) switchedOff(p Protocol, offered authn.Methods, r *http.Request) bool {
	if len(offered) == len(d.Methods) {
		return false
	}
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	by := access.Method(strings.ToLower(scheme))
	if by == "" && r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		by = access.Certificate
	}
	named := func(m authn.Method) bool { return m.Name() == by }
	if !slices.ContainsFunc(d.Methods, named) || slices.ContainsFunc(offered, named) {
		return false
	}
	if !d.told.first(p, by, d.Now()) {
		return true
	}
	d.Slog.Warn("refused: the virtual directory does not offer the method", "protocol", string(p), "method", string(by),
		"address", host(r), "see", "entente virtual-directory show "+string(p))
	return true
}

// Takes reports whether any virtual directory of this server takes a method.
func (d *Door) Takes(m access.Method) bool {
	return slices.ContainsFunc(directory.Protocols(), func(p string) bool {
		v := d.virtualDirectory(Protocol(p))
		return v.Offers(m)
	})
}

// told is of which refusals the log has had a line lately: one a minute for each
// method of each protocol, however many clients try.
type told struct {
	mu   sync.Mutex
	last map[offer]time.Time
}

type offer struct {
	protocol Protocol
	method   access.Method
}

func (t *told) first(p Protocol, m access.Method, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.last[offer{p, m}]; ok && now.Sub(at) < time.Minute {
		return false
	}
	if t.last == nil {
		t.last = map[offer]time.Time{}
	}
	t.last[offer{p, m}] = now
	return true
}

// An Offer is a method of a virtual directory, and why it counts or does not.
type Offer struct {
	Method access.Method
	Can    bool // the server knows how
	On     bool // and the virtual directory offers it
}

// Offers tells which methods count for a protocol at this server.
func (d *Door) Offers(p Protocol) []Offer {
	v := d.virtualDirectory(p)
	var all []Offer
	for _, m := range []access.Method{access.Negotiate, access.Certificate, access.Bearer, access.Basic} {
		can := slices.ContainsFunc(d.Methods, func(x authn.Method) bool { return x.Name() == m })
		all = append(all, Offer{Method: m, Can: can, On: can && v.Offers(m)})
	}
	return all
}

// Offers is the Door's.
func (s *Session) Offers(p Protocol) []Offer { return s.door.Offers(p) }
