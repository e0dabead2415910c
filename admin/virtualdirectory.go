package admin

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/clientaccess"
	"entente/directory"
)

// ServerInfo is a server on which clients call.
type ServerInfo struct {
	Name string `json:"name"`
	Site string `json:"site,omitempty"`
	URL  string `json:"url,omitempty"`
}

// ListServers lists the servers.
func (a *API) ListServers(ctx context.Context, _ Nothing) ([]ServerInfo, error) {
	all, err := a.Directory.Servers(ctx)
	list := make([]ServerInfo, 0, len(all))
	for _, s := range all {
		list = append(list, ServerInfo(s))
	}
	return list, err
}

// SetServer asks for a change of a server. What is empty stays.
type SetServer struct {
	Name string `json:"name" arg:"" help:"DNS name of the server."`
	Site string `json:"site,omitempty" help:"Where it stands: clients whose mailbox is at a site are told the addresses of that site's servers. none takes it away."`
	URL  string `json:"url,omitempty" help:"Where it is reached. none takes it away."`
}

// SetServer says where a server stands. One that is not known is added.
func (a *API) SetServer(ctx context.Context, q SetServer) (Done, error) {
	name, err := entente.ParseDomain(q.Name)
	if err != nil {
		return Done{}, entente.Errorf(entente.Invalid, "%q is not the DNS name of a server", q.Name)
	}
	err = a.change(ctx, "server.set", []string{string(name)}, func(c *directory.Change) error {
		s, err := c.Server(string(name))
		if err != nil {
			return err
		}
		setText(&s.Site, q.Site)
		setText(&s.URL, q.URL)
		return c.SetServer(s)
	})
	return Done{"the server " + string(name) + " was changed"}, err
}

// setText sets a text that none takes away; empty leaves it as it is.
func setText(s *string, to string) {
	switch to {
	case "":
	case "none":
		*s = ""
	default:
		*s = to
	}
}

// VirtualDirectoryInfo is what a server offers by a protocol. A method that is
// unset is on, as far as the server can.
type VirtualDirectoryInfo struct {
	Server      string `json:"server"`
	Protocol    string `json:"protocol"`
	Site        string `json:"site,omitempty"`
	Negotiate   string `json:"negotiate"`
	Certificate string `json:"certificate"`
	Bearer      string `json:"bearer"`
	Basic       string `json:"basic"`
	InternalURL string `json:"internal_url,omitempty"`
	ExternalURL string `json:"external_url,omitempty"`
}

func (a *API) virtualDirectory(server, protocol string) VirtualDirectoryInfo {
	v := a.Directory.VirtualDirectory(server, protocol)
	return VirtualDirectoryInfo{
		Server: server, Protocol: protocol, Site: a.Directory.Site(server),
		Negotiate: settingName(v.Negotiate), Certificate: settingName(v.Certificate), Bearer: settingName(v.Bearer), Basic: settingName(v.Basic),
		InternalURL: v.InternalURL, ExternalURL: v.ExternalURL,
	}
}

// ListVirtualDirectories lists the virtual directories of this server, and those
// of others that something is set for.
func (a *API) ListVirtualDirectories(context.Context, Nothing) ([]VirtualDirectoryInfo, error) {
	var list []VirtualDirectoryInfo
	for _, p := range directory.Protocols() {
		list = append(list, a.virtualDirectory(a.Door.Server, p))
	}
	for _, v := range a.Directory.VirtualDirectories() {
		if v.Server != a.Door.Server {
			list = append(list, a.virtualDirectory(v.Server, v.Protocol))
		}
	}
	return list, nil
}

// VirtualDirectoryName names a virtual directory.
type VirtualDirectoryName struct {
	Protocol string `json:"protocol" arg:"" help:"ews, activesync or autodiscover."`
	Server   string `json:"server,omitempty" help:"DNS name of the server. Default: this one."`
}

// of returns the server and the protocol that are meant.
func (q *VirtualDirectoryName) of(a *API) (server, protocol string, err error) {
	protocol = strings.ToLower(q.Protocol)
	if !slices.Contains(directory.Protocols(), protocol) {
		return "", "", entente.Errorf(entente.Invalid, "%q is none of %s", q.Protocol, strings.Join(directory.Protocols(), ", "))
	}
	return strings.ToLower(cmp.Or(q.Server, a.Door.Server)), protocol, nil
}

// VirtualDirectoryDetails are a virtual directory and, of this server's, what
// follows: which methods count, and why the others do not.
type VirtualDirectoryDetails struct {
	VirtualDirectoryInfo
	Methods []OfferInfo `json:"methods,omitempty"`
}

// OfferInfo is a method by which clients sign in, or cannot.
type OfferInfo struct {
	Method string `json:"method"`
	Counts bool   `json:"counts"`
	Why    string `json:"why"`
}

// ShowVirtualDirectory shows what a server offers by a protocol.
func (a *API) ShowVirtualDirectory(_ context.Context, q VirtualDirectoryName) (VirtualDirectoryDetails, error) {
	server, protocol, err := q.of(a)
	if err != nil {
		return VirtualDirectoryDetails{}, err
	}
	d := VirtualDirectoryDetails{VirtualDirectoryInfo: a.virtualDirectory(server, protocol)}
	if server == a.Door.Server {
		for _, o := range a.Door.Offers(clientaccess.Protocol(protocol)) {
			d.Methods = append(d.Methods, OfferInfo{Method: string(o.Method), Counts: o.On, Why: whyOffered(o)})
		}
	}
	return d, nil
}

// whyOffered tells what decides about a method.
func whyOffered(o clientaccess.Offer) string {
	switch {
	case o.On:
		return "the server can, and the virtual directory offers it"
	case o.Can:
		return "the virtual directory does not offer it"
	}
	switch o.Method {
	case access.Negotiate:
		return "the server has no keytab: see kerberos in its configuration"
	case access.Certificate:
		return "the server knows no authorities of client certificates: see its configuration"
	}
	return "the server does not know how"
}

// SetVirtualDirectory asks for a change of a virtual directory. What is empty
// stays.
type SetVirtualDirectory struct {
	VirtualDirectoryName
	Negotiate   string `json:"negotiate,omitempty" help:"Whether clients may sign in by Kerberos tickets (WindowsAuthentication): on, off or unset, which is on where the server can." placeholder:"on|off|unset"`
	Certificate string `json:"certificate,omitempty" help:"By client certificates (CertificateAuthentication, ClientCertAuth)." placeholder:"on|off|unset"`
	Bearer      string `json:"bearer,omitempty" help:"By bearer tokens (OAuthAuthentication)." placeholder:"on|off|unset"`
	Basic       string `json:"basic,omitempty" help:"By name and password (BasicAuthentication)." placeholder:"on|off|unset"`
	InternalURL string `json:"internal_url,omitempty" help:"Where clients inside reach it. none is where the server is." placeholder:"URL"`
	ExternalURL string `json:"external_url,omitempty" help:"Where clients outside reach it. none is as for clients inside, unless another server of the site says more." placeholder:"URL"`
}

// SetVirtualDirectory changes what a server offers by a protocol, from the next
// request on. Set-WebServicesVirtualDirectory, Set-ActiveSyncVirtualDirectory,
// Set-AutodiscoverVirtualDirectory.
func (a *API) SetVirtualDirectory(ctx context.Context, q SetVirtualDirectory) (VirtualDirectoryDetails, error) {
	server, protocol, err := q.of(a)
	if err != nil {
		return VirtualDirectoryDetails{}, err
	}
	if _, err := entente.ParseDomain(server); err != nil {
		return VirtualDirectoryDetails{}, entente.Errorf(entente.Invalid, "%q is not the DNS name of a server", server)
	}
	err = a.change(ctx, "virtual-directory.set", []string{server, protocol}, func(c *directory.Change) error {
		return c.SetVirtualDirectory(server, protocol, func(v *directory.VirtualDirectory) error {
			for _, x := range []struct {
				of *access.Setting
				to string
			}{{&v.Negotiate, q.Negotiate}, {&v.Certificate, q.Certificate}, {&v.Bearer, q.Bearer}, {&v.Basic, q.Basic}} {
				if err := setSetting(x.of, x.to); err != nil {
					return err
				}
			}
			setText(&v.InternalURL, q.InternalURL)
			setText(&v.ExternalURL, q.ExternalURL)
			return nil
		})
	})
	if err != nil {
		return VirtualDirectoryDetails{}, err
	}
	return a.ShowVirtualDirectory(ctx, q.VirtualDirectoryName)
}
