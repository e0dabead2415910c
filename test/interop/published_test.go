package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hostileICS has an appointment of somebody who wants his subject to be more
// than text.
const hostileICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:hostile\r\nDTSTART:%s\r\nDURATION:PT1H\r\n" +
	"SUMMARY:</title></style><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">\r\n" +
	"LOCATION:<svg onload=\"document.title='pwned'\">\r\nDESCRIPTION:<a href=\"javascript:alert(1)\">x</a>\\nATTENDEE:mailto:a@b.example\r\n" +
	"ATTENDEE:mailto:ben@contoso.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

// published publishes a calendar with hostile text in it, has Chromium open the
// page, and python3-icalendar read the file. Threat M4
func published(t *testing.T, d *demo) {
	if err := exec.Command(python3, "-c", "import icalendar").Run(); err != nil {
		missing(t, "no icalendar (apt-get install python3-icalendar): %v", err)
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		missing(t, "no Chromium (apt-get install chromium): %v", err)
	}
	owner := d.org.Accounts[0].UPN
	file := filepath.Join(t.TempDir(), "hostile.ics")
	start := time.Now().UTC().Add(time.Hour).Format("20060102T150405Z")
	if err := os.WriteFile(file, []byte(strings.Replace(hostileICS, "%s", start, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	entente := func(args ...string) string {
		return command{env: plain(t), limit: time.Minute}.run(t, d.bin, append([]string{"--admin", strings.TrimPrefix(d.org.Admin, "unix://")}, args...)...)
	}
	entente("import", "ics", file, "--account", owner)
	entente("sharing-policy", "create", "Public", "--default", "--rules", "Anonymous: CalendarSharingFreeBusyReviewer")
	var at struct {
		URL  string `json:"url"`
		ICal string `json:"ical_url"`
	}
	if err := json.Unmarshal([]byte(entente("calendar", "publish", owner, "--level", "FullDetails", "--json")), &at); err != nil {
		t.Fatal(err)
	}
	t.Run("chromium", func(t *testing.T) {
		dom := command{env: plain(t), limit: 2 * time.Minute}.run(t, chromium, "--headless", "--no-sandbox", "--disable-gpu",
			"--ignore-certificate-errors", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=3000", "--dump-dom", at.URL)
		for _, bad := range []string{"<script", "<img", "<svg", "<a href=\"javascript", "<title>pwned"} {
			if strings.Contains(dom, bad) {
				t.Errorf("the page has %s in it", bad)
			}
		}
		if !strings.Contains(dom, "&lt;script&gt;document.title='pwned'") || !strings.Contains(dom, "<h1>") {
			t.Errorf("the page does not show the calendar:\n%s", dom)
		}
	})
	t.Run("icalendar", func(t *testing.T) {
		script, err := filepath.Abs("testdata/published.py")
		if err != nil {
			t.Fatal(err)
		}
		command{env: plain(t), limit: time.Minute}.run(t, python3, script, at.ICal, d.org.CA)
	})
}
