package demo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/mailbox"
	"entente/server"
)

// A company is the demo's organization while it is being made.
type company struct {
	s        *server.Server
	o        Options
	now      time.Time
	password string
	accounts []directory.Account // people, then rooms
	service  directory.Account
}

// The deterministic demo is always made on this day, so that its ids, times
// and counts can be compared.
var deterministicDay = time.Date(2026, 6, 15, 8, 0, 0, 0, time.UTC)

func newCompany(s *server.Server, o Options) *company {
	c := &company{s: s, o: o, now: time.Now().Truncate(time.Second), password: randomPassword()}
	if o.Deterministic {
		c.now, c.password = deterministicDay, "Contoso-demo-1"
	}
	return c
}

// randomPassword is one password for all of the demo's accounts: 80 bits, and
// one argon2id instead of thirty.
func randomPassword() string {
	b := make([]byte, 10)
	_, _ = rand.Read(b)
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

func address(alias string) entente.SMTPAddress { return entente.SMTPAddress(alias + "@" + domain) }

// make makes accounts, mailboxes and their content. A state that has them
// already is left as it is, but for the password, which is kept nowhere.
func (c *company) make(ctx context.Context) error {
	hash, err := c.s.Directory.HashPassword(ctx, entente.NewSecret(c.password))
	if err != nil {
		return err
	}
	_, err = c.s.Directory.Lookup(ctx, string(address(people[0].alias)))
	if err == nil {
		return c.again(ctx, hash)
	}
	if !isNotFound(err) {
		return err
	}
	if err := c.s.Directory.Update(ctx, func(ch *directory.Change) error { return c.found(ch, hash) }); err != nil {
		return err
	}
	if err := c.mailboxes(ctx); err != nil {
		return err
	}
	if err := c.fill(ctx); err != nil {
		return err
	}
	return c.imports(ctx)
}

// again opens a state that an earlier demo made: the accounts stay, with a new
// password.
func (c *company) again(ctx context.Context, hash directory.PasswordHash) error {
	for _, alias := range append(aliases(), crm) {
		a, err := c.s.Directory.Lookup(ctx, string(address(alias)))
		if err != nil {
			return err
		}
		if alias == crm {
			c.service = *a
		} else {
			c.accounts = append(c.accounts, *a)
		}
	}
	err := c.s.Directory.Update(ctx, func(ch *directory.Change) error {
		for _, a := range append(c.accounts, c.service) {
			if err := ch.SetPassword(a.SID, hash); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.imports(ctx)
}

func aliases() []string {
	var all []string
	for i := range people {
		all = append(all, people[i].alias)
	}
	for i := range rooms {
		all = append(all, rooms[i].alias)
	}
	return all
}

// found makes everything the directory holds, in one change.
func (c *company) found(ch *directory.Change, hash directory.PasswordHash) error {
	c.accounts = nil // the function may run again
	if err := ch.AddDomain(domain); err != nil {
		return err
	}
	if err := ch.SetDatabase(directory.Database{Name: database, URL: "sqlite:" + database + ".db"}); err != nil {
		return err
	}
	for i := range people {
		if err := c.account(ch, personAccount(&people[i]), hash); err != nil {
			return err
		}
	}
	for i := range rooms {
		if err := c.account(ch, roomAccount(&rooms[i]), ""); err != nil {
			return err
		}
	}
	c.service = directory.Account{
		Account: access.Account{
			Principal: access.Principal{UPN: entente.UPN(address(crm)), Mail: address(crm)},
			Name:      "CRM synchronization", Kind: access.KindService, Enabled: true,
		},
		Alias: crm, Hidden: true,
	}
	c.identify(&c.service)
	if err := ch.CreateAccount(&c.service); err != nil {
		return err
	}
	if err := ch.SetPassword(c.service.SID, hash); err != nil {
		return err
	}
	return c.groups(ch)
}

func personAccount(p *person) directory.Account {
	return directory.Account{
		Account: access.Account{
			Principal: access.Principal{UPN: entente.UPN(address(p.alias)), Mail: address(p.alias)},
			Proxies:   []entente.SMTPAddress{address(ascii(p.given) + "." + ascii(p.surname))},
			Name:      p.name(), Kind: access.KindUser, Enabled: true,
		},
		Alias: p.alias, GivenName: p.given, Surname: p.surname, Title: p.title,
		Department: p.department, Company: "Contoso", Office: p.office,
	}
}

func roomAccount(r *room) directory.Account {
	return directory.Account{
		Account: access.Account{
			Principal: access.Principal{UPN: entente.UPN(address(r.alias)), Mail: address(r.alias)},
			Name:      r.name, Kind: access.KindRoom, Enabled: false, // nobody signs in as a room
		},
		Alias: r.alias, Office: "Berlin", Capacity: r.capacity,
	}
}

// account makes an account with a mailbox and, unless empty, a password.
func (c *company) account(ch *directory.Change, a directory.Account, hash directory.PasswordHash) error {
	c.identify(&a)
	id, err := c.mailboxID(&a)
	if err != nil {
		return err
	}
	a.Mailbox, a.Database = id, database
	if err := ch.CreateAccount(&a); err != nil {
		return err
	}
	if hash != "" {
		if err := ch.SetPassword(a.SID, hash); err != nil {
			return err
		}
	}
	c.accounts = append(c.accounts, a)
	return nil
}

// domainSID is that of a deterministic demo's accounts.
const domainSID = "S-1-5-21-1000000001-1000000002-1000000003-"

// identify gives an account of a deterministic demo an identity that is the
// same each time; all others get theirs from the directory.
func (c *company) identify(a *directory.Account) {
	if !c.o.Deterministic {
		return
	}
	hash := sha256.Sum256([]byte("guid " + a.UPN))
	copy(a.GUID[:], hash[:])
	a.SID = entente.SID(domainSID + strconv.Itoa(2000+len(c.accounts)))
}

func (c *company) mailboxID(a *directory.Account) (entente.MailboxID, error) {
	if !c.o.Deterministic {
		return directory.NewMailboxID()
	}
	hash := sha256.Sum256([]byte("mailbox " + a.UPN))
	return entente.MailboxID(hash[:16]), nil
}

// groups makes the departments, everyone, the room list, and the group whose
// members the CRM's service account may act as.
func (c *company) groups(ch *directory.Change) error {
	members := map[string][]entente.SID{}
	for i := range people {
		sid := c.accounts[i].SID
		members[people[i].department] = append(members[people[i].department], sid)
		members[everyone] = append(members[everyone], sid)
		if i < impersonated {
			members["crm-users"] = append(members["crm-users"], sid)
		}
	}
	for i := range rooms {
		members[roomList] = append(members[roomList], c.accounts[len(people)+i].SID)
	}
	var scope entente.SID
	for _, g := range []struct {
		alias, name string
		kind        directory.GroupKind
	}{
		{"management", "Management", directory.Distribution},
		{"sales", "Sales", directory.Distribution},
		{"engineering", "Engineering", directory.Distribution},
		{"finance", "Finance", directory.Distribution},
		{"support", "Support", directory.Distribution},
		{everyone, "Everyone", directory.Distribution},
		{roomList, "Rooms in Berlin", directory.RoomList},
		{"crm-users", "CRM users", directory.Security},
	} {
		group := directory.Group{
			Group: access.Group{Name: g.name, Mail: address(g.alias), Members: members[g.alias]},
			Alias: g.alias, Kind: g.kind,
		}
		if group.Members == nil {
			group.Members = members[g.name]
		}
		if err := ch.CreateGroup(&group); err != nil {
			return err
		}
		if g.alias == "crm-users" {
			scope = group.SID
		}
	}
	return ch.CreateAssignment(&directory.Assignment{
		Assignment: access.Assignment{
			Assignee: c.service.SID, Rights: access.ApplicationImpersonation, Enabled: true,
			Scope:    access.Scope{Kind: access.ScopeGroup, Name: string(scope)},
			NotAfter: c.now.AddDate(1, 0, 0),
		},
		Created: c.now,
	})
}

// mailboxes makes the mailboxes that the directory speaks of.
func (c *company) mailboxes(ctx context.Context) error {
	if err := c.s.Mailboxes.Migrate(ctx, database); err != nil {
		return err
	}
	return each(len(c.accounts), len(c.accounts), func(i int) error {
		a := &c.accounts[i]
		kind := mailbox.User
		if a.Kind == access.KindRoom {
			kind = mailbox.Room
		}
		return c.s.Mailboxes.Create(ctx, mailbox.NewMailbox{
			ID: a.Mailbox, Database: database, Owner: a.Principal, Address: a.Mail, Name: a.Name, Kind: kind,
		})
	})
}

// together is how many of n writers work at once in one mailbox. Those that
// wait together share one commit; one after the other they are given the same
// ids each time, which are counted up in each mailbox.
func (c *company) together(n int) int {
	if c.o.Deterministic {
		return 1
	}
	return n
}

// each runs f for 0 … n-1, so many together.
func each(together, n int, f func(int) error) error {
	place, errs := make(chan struct{}, max(together, 1)), make(chan error, n)
	for i := range n {
		place <- struct{}{}
		go func() { errs <- f(i); <-place }()
	}
	var all []error
	for range n {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

func isNotFound(err error) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == entente.NotFound
}

// ascii makes an address of a name: letters without marks, lower case.
func ascii(name string) string {
	return strings.NewReplacer("ê", "e", "ã", "a", "é", "e").Replace(strings.ToLower(name))
}
