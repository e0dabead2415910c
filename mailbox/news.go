package mailbox

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// Reasons of News.
const (
	// NewsPointInvalid says that a point is not one of this mailbox, or of
	// before a restore.
	NewsPointInvalid entente.Reason = "news-point-invalid"
	// NewsMissed says that deletions since the point are no longer known.
	NewsMissed entente.Reason = "news-missed"
)

// A NewsKind says what happened, [MS-OXWSNTIF].
type NewsKind uint8

// Kinds of news.
const (
	NewsDelivered NewsKind = iota + 1 // a message came for the owner; Created tells of it too
	NewsCreated
	NewsModified
	NewsMoved
	NewsCopied
	NewsDeleted
	NewsFreeBusy // when the owner is free is, perhaps, another
)

// A News is one thing that happened in a mailbox. Item is 0 if it happened to
// the folder Folder itself, which then lies in Parent.
type News struct {
	Kind   NewsKind
	Number uint64 // the mailbox's number for it; News come in this order
	Time   time.Time

	Item      ItemID
	Change    uint64 // of the item or folder as it was then; 0 if it is gone
	Folder    FolderID
	Parent    FolderID
	OldItem   ItemID // of Moved and Copied items
	OldFolder FolderID
	OldParent FolderID // of Moved folders

	Unread int // in the folder, if Counted
	// Counted says that the news of a folder is about what is in it.
	Counted bool
}

// A NewsPoint says how far somebody has followed a mailbox, and which folders
// there were, for what is gone leaves no trace of itself.
type NewsPoint struct {
	Replica uint64 // of the mailbox: another after a restore
	Number  uint64
	Tree    []FolderPlace // by id
}

// A FolderPlace is where a folder lay.
type FolderPlace struct{ ID, Parent FolderID }

// An Interest says of which folders somebody wants news: of all that people
// see, or of some and what lies directly in them.
type Interest struct {
	All     bool
	Folders []FolderID
}

// A NewsPage is some of the news, in their order.
type NewsPage struct {
	List []News
	Next NewsPoint
	More bool // there is more already
}

// NewsPoint returns the point of now.
func (v *View) NewsPoint(ctx context.Context, in Interest) (NewsPoint, error) {
	page, err := v.News(ctx, in, NewsPoint{}, 0)
	return page.Next, err
}

// News returns what happened since a point, at most limit news; with the zero
// point nothing, and the point of now. It needs all rights in the mailbox: what
// happened to things is told here without asking for each who may see it.
func (v *View) News(ctx context.Context, in Interest, since NewsPoint, limit int) (NewsPage, error) {
	var page NewsPage
	if !v.full {
		return page, entente.Errorf(entente.Denied, "not allowed").Because(access.NoRight)
	}
	err := v.db.View(ctx, func(tx *db.Tx) error {
		page = NewsPage{}
		n := newsReader{v: v, tx: tx, since: since, limit: limit}
		var replica uint64
		err := tx.QueryRow(`SELECT replica, counter FROM mailbox WHERE mailbox_id = $1`, v.key).Scan(&replica, &n.upTo)
		switch {
		case err == db.ErrNoRows:
			return noMailbox()
		case err != nil:
			return err
		case since.Replica != 0 && (since.Replica != replica || since.Number > n.upTo):
			return entente.Errorf(entente.Conflict, "the point is not one of this mailbox").Because(NewsPointInvalid)
		case since.Replica != 0 && since.Number == n.upTo:
			page.Next = since
			return nil
		}
		if err := n.folders(in); err != nil {
			return err
		}
		if since.Replica != 0 {
			if err := n.read(); err != nil {
				return err
			}
		}
		page = NewsPage{List: n.list, More: n.more, Next: NewsPoint{replica, n.upTo, n.tree()}}
		return nil
	})
	return page, err
}

// A newsFolder is what is to be known of a folder.
type newsFolder struct {
	id, parent      FolderID
	name            DistinguishedName
	class           string
	change, content uint64
	modified, filed int64 // the folder itself, and what is in it
	unread          int
	forgotten       uint64
	wanted          bool // its items
	told            bool // the folder itself
}

// A newsReader puts a page together. Everything that happened has a number of
// its own, and what has the lowest come first; upTo falls to what all sources
// were read to.
type newsReader struct {
	v     *View
	tx    *db.Tx
	since NewsPoint
	limit int
	upTo  uint64
	more  bool
	list  []News

	all     map[FolderID]*newsFolder
	arrived map[uint64]bool // numbers at which something came
}

// folders reads where all folders are, and marks those of interest.
func (n *newsReader) folders(in Interest) error {
	rows, err := n.tx.Query(`SELECT f.folder_id, f.parent_id, f.distinguished, f.class, f.change_number, f.modified,
			c.unread, c.change_number, c.modified, c.forgotten
		FROM folder f JOIN folder_content c ON c.mailbox_id = f.mailbox_id AND c.folder_id = f.folder_id
		WHERE f.mailbox_id = $1`, n.v.key)
	if err != nil {
		return err
	}
	defer rows.Close()
	n.all = map[FolderID]*newsFolder{}
	for rows.Next() {
		f := new(newsFolder)
		if err := rows.Scan(&f.id, &f.parent, &f.name, &f.class, &f.change, &f.modified, &f.unread, &f.content, &f.filed, &f.forgotten); err != nil {
			return err
		}
		n.all[f.id] = f
	}
	for _, f := range n.all {
		f.wanted = in.All && n.below(f.id, MsgFolderRoot) || slices.Contains(in.Folders, f.id)
		f.told = f.wanted || slices.Contains(in.Folders, f.parent)
		if f.wanted && n.since.Replica != 0 && f.forgotten > n.since.Number {
			return entente.Errorf(entente.Conflict, "deletions since then are no longer known").Because(NewsMissed)
		}
	}
	return rows.Err()
}

// below reports whether a folder is one that every mailbox has, or lies in it.
func (n *newsReader) below(id FolderID, name DistinguishedName) bool {
	for range len(n.all) + 1 {
		f := n.all[id]
		if f == nil {
			return false
		}
		if f.name == name {
			return true
		}
		id = f.parent
	}
	return false
}

// wanted reports whether news of the items of a folder are wanted. A folder
// that is gone is one whose deletion is told.
func (n *newsReader) wanted(id FolderID) bool { f := n.all[id]; return f != nil && f.wanted }

func (n *newsReader) read() error {
	for _, step := range [...]func() error{n.arrivals, n.departures, n.modifications} {
		if err := step(); err != nil {
			return err
		}
	}
	n.folderNews()
	n.cut()
	return nil
}

// cut brings the list into its order, and to its length: what has one number
// stays together, however much it is.
func (n *newsReader) cut() {
	slices.SortStableFunc(n.list, func(a, b News) int { return cmp.Compare(a.Number, b.Number) })
	if len(n.list) > n.limit && n.list[n.limit].Number > n.since.Number+1 {
		n.end(n.list[n.limit].Number - 1)
	}
	n.list = slices.DeleteFunc(n.list, func(x News) bool { return x.Number > n.upTo })
}

// rows runs scan for each row of one source, up to limit of them; more tells
// that there were more, whose first had a number.
func (n *newsReader) rows(rows *db.Rows, err error, scan func() (number uint64, err error)) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		number, err := scan()
		if err != nil {
			return err
		}
		if i == n.limit {
			n.end(number - 1)
			break
		}
	}
	return rows.Err()
}

func (n *newsReader) end(number uint64) {
	if number < n.upTo {
		n.upTo, n.more = number, true
	}
}

func (n *newsReader) add(x News) {
	if f := n.all[x.Folder]; x.Time.IsZero() && f != nil {
		x.Time = TimeOf(f.filed)
	}
	n.list = append(n.list, x)
}

// addItem tells of an item, and of what that does to the owner's free time if
// one of the folders is a calendar.
func (n *newsReader) addItem(x News, folders ...FolderID) {
	n.add(x)
	for _, id := range folders {
		if f := n.all[id]; f != nil && f.wanted && strings.HasPrefix(f.class, "IPF.Appointment") {
			x.Kind, x.Folder, x.OldFolder, x.OldItem = NewsFreeBusy, id, 0, 0
			n.add(x)
			return
		}
	}
}
