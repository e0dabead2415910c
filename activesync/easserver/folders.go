package easserver

import (
	"cmp"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"

	"entente/access"
	"entente/activesync"
	"entente/mailbox"
)

// maxFolders is how many folders a phone is shown: the folders of every mailbox,
// and of the others those that were made first.
const maxFolders = 1000

// folderType is what a folder is to phones. [MS-ASCMD] 2.2.3.186.3
func folderType(f *mailbox.Folder) activesync.FolderType {
	switch f.Distinguished {
	case mailbox.Inbox:
		return activesync.DefaultInbox
	case mailbox.Drafts:
		return activesync.DefaultDrafts
	case mailbox.DeletedItems:
		return activesync.DefaultDeletedItems
	case mailbox.SentItems:
		return activesync.DefaultSentItems
	case mailbox.Outbox:
		return activesync.DefaultOutbox
	case mailbox.Tasks:
		return activesync.DefaultTasks
	case mailbox.Calendar:
		return activesync.DefaultCalendar
	case mailbox.Contacts:
		return activesync.DefaultContacts
	case mailbox.Notes:
		return activesync.DefaultNotes
	case mailbox.Journal:
		return activesync.DefaultJournal
	}
	for _, c := range [...]struct {
		class string
		kind  activesync.FolderType
	}{
		{"IPF.Note", activesync.UserMail},
		{"IPF.Appointment", activesync.UserCalendar},
		{"IPF.Contact", activesync.UserContacts},
		{"IPF.Task", activesync.UserTasks},
		{"IPF.StickyNote", activesync.UserNotes},
		{"IPF.Journal", activesync.UserJournal},
	} {
		if is(f.Class, c.class) {
			return c.kind
		}
	}
	return activesync.UnknownFolder
}

// is reports whether a class is another one or one of its kind.
func is(class, kind string) bool {
	return len(class) >= len(kind) && strings.EqualFold(class[:len(kind)], kind) && (len(class) == len(kind) || class[len(kind)] == '.')
}

// classOfFolder is the container class of a type that phones make folders of, ""
// for a type of which they may not.
func classOfFolder(t activesync.FolderType) string {
	switch t {
	case activesync.UserFolder, activesync.UserMail:
		return "IPF.Note"
	case activesync.UserCalendar:
		return "IPF.Appointment"
	case activesync.UserContacts:
		return "IPF.Contact"
	case activesync.UserTasks:
		return "IPF.Task"
	case activesync.UserNotes:
		return "IPF.StickyNote"
	}
	return ""
}

// showsFolder reports whether a phone is shown a folder by itself: one whose items
// it can have. Notes came with 14.0.
func (c *call) showsFolder(f *mailbox.Folder) bool {
	class := activesync.ClassOf(folderType(f))
	switch f.Distinguished {
	case mailbox.SyncIssues, mailbox.Conflicts, mailbox.LocalFailures, mailbox.ServerFailures:
		return false
	}
	switch {
	case f.Hidden || class == "" || class == activesync.Notes && !c.at(activesync.V140):
		return false
	case f.Limited():
		return f.Rights.Has(access.ReadItem)
	}
	return f.Rights.Has(access.ReadAny)
}

// A shownFolder is a folder as a phone has it.
type shownFolder struct {
	id, parent mailbox.FolderID // parent 0 at the top
	name       string
	kind       activesync.FolderType
	fixed      bool // every mailbox has it
}

// sum tells a folder from the same one as it was.
func (f *shownFolder) sum() uint32 {
	return crc32.ChecksumIEEE([]byte(folderID(f.parent) + "/" + folderID(mailbox.FolderID(f.kind)) + "/" + f.name))
}

// folders are those that the phone is shown, parents before their children.
func (c *call) folders() ([]shownFolder, error) {
	all, err := c.view.Tree(c.ctx)
	if err != nil {
		return nil, err
	}
	return c.shown(all), nil
}

// shown picks of all folders, each after its parent, those that phones are shown. A
// folder in one that is not shown hangs on the one above that; what is in a hidden
// one or among the notes of failed synchronizations is hidden with it.
func (c *call) shown(all []*mailbox.Folder) []shownFolder {
	const hidden = mailbox.FolderID(1<<64 - 1)
	var list []shownFolder
	stands := map[mailbox.FolderID]mailbox.FolderID{} // for a folder, what those in it hang on
	for _, f := range all {
		parent := stands[f.Parent] // 0 above all folders
		switch {
		case parent == hidden || f.Hidden || f.Distinguished == mailbox.SyncIssues:
			stands[f.ID] = hidden
		case !c.showsFolder(f):
			stands[f.ID] = parent
		default:
			stands[f.ID] = f.ID
			list = append(list, shownFolder{f.ID, parent, f.Name, folderType(f), f.Distinguished != ""})
		}
	}
	if len(list) <= maxFolders {
		return list
	}
	return fewest(list)
}

// fewest leaves maxFolders of a list, and none without its parent: a folder was not
// made before the one it lies in, or was moved there, and is then left out.
func fewest(list []shownFolder) []shownFolder {
	first := slices.Clone(list)
	slices.SortFunc(first, func(a, b shownFolder) int {
		switch {
		case a.fixed && !b.fixed:
			return -1
		case b.fixed && !a.fixed:
			return 1
		}
		return cmp.Compare(a.id, b.id)
	})
	kept := map[mailbox.FolderID]bool{0: true}
	for _, f := range first[:maxFolders] {
		kept[f.id] = true
	}
	return slices.DeleteFunc(list, func(f shownFolder) bool {
		if !kept[f.parent] {
			kept[f.id] = false
		}
		return !kept[f.id]
	})
}

// A hierarchyState is what is kept of the folders that a phone has.
type hierarchyState struct {
	serial uint64
	stands []hierarchyStand // as those of a syncState
}

// A hierarchyStand is which folders the phone has with one key.
type hierarchyStand struct {
	key     uint64
	folders []keptFolder // rising
}

type keptFolder struct {
	id  mailbox.FolderID
	sum uint32
}

func newHierarchyState() *hierarchyState { return &hierarchyState{serial: 1e8 + rand.Uint64N(9e14)} }

func (s *hierarchyState) at(key uint64) *hierarchyStand {
	for i := range s.stands {
		if s.stands[i].key == key {
			return &s.stands[i]
		}
	}
	return nil
}

// answered keeps the stand at which the phone asked and adds the one it is
// answered, with a new key.
func (s *hierarchyState) answered(from uint64, next hierarchyStand) {
	if i := slices.IndexFunc(s.stands, func(x hierarchyStand) bool { return x.key == from }); i > 0 {
		s.stands = []hierarchyStand{s.stands[i]}
	}
	if len(s.stands) > maxAhead {
		s.stands = slices.Delete(s.stands, 1, len(s.stands)-maxAhead+1)
	}
	s.serial++
	next.key = s.serial
	s.stands = append(s.stands, next)
}

// ahead are the stands that the phone was answered at a key that it uses again.
func (s *hierarchyState) ahead(key uint64) []hierarchyStand {
	if len(s.stands) > 1 && s.stands[0].key == key {
		return s.stands[1:]
	}
	return nil
}

// newest is the stand of the last answer.
func (s *hierarchyState) newest() *hierarchyStand {
	if len(s.stands) == 0 {
		return nil
	}
	return &s.stands[len(s.stands)-1]
}

// standOf is the stand of a phone that has some folders.
func standOf(list []shownFolder) hierarchyStand {
	var st hierarchyStand
	for i := range list {
		st.folders = append(st.folders, keptFolder{list[i].id, list[i].sum()})
	}
	slices.SortFunc(st.folders, func(a, b keptFolder) int { return cmp.Compare(a.id, b.id) })
	return st
}

func (st *hierarchyStand) find(id mailbox.FolderID) (int, bool) {
	return slices.BinarySearchFunc(st.folders, id, func(f keptFolder, id mailbox.FolderID) int { return cmp.Compare(f.id, id) })
}

// compare returns what a phone that has the stand's folders is to be told.
func (st *hierarchyStand) compare(list []shownFolder) (add, update []shownFolder, gone []mailbox.FolderID) {
	there := make(map[mailbox.FolderID]bool, len(list))
	for _, f := range list {
		there[f.id] = true
		switch i, ok := st.find(f.id); {
		case !ok:
			add = append(add, f)
		case st.folders[i].sum != f.sum():
			update = append(update, f)
		}
	}
	for _, f := range st.folders {
		if !there[f.id] {
			gone = append(gone, f.id)
		}
	}
	return add, update, gone
}

// appendState encodes a state at the end of b.
func (s *hierarchyState) appendState(b []byte) []byte {
	w := stateWriter(append(b, stateForm))
	w.num(s.serial)
	w.num(uint64(len(s.stands)))
	for i := range s.stands {
		st := &s.stands[i]
		w.num(st.key)
		w.num(uint64(len(st.folders)))
		last := mailbox.FolderID(0)
		for _, f := range st.folders {
			w.num(uint64(f.id - last))
			w.num(uint64(f.sum))
			last = f.id
		}
	}
	return w
}

// parseHierarchy decodes what appendState wrote.
func parseHierarchy(b []byte) (*hierarchyState, error) {
	r := stateReader{b: b}
	if len(b) == 0 || r.byte() != stateForm {
		return nil, errState
	}
	s := &hierarchyState{serial: r.num()}
	for range r.count(1 + maxAhead) {
		st := hierarchyStand{key: r.num()}
		last := uint64(0)
		for range r.count(maxFolders + 1) {
			st.folders = append(st.folders, keptFolder{mailbox.FolderID(r.step(&last)), uint32(r.num())})
		}
		s.stands = append(s.stands, st)
	}
	if r.bad || len(r.b) != 0 || len(s.stands) == 0 {
		return nil, errState
	}
	return s, nil
}
