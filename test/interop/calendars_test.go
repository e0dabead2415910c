package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// packaged are calendar files that Debian's python3-icalendar brings. Those it
// keeps because they are broken are left out: their events have two starts, no
// summary, or lines that belong to nothing.
var packaged = []string{
	"encoding", "issue_112_missing_tzinfo_on_exdate", "issue_53_parsing_failure", "recurrence",
	"timezone_same_start", "timezoned", "x_location",
}

const packagedDir = "/usr/lib/python3/dist-packages/icalendar/tests/"

// calendars imports files as Outlook, Exchange, Google and Apple write them,
// and those that installed packages bring, and has an oracle compare: what
// icalendar and dateutil make of a file must be what a client sees, and what
// they make of the server's own export of it.
func calendars(t *testing.T, bin string) {
	needExchangelib(t)
	if err := exec.Command(python3, "-c", "import icalendar, dateutil").Run(); err != nil {
		missing(t, "no icalendar (apt-get install python3-icalendar): %v", err)
	}
	script, err := filepath.Abs("exchangelib/calendars.py")
	if err != nil {
		t.Fatal(err)
	}
	files := scripts(t, "testdata/ics/*.ics")
	for _, name := range packaged {
		if f := packagedDir + name + ".ics"; exists(f) {
			files = append(files, f)
		}
	}
	// Everybody gets some of the files; a file is looked for where it is.
	users := []string{"uma", "viktor", "wendy", "xavier", "yara"}
	var imports, pairs []string
	for i, f := range files {
		user := users[i%len(users)]
		imports = append(imports, "--import", f+"="+user)
		pairs = append(pairs, f+"="+user)
	}
	d := start(t, bin, "127.0.0.1:0", imports...)
	for _, p := range pairs {
		name, _, _ := strings.Cut(p, "=")
		t.Run(stem(name), func(t *testing.T) { python(t, d, script, 90*time.Second, p) })
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
