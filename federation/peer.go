package federation

import (
	"crypto"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/federation/brokerapi"
	"entente/federation/jose"
	"entente/federation/token"
)

func noTrust() error {
	return entente.Errorf(entente.Denied, "No Federation trust is configured for this organization or no domain is federated as the account namespace.").Because(NotFederated)
}

// Subject is what tokens call the owner of a mailbox: NoFederatedProxy if none of
// his addresses is in a federated domain. The immutable id comes from the
// mailbox's GUID by a secret of the organization's: it says nothing, and no two
// organizations have the same.
func (s *Service) Subject(id entente.MailboxID, mails []entente.SMTPAddress) (token.Subject, error) {
	t := s.Trust()
	if t == nil || !t.Enabled || t.AccountNamespace == "" {
		return token.Subject{}, noTrust()
	}
	var who token.Subject
	for _, m := range mails {
		if t.Federated(m.Domain()) && !slices.Contains(who.Mails, m) {
			who.Mails = append(who.Mails, m)
		}
	}
	if len(who.Mails) == 0 {
		return token.Subject{}, entente.Errorf(entente.Denied, "none of the user's addresses is in a federated domain").Because(NoFederatedProxy)
	}
	mark := s.identity.Append(nil, append([]byte("entente immutable id 1\n"), id[:]...))
	name := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mark[:20])
	who.Immutable = strings.ToLower(name) + "@" + t.ApplicationURI
	return who, nil
}

// Signer is the organization's own P-256 key, with which requests to partners are
// signed, and its thumbprint (RFC 7638).
func (s *Service) Signer() (key crypto.Signer, id string, err error) {
	v := s.view.Load()
	if v.trust == nil {
		return nil, "", noTrust()
	}
	u := v.current()
	if u == nil {
		return nil, "", entente.Errorf(entente.Unavailable, "this node cannot use the key of the certificate in use").Because(NodeLacksKey)
	}
	return u.speaker, u.Signing.Key.Thumbprint(), nil
}

// SignerOf is the organization's own key of a thumbprint: that of a token's
// holder, which may be the one before the present one for as long as such tokens
// hold.
func (s *Service) SignerOf(id string) (crypto.Signer, error) {
	v := s.view.Load()
	for i := range v.usable {
		if u := &v.usable[i]; u.speaker != nil && u.Signing.Key.Thumbprint() == id {
			return u.speaker, nil
		}
	}
	return nil, entente.Errorf(entente.NotFound, "the organization has no such signing key").Because(NodeLacksKey)
}

// maxPeerKeys bounds a chain: what is older is pinned anew by hand.
const maxPeerKeys = 8

// Peer returns what this organization says of itself; nil without a trust.
func (s *Service) Peer() *Peer {
	v := s.view.Load()
	if v.trust == nil || !v.trust.Enabled || v.trust.ApplicationURI == "" {
		return nil
	}
	p := &Peer{ApplicationURI: v.trust.ApplicationURI}
	if n := v.document.Next; n != nil {
		p.Keys = append(p.Keys, n.Signing)
	}
	p.Keys = append(p.Keys, v.document.Current.Signing)
	for i := range v.document.Previous {
		p.Keys = append(p.Keys, v.document.Previous[i].Signing)
	}
	p.Keys = append(p.Keys, v.document.Past...)
	p.Keys = p.Keys[:min(len(p.Keys), maxPeerKeys)]
	return p
}

// Succession returns the thumbprints that a partner's keys give once some of
// them are pinned: the pinned ones that are still there, and those that they
// signed for, one after the other. None if no pinned key is among them.
func Succession(pinned []string, p *Peer) []string {
	if p == nil || len(p.Keys) > maxPeerKeys {
		return nil
	}
	var trusted []string // newest first
	before := false      // the key before this one is trusted
	for i := len(p.Keys) - 1; i >= 0; i-- {
		k := &p.Keys[i]
		id := k.Key.Thumbprint()
		if id == "" {
			before = false
			continue
		}
		holds := slices.Contains(pinned, id)
		if !holds && before {
			said, err := brokerapi.ReadSuccession([]byte(k.Signed), p.Keys[i+1].Key)
			holds = err == nil && said.Key == k.Key && said.From.Equal(k.From)
		}
		if holds {
			trusted = slices.Insert(trusted, 0, id)
		}
		before = holds
	}
	return trusted
}

// publish writes down the public halves of a generation's keys, with the word of
// the key that speaks now.
func (g *generation) publish(u, by *usable, from time.Time) error {
	var err error
	if g.Encryption, err = jose.KeyOf(u.agreement.PublicKey()); err != nil {
		return err
	}
	if g.Signing.Key, err = jose.KeyOf(u.speaker.Public()); err != nil {
		return err
	}
	g.Signing.From = from
	if by == nil || by.speaker == nil {
		return nil
	}
	signed, err := brokerapi.SignSuccession(&brokerapi.Succession{Key: g.Signing.Key, From: from}, brokerapi.Signer{Key: by.speaker})
	g.Signing.Signed = string(signed)
	return err
}
