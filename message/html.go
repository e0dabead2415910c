package message

import (
	"html"
	"strings"
	"unicode/utf8"
)

// HTMLToText returns what a reader of the page would read: blocks and table
// rows as lines, list items with a star, the addresses of links in <> where
// the text does not show them. Scripts, styles and comments are left out.
//
// Text is all it gives, and it is not HTML: whoever shows it in a page must
// escape it again, since &lt;script&gt; is now <script>. Lines end in CRLF.
func HTMLToText(s string) string {
	t := texter{}
	t.run(s)
	return t.result()
}

// A texter writes the text of a page as it goes through the tags.
type texter struct {
	out    strings.Builder
	line   int    // line ends owed before the next word, at most two
	space  bool   // a blank owed before the next word
	skip   string // inside the element of this name nothing counts
	pre    int    // open <pre>
	href   string // of the open link
	anchor int    // where in out its text began
	plain  bool   // no links, no stars: for previews
}

func (t *texter) run(s string) {
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			t.text(s)
			return
		}
		t.text(s[:i])
		s = t.markup(s[i:])
	}
}

// markup handles what begins with < and returns what follows it. A < that
// begins no tag is text, as in HTML 13.2.5.6.
func (t *texter) markup(s string) string {
	switch {
	case strings.HasPrefix(s, "<!--"):
		_, rest, ok := strings.Cut(s[4:], "-->")
		if !ok {
			return "" // HTML lets an open comment swallow the rest
		}
		return rest
	case len(s) > 1 && (s[1] == '!' || s[1] == '?'):
		_, rest, _ := strings.Cut(s, ">")
		return rest
	case len(s) > 1 && (s[1] == '/' || isLetter(s[1])):
		return t.tag(s)
	}
	t.text("<")
	return s[1:]
}

func (t *texter) tag(s string) string {
	s = s[1:]
	closing := strings.HasPrefix(s, "/")
	s = strings.TrimPrefix(s, "/")
	n := 0
	for n < len(s) && (isLetter(s[n]) || '0' <= s[n] && s[n] <= '9' || s[n] == ':' || s[n] == '-') {
		n++
	}
	name := strings.ToLower(s[:min(n, 32)])
	href, rest := attributes(s[n:], name == "a")
	switch {
	case t.skip == "head" && !closing && name == "body":
		t.skip = "" // the head's end tag may be left out
	case t.skip != "":
		if closing && name == t.skip {
			t.skip = ""
		}
	case closing:
		t.close(name)
	default:
		t.open(name, href)
	}
	if t.skip == "script" || t.skip == "style" || t.skip == "title" {
		return rawEnd(rest, t.skip)
	}
	return rest
}

// rawEnd skips raw text, in which only the element's own end tag is markup.
func rawEnd(s, name string) string {
	for rest := s; ; {
		i := strings.Index(rest, "</")
		if i < 0 {
			return ""
		}
		rest = rest[i:]
		if len(rest) >= 2+len(name) && equalFold(rest[2:2+len(name)], name) {
			return rest
		}
		rest = rest[2:]
	}
}

// attributes reads to the end of the tag and returns the href if it is wanted.
func attributes(s string, want bool) (href, rest string) {
	for {
		s = strings.TrimLeft(s, " \t\r\n/\f")
		if s == "" {
			return href, ""
		}
		if s[0] == '>' {
			return href, s[1:]
		}
		n := strings.IndexAny(s, " \t\r\n\f=/>")
		if n < 0 {
			return href, ""
		}
		name := s[:max(n, 1)]
		s = s[max(n, 1):]
		if after := strings.TrimLeft(s, " \t\r\n\f"); strings.HasPrefix(after, "=") {
			var value string
			value, s = attributeValue(strings.TrimLeft(after[1:], " \t\r\n\f"))
			if want && href == "" && equalFold(name, "href") {
				href = html.UnescapeString(value)
			}
		}
	}
}

func attributeValue(s string) (value, rest string) {
	if s == "" {
		return "", ""
	}
	if s[0] == '"' || s[0] == '\'' {
		value, rest, _ = strings.Cut(s[1:], s[:1])
		return value, rest
	}
	n := strings.IndexAny(s, " \t\r\n\f>")
	if n < 0 {
		return s, ""
	}
	return s[:n], s[n:]
}

func (t *texter) open(name, href string) {
	switch name {
	case "script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg":
		t.skip = name
	case "br":
		t.endLine()
	case "pre", "textarea":
		t.pre++
		t.block(1)
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "table":
		t.block(2)
	case "li":
		t.block(1)
		if !t.plain {
			t.text("* ")
		}
	case "td", "th":
		t.space = true
	case "hr":
		t.block(1)
		if !t.plain {
			t.text("________________________________")
		}
		t.block(1)
	case "a":
		t.href, t.anchor = href, t.out.Len()
	default:
		if isBlock(name) {
			t.block(1)
		}
	}
}

func (t *texter) close(name string) {
	switch name {
	case "pre", "textarea":
		t.pre = max(0, t.pre-1)
		t.block(1)
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "table":
		t.block(2)
	case "a":
		t.closeLink()
	default:
		if isBlock(name) {
			t.block(1)
		}
	}
}

func isBlock(name string) bool {
	switch name {
	case "div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "center", "form", "fieldset", "address", "main", "nav", "caption":
		return true
	}
	return false
}

// closeLink writes where a link leads, unless its text says so: a reader of
// the text should see what a reader of the page can find out.
func (t *texter) closeLink() {
	href := strings.TrimSpace(t.href)
	t.href = ""
	if t.plain || href == "" || !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://") && !strings.HasPrefix(href, "mailto:") {
		return
	}
	if t.out.Len() <= t.anchor {
		return // no text, such as a linked image
	}
	text := strings.TrimSpace(t.out.String()[t.anchor:])
	bare := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(href, "mailto:"), "https://"), "http://"), "/")
	if !strings.Contains(text, bare) {
		t.out.WriteString("<" + Clean(href) + ">")
	}
}

// block asks for a new line, and with two for an empty one before it.
func (t *texter) block(lines int) {
	if t.out.Len() > 0 {
		t.line = max(t.line, lines)
	}
	t.space = false
}

// endLine is <br>: two of them make an empty line.
func (t *texter) endLine() {
	t.settle()
	t.out.WriteString("\r\n")
	t.space = false
}

// settle writes the line ends and blanks that are owed.
func (t *texter) settle() {
	for ; t.line > 0; t.line-- {
		t.out.WriteString("\r\n")
		t.space = false
	}
	if s := t.out.String(); t.space && s != "" && s[len(s)-1] != '\n' {
		t.out.WriteByte(' ')
	}
	t.space = false
}

func (t *texter) text(s string) {
	if t.skip != "" || s == "" {
		return
	}
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	if t.pre > 0 {
		t.settle()
		t.out.WriteString(crlf(strings.Map(printable, s)))
		return
	}
	for s != "" {
		n := strings.IndexFunc(s, isBlank)
		if n != 0 {
			if n < 0 {
				n = len(s)
			}
			t.settle()
			t.out.WriteString(strings.Map(printable, s[:n]))
			s = s[n:]
			continue
		}
		t.space = true
		s = strings.TrimLeftFunc(s, isBlank)
	}
}

// printable drops what would move a terminal's cursor, and soft hyphens and
// zero-width characters, with which newsletters pad their previews.
func printable(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == '\t':
		return r
	case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0, r == 0xad, r == 0x200b, r == 0x200c, r == 0xfeff, r == 0x34f:
		return -1
	case r == 0xa0:
		return ' '
	}
	return r
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func (t *texter) result() string {
	s := strings.ToValidUTF8(t.out.String(), "�")
	var out strings.Builder
	empty := 0
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			empty++
			continue
		}
		if out.Len() > 0 {
			out.WriteString(strings.Repeat("\r\n", min(empty, 2)+1))
		}
		out.WriteString(line)
		empty = 0
	}
	return out.String()
}

// TextToHTML returns a page that shows the text as it is written: escaped,
// with its line ends and runs of blanks.
func TextToHTML(s string) string {
	return "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>" + htmlFragment(s) + "</body></html>"
}

func htmlFragment(s string) string {
	return `<div style="white-space: pre-wrap">` + strings.ReplaceAll(html.EscapeString(strings.Map(printableXML, crlf(s))), "\r\n", "<br>\r\n") + "</div>"
}

// printableXML drops what no XML document may hold, since bodies travel in EWS.
func printableXML(r rune) rune {
	if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
		return -1
	}
	return r
}

// Preview returns the beginning of a text on one line, with at most n
// characters: what EWS calls item:Preview.
func Preview(text string, n int) string {
	var out strings.Builder
	count := 0
	space := false
	for _, r := range text {
		if r == utf8.RuneError || printable(r) < 0 {
			continue
		}
		if isBlank(r) || r == 0xa0 {
			space = count > 0
			continue
		}
		if space {
			if count+1 >= n {
				break
			}
			out.WriteByte(' ')
			count, space = count+1, false
		}
		if count >= n {
			break
		}
		out.WriteRune(r)
		count++
	}
	return out.String()
}

// PreviewHTML is Preview of a page's text, without the addresses of its links.
// It reads no more of the page than it must.
func PreviewHTML(page string, n int) string {
	t := texter{plain: true}
	const enough = 64 << 10 // styles and tables before the first word
	if len(page) > enough+n*16 {
		page = page[:enough+n*16]
	}
	t.run(page)
	return Preview(t.result(), n)
}
