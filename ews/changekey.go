package ews

import (
	"encoding/base64"
	"encoding/binary"

	"entente"
)

// A ChangeKey names one state of an item or folder: it changes whenever the
// thing does. Its text form is opaque to clients, 40 characters of base64:
// version (int32 LE), length 22 (int32 LE), then mailbox GUID and change
// number as in a PidTagChangeKey, [MS-OXCFXICS] 2.2.1.2.7.
type ChangeKey struct {
	Mailbox entente.MailboxID
	Change  uint64 // 48 bits, the change number within the mailbox
}

const (
	changeKeyVersion = 1
	changeKeySize    = 4 + 4 + 16 + counterSize
	changeKeyText    = 40 // and so no line breaks, which the decoder would skip
	maxChangeKey     = 512
)

// String returns the ChangeKey attribute.
func (k ChangeKey) String() string {
	var room [changeKeySize]byte
	b := binary.LittleEndian.AppendUint32(room[:0], changeKeyVersion)
	b = binary.LittleEndian.AppendUint32(b, 16+counterSize)
	b = append(b, k.Mailbox[:]...)
	b = appendCounter(b, k.Change)
	return base64.StdEncoding.EncodeToString(b)
}

// ParseChangeKey reads a ChangeKey attribute. The error is a *Fault with
// ErrorInvalidChangeKey for one that is not of our making.
func ParseChangeKey(s string) (ChangeKey, error) {
	bad := &Fault{Code: ErrorInvalidChangeKey}
	if len(s) > maxChangeKey {
		return ChangeKey{}, bad
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != changeKeySize || len(s) != changeKeyText {
		return ChangeKey{}, bad
	}
	if binary.LittleEndian.Uint32(b) != changeKeyVersion || binary.LittleEndian.Uint32(b[4:]) != 16+counterSize {
		return ChangeKey{}, bad
	}
	return ChangeKey{Mailbox: entente.MailboxID(b[8:24]), Change: counter(b[24:])}, nil
}
