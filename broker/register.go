package broker

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"entente"
	"entente/db"
	"entente/federation/brokerapi"
)

// createApp registers an organization. [MS-OXWSLVID] 3.2.4.2; whoever holds a
// certificate's key may: what gives it a right to anything is the proof of a
// domain.
func (b *Broker) createApp(ctx context.Context, q *request) (any, error) {
	body, err := decode[brokerapi.NewApp](q)
	if err != nil {
		return nil, err
	}
	if q.claimed != "" {
		return nil, refuse(entente.Invalid, brokerapi.InvalidRequest, "who asks for an AppID has none yet")
	}
	uri, _, err := parseURI(body.URI)
	if err != nil {
		return nil, err
	}
	if err := checkKeys(body.Signing, body.Encryption); err != nil {
		return nil, err
	}
	contact, err := entente.ParseSMTPAddress(body.Contact)
	if err != nil {
		return nil, refuse(entente.Invalid, brokerapi.InvalidRequest, "the contact is an e-mail address: who hears when a domain is suspended")
	}
	key := randomBytes(32)
	a := &app{
		id: newAppID(), adminKey: sha256.Sum256(key), contact: string(contact), uris: []string{uri}, created: q.now,
		keys: appKeys{Current: keySet{body.Certificate, body.Signing, body.Encryption}},
	}
	q.claimed = a.id
	err = b.DB.Update(ctx, func(tx *db.Tx) error {
		var all, here int
		if err := tx.QueryRow(`SELECT count(*) FROM broker_app`).Scan(&all); err != nil {
			return err
		}
		if err := tx.QueryRow(`SELECT count(*) FROM broker_app WHERE source = $1 AND created > $2`, q.source, q.now.Add(-daytime).Unix()).Scan(&here); err != nil {
			return err
		}
		if all >= b.Limits.Apps || here >= b.Limits.NewApps {
			return refuse(entente.Denied, brokerapi.QuotaExceeded, "no more organizations can be registered now")
		}
		if err := a.insert(tx, q.source); err != nil {
			return err
		}
		return b.Audit.Note(b.record(q, string(a.id), uri))(tx)
	})
	if err != nil {
		return nil, err
	}
	return brokerapi.AppCreated{AppID: a.id, AdminKey: base64.StdEncoding.EncodeToString(key)}, nil
}

// newAppID is sixteen digits of which the first is below 8, as they were seen.
func newAppID() entente.AppID {
	return entente.AppID(fmt.Sprintf("%016X", binary.BigEndian.Uint64(randomBytes(8))>>1))
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its documentation
	return b
}

func newNonce() string { return hex.EncodeToString(randomBytes(16)) }

// addURI gives an organization another application URI, of a domain it has or
// waits for. It names the organization while that domain is active.
func (b *Broker) addURI(ctx context.Context, q *request) (any, error) {
	body, err := decode[brokerapi.ApplicationURI](q)
	if err != nil {
		return nil, err
	}
	uri, name, err := parseURI(body.URI)
	if err != nil {
		return nil, err
	}
	return brokerapi.Done{}, b.update(ctx, q, b.record(q, uri), func(tx *db.Tx, a *app) error {
		d, err := loadDomain(tx, name, a.id)
		switch {
		case err != nil:
			return err
		case d == nil:
			return noSuchDomain(name)
		case slices.Contains(a.uris, uri):
			return nil
		case len(a.uris) >= b.Limits.URIs:
			return refuse(entente.Denied, brokerapi.QuotaExceeded, "the organization has as many application URIs as it may")
		}
		a.uris = append(a.uris, uri)
		return nil
	})
}

func (b *Broker) removeURI(ctx context.Context, q *request) (any, error) {
	body, err := decode[brokerapi.ApplicationURI](q)
	if err != nil {
		return nil, err
	}
	uri, _, err := parseURI(body.URI)
	if err != nil {
		return nil, err
	}
	return brokerapi.Done{}, b.update(ctx, q, b.record(q, uri), func(_ *db.Tx, a *app) error {
		a.uris = slices.DeleteFunc(a.uris, func(s string) bool { return s == uri })
		return nil
	})
}

// updateCertificate makes a certificate the next one, or says from when it is
// used. [MS-OXWSLVID] 3.2.4.6: from then on it identifies the organization, and
// what is sent to it is encrypted to it.
func (b *Broker) updateCertificate(ctx context.Context, q *request) (any, error) {
	body, err := decode[brokerapi.NewCertificate](q)
	if err != nil {
		return nil, err
	}
	c, err := checkCertificate(body.Certificate, q.now)
	if err != nil {
		return nil, err
	}
	next := q.app.keys.at(q.now).Current
	next.Certificate = body.Certificate
	if body.Signing != nil {
		next.Signing = *body.Signing
	}
	if body.Encryption != nil {
		next.Encryption = *body.Encryption
	}
	if err := checkKeys(next.Signing, next.Encryption); err != nil {
		return nil, err
	}
	if from := body.From; !from.IsZero() {
		if from.After(c.NotAfter) || from.After(q.now.Add(keptFor)) {
			return nil, refuse(entente.Invalid, brokerapi.InvalidRequest, "the certificate is to be used from a time that is too far away, or after its end")
		}
		if err := b.provenBy(ctx, q.app, &next, q.now); err != nil {
			return nil, err
		}
	}
	r := b.record(q, fingerprint(body.Certificate), stamp(body.From))
	return brokerapi.Done{}, b.update(ctx, q, r, func(_ *db.Tx, a *app) error {
		a.keys.Next, a.keys.From = &next, body.From.UTC().Truncate(time.Second)
		if !body.From.IsZero() && body.From.Before(q.now) {
			a.keys.From = q.now.UTC().Truncate(time.Second)
		}
		a.keys = a.keys.at(q.now)
		return nil
	})
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "not used yet"
	}
	return t.UTC().Format(time.RFC3339)
}

// recoverApp gives an organization that has lost its certificate another one:
// who knows the AdminKey puts a new nonce into DNS. A record that stands there
// already proves nothing: whoever stole the key may have seen that one.
func (b *Broker) recoverApp(ctx context.Context, q *request) (any, error) {
	body, err := decode[brokerapi.Recovery](q)
	if err != nil {
		return nil, err
	}
	name, err := entente.ParseDomain(string(body.Domain))
	if err != nil {
		return nil, denied()
	}
	key, err := base64.StdEncoding.Strict().DecodeString(body.AdminKey)
	if err != nil {
		return nil, denied()
	}
	var a *app
	var d *domain
	err = b.DB.View(ctx, func(tx *db.Tx) error {
		if a, err = loadApp(tx, q.claimed); err != nil || a == nil {
			return err
		}
		d, err = loadDomain(tx, name, a.id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(key); a == nil || subtle.ConstantTimeCompare(sum[:], a.adminKey[:]) != 1 ||
		d == nil || d.state == brokerapi.Pending || d.held || a.suspended {
		return nil, denied()
	}
	set := a.keys.at(q.now).Current
	set.Certificate = body.Certificate
	if body.Signing != nil {
		set.Signing = *body.Signing
	}
	if body.Encryption != nil {
		set.Encryption = *body.Encryption
	}
	if err := checkKeys(set.Signing, set.Encryption); err != nil {
		return nil, err
	}
	q.app = a
	sum := sha256.Sum256(body.Certificate)
	if w := a.keys.at(q.now).Recovery; w != nil && w.Domain == name && w.Certificate == sum {
		return b.finishRecovery(ctx, q, w, set)
	}
	return b.startRecovery(ctx, q, recovery{Domain: name, Nonce: newNonce(), Certificate: sum, Until: q.now.Add(pendingFor).UTC()})
}

func (w *recovery) proof(app entente.AppID) brokerapi.ScopedProof {
	return brokerapi.ScopedProof{App: app, Nonce: w.Nonce, Recover: true, Expires: w.Until}
}

func (b *Broker) startRecovery(ctx context.Context, q *request, w recovery) (any, error) {
	err := b.update(ctx, q, b.record(q, string(w.Domain), "begin"), func(_ *db.Tx, a *app) error {
		a.keys.Recovery = &w
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.notify(ctx, q.app, w.Domain, "somebody with the AdminKey asked to replace the organization's certificate; it takes a record in DNS too")
	return brokerapi.RecoveryState{Record: w.proof(q.app.id).String()}, nil
}

func (b *Broker) finishRecovery(ctx context.Context, q *request, w *recovery, set keySet) (any, error) {
	f := b.lookFor(ctx, w.Domain, accepted{scoped: w.proof(q.app.id)})
	switch f.verdict {
	case unknown:
		return nil, refuse(entente.Unavailable, brokerapi.ProofUnknown, f.problem)
	case absent:
		return brokerapi.RecoveryState{Record: w.proof(q.app.id).String()}, nil
	}
	err := b.update(ctx, q, b.record(q, string(w.Domain), fingerprint(set.Certificate)), func(_ *db.Tx, a *app) error {
		if a.keys.Recovery == nil || a.keys.Recovery.Nonce != w.Nonce {
			return refuse(entente.Conflict, brokerapi.InvalidRequest, "the recovery was begun anew")
		}
		// What was lost, or stolen, is good for nothing any more.
		a.keys = appKeys{Current: set}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.notify(ctx, q.app, w.Domain, "the organization's certificate was replaced by means of the AdminKey and a record in DNS")
	return brokerapi.RecoveryState{Done: true}, nil
}

// notify tells an organization's contact.
func (b *Broker) notify(ctx context.Context, a *app, d entente.Domain, text string) {
	b.Told(ctx, Notice{App: a.id, Contact: a.contact, Domain: d, Text: text})
}
