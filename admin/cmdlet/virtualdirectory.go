package cmdlet

import (
	"slices"
	"strings"

	"entente"
	"entente/admin"
)

// VirtualDirectory is what Get-WebServicesVirtualDirectory and its like show.
type VirtualDirectory struct {
	Identity                  string `json:"Identity"`
	Server                    string `json:"Server"`
	Site                      string `json:"Site"` // ours
	BasicAuthentication       string `json:"BasicAuthentication"`
	WindowsAuthentication     string `json:"WindowsAuthentication"`
	CertificateAuthentication string `json:"CertificateAuthentication"`
	OAuthAuthentication       string `json:"OAuthAuthentication"`
	InternalUrl               string `json:"InternalUrl"` //nolint:revive // Exchange's name
	ExternalUrl               string `json:"ExternalUrl"` //nolint:revive // Exchange's name
}

// A virtualKind is one of the cmdlets' nouns.
type virtualKind struct {
	noun, protocol, name    string // name as IIS has it
	basic, windows, bearers string // parameters
}

func virtualKinds() []virtualKind {
	return []virtualKind{
		{"WebServicesVirtualDirectory", "ews", "EWS", "BasicAuthentication", "WindowsAuthentication", "OAuthAuthentication"},
		{"AutodiscoverVirtualDirectory", "autodiscover", "Autodiscover", "BasicAuthentication", "WindowsAuthentication", "OAuthAuthentication"},
		{"ActiveSyncVirtualDirectory", "activesync", "Microsoft-Server-ActiveSync", "BasicAuthEnabled", "WindowsAuthEnabled", ""},
	}
}

func (k *virtualKind) identity(server string) string {
	return server + `\` + k.name + " (Default Web Site)"
}

func virtualDirectoryCmdlets() []Cmdlet {
	var all []Cmdlet
	for _, k := range virtualKinds() {
		all = append(all, k.get(), k.set())
	}
	return all
}

const identityHelp = `The server, as SERVER or SERVER\NAME (Default Web Site).`

func (k *virtualKind) get() Cmdlet {
	return Cmdlet{
		Name: "Get-" + k.noun, Synopsis: "Show by which methods clients sign in at " + k.name + ", and where it is reached.", Verbs: "virtual-directory list",
		Parameters: []Parameter{
			{Name: "Identity", First: true, Help: identityHelp},
			{Name: "Server", Help: "Only of this server."},
			{Name: "ADPropertiesOnly", Kind: Switch, Help: "Taken."},
		},
		run: func(c *call) (any, error) {
			server, err := k.server(c)
			if err != nil {
				return nil, err
			}
			all, err := get[[]admin.VirtualDirectoryInfo](c, "virtual-directory", "list", admin.Nothing{})
			list := []VirtualDirectory{}
			for i := range all {
				if all[i].Protocol == k.protocol && (server == "" || strings.EqualFold(server, all[i].Server)) {
					list = append(list, k.shown(&all[i]))
				}
			}
			if err == nil && len(list) == 0 {
				return nil, notFound(c.Text("Identity"))
			}
			return list, err
		},
	}
}

func (k *virtualKind) shown(v *admin.VirtualDirectoryInfo) VirtualDirectory {
	return VirtualDirectory{
		Identity: k.identity(v.Server), Server: v.Server, Site: v.Site,
		BasicAuthentication: offered(v.Basic), WindowsAuthentication: offered(v.Negotiate),
		CertificateAuthentication: offered(v.Certificate), OAuthAuthentication: offered(v.Bearer),
		InternalUrl: v.InternalURL, ExternalUrl: v.ExternalURL,
	}
}

// offered is how the shell prints a method: one that is unset is offered.
func offered(setting string) string {
	if setting == "off" {
		return "False"
	}
	return "True"
}

func (k *virtualKind) set() Cmdlet {
	parameters := []Parameter{
		{Name: "Identity", First: true, Mandatory: true, Help: identityHelp},
		{Name: k.basic, Kind: Bool, Help: "Whether clients may sign in by name and password."},
		{Name: k.windows, Kind: Bool, Help: "By Kerberos tickets (Negotiate); there is no NTLM here."},
	}
	if k.bearers != "" {
		parameters = append(parameters, Parameter{Name: k.bearers, Kind: Bool, Help: "By bearer tokens."})
	}
	switch k.protocol {
	case "ews":
		parameters = append(parameters, Parameter{Name: "CertificateAuthentication", Kind: Bool, Help: "By client certificates."})
	case "activesync":
		parameters = append(parameters, Parameter{Name: "ClientCertAuth", Kind: Enum, Values: []string{"Ignore", "Accepted", "Required"}, Help: "By client certificates; Required: by them alone."})
	}
	if k.bearers != "" {
		parameters = append(parameters, Parameter{Name: "DigestAuthentication", Kind: Bool, Help: "$false: there is no Digest here."})
	}
	parameters = append(parameters,
		Parameter{Name: "InternalUrl", Help: "Where clients inside reach it; $null is where the server is."},
		Parameter{Name: "ExternalUrl", Help: "Where clients outside reach it; $null is nowhere else."},
		Parameter{Name: "Force", Kind: Switch, Help: "Taken."})
	return Cmdlet{
		Name: "Set-" + k.noun, Synopsis: "Change by which methods clients sign in at " + k.name + ", and where it is reached.", Verbs: "virtual-directory set",
		Parameters: parameters,
		run:        k.change,
	}
}

func (k *virtualKind) change(c *call) (any, error) {
	server, err := k.server(c)
	if err != nil {
		return nil, err
	}
	if c.Is("DigestAuthentication") {
		return nil, entente.Errorf(entente.Invalid, "there is no Digest authentication here")
	}
	q := admin.SetVirtualDirectory{
		VirtualDirectoryName: admin.VirtualDirectoryName{Protocol: k.protocol, Server: server},
		Basic:                c.setting(k.basic), Negotiate: c.setting(k.windows), Certificate: c.setting("CertificateAuthentication"),
		InternalURL: noneIfNull(c, "InternalUrl"), ExternalURL: noneIfNull(c, "ExternalUrl"),
	}
	if k.bearers != "" {
		q.Bearer = c.setting(k.bearers)
	}
	switch c.Text("ClientCertAuth") {
	case "Ignore":
		q.Certificate = "off"
	case "Accepted":
		q.Certificate = "on"
	case "Required":
		if q.Basic == "on" || q.Negotiate == "on" {
			return nil, entente.Errorf(entente.Invalid, "a certificate cannot be required where clients may sign in without one")
		}
		q.Certificate, q.Basic, q.Negotiate, q.Bearer = "on", "off", "off", "off"
	}
	_, err = do[admin.VirtualDirectoryDetails](c, "virtual-directory", "set", q)
	return nil, err
}

func noneIfNull(c *call, name string) string {
	if c.Has(name) && c.Text(name) == "" {
		return "none"
	}
	return c.Text(name)
}

// server returns the one that -Identity or -Server names, "" for none.
func (k *virtualKind) server(c *call) (string, error) {
	server, name, named := strings.Cut(c.Text("Identity"), `\`)
	if named {
		// EWS (Default Web Site), or EWS.
		site, _, _ := strings.Cut(name, " (")
		if !strings.EqualFold(site, k.name) {
			return "", notFound(c.Text("Identity"))
		}
	}
	if server == "" && slices.ContainsFunc(c.cmdlet.Parameters, func(p Parameter) bool { return p.Name == "Server" }) {
		server = c.Text("Server")
	}
	return server, nil
}
