package admin

import (
	"context"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/mailbox"
)

// FolderName names a folder of somebody's mailbox.
type FolderName struct {
	AccountName
	Folder string `json:"folder" help:"The folder: a distinguished name (inbox, calendar …) or a path from the top, such as Calendar\\Team." required:""`
}

// FolderInfo is a folder as lists show it.
type FolderInfo struct {
	Path  string `json:"path"`
	Name  string `json:"distinguished,omitempty"`
	Class string `json:"class"`
	Items int    `json:"items"`
	Size  int64  `json:"size"`
}

// FolderPermissionInfo is an entry of a folder's permission table, as
// Get-MailboxFolderPermission shows it.
type FolderPermissionInfo struct {
	User   string `json:"user"`
	Rights string `json:"rights"`
}

// ListFolders lists the folders of a mailbox, on behalf of its owner; that is
// recorded.
func (a *API) ListFolders(ctx context.Context, q AccountName) ([]FolderInfo, error) {
	list := []FolderInfo{}
	err := a.inMailbox(ctx, "folder.list", q.Account, false, func(v *mailbox.View, _ *directory.Account) error {
		top, err := v.FolderByName(ctx, mailbox.MsgFolderRoot)
		if err != nil {
			return err
		}
		all, err := v.Folders(ctx, top.ID, true)
		paths := map[mailbox.FolderID]string{}
		for _, f := range all {
			paths[f.ID] = strings.TrimPrefix(paths[f.Parent]+`\`+f.Name, `\`)
			list = append(list, FolderInfo{paths[f.ID], string(f.Distinguished), f.Class, f.Total, f.Size})
		}
		return err
	})
	return list, err
}

// ListFolderPermissions lists who may do what in a folder.
func (a *API) ListFolderPermissions(ctx context.Context, q FolderName) ([]FolderPermissionInfo, error) {
	list := []FolderPermissionInfo{}
	err := a.inFolder(ctx, "folder.permissions", q, false, func(_ *mailbox.View, f *mailbox.Folder) error {
		for _, e := range f.Table.Entries {
			list = append(list, FolderPermissionInfo{a.entryName(ctx, &e), access.FolderRightsText(e.Rights)})
		}
		return nil
	})
	return list, err
}

func (a *API) entryName(ctx context.Context, e *access.Entry) string {
	switch e.Who {
	case access.Default:
		return "Default"
	case access.Anonymous:
		return "Anonymous"
	case access.ExternalUser:
		return string(e.External)
	}
	return a.nameOf(ctx, e.SID)
}

// GrantFolder asks for rights in one folder.
type GrantFolder struct {
	FolderName
	To     string   `json:"to" help:"Account, group, Default (everyone of the organization), Anonymous, or the address of somebody of another organization, as far as the owner's sharing policy allows." required:""`
	Rights []string `json:"rights" help:"A role (Owner, PublishingEditor, Editor, PublishingAuthor, Author, NonEditingAuthor, Reviewer, Contributor, AvailabilityOnly, LimitedDetails, None) or single rights (ReadItems, CreateItems …)." required:""`
	// New refuses to change an entry there is, Old to make one: the two cmdlets
	// Add- and Set-MailboxFolderPermission.
	New bool `json:"new,omitempty" help:"Only if there is no entry yet." xor:"entry"`
	Old bool `json:"old,omitempty" help:"Only if there is an entry already." xor:"entry"`
}

// GrantFolder grants rights in a folder, in place of those the same account or
// group had in it.
func (a *API) GrantFolder(ctx context.Context, q GrantFolder) (Done, error) {
	entry, err := a.entryFor(ctx, q.To)
	if err != nil {
		return Done{}, err
	}
	if err := a.notOneself(entry.SID); err != nil {
		return Done{}, err
	}
	err = a.inFolder(ctx, "folder.grant", q.FolderName, true, func(v *mailbox.View, f *mailbox.Folder) error {
		calendar := strings.HasPrefix(strings.ToUpper(f.Class), "IPF.APPOINTMENT")
		if entry.Rights, err = access.ParseFolderRights(q.Rights, calendar); err != nil {
			return err
		}
		i := entryIndex(f.Table.Entries, &entry)
		switch {
		case i >= 0 && q.New && !emptySpecial(&f.Table.Entries[i]):
			return entente.Errorf(entente.Conflict, "An existing permission entry was found for user: %s.", q.To)
		case i < 0 && q.Old:
			return noEntry(q.To)
		}
		entries := slices.Clone(f.Table.Entries)
		if i >= 0 {
			entries[i] = entry
		} else {
			entries = append(entries, entry)
		}
		_, err := v.SetPermissions(ctx, f.ID, entries)
		return err
	})
	return Done{q.To + " has " + access.FolderRightsText(entry.Rights) + " on " + q.Folder + " of " + q.Account}, err
}

// emptySpecial reports whether an entry is one of the two that every table has,
// without anything in it.
func emptySpecial(e *access.Entry) bool {
	return (e.Who == access.Default || e.Who == access.Anonymous) && e.Rights == 0
}

func noEntry(who string) error {
	return entente.Errorf(entente.NotFound, "There is no existing permission entry found for user: %s.", who)
}

// RevokeFolder asks to take an entry out of a folder's permission table.
type RevokeFolder struct {
	FolderName
	To string `json:"to" help:"Account, group, Default or Anonymous." required:""`
}

// RevokeFolder takes an entry out of a folder's permission table; Default and
// Anonymous stay in it, with nothing.
func (a *API) RevokeFolder(ctx context.Context, q RevokeFolder) (Done, error) {
	entry, err := a.entryFor(ctx, q.To)
	if err != nil {
		return Done{}, err
	}
	err = a.inFolder(ctx, "folder.revoke", q.FolderName, true, func(v *mailbox.View, f *mailbox.Folder) error {
		i := entryIndex(f.Table.Entries, &entry)
		if i < 0 || emptySpecial(&f.Table.Entries[i]) {
			return noEntry(q.To)
		}
		_, err := v.SetPermissions(ctx, f.ID, slices.Delete(slices.Clone(f.Table.Entries), i, i+1))
		return err
	})
	return Done{q.To + " has no entry on " + q.Folder + " of " + q.Account + " any more"}, err
}

func entryIndex(entries []access.Entry, e *access.Entry) int {
	return slices.IndexFunc(entries, func(x access.Entry) bool { return x.Who == e.Who && x.SID == e.SID && x.External == e.External })
}

// entryFor makes an entry without rights for whom a name names; a SID that
// nobody has any more can still be taken away. Whose address is in no domain of
// this organization, and who has no account, is of another one.
func (a *API) entryFor(ctx context.Context, name string) (access.Entry, error) {
	switch strings.ToLower(name) {
	case "default":
		return access.Entry{Who: access.Default}, nil
	case "anonymous":
		return access.Entry{Who: access.Anonymous}, nil
	}
	if sid, err := entente.ParseSID(name); err == nil {
		return access.Entry{SID: sid}, nil
	}
	sid, err := a.grantee(ctx, name)
	if mail, bad := entente.ParseSMTPAddress(name); bad == nil && isKind(err, entente.NotFound) && !a.Directory.Accepted(mail.Domain()) {
		return access.Entry{Who: access.ExternalUser, External: mail}, nil
	}
	return access.Entry{SID: sid}, err
}

// inMailbox does something in a mailbox on behalf of its owner. Changes are in
// the log under the administrator's name before they are made.
func (a *API) inMailbox(ctx context.Context, action, account string, changes bool, f func(*mailbox.View, *directory.Account) error) error {
	x, err := a.withMailbox(ctx, account)
	if err != nil {
		return err
	}
	do := func() error {
		s := a.Door.Local(x.Principal, "admin."+action)
		v, err := s.Own(ctx)
		if err == nil {
			err = f(v, x)
		}
		code := ""
		if err != nil {
			code = codeOf(err)
		}
		if finished := s.Finish(ctx, code); err == nil {
			err = finished
		}
		return err
	}
	if !changes {
		return do()
	}
	return a.recorded(ctx, action, []string{string(x.UPN)}, do)
}

// inFolder is inMailbox for one folder of it.
func (a *API) inFolder(ctx context.Context, action string, q FolderName, changes bool, f func(*mailbox.View, *mailbox.Folder) error) error {
	return a.inMailbox(ctx, action, q.Account, changes, func(v *mailbox.View, x *directory.Account) error {
		folder, err := findFolder(ctx, v, q.Folder)
		if isKind(err, entente.NotFound) {
			return entente.Errorf(entente.NotFound, `The operation couldn't be performed because '%s:\%s' couldn't be found.`, x.UPN, strings.Trim(q.Folder, `\/`))
		}
		if err != nil {
			return err
		}
		return f(v, folder)
	})
}

// findFolder finds a folder by its distinguished name, else by a path from the
// top; \ alone is the top.
func findFolder(ctx context.Context, v *mailbox.View, name string) (*mailbox.Folder, error) {
	if n := mailbox.DistinguishedName(strings.ToLower(name)); n.Known() {
		return v.FolderByName(ctx, n)
	}
	at, err := v.FolderByName(ctx, mailbox.MsgFolderRoot)
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '\\' || r == '/' }) {
		if err != nil {
			return nil, err
		}
		var children []*mailbox.Folder
		children, err = v.Folders(ctx, at.ID, false)
		i := slices.IndexFunc(children, func(f *mailbox.Folder) bool { return strings.EqualFold(f.Name, part) })
		if err == nil && i < 0 {
			return nil, entente.Errorf(entente.NotFound, "there is no folder %q", name)
		}
		if err == nil {
			at = children[i]
		}
	}
	return at, err
}
