package directory

import (
	"encoding/hex"
	"strings"

	"entente"
)

// A kind says which rows a unit is of. The numbers are kept in the log.
type kind uint8

const (
	logHead          kind = 0 // of a generation's entries
	organizationRows kind = iota
	domainRows
	accountRows
	addressRows // all of one SID
	groupRows
	memberRows // one each
	serverRows
	databaseRows
	permissionRows // all on one mailbox
	assignmentRows
	administratorRows
	tokenRows
	scopeRows
	policyRows
	itemGrantRows
	realmRows
	relationshipRows
	sharingRows
	sharedRows   // the sharing policy of one SID
	placeRows    // the node of one database
	identityRows // logon name and identities of one SID
	virtualRows  // what a server offers by one protocol
	deviceOrgRows
	deviceRuleRows
	mobilePolicyRows
	deviceRows // what is set of the devices of one SID

	lastRows = deviceRows

	logReset kind = 255 // what a generation changed is not said
)

// A unit is rows of one table that are changed, summed up and read again
// together: an account's, all its addresses, all permissions on its mailbox.
type unit struct {
	kind kind
	key  string
}

func theOrganization() unit               { return unit{organizationRows, ""} }
func domainUnit(name entente.Domain) unit { return unit{domainRows, string(name)} }
func accountUnit(sid entente.SID) unit    { return unit{accountRows, string(sid)} }
func addressUnit(sid entente.SID) unit    { return unit{addressRows, string(sid)} }
func groupUnit(sid entente.SID) unit      { return unit{groupRows, string(sid)} }
func memberUnit(group, member entente.SID) unit {
	return unit{memberRows, string(group + " " + member)}
}
func serverUnit(name string) unit   { return unit{serverRows, name} }
func databaseUnit(name string) unit { return unit{databaseRows, name} }
func placeUnit(name string) unit    { return unit{placeRows, name} }
func virtualUnit(name string) unit  { return unit{virtualRows, name} }
func permissionUnit(box entente.MailboxID) unit {
	return unit{permissionRows, hex.EncodeToString(box[:])}
}
func assignmentUnit(id string) unit          { return unit{assignmentRows, id} }
func administratorUnit(sid entente.SID) unit { return unit{administratorRows, string(sid)} }
func tokenUnit(id string) unit               { return unit{tokenRows, id} }
func scopeUnit(name string) unit             { return unit{scopeRows, name} }
func policyUnit(scope string) unit           { return unit{policyRows, scope} }
func itemGrantUnit(id string) unit           { return unit{itemGrantRows, id} }
func realmUnit(name string) unit             { return unit{realmRows, name} }
func relationshipUnit(name string) unit      { return unit{relationshipRows, name} }
func sharingUnit(name string) unit           { return unit{sharingRows, name} }
func sharedUnit(sid entente.SID) unit        { return unit{sharedRows, string(sid)} }
func deviceOrgUnit() unit                    { return unit{deviceOrgRows, ""} }
func deviceRuleUnit(name string) unit        { return unit{deviceRuleRows, name} }
func mobilePolicyUnit(name string) unit      { return unit{mobilePolicyRows, name} }
func deviceUnit(sid entente.SID) unit        { return unit{deviceRows, string(sid)} }
func identityUnit(sid entente.SID) unit      { return unit{identityRows, string(sid)} }

// where are the values of the unit's key columns: the first arguments of every
// statement that reads or writes it.
func (u unit) where() []any {
	switch u.kind {
	case organizationRows:
		return []any{1}
	case memberRows:
		group, member, _ := strings.Cut(u.key, " ")
		return []any{group, member}
	case permissionRows:
		return []any{u.mailbox()}
	}
	return []any{u.key}
}

// mailbox is whose permissions the unit is. A log entry that somebody forged
// may name none; nothing is found under it then.
func (u unit) mailbox() (box entente.MailboxID) {
	if b, err := hex.DecodeString(u.key); err == nil && len(b) == len(box) {
		copy(box[:], b)
	}
	return box
}

// A touched unit is one that a change may have written to.
type touched struct {
	unit unit
	was  []byte // tag of the rows before the change; nil for none, or without a seal
}

// write runs a statement on the rows of one unit. The values of the unit's key
// columns are its first arguments, before args, so that it cannot reach others
// as long as it is confined to them; TestEveryWriteIsToAUnit holds each
// statement to that. It is the only way to change rows that decisions rest on:
// what is not read before it is written could not be taken from the sum.
func write[Q ~string](c *Change, u unit, exec func(Q, ...any) (int64, error), q Q, args ...any) (int64, error) {
	if err := c.touch(u); err != nil {
		return 0, err
	}
	return exec(q, append(u.where(), args...)...)
}

// touch notes a unit that is about to be written to, and what it was.
func (c *Change) touch(u unit) error {
	if c.seen[u] {
		return nil
	}
	t := touched{unit: u}
	if c.marker != nil {
		tag, err := c.marker.tagOf(c.tx, u)
		if err != nil {
			return err
		}
		// Rows that somebody else wrote since: the change is made, to set them
		// right by, but nothing vouches for it.
		if c.vouched && !c.before.has(u, tag) {
			c.vouched = false
		}
		t.was = tag
	}
	if c.seen == nil {
		c.seen = map[unit]bool{}
	}
	c.seen[u] = true
	c.touched = append(c.touched, t)
	return nil
}
