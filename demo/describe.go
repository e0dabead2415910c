package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"entente/server"
)

// A description is what --describe writes. What does not exist yet is left
// out.
type description struct {
	Organizations []organizationInfo `json:"organizations"`
	BrokerURL     string             `json:"broker_url"`
	BrokerAdmin   string             `json:"broker_admin_url"`
	NameServer    string             `json:"name_server"`
}

type organizationInfo struct {
	Name            string        `json:"name"`
	Domain          string        `json:"domain"`
	EWSURL          string        `json:"ews_url"`
	AutodiscoverURL string        `json:"autodiscover_url"`
	ActiveSyncURL   string        `json:"activesync_url,omitempty"`
	SMTP            string        `json:"smtp,omitempty"` // where mail from outside is taken
	AdminURL        string        `json:"admin_url"`
	CAFile          string        `json:"ca_file"`
	Accounts        []accountInfo `json:"accounts"`
	Services        []serviceInfo `json:"services"`
}

type accountInfo struct {
	UPN      string   `json:"upn"`
	SMTP     string   `json:"smtp"`
	SID      string   `json:"sid"`
	Password string   `json:"password,omitempty"`
	Roles    []string `json:"roles"`
}

type serviceInfo struct {
	UPN      string   `json:"upn"`
	Password string   `json:"password"`
	Rights   []string `json:"rights"`
}

// describe writes the description, complete or not at all: whoever waits for
// the file may read it at once.
func (w *world) describe(path string) error {
	ours, theirs := w.contoso.info(), w.fabrikamInfo()
	ours.SMTP, theirs.SMTP = w.mailAt, w.fabrikamMailAt
	text, err := json.MarshalIndent(description{
		Organizations: []organizationInfo{ours, w.contoso.vaultInfo(), theirs},
		BrokerURL:     w.brokerURL, BrokerAdmin: "unix://" + w.broker.AdminSocket(), NameServer: w.names.at.String(),
	}, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".describe-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func (c *company) info() organizationInfo {
	o := organizationInfo{
		Name: organization, Domain: domain,
		EWSURL: c.s.EWSURL(), AutodiscoverURL: c.s.AutodiscoverURL(), ActiveSyncURL: c.s.ActiveSyncURL(),
		AdminURL: "unix://" + c.s.AdminSocket(), CAFile: c.s.CAFile(),
	}
	for i := range c.accounts {
		a := &c.accounts[i]
		info := accountInfo{UPN: string(a.UPN), SMTP: string(a.Mail), SID: string(a.SID), Roles: []string{string(a.Kind)}}
		if i < len(people) {
			info.Password = c.password
		}
		if a.Master != "" {
			info.Roles = append(info.Roles, "linked to "+string(a.Master))
		}
		o.Accounts = append(o.Accounts, info)
	}
	o.Accounts = append(o.Accounts, accountInfo{
		UPN: string(c.guest.UPN), SID: string(c.guest.SID), Password: c.password, Roles: []string{"guest"},
	})
	for i := range services {
		o.Services = append(o.Services, serviceInfo{
			UPN: string(c.services[i].UPN), Password: c.password, Rights: []string{services[i].rights},
		})
	}
	return o
}

func (c *company) vaultInfo() organizationInfo {
	return staffInfo(c.vault, vault, vaultDomain, vaultPeople, c.password)
}

func (w *world) fabrikamInfo() organizationInfo {
	return staffInfo(w.fabrikam, fabrikam, fabrikamDomain, fabrikamPeople, w.contoso.password)
}

func staffInfo(s *server.Server, name, domain string, people []person, password string) organizationInfo {
	o := organizationInfo{
		Name: name, Domain: domain, EWSURL: s.EWSURL(), AutodiscoverURL: s.AutodiscoverURL(), ActiveSyncURL: s.ActiveSyncURL(),
		AdminURL: "unix://" + s.AdminSocket(), CAFile: s.CAFile(), Services: []serviceInfo{},
	}
	for i := range people {
		upn := people[i].alias + "@" + domain
		a, _ := s.Directory.Snapshot().FindUPN(upn)
		o.Accounts = append(o.Accounts, accountInfo{UPN: upn, SMTP: upn, SID: string(a.SID), Password: password, Roles: []string{"user"}})
	}
	return o
}

// A trial is a command to try, printed and tested as printed.
type trial struct{ what, command string }

// trials are the ways in: curl, exchangelib, a phone, and this program itself.
func (w *world) trials() []trial {
	c := w.contoso
	anna := string(c.accounts[0].Mail)
	ca, url := quote(c.s.CAFile()), c.s.EWSURL()
	return []trial{
		{"the inbox, with curl", fmt.Sprintf(`curl -sS --cacert %s -u %s:%s -H 'Content-Type: text/xml' -d '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body><m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>' %s`, ca, anna, c.password, url)},
		{"the next meetings of anna as the CRM, with exchangelib", fmt.Sprintf(`REQUESTS_CA_BUNDLE=%s /usr/bin/python3 -c 'import datetime as d
from exchangelib import *
c = Configuration(service_endpoint="%s", credentials=Credentials("%s", "%s"), auth_type=BASIC)
a = Account("%s", config=c, access_type=IMPERSONATION)
now = d.datetime.now(tz=a.default_timezone)
for i in a.calendar.view(start=now, end=now + d.timedelta(days=7)): print(i.start, i.subject)'`, ca, url, c.services[0].UPN, c.password, anna)},
		{"what a phone of anna's shows, with entente itself (--wait 10m then waits for a push)", fmt.Sprintf(`ENTENTE_PHONE_PASSWORD=%s %s phone --ca %s --user %s --url %s`, c.password, quote(c.o.Program), ca, anna, c.s.ActiveSyncURL())},
		{"a mail to anna from another organization, with curl", fmt.Sprintf(`printf 'From: Amy <amy@%s>\r\nTo: <%s>\r\nSubject: Lunch?\r\n\r\nAt noon, downstairs.\r\n' | curl -sS --mail-from amy@%s --mail-rcpt %s -T - smtp://%s && echo sent`, fabrikamDomain, anna, fabrikamDomain, anna, w.mailAt)},
		{"who may act as anna, with entente itself", fmt.Sprintf(`%s --admin %s assignment list`, quote(c.o.Program), quote(c.s.AdminSocket()))},
	}
}

// quote writes a path as a shell reads it.
func quote(path string) string {
	plain := strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == ""
	if path != "" && plain {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// print says what runs where.
func (d *world) print(w io.Writer, took time.Duration) {
	c := d.contoso
	fmt.Fprintf(w, "%s is ready after %v. Everything is on loopback, and all passwords are %s\n\n", organization, took.Round(time.Millisecond), c.password)
	fmt.Fprintf(w, "  EWS           %s\n  ActiveSync    %s\n  Autodiscover  %s\n  CA to trust   %s\n  State         %s\n\n", c.s.EWSURL(), c.s.ActiveSyncURL(), c.s.AutodiscoverURL(), c.s.CAFile(), c.o.State)
	fmt.Fprintf(w, "People, each <name>@%s:\n ", domain)
	for i := range people {
		if i > 0 && i%9 == 0 {
			fmt.Fprint(w, "\n ")
		}
		fmt.Fprintf(w, " %s", people[i].alias)
	}
	fmt.Fprintf(w, "\nRooms: ")
	for i := range rooms {
		fmt.Fprintf(w, " %s", rooms[i].alias)
	}
	fmt.Fprintf(w, "\nGuest:  %s\nServices, which act for others (doc/scenarios.md has a walk for each):\n", guestUPN)
	for _, s := range services {
		fmt.Fprintf(w, "  %-15s %s\n", s.alias, s.rights)
	}
	fmt.Fprintf(w, "\nBehind a relay, the secure group of %s (vera, vito):\n  EWS           %s\n  Admin socket  %s\n", vaultDomain, c.vault.EWSURL(), c.vault.AdminSocket())
	fmt.Fprintf(w, "\nAnother organization, trusted through a broker, %s (amy shows details, ben times, cora nothing, dan is out of scope):\n  EWS           %s\n  CA to trust   %s\n  Admin socket  %s\n",
		fabrikamDomain, d.fabrikam.EWSURL(), d.fabrikam.CAFile(), d.fabrikam.AdminSocket())
	fmt.Fprintf(w, "\nBetween the two, a trust broker and a name server (which takes nsupdate):\n  Broker        %s\n  Admin socket  %s\n  DNS           %s\n\nMail between the two goes by SMTP, and from anybody on this machine:\n  To %s  smtp://%s\n  To %s  smtp://%s\n\nTry:\n",
		d.brokerURL, d.broker.AdminSocket(), d.names.at, domain, d.mailAt, fabrikamDomain, d.fabrikamMailAt)
	for _, t := range d.trials() {
		fmt.Fprintf(w, "\n# %s\n%s\n", t.what, t.command)
	}
	fmt.Fprintln(w, "\nControl-C ends the demo.")
}
