package access

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente"
)

// A script is a text of facts and cases; test/kit/access/README.md says how
// one is written.
type script struct {
	t       testing.TB
	facts   Facts
	sids    map[string]entente.SID
	folders map[string]*namedFolder
	cases   []line
}

type namedFolder struct {
	mailbox entente.MailboxID
	table   FolderTable
}

// A line is words, and key=value pairs.
type line struct {
	n     int
	text  string
	words []string
	attrs []attr
	want  string
}

type attr struct{ key, value string }

func (l line) attr(key string) string {
	for _, a := range l.attrs {
		if a.key == key {
			return a.value
		}
	}
	return ""
}

func (l line) has(word string) bool {
	for _, w := range l.words[1:] {
		if w == word {
			return true
		}
	}
	return false
}

func readScript(t testing.TB, text string) *script {
	t.Helper()
	s := &script{t: t, sids: map[string]entente.SID{}, folders: map[string]*namedFolder{}}
	n := 0
	for raw := range strings.Lines(text) {
		n++
		raw, _, _ = strings.Cut(raw, "#")
		if raw = strings.TrimSpace(raw); raw != "" {
			s.read(parseLine(t, n, raw))
		}
	}
	return s
}

func parseLine(t testing.TB, n int, text string) line {
	t.Helper()
	l := line{n: n, text: text}
	text, l.want, _ = strings.Cut(text, "=>")
	l.want = strings.TrimSpace(l.want)
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		i, quoted := 0, false
		for i < len(text) && (quoted || text[i] != ' ') {
			quoted = quoted != (text[i] == '"')
			i++
		}
		word := strings.ReplaceAll(text[:i], `"`, "")
		text = text[i:]
		if k, v, ok := strings.Cut(word, "="); ok {
			l.attrs = append(l.attrs, attr{k, v})
			continue
		}
		l.words = append(l.words, word)
	}
	return l
}

func (s *script) read(l line) {
	switch l.words[0] {
	case "organization":
		s.facts.Organization.Policy, s.facts.Organization.DomainSID = s.policy(l), "S-1-5-21-1-1-1"
		if l.attr("precedence") == "strict" {
			s.facts.Organization.Precedence = Strict
		}
	case "server":
		s.facts.Servers = append(s.facts.Servers, l.words[1])
	case "database":
		s.facts.Databases = append(s.facts.Databases, l.words[1])
	case "account":
		s.account(l)
	case "group":
		g := Group{SID: s.sid(l.words[1]), Name: l.words[1], Mail: entente.SMTPAddress(l.attr("mail")), Master: entente.SID(l.attr("linked"))}
		for _, m := range list(l.attr("members")) {
			g.Members = append(g.Members, s.sid(m))
		}
		s.facts.Groups = append(s.facts.Groups, g)
	case "administrator":
		s.facts.Administrators = append(s.facts.Administrators, s.sid(l.words[1]))
	case "permission":
		s.facts.Permissions = append(s.facts.Permissions, MailboxPermission{
			Mailbox: s.find(l.words[1]).Mailbox, To: s.sid(l.attr("to")), Rights: s.rights(l.attr("rights")), Deny: l.has("deny"),
		})
	case "assignment":
		s.assignment(l)
	case "folder":
		s.folder(l)
	case "grant":
		s.grant(l)
	case "scope":
		s.facts.Scopes = append(s.facts.Scopes, ManagementScope{Name: l.words[1], Filter: l.attr("filter"), Exclusive: l.has("exclusive")})
	case "policy":
		n, err := strconv.Atoi(l.attr("priority"))
		if err != nil {
			s.t.Fatal(err)
		}
		s.facts.Policies = append(s.facts.Policies, ScopePolicy{Scope: l.words[1], Priority: n, Policy: s.policy(l)})
	case "realm":
		s.facts.Realms = append(s.facts.Realms, Realm{Name: l.words[1], DomainSID: entente.SID(l.attr("domain"))})
	case "relationship":
		s.relationship(l)
	case "sharing-policy":
		s.sharingPolicy(l)
	case "asks", "shares", "effective", "scopes", "strict-changes", "impersonate", "enter", "may", "holds", "reads", "writes", "granted":
		s.cases = append(s.cases, l)
	default:
		s.t.Fatalf("line %d: %s", l.n, l.text)
	}
}

// sid gives each name a SID, in the order in which names are first used.
func (s *script) sid(name string) entente.SID {
	if strings.HasPrefix(name, "S-1-") {
		return entente.SID(name)
	}
	if s.sids[name] == "" {
		s.sids[name] = entente.SID("S-1-5-21-1-1-1-" + strconv.Itoa(1000+len(s.sids)))
	}
	return s.sids[name]
}

func (s *script) find(name string) *Account {
	for i := range s.facts.Accounts {
		if s.facts.Accounts[i].Name == name {
			return &s.facts.Accounts[i]
		}
	}
	s.t.Fatalf("no account %q", name)
	return nil
}

func (s *script) account(l line) {
	name := l.words[1]
	a := Account{Name: name, Kind: KindUser, Enabled: !l.has("disabled"), Database: "DB1"}
	a.SID = s.sid(name)
	a.UPN, a.Mail = entente.UPN(name+"@contoso.example"), entente.SMTPAddress(name+"@contoso.example")
	a.Mailbox = entente.MailboxID{15: byte(len(s.facts.Accounts) + 1)}
	for _, at := range l.attrs {
		switch at.key {
		case "kind":
			a.Kind = AccountKind(at.value)
		case "upn":
			a.UPN = entente.UPN(at.value)
		case "mail":
			a.Mail = entente.SMTPAddress(at.value)
		case "also":
			for _, p := range list(at.value) {
				a.Proxies = append(a.Proxies, entente.SMTPAddress(p))
			}
		case "master":
			a.Master = entente.SID(at.value)
		case "database":
			a.Database = at.value
		case "sharing":
			a.SharingPolicy = at.value
		}
	}
	if l.has("no-mailbox") {
		a.Mailbox, a.Database, a.Mail = entente.MailboxID{}, "", ""
	}
	if p := s.policy(l); !reflect.DeepEqual(p, ClientPolicy{}) {
		a.Policy = &p
	}
	if x := attributes(l); x != (Attributes{}) {
		a.Attributes = &x
	}
	s.facts.Accounts = append(s.facts.Accounts, a)
}

func (s *script) policy(l line) ClientPolicy {
	setting := func(key string) Setting {
		switch l.attr(key) {
		case "on":
			return On
		case "off":
			return Off
		}
		return Unset
	}
	var ids []ApplicationID
	for _, id := range list(l.attr("EwsAllowedAppIDs")) {
		ids = append(ids, ApplicationID(id))
	}
	return ClientPolicy{
		EwsAllowedAppIDs: ids,
		EwsEnabled:       setting("EwsEnabled"), EwsAllowOutlook: setting("EwsAllowOutlook"),
		EwsAllowMacOutlook: setting("EwsAllowMacOutlook"), EwsAllowEntourage: setting("EwsAllowEntourage"),
		EwsApplicationAccessPolicy: ApplicationPolicy(l.attr("EwsApplicationAccessPolicy")),
		EwsAllowList:               list(l.attr("EwsAllowList")), EwsBlockList: list(l.attr("EwsBlockList")),
	}
}

func attributes(l line) Attributes {
	return Attributes{
		Alias: l.attr("alias"), Title: l.attr("title"), Department: l.attr("department"),
		Company: l.attr("company"), Office: l.attr("office"), Custom: [15]string{l.attr("custom1"), 14: l.attr("custom15")},
	}
}

func (s *script) assignment(l line) {
	a := Assignment{
		ID: l.words[1], Assignee: s.sid(l.attr("to")), Rights: s.rights(l.attr("rights")), Server: l.attr("server"),
		Enabled: !l.has("off"), Deny: l.has("deny"), AllowDisabled: l.has("disabled-too"),
		NotBefore: s.time(l.attr("from")), NotAfter: s.time(l.attr("until")),
	}
	if l.attr("gate") == "bypass" {
		a.Gate = GateBypass
	}
	kind, name, _ := strings.Cut(l.attr("over"), ":")
	switch kind {
	case "all":
		a.Scope.Kind = ScopeAll
	case "database":
		a.Scope = Scope{ScopeDatabase, name}
	case "account":
		a.Scope = Scope{ScopeAccount, string(s.sid(name))}
	case "scope":
		a.Scope = Scope{ScopeManagement, name}
	case "group":
		a.Scope = Scope{ScopeGroup, string(s.sid(name))}
	}
	s.facts.Assignments = append(s.facts.Assignments, a)
}

func (s *script) folder(l line) {
	f := &namedFolder{mailbox: s.find(l.attr("of")).Mailbox}
	f.table.Folder = uint64(len(s.folders) + 1)
	for _, at := range l.attrs {
		switch at.key {
		case "of":
			continue
		case "class":
			f.table.Class = at.value
			continue
		}
		e := Entry{Rights: s.rights(at.value)}
		switch at.key {
		case "Default":
			e.Who = Default
		case "Anonymous":
			e.Who = Anonymous
		default:
			if strings.Contains(at.key, "@") {
				e.Who, e.External = ExternalUser, entente.SMTPAddress(at.key)
				break
			}
			e.SID = s.sid(at.key)
		}
		f.table.Entries = append(f.table.Entries, e)
	}
	s.folders[l.words[1]] = f
}

func (s *script) time(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		s.t.Fatal(err)
	}
	return t
}

// levels name what permission levels are called in Exchange.
func levels(name string) (Rights, bool) {
	switch name {
	case "None":
		return LevelNone, true
	case "Owner":
		return LevelOwner, true
	case "PublishingEditor":
		return LevelPublishingEditor, true
	case "Editor":
		return LevelEditor, true
	case "PublishingAuthor":
		return LevelPublishingAuthor, true
	case "Author":
		return LevelAuthor, true
	case "NoneditingAuthor":
		return LevelNoneditingAuthor, true
	case "Reviewer":
		return LevelReviewer, true
	case "Contributor":
		return LevelContributor, true
	case "FreeBusyTimeOnly":
		return LevelFreeBusyTimeOnly, true
	case "FreeBusyDetails":
		return LevelFreeBusyDetails, true
	case "ApplicationImpersonation":
		return ApplicationImpersonation, true
	case "Impersonate":
		return Impersonate, true
	case "MayImpersonate":
		return MayImpersonate, true
	}
	return 0, false
}

func (s *script) rights(text string) Rights {
	var all Rights
next:
	for _, name := range strings.Split(text, "+") {
		if r, ok := levels(name); ok {
			all |= r
			continue
		}
		for _, n := range rightNames {
			if n.name == name {
				all |= n.r
				continue next
			}
		}
		if n, err := strconv.ParseUint(name, 0, 64); err == nil {
			all |= Rights(n)
			continue
		}
		s.t.Fatalf("%q is no right", name)
	}
	return all
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// caller makes the caller of a case: "anna", "portal/anna" for portal acting as
// anna, "anonymous", or "stranger", whose SID nobody knows.
func (s *script) caller(name string, l line) *Caller {
	c := &Caller{Method: Basic, UserAgent: l.attr("agent"), Application: ApplicationID(l.attr("app")), Realm: l.attr("realm")}
	for _, g := range list(l.attr("groups")) {
		c.Groups = append(c.Groups, s.sid(g))
	}
	name, as, acts := strings.Cut(name, "/")
	if acts {
		p := s.find(as).Principal
		c.ActsAs = &p
	}
	switch {
	case name == "anonymous":
	case name == "local":
		c.Method = Local
	case strings.Contains(name, "@") && l.attr("offer") != "":
		c.Method, c.Authenticated.Mail = Delegation, entente.SMTPAddress(name)
		c.Foreign = foreign(c.Authenticated.Mail, l)
	case strings.Contains(name, "@"):
		c.Method, c.Authenticated.Mail = Relay, entente.SMTPAddress(name)
	case name == "stranger":
		c.Authenticated.SID = "S-1-5-21-7-7-7-500"
	case strings.HasPrefix(name, "S-1-"):
		c.Authenticated.SID = entente.SID(name)
	default:
		c.Authenticated = s.find(name).Principal
	}
	return c
}

// run answers one case with the snapshot and returns the outcome and all
// decisions made.
func (s *script) run(snap *Snapshot, l line) (string, []Decision) {
	var trace Trace
	when := at
	if w := l.attr("when"); w != "" {
		when = s.time(w)
	}
	if got, ok := s.ofAccounts(snap, l); ok {
		return got, nil
	}
	if got, ok := s.abroad(snap, l); ok {
		return got, nil
	}
	c := s.caller(l.words[1], l)
	switch l.words[0] {
	case "impersonate":
		target := ConnectingSID{l.attr("PrincipalName"), l.attr("SID"), l.attr("PrimarySmtpAddress"), l.attr("SmtpAddress")}
		if id := s.sids[target.SID]; id != "" {
			target.SID = string(id)
		}
		p, err := snap.Impersonate(c, target, l.words[2], when, &trace)
		if err != nil {
			s.told(l, reasonOf(err), trace.Decisions)
			return string(reasonOf(err)), trace.Decisions
		}
		return strings.TrimSuffix(string(p.UPN), "@contoso.example"), trace.Decisions
	case "reads", "writes":
		return s.item(snap, c, l, when, &trace), trace.Decisions
	case "granted":
		return s.granted(snap, c, l, when), nil
	case "enter":
		return outcome(snap.Gate(c, l.words[2], when, &trace)), trace.Decisions
	}
	q := Question{Caller: c, Want: s.rights(l.words[2]), At: when, On: MailboxOf(s.object(l.words[3]))}
	if f := s.folders[l.words[3]]; f != nil {
		q.On, q.Folder = FolderOf(f.mailbox, f.table.Folder), &f.table
	}
	if l.words[0] == "holds" { // exactly these of a folder's rights
		d := snap.Decide(q)
		return fmt.Sprint(d.Got&FolderRights == q.Want), nil
	}
	_, err := snap.Ask(q, &trace)
	return outcome(err), trace.Decisions
}

// told checks that the audit record would name what the caller was told, where
// that is about the name he gave.
func (s *script) told(l line, r entente.Reason, decisions []Decision) {
	switch r {
	case ImpersonationDenied, ImpersonateUserDenied, MoreThanOneAccessMode:
		return
	}
	if last := &decisions[len(decisions)-1]; last.Allowed() || last.Reason() != r {
		s.t.Errorf("line %d: the trace ends with %q, the caller was told %q", l.n, last.Reason(), r)
	}
}

func (s *script) object(name string) entente.MailboxID {
	if s.folders[name] != nil || name == "nowhere" {
		return entente.MailboxID{}
	}
	return s.find(name).Mailbox
}

func outcome(err error) string {
	if err == nil {
		return "yes"
	}
	return string(reasonOf(err))
}
