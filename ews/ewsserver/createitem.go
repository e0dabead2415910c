package ewsserver

import (
	"entente/ews"
	"entente/mailbox"
)

// createItem answers CreateItem: items are saved, messages sent, meetings
// answered. [MS-OXWSCORE] 3.1.4.2
func (c *call) createItem(req *ews.CreateItem) (*ews.CreateItemResponse, error) {
	resp := &ews.CreateItemResponse{ResponseMessages: make([]ews.ItemInfoResponseMessage, len(req.Items))}
	for i := range req.Items {
		items, err := c.createOne(req, &req.Items[i])
		if err != nil {
			resp.ResponseMessages[i] = ews.ItemInfoResponseMessage{ResponseMessage: c.fail(err)}
			continue
		}
		resp.ResponseMessages[i] = ews.ItemInfoResponseMessage{ResponseMessage: ews.Success(), Items: items}
	}
	return resp, nil
}

func (c *call) createOne(req *ews.CreateItem, in *ews.Item) ([]ews.Item, error) {
	if in.Kind.IsResponseObject() {
		return c.respond(req, in)
	}
	if err := checkDisposition(req, in.Kind); err != nil {
		return nil, err
	}
	send := in.Kind.Is(ews.KindMessage) && req.MessageDisposition != ews.SaveOnly
	keep := !send || req.MessageDisposition == ews.SendAndSaveCopy
	to, err := c.saveTo(req.SavedItemFolderID, in.Kind, send, keep)
	if err != nil {
		return nil, err
	}
	if err := c.mayCreateIn(&to); err != nil {
		return nil, err
	}
	it, err := c.makeItem(to.view, in)
	if err != nil {
		return nil, err
	}
	if send {
		return c.postNew(&to, it, keep)
	}
	invites := in.Kind == ews.KindCalendarItem && req.SendMeetingInvitations != ews.SendToNone
	if invites {
		if err := c.mayTell(to.view, len(it.Recipients), req.SendMeetingInvitations == ews.SendToAllAndSaveCopy); err != nil {
			return nil, err
		}
	}
	if err := to.view.CreateItem(c.ctx, to.folder.ID, it); err != nil {
		return nil, err
	}
	if invites {
		if err := c.invite(to.view, it, req.SendMeetingInvitations); err != nil {
			return nil, err
		}
	}
	return c.made(to.view, it), nil
}

// checkDisposition refuses requests that do not say what becomes of a message
// or a meeting: the schema cannot.
func checkDisposition(req *ews.CreateItem, k ews.Kind) error {
	switch {
	case k.Is(ews.KindMessage) && req.MessageDisposition == "":
		return &ews.Fault{Code: ews.ErrorMessageDispositionRequired}
	case k == ews.KindCalendarItem && req.SendMeetingInvitations == "":
		return &ews.Fault{Code: ews.ErrorSendMeetingInvitationsRequired}
	}
	return nil
}

// saveTo is the folder a new item goes to: that of the request, or the one for
// its kind. What is only sent needs none, but a mailbox to be sent from.
func (c *call) saveTo(id *ews.TargetFolderID, k ews.Kind, send, keep bool) (folderRef, error) {
	if id == nil || !keep {
		v, err := c.s.Own(c.ctx)
		if err != nil || !keep {
			return folderRef{view: v}, err
		}
		f, err := v.FolderByName(c.ctx, defaultFolder(k, send))
		return folderRef{view: v, folder: f}, err
	}
	to, err := c.target(id)
	if err != nil {
		if isReason(err, mailbox.FolderNotFound) && send {
			return to, &ews.Fault{Code: ews.ErrorSavedItemFolderNotFound}
		}
		return to, err
	}
	return to, fitting(k, to.folder.Class)
}

func defaultFolder(k ews.Kind, send bool) mailbox.DistinguishedName {
	switch {
	case k == ews.KindCalendarItem:
		return mailbox.Calendar
	case k == ews.KindContact, k == ews.KindDistributionList:
		return mailbox.Contacts
	case k == ews.KindTask:
		return mailbox.Tasks
	case k == ews.KindPostItem:
		return mailbox.Inbox
	case send:
		return mailbox.SentItems
	}
	return mailbox.Drafts
}

// fitting refuses items in folders that are for something else, as Exchange
// does for these kinds.
func fitting(k ews.Kind, class string) error {
	switch k {
	case ews.KindCalendarItem:
		if !hasPrefixFold(class, "IPF.Appointment") {
			return &ews.Fault{Code: ews.ErrorCannotCreateCalendarItemInNonCalendarFolder}
		}
	case ews.KindContact, ews.KindDistributionList:
		if !hasPrefixFold(class, "IPF.Contact") {
			return &ews.Fault{Code: ews.ErrorCannotCreateContactInNonContactFolder}
		}
	case ews.KindTask:
		if !hasPrefixFold(class, "IPF.Task") {
			return &ews.Fault{Code: ews.ErrorCannotCreateTaskInNonTaskFolder}
		}
	}
	return nil
}

// makeItem makes an item of what a client sent.
func (c *call) makeItem(v *mailbox.View, in *ews.Item) (*mailbox.Item, error) {
	tags, err := c.extendedTags(v, true, in.Values)
	if err != nil {
		return nil, err
	}
	it := &mailbox.Item{Class: classOf(in.Kind), Parts: mailbox.AllParts}
	e := c.edit(v, it, in.Kind, tags)
	e.create = true
	if it.Associated && in.Kind == ews.KindItem {
		it.Class = "IPM.Configuration"
	}
	it.Read = in.Kind != ews.KindPostItem
	c.signNew(v, it, in.Kind)
	// The content comes first: what else is said about the item overrides it.
	if x, ok := in.Get(ews.FieldMimeContent); ok {
		if err := e.put(&ews.Value{Field: ews.FieldMimeContent, V: x}); err != nil {
			return nil, err
		}
	}
	for i := range in.Values {
		if in.Values[i].Field == ews.FieldMimeContent {
			continue
		}
		if err := e.put(&in.Values[i]); err != nil {
			return nil, err
		}
	}
	if err := e.finish(); err != nil {
		return nil, err
	}
	e.complete()
	return it, nil
}

// signNew writes into a new item whose it is.
func (c *call) signNew(v *mailbox.View, it *mailbox.Item, k ews.Kind) {
	name := c.subject().Name
	it.Props.SetString(mailbox.PidTagLastModifierName, name)
	if k != ews.KindCalendarItem {
		return
	}
	owner, _ := c.s.Snapshot().FindMailbox(v.Mailbox())
	it.Props.SetString(mailbox.PidTagSentRepresentingName, owner.Name)
	it.Props.SetString(mailbox.PidTagSentRepresentingSMTP, string(owner.Mail))
	it.Props.SetString(mailbox.PidTagSentRepresentingAddress, string(owner.Mail))
	it.Props.SetString(mailbox.PidTagSentRepresentingAddressType, "SMTP")
}

// complete gives a new item what every item has. A message is a draft unless
// its flags were said, which is how clients put mail into folders.
func (e *itemEdit) complete() {
	ps := &e.it.Props
	if !ps.Has(mailbox.PidTagMessageDeliveryTime) {
		ps.SetTime(mailbox.PidTagMessageDeliveryTime, e.c.s.Now())
	}
	if !e.kind.Is(ews.KindMessage) {
		return
	}
	if !ps.Has(mailbox.PidTagMessageFlags) {
		ps.SetInt(mailbox.PidTagMessageFlags, flagUnsent|flagUnmodified)
	}
	if !ps.Has(mailbox.PidTagConversationTopic) {
		ps.SetString(mailbox.PidTagConversationTopic, ps.String(mailbox.PidTagNormalizedSubject))
	}
	if ps.String(mailbox.PidTagInternetMessageID) == "" {
		owner, _ := e.c.s.Snapshot().FindMailbox(e.view.Mailbox())
		ps.SetString(mailbox.PidTagInternetMessageID, newMessageID(string(owner.Mail.Domain())))
	}
}

// made is the answer about a new item: its id, and those of its attachments,
// which have no other way to become known.
func (c *call) made(v *mailbox.View, it *mailbox.Item) []ews.Item {
	view := itemView{c: c, view: v}
	view.reset(mailbox.CalendarItem{Item: it})
	out := ews.Item{Kind: view.kind}
	out.Add(ews.FieldItemId, view.itemID())
	if len(it.Attachments) > 0 {
		if list := getAttachments(&view); list != nil {
			out.Add(ews.FieldAttachments, list)
		}
	}
	return []ews.Item{out}
}
