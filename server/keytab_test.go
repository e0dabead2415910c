package server

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente/kerberos/minttest"
)

// TestKeytab: a keytab that is replaced counts without a restart, and one that
// cannot be read takes nothing away.
func TestKeytab(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keytab")
	service := minttest.NewRealm("CONTOSO.EXAMPLE", "S-1-5-21-7-7-7").Service("HTTP/mail.contoso.example")
	next := service.With(service.Key.Etype(), service.Kvno+1)
	put := func(content []byte, mode os.FileMode, at time.Time) {
		t.Helper()
		fresh := file + ".new"
		if err := os.WriteFile(fresh, content, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(fresh, at, at); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(fresh, file); err != nil {
			t.Fatal(err)
		}
	}
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	if _, err := openKeytab(file, log); err == nil {
		t.Error("a keytab that is not there was read")
	}
	now := time.Now()
	put(minttest.Keytab(service), 0o644, now)
	if _, err := openKeytab(file, log); err == nil || !strings.Contains(err.Error(), "chmod 0400") {
		t.Errorf("a keytab that others can read: %v", err)
	}
	put(minttest.Keytab(service), 0o400, now)
	f, err := openKeytab(file, log)
	if err != nil {
		t.Fatal(err)
	}
	keys := func(want int) {
		t.Helper()
		f.looked.Store(0) // a second has passed
		if got := len(f.get().Entries()); got != want {
			t.Errorf("%d keys, want %d", got, want)
		}
	}
	keys(1)
	same := f.get()
	keys(1)
	if f.get() != same {
		t.Error("the same file made another keytab")
	}
	put(minttest.Keytab(service, next), 0o400, now.Add(time.Minute))
	keys(2)
	put([]byte("none"), 0o400, now.Add(2*time.Minute))
	keys(2)
	keys(2)
	if n := strings.Count(logged.String(), "the keys of before go on"); n != 1 {
		t.Errorf("told %d times: %s", n, &logged)
	}
	put(minttest.Keytab(next), 0o400, now.Add(3*time.Minute))
	keys(1)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	keys(1)
}
