package mailbox

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
)

func where(op RestrictionOp, p Prop, v Value) Restriction {
	return Restriction{Op: op, Prop: p, Value: v}
}

func has(p Prop, text string, mode ContainsMode, c Comparison) Restriction {
	return Restriction{Op: Contains, Prop: p, Value: Value{Text: text}, Mode: mode, Comparison: c}
}

func all(rs ...Restriction) Restriction  { return Restriction{Op: And, Of: rs} }
func any1(rs ...Restriction) Restriction { return Restriction{Op: Or, Of: rs} }
func not(r Restriction) Restriction      { return Restriction{Op: Not, Of: []Restriction{r}} }

func subjects(items []*Item) string {
	var s []string
	for _, it := range items {
		s = append(s, it.Props.String(PidTagSubject))
	}
	return strings.Join(s, " ")
}

// library puts six items into Anna's Inbox, a to f in order of arrival.
func library(h *house) FolderID {
	v := h.anna()
	inbox := h.folder(v, Inbox)
	for i, s := range []string{"a", "b", "c", "d", "e", "f"} {
		it := mail(s)
		it.Props.SetTime(PidTagMessageDeliveryTime, time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC))
		it.Props.SetString(PidTagSenderName, []string{"Åsa Öberg", "bruno", "Carla Sjö", "", "Erik von Essen", "bruno"}[i])
		if i == 3 {
			it.Props.Delete(PidTagSenderName)
			it.Body = &Body{HTML: []byte("<p>only <b>here</b> in bold</p>")}
			it.Attachments = []Attachment{{Name: "Plan.pdf", Content: []byte("x")}}
		}
		if i%2 == 0 {
			it.Props.SetStrings(PidNameKeywords, []string{"Red", "Work"})
			it.Props.SetInt(PidTagImportance, 2)
		}
		it.Props.SetFloat(PidLidPercentCompleteForTest, float64(i)/10)
		it.Read = i < 2
		h.must(v.CreateItem(context.Background(), inbox, it))
	}
	return inbox
}

// PidLidPercentCompleteForTest is a property of floating point.
const PidLidPercentCompleteForTest Prop = 0x70500005

func TestRestrictions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		inbox := library(h)
		articles, err := h.anna().Find(t.Context(), Query{Folder: inbox, Sort: []SortKey{{PidTagInternetArticleNumber, false}}})
		h.must(err)
		third := int64(articles.Items[2].Article)
		day := func(n int) Value { return Value{Int: Ticks(time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC))} }
		test := func(r Restriction, want string) {
			t.Helper()
			p, err := h.anna().Find(t.Context(), Query{Folder: inbox, Restrict: &r, Sort: []SortKey{{PidTagInternetArticleNumber, false}}})
			h.must(err)
			if got := subjects(p.Items); got != want || p.Total != len(p.Items) {
				t.Errorf("%+v: %q of %d, want %q", r, got, p.Total, want)
			}
		}
		subject := PidTagSubject
		test(where(Equal, subject, Value{Text: "C"}), "c")
		test(where(NotEqual, subject, Value{Text: "c"}), "a b d e f")
		test(where(Less, subject, Value{Text: "c"}), "a b")
		test(where(LessOrEqual, subject, Value{Text: "c"}), "a b c")
		test(where(Greater, subject, Value{Text: "D"}), "e f")
		test(where(GreaterOrEqual, subject, Value{Text: "D"}), "d e f")
		test(all(where(Greater, subject, Value{Text: "a"}), where(Less, subject, Value{Text: "d"})), "b c")
		test(any1(where(Equal, subject, Value{Text: "a"}), where(Equal, subject, Value{Text: "f"})), "a f")
		test(not(where(Greater, subject, Value{Text: "b"})), "a b")

		// What is missing.
		test(Restriction{Op: Exists, Prop: PidTagSenderName}, "a b c e f")
		test(not(Restriction{Op: Exists, Prop: PidTagSenderName}), "d")
		test(where(NotEqual, PidTagSenderName, Value{Text: "bruno"}), "a c d e")
		test(where(Less, PidTagSenderName, Value{Text: "zz"}), "b c e f")
		test(where(Equal, PidTagImportance, Value{Int: 1}), "b d f") // the default counts
		test(where(Equal, PidTagSensitivity, Value{Int: 0}), "a b c d e f")

		// Text.
		test(has(PidTagSenderName, "bru", Prefixed, Exact), "b f")
		test(has(PidTagSenderName, "BRU", Prefixed, Exact), "")
		test(has(PidTagSenderName, "BRU", Prefixed, IgnoreCase), "b f")
		test(has(PidTagSenderName, "sjo", Substring, Loose), "c")
		test(has(PidTagSenderName, "sjo", Substring, IgnoreCase), "")
		test(has(PidTagSenderName, "Asa Oberg", FullString, IgnoreNonSpacing), "a")
		test(has(PidTagSenderName, "er ess", PrefixOnWords, IgnoreCase), "e")
		test(has(PidTagSenderName, "ess er", PrefixOnWords, IgnoreCase), "")
		test(has(PidTagSenderName, "von", ExactPhrase, IgnoreCase), "e")
		test(has(PidTagSenderName, "von e", ExactPhrase, IgnoreCase), "")
		test(has(PidTagSenderName, "Öberg", ExactPhrase, Exact), "a")
		test(has(PidTagSenderName, "berg", ExactPhrase, Exact), "")
		test(has(PidTagDisplayTo, "anna", Substring, IgnoreCase), "a b c d e f")

		// Lists: one element is enough.
		test(where(Equal, PidNameKeywords, Value{Text: "work"}), "a c e")
		test(where(NotEqual, PidNameKeywords, Value{Text: "work"}), "b d f")
		test(has(PidNameKeywords, "Re", Prefixed, Exact), "a c e")

		// What fields and parts say.
		test(where(Equal, PidTagRead, Value{Int: 1}), "a b")
		test(where(Excludes, PidTagMessageFlags, Value{Int: 1}), "c d e f")
		test(where(Excludes, PidTagImportance, Value{Int: 2}), "b d f")
		test(where(Equal, PidTagInternetArticleNumber, Value{Int: third}), "c")
		test(where(Greater, PidTagInternetArticleNumber, Value{Int: third}), "d e f")
		test(where(Less, PidTagInternetArticleNumber, Value{Int: third}), "a b")
		test(not(where(Less, PidTagInternetArticleNumber, Value{Int: third})), "c d e f")
		test(where(Equal, PidTagMessageClass, Value{Text: "ipm.note"}), "a b c d e f")
		test(where(Greater, PidTagMessageDeliveryTime, day(4)), "e f")
		test(all(where(GreaterOrEqual, PidTagMessageDeliveryTime, day(2)), where(Less, PidTagMessageDeliveryTime, day(4))), "b c")
		test(where(Greater, PidTagMessageSize, Value{Int: 1 << 30}), "")
		test(where(Greater, PidLidPercentCompleteForTest, Value{Float: 0.25}), "d e f")
		test(has(PidTagBody, "text of b", Substring, Exact), "b")
		test(has(PidTagBody, "here in", Substring, Exact), "d")
		test(not(has(PidTagBody, "text of", Substring, Exact)), "d")
		test(all(has(PidTagBody, "text of", Substring, Exact), where(Less, subject, Value{Text: "c"})), "a b")
		test(has(PidTagAttachLongFilename, ".PDF", Substring, IgnoreCase), "d")
		test(Restriction{Op: Exists, Prop: PidTagAttachLongFilename}, "d")
		test(where(Equal, PidTagHasAttachments, Value{}), "a b c e f")

		// Two properties.
		test(Restriction{Op: Less, Prop: PidTagMessageDeliveryTime, Other: PidTagCreationTime}, "a b c d e f")
		test(Restriction{Op: Equal, Prop: subject, Other: PidTagSenderName}, "")
	})
}

func TestRestrictionsRefused(t *testing.T) {
	h := newHouse(t, sqlite(t), Limits{})
	inbox := h.folder(h.anna(), Inbox)
	test := func(r Restriction, want entente.Reason) {
		t.Helper()
		_, err := h.anna().Find(t.Context(), Query{Folder: inbox, Restrict: &r})
		h.fails(err, want)
	}
	test(Restriction{}, RestrictionInvalid)
	test(Restriction{Op: 99, Prop: PidTagSubject}, RestrictionInvalid)
	test(Restriction{Op: And}, RestrictionInvalid)
	test(Restriction{Op: Not, Of: make([]Restriction, 2)}, RestrictionInvalid)
	test(Restriction{Op: Exists}, RestrictionInvalid)
	test(has(PidTagImportance, "x", Substring, Exact), RestrictionInvalid)
	test(has(PidTagSubject, "x", 9, Exact), RestrictionInvalid)
	test(where(Excludes, PidTagSubject, Value{Int: 1}), RestrictionInvalid)
	test(Restriction{Op: Equal, Prop: PidTagSubject, Other: PidTagImportance}, RestrictionInvalid)
	many := Restriction{Op: Or}
	for range MaxRestrictionNodes {
		many.Of = append(many.Of, where(Equal, PidTagSubject, Value{}))
	}
	test(many, RestrictionTooComplex)
	deep := where(Equal, PidTagSubject, Value{})
	for range MaxRestrictionNodes {
		deep = not(deep)
	}
	test(deep, RestrictionTooComplex)
	_, err := h.anna().Find(t.Context(), Query{Folder: inbox, Sort: []SortKey{{PidNameKeywords, false}}})
	h.fails(err, SortInvalid)
	_, err = h.anna().Find(t.Context(), Query{Folder: inbox, Sort: []SortKey{{PidTagBody, false}}})
	h.fails(err, SortInvalid)
	_, err = h.anna().Find(t.Context(), Query{Folder: 9999})
	h.fails(err, FolderNotFound)
}

func TestSorts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		inbox := library(h)
		test := func(want string, order ...SortKey) {
			t.Helper()
			p, err := h.anna().Find(t.Context(), Query{Folder: inbox, Sort: order})
			h.must(err)
			if got := subjects(p.Items); got != want {
				t.Errorf("by %v: %q, want %q", order, got, want)
			}
		}
		test("f e d c b a")
		test("a b c d e f", SortKey{PidTagMessageDeliveryTime, false})
		test("f e d c b a", SortKey{PidTagInternetArticleNumber, true})
		test("a b c d e f", SortKey{PidTagSubject, false})
		test("d b f c e a", SortKey{PidTagSenderName, false}) // who is missing comes first
		test("a e c f b d", SortKey{PidTagSenderName, true})
		test("a c e b d f", SortKey{PidTagImportance, true}, SortKey{PidTagSubject, false})
		test("f d b e c a", SortKey{PidTagImportance, false}, SortKey{PidTagMessageDeliveryTime, true})
		test("f e d c b a", SortKey{PidLidPercentCompleteForTest, true})
		test("f e d c b a", SortKey{PidTagCreationTime, true})
		test("f e d c b a", SortKey{PidTagMessageClass, true})
	})
}

// An index and the look at all items agree on every order.
func TestSortsAgree(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v := h.anna()
		inbox := h.folder(v, Inbox)
		for _, s := range []string{"b", "RE: a", "Åre", "åre", "a", "", "Zebra", "re: Zebra", "b", strings.Repeat("x", 300), strings.Repeat("x", 250) + "y"} {
			it := &Item{}
			h.must(it.SetMIME([]byte("Subject: x\r\n\r\n"), ConvertOptions{}))
			prefix, rest := splitSubject(s)
			it.Props.SetString(PidTagSubject, s)
			it.Props.SetString(PidTagSubjectPrefix, prefix)
			it.Props.SetString(PidTagNormalizedSubject, rest)
			it.Recipients, it.Parts = nil, 0
			h.must(v.CreateItem(t.Context(), inbox, it))
		}
		everything := where(NotEqual, PidTagMessageSize, Value{})
		for _, p := range []Prop{PidTagSubject, PidTagNormalizedSubject, PidTagMessageDeliveryTime, PidTagInternetArticleNumber} {
			for _, descending := range []bool{false, true} {
				q := Query{Folder: inbox, Sort: []SortKey{{p, descending}}}
				a, err := v.Find(t.Context(), q)
				h.must(err)
				q.Restrict = &everything
				b, err := v.Find(t.Context(), q)
				h.must(err)
				if sa, sb := subjects(a.Items), subjects(b.Items); sa != sb || len(a.Items) != 11 {
					t.Errorf("%v %t:\n%s\n%s", p, descending, sa, sb)
				}
			}
		}
	})
}

func TestPages(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		inbox := library(h)
		everything := where(NotEqual, PidTagSubject, Value{Text: "none"})
		test := func(p Paging, want string, offset, next int, last bool) {
			t.Helper()
			// By the index, and by looking at all.
			for _, r := range []*Restriction{nil, &everything} {
				got, err := h.anna().Find(t.Context(), Query{Folder: inbox, Restrict: r, Sort: []SortKey{{PidTagInternetArticleNumber, false}}, Paging: p})
				h.must(err)
				if s := subjects(got.Items); s != want || got.Total != 6 || got.Offset != offset || got.NextOffset != next || got.Last != last {
					t.Errorf("%+v: %q, %+v", p, s, got)
				}
			}
		}
		test(Paging{}, "a b c d e f", 0, 6, true)
		test(Paging{Max: 2}, "a b", 0, 2, false)
		test(Paging{Max: 2, Offset: 4}, "e f", 4, 6, true)
		test(Paging{Max: 2, Offset: 5}, "f", 5, 6, true)
		test(Paging{Max: 2, Offset: 9}, "", 6, 6, true)
		test(Paging{Max: 2, Offset: -1}, "a b", 0, 2, false)
		test(Paging{Max: 2, FromEnd: true}, "e f", 4, 2, false)
		test(Paging{Max: 2, FromEnd: true, Offset: 2}, "c d", 2, 4, false)
		test(Paging{Max: 3, FromEnd: true, Offset: 4}, "a b", 0, 6, true)
		seek := where(Greater, PidTagSubject, Value{Text: "c"})
		test(Paging{Max: 2, Seek: &seek}, "d e", 3, 5, false)
		seekBody := has(PidTagBody, "of c", Substring, Exact)
		test(Paging{Max: 9, Seek: &seekBody}, "c d e f", 2, 6, true)
		seekNothing := where(Greater, PidTagSubject, Value{Text: "x"})
		test(Paging{Max: 9, Seek: &seekNothing}, "", 6, 6, true)
		early := where(Less, PidTagSubject, Value{Text: "d"})
		test(Paging{Max: 2, Seek: &early, FromEnd: true}, "b c", 1, 5, false)
	})
}

func TestFindWithParts(t *testing.T) {
	h := newHouse(t, sqlite(t), Limits{})
	inbox := library(h)
	test := func(q Query) {
		t.Helper()
		q.Folder, q.Parts = inbox, AllParts
		p, err := h.anna().Find(t.Context(), q)
		h.must(err)
		for _, it := range p.Items {
			if it.Parts != AllParts || it.Body == nil || len(it.MIME) == 0 || len(it.Recipients) != 2 {
				t.Errorf("%s came without its parts", it.Props.String(PidTagSubject))
			}
		}
	}
	test(Query{})
	test(Query{Sort: []SortKey{{PidTagSubject, false}}})
}

// What a caller may not see he cannot find, count, or infer.
func TestFindIsForThoseWhoMayRead(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		inbox := library(h)
		secret := mail("secret")
		secret.Props.SetInt(PidTagSensitivity, 2)
		h.must(h.anna().CreateItem(t.Context(), inbox, secret))
		hidden := mail("setting")
		hidden.Associated, hidden.Class = true, "IPM.Configuration.X"
		h.must(h.anna().CreateItem(t.Context(), inbox, hidden))
		test := func(v *View, q Query, want string, total int) {
			t.Helper()
			q.Folder = inbox
			p, err := v.Find(t.Context(), q)
			h.must(err)
			if got := subjects(p.Items); got != want || p.Total != total {
				t.Errorf("%q of %d, want %q of %d", got, p.Total, want, total)
			}
		}
		isSecret := where(Equal, PidTagSubject, Value{Text: "secret"})
		byArticle := []SortKey{{PidTagInternetArticleNumber, true}}
		_, err := h.ben().Find(t.Context(), Query{Folder: inbox})
		h.fails(err, FolderNotFound)
		h.grant(inbox, "ben", access.FolderVisible)
		_, err = h.ben().Find(t.Context(), Query{Folder: inbox})
		h.fails(err, DeniedRead)
		h.grant(inbox, "ben", access.LevelReviewer)
		test(h.anna(), Query{Sort: byArticle, Paging: Paging{Max: 1}}, "secret", 7)
		test(h.anna(), Query{Restrict: &isSecret}, "secret", 1)
		test(h.ben(), Query{Sort: byArticle, Paging: Paging{Max: 2}}, "f e", 6)
		test(h.ben(), Query{Restrict: &isSecret}, "", 0)
		test(h.ben(), Query{Sort: []SortKey{{PidTagSubject, true}}, Paging: Paging{Max: 2}}, "f e", 6)
		test(h.anna(), Query{Associated: true}, "setting", 1)
		test(h.anna(), Query{Associated: true, Restrict: &isSecret}, "", 0)
	})
}

func TestFindFolders(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v := h.anna()
		root := h.folder(v, MsgFolderRoot)
		inbox := library(h)
		test := func(q FolderQuery, want string) {
			t.Helper()
			q.Parent = root
			p, err := v.FindFolders(t.Context(), q)
			h.must(err)
			var names []string
			for _, f := range p.Folders {
				names = append(names, f.Name)
			}
			if got := strings.Join(names, ","); got != want {
				t.Errorf("%+v: %s", q, got)
			}
		}
		is := func(p Prop, v Value) *Restriction { r := where(Equal, p, v); return &r }
		test(FolderQuery{Restrict: is(PidTagDisplayName, Value{Text: "inbox"})}, "Inbox")
		test(FolderQuery{Restrict: is(PidTagContentCount, Value{Int: 6})}, "Inbox")
		test(FolderQuery{Restrict: is(PidTagContentUnreadCount, Value{Int: 4})}, "Inbox")
		test(FolderQuery{Restrict: is(PidTagContainerClass, Value{Text: "IPF.Contact"})}, "Contacts")
		test(FolderQuery{Restrict: is(PidTagDisplayName, Value{Text: "Recipient Cache"}), Deep: true, Hidden: true}, "Recipient Cache")
		test(FolderQuery{Restrict: is(PidTagDisplayName, Value{Text: "Recipient Cache"}), Deep: true}, "")
		test(FolderQuery{Paging: Paging{Max: 2, Offset: 1}}, "Contacts,Conversation History")
		f, err := v.Folder(t.Context(), inbox)
		h.must(err)
		var got Props
		if !f.Lookup(&got, PidTagContentCount) || f.Lookup(&got, PidTagComment) {
			t.Error("a folder tells the wrong properties")
		}
		if n, _ := got.Int(PidTagContentCount); n != 6 {
			t.Errorf("%d items", n)
		}
	})
}

func TestParseValue(t *testing.T) {
	test := func(typ uint16, s string, want Value) {
		t.Helper()
		got, err := ParseValue(typ, s)
		if err != nil || got != want {
			t.Errorf("%04x %q: %+v, %v", typ, s, got, err)
		}
	}
	refused := func(typ uint16, s string) {
		t.Helper()
		if v, err := ParseValue(typ, s); err == nil {
			t.Errorf("%04x %q: %+v", typ, s, v)
		}
	}
	noon := Ticks(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	test(TypeInteger32, " 17 ", Value{Int: 17})
	test(TypeInteger32, "0x11", Value{Int: 17})
	test(TypeBoolean, "True", Value{Int: 1})
	test(TypeBoolean, "0", Value{})
	test(TypeFloat64, "1.5", Value{Float: 1.5})
	test(TypeString, " as it is ", Value{Text: " as it is "})
	test(TypeMultipleString, "one", Value{Text: "one"})
	test(TypeBinary, "YQA=", Value{Text: "a\x00"})
	test(TypeTime, "2026-03-01T12:00:00Z", Value{Int: noon})
	test(TypeTime, "2026-03-01T14:00:00+02:00", Value{Int: noon})
	test(TypeTime, "2026-03-01T12:00:00", Value{Int: noon})
	test(TypeTime, "2026-03-01", Value{Int: noon - 12*3600*1e7})
	test(TypeGUID, "00000000-0000-0000-0000-000000000041", Value{Text: strings.Repeat("\x00", 15) + "A"})
	refused(TypeInteger32, "many")
	refused(TypeBoolean, "perhaps")
	refused(TypeTime, "tomorrow")
	refused(TypeBinary, "%")
	refused(TypeGUID, "1")
	refused(TypeObject, "1")
}

// Every value of every type that can be kept is found by what it equals, and
// picked as it would be parsed.
func TestPick(t *testing.T) {
	var ps Props
	ps.SetString(PidTagSubject, "s")
	ps.SetInt(PidTagImportance, 2)
	ps.SetTime(PidTagClientSubmitTime, time.Unix(1e9, 0))
	ps.SetFloat(PidLidPercentCompleteForTest, math.Pi)
	ps.SetStrings(PidNameKeywords, []string{"x", "y"})
	ps.SetBytes(PidTagSearchKey, []byte{0, 1})
	b := ps.Append(nil)
	want := []Prop{PidTagImportance, PidTagSubject, PidTagSenderName, PidTagSearchKey, PidLidPercentCompleteForTest, PidNameKeywords, 0xF000000B}
	got := make([]value, len(want))
	if err := pick(b, want, got); err != nil {
		t.Fatal(err)
	}
	for i, p := range want {
		j, ok := ps.find(p)
		if ok && got[i] != ps.vals[j] || !ok && got[i].prop != 0 {
			t.Errorf("%v: %+v", p, got[i])
		}
	}
	for i := 1; i < len(b); i++ {
		_ = pick(b[:i], want, got) // must not panic
	}
}

func FuzzRestriction(f *testing.F) {
	f.Add([]byte{0}, "text", "needle", uint8(2), uint8(3))
	f.Add([]byte{1}, "Ünder ünder", "under", uint8(4), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, text, needle string, mode, comparison uint8) {
		r := has(PidTagSubject, needle, ContainsMode(mode%5), Comparison(comparison%4))
		var c compiler
		made, err := c.compile(&r)
		if err != nil {
			t.Fatal(err)
		}
		var it Item
		it.Props.SetString(PidTagSubject, text)
		got := made.holds(&it)
		if got == unknown {
			t.Fatal("nothing is unknown of an item that was read")
		}
		if made.mode == FullString && got == yes && !strings.EqualFold(fold(text, Loose), fold(needle, Loose)) {
			t.Errorf("%q is %q", text, needle)
		}
		out := make([]value, 1)
		_ = pick(b, []Prop{PidTagSubject}, out)
		if ps, err := ParseProps(b); err == nil {
			if err := pick(b, []Prop{PidTagSubject}, out); err != nil || ps.Has(PidTagSubject) != (out[0].prop != 0) {
				t.Errorf("picked %+v of %+v: %v", out, ps, err)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	h, inbox, _ := full(b, 1000)
	few := where(Equal, PidTagSubject, Value{Text: "subject 7"})
	run := func(name string, q Query) {
		b.Run(name, func(b *testing.B) {
			q.Folder = inbox
			for b.Loop() {
				p, err := h.anna().Find(context.Background(), q)
				h.must(err)
				if len(p.Items) == 0 {
					b.Fatalf("nothing found: %+v", q)
				}
			}
		})
	}
	page := Paging{Max: 50, Offset: 500}
	run("received", Query{Paging: page})
	run("article", Query{Paging: page, Sort: []SortKey{{PidTagInternetArticleNumber, false}}})
	run("subject", Query{Paging: page, Sort: []SortKey{{PidTagSubject, false}}})
	run("size", Query{Paging: page, Sort: []SortKey{{PidTagMessageSize, false}}})
	run("restricted", Query{Restrict: &few})
}
