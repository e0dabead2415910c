package kerberos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/kerberos/enctype"
)

const (
	ticketLife = 10 * time.Hour   // asked for; the realm decides
	renewPart  = 4                // the last quarter of a ticket's life is for getting the next one
	spare      = 30 * time.Second // a ticket that ends sooner is not used
	wrongTime  = time.Minute      // for which a key that was refused is not shown again: accounts get locked
	skewTold   = time.Minute      // a clock that is off by more is told of
	skewAgain  = 10 * time.Minute
	maxVersion = 2 // newest keys that are tried
)

// login keeps this account's ticket-granting ticket.
type login struct {
	*kdcs

	mu      sync.Mutex
	tgt     *Ticket
	renew   time.Time // when the next one is wanted
	flight  *flight
	refused error // what the KDC said of our keys,
	keytab  *Keytab
	until   time.Time // and until when these are not shown again
	skew    time.Duration
	told    time.Time
}

// A flight is a question on its way that several wait for.
type flight struct {
	done   chan struct{}
	ticket *Ticket
	err    error
}

// wait waits for the answer. Whoever gives up does so for himself.
func (f *flight) wait(ctx context.Context) (*Ticket, error) {
	select {
	case <-f.done:
		return f.ticket, f.err
	case <-ctx.Done():
		return nil, &entente.Error{Kind: entente.Unavailable, Text: "the ticket was not waited for", Err: ctx.Err()}
	}
}

// get returns the ticket-granting ticket: the one there is as long as it is
// good, while another is fetched in its last quarter.
func (l *login) get(ctx context.Context) (*Ticket, error) {
	l.mu.Lock()
	now := l.Now()
	good := l.tgt != nil && now.Add(spare).Before(l.tgt.End)
	if good && now.Before(l.renew) {
		defer l.mu.Unlock()
		return l.tgt, nil
	}
	if !good && l.refused != nil && now.Before(l.until) && l.keytab == l.Keytab() {
		defer l.mu.Unlock()
		return nil, l.refused
	}
	f := l.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		l.flight = f
		go l.fetch(context.WithoutCancel(ctx), f)
	}
	tgt := l.tgt
	l.mu.Unlock()
	if good {
		return tgt, nil
	}
	return f.wait(ctx)
}

// forget drops a ticket that the KDC does not take any more.
func (l *login) forget(t *Ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t == nil || l.tgt == t {
		l.tgt = nil
	}
}

func (l *login) fetch(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	keytab := l.Keytab()
	s, err := l.signIn(ctx, keytab)
	l.mu.Lock()
	now := l.Now()
	if err == nil {
		f.ticket = s.ticket
		l.tgt, l.refused = s.ticket, nil
		l.renew = s.ticket.End.Add(-s.ticket.End.Sub(now) / renewPart)
	} else {
		f.err = err
		l.renew = now.Add(downTime)
		var e *entente.Error
		if errors.As(err, &e) && e.Reason == WrongKey {
			l.refused, l.keytab, l.until = err, keytab, now.Add(wrongTime)
		}
	}
	l.flight = nil
	l.mu.Unlock()
	close(f.done)
	if err != nil {
		l.tell(EventAccount, err)
	}
}

// A signIn is a ticket-granting ticket and by what key it was got.
type signIn struct {
	ticket *Ticket
	entry  KeytabEntry
}

// signIn is the AS exchange, RFC 4120 3.1. It begins with the time encrypted by
// the newest key, which spares most a round. A KDC that wants another type of
// key says so; one that does not have the newest key yet gets the one before.
func (l *login) signIn(ctx context.Context, keytab *Keytab) (*signIn, error) {
	keys := l.keys(keytab)
	if len(keys) == 0 {
		return nil, entente.Errorf(entente.Unavailable, "the keytab has no key of this server's account").Because(NoKey)
	}
	var err error
	for i, e := range keys {
		if i == maxVersion {
			break
		}
		var s *signIn
		if s, err = l.signInBy(ctx, e); err == nil {
			return s, nil
		}
		var said *kdcError
		if !errors.As(err, &said) {
			break
		}
		l.clock(said.server)
		if other, ok := l.wanted(keytab, e, said); ok {
			if s, err = l.signInBy(ctx, other); err == nil {
				return s, nil
			}
		}
		if said.code != errPreauthFailed && said.code != errBadIntegrity {
			break
		}
	}
	return nil, refusal(stepLogin, l.Self.String(), err)
}

// entries are our account's in the keytab. A keytab that ktpass has written has
// them by the name of its SPN alone: then those of the realm are the account's.
func (c *DelegatorConfig) entries(keytab *Keytab) []KeytabEntry {
	var named, others []KeytabEntry
	if keytab == nil {
		return nil // the file cannot be read now
	}
	for _, e := range keytab.Entries() {
		switch {
		case e.key == nil || !c.takes(enctype.Etype(e.Etype)) || !strings.EqualFold(e.Principal.Realm, c.Self.Realm):
		case strings.EqualFold(e.Principal.Name, c.Self.Name):
			named = append(named, e)
		default:
			others = append(others, e)
		}
	}
	if len(named) > 0 {
		return named
	}
	return others
}

// keys returns the keys of our account, one of each version, the newest and
// strongest first.
func (l *login) keys(keytab *Keytab) []KeytabEntry {
	all := l.entries(keytab)
	rank := func(e KeytabEntry) int { return slices.Index(l.etypes(), enctype.Etype(e.Etype)) }
	slices.SortStableFunc(all, func(a, b KeytabEntry) int {
		return cmp.Or(cmp.Compare(b.Version, a.Version), cmp.Compare(rank(a), rank(b)))
	})
	return slices.CompactFunc(all, func(a, b KeytabEntry) bool { return a.Version == b.Version })
}

// wanted returns the key of the type that the KDC asks for, if it is another.
func (l *login) wanted(keytab *Keytab, shown KeytabEntry, said *kdcError) (KeytabEntry, bool) {
	for _, t := range said.preferred() {
		for _, e := range l.entries(keytab) {
			if enctype.Etype(e.Etype) == t && e.Version == shown.Version && e.Principal == shown.Principal {
				return e, e.Etype != shown.Etype
			}
		}
	}
	return KeytabEntry{}, false
}

// etypes are those asked for, the strongest that every realm has first.
func (c *DelegatorConfig) etypes() []enctype.Etype {
	e := []enctype.Etype{enctype.AES256SHA1, enctype.AES256SHA384, enctype.AES128SHA1, enctype.AES128SHA256}
	if c.AllowRC4 {
		e = append(e, enctype.RC4HMAC)
	}
	return e
}

func (c *DelegatorConfig) takes(e enctype.Etype) bool { return slices.Contains(c.etypes(), e) }

// sessionKey makes a key of what a KDC has sent.
func (c *DelegatorConfig) sessionKey(etype int64, value []byte) (*enctype.Key, error) {
	e := enctype.Etype(etype)
	switch {
	case !c.takes(e):
		return nil, entente.Errorf(entente.Denied, "the ticket's key is of the type %s", e).Because(WeakCipher)
	case e.Weak():
		return enctype.NewRC4(value)
	}
	return enctype.New(e, value)
}

func (l *login) signInBy(ctx context.Context, e KeytabEntry) (*signIn, error) {
	now := l.Now()
	request := kdcRequest{
		options: optionForwardable | optionCanonicalize, client: &l.Self, realm: l.Self.Realm,
		service: "krbtgt/" + l.Self.Realm, serviceKind: nameService, till: now.Add(ticketLife), nonce: newNonce(), etypes: l.etypes(),
	}
	pa := []preauth{{paEncTimestamp, timestamp(e.key, e.Version, now)}}
	s := &signIn{entry: e}
	err := l.ask(ctx, kdcReq(messageASReq, pa, request.body()), func(b []byte) error {
		if said, ok := readError(b); ok {
			return said
		}
		reply, err := readReply(b, messageASRep)
		if err != nil {
			return err
		}
		part, err := l.open(reply, e.key, usageASRep, &request)
		if err != nil {
			return err
		}
		s.ticket, err = l.ticket(reply, part)
		if err == nil {
			l.clock(part.auth)
		}
		return err
	})
	return s, err
}

// open opens a reply and compares it with what was asked. RFC 4120 3.1.5, 3.3.4
func (c *DelegatorConfig) open(r *kdcReply, key *enctype.Key, usage uint32, asked *kdcRequest) (*replyPart, error) {
	if r.part.etype != int64(key.Etype()) {
		return nil, fmt.Errorf("%w: it is of another encryption type", errReply)
	}
	plain, err := key.Decrypt(nil, usage, r.part.cipher)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errReply, err)
	}
	p, err := readReplyPart(plain)
	switch {
	case err != nil:
		return nil, err
	case p.nonce != int64(asked.nonce):
		return nil, fmt.Errorf("%w: it answers another question", errReply)
	case strings.HasPrefix(p.service, "krbtgt/") && !strings.EqualFold(p.service, asked.service):
		// RFC 6806 8: the service is in a realm that the KDC sends us to.
		return nil, entente.Errorf(entente.Denied, "the service is in another realm").Because(NoSuchService)
	case !strings.EqualFold(p.service, asked.service) || !strings.EqualFold(r.ticket.service.String(), asked.service):
		return nil, fmt.Errorf("%w: it is for %s and not for %s", errReply, p.service, asked.service)
	case !strings.EqualFold(p.realm, c.Self.Realm) || !strings.EqualFold(string(r.ticket.realm), c.Self.Realm):
		return nil, fmt.Errorf("%w: it is of the realm %s", errReply, p.realm)
	case p.flags&flagInvalid != 0:
		return nil, fmt.Errorf("%w: the ticket is not valid yet", errReply)
	case !p.end.After(c.Now()):
		return nil, fmt.Errorf("%w: the ticket has ended", errReply)
	}
	return p, nil
}

// ticket is what an opened reply gives us.
func (c *DelegatorConfig) ticket(r *kdcReply, p *replyPart) (*Ticket, error) {
	key, err := c.sessionKey(p.etype, p.session)
	if err != nil {
		return nil, err
	}
	return &Ticket{
		Client: r.client, Service: Principal{r.ticket.service.String(), string(r.ticket.realm)}, Forwardable: p.flags&flagForwardable != 0,
		End: p.end, raw: r.ticket.raw, session: key, flags: p.flags, auth: p.auth, start: p.start,
	}, nil
}

// clock compares the KDC's clock with ours and tells if one of them is off.
func (l *login) clock(server time.Time) {
	now := l.Now()
	skew := server.Sub(now.Truncate(time.Second))
	l.mu.Lock()
	l.skew = skew
	tell := skew.Abs() > skewTold && now.Sub(l.told) > skewAgain
	if tell {
		l.told = now
	}
	l.mu.Unlock()
	if tell {
		side := "ahead of"
		if skew < 0 {
			side = "behind"
		}
		l.tell(EventClock, fmt.Errorf("the KDC's clock is %s %s this server's", skew.Abs(), side))
	}
}
