package admin

import (
	"context"

	"entente"
	"entente/access"
	"entente/directory"
)

// PermissionInfo is what an account or group may do with a mailbox as a whole.
type PermissionInfo struct {
	To     string `json:"to"`
	Rights string `json:"rights"`
	Deny   bool   `json:"deny"`
}

// ListPermissions lists what is granted on a mailbox.
func (a *API) ListPermissions(ctx context.Context, q AccountName) ([]PermissionInfo, error) {
	x, err := a.withMailbox(ctx, q.Account)
	if err != nil {
		return nil, err
	}
	all, err := a.Directory.MailboxPermissions(ctx, x.Mailbox)
	list := make([]PermissionInfo, 0, len(all))
	for _, p := range all {
		list = append(list, PermissionInfo{a.nameOf(ctx, p.To), p.Rights.String(), p.Deny})
	}
	return list, err
}

// GrantPermission asks for rights on a mailbox, in place of those the same
// account or group had.
type GrantPermission struct {
	AccountName
	To     string   `json:"to" help:"Account or group that gets the rights." required:""`
	Rights []string `json:"rights" help:"full-access, send-as, send-on-behalf; read-private shows private items to who may read their folder, as a delegate's ViewPrivateItems does." required:""`
	Deny   bool     `json:"deny,omitempty" help:"Deny instead of grant."`
}

// GrantPermission grants or denies rights on a mailbox.
func (a *API) GrantPermission(ctx context.Context, q GrantPermission) (Done, error) {
	rights, err := permissionRights(q.Rights)
	if err != nil {
		return Done{}, err
	}
	return a.permission(ctx, "permission.grant", q.Account, q.To, rights, q.Deny)
}

// permissionRights reads the rights a mailbox as a whole can be granted by.
func permissionRights(names []string) (rights access.Rights, err error) {
	for _, r := range names {
		switch r {
		case "full-access":
			rights |= access.FullAccess
		case "send-as":
			rights |= access.SendAs
		case "send-on-behalf":
			rights |= access.SendOnBehalf
		case "read-private":
			rights |= access.ReadPrivate
		default:
			return 0, entente.Errorf(entente.Invalid, "right %q is none of full-access, send-as, send-on-behalf, read-private", r)
		}
	}
	if rights == 0 {
		return 0, entente.Errorf(entente.Invalid, "say which rights")
	}
	return rights, nil
}

// RevokePermission asks to take rights back.
type RevokePermission struct {
	AccountName
	To   string `json:"to" help:"Account or group that loses the rights." required:""`
	Deny bool   `json:"deny,omitempty" help:"What was denied, instead of what was granted."`
	Withdrawal
}

// RevokePermission takes back what was granted, or denied, and lists what was
// given under what was granted.
func (a *API) RevokePermission(ctx context.Context, q RevokePermission) (Withdrawn, error) {
	d, err := a.permission(ctx, "permission.revoke", q.Account, q.To, 0, q.Deny)
	if err != nil || q.Deny {
		return Withdrawn{Done: d.Done}, err
	}
	x, err := a.withMailbox(ctx, q.Account)
	if err != nil {
		return Withdrawn{}, err
	}
	to, err := a.grantee(ctx, q.To)
	if err != nil {
		return Withdrawn{}, err
	}
	return a.revoked(ctx, d.Done, x, to, q.Withdrawal)
}

func (a *API) permission(ctx context.Context, action, on, to string, rights access.Rights, deny bool) (Done, error) {
	x, err := a.withMailbox(ctx, on)
	if err != nil {
		return Done{}, err
	}
	sid, err := a.grantee(ctx, to)
	if err != nil {
		return Done{}, err
	}
	if rights != 0 && !deny {
		if err := a.notOneself(sid); err != nil {
			return Done{}, err
		}
	}
	err = a.change(ctx, action, []string{string(x.UPN), to}, func(c *directory.Change) error {
		return c.SetMailboxPermission(access.MailboxPermission{Mailbox: x.Mailbox, To: sid, Rights: rights, Deny: deny})
	})
	return Done{"rights of " + to + " on " + string(x.UPN) + " were changed"}, err
}
