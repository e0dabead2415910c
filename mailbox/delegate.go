package mailbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"entente"
	"entente/access"
	"entente/db"
)

// Reasons of errors about delegates.
const (
	DelegateExists  entente.Reason = "delegate-exists"
	NotDelegate     entente.Reason = "not-a-delegate"
	DelegateInvalid entente.Reason = "delegate-invalid"
)

// A MeetingDelivery says what becomes of meeting messages to the owner of a
// mailbox. It is one for all his delegates. [MS-OXWSDLGM] 2.2.4.4
// DeliverMeetingRequestsType
type MeetingDelivery uint8

// The deliveries.
const (
	NoForward               MeetingDelivery = iota // delegates get none
	DelegatesOnly                                  // the owner's go to Deleted Items
	DelegatesAndMe                                 //
	DelegatesAndInformation                        // the owner's ask for no answer
	endOfMeetingDelivery
)

// Delegates are those who may act for the owner of a mailbox.
type Delegates struct {
	Delivery MeetingDelivery
	List     []Delegate
}

// A Delegate is one of them. What he may do in folders is in their permission
// tables; whether he may send for the owner, and see what is private, is not
// kept here.
type Delegate struct {
	SID    entente.SID
	Copies bool // he gets copies of meeting messages
}

const settingDelegates = "delegates"

// maxDelegates bounds the list. What a delegate gets copies of costs a delivery
// each.
const maxDelegates = 100

// delegateFolders are the folders that a delegate can be given a role in, in the
// order of [MS-OXWSDLGM] 2.2.4.3 DelegatePermissionsType.
var delegateFolders = [...]DistinguishedName{Calendar, Tasks, Inbox, Contacts, Notes, Journal}

// A DelegateRole is what a delegate may do in one of the folders; Set tells
// that something is said of it.
type DelegateRole struct {
	Set    bool
	Rights access.Rights
}

// DelegateRoles are roles in Calendar, Tasks, Inbox, Contacts, Notes and Journal.
type DelegateRoles [len(delegateFolders)]DelegateRole

// Delegates returns the delegates, to the owner of the mailbox.
func (v *View) Delegates(ctx context.Context) (Delegates, error) {
	var d Delegates
	err := v.setting(ctx, settingDelegates, &d)
	return d, err
}

// MeetingDelegates returns who gets copies of meeting messages to the owner, and
// how they are delivered. Delivery asks it, with a permit for FolderLookup.
func (v *View) MeetingDelegates(ctx context.Context) (MeetingDelivery, []entente.SID, error) {
	var d Delegates
	err := v.db.View(ctx, func(tx *db.Tx) error {
		var err error
		d, err = v.delegates(tx)
		return err
	})
	var to []entente.SID
	for _, one := range d.List {
		if one.Copies && d.Delivery != NoForward {
			to = append(to, one.SID)
		}
	}
	return d.Delivery, to, err
}

// SetMeetingDelivery says what becomes of meeting messages from now on.
func (v *View) SetMeetingDelivery(ctx context.Context, how MeetingDelivery) error {
	if how >= endOfMeetingDelivery {
		return entente.Errorf(entente.Invalid, "not a delivery of meeting messages")
	}
	return v.changeDelegates(ctx, func(_ *db.Tx, d *Delegates) error {
		d.Delivery = how
		return nil
	})
}

// DelegateRoles returns what the tables give an account itself in each of the
// folders.
func (v *View) DelegateRoles(ctx context.Context, sid entente.SID) (DelegateRoles, error) {
	var roles DelegateRoles
	err := v.db.View(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		var err error
		roles, err = v.delegateRoles(tx, sid)
		return err
	})
	return roles, err
}

func (v *View) delegateRoles(tx *db.Tx, sid entente.SID) (roles DelegateRoles, err error) {
	for i, name := range delegateFolders {
		f, err := v.folderByName(tx, name)
		if err != nil {
			return roles, err
		}
		if at := ofAccount(f.Table.Entries, sid); at >= 0 {
			roles[i] = DelegateRole{true, f.Table.Entries[at].Rights}
		}
	}
	return roles, nil
}

func ofAccount(entries []access.Entry, sid entente.SID) int {
	return slices.IndexFunc(entries, func(e access.Entry) bool { return e.Who == access.Named && e.SID == sid })
}

// A DelegateChange is what of one delegate is changed.
type DelegateChange struct {
	SID    entente.SID
	Roles  DelegateRoles // those not set stay; one without rights takes the entry away
	Copies *bool         // nil stays
}

// AddDelegate makes an account a delegate and writes its roles into the folders'
// tables, all or nothing. undo takes that back, for who cannot do the rest of
// what belongs to it. Errors have the reasons DelegateExists and
// DelegateInvalid. [MS-OXWSDLGM] 3.1.4.1
func (v *View) AddDelegate(ctx context.Context, c DelegateChange) (undo func(context.Context) error, err error) {
	return v.changeDelegate(ctx, &c, func(d *Delegates) (int, error) {
		if slices.ContainsFunc(d.List, func(o Delegate) bool { return o.SID == c.SID }) {
			return 0, entente.Errorf(entente.Conflict, "the user is already a delegate").Because(DelegateExists)
		}
		if len(d.List) >= maxDelegates {
			return 0, entente.Errorf(entente.TooLarge, "a mailbox has %d delegates at most", maxDelegates).Because(DelegateInvalid)
		}
		d.List = append(d.List, Delegate{SID: c.SID})
		return len(d.List) - 1, nil
	})
}

// UpdateDelegate changes a delegate as AddDelegate makes one. Errors have the
// reasons NotDelegate and DelegateInvalid. [MS-OXWSDLGM] 3.1.4.4
func (v *View) UpdateDelegate(ctx context.Context, c DelegateChange) (undo func(context.Context) error, err error) {
	return v.changeDelegate(ctx, &c, func(d *Delegates) (int, error) {
		i := slices.IndexFunc(d.List, func(o Delegate) bool { return o.SID == c.SID })
		if i < 0 {
			return 0, notDelegate()
		}
		return i, nil
	})
}

func notDelegate() error {
	return entente.Errorf(entente.NotFound, "the user is not a delegate").Because(NotDelegate)
}

func (v *View) changeDelegate(ctx context.Context, c *DelegateChange, pick func(*Delegates) (int, error)) (func(context.Context) error, error) {
	var before DelegateRoles
	var old []Delegate
	err := v.changeDelegates(ctx, func(tx *db.Tx, d *Delegates) error {
		old = slices.Clone(d.List)
		i, err := pick(d)
		if err != nil {
			return err
		}
		if c.Copies != nil {
			d.List[i].Copies = *c.Copies
		}
		if before, err = v.delegateRoles(tx, c.SID); err != nil {
			return err
		}
		calendar := before[0]
		if c.Roles[0].Set {
			calendar = c.Roles[0]
		}
		// Who answers for the owner must be able to write what he answers into the
		// calendar. [MS-OXODLGT]
		if d.List[i].Copies && !calendar.Rights.Has(access.LevelEditor&^access.FolderVisible) {
			return entente.Errorf(entente.Invalid, "a delegate who gets copies of meeting messages is an Editor of the calendar").Because(DelegateInvalid)
		}
		return v.setRoles(tx, c.SID, &c.Roles)
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		return v.changeDelegates(ctx, func(tx *db.Tx, d *Delegates) error {
			d.List = slices.DeleteFunc(d.List, func(o Delegate) bool { return o.SID == c.SID })
			for _, o := range old {
				if o.SID == c.SID {
					d.List = append(d.List, o)
				}
			}
			for i := range before {
				before[i].Set = before[i].Set || c.Roles[i].Set
			}
			return v.setRoles(tx, c.SID, &before)
		})
	}, nil
}

// RemoveDelegate makes an account a delegate no more and takes its entries out of
// the tables of the folders. An error has the reason NotDelegate.
// [MS-OXWSDLGM] 3.1.4.3
func (v *View) RemoveDelegate(ctx context.Context, sid entente.SID) error {
	return v.changeDelegates(ctx, func(tx *db.Tx, d *Delegates) error {
		was := len(d.List)
		d.List = slices.DeleteFunc(d.List, func(o Delegate) bool { return o.SID == sid })
		if len(d.List) == was {
			return notDelegate()
		}
		var none DelegateRoles
		for i := range none {
			none[i].Set = true
		}
		return v.setRoles(tx, sid, &none)
	})
}

// changeDelegates changes the list in one transaction with what follows from it.
func (v *View) changeDelegates(ctx context.Context, fn func(*db.Tx, *Delegates) error) error {
	return v.db.Update(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		// The first write: changes of one mailbox follow one another from here on.
		number, err := v.numbers(tx, 1, 0)
		if err != nil {
			return err
		}
		d, err := v.delegates(tx)
		if err != nil {
			return err
		}
		before := slices.Clone(d.List)
		if err := fn(tx, &d); err != nil {
			return err
		}
		if err := v.givenDelegates(tx, number, before, d.List); err != nil {
			return err
		}
		return v.storeDelegates(tx, &d)
	})
}

func (v *View) storeDelegates(tx *db.Tx, d *Delegates) error {
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return writeSetting(tx, v.key, settingDelegates, b)
}

func (v *View) delegates(tx *db.Tx) (d Delegates, err error) {
	b, err := readSetting(tx, v.key, settingDelegates)
	if err != nil || b == nil {
		return d, err
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("setting %s: %w", settingDelegates, err)
	}
	return d, nil
}

// setRoles writes an account's entries into the tables of the folders. The
// tables of folders in them stay as they are, as with any grant.
func (v *View) setRoles(tx *db.Tx, sid entente.SID, roles *DelegateRoles) error {
	for i, name := range delegateFolders {
		if !roles[i].Set {
			continue
		}
		f, err := v.folderByName(tx, name)
		if err != nil {
			return err
		}
		entries := f.Table.Entries
		at := ofAccount(entries, sid)
		switch rights := roles[i].Rights; {
		case rights == 0 && at < 0:
			continue
		case rights == 0:
			entries = slices.Delete(entries, at, at+1)
		case at < 0:
			entries = append(entries, access.Entry{SID: sid, Rights: rights})
		default:
			entries[at].Rights = rights
		}
		if entries, err = v.checkPermissions(entries); err != nil {
			return err
		}
		if _, err := v.storePermissions(tx, f.ID, entries); err != nil {
			return err
		}
	}
	return nil
}
