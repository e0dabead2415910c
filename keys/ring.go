// Package keys keeps private keys: sealed in the database under a master key
// that never lies in it, or in files of one node, and handed out only as what
// they are for.
//
// A signer signs and shows its public key; the bytes behind it do not come out
// by conversion or reflection on exported fields, but by Export alone, which
// is recorded first. Whoever copies the database has sealed keys; whoever
// copies the files has no mail.
//
// It is no certificate store and no protocol: what a signature means is the
// business of the room that asks for it.
package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"entente/db"
)

// A Purpose is what a sealed key is for. A key of one purpose never serves
// another: its name is sealed with it.
type Purpose string

const (
	TokenSigning    Purpose = "token-signing"    // delegation tokens we issue
	TokenDecryption Purpose = "token-decryption" // delegation tokens meant for us
	SyncState       Purpose = "sync-state"       // marks the states clients hand back
	DirectorySeal   Purpose = "directory-seal"   // marks the directory's tables
	AuditSeal       Purpose = "audit-seal"       // marks the keys that nodes sign audit logs with
	SharingSeal     Purpose = "sharing-seal"     // marks what people publish and share
	ParcelSeal      Purpose = "parcel-seal"      // marks mail on its way between nodes

	FederationSeal     Purpose = "federation-seal"     // marks the document of the federation trust
	FederationIdentity Purpose = "federation-identity" // makes the immutable ids of people; never replaced

	// Of these there are several at a time, each known by its id: see named.go.
	FederationCertificate Purpose = "federation-certificate" // RSA: signs to the broker, opens delegation tokens
	FederationSigning     Purpose = "federation-signing"     // P-256: speaks for this organization to partners
	FederationAgreement   Purpose = "federation-agreement"   // P-256: opens delegation tokens that are JWTs
	BrokerCertificate     Purpose = "broker-certificate"     // RSA: signs delegation tokens, of a broker
	BrokerSigning         Purpose = "broker-signing"         // P-256: likewise, those that are JWTs, and metadata

	// And these are secrets of somebody else's, kept under the id of what they open.
	FederationAdminKey   Purpose = "federation-admin-key"  // the broker's AdminKey
	AvailabilityPassword Purpose = "availability-password" // of an availability address space
)

// rsaBits is what delegation tokens are made with ([MS-ADFSPIP]'s successors
// and Exchange's federation certificates alike).
const rsaBits = 2048

//go:embed schema/*.sql
var schema embed.FS

// Schema is the table of sealed keys.
func Schema() (db.Migration, error) {
	files, err := fs.Sub(schema, "schema")
	return db.Migration{Room: "keys", FS: files}, err
}

// Config is what a Ring is made of.
type Config struct {
	DB           *db.DB
	Organization string // its name, or the broker's: keys do not move between them
	Files        *Files // the master key, and this node's own keys
	Now          func() time.Time

	// Recorded is called before a key's bytes are given out, and stops that
	// with an error. Without it nothing is exported.
	Recorded func(context.Context, Export) error
}

// An Export says which key's bytes were given out, and why.
type Export struct {
	Purpose Purpose
	ID      string
	Reason  string
}

// A Ring holds the keys of one organization, or of one broker. It is safe for
// concurrent use. Keys are read from the database when they are asked for:
// who needs one often keeps it, for no longer than a rotation may go unseen.
type Ring struct{ c Config }

// New makes a Ring. The tables must have been migrated.
func New(c Config) *Ring { return &Ring{c} }

// TokenSigner signs delegation tokens. One is made if there is none.
func (r *Ring) TokenSigner(ctx context.Context) (Signer, error) {
	k, err := r.current(ctx, TokenSigning)
	if err != nil {
		return Signer{}, err
	}
	s, err := parseSigner(k.der)
	return Signer{s, k.id}, err
}

// TokenDecrypters open the tokens meant for this organization: the key that
// partners are told now first, then those they may still use. One is made if
// there is none.
func (r *Ring) TokenDecrypters(ctx context.Context) ([]Decrypter, error) {
	if _, err := r.current(ctx, TokenDecryption); err != nil {
		return nil, err
	}
	all, err := r.load(ctx, TokenDecryption)
	if err != nil {
		return nil, err
	}
	var ds []Decrypter
	for _, k := range all {
		s, err := parseSigner(k.der)
		if err != nil {
			return nil, err
		}
		d, ok := s.(crypto.Decrypter)
		if !ok {
			return nil, fmt.Errorf("key %s of %s decrypts nothing", k.id, TokenDecryption)
		}
		ds = append(ds, Decrypter{d, k.id})
	}
	return ds, nil
}

// SyncStateKey marks and recognizes the states that clients hand back. One is
// made if there is none.
func (r *Ring) SyncStateKey(ctx context.Context) (MAC, error) {
	k, err := r.current(ctx, SyncState)
	return MAC{k.der}, err
}

// DirectorySeal marks the directory's tables, so that rows edited by SQL are
// noticed. One is made if there is none. After a rotation the tables bear the
// old key's mark and must be confirmed.
func (r *Ring) DirectorySeal(ctx context.Context) (MAC, error) {
	k, err := r.current(ctx, DirectorySeal)
	return MAC{k.der}, err
}

// AuditSeal marks the public keys that nodes sign their audit logs with. One is
// made if there is none.
func (r *Ring) AuditSeal(ctx context.Context) (MAC, error) {
	k, err := r.current(ctx, AuditSeal)
	return MAC{k.der}, err
}

// FederationSeal marks the document of the federation trust, so that a row edited
// by SQL is noticed. One is made if there is none.
func (r *Ring) FederationSeal(ctx context.Context) (MAC, error) {
	k, err := r.current(ctx, FederationSeal)
	return MAC{k.der}, err
}

// FederationIdentity makes the immutable ids by which partners know people. One
// is made if there is none, and stays: with another everybody would be somebody
// else.
func (r *Ring) FederationIdentity(ctx context.Context) (MAC, error) {
	k, err := r.current(ctx, FederationIdentity)
	return MAC{k.der}, err
}

// SharingSeal marks what people publish of their own and what they were invited
// to, so that rows edited by SQL open nothing. One is made if there is none.
func (r *Ring) SharingSeal(ctx context.Context) (MAC, error) {
	k, err := r.current(ctx, SharingSeal)
	return MAC{k.der}, err
}

// ParcelSeal marks mail on its way between nodes, so that rows written by SQL are
// nobody's mail. One is made if there is none.
func (r *Ring) ParcelSeal(ctx context.Context) (MAC, error) {
	k, err := r.current(ctx, ParcelSeal)
	return MAC{k.der}, err
}

// CheckpointSigner signs the checkpoints of the audit log: Ed25519, in a file
// of this node, outside the database whose contents it vouches for.
func (r *Ring) CheckpointSigner() (crypto.Signer, error) { return r.c.Files.Signer("audit", Ed25519) }

// NodeSigner is this node's own key, Ed25519, by which other nodes know it.
func (r *Ring) NodeSigner() (crypto.Signer, error) { return r.c.Files.Signer("node", Ed25519) }

// RelaySigner is the key of this node's end of a relay, Ed25519, which the other
// side pins. It is apart from the node's, so that neither organization's nodes
// are known to the other.
func (r *Ring) RelaySigner() (crypto.Signer, error) { return r.c.Files.Signer("relay", Ed25519) }

// Rotate makes a new key of a purpose the current one, and returns its id. The
// former ones stay, to decrypt or verify, until Wipe.
func (r *Ring) Rotate(ctx context.Context, p Purpose) (id string, err error) {
	if p == FederationIdentity || p.named() {
		return "", fmt.Errorf("a key of %s is not replaced by another", p)
	}
	k, err := generate(p)
	if err != nil {
		return "", err
	}
	return k.id, r.insert(ctx, p, k, false)
}

// Wipe removes the keys of a purpose that were replaced before a time: that of
// the last token they may have served, and the skew of clocks.
func (r *Ring) Wipe(ctx context.Context, p Purpose, before time.Time) (n int64, err error) {
	err = r.c.DB.Update(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(`DELETE FROM keys_sealed WHERE organization = $1 AND purpose = $2 AND replaced < $3`,
			r.c.Organization, p, before.Unix())
		return err
	})
	return n, err
}

// Export hands the bytes of a key (PKCS #8, or the secret itself) to f, after
// Config.Recorded has taken note, and clears them when f returns: f must not
// keep them.
func (r *Ring) Export(ctx context.Context, e Export, f func([]byte) error) error {
	if r.c.Recorded == nil {
		return errors.New("keys are not exported without a record of it")
	}
	k, err := r.loadNamed(ctx, e.Purpose, e.ID)
	if err != nil {
		return err
	}
	defer clear(k.der)
	if err := r.c.Recorded(ctx, e); err != nil {
		return fmt.Errorf("record export: %w", err)
	}
	return f(k.der)
}

// A key is one that has been unsealed. id is public.
type key struct {
	id  string
	der []byte
}

// current returns the key in use and makes it if it is missing. It is made
// outside the transaction: an RSA key takes its time.
func (r *Ring) current(ctx context.Context, p Purpose) (key, error) {
	for {
		all, err := r.load(ctx, p)
		if err != nil {
			return key{}, err
		}
		if len(all) > 0 {
			return all[0], nil
		}
		k, err := generate(p)
		if err != nil {
			return key{}, err
		}
		if err := r.insert(ctx, p, k, true); err != nil {
			return key{}, err
		}
	}
}

// load returns the keys of a purpose, the current one first.
func (r *Ring) load(ctx context.Context, p Purpose) ([]key, error) {
	var rows []sealedRow
	err := r.c.DB.View(ctx, func(tx *db.Tx) (err error) {
		rows, err = sealedRows(tx.Query(`SELECT purpose, id, master, sealed FROM keys_sealed
			WHERE organization = $1 AND purpose = $2
			ORDER BY CASE WHEN replaced IS NULL THEN 0 ELSE 1 END, replaced DESC, id`, r.c.Organization, p))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	var all []key
	for _, row := range rows {
		k, err := r.open(row)
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, nil
}

func (r *Ring) open(row sealedRow) (key, error) {
	der, err := r.c.Files.master.open(row.master, row.sealed, r.about(row.purpose, row.id))
	if err != nil {
		return key{}, fmt.Errorf("key %s of %s: %w", row.id, row.purpose, err)
	}
	return key{row.id, der}, nil
}

type sealedRow struct {
	purpose    Purpose
	id, master string
	sealed     []byte
}

func sealedRows(rows *db.Rows, err error) ([]sealedRow, error) {
	if err != nil {
		return nil, err
	}
	var all []sealedRow
	for rows.Next() {
		var w sealedRow
		if err := rows.Scan(&w.purpose, &w.id, &w.master, &w.sealed); err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

// insert seals k and makes it current; if onlyFirst, where there is none yet.
func (r *Ring) insert(ctx context.Context, p Purpose, k key, onlyFirst bool) error {
	master, sealed := r.c.Files.master.seal(k.der, r.about(p, k.id))
	now := r.c.Now().Unix()
	err := r.c.DB.Update(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT count(*) FROM keys_sealed WHERE organization = $1 AND purpose = $2 AND replaced IS NULL`,
			r.c.Organization, p).Scan(&n); err != nil {
			return err
		}
		if n > 0 && onlyFirst {
			return nil
		}
		if _, err := tx.Exec(`UPDATE keys_sealed SET replaced = $3 WHERE organization = $1 AND purpose = $2 AND replaced IS NULL`,
			r.c.Organization, p, now); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO keys_sealed (organization, purpose, id, master, sealed, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			r.c.Organization, p, k.id, master, sealed, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep key: %w", err)
	}
	return nil
}

// about is what a sealed key is bound to; taken from its row, so that a row
// copied to another place does not open there.
func (r *Ring) about(p Purpose, id string) []byte {
	return aad(r.c.Organization, string(p), id)
}

func generate(p Purpose) (key, error) {
	var id [8]byte
	_, _ = rand.Read(id[:])
	k := key{id: hex.EncodeToString(id[:])}
	switch p {
	case SyncState, DirectorySeal, AuditSeal, FederationSeal, FederationIdentity, SharingSeal, ParcelSeal:
		k.der = make([]byte, sha256.Size)
		_, _ = rand.Read(k.der)
		return k, nil
	case FederationSigning, FederationAgreement, BrokerSigning:
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return k, err
		}
		k.der, err = x509.MarshalPKCS8PrivateKey(private)
		return k, err
	case TokenSigning, TokenDecryption, FederationCertificate, BrokerCertificate:
		private, err := rsa.GenerateKey(rand.Reader, rsaBits)
		if err != nil {
			return k, err
		}
		k.der, err = x509.MarshalPKCS8PrivateKey(private)
		return k, err
	}
	return k, fmt.Errorf("no keys are made for purpose %q", p)
}

// A Signer signs with a key of the ring. It shows no more than crypto.Signer.
type Signer struct {
	s  crypto.Signer
	id string
}

func (s Signer) Public() crypto.PublicKey { return s.s.Public() }

func (s Signer) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return s.s.Sign(random, digest, o)
}

// ID is the name of the key, which is public.
func (s Signer) ID() string { return s.id }

// A Decrypter decrypts with a key of the ring.
type Decrypter struct {
	d  crypto.Decrypter
	id string
}

func (d Decrypter) Public() crypto.PublicKey { return d.d.Public() }

func (d Decrypter) Decrypt(random io.Reader, text []byte, o crypto.DecrypterOpts) ([]byte, error) {
	return d.d.Decrypt(random, text, o)
}

// ID is the name of the key, which is public.
func (d Decrypter) ID() string { return d.id }

// A MAC makes and checks HMAC-SHA-256 marks.
type MAC struct{ secret []byte }

// Append appends the mark of data, 32 bytes, to b.
func (m MAC) Append(b, data []byte) []byte {
	h := hmac.New(sha256.New, m.secret)
	h.Write(data)
	return h.Sum(b)
}

// Valid reports whether mark is that of data, in constant time. The zero MAC
// takes nothing for valid.
func (m MAC) Valid(data, mark []byte) bool {
	return len(m.secret) == sha256.Size && hmac.Equal(m.Append(nil, data), mark)
}
