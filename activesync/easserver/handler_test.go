package easserver

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// raw sends any request as somebody.
func (h *house) raw(who, method, query string, header http.Header) *httptest.ResponseRecorder {
	h.Helper()
	r := httptest.NewRequestWithContext(h.Context(), method, "/Microsoft-Server-ActiveSync"+query, nil)
	for name, values := range header {
		r.Header[name] = values
	}
	if who != "" {
		r.SetBasicAuth(address(who), password)
	}
	w := httptest.NewRecorder()
	h.guarded.ServeHTTP(w, r)
	return w
}

// TestOptions is what a phone asks first.
func TestOptions(t *testing.T) {
	h := open(t)
	w := h.raw("anna", http.MethodOptions, "", nil)
	if w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"MS-ASProtocolVersions": "12.1,14.0,14.1,16.0,16.1", "Public": "OPTIONS,POST", "Allow": "OPTIONS, POST",
		"MS-Server-ActiveSync": "16.1", "Cache-Control": "private", "Content-Length": "0",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	commands := strings.Split(w.Header().Get("MS-ASProtocolCommands"), ",")
	if len(commands) != len(h.handler.commands) {
		t.Errorf("commands %q, served are %d", commands, len(h.handler.commands))
	}
	for _, c := range commands {
		if _, ok := h.handler.commands[activesync.Command(c)]; !ok {
			t.Errorf("%s is listed and not served", c)
		}
	}
	if w := h.raw("", http.MethodOptions, "", nil); w.Code != http.StatusUnauthorized || w.Header().Get("MS-ASProtocolVersions") != "" {
		t.Errorf("a stranger: %d %v", w.Code, w.Header())
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, "PROPFIND"} {
		if w := h.raw("anna", method, "", nil); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != allow || !strings.Contains(w.Body.String(), "phones") {
			t.Errorf("%s: %d %v %s", method, w.Code, w.Header(), w.Body)
		}
	}
}

// TestVersions: whoever speaks another version is told so in plain words, and
// nothing else is done.
func TestVersions(t *testing.T) {
	h := open(t)
	for _, v := range []string{"2.5", "12.0", "1.0", "17.0", ""} {
		header := http.Header{}
		if v != "" {
			header.Set("MS-ASProtocolVersion", v)
		}
		w := h.raw("anna", http.MethodPost, "?Cmd=FolderSync&User=anna&DeviceId=1&DeviceType=p", header)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "protocol version") {
			t.Errorf("%q: %d %s", v, w.Code, w.Body)
		}
	}
}

// TestMoreVersions: a phone that was here before is told once that more versions are
// spoken; one that is new is not.
func TestMoreVersions(t *testing.T) {
	h := open(t)
	old, young := h.phone("anna", activesync.V141), h.phone("anna", activesync.V161)
	said := func(p *phone, want string) {
		t.Helper()
		if got := p.folderSync("0").header.Get("X-Ms-Rp"); got != want {
			t.Errorf("X-MS-RP %q, want %q", got, want)
		}
	}
	all := h.handler.spoken
	h.handler.spoken = "12.1,14.0,14.1"
	said(old, "")
	h.handler.spoken = all
	said(old, all)
	said(old, "")
	said(young, "")
	h.handler.spoken = "12.1" // fewer
	said(old, "")
}

// TestErrorsByVersion: from 14.0 on statuses stand in the document, before they
// are HTTP's.
func TestErrorsByVersion(t *testing.T) {
	h := open(t)
	broken := []byte("not wbxml")
	for _, v := range activesync.Versions() {
		p := h.phone("anna", v)
		status, code := activesync.InvalidWBXML, http.StatusOK
		if v < activesync.V140 {
			code = http.StatusBadRequest
		}
		a := p.sendRaw(activesync.Search, contentType, broken).http(code).is(status)
		if a.header.Get("MS-Server-ActiveSync") == "" || a.header.Get("Cache-Control") != "private" {
			t.Errorf("%s: %v", v, a.header)
		}
		// A document of another command.
		p.send(activesync.Search, func(w *wbxml.Writer) { w.Empty(wbxml.PingPing) }).http(code).is(activesync.InvalidXML)
		// A hostile device id, in either form of the query.
		p.id = "..-" + strings.Repeat("x", 20)
		p.packed = false
		p.send(activesync.Search, nil).http(code).is(activesync.DeviceIDMissingOrInvalid)
		p.id, p.packed = strings.Repeat("x", 33), true
		p.send(activesync.Search, nil).http(code).is(activesync.DeviceIDMissingOrInvalid)
	}
}

// TestRequestBody: what may come, compressed or not, and what is a bomb.
func TestRequestBody(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V161)
	p.zips = true
	p.sendRaw(activesync.Search, contentType, []byte("not wbxml")).is(activesync.InvalidWBXML)
	bomb := make([]byte, 40<<20)
	p.sendRaw(activesync.Search, contentType, bomb).http(http.StatusRequestEntityTooLarge)
	p.zips = false
	p.sendRaw(activesync.Search, contentType, bomb).http(http.StatusRequestEntityTooLarge)
	p.header.Set("Content-Encoding", "gzip")
	p.sendRaw(activesync.Search, contentType, []byte("not gzip")).http(http.StatusBadRequest)
	cut := zipped(make([]byte, 1000))
	p.sendRaw(activesync.Search, contentType, cut[:len(cut)-5]).http(http.StatusBadRequest)
	p.sendRaw(activesync.Search, contentType, append(zipped(make([]byte, 1000)), "POST / HTTP/1.1"...)).http(http.StatusBadRequest)
	p.header.Set("Content-Encoding", "br")
	p.sendRaw(activesync.Search, contentType, nil).http(http.StatusUnsupportedMediaType)
}

// TestWithoutMailbox: who has no mailbox, and who may not come in.
func TestWithoutMailbox(t *testing.T) {
	h := open(t)
	for _, v := range activesync.Versions() {
		h.phone("crm", v).send(activesync.Search, nil).is(activesync.UserHasNoMailbox)
		h.phone("otto", v).send(activesync.Search, nil).http(http.StatusUnauthorized)
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"gzip": true, "deflate, gzip": true, "GZIP;q=0.5": true, "": false, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "identity": false,
	} {
		if acceptsGzip(header) != want {
			t.Errorf("%q", header)
		}
	}
}

// TestCompressedAnswers: a phone that takes gzip gets long answers compressed, and
// short ones as they are; one that does not gets none.
func TestCompressedAnswers(t *testing.T) {
	h := open(t)
	h.handler.commands[activesync.FolderSync] = command{serve: func(c *call) error {
		c.out.Start(wbxml.FolderHierarchyFolderSync)
		c.out.Text(wbxml.FolderHierarchyStatus, strings.Repeat("1", int(c.line.Locale)))
		c.out.End()
		return nil
	}}
	for _, test := range []struct {
		accepts string
		length  uint16
		want    string
	}{{"gzip", 5000, "gzip"}, {"gzip", 500, ""}, {"", 5000, ""}, {"gzip;q=0", 5000, ""}} {
		p := h.phone("anna", activesync.V161)
		p.seen = nil // the answer is none of the schema's
		p.more.Locale = test.length
		p.header.Set("Accept-Encoding", test.accepts)
		a := p.folderSync("0")
		if got := a.header.Get("Content-Encoding"); got != test.want || len(a.ok().Get(wbxml.FolderHierarchyStatus)) != int(test.length) {
			t.Errorf("%+v: %q", test, got)
		}
		if n := a.header.Get("Content-Length"); test.want != "" && len(n) > 3 {
			t.Errorf("%s bytes", n)
		}
	}
}

// TestWithheld: what cannot be recorded is not told.
func TestWithheld(t *testing.T) {
	h := open(t)
	h.handler.ActAs, h.guarded = true, ActAs(h.guarded)
	p := h.phone("crm", activesync.V161)
	p.user = address("anna") + "!" + address("crm")
	p.folderSync("0").is(1)
	h.must(h.records.Close())
	a := p.folderSync("0").http(http.StatusServiceUnavailable)
	if a.root != nil || a.header.Get("Retry-After") == "" {
		t.Errorf("%v %s", a.header, a.raw)
	}
}

// TestComplaint18Outlook: Outlook for Windows, which changes with each build, is
// served as any other, is never sent round in a circle, and the log says once that
// it should use another protocol. (Z-Push 52, groupoffice 1190)
func TestComplaint18Outlook(t *testing.T) {
	h := open(t)
	var log strings.Builder
	h.handler.Log = slog.New(slog.NewTextHandler(&log, nil))
	for _, build := range []string{"15.0.4420.1017", "16.0.17328.20142", "16.0.18000.1"} {
		p := h.phone("anna", activesync.V140)
		p.kind, p.id = "WindowsOutlook15", "0123456789ABCDEF0123456789ABCDEF"
		p.header.Set("User-Agent", "Outlook/16.0 ("+build+"; x64)")
		key := ""
		for range 5 {
			root := p.folderSync("0").is(1).root
			if k := root.Get(wbxml.FolderHierarchySyncKey); key != "" && k != key {
				t.Errorf("the same folders have the keys %s and %s", key, k)
			} else {
				key = k
			}
		}
		p.copyOf(mailbox.Inbox).all()
		if got := p.sync(h.folder("anna", mailbox.Inbox), "999999", nil).collection(h.folder("anna", mailbox.Inbox)).Get(wbxml.AirSyncStatus); got != "3" {
			t.Errorf("status %s", got)
		}
		p.copyOf(mailbox.Inbox).all()
	}
	if n := strings.Count(log.String(), "Outlook"); n != 1 {
		t.Errorf("the log says it %d times: %s", n, &log)
	}
}

// FuzzRequest: whatever comes, from somebody who signed in, there is an answer that
// is one.
func FuzzRequest(f *testing.F) {
	h := open(f)
	f.Add("Cmd=FolderSync&User=anna&DeviceId=1&DeviceType=p", "16.1", "", []byte("\x03\x01\x6a\x00\x00\x07\x56\x52\x03\x30\x00\x01\x01"))
	f.Add("Cmd=Ping&DeviceId=1&DeviceType=p", "14.1", "", []byte{})
	f.Add("jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", "", "", []byte("\x03\x01\x6a\x00\x45\x5c\x4f\x4b\x03\x30\x00\x01\x52\x03\x35\x00\x01\x01\x01\x01"))
	f.Add("Cmd=SendMail&DeviceId=1&DeviceType=p", "12.1", "gzip", zipped([]byte("To: ben@contoso.example\r\n\r\nx")))
	f.Add("Cmd=Provision&DeviceId=1&DeviceType=p", "2.5", "br", []byte("x"))
	f.Fuzz(func(t *testing.T, query, version, encoding string, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/Microsoft-Server-ActiveSync", bytes.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("MS-ASProtocolVersion", version)
		if encoding != "" {
			r.Header.Set("Content-Encoding", encoding)
		}
		r.SetBasicAuth(address("anna"), password)
		// Who waits does not, here.
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		w := httptest.NewRecorder()
		h.guarded.ServeHTTP(w, r.WithContext(ctx))
		if w.Code == http.StatusInternalServerError || w.Header().Get("MS-Server-ActiveSync") == "" && ctx.Err() == nil {
			t.Errorf("HTTP %d %v", w.Code, w.Header())
		}
		if b := w.Body.Bytes(); w.Header().Get("Content-Type") == contentType && len(b) > 0 {
			if _, err := wbxml.Parse(b, wbxml.DefaultLimits()); err != nil {
				t.Errorf("%x: %v", b, err)
			}
		}
	})
}

// TestZippedToItsEnd: a compressed content is read to its end before it is served.
// What came later would be the beginning of the connection's next request.
func TestZippedToItsEnd(t *testing.T) {
	in := &ending{data: zipped([]byte("x"))}
	if got, err := unzip(in); err != nil || string(got) != "x" || !in.ended {
		t.Errorf("%q %v, read to its end: %v", got, err, in.ended)
	}
}

// ending gives a byte at a time, and notes when its end was seen.
type ending struct {
	data  []byte
	ended bool
}

func (e *ending) Read(p []byte) (int, error) {
	if len(e.data) == 0 {
		e.ended = true
		return 0, io.EOF
	}
	n := copy(p[:1], e.data)
	e.data = e.data[n:]
	return n, nil
}
