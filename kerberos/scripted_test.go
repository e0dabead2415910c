package kerberos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"entente"
	"entente/kerberos/enctype"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A scripted is KDCs that do what a test wants, for what real ones do once an
// hour or never. It runs on synctest's clock, and knows one account, svc-gw.
type scripted struct {
	mu      sync.Mutex
	keys    map[string]*enctype.Key // of the account, by kvno/etype
	tgt     *enctype.Key
	wants   enctype.Etype // in ETYPE-INFO2, with the error of a wrong key
	offset  time.Duration // of the KDC's clock
	say     map[string]int64
	silent  map[string]bool // addresses that never answer
	refuses map[string]bool // addresses where nobody is
	asked   []string        // "address AS kvno/etype" or "address TGS service"
	told    []string
	found   []string // by DNS
	dns     error
	looked  int
	weak    bool   // session keys
	instead []byte // of any answer
	keytab  *Keytab
}

func key(t testing.TB, e enctype.Etype) *enctype.Key {
	t.Helper()
	k, err := enctype.Generate(e)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const realmName = "CONTOSO.EXAMPLE"

// delegator has one KDC, and the account's key of kvno 1.
func (s *scripted) delegator(t testing.TB, kdcs ...string) *Delegator {
	t.Helper()
	s.keys, s.say, s.silent, s.refuses, s.keytab = map[string]*enctype.Key{}, map[string]int64{}, map[string]bool{}, map[string]bool{}, &Keytab{}
	s.tgt = key(t, enctype.AES256SHA1)
	s.add(t, 1, enctype.AES256SHA1, true, true)
	c := DelegatorConfig{
		Self: Principal{"svc-gw", realmName}, KDCs: kdcs, Dial: s.dial, Now: time.Now,
		Keytab: func() *Keytab { s.mu.Lock(); defer s.mu.Unlock(); return s.keytab },
		Told: func(event string, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.told = append(s.told, event+": "+err.Error())
		},
	}
	if len(kdcs) == 0 {
		c.Lookup = func(context.Context, string) ([]string, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.looked++
			return s.found, s.dns
		}
	}
	d, err := NewDelegator(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// add gives the account a key that the KDC has, or the keytab, or both.
func (s *scripted) add(t testing.TB, kvno uint32, e enctype.Etype, kdc, keytab bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key(t, e)
	if kdc {
		s.keys[fmt.Sprintf("%d/%d", kvno, e)] = k
	}
	if keytab {
		s.keytab = &Keytab{append(slices.Clone(s.keytab.entries), KeytabEntry{
			Principal: Principal{"svc-gw", realmName}, Version: kvno, Etype: int32(e), key: k,
		})}
	}
}

func (s *scripted) dial(_ context.Context, _, address string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuses[address] {
		s.asked = append(s.asked, address)
		return nil, errors.New("connection refused")
	}
	silent := s.silent[address]
	if silent {
		s.asked = append(s.asked, address)
	}
	ours, theirs := net.Pipe()
	go func() {
		defer func() { _ = theirs.Close() }()
		request, err := frame(theirs)
		if err != nil {
			return
		}
		if silent {
			_, _ = theirs.Read(make([]byte, 1)) // until the other gives up
			return
		}
		answer := s.answer(address, request)
		if s.instead != nil {
			answer = s.instead
		}
		_, _ = theirs.Write(framed(answer))
	}()
	return ours, nil
}

// answer reads a request as far as it has to.
func (s *scripted) answer(address string, b []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := b[0] & 0x1f
	var msg, outer, pas, body cryptobyte.String
	in := cryptobyte.String(b)
	if !wrapped(&in, &msg, application(kind), asn1.SEQUENCE) || !msg.SkipASN1(tagged(1)) || !msg.SkipASN1(tagged(2)) ||
		!msg.ReadASN1(&pas, tagged(3)) || !msg.ReadASN1(&outer, tagged(4)) || !outer.ReadASN1(&body, asn1.SEQUENCE) {
		panic("no request")
	}
	var all []preauth
	var service, client name
	var nonce int64
	if !readPreauth(pas, &all) || !body.SkipASN1(tagged(0)) || body.PeekASN1Tag(tagged(1)) && !readName(&body, 1, &client) ||
		!body.SkipASN1(tagged(2)) || !readName(&body, 3, &service) || !body.SkipASN1(tagged(5)) || !readInt(&body, 7, &nonce) {
		panic("no body")
	}
	g := granting{
		part:   replyPart{nonce: nonce, auth: time.Now().Add(s.offset), end: time.Now().Add(ticketLife), realm: realmName, service: service.String(), flags: flagForwardable},
		ticket: Principal{service.String(), realmName}, client: Principal{"svc-gw", realmName}, sealed: enctype.AES256SHA1,
		usage: usageTGSRep, key: s.tgt,
	}
	g.part.etype, g.part.session = int64(s.tgt.Etype()), s.tgt.Bytes()
	if s.weak {
		g.part.etype, g.part.session = int64(enctype.RC4HMAC), make([]byte, 16)
	}
	what := "TGS"
	if kind == messageASReq {
		what, g.usage = "AS", usageASRep
		var e encrypted
		var outer cryptobyte.Builder
		outer.AddASN1(tagged(9), func(b *cryptobyte.Builder) { b.AddBytes(all[0].value) })
		stamp := cryptobyte.String(outer.BytesOrPanic())
		if !readEncrypted(&stamp, 9, &e) {
			panic("no time")
		}
		shown := fmt.Sprintf("%d/%d", e.kvno, e.etype)
		s.asked = append(s.asked, address+" AS "+shown)
		g.key = s.keys[shown]
		if g.key == nil {
			return s.error(errPreauthFailed)
		}
		if _, err := g.key.Decrypt(nil, usageTimestamp, e.cipher); err != nil {
			return s.error(errPreauthFailed)
		}
	} else {
		s.asked = append(s.asked, address+" TGS "+service.String())
	}
	if code := s.say[what]; code != 0 {
		return s.error(code)
	}
	return g.reply(kind + 1)
}

func (s *scripted) error(code int64) []byte {
	var b cryptobyte.Builder
	b.AddASN1(application(messageError), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addInt(b, 0, krbVersion)
			addInt(b, 1, messageError)
			addTime(b, 4, time.Now().Add(s.offset))
			addInt(b, 5, 0)
			addInt(b, 6, code)
			addString(b, 9, realmName)
			addName(b, 10, nameService, "krbtgt/"+realmName)
			if s.wants != 0 {
				addOctets(b, 12, etypeInfo2(s.wants))
			}
		})
	})
	return b.BytesOrPanic()
}

func etypeInfo2(e enctype.Etype) []byte {
	var info, all cryptobyte.Builder
	info.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addInt(b, 0, int64(e)); addString(b, 1, "CONTOSO.EXAMPLEsvc-gw") })
	})
	addPreauth(&all, []preauth{{paETypeInfo2, info.BytesOrPanic()}})
	return all.BytesOrPanic()
}

// heard returns what was asked since, and forgets it.
func (s *scripted) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := strings.Join(s.asked, ", ")
	s.asked = nil
	return h
}

func (s *scripted) change(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }

// TestScripted is what KDCs do seldom, a case each.
func TestScripted(t *testing.T) {
	const kdc = "kdc1:88"
	ask := func(t *testing.T, d *Delegator, service entente.SPN) error {
		_, err := d.Own(t.Context(), service)
		return err
	}
	cases := []struct {
		name string
		kdcs []string
		f    func(t *testing.T, s *scripted, d *Delegator)
	}{
		{"the account's ticket is renewed in its last quarter, behind the scenes", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			for i, want := range []string{
				"kdc1:88 AS 1/18, kdc1:88 TGS HTTP/0", "kdc1:88 TGS HTTP/1", "kdc1:88 TGS HTTP/2",
			} {
				if err := ask(t, d, entente.SPN(fmt.Sprint("HTTP/", i))); err != nil || s.heard() != want {
					t.Error(i, err)
				}
				time.Sleep(3 * time.Hour)
			}
			// Nine hours have passed; the old one is good for another.
			if err := ask(t, d, "HTTP/3"); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if h := s.heard(); !strings.Contains(h, "AS 1/18") || !strings.Contains(h, "TGS HTTP/3") {
				t.Error(h)
			}
			time.Sleep(2 * time.Hour)
			if err := ask(t, d, "HTTP/4"); err != nil || s.heard() != "kdc1:88 TGS HTTP/4" {
				t.Error(err)
			}
		}},
		{"and is used although it cannot be renewed", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			_ = ask(t, d, "HTTP/0")
			s.change(func() { s.say["AS"] = errClientRevoked })
			time.Sleep(8 * time.Hour)
			for i := 1; i < 4; i++ {
				if err := ask(t, d, entente.SPN(fmt.Sprint("HTTP/", i))); err != nil {
					t.Error(err)
				}
				synctest.Wait()
			}
			if h := s.heard(); strings.Count(h, "AS") != 2 { // the first, and one that was refused
				t.Error(h)
			}
			time.Sleep(2 * time.Hour)
			if err := ask(t, d, "HTTP/9"); !unavailable(err, ClientRevoked) {
				t.Error(err)
			}
		}},
		{"two who want different tickets sign the account in once", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			var wg sync.WaitGroup
			for i := range 2*maxExchanges + 1 {
				wg.Go(func() {
					if err := ask(t, d, entente.SPN(fmt.Sprint("HTTP/", i))); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if h := s.heard(); strings.Count(h, "AS") != 1 || strings.Count(h, "TGS") != 2*maxExchanges+1 {
				t.Error(h)
			}
		}},
		{"an account that the realm does not take is told of", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { s.say["AS"], s.offset = errClientUnknown, 3*time.Minute })
			if err := ask(t, d, "HTTP/0"); !unavailable(err, NoSuchClient) {
				t.Error(err)
			}
			if said, err := d.SignIn(t.Context()); err == nil || said.Skew != 3*time.Minute || said.KDC != kdc || said.Etype != "" {
				t.Errorf("%+v", said)
			}
			if len(s.told) != 2 || !strings.HasPrefix(s.told[0], "clock: ") || !strings.HasPrefix(s.told[1], "account: ") {
				t.Errorf("%q", s.told)
			}
		}},
		{"what is no answer to a sign-in is none", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			other := granting{
				part:   replyPart{etype: 18, session: s.tgt.Bytes(), auth: time.Now(), end: time.Now().Add(time.Hour), realm: realmName, service: "krbtgt/" + realmName},
				ticket: Principal{"krbtgt/" + realmName, realmName}, client: Principal{"svc-gw", realmName}, sealed: 18, usage: usageASRep, key: s.tgt,
			}
			for _, b := range [][]byte{{0}, []byte("HTTP/1.1 400 Bad Request"), other.reply(messageASRep), other.reply(messageTGSRep)} {
				s.change(func() { s.instead = b })
				if err := ask(t, d, "HTTP/0"); !unavailable(err, KDCUnreachable) {
					t.Error(err)
				}
				time.Sleep(time.Second)
			}
		}},
		{"a ticket that the KDC does not take any more is got anew, once", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			_ = ask(t, d, "HTTP/0")
			s.heard()
			s.change(func() { s.say["TGS"] = errTicketExpired })
			if err := ask(t, d, "HTTP/1"); err == nil || s.heard() != "kdc1:88 TGS HTTP/1, kdc1:88 AS 1/18, kdc1:88 TGS HTTP/1" {
				t.Error(err)
			}
		}},
		{"a wrong key is shown once a minute", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { clear(s.keys) })
			for _, want := range []string{"kdc1:88 AS 1/18", "", "", "kdc1:88 AS 1/18"} {
				if err := ask(t, d, "HTTP/0"); !unavailable(err, WrongKey) {
					t.Error(err)
				}
				if h := s.heard(); h != want {
					t.Errorf("%q, want %q", h, want)
				}
				time.Sleep(25 * time.Second)
			}
			s.add(t, 2, enctype.AES256SHA1, true, true)
			if err := ask(t, d, "HTTP/0"); err != nil {
				t.Error(err)
			}
		}},
		{"a KDC that does not have the newest key gets the one before", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.add(t, 2, enctype.AES256SHA1, false, true)
			if err := ask(t, d, "HTTP/0"); err != nil || s.heard() != "kdc1:88 AS 2/18, kdc1:88 AS 1/18, kdc1:88 TGS HTTP/0" {
				t.Error(err)
			}
		}},
		{"and not a third one", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.add(t, 2, enctype.AES256SHA1, false, true)
			s.add(t, 3, enctype.AES256SHA1, false, true)
			if err := ask(t, d, "HTTP/0"); !unavailable(err, WrongKey) || s.heard() != "kdc1:88 AS 3/18, kdc1:88 AS 2/18" {
				t.Error(err)
			}
		}},
		{"nor is another key shown when it is not the key", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.add(t, 2, enctype.AES256SHA1, true, true)
			s.change(func() { s.say["AS"] = errClientRevoked })
			if err := ask(t, d, "HTTP/0"); !unavailable(err, ClientRevoked) || s.heard() != "kdc1:88 AS 2/18" {
				t.Error(err)
			}
		}},
		{"a KDC that wants another type of key gets that", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.add(t, 1, enctype.AES128SHA1, true, true)
			s.change(func() { delete(s.keys, "1/18"); s.wants = enctype.AES128SHA1 })
			if err := ask(t, d, "HTTP/0"); err != nil || s.heard() != "kdc1:88 AS 1/18, kdc1:88 AS 1/17, kdc1:88 TGS HTTP/0" {
				t.Error(err)
			}
		}},
		{"but not a weak one", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() {
				clear(s.keys)
				rc4, err := enctype.NewRC4(make([]byte, 16))
				if err != nil {
					t.Error(err)
				}
				s.keytab = &Keytab{append(slices.Clone(s.keytab.entries), KeytabEntry{Principal: Principal{"svc-gw", realmName}, Version: 1, Etype: 23, key: rc4})}
				s.wants = enctype.RC4HMAC
			})
			if err := ask(t, d, "HTTP/0"); !unavailable(err, WrongKey) || s.heard() != "kdc1:88 AS 1/18" {
				t.Error(err)
			}
		}},
		{"a clock that is a little off is nobody's business", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { s.offset = -55 * time.Second })
			if err := ask(t, d, "HTTP/0"); err != nil || len(s.told) != 0 {
				t.Error(err, s.told)
			}
		}},
		{"one that is off by more is told of, now and then", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { s.offset = 90 * time.Second })
			for range 12 {
				if _, err := d.SignIn(t.Context()); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Minute)
			}
			s.change(func() { s.offset = -2 * time.Minute })
			_, _ = d.SignIn(t.Context()) // it was told of a minute ago
			if len(s.told) != 2 || !strings.Contains(s.told[0], "1m30s ahead of") || !strings.Contains(s.told[1], "1m30s ahead of") {
				t.Errorf("%q", s.told)
			}
			time.Sleep(skewAgain)
			if _, _ = d.SignIn(t.Context()); len(s.told) != 3 || !strings.Contains(s.told[2], "2m0s behind") {
				t.Errorf("%q", s.told)
			}
		}},
		{"a KDC that is silent is asked last for half a minute", []string{kdc, "kdc2"}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { s.silent[kdc] = true })
			began := time.Now()
			for i, want := range []string{"kdc1:88, kdc2:88 AS 1/18, kdc2:88 TGS HTTP/0", "kdc2:88 TGS HTTP/1", "kdc1:88, kdc2:88 TGS HTTP/2"} {
				if err := ask(t, d, entente.SPN(fmt.Sprint("HTTP/", i))); err != nil {
					t.Error(err)
				}
				if h := s.heard(); h != want {
					t.Errorf("%q, want %q", h, want)
				}
				if i == 0 && time.Since(began) != hedgeAfter {
					t.Errorf("it was waited for %s", time.Since(began))
				}
				time.Sleep(16 * time.Second)
			}
			s.change(func() { clear(s.silent) })
			time.Sleep(30 * time.Second)
			if err := ask(t, d, "HTTP/9"); err != nil || s.heard() != "kdc1:88 TGS HTTP/9" {
				t.Error(err)
			}
			if n := len(s.told); n != 3 || !strings.Contains(s.told[n-1], "kdc1:88 answers again") {
				t.Errorf("%q", s.told)
			}
		}},
		{"when none answers nobody asks for half a second", []string{kdc, "kdc2:1088"}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { s.silent[kdc], s.refuses["kdc2:1088"] = true, true })
			began := time.Now()
			if err := ask(t, d, "HTTP/0"); !unavailable(err, KDCUnreachable) || time.Since(began) != tryTime {
				t.Error(err, time.Since(began))
			}
			if h := s.heard(); h != "kdc1:88, kdc2:1088" {
				t.Error(h)
			}
			err := ask(t, d, "HTTP/1")
			if !unavailable(err, KDCUnreachable) || s.heard() != "" || !strings.Contains(err.Error(), "kdc1:88: ") || !strings.Contains(err.Error(), "kdc2:1088: connection refused") {
				t.Error(err)
			}
			s.change(func() { clear(s.silent) })
			time.Sleep(silentTime)
			if err := ask(t, d, "HTTP/1"); err != nil {
				t.Error(err)
			}
		}},
		{"a KDC where nobody is is asked last, too", []string{kdc, "kdc2", "kdc2:88"}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { s.refuses[kdc] = true })
			if err := ask(t, d, "HTTP/0"); err != nil || s.heard() != "kdc1:88, kdc2:88 AS 1/18, kdc2:88 TGS HTTP/0" {
				t.Error(err)
			}
		}},
		{"two that are silent are waited for one after the other", []string{kdc, "kdc2", "kdc3"}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { s.silent[kdc], s.silent["kdc2:88"] = true, true })
			began := time.Now()
			if err := ask(t, d, "HTTP/0"); err != nil || time.Since(began) != 2*hedgeAfter {
				t.Error(err, time.Since(began))
			}
			if h := s.heard(); h != "kdc1:88, kdc2:88, kdc3:88 AS 1/18, kdc3:88 TGS HTTP/0" || len(s.told) != 2 {
				t.Errorf("%s, %q", h, s.told)
			}
		}},
		{"a weak key is the realm's word, and not asked for elsewhere", []string{kdc, "kdc2"}, func(t *testing.T, s *scripted, d *Delegator) {
			_ = ask(t, d, "HTTP/0")
			s.heard()
			s.change(func() { s.weak = true })
			if err := ask(t, d, "HTTP/1"); reason(err) != WeakCipher || s.heard() != "kdc1:88 TGS HTTP/1" {
				t.Error(err)
			}
		}},
		{"a KDC that cannot now sends to the next one", []string{kdc, "kdc2"}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { s.say["AS"] = errSvcUnavailable })
			if err := ask(t, d, "HTTP/0"); !unavailable(err, KDCUnreachable) || s.heard() != "kdc1:88 AS 1/18, kdc2:88 AS 1/18" {
				t.Error(err)
			}
		}},
		{"who stops waiting says nothing about KDCs", []string{kdc}, func(t *testing.T, s *scripted, d *Delegator) {
			s.change(func() { s.silent[kdc] = true })
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := d.login.ask(ctx, []byte{0}, func([]byte) error { return nil }); !errors.Is(err, context.DeadlineExceeded) || len(s.told) != 0 {
				t.Error(err, s.told)
			}
		}},
		{"what DNS says is good for a minute, and while DNS is away", nil, func(t *testing.T, s *scripted, d *Delegator) {
			began := time.Now()
			if err := ask(t, d, "HTTP/0"); !unavailable(err, KDCUnreachable) || !time.Now().Equal(began) || !strings.Contains(err.Error(), "no KDC of CONTOSO.EXAMPLE") {
				t.Error(err)
			}
			s.change(func() { s.dns = errors.New("SERVFAIL") })
			if err := ask(t, d, "HTTP/0"); !unavailable(err, KDCUnreachable) || !strings.Contains(err.Error(), "SERVFAIL") {
				t.Error(err)
			}
			s.change(func() { s.dns, s.looked = nil, 1 })
			s.change(func() { s.found = []string{"kdc3:88", "[2001:db8::1]"} })
			time.Sleep(silentTime)
			for i, step := range []struct {
				later  time.Duration
				dns    error
				looked int
			}{{0, nil, 2}, {59 * time.Second, nil, 2}, {time.Second, nil, 3}, {time.Minute, errors.New("SERVFAIL"), 4}} {
				time.Sleep(step.later)
				s.change(func() { s.dns = step.dns })
				if err := ask(t, d, entente.SPN(fmt.Sprint("HTTP/", i))); err != nil || s.looked != step.looked {
					t.Error(i, err, s.looked)
				}
			}
			s.heard()
			s.change(func() { s.refuses["kdc3:88"] = true })
			if err := ask(t, d, "HTTP/9"); err != nil || s.heard() != "kdc3:88, [2001:db8::1]:88 TGS HTTP/9" {
				t.Error(err)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(scripted)
				c.f(t, s, s.delegator(t, c.kdcs...))
			})
		})
	}
}
