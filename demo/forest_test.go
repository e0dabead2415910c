package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"entente/kerberos/kdctest"
)

// TestPublished goes the whole way in a real Active Directory: a client
// certificate at the gateway, Kerberos to the client access node, Kerberos to the
// node with the mailbox, and a record there that names all of them.
func TestPublished(t *testing.T) {
	realm := filepath.Join(t.TempDir(), "realm.json")
	var text bytes.Buffer
	if err := kdctest.Samba(t).Describe(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(realm, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	o := Options{Listen: "127.0.0.1:0", State: filepath.Join(t.TempDir(), "state"), Kerberos: realm, Program: "entente", Out: &out, Log: &log}
	d := &published{host: host{o: o}}
	var err error
	if d.forest, err = readRealm(realm); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := d.open(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	err = d.run(t.Context(), func(Target) error {
		d.passesOn(t)
		d.turnsAway(t)
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	for _, want := range []string{"alice@entente.test by certificate", "alice@entente.test by negotiate", "via s4u2proxy HTTP/" + d.name(accessRole), "via svc-gw@entente.test s4u2proxy"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("what the demo prints lacks %q:\n%s", want, &out)
		}
	}
}

// passesOn has the phone ask, and holds what all three have recorded against what
// each should know.
func (p *published) passesOn(t *testing.T) {
	t.Helper()
	request, err := p.phone.ask(t.Context(), "alice", p.url())
	if err != nil {
		t.Fatal(err)
	}
	records, err := p.records(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]recorded{}
	for _, r := range records {
		got[r.where] = r
	}
	back, ok := got[p.name(mailboxRole)]
	if !ok {
		t.Fatalf("no record at the node with the mailbox: %+v", records)
	}
	via := fmt.Sprint(back.Via)
	if back.As != "alice@"+p.Domain || back.By != back.As || back.Method != "negotiate" || !back.Allowed ||
		!strings.Contains(via, p.Services[accessRole].SPN) || !strings.Contains(via, p.Services[gatewayRole].Account) {
		t.Errorf("%+v", back)
	}
	if edge := got[p.name(gatewayRole)]; edge.As != back.As || edge.Method != "certificate" || !strings.Contains(fmt.Sprint(edge.Via), "sid-extension") {
		t.Errorf("at the gateway: %+v", edge)
	}
}

// turnsAway tries without a certificate, with one of another authority and with
// that of an account that is sensitive.
func (p *published) turnsAway(t *testing.T) {
	t.Helper()
	other := phone{}
	if err := other.authority(filepath.Join(t.TempDir(), "other"), p.publicName()); err != nil {
		t.Fatal(err)
	}
	alice, _ := p.gateway.Directory.Snapshot().FindUPN("alice@" + p.Domain)
	carol, _ := p.gateway.Directory.Snapshot().FindUPN("carol@" + p.Domain)
	if err := other.issue("alice", alice.SID); err != nil {
		t.Fatal(err)
	}
	other.ca = p.phone.ca // whom the gateway's certificate is of
	if _, err := other.ask(t.Context(), "alice", p.url()); err == nil {
		t.Error("a certificate of another authority was taken")
	}
	if err := p.phone.issue("carol", carol.SID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.phone.ask(t.Context(), "carol", p.url()); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a sensitive account: %v", err)
	}
}

// TestPublishedTrials types the commands that the demo proposes, as it prints
// them.
func TestPublishedTrials(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	realm := filepath.Join(t.TempDir(), "realm.json")
	var text, out, log bytes.Buffer
	if err := kdctest.Samba(t).Describe(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(realm, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Serve(t.Context(), Options{
		Listen: "127.0.0.1:0", State: filepath.Join(t.TempDir(), "state"), Kerberos: realm, Program: "entente", Out: &out, Log: &log,
	}, func(Target) error {
		_, command, _ := strings.Cut(out.String(), "# the inbox, with curl")
		_, command, _ = strings.Cut(command, "\n")
		command, _, _ = strings.Cut(command, "\n")
		answer, err := exec.CommandContext(t.Context(), "bash", "-c", command).CombinedOutput()
		if err != nil || !strings.Contains(string(answer), "NoError") || !strings.Contains(string(answer), "Inbox") {
			t.Errorf("%v\n%s\n%s", err, command, answer)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	if !json.Valid(text.Bytes()) {
		t.Error("the description of the realm is no JSON")
	}
}
