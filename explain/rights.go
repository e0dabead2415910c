package explain

import (
	"strconv"
	"strings"

	"entente"
	"entente/access"
)

// rightNames are the names rights have in questions, beside those that
// access.Rights prints: permission levels of folders, the role of Exchange 2010,
// and the short ones of the command line.
func rightNames() map[string]access.Rights {
	m := map[string]access.Rights{
		"none":                              access.LevelNone,
		"owner":                             access.LevelOwner,
		"publishingeditor":                  access.LevelPublishingEditor,
		"editor":                            access.LevelEditor,
		"publishingauthor":                  access.LevelPublishingAuthor,
		"author":                            access.LevelAuthor,
		"noneditingauthor":                  access.LevelNoneditingAuthor,
		"reviewer":                          access.LevelReviewer,
		"contributor":                       access.LevelContributor,
		"freebusytimeonly":                  access.LevelFreeBusyTimeOnly,
		"availabilityonly":                  access.LevelFreeBusyTimeOnly,
		"freebusytimeandsubjectandlocation": access.LevelFreeBusyDetails,
		"freebusydetails":                   access.LevelFreeBusyDetails,
		"limiteddetails":                    access.LevelFreeBusyDetails,
		"applicationimpersonation":          access.ApplicationImpersonation,
		"impersonate":                       access.Impersonate,
		"mayimpersonate":                    access.MayImpersonate,
		"read":                              access.ReadAny,
		"edit":                              access.EditAny,
		"delete":                            access.DeleteAny,
		"time":                              access.FreeBusySimple,
		"details":                           access.FreeBusyDetailed,
		"full-access":                       access.FullAccess,
		"send-as":                           access.SendAs,
		"send-on-behalf":                    access.SendOnBehalf,
	}
	for r := access.Rights(1); r != 0; r <<= 1 {
		if name := r.String(); name != "None" {
			m[strings.ToLower(name)] = r
		}
	}
	return m
}

// rights adds up names, in any case of letters, and numbers.
func (b *builder) rights(w words) access.Rights {
	var all access.Rights
	for _, name := range w {
		if r, ok := b.rightNames[strings.ToLower(name)]; ok {
			all |= r
			continue
		}
		n, err := strconv.ParseUint(name, 0, 64)
		if err != nil {
			b.fail("%q is no right", name)
			return 0
		}
		all |= access.Rights(n)
	}
	return all
}

// An operation is what an EWS operation needs.
type operation struct {
	right  access.Rights
	ofItem bool // it names items, and what may not be read is not there
	ofBox  bool // it concerns the mailbox as a whole
}

// operationOf says which right an operation of EWS asks, as the server does.
// Those that open no mailbox need no more than the gate: the zero operation.
func operationOf(name string) (operation, bool) {
	switch name {
	case "GetFolder", "FindFolder", "SyncFolderHierarchy", "CopyFolder":
		return operation{right: access.FolderVisible}, true
	case "CreateFolder", "CreateManagedFolder":
		return operation{right: access.CreateSubFolder}, true
	case "UpdateFolder", "DeleteFolder", "MoveFolder", "GetSharingMetadata", "RefreshSharingFolder":
		return operation{right: access.FolderOwner}, true
	case "EmptyFolder":
		return operation{right: access.DeleteAny}, true
	case "FindItem", "SyncFolderItems", "GetUserConfiguration", "Subscribe":
		return operation{right: access.ReadAny}, true
	case "MarkAllItemsAsRead":
		return operation{right: access.EditAny}, true
	case "CreateUserConfiguration":
		return operation{right: access.Create | access.FolderOwner}, true
	case "UpdateUserConfiguration":
		return operation{right: access.EditAny}, true
	case "DeleteUserConfiguration":
		return operation{right: access.DeleteAny}, true
	case "CreateItem":
		return operation{right: access.Create}, true
	case "GetItem", "CopyItem", "GetAttachment", "ExportItems", "SendItem":
		return operation{right: access.ReadAny, ofItem: true}, true
	case "UpdateItem", "CreateAttachment", "DeleteAttachment":
		return operation{right: access.EditAny, ofItem: true}, true
	case "DeleteItem", "MoveItem", "ArchiveItem":
		return operation{right: access.DeleteAny, ofItem: true}, true
	case "GetUserAvailability":
		return operation{right: access.FreeBusySimple}, true
	case "GetDelegate", "AddDelegate", "UpdateDelegate", "RemoveDelegate", "GetUserOofSettings", "SetUserOofSettings":
		return operation{right: access.FullAccess, ofBox: true}, true
	case "ResolveNames", "ExpandDL", "GetRoomLists", "GetRooms", "GetServerTimeZones", "ConvertId", "GetSharingFolder",
		"GetEvents", "GetStreamingEvents", "Unsubscribe", "GetServiceConfiguration", "GetPasswordExpirationDate":
		return operation{}, true
	}
	return operation{}, false
}

// OperationRight is the right that an operation of EWS asks in the folder its
// request names, or on the mailbox; 0 if it opens none. It tells whether the
// operation is known.
func OperationRight(name string) (access.Rights, bool) {
	op, known := operationOf(name)
	return op.right, known
}

func (b *builder) fields(w words) access.Fields {
	f, err := access.ParseFields(strings.Join(w, ","))
	if err != nil {
		b.failed(err)
	}
	return f
}

func (b *builder) setAttribute(a *access.Attributes, name, value string) {
	key := strings.ToLower(name)
	switch key {
	case "alias":
		a.Alias = value
	case "title":
		a.Title = value
	case "department":
		a.Department = value
	case "company":
		a.Company = value
	case "office":
		a.Office = value
	default:
		n, err := strconv.Atoi(strings.TrimPrefix(key, "customattribute"))
		if err != nil || n < 1 || n > len(a.Custom) || !strings.HasPrefix(key, "customattribute") {
			b.failed(entente.Errorf(entente.Invalid, "%q is none of Alias, Title, Department, Company, Office, CustomAttribute1 to 15", name))
			return
		}
		a.Custom[n-1] = value
	}
}
