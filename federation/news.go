package federation

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"entente"
	"entente/db"
	"entente/federation/brokerapi"
	"entente/federation/jose"
)

// PathPeer is where one of our servers says what its organization's keys are, and
// PathNotice, below it, where it is told of changes at a partner.
const (
	PathPeer   = "/.well-known/entente-federation"
	PathNotice = PathPeer + "/notice"
)

// verbNotice is the verb of a notice, so that a request to the broker is none and
// the reverse.
const verbNotice = "Notice"

// News tell a partner that what it may have set of this organization has
// changed: the source asks administrators to tell each other, and so the servers
// do.
type News struct {
	Sender         string           `json:"sender"`          // application URI by which the partner knows us
	ApplicationURI string           `json:"application_uri"` // now; empty if the trust is gone
	App            entente.AppID    `json:"app_id"`
	Domains        []entente.Domain `json:"domains"` // federated now
	Text           string           `json:"text"`
	Key            brokerapi.Key    `json:"key"` // that signed the notice
}

// A Partner is whom to tell: an organization relationship with pinned keys.
type Partner struct {
	Name   string // of the relationship
	Server string // any https URL of the partner's; empty: it is looked for when it is told
	Target string // its application URI
}

// A Waiting is a notice that has not arrived yet.
type Waiting struct {
	Partner string
	Text    string
	Created time.Time
	Tries   int
	Due     time.Time
	Problem string
}

// Notices are tried again for a week, each time later.
const (
	noticeLife    = 7 * 24 * time.Hour
	noticeLease   = 2 * time.Minute
	noticeLongest = 6 * time.Hour
	noticeEvery   = time.Second
	maxNoticeText = 2000
	maxWaiting    = 1000 // waiting
)

// Notify has partners told of a change. It returns when that is kept, not when
// they know. sender is the application URI by which they know this organization,
// where that is what changed.
func (s *Service) Notify(ctx context.Context, partners []Partner, sender, text string) error {
	if sender == "" {
		if t := s.Trust(); t != nil {
			sender = t.ApplicationURI
		}
	}
	if len(text) > maxNoticeText {
		text = text[:maxNoticeText]
	}
	now := s.Now().Unix()
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		var waiting int
		if err := tx.QueryRow(`SELECT count(*) FROM federation_notice`).Scan(&waiting); err != nil {
			return err
		}
		if waiting+len(partners) > maxWaiting {
			return entente.Errorf(entente.TooLarge, "%d notices wait already; partners are not told", waiting)
		}
		for _, p := range partners {
			to := ""
			if p.Server != "" {
				if to = noticeURL(p.Server); to == "" {
					continue // there is nowhere to tell it
				}
			}
			if _, err := tx.Exec(`INSERT INTO federation_notice (id, partner, url, target, sender, about, created, tries, due, problem)
				VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $7, '')`, rand.Text(), p.Name, to, p.Target, sender, text, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// noticeURL is where a server is told: at the host of any URL of it; "" if that is
// none.
func noticeURL(server string) string {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return (&url.URL{Scheme: "https", Host: u.Host, Path: PathNotice}).String()
}

// Waiting returns the notices that have not arrived.
func (s *Service) Waiting(ctx context.Context) (all []Waiting, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT partner, about, created, tries, due, problem FROM federation_notice ORDER BY created, partner`)
		if err != nil {
			return err
		}
		all = nil
		for rows.Next() {
			var w Waiting
			var created, due int64
			if err := rows.Scan(&w.Partner, &w.Text, &created, &w.Tries, &due, &w.Problem); err != nil {
				return err
			}
			w.Created, w.Due = time.Unix(created, 0).UTC(), time.Unix(due, 0).UTC()
			all = append(all, w)
		}
		return rows.Err()
	})
	return all, err
}

// A Courier carries notices: over a client, to servers that it finds by the name
// of the relationship where no address is known.
type Courier struct {
	HTTP *http.Client
	Find func(ctx context.Context, relationship string) (server string, err error)
}

// RunNotices sends what waits until ctx ends. Any node may.
func (s *Service) RunNotices(ctx context.Context, by Courier) {
	look := time.NewTicker(noticeEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		n, err := s.takeNotice(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("federation notices", "err", err)
		}
		if n != nil {
			if err := s.settleNotice(ctx, n, s.send(ctx, by, n)); err != nil && ctx.Err() == nil {
				s.Log.Error("federation notices", "err", err)
			}
		}
	}
}

// due is a notice that is to be sent.
type due struct {
	id, partner, url, target, sender, text string
	created                                int64
	tries                                  int64
}

// takeNotice takes one that is due, so that no other node sends it meanwhile.
func (s *Service) takeNotice(ctx context.Context) (n *due, err error) {
	now := s.Now().Unix()
	// Mostly there is none, and looking is no reason to write.
	waits := 0
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM federation_notice WHERE due <= $1`, now).Scan(&waits)
	})
	if err != nil || waits == 0 {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		n = &due{}
		err := tx.QueryRow(`SELECT id, partner, url, target, sender, about, created, tries FROM federation_notice
			WHERE due <= $1 ORDER BY due, id LIMIT 1`, now).
			Scan(&n.id, &n.partner, &n.url, &n.target, &n.sender, &n.text, &n.created, &n.tries)
		if errors.Is(err, db.ErrNoRows) {
			n = nil
			return nil
		}
		if err != nil {
			return err
		}
		taken, err := tx.Exec(`UPDATE federation_notice SET due = $2 WHERE id = $1 AND due <= $3`, n.id, now+int64(noticeLease.Seconds()), now)
		if err == nil && taken == 0 {
			n = nil
		}
		return err
	})
	return n, err
}

// settleNotice forgets a notice that arrived, and one that is too old.
func (s *Service) settleNotice(ctx context.Context, n *due, failed error) error {
	now := s.Now()
	if failed != nil && now.Sub(time.Unix(n.created, 0)) < noticeLife {
		wait := min(time.Minute<<min(n.tries, 10), noticeLongest)
		problem := failed.Error()
		return s.DB.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE federation_notice SET tries = tries + 1, due = $2, problem = $3 WHERE id = $1`,
				n.id, now.Add(wait).Unix(), problem[:min(len(problem), 200)])
			return err
		})
	}
	if failed != nil {
		s.noted(ctx, "notice-lost", fmt.Sprintf("%s was not told: %s", n.partner, n.text))
	} else {
		s.noted(ctx, "notice", fmt.Sprintf("%s was told: %s", n.partner, n.text))
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM federation_notice WHERE id = $1`, n.id)
		return err
	})
}

func (s *Service) send(ctx context.Context, by Courier, n *due) error {
	to := n.url
	if to == "" {
		server, err := by.Find(ctx, n.partner)
		if err != nil {
			return err
		}
		if to = noticeURL(server); to == "" {
			return errors.New("its server has no https address")
		}
	}
	text, err := s.signNews(n)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/jose")
	a, err := by.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(a.Body, 4<<10)) // so that the connection is kept
	if a.StatusCode/100 != 2 {
		return fmt.Errorf("the partner's server answered %s", a.Status)
	}
	return nil
}

func (s *Service) signNews(n *due) ([]byte, error) {
	key, id, err := s.Signer()
	if err != nil {
		return nil, err
	}
	public, err := jose.KeyOf(key.Public())
	if err != nil {
		return nil, err
	}
	if public.Thumbprint() != id {
		return nil, errors.New("the signing key is not the one in use")
	}
	body := News{Sender: n.sender, Text: n.text, Key: public, Domains: []entente.Domain{}}
	if t := s.Trust(); t != nil {
		body.ApplicationURI, body.App = t.ApplicationURI, t.AppID
		for i := range t.Domains {
			body.Domains = append(body.Domains, t.Domains[i].Name)
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return brokerapi.Sign(&brokerapi.Envelope{
		Verb: verbNotice, Audience: n.target, Issued: s.Now().Unix(), ID: n.id, App: body.App, Body: raw,
	}, brokerapi.Signer{Key: key})
}

// ReadNews reads a notice for this organization, signed by a key of the sender's
// that is pinned. Whether it is, pinned says, before anything is computed for who
// is a stranger. id is the same if it comes twice. The error is
// brokerapi.ErrRefused.
func (s *Service) ReadNews(jws []byte, pinned func(sender, key string) bool) (n *News, id string, err error) {
	t := s.Trust()
	u, err := brokerapi.Read(jws)
	if err != nil || t == nil || !t.Enabled {
		return nil, "", brokerapi.ErrRefused
	}
	n = new(News)
	if err := brokerapi.Decode(u.Claimed().Body, n); err != nil {
		return nil, "", brokerapi.ErrRefused
	}
	if !pinned(n.Sender, n.Key.Thumbprint()) {
		return nil, "", brokerapi.ErrRefused
	}
	key, err := n.Key.ECDSA()
	if err != nil {
		return nil, "", brokerapi.ErrRefused
	}
	e, err := u.VerifyKey(key)
	if err != nil || e.Verb != verbNotice || e.Audience != t.ApplicationURI {
		return nil, "", brokerapi.ErrRefused
	}
	if age := s.Now().Sub(time.Unix(e.Issued, 0)); age > noticeSkew || age < -noticeSkew {
		return nil, "", brokerapi.ErrRefused
	}
	if len(n.Text) > maxNoticeText || !utf8.ValidString(n.Text) {
		return nil, "", brokerapi.ErrRefused
	}
	return n, e.ID, nil
}

// noticeSkew is how far clocks may differ.
const noticeSkew = 5 * time.Minute
