package easserver

import (
	"strconv"
	"strings"

	"entente/mailbox"
)

// What phones call folders and items. A phone sees one mailbox, so that its number
// in it names a folder, and folder and number an item; ids select and grant
// nothing. Both are far below the 64 characters that phones keep.

// folderID writes the ServerId of a folder.
func folderID(id mailbox.FolderID) string { return strconv.FormatUint(uint64(id), 10) }

// parseFolderID reads it.
func parseFolderID(s string) (mailbox.FolderID, bool) {
	n, ok := parseID(s)
	return mailbox.FolderID(n), ok
}

// itemID writes the ServerId of an item.
func itemID(folder mailbox.FolderID, id mailbox.ItemID) string {
	return strconv.FormatUint(uint64(folder), 10) + ":" + strconv.FormatUint(uint64(id), 10)
}

// parseItemID reads it.
func parseItemID(s string) (mailbox.FolderID, mailbox.ItemID, bool) {
	f, i, found := strings.Cut(s, ":")
	folder, ok := parseID(f)
	id, ok2 := parseID(i)
	return mailbox.FolderID(folder), mailbox.ItemID(id), found && ok && ok2
}

// parseID reads a number as it is written here and in no other way, so that one
// thing has one name.
func parseID(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil && n > 0 && s[0] != '0' && s[0] != '+'
}
