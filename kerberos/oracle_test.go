package kerberos_test

import (
	"fmt"
	"io"
	"log"
	"syscall"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	oraclekeytab "github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/service"
	"github.com/jcmturner/gokrb5/v8/spnego"

	"entente/kerberos"
	"entente/kerberos/enctype"
	"entente/kerberos/minttest"
)

// gokrb5 is another implementation of the accepting side. It says whether what
// minttest mints is what it should be, and what an acceptor costs otherwise.
func gokrb5(t testing.TB, services ...*minttest.Service) func(token []byte) error {
	t.Helper()
	kt := oraclekeytab.New()
	if err := kt.Unmarshal(minttest.Keytab(services...)); err != nil {
		t.Fatal(err)
	}
	s := spnego.SPNEGOService(kt, service.DecodePAC(true), service.Logger(log.New(io.Discard, "", 0)))
	return func(token []byte) error {
		var n spnego.SPNEGOToken
		if err := n.Unmarshal(token); err != nil {
			return err
		}
		ok, ctx, status := s.AcceptSecContext(&n)
		if status.Code != gssapi.StatusComplete {
			return status
		}
		if id, _ := ctx.Value(2).(*credentials.Credentials); !ok && id == nil {
			return fmt.Errorf("not accepted")
		}
		return nil
	}
}

// TestOracle: gokrb5 accepts what is minted, with a PAC, for keys of each type,
// and reads from it whom we read.
func TestOracle(t *testing.T) {
	now := time.Now()
	r := minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID)
	for i, e := range []enctype.Etype{enctype.AES128SHA1, enctype.AES256SHA1, enctype.RC4HMAC} {
		// Two tokens of a client of the same microsecond are one to its replay cache.
		now := now.Add(time.Duration(i) * time.Microsecond)
		s := r.Service(httpService).With(e, 3)
		if err := gokrb5(t, s)(s.Issue(now, anna()).Token(now, minttest.Request{})); err != nil {
			t.Errorf("%v: %v", e, err)
		}
	}
}

// groups is a ticket of somebody in so many groups.
func groups(n int) minttest.Ticket {
	t := anna()
	for i := range n - 4 {
		t.PAC.Groups = append(t.PAC.Groups, 2000+uint32(i))
	}
	return t
}

// BenchmarkAccept is what a token costs, in processor time of the process,
// collection of garbage included: ours and gokrb5's, in turns, of the same
// tickets. Tokens are made meanwhile and not counted.
func BenchmarkAccept(b *testing.B) {
	for _, c := range []struct {
		name   string
		ticket minttest.Ticket
	}{
		{"no PAC", minttest.Ticket{Client: "anna"}},
		{"5 groups", groups(5)},
		{"100 groups", groups(100)},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID)
			s := r.Service(httpService)
			mode := kerberos.PACRequired
			if c.ticket.PAC == nil {
				mode = kerberos.PACNone
			}
			a := acceptor(b, kerberos.AcceptorConfig{Keytab: keytab(b, s), PAC: map[string]kerberos.PACMode{r.Name: mode}})
			oracle := gokrb5(b, s)
			ours := func(token []byte) error { _, _, err := a.Accept(token, kerberos.Bindings{}); return err }
			var spent [2]time.Duration
			const batch = 128
			n := 0
			for b.Loop() {
				now := time.Now()
				var tokens [batch][]byte
				for i := range tokens {
					tokens[i] = s.Issue(now, c.ticket).Token(now.Add(time.Duration(i)*time.Microsecond), minttest.Request{Mutual: true})
				}
				spent[0] += processor(b, tokens[:], ours)
				spent[1] += processor(b, tokens[:], oracle)
				n += batch
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(spent[0].Nanoseconds())/1000/float64(n), "µs/ours")
			b.ReportMetric(float64(spent[1].Nanoseconds())/1000/float64(n), "µs/gokrb5")
			b.ReportMetric(float64(spent[1])/float64(spent[0]), "times")
		})
	}
}

func processor(b *testing.B, tokens [][]byte, accept func([]byte) error) time.Duration {
	before := used(b)
	for _, t := range tokens {
		if err := accept(t); err != nil {
			b.Fatal(err)
		}
	}
	return used(b) - before
}

func used(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAcceptAlone is our acceptor by itself, for its allocations and for
// profiles.
func BenchmarkAcceptAlone(b *testing.B) {
	r := minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID)
	s := r.Service(httpService)
	a := acceptor(b, kerberos.AcceptorConfig{Keytab: keytab(b, s), PAC: map[string]kerberos.PACMode{r.Name: kerberos.PACRequired}})
	tokens := make([][]byte, 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(tokens) == 0 {
			b.StopTimer()
			now := time.Now()
			ticket := s.Issue(now, groups(5))
			for j := range tokens {
				tokens[j] = ticket.Token(now, minttest.Request{Mutual: true})
			}
			b.StartTimer()
		}
		if _, _, err := a.Accept(tokens[i%len(tokens)], kerberos.Bindings{}); err != nil {
			b.Fatal(err)
		}
	}
}
