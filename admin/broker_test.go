package admin

import (
	"errors"
	"testing"
	"time"

	"entente"
	"entente/broker/brokertest"
)

// TestBrokerVerbs has the verbs of a broker on one without organizations, and on
// a server that is none.
func TestBrokerVerbs(t *testing.T) {
	o := open(t)
	kind := func(err error) entente.Kind {
		var e *entente.Error
		if !errors.As(err, &e) {
			t.Fatalf("got error %v", err)
		}
		return e.Kind
	}
	ctx := t.Context()
	if _, err := o.api.ShowBroker(ctx, Nothing{}); kind(err) != entente.NotFound {
		t.Errorf("without a broker: %v", err)
	}
	if _, err := o.api.BrokerSuspend(ctx, BrokerSubject{"contoso.example"}); kind(err) != entente.NotFound {
		t.Errorf("without a broker: %v", err)
	}
	o.api.Broker = brokertest.Open(t, time.Now).Broker
	s, err := o.api.ShowBroker(ctx, Nothing{})
	if err != nil || len(s.Keys) != 1 || s.Keys[0].Role != "current" || s.Apps != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if apps, err := o.api.BrokerApps(ctx, Nothing{}); err != nil || len(apps) != 0 {
		t.Errorf("%+v, %v", apps, err)
	}
	if _, err := o.api.BrokerApp(ctx, BrokerApp{"7FFFFFFFFFFFFFFF"}); kind(err) != entente.NotFound {
		t.Errorf("an application that there is not: %v", err)
	}
	if _, err := o.api.BrokerCheck(ctx, BrokerDomain{"contoso.example"}); kind(err) != entente.NotFound {
		t.Errorf("a domain that nobody has: %v", err)
	}
	if _, err := o.api.BrokerCheck(ctx, BrokerDomain{"contoso example"}); kind(err) != entente.Invalid {
		t.Errorf("no domain: %v", err)
	}
	o.audit.take()
	for _, verb := range []func() error{
		func() error { _, err := o.api.BrokerSuspend(ctx, BrokerSubject{"contoso.example"}); return err },
		func() error { _, err := o.api.BrokerResume(ctx, BrokerSubject{"7FFFFFFFFFFFFFFF"}); return err },
		func() error { _, err := o.api.BrokerCompat(ctx, BrokerCompat{"7FFFFFFFFFFFFFFF", "on"}); return err },
	} {
		if err := verb(); kind(err) != entente.NotFound {
			t.Errorf("got %v", err)
		}
	}
	if r := o.audit.take(); len(r) != 6 || r[0].Action != "admin.broker.suspend" || r[5].Code != "not-found" {
		t.Errorf("recorded: %+v", r)
	}
	if done, err := o.api.BrokerRollover(ctx, Nothing{}); err != nil || done.Done == "" {
		t.Errorf("%+v, %v", done, err)
	}
	if s, err := o.api.ShowBroker(ctx, Nothing{}); err != nil || len(s.Keys) != 2 || s.Keys[1].Role != "next" {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := o.api.BrokerRollover(ctx, Nothing{}); kind(err) != entente.Conflict {
		t.Errorf("again: %v", err)
	}
}
