package demo

import (
	"net"

	"entente/server"
)

// mailed has each of two organizations bring mail for the other to it by SMTP, and
// the broker what it has to say to their contacts. Whoever is on this machine may
// bring mail too, as the Internet does.
func (w *world) mailed(contoso, other, broker *server.Config) error {
	ours, err := w.port("", "mail-port")
	if err != nil {
		return err
	}
	theirs, err := w.port(fabrikam, "mail-port")
	if err != nil {
		return err
	}
	w.mailAt, w.fabrikamMailAt = net.JoinHostPort("127.0.0.1", ours), net.JoinHostPort("127.0.0.1", theirs)
	contoso.Transport = mailBetween(w.mailAt, w.fabrikamMailAt, fabrikamDomains())
	other.Transport = mailBetween(w.fabrikamMailAt, w.mailAt, contosoDomains())
	broker.Transport = &server.TransportConfig{Send: []server.SendConnectorConfig{
		{Name: organization, AddressSpaces: contosoDomains(), SmartHosts: []string{w.mailAt}},
		{Name: fabrikam, AddressSpaces: fabrikamDomains(), SmartHosts: []string{w.fabrikamMailAt}},
	}}
	return nil
}

func mailBetween(here, there string, domains []string) *server.TransportConfig {
	return &server.TransportConfig{
		Send:    []server.SendConnectorConfig{{Name: "partner", AddressSpaces: domains, SmartHosts: []string{there}}},
		Receive: []server.ReceiveConnectorConfig{{Name: "outside", Listen: here}},
	}
}
