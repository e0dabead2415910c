package admin

import (
	"context"
	"time"

	"entente"
	"entente/access"
	"entente/broker"
)

// A Broker is the trust broker that this server is, as the verbs need it.
type Broker interface {
	Show(ctx context.Context) (*broker.Status, error)
	Apps(ctx context.Context) ([]broker.AppSummary, error)
	App(ctx context.Context, id entente.AppID) (*broker.AppStatus, error)
	// Suspend stops an application or a domain, or lets it go on.
	Suspend(ctx context.Context, what string, yes bool, by access.Principal) error
	SetCompat(ctx context.Context, id entente.AppID, to string, by access.Principal) error
	CheckNow(ctx context.Context, name entente.Domain) ([]broker.DomainStatus, error)
	StartRollover(ctx context.Context) (time.Time, error)
}

func (a *API) broker() (Broker, error) {
	if a.Broker == nil {
		return nil, entente.Errorf(entente.NotFound, "this server is no trust broker")
	}
	return a.Broker, nil
}

// ShowBroker shows how the broker stands.
func (a *API) ShowBroker(ctx context.Context, _ Nothing) (broker.Status, error) {
	b, err := a.broker()
	if err != nil {
		return broker.Status{}, err
	}
	s, err := b.Show(ctx)
	if err != nil {
		return broker.Status{}, err
	}
	return *s, nil
}

// BrokerApps lists the organizations that are registered.
func (a *API) BrokerApps(ctx context.Context, _ Nothing) ([]broker.AppSummary, error) {
	b, err := a.broker()
	if err != nil {
		return nil, err
	}
	return b.Apps(ctx)
}

// BrokerApp names an organization.
type BrokerApp struct {
	AppID string `json:"app_id" arg:"" name:"app-id" help:"AppID of the organization."`
}

// BrokerApp shows an organization with its certificates and domains.
func (a *API) BrokerApp(ctx context.Context, q BrokerApp) (broker.AppStatus, error) {
	b, err := a.broker()
	if err != nil {
		return broker.AppStatus{}, err
	}
	s, err := b.App(ctx, entente.AppID(q.AppID))
	if err != nil {
		return broker.AppStatus{}, err
	}
	return *s, nil
}

// BrokerSubject names an organization, or a domain of one.
type BrokerSubject struct {
	What string `json:"what" arg:"" help:"AppID of an organization, or a domain."`
}

// BrokerSuspend has no tokens issued for an organization or domain, nor about it.
func (a *API) BrokerSuspend(ctx context.Context, q BrokerSubject) (Done, error) {
	return a.brokerSuspend(ctx, "broker.suspend", q, true, " is suspended: no tokens are issued for it")
}

// BrokerResume takes that back.
func (a *API) BrokerResume(ctx context.Context, q BrokerSubject) (Done, error) {
	return a.brokerSuspend(ctx, "broker.resume", q, false, " is not suspended by an administrator any more")
}

func (a *API) brokerSuspend(ctx context.Context, action string, q BrokerSubject, yes bool, done string) (Done, error) {
	b, err := a.broker()
	if err != nil {
		return Done{}, err
	}
	err = a.recorded(ctx, action, []string{q.What}, func() error { return b.Suspend(ctx, q.What, yes, a.who.Principal) })
	return Done{q.What + done}, err
}

// BrokerCompat asks for what is accepted of an organization's software.
type BrokerCompat struct {
	AppID string `json:"app_id" arg:"" name:"app-id" help:"AppID of the organization."`
	To    string `json:"to" arg:"" enum:"on,off,legacy" help:"on: the bodies of its requests for tokens need not be signed, as Exchange's are not; legacy: and signatures may be by SHA-1; off: neither."`
}

// BrokerCompat says what of older software is accepted of an organization.
func (a *API) BrokerCompat(ctx context.Context, q BrokerCompat) (Done, error) {
	b, err := a.broker()
	if err != nil {
		return Done{}, err
	}
	err = a.recorded(ctx, "broker.compat", []string{q.AppID, q.To}, func() error {
		return b.SetCompat(ctx, entente.AppID(q.AppID), q.To, a.who.Principal)
	})
	return Done{"compat of " + q.AppID + " is " + q.To}, err
}

// BrokerDomain names a domain.
type BrokerDomain struct {
	Domain string `json:"domain" arg:"" help:"DNS name of the domain."`
}

// BrokerCheck looks for the proofs of a domain now.
func (a *API) BrokerCheck(ctx context.Context, q BrokerDomain) ([]broker.DomainStatus, error) {
	b, err := a.broker()
	if err != nil {
		return nil, err
	}
	name, err := entente.ParseDomain(q.Domain)
	if err != nil {
		return nil, err
	}
	return b.CheckNow(ctx, name)
}

// BrokerRollover makes the broker's next keys now.
func (a *API) BrokerRollover(ctx context.Context, _ Nothing) (Done, error) {
	b, err := a.broker()
	if err != nil {
		return Done{}, err
	}
	var at time.Time
	err = a.recorded(ctx, "broker.rollover", nil, func() error {
		at, err = b.StartRollover(ctx)
		return err
	})
	return Done{"new keys are published now and sign from " + at.UTC().Format(time.RFC3339)}, err
}
