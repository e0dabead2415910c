package access

import (
	"slices"
	"strings"

	"entente"
)

// A Filter says which recipients a management scope holds over, in the words of
// New-ManagementScope -RecipientRestrictionFilter (OPATH):
//
//	Department -eq 'Sales' -and (Office -like 'Z*' -or -not (Title -eq $null))
//
// Letters count the same in either case.
type Filter struct {
	root *clause
	text string // of String
}

// A clause is a comparison, or joins others.
type clause struct {
	op       operator
	kids     []*clause // of and, or, not
	property *property
	value    literal
	place    int // where in the text, for errors found later
}

type operator uint8

const (
	opAnd operator = iota
	opOr
	opNot
	opEq
	opNe
	opLike
	opNotLike
)

var operatorNames = [...]string{"-and", "-or", "-not", "-eq", "-ne", "-like", "-notlike"}

// A literal is quoted text, or $null, $true or $false, which ask whether a
// property is empty.
type literal struct {
	text  string
	bare  string // "$null" and the like, in lower case; empty for text
	lower string
}

// String returns the filter in one form of its own, which reads as the same.
func (f *Filter) String() string { return f.text }

func (c *clause) write(b *strings.Builder) {
	switch c.op {
	case opNot:
		b.WriteString("-not (")
		c.kids[0].write(b)
		b.WriteByte(')')
		return
	case opAnd, opOr:
		for i, k := range c.kids {
			if i > 0 {
				b.WriteString(" " + operatorNames[c.op] + " ")
			}
			if k.op == opAnd || k.op == opOr {
				b.WriteByte('(')
				k.write(b)
				b.WriteByte(')')
				continue
			}
			k.write(b)
		}
		return
	}
	b.WriteString(c.property.name + " " + operatorNames[c.op] + " ")
	if c.value.bare != "" {
		b.WriteString(c.value.bare)
		return
	}
	b.WriteString("'" + strings.ReplaceAll(c.value.text, "'", "''") + "'")
}

// A property is something of a recipient that filters can name.
type property struct {
	name  string
	of    func(*Account) string   // if it has one value
	many  func(*Account) []string // if it has several
	known []string                // the values it can have; nil for any
	group bool                    // its values are groups
}

var properties = []property{
	{name: "Name", of: func(a *Account) string { return a.Name }},
	{name: "DisplayName", of: func(a *Account) string { return a.Name }},
	{name: "Alias", of: alias},
	{name: "SamAccountName", of: alias},
	{name: "UserPrincipalName", of: func(a *Account) string { return string(a.UPN) }},
	{name: "PrimarySmtpAddress", of: func(a *Account) string { return string(a.Mail) }},
	{name: "EmailAddresses", many: addresses},
	{name: "Title", of: func(a *Account) string { return a.attributes().Title }},
	{name: "Department", of: func(a *Account) string { return a.attributes().Department }},
	{name: "Company", of: func(a *Account) string { return a.attributes().Company }},
	{name: "Office", of: func(a *Account) string { return a.attributes().Office }},
	{name: "Database", of: func(a *Account) string { return a.Database }},
	{name: "RecipientType", of: recipientType, known: []string{"UserMailbox", "User"}},
	{name: "RecipientTypeDetails", of: recipientTypeDetails, known: []string{
		"UserMailbox", "LinkedMailbox", "SharedMailbox", "RoomMailbox", "EquipmentMailbox", "User", "DisabledUser",
	}},
	{name: "MemberOfGroup", group: true},
	{name: "CustomAttribute1", of: custom(0)},
	{name: "CustomAttribute2", of: custom(1)},
	{name: "CustomAttribute3", of: custom(2)},
	{name: "CustomAttribute4", of: custom(3)},
	{name: "CustomAttribute5", of: custom(4)},
	{name: "CustomAttribute6", of: custom(5)},
	{name: "CustomAttribute7", of: custom(6)},
	{name: "CustomAttribute8", of: custom(7)},
	{name: "CustomAttribute9", of: custom(8)},
	{name: "CustomAttribute10", of: custom(9)},
	{name: "CustomAttribute11", of: custom(10)},
	{name: "CustomAttribute12", of: custom(11)},
	{name: "CustomAttribute13", of: custom(12)},
	{name: "CustomAttribute14", of: custom(13)},
	{name: "CustomAttribute15", of: custom(14)},
}

// FilterProperties returns the names of the properties that filters can name.
func FilterProperties() []string {
	var names []string
	for i := range properties {
		names = append(names, properties[i].name)
	}
	return names
}

func (a *Account) attributes() *Attributes {
	if a.Attributes == nil {
		return &Attributes{}
	}
	return a.Attributes
}

// alias is what was set, or what stands before the @ of the primary address.
func alias(a *Account) string {
	if s := a.attributes().Alias; s != "" {
		return s
	}
	local, _, _ := strings.Cut(string(a.Mail), "@")
	return local
}

func custom(n int) func(*Account) string {
	return func(a *Account) string { return a.attributes().Custom[n] }
}

func addresses(a *Account) []string {
	var all []string
	if a.Mail != "" {
		all = append(all, string(a.Mail))
	}
	for _, p := range a.Proxies {
		all = append(all, string(p))
	}
	return all
}

func recipientType(a *Account) string {
	if a.Mailbox.IsZero() {
		return "User"
	}
	return "UserMailbox"
}

func recipientTypeDetails(a *Account) string {
	switch {
	case a.Mailbox.IsZero() && !a.Enabled:
		return "DisabledUser"
	case a.Mailbox.IsZero():
		return "User"
	case a.Master != "":
		return "LinkedMailbox"
	case a.Kind == KindRoom:
		return "RoomMailbox"
	case a.Kind == KindEquipment:
		return "EquipmentMailbox"
	case a.Kind == KindShared:
		return "SharedMailbox"
	}
	return "UserMailbox"
}

// matches reports whether the filter holds over an account. groups are the
// numbers of the groups that its clauses name.
func (c *clause) matches(a *account, groups map[*clause]int32) bool {
	switch c.op {
	case opAnd:
		return !slices.ContainsFunc(c.kids, func(k *clause) bool { return !k.matches(a, groups) })
	case opOr:
		return slices.ContainsFunc(c.kids, func(k *clause) bool { return k.matches(a, groups) })
	case opNot:
		return !c.kids[0].matches(a, groups)
	case opNe, opNotLike:
		return !c.holds(a, groups)
	}
	return c.holds(a, groups)
}

// holds is the comparison of a clause without its negation. A property with
// several values is equal to each of them.
func (c *clause) holds(a *account, groups map[*clause]int32) bool {
	p := c.property
	if p.group {
		return a.in(groups[c])
	}
	if p.many == nil {
		return c.value.is(p.of(&a.Account), c.op)
	}
	all := p.many(&a.Account)
	if c.value.bare != "" {
		return c.value.is(strings.Join(all, ""), c.op)
	}
	return slices.ContainsFunc(all, func(v string) bool { return c.value.is(v, c.op) })
}

// is compares one value. Addresses are written with and without smtp: before
// them.
func (l *literal) is(value string, op operator) bool {
	switch l.bare {
	case "$null", "$false":
		return value == ""
	case "$true":
		return value != ""
	}
	if op == opLike || op == opNotLike {
		return matches(l.lower, strings.ToLower(value))
	}
	return strings.EqualFold(l.text, value)
}

// compileScope makes a scope. One whose filter cannot be read is kept, with the
// reason.
func compileScope(m *ManagementScope) *scope {
	f, err := ParseFilter(m.Filter)
	if err != nil {
		return &scope{ManagementScope: *m, err: err}
	}
	return &scope{ManagementScope: *m, filter: f}
}

// groupClauses returns the clauses that name groups.
func (c *clause) groupClauses() []*clause {
	var all []*clause
	if c.property != nil && c.property.group {
		all = append(all, c)
	}
	for _, k := range c.kids {
		all = append(all, k.groupClauses()...)
	}
	return all
}

func unknownGroup(c *clause) error {
	return entente.Errorf(entente.Invalid, "character %d: there is no group %q, or more than one", c.place+1, c.value.text)
}
