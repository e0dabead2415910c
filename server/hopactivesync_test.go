package server

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/admin"
)

// phone sends a command of somebody's phone to a node.
func (c *cluster) phone(node, who string, cmd activesync.Command, write func(w *wbxml.Writer)) (*http.Response, *wbxml.Element) {
	c.Helper()
	r := c.nodes[node]
	line := activesync.RequestLine{Version: activesync.V161, Command: cmd, User: who, DeviceID: "phone" + who, DeviceType: "TestPhone"}
	query, _ := line.Packed()
	w := wbxml.NewWriter(nil)
	write(w)
	q := must(http.NewRequestWithContext(c.Context(), http.MethodPost, r.url+"/Microsoft-Server-ActiveSync?"+query, bytes.NewReader(w.Bytes())))
	q.Header.Set("Content-Type", "application/vnd.ms-sync.wbxml")
	q.SetBasicAuth(who+"@contoso.example", aPassword)
	a := must(r.client.Do(q))
	defer a.Body.Close()
	raw := must(io.ReadAll(a.Body))
	if a.Header.Get("Content-Type") != "application/vnd.ms-sync.wbxml" {
		return a, nil
	}
	return a, must(wbxml.Parse(raw, wbxml.DefaultLimits()))
}

// TestPhonesElsewhere: a phone that comes to a node without its mailbox is served
// by the one that has it, its held Pings too, or is sent there.
func TestPhonesElsewhere(t *testing.T) {
	c := newCluster(t, "a")
	c.start("b", func(conf *Config) { conf.ActiveSync = &ActiveSyncConfig{Redirect: true} })
	c.person("anna", "a")
	c.person("ben", "b")
	folderSync := func(node, who string) (*http.Response, *wbxml.Element) {
		return c.phone(node, who, activesync.FolderSync, func(w *wbxml.Writer) {
			w.Start(wbxml.FolderHierarchyFolderSync)
			w.Text(wbxml.FolderHierarchySyncKey, "0")
			w.End()
		})
	}
	a, root := folderSync("a", "ben")
	if a.StatusCode != http.StatusOK || root.Get(wbxml.FolderHierarchyStatus) != "1" || a.Header.Get("MS-Server-ActiveSync") == "" {
		t.Fatalf("%v", a)
	}
	inbox := ""
	for f := range root.Child(wbxml.FolderHierarchyChanges).All(wbxml.FolderHierarchyAdd) {
		if f.Get(wbxml.FolderHierarchyType) == "2" {
			inbox = f.Get(wbxml.FolderHierarchyServerId)
		}
	}
	_, root = c.phone("a", "ben", activesync.Sync, func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncSync)
		w.Start(wbxml.AirSyncCollections)
		w.Start(wbxml.AirSyncCollection)
		w.Text(wbxml.AirSyncSyncKey, "0")
		w.Text(wbxml.AirSyncCollectionId, inbox)
		w.End()
		w.End()
		w.End()
	})
	if s := root.Path(wbxml.AirSyncCollections, wbxml.AirSyncCollection).Get(wbxml.AirSyncStatus); s != "1" {
		t.Fatalf("status %s", s)
	}
	woken := make(chan string, 1)
	go func() {
		_, root := c.phone("a", "ben", activesync.Ping, func(w *wbxml.Writer) {
			w.Start(wbxml.PingPing)
			w.Text(wbxml.PingHeartbeatInterval, "600")
			w.Start(wbxml.PingFolders)
			w.Start(wbxml.PingFolder)
			w.Text(wbxml.PingId, inbox)
			w.Text(wbxml.PingClass, "Email")
			w.End()
			w.End()
			w.End()
		})
		woken <- root.Get(wbxml.PingStatus)
	}()
	// The message may come before the Ping waits: it is told of it in any case.
	if r := c.ask("b", "anna", "", createMessage("ben", "news", "SendOnly")); r.code() != "NoError" {
		t.Fatalf("%s", r.body)
	}
	if s := <-woken; s != "2" {
		t.Errorf("the Ping ended with status %s", s)
	}
	// The other way round phones are sent to where the mailbox is, once that is
	// published by a name of its own.
	if a, _ := folderSync("b", "anna"); a.StatusCode != http.StatusOK {
		t.Errorf("%v", a)
	}
	const there = "https://a.phones.example/Microsoft-Server-ActiveSync"
	must(c.api(c.nodes["a"]).SetVirtualDirectory(t.Context(), admin.SetVirtualDirectory{
		VirtualDirectoryName: admin.VirtualDirectoryName{Protocol: "activesync", Server: "a.contoso.example"}, ExternalURL: there,
	}))
	c.live()
	if a, _ := folderSync("b", "anna"); a.StatusCode != 451 || a.Header.Get("X-Ms-Location") != there {
		t.Errorf("%v", a)
	}
	if a, _ := folderSync("b", "ben"); a.StatusCode != http.StatusOK {
		t.Errorf("%v", a)
	}
}
