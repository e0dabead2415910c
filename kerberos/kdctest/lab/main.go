// Lab starts an Active Directory for trying things out, writes what there is to
// know of it to standard output as JSON, and ends with an interrupt:
//
//	go run ./kerberos/kdctest/lab
//
// It needs root and Debian's Samba, and nothing of the machine changes.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"entente/kerberos/kdctest"
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

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	r, err := kdctest.OpenSamba()
	if err != nil {
		return err
	}
	defer r.Close()
	d := description{
		Realm: r.Name, Domain: r.Domain, KDCs: []string{r.KDC}, Config: r.Config, Keytab: r.Keytab,
		LDAP: r.LDAP, Host: r.Host, CA: r.CA, BaseDN: r.BaseDN, Services: map[string]service{},
		Administrator: account{Name: r.Administrator, Password: kdctest.AdminPassword},
		Reader:        account{Name: r.Reader, Password: kdctest.Password},
	}
	for _, u := range [][2]string{{"alice", "alice"}, {"bob", "robert.b"}, {"carol", "carol"}, {"dave", "dave"}} {
		d.Users = append(d.Users, account{u[0], u[1] + "@" + r.Domain, kdctest.Password})
	}
	for _, s := range []string{"gw", "cas", "konly", "none", "mbx", "other"} {
		d.Services[s] = service{r.Service(s), r.SPN(s)}
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return err
	}
	<-stop
	return nil
}
