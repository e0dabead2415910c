package federation

import (
	"testing"

	"entente"
	"entente/broker/brokertest"
	"entente/db/dbtest"
	"entente/federation/brokerapi"
)

// A world is a broker, and organizations that go by the same clock.
type world struct {
	*brokertest.Broker
	t     *testing.T
	clock *clock
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := newClock()
	return &world{brokertest.Open(t, c.Now), t, c}
}

// org makes an organization that does not federate yet.
func (w *world) org() *org {
	return newOrgAt(w.t, dbtest.SQLite(w.t), w.clock, w.Client)
}

// joined makes one with a trust, a namespace and domains; the first names it.
func (w *world) joined(domains ...entente.Domain) *org {
	w.t.Helper()
	return w.joinedBy(NewCertificate{}, domains...)
}

// joinedBy makes one with a certificate.
func (w *world) joinedBy(c NewCertificate, domains ...entente.Domain) *org {
	w.t.Helper()
	o := w.org()
	ctx := w.t.Context()
	thumb, err := o.MakeCertificate(ctx, c)
	must(w.t, err)
	_, err = o.CreateTrust(ctx, NewTrust{Name: "broker", Broker: w.URL, Thumbprint: thumb, Domain: domains[0], Contact: "admin@" + entente.SMTPAddress(domains[0])})
	must(w.t, err)
	for i, d := range domains {
		add := func() (brokerapi.DomainInfo, error) { return o.AddDomain(ctx, d) }
		if i == 0 {
			add = func() (brokerapi.DomainInfo, error) { return o.SetNamespace(ctx, string(d)) }
		}
		info, err := add()
		must(w.t, err)
		if info.State != brokerapi.Pending {
			w.t.Fatalf("%s is %s without a proof", d, info.State)
		}
		w.Zone.Set(brokerapi.ScopedLabel+string(d), info.Scoped)
		info, err = o.CheckDomain(ctx, d)
		must(w.t, err)
		if info.State != brokerapi.Active {
			w.t.Fatalf("%s is %s with its proof: %s", d, info.State, info.Problem)
		}
	}
	return o
}
