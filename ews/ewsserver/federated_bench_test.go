package ewsserver

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"entente/access"
	"entente/ews"
	"entente/federation/fedtest"
	"entente/federation/token"
	"entente/soap"
)

// The same question about the same calendar of a week, by one of our own and by
// somebody of another organization whose token was opened before: what its own
// server does to sign a request is not counted.
func BenchmarkFederatedAvailability(b *testing.B) {
	h, people := benchHouse(b, 1)
	x := abroadOf(h)
	body := freeBusyOf("DetailedMerged", "2026-03-02T00:00:00", "2026-03-09T00:00:00", people...)
	h.share(people[0], access.Entry{Who: access.Default, Rights: access.LevelFreeBusyDetails})
	b.Run("local", func(b *testing.B) {
		request := func() *http.Request {
			r := httptest.NewRequest(http.MethodPost, host+"/EWS/Exchange.asmx", strings.NewReader(envelopeOf("", body)))
			r.Header.Set("Content-Type", "text/xml; charset=utf-8")
			h.authorize(r, "anna")
			return r
		}
		x.bench(b, request)
	})
	b.Run("JWT", func(b *testing.B) {
		jwt := x.fabrikam.JWT(x.fabrikam.Claims("fay", token.FreeBusy))
		x.bench(b, func() *http.Request { return signed(x.fabrikam, jwt, envelopeOf("", body)) })
	})
	b.Run("SAML", func(b *testing.B) {
		claims := x.fabrikam.Claims("fay", token.FreeBusy)
		claims.Proof = x.fabrikam.Secret()
		data := x.fabrikam.SAML(claims)
		x.bench(b, func() *http.Request {
			r, _ := possessed(x.fabrikam, data, claims.Proof, body)
			return r
		})
	})
	b.Run("SAML, pinned", func(b *testing.B) {
		claims := x.woodgrove.Claims("wim", token.FreeBusy)
		claims.Proof = x.woodgrove.Secret()
		data := x.woodgrove.SAML(claims)
		x.bench(b, func() *http.Request {
			r, text := possessed(x.woodgrove, data, claims.Proof, body)
			x.woodgrove.Sign(r, text)
			return r
		})
	})
}

// possessed is a request with a SAML token, signed with its secret.
func possessed(p *fedtest.Partner, data, secret []byte, body string) (r *http.Request, text []byte) {
	m := p.Message(host+keyPath, ews.NSMessages+"/GetUserAvailabilityRequest", data, body)
	m.Declare = []soap.Namespace{{Prefix: "t", URI: ews.NSTypes}, {Prefix: "m", URI: ews.NSMessages}}
	text = p.Possess(m, secret)
	r = httptest.NewRequest(http.MethodPost, host+keyPath, bytes.NewReader(text))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	return r, text
}

// bench serves requests, which are made while the clock stands still.
func (x *abroad) bench(b *testing.B, request func() *http.Request) {
	const batch = 500
	var ready []*http.Request
	b.ReportAllocs()
	for i := range b.N {
		if i%batch == 0 {
			b.StopTimer()
			ready = ready[:0]
			for range min(batch, b.N-i) {
				ready = append(ready, request())
			}
			b.StartTimer()
		}
		w := httptest.NewRecorder()
		x.ServeHTTP(w, ready[i%batch])
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Appointment") {
			b.Fatalf("%d %s", w.Code, w.Body)
		}
	}
}
