package federation

import (
	"context"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/db"
)

// A NodeState says whether a node can use the keys of a certificate.
type NodeState string

// The states, as Test-FederationTrustCertificate names them.
const (
	Installed   NodeState = "Installed"
	Missing     NodeState = "NotInstalled"
	Unreachable NodeState = "ServerUnreachable" // it runs, and has not said anything for long
)

// A NodeCertificate is what a node says of a certificate.
type NodeCertificate struct {
	Node       string
	Role       string // Current, Previous, Next
	Thumbprint string
	State      NodeState
	Seen       time.Time // when the node said so
}

const (
	reportEvery = time.Minute
	reportStale = 10 * reportEvery
)

// report writes down which certificates this node can use, if that is not what
// stands there, or has stood there for a while.
func (s *Service) report(ctx context.Context, v *view) error {
	now := s.Now()
	if len(v.usable) == 0 && s.reported.says == "" {
		return nil
	}
	var says strings.Builder
	for i := range v.usable {
		says.WriteString(v.usable[i].thumbprint() + string(v.usable[i].state()) + "\n")
	}
	if s.reported.says == says.String() && now.Sub(s.reported.at).Abs() < reportEvery {
		return nil
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`DELETE FROM federation_node WHERE node = $1`, s.Node); err != nil {
			return err
		}
		for i := range v.usable {
			if _, err := tx.Exec(`INSERT INTO federation_node (node, thumbprint, state, seen) VALUES ($1, $2, $3, $4)`,
				s.Node, v.usable[i].thumbprint(), v.usable[i].state(), now.Unix()); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.reported.says, s.reported.at = says.String(), now
	}
	return err
}

func (u *usable) state() NodeState {
	if u.key == nil || u.agreement == nil || u.speaker == nil {
		return Missing
	}
	return Installed
}

// NodeCertificates says of every running node, and every certificate of the
// trust, whether the node can use it.
func (s *Service) NodeCertificates(ctx context.Context) ([]NodeCertificate, error) {
	type key struct{ node, thumbprint string }
	said := map[key]NodeCertificate{}
	var nodes []string
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		clear(said)
		nodes = nil
		rows, err := tx.Query(`SELECT node, thumbprint, state, seen FROM federation_node ORDER BY node`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var c NodeCertificate
			var seen int64
			if err := rows.Scan(&c.Node, &c.Thumbprint, &c.State, &seen); err != nil {
				return err
			}
			c.Seen = time.Unix(seen, 0)
			said[key{c.Node, c.Thumbprint}] = c
			nodes = append(nodes, c.Node)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	if s.Live != nil {
		if nodes, err = s.Live(ctx); err != nil {
			return nil, err
		}
	}
	slices.Sort(nodes)
	d := s.view.Load().document
	var all []NodeCertificate
	for _, node := range slices.Compact(nodes) {
		for _, g := range d.generations() {
			c, ok := said[key{node, g.thumbprint()}]
			if !ok {
				c = NodeCertificate{Node: node, Thumbprint: g.thumbprint(), State: Missing}
			} else if s.Now().Sub(c.Seen) > reportStale {
				c.State = Unreachable
			}
			c.Role = d.role(c.Thumbprint)
			all = append(all, c)
		}
	}
	return all, nil
}

// role is what a certificate is to the trust.
func (d *document) role(thumbprint string) string {
	switch {
	case d.Current != nil && d.Current.thumbprint() == thumbprint:
		return "Current"
	case d.Next != nil && d.Next.thumbprint() == thumbprint:
		return "Next"
	}
	return "Previous"
}

// everywhere refuses to use a certificate while a running node cannot.
func (s *Service) everywhere(ctx context.Context, thumbprint string) error {
	all, err := s.NodeCertificates(ctx)
	if err != nil {
		return err
	}
	var lack []string
	for _, c := range all {
		if c.Thumbprint == thumbprint && c.State != Installed {
			lack = append(lack, c.Node)
		}
	}
	if len(lack) > 0 {
		return entente.Errorf(entente.Conflict, "the certificate %s is not published: %s cannot use its key. Is it the same master key there?",
			thumbprint, strings.Join(lack, ", ")).Because(NodeLacksKey)
	}
	return nil
}
