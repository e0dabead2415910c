package ewsserver

import (
	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// createFolder makes folders in a folder. [MS-OXWSFOLD] 3.1.4.2
func (c *call) createFolder(req *ews.CreateFolder) (*ews.CreateFolderResponse, error) {
	parent, parentErr := c.target(&req.ParentFolderID)
	if isReason(parentErr, mailbox.FolderNotFound) {
		parentErr = &ews.Fault{Code: ews.ErrorParentFolderNotFound}
	}
	resp := &ews.CreateFolderResponse{ResponseMessages: make([]ews.FolderInfoResponseMessage, len(req.Folders))}
	for i := range req.Folders {
		m, err := &resp.ResponseMessages[i], parentErr
		if err == nil {
			err = c.createFolderIn(m, parent, &req.Folders[i])
		}
		if err != nil {
			*m = ews.FolderInfoResponseMessage{ResponseMessage: c.fail(err)}
		}
	}
	return resp, nil
}

func (c *call) createFolderIn(m *ews.FolderInfoResponseMessage, parent folderRef, in *ews.Folder) error {
	class, err := newFolderClass(in)
	if err != nil {
		return err
	}
	// The setters work on a folder, so that is what the wishes are put on.
	f := &mailbox.Folder{Class: class}
	e := folderEdit{c: c, view: parent.view, f: f}
	if !parent.folder.Rights.Has(access.CreateSubFolder) {
		return refused(parent.view, parent.folder, access.CreateSubFolder, mailbox.DeniedCreateSubFolder)
	}
	if e.tags, err = c.extendedTags(parent.view, true, in.Values); err != nil {
		return err
	}
	for i := range in.Values {
		if err := e.set(&in.Values[i]); err != nil {
			return err
		}
	}
	if err := e.finish(); err != nil {
		return err
	}
	if f.Name == "" {
		return &ews.Fault{Code: ews.ErrorFolderSavePropertyError, Text: "A folder needs a DisplayName."}
	}
	f, err = parent.view.CreateFolder(c.ctx, parent.folder.ID, mailbox.NewFolder{
		Name: f.Name, Class: f.Class, Hidden: f.Hidden, Props: f.Props, Permissions: e.table,
	})
	if err != nil {
		return err
	}
	return c.changedFolder(m, folderRef{view: parent.view, folder: f})
}

// newFolderClass is the container class of the element; a class the client
// names must be of the same kind. [MS-OXWSFOLD] 2.2.4.1 FolderClass
func newFolderClass(in *ews.Folder) (string, error) {
	if in.Kind == ews.KindSearchFolder {
		return "", &ews.Fault{Code: ews.ErrorInvalidFolderTypeForOperation, Text: "Search folders are not available on this server."}
	}
	class := "IPF.Note"
	for _, k := range folderKinds {
		if k.kind == in.Kind {
			class = k.class
		}
	}
	named, ok := in.Get(ews.FieldFolderClass)
	if !ok {
		return class, nil
	}
	if text, _ := named.(string); in.Kind != ews.KindFolder && folderKind(text) != in.Kind {
		return "", &ews.Fault{Code: ews.ErrorNoFolderClassOverride}
	}
	return class, nil // FolderClass is set with the other properties
}
