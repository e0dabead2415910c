package partner

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/ews"
	"entente/ews/ewsclient"
	"entente/federation"
	"entente/federation/token"
	"entente/soap"
	"entente/strictxml"
)

// BenchmarkAsk is one question with a token that is kept: by TLS over loopback to
// a partner in the same process, whose work is in the figure, and without any
// network and partner, which is the work of the side that asks.
func BenchmarkAsk(b *testing.B) {
	b.Run("loopback", func(b *testing.B) {
		p := newPair(b)
		benchAsk(b, p)
	})
	b.Run("own side", func(b *testing.B) {
		p := newPair(b)
		p.Client.HTTP = &http.Client{Transport: canned(p)}
		benchAsk(b, p)
	})
}

func benchAsk(b *testing.B, p *pair) {
	b.ReportAllocs()
	who, of := as(anna), []entente.SMTPAddress{"amy@fabrikam.example"}
	q := availability.Request{Window: window, View: availability.DetailedMerged, Slot: 30 * time.Minute}
	for b.Loop() {
		out, err := p.Client.FreeBusy(b.Context(), who, of, q)
		if err != nil || out[of[0]].Err != nil {
			b.Fatal(err, out)
		}
		p.records.all = p.records.all[:0]
	}
}

// canned answers as fabrikam would.
type cannedTrip []byte

func canned(p *pair) cannedTrip {
	q := question([]entente.SMTPAddress{"amy@fabrikam.example"}, &availability.Request{Window: window, View: availability.DetailedMerged, Slot: 30 * time.Minute})
	e := strictxml.NewEncoder(nil)
	soap.Begin(e, soap.V11, ewsclient.Namespaces(), nil)
	ews.AppendResponse(e, p.fabrikam.usual(q))
	soap.End(e)
	return e.Bytes()
}

func (c cannedTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(c)), Request: r}, nil
}

// BenchmarkTokens is finding a token that is kept, among few and among very many.
func BenchmarkTokens(b *testing.B) {
	for _, size := range []struct{ partners, people int }{{1, 1}, {10, 10}, {100, 100}} {
		b.Run(fmt.Sprintf("%d partners, %d tokens", size.partners, size.partners*size.people), func(b *testing.B) {
			c, _ := newMint(0)
			c.tokens.follow(c.mark())
			var targets []string
			for i := range size.partners {
				targets = append(targets, fmt.Sprintf("FYDIBOHF25SPDLT.p%d.example", i))
				for n := range size.people {
					c.tokens.keep(keyOf(person(n), targets[i], token.FreeBusy), &held{
						Granted: &federation.Granted{Target: targets[i], Expires: time.Now().Add(time.Hour)}, since: time.Now(),
					})
				}
			}
			var people []token.Subject
			for n := range size.people {
				people = append(people, person(n))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				if _, err := c.tokens.get(b.Context(), people[i%len(people)], targets[i%len(targets)], token.FreeBusy); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRelationships is finding whom to ask, among few partners and many.
func BenchmarkRelationships(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := newPair(b)
			for i := 1; i < n; i++ {
				r := p.facts.Relationships[0]
				r.Name, r.Domains = fmt.Sprintf("p%d", i), []entente.Domain{entente.Domain(fmt.Sprintf("p%d.example", i))}
				p.facts.Relationships = append(p.facts.Relationships, r)
			}
			p.snapshot.Store(access.Compile(p.facts))
			for b.Loop() {
				if !p.Partner("amy@fabrikam.example") {
					b.Fatal("no partner")
				}
			}
		})
	}
}
