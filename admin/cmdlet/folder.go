package cmdlet

import (
	"strings"

	"entente"
	"entente/access"
	"entente/admin"
)

// FolderPermission is a row of Get-MailboxFolderPermission.
type FolderPermission struct {
	FolderName   string `json:"FolderName"`
	User         string `json:"User"`
	AccessRights string `json:"AccessRights"`
}

func folderCmdlets() []Cmdlet {
	folder := Parameter{Name: "Identity", First: true, Mandatory: true, Help: `The folder: MAILBOX:\PATH, such as anna@contoso.example:\Calendar.`}
	user := Parameter{Name: "User", Mandatory: true, Help: "Account, group, Default or Anonymous."}
	rights := Parameter{
		Name: "AccessRights", Kind: Enums, Mandatory: true, Values: access.FolderRightNames(),
		Help: "A role, or single rights.",
	}
	grant := func(name, synopsis string, isNew bool) Cmdlet {
		return Cmdlet{
			Name: name, Synopsis: synopsis, Verbs: "folder grant", Parameters: []Parameter{folder, user, rights},
			run: func(c *call) (any, error) {
				f, err := folderName(c.Text("Identity"))
				if err != nil {
					return nil, err
				}
				_, err = do[admin.Done](c, "folder", "grant", admin.GrantFolder{
					FolderName: f, To: c.Text("User"), Rights: c.list("AccessRights"), New: isNew, Old: !isNew,
				})
				if err != nil || c.planned != nil || !isNew {
					return nil, err
				}
				return FolderPermission{f.Folder, c.Text("User"), strings.Join(c.list("AccessRights"), ",")}, nil
			},
		}
	}
	return []Cmdlet{
		{
			Name: "Get-MailboxFolderPermission", Synopsis: "Show who may do what in a folder.", Verbs: "folder permissions",
			Parameters: []Parameter{folder, {Name: "User", Help: "Only this account's or group's."}},
			run:        getFolderPermission,
		},
		grant("Add-MailboxFolderPermission", "Grant rights in a folder to somebody who has none.", true),
		grant("Set-MailboxFolderPermission", "Change somebody's rights in a folder.", false),
		{
			Name: "Remove-MailboxFolderPermission", Synopsis: "Take somebody's rights in a folder back.", Verbs: "folder revoke",
			Parameters: []Parameter{folder, user},
			run: func(c *call) (any, error) {
				f, err := folderName(c.Text("Identity"))
				if err != nil {
					return nil, err
				}
				_, err = do[admin.Done](c, "folder", "revoke", admin.RevokeFolder{FolderName: f, To: c.Text("User")})
				return nil, err
			},
		},
	}
}

func getFolderPermission(c *call) (any, error) {
	f, err := folderName(c.Text("Identity"))
	if err != nil {
		return nil, err
	}
	all, err := get[[]admin.FolderPermissionInfo](c, "folder", "permissions", f)
	if err != nil {
		return nil, err
	}
	list := []FolderPermission{}
	for _, p := range all {
		if !c.Has("User") || strings.EqualFold(c.Text("User"), p.User) {
			list = append(list, FolderPermission{f.Folder, p.User, p.Rights})
		}
	}
	if len(list) == 0 && c.Has("User") {
		return nil, entente.Errorf(entente.NotFound, "There is no existing permission entry found for user: %s.", c.Text("User"))
	}
	return list, nil
}

// folderName reads MAILBOX:\PATH; without a path it is the top of the mailbox.
func folderName(identity string) (admin.FolderName, error) {
	mailbox, path, ok := strings.Cut(identity, `:`)
	path = strings.TrimLeft(path, `\`)
	if mailbox == "" || !ok && strings.Contains(identity, `\`) {
		return admin.FolderName{}, entente.Errorf(entente.Invalid, `The identity '%s' is not one of a folder: MAILBOX:\PATH`, identity)
	}
	if path == "" {
		path = "msgfolderroot"
	}
	return admin.FolderName{AccountName: admin.AccountName{Account: mailbox}, Folder: path}, nil
}
