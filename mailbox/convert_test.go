package mailbox

import (
	"bytes"
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/calendar"
	"entente/message"
)

func crlf(s string) []byte {
	return []byte(strings.ReplaceAll(strings.TrimLeft(s, "\n"), "\n", "\r\n"))
}

// letter is a message with an inline image, a file and an attached message.
var letter = crlf(`
From: =?utf-8?q?Anna_=C3=85kesson?= <anna@contoso.example>
Sender: portal@contoso.example
To: Ben <ben@contoso.example>, carla@contoso.example
Cc: team@contoso.example
Reply-To: answers@contoso.example
Subject: RE: The plan
Date: Mon, 02 Mar 2026 10:00:00 +0100
Message-ID: <1@contoso.example>
In-Reply-To: <0@contoso.example>
References: <a@contoso.example> <0@contoso.example>
Importance: high
Sensitivity: Private
Keywords: Red, Work
Disposition-Notification-To: anna@contoso.example
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/related; boundary=r

--r
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

See the picture.
--a
Content-Type: text/html; charset=utf-8

<p>See the <img src="cid:pic@contoso">.</p>
--a--
--r
Content-Type: image/png; name=pic.png
Content-ID: <pic@contoso>
Content-Disposition: inline; filename=pic.png
Content-Transfer-Encoding: base64

iVBORw0K
--r--
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename=plan.pdf
Content-Transfer-Encoding: base64

JVBERg==
--b
Content-Type: message/rfc822

From: carla@contoso.example
Subject: the first one
Message-ID: <0@contoso.example>

inside
--b--
`)

func TestMessageToItem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		it := &Item{}
		h.must(it.SetMIME(letter, ConvertOptions{}))
		v := h.anna()
		h.must(v.CreateItem(t.Context(), h.folder(v, Inbox), it))
		it, err := v.Item(t.Context(), it.ID, AllParts)
		h.must(err)
		text := func(p Prop, want string) {
			t.Helper()
			if got := it.Props.String(p); got != want {
				t.Errorf("%v: %q, want %q", p, got, want)
			}
		}
		text(PidTagSubject, "RE: The plan")
		text(PidTagSubjectPrefix, "RE: ")
		text(PidTagNormalizedSubject, "The plan")
		text(PidTagConversationTopic, "The plan")
		text(PidTagSentRepresentingName, "Anna Åkesson")
		text(PidTagSentRepresentingSMTP, "anna@contoso.example")
		text(PidTagSenderSMTPAddress, "portal@contoso.example")
		text(PidTagDisplayTo, "Ben; carla@contoso.example")
		text(PidTagInternetMessageID, "<1@contoso.example>")
		text(PidTagInReplyToID, "<0@contoso.example>")
		text(PidTagInternetReferences, "<a@contoso.example> <0@contoso.example>")
		if n, _ := it.Props.Int(PidTagImportance); n != 2 {
			t.Error("importance", n)
		}
		if !it.Private() || !it.Props.Bool(PidTagReadReceiptRequested) || !it.HasAttachments() || it.Class != "IPM.Note" {
			t.Errorf("%+v", it)
		}
		if sent, _ := it.Props.Time(PidTagClientSubmitTime); !sent.Equal(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)) {
			t.Error(sent)
		}
		if got := it.Props.Strings(PidNameKeywords); !reflect.DeepEqual(got, []string{"Red", "Work"}) {
			t.Error(got)
		}
		if len(it.Recipients) != 4 || !bytes.Contains(it.Body.Text, []byte("See the picture.")) || !bytes.Contains(it.Body.HTML, []byte("<img")) {
			t.Errorf("%+v %s", it.Recipients, it.Body)
		}
		if len(it.Attachments) != 3 {
			t.Fatalf("%+v", it.Attachments)
		}
		pic, plan, mail := it.Attachments[0], it.Attachments[1], it.Attachments[2]
		if !pic.Inline || pic.ContentID != "pic@contoso" || plan.Name != "plan.pdf" || plan.Size != 4 || !mail.Item || mail.Name != "the first one" {
			t.Errorf("%+v", it.Attachments)
		}
		_, inner, err := v.AttachmentItem(t.Context(), it.ID, mail.ID)
		h.must(err)
		if string(inner.Body.Text) != "inside" || inner.Props.String(PidTagInternetMessageID) != "<0@contoso.example>" {
			t.Errorf("%+v", inner)
		}

		// Byte for byte as it came.
		kept, err := v.MIME(t.Context(), it, ComposeOptions{})
		h.must(err)
		if !bytes.Equal(kept, letter) {
			t.Error("the message is another than came")
		}
		// Written anew, it says the same.
		again, err := v.MIME(t.Context(), it, ComposeOptions{Again: true})
		h.must(err)
		sameMessage(t, letter, again)
	})
}

// sameMessage compares what two messages say.
func sameMessage(t *testing.T, a, b []byte) {
	t.Helper()
	var items [2]Item
	for i, raw := range [][]byte{a, b} {
		if err := items[i].SetMIME(raw, ConvertOptions{}); err != nil {
			t.Fatal(err)
		}
		items[i].MIME = nil
		for j := range items[i].Attachments {
			if e := items[i].Attachments[j].Embedded; e != nil {
				e.MIME = nil
			}
		}
		if items[i].Body != nil {
			items[i].Body.Text = bytes.TrimSpace(items[i].Body.Text)
			items[i].Body.HTML = bytes.TrimSpace(items[i].Body.HTML)
		}
	}
	if !reflect.DeepEqual(items[0], items[1]) {
		t.Errorf("%+v\n%+v\n%s", items[0], items[1], b)
	}
}

func TestMessageClasses(t *testing.T) {
	test := func(head, want string) {
		t.Helper()
		var it Item
		if err := it.SetMIME(crlf(head+"\n\nx\n"), ConvertOptions{}); err != nil || it.Class != want {
			t.Errorf("%s: %s, %v", head, it.Class, err)
		}
	}
	test("Subject: x", "IPM.Note")
	test("Content-Type: multipart/signed; boundary=x", "IPM.Note.SMIME.MultipartSigned")
	test("Content-Type: application/pkcs7-mime", "IPM.Note.SMIME")
	test("Content-Type: multipart/report; report-type=disposition-notification; boundary=x", "REPORT.IPM.Note.IPNRN")
	test("Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\nAction: failed", "REPORT.IPM.Note.NDR")
	test("Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\nAction: delivered", "REPORT.IPM.Note.DR")
	test("", "IPM.Note")
}

func TestSubjectPrefix(t *testing.T) {
	test := func(s, prefix, rest string) {
		t.Helper()
		if p, r := splitSubject(s); p != prefix || r != rest {
			t.Errorf("%q: %q %q", s, p, r)
		}
	}
	test("Re: x", "Re: ", "x")
	test("AW: RE: x", "AW: ", "RE: x")
	test("Plan: x", "", "Plan: x")
	test("10: x", "", "10: x")
	test(": x", "", ": x")
	test("x", "", "x")
}

// An appointment as CalDAV clients send it through DavMail, and out again.
func TestAppointmentToICalendar(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		it := &Item{Class: "IPM.Appointment"}
		h.must(it.SetMIME(crlf(`
BEGIN:VCALENDAR
PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:92f4e4f0-1@contoso.example
DTSTAMP:20260301T000000Z
SUMMARY:Planning
LOCATION:Room 1
DESCRIPTION:what we do
DTSTART;TZID=Europe/Berlin:20260302T090000
DTEND;TZID=Europe/Berlin:20260302T100000
RRULE:FREQ=WEEKLY;COUNT=8
EXDATE;TZID=Europe/Berlin:20260309T090000
CLASS:PRIVATE
ORGANIZER;CN=Anna:mailto:anna@contoso.example
ATTENDEE;CN=Ben;PARTSTAT=ACCEPTED:mailto:ben@contoso.example
END:VEVENT
BEGIN:VEVENT
UID:92f4e4f0-1@contoso.example
DTSTAMP:20260301T000000Z
RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000
SUMMARY:Moved
DTSTART;TZID=Europe/Berlin:20260317T100000
DTEND;TZID=Europe/Berlin:20260317T110000
END:VEVENT
END:VCALENDAR
`), ConvertOptions{Zones: h.store.Zones()}))
		v := h.anna()
		cal := h.folder(v, Calendar)
		h.must(v.CreateItem(t.Context(), cal, it))
		p, err := v.CalendarView(t.Context(), cal, window("2026-03-01", "2026-03-24"), 0, 0)
		h.must(err)
		if got := entriesOf(p); got != "03-02 08:00 Planning~\n03-17 09:00 Moved!\n03-23 08:00 Planning~" {
			t.Error(got)
		}
		it, err = v.Item(t.Context(), it.ID, AllParts)
		h.must(err)
		if !it.Private() || it.MIME != nil || len(it.Recipients) != 1 || string(it.Body.Text) != "what we do" {
			t.Errorf("%+v", it)
		}
		out, err := v.MIME(t.Context(), it, ComposeOptions{})
		h.must(err)
		for _, want := range []string{
			"BEGIN:VCALENDAR\r\n", "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n", "UID:92f4e4f0-1@contoso.example\r\n",
			"DTSTART;TZID=Europe/Berlin:20260302T090000\r\n", "EXDATE;TZID=Europe/Berlin:20260309T090000\r\n",
			"RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000\r\n", "CLASS:PRIVATE\r\n", "LOCATION:Room 1\r\n",
		} {
			if !bytes.Contains(out, []byte(want)) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
		var back Item
		h.must(back.SetMIME(out, ConvertOptions{Zones: h.store.Zones()}))
		e, err := v.Event(it)
		h.must(err)
		e2, err := v.Event(&back)
		h.must(err)
		if e2.UID != e.UID || len(e2.Exceptions) != 1 || len(e2.Deleted) != 1 || !reflect.DeepEqual(e2.Recurrence, e.Recurrence) || len(e2.Attendees) != 1 {
			t.Errorf("%+v\n%+v", e, e2)
		}
	})
}

func TestMeetingMessages(t *testing.T) {
	ical := func(method, status string) string {
		return "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:" + method + "\nBEGIN:VEVENT\nUID:u1\nDTSTAMP:20260301T000000Z\nSUMMARY:Lunch\n" +
			"DTSTART:20260302T110000Z\nDTEND:20260302T120000Z\nORGANIZER:mailto:anna@contoso.example\nSEQUENCE:2\n" +
			"ATTENDEE;PARTSTAT=" + status + ":mailto:ben@contoso.example\nEND:VEVENT\nEND:VCALENDAR\n"
	}
	test := func(method, status, want string) {
		t.Helper()
		raw := crlf("From: ben@contoso.example\nTo: anna@contoso.example\nSubject: About lunch\nContent-Type: text/calendar; method=" + method + "; charset=utf-8\n\n" + ical(method, status))
		var it Item
		if err := it.SetMIME(raw, ConvertOptions{}); err != nil {
			t.Fatal(err)
		}
		if it.Class != want || it.Props.String(PidTagSubject) != "About lunch" || !bytes.Equal(it.MIME, raw) {
			t.Errorf("%s %s: %s %q", method, status, it.Class, it.Props.String(PidTagSubject))
		}
		if start, ok := it.Props.Time(PidLidAppointmentStartWhole); want != "IPM.Note" && (!ok || start.Hour() != 11 || it.Props.String(PidNameCalendarUID) != "u1") {
			t.Errorf("%s: it starts %v", method, start)
		}
		if it.Props.String(PidTagSentRepresentingSMTP) != "ben@contoso.example" {
			t.Error("the sender is another:", it.Props.String(PidTagSentRepresentingSMTP))
		}
		if want == "IPM.Note" {
			return
		}
		out, err := ComposeMIME(&it, ComposeOptions{Again: true})
		if err != nil {
			t.Fatal(err)
		}
		m, err := message.Parse(out, message.DefaultLimits())
		if err != nil || m.Calendar == nil || m.Calendar.Method != method && method != "COUNTER" || !strings.Contains(m.Calendar.Data, "UID:u1") {
			t.Errorf("%v\n%s", err, out)
		}
	}
	test("REQUEST", "NEEDS-ACTION", "IPM.Schedule.Meeting.Request")
	test("CANCEL", "ACCEPTED", "IPM.Schedule.Meeting.Canceled")
	test("REPLY", "ACCEPTED", "IPM.Schedule.Meeting.Resp.Pos")
	test("REPLY", "DECLINED", "IPM.Schedule.Meeting.Resp.Neg")
	test("REPLY", "TENTATIVE", "IPM.Schedule.Meeting.Resp.Tent")
	test("COUNTER", "TENTATIVE", "IPM.Schedule.Meeting.Resp.Tent")
	test("PUBLISH", "ACCEPTED", "IPM.Note")
}

func TestContactToCard(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		raw := crlf(`
BEGIN:VCARD
VERSION:3.0
UID:card-1
FN:Ms. Anna Åkesson
N:Åkesson;Anna;Maria;Ms.;PhD
NICKNAME:Ann
ORG:Contoso;Research
TITLE:Engineer
EMAIL;TYPE=INTERNET:anna@home.example
EMAIL;TYPE=INTERNET,PREF:anna@contoso.example
TEL;TYPE=WORK,VOICE:+46 1
TEL;TYPE=WORK,VOICE:+46 2
TEL;TYPE=FAX,WORK:+46 3
TEL;TYPE=CELL:+46 4
TEL;TYPE=HOME:+46 5
ADR;TYPE=WORK:;;Main Street 1\nFloor 2;Stockholm;;11120;Sweden
ADR;TYPE=HOME:;;Side Street 2;Uppsala;;75310;Sweden
URL:https://contoso.example/
BDAY:1985-04-12
NOTE:likes\ntea
CATEGORIES:Friends,VIP
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ
END:VCARD
`)
		it := &Item{}
		h.must(it.SetMIME(raw, ConvertOptions{}))
		v := h.anna()
		h.must(v.CreateItem(t.Context(), h.folder(v, Contacts), it))
		it, err := v.Item(t.Context(), it.ID, AllParts)
		h.must(err)
		for p, want := range map[Prop]string{
			PidTagDisplayName: "Ms. Anna Åkesson", PidTagSurname: "Åkesson", PidLidFileUnder: "Åkesson, Anna", PidTagCompanyName: "Contoso",
			PidLidEmail1EmailAddress: "anna@contoso.example", PidLidEmail2EmailAddress: "anna@home.example",
			PidTagBusinessTelephoneNumber: "+46 1", PidTagBusiness2TelephoneNumber: "+46 2", PidTagBusinessFaxNumber: "+46 3",
			PidTagMobileTelephoneNumber: "+46 4", PidTagHomeTelephoneNumber: "+46 5", PidLidWorkAddressCity: "Stockholm",
			PidTagHomeAddressStreet: "Side Street 2", PidTagBusinessHomePage: "https://contoso.example/",
		} {
			if got := it.Props.String(p); got != want {
				t.Errorf("%v: %q, want %q", p, got, want)
			}
		}
		if it.Class != "IPM.Contact" || len(it.Attachments) != 1 || string(it.Body.Text) != "likes\r\ntea" {
			t.Errorf("%+v", it)
		}
		out, err := v.MIME(t.Context(), it, ComposeOptions{})
		h.must(err)
		want, err := message.ParseCard(raw)
		h.must(err)
		got, err := message.ParseCard(out)
		h.must(err)
		if got.UID != want.UID || got.Name != want.Name || got.Birthday != want.Birthday || got.Note != want.Note ||
			!bytes.Equal(got.Photo, want.Photo) || len(got.Phones) != 5 || len(got.Addresses) != 2 || len(got.Emails) != 2 ||
			!reflect.DeepEqual(got.Categories, want.Categories) || got.Addresses[0].Street != want.Addresses[0].Street {
			t.Errorf("%s", out)
		}
	})
}

// Files keep what they are called, whatever type they claim.
func TestComposeFileTypes(t *testing.T) {
	test := func(claimed string) {
		t.Helper()
		it := &Item{Body: &Body{Text: []byte("x")}, Attachments: []Attachment{{Name: "a.xlsx", ContentType: claimed, Content: []byte{0, 1}}}}
		out, err := ComposeMIME(it, ComposeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := message.Parse(out, message.DefaultLimits())
		if err != nil || len(m.Attachments) != 1 || m.Attachments[0].FileName != "a.xlsx" || !bytes.Equal(m.Attachments[0].Data(), []byte{0, 1}) {
			t.Errorf("%s: %v\n%s", claimed, err, out)
		}
	}
	test("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	test("multipart/mixed")
	test("")
	test("a/b/c; x=\r\n")
}

// What clients put into properties never breaks a header line.
func TestComposeCleans(t *testing.T) {
	it := &Item{Body: &Body{Text: []byte("x")}, Recipients: []Recipient{
		{Kind: To, Name: "Ben\r\nBcc: all@contoso.example", Address: "ben@contoso.example"},
		{Kind: To, Name: "nobody", Address: "/o=contoso/cn=nobody", AddressType: "EX"},
		{Kind: Bcc, Address: "carla@contoso.example"},
	}, Attachments: []Attachment{
		{Name: "a\r\nX: y", ContentType: "text/html\r\nX: y", ContentID: "a>\r\nX: y", Content: []byte("x")},
		{Name: "m", ContentType: "message/rfc822", Content: []byte("no message")},
	}}
	it.Props.SetString(PidTagSubject, "one\r\nX-Evil: two")
	it.Props.SetString(PidTagInternetMessageID, "<a@b>\r\nX-Evil: two")
	it.Props.SetString(PidTagSentRepresentingSMTP, "anna@contoso.example")
	it.Props.SetString(PidTagSentRepresentingName, "Anna\x00")
	out, err := ComposeMIME(it, ComposeOptions{HideBcc: true})
	if err != nil {
		t.Fatal(err)
	}
	m, err := message.Parse(out, message.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if m.Get("X-Evil") != "" || m.Get("X") != "" || len(m.Bcc) != 0 || m.MessageID != "" || len(m.To) != 1 || len(m.Attachments) != 2 {
		t.Errorf("%s", out)
	}
	shown, err := ComposeMIME(it, ComposeOptions{})
	if err != nil || !bytes.Contains(shown, []byte("Bcc: <carla@contoso.example>")) {
		t.Errorf("%v\n%s", err, shown)
	}
}

func TestSetMIMERefuses(t *testing.T) {
	h := newHouse(t, sqlite(t), Limits{})
	test := func(raw string, want entente.Reason, limits message.Limits) {
		t.Helper()
		h.fails(new(Item).SetMIME(crlf(raw), ConvertOptions{Limits: limits}), want)
	}
	test("BEGIN:VCALENDAR\nEND:VCALENDAR\n", MIMEInvalid, message.Limits{})
	test("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\nDTSTART:20260302T110000Z\nDTEND:20260301T110000Z\nEND:VEVENT\nEND:VCALENDAR\n", MIMEInvalid, message.Limits{})
	test("BEGIN:VCALENDAR\nEND:VCALENDAR\n", ItemTooLarge, message.Limits{Bytes: 10})
	test("Subject: x\n\n"+strings.Repeat("x", 100), message.ReasonMessageSize, message.Limits{Bytes: 10, Header: 10, Depth: 1, Parts: 1})
}

func FuzzSetMIME(f *testing.F) {
	f.Add(letter)
	f.Add([]byte("BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n"))
	f.Add([]byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTART:20260302T110000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
	f.Add([]byte("Content-Type: text/calendar; method=REPLY\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTART:20260302T110000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
	zones := new(calendar.Zones)
	f.Fuzz(func(t *testing.T, raw []byte) {
		it := &Item{}
		if err := it.SetMIME(raw, ConvertOptions{Zones: zones}); err != nil {
			return
		}
		if _, _, err := cleaned(it); err != nil {
			t.Fatalf("an item that cannot be kept: %v", err)
		}
		// Whatever was read can be written, and what was written can be read.
		out, err := ComposeMIME(it, ComposeOptions{Again: true, Zones: zones})
		if err != nil {
			t.Fatalf("%v of %q", err, raw)
		}
		if err := new(Item).SetMIME(out, ConvertOptions{Zones: zones}); err != nil {
			t.Fatalf("%v of %q", err, out)
		}
	})
}

func BenchmarkSetMIME(b *testing.B) {
	for b.Loop() {
		if err := new(Item).SetMIME(letter, ConvertOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMIMEOfAppointment(b *testing.B) {
	h := newHouse(b, sqlite(b), Limits{})
	v := h.anna()
	it := h.appoint(h.folder(v, Calendar), weekly(b))
	it, err := v.Item(context.Background(), it.ID, AllParts)
	h.must(err)
	for b.Loop() {
		_, err := v.MIME(context.Background(), it, ComposeOptions{})
		h.must(err)
	}
}
