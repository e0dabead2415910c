package token

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
)

// Longest forms of what a token says. Whoever holds an opened one may write any
// of it into a header, a log line or a database.
const (
	minID, maxID     = 16, 128
	maxURI           = 256
	maxMails         = 16
	maxDomains       = 256
	maxImmutable     = 320
	minProof         = 16
	maxProof         = 64
	thumbprintLength = 43
)

// NewID returns an id for a token: 128 bits of chance, and a name of XML, as an
// AssertionID must be.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	return "_" + base64.RawURLEncoding.EncodeToString(b[:])
}

// check says what is wrong with a token that is to be issued.
func (i *Issuer) check(t *Token) error {
	if t.Issuer != i.URI {
		return fmt.Errorf("a token of %q is not for %q to issue", t.Issuer, i.URI)
	}
	if t.Offer.Lifetime() == 0 {
		return fmt.Errorf("no tokens are issued for the offer %q", t.Offer)
	}
	if err := t.valid(); err != nil {
		return fmt.Errorf("a token with this cannot be issued: %w", err)
	}
	return nil
}

// accepts reports whether a token whose signature was verified is one for us,
// from whom we trust, in its time.
func (o *Opener) accepts(t *Token, now time.Time) bool {
	return o.Issuer != "" && t.Issuer == o.Issuer && o.Audience != "" && t.Audience == o.Audience &&
		t.valid() == nil && t.live(now)
}

// live reports whether it is the token's time, with clocks that differ.
func (t *Token) live(now time.Time) bool {
	return !now.Before(t.NotBefore.Add(-MaxSkew)) && now.Before(t.NotAfter.Add(MaxSkew)) &&
		!t.Issued.After(now.Add(MaxSkew))
}

// valid says what is wrong with what a token says, whoever says it.
func (t *Token) valid() error {
	switch {
	case !validID(t.ID):
		return errors.New("the id is no name of XML, too short or too long")
	case !validURI(t.Issuer), !validURI(t.Audience), !validURI(t.Requestor):
		return errors.New("issuer, audience or requestor is no URI")
	case !validAppID(t.App):
		return errors.New("the AppID is not 16 hexadecimal digits")
	case t.Holder != "" && !validThumbprint(t.Holder):
		return errors.New("the holder is no thumbprint")
	case t.Proof != nil && (len(t.Proof) < minProof || len(t.Proof) > maxProof):
		return errors.New("the proof key is too short or too long")
	}
	if err := t.validTimes(); err != nil {
		return err
	}
	return t.validSubject()
}

// validTimes: no token holds longer than its offer lets it.
func (t *Token) validTimes() error {
	life := t.NotAfter.Sub(t.NotBefore)
	switch {
	case t.Offer.Lifetime() == 0:
		return errors.New("the offer is not known")
	case life <= 0 || life > t.Offer.Lifetime():
		return errors.New("the token ends before it begins, or holds longer than its offer allows")
	case t.Issued.After(t.NotAfter):
		return errors.New("the token is issued after its end")
	case t.NotBefore.Unix() <= 0:
		return errors.New("the token is from before 1970")
	}
	return nil
}

// validSubject: whom a token speaks of has addresses in domains that the issuer
// says are the requestor's, and in no others.
func (t *Token) validSubject() error {
	if !t.Subject.Valid() {
		return errors.New("the immutable id has not the form name@namespace, or there are no addresses, too many, or one that is not valid")
	}
	if len(t.Domains) == 0 || len(t.Domains) > maxDomains {
		return errors.New("the token has no domains, or too many")
	}
	for _, d := range t.Domains {
		if p, err := entente.ParseDomain(string(d)); err != nil || p != d {
			return errors.New("a domain is not valid")
		}
	}
	for _, m := range t.Subject.Mails {
		if !slices.Contains(t.Domains, m.Domain()) {
			return fmt.Errorf("the address %s is in none of the domains", m)
		}
	}
	return nil
}

// Valid reports whether a subject is one that a token can speak of: its
// immutable id has the form name@namespace, and it has addresses, in lower case.
func (s *Subject) Valid() bool {
	name, scope, ok := strings.Cut(s.Immutable, "@")
	if !ok || name == "" || scope == "" || strings.Contains(scope, "@") || len(s.Immutable) > maxImmutable || !printable(s.Immutable) {
		return false
	}
	for _, m := range s.Mails {
		if p, err := entente.ParseSMTPAddress(string(m)); err != nil || p != m {
			return false
		}
	}
	return len(s.Mails) > 0 && len(s.Mails) <= maxMails
}

// validID: an NCName of ASCII, since an AssertionID is an xs:ID.
func validID(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.') {
			return false
		}
	}
	return len(s) >= minID && len(s) <= maxID
}

func validURI(s string) bool { return s != "" && len(s) <= maxURI && printable(s) }

// printable reports whether a text is of visible ASCII, without what would end
// a quotation in a log or a header.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' || s[i] == '<' || s[i] == '>' {
			return false
		}
	}
	return true
}

func validAppID(a entente.AppID) bool {
	for _, c := range []byte(a) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return len(a) == 16
}

func validThumbprint(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) == thumbprintLength
}
