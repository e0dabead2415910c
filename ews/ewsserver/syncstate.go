package ewsserver

import (
	"encoding/base64"
	"encoding/binary"

	"entente"
	"entente/ews"
	"entente/mailbox"
)

// A syncKind says what a sync state is of, so that one is never taken for the
// other.
type syncKind byte

const (
	syncItems     syncKind = 1
	syncHierarchy syncKind = 2
)

// The text of a sync state is base64 of: version, kind, length of the point,
// the point, the mark. The mark is made over the mailbox and the folder too,
// which are not in the text: a state of one folder is none of another. Clients
// keep states for years and show them to us again; what comes back changed was
// not made by us.
const (
	syncStateVersion = 1
	maxSyncState     = 256 << 10
)

// syncState writes a point for a client to keep.
func (h *Handler) syncState(k syncKind, ref folderRef, point []byte) string {
	b := append(make([]byte, 0, len(point)+64), syncStateVersion, byte(k))
	b = binary.AppendUvarint(b, uint64(len(point)))
	b = append(b, point...)
	b = h.SyncState.Append(b, markedState(k, ref, point))
	return base64.StdEncoding.EncodeToString(b)
}

// readSyncState returns the point in what a client kept.
func (h *Handler) readSyncState(k syncKind, ref folderRef, text string) ([]byte, error) {
	bad := &ews.Fault{Code: ews.ErrorInvalidSyncStateData}
	if len(text) > maxSyncState {
		return nil, bad
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) < 3 || b[0] != syncStateVersion || b[1] != byte(k) {
		return nil, bad
	}
	n, size := binary.Uvarint(b[2:])
	if size <= 0 || n > uint64(len(b)-2-size) {
		return nil, bad
	}
	point, mark := b[2+size:][:n], b[2+size:][n:]
	if !h.SyncState.Valid(markedState(k, ref, point), mark) {
		return nil, bad
	}
	return point, nil
}

// markedState is what the mark of a state is made over.
func markedState(k syncKind, ref folderRef, point []byte) []byte {
	box := ref.view.Mailbox()
	b := append(make([]byte, 0, len(point)+64), "ews sync state\x00"...)
	b = append(b, syncStateVersion, byte(k))
	b = append(b, box[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(ref.folder.ID))
	return append(b, point...)
}

// syncFolder opens the folder of a synchronization. It must be there: what a
// client synchronizes and cannot find is gone.
func (c *call) syncFolder(id *ews.TargetFolderID) (folderRef, error) {
	ref, err := c.target(id)
	if isReason(err, mailbox.FolderNotFound) || isKind(err, entente.Denied) {
		return ref, &ews.Fault{Code: ews.ErrorSyncFolderNotFound}
	}
	return ref, err
}
