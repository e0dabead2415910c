package ewsserver

import (
	"context"
	"strings"

	"entente"
	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// What the four operations on delegates share. A delegate is made of three
// things: a line in the mailbox's list of delegates, entries in the tables of
// its folders, and rights on the mailbox as a whole. The first two are written
// in one transaction; the third, which lies in the directory, comes last when
// it is given and first when it is taken, so that a failure between them leaves
// nobody with more than he is said to have.

// delegator opens the mailbox whose delegates a request is about, for those who
// may do all in it.
func (c *call) delegator(box *ews.Mailbox) (*mailbox.View, error) {
	v, err := c.s.MailboxOf(c.ctx, box.EmailAddress)
	if err != nil {
		return nil, err
	}
	return v, c.s.May(v.Mailbox(), access.FullAccess)
}

// codeOfDelegate maps the reasons of the store.
func codeOfDelegate(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	case mailbox.DelegateExists:
		return ews.ErrorDelegateAlreadyExists, true
	case mailbox.NotDelegate:
		return ews.ErrorNotDelegate, true
	case mailbox.DelegateInvalid:
		return ews.ErrorDelegateValidationFailed, true
	}
	return "", false
}

// delegates does something for each of several users. What goes wrong with one
// is his alone. [MS-OXWSDLGM] 3.1.4.1.3.3
func (c *call) delegates(box entente.MailboxID, users []ews.UserID, do func(int, *access.Account) (*ews.DelegateUser, error)) (messages []ews.DelegateUserResponseMessage, done int) {
	had := map[entente.SID]bool{}
	for i := range users {
		var out *ews.DelegateUser
		a, err := c.delegateAccount(&users[i])
		if err == nil && had[a.SID] {
			err = &ews.Fault{Code: ews.ErrorDuplicateUserIdsSpecified}
		}
		if err == nil {
			had[a.SID] = true
			c.s.Target(box, string(a.SID))
			out, err = do(i, &a)
		}
		if err != nil {
			messages = append(messages, ews.DelegateUserResponseMessage{ResponseMessage: c.fail(err)})
			continue
		}
		done++
		messages = append(messages, ews.DelegateUserResponseMessage{ResponseMessage: ews.Success(), DelegateUser: out})
	}
	return messages, done
}

// delegateAccount finds the one account that all identifiers of a user name. A
// group is none: what a group may do stands in the folders' tables.
func (c *call) delegateAccount(id *ews.UserID) (access.Account, error) {
	if id.DistinguishedUser != "" {
		return access.Account{}, &ews.Fault{Code: ews.ErrorDistinguishedUserNotSupported}
	}
	if id.SID == "" && id.PrimarySMTPAddress == "" {
		return access.Account{}, &ews.Fault{Code: ews.ErrorInvalidDelegateUserId}
	}
	s := c.s.Snapshot()
	bySID, known := s.FindSID(entente.SID(id.SID))
	if id.PrimarySMTPAddress == "" {
		if !known {
			// One who is gone can still be taken off the list.
			if sid, err := entente.ParseSID(id.SID); err == nil {
				return access.Account{Principal: access.Principal{SID: sid}}, nil
			}
			return access.Account{}, &ews.Fault{Code: ews.ErrorInvalidDelegateUserId}
		}
		return bySID, nil
	}
	a, ok := s.FindSMTP(strings.TrimSpace(id.PrimarySMTPAddress))
	switch {
	case !ok:
		return a, &ews.Fault{Code: ews.ErrorDelegateNoUser}
	case id.SID != "" && (!known || bySID.SID != a.SID):
		return a, &ews.Fault{Code: ews.ErrorInvalidDelegateUserId}
	}
	return a, nil
}

// canBeDelegate reports whether an account can act for others: one that signs
// in, and can be written to.
func canBeDelegate(a *access.Account) error {
	switch {
	case a.UPN == "":
		return &ews.Fault{Code: ews.ErrorDelegateNoUser}
	case !a.Enabled && a.Master == "" || a.Mail == "":
		return &ews.Fault{Code: ews.ErrorDelegateValidationFailed, Text: "An account that does not sign in, or has no address, cannot be a delegate."}
	}
	return nil
}

// delegateLevels are the levels of [MS-OXWSDLGM] 2.2.4.2. In a calendar they
// show when the owner is busy, too.
var delegateLevels = [...]struct {
	level  ews.DelegateFolderPermissionLevel
	rights access.Rights
}{
	{ews.DelegateNone, access.LevelNone},
	{ews.DelegateReviewer, access.LevelReviewer},
	{ews.DelegateAuthor, access.LevelAuthor},
	{ews.DelegateEditor, access.LevelEditor},
}

// levelsOf are the levels in the order of mailbox.DelegateRoles.
func levelsOf(p *ews.DelegatePermissions) [len(mailbox.DelegateRoles{})]*ews.DelegateFolderPermissionLevel {
	return [...]*ews.DelegateFolderPermissionLevel{
		&p.CalendarFolderPermissionLevel, &p.TasksFolderPermissionLevel, &p.InboxFolderPermissionLevel,
		&p.ContactsFolderPermissionLevel, &p.NotesFolderPermissionLevel, &p.JournalFolderPermissionLevel,
	}
}

// delegateRoles reads the levels of a request.
func delegateRoles(p *ews.DelegatePermissions) (roles mailbox.DelegateRoles, err error) {
	if p == nil {
		return roles, nil
	}
	for i, level := range levelsOf(p) {
		if *level == "" {
			continue
		}
		roles[i].Set = true
		found := false
		for _, l := range delegateLevels {
			if l.level == *level {
				roles[i].Rights, found = l.rights, true
			}
		}
		if !found {
			// Custom is what a table says, never what a request can ask for.
			return roles, &ews.Fault{Code: ews.ErrorInvalidDelegatePermission}
		}
		if i == 0 && roles[i].Rights != 0 {
			roles[i].Rights |= access.LevelFreeBusyDetails
		}
	}
	return roles, nil
}

// shownRoles writes what tables give as levels. A role with or without
// FolderVisible is the same to a delegate. [MS-OXODLGT] 2.2.1
func shownRoles(roles *mailbox.DelegateRoles) *ews.DelegatePermissions {
	p := &ews.DelegatePermissions{}
	for i, level := range levelsOf(p) {
		*level = ews.DelegateCustom
		for _, l := range delegateLevels {
			if roles[i].Rights&^(notInLevels|access.FolderVisible) == l.rights&^access.FolderVisible {
				*level = l.level
			}
		}
	}
	return p
}

// delegateChange is what a request says of one delegate, without whom.
func delegateChange(u *ews.DelegateUser) (c mailbox.DelegateChange, err error) {
	c.Copies = u.ReceiveCopiesOfMeetingMessages
	c.Roles, err = delegateRoles(u.DelegatePermissions)
	return c, err
}

// grantDelegate gives a delegate what he holds on the mailbox as a whole, and
// takes back what was written before if that fails.
func (c *call) grantDelegate(v *mailbox.View, a *access.Account, private *bool, undo func(context.Context) error) error {
	give, take := access.SendOnBehalf, access.Rights(0)
	switch {
	case private == nil:
	case *private:
		give |= access.ReadPrivate
	default:
		take = access.ReadPrivate
	}
	err := c.s.SetDelegate(c.ctx, v.Mailbox(), a.SID, give, take)
	if err == nil {
		return nil
	}
	if failed := undo(context.WithoutCancel(c.ctx)); failed != nil {
		c.h.Log.Error("take a delegate back", "id", c.s.RequestID(), "err", failed)
	}
	return err
}

// setMeetingDelivery sets what becomes of meeting messages, if a request says so.
func (c *call) setMeetingDelivery(v *mailbox.View, how ews.DeliverMeetingRequests) error {
	for i, known := range deliveries {
		if known == how {
			return v.SetMeetingDelivery(c.ctx, mailbox.MeetingDelivery(i))
		}
	}
	return nil
}

// deliveries are the words for mailbox.MeetingDelivery.
var deliveries = [...]ews.DeliverMeetingRequests{
	mailbox.NoForward:               ews.NoForward,
	mailbox.DelegatesOnly:           ews.DelegatesOnly,
	mailbox.DelegatesAndMe:          ews.DelegatesAndMe,
	mailbox.DelegatesAndInformation: ews.DelegatesAndSendInformationToMe,
}

// delegateID names a delegate. One who is gone keeps his SID.
func (c *call) delegateID(sid entente.SID) ews.UserID {
	return c.userID(&access.Entry{SID: sid})
}
