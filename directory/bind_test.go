package directory

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"entente"
	"entente/access"
	"entente/db/dbtest"
)

// other is another directory, which knows passwords by the GUID of accounts.
type other struct {
	mu        sync.Mutex
	passwords map[GUID]string
	down      bool
	asked     int
}

func (o *other) CheckPassword(_ context.Context, a *Account, password entente.Secret) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	if o.down {
		return entente.Errorf(entente.Unavailable, "the directory does not answer")
	}
	if right, ok := o.passwords[a.GUID]; !ok || right != password.Reveal() {
		return entente.Errorf(entente.Denied, "wrong user name or password").Because(WrongCredential)
	}
	return nil
}

func (o *other) questions() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.asked
	o.asked = 0
	return n
}

// TestBind: who has no password here signs in with that of the directory he came
// from, and nobody learns by what is asked who exists.
func TestBind(t *testing.T) {
	d := open(t, dbtest.SQLite(t))
	anna, bert, otto := person("anna"), person("bert"), person("otto")
	anna.GUID, bert.GUID, otto.GUID = GUID{1}, GUID{2}, GUID{3}
	otto.Enabled = false
	for _, a := range []*Account{anna, bert, otto} {
		create(t, d, a)
	}
	hash, err := d.HashPassword(t.Context(), entente.NewSecret("kept here"))
	must(t, err)
	change(t, d, func(c *Change) error { return c.SetPassword(bert.SID, hash) })
	o := &other{passwords: map[GUID]string{{1}: "anna there", {2}: "bert there", {3}: "otto there"}}

	source := 0
	try := func(name, password string) error {
		source++ // each from elsewhere, so that none is delayed
		_, err := d.CheckPassword(t.Context(), name+"@contoso.example", entente.NewSecret(password), time.Duration(source).String())
		return err
	}
	test := func(name, password string, kind entente.Kind, asked int) {
		t.Helper()
		err := try(name, password)
		var e *entente.Error
		switch {
		case kind == 0 && err != nil, kind != 0 && (!errors.As(err, &e) || e.Kind != kind):
			t.Errorf("%s with %q: %v", name, password, err)
		case kind == entente.Denied && err.Error() != refused().Error():
			t.Errorf("%s with %q: it says %v", name, password, err)
		}
		if n := o.questions(); n != asked {
			t.Errorf("%s with %q: the other directory was asked %d times, want %d", name, password, n, asked)
		}
	}
	test("anna", "anna there", entente.Denied, 0) // nobody is asked yet
	d.BindBy(o)
	test("anna", "anna there", 0, 1)
	test("anna", "anna there", 0, 0) // kept
	test("anna", "wrong", entente.Denied, 1)
	test("anna", "", entente.Denied, 0)
	test("otto", "otto there", entente.Denied, 1) // disabled here
	test("nobody", "anna there", entente.Denied, 1)
	test("bert", "kept here", 0, 0)
	test("bert", "bert there", entente.Denied, 1) // whose password is kept here has no other

	o.down = true
	test("anna", "another", entente.Unavailable, 1)
	test("nobody", "another", entente.Unavailable, 1)
	test("otto", "another", entente.Unavailable, 1)
	test("bert", "another", entente.Denied, 1) // found out here
	test("bert", "kept here", 0, 0)
	test("anna", "anna there", 0, 0) // kept for a while
	change(t, d, func(c *Change) error {
		return c.SetAccount(anna.SID, func(a *Account) error { a.Enabled = false; return nil })
	})
	o.down = false
	test("anna", "anna there", entente.Denied, 1) // and at once no more
}

// TestBoundForAWhile: what another directory found right is asked about again.
func TestBoundForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		asked := 0
		sign := func(password string) error {
			tr := &try{known: true, account: access.Account{Enabled: true}, password: entente.NewSecret(password), place: place{"anna", "192.0.2.0/24"}}
			tr.digest = d.digest("S-1-5-21-1-1-1", tr)
			tr.bind = func(context.Context) (bool, error) {
				asked++
				tr.bound = true
				return password == "right", nil
			}
			return d.check(t.Context(), tr, func() (bool, error) { return false, nil })
		}
		must(t, sign("right"))
		time.Sleep(boundFor - time.Second)
		must(t, sign("right"))
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
		time.Sleep(2 * time.Second)
		must(t, sign("right"))
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
		for range freeFailures + 1 {
			_ = sign("wrong" + time.Now().String())
			time.Sleep(time.Millisecond)
		}
		before := asked
		if err := sign("right"); err == nil || asked != before {
			t.Errorf("who guesses is not delayed: %v", err)
		}
	})
}
