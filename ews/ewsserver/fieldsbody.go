package ewsserver

import (
	"bytes"
	"unicode/utf8"

	"entente/ews"
	"entente/mailbox"
	"entente/message"
)

// previewLength is how much of a body item:Preview shows.
const previewLength = 255

// bodyFields are the text of an item, its message, its attachments.
func bodyFields() []row {
	body := func(wish func(*itemView) bodyWish) itemField {
		return itemField{parts: mailbox.PartBody, get: func(v *itemView) any { return bodyOf(v.it, wish(v)) }}
	}
	own := body(func(v *itemView) bodyWish { return v.body })
	own.prop, own.set, own.add, own.clear = mailbox.PidTagBody, setBody, addBody, clearBody
	return []row{
		{ews.FieldBody, own},
		{ews.FieldUniqueBody, body(func(v *itemView) bodyWish { return v.body })},
		{ews.FieldNormalizedBody, body(func(v *itemView) bodyWish { return bodyWish{kind: ews.BodyAsHTML} })},
		{ews.FieldTextBody, body(func(v *itemView) bodyWish { return bodyWish{kind: ews.BodyAsText, max: v.body.max} })},
		{ews.FieldPreview, itemField{parts: mailbox.PartBody, get: getPreview}},
		{ews.FieldMimeContent, itemField{parts: mailbox.AllParts, get: getMIME, set: setMIME, clear: cannotClear}},
		{ews.FieldInternetMessageHeaders, itemField{parts: mailbox.PartMIME, entries: headerEntries}},
		{ews.FieldAttachments, itemField{parts: mailbox.PartAttachments, get: getAttachments, set: setAttachments, clear: cannotClear}},
	}
}

// bodyOf returns a body in the form that is wanted: as it is kept if that may
// be, converted otherwise. An item without one has an empty text, as in
// Exchange.
func bodyOf(it *mailbox.Item, want bodyWish) *ews.Body {
	var text, html []byte
	if it.Body != nil {
		text, html = it.Body.Text, it.Body.HTML
	}
	b := &ews.Body{BodyType: ews.BodyText}
	switch {
	case want.kind == ews.BodyAsText && text == nil && html != nil:
		b.Text = message.HTMLToText(string(html))
	case want.kind == ews.BodyAsText || html == nil && want.kind != ews.BodyAsHTML:
		b.Text = string(text)
	case html != nil:
		b.BodyType, b.Text = ews.BodyHTML, string(html)
	default:
		b.BodyType = ews.BodyHTML
		if len(text) > 0 {
			b.Text = message.TextToHTML(string(text))
		}
	}
	if want.max > 0 && utf8.RuneCountInString(b.Text) > want.max {
		b.Text = firstRunes(b.Text, want.max)
		b.IsTruncated = new(true)
	}
	return b
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func getPreview(v *itemView) any {
	switch b := v.it.Body; {
	case b == nil:
		return nil
	case b.Text != nil:
		return message.Preview(string(b.Text), previewLength)
	default:
		return message.PreviewHTML(string(b.HTML), previewLength)
	}
}

func setBody(e *itemEdit, v *ews.Value) error {
	b, ok := v.V.(*ews.Body)
	if !ok {
		return invalidValue(v)
	}
	e.it.Body = &mailbox.Body{}
	if b.BodyType == ews.BodyHTML {
		e.it.Body.HTML = []byte(b.Text)
	} else {
		e.it.Body.Text = []byte(b.Text)
	}
	e.it.Parts |= mailbox.PartBody
	return nil
}

// addBody appends to a body: text to text; to HTML, before the end of its body
// element, HTML or text made so.
func addBody(e *itemEdit, v *ews.Value) error {
	b, ok := v.V.(*ews.Body)
	if !ok {
		return invalidValue(v)
	}
	if e.it.Body == nil || e.it.Body.Text == nil && e.it.Body.HTML == nil {
		return setBody(e, v)
	}
	if old := e.it.Body.HTML; old != nil {
		more := []byte(b.Text)
		if b.BodyType != ews.BodyHTML {
			more = []byte(message.TextToHTML(b.Text))
		}
		at := bytes.LastIndex(bytes.ToLower(old), []byte("</body"))
		if at < 0 {
			at = len(old)
		}
		e.it.Body = &mailbox.Body{HTML: bytes.Join([][]byte{old[:at], more, old[at:]}, nil)}
	} else {
		text := b.Text
		if b.BodyType == ews.BodyHTML {
			text = message.HTMLToText(text)
		}
		e.it.Body = &mailbox.Body{Text: append(bytes.Clone(e.it.Body.Text), text...)}
	}
	e.it.Parts |= mailbox.PartBody
	return nil
}

func clearBody(e *itemEdit, _ string) error {
	e.it.Body = nil
	e.it.Parts |= mailbox.PartBody
	return nil
}

// headerEntries are the header fields of a message, as it came.
func headerEntries(v *itemView, values []ews.Value) []ews.Value {
	raw := []byte(v.it.Props.String(mailbox.PidTagTransportMessageHeaders))
	if len(raw) == 0 {
		raw = v.it.MIME
	}
	if v.kind == ews.KindCalendarItem || v.kind == ews.KindContact || len(raw) == 0 {
		return values
	}
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(raw, []byte(end)); i >= 0 {
			raw = raw[:i+len(end)]
			break
		}
	}
	m, err := message.Parse(raw, message.DefaultLimits())
	if err != nil {
		return values
	}
	for _, f := range m.Header {
		values = append(values, ews.Value{Field: ews.FieldInternetMessageHeader, Indexed: f.Name, V: f.Value})
	}
	return values
}
