package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/federation"
	"entente/outgoing"
)

// partnersTold has every partner whose server is one of ours told of a change to
// this organization's federation trust. Others are for the administrator to tell,
// as ever.
func (s *Server) partnersTold(ctx context.Context, text string) {
	var partners []federation.Partner
	for _, r := range s.Directory.Snapshot().Relationships() {
		if !r.Enabled || len(r.Keys) == 0 {
			continue
		}
		at := r.TargetSharingEPR
		if at == "" {
			at = r.TargetAutodiscoverEPR
		}
		partners = append(partners, federation.Partner{Name: r.Name, Server: at, Target: r.TargetApplicationURI})
	}
	if len(partners) == 0 {
		return
	}
	if err := s.Federation.Notify(ctx, partners, "", text); err != nil {
		s.log.Error("tell partners", "err", err)
	}
}

// noted records what federation did by itself, and writes to who looks after it.
func (s *Server) noted(ctx context.Context, action, text string) {
	s.Audit.AppendLater(audit.Record{
		Kind: audit.System, Action: "federation." + action, Targets: []string{text}, Method: access.Local, Allowed: true,
	})
	t := s.Federation.Trust()
	if t == nil || t.Contact == "" {
		return
	}
	// Who sees to the trust reads mail here, or has the audit log.
	if err := s.tell(ctx, t.Contact, "Federation: "+action, text+"\n"); err != nil {
		s.log.Warn("federation contact", "err", err)
	}
}

// seenNews remembers which notices came, so that each is told once.
type seenNews struct {
	mu  sync.Mutex
	ids []string
}

const maxSeenNews = 1024

func (n *seenNews) first(id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if slices.Contains(n.ids, id) {
		return false
	}
	if len(n.ids) == maxSeenNews {
		n.ids = n.ids[1:]
	}
	n.ids = append(n.ids, id)
	return true
}

// maxNews bounds a notice.
const maxNews = 64 << 10

// news takes a partner's notice: recorded, and told to who looks after the
// trust here. What is not from a partner gets the same answer and leaves
// nothing, so that nobody learns who our partners are.
func (s *Server) news(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST a notice", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxNews))
	w.WriteHeader(http.StatusAccepted)
	if err != nil {
		return
	}
	var from *access.Relationship
	n, id, err := s.Federation.ReadNews(body, func(sender, key string) bool {
		from = s.pinnedBy(sender, key)
		return from != nil
	})
	if err == nil && s.seenNews.first(id) {
		s.takeNews(r, from, n)
	}
}

// pinnedBy returns the relationship with an organization that pins a key; nil if
// there is none in force.
func (s *Server) pinnedBy(organization, key string) *access.Relationship {
	for _, r := range s.Directory.Snapshot().Relationships() {
		if r.Enabled && r.TargetApplicationURI == organization && slices.Contains(r.Keys, key) {
			return r
		}
	}
	return nil
}

func (s *Server) takeNews(r *http.Request, rel *access.Relationship, n *federation.News) {
	text := fmt.Sprintf("%s says of itself: %s", rel.Name, n.Text)
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	s.Audit.AppendLater(audit.Record{
		Kind: audit.External, Action: "relationship.notice", Targets: []string{rel.Name, n.Text},
		Via: []access.Link{{Who: access.Principal{UPN: entente.UPN(n.Sender)}, How: "relationship " + rel.Name}}, Method: access.Delegation, Evidence: n.Key.Thumbprint(), Address: host, Allowed: true,
	})
	t := s.Federation.Trust()
	if t == nil || t.Contact == "" {
		return
	}
	var domains []string
	for _, d := range n.Domains {
		domains = append(domains, string(d))
	}
	about := fmt.Sprintf("%s.\n\nIts application URI is now %s, its AppID %s, its federated domains are %s.\nWhat the relationship %q says: entente relationship show %q\n",
		text, n.ApplicationURI, n.App, strings.Join(domains, ", "), rel.Name, rel.Name)
	if err := s.tell(r.Context(), t.Contact, "A change at "+rel.Name, about); err != nil {
		s.log.Warn("federation contact", "relationship", rel.Name, "err", err)
	}
}

// runNews sends what partners are to be told.
func (s *Server) runNews(ctx context.Context) {
	s.Federation.RunNotices(ctx, federation.Courier{HTTP: s.abroad.HTTPClient(outgoing.Partner), Find: s.partners.Find})
}
