package access

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entente"
)

// TestSupposeKit asks the vectors as requests that nobody makes: what is
// supposed is what is decided.
func TestSupposeKit(t *testing.T) {
	files, err := filepath.Glob("../test/kit/access/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatal("vectors are missing:", len(files), err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			s := readScript(t, string(text))
			snap := Compile(s.facts)
			for _, l := range s.cases {
				x, ok := s.supposition(l)
				if !ok {
					continue
				}
				r := snap.Suppose(x)
				if got := s.supposed(l, &r); got != l.want {
					t.Errorf("line %d: %s: supposed %s", l.n, l.text, got)
				}
				s.consistent(t, l, &r)
			}
		})
	}
}

// supposition turns a case into a request that nobody makes.
func (s *script) supposition(l line) (Supposition, bool) {
	switch l.words[0] {
	case "asks", "shares":
		return Supposition{}, false
	}
	if len(l.words) < 2 { // a case about nobody in particular
		return Supposition{}, false
	}
	c := s.caller(l.words[1], l)
	x := Supposition{
		Caller: c.Authenticated, Method: c.Method, ActsAs: c.ActsAs, UserAgent: c.UserAgent, Application: c.Application,
		Realm: c.Realm, Groups: c.Groups, Foreign: c.Foreign, At: at,
	}
	if x.Method == Basic {
		x.Method = "" // the same
	}
	if w := l.attr("when"); w != "" {
		x.At = s.time(w)
	}
	switch l.words[0] {
	case "impersonate":
		x.Header = &ConnectingSID{l.attr("PrincipalName"), l.attr("SID"), l.attr("PrimarySmtpAddress"), l.attr("SmtpAddress")}
		if id := s.sids[x.Header.SID]; id != "" {
			x.Header.SID = string(id)
		}
		x.Server = l.words[2]
	case "enter":
		x.Protocol = l.words[2]
	case "may":
		x.Want, x.Mailbox = s.rights(l.words[2]), s.object(l.words[3])
		if f := s.folders[l.words[3]]; f != nil {
			x.Mailbox, x.Folder = f.mailbox, &f.table
		}
	case "reads", "writes":
		name, key, _ := strings.Cut(l.words[2], ":")
		f := s.folders[name]
		x.Mailbox, x.Folder, x.Item, x.Want = f.mailbox, &f.table, s.key(key), ReadItem
		if l.words[0] == "writes" {
			x.Want = EditItem
		}
		if of := l.attr("fields"); of != "" {
			x.Change = &ItemChange{Fields: s.fields(of), Start: s.time(l.attr("start")), End: s.time(l.attr("end")), Location: l.attr("location")}
		}
	default:
		return x, false
	}
	return x, true
}

// supposed says what the vector's outcome is called.
func (s *script) supposed(l line, r *Supposed) string {
	switch {
	case !r.Allowed():
		return string(r.Reason())
	case l.words[0] == "impersonate":
		return strings.TrimSuffix(string(r.As.UPN), "@contoso.example")
	case (l.words[0] == "reads" || l.words[0] == "writes") && l.attr("fields") == "":
		return r.Fields.String()
	}
	return "yes"
}

// consistent checks that what is said of the outcome as a whole is what its
// decisions say.
func (s *script) consistent(t *testing.T, l line, r *Supposed) {
	t.Helper()
	all := r.Decisions()
	for i := range all {
		replay(t, &all[i])
	}
	if len(all) == 0 {
		return
	}
	last := &all[len(all)-1]
	if r.Got() != last.Got {
		t.Errorf("line %d: got %v, and the last decision %v", l.n, r.Got(), last.Got)
	}
	if !r.Allowed() && last.Allowed() {
		t.Errorf("line %d: refused by %s, and the last decision allows", l.n, r.Reason())
	}
}

// TestSupposeStages: a request goes through its stages in order, up to and with
// the first that refuses; each decides what it is for and no more.
func TestSupposeStages(t *testing.T) {
	s := readScript(t, `
		account anna
		account bruno EwsEnabled=off
		account portal kind=service no-mailbox
		account nobody kind=service no-mailbox
		permission anna to=bruno rights=SendAs
		folder calendar of=anna Default=FreeBusyTimeOnly portal=Reviewer
		folder hidden of=anna
		assignment a to=portal rights=ApplicationImpersonation over=account:anna
		assignment b to=portal rights=ApplicationImpersonation over=account:bruno
		grant g of=anna to=portal items=7 read=Subject`)
	snap := Compile(s.facts)
	who := func(name string) Principal { return s.find(name).Principal }
	box := func(name string) entente.MailboxID { return s.find(name).Mailbox }
	as := func(name string) *ConnectingSID { return &ConnectingSID{SID: string(s.find(name).SID)} }
	folder := func(name string) *FolderTable { return &s.folders[name].table }
	test := func(name string, x Supposition, want string) {
		t.Helper()
		x.At = at
		r := snap.Suppose(x)
		var got []string
		decided := r.Decisions()
		for _, o := range r.Outcomes {
			text := string(o.Stage)
			for i := range o.Decisions {
				if len(decided) == 0 || decided[0] != o.Decisions[i] {
					t.Fatalf("%s: the decisions are not those of the stages in their order", name)
				}
				decided = decided[1:]
				text += fmt.Sprint(" ", o.Decisions[i].Want)
			}
			if o.Err != nil {
				text += " " + string(reasonOf(o.Err))
			}
			got = append(got, text)
		}
		if len(decided) > 0 {
			t.Errorf("%s: %d decisions of no stage", name, len(decided))
		}
		if text := strings.Join(got, "; ") + " as " + strings.TrimSuffix(string(r.As.UPN), "@contoso.example"); text != want {
			t.Errorf("%s: %s, want %s", name, text, want)
		}
	}
	const both = "impersonation ms-Exch-EPI-Impersonation ms-Exch-EPI-May-Impersonate"
	test("nothing asked", Supposition{Caller: who("anna")}, " as anna")
	test("the gate alone", Supposition{Caller: who("anna"), Protocol: "ews"}, "gate Enter as anna")
	test("the header alone", Supposition{Caller: who("portal"), Header: as("anna")}, both+" as anna")
	test("header, then gate", Supposition{Caller: who("portal"), Header: as("anna"), Protocol: "ews"}, both+"; gate Enter as anna")
	test("no right to act", Supposition{Caller: who("anna"), Header: as("bruno"), Protocol: "ews"}, "impersonation ms-Exch-EPI-Impersonation impersonation-denied as anna")
	test("a header beside a token", Supposition{Caller: who("portal"), ActsAs: &Principal{SID: s.find("anna").SID, UPN: "anna@contoso.example"}, Header: as("anna")}, "impersonation more-than-one-access-mode as anna")
	test("whose gate is shut", Supposition{Caller: who("portal"), Header: as("bruno"), Protocol: "ews", Own: true}, both+"; gate Enter ews-disabled-by-mailbox as bruno")
	test("one's own", Supposition{Caller: who("anna"), Own: true}, "mailbox FolderLookup as anna")
	test("theirs, as them", Supposition{Caller: who("portal"), Header: as("anna"), Own: true}, both+"; mailbox FolderLookup as anna")
	test("one's own, without one", Supposition{Caller: who("portal"), Own: true, Want: FullAccess}, "mailbox missing-email-address as portal")
	test("one's own, of a stranger", Supposition{Caller: Principal{SID: "S-1-5-21-7-7-7-500"}, Own: true}, "mailbox missing-email-address as ")
	test("another's", Supposition{Caller: who("bruno"), Mailbox: box("anna")}, "mailbox FolderLookup as bruno")
	test("a right on it", Supposition{Caller: who("bruno"), Mailbox: box("anna"), Want: SendAs}, "mailbox SendAs as bruno")
	test("a right that is not held", Supposition{Caller: who("bruno"), Mailbox: box("anna"), Want: FullAccess}, "mailbox FullAccess no-right as bruno")
	test("a right on nothing", Supposition{Caller: who("bruno"), Want: SendAs}, "mailbox SendAs non-existent-mailbox as bruno")
	test("a folder of nothing", Supposition{Caller: who("bruno"), Folder: folder("calendar")}, "mailbox FolderLookup non-existent-mailbox as bruno")
	test("a folder", Supposition{Caller: who("portal"), Mailbox: box("anna"), Folder: folder("calendar")}, "mailbox FolderLookup; folder FolderVisible as portal")
	test("a right in it", Supposition{Caller: who("portal"), Mailbox: box("anna"), Folder: folder("calendar"), Want: ReadAny}, "mailbox FolderLookup; folder ReadAny as portal")
	test("a folder not seen", Supposition{Caller: who("bruno"), Mailbox: box("anna"), Folder: folder("hidden")}, "mailbox FolderLookup; folder FolderVisible not-visible as bruno")
	test("an item", Supposition{Caller: who("portal"), Mailbox: box("anna"), Folder: folder("hidden"), Item: ItemKey{Content: 7}}, "mailbox FolderLookup; item ReadItem as portal")
	test("an item to be edited", Supposition{Caller: who("portal"), Mailbox: box("anna"), Folder: folder("hidden"), Item: ItemKey{Content: 7}, Want: EditAny}, "mailbox FolderLookup; item EditItem no-right as portal")
	test("an item without a mailbox", Supposition{Caller: who("portal"), Folder: folder("hidden"), Item: ItemKey{Content: 7}}, "mailbox FolderLookup non-existent-mailbox as portal")
	for _, none := range []Supposition{{Caller: who("nobody")}, {Caller: who("nobody"), Own: true}} {
		r := snap.Suppose(none)
		if r.Got() != 0 || r.Allowed() == none.Own || (r.Reason() == "") == none.Own {
			t.Errorf("%+v: %v %v %q", none, r.Got(), r.Err(), r.Reason())
		}
	}
}
