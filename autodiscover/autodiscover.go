// Package autodiscover tells clients where their mailbox is served: in the POX
// form of Outlook and of most EWS clients, by the SOAP service of the EWS
// Managed API and exchangelib, and as JSON.
//
// It answers for addresses of this organization only, never redirects, and
// tells nobody who has not signed in which addresses exist: POX and SOAP stand
// behind the door, and JSON says the same for every address. Partner
// organizations are told where to ask about our people, which is the same for all
// of them; who wants to become one, of the one domain he names.
package autodiscover

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"entente"
	"entente/access"
	"entente/authn"
	"entente/clientaccess"
	"entente/strictxml"
)

// Service answers where things are.
type Service struct {
	// Name is this server's DNS name; EWS the URL of Exchange.asmx.
	Name string
	EWS  string
	// ActiveSync is the URL phones use, and that by which they reach it from outside;
	// empty where it is not served.
	ActiveSync, ExternalActiveSync string
	// External is the URL of Exchange.asmx as partners and clients outside reach it:
	// that of a published server where this one is not. Empty for EWS.
	External string
	// Federation is the organization's side of its federation trust, nil if it has
	// none; Delegation finds out who comes to the WSSecurity paths, which are not
	// served without it.
	Federation Federation
	Delegation *authn.Delegation
	// Version is what ServerVersionInfo says, such as 15.1.2507.0.
	Version Version

	strangers rate
}

// A Version is the version a server claims, [MS-OXWSCDATA] 2.2.5.10.
type Version struct{ Major, Minor, Build, Revision int }

// Limits of threat model section 7: a question is small.
const maxBody = 64 << 10

func limits() strictxml.Limits {
	return strictxml.Limits{Bytes: maxBody, Depth: 32, Attributes: 64, Elements: 2000}
}

// Routes returns the handlers by lower-case path. JSON's path ends in the
// address, so it is a prefix.
func (s *Service) Routes(d *clientaccess.Door) map[string]http.Handler {
	pox := s.announce(d.Guard(clientaccess.Autodiscover, handlerFunc(s.pox)))
	json := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.json(d.Directory, w, r) })
	soap := s.announce(s.open(d.Guard(clientaccess.Autodiscover, handlerFunc(s.soap))))
	all := map[string]http.Handler{
		"/autodiscover/autodiscover.xml":   pox,
		"/autodiscover/autodiscover.svc":   soap,
		"/autodiscover/autodiscover.json":  json,
		"/autodiscover/autodiscover.json/": json,
		"/.well-known/entente-federation":  http.HandlerFunc(s.wellKnown),
	}
	if s.Delegation != nil {
		at := func(e authn.Endpoint) http.Handler {
			return d.GuardFederated(clientaccess.Autodiscover, s.Delegation.At(e), partners{s})
		}
		all["/autodiscover/autodiscover.svc/wssecurity"] = at(authn.WSSecurity)
		all["/autodiscover/autodiscover.svc/wssecurity/symmetrickey"] = at(authn.SymmetricKey)
	}
	return all
}

type handlerFunc func(*clientaccess.Session, http.ResponseWriter, *http.Request)

// ServeSession implements clientaccess.Handler.
func (f handlerFunc) ServeSession(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	f(s, w, r)
}

// find returns the account of an address, if it is one of ours with a mailbox
// here. An unknown address and one without a mailbox look the same.
func find(s *clientaccess.Session, address string) (access.Account, bool) {
	a, ok := s.Snapshot().FindSMTP(strings.TrimSpace(address))
	return a, ok && !a.Mailbox.IsZero()
}

// poxURL is where POX is served: beside EWS, whose URL knows the port.
func (s *Service) poxURL() string {
	u, err := url.Parse(s.EWS)
	if err != nil {
		return ""
	}
	u.Path = "/autodiscover/autodiscover.xml"
	return u.String()
}

// legacyDN is the legacyExchangeDN that old properties want to see: a name
// made of the mailbox's id, since we keep none.
func legacyDN(a *access.Account) string {
	return "/o=Entente/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=" +
		strings.ReplaceAll(a.Mailbox.String(), "-", "")
}

// ours reports whether a domain is one of this organization.
func ours(s *clientaccess.Session, name string) bool {
	d, err := entente.ParseDomain(strings.TrimSpace(name))
	return err == nil && s.Directory().Accepted(d)
}

// enter passes the gate, and answers for itself where it is shut or the caller
// has too much under way: neither POX nor SOAP has a code for it, and clients
// know what to do with HTTP's.
func enter(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) bool {
	err := s.Enter()
	if err == nil {
		return true
	}
	status, code := http.StatusForbidden, "Forbidden"
	var e *entente.Error
	if errors.As(err, &e) && e.Kind == entente.Unavailable {
		status, code = http.StatusServiceUnavailable, "Busy"
		w.Header().Set("Retry-After", clientaccess.RetryAfter(clientaccess.BackOff(err)))
	}
	send(s, w, r, code, status, "text/plain; charset=utf-8", []byte(http.StatusText(status)+"\n"))
	return false
}

// send concludes the session and writes the answer; what could not be recorded
// is not told.
func send(s *clientaccess.Session, w http.ResponseWriter, r *http.Request, code string, status int, kind string, body []byte) {
	if err := s.Conclude(r.Context(), code); err != nil {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "not available now; try again", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "private")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

const textXML = "text/xml; charset=utf-8"
