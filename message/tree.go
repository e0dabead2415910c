package message

import (
	"bytes"
	"strings"
)

// A node is a part to be written: a leaf with data, or a multipart.
type node struct {
	kind        string // media type
	charset     string
	method      string // of text/calendar
	report      string // report-type of multipart/report
	name        string
	disposition string // attachment, inline or none
	id          string
	location    string
	data        []byte
	children    []node
}

// tree arranges the parts as mailers expect them:
//
//	mixed( alternative( text, related( html, images ), calendar ), attachments )
//
// with every layer left out that would have a single part. Calendar comes last
// of the alternatives, being what a meeting-aware reader prefers, RFC 2046
// 5.1.4; Outlook and Gmail find it there.
func (d *Draft) tree() node {
	images, files := d.attachmentNodes()
	var bodies []node
	if d.TextBody != "" || d.HTMLBody == "" && d.Calendar == nil {
		bodies = append(bodies, textNode("text/plain", d.TextBody))
	}
	if d.HTMLBody != "" {
		related := append([]node{textNode("text/html", d.HTMLBody)}, images...)
		bodies = append(bodies, wrap("multipart/related", related))
	}
	if d.Calendar != nil {
		n := textNode("text/calendar", d.Calendar.Data)
		n.method = d.Calendar.Method
		bodies = append(bodies, n)
	}
	body := wrap("multipart/alternative", bodies)
	if d.Report != nil {
		status := node{kind: "message/" + strings.ToLower(d.Report.Type), data: []byte(crlf(d.Report.Fields))}
		return node{kind: "multipart/report", report: strings.ToLower(d.Report.Type), children: append([]node{body, status}, files...)}
	}
	return wrap("multipart/mixed", append([]node{body}, files...))
}

// attachmentNodes parts the images of the HTML body from the files.
func (d *Draft) attachmentNodes() (images, files []node) {
	for _, a := range d.Attachments {
		n := node{
			kind: strings.ToLower(a.ContentType), charset: a.Charset, name: a.FileName,
			id: a.ContentID, location: a.ContentLocation, data: a.Data, disposition: "attachment",
		}
		if n.kind == "" || strings.HasPrefix(n.kind, "multipart/") { // those cannot be leaves, RFC 2045 6.4
			n.kind = "application/octet-stream"
		}
		if isMessage(n.kind) {
			n.data = []byte(crlf(string(a.Data)))
		}
		if a.Inline {
			n.disposition = "inline"
		}
		if a.Inline && d.HTMLBody != "" {
			images = append(images, n)
		} else {
			files = append(files, n)
		}
	}
	return images, files
}

func textNode(kind, text string) node {
	return node{kind: kind, charset: "utf-8", data: []byte(crlf(strings.ToValidUTF8(text, "�")))}
}

func wrap(kind string, parts []node) node {
	if len(parts) == 1 {
		return parts[0]
	}
	return node{kind: kind, children: parts}
}

// isMessage: the types whose content is a message and may not be encoded,
// RFC 2046 5.2.1.
func isMessage(kind string) bool {
	return strings.EqualFold(kind, "message/rfc822")
}

// isHeaders: a message's header alone, which people read in a report as it is, RFC
// 6522 4.
func isHeaders(kind string) bool { return strings.EqualFold(kind, "text/rfc822-headers") }

// isStatus: the machine's part of a report is 7-bit as it stands, RFC 3464 2.1.1.
func isStatus(n node) bool {
	return strings.HasPrefix(n.kind, "message/") && n.disposition == ""
}

// node writes the rest of a part's header, the empty line and the content.
func (c *composer) node(n node) {
	if len(n.children) > 0 {
		c.multipart(n)
		return
	}
	encoding := transferFor(n)
	if isStatus(n) && encoding != "7bit" {
		c.refuse("Report")
	}
	c.contentType(n)
	if encoding != "7bit" {
		c.field("Content-Transfer-Encoding", encoding)
	}
	if n.id != "" {
		c.ids("Content-ID", "<"+n.id+">")
	}
	c.text("Content-Location", n.location)
	if n.disposition != "" {
		value := []byte(n.disposition)
		if n.name != "" {
			value = appendParameter(value, "filename", n.name)
		}
		c.field("Content-Disposition", string(value))
	}
	c.out = append(c.out, "\r\n"...)
	switch encoding {
	case "quoted-printable":
		c.out = appendQuotedPrintable(c.out, n.data)
	case "base64":
		c.out = appendBase64(c.out, n.data)
	default:
		c.out = append(c.out, n.data...)
	}
}

// contentType writes the media type. The name parameter beside the filename is
// for readers that know no Content-Disposition, Outlook's rules among them.
func (c *composer) contentType(n node) {
	major, minor, _ := strings.Cut(n.kind, "/")
	switch {
	case !isToken(major) || !isToken(minor) || len(n.kind) > 127:
		c.refuse("Content-Type")
	case n.method != "" && !isToken(n.method):
		c.refuse("method")
	case n.charset != "" && !isToken(n.charset):
		c.refuse("charset")
	case !clean(n.name):
		c.refuse("filename")
	}
	value := []byte(n.kind)
	if n.charset != "" {
		value = appendParameter(value, "charset", strings.ToLower(n.charset))
	}
	if n.method != "" {
		value = appendParameter(value, "method", strings.ToUpper(n.method))
	}
	if n.name != "" {
		value = appendParameter(value, "name", n.name)
	}
	c.field("Content-Type", string(value))
}

func (c *composer) multipart(n node) {
	boundary := c.boundary + string(rune('a'+c.branches)) // three at most
	c.branches++
	value := append([]byte(n.kind), `; boundary="`+boundary+`"`...)
	switch n.kind {
	case "multipart/related": // RFC 2387 3.1
		value = appendParameter(value, "type", "text/html")
	case "multipart/report":
		value = appendParameter(value, "report-type", n.report)
	}
	c.field("Content-Type", string(value))
	for _, part := range n.children {
		c.out = append(append(append(c.out, "\r\n--"...), boundary...), "\r\n"...)
		c.node(part)
	}
	c.out = append(append(append(c.out, "\r\n--"...), boundary...), "--\r\n"...)
}

// transferFor chooses the encoding: as it is for short lines of ASCII, else
// quoted-printable for text that stays readable in it, else base64. Attached
// messages may only be left as they are, and are encoded all the same when no
// SMTP server would carry them.
func transferFor(n node) string {
	s := survey(n.data)
	switch {
	case (isMessage(n.kind) || isStatus(n) || isHeaders(n.kind)) && s.lines <= 998 && !s.binary && !s.eight:
		return "7bit"
	case isMessage(n.kind) && s.lines <= 998 && !s.binary:
		return "8bit"
	case isMessage(n.kind), n.disposition != "":
		return "base64" // files: not a byte may change on the way
	case !s.eight && !s.binary && !s.delicate && s.lines <= 76:
		return "7bit"
	case s.escapes > len(n.data)/3:
		return "base64"
	}
	return "quoted-printable"
}

// A content says what a transfer encoding must care for.
type content struct {
	lines    int  // length of the longest
	escapes  int  // bytes that quoted-printable would write in three
	eight    bool // bytes beyond ASCII
	binary   bool // NUL, other controls, or a CR or LF alone
	delicate bool // lines that transports change, or the last one without an end
}

func survey(b []byte) content {
	s := content{delicate: len(b) > 0 && !bytes.HasSuffix(b, []byte("\r\n"))}
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		ended := len(rest)+len(line) < len(b)
		b = rest
		if ended && !bytes.HasSuffix(line, []byte("\r")) {
			s.binary = true
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		s.lines = max(s.lines, len(line))
		for _, c := range line {
			switch {
			case c >= 0x80:
				s.eight, s.escapes = true, s.escapes+1
			case c < ' ' && c != '\t' || c == 0x7f:
				s.binary, s.escapes = true, s.escapes+1
			}
		}
		if n := len(line); n > 0 && (isSpace(line[n-1]) || line[0] == '.' || line[0] == '-' || bytes.HasPrefix(line, []byte("From "))) {
			s.delicate = true
		}
	}
	return s
}
