package ewsserver

import (
	"slices"

	"entente/ews"
	"entente/mailbox"
)

// messageFields are what messages say beside what all items do. [MS-OXWSMSG]
// 2.2.4.2
func messageFields() []row {
	return []row{
		{ews.FieldIsReadReceiptRequested, boolField(mailbox.PidTagReadReceiptRequested)},
		{ews.FieldIsDeliveryReceiptRequested, boolField(mailbox.PidTagOriginatorDeliveryReport)},
		{ews.FieldConversationIndex, bytesField(mailbox.PidTagConversationIndex)},
		{ews.FieldConversationTopic, itemField{prop: mailbox.PidTagConversationTopic, get: func(v *itemView) any { return conversationTopic(v) }}},
		{ews.FieldInternetMessageId, textField(mailbox.PidTagInternetMessageID)},
		{ews.FieldIsResponseRequested, boolField(mailbox.PidTagReplyRequested)},
		{ews.FieldReferences, textField(mailbox.PidTagInternetReferences)},
		{ews.FieldPostedTime, timeOrCreated(mailbox.PidTagClientSubmitTime)},
	}
}

// stateFields are what the store keeps of a message's life.
func stateFields() []row {
	return []row{
		{ews.FieldIsRead, itemField{
			prop: mailbox.PidTagRead,
			get:  func(v *itemView) any { return v.it.Read },
			set: func(e *itemEdit, v *ews.Value) error {
				e.it.Read, _ = v.V.(bool)
				return nil
			},
			clear: cannotClear,
		}},
	}
}

// recipientFields are who wrote, and to whom.
func recipientFields() []row {
	sender := personField(mailbox.PidTagSenderName, mailbox.PidTagSenderSMTPAddress, mailbox.PidTagSenderAddress, mailbox.PidTagSenderAddressType)
	from := personField(mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingSMTP,
		mailbox.PidTagSentRepresentingAddress, mailbox.PidTagSentRepresentingAddressType)
	received := personField(mailbox.PidTagReceivedByName, mailbox.PidTagReceivedByAddress, mailbox.PidTagReceivedByAddress, mailbox.PidTagReceivedByAddressType)
	represented := personField(mailbox.PidTagReceivedRepresentingName, mailbox.PidTagReceivedRepresentingAddress, mailbox.PidTagReceivedRepresentingAddress, 0)
	return []row{
		{ews.FieldSender, sender},
		{ews.FieldFrom, from},
		{ews.FieldReceivedBy, readOnly(received)},
		{ews.FieldReceivedRepresenting, readOnly(represented)},
		{ews.FieldToRecipients, recipientsField(mailbox.To, mailbox.PidTagDisplayTo)},
		{ews.FieldCcRecipients, recipientsField(mailbox.Cc, mailbox.PidTagDisplayCc)},
		{ews.FieldBccRecipients, recipientsField(mailbox.Bcc, mailbox.PidTagDisplayBcc)},
		{ews.FieldReplyTo, recipientsField(mailbox.ReplyTo, mailbox.PidTagReplyRecipientNames)},
	}
}

// personField is somebody kept as a name and an address. The address may stand
// under either of two properties, of which smtp is the better.
func personField(name, smtp, address, routing mailbox.Prop) itemField {
	return itemField{
		prop: name,
		get: func(v *itemView) any {
			ps := &v.it.Props
			a := ps.String(smtp)
			if a == "" {
				a = ps.String(address)
			}
			if a == "" && !ps.Has(name) {
				return nil
			}
			m := v.c.mailboxOf(ps.String(name), a, ps.String(routing))
			return &m
		},
		set: func(e *itemEdit, v *ews.Value) error {
			m, ok := v.V.(*ews.Mailbox)
			if !ok {
				return invalidValue(v)
			}
			known := e.c.mailboxOf(m.Name, m.EmailAddress, m.RoutingType)
			e.it.Props.SetString(name, known.Name)
			e.it.Props.SetString(smtp, known.EmailAddress)
			e.it.Props.SetString(address, known.EmailAddress)
			if routing != 0 {
				e.it.Props.SetString(routing, known.RoutingType)
			}
			return nil
		},
		clear: func(e *itemEdit, _ string) error {
			e.it.Props.Delete(name, smtp, address, routing)
			return nil
		},
	}
}

// recipientsField is one line of recipients. Restrictions and sorts go by the
// names it shows.
func recipientsField(kind mailbox.RecipientKind, shown mailbox.Prop) itemField {
	f := itemField{prop: shown, parts: mailbox.PartRecipients}
	f.get = func(v *itemView) any {
		var list []ews.Mailbox
		for i := range v.it.Recipients {
			if r := &v.it.Recipients[i]; r.Kind == kind {
				list = append(list, v.c.mailboxOf(r.Name, r.Address, r.AddressType))
			}
		}
		if list == nil {
			return nil
		}
		return list
	}
	f.add = func(e *itemEdit, v *ews.Value) error {
		list, ok := v.V.([]ews.Mailbox)
		if !ok {
			return invalidValue(v)
		}
		for i := range list {
			e.addRecipient(kind, &list[i])
		}
		return nil
	}
	f.set = func(e *itemEdit, v *ews.Value) error {
		e.dropRecipients(kind)
		return f.add(e, v)
	}
	f.clear = func(e *itemEdit, _ string) error {
		e.dropRecipients(kind)
		return nil
	}
	return f
}

func (e *itemEdit) addRecipient(kind mailbox.RecipientKind, m *ews.Mailbox) *mailbox.Recipient {
	known := e.c.mailboxOf(m.Name, m.EmailAddress, m.RoutingType)
	e.it.Recipients = append(slices.Clip(e.it.Recipients), mailbox.Recipient{
		Kind: kind, Name: known.Name, Address: known.EmailAddress, AddressType: known.RoutingType,
	})
	e.it.Parts |= mailbox.PartRecipients
	return &e.it.Recipients[len(e.it.Recipients)-1]
}

func (e *itemEdit) dropRecipients(kind mailbox.RecipientKind) {
	e.it.Recipients = slices.DeleteFunc(slices.Clone(e.it.Recipients), func(r mailbox.Recipient) bool { return r.Kind == kind })
	e.it.Parts |= mailbox.PartRecipients
}
