package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"hash"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// load reads the facts and swaps the state in, unless one of at least the
// wanted generation is in place already.
func (d *Directory) load(ctx context.Context, want uint64) error {
	d.loading.Lock()
	defer d.loading.Unlock()
	if d.has(want) {
		return nil
	}
	r, err := d.readAll(ctx)
	if err != nil {
		return err
	}
	d.install(r)
	return nil
}

// adopt swaps in the state that a change of this node led to.
func (d *Directory) adopt(r *reader) {
	d.loading.Lock()
	defer d.loading.Unlock()
	if !d.has(r.facts.Generation) {
		d.install(r)
	}
}

// has reports whether a state of at least the wanted generation is in place;
// 0 wants it read in any case.
func (d *Directory) has(want uint64) bool {
	old := d.now.Load()
	return old != nil && want != 0 && old.snapshot.Generation() >= want
}

// readAll reads the state as it was committed.
func (d *Directory) readAll(ctx context.Context) (r *reader, err error) {
	err = d.db.View(ctx, func(tx *db.Tx) error {
		if r, err = d.read(tx); err != nil || d.seal == nil {
			return err
		}
		ok, err := d.bearsMark(r, r.facts.Generation)
		r.altered = !ok
		return err
	})
	return r, err
}

// install swaps a state in. The loading lock is held.
func (d *Directory) install(r *reader) {
	if r.altered {
		r.facts.Assignments = nil
	}
	r.snapshot = access.Compile(r.facts)
	old := d.now.Swap(&r.state)
	if r.altered && (old == nil || !old.altered) { // once, not with every load
		d.failed(fmt.Errorf("generation %d: %w", r.facts.Generation, ErrAltered))
	}
}

// A reader collects the facts of one generation.
type reader struct {
	tx    *db.Tx
	facts access.Facts
	state
	sum hash.Hash // of all that was read; nil if there is no Seal
	row []byte    // what is added next, to be filled again
}

func (r *reader) read() error {
	for _, step := range [...]func() error{
		r.organization, r.acceptedDomains, r.accounts, r.addresses, r.groups, r.members,
		r.names, r.permissions, r.assignments, r.administrators, r.readTokens, r.passwords,
		r.attributes, r.masters, r.scopes, r.itemGrants,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) organization() error {
	o := &r.facts.Organization
	var policy string
	err := r.tx.QueryRow(`SELECT name, domain_sid, generation, precedence, policy FROM directory_organization WHERE id = 1`).
		Scan(&o.Name, &o.DomainSID, &r.facts.Generation, &o.Precedence, &policy)
	if err != nil {
		return err
	}
	r.add(&o.Name, &o.DomainSID, &o.Precedence, &policy) // the generation stands before the sum
	p, err := decodePolicy(policy)
	if err != nil {
		return fmt.Errorf("policy of the organization: %w", err)
	}
	if p != nil {
		o.Policy = *p
	}
	return nil
}

// each runs scan for every row, whose columns it puts into dest first.
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

func (r *reader) acceptedDomains() error {
	var name entente.Domain
	var standard bool
	rows, err := r.tx.Query(`SELECT name, is_default FROM directory_domain ORDER BY name`)
	return r.each(rows, err, func() error {
		r.domains[name] = true
		if standard {
			r.standard = name
		}
		return nil
	}, &name, &standard)
}

func (r *reader) accounts() error {
	var a access.Account
	var master *string
	var box []byte
	var policy string
	var epoch int64
	rows, err := r.tx.Query(`SELECT sid, upn, mail, name, kind, enabled, master_sid, mailbox_id, database, policy, epoch
		FROM directory_account ORDER BY sid`)
	return r.each(rows, err, func() error {
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
		r.facts.Accounts = append(r.facts.Accounts, n)
		r.epochs[n.SID] = epoch
		return nil
	}, &a.SID, &a.UPN, &a.Mail, &a.Name, &a.Kind, &a.Enabled, &master, &box, &a.Database, &policy, &epoch)
}

// addresses come in the order of accounts, so that one pass joins them.
func (r *reader) addresses() error {
	var address entente.SMTPAddress
	var sid entente.SID
	i := 0
	rows, err := r.tx.Query(`SELECT sid, address FROM directory_address ORDER BY sid, address`)
	return r.each(rows, err, func() error {
		for i < len(r.facts.Accounts) && r.facts.Accounts[i].SID < sid {
			i++
		}
		if i < len(r.facts.Accounts) && r.facts.Accounts[i].SID == sid && r.facts.Accounts[i].Mail != address {
			r.facts.Accounts[i].Proxies = append(r.facts.Accounts[i].Proxies, address)
		}
		return nil
	}, &sid, &address)
}

func (r *reader) groups() error {
	var g access.Group
	rows, err := r.tx.Query(`SELECT sid, name, mail FROM directory_group ORDER BY sid`)
	return r.each(rows, err, func() error {
		r.facts.Groups = append(r.facts.Groups, g)
		return nil
	}, &g.SID, &g.Name, &g.Mail)
}

func (r *reader) members() error {
	var group, member entente.SID
	i := 0
	rows, err := r.tx.Query(`SELECT group_sid, member_sid FROM directory_member ORDER BY group_sid, member_sid`)
	return r.each(rows, err, func() error {
		for i < len(r.facts.Groups) && r.facts.Groups[i].SID < group {
			i++
		}
		if i < len(r.facts.Groups) && r.facts.Groups[i].SID == group {
			r.facts.Groups[i].Members = append(r.facts.Groups[i].Members, member)
		}
		return nil
	}, &group, &member)
}

// names of servers and databases. Where they are is read to be summed up: a
// database elsewhere is other people's mail.
func (r *reader) names() error {
	var name, url string
	rows, err := r.tx.Query(`SELECT name, url FROM directory_server ORDER BY name`)
	if err := r.each(rows, err, func() error {
		r.facts.Servers = append(r.facts.Servers, name)
		return nil
	}, &name, &url); err != nil {
		return err
	}
	rows, err = r.tx.Query(`SELECT name, url FROM directory_database ORDER BY name`)
	return r.each(rows, err, func() error {
		r.facts.Databases = append(r.facts.Databases, name)
		return nil
	}, &name, &url)
}

func (r *reader) permissions() error {
	var p access.MailboxPermission
	rows, err := r.tx.Query(`SELECT mailbox_id, to_sid, rights, deny FROM directory_permission ORDER BY mailbox_id, to_sid, deny`)
	return r.each(rows, err, func() error {
		r.facts.Permissions = append(r.facts.Permissions, p)
		return nil
	}, &p.Mailbox, &p.To, &p.Rights, &p.Deny)
}

func (r *reader) assignments() error {
	rows, err := r.tx.Query(assignmentColumns + ` ORDER BY id`)
	return eachAssignment(r.each, rows, err, func(a Assignment) {
		r.facts.Assignments = append(r.facts.Assignments, a.Assignment)
	})
}

func (r *reader) administrators() error {
	var sid entente.SID
	rows, err := r.tx.Query(`SELECT sid FROM directory_administrator ORDER BY sid`)
	return r.each(rows, err, func() error {
		r.facts.Administrators = append(r.facts.Administrators, sid)
		return nil
	}, &sid)
}

// attributes come in the order of accounts.
func (r *reader) attributes() error {
	var sid entente.SID
	var a access.Attributes
	var custom string
	i := 0
	rows, err := r.tx.Query(`SELECT sid, alias, title, department, company, office, custom FROM directory_account ORDER BY sid`)
	return each(rows, err, func() error {
		for i < len(r.facts.Accounts) && r.facts.Accounts[i].SID < sid {
			i++
		}
		c, err := decodeCustom(custom)
		if err != nil {
			return fmt.Errorf("attributes of %s: %w", sid, err)
		}
		if i < len(r.facts.Accounts) && r.facts.Accounts[i].SID == sid {
			r.facts.Accounts[i].Attributes = attributes(a.Alias, a.Title, a.Department, a.Company, a.Office, c)
		}
		return nil
	}, &sid, &a.Alias, &a.Title, &a.Department, &a.Company, &a.Office, &custom)
}

// masters of groups come in the order of groups.
func (r *reader) masters() error {
	var sid, master entente.SID
	i := 0
	rows, err := r.tx.Query(`SELECT sid, master_sid FROM directory_group ORDER BY sid`)
	return each(rows, err, func() error {
		for i < len(r.facts.Groups) && r.facts.Groups[i].SID < sid {
			i++
		}
		if i < len(r.facts.Groups) && r.facts.Groups[i].SID == sid {
			r.facts.Groups[i].Master = master
		}
		return nil
	}, &sid, &master)
}

// scopes are management scopes, their policies, and realms.
func (r *reader) scopes() error {
	f := &r.facts
	rows, err := r.tx.Query(scopeColumns + ` ORDER BY name`)
	if err := eachScope(each, rows, err, func(s access.ManagementScope) { f.Scopes = append(f.Scopes, s) }); err != nil {
		return err
	}
	rows, err = r.tx.Query(policyColumns + ` ORDER BY scope`)
	if err := eachPolicy(each, rows, err, func(p access.ScopePolicy) { f.Policies = append(f.Policies, p) }); err != nil {
		return err
	}
	rows, err = r.tx.Query(realmColumns + ` ORDER BY name`)
	return eachRealm(each, rows, err, func(x access.Realm) { f.Realms = append(f.Realms, x) })
}

func (r *reader) itemGrants() error {
	rows, err := r.tx.Query(itemGrantColumns + ` ORDER BY id`)
	return eachItemGrant(each, rows, err, func(g ItemGrant) { r.facts.ItemGrants = append(r.facts.ItemGrants, g.ItemGrant) })
}

// attributes are those that recipient filters look at, nil if all are empty.
func attributes(alias, title, department, company, office string, custom [15]string) *access.Attributes {
	a := access.Attributes{Alias: alias, Title: title, Department: department, Company: company, Office: office, Custom: custom}
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
