package interop

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// icsOfPackages are folders of calendar files that packages of Debian bring.
var icsOfPackages = []string{"/usr/lib/python3/dist-packages/icalendar/tests/*.ics"}

// calendars imports files as Outlook, Exchange, Google and Apple write them,
// and those that installed packages bring, and has an oracle compare: what
// icalendar and dateutil make of a file must be what a client sees, and what
// they make of the server's own export of it.
func calendars(t *testing.T, bin string) {
	needExchangelib(t)
	script, err := filepath.Abs("exchangelib/calendars.py")
	if err != nil {
		t.Fatal(err)
	}
	files := scripts(t, "testdata/ics/*.ics")
	for _, pattern := range icsOfPackages {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
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
