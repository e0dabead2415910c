package ewsserver

import (
	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// updateFolder changes properties of folders. [MS-OXWSFOLD] 3.1.4.8
func (c *call) updateFolder(req *ews.UpdateFolder) (*ews.UpdateFolderResponse, error) {
	resp := &ews.UpdateFolderResponse{ResponseMessages: make([]ews.FolderInfoResponseMessage, len(req.FolderChanges))}
	for i := range req.FolderChanges {
		m := &resp.ResponseMessages[i]
		if err := c.changeFolder(m, &req.FolderChanges[i]); err != nil {
			*m = ews.FolderInfoResponseMessage{ResponseMessage: c.fail(err)}
		}
	}
	return resp, nil
}

func (c *call) changeFolder(m *ews.FolderInfoResponseMessage, change *ews.FolderChange) error {
	ref, err := c.folder(&change.ID)
	if err != nil {
		return err
	}
	e := folderEdit{c: c, view: ref.view}
	// Names for properties are made for those alone whose change can succeed.
	if !ref.folder.Rights.Has(access.FolderOwner) {
		return refused(ref.view, ref.folder, access.FolderOwner, mailbox.DeniedOwner)
	}
	if e.tags, err = c.extendedTags(ref.view, true, valuesOf(change.Updates)); err != nil {
		return err
	}
	f, err := ref.view.UpdateFolder(c.ctx, ref.folder.ID, ref.change, func(f *mailbox.Folder) error {
		e.f, e.table = f, nil
		return e.apply(change.Updates)
	})
	switch {
	case isReason(err, mailbox.FolderDistinguished):
		return &ews.Fault{Code: ews.ErrorFolderSavePropertyError, Text: "A folder that every mailbox has keeps its name."}
	case err != nil:
		return err
	}
	ref.folder = f
	return c.changedFolder(m, ref)
}

// apply does all changes to one folder, or none: the caller's transaction ends
// with the error.
func (e *folderEdit) apply(updates []ews.FolderChangeDescription) error {
	for i := range updates {
		u := &updates[i]
		var err error
		switch {
		case u.SetFolderField != nil:
			err = e.setField(u.SetFolderField)
		case u.DeleteFolderField != nil:
			err = e.clear(&u.DeleteFolderField.Path)
		case u.AppendToFolderField != nil:
			// No property of folders can be appended to. [MS-OXWSFOLD] 3.1.4.8
			err = &propertyError{ews.ErrorInvalidPropertyAppend, u.AppendToFolderField.Path}
		}
		if err != nil {
			return err
		}
	}
	return e.finish()
}

// valuesOf are the values that changes set.
func valuesOf(updates []ews.FolderChangeDescription) []ews.Value {
	var values []ews.Value
	for i := range updates {
		if s := updates[i].SetFolderField; s != nil {
			values = append(values, s.Folder.Values...)
		}
	}
	return values
}

// setField sets the one property a description is about.
func (e *folderEdit) setField(s *ews.SetFolderField) error {
	if len(s.Folder.Values) != 1 {
		return &propertyError{ews.ErrorIncorrectUpdatePropertyCount, s.Path}
	}
	v := &s.Folder.Values[0]
	return e.set(v)
}
