package availability

import (
	"context"
	"sync"

	"entente"
	"entente/directory"
)

// Nodes are the other nodes of this organization, which have mailboxes that this
// one has not.
type Nodes interface {
	// Holder returns the node that has the mailboxes of a database, "" if that is
	// this one.
	Holder(database string) string
	// FreeBusy asks a node about mailboxes that it has, for whom the opener is: what
	// Here says there, one answer for each.
	FreeBusy(ctx context.Context, o Opener, node string, of []entente.MailboxID, r Request) ([]Answer, error)
}

// Here answers for mailboxes that this node has, for another node that asks.
func (s *Service) Here(ctx context.Context, o Opener, of []entente.MailboxID, r Request) []Answer {
	q := question{ctx: ctx, opener: o, Request: &r}
	out := make([]Answer, len(of))
	for i, box := range of {
		out[i] = q.person(box, "")
	}
	return out
}

// gather asks the other nodes about everybody whose mailbox they have, the
// members of lists among them: each node once, and all at the same time. What
// fails, fails for the people of that node.
func (s *Service) gather(q *question) {
	if s.Nodes == nil {
		return
	}
	at := map[string][]entente.MailboxID{}
	seen := map[entente.MailboxID]bool{}
	add := func(box entente.MailboxID, database string) {
		node := s.Nodes.Holder(database)
		if node == "" || box.IsZero() || seen[box] {
			return
		}
		seen[box] = true
		at[node] = append(at[node], box)
	}
	for _, text := range q.Mailboxes {
		address, err := entente.ParseSMTPAddress(text)
		if err != nil {
			continue
		}
		if a, ok := q.opener.Snapshot().FindSMTP(string(address)); ok {
			add(a.Mailbox, a.Database)
			continue
		}
		if !q.opener.Directory().Accepted(address.Domain()) {
			continue
		}
		members, _ := q.members(address) // what is wrong with it is said where it is answered
		for i := range members {
			add(members[i].Mailbox, members[i].Database)
		}
	}
	if len(at) == 0 {
		return
	}
	q.far = make(map[entente.MailboxID]Answer, len(seen))
	var mu sync.Mutex
	var all sync.WaitGroup
	for node, boxes := range at {
		if s, ok := q.opener.(interface {
			PassedOn(node string, boxes ...entente.MailboxID)
		}); ok {
			s.PassedOn(node, boxes...)
		}
		all.Go(func() {
			answers, err := s.Nodes.FreeBusy(q.ctx, q.opener, node, boxes, *q.Request)
			mu.Lock()
			defer mu.Unlock()
			for i, box := range boxes {
				a := Answer{Err: err}
				if err == nil {
					a = answers[i]
				}
				if a.Err == nil {
					a.Hours = &q.hours
				}
				q.far[box] = a
			}
		})
	}
	all.Wait()
}

// lists remembers the members of a list for one question.
type lists map[entente.SMTPAddress]listed

type listed struct {
	members []directory.Account
	err     error
}
