package mailbox

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"entente/calendar"
)

// The head of every global object id, [MS-OXOCAL] 2.2.1.27.
var goidHead = []byte{0x04, 0, 0, 0, 0x82, 0, 0xE0, 0, 0x74, 0xC5, 0xB7, 0x10, 0x1A, 0x82, 0xE0, 0x08}

// vcalUID comes before a UID that another program made up.
const vcalUID = "vCal-Uid\x01\x00\x00\x00"

// goidData is where the length and the data of a global object id begin: after
// the head, the date of an instance, a time of creation and eight reserved
// bytes.
const goidData = 16 + 4 + 8 + 8

// GlobalObjectID returns the id by which MAPI clients recognize a meeting.
// [MS-OXCICAL] 2.1.3.1.1.20.26: a UID that Outlook made is the id in hex, any
// other is wrapped.
func GlobalObjectID(uid string) []byte {
	if b, err := hex.DecodeString(uid); err == nil && len(b) > goidData+4 && bytes.HasPrefix(b, goidHead) {
		clear(b[16:20]) // the clean form, for all instances alike
		return b
	}
	data := vcalUID + uid + "\x00"
	b := append(make([]byte, 0, goidData+4+len(data)), goidHead...)
	b = append(b, make([]byte, goidData-len(goidHead))...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

// UIDOf returns the UID of which GlobalObjectID made the id, and of others
// their hex form; "" for what is no such id.
func UIDOf(id []byte) string {
	if len(id) < goidData+4 || !bytes.HasPrefix(id, goidHead) {
		return ""
	}
	data := string(id[goidData+4:])
	if uid, ok := strings.CutPrefix(data, vcalUID); ok {
		uid, _, _ = strings.Cut(uid, "\x00")
		return uid
	}
	clean := bytes.Clone(id)
	clear(clean[16:20])
	return strings.ToUpper(hex.EncodeToString(clean))
}

// instanceOf reads a UID, or a global object id in hex, and the day of the instance
// that the id names, nil if it names none. [MS-OXOCAL] 2.2.1.27
func instanceOf(text string) (uid string, day *calendar.Date) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) < goidData+4 || !bytes.HasPrefix(b, goidHead) {
		return text, nil
	}
	if year, month, d := int(b[16])<<8|int(b[17]), b[18], b[19]; year != 0 {
		day = new(calendar.NewDate(year, time.Month(month), int(d)))
	}
	return UIDOf(b), day
}
