package partner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/ews/ewsclient"
	"entente/federation"
)

// Pinned keys are followed: a partner's next key counts once one that is pinned
// has signed for it, and nobody has to be asked.
const (
	followEvery = time.Hour
	followAgain = 30 * time.Second // not more often, whoever asks
	followLook  = 10 * time.Second // for a partner whose turn it is
	maxPeer     = 64 << 10
	peerTime    = 5 * time.Second
)

// A Pinner writes down the keys of a relationship in the place of those it had,
// and records that and why. With others than these it fails.
type Pinner func(ctx context.Context, relationship string, from, to []string, why string) error

// following keeps when keys were looked at last.
type following struct {
	mu sync.Mutex
	at map[string]time.Time
	// problem is why keys could not be followed, by relationship.
	problem map[string]string
}

func (f *following) due(name string, now time.Time, every time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at == nil {
		f.at, f.problem = map[string]time.Time{}, map[string]string{}
	}
	if at, ok := f.at[name]; ok && now.Sub(at) < every {
		return false
	}
	f.at[name] = now
	return true
}

func (f *following) settle(name string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.problem, name)
	if err != nil {
		f.problem[name] = err.Error()
	}
}

func (f *following) trouble(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.problem[name]
}

// Refused is told that a request of an organization was not signed by a key that
// is pinned: it may have a newer one. It is looked at in the background.
func (c *Client) Refused(organization string) {
	for _, r := range c.Snapshot().Relationships() {
		if r.Enabled && len(r.Keys) > 0 && r.TargetApplicationURI == organization && c.following.due(r.Name, c.Now(), followAgain) {
			c.running.Go(func() { c.follow(context.Background(), r) })
		}
	}
}

// followKeys looks at the keys of every partner that has some pinned, now and
// then.
func (c *Client) followKeys(ctx context.Context) {
	for _, r := range c.Snapshot().Relationships() {
		if ctx.Err() == nil && r.Enabled && len(r.Keys) > 0 && c.following.due(r.Name, c.Now(), followEvery) {
			c.follow(ctx, r)
		}
	}
}

func (c *Client) follow(ctx context.Context, r *access.Relationship) {
	ctx, cancel := context.WithTimeout(ctx, AskTime)
	defer cancel()
	err := c.followOne(ctx, r)
	c.following.settle(r.Name, err)
	if err != nil {
		c.Log.Warn("partner: its keys could not be followed", "relationship", r.Name, "err", err)
	}
}

func (c *Client) followOne(ctx context.Context, r *access.Relationship) error {
	at, err := c.serverOf(ctx, r)
	if err != nil {
		return err
	}
	p, _, err := c.peer(ctx, at, r.Domains[0])
	if err != nil {
		return err
	}
	if p.ApplicationURI != r.TargetApplicationURI {
		return fmt.Errorf("the organization is now %s, and not %s", p.ApplicationURI, r.TargetApplicationURI)
	}
	now := federation.Succession(r.Keys, p)
	switch {
	case len(now) == 0:
		return errors.New("it has none of the pinned keys any more, and none that they signed for")
	case slices.Equal(now, r.Keys):
		return nil
	}
	return c.Pin(ctx, r.Name, r.Keys, now, "signed by a key that was pinned")
}

// Find returns a URL of the server of a relationship's organization.
func (c *Client) Find(ctx context.Context, name string) (string, error) {
	for _, r := range c.Snapshot().Relationships() {
		if r.Name == name {
			ctx, cancel := context.WithTimeout(ctx, AskTime)
			defer cancel()
			return c.serverOf(ctx, r)
		}
	}
	return "", entente.Errorf(entente.NotFound, "there is no relationship %s any more", name)
}

// serverOf is a URL of a partner's server: where its EWS or Autodiscover is.
func (c *Client) serverOf(ctx context.Context, r *access.Relationship) (string, error) {
	for _, s := range [...]string{r.TargetSharingEPR, r.TargetAutodiscoverEPR, c.places.known("relationship " + r.Name)} {
		if s != "" {
			return s, checkURL(s)
		}
	}
	err := errors.New("it is not known where its server is")
	for _, d := range r.Domains {
		for _, at := range c.candidates(ctx, d, func(host string) bool { return within(host, r.Domains) }) {
			if at.err != nil {
				err = at.err
				continue
			}
			if _, _, e := c.peer(ctx, at.URL, d); e != nil {
				err = e
				continue
			}
			return at.URL, nil
		}
	}
	return "", err
}

// peer asks one of our servers what its organization says of itself.
func (c *Client) peer(ctx context.Context, server string, d entente.Domain) (*federation.Peer, *http.Response, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, peerTime)
	defer cancel()
	at := url.URL{Scheme: "https", Host: u.Host, Path: federation.PathPeer, RawQuery: url.Values{"domain": {string(d)}}.Encode()}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.Autodiscover.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return nil, a, &ewsclient.Status{Code: a.StatusCode, Location: ewsclient.Words(a.Header.Get("Location"))}
	}
	p, err := readPeer(io.LimitReader(a.Body, maxPeer))
	return p, a, err
}

// maxPeerKeys bounds a chain of keys.
const maxPeerKeys = 16

func readPeer(r io.Reader) (*federation.Peer, error) {
	p := &federation.Peer{}
	if err := json.NewDecoder(r).Decode(p); err != nil {
		return nil, fmt.Errorf("%w: what the organization says of itself", ewsclient.ErrNotEWS)
	}
	if p.ApplicationURI == "" || len(p.ApplicationURI) > 300 || p.ApplicationURI != ewsclient.Words(p.ApplicationURI) || len(p.Keys) == 0 || len(p.Keys) > maxPeerKeys {
		return nil, fmt.Errorf("%w: what the organization says of itself", ewsclient.ErrNotEWS)
	}
	for i := range p.Keys {
		if p.Keys[i].Key.Thumbprint() == "" {
			return nil, fmt.Errorf("%w: a key of the organization's", ewsclient.ErrNotEWS)
		}
	}
	return p, nil
}

// toPin are the thumbprints to pin of what an organization says of itself: the
// key in use, the one that is to follow it, and the one before, with which
// requests may still be signed.
func toPin(p *federation.Peer, now time.Time) (pins []string) {
	for i := range p.Keys {
		k := &p.Keys[i]
		pins = append(pins, k.Key.Thumbprint())
		if k.From.Before(now) {
			if i+1 < len(p.Keys) {
				pins = append(pins, p.Keys[i+1].Key.Thumbprint())
			}
			break
		}
	}
	return pins
}
