package admin

import (
	"context"

	"entente"
	"entente/access"
	"entente/relay"
)

// A Relay is this node's side of a relay, as the verbs need it. NotFound if it
// has none.
type Relay interface {
	// Key returns the key that the other side pins, made if there is none.
	Key() (string, error)
	Status(ctx context.Context) (relay.Status, error)
	// Test asks the other side whether it answers and, if who is given, when that
	// person is free, as the account as would.
	Test(ctx context.Context, who entente.SMTPAddress, as access.Principal) ([]relay.Trial, error)
	// ForgetAlarm follows a peer's audit log anew.
	ForgetAlarm(ctx context.Context, peer string) error
}

// RelayKey is a key for the other side to pin.
type RelayKey struct {
	Key string `json:"key"`
}

// RelayKey shows the key of this side.
func (a *API) RelayKey(context.Context, Nothing) (RelayKey, error) {
	key, err := a.Relay.Key()
	return RelayKey{key}, err
}

// RelayStatus shows how the relay stands.
func (a *API) RelayStatus(ctx context.Context, _ Nothing) (relay.Status, error) {
	return a.Relay.Status(ctx)
}

// TestRelay asks for a trial.
type TestRelay struct {
	About string `json:"about,omitempty" arg:"" optional:"" help:"Address of somebody inside to ask about, on the outer side."`
	As    string `json:"as,omitempty" help:"Account here in whose name to ask; it is recorded as such."`
}

// TestRelay asks the other side, and about somebody if he is named.
func (a *API) TestRelay(ctx context.Context, q TestRelay) ([]relay.Trial, error) {
	if q.About == "" {
		return a.Relay.Test(ctx, "", access.Principal{})
	}
	about, err := entente.ParseSMTPAddress(q.About)
	if err != nil {
		return nil, err
	}
	if q.As == "" {
		return nil, entente.Errorf(entente.Invalid, "say in whose name to ask: --as ACCOUNT")
	}
	as, err := a.account(ctx, q.As)
	if err != nil {
		return nil, err
	}
	var trials []relay.Trial
	err = a.recorded(ctx, "relay.test", []string{string(as.UPN), string(about)}, func() error {
		trials, err = a.Relay.Test(ctx, about, as.Principal)
		return err
	})
	return trials, err
}

// RelayPeer names the other side of a relay.
type RelayPeer struct {
	Peer string `json:"peer" arg:"" help:"Name of the peer, as in the configuration."`
}

// ForgetRelayAlarm follows a peer's audit log anew from what it shows next.
func (a *API) ForgetRelayAlarm(ctx context.Context, q RelayPeer) (Done, error) {
	err := a.recorded(ctx, "relay.forget", []string{q.Peer}, func() error { return a.Relay.ForgetAlarm(ctx, q.Peer) })
	return Done{"the audit log of " + q.Peer + " is followed anew"}, err
}
