package route

import (
	"net/url"
	"strings"
	"testing"
)

func table() *Table[string] {
	t := new(Table[string])
	for _, p := range []string{"/", "/EWS/Exchange.asmx", "/Microsoft-Server-ActiveSync", "/owa/calendar/", "/owa/", "/autodiscover/autodiscover.json/"} {
		t.Add(p, p)
	}
	return t
}

func TestFind(t *testing.T) {
	tab := table()
	test := func(path, want, canonical string) {
		t.Helper()
		got, spelled, ok := tab.Find(path)
		if got != want || spelled != canonical || ok != (want != "") {
			t.Errorf("%s: %q %q %v, want %q %q", path, got, spelled, ok, want, canonical)
		}
	}
	none := func(path string) { t.Helper(); test(path, "", "") }

	test("/EWS/Exchange.asmx", "/EWS/Exchange.asmx", "/EWS/Exchange.asmx")
	test("/ews/exchange.ASMX", "/EWS/Exchange.asmx", "/EWS/Exchange.asmx")
	test("/", "/", "/")
	none("/ews/exchange.asmx/")
	none("/ews//exchange.asmx")
	none("//ews/exchange.asmx")
	none("/x/../ews/exchange.asmx")
	none("/ews/exchange.asmx;x")
	none("/ews%2fexchange.asmx")
	none("/ews/./exchange.asmx")
	none("/ews/exchange.asmx%00")
	none("/%65ws/exchange.asmx")
	none("/ews\\exchange.asmx")
	none("ews/exchange.asmx")
	none("*")
	none("")
	none("/ews/exchange.asmx" + strings.Repeat("x", 10_000))
	none("/microsoft-server-activesync/")
	none("/Microsoft-Server-Active\u017fync") // a long s

	// Below a prefix, what is one thing has one spelling, and the longest prefix
	// decides.
	test("/OWA/Calendar/a@contoso.example/k/calendar.html", "/owa/calendar/", "/owa/calendar/a@contoso.example/k/calendar.html")
	test("/owa/calendar/a%40contoso.example/K/calendar.html", "/owa/calendar/", "/owa/calendar/a@contoso.example/K/calendar.html")
	test("/owa/calendars/x", "/owa/", "/owa/calendars/x")
	test("/owa/a%20b%c3%a4/", "/owa/", "/owa/a%20b%C3%A4/")
	test("/owa/", "/owa/", "/owa/")
	test("/autodiscover/autodiscover.json/v1.0/anna%40contoso.example", "/autodiscover/autodiscover.json/", "/autodiscover/autodiscover.json/v1.0/anna@contoso.example")
	none("/owa")
	none("/owa/calendar/../../ews/exchange.asmx")
	none("/owa/%2e%2e/ews/exchange.asmx")
	none("/owa/%2e./x")
	none("/owa/./x")
	none("/owa//x")
	none("/owa/a%2fb")
	none("/owa/a%2Fb")
	none("/owa/a%5cb")
	none("/owa/a\\b")
	none("/owa/a%252fb")
	none("/owa/a;b")
	none("/owa/a%3bb")
	none("/owa/a%00b")
	none("/owa/a%0d%0ab")
	none("/owa/a%zz")
	none("/owa/a%4")
	none("/owa/a%c3")
	none("/owa/a.")
	none("/owa/a%20")
	none("/ow%61/x")
}

func TestValid(t *testing.T) {
	test := func(path string, want bool) {
		t.Helper()
		if got := Valid(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	test("/EWS/Exchange.asmx", true)
	test("/owa/", true)
	test("/", true)
	test("owa", false)
	test("/owa/../x", false)
	test("/owa//", false)
	test("/a b", false)
	test("/a%20b", false)
	test("/a?b", false)
	test("/ä", false)
}

// FuzzFind holds that whoever reads what was passed on reads the same: as this
// table does, and as net/url does.
func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"/EWS/Exchange.asmx", "/owa/calendar/a%40b/x", "/owa/%2e%2e/x", "/owa/a%2fb", "/owa/a;b", "/owa/ä", "/owa/%C3%A4", "//", "/owa/%25", "/owa/'()*!$&+,=:@~_-.x",
	} {
		f.Add(s)
	}
	tab := table()
	f.Fuzz(func(t *testing.T, path string) {
		value, canonical, ok := tab.Find(path)
		if !ok {
			if value != "" || canonical != "" {
				t.Fatal("refused, and told something")
			}
			return
		}
		again, same, ok := tab.Find(canonical)
		if !ok || again != value || same != canonical {
			t.Fatalf("%q is %q, and that is %q %q", path, canonical, again, same)
		}
		u, err := url.Parse("https://inside.example" + canonical)
		if err != nil {
			t.Fatalf("%q is %q: %v", path, canonical, err)
		}
		if u.RawQuery != "" || u.Fragment != "" || u.EscapedPath() != canonical {
			t.Fatalf("%q is %q, and net/url reads %q", path, canonical, u)
		}
		for s := range strings.SplitSeq(u.Path, "/") {
			if s == ".." || s == "." || strings.ContainsAny(s, "\\;\x00") {
				t.Fatalf("%q is %q, which has %q", path, canonical, s)
			}
		}
	})
}
