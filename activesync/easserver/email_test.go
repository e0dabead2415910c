package easserver

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// mailCall is a call of somebody's phone, with a session.
func (h *house) mailCall(who string, v activesync.Version) *call {
	h.Helper()
	c := h.classCall(who, v)
	a, _ := h.door.Directory.Snapshot().FindSID(h.sids[who])
	c.s = h.door.Local(a.Principal, "test")
	return c
}

// shownMail is how a mail is shown with some options.
func (h *house) shownMail(c *call, id mailbox.ItemID, o *options) *wbxml.Element {
	h.Helper()
	it, err := c.view.Item(c.ctx, id, emailClass{}.parts(o))
	h.must(err)
	c.out = wbxml.NewWriter(nil)
	c.out.Start(wbxml.AirSyncApplicationData)
	h.must(emailClass{}.write(c, it, o))
	c.out.End()
	e, err := wbxml.Parse(c.out.Bytes(), wbxml.DefaultLimits())
	h.must(err)
	return e
}

// TestEmailElements: every element of a message that has everything, from the
// version on that knows it. [MS-ASEMAIL] 2.2.2
func TestEmailElements(t *testing.T) {
	h := open(t)
	it := &mailbox.Item{}
	raw := strings.Replace(withFile, "Subject: Plan\n", "Cc: Carla Ruiz <carla@contoso.example>\nReply-To: x@contoso.example, \"Y, Z\" <y@contoso.example>\nSubject: RE: Plan\nSender: dora@contoso.example\nImportance: high\n", 1)
	h.must(it.SetMIME(mimeOf(raw), mailbox.ConvertOptions{}))
	received := time.Date(2026, 3, 2, 9, 0, 1, 0, time.UTC)
	ps := &it.Props
	ps.SetTime(mailbox.PidTagMessageDeliveryTime, received)
	ps.SetInt(mailbox.PidTagLastVerbExecuted, verbForward)
	ps.SetTime(mailbox.PidTagLastVerbExecutionTime, received)
	ps.SetStrings(mailbox.PidNameKeywords, []string{"Red", "Blue & green"})
	ps.SetBytes(mailbox.PidTagConversationIndex, append([]byte{1, 'd', 'a', 't', 'e', '5'}, "0123456789abcdefCHILD"...))
	it.Recipients = append(it.Recipients, mailbox.Recipient{Kind: mailbox.Bcc, Name: "Emil", Address: "emil@contoso.example"})
	id := h.make("anna", mailbox.Inbox, it)

	want := []struct {
		tag   wbxml.Tag
		since activesync.Version
		text  string
	}{
		{wbxml.EmailTo, 0, `"Anna Ek" <anna@contoso.example>`},
		{wbxml.EmailCc, 0, `"Carla Ruiz" <carla@contoso.example>`},
		{wbxml.EmailFrom, 0, `"Ben Vogel" <ben@contoso.example>`},
		{wbxml.EmailReplyTo, 0, `"x@contoso.example" <x@contoso.example>; "Y, Z" <y@contoso.example>`},
		{wbxml.EmailSubject, 0, "RE: Plan"},
		{wbxml.EmailDateReceived, 0, "2026-03-02T09:00:01.000Z"},
		{wbxml.EmailDisplayTo, 0, "Anna Ek"},
		{wbxml.EmailThreadTopic, 0, "Plan"},
		{wbxml.EmailImportance, 0, "2"},
		{wbxml.EmailRead, 0, "0"},
		{wbxml.EmailMessageClass, 0, "IPM.Note"},
		{wbxml.EmailInternetCPID, 0, "65001"},
		{wbxml.EmailContentClass, 0, "urn:content-classes:message"},
		{wbxml.EmailFlag, 0, ""},
		{wbxml.AirSyncBaseAttachments, 0, ""},
		{wbxml.AirSyncBaseBody, 0, ""},
		{wbxml.AirSyncBaseNativeBodyType, 0, "2"},
		{wbxml.EmailCategories, 140, ""},
		{wbxml.Email2ConversationId, 140, string(h.view("anna").ConversationID(h.item("anna", id)))},
		{wbxml.Email2ConversationIndex, 140, "date5CHILD"},
		{wbxml.Email2LastVerbExecuted, 140, "3"},
		{wbxml.Email2LastVerbExecutionTime, 140, "2026-03-02T09:00:01.000Z"},
		{wbxml.Email2Sender, 140, `"dora@contoso.example" <dora@contoso.example>`},
		{wbxml.Email2IsDraft, 160, "0"},
		{wbxml.Email2Bcc, 160, `"Emil" <emil@contoso.example>`},
	}
	for _, v := range activesync.Versions() {
		h.phone("anna", v).fetch(byID(h.folder("anna", mailbox.Inbox), id), nil).ok() // as the schemas have it
		e := h.shownMail(h.mailCall("anna", v), id, &options{})
		known := map[wbxml.Tag]bool{}
		for _, w := range want {
			known[w.tag] = true
			if has := e.Has(w.tag); has != (v >= w.since) {
				t.Errorf("%s: %s is there: %v", v, w.tag, has)
			} else if has && e.Get(w.tag) != w.text {
				t.Errorf("%s: %s is %q, want %q", v, w.tag, e.Get(w.tag), w.text)
			}
		}
		for c := range e.Children() {
			if !known[c.Tag] {
				t.Errorf("%s: nobody expects %s", v, c.Tag)
			}
		}
		if v >= 140 {
			var names []string
			for c := range e.Child(wbxml.EmailCategories).All(wbxml.EmailCategory) {
				names = append(names, c.Text())
			}
			if !slices.Equal(names, []string{"Red", "Blue & green"}) {
				t.Errorf("%s: categories %q", v, names)
			}
		}
	}
}

// TestBodyChoice: which form a phone gets, how much of it, and what it is told of
// the rest. [MS-ASAIRS] 2.2.2.9, 2.2.2.12
func TestBodyChoice(t *testing.T) {
	h := open(t)
	mail := func(text, html, class string) mailbox.ItemID {
		it := &mailbox.Item{Class: class, Parts: mailbox.AllParts, Body: &mailbox.Body{}}
		if text != "" {
			it.Body.Text = []byte(text)
		}
		if html != "" {
			it.Body.HTML = []byte(html)
		}
		it.SetSubject("x")
		return h.make("anna", mailbox.Inbox, it)
	}
	plain := mail("Grüße an alle", "", "IPM.Note")
	html := mail("", "<p>Grüße <b>an</b> alle</p>", "IPM.Note")
	both := mail("Grüße", "<p>Grüße</p>", "IPM.Note")
	none := mail("", "", "IPM.Note")
	secret := mail("x", "", "IPM.Note.SMIME")
	pref := func(kind int, size int64) bodyPreference { return bodyPreference{kind: kind, truncate: size} }
	all := func(kind int, size int64) bodyPreference {
		return bodyPreference{kind: kind, truncate: size, allOrNone: true}
	}
	list := func(l ...bodyPreference) []bodyPreference { return l }
	for i, c := range [...]struct {
		id   mailbox.ItemID
		o    options
		want string // type, size, truncated, data
	}{
		{plain, options{}, "1 15  Grüße an alle"},
		{plain, options{bodies: list(pref(1, -1))}, "1 15  Grüße an alle"},
		{plain, options{bodies: list(pref(1, 15))}, "1 15  Grüße an alle"},
		{plain, options{bodies: list(pref(1, 14))}, "1 15 1 Grüße an all"},
		{plain, options{bodies: list(pref(1, 3))}, "1 15 1 Gr"}, // ü is two bytes
		{plain, options{bodies: list(pref(1, 0))}, "1 15 1 "},
		{plain, options{bodies: list(pref(1, 3)), whole: true}, "1 15  Grüße an alle"},
		{plain, options{bodies: list(pref(2, -1))}, "2 *  <...>"},
		{plain, options{bodies: list(pref(1, 4), pref(2, -1))}, "1 15 1 Gr" + "ü"},
		{plain, options{bodies: list(all(1, 4), pref(2, -1))}, "2 *  <...>"},
		{plain, options{bodies: list(all(1, 4))}, "1 15 1 "},
		{plain, options{bodies: list(all(1, 4), all(2, 4))}, "1 15 1 "},
		{plain, options{bodies: list(pref(3, -1))}, "1 15  Grüße an alle"},
		{html, options{}, "1 15  Grüße an alle"},
		{html, options{bodies: list(pref(1, 3))}, "1 15 1 Gr"},
		{html, options{bodies: list(pref(2, -1))}, "2 29  <p>Grüße <b>an</b> alle</p>"},
		{html, options{bodies: list(pref(1, -1), pref(2, 5))}, "2 29 1 <p>Gr"},
		{html, options{bodies: list(pref(1, -1), all(2, 5))}, "1 15  Grüße an alle"},
		{both, options{bodies: list(pref(1, -1))}, "1 7  Grüße"},
		{both, options{bodies: list(pref(1, -1), pref(2, -1))}, "2 14  <p>Grüße</p>"},
		{none, options{bodies: list(pref(2, 100))}, "2 0  "},
		{none, options{bodies: list(pref(1, 0))}, "1 0  "},
		// MIME: only where MIMESupport says so.
		{plain, options{bodies: list(pref(1, -1), pref(4, -1))}, "1 15  Grüße an alle"},
		{plain, options{bodies: list(pref(1, -1), pref(4, -1)), mimeSupport: 1}, "1 15  Grüße an alle"},
		{plain, options{bodies: list(pref(1, -1), pref(4, -1)), mimeSupport: 2, mimeTrunc: 8}, "4 *  MIME"},
		{plain, options{bodies: list(pref(1, -1), pref(4, 20)), mimeSupport: 2, mimeTrunc: 8}, "4 * 1 MIME"},
		{plain, options{bodies: list(pref(1, -1), pref(4, -1)), mimeSupport: 2, mimeTrunc: 0}, "4 * 1 "},
		{plain, options{bodies: list(pref(1, -1), all(4, 20)), mimeSupport: 2, mimeTrunc: 8}, "1 15  Grüße an alle"},
		{secret, options{bodies: list(pref(1, -1), pref(4, -1)), mimeSupport: 1, mimeTrunc: 8}, "4 *  MIME"},
		{secret, options{bodies: list(pref(1, -1), pref(4, -1)), mimeTrunc: 8}, "1 1  x"},
		{secret, options{bodies: list(pref(1, -1)), mimeSupport: 2}, "1 1  x"},
	} {
		e := h.shownMail(h.mailCall("anna", activesync.V161), c.id, &c.o).Child(wbxml.AirSyncBaseBody)
		size, data := e.Get(wbxml.AirSyncBaseEstimatedDataSize), e.Get(wbxml.AirSyncBaseData)
		if strings.Contains(c.want, "*") {
			size = "*"
			switch {
			case strings.HasPrefix(data, "<") && strings.Contains(data, "Grüße an alle"):
				data = "<...>"
			case strings.Contains(data, "Date: ") || strings.Contains(data, "Subject: ") || strings.Contains(data, "MIME-Version: "):
				data = "MIME"
			}
		}
		got := strings.Join([]string{e.Get(wbxml.AirSyncBaseType), size, e.Get(wbxml.AirSyncBaseTruncated), data}, " ")
		if got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}

// TestPreview: the beginning of the text, from 14.0 on, whatever the body's form;
// message parts from 14.1 on.
func TestPreview(t *testing.T) {
	h := open(t)
	_, id := h.arrived(withFile)
	o := &options{
		bodies:     []bodyPreference{{kind: 1, truncate: 0, preview: 8}},
		partBodies: []bodyPreference{{kind: 2, truncate: 10, preview: 3}},
	}
	for _, v := range activesync.Versions() {
		e := h.shownMail(h.mailCall("anna", v), id, o)
		want := ""
		if v >= activesync.V140 {
			want = "The plan"
		}
		if got := e.Path(wbxml.AirSyncBaseBody, wbxml.AirSyncBasePreview).Text(); got != want {
			t.Errorf("%s: preview %q", v, got)
		}
		p := e.Child(wbxml.AirSyncBaseBodyPart)
		switch {
		case v < activesync.V141 && p != nil:
			t.Errorf("%s: %s", v, dump(p))
		case v >= activesync.V141 && (p.Get(wbxml.AirSyncBaseStatus) != "1" || p.Get(wbxml.AirSyncBaseType) != "2" ||
			p.Get(wbxml.AirSyncBaseTruncated) != "1" || p.Get(wbxml.AirSyncBaseData) != "<p>The <b>" || p.Get(wbxml.AirSyncBasePreview) != "The"):
			t.Errorf("%s: %s", v, dump(p))
		}
	}
}

// TestReadBodyOptions: what phones ask for and what none may.
func TestReadBodyOptions(t *testing.T) {
	body := func(w *wbxml.Writer, tag wbxml.Tag, pairs ...any) {
		w.Start(tag)
		for i := 0; i < len(pairs); i += 2 {
			w.Text(pairs[i].(wbxml.Tag), pairs[i+1].(string))
		}
		w.End()
	}
	pref, part, kind, size := wbxml.AirSyncBaseBodyPreference, wbxml.AirSyncBaseBodyPartPreference, wbxml.AirSyncBaseType, wbxml.AirSyncBaseTruncationSize
	for _, c := range [...]struct {
		write func(w *wbxml.Writer)
		want  string
	}{
		{func(*wbxml.Writer) {}, "[] [] 0 8"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "1") }, "[{1 -1 false 0}] [] 0 8"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "1", size, "4294967295") }, "[{1 4294967295 false 0}] [] 0 8"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "1", size, "4294967296") }, "error 103"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "1", size, "-1") }, "error 103"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "2", wbxml.AirSyncBaseAllOrNone, "1") }, "[{2 -1 false 0}] [] 0 8"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "2", size, "5", wbxml.AirSyncBaseAllOrNone, "1") }, "[{2 5 true 0}] [] 0 8"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "2", wbxml.AirSyncBasePreview, "255") }, "[{2 -1 false 255}] [] 0 8"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "2", wbxml.AirSyncBasePreview, "256") }, "error 103"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "0") }, "error 103"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "5") }, "error 103"},
		{func(w *wbxml.Writer) { body(w, pref) }, "error 103"},
		{func(w *wbxml.Writer) { body(w, pref, kind, "1"); body(w, pref, kind, "1", size, "7") }, "[{1 7 false 0}] [] 0 8"},
		{func(w *wbxml.Writer) { body(w, part, kind, "2") }, "[] [{2 -1 false 0}] 0 8"},
		{func(w *wbxml.Writer) { body(w, part, kind, "1") }, "error 164"},
		{func(w *wbxml.Writer) { w.Text(wbxml.AirSyncMIMESupport, "2"); w.Text(wbxml.AirSyncMIMETruncation, "3") }, "[] [] 2 3"},
		{func(w *wbxml.Writer) { w.Text(wbxml.AirSyncMIMESupport, "3") }, "error 103"},
		{func(w *wbxml.Writer) { w.Text(wbxml.AirSyncMIMETruncation, "9") }, "error 103"},
	} {
		var o options
		got := ""
		if err := readBodyOptions(data(t, c.write), &o); err != nil {
			got = fmt.Sprint("error ", err.(*statusError).status)
		} else {
			got = fmt.Sprint(o.bodies, o.partBodies, o.mimeSupport, o.mimeTrunc)
			got = strings.NewReplacer("[]", "[] ", "}]", "}] ").Replace(got)
			got = strings.Join(strings.Fields(got), " ")
		}
		if got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestEmailShown: what is mail to a phone, and what it is called.
func TestEmailShown(t *testing.T) {
	for class, want := range map[string]string{
		"IPM.Note": "IPM.Note", "ipm.note": "IPM.Note", "": "IPM.Note", "IPM.Note.Custom": "IPM.Note.Custom",
		"IPM.SCHEDULE.MEETING.REQUEST": "IPM.Schedule.Meeting.Request", "ipm.schedule.meeting.resp.pos": "IPM.Schedule.Meeting.Resp.Pos",
		"REPORT.IPM.NOTE.NDR": "REPORT.IPM.Note.NDR", "IPM.TaskRequest": "IPM.TaskRequest", "IPM.Sharing": "IPM.Sharing",
		"IPM.Appointment": "-", "IPM.Contact": "-", "IPM.DistList": "-", "IPM.Task": "-", "IPM.Task.Mine": "-", "IPM.StickyNote": "-",
		"IPM.Configuration.x": "-",
	} {
		it := &mailbox.Item{Class: class}
		got := "-"
		if (emailClass{}).shown(it) {
			got = messageClass(class)
		}
		if got != want {
			t.Errorf("%s is shown as %s, want %s", class, got, want)
		}
		it.Associated = true
		if (emailClass{}).shown(it) {
			t.Errorf("%s is shown though it is associated", class)
		}
	}
}

// TestAddressLines: names cannot write addresses, and what does not fit is left
// out whole.
func TestAddressLines(t *testing.T) {
	for _, c := range [...]struct{ name, address, want string }{
		{"Anna Ek", "anna@contoso.example", `"Anna Ek" <anna@contoso.example>`},
		{"", "anna@contoso.example", `"anna@contoso.example" <anna@contoso.example>`},
		{`A "B" \C`, "a@b", `"A \"B\" \\C" <a@b>`},
		{"A\r\nBcc: x", "a@b", `"A  Bcc: x" <a@b>`},
		{"Nobody", "", `"Nobody"`},
		{"", "", ""},
	} {
		if got := string(appendAddress(nil, c.name, c.address)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	it := &mailbox.Item{}
	for i := range 5000 {
		it.Recipients = append(it.Recipients, mailbox.Recipient{Kind: mailbox.To, Address: fmt.Sprintf("somebody%d@contoso.example", i)})
	}
	s := addresses(it, mailbox.To, ", ", maxAddresses)
	if len(s) > maxAddresses || len(s) < maxAddresses-100 || !strings.HasSuffix(s, "@contoso.example>") {
		t.Errorf("%d bytes, the last are %q", len(s), s[max(0, len(s)-40):])
	}
}

// TestReceivedAsBcc: who is named nowhere got it as a blind copy, unless a list of
// the house is named.
func TestReceivedAsBcc(t *testing.T) {
	h := open(t)
	c := h.mailCall("anna", activesync.V161)
	it := func(toMe bool, to ...string) *mailbox.Item {
		it := &mailbox.Item{}
		it.Props.SetBool(mailbox.PidTagMessageToMe, toMe)
		for _, a := range to {
			it.Recipients = append(it.Recipients, mailbox.Recipient{Kind: mailbox.To, Address: a})
		}
		return it
	}
	for i, x := range [...]struct {
		it   *mailbox.Item
		want bool
	}{
		{it(true, "anna@contoso.example"), false},
		{it(false), true},
		{it(false, "ben@contoso.example"), true},
		{it(false, "everybody@contoso.example"), false},
		{it(false, "x@fabrikam.example"), true},
		{&mailbox.Item{}, false},
	} {
		if got := c.receivedAsBcc(x.it); got != x.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}

// TestFlags: a flag that a phone sets is read by every protocol, and what it does
// not say is gone; what another protocol sets, the phone sees with both times.
func TestFlags(t *testing.T) {
	h := open(t)
	_, id := h.arrived(toBen)
	c := h.mailCall("anna", activesync.V141)
	flag := func(pairs ...any) error {
		in := data(t, func(w *wbxml.Writer) {
			w.Start(wbxml.EmailFlag)
			for i := 0; i < len(pairs); i += 2 {
				w.Text(pairs[i].(wbxml.Tag), pairs[i+1].(string))
			}
			w.End()
		})
		_, _, err := emailClass{}.change(c, h.item("anna", id), in, &options{})
		return err
	}
	shown := func() string {
		h.phone("anna", activesync.V161).fetch(byID(h.folder("anna", mailbox.Inbox), id), nil).ok() // as the schemas have it
		return dump(h.shownMail(c, id, &options{}).Child(wbxml.EmailFlag))
	}
	h.must(flag(wbxml.EmailStatus, "2", wbxml.EmailFlagType, "Reply", wbxml.TasksSubject, "Do it",
		wbxml.TasksStartDate, "2026-03-02T01:00:00.000Z", wbxml.TasksUtcStartDate, "2026-03-02T00:00:00.000Z",
		wbxml.TasksDueDate, "20260303T010000Z", wbxml.TasksUtcDueDate, "2026-03-03T00:00:00.000Z", wbxml.TasksReminderSet, "1",
		wbxml.TasksReminderTime, "2026-03-03T08:00:00.000Z", wbxml.TasksOrdinalDate, "2026-03-02T00:00:00.000Z", wbxml.TasksSubOrdinalDate, "5"))
	it := h.item("anna", id)
	due, _ := it.Props.Time(mailbox.PidLidTaskDueDate)
	if n, _ := it.Props.Int(mailbox.PidTagFlagStatus); n != 2 || it.Props.String(mailbox.PidLidFlagRequest) != "Reply" || due.Hour() != 1 || !it.Props.Bool(mailbox.PidLidReminderSet) {
		t.Errorf("status %d %q %s", n, it.Props.String(mailbox.PidLidFlagRequest), due)
	}
	for _, part := range []string{
		"<Status>2</Status>", "<FlagType>Reply</FlagType>", "<Subject>Do it</Subject>", "<UtcStartDate>2026-03-02T00:00:00.000Z</UtcStartDate>",
		"<DueDate>2026-03-03T01:00:00.000Z</DueDate>", "<ReminderTime>2026-03-03T08:00:00.000Z</ReminderTime>", "<SubOrdinalDate>5</SubOrdinalDate>",
	} {
		if !strings.Contains(shown(), part) {
			t.Errorf("no %s in %s", part, shown())
		}
	}
	h.must(flag(wbxml.EmailStatus, "1"))
	if s := shown(); !strings.Contains(s, "<Status>1</Status>") || !strings.Contains(s, "<CompleteTime>") || !strings.Contains(s, "<DateCompleted>") || strings.Contains(s, "DueDate") {
		t.Error(s)
	}
	h.must(flag())
	if s := shown(); s != "<Flag></Flag>" {
		t.Error(s)
	}
	if err := flag(wbxml.EmailStatus, "3"); err == nil {
		t.Error("a status that is none is taken")
	}
	if err := flag(wbxml.EmailStatus, "2", wbxml.TasksDueDate, "tomorrow"); err == nil {
		t.Error("a time that is none is taken")
	}
	_, err := h.view("anna").UpdateItem(c.ctx, id, 0, 0, func(it *mailbox.Item) error {
		it.Props.SetInt(mailbox.PidTagFlagStatus, 2)
		it.Props.SetTime(mailbox.PidLidTaskStartDate, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))
		it.Props.SetTime(mailbox.PidLidTaskDueDate, time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC))
		return nil
	})
	h.must(err)
	if s := shown(); !strings.Contains(s, "<UtcStartDate>2026-03-02") || !strings.Contains(s, "<UtcDueDate>2026-03-03") {
		t.Error(s)
	}
}

// TestEmailChange: read and categories change; what a message says does not, but
// in drafts of 16.0 and later.
func TestEmailChange(t *testing.T) {
	h := open(t)
	_, id := h.arrived(toBen)
	c := h.mailCall("anna", activesync.V161)
	change := func(v activesync.Version, in *wbxml.Element) error {
		c.line.Version = v
		_, _, err := emailClass{}.change(c, h.item("anna", id), in, &options{})
		return err
	}
	h.must(change(activesync.V121, texts(t, wbxml.EmailRead, "1")))
	h.must(change(activesync.V140, data(t, func(w *wbxml.Writer) {
		w.Start(wbxml.EmailCategories)
		w.Text(wbxml.EmailCategory, "Red")
		w.Text(wbxml.EmailCategory, " Red ")
		w.Text(wbxml.EmailCategory, "Blue")
		w.End()
	})))
	it := h.item("anna", id)
	if got := it.Props.Strings(mailbox.PidNameKeywords); !it.Read || !slices.Equal(got, []string{"Red", "Blue"}) {
		t.Errorf("read %v, %q", it.Read, got)
	}
	h.must(change(activesync.V140, data(t, func(w *wbxml.Writer) { w.Empty(wbxml.EmailCategories) })))
	h.must(change(activesync.V121, texts(t, wbxml.EmailRead, "0")))
	if it = h.item("anna", id); it.Read || it.Props.Has(mailbox.PidNameKeywords) {
		t.Errorf("read %v, %q", it.Read, it.Props.Strings(mailbox.PidNameKeywords))
	}
	for _, tag := range draftElements {
		if err := change(activesync.V161, texts(t, tag, "1")); err == nil {
			t.Errorf("%s is changed in a message that arrived", tag)
		}
	}
	if s := h.item("anna", id).Props.String(mailbox.PidTagSubject); s != "Figures" {
		t.Errorf("the subject is %q", s)
	}
}

// TestDraft: a draft that a phone writes is one to every protocol; changed, it says
// the new and keeps the rest; sent, it goes out once and lies in Sent Items.
func TestDraft(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.mailCall("anna", activesync.V161)
		drafts, err := c.view.FolderByName(c.ctx, mailbox.Drafts)
		h.must(err)
		in := func(body string) *wbxml.Element {
			return data(t, func(w *wbxml.Writer) {
				w.Text(wbxml.EmailTo, `"Ben Vogel" <ben@contoso.example>; carla@contoso.example`)
				w.Text(wbxml.Email2Bcc, "dora@contoso.example")
				w.Text(wbxml.EmailSubject, "RE: Draft")
				w.Text(wbxml.EmailImportance, "2")
				w.Start(wbxml.AirSyncBaseBody)
				w.Text(wbxml.AirSyncBaseType, "2")
				w.Text(wbxml.AirSyncBaseData, body)
				w.End()
				w.Start(wbxml.AirSyncBaseAttachments)
				w.Start(wbxml.AirSyncBaseAdd)
				w.Text(wbxml.AirSyncBaseClientId, "file1")
				w.Text(wbxml.AirSyncBaseMethod, "1")
				w.Text(wbxml.AirSyncBaseContentType, "text/plain")
				w.Opaque(wbxml.AirSyncBaseContent, []byte("attached"))
				w.Text(wbxml.AirSyncBaseDisplayName, "a.txt")
				w.End()
				w.End()
			})
		}
		it, reply, err := emailClass{}.create(c, drafts, in("<p>one</p>"), "draft 1")
		h.must(err)
		c.out.Start(wbxml.AirSyncApplicationData)
		reply()
		c.out.End()
		e, err := wbxml.Parse(c.out.Bytes(), wbxml.DefaultLimits())
		h.must(err)
		a := e.Path(wbxml.AirSyncBaseAttachments, wbxml.AirSyncBaseAttachment)
		if a.Get(wbxml.AirSyncBaseClientId) != "file1" || a.Get(wbxml.AirSyncBaseFileReference) != itemID(drafts.ID, it.ID)+":1" {
			t.Errorf("%s", dump(e))
		}
		again, _, err := emailClass{}.create(c, drafts, in("<p>one</p>"), "draft 1")
		h.must(err)
		if again.ID != it.ID {
			t.Errorf("the same draft was made twice: %d, %d", it.ID, again.ID)
		}
		kept := h.one("anna", mailbox.Drafts)
		if kept.MessageFlags()&flagUnsent == 0 || kept.Props.String(mailbox.PidTagDisplayTo) != "Ben Vogel; carla@contoso.example" ||
			string(kept.Body.HTML) != "<p>one</p>" || kept.Props.String(mailbox.PidTagNormalizedSubject) != "Draft" || len(kept.Attachments) != 1 {
			t.Errorf("%q %q %q", kept.Props.String(mailbox.PidTagDisplayTo), kept.Body.HTML, kept.Props.String(mailbox.PidTagNormalizedSubject))
		}
		change := data(t, func(w *wbxml.Writer) {
			w.Text(wbxml.EmailTo, "ben@contoso.example")
			w.Start(wbxml.AirSyncBaseBody)
			w.Text(wbxml.AirSyncBaseType, "1")
			w.Text(wbxml.AirSyncBaseData, "two")
			w.End()
			w.Start(wbxml.AirSyncBaseAttachments)
			w.Start(wbxml.AirSyncBaseDelete)
			w.Text(wbxml.AirSyncBaseFileReference, fileReference(kept, &kept.Attachments[0]))
			w.End()
			w.End()
		})
		for range 2 { // the phone repeats itself
			_, _, err = emailClass{}.change(c, kept, change, &options{})
			h.must(err)
		}
		if kept = h.item("anna", kept.ID); string(kept.Body.Text) != "two" || len(kept.Attachments) != 0 || kept.Props.String(mailbox.PidTagDisplayBcc) != "dora@contoso.example" {
			t.Errorf("%q %d %q", kept.Body.Text, len(kept.Attachments), kept.Props.String(mailbox.PidTagDisplayBcc))
		}
		h.must(c.sendDraft(kept.ID))
		if got := h.one("ben", mailbox.Inbox); string(got.Body.Text) != "two" || got.Props.String(mailbox.PidTagSubject) != "RE: Draft" {
			t.Errorf("%q", got.Body.Text)
		}
		if sent := h.one("anna", mailbox.SentItems); sent.MessageFlags()&flagUnsent != 0 || len(h.lies("anna", mailbox.Drafts)) != 0 {
			t.Errorf("flags %x", sent.MessageFlags())
		}
		if err := c.sendDraft(h.one("anna", mailbox.SentItems).ID); err != nil || len(h.lies("ben", mailbox.Inbox)) != 1 {
			t.Errorf("again: %v", err)
		}
		for _, no := range []struct {
			v  activesync.Version
			in mailbox.DistinguishedName
		}{{activesync.V141, mailbox.Drafts}, {activesync.V161, mailbox.Inbox}} {
			f, err := c.view.FolderByName(c.ctx, no.in)
			h.must(err)
			c.line.Version = no.v
			if _, _, err := (emailClass{}).create(c, f, in("x"), "draft 2"); err == nil {
				t.Errorf("%s makes mail in %s", no.v, no.in)
			}
		}
	})
}

// TestComplaint12Invitations: an invitation has the class, the content class and
// the code page by which iOS shows it as one, and the meeting in it.
func TestComplaint12Invitations(t *testing.T) {
	h := open(t)
	ics := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:u1@contoso.example\nDTSTAMP:20260301T000000Z\nDTSTART:20260310T090000Z\nDTEND:20260310T100000Z\nSUMMARY:Talk\nORGANIZER;CN=Ben Vogel:mailto:ben@contoso.example\nATTENDEE;CN=Anna Ek;RSVP=TRUE:mailto:anna@contoso.example\nEND:VEVENT\nEND:VCALENDAR\n"
	raw := strings.Replace(toBen, "Content-Type: text/plain; charset=utf-8\n\nThe figures are in.", "Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n"+ics, 1)
	raw = strings.NewReplacer("From: Anna Ek <anna@", "From: Ben Vogel <ben@", "To: Ben Vogel <ben@", "To: Anna Ek <anna@").Replace(raw)
	h.phone("ben", activesync.V141).hand(activesync.SendMail, "i1", mimeOf(raw), nil).ok()
	it := h.one("anna", mailbox.Inbox)
	for _, v := range activesync.Versions() {
		h.phone("anna", v).fetch(byID(it.Folder, it.ID), nil).ok() // as the schemas have it
		e := h.shownMail(h.mailCall("anna", v), it.ID, &options{})
		if e.Get(wbxml.EmailMessageClass) != "IPM.Schedule.Meeting.Request" || e.Get(wbxml.EmailInternetCPID) != "65001" ||
			e.Get(wbxml.EmailContentClass) != "urn:content-classes:calendarmessage" || !e.Has(wbxml.EmailMeetingRequest) {
			t.Errorf("%s: %s", v, dump(e))
		}
	}
	if n := len(h.lies("anna", mailbox.Calendar)); n != 1 {
		t.Errorf("%d appointments", n)
	}
}

// TestComplaint14BigMail: of a huge mail a phone gets what it asks for, in whatever
// form, and the answer is no larger for the rest.
func TestComplaint14BigMail(t *testing.T) {
	h := open(t)
	line := strings.Repeat("All work and no play makes <i>Jack</i> a dull boy.<br>\n", 8<<20/54)
	it := &mailbox.Item{Class: "IPM.Note", Parts: mailbox.AllParts, Body: &mailbox.Body{HTML: []byte("<html><body>" + line + "</body></html>")}}
	it.SetSubject(strings.Repeat("long ", 10000))
	id := h.make("anna", mailbox.Inbox, it)
	c := h.mailCall("anna", activesync.V161)
	for _, o := range []*options{
		{bodies: []bodyPreference{{kind: 1, truncate: 500}}},
		{bodies: []bodyPreference{{kind: 2, truncate: 500}}},
		{bodies: []bodyPreference{{kind: 4, truncate: 500}}, mimeSupport: 2},
		{bodies: []bodyPreference{{kind: 2, truncate: 500, allOrNone: true}, {kind: 1, truncate: 500, preview: 255}}},
	} {
		e := h.shownMail(c, id, o)
		body := e.Child(wbxml.AirSyncBaseBody)
		if n := c.out.Len(); n > 8<<10 || body.Get(wbxml.AirSyncBaseTruncated) != "1" || len(body.Get(wbxml.AirSyncBaseEstimatedDataSize)) < 7 {
			t.Errorf("%v: %d bytes, %s of %s", o.bodies, n, body.Get(wbxml.AirSyncBaseTruncated), body.Get(wbxml.AirSyncBaseEstimatedDataSize))
		}
	}
}

// TestComplaint05PoisonMail: a mail with what neither XML nor UTF-8 can hold is
// shown without it, and what is around it is well formed.
func TestComplaint05PoisonMail(t *testing.T) {
	h := open(t)
	raw := "From: \"A\x01\x0b\" <ben@contoso.example>\nTo: anna@contoso.example\nSubject: =?utf-8?B?AAECAwQFBgcICw==?= x \xff\xfe\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nbad \x00\x01\x02\x0b\xed\xa0\x80\xff text \xef\xbf\xbe end\n"
	_, id := h.arrived(raw)
	c := h.mailCall("anna", activesync.V161)
	for _, o := range []*options{
		{bodies: []bodyPreference{{kind: 1, truncate: -1, preview: 100}}},
		{bodies: []bodyPreference{{kind: 2, truncate: -1}}},
		{bodies: []bodyPreference{{kind: 4, truncate: -1}}, mimeSupport: 2, mimeTrunc: 8},
	} {
		e := h.shownMail(c, id, o)
		d := e.Path(wbxml.AirSyncBaseBody, wbxml.AirSyncBaseData)
		if !bytes.Contains(d.Content, []byte("end")) || !bytes.Contains(d.Content, []byte("bad")) {
			t.Errorf("%v: %q", o.bodies, d.Content)
		}
		for x := range e.Children() {
			if s := x.Text(); !x.Opaque && strings.ContainsAny(s, "\x00\x01\x0b\ufffe") {
				t.Errorf("%s is %q", x.Tag, s)
			}
		}
	}
}

// TestSameTruth: what EWS would change the phone shows, and the reverse.
func TestSameTruth(t *testing.T) {
	h := open(t)
	_, id := h.arrived(toBen)
	c := h.mailCall("anna", activesync.V161)
	_, err := h.view("anna").UpdateItem(c.ctx, id, 0, 0, func(it *mailbox.Item) error {
		it.Read = true
		it.Props.SetStrings(mailbox.PidNameKeywords, []string{"Green"})
		it.Props.SetInt(mailbox.PidTagImportance, 0)
		return nil
	})
	h.must(err)
	e := h.shownMail(c, id, &options{})
	if e.Get(wbxml.EmailRead) != "1" || e.Path(wbxml.EmailCategories, wbxml.EmailCategory).Text() != "Green" || e.Get(wbxml.EmailImportance) != "0" {
		t.Errorf("%s", dump(e))
	}
	h.must(emailClass{}.remove(c, h.item("anna", id), nil, mailbox.MoveToDeletedItems))
	if len(h.lies("anna", mailbox.Inbox)) != 0 || len(h.lies("anna", mailbox.DeletedItems)) != 1 {
		t.Error("a deleted mail is not in Deleted Items")
	}
}

// TestMIMEWhole: a message that has no bytes of its own is composed with all that it
// has, whatever was read of it before; of meetings and reports too, and of nothing
// that is no message.
func TestMIMEWhole(t *testing.T) {
	h := open(t)
	o := &options{bodies: []bodyPreference{{kind: plainBody, truncate: -1}, {kind: mimeBody, truncate: -1}}, mimeSupport: alwaysMIME, mimeTrunc: 8}
	for class, want := range map[string]string{
		"IPM.Note": "4", "IPM.Schedule.Meeting.Resp.Pos": "4", "REPORT.IPM.Note.NDR": "4", "IPM.Sharing": "1",
	} {
		it := &mailbox.Item{
			Class: class, Body: &mailbox.Body{Text: []byte("text")},
			Recipients:  []mailbox.Recipient{{Kind: mailbox.To, Address: "carla@contoso.example"}},
			Attachments: []mailbox.Attachment{{Name: "a.txt", ContentType: "text/x-odd", Content: []byte("attached")}},
		}
		it.SetSubject("composed")
		id := h.make("anna", mailbox.Inbox, it)
		for _, parts := range []mailbox.Parts{0, mailbox.PartBody, mailbox.AllParts} {
			c := h.mailCall("anna", activesync.V161)
			it, err := c.view.Item(c.ctx, id, parts)
			h.must(err)
			c.out.Start(wbxml.AirSyncApplicationData)
			h.must(writeBody(c, it, o))
			c.out.End()
			e, err := wbxml.Parse(c.out.Bytes(), wbxml.DefaultLimits())
			h.must(err)
			b := e.Child(wbxml.AirSyncBaseBody)
			data := b.Get(wbxml.AirSyncBaseData)
			if b.Get(wbxml.AirSyncBaseType) != want || e.Get(wbxml.AirSyncBaseNativeBodyType) != "1" {
				t.Errorf("%s: %s", class, dump(e))
			}
			if want == "4" && (!strings.Contains(data, "carla@contoso.example") || !strings.Contains(data, "text/x-odd") || !strings.Contains(data, "composed")) {
				t.Errorf("%s, of %d parts: %q", class, parts, data)
			}
		}
	}
	for class, want := range map[string]bool{"IPM.Note": true, "IPM.Appointment": true, "IPM.Contact": false, "ipm.task": false, "IPM.StickyNote": false} {
		if hasNativeBodyType(class) != want {
			t.Errorf("%s has a native body type: %v", class, !want)
		}
	}
	if p := (emailClass{}).parts(o); p != mailbox.AllParts {
		t.Errorf("parts %b", p)
	}
	if p := (emailClass{}).parts(&options{bodies: o.bodies}); p&mailbox.PartMIME != 0 {
		t.Errorf("parts %b: the bytes are read of mail that goes out without them", p)
	}
}
