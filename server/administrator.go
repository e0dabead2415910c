package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"net/http"
	"os/user"
	"strconv"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/audit"
)

// joinAdmin puts the verbs of administration on the rooms.
func (s *Server) joinAdmin() {
	s.Admin = admin.New(admin.Config{
		Directory: s.Directory, Mailboxes: s.Mailboxes, Door: s.Door, Audit: adminAudit{s}, Relay: relayAdmin{s}, Now: time.Now,
	})
}

// adminAudit is the audit log as admin needs it.
type adminAudit struct{ s *Server }

func (a adminAudit) Append(ctx context.Context, records ...audit.Record) error {
	return a.s.Audit.Append(ctx, records...)
}

func (a adminAudit) Note(r audit.Record) audit.Note { return a.s.Audit.Note(r) }

func (a adminAudit) Flush(ctx context.Context) error { return a.s.Audit.Flush(ctx) }

func (a adminAudit) Search(ctx context.Context, f audit.Filter) ([]audit.Record, error) {
	return a.s.Audit.Search(ctx, f)
}

func (a adminAudit) Verify(ctx context.Context, known string) (audit.Report, error) {
	return a.s.verifyAudit(ctx, known)
}

func (a adminAudit) Checkpoint(ctx context.Context) (string, error) {
	if err := a.s.Audit.Sign(ctx); err != nil {
		return "", err
	}
	return audit.Checkpoint(ctx, a.s.main, a.s.config.Name)
}

// verifyAudit checks this node's log with its own key.
func (s *Server) verifyAudit(ctx context.Context, known string) (audit.Report, error) {
	signer, err := s.ring.CheckpointSigner()
	if err != nil {
		return audit.Report{}, err
	}
	key, ok := signer.Public().(ed25519.PublicKey)
	if !ok {
		return audit.Report{}, errors.New("the audit key is not Ed25519")
	}
	return audit.Verify(ctx, s.main, s.config.Name, key, known)
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
