package relay

import (
	"strings"
	"testing"
	"time"

	"entente/calendar"
)

// goodPin is in the form of a pin.
const goodPin = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

func TestSettings(t *testing.T) {
	good := func() Settings {
		return Settings{
			Role:  Inner,
			Peers: []Peer{{Name: "office", Connect: []string{"relay.contoso.example:8443"}, Keys: []Pin{goodPin}}},
			Agreements: []Agreement{{
				Name: "schedule", Peer: "office", Operations: []Operation{GetUserAvailability}, Group: "b@contoso.example",
				Askers: []string{"contoso.example", "ida@fabrikam.example"},
			}},
		}
	}
	test := func(want string, change func(s *Settings)) {
		t.Helper()
		s := good()
		change(&s)
		err := s.Check()
		if want == "" && err == nil {
			return
		}
		if err == nil || want == "" || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	a := func(s *Settings) *Agreement { return &s.Agreements[0] }
	test("", func(*Settings) {})
	test("role:", func(s *Settings) { s.Role = "both" })
	test("name the other side", func(s *Settings) { s.Peers, s.Agreements = nil, nil })
	test("keep:", func(s *Settings) { s.Keep = 30 * 24 * time.Hour })
	test("connect:", func(s *Settings) { s.Peers[0].Connect = nil })
	test("pin the key", func(s *Settings) { s.Peers[0].Keys = nil })
	test("is no key of a relay", func(s *Settings) { s.Peers[0].Keys = []Pin{"sha256/AAAA"} })
	test("is no key of a relay", func(s *Settings) { s.Peers[0].Keys = []Pin{Pin(goodPin[7:])} })
	test("no other peer's", func(s *Settings) { s.Peers = append(s.Peers, s.Peers[0]) })
	test("no other peer's", func(s *Settings) { s.Peers[0].Name = "the office" })
	test("there is no peer", func(s *Settings) { a(s).Peer = "other" })
	test("there are two", func(s *Settings) { s.Agreements = append(s.Agreements, *a(s)) })
	test("no operations", func(s *Settings) { a(s).Operations = nil })
	test("no operation \"GetItem\"", func(s *Settings) { a(s).Operations = []Operation{"GetItem"} })
	test("group:", func(s *Settings) { a(s).Group = "" })
	test("group:", func(s *Settings) { a(s).Group = "everyone" })
	test("askers:", func(s *Settings) { a(s).Askers = nil })
	test("neither an address nor a domain", func(s *Settings) { a(s).Askers = []string{"*"} })
	test("level", func(s *Settings) { a(s).Level = "Detailed" })
	test("at most 732 days", func(s *Settings) { a(s).Ahead = 800 * 24 * time.Hour })
	test("at most 732 days", func(s *Settings) { a(s).Behind = -time.Hour })
	test("rate", func(s *Settings) { a(s).Rate = -1 })
	test("members:", func(s *Settings) { s.Role, s.Peers[0].Connect = Outer, nil })
	test("", func(s *Settings) {
		s.Role, s.Peers[0].Connect = Outer, nil
		a(s).Members = []string{"secure.contoso.example"}
	})
}

func TestWindow(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	a := &Agreement{Behind: 24 * time.Hour, Ahead: 48 * time.Hour}
	test := func(from, to time.Duration, want bool) {
		t.Helper()
		if got := a.window(calendar.Interval{Start: now.Add(from), End: now.Add(to)}, now); got != want {
			t.Errorf("%v to %v: %v", from, to, got)
		}
	}
	test(0, time.Hour, true)
	test(-24*time.Hour, 48*time.Hour, true)
	test(-24*time.Hour-time.Minute, 0, false)
	test(0, 48*time.Hour+time.Minute, false)
	test(time.Hour, time.Hour, false)
	test(2*time.Hour, time.Hour, false)
}

func TestCovers(t *testing.T) {
	list := []string{"Contoso.example", "ida@fabrikam.example"}
	for address, want := range map[string]bool{
		"anna@contoso.example": true, "ida@fabrikam.example": true,
		"joe@fabrikam.example": false, "anna@sub.contoso.example": false, "anna@xcontoso.example": false,
	} {
		as, err := addresses([]string{address})
		if err != nil || covers(list, as[0]) != want {
			t.Errorf("%s: want %v", address, want)
		}
	}
}

func TestRates(t *testing.T) {
	var r rates
	a := &Agreement{Name: "a", Rate: 3}
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	test := func(after time.Duration, want string) {
		t.Helper()
		now = now.Add(after)
		got := ""
		for range want {
			got += map[bool]string{true: "y", false: "n"}[r.take(a, now)]
		}
		if got != want {
			t.Errorf("after %v: %s, want %s", after, got, want)
		}
	}
	test(0, "yyyn")
	test(19*time.Second, "n")
	test(time.Second, "yn")
	test(time.Hour, "yyyn")
	test(-time.Hour, "n") // a clock that is set back fills nothing
	if !r.take(&Agreement{Name: "b", Rate: 1}, now) {
		t.Error("one agreement takes from another's rate")
	}
	for i, want := range []int{1, 0, 0} {
		if got := r.refused("p", now); got != want {
			t.Errorf("refusal %d: %d to record", i, got)
		}
	}
	if got := r.refused("p", now.Add(excessEvery)); got != 3 {
		t.Errorf("%d to record, want the three", got)
	}
}

// TestTimesCheck: an answer is of the closed form, or none.
func TestTimesCheck(t *testing.T) {
	w := (&stretch{Start: 1000, End: 2000}).interval()
	test := func(text string, words, want bool) {
		t.Helper()
		var a times
		err := decode(strings.NewReader(text), maxReply, &a)
		if err == nil {
			err = a.check(1, w, words)
		}
		if (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	test(`{"people":[{"known":false}]}`, false, true)
	test(`{"people":[{"known":true}]}`, false, true)
	test(`{"people":[{"known":true,"busy":[{"start":1000,"end":1030,"status":2}]}]}`, false, true)
	test(`{"people":[{"known":true,"busy":[{"start":1000,"end":1030,"status":2,"subject":"x"}]}]}`, true, true)
	test(`{"people":[{"known":true,"busy":[{"start":1000,"end":1030,"status":2,"subject":"x"}]}]}`, false, false)
	test(`{"people":[{"known":true,"busy":[{"start":1000,"end":1030,"status":2,"location":"x"}]}]}`, false, false)
	test(`{"people":[{"known":true,"busy":[{"start":1000,"end":1030,"status":2,"id":"x"}]}]}`, true, false)
	test(`{"people":[{"known":true,"name":"Sara"}]}`, true, false)
	test(`{"people":[{"known":false,"busy":[{"start":1000,"end":1030,"status":2}]}]}`, false, false)
	test(`{"people":[{"known":true,"busy":[{"start":1030,"end":1000,"status":2}]}]}`, false, false)
	test(`{"people":[{"known":true,"busy":[{"start":1,"end":2,"status":2}]}]}`, false, false)
	test(`{"people":[{"known":true,"busy":[{"start":1000,"end":1030,"status":9}]}]}`, false, false)
	test(`{"people":[]}`, false, false)
	test(`{"people":[{"known":true},{"known":true}]}`, false, false)
	test(`{"people":[{"known":true}]} {}`, false, false)
	test(`{"people":[{"known":true}],"more":1}`, false, false)
}

// FuzzWire: whatever the other side sends, what passes the checks is within
// bounds, and is read the same again.
func FuzzWire(f *testing.F) {
	for _, s := range []string{
		`{"agreement":"schedule","request":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1","asker":{"mail":"anna@contoso.example","chain":[{"upn":"crm@contoso.example","how":"impersonation"}]},"of":["sara@contoso.example"],"start":29000000,"end":29000060,"details":true}`,
		`{"people":[{"known":true,"busy":[{"start":1000,"end":1030,"status":2,"subject":"x","location":"y"}]},{"known":false}]}`,
		`{"agreement":"schedule","id":"b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2","sender":{"mail":"anna@contoso.example"},"from":{"name":"Anna","mail":"anna@contoso.example"},"to":["sara@contoso.example"],"message":"aGVsbG8="}`,
		`{"agreement":"schedule","id":"b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2","attendee":"sara@contoso.example","organizer":"anna@contoso.example","uid":"040000008200E00074C5B7101A82E008","sequence":1,"response":3,"at":1780000000}`,
		`{"log":"mail.contoso.example","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","seen":7,"checkpoint":"entente-audit/x\n7\nAAAA\n\n— x AAAA\n","proof":["AAAA"],"cosigned":""}`,
		`{"to":["delivered","unknown","later"]}`, `{"refused":"rate-exceeded"}`, `{}`, `[]`, `{"people":null}`, "{\"uid\":\"\u0000\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		read := func(into any) bool { return decode(strings.NewReader(string(b)), maxQuestion, into) == nil }
		clean := func(s string) {
			if !plain(s) {
				t.Errorf("%q passes", s)
			}
		}
		var q question
		if read(&q) && q.check() == nil {
			if len(q.Of) > maxAsked || q.window().Duration() <= 0 {
				t.Errorf("%+v", q)
			}
			for _, l := range q.Asker.Chain {
				clean(l.How)
			}
			(&callers{peer: &peer{}}).relayed(q.Agreement, q.Asker).Caller()
		}
		var p parcel
		if read(&p) && p.check() == nil {
			clean(p.From.Name)
			if len(p.To) > maxTo || !validID(p.ID) {
				t.Errorf("%+v", p)
			}
		}
		var m meetingAnswer
		if read(&m) && m.check() == nil {
			clean(m.UID)
			if y := m.answer().At.Year(); y < 1970 || y > 2600 {
				t.Errorf("in the year %d", y)
			}
		}
		var e exchange
		if read(&e) && e.check() == nil && len(e.Key) != 32 {
			t.Errorf("%+v", e)
		}
		var a times
		w := (&stretch{Start: 1000, End: 2000}).interval()
		if read(&a) && a.check(1, w, false) == nil {
			for _, s := range a.People[0].Busy {
				if s.Subject+s.Location != "" {
					t.Errorf("words pass: %+v", s)
				}
			}
		}
		var g received
		if read(&g) && g.fits(1) && len(g.To) != 1 {
			t.Errorf("%+v", g)
		}
	})
}
