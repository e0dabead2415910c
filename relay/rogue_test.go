package relay_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente/audit"
	"entente/db"
	"entente/keys"
	"entente/mailbox"
	"entente/relay"
	"entente/server"
	"entente/test/kit"
)

// A vault is an inner side whose outer side is in wrong hands: it has the right
// key.
type vault struct {
	*side
	wrong *relay.Relay
}

func newVault(t *testing.T, operations string, rate int) *vault {
	t.Helper()
	outFolder, outPin := state(t)
	inFolder, inPin := state(t)
	wrong, address := rogue(t, outFolder, inPin)
	v := &vault{newSide(t, "vault.contoso.example", inFolder, &server.RelayConfig{
		Role:  "inner",
		Peers: []server.RelayPeerConfig{{Name: "office", Keys: []string{outPin}, Connect: []string{address}}},
		Agreements: []server.RelayAgreementConfig{{
			Name: "schedule", Peer: "office", Operations: strings.Fields(operations), Group: "b@contoso.example",
			Askers: []string{"contoso.example"}, Behind: 24 * time.Hour, Ahead: 30 * 24 * time.Hour, Rate: rate,
		}},
	}, sqlite(t)), wrong}
	v.start()
	p := &pair{inner: v.side}
	p.inner.people("contoso.example", "sara", "tom", "hugo")
	p.group(t)
	soon(t, "a channel", func() bool { return wrong.Channels() > 0 })
	return v
}

// ask asks what it likes.
func (v *vault) ask(path, body string) (string, error) {
	ctx, cancel := context.WithTimeout(v.t.Context(), 20*time.Second)
	defer cancel()
	return v.wrong.Ask(ctx, "vault", path, body)
}

const (
	freeBusy = "/relay/v1/freebusy"
	deliver  = "/relay/v1/deliver"
	answer   = "/relay/v1/answer"
)

// question is one that is agreed, changed.
func question(change ...any) string {
	day := time.Now().UTC().Truncate(24 * time.Hour)
	q := map[string]any{
		"agreement": "schedule", "request": strings.Repeat("a1", 16), "asker": map[string]any{"mail": "anna@contoso.example"},
		"of": []string{"sara@contoso.example"}, "start": day.Unix() / 60, "end": day.AddDate(0, 0, 2).Unix() / 60,
	}
	return changed(q, change)
}

func changed(q map[string]any, change []any) string {
	for i := 0; i < len(change); i += 2 {
		q[change[i].(string)] = change[i+1]
	}
	text, _ := json.Marshal(q)
	return string(text)
}

// message is a delivery that is agreed, changed; from is who the message itself
// says it is from.
func message(from string, change ...any) string {
	raw := "From: " + from + "\r\nTo: sara@contoso.example\r\nSubject: hello\r\nMessage-ID: <1@x>\r\n\r\ntext\r\n"
	return changed(map[string]any{
		"agreement": "schedule", "id": strings.Repeat("b2", 16),
		"sender": map[string]any{"mail": "anna@contoso.example"}, "from": map[string]any{"mail": "anna@contoso.example"},
		"to": []string{"sara@contoso.example"}, "message": base64.StdEncoding.EncodeToString([]byte(raw)),
	}, change)
}

// TestRogue: whatever the outer side asks, the inner one goes by its own copy of
// the agreement, and keeps a record.
func TestRogue(t *testing.T) {
	v := newVault(t, all, 1000)
	v.does("sara@contoso.example", kit.CreateAppointment("Secret", tomorrow(9)))
	day := time.Now().UTC().Truncate(24 * time.Hour)
	minutes := func(days int) int64 { return day.AddDate(0, 0, days).Unix() / 60 }
	test := func(what, path, body string, want relay.Refusal, action string) {
		t.Helper()
		text, err := v.ask(path, body)
		var no relay.Refusal
		if errors.As(err, &no); no != want {
			t.Errorf("%s: %s %v, want %s", what, text, err, want)
		}
		if want == "" {
			return
		}
		if r := v.records("relay." + action); len(r) == 0 || r[0].Allowed || r[0].Code != string(want) || r[0].Kind != audit.External || r[0].Evidence == "" {
			t.Errorf("%s: recorded %+v", what, r)
		}
	}
	const asked, mailed = "GetUserAvailability", "DeliverMail"
	test("as agreed", freeBusy, question(), "", asked)
	test("another agreement", freeBusy, question("agreement", "other"), relay.NoAgreement, asked)
	test("too far ahead", freeBusy, question("end", minutes(31)), relay.NotWindow, asked)
	test("too far back", freeBusy, question("start", minutes(-3)), relay.NotWindow, asked)
	test("details", freeBusy, question("details", true), relay.NotLevel, asked)
	test("for a stranger", freeBusy, question("asker", map[string]any{"mail": "eve@fabrikam.example"}), relay.NotAsker, asked)
	test("for somebody inside", freeBusy, question("asker", map[string]any{"mail": "hugo@contoso.example"}), relay.NotAsker, asked)
	test("about nobody", freeBusy, question("of", []string{}), relay.NotUnderstood, asked)
	test("a word too much", freeBusy, question("also", "subjects"), relay.NotUnderstood, asked)
	test("as agreed", deliver, message("anna@contoso.example"), "", mailed)
	test("in the name of a stranger", deliver, message("anna@contoso.example", "sender", map[string]any{"mail": "eve@fabrikam.example"}), relay.NotAsker, mailed)
	test("in the name of somebody inside", deliver, message("anna@contoso.example", "from", map[string]any{"mail": "hugo@contoso.example"}), relay.NotAsker, mailed)
	test("from somebody inside, as the message says", deliver, message("hugo@contoso.example"), relay.NotAsker, mailed)
	test("without a name", deliver, message("anna@contoso.example", "id", "../x"), relay.NotUnderstood, "Deliver")

	// The inner side has no path for what only the outer one answers.
	if text, err := v.ask(answer, `{}`); err == nil {
		t.Errorf("the inner side takes answers: %s", text)
	}
}

// TestRogueOperation: what is not in the inner side's copy is refused, though the
// outer's may have it.
func TestRogueOperation(t *testing.T) {
	v := newVault(t, "GetUserAvailability", 1000)
	_, err := v.ask(deliver, message("anna@contoso.example"))
	if !errors.Is(err, relay.NotOperation) {
		t.Errorf("mail: %v", err)
	}
	if got := v.subjects("sara@contoso.example", mailbox.Inbox); got != "" {
		t.Errorf("and yet there is %q", got)
	}
}

// TestRate bounds questions, right and wrong ones alike, and a flood of them is
// not one of records.
func TestRate(t *testing.T) {
	v := newVault(t, all, 5)
	refused := 0
	for i := range 30 {
		body := question()
		if i%2 == 1 {
			body = question("details", true)
		}
		if _, err := v.ask(freeBusy, body); errors.Is(err, relay.TooFast) {
			refused++
		}
	}
	if refused < 24 {
		t.Errorf("%d of 30 were too fast", refused)
	}
	n := 0
	for _, r := range v.records("relay.GetUserAvailability") {
		if r.Code == string(relay.TooFast) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d records of it", n)
	}
}

// TestHiddenAndAbsent: the inner side's answers about who is not in the group
// and who does not exist have the same bytes, and neither opens anything.
func TestHiddenAndAbsent(t *testing.T) {
	v := newVault(t, all, 1000)
	ask := func(who string) string {
		t.Helper()
		text, err := v.ask(freeBusy, question("of", []string{who}))
		must(t, err)
		return text
	}
	v.does("hugo@contoso.example", kit.CreateAppointment("Hidden", tomorrow(9)))
	hidden, absent := ask("hugo@contoso.example"), ask("hank@contoso.example")
	if hidden != absent || hidden != `{"people":[{"known":false}]}` {
		t.Errorf("hidden %s, absent %s", hidden, absent)
	}
	for _, who := range []string{"hugo", "hank"} {
		text, err := v.ask(deliver, message("anna@contoso.example", "id", strings.Repeat("c3", 16), "to", []string{who + "@contoso.example"}))
		if err != nil || text != `{"to":["unknown"]}` {
			t.Errorf("mail for %s: %s %v", who, text, err)
		}
	}
	// The records tell them apart no more: no mailbox was opened for either.
	for _, r := range v.records("relay.GetUserAvailability") {
		if r.Mailbox != "" || r.Allowed || r.Code != "unknown" {
			t.Errorf("recorded %+v", r)
		}
	}
	// Who leaves the group is nobody at the next question, who joins it is known.
	text := ask("tom@contoso.example")
	if !strings.Contains(text, `"known":true`) {
		t.Errorf("Tom: %s", text)
	}
	v.group("drop", "tom@contoso.example")
	if text := ask("tom@contoso.example"); text != absent {
		t.Errorf("Tom, who has left: %s", text)
	}
	v.group("add", "hugo@contoso.example")
	if text := ask("hugo@contoso.example"); !strings.Contains(text, `"status":2`) || strings.Contains(text, "Hidden") {
		t.Errorf("Hugo, who has joined: %s", text)
	}
}

// TestDeliveredOnce: the outer side does not hear of a delivery and tries again,
// before and after the inner side was started anew.
func TestDeliveredOnce(t *testing.T) {
	v := newVault(t, all, 1000)
	for i := range 4 {
		if i == 2 {
			v.stop()
			v.start()
			soon(t, "a channel", func() bool { return v.wrong.Channels() > 0 })
		}
		text, err := v.ask(deliver, message("anna@contoso.example"))
		if err != nil || text != `{"to":["delivered"]}` {
			t.Errorf("%s %v", text, err)
		}
	}
	if got := v.subjects("sara@contoso.example", mailbox.Inbox); got != "IPM.Note hello\n" {
		t.Errorf("she has %q", got)
	}
}

// TestPins: who has another key than the pinned one is refused in the handshake,
// on either side.
func TestPins(t *testing.T) {
	p := newPair(t, sqlite(t), all)
	p.connected()
	strangerFolder, strangerPin := state(t)
	_, address := rogue(t, strangerFolder, pinOf(t, p.inner.config.State))
	test := func(what string, change func(c *server.RelayConfig)) {
		t.Helper()
		p.inner.stop()
		was := *p.inner.config.Relay
		changed := was
		changed.Peers = append([]server.RelayPeerConfig(nil), was.Peers...)
		change(&changed)
		p.inner.config.Relay = &changed
		p.inner.start()
		soon(t, what+" is noticed", func() bool { return p.inner.status().Peers[0].Problem != "" })
		if st := p.inner.status().Peers[0]; st.Channels != 0 || !strings.Contains(st.Problem, "pinned") {
			t.Errorf("%s: %+v", what, st)
		}
		p.inner.stop()
		p.inner.config.Relay = &was
		p.inner.start()
		p.connected()
	}
	test("a listener with another key", func(c *server.RelayConfig) { c.Peers[0].Connect = []string{address} })
	test("a pin of another", func(c *server.RelayConfig) { c.Peers[0].Keys = []string{strangerPin} })
}

func pinOf(t *testing.T, folder string) string {
	t.Helper()
	f, err := keys.OpenFiles(filepath.Join(folder, "keys"))
	must(t, err)
	defer f.Close()
	s, err := f.Signer("relay", keys.Ed25519)
	must(t, err)
	pin, err := relay.PinOf(s.Public())
	must(t, err)
	return string(pin)
}

// TestWitness: each side keeps the other's checkpoint, signed by itself, and one
// that does not continue it raises the alarm.
func TestWitness(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		p := newPair(t, urls, all)
		p.connected()
		// By now there are records enough, and a new channel has them signed.
		p.inner.stop()
		p.inner.start()
		signed := func(s *side) (n int) {
			for _, l := range s.status().Logs {
				if l.Records > 5 && l.Alarm == "" {
					n++
				}
			}
			return n
		}
		soon(t, "each has signed the other's log", func() bool { return signed(p.outer) == 2 && signed(p.inner) == 2 })

		// Inside, the log is cut off and goes on from there: its own verify would
		// find nothing, for the checkpoints are gone too.
		p.inner.stop()
		truncate(t, p.inner)
		p.inner.start()
		soon(t, "the outer side raises the alarm", func() bool {
			for _, l := range p.outer.status().Logs {
				if l.SignedBy == "us" && strings.Contains(l.Alarm, "does not extend") {
					return true
				}
			}
			return false
		})
		if r := p.outer.records("relay.Witness"); len(r) == 0 || r[0].Code != "audit-altered" {
			t.Errorf("%+v", r)
		}
		_, err := p.inner.Admin.VerifyAudit(t.Context(), adminVerify())
		if err != nil {
			t.Errorf("the inner side's own verify sees what is gone: %v", err)
		}
	})
}

// truncate takes all but the first records of an audit log, and the checkpoints
// that speak of the others.
func truncate(t *testing.T, s *side) {
	t.Helper()
	d := s.database()
	defer d.Close()
	must(t, d.Update(t.Context(), func(tx *db.Tx) error {
		var n int64
		if err := tx.QueryRow(`SELECT COUNT(*) FROM audit_record`).Scan(&n); err != nil {
			return err
		}
		const left = 3
		if n <= left {
			return fmt.Errorf("only %d records", n)
		}
		if _, err := tx.Exec(`DELETE FROM audit_record WHERE seq >= $1`, left); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM audit_checkpoint WHERE size > $1`, left)
		return err
	}))
}

// TestChannelsComeBack: what is hung up is opened again, and nothing is lost
// meanwhile.
func TestChannelsComeBack(t *testing.T) {
	v := newVault(t, all, 1000)
	for range 2 {
		soon(t, "all are gone", v.wrong.HangUp())
		soon(t, "a channel", func() bool { return v.wrong.Channels() > 0 })
		if _, err := v.ask(freeBusy, question()); err != nil {
			t.Error(err)
		}
	}
}
