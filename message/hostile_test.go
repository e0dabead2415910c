package message

import (
	"runtime"
	"strings"
	"testing"
)

// TestMemoryBounded feeds Parse messages that are one thing over and over, and
// checks that what it allocates is bounded by what was sent: all that it ever
// allocates, freed or not, so that the figure does not depend on the collector.
func TestMemoryBounded(t *testing.T) {
	const size = 256 << 10
	test := func(head, unit string, factor uint64) {
		t.Helper()
		raw := []byte(head + strings.Repeat(unit, size/len(unit)) + "\r\n\r\n")
		max := DefaultLimits()
		max.Header = 2 * size
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := Parse(raw, max)
		if err == nil {
			for i := range m.Attachments {
				m.Attachments[i].Data()
			}
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > factor*size {
			t.Errorf("%q after %q: %d bytes allocated for one sent", unit, head, n/size)
		}
	}
	for _, name := range []string{"To: ", "To: x@y <", "Keywords: ", "References: ", "Subject: ", "Content-Type: x/y; ", "Content-Disposition: attachment; "} {
		for _, unit := range []string{"a@b,", "<a>", "((", `"a"`, `"`, "<a@b>", ",", ";", "a:", "=?", "=?utf-8?q?x?=", "=?utf-7?q?+?= =?latin1?q?y?=", "=?utf-8?q?y?= =?latin1?q?y?=", "\xff ", ";a=b", ";a*0=b", "a\r\n "} {
			test(name, unit, 100)
		}
	}
	// Rare charsets cost a converter with its buffers a word; the header's limit
	// of 256 kB keeps that to 200 MB that are garbage at once.
	test("Subject: ", "=?koi8-r?q?a?= =?koi8-u?q?b?=", 1000)
	test("", "A:b\r\n", 100)
	test("", ": \r\n", 100)
	for _, kind := range []string{"text/plain", "text/html", "text/plain; charset=utf-7", "text/plain; charset=iso-2022-jp", "text/plain; charset=utf-16", "text/plain; charset=gb18030", "text/calendar", "multipart/mixed; boundary=b", "multipart/digest; boundary=b", "message/rfc822"} {
		for _, encoding := range []string{"7bit", "base64", "quoted-printable"} {
			for _, unit := range []string{"\n", "\xff", "=41", "=\n", "AAAA", "+AGE-", "--b\r\n", "\r\n--b\r\nA: b\r\n", "<", "&nGt;", "cid:x "} {
				test("Content-Type: "+kind+"\r\nContent-Transfer-Encoding: "+encoding+"\r\n\r\n", unit, 40)
			}
		}
	}
	// Text beside HTML is converted for the other body.
	both := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n--b\r\n\r\n"
	for _, unit := range []string{"'", "\n", "<", "&"} {
		test(both, unit, 60)
	}
	for _, unit := range []string{"<br>", "<p>", "<li>", "&nGt;", "<a href=http://x>y</a>"} {
		test("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: text/html\r\n\r\n", unit, 60)
	}
}
