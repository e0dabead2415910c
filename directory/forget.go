package directory

import (
	"entente"
	"entente/access"
	"entente/db"
)

// forgetMailbox removes what was granted on a mailbox.
func (c *Change) forgetMailbox(box entente.MailboxID) error {
	if _, err := write(c, permissionUnit(box), c.tx.Exec, `DELETE FROM directory_permission WHERE mailbox_id = $1`); err != nil {
		return err
	}
	rows, err := c.tx.Query(`SELECT id FROM directory_item_grant WHERE mailbox_id = $1 ORDER BY id`, box)
	return eachKey(rows, err, c.dropItemGrant)
}

// forget removes all rows of other tables that name a SID.
func (c *Change) forget(sid entente.SID) error {
	for _, f := range [...]func(entente.SID) error{
		c.forgetMember, c.forgetPermissions, c.forgetAssignments, c.forgetTokens,
	} {
		if err := f(sid); err != nil {
			return err
		}
	}
	rows, err := c.tx.Query(`SELECT id FROM directory_item_grant WHERE to_sid = $1 ORDER BY id`, sid)
	if err := eachKey(rows, err, c.dropItemGrant); err != nil {
		return err
	}
	if err := c.putAssigned(sid, ""); err != nil {
		return err
	}
	if err := c.forgetIdentities(sid); err != nil {
		return err
	}
	if err := c.forgetMedia(sid); err != nil {
		return err
	}
	if err := c.forgetDevices(sid); err != nil {
		return err
	}
	if _, err := write(c, addressUnit(sid), c.tx.Exec, `DELETE FROM directory_address WHERE sid = $1`); err != nil {
		return err
	}
	if _, err := write(c, administratorUnit(sid), c.tx.Exec, `DELETE FROM directory_administrator WHERE sid = $1`); err != nil {
		return err
	}
	_, err = c.tx.Exec(`DELETE FROM directory_key WHERE sid = $1`, sid)
	return err
}

func (c *Change) forgetMember(sid entente.SID) error {
	rows, err := c.tx.Query(`SELECT group_sid FROM directory_member WHERE member_sid = $1 ORDER BY group_sid`, sid)
	if err := eachKey(rows, err, func(group entente.SID) error { return c.dropMember(group, sid) }); err != nil {
		return err
	}
	rows, err = c.tx.Query(`SELECT member_sid FROM directory_member WHERE group_sid = $1 ORDER BY member_sid`, sid)
	return eachKey(rows, err, func(member entente.SID) error { return c.dropMember(sid, member) })
}

func (c *Change) dropMember(group, member entente.SID) error {
	n, err := write(c, memberUnit(group, member), c.tx.Exec, `DELETE FROM directory_member WHERE group_sid = $1 AND member_sid = $2`)
	if err == nil && n == 0 {
		return entente.Errorf(entente.NotFound, "the group has no such member")
	}
	return err
}

func (c *Change) forgetPermissions(sid entente.SID) error {
	rows, err := c.tx.Query(`SELECT DISTINCT mailbox_id FROM directory_permission WHERE to_sid = $1`, sid)
	return eachKey(rows, err, func(box entente.MailboxID) error {
		_, err := write(c, permissionUnit(box), c.tx.Exec, `DELETE FROM directory_permission WHERE mailbox_id = $1 AND to_sid = $2`, sid)
		return err
	})
}

// forgetAssignments removes those to a SID, and those over it alone: they would
// be left without anybody.
func (c *Change) forgetAssignments(sid entente.SID) error {
	rows, err := c.tx.Query(`SELECT id FROM directory_assignment
		WHERE assignee = $1 OR scope_name = $1 AND scope_kind IN ($2, $3) ORDER BY id`, sid, access.ScopeAccount, access.ScopeGroup)
	return eachKey(rows, err, c.RemoveAssignment)
}

func (c *Change) forgetTokens(sid entente.SID) error {
	rows, err := c.tx.Query(`SELECT id FROM directory_token WHERE sid = $1 ORDER BY id`, sid)
	return eachKey(rows, err, c.RevokeToken)
}

func (c *Change) dropItemGrant(id string) error {
	_, err := write(c, itemGrantUnit(id), c.tx.Exec, `DELETE FROM directory_item_grant WHERE id = $1`)
	return err
}

// eachKey runs f for every row's only column, after all are read: f may write.
func eachKey[K any](rows *db.Rows, err error, f func(K) error) error {
	var all []K
	var k K
	if err := each(rows, err, func() error {
		all = append(all, k)
		return nil
	}, &k); err != nil {
		return err
	}
	for _, k := range all {
		if err := f(k); err != nil {
			return err
		}
	}
	return nil
}
