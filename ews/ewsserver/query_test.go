package ewsserver

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/ews"
	"entente/mailbox"
)

// shape writes a restriction as text: operators, and properties by their ids.
func shape(r *mailbox.Restriction) string {
	if r == nil {
		return "all"
	}
	names := map[mailbox.RestrictionOp]string{mailbox.And: "and", mailbox.Or: "or", mailbox.Not: "not"}
	if name, ok := names[r.Op]; ok {
		var list []string
		for i := range r.Of {
			list = append(list, shape(&r.Of[i]))
		}
		return name + "(" + strings.Join(list, " ") + ")"
	}
	switch r.Op {
	case mailbox.Contains:
		return fmt.Sprintf("%04x~%s", r.Prop.ID(), r.Value.Text)
	case mailbox.Equal:
		return fmt.Sprintf("%04x=%d", r.Prop.ID(), r.Value.Int)
	}
	if r.Prop.Type() == mailbox.TypeTime {
		return fmt.Sprintf("%04x:%d:%s", r.Prop.ID(), r.Op-mailbox.Less, mailbox.TimeOf(r.Value.Int).Format("0102T15"))
	}
	return fmt.Sprintf("%04x:%d:%d", r.Prop.ID(), r.Op-mailbox.Less, r.Value.Int)
}

func TestParseQuery(t *testing.T) {
	now := time.Date(2026, time.March, 4, 15, 0, 0, 0, time.FixedZone("", 3600)) // a Wednesday
	test := func(text, want string) {
		t.Helper()
		r, err := parseQuery(text, now)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if got := shape(r); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
	test("", "all")
	test("  ", "all")
	test("subject:plan", "0037~plan")
	test("Subject:\"two words\"", "0037~two words")
	test("subject:a subject:b", "and(0037~a 0037~b)")
	test("subject:a AND subject:b", "and(0037~a 0037~b)")
	test("subject:a OR subject:b subject:c", "or(0037~a and(0037~b 0037~c))")
	test("(subject:a OR subject:b) subject:c", "and(or(0037~a 0037~b) 0037~c)")
	test("NOT subject:a", "not(0037~a)")
	test("NOT NOT subject:a", "not(not(0037~a))")
	test("subject:OR", "0037~OR")
	test("hasattachment:yes", "0e1b=1")
	test("isread:false", "0e69=0")
	test("importance:High", "0017=2")
	test("size:>2kb", "0e08:2:2048")
	test("received:today", "and(0e06:3:0303T23 0e06:0:0304T23)")
	test("received:>=2026-03-01", "0e06:3:0228T23")
	test("received:2026-03-01..2026-03-02", "and(0e06:3:0228T23 0e06:0:0302T23)")
	test("received:\"this week\"", "and(0e06:3:0301T23 0e06:0:0308T23)")
	test("sent:<1/2/2026", "0039:0:0101T23")
	if r, err := parseQuery("word", now); err != nil || !strings.HasPrefix(shape(r), "or(0037~word ") {
		t.Errorf("a word alone: %v %v", shape(r), err)
	}

	bad := func(text string, want ews.ResponseCode) {
		t.Helper()
		_, err := parseQuery(text, now)
		var f *ews.Fault
		if !errors.As(err, &f) || f.Code != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	for _, text := range []string{
		"(a", "a)", "a OR", "OR a", "NOT", "subject:", "subject:(a)", "colour:red", "isread:perhaps", "received:soon", "size:big", "size:>-1",
		`"open`, ":a", "<a", strings.Repeat("(", 20) + "a", strings.Repeat("NOT ", 40) + "a",
	} {
		bad(text, ews.ErrorUnsupportedQueryFilter)
	}
	bad(strings.Repeat("a ", 200), ews.ErrorSearchQueryHasTooManyKeywords)
	bad(strings.Repeat("a", 5000), ews.ErrorQueryFilterTooLong)
}

// FuzzParseQuery: whatever people type, the answer is a condition of bounded
// size or an error for them.
func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"a OR (b AND NOT c)", "received:>=2026-03-01", `subject:"x y" size:<2mb`, "((", ":", "\"", "from:a..b"} {
		f.Add(s)
	}
	now := time.Date(2026, time.March, 4, 15, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseQuery(s, now)
		var fault *ews.Fault
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("%q: %v", s, err)
		}
		if err == nil && r != nil && nodes(r) > maxQueryWords*12 {
			t.Fatalf("%q: %d nodes", s, nodes(r))
		}
	})
}

func nodes(r *mailbox.Restriction) int {
	n := 1
	for i := range r.Of {
		n += nodes(&r.Of[i])
	}
	return n
}

// FuzzSyncState: what comes back is what was given out, or refused.
func FuzzSyncState(f *testing.F) {
	h := &Handler{Config: Config{SyncState: testMarker("key")}}
	box := entente.MailboxID{1}
	good := (&syncMark{stateOfItems, box, 7}).text(h, []byte("a point"))
	for _, s := range []string{good, "", "AQEA", good[:20]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := syncMark{stateOfItems, box, 7}
		point, err := m.point(h, s)
		if err != nil {
			return
		}
		// Base64 has several texts for some bytes; the bytes must be ours.
		b, _ := base64.StdEncoding.DecodeString(s)
		own, _ := base64.StdEncoding.DecodeString(m.text(h, point))
		if string(b) != string(own) {
			t.Fatalf("%q was taken for ours", s)
		}
	})
}

func FuzzDictionary(f *testing.F) {
	b, err := writeDictionary([]ews.UserConfigurationDictionaryEntry{{
		DictionaryKey:   ews.UserConfigurationDictionaryObject{Type: ews.DictionaryString, Values: []string{"k"}},
		DictionaryValue: ews.UserConfigurationDictionaryObject{Type: ews.DictionaryStringArray, Values: []string{"a", "b"}},
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`<UserConfiguration xmlns="dictionary.xsd"><Info version="Exchange.12"/><Data><e k="18-a" v="9-5"/></Data></UserConfiguration>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := readDictionary(b)
		if err != nil {
			return
		}
		out, err := writeDictionary(entries)
		if err != nil {
			return // keys that stand twice
		}
		again, err := readDictionary(out)
		if err != nil || len(again) != len(entries) {
			t.Fatalf("%q: read, written and not read again: %v", b, err)
		}
	})
}
