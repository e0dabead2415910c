package easserver

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
	"entente/message"
)

// Types of bodies. RTF is never written: nothing keeps it. [MS-ASAIRS] 2.2.2.41.1
const (
	plainBody = 1
	htmlBody  = 2
	rtfBody   = 3
	mimeBody  = 4
)

// What MIMESupport asks for. [MS-ASCMD] 2.2.3.111
const (
	neverMIME  = 0
	secureMIME = 1 // of signed and encrypted messages alone
	alwaysMIME = 2
)

// maxPreview is the longest preview, in characters. [MS-ASAIRS] 2.2.2.35
const maxPreview = 255

// bodyParts are what of items writeBody needs with these options. The MIME of
// signed and encrypted messages is read one at a time, for few are.
func bodyParts(o *options) mailbox.Parts {
	if o.mimeSupport == alwaysMIME && slices.ContainsFunc(o.bodies, isMIME) {
		return mailbox.AllParts
	}
	return mailbox.PartBody
}

func isMIME(p bodyPreference) bool { return p.kind == mimeBody }

// writeBody writes airsyncbase:Body, BodyPart and NativeBodyType of an item in
// the form that the phone prefers. [MS-ASAIRS] 2.2.2.9, 2.2.2.10, 2.2.2.32
func writeBody(c *call, it *mailbox.Item, o *options) error {
	b := bodySource{c: c, it: it, o: o}
	if it.Body != nil {
		b.text, b.html = it.Body.Text, it.Body.HTML
	}
	p, data, err := b.choose()
	if err != nil {
		return err
	}
	b.write(p, data)
	// Messages and appointments say what they are kept as; the other classes have
	// no such element. [MS-ASAIRS] 2.2.2.32
	if hasNativeBodyType(it.Class) {
		c.out.Int(wbxml.AirSyncBaseNativeBodyType, int64(b.native()))
	}
	if c.at(activesync.V141) && len(o.partBodies) > 0 && !c.plainOnly(it) {
		b.writePart(o.partBodies[0])
	}
	return nil
}

func hasNativeBodyType(class string) bool {
	for _, other := range [...]string{"IPM.Contact", "IPM.DistList", "IPM.Task", "IPM.StickyNote"} {
		if hasPrefixFold(class, other) {
			return false
		}
	}
	return true
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// A bodySource is an item's body on its way to a phone.
type bodySource struct {
	c          *call
	it         *mailbox.Item
	o          *options
	text, html []byte
	mime       []byte
}

// native is the type that the body is kept as.
func (b *bodySource) native() int {
	if b.html != nil {
		return htmlBody
	}
	return plainBody
}

// bodyData is a body in one form, as far as it was asked for.
type bodyData struct {
	bytes []byte
	size  int // of all of it, or an estimate
	cut   bool
}

// choose finds the preference that fits, and what it gives. The kept form goes
// first; a preference with AllOrNone that it does not fit is passed over for the
// one that gives the most. Who prefers nothing has plain text.
// [MS-ASAIRS] 2.2.2.3.2
func (b *bodySource) choose() (bodyPreference, bodyData, error) {
	plain := bodyPreference{kind: plainBody, truncate: -1}
	list := b.order()
	if len(list) == 0 {
		return plain, b.form(plain), nil
	}
	best, most := bodyPreference{}, bodyData{size: -1}
	for _, p := range list {
		if p.kind == mimeBody {
			if err := b.loadMIME(); err != nil {
				return p, bodyData{}, err
			}
		}
		d := b.form(p)
		if !d.cut || !p.allOrNone {
			return p, d, nil
		}
		if most.size < 0 {
			best, most = p, bodyData{size: d.size, cut: true} // nothing of it
		}
	}
	return best, most, nil
}

// order returns the preferences that may be followed, the best first: MIME where
// it is wanted, then the form that is kept, then the other.
func (b *bodySource) order() []bodyPreference {
	var list [4]bodyPreference
	n := 0
	add := func(kind int) {
		for _, p := range b.o.bodies {
			if p.kind == kind {
				list[n] = p
				n++
				return
			}
		}
	}
	if b.wantsMIME() {
		add(mimeBody)
	}
	if b.c.plainOnly(b.it) {
		add(plainBody)
		return list[:n]
	}
	add(b.native())
	add(plainBody + htmlBody - b.native())
	return list[:n]
}

func (b *bodySource) wantsMIME() bool {
	if !b.c.wholeMIME(b.it) {
		return false
	}
	switch b.o.mimeSupport {
	case secureMIME:
		return hasPrefixFold(b.it.Class, "IPM.Note.SMIME")
	case alwaysMIME:
		return hasPrefixFold(b.it.Class, "IPM.Note") || hasPrefixFold(b.it.Class, "IPM.Schedule") || hasPrefixFold(b.it.Class, "REPORT")
	}
	return false
}

// loadMIME reads or composes the message.
func (b *bodySource) loadMIME() (err error) {
	it := b.it
	if it.Parts&mailbox.AllParts != mailbox.AllParts && it.ID != 0 {
		if it, err = b.c.view.Item(b.c.ctx, it.ID, mailbox.AllParts); err != nil {
			return err
		}
	}
	b.mime, err = b.c.view.MIME(b.c.ctx, it, mailbox.ComposeOptions{})
	return err
}

// form returns the body in the form of a preference and no longer than it says.
// Sizes are bytes of UTF-8. [MS-ASAIRS] 2.2.2.23.2, 2.2.2.40.2
func (b *bodySource) form(p bodyPreference) bodyData {
	limit := p.truncate
	if p.kind == mimeBody && limit < 0 {
		limit = mimeTruncation(b.o.mimeTrunc)
	}
	if b.o.whole {
		limit = -1
	}
	limit = b.c.policyBody(b.it, p.kind, limit)
	switch {
	case p.kind == mimeBody:
		return shorten(b.mime, limit)
	case p.kind == htmlBody && b.html != nil:
		return shorten(b.html, limit)
	case p.kind == htmlBody:
		if len(b.text) == 0 {
			return bodyData{}
		}
		return shorten([]byte(message.TextToHTML(string(b.text))), limit)
	case b.text != nil || b.html == nil:
		return shorten(b.text, limit)
	}
	return b.plain(limit)
}

// plain makes text of a page. Of a long page no more is read than the phone takes
// of it; its size is then that of the page, which is an estimate.
func (b *bodySource) plain(limit int64) bodyData {
	page := b.html
	const enough = 16 << 10
	if most := int64(enough) + 32*limit; limit >= 0 && int64(len(page)) > most {
		d := shorten([]byte(message.HTMLToText(string(page[:lastRune(page, int(most))]))), limit)
		if d.cut {
			d.size = len(page)
			return d
		}
	}
	return shorten([]byte(message.HTMLToText(string(page))), limit)
}

// shorten cuts at the end of a character, which is what no text is without.
func shorten(b []byte, limit int64) bodyData {
	d := bodyData{bytes: b, size: len(b)}
	if limit >= 0 && int64(len(b)) > limit {
		d.bytes, d.cut = b[:lastRune(b, int(limit))], true
	}
	return d
}

// lastRune is where the last character that is whole within n bytes ends. What is
// no text is cut where it comes.
func lastRune(s []byte, n int) int {
	for back := range min(n+1, utf8.UTFMax) {
		if utf8.RuneStart(s[n-back]) {
			return n - back
		}
	}
	return n
}

// mimeTruncation is what MIMETruncation says, in bytes. [MS-ASCMD] 2.2.3.112
func mimeTruncation(code int) int64 {
	sizes := [...]int64{0, 4096, 5120, 7168, 10240, 20480, 51200, 102400}
	if code < 0 || code >= len(sizes) {
		return -1
	}
	return sizes[code]
}

// write writes airsyncbase:Body. Its children have an order, which some phones
// rely on. [MS-ASAIRS] 2.2.2.9
func (b *bodySource) write(p bodyPreference, d bodyData) {
	w := b.c.out
	w.Start(wbxml.AirSyncBaseBody)
	w.Int(wbxml.AirSyncBaseType, int64(p.kind))
	w.Int(wbxml.AirSyncBaseEstimatedDataSize, int64(d.size))
	if d.cut {
		w.Bool(wbxml.AirSyncBaseTruncated, true)
	}
	apart := b.o.multi != nil && len(d.bytes) > 0
	switch {
	case len(d.bytes) == 0, apart:
	case p.kind == mimeBody:
		writeMIME(w, d.bytes)
	default:
		w.TextBytes(wbxml.AirSyncBaseData, d.bytes)
	}
	b.preview(p)
	if apart {
		w.Int(wbxml.ItemOperationsPart, int64(b.o.multi.add(d.bytes)))
	}
	w.End()
}

// writeMIME writes a message as text where it is one, and as opaque bytes where
// it has bytes that are none: a signature covers them as they are.
func writeMIME(w *wbxml.Writer, raw []byte) {
	if utf8.Valid(raw) && bytes.IndexFunc(raw, isControl) < 0 {
		w.TextBytes(wbxml.AirSyncBaseData, raw)
		return
	}
	w.Opaque(wbxml.AirSyncBaseData, raw)
}

func isControl(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// preview writes the beginning of the text, whatever the form of the body.
// [MS-ASAIRS] 2.2.2.35.1
func (b *bodySource) preview(p bodyPreference) {
	if p.preview <= 0 || !b.c.at(activesync.V140) {
		return
	}
	if s := previewOf(b.it, min(p.preview, maxPreview)); s != "" {
		b.c.out.Text(wbxml.AirSyncBasePreview, s)
	}
}

// previewOf is the beginning of an item's text, on one line.
func previewOf(it *mailbox.Item, n int) string {
	switch b := it.Body; {
	case b == nil:
		return ""
	case b.Text != nil:
		return message.Preview(string(b.Text), n)
	default:
		return message.PreviewHTML(string(b.HTML), n)
	}
}

// writePart writes the message part of a conversation: HTML, and all that the
// message says. [MS-ASAIRS] 2.2.2.10
func (b *bodySource) writePart(p bodyPreference) {
	d := b.form(p)
	if d.cut && p.allOrNone {
		d.bytes = nil
	}
	w := b.c.out
	w.Start(wbxml.AirSyncBaseBodyPart)
	w.Int(wbxml.AirSyncBaseStatus, int64(activesync.OK))
	w.Int(wbxml.AirSyncBaseType, htmlBody)
	w.Int(wbxml.AirSyncBaseEstimatedDataSize, int64(d.size))
	if d.cut {
		w.Bool(wbxml.AirSyncBaseTruncated, true)
	}
	if len(d.bytes) > 0 {
		w.TextBytes(wbxml.AirSyncBaseData, d.bytes)
	}
	b.preview(p)
	w.End()
}

// readBody returns the body that a phone sends: plain or HTML. One in MIME or RTF
// is refused but where a class takes it. A Body without Data empties it.
// [MS-ASAIRS] 2.2.2.9
func readBody(in *wbxml.Element) (*mailbox.Body, error) {
	e := in.Child(wbxml.AirSyncBaseBody)
	if e == nil {
		return nil, nil
	}
	data := e.Child(wbxml.AirSyncBaseData)
	text := []byte{}
	if data != nil {
		text = []byte(strings.ToValidUTF8(string(data.Content), "\uFFFD"))
	}
	switch e.Get(wbxml.AirSyncBaseType) {
	case "1", "":
		return &mailbox.Body{Text: text}, nil
	case "2":
		return &mailbox.Body{HTML: text}, nil
	}
	return nil, entente.Errorf(entente.Invalid, "bodies of type %s are not taken here", e.Get(wbxml.AirSyncBaseType))
}
