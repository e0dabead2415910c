package fault

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"entente/admin"
	"entente/admin/adminclient"
	"entente/db/dbtest"
	"entente/test/kit"
)

// once compares the messages that are there with the records of them, each with
// the id of another request.
func once(ctx context.Context, t *testing.T, c *kit.Client, o kit.Options) (messages, records int) {
	t.Helper()
	messages = len(kit.Values(call(t, c, 0, kit.FindIDs("inbox", 0, 1000)), "ItemId", "Id"))
	var found []admin.RecordInfo
	q := admin.SearchAudit{AuditFilter: admin.AuditFilter{Action: "ews.CreateItem"}, Limit: 10_000}
	if err := adminclient.New(filepath.Join(o.State, "admin.sock")).Call(ctx, "audit", "search", q, &found); err != nil {
		t.Log(err)
		return messages, -1
	}
	requests := map[string]bool{}
	for i := range found {
		if requests[found[i].Request] {
			t.Errorf("request %s is recorded twice", found[i].Request)
		}
		requests[found[i].Request] = true
	}
	return messages, len(found)
}

// TestLogGoesAway stops the database of the audit log, and not that of the
// mailboxes: what is written then is not acknowledged, and is in the log once
// when that is back.
func TestLogGoesAway(t *testing.T) {
	pg := dbtest.NewServer(t)
	o := kit.Options{State: state(t), Database: pg.Create(t), Mail: dbtest.PostgresURL(t), People: 1}
	p := kit.Start(t, o)
	c := client(t, p)
	call(t, c, 0, kit.CreateMessage("inbox", "before", "body"))
	for _, away := range []func(testing.TB){pg.Stop, pg.Crash} {
		away(t)
		for range 3 {
			refused(t, c, kit.CreateMessage("inbox", "unseen", "body"))
		}
		pg.Start(t)
		eventually(t, "a record of each message", func(ctx context.Context) bool {
			messages, records := once(ctx, t, c, o)
			return messages == records
		})
	}
	messages, _ := once(t.Context(), t, c, o)
	t.Logf("%d messages were written while the log was away", messages-1)
	p.Stop()
	verify(t.Context(), t, o)
}

// TestLogDiskFull fills the disk of the audit log, and not that of the mailboxes.
func TestLogDiskFull(t *testing.T) {
	disk := smallDisk(t, 24<<20)
	o := kit.Options{State: filepath.Join(disk, "state"), Mail: "sqlite:" + filepath.Join(t.TempDir(), "mail.db"), People: 1}
	p := kit.Start(t, o)
	c := client(t, p)
	ballast := filepath.Join(disk, "ballast")
	fillDisk(t, ballast)
	full := false
	for range 3000 {
		_, code, _ := post(t, c, 0, kit.Envelope(kit.CreateMessage("inbox", "message", "body")))
		if full = code != "NoError"; full {
			break
		}
	}
	if !full {
		t.Fatal("the disk of the log is not full")
	}
	refused(t, c, kit.CreateMessage("inbox", "unseen", "body"))
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a record of each message", func(ctx context.Context) bool {
		messages, records := once(ctx, t, c, o)
		return messages == records
	})
	call(t, c, 0, kit.CreateMessage("inbox", "after", "body"))
	p.Stop()
	verify(t.Context(), t, o)
}

// fillDisk leaves a few hundred kilobytes.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 64<<10); err == nil; {
		_, err = f.Write(block)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(info.Size() - 512<<10); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
