package wbxml

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// header is what we write before everything.
const header = "\x03\x01\x6A\x00"

func TestParse(t *testing.T) {
	test := func(name, doc, want string) {
		t.Helper()
		e, err := Parse([]byte(doc), DefaultLimits())
		got := string(AppendXML(nil, e))
		var syntax *SyntaxError
		if errors.As(err, &syntax) {
			got = syntax.Text
		}
		if got != want {
			t.Errorf("%s: %s\nnot %s", name, got, want)
		}
	}
	// Elements and pages.
	test("empty", header+"\x05", `<Sync xmlns="AirSync"/>`)
	test("begun and ended", header+"\x45\x01", `<Sync xmlns="AirSync"/>`)
	test("empty text", header+"\x45\x03\x00\x01", `<Sync xmlns="AirSync"/>`)
	test("no bytes", header+"\x45\xC3\x00\x01", `<Sync xmlns="AirSync"/>`)
	test("text", header+"\x45\x4B\x030\x00\x01\x01", `<Sync xmlns="AirSync"><SyncKey>0</SyncKey></Sync>`)
	test("pages", header+"\x45\x5D\x00\x02\x54\x03a&b\x00\x01\x00\x11\x0A\x00\x00\x01\x24\x01",
		`<Sync xmlns="AirSync"><ApplicationData><Subject xmlns="Email">a&amp;b</Subject><Body xmlns="AirSyncBase"/></ApplicationData><Wait/></Sync>`)
	test("a page at the root", header+"\x00\x0D\x45\x01", `<Ping xmlns="Ping"/>`)
	test("pages without use", header+"\x00\x0D\x00\x01\x00\x00\x05", `<Sync xmlns="AirSync"/>`)
	// Texts.
	test("in pieces", header+"\x45\x03a\x00\x03b\x00\x03c\x00\x01", `<Sync xmlns="AirSync">abc</Sync>`)
	test("opaque", header+"\x45\xC3\x02a<\x01", `<Sync xmlns="AirSync">a&lt;</Sync>`)
	test("opaque bytes", header+"\x45\xC3\x02\x00\xFF\x01", `<Sync xmlns="AirSync">AP8=</Sync>`)
	test("opaque and text", header+"\x45\xC3\x01a\x03b\x00\x01", `<Sync xmlns="AirSync">ab</Sync>`)
	test("entities", header+"\x45\x02\x26\x02\x81\x84\x58\x01", `<Sync xmlns="AirSync">&amp;䉘</Sync>`)
	test("an entity in a text", header+"\x45\x03a\x00\x02\x26\x03b\x00\x01", `<Sync xmlns="AirSync">a&amp;b</Sync>`)
	test("a control character", header+"\x45\x03a\x01b\rc\x00\x01", "<Sync xmlns=\"AirSync\">a\uFFFDb&#13;c</Sync>")
	// Headers of other encoders.
	test("a string table", "\x03\x01\x6A\x05ab\x00c\x00\x45\x83\x03\x83\x01\x01", `<Sync xmlns="AirSync">cb</Sync>`)
	test("a public id", "\x03\xA1\x04\x6A\x00\x05", `<Sync xmlns="AirSync"/>`)
	test("a public id in the table", "\x03\x00\x00\x6A\x02x\x00\x05", `<Sync xmlns="AirSync"/>`)
	test("version 1.1", "\x01\x01\x6A\x00\x05", `<Sync xmlns="AirSync"/>`)
	test("ASCII", "\x03\x01\x03\x00\x05", `<Sync xmlns="AirSync"/>`)
	test("no character set", "\x03\x01\x00\x00\x05", `<Sync xmlns="AirSync"/>`)
	// What later versions may add.
	test("an unknown token", header+"\x45\x3F\x01", `<Sync xmlns="AirSync"><token3F/></Sync>`)
	test("an unknown page", header+"\x45\x00\x1A\x45\x03a\x00\x01\x00\x00\x24\x01",
		`<Sync xmlns="AirSync"><token05 xmlns="page26">a</token05><Wait/></Sync>`)
	test("the page of notifications", header+"\x00\x03\x05", `<token05 xmlns="AirNotify"/>`)
	// Layout.
	test("white space before", header+"\x45\x03\n \x00\x24\x01", `<Sync xmlns="AirSync"><Wait/></Sync>`)
	test("white space behind", header+"\x45\x24\x03\n \x00\x24\x01", `<Sync xmlns="AirSync"><Wait/><Wait/></Sync>`)
	test("white space alone", header+"\x45\x03 \x00\x01", `<Sync xmlns="AirSync"> </Sync>`)

	// What is refused.
	test("nothing", "", "the document ends early")
	test("a header alone", header, "the document ends early")
	test("half a header", "\x03\x01", "the document ends early")
	test("WBXML 1.0", "\x00\x01\x6A\x00\x05", "not a version of WBXML")
	test("XML", "<?xml version='1.0'?><Sync/>", "not a version of WBXML")
	test("Latin 1", "\x03\x01\x04\x00\x05", "the character set is not UTF-8")
	test("a table beyond the end", "\x03\x01\x6A\x05ab\x00", "a length goes beyond the end")
	test("a long table", "\x03\x01\x6A\xC0\x01"+strings.Repeat("a", 8193)+"\x05", "the string table is too long")
	test("a number without end", "\x03\x81\x81\x81\x81\x81\x81\x6A\x00\x05", "a number is too large")
	test("a number of 32 bits", "\x03\x8F\xFF\xFF\xFF\x7F\x6A\x00\x05", "a number is too large")
	test("no end", header+"\x45", "the document ends early")
	test("no page", header+"\x45\x00", "the document ends early")
	test("an end alone", header+"\x01", "an end without a beginning")
	test("more ends", header+"\x45\x01\x01", "something follows the end")
	test("two roots", header+"\x05\x05", "something follows the end")
	test("no root", header+"\x00\x01", "the document ends early")
	test("text outside", header+"\x03a\x00", "text outside of elements")
	test("attributes", header+"\xC5\x05\x01\x01", "attributes")
	test("attributes of an empty element", header+"\x85\x05\x01", "attributes")
	test("a literal", header+"\x44\x00\x01", "a token that ActiveSync has not")
	test("an instruction", header+"\x43\x05\x01\x05", "a token that ActiveSync has not")
	test("an extension", header+"\x45\xC0\x01", "a token that ActiveSync has not")
	test("a text without end", header+"\x45\x03abc", "a text has no end")
	test("Latin 1 text", header+"\x45\x03\xE9\x00\x01", "a text is not UTF-8")
	test("opaque beyond the end", header+"\x45\xC3\x7Fa\x01", "a length goes beyond the end")
	test("opaque of 2 GiB", header+"\x45\xC3\x87\xFF\xFF\xFF\x7Fa\x01", "a length goes beyond the end")
	test("a text beyond the table", "\x03\x01\x6A\x02a\x00\x45\x83\x02\x01", "not a text of the table")
	test("an open text of the table", "\x03\x01\x6A\x01a\x45\x83\x00\x01", "not a text of the table")
	test("half a text of the table", "\x03\x01\x6A\x03\xC3\xA9\x00\x45\x83\x01\x01", "a text is not UTF-8")
	test("entity 0", header+"\x45\x02\x00\x01", "not a character")
	test("a surrogate", header+"\x45\x02\x83\xB0\x00\x01", "not a character")
	test("beyond Unicode", header+"\x45\x02\xC4\x80\x00\x01", "not a character")
	test("text beside elements", header+"\x45\x03a\x00\x24\x01", "text beside elements")
	test("text behind elements", header+"\x45\x24\x03a\x00\x01", "text beside elements")
	test("bytes beside elements", header+"\x45\xC3\x01 \x24\x01", "text beside elements")
	test("bytes behind elements", header+"\x45\x24\xC3\x01a\x01", "bytes beside elements")
	// Limits.
	test("depth 32", header+strings.Repeat("\x45", 31)+"\x05"+strings.Repeat("\x01", 31),
		`<Sync xmlns="AirSync">`+strings.Repeat("<Sync>", 30)+"<Sync/>"+strings.Repeat("</Sync>", 31))
	test("depth 33", header+strings.Repeat("\x45", 32)+"\x05"+strings.Repeat("\x01", 32), "elements are nested too deeply")
	test("200,000 elements", header+"\x45"+strings.Repeat("\x05", 200_000)+"\x01", "too many elements")
}

func TestZeroLimitsRefuse(t *testing.T) {
	if e, err := Parse([]byte(header+"\x05"), Limits{}); err == nil {
		t.Fatalf("read %v", e.Tag)
	}
}

// A document can make no more of itself than its size and the limits allow.
func TestBoundedMemory(t *testing.T) {
	test := func(name, doc string, most int) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err := Parse([]byte(doc), DefaultLimits())
		runtime.ReadMemStats(&after)
		// The copy of the document is the test's.
		if got := int(after.TotalAlloc-before.TotalAlloc) - len(doc); got > most {
			t.Errorf("%s (%d bytes, %v): %d bytes", name, len(doc), err, got)
		}
	}
	table := "\x03\x01\x6A\xC0\x00" + strings.Repeat("a", 8191) + "\x00"
	test("empty elements", header+"\x45"+strings.Repeat("\x05", 199_999)+"\x01", 200_000*64)
	test("references, one an element", table+"\x45"+strings.Repeat("\x4B\x83\x00\x01", 100_000)+"\x01", 64<<10)
	test("references, all in one", table+"\x45"+strings.Repeat("\x83\x00", 1_000_000)+"\x01", 2<<20)
	test("pieces", header+"\x45"+strings.Repeat("\x03a\x00", 1_000_000)+"\x01", 16<<20)
	test("opaque pieces", header+"\x45"+strings.Repeat("\xC3\x01a", 1_000_000)+"\x01", 16<<20)
	test("entities", header+"\x45"+strings.Repeat("\x02a", 1_000_000)+"\x01", 32<<20) // more under the race detector
	test("pages", header+"\x45"+strings.Repeat("\x00\x01", 1_000_000)+"\x01", 32<<10)
	test("a length alone", header+"\x45\xC3\x87\xFF\xFF\xFF\x7F", 32<<10)
}

// Every tag there is has one name in its page, and its constant is the name.
func TestTagsHaveNames(t *testing.T) {
	seen := map[string]Tag{}
	for tag := range allTags() {
		name := tag.String()
		if other, twice := seen[name]; twice {
			t.Errorf("%s is 0x%04X and 0x%04X", name, int(other), int(tag))
		}
		seen[name] = tag
	}
	if Tag(99<<8|5).String() != "page 99:0x05" || Tag(0x3F).Name() != "" {
		t.Error("an unknown tag has a name")
	}
}

func TestWriter(t *testing.T) {
	test := func(want string, do func(w *Writer)) {
		t.Helper()
		w := NewWriter([]byte("before"))
		do(w)
		got, ok := strings.CutPrefix(string(w.Bytes()), "before"+header)
		if !ok || got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	test("\x05", func(w *Writer) { w.Empty(AirSyncSync) })
	test("\x45\x01", func(w *Writer) { w.Start(AirSyncSync); w.End() })
	test("\x4B\x03abc\x00\x01", func(w *Writer) { w.Text(AirSyncSyncKey, "abc") })
	test("\x0B", func(w *Writer) { w.Text(AirSyncSyncKey, "") })
	test("\x00\x02\x54\x03ä\x00\x01\x00\x00\x05", func(w *Writer) { w.TextBytes(EmailSubject, []byte("ä")); w.Empty(AirSyncSync) })
	test("\x4B\x03-12\x00\x01", func(w *Writer) { w.Int(AirSyncSyncKey, -12) })
	test("\x4B\x031\x00\x01\x4B\x030\x00\x01", func(w *Writer) { w.Bool(AirSyncSyncKey, true); w.Bool(AirSyncSyncKey, false) })
	test("\x4B\xC3\x02\x00\x01\x01", func(w *Writer) { w.Opaque(AirSyncSyncKey, []byte{0, 1}) })
	test("\x0B", func(w *Writer) { w.Opaque(AirSyncSyncKey, nil) })
	test("\x45\x0B", func(w *Writer) {
		w.Start(AirSyncSync)
		m := w.Mark()
		w.Start(EmailSubject)
		w.Back(m)
		w.Empty(AirSyncSyncKey)
	})
	// What XML cannot have is left out.
	for in, want := range map[string]string{
		"a\x00b": "ab", "\x01\x02": "", "tab\tnl\ncr\r": "tab\tnl\ncr\r", "a\xFFb": "ab", "12345678\x1F": "12345678",
		"\xEF\xBF\xBEa": "a", "seven..\x01eight...": "seven..eight...", "ünïcödé ∀x∈ℝ\x0B!": "ünïcödé ∀x∈ℝ!", "cut \xE2\x88": "cut ",
	} {
		test("\x4B\x03"+want+"\x00\x01", func(w *Writer) { w.Text(AirSyncSyncKey, in) })
	}
	var long [300]byte
	test("\x4B\xC3\x82\x2C"+string(long[:])+"\x01", func(w *Writer) { w.Opaque(AirSyncSyncKey, long[:]) })
}

// clean sees the same with eight bytes at once as one by one.
func TestCleanEverywhere(t *testing.T) {
	for _, bad := range []string{"\x00", "\x1F", "\xFF", "\xC3", "\xEF\xBF\xBF"} {
		for n := range 40 {
			for tail := range 20 {
				s := []byte(strings.Repeat("a", n) + bad + strings.Repeat("é", tail))
				if clean(s) {
					t.Fatalf("%q is clean", s)
				}
				if got, want := s[:scrub(s)], strings.Repeat("a", n)+strings.Repeat("é", tail); string(got) != want {
					t.Fatalf("%q, not %q", got, want)
				}
			}
		}
	}
	if s := []byte("plain\r\n\ttext, 0x7F \x7F and ünïcödé, \U0001F600"); !clean(s) {
		t.Fatalf("%q is not clean", s)
	}
}

func TestElementOfNothing(t *testing.T) {
	var e *Element
	if e.Child(AirSyncSync) != nil || e.Path(AirSyncSync, AirSyncAdd) != nil || e.Has(AirSyncSync) || e.Get(AirSyncSync) != "" || e.Text() != "" {
		t.Error("nothing has something")
	}
	for range e.Children() {
		t.Error("nothing has children")
	}
	if got := AppendXML(nil, e); len(got) != 0 {
		t.Errorf("nothing is %s", got)
	}
}

// A Scanner sees what Parse makes a tree of.
func TestScanner(t *testing.T) {
	doc := []byte(header + "\x45\x5D\x00\x02\x54\x03a\x00\x03b\x00\x01\x00\x11\x0A\x01\x00\x00\x4B\xC3\x01c\x01\x01")
	var b strings.Builder
	s := NewScanner(doc, DefaultLimits())
	for ev := s.Next(); ev != None; ev = s.Next() {
		switch ev {
		case Start:
			fmt.Fprintf(&b, "<%s>", s.Tag)
		case End:
			b.WriteString("</>")
		case Text, Opaque:
			fmt.Fprintf(&b, "%d %s ", ev, s.Data)
		}
	}
	const want = "<AirSync:Sync><AirSync:ApplicationData><Email:Subject>2 a 2 b </><AirSyncBase:Body></></><AirSync:SyncKey>3 c </></>"
	if s.Err() != nil || b.String() != want {
		t.Errorf("%v\n%s\nnot\n%s", s.Err(), b.String(), want)
	}
	for range 2 {
		if ev := s.Next(); ev != None {
			t.Errorf("%d after the end", ev)
		}
	}
}

// The worked example of [MS-ASWBXML] 3: a contact in a Sync response.
func TestPublishedExample(t *testing.T) {
	w := NewWriter(nil)
	w.Start(AirSyncSync)
	w.Start(AirSyncCollections)
	w.Start(AirSyncCollection)
	w.Text(AirSyncClass, "Contacts")
	w.Text(AirSyncSyncKey, "2")
	w.Text(AirSyncCollectionId, "2")
	w.Int(AirSyncStatus, 1)
	w.Start(AirSyncCommands)
	w.Start(AirSyncAdd)
	w.Text(AirSyncServerId, "2:1")
	w.Start(AirSyncApplicationData)
	w.Text(ContactsEmail1Address, "don.funk@contoso.example")
	w.Text(ContactsFileAs, "Funk, Don")
	w.Text(ContactsFirstName, "Don")
	w.Start(AirSyncBaseBody)
	w.Int(AirSyncBaseType, 1)
	w.Int(AirSyncBaseEstimatedDataSize, 0)
	w.Bool(AirSyncBaseTruncated, true)
	for range 7 {
		w.End()
	}
	e := mustParse(t, w.Bytes())
	c := e.Path(AirSyncCollections, AirSyncCollection, AirSyncCommands, AirSyncAdd, AirSyncApplicationData)
	if got := c.Get(ContactsFileAs) + c.Child(AirSyncBaseBody).Get(AirSyncBaseType); got != "Funk, Don1" {
		t.Errorf("%q", got)
	}
	if !bytes.Equal(write(e), w.Bytes()) {
		t.Error("not written as it was read")
	}
}
