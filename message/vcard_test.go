package message

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"entente"
)

func wholeCard() Card {
	return Card{
		UID: "1@x", FormattedName: "Änna Ek", Name: CardName{"Ek; von", "Änna", "B.", "Dr.", "Jr."}, Nickname: "Annie", Organization: "Contoso, Ltd", Department: "R&D", Title: "Boss", Role: "Leads",
		Emails:    []CardValue{{[]string{"internet", "pref"}, "anna@contoso.example"}, {nil, "a@x.example"}},
		Phones:    []CardValue{{[]string{"work", "voice"}, "+46 8 123"}, {[]string{"cell"}, "+46 70"}},
		IMs:       []CardValue{{nil, "xmpp:anna@x.example"}},
		URLs:      []CardValue{{[]string{"work"}, "https://contoso.example/a;b,c"}},
		Addresses: []CardAddress{{[]string{"work"}, "PO 1", "", "Street 1\nFloor 2", "Malmö", "Skåne", "211 00", "Sweden"}},
		Birthday:  "1985-04-12", Anniversary: "2010-05-01", Note: "line one\nline two; with, \\all",
		Categories: []string{"Red", "a,b"}, Revision: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Photo: bytes.Repeat([]byte{0xff, 0xd8}, 100),
	}
}

func TestCardRoundTrip(t *testing.T) {
	want := wholeCard()
	raw, err := ComposeCard(want)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		if len(line) > 77 || !bytes.HasSuffix(line, []byte("\r\n")) {
			t.Errorf("line %q", line)
		}
	}
	got, err := ParseCard(raw)
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("got  %+v\nwant %+v\n%s %v", got, want, raw, err)
	}
}

func TestCardProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("abc ,;:\\\"=néü日🙂\n")), 0, 120, -1)
		want := Card{FormattedName: "x" + text.Draw(rt, "fn"), Note: text.Draw(rt, "note"), Name: CardName{Family: text.Draw(rt, "family"), Suffix: text.Draw(rt, "suffix")}, Organization: text.Draw(rt, "org")}
		raw, err := ComposeCard(want)
		if err != nil {
			rt.Fatal(err)
		}
		if got, err := ParseCard(raw); err != nil || !reflect.DeepEqual(*got, want) {
			rt.Fatalf("got %+v, want %+v, %v\n%s", got, want, err, raw)
		}
	})
}

func TestParseCardOfOthers(t *testing.T) {
	parse := func(ls ...string) *Card {
		t.Helper()
		c, err := ParseCard([]byte(lines(ls...)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	// vCard 2.1: types without a name, quoted-printable with soft breaks.
	c := parse("BEGIN:VCARD", "VERSION:2.1", "N;CHARSET=windows-1252;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg", "TEL;WORK;VOICE:+49 1",
		"NOTE;QUOTED-PRINTABLE:one=0D=0A=", "two", "PHOTO;JPEG;BASE64:", " /9j/", "", "END:VCARD")
	if c.Name.Family != "Müller" || c.Name.Given != "Jörg" || !c.Phones[0].Is("work") || c.Note != "one\ntwo" || !bytes.Equal(c.Photo, []byte{0xff, 0xd8, 0xff}) {
		t.Errorf("%+v", c)
	}
	// Apple's 3.0: groups, folded lines, bare LF.
	c, err := ParseCard([]byte("BEGIN:VCARD\nVERSION:3.0\nFN:An\n na\nitem1.EMAIL;type=INTERNET;type=pref:mailto:a@x.example\nitem1.X-ABLabel:_$!<Other>!$_\nEND:VCARD\n"))
	if err != nil || c.FormattedName != "Anna" || !c.Emails[0].Is("pref") || c.Emails[0].Value != "a@x.example" {
		t.Errorf("%+v %v", c, err)
	}
	// 4.0: PREF, quoted types, tel: and data: URIs.
	c = parse("BEGIN:VCARD", "VERSION:4.0", "FN:A", `TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+1-555`, "PHOTO:data:image/png;base64,iVBO", "BDAY:--0412", "REV:20200102T030405Z", "END:VCARD")
	if c.Phones[0].Value != "+1-555" || !reflect.DeepEqual(c.Phones[0].Types, []string{"voice", "home", "pref"}) || !bytes.Equal(c.Photo, []byte{0x89, 'P', 'N'}) || c.Birthday != "--0412" || c.Revision.Year() != 2020 {
		t.Errorf("%+v", c)
	}
	// Only the first card counts; a missing END is forgiven.
	if c := parse("BEGIN:VCARD", "FN:A", "END:VCARD", "BEGIN:VCARD", "NOTE:no", "END:VCARD"); c.Note != "" {
		t.Errorf("%+v", c)
	}
	if c := parse("junk", "BEGIN:VCARD", "no colon", "FN:A\x00B\\"); c.FormattedName != "A B\\" {
		t.Errorf("%+v", c)
	}
}

func TestCardRefuses(t *testing.T) {
	for _, raw := range []string{"", "hello", "BEGIN:VEVENT\r\nEND:VEVENT", "END:VCARD"} {
		var e *entente.Error
		if _, err := ParseCard([]byte(raw)); !errors.As(err, &e) || e.Kind != entente.Invalid {
			t.Errorf("%q: %v", raw, err)
		}
	}
	for _, raw := range []string{strings.Repeat("x", maxCard+1), "BEGIN:VCARD\r\n" + strings.Repeat("NOTE:x\r\n", maxProperties+1)} {
		var e *entente.Error
		if _, err := ParseCard([]byte(raw)); !errors.As(err, &e) || e.Kind != entente.TooLarge {
			t.Errorf("%d bytes: %v", len(raw), err)
		}
	}
	// A carriage return or another control in any field.
	for _, set := range []func(c *Card, s string){
		func(c *Card, s string) { c.UID = s }, func(c *Card, s string) { c.FormattedName = s }, func(c *Card, s string) { c.Name.Prefix = s },
		func(c *Card, s string) { c.Department = s }, func(c *Card, s string) { c.Note = s }, func(c *Card, s string) { c.Birthday = s },
		func(c *Card, s string) { c.Emails[0].Value = s }, func(c *Card, s string) { c.Phones[0].Types[0] = s }, func(c *Card, s string) { c.Addresses[0].Street = s },
		func(c *Card, s string) { c.Addresses[0].Types[0] = s }, func(c *Card, s string) { c.Categories[1] = s }, func(c *Card, s string) { c.URLs[0].Value = s },
	} {
		c := wholeCard()
		set(&c, "x\r\nEND:VCARD")
		if raw, err := ComposeCard(c); err == nil {
			t.Errorf("written:\n%s", raw)
		}
	}
}
