package ews

import (
	"encoding/binary"

	"entente"
)

// The sizes and types of MAPI entry ids. [MS-OXCDATA] 2.2.4.1, 2.2.4.2.
const (
	folderEntrySize  = 46
	messageEntrySize = 70
	folderEntryType  = 0x0001 // eitLTPrivateFolder
	messageEntryType = 0x0007 // eitLTPrivateMessage
	counterSize      = 6
	maxCounter       = 1<<48 - 1
)

// appendEntryID writes the folder or message entry id: flags, provider UID,
// type, then for folder and message each a database GUID, a global counter and
// two bytes of padding. Our provider and database GUID is the mailbox id, so
// an entry id alone says whose it is, which ConvertId depends on.
func (id StoreID) appendEntryID(b []byte) []byte {
	entryType := uint16(folderEntryType)
	if id.Item != 0 {
		entryType = messageEntryType
	}
	b = append(b, 0, 0, 0, 0)
	b = append(b, id.Mailbox[:]...)
	b = binary.LittleEndian.AppendUint16(b, entryType)
	b = appendGlobal(b, id.Mailbox, id.Folder)
	if id.Item != 0 {
		b = appendGlobal(b, id.Mailbox, id.Item)
	}
	return b
}

func appendGlobal(b []byte, database entente.MailboxID, counter uint64) []byte {
	b = append(b, database[:]...)
	b = appendCounter(b, counter)
	return append(b, 0, 0)
}

// appendCounter writes a global counter, 6 bytes big endian. [MS-OXCDATA].
func appendCounter(b []byte, n uint64) []byte {
	return append(b, byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func counter(b []byte) uint64 {
	return uint64(b[0])<<40 | uint64(b[1])<<32 | uint64(b[2])<<24 | uint64(b[3])<<16 | uint64(b[4])<<8 | uint64(b[5])
}

// EntryID returns id as a MAPI entry id, without occurrence and attachments;
// nil for an id that cannot be one.
func (id StoreID) EntryID() []byte {
	if !id.Root().Master().encodable() {
		return nil
	}
	return id.appendEntryID(make([]byte, 0, messageEntrySize))
}

// parseEntryID reads what appendEntryID writes. ok is false for entry ids
// that are not ours, such as those of other providers.
func parseEntryID(b []byte) (id StoreID, ok bool) {
	if len(b) != folderEntrySize && len(b) != messageEntrySize {
		return StoreID{}, false
	}
	copy(id.Mailbox[:], b[4:20])
	if binary.LittleEndian.Uint32(b) != 0 {
		return StoreID{}, false
	}
	entryType := binary.LittleEndian.Uint16(b[20:])
	if id.Folder, ok = parseGlobal(b[22:46], id.Mailbox); !ok {
		return StoreID{}, false
	}
	if len(b) == folderEntrySize {
		return id, entryType == folderEntryType && id.encodable()
	}
	if id.Item, ok = parseGlobal(b[46:], id.Mailbox); !ok {
		return StoreID{}, false
	}
	return id, entryType == messageEntryType && id.Item != 0 && id.encodable()
}

func parseGlobal(b []byte, database entente.MailboxID) (uint64, bool) {
	ok := entente.MailboxID(b[:16]) == database && b[22] == 0 && b[23] == 0
	return counter(b[16:]), ok
}
