package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"net/http"
	"os/user"
	"strconv"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/audit"
)

// joinAdmin puts the verbs of administration on the rooms.
func (s *Server) joinAdmin() {
	c := admin.Config{
		Directory: s.Directory, Mailboxes: s.Mailboxes, Door: s.Door, Audit: adminAudit{s.Audit, s}, Relay: relayAdmin{s}, Devices: s.Devices, Mail: mailAdmin{s}, Federation: s.Federation, Publisher: s.sharing, Inviter: inviter{s.invitations, s}, Partners: partnersAdmin{s.partners}, Certificates: certificatesAdmin{s}, Now: s.options.Now, Node: s.config.Name, Nodes: nodesAdmin{s.nodes, s.parcels},
		Assigned: s.assigned,
	}
	if s.Broker != nil { // else the verbs say that there is none
		c.Broker = s.Broker
	}
	if s.LDAP != nil {
		c.LDAP = s.LDAP
	}
	if d := s.delegator(); d != nil {
		c.Tickets = ticketsAdmin{d}
	}
	if s.config.Publish != nil {
		c.Gateway, c.Rules = gatewayAdmin{s}, rulesAdmin{s}
	}
	s.Admin = admin.New(c)
}

// assigned raises the alarm of a new assignment, where operators look: in the
// log and in the metrics.
func (s *Server) assigned(by string, a admin.AssignmentInfo) {
	s.log.Warn("new assignment: somebody may act as others", "id", a.ID, "assignee", a.Assignee, "over", a.Over, "rights", a.Rights, "not_after", a.NotAfter, "by", by)
	s.metrics.assigned.Inc()
}

// adminAudit is the audit log as admin needs it.
type adminAudit struct {
	*audit.Log
	s *Server
}

func (a adminAudit) Verify(ctx context.Context, node, kept string) ([]audit.Report, error) {
	return a.s.verifyLogs(ctx, node, kept)
}

func (a adminAudit) Checkpoint(ctx context.Context) (string, error) {
	if err := a.Sign(ctx); err != nil {
		return "", err
	}
	return audit.Checkpoint(ctx, a.s.main, a.s.config.Name)
}

// Entries signs a checkpoint of the own log first, so that an export has one of
// everything in it.
func (a adminAudit) Entries(ctx context.Context, node string, from uint64, limit int) (of, checkpoint string, all []audit.Entry, err error) {
	if node == "" {
		node = a.s.config.Name
	}
	if node == a.s.config.Name && from == 0 {
		if err := a.Sign(ctx); err != nil {
			return "", "", nil, err
		}
	}
	if checkpoint, err = audit.Checkpoint(ctx, a.s.main, node); err != nil {
		return "", "", nil, err
	}
	all, err = audit.Entries(ctx, a.s.main, node, from, limit)
	return node, checkpoint, all, err
}

func (a adminAudit) Nodes(ctx context.Context) ([]string, error) { return audit.Nodes(ctx, a.s.main) }

// verifyLogs checks the logs of all nodes, or of one.
func (s *Server) verifyLogs(ctx context.Context, node, kept string) ([]audit.Report, error) {
	signer, err := s.ring.CheckpointSigner()
	if err != nil {
		return nil, err
	}
	key, ok := signer.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the audit key is not Ed25519")
	}
	seal, err := s.ring.AuditSeal(ctx)
	if err != nil {
		return nil, err
	}
	return audit.VerifyAll(ctx, s.main, seal, s.config.Name, key, node, kept)
}

// peerKey holds the user id at the other end of the admin socket.
type peerKey struct{}

// withPeer notes who connected. The kernel says it, the peer cannot.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	uid, err := peerUID(c)
	if err != nil {
		return ctx // administrator refuses
	}
	return context.WithValue(ctx, peerKey{}, uid)
}

// administrator is who asks on the admin socket: the operating system's user,
// whose name changes carry in the audit log.
func administrator(r *http.Request) (admin.Administrator, error) {
	uid, ok := r.Context().Value(peerKey{}).(uint32)
	if !ok {
		return admin.Administrator{}, entente.Errorf(entente.Denied, "the system does not say who connects")
	}
	id := strconv.FormatUint(uint64(uid), 10)
	name := "uid-" + id
	if u, err := user.LookupId(id); err == nil {
		name = u.Username
	}
	return admin.Administrator{
		Principal: access.Principal{UPN: entente.UPN(name + "@localhost")},
		Method:    access.Local, Evidence: "uid " + id, Address: "admin socket",
	}, nil
}
