package interop

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// DavMail stands in front of the demo and speaks IMAP, SMTP, CalDAV and
// CardDAV to curl.
const davmailJar = "/usr/share/davmail/davmail.jar"

// A gateway is DavMail that is running, and curl as one user of it.
type gateway struct {
	t                  *testing.T
	user               login
	imap, smtp, caldav int
	env                []string
}

func davmail(t *testing.T, d *demo) {
	for _, tool := range [...]string{"java", "keytool", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, "no %s", tool)
		}
	}
	if _, err := os.Stat(davmailJar); err != nil {
		missing(t, "no DavMail (apt-get install davmail-server): %v", err)
	}
	// Somebody the other clients leave alone.
	g := &gateway{t: t, user: d.org.Accounts[5], env: plain(t)}
	g.start(t, d)
	t.Run("imap", func(t *testing.T) { g.mail(t) })
	t.Run("caldav", func(t *testing.T) { g.calendar(t) })
	t.Run("carddav", func(t *testing.T) { g.contacts(t) })
}

// start runs DavMail until the test ends. It trusts the demo's CA by a trust
// store of its own.
func (g *gateway) start(t *testing.T, d *demo) {
	t.Helper()
	dir := t.TempDir()
	store := filepath.Join(dir, "trust.p12")
	command{env: g.env, limit: time.Minute}.run(t, "keytool", "-importcert", "-noprompt", "-alias", "demo",
		"-file", d.org.CA, "-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit")
	g.imap, g.smtp, g.caldav = freePort(t), freePort(t), freePort(t)
	properties := filepath.Join(dir, "davmail.properties")
	text := fmt.Sprintf(`davmail.server=true
davmail.mode=EWS
davmail.url=%s
davmail.bindAddress=127.0.0.1
davmail.allowRemote=false
davmail.disableUpdateCheck=true
davmail.imapPort=%d
davmail.smtpPort=%d
davmail.caldavPort=%d
davmail.popPort=
davmail.ldapPort=
davmail.smtpSaveInSent=true
davmail.logFilePath=%s
log4j.rootLogger=INFO
log4j.logger.davmail=DEBUG
`, d.org.EWS, g.imap, g.smtp, g.caldav, filepath.Join(dir, "davmail.log"))
	if err := os.WriteFile(properties, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := &output{}
	cmd := exec.Command("java", "-Djava.awt.headless=true", "-Djavax.net.ssl.trustStore="+store,
		"-Djavax.net.ssl.trustStorePassword=changeit", "-Xmx256m", "-jar", davmailJar, "-server", properties)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, g.env, out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			said := out.String()
			t.Logf("the end of what DavMail said\n%s", said[max(0, len(said)-8000):])
		}
	})
	for _, p := range [...]int{g.imap, g.smtp, g.caldav} {
		await(t, p, out)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// await waits until something listens on a port.
func await(t *testing.T, port int, out *output) {
	t.Helper()
	for end := time.Now().Add(readyLimit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
		if err == nil {
			_ = c.Close()
			return
		}
	}
	t.Fatalf("DavMail does not listen on %d\n%s", port, out)
}

// curl returns the body of an answer; anything but success fails the test.
func (g *gateway) curl(t *testing.T, args ...string) string {
	t.Helper()
	args = append([]string{"-sS", "--fail-with-body", "--max-time", "60", "-u", g.user.UPN + ":" + g.user.Password}, args...)
	return command{env: g.env, limit: 70 * time.Second}.run(t, "curl", args...)
}

// status returns the status of an HTTP answer, whatever it is.
func (g *gateway) status(t *testing.T, args ...string) string {
	t.Helper()
	args = append([]string{"-sS", "--max-time", "60", "-o", os.DevNull, "-w", "%{http_code}", "-u", g.user.UPN + ":" + g.user.Password}, args...)
	return command{env: g.env, limit: 70 * time.Second}.run(t, "curl", args...)
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func contains(t *testing.T, what, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("%s: no %q in\n%s", what, w, text)
		}
	}
}

// mail: folders are listed, messages stored, numbered, fetched as they were,
// flagged, searched and expunged; what is sent arrives.
func (g *gateway) mail(t *testing.T) {
	base := fmt.Sprintf("imap://127.0.0.1:%d", g.imap)
	contains(t, "folders", g.curl(t, base+"/"), "INBOX", "Drafts", "Sent", "Trash")
	contains(t, "capability", g.curl(t, base+"/", "-X", "CAPABILITY"), "IMAP4REV1")

	g.curl(t, base+"/", "-X", "CREATE Interop")
	const text = "From: x@fabrikam.example\nTo: frank@contoso.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= %d\n" +
		"Message-ID: <%d@fabrikam.example>\nDate: Mon, 02 Mar 2026 09:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nbody number %d\n"
	for n := 1; n <= 3; n++ {
		g.curl(t, base+"/Interop", "-T", file(t, "message.eml", fmt.Sprintf(text, n, n, n)))
	}
	uids := numbers(g.curl(t, base+"/Interop", "-X", "UID SEARCH ALL"))
	if len(uids) != 3 || uids[0] >= uids[1] || uids[1] >= uids[2] {
		t.Fatalf("UIDs %v: they must rise", uids)
	}
	got := g.curl(t, fmt.Sprintf("%s/Interop;UID=%d", base, uids[1]))
	contains(t, "a fetched message", got, "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= 2", "Message-ID: <2@fabrikam.example>", "body number 2")
	found := numbers(g.curl(t, base+"/Interop", "-X", "UID SEARCH SUBJECT 3"))
	if len(found) != 1 || found[0] != uids[2] {
		t.Errorf("searched %v, want %d", found, uids[2])
	}
	g.curl(t, base+"/Interop", "-X", fmt.Sprintf("UID STORE %d +FLAGS (\\Seen \\Flagged)", uids[0]))
	contains(t, "flags", g.curl(t, base+"/Interop", "-X", fmt.Sprintf("UID FETCH %d (FLAGS)", uids[0])), `\Seen`, `\Flagged`)
	g.curl(t, base+"/Interop", "-X", fmt.Sprintf("UID STORE %d +FLAGS (\\Deleted)", uids[0]))
	g.curl(t, base+"/Interop", "-X", "EXPUNGE")
	if left := numbers(g.curl(t, base+"/Interop", "-X", "UID SEARCH ALL")); len(left) != 2 || left[0] != uids[1] {
		t.Errorf("after expunging %v, want %v", left, uids[1:])
	}
	g.curl(t, base+"/", "-X", "CREATE Interop2")
	g.curl(t, base+"/Interop", "-X", fmt.Sprintf("UID COPY %d Interop2", uids[1]))
	g.curl(t, base+"/Interop", "-X", fmt.Sprintf("UID MOVE %d Interop2", uids[2]))
	if copied := numbers(g.curl(t, base+"/Interop2", "-X", "UID SEARCH ALL")); len(copied) != 2 {
		t.Errorf("one copied and one moved are %v", copied)
	}
	if left := numbers(g.curl(t, base+"/Interop", "-X", "UID SEARCH ALL")); len(left) != 1 {
		t.Errorf("after moving one of two %v are left", left)
	}
	g.curl(t, base+"/", "-X", "DELETE Interop2")
	g.curl(t, base+"/", "-X", "DELETE Interop")

	subject := fmt.Sprint("Interop by SMTP ", time.Now().UnixNano())
	letter := file(t, "letter.eml", "From: "+g.user.SMTP+"\nTo: "+g.user.SMTP+"\nSubject: "+subject+"\n\nto myself\n")
	g.curl(t, fmt.Sprintf("smtp://127.0.0.1:%d", g.smtp), "--sasl-ir", "--mail-from", g.user.SMTP, "--mail-rcpt", g.user.SMTP, "-T", letter)
	var arrived []int
	for end := time.Now().Add(15 * time.Second); len(arrived) == 0 && time.Now().Before(end); {
		arrived = numbers(g.curl(t, base+"/INBOX", "-X", `UID SEARCH SUBJECT "`+subject+`"`))
	}
	if len(arrived) != 1 {
		t.Errorf("%d messages arrived", len(arrived))
	}
}

// numbers are those of a line "* SEARCH 1 2 3".
func numbers(s string) []int {
	var all []int
	_, s, _ = strings.Cut(s, "SEARCH")
	line, _, _ := strings.Cut(s, "\n")
	for _, f := range strings.Fields(line) {
		if n, err := strconv.Atoi(f); err == nil {
			all = append(all, n)
		}
	}
	return all
}

const event = `BEGIN:VCALENDAR
PRODID:-//Interop//EN
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:interop-caldav-1
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20310901T090000
DTEND;TZID=Europe/Berlin:20310901T100000
RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO
SUMMARY:Interop by CalDAV
LOCATION:Café
DESCRIPTION:first line\nsecond line
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
DESCRIPTION:reminder
END:VALARM
END:VEVENT
END:VCALENDAR
`

// series is the event with its second occurrence deleted and its third moved.
// DavMail finds the deleted one only by its time in UTC.
func series() string {
	whole := strings.Replace(event, "SUMMARY:", "EXDATE:20310908T070000Z\nSUMMARY:", 1)
	return strings.Replace(whole, "END:VCALENDAR", `BEGIN:VEVENT
UID:interop-caldav-1
DTSTAMP:20260102T000000Z
RECURRENCE-ID;TZID=Europe/Berlin:20310915T090000
DTSTART;TZID=Europe/Berlin:20310916T140000
DTEND;TZID=Europe/Berlin:20310916T150000
SUMMARY:Interop moved by CalDAV
END:VEVENT
END:VCALENDAR`, 1)
}

// calendar: a series is put, read back with its rule and zone, found by a
// time range, and deleted.
func (g *gateway) calendar(t *testing.T) {
	base := fmt.Sprintf("http://127.0.0.1:%d/users/%s/calendar/", g.caldav, g.user.SMTP)
	contains(t, "the calendar", g.curl(t, "-X", "PROPFIND", "-H", "Depth: 0", "-H", "Content-Type: text/xml", "-d",
		`<propfind xmlns="DAV:" xmlns:c="http://calendarserver.org/ns/"><prop><resourcetype/><c:getctag/></prop></propfind>`, base),
		"<C:calendar/>", "getctag")
	url := base + "interop-caldav-1.ics"
	if got := g.status(t, "-T", file(t, "event.ics", event), "-H", "Content-Type: text/calendar; charset=utf-8", "-H", "If-None-Match: *", url); got != "201" {
		t.Errorf("PUT %s", got)
	}
	got := g.curl(t, url)
	contains(t, "the event", got, "SUMMARY:Interop by CalDAV", "LOCATION:Café", "BEGIN:VTIMEZONE", "20310901T090000", "BEGIN:VALARM")
	if !regexp.MustCompile(`RRULE:.*FREQ=WEEKLY`).MatchString(got) || !regexp.MustCompile(`RRULE:.*COUNT=4`).MatchString(got) {
		t.Errorf("the rule was lost in\n%s", got)
	}
	report := func(from, to string) string {
		return g.curl(t, "-X", "REPORT", "-H", "Depth: 1", "-H", "Content-Type: text/xml", "-d",
			`<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><d:getetag/><c:calendar-data/></d:prop>`+
				`<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:time-range start="`+from+`" end="`+to+`"/></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>`, base)
	}
	g.curl(t, "-T", file(t, "event.ics", series()), "-H", "Content-Type: text/calendar; charset=utf-8", url)
	got = g.curl(t, url)
	// DavMail writes the moved one's original time in UTC.
	contains(t, "the series with a moved and a deleted occurrence", got,
		"EXDATE;TZID=", "20310908T090000", "RECURRENCE-ID", "20310915T070000Z", "20310916T140000", "moved by CalDAV")
	contains(t, "within the series", report("20310901T000000Z", "20310902T000000Z"), "interop-caldav-1")
	if got := g.status(t, "-X", "DELETE", url); got != "204" && got != "200" {
		t.Errorf("DELETE %s", got)
	}
	if got := g.status(t, url); got != "404" {
		t.Errorf("GET after DELETE %s", got)
	}
}

const card = `BEGIN:VCARD
VERSION:3.0
UID:interop-card-1
FN:Zoë Interop
N:Interop;Zoë;;;
ORG:Fabrikam
TITLE:Buyer
EMAIL;TYPE=WORK:zoe@fabrikam.example
TEL;TYPE=CELL:+49 170 1
TEL;TYPE=WORK:+49 30 1234
ADR;TYPE=WORK:;;Hauptstraße 1;Berlin;BE;10115;Germany
END:VCARD
`

// contacts: a card is put, read back and deleted.
func (g *gateway) contacts(t *testing.T) {
	base := fmt.Sprintf("http://127.0.0.1:%d/users/%s/contacts/", g.caldav, g.user.SMTP)
	url := base + "interop-card-1.vcf"
	if got := g.status(t, "-T", file(t, "card.vcf", card), "-H", "Content-Type: text/vcard; charset=utf-8", "-H", "If-None-Match: *", url); got != "201" {
		t.Errorf("PUT %s", got)
	}
	contains(t, "the card", g.curl(t, url), "FN:Zoë Interop", "zoe@fabrikam.example", "+49 170 1", "+49 30 1234", "Hauptstraße 1", "TITLE:Buyer", "ORG:Fabrikam")
	contains(t, "the folder", g.curl(t, "-X", "PROPFIND", "-H", "Depth: 1", "-H", "Content-Type: text/xml", "-d",
		`<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>`, base), "interop-card-1")
	if got := g.status(t, "-X", "DELETE", url); got != "204" && got != "200" {
		t.Errorf("DELETE %s", got)
	}
}
