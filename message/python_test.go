package message

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

const python = "/usr/bin/python3"

// reader has Python's email package say what a message on stdin says.
const reader = `
import sys, json, email, email.policy, base64
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
defects = [type(d).__name__ for p in m.walk() for d in p.defects]
addr = lambda n: [[a.display_name, a.addr_spec] for a in m[n].addresses] if m[n] else []
body = lambda kind: (m.get_body((kind,)).get_content() if m.get_body((kind,)) else "")
cal = [p for p in m.walk() if p.get_content_type() == "text/calendar"]
files = []
for p in m.walk():
    if p.get_content_disposition():
        c = p.get_content()
        if p.get_content_type() == "message/rfc822": c = c.as_bytes()
        if isinstance(c, str): c = c.encode(p.get_content_charset() or "utf-8")
        files.append([p.get_filename() or "", p.get_content_type(), p.get_content_disposition(), base64.b64encode(c).decode()])
json.dump({"defects": defects, "subject": m["Subject"], "from": addr("From"), "to": addr("To"), "cc": addr("Cc"), "date": m["Date"].datetime.isoformat(),
  "text": body("plain"), "html": body("html"), "calendar": [cal[0].get_param("method"), cal[0].get_content()] if cal else [], "files": files}, sys.stdout)
`

// writer has it write one message of many ways, chosen by argument.
const writer = `
import sys, email.policy
from email.message import EmailMessage
m = EmailMessage(policy=email.policy.SMTP)
m["Subject"] = "Grüße aus 東京, und noch viel mehr Text, damit die Zeile gefaltet werden muss"
m["From"] = "Änna Ek <anna@contoso.example>"
m["To"] = '"Ek, Bo" <bo@contoso.example>, c@x.example'
m["Date"] = "Sun, 01 Mar 2026 09:05:06 +0100"
m.set_content("Hällo\n" + "x" * 200 + "\n", charset=sys.argv[1], cte=sys.argv[2])
m.add_alternative("<p>Hällo €</p>\n", subtype="html")
m.get_payload()[1].add_related(b"PNG\x00", "image", "png", cid="<i@x>")
m.add_attachment(b"\x00\xff" , "application", "octet-stream", filename="Übersicht 2026.bin")
sys.stdout.buffer.write(m.as_bytes())
`

func runPython(t *testing.T, script, stdin string, args ...string) []byte {
	t.Helper()
	if _, err := os.Stat(python); err != nil {
		t.Skip("no " + python + " to compare with")
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{"-c", script}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.WaitDelay = 5 * time.Second
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return out
}

// TestPythonReads: what we write, another reader understands the same way.
func TestPythonReads(t *testing.T) {
	plain := Draft{From: full().From, To: full().To, Date: full().Date, Subject: "x", TextBody: "just text\r\n"}
	for name, d := range map[string]Draft{"full": full(), "plain": plain, "html": {From: plain.From, Date: plain.Date, HTMLBody: "<p>é</p>\r\n"}} {
		var got struct {
			Defects       []string
			Subject, Date string
			From, To, Cc  [][2]string
			Text, HTML    string
			Calendar      []string
			Files         [][4]string
		}
		raw := mustCompose(t, d)
		if err := json.Unmarshal(runPython(t, reader, string(raw)), &got); err != nil {
			t.Fatal(err)
		}
		check := func(what string, ok bool) {
			t.Helper()
			if !ok {
				t.Errorf("%s: %s differs: %+v\n%s", name, what, got, raw)
			}
		}
		check("defects", len(got.Defects) == 0)
		check("subject", got.Subject == d.Subject)
		check("date", got.Date == d.Date.Format("2006-01-02T15:04:05-07:00"))
		check("from", slices.Equal(got.From, pairs(d.From)))
		check("to", slices.Equal(got.To, pairs(d.To)))
		check("cc", slices.Equal(got.Cc, pairs(d.Cc)))
		lf := func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
		check("text", lf(got.Text) == lf(d.TextBody))
		check("html", lf(got.HTML) == lf(d.HTMLBody))
		if d.Calendar != nil {
			check("calendar", len(got.Calendar) == 2 && got.Calendar[0] == d.Calendar.Method && lf(got.Calendar[1]) == lf(d.Calendar.Data))
		}
		check("files", len(got.Files) == len(d.Attachments))
		for i, a := range d.Attachments {
			f := got.Files[i]
			data, _ := base64.StdEncoding.DecodeString(f[3])
			check(fmt.Sprint("file ", i), f[0] == a.FileName && f[1] == a.ContentType && (f[2] == "inline") == a.Inline && lf(string(data)) == lf(string(a.Data)))
		}
	}
}

func pairs(list []Address) (out [][2]string) {
	for _, a := range list {
		out = append(out, [2]string{a.Name, a.SMTP})
	}
	return out
}

// TestPythonWrites: what another writer means, we read.
func TestPythonWrites(t *testing.T) {
	for _, way := range [][2]string{{"utf-8", "quoted-printable"}, {"utf-8", "base64"}, {"utf-8", "8bit"}, {"iso-8859-1", "quoted-printable"}, {"iso-8859-1", "8bit"}} {
		m := mustParse(t, string(runPython(t, writer, "", way[0], way[1])))
		got := strings.TrimSpace(fmt.Sprintln(m.From, m.To, m.Subject, m.Date.Format(time.RFC3339), strings.ReplaceAll(shape(m), strings.Repeat("x", 200), "X200")))
		want := `[Änna Ek <anna@contoso.example>] [Ek, Bo <bo@contoso.example> c@x.example] Grüße aus 東京, und noch viel mehr Text, damit die Zeile gefaltet werden muss` +
			` 2026-03-01T09:05:06+01:00 text "Hällo\r\nX200\r\n" | html "<p>Hällo €</p>\r\n" | inline image/png "i@x" "PNG\x00" | file application/octet-stream "Übersicht 2026.bin" "\x00\xff"`
		if got != want {
			t.Errorf("%v\ngot  %s\nwant %s", way, got, want)
		}
	}
}
