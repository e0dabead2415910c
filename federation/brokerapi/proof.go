package brokerapi

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"entente"
)

// ScopedLabel is put before a domain's name for the records that prove whose it
// is, so that they are not among those of others at the domain itself.
const ScopedLabel = "_entente-federation."

const proofMagic = "entente-domain-proof-v1"

// DomainProof is the text that proves, in a TXT record at a domain or at its
// scoped label, that the domain belongs to an application that holds a
// certificate's key: 88 characters, one string. It is another one for each
// certificate.
func DomainProof(app entente.AppID, domain entente.Domain, c *x509.Certificate) string {
	key := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	h := sha512.New()
	for _, part := range []string{proofMagic, string(app), string(domain)} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Write(key[:])
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// A ScopedProof is what a TXT record at the scoped label says that proves the
// same whatever the certificate, so that a rollover needs no change in DNS.
type ScopedProof struct {
	App     entente.AppID
	Nonce   string    // from ReserveDomain
	Recover bool      // the nonce is from Recover
	Expires time.Time // a day; after it the record proves nothing
}

const day = "2006-01-02"

// String is the record's text.
func (p ScopedProof) String() string {
	nonce := "nonce="
	if p.Recover {
		nonce = "recover="
	}
	s := "v=1; app=" + string(p.App) + "; " + nonce + p.Nonce
	if !p.Expires.IsZero() {
		s += "; exp=" + p.Expires.UTC().Format(day)
	}
	return s
}

// ParseScopedProof reads what String writes. exp may be missing, or be another
// day than the broker proposed: whose domain it is says how long the record
// holds.
func ParseScopedProof(s string) (p ScopedProof, ok bool) {
	const most = 256
	if len(s) > most {
		return p, false
	}
	seen := map[string]bool{}
	for i, field := range strings.Split(s, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(field), "=")
		if !ok || value == "" || seen[name] || (name == "v") != (i == 0) {
			return p, false
		}
		seen[name] = true
		switch name {
		case "v":
			if value != "1" {
				return p, false
			}
		case "app":
			p.App = entente.AppID(value)
		case "nonce":
			p.Nonce = value
		case "recover":
			p.Nonce, p.Recover = value, true
		case "exp":
			t, err := time.Parse(day, value)
			if err != nil {
				return p, false
			}
			p.Expires = t
		default:
			return p, false
		}
	}
	return p, seen["app"] && seen["nonce"] != seen["recover"]
}

// Holds reports whether a record is one that another asks for, at a time.
func (p ScopedProof) Holds(want ScopedProof, now time.Time) bool {
	return p.App == want.App && p.Nonce == want.Nonce && p.Recover == want.Recover &&
		(p.Expires.IsZero() || now.Before(p.Expires.Add(24*time.Hour)))
}
