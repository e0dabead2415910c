package demo

import (
	"context"
	"path/filepath"
	"time"

	"entente/admin"
	"entente/server"
)

// The secure group has a server of its own, reached through the relay alone:
// the inner side dials contoso's, and the agreement lets free/busy, invitations
// and mail for members pass.
const (
	vault         = "vault"
	vaultDomain   = "vault.contoso.example"
	vaultHostname = "mail.vault.contoso.example"
	vaultGroup    = "members@" + vaultDomain
	vaultOutsider = "wanda" // has a mailbox inside and is not of the group
)

var vaultPeople = []person{
	{"vera", "Vera", "Stone", "Analyst", "Research", "Berlin", "Europe/Berlin"},
	{"vito", "Vito", "Conti", "Analyst", "Research", "Rome", "Europe/Rome"},
	{vaultOutsider, "Wanda", "Price", "Guard", "Facilities", "Berlin", "Europe/Berlin"},
}

// agreed is what passes, in both copies.
var agreed = []string{"GetUserAvailability", "DeliverMeeting", "DeliverMail"}

// A pair is the two configurations of the relay, each with the other's key.
type pair struct{ outer, inner server.Config }

func relayed(ctx context.Context, o Options) (p pair, err error) {
	p.outer = config(o)
	p.inner = server.Config{
		Name: vaultHostname, State: filepath.Join(o.State, vault), Database: "sqlite:entente.db",
		Listen: server.ListenConfig{HTTPS: "127.0.0.1:0"},
		Admin:  server.AdminConfig{Socket: filepath.Join(o.State, vault, "admin.sock")},
	}
	p.inner = p.inner.WithDefaults()
	outerKey, err := server.RelayKey(ctx, p.outer, server.Options{Demo: true})
	if err != nil {
		return p, err
	}
	innerKey, err := server.RelayKey(ctx, p.inner, server.Options{Demo: true})
	if err != nil {
		return p, err
	}
	p.outer.Relay = &server.RelayConfig{
		Role: "outer", Listen: "127.0.0.1:0",
		Peers: []server.RelayPeerConfig{{Name: vault, Keys: []string{innerKey}}},
		Agreements: []server.RelayAgreementConfig{{
			Name: "scheduling", Peer: vault, Operations: agreed, Members: []string{vaultDomain}, Askers: []string{domain},
		}},
	}
	p.inner.Relay = &server.RelayConfig{
		Role:  "inner",
		Peers: []server.RelayPeerConfig{{Name: organization, Keys: []string{outerKey}}},
		Agreements: []server.RelayAgreementConfig{{
			Name: "scheduling", Peer: organization, Operations: agreed, Group: vaultGroup, Askers: []string{domain},
		}},
	}
	return p, nil
}

// fillVault makes the people inside, with a password, and their calendars.
func fillVault(ctx context.Context, s *server.Server, password string, now time.Time) error {
	made, err := staff(ctx, s, []string{vaultDomain}, vaultPeople, password)
	if err != nil || !made {
		return err
	}
	var members []string
	for i := range vaultPeople {
		if alias := vaultPeople[i].alias; alias != vaultOutsider {
			members = append(members, inside(alias))
		}
	}
	if _, err := administer(s).CreateGroup(ctx, admin.CreateGroup{Mail: vaultGroup, Name: "Members", Kind: "security", Members: members}); err != nil {
		return err
	}
	return vaultCalendars(ctx, s, now)
}

func inside(alias string) string { return alias + "@" + vaultDomain }

// vaultCalendars gives everybody inside a briefing every day. Calendars show
// everybody when their owner is busy, and those outside no more than that.
func vaultCalendars(ctx context.Context, s *server.Server, now time.Time) error {
	for i := range vaultPeople {
		p := &vaultPeople[i]
		e := daily{"briefing", "Briefing", "Room without windows", 9 + i, time.Hour}
		if err := e.into(ctx, s, inside(p.alias), now); err != nil {
			return err
		}
	}
	return nil
}
