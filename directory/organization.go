package directory

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// SetOrganization changes what is set for everyone: f is given it as it is.
// The domain SID stays.
func (c *Change) SetOrganization(f func(*access.Organization) error) error {
	var o access.Organization
	var policy string
	if err := c.tx.QueryRow(`SELECT name, domain_sid, precedence, policy FROM directory_organization WHERE id = 1`).
		Scan(&o.Name, &o.DomainSID, &o.Precedence, &policy); err != nil {
		return err
	}
	p, err := decodePolicy(policy)
	if err != nil {
		return err
	}
	if p != nil {
		o.Policy = *p
	}
	if err := f(&o); err != nil {
		return err
	}
	if err := checkTexts(o.Name); err != nil {
		return err
	}
	if policy, err = encodePolicy(&o.Policy); err != nil {
		return err
	}
	_, err = write(c, theOrganization(), c.tx.Exec,
		`UPDATE directory_organization SET name = $2, precedence = $3, policy = $4 WHERE id = $1`,
		o.Name, o.Precedence, policy)
	return err
}

// An AcceptedDomain is one whose mail belongs to this organization.
type AcceptedDomain struct {
	Name    entente.Domain
	Default bool // new addresses are made in it
}

// Domains returns the accepted domains by name.
func (d *Directory) Domains(ctx context.Context) (all []AcceptedDomain, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		var a AcceptedDomain
		rows, err := tx.Query(`SELECT name, is_default FROM directory_domain ORDER BY name`)
		return each(rows, err, func() error {
			all = append(all, a)
			return nil
		}, &a.Name, &a.Default)
	})
	return all, err
}

// AddDomain accepts a domain; it may be accepted already. The first one is the
// default.
func (c *Change) AddDomain(name entente.Domain) error {
	name, err := entente.ParseDomain(string(name))
	if err != nil {
		return err
	}
	var n int
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_domain`).Scan(&n); err != nil {
		return err
	}
	_, err = write(c, domainUnit(name), c.tx.Exec,
		`INSERT INTO directory_domain (name, is_default) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, n == 0)
	return err
}

// SetDefaultDomain has new addresses made in a domain.
func (c *Change) SetDefaultDomain(name entente.Domain) error {
	rows, err := c.tx.Query(`SELECT name FROM directory_domain WHERE is_default = $1 AND name <> $2`, true, name)
	if err := eachKey(rows, err, func(other entente.Domain) error {
		_, err := write(c, domainUnit(other), c.tx.Exec, `UPDATE directory_domain SET is_default = $2 WHERE name = $1`, false)
		return err
	}); err != nil {
		return err
	}
	n, err := write(c, domainUnit(name), c.tx.Exec, `UPDATE directory_domain SET is_default = $2 WHERE name = $1`, true)
	if err == nil && n == 0 {
		return entente.Errorf(entente.NotFound, "%s is not an accepted domain", name).Because(NotAccepted)
	}
	return err
}

// RemoveDomain stops accepting a domain. Conflict while anybody has an address
// in it, or while it is the default.
func (c *Change) RemoveDomain(name entente.Domain) error {
	var standard bool
	err := c.tx.QueryRow(`SELECT is_default FROM directory_domain WHERE name = $1`, name).Scan(&standard)
	if errors.Is(err, db.ErrNoRows) {
		return entente.Errorf(entente.NotFound, "%s is not an accepted domain", name).Because(NotAccepted)
	}
	if err != nil {
		return err
	}
	if standard {
		return entente.Errorf(entente.Conflict, "%s is the default domain", name)
	}
	var n int
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_address WHERE SUBSTR(address, LENGTH(address) - $1) = $2`,
		len(name), "@"+name).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return entente.Errorf(entente.Conflict, "%d addresses are in %s", n, name)
	}
	_, err = write(c, domainUnit(name), c.tx.Exec, `DELETE FROM directory_domain WHERE name = $1`)
	return err
}

// A Server is one on which clients call; rights to impersonate can be held at
// it. Site names where it stands; URL is where it is reached.
type Server struct {
	Name string
	Site string
	URL  string
}

// Servers returns the servers by name.
func (d *Directory) Servers(ctx context.Context) (all []Server, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		var s Server
		rows, err := tx.Query(`SELECT name, site, url FROM directory_server ORDER BY name`)
		return each(rows, err, func() error {
			all = append(all, s)
			return nil
		}, &s.Name, &s.Site, &s.URL)
	})
	return all, err
}

// SetServer adds or changes a server.
func (c *Change) SetServer(s Server) error {
	if s.Name == "" {
		return entente.Errorf(entente.Invalid, "a server needs a name")
	}
	if err := checkTexts(s.Name, s.Site, s.URL); err != nil {
		return err
	}
	_, err := write(c, serverUnit(s.Name), c.tx.Exec, `INSERT INTO directory_server (name, site, url) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET site = $2, url = $3`, s.Site, s.URL)
	return err
}

// RemoveServer removes a server. Assignments at it stay, and mean nothing
// until there is one of that name again.
func (c *Change) RemoveServer(name string) error {
	n, err := write(c, serverUnit(name), c.tx.Exec, `DELETE FROM directory_server WHERE name = $1`)
	return missed(n, err, "server", name)
}

// A Database is where mailboxes are kept, by the name it goes by.
type Database struct {
	Name string
	URL  string // as db.Open takes it
	// Node is the node that holds it, which the others pass requests on to; "" for
	// one that every node opens. A file is one node's.
	Node string
}

// NotHere is the reason of an error about a mailbox database that another node
// holds.
const NotHere entente.Reason = "database-of-another-node"

// Holder returns the node that holds a database, by the state that decisions are
// made on; "" if every node opens it.
func (d *Directory) Holder(database string) string { return d.now.Load().places[database] }

// Databases returns the mailbox databases by name.
func (d *Directory) Databases(ctx context.Context) (all []Database, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		var x Database
		rows, err := tx.Query(`SELECT d.name, d.url, COALESCE(p.node, '') FROM directory_database d
			LEFT JOIN directory_place p ON p.name = d.name ORDER BY d.name`)
		return each(rows, err, func() error {
			all = append(all, x)
			return nil
		}, &x.Name, &x.URL, &x.Node)
	})
	return all, err
}

// SetDatabase adds or changes a mailbox database. The URL is kept readable and
// told to administrators, so it must not carry a password: libpq's passfile is
// the place for that.
func (c *Change) SetDatabase(x Database) error {
	if x.Name == "" || x.URL == "" {
		return entente.Errorf(entente.Invalid, "a database needs a name and a URL")
	}
	if err := checkTexts(x.Name, x.URL, x.Node); err != nil {
		return err
	}
	if u, err := url.Parse(x.URL); strings.HasPrefix(x.URL, "postgres") {
		if err != nil {
			return entente.Errorf(entente.Invalid, "not a database URL")
		}
		if _, has := u.User.Password(); has || u.Query().Has("password") || u.Query().Has("sslpassword") {
			return entente.Errorf(entente.Invalid, "a database URL is kept readable: put the password into a passfile")
		}
	} else if !strings.HasPrefix(x.URL, "sqlite:") {
		return entente.Errorf(entente.Invalid, `a database URL begins with "sqlite:" or "postgres:"`)
	}
	if _, err := write(c, databaseUnit(x.Name), c.tx.Exec, `INSERT INTO directory_database (name, url) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET url = $2`, x.URL); err != nil {
		return err
	}
	return c.place(x.Name, x.Node)
}

// Inhabited reports whether there are mailboxes in a database.
func (d *Directory) Inhabited(ctx context.Context, database string) (bool, error) {
	var n int64
	err := d.view(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM directory_account WHERE database = $1 AND mailbox_id IS NOT NULL`, database).Scan(&n)
	})
	return n > 0, err
}

// place says which node holds a database.
func (c *Change) place(database, node string) error {
	if node == "" {
		_, err := write(c, placeUnit(database), c.tx.Exec, `DELETE FROM directory_place WHERE name = $1`)
		return err
	}
	_, err := write(c, placeUnit(database), c.tx.Exec, `INSERT INTO directory_place (name, node) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET node = $2`, node)
	return err
}

// RemoveDatabase removes a mailbox database. Conflict while it has mailboxes.
func (c *Change) RemoveDatabase(name string) error {
	var n int64
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_account WHERE database = $1 AND mailbox_id IS NOT NULL`, name).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return entente.Errorf(entente.Conflict, "the database %q has %d mailboxes", name, n)
	}
	if err := c.place(name, ""); err != nil {
		return err
	}
	n, err := write(c, databaseUnit(name), c.tx.Exec, `DELETE FROM directory_database WHERE name = $1`)
	return missed(n, err, "database", name)
}

// missed is the error of a removal that found nothing.
func missed(n int64, err error, what, name string) error {
	if err == nil && n == 0 {
		return entente.Errorf(entente.NotFound, "there is no %s %q", what, name)
	}
	return err
}
