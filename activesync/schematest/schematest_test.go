package schematest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entente/activesync/wbxml"
)

// collect is a Check with the published schemas.
func collect(t *testing.T) *Check {
	t.Helper()
	shared := os.Getenv("ENTENTE_SHARED")
	if shared == "" {
		t.Skip("ENTENTE_SHARED is not set: there are no schemas")
	}
	c, err := New(filepath.Join(shared, "schemas", "activesync"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// document returns a document that write writes.
func document(t *testing.T, write func(w *wbxml.Writer)) *wbxml.Element {
	t.Helper()
	w := wbxml.NewWriter(nil)
	write(w)
	e, err := wbxml.Parse(w.Bytes(), wbxml.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The assembled schema knows every answer, and complains of what is wrong.
func TestComplains(t *testing.T) {
	test := func(name, want string, write func(w *wbxml.Writer)) {
		t.Run(name, func(t *testing.T) {
			c := collect(t)
			c.Note(t, document(t, write))
			err := c.Run()
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%v, not %q", err, want)
			}
		})
	}
	status := func(root, status wbxml.Tag) func(*wbxml.Writer) {
		return func(w *wbxml.Writer) { w.Start(root); w.Int(status, 1); w.End() }
	}
	test("Sync", "", status(wbxml.AirSyncSync, wbxml.AirSyncStatus))
	test("Ping", "", status(wbxml.PingPing, wbxml.PingStatus))
	test("FolderSync", "", status(wbxml.FolderHierarchyFolderSync, wbxml.FolderHierarchyStatus))
	test("FolderCreate", "", status(wbxml.FolderHierarchyFolderCreate, wbxml.FolderHierarchyStatus))
	test("FolderUpdate", "", status(wbxml.FolderHierarchyFolderUpdate, wbxml.FolderHierarchyStatus))
	test("FolderDelete", "", status(wbxml.FolderHierarchyFolderDelete, wbxml.FolderHierarchyStatus))
	test("SendMail", "", status(wbxml.ComposeMailSendMail, wbxml.ComposeMailStatus))
	test("SmartReply", "", status(wbxml.ComposeMailSmartReply, wbxml.ComposeMailStatus))
	test("SmartForward", "", status(wbxml.ComposeMailSmartForward, wbxml.ComposeMailStatus))
	test("ItemOperations", "", status(wbxml.ItemOperationsItemOperations, wbxml.ItemOperationsStatus))
	test("Settings", "", status(wbxml.SettingsSettings, wbxml.SettingsStatus))
	test("Provision", "", status(wbxml.ProvisionProvision, wbxml.ProvisionStatus))
	test("Search", "", status(wbxml.SearchSearch, wbxml.SearchStatus))
	test("Find", "", status(wbxml.FindFind, wbxml.FindStatus))
	test("ResolveRecipients", "", status(wbxml.ResolveRecipientsResolveRecipients, wbxml.ResolveRecipientsStatus))
	test("ValidateCert", "", status(wbxml.ValidateCertValidateCert, wbxml.ValidateCertStatus))
	test("GetItemEstimate", "", status(wbxml.GetItemEstimateGetItemEstimate, wbxml.GetItemEstimateStatus))
	test("a root of another command", "not expected", status(wbxml.PingPing, wbxml.AirSyncStatus))
	test("not a number", "not a valid value", func(w *wbxml.Writer) {
		w.Start(wbxml.PingPing)
		w.Text(wbxml.PingStatus, "fine")
		w.End()
	})
	test("a mail", "", mail(wbxml.EmailSubject))
	test("a mail with what mails have not", "not expected", mail(wbxml.EmailOrganizer))
}

func mail(property wbxml.Tag) func(*wbxml.Writer) {
	return func(w *wbxml.Writer) {
		for _, t := range []wbxml.Tag{
			wbxml.AirSyncSync, wbxml.AirSyncCollections, wbxml.AirSyncCollection, wbxml.AirSyncCommands, wbxml.AirSyncAdd,
		} {
			w.Start(t)
		}
		w.Text(wbxml.AirSyncServerId, "5:1")
		w.Start(wbxml.AirSyncApplicationData)
		w.Text(property, "a")
		for range 6 {
			w.End()
		}
	}
}
