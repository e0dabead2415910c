package easserver

import (
	"entente/activesync"
	"entente/activesync/wbxml"
)

// A document is how the answers of a command begin, and where in them the status
// of the whole stands: in root, or in an element of it.
type document struct{ root, within, status wbxml.Tag }

// documents are those of all commands that have one, in requests and answers.
// GetAttachment has none.
func documents() map[activesync.Command]document {
	return map[activesync.Command]document{
		activesync.Sync:            {root: wbxml.AirSyncSync, status: wbxml.AirSyncStatus},
		activesync.SendMail:        {root: wbxml.ComposeMailSendMail, status: wbxml.ComposeMailStatus},
		activesync.SmartForward:    {root: wbxml.ComposeMailSmartForward, status: wbxml.ComposeMailStatus},
		activesync.SmartReply:      {root: wbxml.ComposeMailSmartReply, status: wbxml.ComposeMailStatus},
		activesync.FolderSync:      {root: wbxml.FolderHierarchyFolderSync, status: wbxml.FolderHierarchyStatus},
		activesync.FolderCreate:    {root: wbxml.FolderHierarchyFolderCreate, status: wbxml.FolderHierarchyStatus},
		activesync.FolderDelete:    {root: wbxml.FolderHierarchyFolderDelete, status: wbxml.FolderHierarchyStatus},
		activesync.FolderUpdate:    {root: wbxml.FolderHierarchyFolderUpdate, status: wbxml.FolderHierarchyStatus},
		activesync.MoveItems:       {root: wbxml.MoveMoveItems, status: wbxml.MoveStatus},
		activesync.GetItemEstimate: {root: wbxml.GetItemEstimateGetItemEstimate, status: wbxml.GetItemEstimateStatus},
		activesync.MeetingResponse: {
			root: wbxml.MeetingResponseMeetingResponse, within: wbxml.MeetingResponseResult, status: wbxml.MeetingResponseStatus,
		},
		activesync.Search:            {root: wbxml.SearchSearch, status: wbxml.SearchStatus},
		activesync.Find:              {root: wbxml.FindFind, status: wbxml.FindStatus},
		activesync.Settings:          {root: wbxml.SettingsSettings, status: wbxml.SettingsStatus},
		activesync.Ping:              {root: wbxml.PingPing, status: wbxml.PingStatus},
		activesync.ItemOperations:    {root: wbxml.ItemOperationsItemOperations, status: wbxml.ItemOperationsStatus},
		activesync.Provision:         {root: wbxml.ProvisionProvision, status: wbxml.ProvisionStatus},
		activesync.ResolveRecipients: {root: wbxml.ResolveRecipientsResolveRecipients, status: wbxml.ResolveRecipientsStatus},
		activesync.ValidateCert:      {root: wbxml.ValidateCertValidateCert, status: wbxml.ValidateCertStatus},
	}
}

// write writes a document that has a status and nothing else.
func (d document) write(w *wbxml.Writer, s activesync.Status) {
	w.Start(d.root)
	if d.within != 0 {
		w.Start(d.within)
		defer w.End()
	}
	w.Int(d.status, int64(s))
	w.End()
}
