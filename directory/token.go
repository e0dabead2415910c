package directory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// A Token is a bearer token of a service account or a linked mailbox, without the
// secret.
type Token struct {
	ID      string
	Account entente.SID
	Name    access.ApplicationID // what the application that holds it is called
	Created time.Time
	Expires time.Time
}

// tokenPrefix lets secret scanners find tokens that were left lying about.
const tokenPrefix = "entente_"

// CreateToken makes a bearer token for a service account, valid until expires.
// The secret is told this once: only its SHA-256 is kept, which is enough for
// 256 random bits.
func (c *Change) CreateToken(account entente.SID, name access.ApplicationID, expires time.Time) (Token, entente.Secret, error) {
	a, err := accountBySID(c.tx, account)
	if err != nil {
		return Token{}, entente.Secret{}, err
	}
	switch {
	case !holdsTokens(&a.Account):
		return Token{}, entente.Secret{}, entente.Errorf(entente.Invalid, "tokens are for service accounts and linked mailboxes")
	case name == "" || checkTexts(string(name)) != nil:
		return Token{}, entente.Secret{}, entente.Errorf(entente.Invalid, "a token needs the name of its application")
	case !expires.After(c.now):
		return Token{}, entente.Secret{}, entente.Errorf(entente.Invalid, "a token needs an end in the future")
	}
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return Token{}, entente.Secret{}, err
	}
	text := tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	t := Token{strings.ToLower(rand.Text()[:16]), account, name, c.now.UTC().Truncate(time.Second), expires.UTC().Truncate(time.Second)}
	hash := sum(text)
	_, err = write(c, tokenUnit(t.ID), c.tx.Exec,
		`INSERT INTO directory_token (id, hash, sid, name, created, expires) VALUES ($1, $2, $3, $4, $5, $6)`,
		hash, t.Account, t.Name, t.Created.Unix(), t.Expires.Unix())
	return t, entente.NewSecret(text), err
}

// holdsTokens reports whether an account signs in by token: a service, or the
// owner of a linked mailbox, who has no password here.
func holdsTokens(a *access.Account) bool { return a.Kind == access.KindService || a.Master != "" }

// RevokeTokens ends all tokens of an account.
func (c *Change) RevokeTokens(account entente.SID) error {
	var ids []string
	var id string
	rows, err := c.tx.Query(`SELECT id FROM directory_token WHERE sid = $1`, account)
	err = each(rows, err, func() error { ids = append(ids, id); return nil }, &id)
	for _, id := range ids {
		if err == nil {
			err = c.RevokeToken(id)
		}
	}
	return err
}

// sum is what is kept of a token.
func sum(text string) [32]byte { return sha256.Sum256([]byte(text)) }

// RevokeToken ends a token.
func (c *Change) RevokeToken(id string) error {
	n, err := write(c, tokenUnit(id), c.tx.Exec, `DELETE FROM directory_token WHERE id = $1`)
	return missed(n, err, "token", id)
}

// Tokens returns the tokens of an account, oldest first; expired ones too.
func (d *Directory) Tokens(ctx context.Context, account entente.SID) (all []Token, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		t := Token{Account: account}
		var created, expires int64
		rows, err := tx.Query(`SELECT id, name, created, expires FROM directory_token WHERE sid = $1 ORDER BY created, id`, account)
		return each(rows, err, func() error {
			n := t
			n.Created, n.Expires = time.Unix(created, 0).UTC(), time.Unix(expires, 0).UTC()
			all = append(all, n)
			return nil
		}, &t.ID, &t.Name, &created, &expires)
	})
	return all, err
}

// CheckToken returns whom a bearer token proves, and which application. The
// tokens are part of what Snapshot is made from, so that no request waits for
// the database and a revoked one is worth nothing within a second.
func (d *Directory) CheckToken(_ context.Context, token entente.Secret, _ string) (access.Principal, access.ApplicationID, error) {
	text := token.Reveal()
	if len(text) > 128 || !strings.HasPrefix(text, tokenPrefix) {
		return access.Principal{}, "", refused()
	}
	now := d.now.Load()
	t, ok := now.tokens.get(sum(text))
	if !ok || !time.Now().Before(t.Expires) {
		return access.Principal{}, "", refused()
	}
	a, ok := now.snapshot.FindSID(t.Account)
	if !ok || !holdsTokens(&a) || !a.Enabled && a.Master == "" {
		return access.Principal{}, "", refused()
	}
	return a.Principal, t.Name, nil
}

func (r *reader) readTokens(u *unit) error {
	var t Token
	var hash [32]byte
	var expires int64
	const q = `SELECT id, hash, sid, name, expires FROM directory_token`
	rows, err := query(r.tx.Query, u, q+` WHERE id = $1`, q+` ORDER BY id`)
	return r.each(tokenRows)(rows, err, func() error {
		n := t
		n.Expires = time.Unix(expires, 0).UTC()
		r.tokens[hash] = n
		return nil
	}, &t.ID, &hash, &t.Account, &t.Name, &expires)
}
