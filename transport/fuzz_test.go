package transport

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"entente/mailbox"
	"entente/message"
)

func containsText(s, part string) bool { return strings.Contains(s, part) }

func prefixes(s ...string) (all []netip.Prefix) {
	for _, p := range s {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

// FuzzArrival: whatever comes, the lines put before it are the only ones of their
// names, the body is whole, and what is known by its name is the same when it comes
// again by another way.
func FuzzArrival(f *testing.F) {
	f.Add([]byte("From: a@b.example\r\nMessage-ID: <x@y>\r\nReturn-Path: <evil@x.example>\r\n\r\nbody"), "mx.example")
	f.Add([]byte("X-Entente-Sender: x\nX-Entente-\rReturn-Path:<>\n\n.\n"), "a(b)\r\nX: y")
	f.Add([]byte("Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:x\r\nRRULE:FREQ=SECONDLY\r\nDTSTART:20260302T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"), "x")
	f.Add([]byte("Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--b--"), "")
	s := &Service{Config: Config{Name: "mail.contoso.example", Now: func() time.Time { return time.Unix(1e9, 0) }}}
	f.Fuzz(func(t *testing.T, data []byte, hello string) {
		raw := message.WithoutFields(message.Lines(data), notOurs[:])
		a := &arrival{raw: data, from: "carla@fabrikam.example", hello: hello, with: "ESMTP", address: "127.0.0.1"}
		whole := append(s.received(a, "id", true), raw...)
		head, _ := cutHeader(whole)
		if bytes.Count(bytes.ToLower(append([]byte("\n"), head...)), []byte("\nreturn-path")) != 1 {
			t.Errorf("%q", head)
		}
		m, err := message.Parse(whole, message.DefaultLimits())
		if err != nil {
			return
		}
		if m.Get("Return-Path") != "<carla@fabrikam.example>" || m.Get("X-Entente-Sender") != "unverified" {
			t.Errorf("%q", whole[:min(len(whole), 300)])
		}
		it, again := &mailbox.Item{}, &mailbox.Item{}
		if it.SetMIME(raw, mailbox.ConvertOptions{}) != nil || again.SetMIME(whole, mailbox.ConvertOptions{}) != nil {
			return
		}
		if it.Props.String(mailbox.PidTagInternetMessageID) != "" && arrivalName(it, raw) != arrivalName(again, whole) && bytes.Contains(raw, []byte("\r\n\r\n")) && !bytes.HasPrefix(raw, []byte("\r\n")) {
			t.Errorf("one message by two names: %q", raw)
		}
	})
}

// FuzzHello: what a peer calls itself is one word of a trace.
func FuzzHello(f *testing.F) {
	f.Add("mx.example")
	f.Add("a\r\nX: y")
	f.Add(strings.Repeat("x", 1000))
	f.Fuzz(func(t *testing.T, s string) {
		if got := helloName(s); got == "" || len(got) > 255 || strings.ContainsAny(got, " \r\n\t()<>;\"\\") {
			t.Errorf("%q", got)
		}
	})
}
