package mailbox

import (
	"bytes"
	"strings"

	"entente"
	"entente/db"
)

// What becomes of an item before it is stored: cleaned of what its fields say,
// measured, and its columns derived.

const maxClass = 255

// cleaned returns the class and the properties of an item as they are kept.
func cleaned(it *Item) (string, Props, error) {
	class := it.Class
	if class == "" {
		class = "IPM.Note"
	}
	for _, c := range []byte(class) {
		if c <= ' ' || c > '~' {
			return "", Props{}, entente.Errorf(entente.Invalid, "not an item class").Because(ItemClass)
		}
	}
	if len(class) > maxClass {
		return "", Props{}, entente.Errorf(entente.Invalid, "the item class is too long").Because(ItemClass)
	}
	props := it.Props.Clone()
	for p := range it.Props.All() {
		if computed(p) {
			props.Delete(p)
		}
	}
	if n, ok := props.Int(PidTagMessageFlags); ok {
		props.SetInt(PidTagMessageFlags, n&^1)
	}
	if it.Parts&PartRecipients != 0 || it.Recipients != nil {
		for _, d := range [...]struct {
			kind RecipientKind
			prop Prop
		}{{To, PidTagDisplayTo}, {Cc, PidTagDisplayCc}, {Bcc, PidTagDisplayBcc}} {
			props.Delete(d.prop)
			if s := display(it.Recipients, d.kind); s != "" {
				props.SetString(d.prop, s)
			}
		}
	}
	if it.Parts&PartAttachments != 0 || it.Attachments != nil {
		props.SetBool(PidTagHasAttachments, len(it.Attachments) > 0)
	}
	return class, props, nil
}

// A record is an item as its row has it.
type record struct {
	class                string
	props                []byte
	flags                itemFlags
	received, start, end int64
	subject              string
}

func (v *View) record(it *Item) (record, error) {
	class, props, err := cleaned(it)
	if err != nil {
		return record{}, err
	}
	it.Class, it.Props = class, props
	r := record{class: class, props: props.Append(nil), flags: it.newFlags()}
	if len(r.props) > v.s.limits.Props || props.Len() > maxProps {
		return r, tooLarge()
	}
	if len(it.Recipients) > v.s.limits.Recipients {
		return r, entente.Errorf(entente.TooLarge, "an item takes %d recipients at most", v.s.limits.Recipients).Because(RecipientLimit)
	}
	r.received, r.start, r.end = it.times()
	r.subject = subjectKey(&it.Props)
	return r, nil
}

// newFlags are the flags that the item's fields and properties say now.
func (it *Item) newFlags() itemFlags {
	f := it.flags & (flagWasPrivate | flagAssociated)
	if it.Associated {
		f |= flagAssociated
	}
	if it.Read {
		f |= flagRead
	}
	// Private and confidential are two things to people, but only the first
	// hides. [MS-OXCMSG] 2.2.1.13
	sensitivity, set := it.Props.Int(PidTagSensitivity)
	switch {
	case sensitivity == 2 || !set && it.Props.Bool(PidLidPrivate):
		f |= flagPrivate
	case it.flags&flagPrivate != 0:
		f |= flagWasPrivate
	}
	return f
}

// times derives the columns that lists are sorted and windows are cut by. A
// series stretches from its first to its last occurrence.
func (it *Item) times() (received, start, end int64) {
	tick := func(props ...Prop) int64 {
		for _, p := range props {
			if n, ok := it.Props.Int(p); ok && n > 0 {
				return n
			}
		}
		return 0
	}
	if received = tick(PidTagMessageDeliveryTime); received == 0 {
		received = Ticks(it.Created)
	}
	if it.Props.Bool(PidLidRecurring) {
		start, end = tick(PidLidClipStart), tick(PidLidClipEnd)
	}
	if start == 0 {
		start = tick(PidLidAppointmentStartWhole, PidTagStartDate)
	}
	if end == 0 {
		end = max(start, tick(PidLidAppointmentEndWhole, PidTagEndDate))
	}
	return received, start, end
}

// subjectKey is what items are sorted by subject with: without its prefix and
// without case.
func subjectKey(ps *Props) string {
	s := ps.String(PidTagNormalizedSubject)
	if s == "" {
		s = strings.TrimPrefix(ps.String(PidTagSubject), ps.String(PidTagSubjectPrefix))
	}
	return clean(strings.ToLower(s), 200)
}

func tooLarge() error {
	return entente.Errorf(entente.TooLarge, "the item is too large").Because(ItemTooLarge)
}

// unchanged refuses a change by somebody who has not seen the last one.
func unchanged(it *Item, ifChange uint64) error {
	if ifChange != 0 && ifChange != it.Change {
		return entente.Errorf(entente.Conflict, "the item was changed meanwhile").Because(StaleChangeKey)
	}
	return nil
}

// content are the parts of an item that item_content keeps, as it keeps them.
type content struct {
	parts                        Parts
	text, html, mime, recipients []byte
}

func contentOf(it *Item) content {
	c := content{parts: it.Parts & (PartBody | PartRecipients | PartMIME), mime: it.MIME}
	if it.Body != nil {
		c.text, c.html = it.Body.Text, it.Body.HTML
	}
	c.recipients = appendRecipients(nil, it.Recipients)
	return c
}

func (c *content) size() int64 {
	return int64(len(c.text) + len(c.html) + len(c.mime) + len(c.recipients))
}

// differing are the parts of c that before does not have, or has otherwise.
func (c *content) differing(before *content) Parts {
	parts := c.parts &^ before.parts
	if !same(c.text, before.text) || !same(c.html, before.html) {
		parts |= PartBody
	}
	if !same(c.mime, before.mime) {
		parts |= PartMIME
	}
	if !same(c.recipients, before.recipients) {
		parts |= PartRecipients
	}
	return parts & c.parts
}

func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// null keeps nothing apart from an empty value.
func null(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

func (v *View) insertContent(tx *db.Tx, id uint64, c *content) error {
	if c.text == nil && c.html == nil && c.mime == nil && c.recipients == nil {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO item_content (mailbox_id, content_id, body_text, body_html, mime, recipients)
		VALUES ($1, $2, $3, $4, $5, $6)`, v.key, id, null(c.text), null(c.html), null(c.mime), null(c.recipients))
	return err
}

// updateContent stores some parts and returns by how much they grew.
func (v *View) updateContent(tx *db.Tx, id uint64, c *content, parts Parts) (int64, error) {
	if parts == 0 {
		return 0, nil
	}
	var body, mime, recipients int64
	err := tx.QueryRow(`SELECT coalesce(length(body_text), 0) + coalesce(length(body_html), 0), coalesce(length(mime), 0),
		coalesce(length(recipients), 0) FROM item_content WHERE mailbox_id = $1 AND content_id = $2`, v.key, id).Scan(&body, &mime, &recipients)
	e := execs{}
	if err == db.ErrNoRows {
		e.do(tx.Exec(`INSERT INTO item_content (mailbox_id, content_id) VALUES ($1, $2)`, v.key, id))
	} else if err != nil {
		return 0, err
	}
	grown := int64(0)
	if parts&PartBody != 0 {
		e.do(tx.Exec(`UPDATE item_content SET body_text = $3, body_html = $4 WHERE mailbox_id = $1 AND content_id = $2`,
			v.key, id, null(c.text), null(c.html)))
		grown += int64(len(c.text)+len(c.html)) - body
	}
	if parts&PartMIME != 0 {
		e.do(tx.Exec(`UPDATE item_content SET mime = $3 WHERE mailbox_id = $1 AND content_id = $2`, v.key, id, null(c.mime)))
		grown += int64(len(c.mime)) - mime
	}
	if parts&PartRecipients != 0 {
		e.do(tx.Exec(`UPDATE item_content SET recipients = $3 WHERE mailbox_id = $1 AND content_id = $2`, v.key, id, null(c.recipients)))
		grown += int64(len(c.recipients)) - recipients
	}
	return grown, e.err
}
