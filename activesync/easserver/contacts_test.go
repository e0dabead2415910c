package easserver

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// classCall is a call of somebody's phone, for what classes do with it.
func (h *house) classCall(who string, v activesync.Version) *call {
	h.Helper()
	return &call{
		h: h.handler, ctx: context.WithoutCancel(h.Context()), line: activesync.RequestLine{Version: v},
		view: h.view(who), out: wbxml.NewWriter(nil),
	}
}

// data is an ApplicationData with what write writes.
func data(tb testing.TB, write func(w *wbxml.Writer)) *wbxml.Element {
	tb.Helper()
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.AirSyncApplicationData)
	write(w)
	w.End()
	e, err := wbxml.Parse(w.Bytes(), wbxml.DefaultLimits())
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// texts is an ApplicationData with elements in pairs: tag, text.
func texts(tb testing.TB, pairs ...any) *wbxml.Element {
	tb.Helper()
	return data(tb, func(w *wbxml.Writer) {
		for i := 0; i < len(pairs); i += 2 {
			w.Text(pairs[i].(wbxml.Tag), pairs[i+1].(string))
		}
	})
}

// shownAs is how a class shows an item to a phone.
func (h *house) shownAs(c *call, k class, id mailbox.ItemID) *wbxml.Element {
	h.Helper()
	o := &options{bodies: []bodyPreference{{kind: plainBody, truncate: -1}}}
	it, err := c.view.Item(c.ctx, id, k.parts(o))
	h.must(err)
	if !k.shown(it) {
		h.Fatalf("a %s is not shown", it.Class)
	}
	c.out = wbxml.NewWriter(nil)
	c.out.Start(wbxml.AirSyncApplicationData)
	h.must(k.write(c, it, o))
	c.out.End()
	e, err := wbxml.Parse(c.out.Bytes(), wbxml.DefaultLimits())
	h.must(err)
	return e
}

func (h *house) created(c *call, k class, in mailbox.DistinguishedName, e *wbxml.Element) *mailbox.Item {
	h.Helper()
	f, err := c.view.FolderByName(c.ctx, in)
	h.must(err)
	it, _, err := k.create(c, f, e, "arrival of "+strconv.Itoa(c.out.Len())+string(e.Tag.Name())+time.Now().String())
	h.must(err)
	return it
}

// Every element of the two code pages is one that the class knows, or one of those
// that contacts have not any more.
func TestContactElementsAreKnown(t *testing.T) {
	known := map[wbxml.Tag]bool{
		// Bodies are AirSyncBase's. The last two are of the list of recent recipients.
		wbxml.ContactsBody: true, wbxml.ContactsBodySize: true, wbxml.ContactsBodyTruncated: true, wbxml.ContactsCompressedRTF: true,
		wbxml.ContactsPicture: true, wbxml.ContactsAlias: true, wbxml.ContactsWeightedRank: true,
	}
	for _, x := range contactTexts {
		known[x.tag] = true
	}
	for _, x := range contactMails {
		known[x.tag] = true
	}
	for _, x := range contactDays {
		known[x.tag] = true
	}
	for _, x := range contactLists {
		known[x.tag], known[x.entry] = true, true
	}
	all := 0
	for _, page := range [...]uint16{1, 12} {
		for token := uint16(5); token < 0x40; token++ {
			tag := wbxml.Tag(page<<8 | token)
			if tag.Name() == "" {
				continue
			}
			if all++; !known[tag] {
				t.Errorf("%s is not known", tag)
			}
		}
	}
	if all != len(known) || all < 65 {
		t.Errorf("%d elements, %d known", all, len(known))
	}
}

// What a phone writes is in the properties that EWS reads, and what EWS writes is
// shown to phones, element by element, in every version.
func TestContactTexts(t *testing.T) {
	h := open(t)
	for _, v := range activesync.Versions() {
		c := h.classCall("anna", v)
		in := data(t, func(w *wbxml.Writer) {
			for _, x := range contactTexts {
				w.Text(x.tag, "a "+x.tag.Name()+" <&> ä")
			}
			w.Text(wbxml.ContactsWeightedRank, "5")
		})
		it := h.item("anna", h.created(c, contacts{}, mailbox.Contacts, in).ID)
		byEWS := &mailbox.Item{Class: "IPM.Contact"}
		for _, x := range contactTexts {
			want := "a " + x.tag.Name() + " <&> ä"
			if got := it.Props.String(x.prop); got != want {
				t.Errorf("%s: %s is kept as %q", v, x.tag, got)
			}
			byEWS.Props.SetString(x.prop, want)
		}
		if it.Class != "IPM.Contact" || !it.Read || it.Props.String(mailbox.PidTagDisplayName) != it.Props.String(mailbox.PidTagSubject) ||
			!strings.HasPrefix(it.Props.String(mailbox.PidTagDisplayName), "a FirstName") {
			t.Errorf("%s: %q as %q", v, it.Class, it.Props.String(mailbox.PidTagDisplayName))
		}
		for _, id := range [...]mailbox.ItemID{it.ID, h.make("anna", mailbox.Contacts, byEWS)} {
			out := h.shownAs(c, contacts{}, id)
			for _, x := range contactTexts {
				if got, want := out.Get(x.tag), "a "+x.tag.Name()+" <&> ä"; got != want {
					t.Errorf("%s: %s is shown as %q", v, x.tag, got)
				}
			}
		}
	}
}

func TestContactAddresses(t *testing.T) {
	for _, c := range [...]struct{ phone, address, name, back string }{
		{"anna@contoso.example", "anna@contoso.example", "anna@contoso.example", "anna@contoso.example"},
		{`"Anna Ek" <anna@contoso.example>`, "anna@contoso.example", "Anna Ek", `"Anna Ek" <anna@contoso.example>`},
		{"Anna Ek <anna@contoso.example>", "anna@contoso.example", "Anna Ek", `"Anna Ek" <anna@contoso.example>`},
		{`"Ek, \"A\"" <anna@contoso.example>`, "anna@contoso.example", `Ek, "A"`, `"Ek, \"A\"" <anna@contoso.example>`},
		{"Ek, A. <anna@contoso.example>", "anna@contoso.example", "Ek, A.", `"Ek, A." <anna@contoso.example>`},
		{"<anna@contoso.example>", "anna@contoso.example", "anna@contoso.example", "anna@contoso.example"},
		{"not an address", "not an address", "not an address", "not an address"},
		{"nobody <>", "nobody <>", "nobody <>", "nobody <>"},
		{`"a \"b\" \\ c" <0>`, "0", `a "b" \ c`, `"a \"b\" \\ c" <0>`},
		{"", "", "", ""},
	} {
		for i := range contactMails {
			m := &contactMails[i]
			var ps mailbox.Props
			m.set(&ps, c.phone)
			if got := ps.String(m.address); got != c.address || ps.String(m.name) != c.name || ps.String(m.original) != c.address {
				t.Errorf("%q is kept as %q, %q", c.phone, got, ps.String(m.name))
			}
			if got := m.text(&ps); got != c.back {
				t.Errorf("%q comes back as %q", c.phone, got)
			}
		}
	}
	// The bare address of somebody who has a name there, keeps it.
	var ps mailbox.Props
	contactMails[0].set(&ps, `"Anna Ek" <anna@contoso.example>`)
	contactMails[0].set(&ps, "anna@contoso.example")
	if ps.String(mailbox.PidLidEmail1DisplayName) != "Anna Ek" {
		t.Error("the name is lost")
	}
}

// A birthday is a day, wherever the phone or the program that wrote it was.
func TestContactDays(t *testing.T) {
	h := open(t)
	c := h.classCall("anna", activesync.V161)
	for _, x := range [...]struct{ phone, day string }{
		{"1980-05-17T00:00:00.000Z", "1980-05-17"},
		{"1980-05-17T11:59:00.000Z", "1980-05-17"},
		{"1980-05-17T12:00:00.000Z", "1980-05-17"},
		{"1980-05-16T22:00:00.000Z", "1980-05-17"}, // midnight in Berlin
		{"1980-05-16T13:00:00Z", "1980-05-17"},     // in Auckland
		{"1980-05-17T08:00:00.000Z", "1980-05-17"}, // in Los Angeles
		{"19800517T000000Z", "1980-05-17"},
		{"1604-02-29T00:00:00.000Z", "1604-02-29"}, // no year, on some phones
		{"1899-12-31T11:59:00.000Z", "1899-12-31"},
	} {
		for _, d := range contactDays {
			it := h.created(c, contacts{}, mailbox.Contacts, texts(t, d.tag, x.phone, wbxml.ContactsLastName, "Ek"))
			if got, ok := it.Props.Time(d.prop); !ok || got.Format(time.RFC3339) != x.day+"T00:00:00Z" {
				t.Errorf("%s %s is kept as %s", d.tag, x.phone, got)
			}
			out := h.shownAs(c, contacts{}, it.ID)
			if got := out.Get(d.tag); got != x.day+"T11:59:00.000Z" {
				t.Errorf("%s %s is shown as %s", d.tag, x.phone, got)
			}
			// What comes back changes nothing.
			changed, _, err := contacts{}.change(c, it, out, &options{})
			h.must(err)
			if changed.Change != it.Change {
				t.Errorf("%s: an echo is a change", x.phone)
			}
		}
	}
	// A program that writes another time of the day keeps it.
	it := &mailbox.Item{Class: "IPM.Contact"}
	at := time.Date(1980, 5, 16, 23, 0, 0, 0, time.UTC)
	it.Props.SetTime(mailbox.PidTagBirthday, at)
	id := h.make("anna", mailbox.Contacts, it)
	out := h.shownAs(c, contacts{}, id)
	if out.Get(wbxml.ContactsBirthday) != "1980-05-17T11:59:00.000Z" {
		t.Error(out.Get(wbxml.ContactsBirthday))
	}
	_, _, err := contacts{}.change(c, h.item("anna", id), out, &options{})
	h.must(err)
	if got, _ := h.item("anna", id).Props.Time(mailbox.PidTagBirthday); !got.Equal(at) {
		t.Error("the time of the day is lost:", got)
	}
	for _, bad := range [...]string{"soon", "1980-13-40T00:00:00.000Z", "0000-01-01T00:00:00.000Z", "1980-05-17"} {
		if _, _, err := (contacts{}).change(c, h.item("anna", id), texts(t, wbxml.ContactsBirthday, bad), &options{}); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// Of what a phone does not name, goes what it says it supports, and stays the rest.
// [MS-ASCMD] 2.2.3.179
func TestContactGhosts(t *testing.T) {
	h := open(t)
	c := h.classCall("anna", activesync.V141)
	whole := data(t, func(w *wbxml.Writer) {
		w.Text(wbxml.ContactsFirstName, "Anna")
		w.Text(wbxml.ContactsLastName, "Ek")
		w.Text(wbxml.ContactsJobTitle, "Clerk")
		w.Text(wbxml.ContactsEmail1Address, "anna@contoso.example")
		w.Text(wbxml.ContactsBirthday, "1980-05-17T00:00:00.000Z")
		w.Start(wbxml.ContactsCategories)
		w.Text(wbxml.ContactsCategory, "Friends")
		w.End()
		w.Text(wbxml.ContactsPicture, base64.StdEncoding.EncodeToString([]byte("\xff\xd8\xff face")))
		w.Start(wbxml.AirSyncBaseBody)
		w.Text(wbxml.AirSyncBaseType, "1")
		w.Text(wbxml.AirSyncBaseData, "a note")
		w.End()
	})
	tags := func(list ...wbxml.Tag) map[wbxml.Tag]bool {
		m := map[wbxml.Tag]bool{}
		for _, t := range list {
			m[t] = true
		}
		return m
	}
	ghosted := []wbxml.Tag{
		wbxml.ContactsJobTitle, wbxml.ContactsEmail1Address, wbxml.ContactsBirthday, wbxml.ContactsCategories,
		wbxml.ContactsPicture, wbxml.AirSyncBaseBody,
	}
	for _, x := range [...]struct {
		name      string
		supported map[wbxml.Tag]bool
		in        *wbxml.Element
		gone      map[wbxml.Tag]bool
	}{
		{"nothing said", nil, texts(t), tags(wbxml.ContactsJobTitle, wbxml.ContactsEmail1Address, wbxml.ContactsBirthday, wbxml.ContactsCategories)},
		{"nothing supported", tags(), texts(t), tags()},
		{"some supported", tags(wbxml.ContactsJobTitle, wbxml.ContactsPicture), texts(t), tags(wbxml.ContactsJobTitle, wbxml.ContactsPicture)},
		{"others supported", tags(wbxml.ContactsEmail1Address, wbxml.ContactsBirthday, wbxml.ContactsCategories), texts(t), tags(wbxml.ContactsEmail1Address, wbxml.ContactsBirthday, wbxml.ContactsCategories)},
		{"named empty", tags(), texts(t, wbxml.ContactsJobTitle, "", wbxml.ContactsEmail1Address, "", wbxml.ContactsBirthday, "",
			wbxml.ContactsCategories, "", wbxml.ContactsPicture, ""), tags(wbxml.ContactsJobTitle, wbxml.ContactsEmail1Address, wbxml.ContactsBirthday, wbxml.ContactsCategories, wbxml.ContactsPicture)},
	} {
		it := h.created(c, contacts{}, mailbox.Contacts, whole)
		_, _, err := contacts{}.change(c, it, x.in, &options{supported: x.supported})
		h.must(err)
		out := h.shownAs(c, contacts{}, it.ID)
		for _, tag := range ghosted {
			if body := out.Child(wbxml.AirSyncBaseBody); tag == wbxml.AirSyncBaseBody && body.Get(wbxml.AirSyncBaseData) != "a note" {
				t.Errorf("%s: the body is gone", x.name)
			}
			if out.Has(tag) == x.gone[tag] {
				t.Errorf("%s: %s is there: %v", x.name, tag, out.Has(tag))
			}
		}
	}
}

// The photo is the attachment that EWS and Outlook know, in both directions.
func TestContactPhoto(t *testing.T) {
	h := open(t)
	c := h.classCall("anna", activesync.V161)
	face := []byte("\xff\xd8\xff a face")
	photoIn := func(b []byte) *wbxml.Element {
		return texts(t, wbxml.ContactsLastName, "Ek", wbxml.ContactsPicture, base64.StdEncoding.EncodeToString(b))
	}
	it := h.created(c, contacts{}, mailbox.Contacts, photoIn(face))
	kept := func() []byte {
		full := h.item("anna", it.ID)
		if len(full.Attachments) == 0 {
			if full.Props.Bool(mailbox.PidLidHasPicture) {
				t.Error("it says it has a picture")
			}
			return nil
		}
		if a := full.Attachments[0]; len(full.Attachments) != 1 || a.Name != "ContactPicture.jpg" || !full.Props.Bool(mailbox.PidLidHasPicture) {
			t.Errorf("%d attachments, %+v", len(full.Attachments), a)
		}
		_, r, err := c.view.AttachmentContent(c.ctx, it.ID, full.Attachments[0].ID)
		h.must(err)
		b, err := io.ReadAll(r)
		h.must(err)
		return b
	}
	if !bytes.Equal(kept(), face) {
		t.Errorf("kept %q", kept())
	}
	largest := append(bytes.Clone(face), make([]byte, maxPicture/4*3-len(face))...)
	for _, x := range [...]struct {
		name string
		in   *wbxml.Element
		want []byte
		same bool
	}{
		{"the same", photoIn(face), face, true},
		{"not named", texts(t, wbxml.ContactsLastName, "Ek"), face, true},
		{"another", photoIn(largest), largest, false},
		{"folded", texts(t, wbxml.ContactsLastName, "Ek", wbxml.ContactsPicture, " /9j/\r\n IGE= "), []byte("\xff\xd8\xff a"), false},
		{"none", photoIn(nil), nil, false},
		{"again", photoIn(face), face, false},
	} {
		before := h.item("anna", it.ID)
		changed, _, err := contacts{}.change(c, before, x.in, &options{})
		h.must(err)
		if !bytes.Equal(kept(), x.want) {
			t.Errorf("%s: %d bytes", x.name, len(kept()))
		}
		if (changed.Change == before.Change) != x.same || changed.Change != h.item("anna", it.ID).Change {
			t.Errorf("%s: change %d after %d", x.name, changed.Change, before.Change)
		}
		out := h.shownAs(c, contacts{}, it.ID)
		if b, _ := base64.StdEncoding.DecodeString(out.Get(wbxml.ContactsPicture)); !bytes.Equal(b, x.want) {
			t.Errorf("%s: shown %d bytes", x.name, len(b))
		}
	}
	for name, bad := range map[string]*wbxml.Element{
		"too large": photoIn(append(largest, 0)), "no base64": texts(t, wbxml.ContactsPicture, "?"),
	} {
		if _, _, err := (contacts{}).change(c, h.item("anna", it.ID), bad, &options{}); err == nil || !bytes.Equal(kept(), face) {
			t.Errorf("%s: %v", name, err)
		}
		f, err := c.view.FolderByName(c.ctx, mailbox.Contacts)
		h.must(err)
		if _, _, err := (contacts{}).create(c, f, bad, "bad "+name); err == nil {
			t.Errorf("%s: created", name)
		}
	}
	// One that another program kept and that is larger than phones take, is not shown
	// and not lost.
	big := &mailbox.Item{Class: "IPM.Contact", Attachments: []mailbox.Attachment{{Name: mailbox.ContactPicture, Content: append(largest, 0)}}}
	it = &mailbox.Item{ID: h.make("anna", mailbox.Contacts, big)}
	out := h.shownAs(c, contacts{}, it.ID)
	if out.Has(wbxml.ContactsPicture) {
		t.Error("too large a picture is shown")
	}
	_, _, err := contacts{}.change(c, h.item("anna", it.ID), out, &options{})
	h.must(err)
	if len(h.item("anna", it.ID).Attachments) != 1 {
		t.Error("it is lost")
	}
}

// Where a contact is filed follows from its name, unless somebody said otherwise.
func TestContactFileAs(t *testing.T) {
	h := open(t)
	c := h.classCall("anna", activesync.V161)
	it := h.created(c, contacts{}, mailbox.Contacts, texts(t, wbxml.ContactsFirstName, "Anna", wbxml.ContactsLastName, "Ek"))
	for _, x := range [...]struct {
		in             *wbxml.Element
		supported      map[wbxml.Tag]bool
		filed, display string
		mapping        int64
	}{
		{texts(t, wbxml.ContactsFirstName, "Anna", wbxml.ContactsLastName, "Ek"), nil, "Ek, Anna", "Anna Ek", 0x8017},
		{texts(t, wbxml.ContactsFirstName, "Anna", wbxml.ContactsLastName, "Berg"), nil, "Berg, Anna", "Anna Berg", 0x8017},
		{texts(t, wbxml.ContactsFileAs, "The boss", wbxml.ContactsLastName, "Berg"), nil, "The boss", "Berg", -1},
		{texts(t, wbxml.ContactsFileAs, "The boss", wbxml.ContactsLastName, "Ek"), nil, "The boss", "Ek", -1},
		{texts(t, wbxml.ContactsLastName, "Ek", wbxml.ContactsFirstName, "A."), map[wbxml.Tag]bool{}, "The boss", "A. Ek", -1},
		{texts(t, wbxml.ContactsCompanyName, "Contoso"), nil, "Contoso", "Contoso", -1},
		{texts(t, wbxml.ContactsEmail1Address, "info@contoso.example"), nil, "Contoso", "Contoso", -1},
	} {
		_, _, err := contacts{}.change(c, h.item("anna", it.ID), x.in, &options{supported: x.supported})
		h.must(err)
		ps := h.item("anna", it.ID).Props
		n, _ := ps.Int(mailbox.PidLidFileUnderID)
		if ps.String(mailbox.PidLidFileUnder) != x.filed || ps.String(mailbox.PidTagDisplayName) != x.display || n != x.mapping {
			t.Errorf("filed as %q (%#x), shown as %q: want %+v", ps.String(mailbox.PidLidFileUnder), n, ps.String(mailbox.PidTagDisplayName), x)
		}
	}
	// A list of people has no form on phones, and a contact of another program need
	// not say where it is filed.
	if (contacts{}).shown(&mailbox.Item{Class: "IPM.DistList"}) || (contacts{}).shown(&mailbox.Item{Class: "IPM.Note"}) || !(contacts{}).shown(&mailbox.Item{Class: "IPM.Contact.Special"}) {
		t.Error("shown")
	}
	other := &mailbox.Item{Class: "IPM.Contact"}
	other.Props.SetString(mailbox.PidTagSurname, "Vogel")
	if out := h.shownAs(c, contacts{}, h.make("anna", mailbox.Contacts, other)); out.Get(wbxml.ContactsFileAs) != "Vogel" {
		t.Error(out.Get(wbxml.ContactsFileAs))
	}
}

func TestContactLists(t *testing.T) {
	h := open(t)
	c := h.classCall("anna", activesync.V140)
	list := func(n int) *wbxml.Element {
		return data(t, func(w *wbxml.Writer) {
			for _, l := range contactLists {
				w.Start(l.tag)
				for i := range n {
					w.Text(l.entry, "entry "+strconv.Itoa(i))
				}
				w.End()
			}
		})
	}
	it := h.created(c, contacts{}, mailbox.Contacts, list(maxListed))
	out := h.shownAs(c, contacts{}, it.ID)
	for _, l := range contactLists {
		got := it.Props.Strings(l.prop)
		shown := 0
		for e := range out.Child(l.tag).All(l.entry) {
			if e.Text() != got[shown] {
				t.Errorf("%s: %q", l.tag, e.Text())
			}
			shown++
		}
		if len(got) != maxListed || shown != maxListed || got[7] != "entry 7" {
			t.Errorf("%s: %d kept, %d shown", l.tag, len(got), shown)
		}
	}
	if _, _, err := (contacts{}).change(c, it, list(maxListed+1), &options{}); err == nil {
		t.Error("a list without end is taken")
	}
	if _, _, err := (contacts{}).change(c, it, data(t, func(w *wbxml.Writer) {
		w.Start(wbxml.ContactsCategories)
		w.End()
		w.Empty(wbxml.ContactsChildren)
	}), &options{supported: map[wbxml.Tag]bool{}}); err != nil {
		t.Error(err)
	}
	if ps := h.item("anna", it.ID).Props; ps.Has(mailbox.PidNameKeywords) || ps.Has(mailbox.PidTagChildrensNames) {
		t.Error("empty lists empty nothing")
	}
	h.must((contacts{}).remove(c, it, nil, mailbox.MoveToDeletedItems))
	if _, err := c.view.Item(c.ctx, it.ID, 0); !isKind(err, entente.NotFound) {
		t.Error("it is there still")
	}
}
