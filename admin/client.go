package admin

import (
	"context"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/clientaccess"
)

// ClientInfo is a client program that was seen.
type ClientInfo struct {
	Account     string `json:"account"`
	By          string `json:"by,omitempty"` // who signed in, if he acted as the account
	Protocol    string `json:"protocol"`
	UserAgent   string `json:"user_agent"`
	Application string `json:"application,omitempty"`
	First       string `json:"first"`
	Last        string `json:"last"`
	Requests    int64  `json:"requests"`
}

func (a *API) clientInfo(ctx context.Context, c *clientaccess.Client) ClientInfo {
	i := ClientInfo{
		Account: a.nameOf(ctx, c.Subject), Protocol: string(c.Protocol), UserAgent: c.UserAgent, Application: string(c.Application),
		First: c.First.Format(time.DateOnly), Last: c.Last.Format(time.DateOnly), Requests: c.Requests,
	}
	if c.By != c.Subject {
		i.By = a.nameOf(ctx, c.By)
	}
	return i
}

// ListClients asks which clients were seen.
type ListClients struct {
	Account     string `json:"account,omitempty" help:"Only those that came for this account, or signed in with it."`
	UserAgent   string `json:"user_agent,omitempty" help:"Only those whose User-Agent has this in it."`
	Application string `json:"application,omitempty" help:"Only those with this application id."`
	Protocol    string `json:"protocol,omitempty" help:"Only those that came by ews or autodiscover."`
	Days        int    `json:"days,omitempty" help:"Only those seen in so many days." default:"30"`
	Limit       int    `json:"limit,omitempty" help:"At most so many." default:"1000"`
}

// ListClients lists the clients that were seen: who came with what.
func (a *API) ListClients(ctx context.Context, q ListClients) ([]ClientInfo, error) {
	var sid entente.SID
	if q.Account != "" {
		x, err := a.account(ctx, q.Account)
		if err != nil {
			return nil, err
		}
		sid = x.SID
	}
	limit, list := bounded(q.Limit, 1000, 100_000), []ClientInfo{}
	var found []clientaccess.Client
	err := a.Door.Clients(ctx, a.since(q.Days), func(c clientaccess.Client) error {
		if (sid == "" || c.Subject == sid || c.By == sid) && len(found) < limit &&
			strings.Contains(strings.ToLower(c.UserAgent), strings.ToLower(q.UserAgent)) &&
			(q.Application == "" || strings.EqualFold(string(c.Application), q.Application)) &&
			(q.Protocol == "" || string(c.Protocol) == q.Protocol) {
			found = append(found, c)
		}
		return nil
	})
	for i := range found {
		list = append(list, a.clientInfo(ctx, &found[i]))
	}
	return list, err
}

// rehearsalDays is how far back clients are looked at whom a change concerns.
const rehearsalDays = 30

func (a *API) since(days int) time.Time {
	return a.Now().Add(-time.Duration(bounded(days, rehearsalDays, 365)) * 24 * time.Hour)
}

// PolicyDone is the answer of a change of client access: what it does to the
// clients that were seen, if that was asked for.
type PolicyDone struct {
	Done    string          `json:"done"`
	ShutOut []ClientVerdict `json:"shut_out,omitempty"`
	LetIn   []ClientVerdict `json:"let_in,omitempty"`
	// Mailboxes are those for which another precedence means another thing.
	Mailboxes []MailboxChange `json:"mailboxes,omitempty"`
}

// ClientVerdict is a client that a change of settings shuts out or lets in, and
// why it is out before or after.
type ClientVerdict struct {
	Verdict     string `json:"verdict"`
	Account     string `json:"account"`
	By          string `json:"by,omitempty"`
	UserAgent   string `json:"user_agent"`
	Application string `json:"application,omitempty"`
	Last        string `json:"last"`
	Why         string `json:"why"`
}

// MailboxChange is a mailbox that may be used by EWS now and not before, or the
// other way round.
type MailboxChange struct {
	Mailbox string `json:"mailbox"`
	Was     string `json:"was"`
	Is      string `json:"is"`
}

// rehearsed says what a change would do, if it is to be known.
func (a *API) rehearsed(ctx context.Context, q *SetPolicy, change access.Delta) (PolicyDone, error) {
	var answer PolicyDone
	if !q.DryRun {
		return answer, nil
	}
	var verdicts []clientaccess.Verdict
	unknown, err := a.Door.Rehearse(ctx, change, a.since(rehearsalDays), func(v clientaccess.Verdict) { verdicts = append(verdicts, v) })
	if err != nil {
		return answer, err
	}
	for i := range verdicts {
		v := &verdicts[i]
		c := a.clientInfo(ctx, &v.Client)
		one := ClientVerdict{"shut out", c.Account, c.By, c.UserAgent, c.Application, c.Last, ""}
		if v.Would.Allowed() {
			one.Verdict, one.Why = "let in", v.Was.Err().Error()
			answer.LetIn = append(answer.LetIn, one)
			continue
		}
		one.Why = v.Would.Err().Error()
		answer.ShutOut = append(answer.ShutOut, one)
	}
	answer.Done = rehearsalText(len(answer.ShutOut), len(answer.LetIn), unknown)
	return answer, nil
}

func rehearsalText(out, in int, unknown int64) string {
	s := "nothing was changed; of the clients seen in 30 days, " + plural(out, "client") + " would be shut out and " + plural(in, "client") + " let in"
	if unknown > 0 {
		s += "; " + plural(int(unknown), "request") + " came from clients that are not told apart"
	}
	return s
}

// changedMailboxes lists the mailboxes whose EwsEnabled comes to another thing
// after a change.
func (a *API) changedMailboxes(ctx context.Context, change access.Delta) ([]MailboxChange, error) {
	now := a.Directory.Snapshot()
	next, at := now.With(change), a.Now()
	var list []MailboxChange
	var after entente.UPN
	for {
		page, err := a.Directory.Accounts(ctx, after, 1000)
		if err != nil {
			return nil, err
		}
		for i := range page {
			x := &page[i]
			after = x.UPN
			if x.Mailbox.IsZero() {
				continue
			}
			s := access.Supposition{Caller: x.Principal, Protocol: string(clientaccess.EWS), At: at}
			was, wasOn := ewsEnabled(now.Suppose(s))
			is, isOn := ewsEnabled(next.Suppose(s))
			if wasOn != isOn {
				list = append(list, MailboxChange{string(x.UPN), was, is})
			}
		}
		if len(page) < 1000 {
			return list, nil
		}
	}
}

// ewsEnabled finds what was decided of EwsEnabled alone.
func ewsEnabled(x access.Supposed) (fact string, on bool) {
	for _, d := range x.Decisions() {
		for _, s := range d.Steps() {
			if s.Rule == "ews-enabled" {
				return s.Fact, s.Holds
			}
		}
	}
	return "", false
}
