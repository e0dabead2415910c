package server

import (
	"os"
	"path/filepath"
	"testing"

	"entente/broker"
	"entente/transport"
)

// TestBrokersWord: what an organization's contact at the broker should hear leaves by
// the mail service, from a program that nobody answers.
func TestBrokersWord(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	c := Config{Name: "broker.contoso.example", State: folder, Transport: &TransportConfig{
		Send: []SendConnectorConfig{{Name: "out", SmartHosts: []string{"127.0.0.1:1"}, AddressSpaces: []string{"fabrikam.example"}}},
	}}.WithDefaults()
	s, err := New(t.Context(), c, Options{Organization: "Contoso"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	n := broker.Notice{App: "0000000040000000", Contact: "it@fabrikam.example", Domain: "fabrikam.example", Text: "The proof is gone."}
	if err := s.write(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	all, err := s.mail.Messages(t.Context(), transport.Selection{}, 10)
	if err != nil || len(all) != 1 || all[0].From != "" || all[0].To[0].Address != "it@fabrikam.example" || all[0].Subject != "Trust broker: fabrikam.example" {
		t.Errorf("%v %+v", err, all)
	}
	n.Contact = "it@elsewhere.example"
	if s.write(t.Context(), n) == nil {
		t.Error("no connector leads there, and nothing is said of it")
	}
}
