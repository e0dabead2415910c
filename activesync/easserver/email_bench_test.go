package easserver

import (
	"strings"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// BenchmarkEmail is what writing a mail of 3.6 kB in two forms costs, without
// reading it: as phones ask for it first, 512 bytes of the page or of the text.
func BenchmarkEmail(b *testing.B) {
	h := open(b)
	text := strings.Repeat("All work and no play makes Jack a dull boy.\r\n", 36)
	page := "<html><body>" + strings.Repeat("<p>All work and no play makes Jack a dull boy.</p>\r\n", 36) + "</body></html>"
	for name, body := range map[string]*mailbox.Body{
		"both": {Text: []byte(text), HTML: []byte(page)},
		"page": {HTML: []byte(page)},
	} {
		it := &mailbox.Item{}
		h.must(it.SetMIME(mimeOf(withFile), mailbox.ConvertOptions{}))
		it.Body, it.Attachments, it.MIME = body, nil, nil
		id := h.make("anna", mailbox.Inbox, it)
		for form, o := range map[string]*options{
			"html": {bodies: []bodyPreference{{kind: 2, truncate: 512, preview: 100}}},
			"text": {bodies: []bodyPreference{{kind: 1, truncate: 512, preview: 100}}},
		} {
			b.Run(name+"/"+form, func(b *testing.B) {
				c := h.mailCall("anna", activesync.V161)
				it, err := c.view.Item(c.ctx, id, emailClass{}.parts(o))
				h.must(err)
				buf := make([]byte, 0, 64<<10)
				b.ReportAllocs()
				for b.Loop() {
					c.out = wbxml.NewWriter(buf[:0])
					h.must(emailClass{}.write(c, it, o))
				}
				b.ReportMetric(float64(c.out.Len()), "bytes")
			})
		}
	}
}
