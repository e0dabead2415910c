// Package autodiscover tells clients where their mailbox is served: in the POX
// form of Outlook and of most EWS clients, by the SOAP service of the EWS
// Managed API and exchangelib, and as JSON.
//
// It answers for addresses of this organization only, never redirects, and
// tells nobody who has not signed in which addresses exist: POX and SOAP stand
// behind the door, and JSON says the same for every address.
package autodiscover

import (
	"net/http"
	"strings"

	"entente"
	"entente/access"
	"entente/clientaccess"
	"entente/strictxml"
)

// Service answers where things are.
type Service struct {
	// Name is this server's DNS name; EWS the URL of Exchange.asmx.
	Name string
	EWS  string
	// ActiveSync is the URL phones use; empty while it is not served.
	ActiveSync string
	// Version is what ServerVersionInfo says, such as 15.1.2507.
	Version Version
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
	pox := d.Guard(clientaccess.Autodiscover, handlerFunc(s.pox))
	soap := d.Guard(clientaccess.Autodiscover, handlerFunc(s.soap))
	return map[string]http.Handler{
		"/autodiscover/autodiscover.xml":   pox,
		"/autodiscover/autodiscover.svc":   soap,
		"/autodiscover/autodiscover.json":  http.HandlerFunc(s.json),
		"/autodiscover/autodiscover.json/": http.HandlerFunc(s.json),
	}
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

// legacyDN is the legacyExchangeDN that old properties want to see: a name
// made of the mailbox's id, since we keep none.
func legacyDN(a *access.Account) string {
	return "/o=Entente/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=" +
		strings.ReplaceAll(a.Mailbox.String(), "-", "")
}

// domainKnown reports whether some account has an address in the domain.
func domainOf(address string) (entente.Domain, bool) {
	a, err := entente.ParseSMTPAddress(strings.TrimSpace(address))
	if err != nil {
		return "", false
	}
	return a.Domain(), true
}
