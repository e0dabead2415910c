package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"entente"
)

// Limits of answers.
const (
	pageSize     = 500 // half of what Active Directory gives by default
	maxEntries   = 1 << 20
	maxReferrals = 1000 // a forest has one for each domain below
	maxCookie    = 64 << 10
	maxFew       = 8 << 20 // bytes of an answer that is not paged
)

// A query asks for entries.
type query struct {
	base     string
	scope    int
	filter   string
	attrs    []string
	controls []goldap.Control
	limit    int // entries; more are an error
}

// Controls of Active Directory, [MS-ADTS] 3.1.1.3.4.1: deleted objects are
// found too, and names come with GUID and SID, in their text form.
func showDeleted() goldap.Control {
	return goldap.NewControlString(goldap.ControlTypeMicrosoftShowDeleted, true, "")
}

func extendedDN() goldap.Control {
	return goldap.NewControlString(goldap.ControlTypeMicrosoftExtendedDN, true, "\x30\x03\x02\x01\x01")
}

var (
	errEndless = errors.New("the server's answer has no end")
	errHalf    = errors.New("the server's answer has no end that says whether there are more pages: it is not known to be whole")
)

// one returns the only entry, nil if there is none.
func (c *connection) one(ctx context.Context, q query) (*goldap.Entry, error) {
	q.limit = 1
	found, err := c.few(ctx, q)
	if goldap.IsErrorWithCode(err, goldap.LDAPResultNoSuchObject) {
		return nil, nil
	}
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// few returns all entries, of which there are not many. Referrals are not
// followed: a server that is asked is one that was configured. (threats O3)
func (c *connection) few(ctx context.Context, q query) (found []*goldap.Entry, err error) {
	r := q.request()
	r.SizeLimit, r.EnforceSizeLimit = q.limit+1, true
	allowed := c.frames.allowed.Load()
	c.frames.allowed.Store(min(allowed, maxFew))
	defer c.frames.allowed.Store(allowed)
	err = c.within(ctx, func() (err error) {
		// The decoder runs here, over what a server made.
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%w: %v", errNotLDAP, p)
			}
		}()
		answer, err := c.Search(r)
		if err == nil {
			found = answer.Entries
		}
		return err
	})
	if len(found) > q.limit || goldap.IsErrorWithCode(err, goldap.LDAPResultSizeLimitExceeded) {
		return nil, entente.Errorf(entente.Conflict, "the directory has more than %d entries where there should be no more", q.limit)
	}
	return found, err
}

func (q *query) request() *goldap.SearchRequest {
	return &goldap.SearchRequest{
		BaseDN: q.base, Scope: q.scope, DerefAliases: goldap.NeverDerefAliases,
		Filter: q.filter, Attributes: q.attrs, Controls: q.controls,
	}
}

// pages hands on all entries, page by page (RFC 2696), and says after each page
// that it is one. A page has its own time and size, in which what is done after
// it does not count.
func (c *Client) pages(ctx context.Context, con *connection, q query, after func() error, each func(*goldap.Entry) error) error {
	left := q.limit
	if left == 0 {
		left = maxEntries
	}
	paging := goldap.NewControlPaging(pageSize)
	for n, pages := 0, 0; ; pages++ {
		before := n
		asked, cancel := context.WithTimeout(ctx, c.Timeout)
		p := q
		p.limit = left - n
		cookie, err := con.page(asked, p, paging, func(e *goldap.Entry) error {
			n++
			return each(e)
		})
		cancel()
		if err == nil && after != nil {
			err = after()
		}
		switch {
		case err != nil:
			return err
		case len(cookie) == 0:
			return nil
		case len(cookie) > maxCookie, n == before && pages > 100:
			return errEndless
		}
		paging.SetCookie(cookie)
	}
}

func (c *connection) page(ctx context.Context, q query, paging *goldap.ControlPaging, each func(*goldap.Entry) error) (cookie []byte, err error) {
	r := q.request()
	r.Controls = append(r.Controls[:len(r.Controls):len(r.Controls)], paging)
	err = c.within(ctx, func() error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		cookie, err = c.collect(ctx, r, q.limit, each)
		return err
	})
	if err != nil {
		var said *goldap.Error
		if !errors.As(err, &said) || said.ResultCode >= goldap.ErrorNetwork {
			c.close() // the rest of the answer may still come
		}
		return nil, err
	}
	return cookie, nil
}

// collect reads the answer to a search. Only one that ends as RFC 2696 3 has it,
// with the control in its last message, is whole: who is missing in half an
// answer must not be taken for gone.
func (c *connection) collect(ctx context.Context, r *goldap.SearchRequest, limit int, each func(*goldap.Entry) error) (cookie []byte, err error) {
	entries, referrals, done := 0, 0, false
	answer := c.SearchAsync(ctx, r, 0)
	for answer.Next() {
		if e := answer.Entry(); e != nil {
			if entries++; limit > 0 && entries > limit {
				return nil, fmt.Errorf("more than %d entries where there should not be", limit)
			}
			if err := each(e); err != nil {
				return nil, err
			}
			continue
		}
		if answer.Referral() != "" {
			if referrals++; referrals > maxReferrals {
				return nil, errEndless
			}
			continue
		}
		if p, ok := goldap.FindControl(answer.Controls(), goldap.ControlTypePaging).(*goldap.ControlPaging); ok {
			cookie, done = p.Cookie, true
		}
	}
	switch err := answer.Err(); {
	case err != nil:
		return nil, err
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !done:
		return nil, errHalf
	}
	return cookie, nil
}

// value returns the first value of an attribute.
func value(e *goldap.Entry, name string) string {
	for _, a := range e.Attributes {
		if strings.EqualFold(a.Name, name) && len(a.Values) > 0 {
			return a.Values[0]
		}
	}
	return ""
}

func values(e *goldap.Entry, name string) []string {
	for _, a := range e.Attributes {
		if strings.EqualFold(a.Name, name) {
			return a.Values
		}
	}
	return nil
}
