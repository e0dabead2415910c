package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"entente"
)

// A Binder knows the passwords of accounts that come from another directory:
// *ldap.Client is one. Errors are *entente.Error: Denied for a wrong password or
// an account that it does not have, Unavailable where it could not find out.
type Binder interface {
	CheckPassword(ctx context.Context, a *Account, password entente.Secret) error
}

const (
	// boundFor is how long a password that another directory found right counts
	// without asking again: its change there is not heard of. (threats K4)
	boundFor = 5 * time.Minute
	// refusalTick is what the time of a refused bind is rounded up to: a directory
	// takes some milliseconds more for the password of somebody whom it has.
	refusalTick = 50 * time.Millisecond
	// maxBinds is how many questions to the other directory are under way.
	maxBinds = 32
)

// bound is the Binder with its places.
type bound struct {
	Binder
	places chan struct{}
}

// BindBy has accounts that have no password here sign in with the one that they
// have in the directory they came from. It is to be called before anybody signs
// in.
func (d *Directory) BindBy(b Binder) {
	d.binder.Store(&bound{b, make(chan struct{}, maxBinds)})
}

// bind is ask, at whose refusals nobody can tell by the time what was refused.
func (d *Directory) bind(ctx context.Context, t *try) (right bool, err error) {
	b := d.binder.Load()
	if b == nil {
		return false, nil
	}
	start := time.Now()
	if right, err = d.ask(ctx, b, t); right || err != nil {
		return right, err
	}
	rest := time.NewTimer(refusalTick - time.Since(start)%refusalTick)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
	return false, nil
}

// ask asks the other directory, for an account that has no password here. For
// whom nothing can be found out there, who is unknown, disabled or has a password
// here that was not this, it is asked all the same, about nobody: what it takes
// is no sign of who exists. (threats E6)
func (d *Directory) ask(ctx context.Context, b *bound, t *try) (right bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	select {
	case b.places <- struct{}{}:
		defer func() { <-b.places }()
	case <-ctx.Done():
		return false, busy()
	}
	who := &Account{}
	ask := t.known && t.enabled && !t.has
	if ask {
		if who, err = d.Account(ctx, t.account.SID); err != nil {
			return false, err
		}
	} else if _, err := rand.Read(who.GUID[:]); err != nil {
		return false, err
	}
	err = b.CheckPassword(ctx, who, t.password)
	var e *entente.Error
	switch {
	case err == nil:
		t.bound = ask
		return ask, nil
	case errors.As(err, &e) && e.Kind == entente.Denied, t.has:
		// A wrong password for one that is kept here was found out, whether or not
		// the other directory answers.
		return false, nil
	}
	return false, err
}
