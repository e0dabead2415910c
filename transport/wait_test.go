package transport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"entente/admin"
	"entente/mailbox"
)

// TestLate: who is not reached for hours hears that once, and for two days that it
// failed; a message that arrives in between is not spoken of.
func TestLate(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		host := newHost(t, "8BITMIME")
		h := newHouse(t, "contoso.example", urls, outward(host))
		h.start()
		h.people("anna")
		host.says("RCPT carla@fabrikam.example", "451 4.7.1 greylisted")
		h.sends("anna", "Late", "", "carla@fabrikam.example", "dora@fabrikam.example")
		soon(t, "Dora has it", func() bool { return len(host.has()) == 1 })
		for range 10 {
			h.pass(30 * time.Minute)
		}
		const delayed = "REPORT.IPM.Note.Delayed.DR Delivery delayed: Late\n"
		if got := h.inbox("anna"); got != delayed {
			t.Fatalf("after five hours: %q", got)
		}
		raw := h.mime("anna", "Delivery delayed: Late")
		for _, want := range []string{"Action: delayed", "Final-Recipient: rfc822; carla@fabrikam.example", "Will-Retry-Until: ", "Diagnostic-Code: smtp; 451 4.7.1 greylisted"} {
			if !strings.Contains(raw, want) || strings.Contains(raw, "Final-Recipient: rfc822; dora@") {
				t.Errorf("no %q in %s", want, raw)
			}
		}
		h.stop() // a restart changes nothing
		h.start()
		for range 9 {
			h.pass(5 * time.Hour)
		}
		if got := h.inbox("anna"); got != delayed+"REPORT.IPM.Note.NDR Undeliverable: Late\n" {
			t.Errorf("after two days: %q", got)
		}
		if raw := h.mime("anna", "Undeliverable: Late"); !strings.Contains(raw, "Status: 4.4.7") || !strings.Contains(raw, "greylisted") {
			t.Error(raw)
		}
		if len(host.has()) != 1 {
			t.Errorf("%d messages", len(host.has()))
		}
		if q, err := h.api().ListQueue(t.Context(), admin.ListQueue{}); err != nil || len(q) != 0 {
			t.Errorf("%v %+v", err, q)
		}
	})
}

// TestFailover: while one smart host cannot be talked to the next has the mail; what
// one may have is not given to another.
func TestFailover(t *testing.T) {
	first, second := newHost(t, "8BITMIME"), newHost(t, "8BITMIME")
	h := newHouse(t, "contoso.example", sqlite(), outward(first, second))
	h.start()
	h.people("anna")
	test := func(phase, answer string, one, other int) {
		t.Helper()
		h.ahead.Add(int64(time.Hour))
		first.says(phase, answer)
		first.hangsUp()
		a, b := len(first.has()), len(second.has())
		h.sends("anna", phase+answer, "", "carla@fabrikam.example")
		soon(t, phase+" "+answer, func() bool { return len(first.has()) == a+one && len(second.has()) == b+other })
		first.says(phase)
	}
	test("none", "", 1, 0)
	test("greeting", "drop", 0, 1)
	test("greeting", "554 5.3.2 no service", 0, 1)
	test("EHLO", "421 4.3.2 closing", 0, 1)
	test("MAIL", "drop", 0, 1)
	test("RCPT", "421 4.3.2 closing", 0, 1)
	test("end", "mute", 1, 0) // it has it, and does not say so
	h.pass(time.Hour)
	soon(t, "it is sent again", func() bool { return len(first.has()) == 3 })
	m := first.has()
	if id := field(m[1].data, "Message-ID"); id == "" || id != field(m[2].data, "Message-ID") {
		t.Error("what was sent twice does not look the same")
	}
}

func field(data, name string) string {
	_, rest, _ := strings.Cut("\r\n"+data, "\r\n"+name+": ")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// TestSecret: no mail and no password passes to a smart host that does not prove
// itself, or does not take the name and secret; the mail waits.
func TestSecret(t *testing.T) {
	folder := t.TempDir()
	mustWrite(t, folder+"/secret", "swordfish")
	right, ca := certificate(t)
	wrong, _ := certificate(t)
	mustWrite(t, folder+"/ca.pem", ca)
	host := newHost(t, "8BITMIME", "STARTTLS", "AUTH PLAIN LOGIN")
	host.tls = &tls.Config{Certificates: []tls.Certificate{right}}
	c := outward(host)
	c.Send[0].Security, c.Send[0].CAFiles = "starttls", []string{folder + "/ca.pem"}
	c.Send[0].User, c.Send[0].SecretFile = "contoso", folder+"/secret"
	h := newHouse(t, "contoso.example", sqlite(), c)
	h.start()
	h.people("anna")
	h.sends("anna", "Secret", "", "carla@fabrikam.example")
	soon(t, "it is there", func() bool { return len(host.has()) == 1 })
	if got := host.said("AUTH"); len(got) != 1 || got[0] != "AUTH PLAIN AGNvbnRvc28Ac3dvcmRmaXNo" {
		t.Error(got)
	}
	waits := func(what, problem string) {
		t.Helper()
		h.ahead.Add(int64(time.Hour))
		host.hangsUp()
		mails, auths := len(host.said("MAIL")), len(host.said("AUTH"))
		h.sends("anna", what, "", "carla@fabrikam.example")
		var said string
		soon(t, what+": it waits", func() bool {
			q, err := h.api().ListQueue(t.Context(), admin.ListQueue{})
			must(t, err)
			if len(q) == 1 {
				said = q[0].LastError
			}
			return len(q) == 1 && q[0].Status == "Retry"
		})
		if !strings.Contains(said, problem) || strings.Contains(said, "swordfish") {
			t.Errorf("%s: %q", what, said)
		}
		if len(host.said("MAIL")) != mails || what != "AUTH" && len(host.said("AUTH")) != auths {
			t.Errorf("%s: something passed", what)
		}
		all, err := h.api().ListMessages(t.Context(), admin.ListMessages{})
		must(t, err)
		_, err = h.api().RemoveMessage(t.Context(), admin.RemoveMessage{QueuedMessage: admin.QueuedMessage{ID: all[0].ID}, Quiet: true})
		must(t, err)
	}
	host.says("AUTH", "535 5.7.8 swordfish is wrong")
	waits("AUTH", "does not take the name and secret (535)")
	host.says("AUTH")
	host.says("STARTTLS", "454 4.7.0 not now")
	waits("no TLS now", "454")
	host.says("STARTTLS")
	host.mu.Lock()
	host.tls = &tls.Config{Certificates: []tls.Certificate{wrong}}
	host.mu.Unlock()
	waits("another's certificate", "certificate")
	host.mu.Lock()
	host.offers = []string{"8BITMIME", "AUTH PLAIN"}
	host.mu.Unlock()
	waits("no TLS at all", "STARTTLS")
}

// certificate makes one for 127.0.0.1, which is its own CA.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	x := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, x, x, key.Public(), key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestReceipts: who asks for word of his message's arrival has it from the smart host
// if that knows of receipts, and from here if it does not.
func TestReceipts(t *testing.T) {
	host := newHost(t, "8BITMIME")
	h := newHouse(t, "contoso.example", sqlite(), outward(host))
	h.start()
	h.people("anna")
	const receipt = `<t:IsDeliveryReceiptRequested>true</t:IsDeliveryReceiptRequested>`
	h.sends("anna", "Plain", "", "carla@fabrikam.example")
	h.sends("anna", "Asked", receipt, "carla@fabrikam.example")
	soon(t, "a report", func() bool { return h.inbox("anna") == "REPORT.IPM.Note.Relayed.DR Relayed: Asked\n" })
	if raw := h.mime("anna", "Relayed: Asked"); !strings.Contains(raw, "Action: relayed\r\nStatus: 2.0.0") {
		t.Error(raw)
	}
	host.mu.Lock()
	host.offers = append(host.offers, "DSN")
	host.mu.Unlock()
	h.sends("anna", "Promised", receipt, "carla@fabrikam.example")
	soon(t, "it is sent", func() bool { return len(host.has()) == 3 })
	if got := host.said("RCPT"); !strings.HasSuffix(got[2], "NOTIFY=SUCCESS,FAILURE,DELAY") || strings.Contains(got[0], "NOTIFY") {
		t.Error(got)
	}
	if got := h.inbox("anna"); strings.Contains(got, "Promised") {
		t.Error(got)
	}
}

// TestAutoForward: what rules send on stays here.
func TestAutoForward(t *testing.T) {
	host := newHost(t, "8BITMIME")
	h := newHouse(t, "contoso.example", sqlite(), outward(host))
	h.start()
	h.people("anna")
	const forwarded = `<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0005" PropertyType="Boolean"/><t:Value>true</t:Value></t:ExtendedProperty>`
	h.does("anna", `<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message><t:Subject>On</t:Subject>`+forwarded+`<t:ToRecipients><t:Mailbox><t:EmailAddress>carla@fabrikam.example</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>`)
	h.sends("anna", "Mine", "", "carla@fabrikam.example")
	soon(t, "Anna's own is there", func() bool { return len(host.has()) == 1 })
	if !strings.Contains(host.has()[0].data, "Subject: Mine") {
		t.Error(host.has())
	}
}

// TestVerbs: an administrator sees what waits, keeps it, lets it go, and takes it out.
func TestVerbs(t *testing.T) {
	host := newHost(t, "8BITMIME")
	host.says("MAIL", "451 4.3.0 later")
	h := newHouse(t, "contoso.example", sqlite(), outward(host))
	h.start()
	h.people("anna")
	ctx, api := t.Context(), h.api()
	h.sends("anna", "One", "", "carla@fabrikam.example")
	h.sends("anna", "Two", "", "dora@fabrikam.example")
	soon(t, "both wait", func() bool {
		q, err := api.ListQueue(ctx, admin.ListQueue{})
		must(t, err)
		return len(q) == 1 && q[0].Messages == 2 && q[0].Status == "Retry" && q[0].LastError == "451 4.3.0 later" && q[0].Queue == "out"
	})
	all, err := api.ListMessages(ctx, admin.ListMessages{Queue: "out"})
	must(t, err)
	one, err := api.ShowMessage(ctx, admin.QueuedMessage{ID: all[0].ID})
	if err != nil || one.Subject != "One" || one.From != "anna@contoso.example" || one.To[0].Address != "carla@fabrikam.example" || one.To[0].Status != "4.3.0" || one.Tries != 1 {
		t.Errorf("%v %+v", err, one)
	}
	_, err = api.SuspendQueue(ctx, admin.QueueSelection{ID: one.ID})
	must(t, err)
	host.says("MAIL")
	_, err = api.RetryQueue(ctx, admin.QueueSelection{Queue: "out"})
	must(t, err)
	soon(t, "the other goes", func() bool { return len(host.has()) == 1 })
	h.pass(time.Hour)
	if one, err = api.ShowMessage(ctx, admin.QueuedMessage{ID: one.ID}); err != nil || one.Status != "Suspended" || len(host.has()) != 1 {
		t.Errorf("%v %+v", err, one)
	}
	_, err = api.ResumeQueue(ctx, admin.QueueSelection{})
	must(t, err)
	h.pass(time.Second)
	soon(t, "it goes too", func() bool { return len(host.has()) == 2 })
	host.says("MAIL", "451 4.3.0 later")
	h.sends("anna", "Three", "", "carla@fabrikam.example")
	var id string
	soon(t, "it waits", func() bool {
		all, err := api.ListMessages(ctx, admin.ListMessages{})
		must(t, err)
		if len(all) == 1 {
			id = all[0].ID
		}
		return len(all) == 1 && all[0].Status == "Retry"
	})
	_, err = api.RemoveMessage(ctx, admin.RemoveMessage{QueuedMessage: admin.QueuedMessage{ID: id}})
	must(t, err)
	if got := h.inbox("anna"); got != "REPORT.IPM.Note.NDR Undeliverable: Three\n" {
		t.Error(got)
	}
	if _, err := api.ShowMessage(ctx, admin.QueuedMessage{ID: id}); err == nil {
		t.Error("it is still there")
	}
	if c, err := api.ListConnectors(ctx, admin.Nothing{}); err != nil || len(c) != 1 || c[0].Way != "send" || c[0].Security != "none" {
		t.Errorf("%v %+v", err, c)
	}
	for _, action := range []string{"queue.suspend", "queue.resume", "queue.retry", "queue.remove"} {
		if len(h.records("admin."+action)) == 0 {
			t.Errorf("%s is not on record", action)
		}
	}
}

// TestSharingInvitation: what invites to a folder comes in as what it is.
func TestSharingInvitation(t *testing.T) {
	h := newHouse(t, "contoso.example", sqlite(), inward())
	h.start()
	h.people("anna")
	brings(t, h.at("in"), "carla@fabrikam.example", letter("carla@fabrikam.example", "anna@contoso.example", "Sharing invitation", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n")+
		"--b\r\n\r\nLook\r\n--b\r\nContent-Type: application/x-sharing-metadata-xml; name=sharing_metadata.xml\r\nContent-Disposition: attachment; filename=sharing_metadata.xml\r\n\r\n<SharingMessage/>\r\n--b--\r\n", "anna@contoso.example")
	_, items := h.items("anna", mailbox.Inbox)
	if len(items) != 1 || items[0].Class != "IPM.Sharing" || len(items[0].Attachments) != 1 {
		t.Errorf("%+v", items)
	}
}
