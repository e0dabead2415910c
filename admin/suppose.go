package admin

import (
	"context"
	"errors"
	"strings"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/mailbox"
)

// ExplainAccess asks what would be decided about a request that nobody makes.
type ExplainAccess struct {
	Caller    string `json:"caller" help:"Account that would sign in, by EWS." required:""`
	As        string `json:"as,omitempty" help:"Account it would act as (ExchangeImpersonation)."`
	Mailbox   string `json:"mailbox,omitempty" help:"Account whose mailbox it would open. Default: that of whom it acts as."`
	Folder    string `json:"folder,omitempty" help:"Folder of that mailbox, by its distinguished name: inbox, calendar, …"`
	Right     string `json:"right,omitempty" help:"What it wants: read, create, edit, delete, time or details of free/busy; without a folder full-access, send-as or send-on-behalf." default:""`
	UserAgent string `json:"user_agent,omitempty" help:"Client it would use, for EwsAllowList and EwsBlockList."`
}

// StepInfo is one rule that was looked at.
type StepInfo struct {
	Question string `json:"question"`
	Rule     string `json:"rule"`
	Fact     string `json:"fact,omitempty"`
	Holds    bool   `json:"holds"`
	Needed   bool   `json:"needed"`
}

// AccessExplained is what would be decided, and why.
type AccessExplained struct {
	Done    string     `json:"done"`
	Allowed bool       `json:"allowed"`
	Reason  string     `json:"reason,omitempty"`
	Steps   []StepInfo `json:"steps"`
}

// folderRights are the rights that can be asked about in a folder.
var folderRights = [...]struct {
	name  string
	right access.Rights
}{
	{"read", access.ReadAny},
	{"create", access.Create},
	{"edit", access.EditAny},
	{"delete", access.DeleteAny},
	{"time", access.FreeBusySimple},
	{"details", access.FreeBusyDetailed},
}

// ExplainAccess explains what would be decided, by the rules and the settings
// that a request would meet now. Nothing is opened by asking.
func (a *API) ExplainAccess(ctx context.Context, q ExplainAccess) (AccessExplained, error) {
	s, box, err := a.supposition(ctx, q)
	if err != nil {
		return AccessExplained{}, err
	}
	if q.Folder != "" {
		if s.Folder, err = a.folderTable(ctx, box, q.Folder); err != nil {
			return AccessExplained{}, err
		}
	}
	if s.Want, err = wanted(q.Right, s.Folder != nil); err != nil {
		return AccessExplained{}, err
	}
	x := a.Door.Suppose(s)
	return explained(x.Decisions(), x.Err()), nil
}

// supposition finds who and whose a question is about.
func (a *API) supposition(ctx context.Context, q ExplainAccess) (access.Supposition, *directory.Account, error) {
	var s access.Supposition
	caller, err := a.account(ctx, q.Caller)
	if err != nil {
		return s, nil, err
	}
	s.Caller, s.UserAgent = caller.Principal, q.UserAgent
	box := caller
	if q.As != "" {
		if box, err = a.account(ctx, q.As); err != nil {
			return s, nil, err
		}
		s.Header = &access.ConnectingSID{SID: string(box.SID)}
	}
	if q.Mailbox != "" {
		if box, err = a.withMailbox(ctx, q.Mailbox); err != nil {
			return s, nil, err
		}
	}
	s.Mailbox = box.Mailbox
	return s, box, nil
}

// folderTable reads a folder's permission table on behalf of the mailbox's
// owner, who is the one that may see it; that is recorded.
func (a *API) folderTable(ctx context.Context, box *directory.Account, name string) (*access.FolderTable, error) {
	folder := mailbox.DistinguishedName(strings.ToLower(name))
	if !folder.Known() {
		return nil, entente.Errorf(entente.Invalid, "%q is not a distinguished folder, such as inbox or calendar", name)
	}
	if box.Mailbox.IsZero() {
		return nil, entente.Errorf(entente.NotFound, "%s has no mailbox", box.UPN)
	}
	s := a.Door.Local(box.Principal, "admin.explain.access")
	v, err := s.Own(ctx)
	if err != nil {
		return nil, err
	}
	f, err := v.FolderByName(ctx, folder)
	if err != nil {
		return nil, err
	}
	return &f.Table, s.Finish(ctx, "")
}

func wanted(name string, inFolder bool) (access.Rights, error) {
	if !inFolder {
		return mailboxRights(name)
	}
	var names []string
	for _, r := range folderRights {
		if r.name == name || name == "" && r.name == "read" {
			return r.right, nil
		}
		names = append(names, r.name)
	}
	return 0, entente.Errorf(entente.Invalid, "right %q is none of %s", name, strings.Join(names, ", "))
}

func mailboxRights(name string) (access.Rights, error) {
	if name == "" {
		return 0, nil
	}
	return permissionRights([]string{name})
}

// explained puts decisions into words. refused is what the request would get:
// what comes after a refusal was not asked.
func explained(decisions []access.Decision, refused error) AccessExplained {
	e := AccessExplained{Done: "allowed", Allowed: true, Steps: []StepInfo{}}
	for i := range decisions {
		d := &decisions[i]
		for _, s := range d.Steps() {
			e.Steps = append(e.Steps, StepInfo{question(d), s.Rule, s.Fact, s.Holds, s.Needed})
		}
	}
	if refused != nil {
		e.Allowed, e.Done = false, "refused: "+refused.Error()
	}
	if x := (*entente.Error)(nil); errors.As(refused, &x) {
		e.Reason, e.Done = string(x.Reason), "refused: "+x.Text
	}
	return e
}

// question says what a decision is about.
func question(d *access.Decision) string {
	switch d.On.Kind {
	case access.ServerObject:
		return d.Want.String() + " at server " + d.On.Name
	case access.AccountObject:
		return d.Want.String() + " account " + d.On.Name
	case access.MailboxObject:
		return d.Want.String() + " in mailbox " + d.On.Mailbox.String()
	case access.FolderObject:
		return d.Want.String() + " in the folder"
	}
	return d.Want.String()
}
