package broker

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"entente"
	"entente/audit"
	"entente/db"
	"entente/federation/brokerapi"
	"entente/federation/jose"
	"entente/federation/token"
	"entente/keys"
	"entente/xmlsec"
)

// A generation is a pair of keys of the broker's: RSA with a certificate, of
// SAML tokens, and P-256, of JWTs and metadata. They come and go together.
type generation struct {
	number      int64
	certificate *x509.Certificate
	rsaID       string
	p256ID      string
	from        time.Time
	until       time.Time // of one that was replaced: nothing it signed holds longer

	rsa  crypto.Signer
	p256 crypto.Signer
	jwk  brokerapi.Key
}

// generations are those that there are, the newest first, as of one moment.
type generations struct {
	sequence uint64
	all      []*generation
}

// current is the generation that signs at a time. That one of two does is
// settled when the second is made, not when its time comes, so that every node
// changes over in the same instant.
func (g *generations) current(now time.Time) *generation {
	for _, x := range g.all {
		if !now.Before(x.from) {
			return x
		}
	}
	return g.all[len(g.all)-1] // the first one, on a clock that is behind
}

// next is the generation that will sign, nil if there is none yet.
func (g *generations) next(now time.Time) *generation {
	if x := g.all[0]; now.Before(x.from) {
		return x
	}
	return nil
}

// published returns the current generation, and then the others: the next one,
// and those that were replaced and are not wiped yet.
func (g *generations) published(now time.Time) []*generation {
	list := []*generation{g.current(now)}
	for _, x := range g.all {
		if x != list[0] {
			list = append(list, x)
		}
	}
	return list
}

func (b *Broker) issuer(now time.Time) token.Issuer {
	g := b.ring.Load().current(now)
	return token.Issuer{URI: b.Issuer, RSA: xmlsec.Signer{Certificate: g.certificate, Key: g.rsa}, P256: g.p256}
}

// refresh reads the generations, which another node may have made.
func (b *Broker) refresh(ctx context.Context) error {
	var g *generations
	err := b.DB.View(ctx, func(tx *db.Tx) (err error) {
		g, err = readGenerations(tx)
		return err
	})
	if err != nil {
		return err
	}
	had := b.ring.Load()
	for _, x := range g.all {
		if had.borrow(x) {
			continue
		}
		r, p, err := b.Ring.BrokerSigners(ctx, x.rsaID, x.p256ID)
		if err != nil {
			return err
		}
		x.rsa, x.p256 = r, p
		if x.jwk, err = jose.KeyOf(p.Public()); err != nil {
			return err
		}
	}
	b.ring.Store(g)
	return nil
}

// borrow takes a generation's keys from what was read before.
func (g *generations) borrow(x *generation) bool {
	if g == nil {
		return false
	}
	for _, had := range g.all {
		if had.rsaID == x.rsaID && had.p256ID == x.p256ID {
			x.rsa, x.p256, x.jwk = had.rsa, had.p256, had.jwk
			return true
		}
	}
	return false
}

func readGenerations(tx *db.Tx) (*generations, error) {
	g := &generations{}
	if err := tx.QueryRow(`SELECT sequence FROM broker_state WHERE id = 1`).Scan(&g.sequence); err != nil && !errors.Is(err, db.ErrNoRows) {
		return nil, err
	}
	rows, err := tx.Query(`SELECT number, certificate, rsa_key, p256_key, starts FROM broker_generation ORDER BY number DESC`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		x := &generation{}
		var der []byte
		var from int64
		if err := rows.Scan(&x.number, &der, &x.rsaID, &x.p256ID, &from); err != nil {
			return nil, err
		}
		if x.certificate, err = x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("certificate %d: %w", x.number, err)
		}
		x.from = time.Unix(from, 0).UTC()
		if n := len(g.all); n > 0 {
			x.until = g.all[n-1].from.Add(keptFor)
		}
		g.all = append(g.all, x)
	}
	return g, rows.Err()
}

func (b *Broker) firstGeneration(ctx context.Context) error {
	return b.addGeneration(ctx, nil, b.Now())
}

var errNextExists = entente.Errorf(entente.Conflict, "there is a next generation of keys already")

// addGeneration makes the generation that follows last; nil for the first. If
// another node was faster its one is as good.
func (b *Broker) addGeneration(ctx context.Context, last *generation, from time.Time) error {
	var known *generations
	err := b.DB.View(ctx, func(tx *db.Tx) (err error) {
		known, err = readGenerations(tx)
		return err
	})
	number := int64(1)
	if last != nil {
		number = last.number + 1
	}
	if err != nil || len(known.all) > 0 && known.all[0].number >= number {
		return err
	}
	x, err := b.makeGeneration(ctx, number, from)
	if err != nil {
		return err
	}
	added := false
	err = b.DB.Update(ctx, func(tx *db.Tx) error {
		added = false
		var n int64
		if err := tx.QueryRow(`SELECT count(*) FROM broker_generation WHERE number >= $1`, number).Scan(&n); err != nil || n > 0 {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO broker_generation (number, certificate, rsa_key, p256_key, starts) VALUES ($1, $2, $3, $4, $5)`,
			x.number, x.certificate.Raw, x.rsaID, x.p256ID, x.from.Unix()); err != nil {
			return err
		}
		added = true
		if err := b.Audit.Note(b.system("broker.key.next", true, "", fingerprint(x.certificate.Raw), x.from.UTC().Format(time.RFC3339)))(tx); err != nil {
			return err
		}
		return raiseSequence(tx)
	})
	if err != nil || !added {
		return errors.Join(err, b.forget(ctx, x))
	}
	return nil
}

// raiseSequence says that the metadata are others than before.
func raiseSequence(tx *db.Tx) error {
	_, err := tx.Exec(`INSERT INTO broker_state (id, sequence) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET sequence = broker_state.sequence + 1`)
	return err
}

func (b *Broker) makeGeneration(ctx context.Context, number int64, from time.Time) (*generation, error) {
	x := &generation{number: number, from: from.UTC().Truncate(time.Second)}
	var err error
	if x.rsaID, err = b.Ring.Make(ctx, keys.BrokerCertificate); err != nil {
		return nil, err
	}
	if x.p256ID, err = b.Ring.Make(ctx, keys.BrokerSigning); err != nil {
		return nil, err
	}
	r, _, err := b.Ring.BrokerSigners(ctx, x.rsaID, x.p256ID)
	if err != nil {
		return nil, err
	}
	x.certificate, err = b.certify(r, x)
	return x, err
}

// certify makes the certificate of a generation. It is its own issuer: who
// trusts it has it from the metadata.
func (b *Broker) certify(key crypto.Signer, x *generation) (*x509.Certificate, error) {
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	ski := sha1.Sum(spki) // RFC 5280 4.2.1.2: a name, which need not resist anybody
	template := &x509.Certificate{
		SerialNumber: big.NewInt(x.number),
		Subject:      pkix.Name{CommonName: strings.TrimPrefix(b.URL, "https://"), SerialNumber: fmt.Sprint(x.number)},
		NotBefore:    b.Now().Add(-token.MaxSkew).UTC(),
		// Rollover is by the metadata; a generation that serves longer because
		// nobody could make the next one must not end of itself meanwhile.
		NotAfter:     x.from.Add(3*b.Times.KeyLife + keptFor).UTC(),
		SubjectKeyId: ski[:],
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// rollover makes the next generation ahead of the end of the one that signs, and
// wipes those that nothing can be signed by any more.
func (b *Broker) rollover(ctx context.Context) error {
	if err := b.refresh(ctx); err != nil {
		return err
	}
	now, g := b.Now(), b.ring.Load()
	if c := g.current(now); g.next(now) == nil && !now.Before(c.from.Add(b.Times.KeyLife-b.Times.Ahead)) {
		// However late it is, the next one is known for long enough before.
		from := c.from.Add(b.Times.KeyLife)
		if soonest := now.Add(b.Times.Ahead); from.Before(soonest) {
			from = soonest
		}
		if err := b.addGeneration(ctx, c, from); err != nil {
			return err
		}
	}
	for _, x := range g.all {
		if !x.until.IsZero() && !now.Before(x.until) {
			if err := b.wipe(ctx, x); err != nil {
				return err
			}
		}
	}
	if err := b.refresh(ctx); err != nil {
		return err
	}
	return b.sweep(ctx)
}

// sweep forgets keys that belong to no generation: of a wipe, or of a making,
// that was broken off.
func (b *Broker) sweep(ctx context.Context) error {
	used := map[string]bool{}
	for _, x := range b.ring.Load().all {
		used[x.rsaID], used[x.p256ID] = true, true
	}
	for _, p := range []keys.Purpose{keys.BrokerCertificate, keys.BrokerSigning} {
		all, err := b.Ring.Named(ctx, p)
		if err != nil {
			return err
		}
		for _, k := range all {
			if used[k.ID] || b.Now().Sub(k.Made) < time.Hour { // another node may be making it
				continue
			}
			if err := b.Ring.Forget(ctx, p, k.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Broker) wipe(ctx context.Context, x *generation) error {
	err := b.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM broker_generation WHERE number = $1`, x.number)
		if err != nil || n == 0 {
			return err
		}
		if err := b.Audit.Note(b.system("broker.key.wipe", true, "", fingerprint(x.certificate.Raw)))(tx); err != nil {
			return err
		}
		return raiseSequence(tx)
	})
	if err != nil {
		return err
	}
	return b.forget(ctx, x)
}

func (b *Broker) forget(ctx context.Context, x *generation) error {
	return errors.Join(b.Ring.Forget(ctx, keys.BrokerCertificate, x.rsaID), b.Ring.Forget(ctx, keys.BrokerSigning, x.p256ID))
}

// StartRollover makes the next generation now, and returns when it will sign.
func (b *Broker) StartRollover(ctx context.Context) (time.Time, error) {
	if err := b.refresh(ctx); err != nil {
		return time.Time{}, err
	}
	now, g := b.Now(), b.ring.Load()
	if x := g.next(now); x != nil {
		return x.from, errNextExists
	}
	if err := b.addGeneration(ctx, g.current(now), now.Add(b.Times.Ahead)); err != nil {
		return time.Time{}, err
	}
	if err := b.refresh(ctx); err != nil {
		return time.Time{}, err
	}
	x := b.ring.Load().next(now)
	if x == nil {
		return time.Time{}, errors.New("the next generation is not there")
	}
	return x.from, nil
}

// system is the record of what the broker did by itself.
func (b *Broker) system(action string, allowed bool, code string, targets ...string) audit.Record {
	return audit.Record{Kind: audit.System, Action: action, Allowed: allowed, Code: code, Targets: targets}
}
