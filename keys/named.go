package keys

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"entente"
	"entente/db"
)

// Keys of some purposes are known by their ids: which of them is in use, and
// until when, is written where they are used, and none takes the place of
// another by being made.

// ErrNone is what a key or secret gives that is not in the ring.
var ErrNone = errors.New("no such key")

func (p Purpose) named() bool {
	switch p {
	case FederationCertificate, FederationSigning, FederationAgreement, BrokerCertificate, BrokerSigning:
		return true
	}
	return p.secret()
}

func (p Purpose) secret() bool { return p == FederationAdminKey || p == AvailabilityPassword }

// Make makes a key of a purpose whose keys are known by id.
func (r *Ring) Make(ctx context.Context, p Purpose) (id string, err error) {
	if !p.named() || p.secret() {
		return "", fmt.Errorf("keys of %s are not made by id", p)
	}
	k, err := generate(p)
	if err != nil {
		return "", err
	}
	return k.id, r.put(ctx, p, k)
}

// MaxRSA bounds the size of an imported key: decryption takes time with its
// cube.
const MaxRSA = 4096

// ImportRSA keeps a private key that was made elsewhere, for a federation
// certificate. The caller's copy is not cleared.
func (r *Ring) ImportRSA(ctx context.Context, private *rsa.PrivateKey) (id string, err error) {
	if bits := private.N.BitLen(); bits < rsaBits || bits > MaxRSA {
		return "", entente.Errorf(entente.Invalid, "the RSA key has %d bits; %d to %d are taken", bits, rsaBits, MaxRSA)
	}
	if err := private.Validate(); err != nil {
		return "", entente.Errorf(entente.Invalid, "the RSA key does not fit together")
	}
	k, err := generate(FederationSeal) // for an id
	if err != nil {
		return "", err
	}
	if k.der, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
		return "", err
	}
	return k.id, r.put(ctx, FederationCertificate, k)
}

// A CertificateKey signs and decrypts: the key of a federation certificate.
type CertificateKey struct {
	Signer
	Decrypter
}

// ID is the name of the key, which is public.
func (k CertificateKey) ID() string { return k.Signer.id }

// Public returns the public key, an *rsa.PublicKey.
func (k CertificateKey) Public() crypto.PublicKey { return k.Signer.Public() }

// CertificateKey returns the key of a federation certificate. The error is ErrNone if it is
// not there.
func (r *Ring) CertificateKey(ctx context.Context, id string) (CertificateKey, error) {
	k, err := r.loadNamed(ctx, FederationCertificate, id)
	if err != nil {
		return CertificateKey{}, err
	}
	s, err := parseSigner(k.der)
	if err != nil {
		return CertificateKey{}, err
	}
	private, ok := s.(*rsa.PrivateKey)
	if !ok {
		return CertificateKey{}, fmt.Errorf("key %s of %s is not RSA", id, FederationCertificate)
	}
	return CertificateKey{Signer{private, id}, Decrypter{private, id}}, nil
}

// Speaker returns a key that speaks for this organization. The error is ErrNone
// if it is not there.
func (r *Ring) Speaker(ctx context.Context, id string) (Signer, error) {
	private, err := r.p256(ctx, FederationSigning, id)
	return Signer{private, id}, err
}

// BrokerSigners return the keys of one generation of a broker: of its
// certificate, and on P-256. The error is ErrNone if one is not there.
func (r *Ring) BrokerSigners(ctx context.Context, certificate, p256 string) (Signer, Signer, error) {
	k, err := r.loadNamed(ctx, BrokerCertificate, certificate)
	if err != nil {
		return Signer{}, Signer{}, err
	}
	s, err := parseSigner(k.der)
	if err != nil {
		return Signer{}, Signer{}, err
	}
	if _, ok := s.(*rsa.PrivateKey); !ok {
		return Signer{}, Signer{}, fmt.Errorf("key %s of %s is not RSA", certificate, BrokerCertificate)
	}
	private, err := r.p256(ctx, BrokerSigning, p256)
	return Signer{s, certificate}, Signer{private, p256}, err
}

// Agreement returns a key that agrees on secrets. The error is ErrNone if it is
// not there.
func (r *Ring) Agreement(ctx context.Context, id string) (Agreement, error) {
	private, err := r.p256(ctx, FederationAgreement, id)
	if err != nil {
		return Agreement{}, err
	}
	k, err := private.ECDH()
	return Agreement{k, id}, err
}

func (r *Ring) p256(ctx context.Context, p Purpose, id string) (*ecdsa.PrivateKey, error) {
	k, err := r.loadNamed(ctx, p, id)
	if err != nil {
		return nil, err
	}
	s, err := parseSigner(k.der)
	if err != nil {
		return nil, err
	}
	private, ok := s.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("key %s of %s is not P-256", id, p)
	}
	return private, nil
}

// An Agreement agrees on secrets with a key of the ring, and shows nothing else.
type Agreement struct {
	k  *ecdh.PrivateKey
	id string
}

// PublicKey is what others encrypt to.
func (a Agreement) PublicKey() *ecdh.PublicKey { return a.k.PublicKey() }

// ECDH agrees with the holder of another key on a secret.
func (a Agreement) ECDH(remote *ecdh.PublicKey) ([]byte, error) { return a.k.ECDH(remote) }

// ID is the name of the key, which is public.
func (a Agreement) ID() string { return a.id }

// A Named is a key or secret that is known by its id.
type Named struct {
	ID   string
	Made time.Time
}

// Named lists the keys or secrets of a purpose, the oldest first.
func (r *Ring) Named(ctx context.Context, p Purpose) (all []Named, err error) {
	err = r.c.DB.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT id, created FROM keys_sealed WHERE organization = $1 AND purpose = $2 ORDER BY created, id`,
			r.c.Organization, p)
		if err != nil {
			return err
		}
		for rows.Next() {
			var n Named
			var made int64
			if err := rows.Scan(&n.ID, &made); err != nil {
				return err
			}
			n.Made = time.Unix(made, 0)
			all = append(all, n)
		}
		return rows.Err()
	})
	return all, err
}

// Forget wipes a key or secret that is known by its id. One that is not there is
// forgotten already.
func (r *Ring) Forget(ctx context.Context, p Purpose, id string) error {
	if !p.named() {
		return fmt.Errorf("keys of %s are not known by id", p)
	}
	return r.c.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM keys_sealed WHERE organization = $1 AND purpose = $2 AND id = $3`, r.c.Organization, p, id)
		return err
	})
}

// maxSecret bounds a secret that is kept, and maxID what it is kept under.
const (
	maxSecret = 4 << 10
	maxID     = 256
)

// Keep keeps a secret, sealed, under an id; in the place of one that was there.
func (r *Ring) Keep(ctx context.Context, p Purpose, id string, s entente.Secret) error {
	text := s.Reveal()
	if !p.secret() || id == "" || len(id) > maxID || len(text) > maxSecret {
		return fmt.Errorf("no secret of %s is kept under this id", p)
	}
	return r.put(ctx, p, key{id, []byte(text)})
}

// Kept returns a secret that was kept. The error is ErrNone if there is none.
func (r *Ring) Kept(ctx context.Context, p Purpose, id string) (entente.Secret, error) {
	if !p.secret() {
		return entente.Secret{}, fmt.Errorf("%s are no secrets of others", p)
	}
	k, err := r.loadNamed(ctx, p, id)
	if err != nil {
		return entente.Secret{}, err
	}
	defer clear(k.der)
	return entente.NewSecret(string(k.der)), nil
}

// put seals k beside the others of its purpose.
func (r *Ring) put(ctx context.Context, p Purpose, k key) error {
	master, sealed := r.c.Files.master.seal(k.der, r.about(p, k.id))
	now := r.c.Now().Unix()
	err := r.c.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO keys_sealed (organization, purpose, id, master, sealed, created) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (organization, purpose, id) DO UPDATE SET master = $4, sealed = $5, created = $6`,
			r.c.Organization, p, k.id, master, sealed, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep key: %w", err)
	}
	return nil
}

// loadNamed reads one key of a purpose.
func (r *Ring) loadNamed(ctx context.Context, p Purpose, id string) (key, error) {
	row := sealedRow{purpose: p, id: id}
	err := r.c.DB.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT master, sealed FROM keys_sealed WHERE organization = $1 AND purpose = $2 AND id = $3`,
			r.c.Organization, p, id).Scan(&row.master, &row.sealed)
	})
	if errors.Is(err, db.ErrNoRows) {
		return key{}, fmt.Errorf("no key %s of %s: %w", id, p, ErrNone)
	}
	if err != nil {
		return key{}, fmt.Errorf("read key: %w", err)
	}
	return r.open(row)
}
