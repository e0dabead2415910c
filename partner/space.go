package partner

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"entente"
	"entente/availability"
	"entente/db"
	"entente/ews"
	"entente/ews/ewsclient"
	"entente/keys"
)

// MaxSpaces is Exchange's limit.
const MaxSpaces = 100

// spacesEvery is how often is looked whether another node changed them.
const spacesEvery = time.Second

// Reasons of refused changes.
const (
	SpaceInvalid entente.Reason = "address-space-invalid"
	SpaceExists  entente.Reason = "address-space-exists"
	TooMany      entente.Reason = "address-space-too-many"
)

// OrgWideFB is the one access method there is: a service account asks, and is
// shown what everybody there is shown.
const OrgWideFB = "OrgWideFB"

// Schemes in which the service account signs in.
const (
	Basic  = "basic"
	Bearer = "bearer"
)

// An AddressSpace is another organization that is asked without a broker, by a
// service account it has given us. Exchange: Add-AvailabilityAddressSpace.
type AddressSpace struct {
	Domain  entente.Domain
	URL     string // of its EWS: passwords are not sent where Autodiscover points
	Scheme  string
	Account string // of Basic

	secretID string // of its password in the ring
}

// An AvailabilityConfig is what Set-AvailabilityConfig sets.
type AvailabilityConfig struct {
	// OrgWideAccount is the account here with which another organization asks.
	OrgWideAccount string
}

// spaces are the address spaces as this node knows them.
type spaces struct{ now atomic.Pointer[spaceSet] }

type spaceSet struct {
	version int64
	config  AvailabilityConfig
	all     map[entente.Domain]*AddressSpace
	secrets map[entente.Domain]entente.Secret
}

func (s *spaces) of(d entente.Domain) *AddressSpace {
	if now := s.now.Load(); now != nil {
		return now.all[d]
	}
	return nil
}

// readSpaces reads what there is, if it has changed.
func (c *Client) readSpaces(ctx context.Context) error {
	known := c.spaces.now.Load()
	var next *spaceSet
	err := c.DB.View(ctx, func(tx *db.Tx) error {
		next = &spaceSet{all: map[entente.Domain]*AddressSpace{}, secrets: map[entente.Domain]entente.Secret{}}
		if err := tx.QueryRow(`SELECT version, account FROM partner_setting WHERE id = 1`).Scan(&next.version, &next.config.OrgWideAccount); err != nil && !errors.Is(err, db.ErrNoRows) {
			return err
		}
		if known != nil && known.version == next.version {
			next = nil
			return nil
		}
		rows, err := tx.Query(`SELECT domain, url, scheme, account, secret FROM partner_space ORDER BY domain`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			s := &AddressSpace{}
			if err := rows.Scan(&s.Domain, &s.URL, &s.Scheme, &s.Account, &s.secretID); err != nil {
				return err
			}
			next.all[s.Domain] = s
		}
		return rows.Err()
	})
	if err != nil || next == nil {
		return err
	}
	for d, s := range next.all {
		secret, err := c.Ring.Kept(ctx, keys.AvailabilityPassword, s.secretID)
		if err != nil && !errors.Is(err, keys.ErrNone) {
			return err
		}
		next.secrets[d] = secret
	}
	c.spaces.now.Store(next)
	return nil
}

// AddressSpaces lists what there is, by domain.
func (c *Client) AddressSpaces() []AddressSpace {
	var all []AddressSpace
	if now := c.spaces.now.Load(); now != nil {
		for _, s := range now.all {
			all = append(all, *s)
		}
	}
	slices.SortFunc(all, func(a, b AddressSpace) int { return strings.Compare(string(a.Domain), string(b.Domain)) })
	return all
}

// AvailabilityConfig returns what is set for those who ask here.
func (c *Client) AvailabilityConfig() AvailabilityConfig {
	if now := c.spaces.now.Load(); now != nil {
		return now.config
	}
	return AvailabilityConfig{}
}

// CheckSpace says what is wrong with an address space of an access method.
func CheckSpace(s *AddressSpace, method string, secret entente.Secret) error {
	bad := func(format string, args ...any) error {
		return entente.Errorf(entente.Invalid, format, args...).Because(SpaceInvalid)
	}
	switch strings.ToLower(method) {
	case "orgwidefb":
	case "peruserfb":
		return bad("PerUserFB needs a trust between the two directories by which this server could act as each user there; there is none. Use OrgWideFB, or an organization relationship, under which each user asks in his own name")
	case "internalproxy", "publicfolder":
		return bad("the access method %s is about Exchange servers of one organization; use OrgWideFB", method)
	default:
		return bad("there is no access method %q; use OrgWideFB", method)
	}
	if _, err := entente.ParseDomain(string(s.Domain)); err != nil {
		return bad("%q is not a domain", s.Domain)
	}
	if err := checkURL(s.URL); err != nil {
		return bad("the address of the other organization's EWS %v; write https://HOST/EWS/Exchange.asmx", err)
	}
	plain := func(text string) bool {
		return text != "" && len(text) < 2000 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
	}
	switch {
	case s.Scheme != Basic && s.Scheme != Bearer:
		return bad("the service account signs in by %s or %s", Basic, Bearer)
	case s.Scheme == Basic && (!plain(s.Account) || strings.Contains(s.Account, ":")):
		return bad("name the service account, without a colon")
	case s.Scheme == Bearer && s.Account != "":
		return bad("a bearer token says itself whose it is; name no account beside it")
	case !plain(secret.Reveal()):
		return bad("the service account's password or token is missing, or has control characters in it")
	}
	return nil
}

// AddAddressSpace begins to ask another organization.
func (c *Client) AddAddressSpace(ctx context.Context, s AddressSpace, method string, secret entente.Secret) error {
	if err := CheckSpace(&s, method, secret); err != nil {
		return err
	}
	// The secret is under a name of its own, so that who comes second to add the
	// same domain does not put his in the place of the first one's.
	id := string(s.Domain) + " " + requestID()
	if err := c.Ring.Keep(ctx, keys.AvailabilityPassword, id, secret); err != nil {
		return err
	}
	err := c.DB.Update(ctx, func(tx *db.Tx) error {
		done, err := tx.Exec(`INSERT INTO partner_space (domain, method, url, scheme, account, secret, changed) VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT (domain) DO NOTHING`,
			s.Domain, OrgWideFB, s.URL, s.Scheme, s.Account, id, c.Now().UnixMilli())
		if err != nil {
			return err
		}
		if done == 0 {
			return spaceExists(s.Domain)
		}
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM partner_space`).Scan(&n); err != nil {
			return err
		}
		if n > MaxSpaces {
			return entente.Errorf(entente.TooLarge, "there are at most %d availability address spaces", MaxSpaces).Because(TooMany)
		}
		return bump(tx)
	})
	if err != nil {
		return errors.Join(err, c.Ring.Forget(ctx, keys.AvailabilityPassword, id))
	}
	return c.readSpaces(ctx)
}

func spaceExists(d entente.Domain) error {
	return entente.Errorf(entente.Conflict, "there is an availability address space for %s already; remove it first", d).Because(SpaceExists)
}

func bump(tx *db.Tx) error {
	_, err := tx.Exec(`INSERT INTO partner_setting (id, version, account) VALUES (1, 1, '')
		ON CONFLICT (id) DO UPDATE SET version = partner_setting.version + 1`)
	return err
}

// RemoveAddressSpace stops asking another organization, and forgets the password.
func (c *Client) RemoveAddressSpace(ctx context.Context, d entente.Domain) error {
	var id string
	err := c.DB.Update(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(`DELETE FROM partner_space WHERE domain = $1 RETURNING secret`, d).Scan(&id)
		if errors.Is(err, db.ErrNoRows) {
			return entente.Errorf(entente.NotFound, "there is no availability address space for %s", d)
		}
		if err != nil {
			return err
		}
		return bump(tx)
	})
	if err != nil {
		return err
	}
	return errors.Join(c.Ring.Forget(ctx, keys.AvailabilityPassword, id), c.readSpaces(ctx))
}

// SetAvailabilityConfig notes with which account another organization asks here.
func (c *Client) SetAvailabilityConfig(ctx context.Context, set AvailabilityConfig) error {
	err := c.DB.Update(ctx, func(tx *db.Tx) error {
		if err := bump(tx); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE partner_setting SET account = $1 WHERE id = 1`, set.OrgWideAccount)
		return err
	})
	if err != nil {
		return err
	}
	return c.readSpaces(ctx)
}

// askSpace asks in an address space: when people there are free as everybody
// there may know, and never more, since it is not known there who asks.
func (c *Client) askSpace(ctx context.Context, g *group, q *availability.Request, e *errand) ([]availability.Answer, error) {
	b := c.breakers.of(g.key)
	if !b.allow(c.Now()) {
		return nil, shut(g.name, b)
	}
	began := c.Now()
	answers, err := c.askSpaceAt(ctx, g, q, e)
	c.judge(b, began, err)
	return answers, err
}

func (c *Client) askSpaceAt(ctx context.Context, g *group, q *availability.Request, e *errand) ([]availability.Answer, error) {
	plain := *q
	plain.View = less(availability.FreeBusyMerged, q.View)
	r, err := ewsclient.Post(ctx, g.space.URL, ewsclient.Envelope(question(g.of, &plain)))
	if err != nil {
		return nil, notPartner{err}
	}
	secret := c.spaces.now.Load().secrets[g.space.Domain]
	if secret.Empty() {
		return nil, notPartner{entente.Errorf(entente.Unavailable, "The password of the %s is missing.", g.name).Because(availability.PartnerFailed)}
	}
	if g.space.Scheme == Bearer {
		r.Header.Set("Authorization", "Bearer "+secret.Reveal())
	} else {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(g.space.Account+":"+secret.Reveal())))
	}
	r.Header.Set("User-Agent", userAgent(e.from))
	r.Header.Set("client-request-id", e.request)
	answer := &ews.GetUserAvailabilityResponse{}
	if err := ewsclient.Do(c.HTTP, r, answer); err != nil {
		return nil, fmt.Errorf("%s: %w", g.name, err)
	}
	return answersOf(answer, len(g.of), &plain)
}
