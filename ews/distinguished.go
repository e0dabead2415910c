package ews

// A DistinguishedFolderName names a folder every mailbox has, or may have.
// [MS-OXWSFOLD].
//
// Names outside the schema are read too (Thunderbird asks for "archive" among
// seven others, and expects an error for that one only).
//
// ews:open
// ews:type DistinguishedFolderIdNameType
type DistinguishedFolderName string

// All names of the schema, in its order. Which of them a mailbox really has
// is the server's matter.
const (
	FolderCalendar                              DistinguishedFolderName = "calendar"
	FolderContacts                              DistinguishedFolderName = "contacts"
	FolderDeletedItems                          DistinguishedFolderName = "deleteditems"
	FolderDrafts                                DistinguishedFolderName = "drafts"
	FolderInbox                                 DistinguishedFolderName = "inbox"
	FolderJournal                               DistinguishedFolderName = "journal"
	FolderNotes                                 DistinguishedFolderName = "notes"
	FolderOutbox                                DistinguishedFolderName = "outbox"
	FolderSentItems                             DistinguishedFolderName = "sentitems"
	FolderTasks                                 DistinguishedFolderName = "tasks"
	FolderMsgFolderRoot                         DistinguishedFolderName = "msgfolderroot"
	FolderPublicFoldersRoot                     DistinguishedFolderName = "publicfoldersroot"
	FolderRoot                                  DistinguishedFolderName = "root"
	FolderJunkEmail                             DistinguishedFolderName = "junkemail"
	FolderSearchFolders                         DistinguishedFolderName = "searchfolders"
	FolderVoiceMail                             DistinguishedFolderName = "voicemail"
	FolderRecoverableItemsRoot                  DistinguishedFolderName = "recoverableitemsroot"
	FolderRecoverableItemsDeletions             DistinguishedFolderName = "recoverableitemsdeletions"
	FolderRecoverableItemsVersions              DistinguishedFolderName = "recoverableitemsversions"
	FolderRecoverableItemsPurges                DistinguishedFolderName = "recoverableitemspurges"
	FolderRecoverableItemsDiscoveryHolds        DistinguishedFolderName = "recoverableitemsdiscoveryholds"
	FolderArchiveRoot                           DistinguishedFolderName = "archiveroot"
	FolderArchiveMsgFolderRoot                  DistinguishedFolderName = "archivemsgfolderroot"
	FolderArchiveDeletedItems                   DistinguishedFolderName = "archivedeleteditems"
	FolderArchiveInbox                          DistinguishedFolderName = "archiveinbox"
	FolderArchiveRecoverableItemsRoot           DistinguishedFolderName = "archiverecoverableitemsroot"
	FolderArchiveRecoverableItemsDeletions      DistinguishedFolderName = "archiverecoverableitemsdeletions"
	FolderArchiveRecoverableItemsVersions       DistinguishedFolderName = "archiverecoverableitemsversions"
	FolderArchiveRecoverableItemsPurges         DistinguishedFolderName = "archiverecoverableitemspurges"
	FolderArchiveRecoverableItemsDiscoveryHolds DistinguishedFolderName = "archiverecoverableitemsdiscoveryholds"
	FolderSyncIssues                            DistinguishedFolderName = "syncissues"
	FolderConflicts                             DistinguishedFolderName = "conflicts"
	FolderLocalFailures                         DistinguishedFolderName = "localfailures"
	FolderServerFailures                        DistinguishedFolderName = "serverfailures"
	FolderRecipientCache                        DistinguishedFolderName = "recipientcache"
	FolderQuickContacts                         DistinguishedFolderName = "quickcontacts"
	FolderConversationHistory                   DistinguishedFolderName = "conversationhistory"
	FolderAdminAuditLogs                        DistinguishedFolderName = "adminauditlogs"
	FolderToDoSearch                            DistinguishedFolderName = "todosearch"
	FolderMyContacts                            DistinguishedFolderName = "mycontacts"
	FolderDirectory                             DistinguishedFolderName = "directory"
	FolderImContactList                         DistinguishedFolderName = "imcontactlist"
	FolderPeopleConnect                         DistinguishedFolderName = "peopleconnect"
	FolderFavorites                             DistinguishedFolderName = "favorites"
	FolderMeContact                             DistinguishedFolderName = "mecontact"
	FolderPersonMetadata                        DistinguishedFolderName = "personmetadata"
	FolderTeamSpaceActivity                     DistinguishedFolderName = "teamspaceactivity"
	FolderTeamSpaceMessaging                    DistinguishedFolderName = "teamspacemessaging"
	FolderTeamSpaceWorkItems                    DistinguishedFolderName = "teamspaceworkitems"
	FolderScheduled                             DistinguishedFolderName = "scheduled"
	FolderOrionNotes                            DistinguishedFolderName = "orionnotes"
	FolderTagItems                              DistinguishedFolderName = "tagitems"
	FolderAllTaggedItems                        DistinguishedFolderName = "alltaggeditems"
	FolderExternalContacts                      DistinguishedFolderName = "externalcontacts"
	FolderTeamChat                              DistinguishedFolderName = "teamchat"
	FolderYammerRoot                            DistinguishedFolderName = "yammerroot"
	FolderYammerInbound                         DistinguishedFolderName = "yammerinbound"
	FolderYammerOutbound                        DistinguishedFolderName = "yammeroutbound"
	FolderYammerFeeds                           DistinguishedFolderName = "yammerfeeds"
	FolderOneDriveRoot                          DistinguishedFolderName = "onedriveroot"
	FolderOneDriveRecyleBin                     DistinguishedFolderName = "onedriverecylebin"
	FolderOneDriveSystem                        DistinguishedFolderName = "onedrivesystem"
	FolderOneDriveVolume                        DistinguishedFolderName = "onedrivevolume"
)
