package explain

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/access"
)

// Bounds of one question. Groups that hold each other cost the square of their
// number, and a pattern the product of its length and the User-Agent's.
const (
	maxGroups   = 2_000
	maxMembers  = 50_000
	maxPatterns = 1_000
	maxPattern  = 256
	maxAgent    = 2_048
	maxName     = 512
)

// A builder makes Facts of a question, and keeps the first thing that was wrong
// with it.
type builder struct {
	q          *question
	facts      access.Facts
	rightNames map[string]access.Rights
	sids       map[string]entente.SID // by name, UPN and address, in lower case
	names      map[entente.SID]string
	items      map[string]uint64
	folders    []namedFolder
	err        error
}

type namedFolder struct {
	name    string
	mailbox entente.MailboxID
	table   access.FolderTable
}

// Where made-up SIDs begin. The domain is nobody's.
const (
	domainSID    = "S-1-5-21-1000-1000-1000"
	firstAccount = 1_000
	firstGroup   = 2_000_000
	aStranger    = 3_000_000
)

func newBuilder(q *question, names map[string]access.Rights) *builder {
	return &builder{
		q: q, rightNames: names, sids: map[string]entente.SID{}, names: map[entente.SID]string{}, items: map[string]uint64{},
	}
}

func (b *builder) failed(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) fail(format string, args ...any) {
	b.failed(entente.Errorf(entente.Invalid, format, args...))
}

// build reads the facts in the order in which they name each other.
func (b *builder) build() error {
	f := &b.facts
	f.Organization = b.organization(&b.q.Organization)
	f.Servers, f.Databases = b.q.Servers, b.q.Databases
	for _, r := range b.q.Realms {
		f.Realms = append(f.Realms, access.Realm{Name: r.Name, DomainSID: r.DomainSID})
	}
	for i := range b.q.Accounts {
		f.Accounts = append(f.Accounts, b.account(i, &b.q.Accounts[i]))
	}
	b.addresses()
	b.groups()
	for _, name := range b.q.Administrators {
		f.Administrators = append(f.Administrators, b.sid(name))
	}
	b.grants()
	b.abroad()
	for i := range b.q.Folders {
		b.folder(i, &b.q.Folders[i])
	}
	return b.err
}

func (b *builder) organization(o *organization) access.Organization {
	out := access.Organization{Name: o.Name, DomainSID: o.DomainSID, Policy: b.policy(&o.policy)}
	switch strings.ToLower(o.Precedence) {
	case "", "classic":
	case "strict":
		out.Precedence = access.Strict
	default:
		b.fail("ews_precedence %q is neither classic nor strict", o.Precedence)
	}
	return out
}

func (b *builder) policy(p *policy) access.ClientPolicy {
	out := access.ClientPolicy{
		ActiveSyncEnabled: p.ActiveSyncEnabled.Setting, EwsEnabled: p.EwsEnabled.Setting, EwsAllowOutlook: p.EwsAllowOutlook.Setting,
		EwsAllowMacOutlook: p.EwsAllowMacOutlook.Setting, EwsAllowEntourage: p.EwsAllowEntourage.Setting,
		EwsAllowList: p.EwsAllowList, EwsBlockList: p.EwsBlockList,
	}
	switch strings.ToLower(p.EwsApplicationAccessPolicy) {
	case "", "null":
	case "enforceallowlist":
		out.EwsApplicationAccessPolicy = access.EnforceAllowList
	case "enforceblocklist":
		out.EwsApplicationAccessPolicy = access.EnforceBlockList
	default:
		b.fail("EwsApplicationAccessPolicy %q is none of EnforceAllowList, EnforceBlockList, null", p.EwsApplicationAccessPolicy)
	}
	for _, list := range [...][]string{p.EwsAllowList, p.EwsBlockList, p.EwsAllowedAppIDs} {
		b.patterns(list)
	}
	for _, id := range p.EwsAllowedAppIDs {
		out.EwsAllowedAppIDs = append(out.EwsAllowedAppIDs, access.ApplicationID(id))
	}
	return out
}

func (b *builder) patterns(list []string) {
	if len(list) > maxPatterns {
		b.fail("a list has %d entries, %d are allowed", len(list), maxPatterns)
	}
	for _, p := range list {
		if len(p) > maxPattern {
			b.fail("an entry of a list has %d bytes, %d are allowed", len(p), maxPattern)
		}
	}
}

// isSet reports whether anything is set.
func (p *policy) isSet() bool {
	return p.ActiveSyncEnabled.Setting != 0 || p.EwsEnabled.Setting != 0 || p.EwsAllowOutlook.Setting != 0 || p.EwsAllowMacOutlook.Setting != 0 ||
		p.EwsAllowEntourage.Setting != 0 || p.EwsApplicationAccessPolicy != "" ||
		len(p.EwsAllowList)+len(p.EwsBlockList)+len(p.EwsAllowedAppIDs) > 0
}

func (b *builder) account(i int, in *account) access.Account {
	a := access.Account{Name: in.Name, Master: in.Master, SharingPolicy: in.SharingPolicy, Kind: access.KindUser, Enabled: in.Enabled == nil || *in.Enabled}
	a.SID = in.SID
	if a.SID == "" {
		a.SID = entente.SID(fmt.Sprintf("%s-%d", domainSID, firstAccount+i))
	}
	address := in.Name
	if !strings.Contains(address, "@") {
		address += "@contoso.example"
	}
	a.UPN, a.Mail = entente.UPN(strings.ToLower(address)), entente.SMTPAddress(strings.ToLower(address))
	if in.UPN != "" {
		a.UPN = entente.UPN(strings.ToLower(in.UPN))
	}
	if in.Mail != nil {
		a.Mail = entente.SMTPAddress(strings.ToLower(*in.Mail))
	}
	for _, p := range in.Proxies {
		a.Proxies = append(a.Proxies, entente.SMTPAddress(strings.ToLower(p)))
	}
	switch kind := access.AccountKind(strings.ToLower(in.Kind)); kind {
	case "":
	case access.KindUser, access.KindRoom, access.KindEquipment, access.KindShared, access.KindService:
		a.Kind = kind
	default:
		b.fail("kind %q is none of user, room, equipment, shared, service", in.Kind)
	}
	if in.Mailbox == nil || *in.Mailbox {
		a.Database = b.database(in.Database)
		binary.BigEndian.PutUint64(a.Mailbox[8:], uint64(i+1))
	}
	if in.policy.isSet() {
		p := b.policy(&in.policy)
		a.Policy = &p
	}
	if len(in.Attributes) > 0 {
		a.Attributes = &access.Attributes{}
		for name, value := range in.Attributes {
			b.setAttribute(a.Attributes, name, value)
		}
	}
	b.declare(in.Name, a.SID)
	return a
}

func (b *builder) database(name string) string {
	switch {
	case name != "":
		return name
	case len(b.q.Databases) > 0:
		return b.q.Databases[0]
	}
	return "DB1"
}

// declare gives a name to a SID, once.
func (b *builder) declare(name string, sid entente.SID) {
	key := strings.ToLower(name)
	switch {
	case name == "" || len(name) > maxName:
		b.fail("an account or group needs a name of at most %d bytes", maxName)
	case b.sids[key] != "":
		b.fail("%q is declared twice", name)
	case b.names[sid] != "":
		b.fail("%q and %q have the same SID", name, b.names[sid])
	}
	b.sids[key], b.names[sid] = sid, name
}

// addresses lets accounts be named by UPN and address too, where that is nobody
// else's name: what accounts are called comes before.
func (b *builder) addresses() {
	for i := range b.facts.Accounts {
		a := &b.facts.Accounts[i]
		for _, name := range [...]string{string(a.UPN), string(a.Mail)} {
			if name != "" && b.sids[name] == "" {
				b.sids[name] = a.SID
			}
		}
	}
}

func (b *builder) groups() {
	if len(b.q.Groups) > maxGroups {
		b.fail("there are %d groups, %d are allowed", len(b.q.Groups), maxGroups)
		return
	}
	for i := range b.q.Groups {
		g := &b.q.Groups[i]
		sid := g.SID
		if sid == "" {
			sid = entente.SID(fmt.Sprintf("%s-%d", domainSID, firstGroup+i))
		}
		b.declare(g.Name, sid)
		b.facts.Groups = append(b.facts.Groups, access.Group{SID: sid, Name: g.Name, Mail: entente.SMTPAddress(strings.ToLower(g.Mail)), Master: g.Master})
	}
	members := 0
	for i := range b.q.Groups {
		for _, m := range b.q.Groups[i].Members {
			b.facts.Groups[i].Members = append(b.facts.Groups[i].Members, b.sid(m))
		}
		if members += len(b.q.Groups[i].Members); members > maxMembers {
			b.fail("groups have more than %d members", maxMembers)
			return
		}
	}
}

// sid finds an account or group by name, UPN, address or SID.
func (b *builder) sid(name string) entente.SID {
	if sid := b.sids[strings.ToLower(name)]; sid != "" {
		return sid
	}
	if sid, err := entente.ParseSID(name); err == nil {
		return sid
	}
	b.fail("there is no account or group %q", name)
	return ""
}

// nowhere is a mailbox there is not.
func nowhere() entente.MailboxID { return entente.MailboxID{0: 0xff} }

// mailbox finds a mailbox by its account. With none it answers one that does
// not exist, which may be asked about and not be granted on.
func (b *builder) mailbox(name string) (entente.MailboxID, bool) {
	sid := b.sids[strings.ToLower(name)]
	if sid == "" {
		sid = entente.SID(name)
	}
	for i := range b.facts.Accounts {
		if a := &b.facts.Accounts[i]; a.SID == sid || a.Master != "" && a.Master == sid {
			return a.Mailbox, !a.Mailbox.IsZero()
		}
	}
	return nowhere(), false
}

func (b *builder) grantedOn(name string) entente.MailboxID {
	id, ok := b.mailbox(name)
	if !ok {
		b.fail("there is no mailbox of %q", name)
	}
	return id
}

func (b *builder) grants() {
	f := &b.facts
	for _, p := range b.q.Permissions {
		f.Permissions = append(f.Permissions, access.MailboxPermission{
			Mailbox: b.grantedOn(p.Mailbox), To: b.sid(p.To), Rights: b.rights(p.Rights), Deny: p.Deny,
		})
	}
	for _, s := range b.q.Scopes {
		f.Scopes = append(f.Scopes, access.ManagementScope{Name: s.Name, Filter: s.Filter, Exclusive: s.Exclusive})
	}
	for i := range b.q.Policies {
		p := &b.q.Policies[i]
		f.Policies = append(f.Policies, access.ScopePolicy{Scope: p.Scope, Priority: p.Priority, Policy: b.policy(&p.policy)})
	}
	for i := range b.q.Assignments {
		f.Assignments = append(f.Assignments, b.assignment(i, &b.q.Assignments[i]))
	}
	for i := range b.q.ItemGrants {
		f.ItemGrants = append(f.ItemGrants, b.itemGrant(i, &b.q.ItemGrants[i]))
	}
}

func (b *builder) assignment(i int, in *assignment) access.Assignment {
	a := access.Assignment{
		ID: in.ID, Assignee: b.sid(in.To), Rights: access.ApplicationImpersonation, Server: in.Server,
		AllowDisabled: in.AllowDisabled, NotBefore: in.NotBefore.Time, NotAfter: in.NotAfter.Time,
		Enabled: in.Enabled == nil || *in.Enabled, Deny: in.Deny,
	}
	if a.ID == "" {
		a.ID = "assignments[" + strconv.Itoa(i) + "]"
	}
	if len(in.Rights) > 0 {
		a.Rights = b.rights(in.Rights)
	}
	switch strings.ToLower(in.Gate) {
	case "", "owner":
	case "bypass":
		a.Gate = access.GateBypass
	default:
		b.fail("gate %q is neither owner nor bypass", in.Gate)
	}
	kind, name, _ := strings.Cut(in.Over, ":")
	switch strings.ToLower(kind) {
	case "", "none":
	case "all":
		a.Scope.Kind = access.ScopeAll
	case "account":
		a.Scope = access.Scope{Kind: access.ScopeAccount, Name: string(b.sid(name))}
	case "group":
		a.Scope = access.Scope{Kind: access.ScopeGroup, Name: string(b.sid(name))}
	case "database":
		a.Scope = access.Scope{Kind: access.ScopeDatabase, Name: name}
	case "scope":
		a.Scope = access.Scope{Kind: access.ScopeManagement, Name: name}
	default:
		b.fail("over %q is none of all, account:NAME, group:NAME, database:NAME, scope:NAME, none", in.Over)
	}
	return a
}

func (b *builder) itemGrant(i int, in *itemGrant) access.ItemGrant {
	g := access.ItemGrant{
		ID: in.ID, Mailbox: b.grantedOn(in.Mailbox), External: entente.SMTPAddress(strings.ToLower(in.External)),
		Label: in.Label, Read: b.fields(in.Read), Write: b.fields(in.Write),
		Earliest: in.Earliest.Time, Latest: in.Latest.Time, Locations: in.Locations,
		NotBefore: in.NotBefore.Time, NotAfter: in.NotAfter.Time, Enabled: in.Enabled == nil || *in.Enabled,
	}
	if g.ID == "" {
		g.ID = "item_grants[" + strconv.Itoa(i) + "]"
	}
	if in.To != "" || in.External == "" {
		g.To = b.sid(in.To)
	}
	for _, it := range in.Items {
		g.Items = append(g.Items, b.item(&it))
	}
	return g
}

// item gives the texts that items are named by numbers of their own, in the
// order in which they are first used.
func (b *builder) item(in *item) access.ItemKey {
	if in.Name == "" {
		b.fail("an item needs a name")
	}
	if b.items[in.Name] == 0 {
		b.items[in.Name] = uint64(len(b.items) + 1)
	}
	return access.ItemKey{Content: b.items[in.Name], Day: in.Day}
}

func (b *builder) folder(i int, in *folder) {
	f := namedFolder{name: in.Name, mailbox: b.grantedOn(in.Mailbox)}
	f.table = access.FolderTable{Folder: uint64(i + 1), Class: in.Class}
	for _, e := range in.Entries {
		x := access.Entry{Rights: b.rights(e.Rights)}
		switch {
		case e.External != "":
			x.Who, x.External = access.ExternalUser, entente.SMTPAddress(strings.ToLower(e.External))
		case strings.EqualFold(e.To, "Default"):
			x.Who = access.Default
		case strings.EqualFold(e.To, "Anonymous"):
			x.Who = access.Anonymous
		default:
			x.SID = b.sid(e.To)
		}
		f.table.Entries = append(f.table.Entries, x)
	}
	b.folders = append(b.folders, f)
}

// supposition reads the request.
func (b *builder) supposition(now time.Time) access.Supposition {
	r := b.q.Request
	if r == nil {
		b.fail("there is no request")
		return access.Supposition{}
	}
	x := access.Supposition{
		Realm: r.Realm, Application: access.ApplicationID(r.Application), UserAgent: r.UserAgent,
		Server: r.Server, Protocol: "ews", At: r.Time.Time,
	}
	if len(x.UserAgent) > maxAgent {
		b.fail("user_agent has %d bytes, %d are allowed", len(x.UserAgent), maxAgent)
	}
	switch {
	case r.Protocol != nil:
		x.Protocol = strings.ToLower(*r.Protocol)
	case r.External != "":
		x.Protocol = "" // he comes by his organization, not by a protocol of ours
	}
	if x.Protocol == "none" {
		x.Protocol = ""
	}
	if x.Server == "" {
		x.Server = "server"
		if len(b.q.Servers) > 0 {
			x.Server = b.q.Servers[0]
		}
	}
	if x.At.IsZero() {
		x.At = now
	}
	for _, g := range r.Groups { // what a realm says may be anything
		sid := b.sids[strings.ToLower(g)]
		if sid == "" {
			sid = entente.SID(g)
		}
		x.Groups = append(x.Groups, sid)
	}
	b.whoAsks(&x)
	b.whatIsAsked(&x)
	return x
}

// whoAsks reads who is behind the request. A name that is not declared is
// somebody the organization does not know.
func (b *builder) whoAsks(x *access.Supposition) {
	r := b.q.Request
	switch method := access.Method(strings.ToLower(r.Method)); method {
	case "":
		switch x.Method = access.Basic; {
		case r.Token != nil:
			x.Method = access.Delegation
		case r.External != "":
			x.Method = access.Relay
		}
	case access.Basic, access.Bearer, access.Negotiate, access.Certificate, access.Delegation, access.Node, access.Relay, access.Local:
		x.Method = method
	default:
		b.fail("method %q is none of basic, bearer, negotiate, certificate, delegation-token, node, relay, local", r.Method)
	}
	switch name := strings.ToLower(r.Caller); {
	case r.External != "":
		x.Caller.Mail = entente.SMTPAddress(strings.ToLower(r.External))
	case name == "local" && b.sids[name] == "":
		x.Method = access.Local
	case name == "" || name == "anonymous" && b.sids[name] == "":
	default:
		x.Caller = b.principal(r.Caller)
	}
	if r.Token != nil {
		x.Foreign = b.foreign(r.Token, r.External)
	}
	if r.ActsAs != "" {
		p := b.principal(r.ActsAs)
		x.ActsAs = &p
	}
	if h := r.ConnectingSID; h != nil {
		x.Header = &access.ConnectingSID{
			PrincipalName: h.PrincipalName, SID: h.SID, PrimarySmtpAddress: h.PrimarySmtpAddress, SmtpAddress: h.SmtpAddress,
		}
		if sid := b.sids[strings.ToLower(h.SID)]; sid != "" {
			x.Header.SID = string(sid)
		}
	}
}

func (b *builder) principal(name string) access.Principal {
	sid := b.sids[strings.ToLower(name)]
	for i := range b.facts.Accounts {
		if b.facts.Accounts[i].SID == sid {
			return b.facts.Accounts[i].Principal
		}
	}
	if sid == "" {
		parsed, err := entente.ParseSID(name)
		if sid = parsed; err != nil {
			sid = entente.SID(fmt.Sprintf("%s-%d", domainSID, aStranger))
		}
	}
	return access.Principal{SID: sid}
}

// whatIsAsked reads which right, on what.
func (b *builder) whatIsAsked(x *access.Supposition) {
	r := b.q.Request
	op, known := operationOf(r.Operation)
	if r.Operation != "" && !known {
		b.fail("operation %q is not known", r.Operation)
	}
	x.Want = op.right
	if len(r.Right) > 0 {
		x.Want = b.rights(r.Right)
	}
	asks := x.Want != 0 || r.Folder != "" || r.Item != nil || r.Mailbox != ""
	switch {
	case r.Mailbox != "":
		x.Mailbox, _ = b.mailbox(r.Mailbox)
		if x.Mailbox.IsZero() {
			x.Mailbox = nowhere()
		}
	case asks && r.Folder == "":
		x.Own = true
	}
	if r.Item != nil {
		x.Item = b.item(r.Item)
		x.Folder = &access.FolderTable{Folder: uint64(len(b.folders) + 1)} // without entries, unless one is named
	}
	if r.Folder != "" {
		b.findFolder(x, r)
	}
	if len(r.Right) == 0 && x.Folder == nil && known && !op.ofBox && op.right != 0 {
		x.Want = access.FolderLookup // no folder is named: the mailbox is looked into
	}
	if c := r.Change; c != nil {
		x.Change = &access.ItemChange{Fields: b.fields(c.Fields), Start: c.Start.Time, End: c.End.Time, Location: c.Location}
	}
}

func (b *builder) findFolder(x *access.Supposition, r *request) {
	found := 0
	for i := range b.folders {
		f := &b.folders[i]
		if !strings.EqualFold(f.name, r.Folder) || r.Mailbox != "" && f.mailbox != x.Mailbox {
			continue
		}
		found++
		x.Mailbox, x.Folder, x.FolderName = f.mailbox, &f.table, f.name
	}
	switch {
	case found == 0:
		b.fail("there is no folder %q", r.Folder)
	case found > 1:
		b.fail("folder %q is in several mailboxes: name the mailbox", r.Folder)
	}
}
