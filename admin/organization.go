package admin

import (
	"context"
	"slices"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
)

// OrganizationInfo is what is set for everyone.
type OrganizationInfo struct {
	Name          string `json:"name"`
	SID           string `json:"sid"`
	DefaultDomain string `json:"default_domain,omitempty"`
	ClientPolicy
	Precedence string `json:"precedence"`
	Accounts   int    `json:"accounts"`
	Generation uint64 `json:"generation"`
	// Altered: somebody wrote to the directory's tables by SQL, and nobody is
	// impersonated until ConfirmOrganization.
	Altered bool `json:"altered"`
}

// ShowOrganization shows what is set for everyone.
func (a *API) ShowOrganization(context.Context, Nothing) (OrganizationInfo, error) {
	s := a.Directory.Snapshot()
	o := s.Organization()
	i := OrganizationInfo{
		Name: o.Name, SID: string(o.DomainSID), DefaultDomain: string(a.Directory.DefaultDomain()),
		ClientPolicy: clientPolicy(&o.Policy), Precedence: "classic",
		Accounts: s.Accounts(), Generation: s.Generation(), Altered: a.Directory.Altered(),
	}
	if o.Precedence == access.Strict {
		i.Precedence = "strict"
	}
	return i, nil
}

// SetOrganization asks for a change of what is set for everyone. What is empty
// stays.
type SetOrganization struct {
	Name string `json:"name,omitempty" help:"Its name."`
	SetPolicy
	Precedence string `json:"precedence,omitempty" help:"What a mailbox's EwsEnabled can do against the organization's: classic or strict."`
}

// SetOrganization changes what is set for everyone.
func (a *API) SetOrganization(ctx context.Context, q SetOrganization) (PolicyDone, error) {
	now := a.Directory.Snapshot().Organization()
	if err := q.set(&now); err != nil {
		return PolicyDone{}, err
	}
	answer, err := a.rehearsed(ctx, &q.SetPolicy, access.Delta{Organization: &now})
	if err != nil {
		return PolicyDone{}, err
	}
	if q.Precedence != "" {
		if answer.Mailboxes, err = a.changedMailboxes(ctx, access.Delta{Organization: &now}); err != nil {
			return PolicyDone{}, err
		}
	}
	if q.DryRun {
		return answer, nil
	}
	answer.Done = "the organization was changed"
	return answer, a.change(ctx, "organization.set", nil, func(c *directory.Change) error { return c.SetOrganization(q.set) })
}

func (q *SetOrganization) set(o *access.Organization) error {
	if q.Name != "" {
		o.Name = q.Name
	}
	switch q.Precedence {
	case "":
	case "classic":
		o.Precedence = access.Classic
	case "strict":
		o.Precedence = access.Strict
	default:
		return entente.Errorf(entente.Invalid, "precedence %q is neither classic nor strict", q.Precedence)
	}
	return q.SetPolicy.apply(&o.Policy)
}

// ConfirmOrganization has the directory taken for right as it is, after its
// tables were found altered and somebody has looked at them.
func (a *API) ConfirmOrganization(ctx context.Context, _ Nothing) (Done, error) {
	err := a.recorded(ctx, "organization.confirm", nil, func() error { return a.Directory.Confirm(ctx) })
	return Done{"the directory is taken for right as it is"}, err
}

func settingName(s access.Setting) string {
	switch s {
	case access.On:
		return "on"
	case access.Off:
		return "off"
	}
	return "unset"
}

// setSetting reads on, off or unset; empty leaves the setting as it is.
func setSetting(s *access.Setting, name string) error {
	switch name {
	case "":
	case "on":
		*s = access.On
	case "off":
		*s = access.Off
	case "unset":
		*s = access.Unset
	default:
		return entente.Errorf(entente.Invalid, "%q is none of on, off, unset", name)
	}
	return nil
}

// NodeInfo is one process that serves the organization.
type NodeInfo struct {
	ID         string `json:"id"`
	URL        string `json:"url"`
	Up         bool   `json:"up"`
	Generation uint64 `json:"generation"`
	Lease      string `json:"lease"`

	Site      string   `json:"site,omitempty"`
	Role      string   `json:"role"` // mailbox, if it holds databases that others do not open; client access
	Databases []string `json:"databases,omitempty"`
}

// ListNodes lists the nodes, those that are down too.
func (a *API) ListNodes(ctx context.Context, _ Nothing) ([]NodeInfo, error) {
	nodes, err := a.Directory.Nodes(ctx)
	list := make([]NodeInfo, 0, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		list = append(list, NodeInfo{ID: n.ID, URL: n.URL, Up: !n.Down, Generation: n.Generation, Lease: stamp(n.Lease)})
	}
	if err != nil {
		return list, err
	}
	return list, a.placeNodes(ctx, list)
}

// placeNodes says where nodes stand and what they hold.
func (a *API) placeNodes(ctx context.Context, list []NodeInfo) error {
	databases, err := a.Directory.Databases(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		n := &list[i]
		n.Site, n.Role = a.Directory.Site(n.ID), "client access"
		for _, d := range databases {
			if d.Node == n.ID {
				n.Databases = append(n.Databases, d.Name)
				n.Role = "mailbox"
			}
		}
	}
	return nil
}

// Nodes is the way to the other nodes.
type Nodes interface {
	// Probe asks a node whether it answers.
	Probe(ctx context.Context, node string) error
	// Kerberos reports whether callers who came with a ticket go on with one.
	Kerberos() bool
	// Waiting is how many messages wait for the mailboxes of each database.
	Waiting(ctx context.Context) (map[string]int, error)
}

// NodeName names a node.
type NodeName struct {
	Node string `json:"node" arg:"" help:"Its id, as entente node list shows it."`
}

// NodeStatus is a node as this one sees it.
type NodeStatus struct {
	NodeInfo
	Reached string         `json:"reached"` // how requests get there
	Answers bool           `json:"answers"`
	Took    string         `json:"took,omitempty"`
	Problem string         `json:"problem,omitempty"`
	Waiting map[string]int `json:"waiting,omitempty"` // mail for its databases
}

// ShowNode asks a node whether it answers this one, and tells how requests get
// there.
func (a *API) ShowNode(ctx context.Context, q NodeName) (NodeStatus, error) {
	list, err := a.ListNodes(ctx, Nothing{})
	if err != nil {
		return NodeStatus{}, err
	}
	i := slices.IndexFunc(list, func(n NodeInfo) bool { return n.ID == q.Node })
	if i < 0 {
		return NodeStatus{}, entente.Errorf(entente.NotFound, "there is no node %q; entente node list names them", q.Node)
	}
	s := NodeStatus{NodeInfo: list[i], Reached: "it is this one", Answers: true}
	if a.Nodes == nil {
		return s, nil
	}
	if q.Node != a.Node {
		s.Reached = "node channel"
		if a.Nodes.Kerberos() {
			s.Reached = "node channel, with the caller's ticket where he came by Kerberos"
		}
		begin := time.Now()
		err := a.Nodes.Probe(ctx, q.Node)
		if s.Answers = err == nil; err != nil {
			s.Problem = err.Error()
		} else {
			s.Took = time.Since(begin).Round(100 * time.Microsecond).String()
		}
	}
	waiting, err := a.Nodes.Waiting(ctx)
	for _, d := range s.Databases {
		if n := waiting[d]; n > 0 {
			if s.Waiting == nil {
				s.Waiting = map[string]int{}
			}
			s.Waiting[d] = n
		}
	}
	return s, err
}

// WaitNode asks to be answered when a change is in force everywhere.
type WaitNode struct {
	Generation uint64 `json:"generation,omitempty" help:"Of which change; the last one if it is not said. Every change raises the number that organization show tells."`
	Timeout    string `json:"timeout,omitempty" help:"How long to wait, such as 30s; 10s if it is not said, 5m at most."`
}

// NodesLive says by which state of the directory the nodes decide.
type NodesLive struct {
	Generation uint64     `json:"generation"`
	Nodes      []NodeLive `json:"nodes"`
}

// NodeLive is a node that is up.
type NodeLive struct {
	ID         string `json:"id"`
	Generation uint64 `json:"generation"`
}

const (
	defaultWait = 10 * time.Second
	maxWait     = 5 * time.Minute
)

// WaitNode answers when every node that is up decides by a change, so that
// what was revoked is revoked. Unavailable, naming the nodes that lag, when they
// take longer.
func (a *API) WaitNode(ctx context.Context, q WaitNode) (NodesLive, error) {
	wait := defaultWait
	if q.Timeout != "" {
		d, err := time.ParseDuration(q.Timeout)
		if err != nil || d <= 0 || d > maxWait {
			return NodesLive{}, entente.Errorf(entente.Invalid, "%q is no time up to %v", q.Timeout, maxWait)
		}
		wait = d
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	nodes, generation, err := a.Directory.Live(ctx, q.Generation)
	if err != nil {
		return NodesLive{}, err
	}
	l := NodesLive{Generation: generation, Nodes: make([]NodeLive, 0, len(nodes))}
	for _, n := range nodes {
		l.Nodes = append(l.Nodes, NodeLive{n.ID, n.Generation})
	}
	return l, nil
}
