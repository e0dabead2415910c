package message

import (
	"bytes"
	"strings"
	"testing"
)

// small is a mail of about 4 kB with both bodies, large one of 1 MB with a file.
func small(b *testing.B) []byte {
	text := strings.Repeat("Hällo, wir treffen uns morgen um neun in Raum 7.\r\n", 20)
	return mustCompose(b, Draft{
		From: full().From, To: full().To, Subject: "Grüße", MessageID: "<1@x>", Date: full().Date,
		TextBody: text, HTMLBody: "<html><body><p>" + strings.ReplaceAll(text, "\r\n", "<br>\r\n") + "</p></body></html>",
	})
}

func large(b *testing.B) []byte {
	d := full()
	d.Attachments = []Attachment{{FileName: "a.bin", Data: bytes.Repeat([]byte("0123456789abcdef"), 730<<10/16)}}
	return mustCompose(b, d)
}

func benchmarkParse(b *testing.B, raw []byte, data bool) {
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := Parse(raw, DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		for i := range m.Attachments {
			if data {
				m.Attachments[i].Data()
			}
		}
	}
}

func BenchmarkParse4kB(b *testing.B)        { benchmarkParse(b, small(b), false) }
func BenchmarkParse1MB(b *testing.B)        { benchmarkParse(b, large(b), false) }
func BenchmarkParse1MBDecoded(b *testing.B) { benchmarkParse(b, large(b), true) }

// BenchmarkParseHostile is a message at every limit: 16 multiparts around
// 25 MB of lines that begin like delimiters.
func BenchmarkParseHostile(b *testing.B) {
	var raw bytes.Buffer
	for range 16 {
		raw.WriteString("Content-Type: multipart/mixed; boundary=-\r\n\r\n---\r\n")
	}
	raw.WriteString("\r\n")
	raw.Write(bytes.Repeat([]byte("---x\r\n"), (25<<20-raw.Len())/6))
	benchmarkParse(b, raw.Bytes(), true)
}

func BenchmarkCompose(b *testing.B) {
	d := full()
	b.ReportAllocs()
	for b.Loop() {
		mustCompose(b, d)
	}
}

func BenchmarkHTMLToText(b *testing.B) {
	page := "<html><body>" + strings.Repeat("<div class=x>Hello <b>world</b> &amp; all of <a href=\"https://x.example/\">you</a></div>\n", 1000) + "</body></html>"
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		HTMLToText(page)
	}
}
