package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/mailbox"
	"entente/message"
)

// suppress is PidTagAutoResponseSuppress, by which a message asks for no
// automatic answers; suppressOof and suppressAll are of its values.
// [MS-OXCMSG] 2.2.1.77
const (
	suppress    mailbox.Prop = 0x3FDF0003
	suppressOof int64        = 0x10 | 0x20
	suppressAll int64        = -1
)

const (
	oofClass  = "IPM.Note.Rules.OofTemplate.Microsoft"
	oofPrefix = "Automatic reply: "
)

// noAnswers asks programs elsewhere not to answer.
func noAnswers() []message.Field {
	return []message.Field{{Name: "X-Auto-Response-Suppress", Value: "All"}}
}

// silence asks everybody not to answer automatically.
func silence(ps *mailbox.Props) { ps.SetInt(suppress, suppressAll) }

// Automatic reports whether a program sent the item, so that no program may
// answer it. RFC 3834 2
func Automatic(it *mailbox.Item) bool {
	class := strings.ToLower(it.Class)
	for _, prefix := range [...]string{"report.", "ipm.note.rules.", "ipm.schedule.meeting.resp."} {
		if strings.HasPrefix(class, prefix) {
			return true
		}
	}
	if n, ok := it.Props.Int(suppress); ok && n&suppressOof != 0 {
		return true
	}
	return it.Props.Bool(mailbox.PidTagAutoForwarded) || automaticMIME(it.MIME)
}

// mechanical reports whether a program made the item in its own name, so that
// nobody waits for word of it: a report, an answer by a rule. An answer to a
// meeting is automatic too and yet somebody's.
func mechanical(it *mailbox.Item) bool {
	class := strings.ToLower(it.Class)
	if strings.HasPrefix(class, "report.") || strings.HasPrefix(class, "ipm.note.rules.") {
		return true
	}
	m, err := message.Parse(headOf(it.MIME), message.DefaultLimits())
	return err == nil && (m.AutoSubmitted != "" || strings.TrimSpace(m.Get("Return-Path")) == "<>")
}

// headOf returns what of a message is its header block, within the limit.
func headOf(raw []byte) []byte {
	head := raw[:min(len(raw), message.DefaultLimits().Header)]
	if i := strings.Index(string(head), "\n\r\n"); i >= 0 {
		head = head[:i+1]
	}
	return head
}

// automaticMIME looks for what programs write into headers, RFC 3834 5, RFC
// 2076 3.9. It reads the header block only.
func automaticMIME(raw []byte) bool {
	if len(raw) == 0 {
		return false
	}
	m, err := message.Parse(headOf(raw), message.DefaultLimits())
	if err != nil {
		return true // better no answer than one too many
	}
	switch strings.ToLower(m.Get("Precedence")) {
	case "bulk", "list", "junk":
		return true
	}
	for word := range strings.SplitSeq(m.Get("X-Auto-Response-Suppress"), ",") { // [MS-OXCMAIL] 2.2.3.2.14
		switch strings.ToLower(strings.TrimSpace(word)) {
		case "all", "oof", "autoreply":
			return true
		}
	}
	return m.AutoSubmitted != "" || m.Get("List-Id") != "" || strings.TrimSpace(m.Get("Return-Path")) == "<>"
}

// attend does what a mailbox does by itself with something that came.
func (c *Courier) attend(ctx context.Context, d delivered) {
	if c.Attend == nil {
		return
	}
	meeting := IsMeetingMessage(d.item.Class)
	if !meeting && (Automatic(d.item) || !d.named) {
		return
	}
	if meeting {
		c.work(ctx, d, "CalendarAttendant", c.keepMeeting)
	}
	if !Automatic(d.item) && d.named {
		c.work(ctx, d, "OofReply", c.oof)
	}
}

// work runs one task in a session of the recipient's.
func (c *Courier) work(ctx context.Context, d delivered, task string, do func(context.Context, Attendant, delivered) error) {
	if ctx.Err() != nil {
		return
	}
	a := c.Attend(d.account.SID, task)
	code := ""
	err := do(ctx, a, d)
	if err != nil {
		code = "ErrorInternalServerError"
		c.failed(fmt.Errorf("%s for %s: %w", task, d.account.SID, err))
	}
	if err := a.Finish(ctx, code); err != nil {
		c.failed(fmt.Errorf("%s for %s: %w", task, d.account.SID, err))
	}
}

// oof answers that the recipient is away, once to each sender until the
// settings change.
func (c *Courier) oof(ctx context.Context, a Attendant, d delivered) error {
	to := sender(d.item)
	address, err := entente.ParseSMTPAddress(to.SMTP)
	if err != nil || d.account.Mail == address {
		return nil
	}
	// One from outside is answered along its reverse path. RFC 3834 4
	if back := returnPath(d.item.MIME); back != "" && !a.Directory().Accepted(address.Domain()) {
		if a.Directory().Accepted(back.Domain()) {
			return nil
		}
		address, to.SMTP = back, string(back)
	}
	v, err := a.Own(ctx)
	if err != nil {
		return err
	}
	reply, ok, err := v.OofReply(ctx, a.Now(), a.Directory().Accepted(address.Domain()), func() (bool, error) { return knows(ctx, v, sender(d.item).SMTP) })
	if err != nil || !ok || strings.TrimSpace(reply.Message) == "" {
		return err
	}
	first, err := firstReply(ctx, v, address)
	if err != nil || !first {
		return err
	}
	it, err := oofItem(d, to, reply, a.Now())
	if err != nil {
		return err
	}
	return c.send(ctx, a, &letter{item: it, from: v, to: it.Recipients, quiet: true})
}

// knows reports whether somebody stands among the contacts of a mailbox's owner.
func knows(ctx context.Context, v *mailbox.View, address string) (bool, error) {
	folder, err := v.FolderByName(ctx, mailbox.Contacts)
	if err != nil {
		return false, err
	}
	var any mailbox.Restriction
	any.Op = mailbox.Or
	for _, p := range [...]mailbox.Prop{mailbox.PidLidEmail1EmailAddress, mailbox.PidLidEmail2EmailAddress, mailbox.PidLidEmail3EmailAddress} {
		any.Of = append(any.Of, mailbox.Restriction{
			Op: mailbox.Contains, Prop: p, Value: mailbox.Value{Text: address}, Mode: mailbox.FullString, Comparison: mailbox.IgnoreCase,
		})
	}
	page, err := v.Find(ctx, mailbox.Query{Folder: folder.ID, Restrict: &any, Paging: mailbox.Paging{Max: 1}})
	return err == nil && len(page.Items) > 0, err
}

func oofItem(d delivered, to message.Address, reply mailbox.OofReply, at time.Time) (*mailbox.Item, error) {
	from := message.Address{Name: message.Clean(d.account.Name), SMTP: string(d.account.Mail)}
	subject := message.Clean(d.item.Props.String(mailbox.PidTagSubject))
	draft := message.Draft{
		From: []message.Address{from}, To: []message.Address{{Name: message.Clean(to.Name), SMTP: to.SMTP}},
		Subject: oofPrefix + subject, Date: at, MessageID: messageID(from.SMTP),
		InReplyTo:     plainID(d.item.Props.String(mailbox.PidTagInternetMessageID)),
		AutoSubmitted: "auto-replied", Extra: noAnswers(),
	}
	if strings.Contains(reply.Message, "<") {
		draft.HTMLBody = reply.Message
	} else {
		draft.TextBody = reply.Message
	}
	raw, err := message.Compose(draft)
	if err != nil {
		return nil, fmt.Errorf("write an automatic reply: %w", err)
	}
	it := &mailbox.Item{}
	if err := it.SetMIME(raw, mailbox.ConvertOptions{}); err != nil {
		return nil, fmt.Errorf("write an automatic reply: %w", err)
	}
	it.Class = oofClass
	silence(&it.Props)
	return it, nil
}

// Who was answered is kept as a configuration of the Inbox, eight bytes of a
// hash each: enough to tell senders apart, and no list of names.
const (
	oofHistory    = "Entente.OofHistory"
	maxOofHistory = 20_000
)

// firstReply reports whether a sender has not been answered yet, and notes that
// he is now.
func firstReply(ctx context.Context, v *mailbox.View, address entente.SMTPAddress) (bool, error) {
	inbox, err := v.FolderByName(ctx, mailbox.Inbox)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256([]byte(address))
	mark := binary.LittleEndian.Uint64(sum[:8])
	first := false
	note := func(ps *mailbox.Props) error {
		known := ps.Bytes(mailbox.PidTagRoamingBinary)
		if first = !slices.Contains(marks(known), mark); !first {
			return nil
		}
		if len(known) >= 8*maxOofHistory {
			known = known[8*maxOofHistory/2:] // the oldest half is forgotten
		}
		ps.SetBytes(mailbox.PidTagRoamingBinary, binary.LittleEndian.AppendUint64(slices.Clone(known), mark))
		return nil
	}
	err = v.UpdateUserConfiguration(ctx, inbox.ID, oofHistory, note)
	if hasReason(err, mailbox.ConfigurationAbsent) {
		var ps mailbox.Props
		_ = note(&ps)
		_, err = v.CreateUserConfiguration(ctx, inbox.ID, oofHistory, ps)
		if hasReason(err, mailbox.ConfigurationExists) { // two came at once
			err = v.UpdateUserConfiguration(ctx, inbox.ID, oofHistory, note)
		}
	}
	return first, err
}

func marks(b []byte) []uint64 {
	out := make([]uint64, 0, len(b)/8)
	for ; len(b) >= 8; b = b[8:] {
		out = append(out, binary.LittleEndian.Uint64(b))
	}
	return out
}

// ForgetReplies has everybody answered once more: the settings changed.
func ForgetReplies(ctx context.Context, v *mailbox.View) error {
	inbox, err := v.FolderByName(ctx, mailbox.Inbox)
	if err != nil {
		return err
	}
	err = v.DeleteUserConfiguration(ctx, inbox.ID, oofHistory)
	if hasReason(err, mailbox.ConfigurationAbsent) {
		return nil
	}
	return err
}
