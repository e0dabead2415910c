package transport_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entente/admin"
)

// TestOut: what somebody sends to another organization is at the smart host a
// moment later, says who sent it, and shows no blind copies.
func TestOut(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		host := newHost(t, "SIZE 26214400", "8BITMIME", "DSN", "SMTPUTF8")
		h := newHouse(t, "contoso.example", urls, outward(host))
		h.start()
		h.people("anna", "ben")
		h.sends("anna", "Out", `<t:CcRecipients><t:Mailbox><t:EmailAddress>ben@contoso.example</t:EmailAddress></t:Mailbox></t:CcRecipients><t:BccRecipients><t:Mailbox><t:EmailAddress>hidden@fabrikam.example</t:EmailAddress></t:Mailbox></t:BccRecipients>`, "carla@fabrikam.example")
		soon(t, "the host has it", func() bool { return len(host.has()) == 1 })
		m := host.has()[0]
		if m.from != "anna@contoso.example" || fmt.Sprint(m.to) != "[carla@fabrikam.example hidden@fabrikam.example]" {
			t.Errorf("from %s to %v", m.from, m.to)
		}
		head, body, _ := strings.Cut(m.data, "\r\n\r\n")
		if body != "=2EHello\r\n=2E\r\n=2E.you=\r\n" {
			t.Errorf("body %q", body)
		}
		for _, want := range []string{"Received: by mail.contoso.example with HTTP id ", "From: anna", "To: <carla@fabrikam.example>", "Cc: ben <ben@contoso.example>", "Message-ID: <", "Date: ", "Subject: Out"} {
			if !strings.Contains(head, want) {
				t.Errorf("no %q in %q", want, head)
			}
		}
		if strings.Contains(m.data, "hidden@") {
			t.Errorf("a blind copy shows: %q", m.data)
		}
		if got := host.said("MAIL"); !strings.Contains(got[0], " SIZE=") || !strings.Contains(got[0], " RET=HDRS ENVID=") {
			t.Error(got)
		}
		if got := h.inbox("ben"); got != "IPM.Note Out\n" {
			t.Errorf("Ben has %q", got)
		}
		soon(t, "it is on record", func() bool { return len(h.records("transport.Send")) == 1 })
		if r := h.records("transport.Send")[0]; r.As.Mail != "anna@contoso.example" || len(r.Targets) != 2 || r.Code != "" {
			t.Errorf("%+v", r)
		}
		// Whoever brings his own bytes is himself all the same.
		h.sendsMIME("anna", "From: Chef <anna@contoso.example>, ben@contoso.example\r\nTo: carla@fabrikam.example\r\nBcc: hidden@fabrikam.example\r\nSubject: own\rBcc: two@fabrikam.example\r\n\r\nline\n.\nQUIT\r\n")
		soon(t, "the host has it", func() bool { return len(host.has()) == 2 })
		m = host.has()[1]
		if strings.Contains(m.data, "hidden") || strings.Contains(m.data, "Chef") || !strings.Contains(m.data, "From: anna") || !strings.Contains(m.data, "line\r\n=2E\r\nQUIT") {
			t.Errorf("%q", m.data)
		}
	})
}

// TestAnswers: what becomes of a message by what a smart host says in each phase.
func TestAnswers(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		host := newHost(t, "SIZE 26214400", "8BITMIME")
		h := newHouse(t, "contoso.example", urls, outward(host))
		h.start()
		h.people("anna")
		n := 0
		const (
			yes = iota // delivered after all
			no         // a report at once
		)
		test := func(want int, phase, answer, status string) {
			t.Helper()
			n++
			subject := fmt.Sprintf("%s %s %d", phase, strings.ReplaceAll(answer, "\r\n", " "), n)
			before := len(host.has())
			h.ahead.Add(int64(time.Hour)) // the host is no longer held to be down
			host.says(phase, answer)
			host.hangsUp()
			h.sends("anna", subject, "", "carla@fabrikam.example")
			switch want {
			case no:
				soon(t, subject+": a report", func() bool { return strings.Contains(h.inbox("anna"), "REPORT.IPM.Note.NDR Undeliverable: "+subject) })
				report := h.mime("anna", "Undeliverable: "+subject)
				for _, line := range []string{"Final-Recipient: rfc822; carla@fabrikam.example", "Action: failed", "Status: " + status, "Remote-MTA: dns; 127.0.0.1", "Diagnostic-Code: smtp; " + answer, "Auto-Submitted: auto-replied", "text/rfc822-headers"} {
					if !strings.Contains(report, line) {
						t.Errorf("%s: no %q in %s", subject, line, report)
					}
				}
				if len(host.has()) != before {
					t.Errorf("%s: taken, and reported as not", subject)
				}
				host.says(phase)
			case yes:
				soon(t, subject+": it waits", func() bool {
					q, err := h.api().ListQueue(t.Context(), admin.ListQueue{})
					must(t, err)
					return len(q) == 1 && q[0].Status == "Retry" && q[0].LastError != ""
				})
				host.says(phase)
				h.pass(2 * time.Minute)
				soon(t, subject+": it is there", func() bool { return len(host.has()) == before+1 })
				if strings.Contains(h.inbox("anna"), subject) {
					t.Errorf("%s: reported, and taken", subject)
				}
			}
			soon(t, subject+": the queue is empty", func() bool {
				q, err := h.api().ListQueue(t.Context(), admin.ListQueue{})
				must(t, err)
				return len(q) == 0
			})
		}
		for _, phase := range []string{"greeting", "EHLO", "MAIL", "RCPT", "DATA", "half", "end"} {
			if phase != "half" {
				test(yes, phase, "421 4.3.2 closing", "")
				test(yes, phase, "451 4.3.0 later", "")
			}
			test(yes, phase, "drop", "")
		}
		test(yes, "greeting", "554 5.3.2 not now", "")
		test(yes, "MAIL", "530 5.7.0 authenticate first", "")
		test(yes, "RCPT", "452 4.5.3 too many recipients", "")
		test(yes, "RCPT", "552 5.5.3 too many recipients", "")
		test(no, "MAIL", "550 5.7.1 not you", "5.7.1")
		test(no, "MAIL", "552 5.3.4 too large", "5.3.4")
		test(no, "RCPT", "550 5.1.1 nobody", "5.1.1")
		test(no, "RCPT", "550 nobody", "5.1.1")
		test(no, "RCPT", "553 5.1.3 no", "5.1.3")
		test(no, "DATA", "554 5.6.0 no", "5.6.0")
		test(no, "end", "550 5.7.1 spam", "5.7.1")
	})
}
