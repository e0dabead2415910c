package easclient

import (
	"context"
	"fmt"
	"strconv"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// A Message is what the phone sends.
type Message struct {
	MIME []byte
	// Save says that a copy is to lie in Sent Items.
	Save bool
	// ClientID is the same however often the message is sent; empty for a new one.
	ClientID string
	// Folder and Item are what is answered or forwarded; Instance is the occurrence
	// of it, empty for all.
	Folder, Item, Instance string
	// Replace says that MIME has the original in it.
	Replace bool
}

// SendMail sends a message. [MS-ASCMD] 2.2.1.17
func (p *Phone) SendMail(ctx context.Context, m Message) error {
	return p.compose(ctx, activesync.SendMail, wbxml.ComposeMailSendMail, m)
}

// SmartReply answers a message, and the server adds that. [MS-ASCMD] 2.2.1.20
func (p *Phone) SmartReply(ctx context.Context, m Message) error {
	return p.compose(ctx, activesync.SmartReply, wbxml.ComposeMailSmartReply, m)
}

// SmartForward forwards a message, and the server adds that. [MS-ASCMD] 2.2.1.19
func (p *Phone) SmartForward(ctx context.Context, m Message) error {
	return p.compose(ctx, activesync.SmartForward, wbxml.ComposeMailSmartForward, m)
}

func (p *Phone) compose(ctx context.Context, cmd activesync.Command, root wbxml.Tag, m Message) error {
	if p.Speaks == 0 {
		if err := p.negotiate(ctx); err != nil {
			return err
		}
	}
	if !p.at(activesync.V140) {
		line := activesync.RequestLine{
			Command: cmd, SaveInSent: m.Save, CollectionID: m.Folder, ItemID: m.Item, Occurrence: m.Instance,
		}
		_, err := p.do(ctx, question{line: line, doc: m.MIME, mime: true})
		return err
	}
	if m.ClientID == "" {
		m.ClientID = newID()
	}
	w := wbxml.NewWriter(nil)
	w.Start(root)
	w.Text(wbxml.ComposeMailClientId, m.ClientID)
	if cmd != activesync.SendMail {
		w.Start(wbxml.ComposeMailSource)
		w.Text(wbxml.ComposeMailFolderId, m.Folder)
		w.Text(wbxml.ComposeMailItemId, m.Item)
		if m.Instance != "" {
			w.Text(wbxml.ComposeMailInstanceId, m.Instance)
		}
		w.End()
	}
	if m.Save {
		w.Empty(wbxml.ComposeMailSaveInSentItems)
	}
	if m.Replace {
		w.Empty(wbxml.ComposeMailReplaceMime)
	}
	w.Opaque(wbxml.ComposeMailMime, m.MIME)
	w.End()
	a, err := p.do(ctx, ask(cmd, w))
	if err != nil || a.Root == nil { // success says nothing
		return err
	}
	return p.good(cmd, a.Root, wbxml.ComposeMailStatus)
}

// The answers to an invitation. [MS-ASCMD] 2.2.3.195
const (
	Accept    = 1
	Tentative = 2
	Decline   = 3
)

// MeetingResponse answers an invitation and returns the id of the appointment that
// it became; of a declined one there is none. notify says that the server sends the
// answer to the organizer, which from 16.0 on it does. [MS-ASCMD] 2.2.1.11
func (p *Phone) MeetingResponse(ctx context.Context, folder, item string, answer int, notify bool) (calendarID string, err error) {
	if p.Speaks == 0 {
		if err := p.negotiate(ctx); err != nil {
			return "", err
		}
	}
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.MeetingResponseMeetingResponse)
	w.Start(wbxml.MeetingResponseRequest)
	w.Int(wbxml.MeetingResponseUserResponse, int64(answer))
	w.Text(wbxml.MeetingResponseCollectionId, folder)
	w.Text(wbxml.MeetingResponseRequestId, item)
	if notify && p.at(activesync.V160) {
		w.Empty(wbxml.MeetingResponseSendResponse)
	}
	w.End()
	w.End()
	a, err := p.do(ctx, ask(activesync.MeetingResponse, w))
	if err != nil {
		return "", err
	}
	r := a.Root.Child(wbxml.MeetingResponseResult)
	return r.Get(wbxml.MeetingResponseCalendarId), p.good(activesync.MeetingResponse, r, wbxml.MeetingResponseStatus)
}

// Move moves an item to another folder, and returns its id there.
// [MS-ASCMD] 2.2.1.12
func (p *Phone) Move(ctx context.Context, item, from, to string) (id string, err error) {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.MoveMoveItems)
	w.Start(wbxml.MoveMove)
	w.Text(wbxml.MoveSrcMsgId, item)
	w.Text(wbxml.MoveSrcFldId, from)
	w.Text(wbxml.MoveDstFldId, to)
	w.End()
	w.End()
	a, err := p.do(ctx, ask(activesync.MoveItems, w))
	if err != nil {
		return "", err
	}
	r := a.Root.Child(wbxml.MoveResponse)
	const success = 3
	status, err := strconv.Atoi(r.Get(wbxml.MoveStatus))
	if err != nil || status != success {
		return "", &StatusError{activesync.MoveItems, activesync.Status(status), "Response"}
	}
	id = r.Get(wbxml.MoveDstMsgId)
	if src, dst := p.Folders[from], p.Folders[to]; src != nil && src.Items[item] != nil {
		it := *src.Items[item]
		delete(src.Items, item)
		if dst != nil && dst.Key != "0" && dst.Items[id] == nil {
			it.ID, it.moved = id, true
			dst.Items[id] = &it
		}
	}
	return id, nil
}

// A Fetch is what is to be read of one item. Zero is the whole body as text.
type Fetch struct {
	Folder, Item string
	// Attachment is the FileReference of an attachment, instead of an item.
	Attachment string
	// LongID is the name that a search gave, instead of folder and item.
	LongID   string
	BodyType int
	// MultiPart asks for bodies beside the document instead of in it.
	MultiPart bool
}

// Fetch reads an item or an attachment. data is the body or the attachment.
// [MS-ASCMD] 2.2.1.10
func (p *Phone) Fetch(ctx context.Context, f Fetch) (properties *wbxml.Element, data []byte, err error) {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.ItemOperationsItemOperations)
	w.Start(wbxml.ItemOperationsFetch)
	w.Text(wbxml.ItemOperationsStore, "Mailbox")
	switch {
	case f.Attachment != "":
		w.Text(wbxml.AirSyncBaseFileReference, f.Attachment)
	case f.LongID != "":
		w.Text(wbxml.SearchLongId, f.LongID)
	default:
		w.Text(wbxml.AirSyncCollectionId, f.Folder)
		w.Text(wbxml.AirSyncServerId, f.Item)
	}
	if f.Attachment == "" {
		w.Start(wbxml.ItemOperationsOptions)
		if f.BodyType == 4 {
			w.Int(wbxml.AirSyncMIMESupport, 2)
		}
		w.Start(wbxml.AirSyncBaseBodyPreference)
		w.Int(wbxml.AirSyncBaseType, int64(max(1, f.BodyType)))
		w.End()
		w.End()
	}
	w.End()
	w.End()
	q := ask(activesync.ItemOperations, w)
	q.line.AcceptMultiPart = f.MultiPart
	a, err := p.do(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	if err := p.good(activesync.ItemOperations, a.Root, wbxml.ItemOperationsStatus); err != nil {
		return nil, nil, err
	}
	r := a.Root.Path(wbxml.ItemOperationsResponse, wbxml.ItemOperationsFetch)
	if err := p.good(activesync.ItemOperations, r, wbxml.ItemOperationsStatus); err != nil {
		return nil, nil, err
	}
	properties = r.Child(wbxml.ItemOperationsProperties)
	data, err = fetched(a, properties, f.Attachment != "")
	return properties, data, err
}

// fetched returns the body or the attachment, in the document or beside it.
func fetched(a *Answer, properties *wbxml.Element, attachment bool) ([]byte, error) {
	in := properties.Child(wbxml.AirSyncBaseBody)
	d := in.Child(wbxml.AirSyncBaseData)
	if attachment {
		in, d = properties, properties.Child(wbxml.ItemOperationsData)
	}
	if number := in.Get(wbxml.ItemOperationsPart); number != "" {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > len(a.Parts) {
			return nil, fmt.Errorf("%w: there is no part %q", ErrNotActiveSync, number)
		}
		return a.Parts[n-1], nil
	}
	if d == nil {
		return nil, nil
	}
	if attachment {
		return decoded(d)
	}
	return d.Content, nil
}

// EmptyFolder deletes all that lies in a folder. [MS-ASCMD] 2.2.3.61
func (p *Phone) EmptyFolder(ctx context.Context, folder string, subfolders bool) error {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.ItemOperationsItemOperations)
	w.Start(wbxml.ItemOperationsEmptyFolderContents)
	w.Text(wbxml.AirSyncCollectionId, folder)
	if subfolders {
		w.Start(wbxml.ItemOperationsOptions)
		w.Empty(wbxml.ItemOperationsDeleteSubFolders)
		w.End()
	}
	w.End()
	w.End()
	a, err := p.do(ctx, ask(activesync.ItemOperations, w))
	if err != nil {
		return err
	}
	if err := p.good(activesync.ItemOperations, a.Root, wbxml.ItemOperationsStatus); err != nil {
		return err
	}
	r := a.Root.Path(wbxml.ItemOperationsResponse, wbxml.ItemOperationsEmptyFolderContents)
	return p.good(activesync.ItemOperations, r, wbxml.ItemOperationsStatus)
}
