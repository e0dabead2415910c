package message

import (
	"slices"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		got := parseDate(in)
		if want == "" {
			if !got.IsZero() {
				t.Errorf("parseDate(%q) = %v, want none", in, got)
			}
			return
		}
		if s := got.Format(time.RFC3339); s != want {
			t.Errorf("parseDate(%q) = %s, want %s", in, s, want)
		}
	}
	test("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00")
	test("21 Nov 97 09:55 GMT", "1997-11-21T09:55:00Z")
	test("Fri, 21 Nov 1997 09:55:06 +0100 (CET)", "1997-11-21T09:55:06+01:00")
	test("fri,21 november 2025 9:05:06 PST", "2025-11-21T09:05:06-08:00")
	test("1 Jan 49 00:00:00 +0000", "2049-01-01T00:00:00Z")
	test("1 Jan 103 00:00:00 +0000", "2003-01-01T00:00:00Z") // a program of 2003
	test("02-Jan-2006 15:04:05 -0700", "2006-01-02T15:04:05-07:00")
	test("Mon, 2 Jan 2006 15:04:60 +0530", "2006-01-02T15:05:00+05:30")
	test("Mon, 2 Jan 2006 15.04.05", "2006-01-02T15:04:05Z")
	test("Mon, 2 Jan 2006 15:04:05 Z", "2006-01-02T15:04:05Z")
	test("", "")
	test("yesterday", "")
	test("32 Jan 2006 15:04:05 +0000", "")
	test("1 Foo 2006 15:04:05 +0000", "")
	test("1 Jan 2006 25:04:05 +0000", "")
	test("1 J 2006 15:04:05 +0000", "")
	test("1 Jan 20060 15:04:05 +0000", "")
	test("1 Jan -5 15:04:05 +0000", "")
}

func TestMessageIDs(t *testing.T) {
	test := func(in string, want ...string) {
		t.Helper()
		if got := messageIDs(in); !slices.Equal(got, want) {
			t.Errorf("messageIDs(%q) = %q", in, got)
		}
	}
	test("<a@b>", "<a@b>")
	test("<a@b> <c@d>\t<e@f>", "<a@b>", "<c@d>", "<e@f>")
	test("<a@b><c@d>", "<a@b>", "<c@d>")
	test("Your message of Monday <a@b>", "<a@b>")
	test("<a@ b>", "<a@b>") // folded inside
	test("a@b", "<a@b>")
	test("<>")
	test("<a@b", "<a@b>") // never closed
	test("none")
}

func TestSplitHeader(t *testing.T) {
	test := func(in, wantBody string, want ...rawField) {
		t.Helper()
		h, body, err := splitHeader([]byte(in), 1000)
		if err != nil || string(body) != wantBody || !slices.Equal(h, header(want)) {
			t.Errorf("splitHeader(%q) = %q, %q, %v", in, h, body, err)
		}
	}
	test("A: b\r\n\r\nbody", "body", rawField{"A", "b"})
	test("A: b\n\nbody", "body", rawField{"A", "b"})
	test("A: b\r\n c\r\n\td\r\n\r\n", "", rawField{"A", "b c\td"})
	test("A : b\r\nC:d", "", rawField{"A", "b"}, rawField{"C", "d"})
	test("From x@y Mon Jan 1\r\nA: b\r\n\r\n", "", rawField{"A", "b"})
	test("\xef\xbb\xbfA: b\r\n\r\n", "", rawField{"A", "b"})
	test("A: b\r\nno field here\r\nC: d", "no field here\r\nC: d", rawField{"A", "b"})
	test("just text", "just text")
	test("\r\nbody", "body")
	test("", "")
	test(" lost\r\nA: b\r\n\r\nx", "x", rawField{"A", "b"})
	test("A:\r\n\r\nx", "x", rawField{"A", ""})
	test(": b\r\n\r\nx", ": b\r\n\r\nx")
}

func TestMarkers(t *testing.T) {
	test := func(field string, want Importance) {
		t.Helper()
		if m := mustParse(t, field+"\r\n\r\n"); m.Importance != want {
			t.Errorf("%s: %v", field, m.Importance)
		}
	}
	test("Importance: High", High)
	test("Importance: low", Low)
	test("X-Priority: 1 (Highest)", High)
	test("X-Priority: 5", Low)
	test("X-Priority: 3", Normal)
	test("X-MSMail-Priority: High", High)
	test("Priority: non-urgent", Low)
	test("Importance: normal\r\nX-Priority: 1", Normal)

	m := mustParse(t, "Sensitivity: Company-Confidential\r\nAuto-Submitted: Auto-Replied; x=y\r\nKeywords: a, \"b, c\",\r\n =?utf-8?q?=C3=A9?=\r\nThread-Index: AQID\r\n BAU=\r\n\r\n")
	if m.Sensitivity != Confidential || m.AutoSubmitted != "auto-replied" || !slices.Equal(m.Keywords, []string{"a", "b, c", "é"}) || !slices.Equal(m.ThreadIndex, []byte{1, 2, 3, 4, 5}) {
		t.Errorf("%+v", m)
	}
	if m := mustParse(t, "Auto-Submitted: no\r\n\r\n"); m.AutoSubmitted != "" {
		t.Error(m.AutoSubmitted)
	}
}
