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
	accounts []directory.Account // people, rooms, and the person of another forest
	services []directory.Account // in the order of the table
	guest    directory.Account
	made     int // accounts so far
	vault    *server.Server
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
	if err := c.castContent(ctx); err != nil {
		return err
	}
	return c.imports(ctx)
}

// again opens a state that an earlier demo made: the accounts stay, with a new
// password.
func (c *company) again(ctx context.Context, hash directory.PasswordHash) error {
	find := func(name string) (a directory.Account, err error) {
		found, err := c.s.Directory.Lookup(ctx, name)
		if err == nil {
			a = *found
		}
		return a, err
	}
	for _, alias := range aliases() {
		a, err := find(string(address(alias)))
		if err != nil {
			return err
		}
		c.accounts = append(c.accounts, a)
	}
	for _, s := range services {
		a, err := find(string(address(s.alias)))
		if err != nil {
			return err
		}
		c.services = append(c.services, a)
	}
	var err error
	if c.guest, err = find(guestUPN); err != nil {
		return err
	}
	err = c.s.Directory.Update(ctx, func(ch *directory.Change) error {
		for _, a := range append(append(c.accounts[:len(people):len(people)], c.services...), c.guest) {
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
	return append(all, linked)
}

// found makes everything the directory holds, in one change.
func (c *company) found(ch *directory.Change, hash directory.PasswordHash) error {
	c.accounts, c.made = nil, 0 // the function may run again
	for _, d := range contosoDomains() {
		if err := ch.AddDomain(entente.Domain(d)); err != nil {
			return err
		}
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
	if err := c.castAccounts(ch, hash); err != nil {
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
	a.SID = entente.SID(domainSID + strconv.Itoa(2000+c.made))
	c.made++
}

func (c *company) mailboxID(a *directory.Account) (entente.MailboxID, error) {
	if !c.o.Deterministic {
		return directory.NewMailboxID()
	}
	hash := sha256.Sum256([]byte("mailbox " + a.UPN))
	return entente.MailboxID(hash[:16]), nil
}

// groups makes the departments, everyone, the room list, and the groups that
// the scenarios are about, and says who may act as whom.
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
	for _, alias := range []string{"jonas", "kavya", "liam"} {
		members[team] = append(members[team], c.accountOf(alias).SID)
	}
	members[guests] = []entente.SID{c.guest.SID}
	made := map[string]entente.SID{}
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
		{team, "Team Aurora", directory.Security},
		{guests, "Eventworks", directory.Security},
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
		made[g.alias] = group.SID
	}
	return c.castRights(ch, made)
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
