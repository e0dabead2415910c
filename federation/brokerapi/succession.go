package brokerapi

import (
	"crypto/ecdsa"
	"time"
)

const typeSuccession = "entente-succession+json"

// A Succession says that a key speaks for an organization from a time on, in the
// word of the key before it, whose holder knew it: partners that have pinned the
// one know the other by it.
type Succession struct {
	Key  Key       `json:"key"`
	From time.Time `json:"from"`
}

// SignSuccession returns the word of the key that has spoken so far, signed.
func SignSuccession(s *Succession, by Signer) ([]byte, error) {
	s.From = s.From.UTC()
	return sign(typeSuccession, s, by)
}

// ReadSuccession reads the word of a key about the one that follows it. The error
// is ErrRefused.
func ReadSuccession(jws []byte, by Key) (*Succession, error) {
	public, err := by.ECDSA()
	if err != nil {
		return nil, ErrRefused
	}
	u, err := split(jws, typeSuccession)
	if err != nil || !u.signedByKey([]*ecdsa.PublicKey{public}) {
		return nil, ErrRefused
	}
	s := new(Succession)
	if Decode(u.payload, s) != nil {
		return nil, ErrRefused
	}
	return s, nil
}
