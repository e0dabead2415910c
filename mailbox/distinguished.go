package mailbox

import (
	"entente"
	"entente/access"
	"entente/db"
)

// A DistinguishedName names a folder that every mailbox has, as EWS writes it.
// [MS-OXWSCDATA] 2.2.5.10 DistinguishedFolderIdNameType
type DistinguishedName string

// The folders every mailbox has.
const (
	Root                      DistinguishedName = "root"
	MsgFolderRoot             DistinguishedName = "msgfolderroot"
	Inbox                     DistinguishedName = "inbox"
	Outbox                    DistinguishedName = "outbox"
	SentItems                 DistinguishedName = "sentitems"
	DeletedItems              DistinguishedName = "deleteditems"
	Drafts                    DistinguishedName = "drafts"
	JunkEmail                 DistinguishedName = "junkemail"
	Calendar                  DistinguishedName = "calendar"
	Contacts                  DistinguishedName = "contacts"
	Tasks                     DistinguishedName = "tasks"
	Notes                     DistinguishedName = "notes"
	Journal                   DistinguishedName = "journal"
	SearchFolders             DistinguishedName = "searchfolders"
	RecoverableItemsRoot      DistinguishedName = "recoverableitemsroot"
	RecoverableItemsDeletions DistinguishedName = "recoverableitemsdeletions"
	RecoverableItemsVersions  DistinguishedName = "recoverableitemsversions"
	RecoverableItemsPurges    DistinguishedName = "recoverableitemspurges"
	QuickContacts             DistinguishedName = "quickcontacts"
	IMContactList             DistinguishedName = "imcontactlist"
	RecipientCache            DistinguishedName = "recipientcache"
	PeopleConnect             DistinguishedName = "peopleconnect"
	ConversationHistory       DistinguishedName = "conversationhistory"
	SyncIssues                DistinguishedName = "syncissues"
	Conflicts                 DistinguishedName = "conflicts"
	LocalFailures             DistinguishedName = "localfailures"
	ServerFailures            DistinguishedName = "serverfailures"
	ToDoSearch                DistinguishedName = "todosearch"
)

// distinguished is the tree of a new mailbox, parents first. Names and classes
// are those of an English Exchange 2016: clients find the tree by them.
var distinguished = [...]struct {
	name, parent DistinguishedName
	title, class string
	hidden       bool
}{
	{Root, "", "root", "", false},
	{MsgFolderRoot, Root, "Top of Information Store", "IPF.Note", false},
	{SearchFolders, Root, "Finder", "", false},
	{RecoverableItemsRoot, Root, "Recoverable Items", "", true},
	{RecoverableItemsDeletions, RecoverableItemsRoot, "Deletions", "", true},
	{RecoverableItemsVersions, RecoverableItemsRoot, "Versions", "", true},
	{RecoverableItemsPurges, RecoverableItemsRoot, "Purges", "", true},
	{ToDoSearch, Root, "To-Do Search", "IPF.Task", true},
	{Calendar, MsgFolderRoot, "Calendar", "IPF.Appointment", false},
	{Contacts, MsgFolderRoot, "Contacts", "IPF.Contact", false},
	{RecipientCache, Contacts, "Recipient Cache", "IPF.Contact.RecipientCache", true},
	{PeopleConnect, Contacts, "PeopleConnect", "IPF.Contact.PeopleConnect", true},
	{QuickContacts, Contacts, "{06967759-274D-40B2-A3EB-D7F9E73727D7}", "IPF.Contact.MOC.QuickContacts", true},
	{IMContactList, Contacts, "{A9E2BC46-B3A0-4243-B315-60D991004455}", "IPF.Contact.MOC.ImContactList", true},
	{ConversationHistory, MsgFolderRoot, "Conversation History", "IPF.Note", false},
	{DeletedItems, MsgFolderRoot, "Deleted Items", "IPF.Note", false},
	{Drafts, MsgFolderRoot, "Drafts", "IPF.Note", false},
	{Inbox, MsgFolderRoot, "Inbox", "IPF.Note", false},
	{Journal, MsgFolderRoot, "Journal", "IPF.Journal", false},
	{JunkEmail, MsgFolderRoot, "Junk Email", "IPF.Note", false},
	{Notes, MsgFolderRoot, "Notes", "IPF.StickyNote", false},
	{Outbox, MsgFolderRoot, "Outbox", "IPF.Note", false},
	{SentItems, MsgFolderRoot, "Sent Items", "IPF.Note", false},
	{SyncIssues, MsgFolderRoot, "Sync Issues", "IPF.Note", false},
	{Conflicts, SyncIssues, "Conflicts", "IPF.Note", false},
	{LocalFailures, SyncIssues, "Local Failures", "IPF.Note", false},
	{ServerFailures, SyncIssues, "Server Failures", "IPF.Note", false},
	{Tasks, MsgFolderRoot, "Tasks", "IPF.Task", false},
}

// Known reports whether every mailbox has a folder of this name.
func (n DistinguishedName) Known() bool {
	for i := range distinguished {
		if distinguished[i].name == n {
			return n != ""
		}
	}
	return false
}

// createDistinguished fills a new mailbox. Ids follow the order of the table;
// nothing may rely on that.
func createDistinguished(tx *db.Tx, key []byte, now int64) error {
	ids := map[DistinguishedName]int64{}
	for i, d := range distinguished {
		id := int64(i + 1)
		ids[d.name] = id
		table := access.FolderTable{Entries: []access.Entry{{Who: access.Default}, {Who: access.Anonymous}}}
		if d.name == Calendar {
			// Exchange shows everyone of the organization when one is busy.
			table.Entries[0].Rights = access.LevelFreeBusyTimeOnly
		}
		row := folderRow{
			id: id, parent: ids[d.parent], distinguished: string(d.name), class: d.class,
			name: d.title, hidden: d.hidden, change: id, created: now, permissions: appendPermissions(nil, table.Entries),
		}
		if err := insertFolder(tx, key, row); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`UPDATE mailbox SET counter = $2 WHERE mailbox_id = $1`, key, len(distinguished))
	return err
}

func (v *View) distinguishedID(tx *db.Tx, name DistinguishedName) (FolderID, error) {
	var id FolderID
	err := tx.QueryRow(`SELECT folder_id FROM folder WHERE mailbox_id = $1 AND distinguished = $2 AND distinguished <> ''`,
		v.key, string(name)).Scan(&id)
	if err == db.ErrNoRows {
		return 0, noFolder()
	}
	return id, err
}

func fixedFolder() error {
	return entente.Errorf(entente.Denied, "this folder belongs to every mailbox").Because(FolderDistinguished)
}
