package mailbox

import (
	"errors"

	"entente"
)

// Reasons of errors raised here, for the protocols' tables.
const (
	MailboxNotFound     entente.Reason = "mailbox-not-found"
	MailboxExists       entente.Reason = "mailbox-exists"
	FolderNotFound      entente.Reason = "folder-not-found"
	ParentNotFound      entente.Reason = "parent-folder-not-found"
	FolderExists        entente.Reason = "folder-exists"
	FolderName          entente.Reason = "folder-name"          // empty, too long, or with characters no name has
	FolderClass         entente.Reason = "folder-class"         // not a container class
	FolderDistinguished entente.Reason = "folder-distinguished" // may not be deleted, moved or renamed
	FolderIntoItself    entente.Reason = "folder-into-itself"   // moved or copied below itself
	FolderDepth         entente.Reason = "folder-depth"
	FolderLimit         entente.Reason = "folder-limit"
	StaleFolder         entente.Reason = "stale-folder"
	DuplicatePermission entente.Reason = "duplicate-permission"
	PermissionLimit     entente.Reason = "permission-limit"

	ItemNotFound        entente.Reason = "item-not-found"
	StaleChangeKey      entente.Reason = "stale-change-key"
	ItemClass           entente.Reason = "item-class"
	ItemTooLarge        entente.Reason = "item-too-large"
	AttachmentNotFound  entente.Reason = "attachment-not-found"
	AttachmentLimit     entente.Reason = "attachment-limit"
	AttachmentNesting   entente.Reason = "attachment-nesting"
	RecipientLimit      entente.Reason = "recipient-limit"
	QuotaExceeded       entente.Reason = "quota-exceeded"
	NamedPropertyLimit  entente.Reason = "named-property-limit"
	ConfigurationExists entente.Reason = "configuration-exists"
	ConfigurationAbsent entente.Reason = "configuration-not-found"
	ConfigurationName   entente.Reason = "configuration-name"

	// SyncStateInvalid says that a sync point cannot be continued: it is of
	// another folder or replica, or older than the deletions that are kept.
	// The client begins again.
	SyncStateInvalid entente.Reason = "sync-state-invalid"

	// Unrecorded is a fault of ours: a write that nothing would record.
	Unrecorded entente.Reason = "unrecorded"

	// What the folder's table does not allow: the folder or item is known to
	// the caller.
	DeniedRead            entente.Reason = "denied-read"
	DeniedCreateItem      entente.Reason = "denied-create-item"
	DeniedCreateSubFolder entente.Reason = "denied-create-subfolder"
	DeniedEdit            entente.Reason = "denied-edit"
	DeniedDelete          entente.Reason = "denied-delete"
	DeniedOwner           entente.Reason = "denied-owner"
)

func noFolder() error {
	return entente.Errorf(entente.NotFound, "the folder was not found").Because(FolderNotFound)
}

func noItem() error {
	return entente.Errorf(entente.NotFound, "the item was not found").Because(ItemNotFound)
}

func noAttachment() error {
	return entente.Errorf(entente.NotFound, "the attachment was not found").Because(AttachmentNotFound)
}

func noMailbox() error {
	return entente.Errorf(entente.NotFound, "the mailbox was not found").Because(MailboxNotFound)
}

// answer reports whether an error is one for whoever asked, of one item among
// several; anything else ends the whole call.
func answer(err error) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind != entente.Internal
}

// is reports whether an error has a reason.
func is(err error, r entente.Reason) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Reason == r
}
