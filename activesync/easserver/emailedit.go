package easserver

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
	"entente/message"
)

// remove implements class.
func (emailClass) remove(c *call, it *mailbox.Item, _ *wbxml.Element, mode mailbox.DeleteMode) error {
	moved, err := c.view.DeleteItems(c.ctx, []mailbox.ItemID{it.ID}, mode)
	if err == nil {
		err = moved[0].Err
	}
	return err
}

// create implements class: it makes a draft. Other mail does not come to be by
// synchronization: it is sent. [MS-ASEMAIL] 3.1.5.2
func (emailClass) create(c *call, folder *mailbox.Folder, in *wbxml.Element, arrival string) (*mailbox.Item, func(), error) {
	if !c.at(activesync.V160) || folder.Distinguished != mailbox.Drafts {
		return nil, nil, entente.Errorf(entente.Invalid, "only drafts are made so, by 16.0 and later")
	}
	it := &mailbox.Item{Class: "IPM.Note", Parts: mailbox.AllParts, Arrival: arrival}
	it.Read = true
	if err := editState(c, it, in); err != nil {
		return nil, nil, err
	}
	if err := editDraft(c, it, in); err != nil {
		return nil, nil, err
	}
	edits, err := readAttachments(c, nil, in)
	if err != nil {
		return nil, nil, err
	}
	it.Attachments = edits.add
	c.completeDraft(it)
	if err := c.view.CreateItem(c.ctx, folder.ID, it); err != nil {
		return nil, nil, err
	}
	return it, edits.reply(c, it), nil
}

// completeDraft gives a draft what every message has.
func (c *call) completeDraft(it *mailbox.Item) {
	ps := &it.Props
	ps.SetInt(mailbox.PidTagMessageFlags, flagUnsent|flagUnmodified)
	ps.SetTime(mailbox.PidTagMessageDeliveryTime, c.s.Now())
	owner, _ := c.s.Snapshot().FindMailbox(c.view.Mailbox())
	setPerson(ps, message.Address{Name: owner.Name, SMTP: string(owner.Mail)})
	if ps.String(mailbox.PidTagInternetMessageID) == "" {
		ps.SetString(mailbox.PidTagInternetMessageID, newMessageID(string(owner.Mail.Domain())))
	}
}

// setPerson writes in whose name a message is.
func setPerson(ps *mailbox.Props, a message.Address) {
	ps.SetString(mailbox.PidTagSentRepresentingName, a.Name)
	ps.SetString(mailbox.PidTagSentRepresentingAddressType, "SMTP")
	ps.SetString(mailbox.PidTagSentRepresentingAddress, a.SMTP)
	ps.SetString(mailbox.PidTagSentRepresentingSMTP, a.SMTP)
}

func newMessageID(domain string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return "<" + hex.EncodeToString(b[:]) + "@" + domain + ">"
}

// change implements class. Of mail a phone changes what it says of it: read,
// flagged, its categories. What the message says it changes in a draft alone.
func (emailClass) change(c *call, it *mailbox.Item, in *wbxml.Element, _ *options) (*mailbox.Item, func(), error) {
	content := editsContent(in)
	draft := it.MessageFlags()&flagUnsent != 0 && c.at(activesync.V160)
	if content && !draft {
		return nil, nil, entente.Errorf(entente.Invalid, "what a message says does not change")
	}
	parts := mailbox.Parts(0)
	if content {
		parts = mailbox.PartBody | mailbox.PartRecipients
	}
	edits, err := readAttachments(c, it, in)
	if err != nil {
		return nil, nil, err
	}
	now, err := c.view.UpdateItem(c.ctx, it.ID, 0, parts, func(it *mailbox.Item) error {
		if err := editState(c, it, in); err != nil || !content {
			return err
		}
		// The bytes of a draft are what it says no more.
		it.MIME = nil
		it.Parts |= mailbox.PartMIME
		return editDraft(c, it, in)
	})
	if err != nil {
		return nil, nil, err
	}
	if now, err = edits.apply(c, now); err != nil {
		return nil, nil, err
	}
	return now, edits.reply(c, now), nil
}

// draftElements are what only drafts have changed.
var draftElements = [...]wbxml.Tag{
	wbxml.EmailTo, wbxml.EmailCc, wbxml.Email2Bcc, wbxml.EmailReplyTo, wbxml.EmailSubject, wbxml.EmailImportance,
	wbxml.AirSyncBaseBody, wbxml.AirSyncBaseAttachments,
}

func editsContent(in *wbxml.Element) bool {
	return slices.ContainsFunc(draftElements[:], in.Has)
}

// editState takes what a phone says of a message.
func editState(c *call, it *mailbox.Item, in *wbxml.Element) error {
	if read := in.Child(wbxml.EmailRead); read != nil {
		it.Read = read.Text() == "1" || read.Text() == "true"
	}
	if flag := in.Child(wbxml.EmailFlag); flag != nil {
		if err := setFlag(&it.Props, flag, c.s.Now()); err != nil {
			return err
		}
	}
	if list := in.Child(wbxml.EmailCategories); list != nil && c.at(activesync.V140) {
		return setCategories(&it.Props, list, wbxml.EmailCategory)
	}
	return nil
}

// setCategories replaces categories by those of a list.
func setCategories(ps *mailbox.Props, list *wbxml.Element, tag wbxml.Tag) error {
	var names []string
	for e := range list.All(tag) {
		if s := strings.TrimSpace(e.Text()); s != "" && !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	if len(names) > maxCategories {
		return entente.Errorf(entente.Invalid, "an item has %d categories at most", maxCategories)
	}
	if names == nil {
		ps.Delete(mailbox.PidNameKeywords)
		return nil
	}
	ps.SetStrings(mailbox.PidNameKeywords, names)
	return nil
}

// editDraft takes what the message is to say. An element that is not there leaves
// its part as it is. [MS-ASEMAIL] 3.1.5.2
func editDraft(c *call, it *mailbox.Item, in *wbxml.Element) error {
	for _, line := range [...]struct {
		tag  wbxml.Tag
		kind mailbox.RecipientKind
	}{{wbxml.EmailTo, mailbox.To}, {wbxml.EmailCc, mailbox.Cc}, {wbxml.Email2Bcc, mailbox.Bcc}, {wbxml.EmailReplyTo, mailbox.ReplyTo}} {
		e := in.Child(line.tag)
		if e == nil {
			continue
		}
		it.Recipients = slices.DeleteFunc(slices.Clone(it.Recipients), func(r mailbox.Recipient) bool { return r.Kind == line.kind })
		for _, a := range message.ParseAddressList(bounded(e.Text(), maxAddresses)) {
			it.Recipients = append(it.Recipients, mailbox.Recipient{Kind: line.kind, Name: a.Name, Address: a.SMTP, AddressType: "SMTP"})
		}
		it.Parts |= mailbox.PartRecipients
	}
	if e := in.Child(wbxml.EmailSubject); e != nil {
		it.SetSubject(message.Clean(e.Text()))
	}
	if e := in.Child(wbxml.EmailImportance); e != nil {
		n, err := smallNumber(e, 2)
		if err != nil {
			return entente.Errorf(entente.Invalid, "an importance that is none")
		}
		it.Props.SetInt(mailbox.PidTagImportance, int64(n))
	}
	body, err := readBody(in)
	if err != nil {
		return err
	}
	if body != nil {
		it.Body = body
		it.Parts |= mailbox.PartBody
	}
	return nil
}
