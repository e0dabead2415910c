package kerberos

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/kerberos/kdctest"
)

// TestOnePair is a thousand who want the same ticket first: the account signs in
// once, and one S4U pair is asked for; then nothing is, for as long as it is
// good.
func TestOnePair(t *testing.T) {
	eachRealm(t, func(t *testing.T, l *lab) {
		d := l.delegator(t, "gw", func(c *DelegatorConfig) { c.Negative = time.Hour })
		alice, bob := l.user(t, "alice"), l.user(t, "bob")
		want := int64(0)
		for i, u := range []User{alice, bob, alice, bob} {
			var wg sync.WaitGroup
			got := make([]*Ticket, 1000)
			for i := range got {
				wg.Go(func() {
					var err error
					if got[i], err = d.For(t.Context(), u, l.spn("cas")); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, ticket := range got {
				if ticket != got[0] || ticket.Client.Name != u.Name {
					t.Fatal("they have different tickets")
				}
			}
			switch i {
			case 0:
				want += 3 // AS, S4U2Self, S4U2Proxy
			case 1:
				want += 2
			}
			if asked := l.asked.Load(); asked != want {
				t.Errorf("a thousand requests of %s: the KDC was asked %d times, want %d", u.Name, asked, want)
			}
		}
		if _, err := d.For(t.Context(), l.user(t, "nobody"), l.spn("cas")); reason(err) != NoSuchClient {
			t.Error(err)
		}
		asked := l.asked.Load()
		if _, err := d.For(t.Context(), l.user(t, "nobody"), l.spn("cas")); reason(err) != NoSuchClient || l.asked.Load() != asked {
			t.Errorf("a refusal is not kept: %v", err)
		}
		d.Flush(alice)
		if _, err := d.For(t.Context(), alice, l.spn("cas")); err != nil || l.asked.Load() != asked+2 {
			t.Errorf("after alice was forgotten the KDC was asked %d times, %v", l.asked.Load()-asked, err)
		}
		d.Flush(User{})
		if _, err := d.For(t.Context(), bob, l.spn("cas")); err != nil || l.asked.Load() != asked+5 {
			t.Errorf("after all were forgotten the KDC was asked %d times, %v", l.asked.Load()-asked, err)
		}
	})
}

// TestNoKDC stops the KDC: who has a ticket goes on, others are told that it is
// not their fault, and all is well when it is back.
func TestNoKDC(t *testing.T) {
	for _, kind := range realms {
		t.Run(kind.name, func(t *testing.T) {
			r := kind.own(t)
			l := newLab(t, r)
			d := l.delegator(t, "gw")
			alice, bob := l.user(t, "alice"), l.user(t, "bob")
			if _, err := d.For(t.Context(), alice, l.spn("cas")); err != nil {
				t.Fatal(err)
			}
			r.Stop(t)
			if _, err := d.For(t.Context(), alice, l.spn("cas")); err != nil {
				t.Error(err)
			}
			for range 2 {
				if _, err := d.For(t.Context(), bob, l.spn("cas")); !unavailable(err, KDCUnreachable) {
					t.Error(err)
				}
			}
			r.Start(t)
			if err := within(time.Minute, func() error {
				_, err := d.For(t.Context(), bob, l.spn("cas"))
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

func unavailable(err error, want entente.Reason) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == entente.Unavailable && e.Reason == want
}

// within repeats f until it succeeds or time is up: for what other processes do.
func within(limit time.Duration, f func() error) error {
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if err := f(); err == nil || time.Since(began) > limit {
			return err
		}
	}
}

// TestFailover has a KDC that is not there, and one that accepts and is silent,
// before the one that answers: both are asked once, and then last.
func TestFailover(t *testing.T) {
	own := kdctest.NewHeimdal(t)
	l := newLab(t, kdctest.Heimdal(t))
	var mu sync.Mutex
	var asked, told []string
	d := l.delegator(t, "gw", func(c *DelegatorConfig) {
		c.KDCs = nil
		c.Lookup = func(context.Context, string) ([]string, error) {
			return []string{"127.88.0.255:88", own.KDC, l.KDC}, nil
		}
		dial := c.Dial
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, address)
			return dial(ctx, network, address)
		}
		c.Told = func(event string, err error) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, event+" "+err.Error())
		}
	})
	own.Pause(t)
	if _, err := d.For(t.Context(), l.user(t, "alice"), l.spn("cas")); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	// The first exchange tries all three, the two others the good one first, and on
	// a machine where that takes its time the others behind it.
	bad := []string{"127.88.0.255:88", own.KDC}
	if len(asked) < 5 || !slices.Equal(asked[:3], append(bad[:2:2], l.KDC)) || asked[3] != l.KDC {
		t.Fatalf("asked %q", asked)
	}
	exchanges, behind := 0, 0
	for _, address := range asked[3:] {
		switch {
		case address == l.KDC:
			exchanges, behind = exchanges+1, 0
		case behind < len(bad) && address == bad[behind]:
			behind++
		default:
			t.Errorf("asked %q", asked)
		}
	}
	if exchanges != 2 {
		t.Errorf("asked %q", asked)
	}
	if len(told) < 2 || !strings.Contains(told[0], "127.88.0.255") || !strings.Contains(told[1], own.KDC) {
		t.Errorf("told %q", told)
	}
}

// TestClock is a clock that is wrong: no KDC takes what it says, and whose
// fault that is is told.
func TestClock(t *testing.T) {
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		eachRealm(t, func(t *testing.T, l *lab) {
			var told []string
			d := l.delegator(t, "gw", func(c *DelegatorConfig) {
				c.Now = func() time.Time { return time.Now().Add(off) }
				c.Told = func(event string, err error) { told = append(told, event) }
			})
			if _, err := d.For(t.Context(), l.user(t, "alice"), l.spn("cas")); !unavailable(err, ClockSkew) {
				t.Error(err)
			}
			said, err := d.SignIn(t.Context())
			if !unavailable(err, ClockSkew) || (said.Skew+off).Abs() > time.Minute || said.KDC != l.KDC {
				t.Errorf("%+v, %v", said, err)
			}
			if !slices.Contains(told, EventClock) {
				t.Errorf("told %q", told)
			}
		})
	}
}

// TestKeytab changes the account's password, so that the keytab's key is not its
// any more: the wrong key is shown once, and not again until the file changes.
func TestKeytab(t *testing.T) {
	for _, kind := range realms {
		t.Run(kind.name, func(t *testing.T) {
			r := kind.own(t)
			l := newLab(t, r)
			d := l.delegator(t, "gw")
			said, err := d.SignIn(t.Context())
			if err != nil || said.Etype != "aes256-cts-hmac-sha1-96" || said.Skew.Abs() > time.Minute {
				t.Fatalf("%+v, %v", said, err)
			}
			alice, bob := l.user(t, "alice"), l.user(t, "bob")
			r.SetPassword(t, r.Service("gw"), "Another-Pass!2")
			for range 3 {
				if _, err := d.For(t.Context(), alice, l.spn("cas")); !unavailable(err, WrongKey) {
					t.Error(err)
				}
			}
			if asked := l.asked.Load(); asked > 3 { // SignIn, and once or twice since
				t.Errorf("a wrong key was shown %d times", asked-1)
			}
			l.keytab = readKeytab(t, r.Export(t, r.Service("gw")))
			if _, err := d.For(t.Context(), alice, l.spn("cas")); err != nil {
				t.Error(err)
			}
			if now, err := d.SignIn(t.Context()); err != nil || now.Version <= said.Version {
				t.Errorf("%+v after %+v, %v", now, said, err)
			}
			for _, none := range []*Keytab{{}, nil} {
				l.keytab = none
				d.Flush(User{})
				if _, err := d.For(t.Context(), bob, l.spn("cas")); !unavailable(err, NoKey) {
					t.Error(err)
				}
			}
		})
	}
}

// TestDisabled disables a user who has a ticket: the next one that is asked for
// is refused.
func TestDisabled(t *testing.T) {
	for _, kind := range realms {
		t.Run(kind.name, func(t *testing.T) {
			r := kind.own(t)
			l := newLab(t, r)
			d := l.delegator(t, "gw")
			alice := l.user(t, "alice")
			if _, err := d.For(t.Context(), alice, l.spn("cas")); err != nil {
				t.Fatal(err)
			}
			r.Disable(t, "alice")
			d.Flush(alice)
			if _, err := d.For(t.Context(), alice, l.spn("cas")); reason(err) != ClientRevoked {
				t.Error(err)
			}
		})
	}
}

// A meddler stands between a delegator and its KDC and changes answers.
type meddler struct {
	kdc    string
	change atomic.Pointer[func(reply []byte) []byte]
}

// dial talks to the KDC with the framing taken away and put back.
func (m *meddler) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	kdc, err := (&net.Dialer{}).DialContext(ctx, network, m.kdc)
	if err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	go func() {
		defer func() { _ = theirs.Close(); _ = kdc.Close() }()
		request, err := frame(theirs)
		if err != nil {
			return
		}
		_, _ = kdc.Write(framed(request))
		reply, err := frame(kdc)
		if err != nil {
			return
		}
		out := framed(reply)
		if f := m.change.Load(); f != nil {
			out = (*f)(reply)
		}
		_, _ = theirs.Write(out)
	}()
	return ours, nil
}

func frame(r io.Reader) ([]byte, error) {
	h := make([]byte, 4)
	if _, err := io.ReadFull(r, h); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(h))
	_, err := io.ReadFull(r, b)
	return b, err
}

func framed(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }

// TestMeddler has answers changed, exchanged, cut and blown up on their way: none
// of them gives a ticket, and none is believed about a user.
func TestMeddler(t *testing.T) {
	l := newLab(t, kdctest.Heimdal(t))
	replace := func(old, with string) func([]byte) []byte {
		return func(b []byte) []byte { return framed([]byte(strings.ReplaceAll(string(b), old, with))) }
	}
	var recorded [][]byte
	cases := []struct {
		name   string
		change func(reply []byte) []byte
	}{
		{"another client", replace("alice", "carol")},
		{"another realm", replace("HEIM.TEST", "HEIM.TESU")},
		{"another service", replace("cas.heim", "mbx.heim")},
		{"an answer to another question", func(b []byte) []byte {
			if recorded = append(recorded, b); len(recorded) < 2 {
				return framed(b)
			}
			return framed(recorded[0])
		}},
		{"a bit of the ticket", func(b []byte) []byte { b[len(b)/2] ^= 1; return framed(b) }},
		{"a bit at the end", func(b []byte) []byte { b[len(b)-1] ^= 1; return framed(b) }},
		{"cut", func(b []byte) []byte { return framed(b[:len(b)-1]) }},
		{"longer", func(b []byte) []byte { return framed(append(b, 0)) }},
		{"nothing", func([]byte) []byte { return nil }},
		{"an empty one", func([]byte) []byte { return framed(nil) }},
		{"half", func(b []byte) []byte { return framed(b)[:len(b)/2] }},
		{"a length that nobody sends", func([]byte) []byte { return []byte{0x7f, 0xff, 0xff, 0xff} }},
		{"not Kerberos", func([]byte) []byte { return []byte("HTTP/1.1 200 OK\r\n\r\n") }},
	}
	for _, c := range cases {
		m := &meddler{kdc: l.KDC}
		d := l.delegator(t, "gw", func(conf *DelegatorConfig) { conf.Dial, conf.Told = m.dial, nil })
		if _, err := d.SignIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The account is signed in; what is changed is the answer about alice.
		if _, err := d.login.get(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.change.Store(&c.change)
		_, err := d.For(t.Context(), l.user(t, "alice"), l.spn("cas"))
		if !unavailable(err, KDCUnreachable) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestConfirmed changes what MIT's KDC says it understood of PA-S4U-X509-USER,
// and leaves the rest of its answer as it is.
func TestConfirmed(t *testing.T) {
	l := newLab(t, kdctest.MIT(t))
	first := func(old, with string) func([]byte) []byte {
		return func(b []byte) []byte {
			r, err := readReply(b, messageTGSRep)
			if err != nil || len(r.preauth) != 1 || r.preauth[0].kind != paS4UX509User {
				return framed(b) // of S4U2Proxy
			}
			return framed([]byte(strings.Replace(string(b), old, with, 1)))
		}
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		ok     bool
	}{
		"as it is":          {first("alice", "alice"), true},
		"another user":      {first("alice", "carol"), false},
		"another realm":     {first("MIT.TEST", "MIT.TESU"), false},
		"another checksum":  {first("\x02\x01\x10", "\x02\x01\x0f"), false},
		"another structure": {first("\x1b\x05alice", "\x04\x05alice"), false},
	} {
		m := &meddler{kdc: l.KDC}
		d := l.delegator(t, "gw", func(conf *DelegatorConfig) { conf.Dial, conf.Told = m.dial, nil })
		if _, err := d.login.get(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.change.Store(&c.change)
		if _, err := d.For(t.Context(), l.user(t, "alice"), l.spn("cas")); (err == nil) != c.ok || err != nil && !unavailable(err, KDCUnreachable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
