package ewsserver

import (
	"errors"

	"entente"
	"entente/ews"
	"entente/mailbox"
)

// getMIME returns an item as a message, an iCalendar object or a vCard.
func getMIME(v *itemView) any {
	compose := func() ([]byte, error) {
		if v.it.ID == 0 { // attached to another: what it has, it has with it
			return mailbox.ComposeMIME(v.it, mailbox.ComposeOptions{Zones: v.c.h.zones})
		}
		return v.view.MIME(v.c.ctx, v.it, mailbox.ComposeOptions{Zones: v.c.h.zones})
	}
	b, err := compose()
	if err != nil {
		v.c.h.Log.Error("compose", "request", v.c.s.RequestID(), "err", err)
		return nil
	}
	return &ews.MimeContent{CharacterSet: "UTF-8", Content: b}
}

// setMIME makes an item what its content says.
func setMIME(e *itemEdit, v *ews.Value) error {
	m, ok := v.V.(*ews.MimeContent)
	if !ok {
		return invalidValue(v)
	}
	if e.kind == ews.KindMessage && e.create {
		e.it.Class = "" // the content knows: signed, encrypted, a report
	}
	err := e.it.SetMIME(m.Content, mailbox.ConvertOptions{Zone: e.c.contextZone(), Zones: e.c.h.zones})
	var known *entente.Error
	if err != nil && !errors.As(err, &known) {
		return &ews.Fault{Code: ews.ErrorMimeContentInvalid}
	}
	return err
}
