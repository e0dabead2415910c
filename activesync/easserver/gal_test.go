package easserver

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/directory"
)

// change changes the directory.
func (h *house) change(f func(c *directory.Change) error) {
	h.Helper()
	h.must(h.door.Directory.Update(context.WithoutCancel(h.Context()), f))
}

// describe gives somebody what the address list shows of him.
func (h *house) describe(who string, f func(a *directory.Account)) {
	h.Helper()
	h.change(func(c *directory.Change) error {
		return c.SetAccount(h.sids[who], func(a *directory.Account) error {
			f(a)
			return nil
		})
	})
}

// galSearch asks for a name, by Search or, with find, by Find.
func galSearch(find bool, name, span string, more func(w *wbxml.Writer)) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		if find {
			w.Start(wbxml.FindFind)
			w.Text(wbxml.FindSearchId, "01234567-89ab-cdef-0123-456789abcdef")
			w.Start(wbxml.FindExecuteSearch)
			w.Start(wbxml.FindGalSearchCriterion)
			w.Text(wbxml.FindQuery, name)
			w.Start(wbxml.FindOptions)
			if span != "" {
				w.Text(wbxml.FindRange, span)
			}
		} else {
			w.Start(wbxml.SearchSearch)
			w.Start(wbxml.SearchStore)
			w.Text(wbxml.SearchName, "GAL")
			w.Text(wbxml.SearchQuery, name)
			w.Start(wbxml.SearchOptions)
			if span != "" {
				w.Text(wbxml.SearchRange, span)
			}
		}
		if more != nil {
			more(w)
		}
		w.End()
		w.End()
		w.End()
		if find {
			w.End()
		}
	}
}

// A galAnswer is what Search or Find found.
type galAnswer struct {
	status, span, total string
	names               []string
	results             []*wbxml.Element // Properties
}

func (p *phone) gal(find bool, name, span string, more func(w *wbxml.Writer)) galAnswer {
	p.Helper()
	cmd := activesync.Search
	if find {
		cmd = activesync.Find
	}
	root := p.send(cmd, galSearch(find, name, span, more)).ok()
	a := galAnswer{}
	if find {
		r := root.Child(wbxml.FindResponse)
		a.status, a.span, a.total = r.Get(wbxml.FindStatus), r.Get(wbxml.FindRange), r.Get(wbxml.FindTotal)
		for x := range r.All(wbxml.FindResult) {
			if props := x.Child(wbxml.FindProperties); props != nil {
				a.results = append(a.results, props)
			}
		}
	} else {
		r := root.Path(wbxml.SearchResponse, wbxml.SearchStore)
		a.status, a.span, a.total = r.Get(wbxml.SearchStatus), r.Get(wbxml.SearchRange), r.Get(wbxml.SearchTotal)
		for x := range r.All(wbxml.SearchResult) {
			if props := x.Child(wbxml.SearchProperties); props != nil {
				a.results = append(a.results, props)
			}
		}
	}
	for _, x := range a.results {
		a.names = append(a.names, x.Get(wbxml.GALDisplayName))
	}
	return a
}

// everyPhone has a phone of every version, and 16.1's Find beside its Search.
func everyPhone(h *house, f func(p *phone, find bool)) {
	for _, v := range activesync.Versions() {
		p := h.phone("anna", v)
		f(p, false)
		if v >= activesync.V161 {
			f(p, true)
		}
	}
}

func TestAddressList(t *testing.T) {
	h := open(t)
	h.describe("ben", func(a *directory.Account) {
		a.GivenName, a.Surname, a.Title, a.Company, a.Office = "Ben", "Vogel", "Clerk", "Contoso", "2.14"
		a.Phone, a.Mobile, a.Alias = "+49 30 2", "+49 170 2", "bvogel"
	})
	h.describe("carla", func(a *directory.Account) { a.Hidden = true })
	h.change(func(c *directory.Change) error {
		g := directory.Group{Alias: "team", Kind: directory.Distribution}
		g.Name, g.Mail = "Benchmarks", "benchmarks@contoso.example"
		if err := c.CreateGroup(&g); err != nil {
			return err
		}
		hidden := directory.Group{Alias: "secret", Kind: directory.Distribution, Hidden: true}
		hidden.Name, hidden.Mail = "Ben's secret", "secret@contoso.example"
		return c.CreateGroup(&hidden)
	})
	everyPhone(h, func(p *phone, find bool) {
		for _, x := range [...]struct{ name, want string }{
			{"Ben", "Ben Vogel, Benchmarks"},
			{"ben", "Ben Vogel, Benchmarks"},
			{"vogel", "Ben Vogel"},
			{"bvogel", "Ben Vogel"},
			{"ben@contoso.example", "Ben Vogel"},
			{"Carla", ""}, // hidden is absent
			{"carla@contoso.example", ""},
			{"secret", ""},
			{"nobody", ""},
			{"", ""},
			{"*", ""},
			{"%", ""},
			{strings.Repeat("x", 5000), ""},
		} {
			a := p.gal(find, x.name, "", nil)
			if got := strings.Join(a.names, ", "); got != x.want || a.status != "1" || a.total != strconv.Itoa(len(a.names)) || (a.span == "") != (x.want == "") {
				t.Errorf("%s %v: %.20q finds %q, status %s, %s of %s", p.version, find, x.name, got, a.status, a.span, a.total)
			}
		}
		a := p.gal(find, "vogel", "0-0", nil)
		if len(a.results) != 1 {
			t.Fatalf("%s: %+v", p.version, a)
		}
		for tag, want := range map[wbxml.Tag]string{
			wbxml.GALDisplayName: "Ben Vogel", wbxml.GALFirstName: "Ben", wbxml.GALLastName: "Vogel", wbxml.GALTitle: "Clerk",
			wbxml.GALCompany: "Contoso", wbxml.GALOffice: "2.14", wbxml.GALPhone: "+49 30 2", wbxml.GALMobilePhone: "+49 170 2",
			wbxml.GALAlias: "bvogel", wbxml.GALEmailAddress: "ben@contoso.example",
		} {
			if got := a.results[0].Get(tag); got != want {
				t.Errorf("%s: %s is %q", p.version, tag, got)
			}
		}
	})
}

// However somebody asks, one name tells of a hundred people at most.
func TestAddressListRange(t *testing.T) {
	h := open(t)
	h.change(func(c *directory.Change) error {
		for i := range 120 {
			var a directory.Account
			a.Name, a.UPN = fmt.Sprintf("Zoe %03d", i), entente.UPN(fmt.Sprintf("zoe%03d@contoso.example", i))
			a.Mail, a.Enabled = entente.SMTPAddress(a.UPN), true
			if err := c.CreateAccount(&a); err != nil {
				return err
			}
		}
		return nil
	})
	everyPhone(h, func(p *phone, find bool) {
		invalid, beyond := "2", "12"
		if find {
			invalid, beyond = "4", "4"
		}
		for _, x := range [...]struct {
			span, status, answer string
			n                    int
		}{
			{"", "1", "0-99", 100},
			{"0-99", "1", "0-99", 100},
			{"0-0", "1", "0-0", 1},
			{"0-9", "1", "0-9", 10},
			{"10-19", "1", "10-19", 10},
			{"99-99", "1", "99-99", 1},
			{"0-100", beyond, "", 0},
			{"100-110", beyond, "", 0},
			{"0-999", beyond, "", 0},
			{"5-3", invalid, "", 0},
			{"x", invalid, "", 0},
			{"-1", invalid, "", 0},
			{"0-99999999999999999999", invalid, "", 0},
		} {
			a := p.gal(find, "zoe", x.span, nil)
			if a.status != x.status || a.span != x.answer || len(a.results) != x.n || x.n > 0 && a.total != "100" {
				t.Errorf("%s %v: range %q: status %s, %q of %s, %d results", p.version, find, x.span, a.status, a.span, a.total, len(a.results))
			}
		}
	})
}

func TestAddressListPictures(t *testing.T) {
	h := open(t)
	face := []byte("\xff\xd8\xff a face")
	h.change(func(c *directory.Change) error {
		for i := range 3 {
			var a directory.Account
			a.Name, a.UPN = fmt.Sprintf("Zoe %d", i), entente.UPN(fmt.Sprintf("zoe%d@contoso.example", i))
			a.Mail = entente.SMTPAddress(a.UPN)
			if err := c.CreateAccount(&a); err != nil {
				return err
			}
			if i == 2 {
				continue
			}
			if _, err := c.SetMedia(a.SID, directory.Media{Photo: face}); err != nil {
				return err
			}
		}
		return nil
	})
	everyPhone(h, func(p *phone, find bool) {
		tags := [...]wbxml.Tag{wbxml.SearchPicture, wbxml.SearchMaxSize, wbxml.SearchMaxPictures}
		if find {
			tags = [...]wbxml.Tag{wbxml.FindPicture, wbxml.FindMaxSize, wbxml.FindMaxPictures}
		}
		for _, x := range [...]struct{ size, count, want string }{
			{"", "", "1 1 173"},
			{"10000", "10", "1 1 173"},
			{"3", "", "174 174 173"},
			{"", "1", "1 175 173"},
			{"", "0", "175 175 173"},
			{"x", "", "invalid"},
			{"", "-1", "invalid"},
		} {
			a := p.gal(find, "zoe", "", func(w *wbxml.Writer) {
				w.Start(tags[0])
				if x.size != "" {
					w.Text(tags[1], x.size)
				}
				if x.count != "" {
					w.Text(tags[2], x.count)
				}
				w.End()
			})
			var got []string
			for _, r := range a.results {
				picture := r.Child(wbxml.GALPicture)
				status := picture.Get(wbxml.GALStatus)
				got = append(got, status)
				if d := picture.Child(wbxml.GALData); (status == "1") != (d != nil && d.Opaque && bytes.Equal(d.Content, face)) {
					t.Errorf("%s: a picture of status %s: %v", p.version, status, d)
				}
			}
			want := x.want
			if p.version < activesync.V141 {
				want = "  " // there are none
			}
			if want == "invalid" {
				if a.status != "2" {
					t.Errorf("%s: %+v is answered with %s", p.version, x, a.status)
				}
				continue
			}
			if s := strings.Join(got, " "); s != want {
				t.Errorf("%s %v: %+v gives %q, want %q", p.version, find, x, s, want)
			}
		}
	})
}

// What is asked of stores that are not there, or in no way at all.
func TestSearchOfNothing(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V161)
	for store, want := range map[string]string{"DocumentLibrary": "13", "Elsewhere": "2", "": "2"} {
		root := p.send(activesync.Search, func(w *wbxml.Writer) {
			w.Start(wbxml.SearchSearch)
			w.Start(wbxml.SearchStore)
			w.Text(wbxml.SearchName, store)
			w.Text(wbxml.SearchQuery, "x")
			w.End()
			w.End()
		}).ok()
		if got := root.Path(wbxml.SearchResponse, wbxml.SearchStore).Get(wbxml.SearchStatus); got != want {
			t.Errorf("%q: status %s", store, got)
		}
	}
	p.send(activesync.Search, nil).is(activesync.InvalidXML)
	p.send(activesync.Find, nil).is(activesync.InvalidXML)
	p.send(activesync.Search, func(w *wbxml.Writer) { w.Empty(wbxml.SearchSearch) }).is(activesync.InvalidXML)
	root := p.send(activesync.Find, func(w *wbxml.Writer) {
		w.Start(wbxml.FindFind)
		w.Empty(wbxml.FindExecuteSearch)
		w.End()
	}).ok()
	if got := root.Child(wbxml.FindResponse).Get(wbxml.FindStatus); got != "2" {
		t.Errorf("status %s", got)
	}
	h.phone("anna", activesync.V160).send(activesync.Find, galSearch(true, "ben", "", nil)).is(activesync.CommandNotSupported)
}
