package easserver

import (
	"context"
	"errors"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Statuses of ItemOperations. [MS-ASCMD] 2.2.3.177.8
const (
	operationInvalid     activesync.Status = 2
	operationFailed      activesync.Status = 3
	operationNoDocument  activesync.Status = 4 // there are no shares behind this server
	operationNotFound    activesync.Status = 6 // or access to it is denied
	operationRange       activesync.Status = 8
	operationStore       activesync.Status = 9
	operationTooLarge    activesync.Status = 11
	operationConversion  activesync.Status = 14
	operationAttachment  activesync.Status = 15
	operationDestination activesync.Status = 156
)

// What one request may ask for, and how much it is answered with.
const (
	maxOperations = 256
	maxFetched    = 48 << 20
)

// itemOperations fetches items and attachments, empties folders and moves
// conversations: each operation with a status of its own. [MS-ASCMD] 2.2.1.10
func (c *call) itemOperations() error {
	if c.body == nil {
		return &statusError{operationInvalid, "ItemOperations without a document"}
	}
	n := 0
	for range c.body.Children() {
		n++
	}
	if n == 0 || n > maxOperations {
		return &statusError{operationInvalid, "no operation, or too many"}
	}
	if c.body.Has(wbxml.ItemOperationsMove) || c.body.Has(wbxml.ItemOperationsEmptyFolderContents) {
		c.s.Operation(string(activesync.ItemOperations), true)
	}
	o := operations{call: c}
	if c.line.AcceptMultiPart {
		o.multi = new(multipart)
	}
	w := c.out
	w.Start(wbxml.ItemOperationsItemOperations)
	w.Int(wbxml.ItemOperationsStatus, int64(activesync.OK))
	w.Start(wbxml.ItemOperationsResponse)
	// The answer has them by their kind, in this order.
	for e := range c.body.All(wbxml.ItemOperationsMove) {
		o.move(e)
	}
	for e := range c.body.All(wbxml.ItemOperationsEmptyFolderContents) {
		o.empty(e)
	}
	for e := range c.body.All(wbxml.ItemOperationsFetch) {
		o.fetch(e)
	}
	w.End()
	w.End()
	if o.fatal != nil {
		return o.fatal
	}
	if o.multi != nil {
		c.answer.body, c.answer.contentType = o.multi.encode(w.Bytes()), multipartType
	}
	return nil
}

// operations are those of one request.
type operations struct {
	*call
	multi *multipart
	fatal error

	looked  int    // items, for conversations
	read    int    // bytes of attachments, one more for each
	lastRef string // the attachment that was read last
	last    file
}

// failed is the status of an operation's error. What concerns the whole request,
// that the store is away, ends it.
func (o *operations) failed(err error) activesync.Status {
	var mine *statusError
	var known *entente.Error
	switch {
	case errors.As(err, &mine) && mine.status == activesync.InvalidXML:
		return operationInvalid
	case errors.As(err, &mine):
		return mine.status
	case errors.As(err, &known) && known.Reason == mailbox.AttachmentNotFound:
		return operationAttachment
	case errors.As(err, &known) && (known.Kind == entente.NotFound || known.Kind == entente.Denied || known.Kind == entente.Invalid):
		return operationNotFound
	case errors.As(err, &known) && known.Kind == entente.TooLarge:
		return operationTooLarge
	}
	if o.fatal == nil {
		o.fatal = err
	}
	return operationFailed
}

// empty empties a folder of mail. What was in it can be recovered for a while.
// [MS-ASCMD] 2.2.3.67
func (o *operations) empty(in *wbxml.Element) {
	id := in.Get(wbxml.AirSyncCollectionId)
	w := o.out
	w.Start(wbxml.ItemOperationsEmptyFolderContents)
	o.status(wbxml.ItemOperationsStatus, o.emptied(id, in.Path(wbxml.ItemOperationsOptions, wbxml.ItemOperationsDeleteSubFolders) != nil))
	w.Text(wbxml.AirSyncCollectionId, id)
	w.End()
}

func (o *operations) emptied(id string, deep bool) activesync.Status {
	folder, ok := parseFolderID(id)
	if !ok {
		return operationNotFound
	}
	f, err := o.view.Folder(o.ctx, folder)
	if err != nil {
		return o.failed(err)
	}
	if !isMailFolder(f) { // appointments are called off, not swept away
		return operationInvalid
	}
	if err := o.view.EmptyFolder(o.ctx, folder, mailbox.SoftDelete, deep); err != nil {
		return o.failed(err)
	}
	return activesync.OK
}

func isMailFolder(f *mailbox.Folder) bool {
	return f.Class == "" || hasPrefixFold(f.Class, "IPF.Note") || hasPrefixFold(f.Class, "IPF.Imap")
}

// maxConversation is how many items one request has looked at for conversations.
const maxConversation = 50_000

// move moves the messages of a conversation to a folder. What comes to the
// conversation later stays where it arrives. [MS-ASCMD] 2.2.3.117.1
func (o *operations) move(in *wbxml.Element) {
	id := in.Child(wbxml.ItemOperationsConversationId)
	w := o.out
	w.Start(wbxml.ItemOperationsMove)
	var conversation []byte
	if id != nil {
		conversation = id.Content
	}
	o.status(wbxml.ItemOperationsStatus, o.moved(conversation, in.Get(wbxml.ItemOperationsDstFldId)))
	w.Opaque(wbxml.ItemOperationsConversationId, conversation)
	w.End()
}

func (o *operations) moved(conversation []byte, to string) activesync.Status {
	folder, ok := parseFolderID(to)
	if !ok {
		return operationDestination
	}
	f, err := o.view.Folder(o.ctx, folder)
	if err != nil || !isMailFolder(f) || f.Hidden {
		return operationDestination
	}
	ids, err := o.conversation(conversation, folder)
	switch {
	case err != nil:
		return o.failed(err)
	case len(ids) == 0:
		return operationNotFound
	}
	moved, err := o.view.MoveItems(o.ctx, ids, folder)
	if err != nil {
		return o.failed(err)
	}
	for _, m := range moved {
		if m.Err != nil {
			return o.failed(m.Err)
		}
	}
	return activesync.OK
}

// conversation finds the messages of a conversation: in the folders of mail but
// for one, and for those that keep what the owner has written or thrown away.
func (o *operations) conversation(id []byte, but mailbox.FolderID) (ids []mailbox.ItemID, err error) {
	root, err := o.view.FolderByName(o.ctx, mailbox.MsgFolderRoot)
	if err != nil || len(id) == 0 {
		return nil, err
	}
	folders, err := o.view.Folders(o.ctx, root.ID, true)
	if err != nil {
		return nil, err
	}
	for _, f := range folders {
		switch f.Distinguished {
		case mailbox.SentItems, mailbox.Drafts, mailbox.Outbox, mailbox.DeletedItems, mailbox.JunkEmail:
			continue
		}
		if f.ID == but || !isMailFolder(f) {
			continue
		}
		items, err := o.inConversation(o.ctx, f.ID, nil, id, &o.looked)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			ids = append(ids, it.ID)
		}
	}
	return ids, nil
}

// inConversation are the items of a folder that belong to a conversation. looked
// counts those that were looked at, over several folders.
func (c *call) inConversation(ctx context.Context, folder mailbox.FolderID, where *mailbox.Restriction, id []byte, looked *int) (list []*mailbox.Item, err error) {
	for offset, last := 0, false; !last && *looked < maxConversation; {
		page, err := c.view.Find(ctx, mailbox.Query{Folder: folder, Restrict: where, Paging: mailbox.Paging{Offset: offset}})
		if err != nil {
			return nil, err
		}
		for _, it := range page.Items {
			if string(c.view.ConversationID(it)) == string(id) {
				list = append(list, it)
			}
		}
		*looked += len(page.Items)
		offset, last = page.NextOffset, page.Last
	}
	return list, nil
}
