package directory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// A VirtualDirectory is what a server offers by a protocol, as Exchange's virtual
// directories say it: Set-WebServicesVirtualDirectory and its like.
type VirtualDirectory struct {
	Server   string `json:"-"`
	Protocol string `json:"-"` // ews, activesync, autodiscover

	// Methods by which clients sign in there. Unset is on, as far as the server can.
	Basic       access.Setting `json:"basic,omitempty"`
	Bearer      access.Setting `json:"bearer,omitempty"`
	Negotiate   access.Setting `json:"negotiate,omitempty"`
	Certificate access.Setting `json:"certificate,omitempty"`

	// Where it is reached from inside and from outside; empty for where the server
	// is anyway.
	InternalURL string `json:"internal_url,omitempty"`
	ExternalURL string `json:"external_url,omitempty"`
}

// Protocols are those that have virtual directories.
func Protocols() []string { return []string{"activesync", "autodiscover", "ews"} }

// Offers reports whether a method may be tried there. Those that no client uses,
// between nodes and partners, are none of its business.
func (v *VirtualDirectory) Offers(m access.Method) bool {
	if s := v.Setting(m); s != nil {
		return *s != access.Off
	}
	return true
}

// Setting returns the one of a method; nil if it has none.
func (v *VirtualDirectory) Setting(m access.Method) *access.Setting {
	switch m {
	case access.Basic:
		return &v.Basic
	case access.Bearer:
		return &v.Bearer
	case access.Negotiate:
		return &v.Negotiate
	case access.Certificate:
		return &v.Certificate
	}
	return nil
}

func (v *VirtualDirectory) name() string { return v.Server + "/" + v.Protocol }

// VirtualDirectory returns what is set for a protocol of a server, by the state
// that decisions are made on: nothing if nothing is.
func (d *Directory) VirtualDirectory(server, protocol string) VirtualDirectory {
	v, ok := d.now.Load().virtual[server+"/"+protocol]
	if !ok {
		return VirtualDirectory{Server: server, Protocol: protocol}
	}
	return v
}

// VirtualDirectories returns all that something is set for, by server and
// protocol.
func (d *Directory) VirtualDirectories() []VirtualDirectory {
	all := slices.Collect(maps.Values(d.now.Load().virtual))
	slices.SortFunc(all, func(a, b VirtualDirectory) int {
		return cmp.Or(cmp.Compare(a.Server, b.Server), cmp.Compare(a.Protocol, b.Protocol))
	})
	return all
}

// Site returns where a server stands; "" if that is not said.
func (d *Directory) Site(server string) string { return d.now.Load().sites[server] }

// SiteServers returns the servers of a site by name.
func (d *Directory) SiteServers(site string) (names []string) {
	for name, s := range d.now.Load().sites {
		if s == site {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// maxVirtualURL bounds a URL that clients are told.
const maxVirtualURL = 1024

// SetVirtualDirectory changes what a server offers by a protocol: f is given what
// is set. What is then as if nothing were set is forgotten.
func (c *Change) SetVirtualDirectory(server, protocol string, f func(*VirtualDirectory) error) error {
	v := VirtualDirectory{Server: server, Protocol: protocol}
	if !slices.Contains(Protocols(), protocol) {
		return entente.Errorf(entente.Invalid, "%q is no protocol with a virtual directory: %s", protocol, strings.Join(Protocols(), ", "))
	}
	if server == "" || strings.Contains(server, "/") {
		return entente.Errorf(entente.Invalid, "%q is no server's name", server)
	}
	rows, err := c.tx.Query(virtualColumns+` WHERE name = $1`, v.name())
	if err := eachVirtual(each, rows, err, func(x VirtualDirectory) { v = x }); err != nil {
		return err
	}
	if err := f(&v); err != nil {
		return err
	}
	v.Server, v.Protocol = server, protocol
	for what, address := range map[string]string{"InternalUrl": v.InternalURL, "ExternalUrl": v.ExternalURL} {
		if u, err := url.Parse(address); address != "" && (err != nil || len(address) > maxVirtualURL || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "") {
			return entente.Errorf(entente.Invalid, "%s is not an https URL", what)
		}
	}
	if err := checkTexts(v.Server, v.InternalURL, v.ExternalURL); err != nil {
		return err
	}
	if v == (VirtualDirectory{Server: server, Protocol: protocol}) {
		_, err := write(c, virtualUnit(v.name()), c.tx.Exec, `DELETE FROM directory_virtual_directory WHERE name = $1`)
		return err
	}
	settings, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = write(c, virtualUnit(v.name()), c.tx.Exec, `INSERT INTO directory_virtual_directory (name, settings) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET settings = $2`, string(settings))
	return err
}

const virtualColumns = `SELECT name, settings FROM directory_virtual_directory`

func eachVirtual(over over, rows *db.Rows, err error, f func(VirtualDirectory)) error {
	var name, settings string
	return over(rows, err, func() error {
		var v VirtualDirectory
		if err := json.Unmarshal([]byte(settings), &v); err != nil {
			return fmt.Errorf("virtual directory %s: %w", name, err)
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			return fmt.Errorf("virtual directory %q has no protocol", name)
		}
		v.Server, v.Protocol = name[:i], name[i+1:]
		f(v)
		return nil
	}, &name, &settings)
}

// virtualDirectories reads what servers offer.
func (r *reader) virtualDirectories(u *unit) error {
	rows, err := query(r.tx.Query, u, virtualColumns+` WHERE name = $1`, virtualColumns+` ORDER BY name`)
	return eachVirtual(r.each(virtualRows), rows, err, func(v VirtualDirectory) { r.virtual[v.name()] = v })
}

// readSites reads where servers stand. A site says which server's addresses
// clients are told and nothing of who may do what; so it is not in the mark.
func (r *reader) readSites() error {
	var name, site string
	rows, err := r.tx.Query(`SELECT name, site FROM directory_server ORDER BY name`)
	return each(rows, err, func() error {
		r.sites[name] = site
		return nil
	}, &name, &site)
}

// Server returns a server; a new one if there is none of the name.
func (c *Change) Server(name string) (Server, error) {
	s := Server{Name: name}
	rows, err := c.tx.Query(`SELECT name, site, url FROM directory_server WHERE name = $1`, name)
	err = each(rows, err, func() error { return nil }, &s.Name, &s.Site, &s.URL)
	return s, err
}
