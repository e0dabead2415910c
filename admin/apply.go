package admin

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"entente"
	"entente/access"
	"entente/directory"
)

// Desired is an organization as a file describes it. What the file does not
// mention is left alone; nothing is removed, but for members of a group whose
// members the file lists.
type Desired struct {
	Domains     []string            `yaml:"domains"`
	Databases   []DesiredDatabase   `yaml:"databases"`
	Accounts    []DesiredAccount    `yaml:"accounts"`
	Rooms       []DesiredRoom       `yaml:"rooms"`
	Services    []DesiredService    `yaml:"services"`
	Groups      []DesiredGroup      `yaml:"groups"`
	Permissions []DesiredPermission `yaml:"permissions"`
	Assignments []DesiredAssignment `yaml:"assignments"`

	Relationships   []DesiredRelationship  `yaml:"relationships"`
	SharingPolicies []DesiredSharingPolicy `yaml:"sharing_policies"`
}

// DesiredDatabase is a mailbox database.
type DesiredDatabase struct {
	Name string `yaml:"name"`
	URL  string `yaml:"url"`
	Node string `yaml:"node"`
}

// DesiredAccount is an account; a database gives it a mailbox.
type DesiredAccount struct {
	UPN        string `yaml:"upn"`
	Name       string `yaml:"name"`
	Mail       string `yaml:"mail"`
	Kind       string `yaml:"kind"`
	Database   string `yaml:"database"`
	Title      string `yaml:"title"`
	Department string `yaml:"department"`
	Office     string `yaml:"office"`

	SharingPolicy string `yaml:"sharing_policy"`

	LogonName  string   `yaml:"logon_name"` // sAMAccountName
	Identities []string `yaml:"identities"` // as in altSecurityIdentities; others that it has stay
}

// DesiredRoom is a room.
type DesiredRoom struct {
	Mail     string `yaml:"mail"`
	Name     string `yaml:"name"`
	Database string `yaml:"database"`
	Capacity int    `yaml:"capacity"`
	Office   string `yaml:"office"`
}

// DesiredService is a service account.
type DesiredService struct {
	UPN  string `yaml:"upn"`
	Name string `yaml:"name"`
}

// DesiredGroup is a group; its members, if listed, are these and no others.
type DesiredGroup struct {
	Mail    string   `yaml:"mail"`
	Name    string   `yaml:"name"`
	Kind    string   `yaml:"kind"`
	Members []string `yaml:"members"`
}

// DesiredPermission is what somebody may do with a mailbox as a whole, in place
// of what the same account or group was granted or denied before.
type DesiredPermission struct {
	Account string   `yaml:"account"`
	To      string   `yaml:"to"`
	Rights  []string `yaml:"rights"`
	Deny    bool     `yaml:"deny"`
}

// DesiredAssignment is who may act as whom.
type DesiredAssignment struct {
	Assignee     string `yaml:"assignee"`
	Account      string `yaml:"account"`
	Group        string `yaml:"group"`
	Database     string `yaml:"database"`
	AllMailboxes bool   `yaml:"all_mailboxes"`
	Rights       string `yaml:"rights"`
	Server       string `yaml:"server"`
	Days         int    `yaml:"days"`
}

// maxDesired bounds the file.
const maxDesired = 8 << 20

// Apply asks for the organization to be as a file in YAML describes it.
type Apply struct {
	Content string `json:"content" kong:"-"`
	Yes     bool   `json:"yes,omitempty" help:"Carry the plan out instead of only showing it."`
}

// Plan is what has to be done, or was.
type Plan struct {
	Steps []string `json:"steps"`
	Done  bool     `json:"done"`
}

// Apply plans how the organization comes to be as the file says and, if told
// so, carries the plan out, each step recorded as if it were asked for alone.
// Once done, the same file makes an empty plan.
func (a *API) Apply(ctx context.Context, q Apply) (Plan, error) {
	d, err := readDesired(q.Content)
	if err != nil {
		return Plan{}, err
	}
	p := &planner{a: a}
	if err := p.plan(ctx, d); err != nil {
		return Plan{}, err
	}
	answer := Plan{Steps: []string{}, Done: q.Yes}
	for _, s := range p.steps {
		if q.Yes {
			if err := s.do(ctx); err != nil {
				return answer, prefixed(s.what, err)
			}
		}
		answer.Steps = append(answer.Steps, s.what)
	}
	return answer, nil
}

// prefixed says which step an error is about, to whoever asked.
func prefixed(what string, err error) error {
	if e := (*entente.Error)(nil); errors.As(err, &e) {
		return &entente.Error{Kind: e.Kind, Reason: e.Reason, Text: what + ": " + e.Text, Err: e.Err}
	}
	return err
}

func readDesired(text string) (*Desired, error) {
	if len(text) > maxDesired {
		return nil, entente.Errorf(entente.TooLarge, "the file is larger than %d bytes", maxDesired)
	}
	d := new(Desired)
	dec := yaml.NewDecoder(strings.NewReader(text), yaml.Strict(), yaml.DisallowUnknownField())
	if err := dec.Decode(d); err != nil && !errors.Is(err, io.EOF) {
		return nil, entente.Errorf(entente.Invalid, "the file is not understood: %v", err)
	}
	return d, nil
}

type step struct {
	what string
	do   func(context.Context) error
}

// A planner compares what is with what is desired.
type planner struct {
	a     *API
	steps []step
}

func (p *planner) add(what string, do func(context.Context) error) {
	p.steps = append(p.steps, step{what, do})
}

// do1 is a verb called for its effect.
func do1[Q, A any](f func(context.Context, Q) (A, error), q Q) func(context.Context) error {
	return func(ctx context.Context) error { _, err := f(ctx, q); return err }
}

func (p *planner) plan(ctx context.Context, d *Desired) error {
	for _, f := range []func(context.Context, *Desired) error{
		p.domains, p.databases, p.accounts, p.rooms, p.services, p.groups, p.permissions, p.assignments,
		p.relationships, p.sharingPolicies,
	} {
		if err := f(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) domains(ctx context.Context, d *Desired) error {
	have, err := p.a.ListDomains(ctx, Nothing{})
	for _, name := range d.Domains {
		if !slices.ContainsFunc(have, func(x DomainInfo) bool { return x.Name == strings.ToLower(name) }) {
			p.add("accept domain "+name, do1(p.a.AddDomain, DomainName{name}))
		}
	}
	return err
}

func (p *planner) databases(ctx context.Context, d *Desired) error {
	have, err := p.a.ListDatabases(ctx, Nothing{})
	for _, x := range d.Databases {
		if !slices.ContainsFunc(have, func(h DatabaseInfo) bool { return h.Name == x.Name }) {
			p.add("add database "+x.Name, do1(p.a.AddDatabase, AddDatabase(x)))
		}
	}
	return err
}

func (p *planner) accounts(ctx context.Context, d *Desired) error {
	for _, x := range d.Accounts {
		have, err := p.a.account(ctx, x.UPN)
		if isKind(err, entente.NotFound) {
			p.add("create account "+x.UPN, do1(p.a.CreateAccount, CreateAccount{
				UPN: x.UPN, Name: x.Name, Mail: x.Mail, Kind: x.Kind, Database: x.Database,
				Title: x.Title, Department: x.Department, Office: x.Office,
			}))
			if err := p.knownBy(&x, &directory.Account{}); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		set := SetAccount{AccountName: AccountName{x.UPN}}
		changed := differ(&set.Name, have.Name, x.Name)
		changed = differ(&set.Mail, string(have.Mail), strings.ToLower(x.Mail)) || changed
		changed = differ(&set.Title, have.Title, x.Title) || changed
		changed = differ(&set.Department, have.Department, x.Department) || changed
		changed = differ(&set.Office, have.Office, x.Office) || changed
		if changed {
			p.add("change account "+x.UPN, do1(p.a.SetAccount, set))
		}
		if have.Mailbox.IsZero() && x.Database != "" {
			p.add("give "+x.UPN+" a mailbox in "+x.Database, do1(p.a.EnableMailbox, EnableMailbox{AccountName{x.UPN}, x.Database}))
		}
		if err := p.knownBy(&x, have); err != nil {
			return err
		}
	}
	return nil
}

// knownBy plans what KDCs and certificates are to know an account by.
func (p *planner) knownBy(x *DesiredAccount, have *directory.Account) error {
	set := SetAccount{AccountName: AccountName{x.UPN}}
	if differ(&set.LogonName, have.LogonName, x.LogonName) {
		p.add("set the logon name of "+x.UPN+" to "+x.LogonName, do1(p.a.SetAccount, set))
	}
	for _, said := range x.Identities {
		s, err := access.ParseIdentity(said)
		if err != nil {
			return prefixed("identity of "+x.UPN, err)
		}
		if !slices.Contains(have.Identities, s) {
			p.add("have "+x.UPN+" be whoever "+s+" is said of", do1(p.a.AddIdentity, AccountIdentity{AccountName{x.UPN}, s}))
		}
	}
	return nil
}

// differ notes what is to be set, where the file says something else.
func differ(set *string, have, want string) bool {
	if want == "" || want == have {
		return false
	}
	*set = want
	return true
}

func (p *planner) rooms(ctx context.Context, d *Desired) error {
	for _, x := range d.Rooms {
		_, err := p.a.account(ctx, x.Mail)
		if isKind(err, entente.NotFound) {
			p.add("create room "+x.Mail, do1(p.a.CreateRoom, CreateRoom{
				Mail: x.Mail, Name: x.Name, Database: x.Database, Capacity: x.Capacity, Office: x.Office,
			}))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) services(ctx context.Context, d *Desired) error {
	for _, x := range d.Services {
		_, err := p.a.account(ctx, x.UPN)
		if isKind(err, entente.NotFound) {
			p.add("create service "+x.UPN, do1(p.a.CreateService, CreateService(x)))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) groups(ctx context.Context, d *Desired) error {
	for _, x := range d.Groups {
		g, err := p.a.group(ctx, x.Mail)
		if isKind(err, entente.NotFound) {
			p.add("create group "+x.Mail, do1(p.a.CreateGroup, CreateGroup(x)))
			continue
		}
		if err != nil {
			return err
		}
		if x.Members == nil {
			continue
		}
		var more, less []string
		var want []entente.SID
		for _, m := range x.Members {
			// Whoever an earlier step creates is not in the group either.
			sid, err := p.a.grantee(ctx, m)
			if err != nil || !slices.Contains(g.Members, sid) {
				more = append(more, m)
			}
			want = append(want, sid)
		}
		for _, m := range g.Members {
			if !slices.Contains(want, m) {
				less = append(less, string(m))
			}
		}
		if more != nil {
			p.add("put "+strings.Join(more, ", ")+" into "+x.Mail, do1(p.a.AddMembers, Members{GroupName{x.Mail}, more}))
		}
		if less != nil {
			p.add("take "+p.names(ctx, less)+" out of "+x.Mail, do1(p.a.DropMembers, Members{GroupName{x.Mail}, less}))
		}
	}
	return nil
}

func (p *planner) names(ctx context.Context, sids []string) string {
	var names []string
	for _, s := range sids {
		names = append(names, p.a.nameOf(ctx, entente.SID(s)))
	}
	return strings.Join(names, ", ")
}

// assignments are there if one of the same assignee, rights, server and scope
// is, that holds now.
func (p *planner) assignments(ctx context.Context, d *Desired) error {
	have, err := p.a.Directory.Assignments(ctx)
	if err != nil {
		return err
	}
	for _, x := range d.Assignments {
		q := CreateAssignment{
			Assignee: x.Assignee, Account: x.Account, Group: x.Group, Database: x.Database,
			AllMailboxes: x.AllMailboxes, Rights: x.Rights, Server: x.Server, Days: x.Days,
		}
		rights, err := assignmentRights(x.Rights)
		if err != nil {
			return err
		}
		assignee, errA := p.a.grantee(ctx, x.Assignee)
		scope, errS := p.a.scope(ctx, q, rights)
		if isKind(errS, entente.Invalid) {
			return errS
		}
		there := errA == nil && errS == nil
		now := p.a.Now()
		there = there && slices.ContainsFunc(have, func(h directory.Assignment) bool {
			return h.Assignee == assignee && h.Rights == rights && h.Scope == scope && h.Server == x.Server &&
				h.Enabled && !h.Deny && (h.NotAfter.IsZero() || now.Before(h.NotAfter))
		})
		if !there {
			p.add("let "+x.Assignee+" act as "+over(q), do1(p.a.CreateAssignment, q))
		}
	}
	return nil
}

func over(q CreateAssignment) string {
	switch {
	case q.Account != "":
		return q.Account
	case q.Group != "":
		return "the members of " + q.Group
	case q.Database != "":
		return "whoever is in database " + q.Database
	}
	return "everybody"
}

func (p *planner) permissions(ctx context.Context, d *Desired) error {
	for _, x := range d.Permissions {
		rights, err := permissionRights(x.Rights)
		if err != nil {
			return prefixed("permission of "+x.To+" on "+x.Account, err)
		}
		granted, err := p.granted(ctx, x, rights)
		if err != nil {
			return err
		}
		if !granted {
			what := "let " + x.To + " have "
			if x.Deny {
				what = "deny " + x.To + " "
			}
			p.add(what+strings.Join(x.Rights, ", ")+" on "+x.Account, do1(p.a.GrantPermission, GrantPermission{
				AccountName: AccountName{x.Account}, To: x.To, Rights: x.Rights, Deny: x.Deny,
			}))
		}
	}
	return nil
}

// granted reports whether a permission is there. Whoever an earlier step
// creates holds none.
func (p *planner) granted(ctx context.Context, x DesiredPermission, rights access.Rights) (bool, error) {
	box, err := p.a.account(ctx, x.Account)
	if isKind(err, entente.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	to, err := p.a.grantee(ctx, x.To)
	if isKind(err, entente.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	have, err := p.a.Directory.MailboxPermissions(ctx, box.Mailbox)
	return slices.ContainsFunc(have, func(h access.MailboxPermission) bool {
		return h.To == to && h.Rights == rights && h.Deny == x.Deny
	}), err
}
