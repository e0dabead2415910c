package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

func TestNetwork(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		if got := network(in); got != want {
			t.Errorf("network of %s is %s, want %s", in, got, want)
		}
	}
	test("192.0.2.77", "192.0.2.0/24")
	test("::ffff:192.0.2.77", "192.0.2.0/24")
	test("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")
	test("fe80::1%eth0", "fe80::/64")
	test("@", "@")
	test("", "")
}

func TestDelay(t *testing.T) {
	test := func(n int, want time.Duration) {
		t.Helper()
		if got := delay(n); got != want {
			t.Errorf("after %d failures %v, want %v", n, got, want)
		}
	}
	test(1, 0)
	test(3, 0)
	test(4, time.Second)
	test(5, 2*time.Second)
	test(13, 512*time.Second)
	test(14, 15*time.Minute)
	test(1<<30, 15*time.Minute)
}

// desk is a signIn whose passwords are checked by the test.
type desk struct {
	t *testing.T
	*signIn
	right  string
	hashes atomic.Int32
	takes  time.Duration
}

func newDesk(t *testing.T) *desk {
	s, err := newSignIn()
	must(t, err)
	return &desk{t: t, signIn: s, right: "right"}
}

// as tries a password for anna, or for whom else is named, from an address.
func (d *desk) as(who, source, password string) entente.Reason {
	tr := &try{known: true, password: entente.NewSecret(password), place: place{who, network(source)}}
	tr.account.Enabled = true
	tr.digest = d.digest("S-1-5-21-1-1-1", tr)
	err := d.check(context.Background(), tr, func() (bool, error) {
		d.hashes.Add(1)
		time.Sleep(d.takes) // in the bubble's time
		return password == d.right, nil
	})
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func (d *desk) wants(got, want entente.Reason) {
	d.t.Helper()
	if got != want {
		d.t.Errorf("got %q, want %q", got, want)
	}
}

// TestGuessing: guesses from one network are delayed, ever longer; the owner
// signs in from elsewhere all the while.
func TestGuessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		guess := 0
		wrong := func() entente.Reason { guess++; return d.as("anna", "192.0.2.1", fmt.Sprint("guess ", guess)) }
		for range freeFailures + 1 {
			d.wants(wrong(), WrongCredential)
		}
		d.wants(wrong(), SignInDelayed)
		d.wants(d.as("anna", "192.0.2.200", "right"), SignInDelayed) // the same /24
		d.wants(d.as("anna", "198.51.100.7", "right"), "")
		d.wants(d.as("bruno", "192.0.2.1", "right"), "") // another account

		time.Sleep(time.Second)
		d.wants(wrong(), WrongCredential)
		time.Sleep(time.Second)
		d.wants(wrong(), SignInDelayed) // two seconds by now
		for range 20 {
			time.Sleep(maxDelay)
			d.wants(wrong(), WrongCredential)
		}
		time.Sleep(maxDelay)
		d.wants(d.as("anna", "192.0.2.1", "right"), "") // never locked
		d.wants(wrong(), WrongCredential)               // and forgotten
		d.wants(wrong(), WrongCredential)
	})
}

// TestCacheIsNoOracle: who is being delayed cannot find out by it which
// password somebody else has just used.
func TestCacheIsNoOracle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.wants(d.as("anna", "198.51.100.7", "right"), "")
		for i := range freeFailures + 1 {
			d.wants(d.as("anna", "192.0.2.1", fmt.Sprint(i)), WrongCredential)
		}
		d.wants(d.as("anna", "192.0.2.1", "right"), SignInDelayed)
	})
}

func TestProvenIsNotHashedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for range 100 {
			d.wants(d.as("anna", "192.0.2.1", "right"), "")
		}
		if n := d.hashes.Load(); n != 1 {
			t.Error(n, "hashes")
		}
		time.Sleep(provenFor)
		d.wants(d.as("anna", "192.0.2.1", "right"), "")
		if n := d.hashes.Load(); n != 2 {
			t.Error(n, "hashes after the time")
		}
	})
}

// TestOldPasswordOfAPhone: a client that repeats one wrong password is refused
// each time, at no cost, and does not keep its owner's network out.
func TestOldPasswordOfAPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		for range 100 {
			d.wants(d.as("anna", "192.0.2.1", "old"), WrongCredential)
		}
		if n := d.hashes.Load(); n != 1 {
			t.Error(n, "hashes")
		}
		d.wants(d.as("anna", "192.0.2.1", "right"), "")
	})
}

// TestManyConnectionsAtOnce: the same credentials at once are one hash, not a
// series of failures.
func TestManyConnectionsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.takes = 30 * time.Millisecond
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { d.wants(d.as("anna", "192.0.2.1", "right"), "") })
		}
		wg.Wait()
		if n := d.hashes.Load(); n != 1 {
			t.Error(n, "hashes")
		}
	})
}

// TestParallelGuesses: guesses that come at once are as many as one after the
// other.
func TestParallelGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.takes = 30 * time.Millisecond
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() { d.as("anna", "192.0.2.1", fmt.Sprint(i)) })
		}
		wg.Wait()
		if n := d.hashes.Load(); n != freeFailures+1 {
			t.Error(n, "guesses were heard")
		}
	})
}

// TestQueue: beyond the slots tries wait their turn, not longer than they
// should, and no more than fit; who is known gets in while strangers queue.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.wants(d.as("anna", "192.0.2.1", "right"), "")
		d.takes = time.Second
		reasons := make([]entente.Reason, 300)
		var wg sync.WaitGroup
		for i := range reasons {
			wg.Go(func() { reasons[i] = d.as(fmt.Sprint("user", i), "192.0.2.1", "right") })
		}
		synctest.Wait()
		d.wants(d.as("anna", "192.0.2.1", "right"), "") // from the cache
		wg.Wait()
		busy := 0
		for _, r := range reasons {
			if r == SignInBusy {
				busy++
			}
		}
		// All slots are taken again each second, until three have passed.
		if heard, n := len(reasons)-busy, cap(d.strangers); heard < 3*n || heard > 4*n {
			t.Error(heard, "of 300 were heard with", n, "slots")
		}
		// Who was turned away for want of room has not failed.
		d.wants(d.as("user299", "192.0.2.1", "wrong"), WrongCredential)
	})
}

// TestFloodLeavesRoom: while strangers hold all slots they can get and more of
// them wait, who has signed in from there before is heard at once.
func TestFloodLeavesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		if cap(d.slots) == cap(d.strangers) {
			t.Skip("on one processor there is one slot, for all")
		}
		d.wants(d.as("anna", "192.0.2.1", "right"), "")
		time.Sleep(provenFor) // the password must be hashed again
		d.takes = time.Second
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() { d.as(fmt.Sprint("user", i), "198.51.100.1", "wrong") })
		}
		synctest.Wait()
		start := time.Now()
		d.wants(d.as("anna", "192.0.2.1", "right"), "")
		if took := time.Since(start); took != d.takes {
			t.Error("waited", took-d.takes)
		}
		wg.Wait()
	})
}

func TestMemoryIsBounded(t *testing.T) {
	d := newDesk(t)
	for i := range maxPlaces + 1000 {
		d.mu.Lock()
		d.count(place{fmt.Sprint(i), "n"}, time.Now())
		d.mu.Unlock()
		remember(d.proven, digest{byte(i), byte(i >> 8), byte(i >> 16)}, time.Now(), time.Now().Add(time.Hour))
	}
	if len(d.places) > maxPlaces || len(d.proven) > maxProven {
		t.Error(len(d.places), len(d.proven))
	}
}

// withPasswords makes accounts that can sign in, all with one password.
func withPasswords(t testing.TB, d *Directory, password string, all ...*Account) {
	t.Helper()
	create(t, d, all...)
	h, err := d.HashPassword(t.Context(), entente.NewSecret(password))
	must(t, err)
	must(t, d.Update(t.Context(), func(c *Change) error {
		for _, a := range all {
			if err := c.SetPassword(a.SID, h); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestCheckPassword(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		anna, gone, empty := person("anna"), person("gone"), person("empty")
		anna.UPN, gone.Enabled = "a.berg@contoso.example", false
		withPasswords(t, d, "right", anna, gone)
		create(t, d, empty)
		source := 0
		check := func(name, password string) error {
			source++
			p, err := d.CheckPassword(t.Context(), name, entente.NewSecret(password), fmt.Sprintf("192.0.%d.1", source))
			if err == nil && p != anna.Principal || err != nil && p != (access.Principal{}) {
				t.Errorf("%s is taken for %v", name, p)
			}
			return err
		}
		must(t, check("a.berg@contoso.example", "right"))
		must(t, check("A.Berg@Contoso.Example", "right"))
		must(t, check("anna@contoso.example", "right"))
		var texts []string
		for _, c := range [][2]string{
			{"anna@contoso.example", "wrong"},
			{"nobody@contoso.example", "right"},
			{"gone@contoso.example", "right"},
			{"empty@contoso.example", "right"},
			{"empty@contoso.example", ""},
			{"anna@contoso.example", ""},
			{"", "right"},
			{"anna@contoso.example", strings.Repeat("x", 5000)},
			{strings.Repeat("x", 5000), "right"},
			{"anna@contoso.example\x00", "right"},
		} {
			err := check(c[0], c[1])
			wants(t, err, entente.Denied, WrongCredential)
			texts = append(texts, fmt.Sprintf("%#v", err))
		}
		for _, s := range texts {
			if s != texts[0] {
				t.Error("strangers are told a difference:", s, texts[0])
			}
		}

		// A new password is in force at once, and the old one is not.
		h, err := d.HashPassword(t.Context(), entente.NewSecret("new"))
		must(t, err)
		must(t, d.Update(t.Context(), func(c *Change) error { return c.SetPassword(anna.SID, h) }))
		wants(t, check("anna@contoso.example", "right"), entente.Denied, WrongCredential)
		must(t, check("anna@contoso.example", "new"))
		// So is the disabling of an account whose password is remembered.
		must(t, d.Update(t.Context(), func(c *Change) error {
			return c.SetAccount(anna.SID, func(a *Account) error { a.Enabled = false; return nil })
		}))
		wants(t, check("anna@contoso.example", "new"), entente.Denied, WrongCredential)
	})
}

func TestCheckToken(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		portal, anna := person("portal"), person("anna")
		portal.Kind = access.KindService
		create(t, d, portal, anna)
		var secret entente.Secret
		var token Token
		must(t, d.Update(t.Context(), func(c *Change) (err error) {
			token, secret, err = c.CreateToken(portal.SID, "web-portal", time.Now().Add(time.Hour))
			return err
		}))
		who, app, err := d.CheckToken(t.Context(), secret, "192.0.2.1")
		if err != nil || who != portal.Principal || app != "web-portal" {
			t.Error(who, app, err)
		}
		refuse := func(s entente.Secret) {
			t.Helper()
			_, _, err := d.CheckToken(t.Context(), s, "192.0.2.1")
			wants(t, err, entente.Denied, WrongCredential)
		}
		refuse(entente.NewSecret(secret.Reveal() + "A"))
		refuse(entente.NewSecret(tokenPrefix))
		refuse(entente.NewSecret(""))
		if d.Update(t.Context(), func(c *Change) error {
			_, _, err := c.CreateToken(anna.SID, "x", time.Now().Add(time.Hour))
			return err
		}) == nil {
			t.Error("a person was given a token")
		}
		list, err := d.Tokens(t.Context(), portal.SID)
		must(t, err)
		if len(list) != 1 || list[0] != token {
			t.Error(list, token)
		}
		must(t, d.Update(t.Context(), func(c *Change) error {
			return c.SetAccount(portal.SID, func(a *Account) error { a.Enabled = false; return nil })
		}))
		refuse(secret)
		must(t, d.Update(t.Context(), func(c *Change) error { return c.RevokeToken(token.ID) }))
		refuse(secret)
	})
}

// TestTokenExpires with a clock that can be moved.
func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newState()
		a := person("portal").Account
		a.SID, a.Kind = "S-1-5-21-1-1-1-1000", access.KindService
		st.snapshot = access.Compile(access.Facts{Accounts: []access.Account{a}})
		text := tokenPrefix + "x"
		st.tokens = newShards(map[[32]byte]Token{sum(text): {ID: "1", Account: a.SID, Name: "app", Expires: time.Now().Add(time.Hour)}})
		d := &Directory{}
		d.now.Store(&st)
		_, _, err := d.CheckToken(t.Context(), entente.NewSecret(text), "")
		must(t, err)
		time.Sleep(time.Hour)
		_, _, err = d.CheckToken(t.Context(), entente.NewSecret(text), "")
		wants(t, err, entente.Denied, WrongCredential)
	})
}

func TestParseHash(t *testing.T) {
	const good = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"
	if _, err := parseHash(good); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"", "secret", "$argon2i$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		strings.Replace(good, "m=8", "m=99999999", 1), strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "t=1", "t=1000", 1),
		strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "p=1", "q=1", 1), strings.Replace(good, "v=19", "v=16", 1), good + "$", good[:30],
	} {
		if _, err := parseHash(PasswordHash(bad)); err == nil {
			t.Error("accepted:", bad)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parseHash(PasswordHash(s))
		if err == nil && (h.memory > 64*1024 || h.time == 0 || h.time > 10 || h.threads == 0 || len(h.sum) < 16) {
			t.Error(h)
		}
	})
}

// BenchmarkSignIn is a request's password, known already.
func BenchmarkSignIn(b *testing.B) {
	x := dbtest.SQLite(b)
	benchmarkSignIn(b, x)
}

func benchmarkSignIn(b *testing.B, x *db.DB) {
	d := open(b, x)
	withPasswords(b, d, "correct horse battery staple", person("anna"))
	password := entente.NewSecret("correct horse battery staple")
	for b.Loop() {
		if _, err := d.CheckPassword(b.Context(), "anna@contoso.example", password, "192.0.2.1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHashPassword(b *testing.B) {
	d := open(b, dbtest.SQLite(b))
	for b.Loop() {
		if _, err := d.HashPassword(b.Context(), entente.NewSecret("x")); err != nil {
			b.Fatal(err)
		}
	}
}
