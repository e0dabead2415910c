package message

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRecordedClients parses what real clients sent as MimeContent of mail.
func TestRecordedClients(t *testing.T) {
	dir := os.Getenv("ENTENTE_SHARED")
	if dir == "" {
		t.Skip("ENTENTE_SHARED names no folder with recorded requests")
	}
	files, err := filepath.Glob(filepath.Join(dir, "wire/clients/*/*-POST-CreateItem-*.txt"))
	if err != nil || len(files) == 0 {
		t.Skip("no recorded requests there")
	}
	content := regexp.MustCompile(`MimeContent[^>]*>([A-Za-z0-9+/=\s]+)<`)
	seen := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range content.FindAllSubmatch(b, -1) {
			raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(found[1])), ""))
			if err != nil || strings.HasPrefix(string(raw), "BEGIN:") {
				continue
			}
			m := mustParse(t, string(raw))
			if seen++; m.Subject == "" || len(m.From) != 1 || len(m.To) == 0 || m.TextBody == "" || m.Date.IsZero() {
				t.Errorf("%s: %+v", filepath.Base(file), m)
			}
		}
	}
	if seen == 0 {
		t.Error("no MimeContent in any of them")
	}
}
