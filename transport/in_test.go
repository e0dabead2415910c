package transport_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"entente/admin"
	"entente/mailbox"
	"entente/server"
)

// TestIn: what a configured server brings is in the mailboxes before it hears yes,
// once, however often it is brought, and with the traces that SMTP asks for.
func TestIn(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		h := newHouse(t, "contoso.example", urls, inward())
		h.start()
		h.people("anna", "ben")
		_, err := h.api().CreateGroup(t.Context(), admin.CreateGroup{Mail: "all@contoso.example", Members: []string{"anna@contoso.example", "ben@contoso.example"}})
		must(t, err)
		m := letter("Carla <carla@fabrikam.example>", "anna@contoso.example, all@contoso.example", "Hi", "Authentication-Results: mx; spf=pass\r\nX-Entente-Sender: forged\r\nReturn-Path: <forged@x.example>\r\n")
		for range 3 {
			got := brings(t, h.at("in"), "carla@fabrikam.example", m, "anna@contoso.example", "ALL@contoso.example", "anna@contoso.example")
			if len(got) != 4 || got[3][:3] != "250" {
				t.Fatal(got)
			}
		}
		// With another trace it is the same.
		brings(t, h.at("in"), "carla@fabrikam.example", "Received: by relay.example; Mon, 02 Mar 2026 09:00:01 +0000\r\n"+m, "anna@contoso.example")
		if anna, ben := h.inbox("anna"), h.inbox("ben"); anna != "IPM.Note Hi\n" || ben != "IPM.Note Hi\n" {
			t.Errorf("Anna has %q, Ben %q", anna, ben)
		}
		raw := h.mime("anna", "Hi")
		for _, want := range []string{"Return-Path: <carla@fabrikam.example>\r\n", "Received: from outside.example (127.0.0.1)\r\n\tby mail.contoso.example with ESMTP id ", "Authentication-Results: mx; spf=pass"} {
			if !strings.Contains(raw, want) {
				t.Errorf("no %q in %q", want, raw)
			}
		}
		if strings.Contains(raw, "forged") {
			t.Errorf("what others write as ours is left: %q", raw)
		}
		r := h.records("local.Deliver")
		r = append(r, h.records("smtp.Deliver")...)
		if len(r) == 0 || r[0].As.Mail != "carla@fabrikam.example" || !strings.Contains(fmt.Sprint(r[0].Via), "receive connector in") {
			t.Errorf("on record: %+v", r)
		}
		// With another body it is not, whatever its id.
		brings(t, h.at("in"), "carla@fabrikam.example", m+"Another text\r\n", "anna@contoso.example")
		if got := h.inbox("anna"); got != "IPM.Note Hi\nIPM.Note Hi\n" {
			t.Errorf("another body under the id: %q", got)
		}
	})
}

// TestRefusals: never a relay, nobody who is not here, no address that is none; and
// strangers hear nothing at all.
func TestRefusals(t *testing.T) {
	c := inward()
	c.Receive = append(c.Receive, server.ReceiveConnectorConfig{Name: "elsewhere", Listen: "127.0.0.1:0", Networks: []string{"10.1.2.3/32"}})
	h := newHouse(t, "contoso.example", sqlite(), c)
	h.start()
	h.people("anna")
	const from = "carla@fabrikam.example"
	m := letter(from, "anna@contoso.example", "No", "")
	test := func(to, want string) {
		t.Helper()
		if got := brings(t, h.at("in"), from, m, to); !strings.HasPrefix(got[0], want) {
			t.Errorf("for %s: %q, want %s", to, got, want)
		}
	}
	test("dora@fabrikam.example", "550 5.7.1")
	test("dora%fabrikam.example@contoso.example", "550 5.1.1")
	test("@contoso.example:dora@fabrikam.example", "550 5.7.1")
	test("anna@contoso.example@fabrikam.example", "553 5.1.3")
	test("nobody@contoso.example", "550 5.1.1")
	test("anna@[127.0.0.1]", "553 5.1.3")
	test("anna@sub.contoso.example", "550 5.7.1")
	test("anna@contoso.example", "250 2.0.0")

	k := talk(t, h.at("elsewhere"))
	if got := k.hears(); got != "(EOF)" && !strings.Contains(got, "reset") {
		t.Errorf("a stranger hears %q", got)
	}
	if got := h.inbox("anna"); got != "IPM.Note No\n" {
		t.Error(got)
	}

	k = talk(t, h.at("in"))
	k.hears()
	k.says("EHLO x")
	for _, bad := range []string{"MAIL FROM:<a b@c>", "MAIL FROM:<carla@fabrikam.example> SIZE=26214401", "RCPT TO:<anna@contoso.example>", "DATA", "AUTH PLAIN AGEAYg=="} {
		if got := k.says("%s", bad); got[0] != '5' {
			t.Errorf("%s: %q", bad, got)
		}
	}
}

// TestSmuggling: what only looks like a message's end is none.
func TestSmuggling(t *testing.T) {
	h := newHouse(t, "contoso.example", sqlite(), inward())
	h.start()
	h.people("anna")
	for i, end := range []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n\x00.\r\n"} {
		k := talk(t, h.at("in"))
		k.hears()
		k.says("EHLO outside.example")
		k.says("MAIL FROM:<carla@fabrikam.example>")
		k.says("RCPT TO:<anna@contoso.example>")
		k.says("DATA")
		inner := "MAIL FROM:<boss@contoso.example>\r\nRCPT TO:<anna@contoso.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
		if got := k.says("%s", letter("carla@fabrikam.example", "anna@contoso.example", fmt.Sprint("Outer ", i), "")+end+inner+"\r\n."); got[:3] != "250" {
			t.Errorf("%q: %s", end, got)
		}
		if got := k.says("QUIT"); got[:3] != "221" {
			t.Errorf("%q: after it %s", end, got)
		}
	}
	if got := h.inbox("anna"); strings.Contains(got, "smuggled") || strings.Count(got, "Outer") != 5 {
		t.Error(got)
	}
}

// TestLimits: messages beyond them get an answer of their own, and nothing of them
// is kept.
func TestLimits(t *testing.T) {
	c := inward()
	c.Receive[0].MaxSize, c.Receive[0].MaxRecipients, c.Receive[0].Connections = 100_000, 2, 3
	h := newHouse(t, "contoso.example", sqlite(), c)
	h.start()
	h.people("anna", "ben", "carl")
	test := func(what, want, m string) {
		t.Helper()
		got := brings(t, h.at("in"), "carla@fabrikam.example", m, "anna@contoso.example")
		if last := got[len(got)-1]; !strings.HasPrefix(last, want) {
			t.Errorf("%s: %q, want %s", what, last, want)
		}
	}
	test("size", "552 5.3.4", letter("c@x.example", "anna@contoso.example", "x", "")+strings.Repeat("0123456789\r\n", 10_000))
	test("hops", "554 5.4.6", strings.Repeat("Received: by x.example; Mon, 02 Mar 2026 09:00:01 +0000\r\n", 51)+letter("c@x.example", "anna@contoso.example", "x", ""))
	test("hops that are none", "250", letter("c@x.example", "anna@contoso.example", "y", "")+strings.Repeat("Received: by x.example\r\n", 51))
	deep := letter("c@x.example", "anna@contoso.example", "x", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b0\r\n")
	for i := range 40 {
		deep += fmt.Sprintf("--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	test("depth", "554 5.6.0", deep)
	test("parts", "554 5.6.0", letter("c@x.example", "anna@contoso.example", "x", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n")+strings.Repeat("--b\r\n\r\nx\r\n", 600)+"--b--\r\n")
	got := brings(t, h.at("in"), "c@x.example", letter("c@x.example", "anna@contoso.example", "z", ""), "anna@contoso.example", "ben@contoso.example", "carl@contoso.example")
	if !strings.HasPrefix(got[2], "452 4.5.3") {
		t.Errorf("recipients: %v", got)
	}
	for range 3 {
		talk(t, h.at("in")).hears()
	}
	if got := talk(t, h.at("in")).hears(); !strings.HasPrefix(got, "421") {
		t.Errorf("a fourth connection: %q", got)
	}
	if got := h.inbox("anna"); strings.Contains(got, "x\n") {
		t.Error(got)
	}
}

// TestLMTP: each recipient has an answer of his own.
func TestLMTP(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		h := newHouse(t, "contoso.example", urls, inward())
		h.start()
		h.people("anna", "ben")
		k := talk(t, h.at("front"))
		if got := k.hears(); !strings.Contains(got, "LMTP") {
			t.Error(got)
		}
		if got := k.says("EHLO x"); got[:3] != "500" {
			t.Error(got)
		}
		if got := k.says("LHLO front.example"); got[:3] != "250" {
			t.Error(got)
		}
		if got := k.says("MAIL FROM:<carla@fabrikam.example>\r\nRCPT TO:<anna@contoso.example>\r\nRCPT TO:<nobody@contoso.example>\r\nRCPT TO:<ben@contoso.example>\r\nDATA"); got[:3] != "250" { // pipelined
			t.Error(got)
		}
		if a, b, c, d := k.hears(), k.hears(), k.hears(), k.hears(); a[:3] != "250" || b[:3] != "550" || c[:3] != "250" || d[:3] != "354" {
			t.Error(a, b, c, d)
		}
		// Ben's mailbox is full by now.
		h.full("ben")
		first, second := k.says("%s\r\n.", letter("carla@fabrikam.example", "anna@contoso.example", "Two", "")), k.hears()
		if !strings.HasPrefix(first, "250 2.0.0 <anna@contoso.example>") || !strings.HasPrefix(second, "552 5.2.2 <ben@contoso.example>") {
			t.Errorf("%q, %q", first, second)
		}
		if h.inbox("anna") != "IPM.Note Two\n" || h.inbox("ben") != "" {
			t.Errorf("Anna %q, Ben %q", h.inbox("anna"), h.inbox("ben"))
		}
	})
}

// TestPartly: by SMTP there is one answer for all. Who does not get the message is
// told of to its sender along the reverse path, once.
func TestPartly(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		host := newHost(t, "8BITMIME", "DSN")
		c := inward()
		c.Send = outward(host).Send
		h := newHouse(t, "contoso.example", urls, c)
		h.start()
		h.people("anna", "ben")
		h.full("ben")
		m := letter("Carla <carla@fabrikam.example>", "anna@contoso.example", "Partly", "")
		for range 2 {
			got := brings(t, h.at("in"), "bounces@fabrikam.example", m, "anna@contoso.example", "ben@contoso.example")
			if got[2][:3] != "250" {
				t.Fatal(got)
			}
		}
		if got := brings(t, h.at("in"), "bounces@fabrikam.example", m, "ben@contoso.example"); !strings.HasPrefix(got[1], "552 5.2.2") {
			t.Error(got)
		}
		soon(t, "the sender hears", func() bool { return len(host.has()) == 1 })
		r := host.has()[0]
		if r.from != "" || fmt.Sprint(r.to) != "[bounces@fabrikam.example]" || !strings.Contains(r.data, "Final-Recipient: rfc822; ben@contoso.example\r\nAction: failed\r\nStatus: 5.2.2") {
			t.Errorf("%+v", r)
		}
		// A report is answered with none.
		brings(t, h.at("in"), "", letter("mailer-daemon@fabrikam.example", "anna@contoso.example", "Report", ""), "anna@contoso.example", "ben@contoso.example")
		h.pass(time.Second)
		if len(host.has()) != 1 || h.inbox("anna") != "IPM.Note Partly\nIPM.Note Report\n" {
			t.Errorf("%v, Anna %q", host.has(), h.inbox("anna"))
		}
	})
}

// full fills somebody's mailbox.
func (h *house) full(who string) {
	h.t.Helper()
	_, err := h.api().SetQuota(h.t.Context(), admin.SetQuota{AccountName: admin.AccountName{Account: who + "@" + h.domain}, Receive: 1})
	must(h.t, err)
}

// TestOwnSenders: mail from outside that says it is from here, by each of the names
// it has for its sender.
func TestOwnSenders(t *testing.T) {
	for _, mode := range []string{"mark", "refuse", "allow"} {
		c := inward()
		c.OwnSenders = mode
		h := newHouse(t, "contoso.example", sqlite(), c)
		h.start()
		h.people("anna", "ben")
		test := func(what, reverse, from, more string) {
			t.Helper()
			got := brings(t, h.at("in"), reverse, letter(from, "anna@contoso.example", what, more), "anna@contoso.example")
			last := got[len(got)-1]
			if mode == "refuse" {
				if !strings.HasPrefix(last, "550 5.7.1") {
					t.Errorf("%s, %s: %q", mode, what, got)
				}
				return
			}
			if last[:3] != "250" {
				t.Fatalf("%s, %s: %q", mode, what, got)
			}
			_, items := h.items("anna", mailbox.Inbox)
			for _, it := range items {
				if it.Props.String(mailbox.PidTagSubject) != what {
					continue
				}
				name := it.Props.String(mailbox.PidTagSentRepresentingName)
				if strings.Contains(name, "(unverified)") != (mode == "mark") || strings.Contains(string(it.MIME), "X-Entente-Sender: unverified") != (mode == "mark") {
					t.Errorf("%s, %s: it shows as from %q", mode, what, name)
				}
			}
		}
		test("envelope", "ben@contoso.example", "carla@fabrikam.example", "")
		test("from", "carla@fabrikam.example", "Ben <ben@contoso.example>", "")
		test("sender", "carla@fabrikam.example", "carla@fabrikam.example", "Sender: ben@contoso.example\r\n")
		test("nobody of ours", "", "Chef <chef@contoso.example>", "")
	}
}

// TestReceiveAuth: where a name and secret are set, nothing is taken before.
func TestReceiveAuth(t *testing.T) {
	secret := t.TempDir() + "/secret"
	mustWrite(t, secret, "swordfish\n")
	c := inward()
	c.Receive[0].User, c.Receive[0].SecretFile = "front", secret
	h := newHouse(t, "contoso.example", sqlite(), c)
	h.start()
	h.people("anna")
	k := talk(t, h.at("in"))
	k.hears()
	if got := k.says("EHLO x"); strings.Contains(got, "AUTH") {
		t.Errorf("a password is asked for over a connection that is not secret: %q", got)
	}
	if got := k.says("AUTH PLAIN AGZyb250AHN3b3JkZmlzaA=="); got[:3] != "538" {
		t.Error(got)
	}
	if got := k.says("MAIL FROM:<carla@fabrikam.example>"); got[:3] != "530" {
		t.Error(got)
	}
	k = k.secret(h)
	if got := k.says("EHLO x"); !strings.Contains(got, "AUTH PLAIN LOGIN") {
		t.Error(got)
	}
	if got := k.says("AUTH PLAIN AGZyb250AHdyb25n"); got[:3] != "535" {
		t.Error(got)
	}
	if got := k.says("MAIL FROM:<carla@fabrikam.example>"); got[:3] != "530" {
		t.Error(got)
	}
	if a, b, c := k.says("AUTH LOGIN"), k.says("ZnJvbnQ="), k.says("c3dvcmRmaXNo"); a != "334 VXNlcm5hbWU6" || b != "334 UGFzc3dvcmQ6" || c[:3] != "235" {
		t.Error(a, b, c)
	}
	if got := k.says("MAIL FROM:<carla@fabrikam.example>"); got[:3] != "250" {
		t.Error(got)
	}
}

// TestChunkCut: a message whose last chunk is cut off by the end of the connection is
// none. RFC 3030 2
func TestChunkCut(t *testing.T) {
	h := newHouse(t, "contoso.example", sqlite(), inward())
	h.start()
	h.people("anna")
	k := talk(t, h.at("in"))
	k.hears()
	k.says("EHLO mx.fabrikam.example")
	k.says("MAIL FROM:<carla@fabrikam.example>")
	k.says("RCPT TO:<anna@contoso.example>")
	text := letter("carla@fabrikam.example", "anna@contoso.example", "Half of it", "")
	if _, err := fmt.Fprintf(k.c, "BDAT %d LAST\r\n%s", len(text)+1000, text); err != nil {
		t.Fatal(err)
	}
	must(t, k.c.(*net.TCPConn).CloseWrite())
	if answer := k.hears(); strings.HasPrefix(answer, "2") {
		t.Errorf("half a message is taken: %s", answer)
	}
	if got := h.inbox("anna"); strings.Contains(got, "Half of it") {
		t.Errorf("Anna has %s", got)
	}
}
