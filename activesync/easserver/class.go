package easserver

import (
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// A class maps one class of content between items and the wire. A class has no
// state; what it needs it has from the call.
type class interface {
	// shown reports whether an item is of this class: of others nothing is sent.
	// What is in a folder and of another class is left out of its synchronization.
	shown(it *mailbox.Item) bool
	// parts are what of items is to be read for write.
	parts(o *options) mailbox.Parts
	// write writes what is inside ApplicationData, or Properties of a fetch. An
	// error leaves the item out: the caller takes what was written back, logs it,
	// and tells the phone nothing of the item (one bad item never stops a folder).
	write(c *call, it *mailbox.Item, o *options) error
	// create makes an item of ApplicationData in a folder. arrival is the name
	// under which the mailbox makes it once, however often the phone repeats the
	// request. What the answer's ApplicationData is to have, reply writes; it may
	// be nil.
	create(c *call, folder *mailbox.Folder, in *wbxml.Element, arrival string) (it *mailbox.Item, reply func(), err error)
	// change changes an item as ApplicationData says; what is not named stays as
	// it is, unless the phone's Supported says that it is to go ("ghosted").
	// o.instance names the one occurrence of a series that is changed.
	change(c *call, it *mailbox.Item, in *wbxml.Element, o *options) (changed *mailbox.Item, reply func(), err error)
	// remove deletes items as the phone's user would. in is the Delete element,
	// which has the InstanceId of the one occurrence of a series that goes; nil
	// for what is deleted otherwise.
	remove(c *call, it *mailbox.Item, in *wbxml.Element, mode mailbox.DeleteMode) error
}

// classes are all classes of content.
func classes() map[activesync.Class]class {
	return map[activesync.Class]class{
		activesync.Calendar: calendarClass{},
		activesync.Tasks:    taskClass{},
		activesync.Contacts: contacts{},
		activesync.Notes:    notes{},
		activesync.Email:    emailClass{},
	}
}

// A bodyPreference says in which form and how long a phone wants bodies.
// [MS-ASAIRS] 2.2.2.12
type bodyPreference struct {
	kind      int   // 1 plain, 2 HTML, 3 RTF, 4 MIME
	truncate  int64 // bytes; -1 for all of it
	allOrNone bool
	preview   int // characters
}

// options are what a phone said of a collection. [MS-ASCMD] 2.2.3.125.5
type options struct {
	filter      int // FilterType, 0 for everything
	conflict    int // 0 the client wins, 1 the server
	mimeSupport int // 0 never, 1 S/MIME only, 2 all
	mimeTrunc   int // 12.1's MIMETruncation, 8 for all
	bodies      []bodyPreference
	partBodies  []bodyPreference // BodyPartPreference
	rights      bool             // RightsManagementSupport
	// supported are the elements that the phone knows of contacts and calendars;
	// nil is all. [MS-ASCMD] 2.2.3.179
	supported map[wbxml.Tag]bool
	// instance is the InstanceId beside ApplicationData in a Change of 16.0 and
	// later, "" for a change of the whole item. [MS-ASAIRS] 2.2.2.25
	instance string
	// whole says that a fetch asks for all of it, whatever the preferences.
	whole bool
	// multi, if set, takes the bodies, of which the document then names the parts.
	multi *multipart
}
