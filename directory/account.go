package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// A GUID is an object's identity in the directory it came from (objectGUID),
// by which imports find it again after it was renamed.
type GUID [16]byte

// An Account is a person, a room, a piece of equipment, a mailbox that several
// share, or a service. Mail is its primary SMTP address, Proxies its others.
type Account struct {
	access.Account
	GUID       GUID
	Alias      string // mailNickname; made from the UPN if empty
	GivenName  string
	Surname    string
	Title      string
	Department string
	Company    string
	Office     string
	Phone      string
	Mobile     string
	Capacity   int   // of a room, in people
	Quota      int64 // of the mailbox in bytes, 0 for the default
	Hidden     bool  // from address lists and ambiguous names
	Created    int64 // Unix seconds
	// Custom are CustomAttribute1 … 15. Attributes repeats them, with what else
	// of the above a recipient filter can name; it is read and never written.
	Custom [15]string
}

const accountColumns = `SELECT sid, guid, upn, mail, name, alias, kind, enabled, master_sid, mailbox_id, database, quota,
	given_name, surname, title, department, company, office, phone, mobile, capacity, hidden, policy, created, custom,
	` + sharingOf + ` FROM directory_account`

// scanAccounts reads rows of accountColumns. Proxies are not among them.
func scanAccounts(rows *db.Rows, err error) ([]Account, error) {
	var all []Account
	var a Account
	var master *string
	var box []byte
	var policy, custom string
	err = each(rows, err, func() error {
		n := a
		n.Mailbox = entente.MailboxID{}
		copy(n.Mailbox[:], box)
		if master != nil {
			n.Master = entente.SID(*master)
		}
		var err error
		if n.Policy, err = decodePolicy(policy); err != nil {
			return fmt.Errorf("policy of %s: %w", n.SID, err)
		}
		if n.Custom, err = decodeCustom(custom); err != nil {
			return fmt.Errorf("attributes of %s: %w", n.SID, err)
		}
		n.Attributes = attributes(access.Attributes{
			Alias: n.Alias, Title: n.Title, Department: n.Department, Company: n.Company, Office: n.Office, Custom: n.Custom,
		})
		all = append(all, n)
		return nil
	}, &a.SID, &a.GUID, &a.UPN, &a.Mail, &a.Name, &a.Alias, &a.Kind, &a.Enabled, &master, &box, &a.Database, &a.Quota,
		&a.GivenName, &a.Surname, &a.Title, &a.Department, &a.Company, &a.Office, &a.Phone, &a.Mobile, &a.Capacity,
		&a.Hidden, &policy, &a.Created, &custom, &a.SharingPolicy)
	return all, err
}

// one returns the only account, with its addresses.
func one(tx *db.Tx, all []Account, err error) (*Account, error) {
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, entente.Errorf(entente.NotFound, "there is no such account").Because(NoSuchAccount)
	}
	a := &all[0]
	if a.Proxies, err = addressesOf(tx, a.SID, a.Mail); err != nil {
		return nil, err
	}
	return a, identitiesOf(tx, &a.Account)
}

func addressesOf(tx *db.Tx, sid entente.SID, primary entente.SMTPAddress) ([]entente.SMTPAddress, error) {
	var list []entente.SMTPAddress
	var address entente.SMTPAddress
	rows, err := tx.Query(`SELECT address FROM directory_address WHERE sid = $1 ORDER BY address`, sid)
	err = each(rows, err, func() error {
		if address != primary {
			list = append(list, address)
		}
		return nil
	}, &address)
	return list, err
}

func accountBySID(tx *db.Tx, sid entente.SID) (*Account, error) {
	rows, err := tx.Query(accountColumns+` WHERE sid = $1`, sid)
	all, err := scanAccounts(rows, err)
	return one(tx, all, err)
}

// Account returns an account by SID. NotFound with reason NoSuchAccount.
func (d *Directory) Account(ctx context.Context, sid entente.SID) (a *Account, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		a, err = accountBySID(tx, sid)
		return err
	})
	return a, err
}

// Lookup finds an account by what an administrator types: a SID, else a UPN,
// else one of its SMTP addresses. No protocol may use it: they each know which
// of the three they were given.
func (d *Directory) Lookup(ctx context.Context, name string) (*Account, error) {
	s := d.Snapshot()
	found, ok := s.FindSID(entente.SID(strings.ToUpper(name)))
	if !ok {
		found, ok = s.FindUPN(name)
	}
	if !ok {
		found, ok = s.FindSMTP(name)
	}
	if !ok {
		return nil, entente.Errorf(entente.NotFound, "there is no account %q", name).Because(NoSuchAccount)
	}
	return d.Account(ctx, found.SID)
}

// Accounts returns accounts in the order of their UPNs, those after a UPN ("" is
// the beginning), at most limit of them. Proxies, logon names and identities are
// left out.
func (d *Directory) Accounts(ctx context.Context, after entente.UPN, limit int) (all []Account, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(accountColumns+` WHERE upn > $1 ORDER BY upn LIMIT $2`, after, limit)
		all, err = scanAccounts(rows, err)
		return err
	})
	return all, err
}

func (d *Directory) view(ctx context.Context, f func(*db.Tx) error) error {
	return tell(d.db.View(ctx, f))
}

// Account returns an account as the change so far leaves it.
func (c *Change) Account(sid entente.SID) (*Account, error) { return accountBySID(c.tx, sid) }

// CreateAccount adds an account. An empty SID is given the next of the domain,
// an empty GUID a random one; a is completed accordingly. It has no password
// yet, and no mailbox unless a names one.
//
// Errors: Invalid for a malformed field or, with reason NotAccepted, a domain
// that is not ours; Conflict with reason AccountExists or AddressInUse.
func (c *Change) CreateAccount(a *Account) error {
	if err := a.check(); err != nil {
		return err
	}
	if a.GUID == (GUID{}) {
		if _, err := rand.Read(a.GUID[:]); err != nil {
			return err
		}
	}
	if err := c.vacant(a); err != nil {
		return err
	}
	var err error
	if a.SID == "" {
		a.SID, err = c.nextSID()
	} else {
		err = c.adoptSID(a.SID)
	}
	if err != nil {
		return err
	}
	a.Created = c.now.Unix()
	policy, err := encodePolicy(a.Policy)
	if err != nil {
		return err
	}
	if _, err := write(c, accountUnit(a.SID), c.tx.Exec, `INSERT INTO directory_account (sid, guid, upn, mail, name, alias, kind, enabled, master_sid,
		mailbox_id, database, quota, given_name, surname, title, department, company, office, phone, mobile, capacity,
		hidden, policy, password, epoch, created, custom) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
		$16, $17, $18, $19, $20, $21, $22, $23, '', 0, $24, $25)`,
		a.GUID, a.UPN, a.Mail, a.Name, a.Alias, a.Kind, a.Enabled, nullSID(a.Master),
		nullMailbox(a.Mailbox), a.Database, a.Quota, a.GivenName, a.Surname, a.Title, a.Department, a.Company, a.Office,
		a.Phone, a.Mobile, a.Capacity, a.Hidden, policy, a.Created, encodeCustom(&a.Custom)); err != nil {
		return err
	}
	if a.SharingPolicy != "" {
		if err := c.assignSharing(a); err != nil {
			return err
		}
	}
	if err := c.setIdentities(a, "", nil); err != nil {
		return err
	}
	return c.setNames(a)
}

// SetAccount changes an account: f is given it as it is. Its SID stays.
func (c *Change) SetAccount(sid entente.SID, f func(*Account) error) error {
	a, err := accountBySID(c.tx, sid)
	if err != nil {
		return err
	}
	shared, logon, identities := a.SharingPolicy, a.LogonName, slices.Clone(a.Identities)
	if err := f(a); err != nil {
		return err
	}
	a.SID = sid
	if err := a.check(); err != nil {
		return err
	}
	if err := c.vacant(a); err != nil {
		return err
	}
	policy, err := encodePolicy(a.Policy)
	if err != nil {
		return err
	}
	if _, err := write(c, accountUnit(sid), c.tx.Exec, `UPDATE directory_account SET guid = $2, upn = $3, mail = $4, name = $5, alias = $6, kind = $7,
		enabled = $8, master_sid = $9, mailbox_id = $10, database = $11, quota = $12, given_name = $13, surname = $14,
		title = $15, department = $16, company = $17, office = $18, phone = $19, mobile = $20, capacity = $21, hidden = $22,
		policy = $23, custom = $24 WHERE sid = $1`,
		a.GUID, a.UPN, a.Mail, a.Name, a.Alias, a.Kind, a.Enabled, nullSID(a.Master), nullMailbox(a.Mailbox),
		a.Database, a.Quota, a.GivenName, a.Surname, a.Title, a.Department, a.Company, a.Office, a.Phone, a.Mobile,
		a.Capacity, a.Hidden, policy, encodeCustom(&a.Custom)); err != nil {
		return err
	}
	if a.SharingPolicy != shared || shared != "" && a.Mailbox.IsZero() {
		if err := c.assignSharing(a); err != nil {
			return err
		}
	}
	if err := c.setIdentities(a, logon, identities); err != nil {
		return err
	}
	return c.setNames(a)
}

// RemoveAccount removes an account and all that was granted to it. Its SID is
// not given to another, so that entries in folders' permission tables come to
// mean nobody.
func (c *Change) RemoveAccount(sid entente.SID) error {
	a, err := accountBySID(c.tx, sid)
	if err != nil {
		return err
	}
	if !a.Mailbox.IsZero() {
		if err := c.forgetMailbox(a.Mailbox); err != nil {
			return err
		}
	}
	for _, s := range [...]entente.SID{a.SID, a.Master} {
		if s != "" {
			if err := c.forget(s); err != nil {
				return err
			}
		}
	}
	_, err = write(c, accountUnit(sid), c.tx.Exec, `DELETE FROM directory_account WHERE sid = $1`)
	return err
}

// vacant makes sure that no other account has what a claims for itself. The
// tables would refuse it too, but could not say what.
func (c *Change) vacant(a *Account) error {
	claims := [...]struct {
		what  string
		asked bool
		taken func() *db.Row
	}{
		{"SID", a.SID != "", func() *db.Row {
			return c.tx.QueryRow(`SELECT sid FROM directory_account WHERE master_sid = $1 OR (sid = $1 AND guid <> $2)`, a.SID, a.GUID)
		}},
		{"user principal name", true, func() *db.Row {
			return c.tx.QueryRow(`SELECT sid FROM directory_account WHERE upn = $1 AND sid <> $2`, a.UPN, a.SID)
		}},
		{"GUID", true, func() *db.Row {
			return c.tx.QueryRow(`SELECT sid FROM directory_account WHERE guid = $1 AND sid <> $2`, a.GUID, a.SID)
		}},
		{"master account", a.Master != "", func() *db.Row {
			return c.tx.QueryRow(`SELECT sid FROM directory_account WHERE (master_sid = $1 OR sid = $1) AND sid <> $2`, a.Master, a.SID)
		}},
		{"mailbox", !a.Mailbox.IsZero(), func() *db.Row {
			return c.tx.QueryRow(`SELECT sid FROM directory_account WHERE mailbox_id = $1 AND sid <> $2`, a.Mailbox, a.SID)
		}},
	}
	for _, cl := range claims {
		if !cl.asked {
			continue
		}
		var other string
		err := cl.taken().Scan(&other)
		if err == nil {
			return entente.Errorf(entente.Conflict, "another account has this %s", cl.what).Because(AccountExists)
		}
		if !errors.Is(err, db.ErrNoRows) {
			return err
		}
	}
	return nil
}

// nextSID gives out the domain's next SID.
func (c *Change) nextSID() (entente.SID, error) {
	var domain string
	var rid int64
	err := c.tx.QueryRow(`UPDATE directory_organization SET next_rid = next_rid + 1 WHERE id = 1
		RETURNING domain_sid, next_rid - 1`).Scan(&domain, &rid)
	return entente.SID(fmt.Sprintf("%s-%d", domain, rid)), err
}

// adoptSID keeps SIDs that come from elsewhere apart from those to be given
// out: one of this domain, as an import of our own export brings it, moves the
// counter beyond it.
func (c *Change) adoptSID(sid entente.SID) error {
	if parsed, err := entente.ParseSID(string(sid)); err != nil || parsed != sid {
		return entente.Errorf(entente.Invalid, "%q is not a security identifier", sid)
	}
	var taken int
	if err := c.tx.QueryRow(`SELECT (SELECT COUNT(*) FROM directory_account WHERE sid = $1) +
		(SELECT COUNT(*) FROM directory_group WHERE sid = $1)`, sid).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		return entente.Errorf(entente.Conflict, "another account has this SID").Because(AccountExists)
	}
	var domain string
	if err := c.tx.QueryRow(`SELECT domain_sid FROM directory_organization WHERE id = 1`).Scan(&domain); err != nil {
		return err
	}
	rest, ok := strings.CutPrefix(string(sid), domain+"-")
	if !ok {
		return nil
	}
	var rid int64
	if _, err := fmt.Sscanf(rest, "%d", &rid); err != nil || rid >= 1<<30 {
		return entente.Errorf(entente.Invalid, "%q is beyond the numbers of this domain", sid)
	}
	_, err := c.tx.Exec(`UPDATE directory_organization SET next_rid = $1 WHERE id = 1 AND next_rid <= $2`, rid+1, rid)
	return err
}

// setNames keeps the addresses and the words an account is found by.
func (c *Change) setNames(a *Account) error {
	addresses := a.Proxies
	if a.Mail != "" {
		addresses = append([]entente.SMTPAddress{a.Mail}, a.Proxies...)
	}
	if err := c.setAddresses(a.SID, addresses); err != nil {
		return err
	}
	words := searchWords(a.Name, a.GivenName, a.Surname, a.Alias)
	if a.Hidden {
		return c.setKeys(a.SID, nil, nil)
	}
	return c.setKeys(a.SID, words, addresses)
}

// setAddresses gives a SID exactly these addresses. Each must be in an accepted
// domain: else mail for somebody elsewhere would be kept here.
func (c *Change) setAddresses(sid entente.SID, addresses []entente.SMTPAddress) error {
	if _, err := write(c, addressUnit(sid), c.tx.Exec, `DELETE FROM directory_address WHERE sid = $1`); err != nil {
		return err
	}
	for i, a := range addresses {
		if i > 0 && a == addresses[0] {
			continue // the primary, said again among the others
		}
		var n int
		if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_domain WHERE name = $1`, a.Domain()).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return entente.Errorf(entente.Invalid, "%s is not an accepted domain", a.Domain()).Because(NotAccepted)
		}
		if n, err := write(c, addressUnit(sid), c.tx.Exec, `INSERT INTO directory_address (sid, address) VALUES ($1, $2)
			ON CONFLICT (address) DO NOTHING`, a); err != nil {
			return err
		} else if n == 0 {
			return c.addressTaken(a, sid)
		}
	}
	return nil
}

// addressTaken tells a repetition from an address of somebody else's.
func (c *Change) addressTaken(a entente.SMTPAddress, sid entente.SID) error {
	var holder entente.SID
	if err := c.tx.QueryRow(`SELECT sid FROM directory_address WHERE address = $1`, a).Scan(&holder); err != nil {
		return err
	}
	if holder == sid {
		return nil
	}
	return entente.Errorf(entente.Conflict, "the address %s is in use", a).Because(AddressInUse)
}

func nullSID(s entente.SID) *string {
	if s == "" {
		return nil
	}
	t := string(s)
	return &t
}

func nullMailbox(m entente.MailboxID) []byte {
	if m.IsZero() {
		return nil
	}
	return m[:]
}

// check validates the fields and completes what can be derived. Names become
// header values and log lines, so control characters never get in.
func (a *Account) check() error {
	upn, err := entente.ParseUPN(string(a.UPN))
	if err != nil {
		return err
	}
	a.UPN = upn
	if a.Mail, err = checkAddress(a.Mail); err != nil {
		return err
	}
	for i := range a.Proxies {
		if a.Proxies[i], err = checkAddress(a.Proxies[i]); err != nil || a.Proxies[i] == "" {
			return entente.Errorf(entente.Invalid, "not an SMTP address")
		}
	}
	if a.Master != "" {
		if a.Master, err = entente.ParseSID(string(a.Master)); err != nil {
			return err
		}
	}
	if a.Kind == "" {
		a.Kind = access.KindUser
	}
	if !validKind(a.Kind) {
		return entente.Errorf(entente.Invalid, "%q is no kind of account", a.Kind)
	}
	local, _, _ := strings.Cut(string(a.UPN), "@")
	if a.Alias == "" {
		a.Alias = local
	}
	if a.Name == "" {
		a.Name = local
	}
	switch {
	case len(a.Proxies) > 0 && a.Mail == "":
		return entente.Errorf(entente.Invalid, "an account with addresses needs a primary one")
	case !a.Mailbox.IsZero() && (a.Mail == "" || a.Database == ""):
		return entente.Errorf(entente.Invalid, "a mailbox needs an address and a database")
	case len(a.Proxies) > maxProxies:
		return entente.Errorf(entente.TooLarge, "an account has at most %d addresses", maxProxies)
	case a.Capacity < 0 || a.Quota < 0:
		return entente.Errorf(entente.Invalid, "a capacity or quota is not negative")
	}
	if err := a.checkIdentities(); err != nil {
		return err
	}
	if err := checkTexts(a.Custom[:]...); err != nil {
		return err
	}
	return checkTexts(a.Name, a.Alias, a.GivenName, a.Surname, a.Title, a.Department, a.Company, a.Office, a.Phone, a.Mobile)
}

const (
	maxProxies = 500
	maxText    = 256
)

func validKind(k access.AccountKind) bool {
	switch k {
	case access.KindUser, access.KindRoom, access.KindEquipment, access.KindShared, access.KindService:
		return true
	}
	return false
}

func checkAddress(a entente.SMTPAddress) (entente.SMTPAddress, error) {
	if a == "" {
		return "", nil
	}
	return entente.ParseSMTPAddress(string(a))
}

func checkTexts(all ...string) error {
	for _, s := range all {
		if len(s) > maxText {
			return entente.Errorf(entente.TooLarge, "a name has at most %d bytes", maxText)
		}
		for _, r := range s {
			if r < ' ' || r == 0x7f || r == 0xfffd {
				return entente.Errorf(entente.Invalid, "a name has no control characters")
			}
		}
	}
	return nil
}
