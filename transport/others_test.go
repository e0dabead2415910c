package transport_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"entente/mailbox"
	"entente/server"
)

// freePort is a port of loopback that nobody has now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// postfix starts Debian's mail server with a configuration of its own: mail of
// contoso.example goes by LMTP to a front connector, addresses of fabrikam.example
// lead there too.
func postfix(t *testing.T, listen, front string) {
	t.Helper()
	const program = "/usr/sbin/postfix"
	if _, err := os.Stat(program); err != nil || os.Getuid() != 0 {
		t.Skip("needs Debian's postfix, and root to start it")
	}
	dir, err := os.MkdirTemp("", "postfix")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	for _, d := range []string{"conf", "queue", "data"} {
		must(t, os.Mkdir(filepath.Join(dir, d), 0o755))
	}
	owner, err := user.Lookup("postfix")
	must(t, err)
	uid, err := strconv.Atoi(owner.Uid)
	must(t, err)
	must(t, os.Chown(filepath.Join(dir, "data"), uid, -1))
	write := func(name, text string) { must(t, os.WriteFile(filepath.Join(dir, "conf", name), []byte(text), 0o644)) }
	write("main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.fabrikam.example
myorigin = fabrikam.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relay_domains = contoso.example
virtual_alias_domains = fabrikam.example
virtual_alias_maps = inline:{ { echo@fabrikam.example = anna@contoso.example }, { lost@fabrikam.example = nobody@contoso.example } }
transport_maps = inline:{ { contoso.example = lmtp:inet:%[2]s } }
maillog_file = %[1]s/log
maillog_file_prefixes = /tmp, /var
smtpd_banner = $myhostname ESMTP
minimal_backoff_time = 1s
queue_run_delay = 1s
`, dir, front))
	write("master.cf", listen+` inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`)
	run := func(verb string) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, program, "-c", filepath.Join(dir, "conf"), verb).CombinedOutput()
		if err != nil {
			t.Errorf("postfix %s: %v %s", verb, err, out)
		}
	}
	run("start")
	t.Cleanup(func() {
		run("stop")
		if log, err := os.ReadFile(filepath.Join(dir, "log")); err == nil && t.Failed() {
			t.Logf("%s", log)
		}
	})
}

// TestPostfix: a mail server that half the world runs, as the smart host and as the
// server in front. What Anna sends comes back to her through it; what it cannot
// deliver, it returns, and the report is one here.
func TestPostfix(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		listen := freePort(t)
		c := inward()
		c.Receive[1].Listen = freePort(t)
		c.OwnSenders = "allow" // they are her own, by way of another server
		c.Send = []server.SendConnectorConfig{{Name: "postfix", SmartHosts: []string{listen}}}
		h := newHouse(t, "contoso.example", urls, c)
		h.start()
		h.people("anna")
		postfix(t, listen, c.Receive[1].Listen)
		soon(t, "postfix answers", func() bool {
			c, err := net.DialTimeout("tcp", listen, time.Second)
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		})
		big := strings.Repeat("0123456789 ünïcödé\r\n", 20_000)
		h.sends("anna", "Grüße", `<t:Importance>High</t:Importance>`, "echo@fabrikam.example")
		h.does("anna", `<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message><t:Subject>Big</t:Subject><t:Body BodyType="Text">`+big+`</t:Body><t:ToRecipients><t:Mailbox><t:EmailAddress>echo@fabrikam.example</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>`)
		h.sends("anna", "Lost", "", "lost@fabrikam.example")
		soon(t, "all are back", func() bool { return strings.Count(h.inbox("anna"), "\n") == 3 })
		if got := h.inbox("anna"); got != "IPM.Note Big\nIPM.Note Grüße\nREPORT.IPM.Note.NDR Undelivered Mail Returned to Sender\n" {
			t.Errorf("%q", got)
		}
		_, items := h.items("anna", mailbox.Inbox)
		for _, it := range items {
			switch it.Props.String(mailbox.PidTagSubject) {
			case "Big":
				if !bytes.Equal(bytes.TrimRight(it.Body.Text, "\r\n"), []byte(strings.TrimRight(big, "\r\n"))) {
					t.Errorf("%d bytes came back of %d", len(it.Body.Text), len(big))
				}
			case "Grüße":
				if string(it.Body.Text) != ".Hello\r\n.\r\n..you" && !strings.HasPrefix(string(it.Body.Text), ".Hello\r\n.\r\n.") {
					t.Errorf("%q", it.Body.Text)
				}
			default:
				if raw := string(it.MIME); !strings.Contains(raw, "Return-Path: <>") || !strings.Contains(raw, "Diagnostic-Code: smtp; 550 5.1.1 There is nobody with this address") {
					t.Error(raw)
				}
			}
		}
	})
}

// TestPython: what Python's library writes, and what aiosmtpd takes.
func TestPython(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import smtplib, aiosmtpd").Run(); err != nil {
		t.Skip("needs Debian's python3-aiosmtpd")
	}
	listen := freePort(t)
	c := inward()
	c.Send = []server.SendConnectorConfig{{Name: "python", SmartHosts: []string{listen}}}
	h := newHouse(t, "contoso.example", sqlite(), c)
	h.start()
	h.people("anna", "ben")
	const send = `
import smtplib, sys
from email.message import EmailMessage
m = EmailMessage()
m["From"] = "Çarla <carla@fabrikam.example>"
m["To"] = "anna@contoso.example, ben@contoso.example"
m["Subject"] = "Grüße aus Python"
m["Message-ID"] = "<p@fabrikam.example>"
m.set_content(".dot\n.\nend\n")
m.add_attachment(b"\x00\xff" * 5000, maintype="application", subtype="octet-stream", filename="ä.bin")
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as s:
    s.ehlo()
    assert s.has_extn("8bitmime") and s.has_extn("size") and s.has_extn("smtputf8") and not s.has_extn("dsn"), s.esmtp_features
    print(s.send_message(m, to_addrs=["anna@contoso.example", "ben@contoso.example", "nobody@contoso.example"]))
`
	_, port, _ := net.SplitHostPort(h.at("in"))
	out, err := exec.Command(python, "-c", send, port).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "nobody@contoso.example': (550") {
		t.Fatalf("%v %s", err, out)
	}
	_, items := h.items("ben", mailbox.Inbox)
	if len(items) != 1 || items[0].Props.String(mailbox.PidTagSubject) != "Grüße aus Python" || string(items[0].Body.Text) != ".dot\r\n.\r\nend\r\n" || items[0].Attachments[0].Name != "ä.bin" || items[0].Attachments[0].Size != 10000 {
		t.Errorf("%+v", items)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	taker := exec.CommandContext(ctx, python, "-u", "-m", "aiosmtpd", "-n", "-l", listen, "-c", "aiosmtpd.handlers.Debugging", "stdout")
	var said bytes.Buffer
	taker.Stdout = &said
	taker.Cancel = func() error { return taker.Process.Signal(syscall.SIGINT) }
	must(t, taker.Start())
	// Time is passed below, and more of it than a message is tried for, before a
	// program has begun on a busy machine.
	soon(t, "it listens", func() bool {
		k, err := net.Dial("tcp", listen)
		return err == nil && k.Close() == nil
	})
	h.sends("anna", "To Python", "", "carla@fabrikam.example")
	for range 40 {
		h.pass(30 * time.Second)
		if q := h.records("transport.Send"); len(q) > 0 {
			break
		}
	}
	soon(t, "it is taken", func() bool { h.pass(time.Minute); return len(h.records("transport.Send")) == 1 })
	stop()
	_ = taker.Wait()
	if !strings.Contains(said.String(), "Subject: To Python") || !strings.Contains(said.String(), "From: anna <anna@contoso.example>") {
		t.Error(said.String())
	}
}
