package admin

import (
	"context"
	"fmt"
	"slices"

	"entente"
	"entente/directory"
	"entente/directory/ldap"
)

// An LDAP keeps accounts and groups like another directory's, as the verbs need
// it. NotFound if this server has none.
type LDAP interface {
	Status(ctx context.Context) (ldap.Status, error)
	SyncWith(ctx context.Context, o ldap.Options) (ldap.Report, error)
}

func (a *API) ldap() (LDAP, error) {
	if a.LDAP == nil {
		return nil, entente.Errorf(entente.NotFound, "accounts come from no other directory: the configuration has no section ldap")
	}
	return a.LDAP, nil
}

// LDAPStatus shows how keeping like the other directory stands.
func (a *API) LDAPStatus(ctx context.Context, _ Nothing) (ldap.Status, error) {
	l, err := a.ldap()
	if err != nil {
		return ldap.Status{}, err
	}
	return l.Status(ctx)
}

// SyncLDAP asks for a sync.
type SyncLDAP struct {
	Full    bool `json:"full,omitempty" help:"Read everything again, not only what changed."`
	Confirm bool `json:"confirm,omitempty" help:"Disable those who are gone there, however many they are."`
	DryRun  bool `json:"dry_run,omitempty" help:"Show what would be done, and do nothing."`
}

// LDAPSynced is what a sync did.
type LDAPSynced struct {
	ldap.Report
	Did      []string `json:"did,omitempty"`      // account by account, the first thousand
	Problems []string `json:"problems,omitempty"` // what was refused, or left out
}

// maxSynced bounds what is told of a sync one by one.
const maxSynced = 1000

// SyncLDAP brings accounts and groups up to date at once.
func (a *API) SyncLDAP(ctx context.Context, q SyncLDAP) (LDAPSynced, error) {
	l, err := a.ldap()
	if err != nil {
		return LDAPSynced{}, err
	}
	var report ldap.Report
	run := func() (err error) {
		report, err = l.SyncWith(ctx, ldap.Options{Full: q.Full, Confirm: q.Confirm, DryRun: q.DryRun})
		return err
	}
	if q.DryRun {
		err = run()
	} else {
		err = a.recorded(ctx, "ldap.sync", []string{fmt.Sprintf("full %t", q.Full), fmt.Sprintf("confirm %t", q.Confirm)}, run)
	}
	answer := LDAPSynced{Report: report}
	for _, x := range report.Lines {
		switch line := x.Action + " " + x.Name; {
		case x.Err != nil && len(answer.Problems) < maxSynced:
			answer.Problems = append(answer.Problems, fmt.Sprintf("%s: %v", line, x.Err))
		case x.Err == nil && len(answer.Did) < maxSynced:
			answer.Did = append(answer.Did, line)
		}
	}
	return answer, err
}

// CanMakeMailboxes says whether this node can make mailboxes in a database.
func (a *API) CanMakeMailboxes(ctx context.Context, database string) error {
	all, err := a.Directory.Databases(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(d directory.Database) bool { return d.Name == database }) {
		return entente.Errorf(entente.NotFound, "there is no mailbox database %q, in which accounts are to get mailboxes", database)
	}
	return a.opens(ctx, database)
}

// MakeMailboxes makes the mailboxes in a database that the directory says some
// accounts have.
func (a *API) MakeMailboxes(ctx context.Context, database string, accounts []entente.SID) error {
	for _, sid := range accounts {
		x, err := a.Directory.Account(ctx, sid)
		if isKind(err, entente.NotFound) {
			continue // removed meanwhile
		}
		if err == nil && x.Database == database {
			err = a.makeMailbox(ctx, x)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
