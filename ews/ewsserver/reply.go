package ewsserver

import (
	"strings"

	"entente/ews"
	"entente/mailbox"
	"entente/message"
)

// reply answers or forwards a message: a new one is made of the response object
// and what the old one says, and then sent or saved like any other.
// [MS-OXWSMSG] 3.1.4.2
func (c *call) reply(req *ews.CreateItem, in *ews.Item, ref *referenceItem) ([]ews.Item, error) {
	if err := checkDisposition(req, ews.KindMessage); err != nil {
		return nil, err
	}
	send := req.MessageDisposition != ews.SaveOnly
	keep := req.MessageDisposition != ews.SendOnly
	to, err := c.saveTo(req.SavedItemFolderID, ews.KindMessage, send, keep)
	if err != nil {
		return nil, err
	}
	old := original{ref.it}
	it, err := c.makeItem(to.view, old.answer(in, c.addresses()))
	if err != nil {
		return nil, err
	}
	old.thread(&it.Props)
	if in.Kind == ews.KindForwardItem {
		it.Attachments = append(it.Attachments, ref.it.Attachments...)
	}
	if send {
		return c.postNew(&to, it, keep)
	}
	if err := to.view.CreateItem(c.ctx, to.folder.ID, it); err != nil {
		return nil, err
	}
	return c.made(to.view, it), nil
}

// addresses are the caller's own, to whom a reply to all does not go.
func (c *call) addresses() map[string]bool {
	self := c.subject()
	own := map[string]bool{strings.ToLower(string(self.Mail)): true}
	for _, p := range self.Proxies {
		own[strings.ToLower(string(p))] = true
	}
	return own
}

// original is the message that is answered.
type original struct{ *mailbox.Item }

// answer makes a message of a response object: what that says counts before
// what follows from the original.
func (o original) answer(in *ews.Item, own map[string]bool) *ews.Item {
	out := &ews.Item{Kind: ews.KindMessage}
	said := map[ews.Field]bool{}
	for _, v := range in.Values {
		switch v.Field {
		case ews.FieldReferenceItemId, ews.FieldNewBodyContent:
		default:
			said[v.Field] = true
			out.Values = append(out.Values, v)
		}
	}
	usual := func(f ews.Field, v any) {
		if !said[f] {
			out.Add(f, v)
		}
	}
	prefix := "RE: "
	if in.Kind == ews.KindForwardItem {
		prefix = "FW: "
	}
	usual(ews.FieldSubject, prefix+normalizedSubject(o.Props.String(mailbox.PidTagSubject)))
	usual(ews.FieldBody, o.quoted(in))
	if in.Kind != ews.KindForwardItem {
		usual(ews.FieldToRecipients, o.repliers(in.Kind == ews.KindReplyAllToItem, own))
	}
	if in.Kind == ews.KindReplyAllToItem {
		if cc := o.named(mailbox.Cc, own); len(cc) > 0 {
			usual(ews.FieldCcRecipients, cc)
		}
	}
	return out
}

// repliers are those a reply goes to: Reply-To if there is one, else who sent
// the message, and for all also those it went to.
func (o original) repliers(all bool, own map[string]bool) []ews.Mailbox {
	list := o.named(mailbox.ReplyTo, nil)
	if from := o.Props.String(mailbox.PidTagSentRepresentingSMTP); len(list) == 0 && from != "" {
		list = append(list, ews.Mailbox{Name: o.Props.String(mailbox.PidTagSentRepresentingName), EmailAddress: from, RoutingType: "SMTP"})
	}
	if all {
		list = append(list, o.named(mailbox.To, own)...)
	}
	return list
}

func (o original) named(kind mailbox.RecipientKind, but map[string]bool) []ews.Mailbox {
	var list []ews.Mailbox
	for _, r := range o.Recipients {
		if r.Kind == kind && !but[strings.ToLower(r.Address)] {
			list = append(list, ews.Mailbox{Name: r.Name, EmailAddress: r.Address, RoutingType: "SMTP"})
		}
	}
	return list
}

// quoted is the new text followed by the old one, in the new one's format.
func (o original) quoted(in *ews.Item) *ews.Body {
	out := &ews.Body{BodyType: ews.BodyText}
	if x, _ := in.Get(ews.FieldNewBodyContent); x != nil {
		if b, ok := x.(*ews.Body); ok && b != nil {
			out.BodyType, out.Text = b.BodyType, b.Text
		}
	} else if o.Body != nil && len(o.Body.HTML) > 0 {
		out.BodyType = ews.BodyHTML
	}
	var text, html string
	if o.Body != nil {
		text, html = string(o.Body.Text), string(o.Body.HTML)
	}
	head := o.head()
	if out.BodyType == ews.BodyHTML {
		if html == "" {
			html = message.TextToHTML(text)
		}
		out.Text += "<hr>" + message.TextToHTML(head) + html
		return out
	}
	if text == "" && html != "" {
		text = message.HTMLToText(html)
	}
	out.Text += "\r\n\r\n________________________________\r\n" + head + "\r\n" + text
	return out
}

func (o original) head() string {
	ps := &o.Props
	lines := "From: " + ps.String(mailbox.PidTagSentRepresentingName) + "\r\n"
	if at, ok := ps.Time(mailbox.PidTagClientSubmitTime); ok {
		lines += "Sent: " + at.UTC().Format("Monday, January 2, 2006 15:04 UTC") + "\r\n"
	}
	var to []string
	for _, r := range o.Recipients {
		if r.Kind == mailbox.To {
			to = append(to, message.Address{Name: r.Name, SMTP: r.Address}.String())
		}
	}
	return lines + "To: " + strings.Join(to, "; ") + "\r\nSubject: " + ps.String(mailbox.PidTagSubject) + "\r\n"
}

// thread keeps the new message in the conversation of the old one. RFC 5322
// 3.6.4
func (o original) thread(ps *mailbox.Props) {
	if topic := o.Props.String(mailbox.PidTagConversationTopic); topic != "" {
		ps.SetString(mailbox.PidTagConversationTopic, topic)
	}
	id := o.Props.String(mailbox.PidTagInternetMessageID)
	if id == "" {
		return
	}
	ps.SetString(mailbox.PidTagInReplyToID, id)
	ps.SetString(mailbox.PidTagInternetReferences, strings.TrimSpace(o.Props.String(mailbox.PidTagInternetReferences)+" "+id))
}
