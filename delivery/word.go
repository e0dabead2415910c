package delivery

import (
	"context"
	"fmt"
	"time"

	"entente"
	"entente/mailbox"
	"entente/message"
)

// A Word is a message of the server's own to one of the people here: what
// happened that somebody who looks after it should know. RFC 3834 2
type Word struct {
	From    entente.SMTPAddress // of the organization's, though nobody reads it
	To      entente.SMTPAddress
	Subject string
	Text    string
}

// Tell delivers a word. Nobody is told if it cannot be: a word that is answered
// by a report, which is answered again, has no end.
func (c *Courier) Tell(ctx context.Context, o Poster, w Word) error {
	it, err := w.item(o.Now())
	if err != nil {
		return err
	}
	return c.send(ctx, o, &letter{item: it, to: it.Recipients, quiet: true})
}

// TellAbroad gives a word to the route that leads to somebody who is not of this
// organization. NotFound if none does.
func (c *Courier) TellAbroad(ctx context.Context, o Poster, w Word) error {
	it, err := w.item(o.Now())
	if err != nil {
		return err
	}
	if c.routeTo(w.To) == nil {
		return entente.Errorf(entente.NotFound, "no way leads to %s", w.To.Domain())
	}
	if failed := c.carry(ctx, &letter{item: it, quiet: true}, it.Recipients); len(failed) > 0 {
		return failed[0].err
	}
	return nil
}

func (w *Word) item(at time.Time) (*mailbox.Item, error) {
	raw, err := message.Compose(message.Draft{
		From: []message.Address{{Name: "Entente", SMTP: string(w.From)}}, To: []message.Address{{SMTP: string(w.To)}},
		Subject: message.Clean(w.Subject), Date: at, MessageID: messageID(string(w.From)),
		AutoSubmitted: "auto-generated", Extra: noAnswers(), TextBody: w.Text,
	})
	if err != nil {
		return nil, fmt.Errorf("write a notice: %w", err)
	}
	it := &mailbox.Item{}
	if err := it.SetMIME(raw, mailbox.ConvertOptions{}); err != nil {
		return nil, fmt.Errorf("write a notice: %w", err)
	}
	silence(&it.Props)
	return it, nil
}
