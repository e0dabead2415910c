package kdctest

import (
	"encoding/json"
	"io"
)

// A description is what a demonstration needs to use the realm.
type description struct {
	Realm  string   `json:"realm"`
	Domain string   `json:"domain"`
	KDCs   []string `json:"kdcs"`
	Config string   `json:"krb5_config"`
	Keytab string   `json:"keytab"`

	LDAP   string `json:"ldap"`
	Host   string `json:"ldap_host"`
	CA     string `json:"ldap_ca"`
	BaseDN string `json:"base_dn"`

	Administrator account            `json:"administrator"`
	Reader        account            `json:"reader"`
	Users         []account          `json:"users"`
	Services      map[string]service `json:"services"`
}

type account struct {
	Name     string `json:"name"`
	UPN      string `json:"upn,omitempty"`
	Password string `json:"password"`
}

type service struct {
	Account string `json:"account"`
	SPN     string `json:"spn"`
}

// Describe writes what there is to know of an Active Directory, as JSON.
func (r *Realm) Describe(w io.Writer) error {
	d := description{
		Realm: r.Name, Domain: r.Domain, KDCs: []string{r.KDC}, Config: r.Config, Keytab: r.Keytab,
		LDAP: r.LDAP, Host: r.Host, CA: r.CA, BaseDN: r.BaseDN, Services: map[string]service{},
		Administrator: account{Name: r.Administrator, Password: AdminPassword},
		Reader:        account{Name: r.Reader, Password: Password},
	}
	for _, u := range [][2]string{{"alice", "alice"}, {"bob", "robert.b"}, {"carol", "carol"}, {"dave", "dave"}} {
		d.Users = append(d.Users, account{u[0], u[1] + "@" + r.Domain, Password})
	}
	for _, s := range []string{"gw", "cas", "konly", "none", "mbx", "other"} {
		d.Services[s] = service{r.Service(s), r.SPN(s)}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
