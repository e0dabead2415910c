package delivery

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"entente/calendar"
	"entente/mailbox"
	"entente/message"
)

func TestWithoutBcc(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		if got := string(withoutBcc([]byte(in))); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	test("To: a\r\nBcc: b,\r\n\tc\r\nSubject: s\r\n\r\nBcc: text\r\n", "To: a\r\nSubject: s\r\n\r\nBcc: text\r\n")
	test("BCC : b\nTo: a\n\nbody", "To: a\n\nbody")
	test("Resent-Bcc: b\r\nTo: a\r\n\r\n", "To: a\r\n\r\n")
	test("To: a\r\nSubject: Bcc: b\r\n\r\n", "To: a\r\nSubject: Bcc: b\r\n\r\n")
	test("Bcc: b", "")
	test("To: a\n\r\nBcc: in the body", "To: a\n\r\nBcc: in the body")
	test("", "")
}

// FuzzWithoutBcc: whatever the bytes, no reader finds a blind copy afterwards,
// and the body is whole.
func FuzzWithoutBcc(f *testing.F) {
	f.Add([]byte("To: a\r\nBcc: b,\r\n\tc\r\n\r\nbody\r\n"))
	f.Add([]byte("Bcc: b\n\nBcc: body"))
	f.Add([]byte("X:\r\n \r\nBcc: a@b\n\r\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		out := withoutBcc(bytes.Clone(raw))
		if len(out) > len(raw) {
			t.Fatalf("%q grew to %q", raw, out)
		}
		if m, err := message.Parse(out, message.DefaultLimits()); err == nil && len(m.Bcc) > 0 {
			t.Errorf("%q still has %v", out, m.Bcc)
		}
		if again := withoutBcc(bytes.Clone(out)); !bytes.Equal(again, out) {
			t.Errorf("%q, then %q", out, again)
		}
	})
}

func TestAutomatic(t *testing.T) {
	test := func(want bool, class, mime string) {
		t.Helper()
		if got := Automatic(&mailbox.Item{Class: class, MIME: []byte(mime)}); got != want {
			t.Errorf("%s %q is automatic: %v", class, mime, got)
		}
	}
	test(false, "IPM.Note", "")
	test(false, "IPM.Schedule.Meeting.Request", "")
	test(true, "IPM.Schedule.Meeting.Resp.Pos", "")
	test(true, "REPORT.IPM.Note.NDR", "")
	test(true, oofClass, "")
	test(false, "IPM.Note", "Subject: x\r\n\r\nAuto-Submitted: auto-replied")
	test(false, "IPM.Note", "Auto-Submitted: no\r\n\r\n")
	test(true, "IPM.Note", "Auto-Submitted: auto-generated\r\n\r\n")
	test(true, "IPM.Note", "Precedence: bulk\r\n\r\n")
	test(true, "IPM.Note", "List-Id: <x.y>\r\n\r\n")
	test(true, "IPM.Note", "Return-Path: <>\r\n\r\n")

	it := &mailbox.Item{Class: "IPM.Note"}
	silence(&it.Props)
	if !Automatic(it) {
		t.Error("who asks for no answers gets one")
	}
}

// TestSign: what an item said of its sender is gone, and what it said of its
// id, which the sender's copy shares, is kept.
func TestSign(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	it := &mailbox.Item{}
	it.Props.SetString(mailbox.PidTagSenderSMTPAddress, "forged@contoso.example")
	it.Props.SetInt(mailbox.PidTagMessageFlags, flagUnsent|1)
	Sign(it, message.Address{Name: "Ben", SMTP: "ben@contoso.example"}, message.Address{SMTP: "anna@contoso.example"}, at)
	ps := &it.Props
	if ps.String(mailbox.PidTagSenderSMTPAddress) != "ben@contoso.example" || ps.String(mailbox.PidTagSentRepresentingSMTP) != "anna@contoso.example" ||
		ps.String(mailbox.PidTagSentRepresentingName) != "anna@contoso.example" {
		t.Errorf("from %s for %s", ps.String(mailbox.PidTagSenderSMTPAddress), ps.String(mailbox.PidTagSentRepresentingSMTP))
	}
	if flags, _ := ps.Int(mailbox.PidTagMessageFlags); flags != 1 {
		t.Errorf("flags %d", flags)
	}
	id := ps.String(mailbox.PidTagInternetMessageID)
	Sign(it, message.Address{SMTP: "ben@contoso.example"}, message.Address{SMTP: "ben@contoso.example"}, at)
	if again := ps.String(mailbox.PidTagInternetMessageID); again != id || !strings.HasSuffix(id, "@contoso.example>") {
		t.Errorf("%s, then %s", id, again)
	}
}

func TestOrganize(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	owner := message.Address{Name: "Anna", SMTP: "anna@contoso.example"}
	alone := &mailbox.Item{}
	Organize(alone, owner, true, at)
	uid := alone.Props.String(mailbox.PidNameCalendarUID)
	if mailbox.UIDOf(alone.Props.Bytes(mailbox.PidLidGlobalObjectID)) != uid || !strings.HasPrefix(uid, "040000008200E000") {
		t.Errorf("uid %s", uid)
	}
	if alone.Props.Has(mailbox.PidTagSentRepresentingSMTP) {
		t.Error("an appointment without attendees has an organizer")
	}
	it := &mailbox.Item{Recipients: []mailbox.Recipient{{Kind: mailbox.Required, Address: "ben@contoso.example"}}}
	Organize(it, owner, false, at)
	if it.Props.String(mailbox.PidTagSentRepresentingSMTP) != owner.SMTP || it.Props.Bool(mailbox.PidLidFInvited) || received(it) {
		t.Error("a meeting is not its organizer's")
	}
}

func TestMoved(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	base := calendar.Event{Start: at, End: at.Add(time.Hour), Recurrence: &calendar.Recurrence{Pattern: calendar.Daily, Interval: 1}}
	test := func(want bool, change func(*calendar.Event)) {
		t.Helper()
		e := base
		r := *base.Recurrence
		e.Recurrence = &r
		change(&e)
		if got := moved(&base, &e); got != want {
			t.Errorf("moved: %v", got)
		}
	}
	test(false, func(e *calendar.Event) { e.Subject, e.Location = "other", "else" })
	test(false, func(e *calendar.Event) { e.Start = e.Start.In(time.FixedZone("", 3600)) })
	test(true, func(e *calendar.Event) { e.Start = e.Start.Add(time.Minute) })
	test(true, func(e *calendar.Event) { e.End = e.End.Add(time.Minute) })
	test(true, func(e *calendar.Event) { e.Recurrence.Interval = 2 })
	test(true, func(e *calendar.Event) { e.Recurrence = nil })
	test(true, func(e *calendar.Event) { e.AllDay = true })
}

// TestReportFields: an address cannot write lines of its own into a report.
func TestReportFields(t *testing.T) {
	f := []Result{{To: "a\r\nAction: delivered\r\n@x", Action: Failed, Status: statusUnknown, Diagnostic: "550 no\r\nAction: delivered", Remote: "mx\r\n\r\nAction: delivered"}}
	got := reportFields("contoso.example", f, time.Unix(0, 0))
	if strings.Contains(got, "\nAction: delivered") || !strings.Contains(got, "\r\nStatus: 5.1.1\r\n") {
		t.Errorf("%q", got)
	}
	if text := reportText(formOf(f).text, "s", f); strings.Count(text, "\n") != 5 {
		t.Errorf("%q", text)
	}
	if plainID("<a b@c>") != "" || plainID("<a@c>") != "<a@c>" || plainID("a@c") != "" {
		t.Error("message ids")
	}
}

func TestStatus(t *testing.T) {
	test := func(r calendar.Response, intended, want calendar.BusyStatus) {
		t.Helper()
		if got := status(r, intended); got != want {
			t.Errorf("%s to %s is %s", r, intended, got)
		}
	}
	test(calendar.Accepted, calendar.StatusOOF, calendar.StatusOOF)
	test(calendar.TentativelyAccepted, calendar.StatusOOF, calendar.StatusTentative)
	test(calendar.NoResponse, calendar.StatusFree, calendar.StatusFree)
	test(calendar.Accepted, calendar.StatusFree, calendar.StatusFree)
}
