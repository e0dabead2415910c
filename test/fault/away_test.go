package fault

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"entente/db/dbtest"
	"entente/test/kit"
)

// TestDatabaseGoesAway stops PostgreSQL under a running server: requests are
// refused as busy, for the client to come again, and when the database is back
// so is the server, without being told.
func TestDatabaseGoesAway(t *testing.T) {
	pg := dbtest.NewServer(t)
	o := kit.Options{State: state(t), Database: pg.Create(t), Mail: pg.Create(t), People: 2}
	p := kit.Start(t, o)
	c := client(t, p)
	call(t, c, 0, kit.CreateMessage("inbox", "before", "body"))
	for _, away := range []func(testing.TB){pg.Stop, pg.Crash} {
		away(t)
		refused(t, c, kit.CreateMessage("inbox", "lost", "body"))
		refused(t, c, kit.FindIDs("inbox", 0, 10))
		if status := get(t, c, p, "/readyz"); status != http.StatusServiceUnavailable {
			t.Errorf("/readyz: HTTP %d while the database is away", status)
		}
		if status := get(t, c, p, "/healthz"); status != http.StatusOK {
			t.Errorf("/healthz: HTTP %d while the database is away", status)
		}
		pg.Start(t)
		eventually(t, "a request after the database came back", func(ctx context.Context) bool {
			_, err := c.Call(ctx, kit.Address(0), kit.CreateMessage("inbox", "after", "body"))
			return err == nil
		})
	}
	body := call(t, c, 0, kit.FindIDs("inbox", 0, 10))
	if strings.Contains(body, "lost") || strings.Count(body, ">after<") != 2 || !strings.Contains(body, ">before<") {
		t.Errorf("the inbox has %s", body)
	}
	p.Stop()
	verify(t.Context(), t, o)
}

// refused wants an answer that tells the client to come again.
func refused(t *testing.T, c *kit.Client, request string) {
	t.Helper()
	status, code, body := post(t, c, 0, kit.Envelope(request))
	if code != "ErrorServerBusy" && code != "ErrorMailboxStoreUnavailable" && status != http.StatusServiceUnavailable {
		t.Errorf("HTTP %d, %q: %.600s", status, code, body)
	}
}

func get(t *testing.T, c *kit.Client, p *kit.Process, path string) int {
	t.Helper()
	resp, err := c.HTTP.Get("https://" + p.Address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestDiskFull lets a server write until its disk is full. Writes are refused
// in words, reads go on, nothing is there by half, and when there is room
// again writes go on as well.
func TestDiskFull(t *testing.T) {
	disk := smallDisk(t, 56<<20)
	o := kit.Options{State: filepath.Join(disk, "state"), People: 2}
	p := kit.Start(t, o)
	c := client(t, p)
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 28<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("All work and no play makes a full disk. ", 10_000)
	var id string
	written, full := 0, false
	for range 200 {
		status, body, err := c.Post(t.Context(), kit.Address(0), kit.Envelope(kit.CreateMessage("inbox", "message", large)))
		if err != nil {
			t.Fatal(err)
		}
		if code := kit.Code(body); code != "NoError" {
			if status == http.StatusOK && code == "ErrorDiskFull" || code == "ErrorServerBusy" || code == "ErrorInsufficientResources" {
				full = true
				break
			}
			t.Fatalf("HTTP %d, %q: %.600s", status, code, body)
		}
		written++
		id = kit.Values(body, "ItemId", "Id")[0]
	}
	if !full || written == 0 {
		t.Fatalf("%d messages fitted, full: %t", written, full)
	}
	count := func() int {
		t.Helper()
		return len(kit.Values(call(t, c, 0, kit.FindIDs("inbox", 0, 500)), "ItemId", "Id"))
	}
	// The one that was refused may be there, if its audit record is what did
	// not fit any more: what cannot be recorded is not told.
	refused := count() - written
	if refused != 0 && refused != 1 {
		t.Errorf("%d messages were acknowledged and %d are there", written, written+refused)
	}
	if body := call(t, c, 0, kit.GetWhole(id)); !strings.Contains(body, large[len(large)-80:len(large)-1]) {
		t.Errorf("the last message is not whole: %.600s", body)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	again := 0
	eventually(t, "a write after there was room again", func(ctx context.Context) bool {
		_, err := c.Call(ctx, kit.Address(0), kit.CreateMessage("inbox", "message", "small"))
		if err != nil {
			again++
			t.Log(err, "\n", p.Log())
		}
		return err == nil
	})
	if got := count(); got < written+1 || got > written+refused+1+again {
		t.Errorf("%d messages were acknowledged and %d are there, after %d refusals", written+1, got, refused+again)
	}
	p.Stop()
	verify(t.Context(), t, o)
}

// smallDisk mounts a file system of a size, which takes an administrator.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	options := "mode=0700,size=" + strconv.Itoa(size)
	if err := unix.Mount("none", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("no file system of its own to fill (it takes root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}
