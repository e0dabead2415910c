package wbxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"testing"
)

// allTags are all elements there are.
func allTags() iter.Seq[Tag] {
	return func(yield func(Tag) bool) {
		for page := range codePages {
			for token := range codePages[page].names {
				if t := Tag(page<<8 | token); t.Name() != "" && !yield(t) {
					return
				}
			}
		}
	}
}

// everything is a document with every tag; skip leaves pages out.
func everything(skip ...uint8) []byte {
	w := NewWriter(nil)
	w.Start(AirSyncSync)
	for t := range allTags() {
		if !bytes.Contains(skip, []byte{t.Page()}) {
			w.Text(t, t.String())
		}
	}
	w.End()
	return w.Bytes()
}

// FuzzParse holds that reading never fails otherwise than by a *SyntaxError, that
// what was read is written and read again as the same, and that its XML is XML.
func FuzzParse(f *testing.F) {
	f.Add([]byte(header + "\x45\x5D\x00\x02\x54\x03a&b\x00\x01\x00\x11\x0A\x00\x00\x01\x24\x01"))
	f.Add([]byte("\x03\x01\x6A\x05ab\x00c\x00\x45\x83\x03\x83\x01\x01"))
	f.Add([]byte("\x03\x00\x00\x6A\x02x\x00\x45\x02\x26\x02\x81\x84\x58\xC3\x02\x00\xFF\x01"))
	f.Add([]byte(header + "\x45\x03\n \x00\x24\x03 \x00\x00\x1A\x45\x01\x01"))
	f.Add(everything())
	f.Add(realistic(2))
	f.Fuzz(func(t *testing.T, doc []byte) {
		limits := DefaultLimits()
		limits.Elements = 2_000
		e, err := Parse(doc, limits)
		var syntax *SyntaxError
		if err != nil {
			if e != nil || !errors.As(err, &syntax) || syntax.Offset > len(doc) {
				t.Fatalf("%v: %v", e, err)
			}
			return
		}
		again, err := Parse(write(e), limits)
		if err != nil {
			t.Fatalf("%v\n%v", err, nodes(e, nil))
		}
		if a, b := nodes(e, nil).String(), nodes(again, nil).String(); a != b {
			t.Fatalf("%s\nwritten and read again is\n%s", a, b)
		}
		if !bytes.Equal(write(e), write(again)) {
			t.Fatal("not written as it was")
		}
		d := xml.NewDecoder(bytes.NewReader(AppendXML(nil, e)))
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Fatalf("%v\n%s", err, AppendXML(nil, e))
		}
	})
}

// FuzzText holds that every text can be written, that nothing of it is lost but
// what XML cannot have, and that phones can make XML of it.
func FuzzText(f *testing.F) {
	f.Add("plain", []byte{0, 1})
	f.Add("a\x00b\xFF\uFFFEünïcödé\r\n", []byte(""))
	f.Fuzz(func(t *testing.T, s string, b []byte) {
		w := NewWriter(nil)
		w.Start(AirSyncSync)
		w.Text(AirSyncSyncKey, s)
		w.Opaque(AirSyncClientId, b)
		w.End()
		e := mustParse(t, w.Bytes())
		got := e.Child(AirSyncSyncKey).Text()
		if clean([]byte(s)) && got != s || !clean([]byte(got)) {
			t.Fatalf("%q became %q", s, got)
		}
		if !bytes.Equal(e.Child(AirSyncClientId).Content, b) {
			t.Fatalf("% X became % X", b, e.Child(AirSyncClientId).Content)
		}
	})
}
