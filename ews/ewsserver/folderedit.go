package ewsserver

import (
	"slices"

	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// A folderEdit puts what a client sent into a folder.
type folderEdit struct {
	c    *call
	view *mailbox.View
	f    *mailbox.Folder
	// table is the permission table that was sent, nil if none was; sent is how it
	// was written.
	table []access.Entry
	sent  any
	// tags are the extended properties that are set.
	tags map[*ews.ExtendedFieldURI]mailbox.Prop
}

// finish puts the permission table where it belongs, once the folder's class is
// what it will be.
func (e *folderEdit) finish() error {
	if e.table == nil {
		return nil
	}
	e.f.Table.Entries = e.table
	return fitsClass(e.sent, e.f.Class)
}

// set gives a property a value.
func (e *folderEdit) set(v *ews.Value) error {
	switch v.Field {
	case ews.FieldFolderDisplayName:
		e.f.Name, _ = v.V.(string)
	case ews.FieldFolderClass:
		e.f.Class, _ = v.V.(string)
	case ews.FieldFolderPermissionSet:
		var err error
		e.table, err = e.c.entriesOf(v.V)
		e.sent = v.V
		return err
	case ews.FieldExtendedProperty:
		return e.setExtended(v)
	default:
		return &propertyError{ews.ErrorInvalidPropertySet, pathOf(v)}
	}
	return nil
}

func (e *folderEdit) setExtended(v *ews.Value) error {
	tag, ok := e.tags[v.Ext]
	if !ok {
		return &propertyError{ews.ErrorInvalidPropertySet, pathOf(v)}
	}
	value, _ := v.V.(ews.ExtendedValue)
	var bag mailbox.Props
	if err := setExtended(&bag, tag, v.Ext.PropertyType, value); err != nil {
		return err
	}
	switch tag {
	case mailbox.PidTagDisplayName:
		e.f.Name = bag.String(tag)
	case mailbox.PidTagContainerClass:
		e.f.Class = bag.String(tag)
	case mailbox.PidTagAttributeHidden:
		e.f.Hidden = bag.Bool(tag)
	default:
		if folderComputed(tag) {
			return &propertyError{ews.ErrorInvalidPropertySet, pathOf(v)}
		}
		e.f.Props.Copy(&bag, tag)
	}
	return nil
}

// clear removes a property.
func (e *folderEdit) clear(path *ews.PathToElement) error {
	cannot := &propertyError{ews.ErrorInvalidPropertyDelete, *path}
	if f := path.FieldURI; f != nil && string(f.FieldURI) == ews.FieldFolderPermissionSet.URI() && grantsNothing(e.f.Table.Entries) {
		// exchangelib takes away what it has not read whenever it saves a folder.
		// Where nothing is granted, nothing is lost; a table that grants
		// something goes only when a client sends another.
		return nil
	}
	if path.ExtendedFieldURI == nil {
		return cannot
	}
	tags, err := e.c.props(e.view, []*ews.ExtendedFieldURI{path.ExtendedFieldURI}, false)
	if err != nil {
		return err
	}
	switch tag := tags[0]; {
	case tag == mailbox.PidTagAttributeHidden:
		e.f.Hidden = false
	case tag == mailbox.PidTagDisplayName || tag == mailbox.PidTagContainerClass || folderComputed(tag):
		return cannot
	default:
		e.f.Props.Delete(tag)
	}
	return nil
}

func grantsNothing(entries []access.Entry) bool {
	return !slices.ContainsFunc(entries, func(e access.Entry) bool { return e.Rights != 0 })
}

// folderComputed reports whether a property follows from what is in a folder,
// so that nobody can set it.
func folderComputed(p mailbox.Prop) bool {
	switch p {
	case mailbox.PidTagContentCount, mailbox.PidTagContentUnreadCount, mailbox.PidTagSubfolders, mailbox.PidTagMessageSize,
		mailbox.PidTagCreationTime, mailbox.PidTagLastModificationTime, mailbox.PidTagLocalCommitTimeMax,
		mailbox.PidTagEntryID, mailbox.PidTagFolderID, mailbox.PidTagChangeKey,
		pidTagArticleNumberNext, pidTagArticleNumberLast:
		return true
	}
	return false
}
