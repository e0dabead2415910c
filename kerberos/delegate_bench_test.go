package kerberos

import (
	"syscall"
	"testing"
	"time"

	"entente/kerberos/kdctest"
)

// BenchmarkNegotiate makes a token of a kept ticket of Active Directory, as the
// gateway does for each request.
func BenchmarkNegotiate(b *testing.B) {
	l := newLab(b, kdctest.Samba(b))
	ticket, err := l.delegator(b, "gw").For(b.Context(), l.user(b, "alice"), l.spn("cas"))
	if err != nil {
		b.Fatal(err)
	}
	now, bound := time.Now(), Bindings{EndPoint: make([]byte, 32)}
	for _, c := range []struct {
		name   string
		b      Bindings
		mutual bool
	}{{"plain", Bindings{}, false}, {"bound-mutual", bound, true}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			measure(b, func() error {
				_, _, err := ticket.Negotiate(now, c.b, c.mutual)
				return err
			})
		})
	}
}

// BenchmarkKept finds a ticket that is there.
func BenchmarkKept(b *testing.B) {
	l := newLab(b, kdctest.Heimdal(b))
	d, alice, spn := l.delegator(b, "gw"), l.user(b, "alice"), l.spn("cas")
	b.ReportAllocs()
	measure(b, func() error {
		_, err := d.For(b.Context(), alice, spn)
		return err
	})
}

// BenchmarkS4UPair asks a KDC for a ticket in a user's name. The KDC has the
// same cores; what is counted is this process' share.
func BenchmarkS4UPair(b *testing.B) {
	for _, kind := range realms {
		b.Run(kind.name, func(b *testing.B) {
			l := newLab(b, kind.shared(b))
			d, alice := l.delegator(b, "gw"), l.user(b, "alice")
			if _, err := d.For(b.Context(), alice, l.spn("cas")); err != nil {
				b.Fatal(err)
			}
			measure(b, func() error {
				d.Flush(alice)
				_, err := d.For(b.Context(), alice, l.spn("cas"))
				return err
			})
		})
	}
}

// measure runs f, and reports this process' time of processors beside the
// clock's.
func measure(b *testing.B, f func() error) {
	b.Helper()
	before, n := cpu(b), 0
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1e3/float64(n), "cpu-µs/op")
}

// cpu is the time that this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
