package easserver

import (
	"encoding/base64"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// fuzzed is a document that phones may send, if b is one.
func fuzzed(b []byte) *wbxml.Element {
	e, err := wbxml.Parse(b, wbxml.Limits{Depth: 16, Elements: 2000, StringTable: 1 << 10})
	if err != nil {
		return nil
	}
	return e
}

// FuzzContact: what a phone says of somebody comes back from it as it was shown to
// it, and then changes nothing any more.
func FuzzContact(f *testing.F) {
	seed := func(write func(w *wbxml.Writer)) {
		w := wbxml.NewWriter(nil)
		w.Start(wbxml.AirSyncApplicationData)
		write(w)
		w.End()
		f.Add(w.Bytes())
	}
	seed(func(w *wbxml.Writer) {
		for _, x := range contactTexts {
			w.Text(x.tag, "a "+x.tag.Name())
		}
		w.Text(wbxml.ContactsEmail1Address, `"Ek, \"A\"" <anna@contoso.example>`)
		w.Text(wbxml.ContactsEmail2Address, "Anna Ek <anna@contoso.example>")
		w.Text(wbxml.ContactsEmail3Address, "nobody <>")
		w.Text(wbxml.ContactsBirthday, "1980-05-16T22:00:00.000Z")
		w.Text(wbxml.ContactsAnniversary, "20010203T040506Z")
	})
	seed(func(w *wbxml.Writer) {
		w.Text(wbxml.ContactsPicture, base64.StdEncoding.EncodeToString([]byte("\xff\xd8\xff face")))
		w.Start(wbxml.ContactsChildren)
		w.Text(wbxml.ContactsChild, "Ida")
		w.End()
		w.Empty(wbxml.ContactsCategories)
		w.Start(wbxml.AirSyncBaseBody)
		w.Text(wbxml.AirSyncBaseType, "2")
		w.Text(wbxml.AirSyncBaseData, "<p>A note</p>")
		w.End()
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		in := fuzzed(b)
		if in == nil {
			return
		}
		if p, err := readPhoto(in); err == nil && base64.StdEncoding.EncodedLen(len(p.content)) > maxPicture {
			t.Error("a picture that is too large")
		}
		c := &call{line: activesync.RequestLine{Version: activesync.V161}}
		it := &mailbox.Item{Class: "IPM.Contact"}
		e := contactEdit{in: in}
		if e.apply(it) != nil {
			return
		}
		// A transaction may run twice.
		before := it.Props.Clone()
		if err := e.apply(it); err != nil || !it.Props.Equal(&before) {
			t.Fatalf("the second time is another: %v", err)
		}
		for i := range 3 {
			before, body := it.Props.Clone(), it.Body
			c.out = wbxml.NewWriter(nil)
			c.out.Start(wbxml.AirSyncApplicationData)
			if err := (contacts{}).write(c, it, &options{bodies: []bodyPreference{{kind: htmlBody, truncate: -1}, {kind: plainBody, truncate: -1}}}); err != nil {
				t.Fatal(err)
			}
			c.out.End()
			e := contactEdit{in: fuzzed(c.out.Bytes())}
			if err := e.apply(it); err != nil {
				t.Fatalf("what was shown is refused: %v", err)
			}
			// The first time, what XML has not is left out.
			if i > 0 && !it.Props.Equal(&before) {
				for p := range it.Props.All() {
					t.Logf("%s: %q, was %q", p, it.Props.String(p), before.String(p))
				}
				t.Fatal("an echo is a change")
			}
			if i > 0 && (it.Body == nil) != (body == nil) {
				t.Fatal("an echo takes the body")
			}
		}
	})
}

// FuzzPeople: whatever is in the documents about people, each is read or refused.
func FuzzPeople(f *testing.F) {
	for _, write := range [...]func(w *wbxml.Writer){
		galSearch(false, "ben", "0-9", nil),
		galSearch(true, "ben", "0-9", nil),
		oofSet("2", "2030-01-01T08:00:00.000Z", "2030-01-08T08:00:00.000Z", oofMessage{[]wbxml.Tag{wbxml.SettingsAppliesToInternal}, "1", "x", "Text"}),
		func(w *wbxml.Writer) {
			w.Start(wbxml.ResolveRecipientsResolveRecipients)
			w.Text(wbxml.ResolveRecipientsTo, "ben")
			w.Start(wbxml.ResolveRecipientsOptions)
			w.Text(wbxml.ResolveRecipientsCertificateRetrieval, "2")
			w.Start(wbxml.ResolveRecipientsAvailability)
			w.Text(wbxml.ResolveRecipientsStartTime, "2030-01-01T08:00:00.000Z")
			w.End()
			w.End()
			w.End()
		},
		func(w *wbxml.Writer) {
			w.Start(wbxml.ValidateCertValidateCert)
			w.Start(wbxml.ValidateCertCertificates)
			w.Text(wbxml.ValidateCertCertificate, "AAAA")
			w.End()
			w.Text(wbxml.ValidateCertCheckCRL, "1")
			w.End()
		},
		func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncApplicationData)
			w.Text(wbxml.NotesSubject, "Milk")
			w.Text(wbxml.NotesMessageClass, "IPM.StickyNote")
			w.End()
		},
	} {
		w := wbxml.NewWriter(nil)
		write(w)
		f.Add(w.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := fuzzed(b)
		if in == nil {
			return
		}
		c := &call{h: &Handler{}, line: activesync.RequestLine{Version: activesync.V161}, body: in, out: wbxml.NewWriter(nil)}
		var o mailbox.Oof
		set := in.Path(wbxml.SettingsOof, wbxml.SettingsSet)
		if readOofTimes(set, &o) == nil && readOofMessages(set, &o) == nil && o.State == mailbox.OofScheduled && !o.Start.Before(o.End) {
			t.Errorf("an absence from %s to %s", o.Start, o.End)
		}
		if i, err := readDeviceInformation(in.Path(wbxml.SettingsDeviceInformation, wbxml.SettingsSet)); err == nil && len(i.Model) > 4*maxDeviceText {
			t.Errorf("a model of %d bytes", len(i.Model))
		}
		r := resolution{call: c, certificates: 1, maxCerts: maxResolveOption, maxAmbiguous: maxGAL}
		if r.read() == nil && (len(r.answers) == 0 || len(r.answers) > maxTo || r.window != nil && r.window.Duration() > 62*24*time.Hour) {
			t.Errorf("%d people, %v", len(r.answers), r.window)
		}
		for _, s := range [...]string{in.Path(wbxml.SearchStore, wbxml.SearchOptions).Get(wbxml.SearchRange), in.Text()} {
			if span, ok := parseSpan(s, maxGAL); ok && (span.first > span.last || span.first < 0) {
				t.Errorf("%q is %v", s, span)
			}
		}
		it := &mailbox.Item{Class: noteClass}
		if readNote(c, it, in) == nil && !isNote(it.Class) {
			t.Errorf("a note of class %q", it.Class)
		}
		if err := c.validateCert(); err != nil {
			t.Error(err)
		}
		if _, err := wbxml.Parse(c.out.Bytes(), wbxml.DefaultLimits()); err != nil {
			t.Error(err)
		}
	})
}
