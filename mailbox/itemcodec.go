package mailbox

import (
	"encoding/binary"
	"errors"

	"entente"
)

// The encoding of an item that is attached to another: a version byte, then
// fields of a number, a length and bytes each. Class, properties, texts, MIME,
// recipients; attachments come as nested fields of the same form.
const itemVersion = 1

// Numbers of fields. They are kept for ever.
const (
	fieldClass byte = iota + 1
	fieldProps
	fieldText
	fieldHTML
	fieldMIME
	fieldRecipients
	fieldFlags
	fieldCreated
	fieldModified
	fieldAttachment

	fieldName
	fieldContentType
	fieldContentID
	fieldContentLocation
	fieldInline
	fieldContent
	fieldItem
)

var errItem = errors.New("damaged item")

func nesting() error {
	return entente.Errorf(entente.TooLarge, "items are attached too deeply").Because(AttachmentNesting)
}

// appendItem encodes an item with all it carries; depth is how many levels of
// items it may hold, itself included.
func appendItem(dst []byte, it *Item, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, nesting()
	}
	class, props, err := cleaned(it)
	if err != nil {
		return nil, err
	}
	dst = append(dst, itemVersion)
	dst = appendField(dst, fieldClass, []byte(class))
	dst = appendField(dst, fieldProps, props.Append(nil))
	if it.Body != nil {
		dst = appendPresent(dst, fieldText, it.Body.Text)
		dst = appendPresent(dst, fieldHTML, it.Body.HTML)
	}
	dst = appendPresent(dst, fieldMIME, it.MIME)
	dst = appendPresent(dst, fieldRecipients, appendRecipients(nil, it.Recipients))
	if it.Read {
		dst = appendField(dst, fieldFlags, []byte{byte(flagRead)})
	}
	dst = appendField(dst, fieldCreated, binary.AppendVarint(nil, Ticks(it.Created)))
	dst = appendField(dst, fieldModified, binary.AppendVarint(nil, Ticks(it.Modified)))
	for i := range it.Attachments {
		b, err := appendAttachment(nil, &it.Attachments[i], depth-1)
		if err != nil {
			return nil, err
		}
		dst = appendField(dst, fieldAttachment, b)
	}
	return dst, nil
}

func appendAttachment(dst []byte, a *Attachment, depth int) ([]byte, error) {
	dst = appendField(dst, fieldName, []byte(clean(a.Name, 1024)))
	dst = appendField(dst, fieldContentType, []byte(clean(a.ContentType, 255)))
	dst = appendField(dst, fieldContentID, []byte(clean(a.ContentID, 1024)))
	dst = appendField(dst, fieldContentLocation, []byte(clean(a.ContentLocation, 2048)))
	if a.Inline {
		dst = appendField(dst, fieldInline, nil)
	}
	dst = appendField(dst, fieldModified, binary.AppendVarint(nil, Ticks(a.Modified)))
	if a.Embedded == nil {
		return appendField(dst, fieldContent, a.Content), nil
	}
	b, err := appendItem(nil, a.Embedded, depth)
	if err != nil {
		return nil, err
	}
	return appendField(dst, fieldItem, b), nil
}

func appendField(dst []byte, field byte, b []byte) []byte {
	dst = append(dst, field)
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// appendPresent keeps the difference between nothing and an empty text.
func appendPresent(dst []byte, field byte, b []byte) []byte {
	if b == nil {
		return dst
	}
	return appendField(dst, field, b)
}

// fields splits an encoding, and stops at the first thing that is none.
func fields(b []byte, each func(field byte, b []byte) error) error {
	for len(b) > 0 {
		n, size := binary.Uvarint(b[1:])
		if size <= 0 || n > uint64(len(b)-1-size) {
			return errItem
		}
		start := 1 + size
		if err := each(b[0], b[start:start+int(n):start+int(n)]); err != nil {
			return err
		}
		b = b[start+int(n):]
	}
	return nil
}

// parseItem decodes what appendItem wrote. Bytes of the result are slices of b.
func parseItem(b []byte, depth int) (*Item, error) {
	if depth == 0 {
		return nil, nesting()
	}
	if len(b) == 0 || b[0] != itemVersion {
		return nil, errItem
	}
	it := &Item{Parts: AllParts}
	err := fields(b[1:], func(field byte, b []byte) error { return it.parseField(field, b, depth) })
	if err != nil {
		return nil, err
	}
	it.Size = int64(len(b))
	return it, nil
}

func (it *Item) parseField(field byte, b []byte, depth int) (err error) {
	switch field {
	case fieldClass:
		it.Class = string(b)
	case fieldProps:
		it.Props, err = ParseProps(b)
	case fieldText:
		it.body().Text = b
	case fieldHTML:
		it.body().HTML = b
	case fieldMIME:
		it.MIME = b
	case fieldRecipients:
		it.Recipients, err = parseRecipients(b)
	case fieldFlags:
		if len(b) != 1 {
			return errItem
		}
		it.setFlags(itemFlags(b[0]) & flagRead)
	case fieldCreated:
		ticks, _ := binary.Varint(b)
		it.Created = TimeOf(ticks)
	case fieldModified:
		ticks, _ := binary.Varint(b)
		it.Modified = TimeOf(ticks)
	case fieldAttachment:
		var a Attachment
		if err := fields(b, func(field byte, b []byte) error { return a.parseField(field, b, depth-1) }); err != nil {
			return err
		}
		a.ID = uint32(len(it.Attachments) + 1)
		it.Attachments = append(it.Attachments, a)
	default:
		return errItem
	}
	return err
}

func (it *Item) body() *Body {
	if it.Body == nil {
		it.Body = &Body{}
	}
	return it.Body
}

func (a *Attachment) parseField(field byte, b []byte, depth int) (err error) {
	switch field {
	case fieldName:
		a.Name = string(b)
	case fieldContentType:
		a.ContentType = string(b)
	case fieldContentID:
		a.ContentID = string(b)
	case fieldContentLocation:
		a.ContentLocation = string(b)
	case fieldInline:
		a.Inline = true
	case fieldModified:
		ticks, _ := binary.Varint(b)
		a.Modified = TimeOf(ticks)
	case fieldContent:
		a.Content, a.Size = b, int64(len(b))
	case fieldItem:
		a.Item, a.Size = true, int64(len(b))
		a.Embedded, err = parseItem(b, depth)
	default:
		return errItem
	}
	return err
}
