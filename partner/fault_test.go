package partner

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/ews"
	"entente/ews/ewsclient"
	"entente/federation"
)

// tailspin adds a partner that misbehaves to a pair.
func (p *pair) tailspin(url string) {
	p.Helper()
	p.facts.Relationships = append(p.facts.Relationships, access.Relationship{
		Name: "tailspin", Domains: []entente.Domain{"tailspin.example"}, Enabled: true, FreeBusy: true,
		TargetApplicationURI: "FYDIBOHF25SPDLT.tailspin.example", TargetSharingEPR: url,
	})
	p.snapshot.Store(access.Compile(p.facts))
}

// TestBadPartner: whatever one partner does, the people of the other are
// answered about, and its own get an error with a code.
func TestBadPartner(t *testing.T) {
	const tom, amy = "tom@tailspin.example", "amy@fabrikam.example"
	test := func(what string, reason entente.Reason, text string, bad http.HandlerFunc) {
		t.Helper()
		t.Run(what, func(t *testing.T) {
			p := newPair(t)
			p.tailspin("https://mail.fabrikam.example:" + p.fabrikam.port + "/tailspin")
			p.fabrikam.Config.Handler.(*http.ServeMux).HandleFunc("/tailspin/WSSecurity", bad)
			// The asker's own time is short, so that the test is.
			ctx, cancel := context.WithTimeout(t.Context(), answerTime+300*time.Millisecond)
			defer cancel()
			out, err := p.Client.FreeBusy(ctx, as(anna), []entente.SMTPAddress{tom, amy}, availability.Request{Window: window, View: availability.FreeBusy})
			if err != nil {
				t.Fatal(err)
			}
			p.wants(out[amy], "")
			p.wants(out[tom], reason)
			if out[tom].Err == nil || !contains(out[tom].Err, text) {
				t.Errorf("%v", out[tom].Err)
			}
		})
	}
	gone := make(chan struct{})
	t.Cleanup(func() { close(gone) })
	hang := func(r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	}
	proxied := "Proxy web request failed. , inner exception: "
	test("hangs", availability.PartnerTimedOut, "timed out", func(_ http.ResponseWriter, r *http.Request) { hang(r) })
	test("begins and hangs", availability.PartnerTimedOut, "timed out", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "<s:Envelope")
		w.(http.Flusher).Flush()
		hang(r)
	})
	test("closes", availability.PartnerFailed, proxied+"the connection failed", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	test("garbage", availability.PartnerFailed, proxied+"the remote server's answer is not understood", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "\x00\xff hello") })
	test("10 MiB", availability.PartnerFailed, proxied+"the connection failed", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<x>"+strings.Repeat("y", 10<<20)+"</x>")
	})
	test("a redirect", availability.PartnerFailed, proxied+"the remote server returned HTTP 302", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
	})
	test("503", availability.PartnerFailed, proxied+"the remote server returned HTTP 503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	test("another operation's answer", availability.PartnerFailed, proxied+"the remote server's answer is not understood", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><m:GetItemResponse xmlns:m="`+ews.NSMessages+`"/></s:Body></s:Envelope>`)
	})
	test("an EWS fault", availability.PartnerFailed, proxied+"the remote server refused: ErrorAccessDenied", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring>`+
			`<detail><e:ResponseCode xmlns:e="`+ews.NSErrors+`">ErrorAccessDenied</e:ResponseCode></detail></s:Fault></s:Body></s:Envelope>`)
	})
}

// TestWrongName: a server that has no certificate for the name it is found under
// is not asked, whoever it is.
func TestWrongName(t *testing.T) {
	p := newPair(t)
	p.relate(func(r *access.Relationship) {
		r.TargetSharingEPR = "https://mail.fab.example:" + p.fabrikam.port + "/EWS/Exchange.asmx"
	})
	p.wants(p.ask("amy@fab.example")["amy@fab.example"], availability.PartnerFailed)
	if p.fabrikam.requests.Load()+p.fabrikam.refused.Load() != 0 {
		t.Error("the request was sent")
	}
}

// TestAnswers: what cannot be right of one answer is that one's error.
func TestAnswers(t *testing.T) {
	p := newPair(t)
	const amy, bob = "amy@fabrikam.example", "bob@fabrikam.example"
	test := func(what string, reason entente.Reason, f func(*ews.FreeBusyResponse)) {
		t.Helper()
		p.fabrikam.set(func(x *fabrikam) {
			x.answer = func(q *ews.GetUserAvailabilityRequest) ews.Response {
				a := x.usual(q)
				f(&a.FreeBusyResponses[0])
				return a
			}
		})
		out := p.ask(amy, bob)
		p.wants(out[amy], reason)
		p.wants(out[bob], "")
		if out[bob].Err != nil || string(out[bob].Merged) != "0200" {
			t.Errorf("%s: %s", what, out[bob].Merged)
		}
	}
	event := func(f func(*ews.CalendarEvent)) func(*ews.FreeBusyResponse) {
		return func(r *ews.FreeBusyResponse) { f(&r.FreeBusyView.CalendarEventArray[0]) }
	}
	refused := func(code ews.ResponseCode) func(*ews.FreeBusyResponse) {
		return func(r *ews.FreeBusyResponse) { m := ews.Failure(code); r.ResponseMessage = &m }
	}
	test("as usual", "", func(*ews.FreeBusyResponse) {})
	test("no access", availability.PartnerSays+"ErrorNoFreeBusyAccess", refused(ews.ErrorNoFreeBusyAccess))
	test("a newer code", availability.PartnerSays+"ErrorOfTomorrow", refused("ErrorOfTomorrow"))
	test("no code", availability.PartnerFailed, refused("<b>"))
	test("view None", availability.PartnerSays+"ErrorNoFreeBusyAccess", func(r *ews.FreeBusyResponse) { r.FreeBusyView.FreeBusyViewType = ews.ViewNone })
	test("no view", availability.PartnerSays+"ErrorNoFreeBusyAccess", func(r *ews.FreeBusyResponse) { r.FreeBusyView = nil })
	test("backwards", availability.PartnerFailed, event(func(e *ews.CalendarEvent) { e.EndTime = e.StartTime.Add(-time.Hour) }))
	test("elsewhen", "", event(func(e *ews.CalendarEvent) {
		e.StartTime = ews.FloatingTime(window.End.Add(time.Hour))
		e.EndTime = e.StartTime
	}))
	if out := p.ask(amy)[amy]; len(out.Busy) != 0 || string(out.Merged) != "0000" {
		t.Errorf("what is outside the window: %+v", out)
	}
	test("too many", availability.PartnerTooManyEntries, func(r *ews.FreeBusyResponse) {
		for len(r.FreeBusyView.CalendarEventArray) <= maxEntries {
			r.FreeBusyView.CalendarEventArray = append(r.FreeBusyView.CalendarEventArray, r.FreeBusyView.CalendarEventArray[0])
		}
	})
	merged := func(digits string) func(*ews.FreeBusyResponse) {
		return func(r *ews.FreeBusyResponse) {
			r.FreeBusyView = &ews.FreeBusyView{FreeBusyViewType: ews.ViewMergedOnly, MergedFreeBusy: digits}
		}
	}
	test("a list", "", merged("0123"))
	test("short digits", availability.PartnerFailed, merged("012"))
	test("no digits", availability.PartnerFailed, merged("01a3"))
	test("no hours", availability.PartnerFailed, func(r *ews.FreeBusyResponse) {
		r.FreeBusyView.WorkingHours = &ews.WorkingHours{
			TimeZone:           ews.SerializableTimeZone{StandardTime: never(), DaylightTime: never()},
			WorkingPeriodArray: []ews.WorkingPeriod{{DayOfWeek: ews.DaysOfWeek{"Monday"}, StartTimeInMinutes: 600, EndTimeInMinutes: 60}},
		}
	})
}

func never() ews.SerializableTimeZoneTime {
	return ews.SerializableTimeZoneTime{Time: "00:00:00", DayOfWeek: "Sunday"}
}

// TestHours: working hours are those of whom was asked about.
func TestHours(t *testing.T) {
	p := newPair(t)
	p.fabrikam.set(func(x *fabrikam) {
		x.answer = func(q *ews.GetUserAvailabilityRequest) ews.Response {
			a := x.usual(q)
			a.FreeBusyResponses[0].FreeBusyView.WorkingHours = &ews.WorkingHours{
				TimeZone:           ews.SerializableTimeZone{Bias: 60, StandardTime: never(), DaylightTime: never()},
				WorkingPeriodArray: []ews.WorkingPeriod{{DayOfWeek: ews.DaysOfWeek{"Monday", "Friday"}, StartTimeInMinutes: 600, EndTimeInMinutes: 660}},
			}
			return a
		}
	})
	h := p.ask("amy@fabrikam.example")["amy@fabrikam.example"].Hours
	if h == nil || len(h.Periods) != 1 || h.Periods[0].Start != 10*time.Hour || !h.Periods[0].Days.Has(time.Friday) || h.Periods[0].Days.Has(time.Sunday) {
		t.Errorf("%+v", h)
	}
}

// TestRetried: a token that was good and is not accepted any more is replaced
// once; one that is new is not.
func TestRetried(t *testing.T) {
	p := newPair(t)
	const amy = "amy@fabrikam.example"
	p.wants(p.ask(amy)[amy], "")
	p.clock.pass(time.Minute)
	// Fabrikam now wants another key of contoso's: what the old one is in is
	// refused, and a new token brings the new one.
	refuse := true
	p.fabrikam.set(func(f *fabrikam) {
		f.before = func(w http.ResponseWriter, _ *http.Request) bool {
			if refuse {
				refuse = false
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
			return false
		}
	})
	p.wants(p.ask(amy)[amy], "")
	if p.broker.count() != 2 {
		t.Errorf("the broker was asked %d times", p.broker.count())
	}
	p.fabrikam.set(func(f *fabrikam) {
		f.before = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
	})
	p.wants(p.ask(amy)[amy], availability.PartnerFailed)
	if p.broker.count() != 2 {
		t.Errorf("a fresh token was replaced: %d", p.broker.count())
	}
}

// TestKeyChanged: a token is used with the key it was asked for with, as long as
// it holds.
func TestKeyChanged(t *testing.T) {
	p := newPair(t)
	const amy = "amy@fabrikam.example"
	p.wants(p.ask(amy)[amy], "")
	p.broker.set(func(b *broker) { b.old[thumbprint(b.signer)], b.signer = b.signer, p256() })
	p.wants(p.ask(amy)[amy], "")
	p.broker.set(func(b *broker) { b.old = map[string]*ecdsa.PrivateKey{} })
	p.wants(p.ask(amy)[amy], availability.PartnerFailed)
}

// TestNotRecorded: what could not be recorded is not answered.
func TestNotRecorded(t *testing.T) {
	p := newPair(t)
	p.records.err = entente.Errorf(entente.Unavailable, "the audit log is not available")
	if a := p.ask("amy@fabrikam.example")["amy@fabrikam.example"]; a.Err == nil || a.Busy != nil {
		t.Errorf("%+v", a)
	}
}

// TestBreaker: a partner that does not answer is left alone for a while, and
// asked again by one question.
func TestBreaker(t *testing.T) {
	p := newPair(t)
	const amy = "amy@fabrikam.example"
	down, asked := true, 0
	p.fabrikam.set(func(f *fabrikam) {
		f.before = func(w http.ResponseWriter, _ *http.Request) bool {
			asked++
			if down {
				w.WriteHeader(http.StatusBadGateway)
			}
			return down
		}
	})
	for range 5 {
		p.wants(p.ask(amy)[amy], availability.PartnerFailed)
	}
	if asked != maxFailures || p.Status()[0].State != StateOpen {
		t.Errorf("asked %d times, %+v", asked, p.Status())
	}
	p.clock.pass(firstPause)
	p.wants(p.ask(amy)[amy], availability.PartnerFailed)
	p.wants(p.ask(amy)[amy], availability.PartnerFailed)
	if asked != maxFailures+1 {
		t.Errorf("asked %d times", asked)
	}
	p.clock.pass(2 * firstPause)
	p.fabrikam.set(func(*fabrikam) { down = false })
	p.wants(p.ask(amy)[amy], "")
	p.wants(p.ask(amy)[amy], "")
	if s := p.Status()[0]; s.State != StateClosed || s.Tokens != 1 {
		t.Errorf("%+v", s)
	}
}

// TestBrokerDown: tokens that are kept work until they end, then there is an
// error that says why, and it recovers by itself.
func TestBrokerDown(t *testing.T) {
	p := newPair(t)
	const amy = "amy@fabrikam.example"
	p.wants(p.ask(amy)[amy], "")
	p.broker.set(func(b *broker) {
		b.err = entente.Errorf(entente.Unavailable, "the broker does not answer").Because(federation.BrokerUnavailable)
	})
	for range 59 {
		p.clock.pass(time.Minute)
		p.wants(p.ask(amy)[amy], "")
	}
	p.clock.pass(time.Minute)
	a := p.ask(amy)[amy]
	p.wants(a, availability.NoDelegationToken)
	if s := p.Status()[0]; s.State != StateClosed {
		t.Errorf("fabrikam has to pay for it: %+v", s)
	}
	p.broker.set(func(b *broker) { b.err = nil })
	p.clock.pass(longestPause)
	p.wants(p.ask(amy)[amy], "")
	p.broker.set(func(b *broker) {
		b.err = entente.Errorf(entente.Denied, "fabrikam is not active").Because(federation.BrokerRefused)
	})
	p.clock.pass(2 * time.Hour)
	a = p.ask(amy)[amy]
	p.wants(a, availability.NoDelegationToken)
	if !contains(a.Err, "fabrikam is not active") {
		t.Errorf("%v", a.Err)
	}
}

// TestProxyFailed has the words for what can go wrong on the way.
func TestProxyFailed(t *testing.T) {
	test := func(err error, reason entente.Reason, want string) {
		t.Helper()
		got := proxyFailed(err)
		var e *entente.Error
		if !errors.As(got, &e) || e.Reason != reason || !strings.Contains(e.Text, want) {
			t.Errorf("%v", got)
		}
	}
	test(&net.DNSError{Err: "no such host", Name: "x"}, availability.PartnerFailed, "the remote name could not be resolved")
	test(&ewsclient.Status{Code: 403}, availability.PartnerFailed, "HTTP 403")
	test(context.DeadlineExceeded, availability.PartnerTimedOut, "timed out")
	test(errors.New("dial tcp 10.1.2.3:443"), availability.PartnerFailed, "the connection failed")
	var e *entente.Error
	if errors.As(shown(errors.New("dial tcp 10.1.2.3:443"), "a@b.example"), &e); strings.Contains(e.Text, "10.1") {
		t.Error("an address inside is shown")
	}
}
