package ews

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"entente"
)

// An ItemID names an item in requests and answers. ID is a StoreID in its text
// form, ChangeKey a ChangeKey. [MS-OXWSCORE].
//
// ews:type ItemIdType
type ItemID struct {
	ID        string `ews:"Id,attr"`
	ChangeKey string `ews:"ChangeKey,attr,omitempty"`
}

// A FolderID names a folder in requests and answers. [MS-OXWSCDATA].
//
// ews:type FolderIdType
type FolderID struct {
	ID        string `ews:"Id,attr"`
	ChangeKey string `ews:"ChangeKey,attr,omitempty"`
}

// maxID is the longest id in base64 characters. [MS-OXWSITEMID] 2.
const maxID = 512

// The fields of the storage type byte and of the processing byte that we use.
// [MS-OXWSITEMID] 2.
const (
	storageMailboxGUID = 3 // the moniker is the mailbox's GUID as text
	processNormal      = 0 // the store id is an entry id
	processRecurrence  = 1 // the store id is an entry id and an instance
)

// A StoreID is what our ItemIds, FolderIds and AttachmentIds hold: where the
// thing lies. It grants nothing. Anyone may make one up or pass on another
// person's; whoever opens the mailbox asks whether the caller may.
type StoreID struct {
	Mailbox entente.MailboxID
	Folder  uint64 // 48 bits; the folder itself, or the one the item lies in
	Item    uint64 // 48 bits; 0 names the folder
	// Instance, if set, names one occurrence of the series Item.
	Instance InstanceDate
	// Attachments is the way to an attachment of the item: each id names one
	// inside what the ids before it name. At most maxAttachmentLevels.
	Attachments [][]byte
}

// An InstanceDate names an occurrence of a recurring item by the day it falls
// on before any exception moved it, in the time zone of the series. No pattern
// of Exchange has two occurrences on one day. [MS-OXOCAL] 2.2.1.27 uses the
// same for the instance inside a global object id.
type InstanceDate struct {
	Year       uint16
	Month, Day uint8
}

// InstanceDateOf returns the date of t in t's location.
func InstanceDateOf(t time.Time) InstanceDate {
	y, m, d := t.Date()
	return InstanceDate{Year: uint16(y), Month: uint8(m), Day: uint8(d)}
}

// IsZero reports whether d names no occurrence.
func (d InstanceDate) IsZero() bool { return d == InstanceDate{} }

// In returns the start of the day in loc.
func (d InstanceDate) In(loc *time.Location) time.Time {
	return time.Date(int(d.Year), time.Month(d.Month), int(d.Day), 0, 0, 0, 0, loc)
}

// valid reports whether d is a day of the calendar, in a year EWS can say.
func (d InstanceDate) valid() bool {
	return d.Year >= 1601 && d.Year <= 4500 && InstanceDateOf(d.In(time.UTC)) == d
}

// IsFolder reports whether id names a folder.
func (id StoreID) IsFolder() bool { return id.Item == 0 }

// IsAttachment reports whether id names an attachment.
func (id StoreID) IsAttachment() bool { return len(id.Attachments) > 0 }

// WithAttachment returns the id of an attachment of what id names.
func (id StoreID) WithAttachment(att []byte) StoreID {
	n := len(id.Attachments)
	id.Attachments = append(id.Attachments[:n:n], att)
	return id
}

// WithInstance returns the id of an occurrence of the series id names.
func (id StoreID) WithInstance(d InstanceDate) StoreID {
	id.Instance = d
	return id
}

// Root returns the id of the item that an attachment id leads through.
func (id StoreID) Root() StoreID {
	id.Attachments = nil
	return id
}

// Master returns the id of the series that an occurrence id belongs to.
func (id StoreID) Master() StoreID {
	id.Instance = InstanceDate{}
	return id
}

// String returns the Id attribute: 120 characters for a folder, 152 for an
// item. It is "" for what no id can hold: counters over 48 bits, attachments
// nested too deep. The same StoreID always gives the same text, since clients
// compare ids as text.
func (id StoreID) String() string {
	var room [384]byte
	raw, ok := id.appendRaw(room[:0])
	if !ok {
		return ""
	}
	if base64.StdEncoding.EncodedLen(len(raw)) > maxID {
		// Long ids are attachments deep inside one another; runs of zeros in
		// the entry id make room for a few more levels.
		raw = compressRaw(raw)
	}
	if base64.StdEncoding.EncodedLen(len(raw)) > maxID {
		return ""
	}
	var text [maxID]byte
	return string(base64.StdEncoding.AppendEncode(text[:0], raw))
}

// appendRaw writes the layout of [MS-OXWSITEMID] 2, uncompressed. An id of
// something that is no attachment ends after the store id.
func (id StoreID) appendRaw(b []byte) ([]byte, bool) {
	if !id.encodable() {
		return b, false
	}
	b = append(b, compressNone, storageMailboxGUID)
	b = appendMoniker(b, id.Mailbox)
	if id.Instance.IsZero() {
		b = append(b, processNormal)
	} else {
		b = append(b, processRecurrence)
	}
	size := folderEntrySize
	if id.Item != 0 {
		size = messageEntrySize
	}
	if !id.Instance.IsZero() {
		size += instanceSize
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(size))
	b = id.appendEntryID(b)
	if !id.Instance.IsZero() {
		b = appendInstance(b, id.Instance)
	}
	if len(id.Attachments) == 0 {
		return b, true
	}
	b = append(b, byte(len(id.Attachments)))
	for _, a := range id.Attachments {
		b = appendCounted(b, string(a))
	}
	return b, true
}

const hexDigits = "0123456789abcdef"

// appendMoniker writes the counted text of the mailbox's GUID, as
// MailboxID.String has it, without making a string: lists are full of ids.
func appendMoniker(b []byte, m entente.MailboxID) []byte {
	b = append(b, 36, 0)
	for i, c := range m {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return b
}

// maxAttachmentLevels is how deep attachments may lie in one another, as in
// Exchange: ErrorInvalidIdTooManyAttachmentLevels.
const maxAttachmentLevels = 10

func (id StoreID) encodable() bool {
	if id.Mailbox.IsZero() || id.Folder == 0 || id.Folder > maxCounter || id.Item > maxCounter {
		return false
	}
	if id.Item == 0 && (!id.Instance.IsZero() || len(id.Attachments) > 0) {
		return false
	}
	if !id.Instance.IsZero() && !id.Instance.valid() || len(id.Attachments) > maxAttachmentLevels {
		return false
	}
	for _, a := range id.Attachments {
		if len(a) == 0 || len(a) > maxID {
			return false
		}
	}
	return true
}

// ParseStoreID reads an Id attribute. The errors are *Fault with
// ErrorInvalidIdEmpty, ErrorInvalidIdMalformed, or
// ErrorInvalidIdTooManyAttachmentLevels; they belong into the answer for that
// one id.
//
// It accepts what String writes and the compressed form of it, nothing else:
// an id is ours or it is not.
func ParseStoreID(s string) (StoreID, error) {
	if s == "" {
		return StoreID{}, &Fault{Code: ErrorInvalidIdEmpty}
	}
	if len(s) > maxID {
		return StoreID{}, malformedID()
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) == 0 || base64.StdEncoding.EncodedLen(len(raw)) != len(s) { // line breaks inside
		return StoreID{}, malformedID()
	}
	payload, ok := expandRaw(raw)
	if !ok {
		return StoreID{}, malformedID()
	}
	return parsePayload(payload)
}

func malformedID() *Fault { return &Fault{Code: ErrorInvalidIdMalformed} }

// parsePayload reads what follows the compression byte.
func parsePayload(b []byte) (StoreID, error) {
	r := idReader{b: b}
	if r.byte() != storageMailboxGUID {
		return StoreID{}, malformedID()
	}
	mailbox, err := entente.ParseMailboxID(string(r.counted()))
	if err != nil {
		return StoreID{}, malformedID()
	}
	process, store := r.byte(), r.counted()
	if r.short {
		return StoreID{}, malformedID()
	}
	id, ok := parseStore(process, store)
	if !ok || id.Mailbox != mailbox {
		return StoreID{}, malformedID()
	}
	if len(r.b) == 0 {
		return id, nil
	}
	return parseAttachments(id, &r)
}

func parseAttachments(id StoreID, r *idReader) (StoreID, error) {
	n := int(r.byte())
	if n > maxAttachmentLevels {
		return StoreID{}, &Fault{Code: ErrorInvalidIdTooManyAttachmentLevels, Text: "The Id contains too many attachment levels."}
	}
	for range n {
		id.Attachments = append(id.Attachments, r.counted())
	}
	if n == 0 || r.short || len(r.b) > 0 || !id.encodable() {
		return StoreID{}, malformedID()
	}
	return id, nil
}

// parseStore reads the store id as the processing byte says.
func parseStore(process byte, b []byte) (StoreID, bool) {
	var instance InstanceDate
	switch process {
	case processNormal:
	case processRecurrence:
		if len(b) != messageEntrySize+instanceSize {
			return StoreID{}, false
		}
		var ok bool
		if instance, ok = parseInstance(b[messageEntrySize:]); !ok {
			return StoreID{}, false
		}
		b = b[:messageEntrySize]
	default:
		return StoreID{}, false
	}
	id, ok := parseEntryID(b)
	id.Instance = instance
	return id, ok
}

// instanceSize is the length of an instance date after the entry id of the
// series: year (big endian), month, day.
const instanceSize = 4

func appendInstance(b []byte, d InstanceDate) []byte {
	return append(binary.BigEndian.AppendUint16(b, d.Year), d.Month, d.Day)
}

func parseInstance(b []byte) (InstanceDate, bool) {
	d := InstanceDate{Year: binary.BigEndian.Uint16(b), Month: b[2], Day: b[3]}
	return d, d.valid()
}

// appendCounted writes an int16 length and s, which is shorter than 32 KiB.
func appendCounted(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(s))), s...)
}

// An idReader takes an id apart. short is set once there was too little left.
type idReader struct {
	b     []byte
	short bool
}

func (r *idReader) take(n int) []byte {
	if n > len(r.b) {
		r.short, r.b = true, nil
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *idReader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *idReader) counted() []byte {
	b := r.take(2)
	if b == nil {
		return nil
	}
	// The length is an int16: what looks negative is too long for any id.
	return r.take(int(binary.LittleEndian.Uint16(b)))
}
