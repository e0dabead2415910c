package easserver

import (
	"strings"
	"testing"

	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// TestPolicyIsKeptHere: what the server can keep to itself it does, whatever a
// phone asks for.
func TestPolicyIsKeptHere(t *testing.T) {
	h := open(t)
	inbox := h.folder("anna", mailbox.Inbox)
	h.make("anna", mailbox.Inbox, &mailbox.Item{
		Class: "IPM.Note", Body: &mailbox.Body{HTML: []byte("<p>" + strings.Repeat("long ", 2000) + "</p>")},
		Attachments: []mailbox.Attachment{{Name: "plan.txt", ContentType: "text/plain", Content: []byte(strings.Repeat("x", 2048))}},
	})
	p := h.phone("anna", activesync.V161)
	fetch := func() *wbxml.Element {
		t.Helper()
		a := p.sync(inbox, begin(p, inbox), func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncOptions)
			w.Start(wbxml.AirSyncBaseBodyPreference)
			w.Int(wbxml.AirSyncBaseType, htmlBody)
			w.End()
			w.Start(wbxml.AirSyncBaseBodyPreference)
			w.Int(wbxml.AirSyncBaseType, plainBody)
			w.End()
			w.End()
		})
		return a.collection(inbox).Path(wbxml.AirSyncCommands, wbxml.AirSyncAdd, wbxml.AirSyncApplicationData)
	}
	file := func(ref string) string {
		t.Helper()
		a := p.send(activesync.ItemOperations, func(w *wbxml.Writer) {
			w.Start(wbxml.ItemOperationsItemOperations)
			w.Start(wbxml.ItemOperationsFetch)
			w.Text(wbxml.ItemOperationsStore, "Mailbox")
			w.Text(wbxml.AirSyncBaseFileReference, ref)
			w.End()
			w.End()
		})
		return a.ok().Path(wbxml.ItemOperationsResponse, wbxml.ItemOperationsFetch).Get(wbxml.ItemOperationsStatus)
	}
	data := fetch()
	body := data.Child(wbxml.AirSyncBaseBody)
	ref := data.Path(wbxml.AirSyncBaseAttachments, wbxml.AirSyncBaseAttachment).Get(wbxml.AirSyncBaseFileReference)
	if body.Get(wbxml.AirSyncBaseType) != "2" || len(body.Get(wbxml.AirSyncBaseData)) < 10000 || file(ref) != "1" {
		t.Fatalf("without a policy: %.300s, file %s", dump(data), file(ref))
	}
	h.policyFor(func(p *access.MobilePolicy) { p.MaxEmailHTMLBodyTruncationSize, p.MaxAttachmentSize = 1, 1024 })
	p.provisions()
	body = fetch().Child(wbxml.AirSyncBaseBody)
	if len(body.Get(wbxml.AirSyncBaseData)) > 1024 || body.Get(wbxml.AirSyncBaseTruncated) != "1" {
		t.Errorf("truncated by the policy: %.200s", dump(body))
	}
	if s := file(ref); s != "11" {
		t.Errorf("a file that is too large: %s", s)
	}
	h.policyFor(func(p *access.MobilePolicy) { p.AllowHTMLEmail, p.AttachmentsEnabled = false, false })
	p.provisions()
	data = fetch()
	if data.Child(wbxml.AirSyncBaseBody).Get(wbxml.AirSyncBaseType) != "1" || strings.Contains(data.Child(wbxml.AirSyncBaseBody).Get(wbxml.AirSyncBaseData), "<p>") || data.Has(wbxml.AirSyncBaseAttachments) {
		t.Errorf("plain text without attachments: %.300s", dump(data))
	}
	if s := file(ref); s != "16" {
		t.Errorf("a file where none goes out: %s", s)
	}
	c := call{mobile: &access.MobilePolicy{MaxEmailAgeFilter: access.OneWeek, MaxCalendarAgeFilter: access.OneMonth}}
	for _, x := range [...]struct {
		class       activesync.Class
		asked, want int
	}{
		{activesync.Email, 0, 3},
		{activesync.Email, 2, 2},
		{activesync.Email, 3, 3},
		{activesync.Email, 5, 3},
		{activesync.Calendar, 0, 5},
		{activesync.Calendar, 4, 4},
		{activesync.Calendar, 7, 5},
		{activesync.Tasks, 8, 8},
	} {
		if got := c.policyFilter(x.class, x.asked); got != x.want {
			t.Errorf("%s: filter %d, want %d", x.class, got, x.want)
		}
	}
}
