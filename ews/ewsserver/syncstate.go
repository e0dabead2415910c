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
	stateOfItems   syncKind = 1
	stateOfFolders syncKind = 2
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

// A syncMark is what the mark of a state vouches for beside the point.
type syncMark struct {
	kind   syncKind
	box    entente.MailboxID
	folder mailbox.FolderID
}

func markOf(k syncKind, ref folderRef) *syncMark {
	return &syncMark{k, ref.view.Mailbox(), ref.folder.ID}
}

// text writes a point for a client to keep.
func (m *syncMark) text(h *Handler, point []byte) string {
	b := append(make([]byte, 0, len(point)+64), syncStateVersion, byte(m.kind))
	b = binary.AppendUvarint(b, uint64(len(point)))
	b = append(b, point...)
	b = h.SyncState.Append(b, m.marked(point))
	return base64.StdEncoding.EncodeToString(b)
}

// point returns the point in what a client kept.
func (m *syncMark) point(h *Handler, text string) ([]byte, error) {
	bad := &ews.Fault{Code: ews.ErrorInvalidSyncStateData}
	if len(text) > maxSyncState {
		return nil, bad
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) < 3 || b[0] != syncStateVersion || b[1] != byte(m.kind) {
		return nil, bad
	}
	n, size := binary.Uvarint(b[2:])
	if size <= 0 || n > uint64(len(b)-2-size) {
		return nil, bad
	}
	point, mark := b[2+size:][:n], b[2+size:][n:]
	if !h.SyncState.Valid(m.marked(point), mark) {
		return nil, bad
	}
	return point, nil
}

// marked is what the mark is made over.
func (m *syncMark) marked(point []byte) []byte {
	b := append(make([]byte, 0, len(point)+64), "ews sync state\x00"...)
	b = append(b, syncStateVersion, byte(m.kind))
	b = append(b, m.box[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(m.folder))
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
