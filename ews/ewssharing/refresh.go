package ewssharing

import (
	"context"
	"errors"
	"time"

	"entente"
	"entente/availability"
	"entente/clientaccess"
	"entente/ews"
	"entente/mailbox"
)

const (
	// A folder is brought up to date at most so often, and tried anew after a
	// failure.
	refreshEvery = 5 * time.Minute
	retryEvery   = 30 * time.Second

	refreshTime = 2 * time.Minute // all of it
	pageSize    = 200             // changes asked for at a time
	itemsAtOnce = 20              // items read at a time
	maxPages    = 100
)

// Refresh brings the folder up to date with the one it takes after, unless that
// was done a moment ago. Of a folder that takes after none the error says that
// there is none. [MS-OXWSMSHR] 3.1.4.3
func (s *Service) Refresh(ctx context.Context, id entente.MailboxID, folder mailbox.FolderID) error {
	u, err := s.subscription(ctx, id, folder)
	if err != nil {
		return err
	}
	age := s.Now().Sub(u.Refreshed)
	switch {
	case u.Failed == "" && age < refreshEvery:
		return nil
	case u.Failed != "" && age < retryEvery:
		return refreshFailed(u.Failed, nil)
	}
	return s.refresh(ctx, u)
}

func refreshFailed(reason entente.Reason, err error) error {
	text := "the folder could not be brought up to date with the one that is shared"
	if reason == NoExternalEWS {
		text = "where the owner's server is could not be found out"
	}
	return &entente.Error{Kind: entente.Unavailable, Reason: reason, Text: text, Err: err}
}

// refresh does so now, if nobody else does.
func (s *Service) refresh(ctx context.Context, u *Subscription) error {
	if !s.begin(u.key()) {
		return nil
	}
	defer s.end(u.key())
	ctx, cancel := context.WithTimeout(ctx, refreshTime)
	defer cancel()
	err := s.copy(ctx, u)
	u.Refreshed, u.Failed = s.Now(), ""
	if err != nil {
		s.Log.Warn("a shared folder is not refreshed", "owner", string(u.Owner), "mailbox", u.Mailbox.String(), "err", err)
		u.Failed = reasonOf(err)
		err = refreshFailed(u.Failed, err)
	}
	return errors.Join(err, s.keep(context.WithoutCancel(ctx), u))
}

func (s *Service) begin(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[key] {
		return false
	}
	s.busy[key] = true
	return true
}

func (s *Service) end(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, key)
}

func reasonOf(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) && e.Reason == availability.PartnerDiscoveryFailed {
		return NoExternalEWS
	}
	return SyncFailed
}

// copy does the work in a session of the mailbox's owner, in whose name the other
// server is asked.
func (s *Service) copy(ctx context.Context, u *Subscription) error {
	me, ok := s.Directory.Snapshot().FindMailbox(u.Mailbox)
	if !ok {
		return entente.Errorf(entente.NotFound, "nobody has the mailbox")
	}
	session := s.Door.Local(me.Principal, "sharing.Refresh")
	c := &copying{s: s, u: u, session: session}
	err := c.run(ctx)
	code := ""
	if err != nil {
		code = string(ews.ErrorSharingSynchronizationFailed)
	}
	return errors.Join(err, session.Finish(context.WithoutCancel(ctx), code))
}

// A copying is one refresh at work.
type copying struct {
	s       *Service
	u       *Subscription
	session *clientaccess.Session
	view    *mailbox.View
	here    map[string]mailbox.ItemID // what is here, by the ids it has there
	seen    map[string]bool           // of a copy from the beginning
}

func (c *copying) run(ctx context.Context) (err error) {
	if c.view, err = c.session.Own(ctx); err != nil {
		return err
	}
	f, err := c.view.Folder(ctx, c.u.Folder)
	if err != nil {
		return err
	}
	if f.Class != mailbox.SharedCalendarClass {
		return entente.Errorf(entente.Invalid, "the folder is not one that takes after another any more")
	}
	if err := c.list(ctx); err != nil {
		return err
	}
	err = c.pages(ctx)
	if code := codeOf(err); code == ews.ErrorInvalidSyncStateData && c.u.state != "" {
		c.u.state = "" // of another time: begin anew
		err = c.pages(ctx)
	}
	if codeOf(err) == ews.ErrorAccessDenied {
		err = c.times(ctx) // the items are not for us, the times may be
	}
	return err
}

// list finds out what is here.
func (c *copying) list(ctx context.Context) error {
	c.here = map[string]mailbox.ItemID{}
	for offset := 0; ; {
		p, err := c.view.Find(ctx, mailbox.Query{Folder: c.u.Folder, Paging: mailbox.Paging{Offset: offset, Max: mailbox.MaxPage}})
		if err != nil {
			return err
		}
		for _, it := range p.Items {
			if id := it.SharedID(); id != "" {
				c.here[id] = it.ID
			}
		}
		if p.Last || p.NextOffset <= offset {
			return nil
		}
		offset = p.NextOffset
	}
}

// pages follows the changes there, to their end.
func (c *copying) pages(ctx context.Context) error {
	c.seen = nil
	if c.u.state == "" {
		c.seen = map[string]bool{}
	}
	for range maxPages {
		last, err := c.page(ctx)
		if err != nil {
			return err
		}
		if last {
			return c.forget(ctx)
		}
	}
	return entente.Errorf(entente.TooLarge, "there are more changes than one refresh takes over")
}

func (c *copying) page(ctx context.Context) (last bool, err error) {
	var a ews.SyncFolderItemsResponse
	err = c.ask(ctx, &ews.SyncFolderItems{
		ItemShape:    ews.ItemResponseShape{BaseShape: ews.ShapeIDOnly},
		SyncFolderID: ews.TargetFolderID{FolderID: &ews.FolderID{ID: c.u.RemoteID}},
		SyncState:    c.u.state, MaxChangesReturned: pageSize,
	}, &a)
	if err != nil {
		return false, err
	}
	if len(a.ResponseMessages) != 1 {
		return false, notUnderstood()
	}
	m := &a.ResponseMessages[0]
	if err := failure(&m.ResponseMessage); err != nil {
		return false, err
	}
	changed, gone := sorted(m.Changes)
	if err := c.take(ctx, changed); err != nil {
		return false, err
	}
	if err := c.drop(ctx, gone); err != nil {
		return false, err
	}
	c.u.state = m.SyncState
	return m.IncludesLastItemInRange == nil || *m.IncludesLastItemInRange, nil
}

// sorted tells what is new or changed from what is gone, by ids there.
func sorted(changes []ews.SyncFolderItemsChange) (changed, gone []string) {
	for i := range changes {
		switch x := &changes[i]; {
		case x.Create != nil:
			changed = appendID(changed, &x.Create.Item)
		case x.Update != nil:
			changed = appendID(changed, &x.Update.Item)
		case x.Delete != nil:
			gone = append(gone, x.Delete.ItemID.ID)
		}
	}
	return changed, gone
}

func appendID(ids []string, it *ews.Item) []string {
	if x, _ := it.Get(ews.FieldItemId); x != nil {
		if id, ok := x.(*ews.ItemID); ok {
			return append(ids, id.ID)
		}
	}
	return ids
}

// take reads items there and writes them here.
func (c *copying) take(ctx context.Context, ids []string) error {
	for len(ids) > 0 {
		some := ids[:min(len(ids), itemsAtOnce)]
		ids = ids[len(some):]
		q := &ews.GetItem{ItemShape: ews.ItemResponseShape{BaseShape: ews.ShapeIDOnly, IncludeMimeContent: true}}
		for _, id := range some {
			q.ItemIDs = append(q.ItemIDs, ews.BaseItemID{ItemID: &ews.ItemID{ID: id}})
		}
		var a ews.GetItemResponse
		if err := c.ask(ctx, q, &a); err != nil {
			return err
		}
		if len(a.ResponseMessages) != len(some) {
			return notUnderstood()
		}
		for i, id := range some {
			if err := c.takeOne(ctx, id, &a.ResponseMessages[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeOne writes one item here. One that is gone there by now is none, and of
// one that cannot be read here there is nothing to show.
func (c *copying) takeOne(ctx context.Context, id string, m *ews.ItemInfoResponseMessage) error {
	content := mimeOf(m)
	if content == nil {
		return c.drop(ctx, []string{id})
	}
	if c.seen != nil {
		c.seen[id] = true
	}
	set := func(it *mailbox.Item) error {
		it.Class = "IPM.Appointment"
		if err := it.SetMIME(content, mailbox.ConvertOptions{Zones: c.view.Zones()}); err != nil {
			return err
		}
		it.SetShared(id)
		return nil
	}
	if known, ok := c.here[id]; ok {
		_, err := c.view.UpdateItem(ctx, known, 0, mailbox.AllParts, set)
		return unreadable(err)
	}
	it := &mailbox.Item{Parts: mailbox.AllParts, Read: true}
	if err := set(it); err != nil {
		return unreadable(err)
	}
	if err := c.view.CreateItem(ctx, c.u.Folder, it); err != nil {
		return err
	}
	c.here[id] = it.ID
	return nil
}

func unreadable(err error) error {
	var e *entente.Error
	if errors.As(err, &e) && e.Kind == entente.Invalid {
		return nil
	}
	return err
}

func mimeOf(m *ews.ItemInfoResponseMessage) []byte {
	if m.ResponseClass != ews.ResponseSuccess || len(m.Items) != 1 {
		return nil
	}
	x, _ := m.Items[0].Get(ews.FieldMimeContent)
	if c, ok := x.(*ews.MimeContent); ok && len(c.Content) > 0 {
		return c.Content
	}
	return nil
}

// drop takes away here what is gone there.
func (c *copying) drop(ctx context.Context, ids []string) error {
	var here []mailbox.ItemID
	for _, id := range ids {
		if it, ok := c.here[id]; ok {
			here = append(here, it)
			delete(c.here, id)
		}
	}
	if len(here) == 0 {
		return nil
	}
	_, err := c.view.DeleteItems(ctx, here, mailbox.HardDelete)
	return err
}

// forget takes away what a copy from the beginning has not seen.
func (c *copying) forget(ctx context.Context) error {
	if c.seen == nil {
		return nil
	}
	var gone []string
	for id := range c.here {
		if !c.seen[id] {
			gone = append(gone, id)
		}
	}
	return c.drop(ctx, gone)
}

func (c *copying) ask(ctx context.Context, q ews.Request, into ews.Response) error {
	return c.s.Owner.SharingRead(ctx, c.session.Caller(), c.u.Owner, q, into)
}

// A refusal is what the other server said instead of an answer.
type refusal struct{ code ews.ResponseCode }

func (r *refusal) Error() string { return "the other server answers " + string(r.code) }

func failure(m *ews.ResponseMessage) error {
	if m.ResponseClass == ews.ResponseSuccess {
		return nil
	}
	return &refusal{m.ResponseCode}
}

func codeOf(err error) ews.ResponseCode {
	var r *refusal
	if errors.As(err, &r) {
		return r.code
	}
	return ""
}

func notUnderstood() error {
	return entente.Errorf(entente.Unavailable, "the other server's answer is not understood")
}
