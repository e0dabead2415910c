package mailbox

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// The encoding of a permission table: a version byte, then for each entry its
// kind, its rights (uvarint) and, with a length before it, its SID or, of somebody
// of another organization, his address.
const permissionsVersion = 1

var errPermissions = errors.New("damaged permission table")

func appendPermissions(dst []byte, entries []access.Entry) []byte {
	dst = append(dst, permissionsVersion)
	for _, e := range entries {
		dst = append(dst, byte(e.Who))
		dst = binary.AppendUvarint(dst, uint64(e.Rights))
		dst = append(binary.AppendUvarint(dst, uint64(len(nameOf(&e)))), nameOf(&e)...)
	}
	return dst
}

// nameOf is what tells an entry from others of its kind: a SID or, of an
// ExternalUser, an address. No address is a SID.
func nameOf(e *access.Entry) entente.SID {
	if e.Who == access.ExternalUser {
		return entente.SID(e.External)
	}
	return e.SID
}

// entryNamed makes an entry of what nameOf returns.
func entryNamed(who access.EntryKind, name entente.SID, r access.Rights) access.Entry {
	if who == access.ExternalUser {
		return access.Entry{Who: who, External: entente.SMTPAddress(name), Rights: r}
	}
	return access.Entry{Who: who, SID: name, Rights: r}
}

func parsePermissions(b []byte) ([]access.Entry, error) {
	s := string(b)
	if s == "" || s[0] != permissionsVersion {
		return nil, errPermissions
	}
	entries := make([]access.Entry, 0, 2)
	for s = s[1:]; s != ""; {
		who := access.EntryKind(s[0])
		rights, rest, ok := uvarint(s[1:])
		n, rest, ok2 := uvarint(rest)
		if who > access.ExternalUser || !ok || !ok2 || n > uint64(len(rest)) || access.Rights(rights)&^access.FolderRights != 0 {
			return nil, errPermissions
		}
		entries = append(entries, entryNamed(who, entente.SID(rest[:n]), access.Rights(rights)))
		s = rest[n:]
	}
	return entries, nil
}

// want asks for rights on a folder. Of a folder the caller may not know, the
// error says that there is none.
func (v *View) want(tx *db.Tx, t *access.FolderTable, r access.Rights) error {
	_, err := v.permit.Folder(t, r)
	if err == nil {
		return v.readOnly(t.Class, r)
	}
	var e *entente.Error
	if !errors.As(err, &e) || e.Kind == entente.NotFound || e.Reason == access.NotVisible {
		if known, err := v.knows(tx, t); err != nil || known == 0 {
			return cmp.Or(err, noFolder())
		}
	}
	return &entente.Error{Kind: entente.Denied, Reason: Denial(r), Text: "the folder's permissions do not allow this", Err: err}
}

// Denial is the reason of a refusal of rights in a folder that the caller may know
// of.
func Denial(r access.Rights) entente.Reason {
	switch {
	case r.Has(access.FolderOwner):
		return DeniedOwner
	case r.Has(access.CreateSubFolder):
		return DeniedCreateSubFolder
	case r.Has(access.Create):
		return DeniedCreateItem
	case r&(access.EditAny|access.EditOwned) != 0:
		return DeniedEdit
	case r&(access.DeleteAny|access.DeleteOwned) != 0:
		return DeniedDelete
	}
	return DeniedRead
}

// visibly are the rights that let their holder know of a folder. Delegates'
// roles come without FolderVisible, [MS-OXODLGT] 2.2.1. Free/busy rights are
// not among them: they are exercised by name, not by looking around.
var visibly = [...]access.Rights{
	access.FolderVisible, access.ReadAny, access.FolderOwner, access.Create,
	access.EditAny, access.DeleteAny, access.CreateSubFolder,
}

// seen is the right by which a holder of rights knows of the folder; 0 if he
// does not.
func seen(rights access.Rights) access.Rights {
	for _, r := range visibly {
		if rights.Has(r) {
			return r
		}
	}
	return 0
}

// see asks to know of the folder, and returns all the caller may do in it, what
// is granted there item by item included.
func (v *View) see(tx *db.Tx, t *access.FolderTable) (access.Rights, error) {
	rights := v.permit.FolderRights(t)
	by := seen(rights)
	if by == 0 {
		if granted, err := v.knows(tx, t); err != nil || granted != 0 {
			return granted, err
		}
		by = access.FolderVisible // refused, and so on record
	}
	return rights, v.want(tx, t, by)
}

// alter asks to edit or delete an item: any, or one's own.
func (v *View) alter(tx *db.Tx, t *access.FolderTable, creator string, whole, own access.Rights) error {
	if v.full {
		return v.want(tx, t, whole)
	}
	if r := v.permit.FolderRights(t); !r.Has(whole) && r.Has(own) && creator != "" && creator == string(v.subject().SID) {
		whole = own
	}
	return v.want(tx, t, whole)
}

// SetPermissions replaces a folder's permission table. It needs FolderOwner.
// Each account or group, Default and Anonymous may stand in it once; Default
// and Anonymous that are missing are added without rights. What people of other
// organizations are given that they have not yet, the owner's sharing policy must
// allow; errors then have the reasons of access.Snapshot.MayShare.
func (v *View) SetPermissions(ctx context.Context, id FolderID, entries []access.Entry) (uint64, error) {
	entries, err := v.checkPermissions(entries)
	if err != nil {
		return 0, err
	}
	var change uint64
	err = v.db.Update(ctx, func(tx *db.Tx) error {
		f, err := v.folder(tx, id)
		if err != nil {
			return err
		}
		if err := v.want(tx, &f.Table, access.FolderOwner); err != nil {
			return err
		}
		if err := v.mayShare(f.Class, f.Table.Entries, entries); err != nil {
			return err
		}
		change, err = v.storePermissions(tx, id, entries)
		return err
	})
	return change, err
}

// mayShare asks the owner's sharing policy about what entries of people of other
// organizations have beyond those there are.
func (v *View) mayShare(class string, old, entries []access.Entry) error {
	shared := strings.EqualFold(class, SharedCalendarClass)
	for i := range entries {
		e := &entries[i]
		if e.Who != access.ExternalUser || e.Rights == 0 {
			continue
		}
		if had := held(old, e); had != NoEntry && access.Rights(had).Has(e.Rights) {
			continue
		}
		if shared { // what another shares is not his to share
			return entente.Errorf(entente.Denied, "what somebody of another organization shares is not shared on").Because(access.SharingDisabled)
		}
		if err := v.permit.MayShare(e.External.Domain(), class, e.Rights); err != nil {
			return err
		}
	}
	return nil
}

// storePermissions stores a table that was checked. Rights were asked for. It is
// the one place where tables change, and keeps by whom if he acts for another.
func (v *View) storePermissions(tx *db.Tx, id FolderID, entries []access.Entry) (uint64, error) {
	change, err := v.numbers(tx, 1, 0)
	if err != nil {
		return 0, err
	}
	old, err := v.table(tx, id)
	if err != nil {
		return 0, err
	}
	if err := v.given(tx, change, id, old.Entries, entries); err != nil {
		return 0, err
	}
	_, err = tx.Exec(`UPDATE folder SET permissions = $3, change_number = $4, modified = $5 WHERE mailbox_id = $1 AND folder_id = $2`,
		v.key, id, appendPermissions(nil, entries), change, Ticks(v.s.now()))
	v.changed(tx)
	return change, err
}

func (v *View) checkPermissions(entries []access.Entry) ([]access.Entry, error) {
	if len(entries) > v.s.limits.Permissions {
		return nil, entente.Errorf(entente.TooLarge, "a folder takes %d permissions at most", v.s.limits.Permissions).Because(PermissionLimit)
	}
	type who struct {
		kind access.EntryKind
		sid  entente.SID
	}
	had := map[who]bool{}
	out := make([]access.Entry, 0, len(entries)+2)
	for _, e := range entries {
		if e.Who > access.ExternalUser || (e.Who == access.Named) != (e.SID != "") || (e.Who == access.ExternalUser) != (e.External != "") {
			return nil, entente.Errorf(entente.Invalid, "a permission needs somebody it is for")
		}
		if e.Who == access.ExternalUser {
			var err error
			if e.External, err = entente.ParseSMTPAddress(string(e.External)); err != nil {
				return nil, err
			}
		}
		if had[who{e.Who, nameOf(&e)}] {
			return nil, entente.Errorf(entente.Invalid, "two permissions for the same account").Because(DuplicatePermission)
		}
		had[who{e.Who, nameOf(&e)}] = true
		e.Rights = (e.Rights & access.FolderRights).Complete()
		out = append(out, e)
	}
	for _, k := range []access.EntryKind{access.Default, access.Anonymous} {
		if !had[who{k, ""}] {
			out = append(out, access.Entry{Who: k})
		}
	}
	return out, nil
}
