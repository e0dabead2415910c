package directory

import (
	"encoding/json"
	"fmt"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// A reader collects the facts of one generation: all of them, or those of some
// units.
type reader struct {
	tx     *db.Tx
	marker *marker // sums up what is read; nil if there is no Seal

	facts    access.Facts
	epochs   map[entente.SID]int64
	domains  map[entente.Domain]bool
	standard entente.Domain
	places   map[string]string
	sites    map[string]string
	virtual  map[string]VirtualDirectory
	tokens   map[[32]byte]Token
	at       struct{ account, group, shared, identity, device int } // where addresses, members, sharing policies and identities are added
}

func newReader(tx *db.Tx, m *marker) *reader {
	return &reader{
		tx: tx, marker: m,
		epochs: map[entente.SID]int64{}, domains: map[entente.Domain]bool{}, places: map[string]string{},
		sites: map[string]string{}, virtual: map[string]VirtualDirectory{}, tokens: map[[32]byte]Token{},
	}
}

// readAll reads everything.
func (r *reader) readAll() error {
	for k := organizationRows; k <= lastRows; k++ {
		if err := r.readKind(k); err != nil {
			return err
		}
	}
	return nil
}

// readKind reads all units of a kind, in the order of their keys.
func (r *reader) readKind(k kind) error { return r.rows(k, nil) }

// read reads one unit.
func (r *reader) read(u unit) error { return r.rows(u.kind, &u) }

// rows reads one unit of a kind, or all.
func (r *reader) rows(k kind, u *unit) error {
	switch k {
	case organizationRows:
		return r.organization()
	case domainRows:
		return r.acceptedDomains(u)
	case accountRows:
		return r.accounts(u)
	case addressRows:
		return r.addresses(u)
	case groupRows:
		return r.groups(u)
	case memberRows:
		return r.members(u)
	case serverRows, databaseRows:
		return r.names(k, u)
	case placeRows:
		return r.readPlaces(u)
	case virtualRows:
		return r.virtualDirectories(u)
	case permissionRows:
		return r.permissions(u)
	case assignmentRows:
		return r.assignments(u)
	case administratorRows:
		return r.administrators(u)
	case tokenRows:
		return r.readTokens(u)
	case scopeRows, policyRows, realmRows:
		return r.scopes(k, u)
	case relationshipRows, sharingRows:
		return r.relationships(k, u)
	case sharedRows:
		return r.shared(u)
	case identityRows:
		return r.identities(u)
	case deviceOrgRows, deviceRuleRows, mobilePolicyRows:
		return r.deviceFacts(k, u)
	case deviceRows:
		return r.deviceSettings(u)
	case itemGrantRows:
		return r.itemGrants(u)
	}
	return fmt.Errorf("rows of kind %d are not known", k)
}

// query runs the statement for one unit, or the one for all.
func query[Q ~string](run func(Q, ...any) (*db.Rows, error), u *unit, one, all Q) (*db.Rows, error) {
	if u != nil {
		return run(one, u.where()...)
	}
	return run(all)
}

// each is the function of that name, and sums up what it reads. What it is
// given to read into, it must be given in the order of the columns, those of the
// key first.
func (r *reader) each(k kind) over {
	if r.marker == nil {
		return each
	}
	return func(rows *db.Rows, err error, row func() error, dest ...any) error {
		err = each(rows, err, func() error {
			r.marker.row(k, dest)
			return row()
		}, dest...)
		r.marker.end()
		return err
	}
}

// An over runs a function for every row: each, or what does its work.
type over func(rows *db.Rows, err error, row func() error, dest ...any) error

// each runs row for every row, whose columns it puts into dest first.
func each(rows *db.Rows, err error, row func() error, dest ...any) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := row(); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (r *reader) organization() error {
	o := &r.facts.Organization
	var policy string
	rows, err := r.tx.Query(`SELECT name, domain_sid, precedence, policy FROM directory_organization WHERE id = 1`)
	return r.each(organizationRows)(rows, err, func() error {
		p, err := decodePolicy(policy)
		if err != nil {
			return fmt.Errorf("policy of the organization: %w", err)
		}
		if p != nil {
			o.Policy = *p
		}
		return nil
	}, &o.Name, &o.DomainSID, &o.Precedence, &policy)
}

func (r *reader) acceptedDomains(u *unit) error {
	var name entente.Domain
	var standard bool
	const q = `SELECT name, is_default FROM directory_domain`
	rows, err := query(r.tx.Query, u, q+` WHERE name = $1`, q+` ORDER BY name`)
	return r.each(domainRows)(rows, err, func() error {
		r.domains[name] = true
		if standard {
			r.standard = name
		}
		return nil
	}, &name, &standard)
}

func (r *reader) accounts(u *unit) error {
	var a access.Account
	var t access.Attributes
	var master *string
	var box []byte
	var policy, custom, password string
	var epoch int64
	const q = `SELECT sid, upn, mail, name, kind, enabled, master_sid, mailbox_id, database, policy, epoch, password,
		alias, title, department, company, office, custom FROM directory_account`
	rows, err := query(r.tx.Query, u, q+` WHERE sid = $1`, q+` ORDER BY sid`)
	return r.each(accountRows)(rows, err, func() error {
		n := a // a is the row's place, filled again
		n.Mailbox = entente.MailboxID{}
		copy(n.Mailbox[:], box)
		if master != nil {
			n.Master = entente.SID(*master)
		}
		var err error
		if n.Policy, err = decodePolicy(policy); err != nil {
			return fmt.Errorf("policy of %s: %w", n.SID, err)
		}
		if t.Custom, err = decodeCustom(custom); err != nil {
			return fmt.Errorf("attributes of %s: %w", n.SID, err)
		}
		n.Attributes = attributes(t)
		r.facts.Accounts = append(r.facts.Accounts, n)
		r.epochs[n.SID] = epoch
		return nil
	}, &a.SID, &a.UPN, &a.Mail, &a.Name, &a.Kind, &a.Enabled, &master, &box, &a.Database, &policy, &epoch, &password,
		&t.Alias, &t.Title, &t.Department, &t.Company, &t.Office, &custom)
}

// addresses come in the order of accounts, so that one pass joins them.
func (r *reader) addresses(u *unit) error {
	var address entente.SMTPAddress
	var sid entente.SID
	const q = `SELECT sid, address FROM directory_address`
	rows, err := query(r.tx.Query, u, q+` WHERE sid = $1 ORDER BY address`, q+` ORDER BY sid, address`)
	return r.each(addressRows)(rows, err, func() error {
		all, i := r.facts.Accounts, &r.at.account
		for *i < len(all) && all[*i].SID < sid {
			*i++
		}
		if *i < len(all) && all[*i].SID == sid && all[*i].Mail != address {
			all[*i].Proxies = append(all[*i].Proxies, address)
		}
		return nil
	}, &sid, &address)
}

func (r *reader) groups(u *unit) error {
	var g access.Group
	const q = `SELECT sid, name, mail, master_sid FROM directory_group`
	rows, err := query(r.tx.Query, u, q+` WHERE sid = $1`, q+` ORDER BY sid`)
	return r.each(groupRows)(rows, err, func() error {
		r.facts.Groups = append(r.facts.Groups, g)
		return nil
	}, &g.SID, &g.Name, &g.Mail, &g.Master)
}

// members come in the order of groups.
func (r *reader) members(u *unit) error {
	var group, member entente.SID
	const q = `SELECT group_sid, member_sid FROM directory_member`
	rows, err := query(r.tx.Query, u, q+` WHERE group_sid = $1 AND member_sid = $2`, q+` ORDER BY group_sid, member_sid`)
	return r.each(memberRows)(rows, err, func() error {
		all, i := r.facts.Groups, &r.at.group
		for *i < len(all) && all[*i].SID < group {
			*i++
		}
		if *i < len(all) && all[*i].SID == group {
			all[*i].Members = append(all[*i].Members, member)
		}
		return nil
	}, &group, &member)
}

// names of servers and databases. Where they are is read to be summed up: a
// database elsewhere is other people's mail.
func (r *reader) names(k kind, u *unit) error {
	var name, url string
	if k == serverRows {
		if err := r.readSites(); err != nil {
			return err
		}
		const q = `SELECT name, url FROM directory_server`
		rows, err := query(r.tx.Query, u, q+` WHERE name = $1`, q+` ORDER BY name`)
		return r.each(k)(rows, err, func() error {
			r.facts.Servers = append(r.facts.Servers, name)
			return nil
		}, &name, &url)
	}
	const q = `SELECT name, url FROM directory_database`
	rows, err := query(r.tx.Query, u, q+` WHERE name = $1`, q+` ORDER BY name`)
	return r.each(k)(rows, err, func() error {
		r.facts.Databases = append(r.facts.Databases, name)
		return nil
	}, &name, &url)
}

// readPlaces reads which nodes hold databases.
func (r *reader) readPlaces(u *unit) error {
	var name, node string
	const q = `SELECT name, node FROM directory_place`
	rows, err := query(r.tx.Query, u, q+` WHERE name = $1`, q+` ORDER BY name`)
	return r.each(placeRows)(rows, err, func() error {
		r.places[name] = node
		return nil
	}, &name, &node)
}

func (r *reader) permissions(u *unit) error {
	var p access.MailboxPermission
	const q = `SELECT mailbox_id, to_sid, rights, deny FROM directory_permission`
	rows, err := query(r.tx.Query, u, q+` WHERE mailbox_id = $1 ORDER BY to_sid, deny`, q+` ORDER BY mailbox_id, to_sid, deny`)
	return r.each(permissionRows)(rows, err, func() error {
		r.facts.Permissions = append(r.facts.Permissions, p)
		return nil
	}, &p.Mailbox, &p.To, &p.Rights, &p.Deny)
}

func (r *reader) assignments(u *unit) error {
	rows, err := query(r.tx.Query, u, assignmentColumns+` WHERE id = $1`, assignmentColumns+` ORDER BY id`)
	return eachAssignment(r.each(assignmentRows), rows, err, func(a Assignment) {
		r.facts.Assignments = append(r.facts.Assignments, a.Assignment)
	})
}

func (r *reader) administrators(u *unit) error {
	var sid entente.SID
	const q = `SELECT sid FROM directory_administrator`
	rows, err := query(r.tx.Query, u, q+` WHERE sid = $1`, q+` ORDER BY sid`)
	return r.each(administratorRows)(rows, err, func() error {
		r.facts.Administrators = append(r.facts.Administrators, sid)
		return nil
	}, &sid)
}

// scopes are management scopes, their policies, and realms.
func (r *reader) scopes(k kind, u *unit) error {
	f := &r.facts
	switch k {
	case scopeRows:
		rows, err := query(r.tx.Query, u, scopeColumns+` WHERE name = $1`, scopeColumns+` ORDER BY name`)
		return eachScope(r.each(k), rows, err, func(s access.ManagementScope) { f.Scopes = append(f.Scopes, s) })
	case policyRows:
		rows, err := query(r.tx.Query, u, policyColumns+` WHERE scope = $1`, policyColumns+` ORDER BY scope`)
		return eachPolicy(r.each(k), rows, err, func(p access.ScopePolicy) { f.Policies = append(f.Policies, p) })
	default:
		rows, err := query(r.tx.Query, u, realmColumns+` WHERE name = $1`, realmColumns+` ORDER BY name`)
		return eachRealm(r.each(k), rows, err, func(x access.Realm) { f.Realms = append(f.Realms, x) })
	}
}

// relationships are those with other organizations, and sharing policies.
func (r *reader) relationships(k kind, u *unit) error {
	f := &r.facts
	if k == relationshipRows {
		rows, err := query(r.tx.Query, u, relationshipColumns+` WHERE name = $1`, relationshipColumns+` ORDER BY name`)
		return eachRelationship(r.each(k), rows, err, func(x access.Relationship) { f.Relationships = append(f.Relationships, x) })
	}
	rows, err := query(r.tx.Query, u, sharingColumns+` WHERE name = $1`, sharingColumns+` ORDER BY name`)
	return eachSharing(r.each(k), rows, err, func(p access.SharingPolicy) { f.SharingPolicies = append(f.SharingPolicies, p) })
}

// shared come in the order of accounts, as addresses do.
func (r *reader) shared(u *unit) error {
	var sid entente.SID
	var policy string
	const q = `SELECT sid, policy FROM directory_sharing_assignment`
	rows, err := query(r.tx.Query, u, q+` WHERE sid = $1`, q+` ORDER BY sid`)
	return r.each(sharedRows)(rows, err, func() error {
		all, i := r.facts.Accounts, &r.at.shared
		for *i < len(all) && all[*i].SID < sid {
			*i++
		}
		if *i < len(all) && all[*i].SID == sid {
			all[*i].SharingPolicy = policy
		}
		return nil
	}, &sid, &policy)
}

func (r *reader) itemGrants(u *unit) error {
	rows, err := query(r.tx.Query, u, itemGrantColumns+` WHERE id = $1`, itemGrantColumns+` ORDER BY id`)
	return eachItemGrant(r.each(itemGrantRows), rows, err, func(g ItemGrant) {
		r.facts.ItemGrants = append(r.facts.ItemGrants, g.ItemGrant)
	})
}

// attributes are those that recipient filters look at, nil if all are empty.
func attributes(a access.Attributes) *access.Attributes {
	if a == (access.Attributes{}) {
		return nil
	}
	return &a
}

// encodeCustom writes custom attributes for a column; none is "".
func encodeCustom(custom *[15]string) string {
	if *custom == ([15]string{}) {
		return ""
	}
	b, _ := json.Marshal(custom) // strings cannot fail
	return string(b)
}

func decodeCustom(s string) (custom [15]string, err error) {
	if s != "" {
		err = json.Unmarshal([]byte(s), &custom)
	}
	return custom, err
}

// encodePolicy writes a client policy for a column; nil is "".
func encodePolicy(p *access.ClientPolicy) (string, error) {
	if p == nil {
		return "", nil
	}
	b, err := json.Marshal(p)
	return string(b), err
}

func decodePolicy(s string) (*access.ClientPolicy, error) {
	if s == "" {
		return nil, nil
	}
	p := &access.ClientPolicy{}
	return p, json.Unmarshal([]byte(s), p)
}

// unix is a time as it is kept, in seconds; nil is no bound.
func unix(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	s := t.Unix()
	return &s
}

func fromUnix(s *int64) time.Time {
	if s == nil {
		return time.Time{}
	}
	return time.Unix(*s, 0).UTC()
}
