package autodiscover

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"entente/access"
	"entente/clientaccess"
	"entente/directory"
)

// A place is where a protocol of a mailbox is reached.
type place struct{ internal, external string }

// placeOf returns the place of an account's mailbox: that of the node that holds
// its database, in that node's site.
func (s *Service) placeOf(d *directory.Directory, a *access.Account, p clientaccess.Protocol) place {
	return s.placeAt(d, cmp.Or(d.Holder(a.Database), s.Name), p)
}

// own returns where a protocol is served by this server itself.
func (s *Service) own(p clientaccess.Protocol) place {
	if p == clientaccess.ActiveSync {
		return place{s.ActiveSync, s.ExternalActiveSync}
	}
	return place{s.EWS, s.External}
}

// placeAt returns the place of a server. What its own virtual directory does not
// say, another of its site may; and where a site is not published, this server
// passes requests on to it, or, if it is not published either, any that is.
func (s *Service) placeAt(d *directory.Directory, server string, protocol clientaccess.Protocol) place {
	var p place
	own := s.own(protocol)
	if server == s.Name {
		p.internal = d.VirtualDirectory(server, string(protocol)).InternalURL
		p.internal = cmp.Or(p.internal, own.internal)
	}
	servers := []string{server}
	if site := d.Site(server); site != "" {
		servers = append(servers, d.SiteServers(site)...)
	}
	for _, name := range append(servers, s.Name) {
		v := d.VirtualDirectory(name, string(protocol))
		p.internal, p.external = cmp.Or(p.internal, v.InternalURL), cmp.Or(p.external, v.ExternalURL)
	}
	if host := hostOf(own.external); p.external == "" && (host == "" || strings.EqualFold(host, s.Name)) {
		for _, v := range d.VirtualDirectories() { // nobody says otherwise of this server
			if p.external == "" && v.Protocol == string(protocol) {
				p.external = v.ExternalURL
			}
		}
	}
	p.internal = cmp.Or(p.internal, own.internal)
	p.external = cmp.Or(p.external, own.external, p.internal)
	return p
}

// asked returns where a protocol is for somebody of whom nothing is known but under
// which name he asks: who came by the name that is published is outside. A gateway
// asks by another name and tells under which it was asked; anybody may tell, since
// all it does is choose between two addresses that everybody may know.
func (p place) asked(r *http.Request) string {
	inside, outside := hostOf(p.internal), hostOf(p.external)
	for _, host := range []string{r.Host, r.Header.Get("X-Forwarded-Host")} {
		if outside != inside && strings.EqualFold(hostname(host), outside) {
			return p.external
		}
	}
	return p.internal
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// hostname is what stands in a Host header before its port.
func hostname(host string) string {
	u, err := url.Parse("//" + host)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// authPackage is how clients outside sign in, [MS-OXDSCLI] 2.2.4: by
// what works everywhere, if it is offered. A KDC is seldom reached from outside.
func authPackage(session *clientaccess.Session) string {
	on := map[access.Method]bool{}
	for _, o := range session.Offers(clientaccess.EWS) {
		on[o.Method] = o.On
	}
	switch {
	case on[access.Basic]:
		return "basic"
	case on[access.Negotiate]:
		return "negotiate"
	case on[access.Certificate]:
		return "certificate"
	}
	return ""
}
