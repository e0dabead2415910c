package directory

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"entente"
	"entente/access"
)

// fromAD is how Active Directory exports two people, a room, a group that holds
// another, and a computer.
const fromAD = `version: 1
# exported

dn: CN=Anna Berg,OU=Staff,DC=contoso,DC=example
objectClass: top
objectClass: person
objectClass: user
displayName:: QW5uYSBCw6RyZw==
givenName: Anna
sn: Berg
userPrincipalName: Anna.Berg@contoso.example
mailNickname: anna
proxyAddresses: SMTP:anna@contoso.example
proxyAddresses: smtp:a.berg@contoso.example
proxyAddresses: X500:/o=Contoso/cn=anna
proxyAddresses: smtp:anna@contoso.onmicrosoft.example
objectGUID:: AQIDBAUGBwgJCgsMDQ4PEA==
objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAA9QEAAA==
title: Head of a department whose name is so long that the ex
 porter folds it
userAccountControl: 512
telephoneNumber: +49 30 1

dn: CN=Gone,OU=Staff,DC=contoso,DC=example
objectClass: user
userPrincipalName: gone@contoso.example
userAccountControl: 514
objectGUID:: AgIDBAUGBwgJCgsMDQ4PEA==

dn: CN=Room 1,DC=contoso,DC=example
objectClass: user
userPrincipalName: room1@contoso.example
mail: room1@contoso.example
userAccountControl: 514
msExchRecipientTypeDetails: 16
msExchResourceCapacity: 12
msExchMasterAccountSid:: AQEAAAAAAAUKAAAA
objectGUID:: AwIDBAUGBwgJCgsMDQ4PEA==

dn: CN=Inner,DC=contoso,DC=example
objectClass: group
cn: Inner
groupType: -2147483646
member: CN=Anna Berg, OU=Staff, DC=contoso,DC=example
objectGUID:: BAIDBAUGBwgJCgsMDQ4PEA==

dn: CN=Outer,DC=contoso,DC=example
objectClass: group
cn: Outer
mail: outer@contoso.example
groupType: 2
member: CN=Inner,DC=contoso,DC=example
member: CN=Nobody,DC=contoso,DC=example
objectGUID:: BQIDBAUGBwgJCgsMDQ4PEA==

dn: CN=PC1,DC=contoso,DC=example
objectClass: user
objectClass: computer
userPrincipalName: pc1@contoso.example

dn: CN=Broken,DC=contoso,DC=example
objectClass: user
userPrincipalName:< file:///etc/passwd
`

func TestImportLDIF(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		o := ImportOptions{Database: "DB1", DryRun: true}
		r, err := d.ImportLDIF(t.Context(), strings.NewReader(fromAD), o)
		must(t, err)
		if r.Created != 5 || d.Snapshot().Accounts() != 0 {
			t.Errorf("dry run: %+v, %d accounts", r, d.Snapshot().Accounts())
		}
		o.DryRun = false
		r, err = d.ImportLDIF(t.Context(), strings.NewReader(fromAD), o)
		must(t, err)
		if r.Created != 5 || r.Refused != 2 || len(r.Lines) != 7 {
			t.Fatalf("%+v", r)
		}
		if l := r.Lines[4]; l.Line != 47 || l.Err == nil || !strings.Contains(l.Err.Error(), "CN=Nobody") {
			t.Errorf("an unknown member: %+v", l)
		}
		if r.Lines[6].Err == nil || !strings.Contains(r.Lines[6].Err.Error(), "line 63") {
			t.Errorf("a URL: %+v", r.Lines[6])
		}
		wants(t, r.Lines[0].Err, entente.Invalid, NotAccepted) // only an address
		s := d.Snapshot()
		anna, ok := s.FindSID("S-1-5-21-1-2-3-501")
		if !ok || anna.Name != "Anna Bärg" || anna.UPN != "anna.berg@contoso.example" || anna.Mail != "anna@contoso.example" ||
			!reflect.DeepEqual(anna.Proxies, []entente.SMTPAddress{"a.berg@contoso.example"}) || anna.Mailbox.IsZero() || !anna.Enabled {
			t.Errorf("%+v", anna)
		}
		full, err := d.Account(t.Context(), anna.SID)
		must(t, err)
		if full.Title != "Head of a department whose name is so long that the exporter folds it" {
			t.Error(full.Title)
		}
		gone, _ := s.FindUPN("gone@contoso.example")
		room, _ := s.FindSMTP("room1@contoso.example")
		if gone.Enabled || !gone.Mailbox.IsZero() || room.Kind != access.KindRoom || room.Master != "" {
			t.Errorf("%+v %+v", gone, room)
		}
		people, err := d.Recipients(t.Context(), "outer@contoso.example", 10)
		must(t, err)
		if len(people) != 1 || people[0].SID != anna.SID {
			t.Error("members:", people)
		}

		// The second time nothing changes.
		before := *full
		r, err = d.ImportLDIF(t.Context(), strings.NewReader(fromAD), o)
		must(t, err)
		if r.Created != 0 || r.Changed != 0 || r.Unchanged != 5 {
			t.Errorf("again: %+v", r)
		}
		full, err = d.Account(t.Context(), anna.SID)
		must(t, err)
		if !reflect.DeepEqual(before, *full) {
			t.Errorf("%+v, was %+v", *full, before)
		}
	})
}

func TestImportCSV(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		load := func(text string) ImportReport {
			t.Helper()
			r, err := d.ImportCSV(t.Context(), strings.NewReader(text), ImportOptions{Database: "DB1"})
			must(t, err)
			return r
		}
		const table = "\ufeffUserPrincipalName,DisplayName,PrimarySmtpAddress,EmailAddresses,ObjectGUID,Type,Members\r\n" +
			"anna@contoso.example,\"Berg, Anna\",anna@contoso.example,smtp:info@contoso.example; SIP:x,04030201-0605-0807-090a-0b0c0d0e0f10,,\r\n" +
			"bruno@contoso.example,Bruno,bruno@contoso.example,,,,\r\n" +
			"carla@contoso.example,Carla,info@contoso.example,,,,\r\n" +
			",,,,\r\n" +
			"not a name,X,,,,,\r\n" +
			",Staff,staff@contoso.example,,,distribution,anna@contoso.example;BRUNO@contoso.example\r\n"
		r := load(table)
		if r.Created != 3 || r.Refused != 3 {
			t.Fatalf("%+v", r)
		}
		wants(t, r.Lines[2].Err, entente.Conflict, AddressInUse)
		if r.Lines[2].Line != 4 || r.Lines[3].Line != 5 {
			t.Errorf("lines: %+v", r.Lines)
		}
		if r = load(table); r.Unchanged != 3 || r.Changed != 0 || r.Created != 0 {
			t.Errorf("again: %+v", r)
		}
		// An account is found again by its GUID, in LDIF's binary form too.
		anna, err := d.Lookup(t.Context(), "anna@contoso.example")
		must(t, err)
		r, err = d.ImportLDIF(t.Context(), strings.NewReader("dn: x\nobjectClass: user\nuserPrincipalName: a.berg@contoso.example\nobjectGUID:: AQIDBAUGBwgJCgsMDQ4PEA==\n"), ImportOptions{})
		must(t, err)
		if r.Changed != 1 || r.Lines[0].SID != anna.SID {
			t.Errorf("%+v, want %s", r, anna.SID)
		}
		// A new person under an old UPN does not take over the old one's mailbox.
		r, err = d.ImportLDIF(t.Context(), strings.NewReader("dn: x\nobjectClass: user\nuserPrincipalName: bruno@contoso.example\nobjectGUID:: CQIDBAUGBwgJCgsMDQ4PEA==\n"), ImportOptions{})
		must(t, err)
		if r.Refused != 1 {
			t.Errorf("%+v", r)
		}
		// Members that the file no longer names go.
		load("DisplayName,PrimarySmtpAddress,Type,Members\nStaff,staff@contoso.example,group,bruno@contoso.example\n")
		members, err := d.ExpandDL(t.Context(), "staff@contoso.example")
		must(t, err)
		if len(members) != 1 || members[0].Name() != "Bruno" {
			t.Error(members)
		}
	})
}

func TestImportManyRecords(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		var b strings.Builder
		b.WriteString("upn,mail\n")
		const n = 2*batch + 7
		for i := range n {
			name := fmt.Sprint("user", i)
			b.WriteString(name + "@contoso.example," + name + "@contoso.example\n")
		}
		r, err := d.ImportCSV(t.Context(), strings.NewReader(b.String()), ImportOptions{})
		must(t, err)
		if r.Created != n || d.Snapshot().Accounts() != r.Created || len(r.Lines) != n {
			t.Error(r.Created, r.Refused, d.Snapshot().Accounts())
		}
	})
}

func TestBrokenImports(t *testing.T) {
	onEach(t, func(t *testing.T, d *Directory) {
		for _, text := range []string{"", "a,a\n\"x", "upn\n\"x\"y\n"} {
			_, err := d.ImportCSV(t.Context(), strings.NewReader(text), ImportOptions{})
			var e *entente.Error
			if !errors.As(err, &e) || e.Kind != entente.Invalid {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

// ldifAll reads all records of a text.
func ldifAll(text string) (all []*record, err error) {
	r := newLDIFReader(strings.NewReader(text))
	for {
		x, err := r.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, x)
	}
}

func TestLDIFSyntax(t *testing.T) {
	test := func(text string, want ...string) { // dn|attribute=value|…, ! for unusable ones
		t.Helper()
		all, err := ldifAll(text)
		must(t, err)
		var got []string
		for _, r := range all {
			s := r.dn
			if r.err != nil {
				s = "!"
			}
			for _, name := range []string{"a", "b"} {
				for _, v := range r.attrs[name] {
					s += "|" + name + "=" + v
				}
			}
			got = append(got, s)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	test("")
	test("\n\n# only a comment\n going on\n")
	test("version: 1\ndn: x\na: 1\n", "x|a=1")
	test("dn: x\na:1\n\n\n\ndn: y\nb:  2", "x|a=1", "y|b=2")
	test("dn: x\r\na: long\r\n er\r\n\r\n", "x|a=longer")
	test("dn: x\na: 1\n# between\n  the lines\na: 2\n", "x|a=1|a=2")
	test("dn:: eA==\na;lang-de;binary:: w6Q=\n", "x|a=ä")
	test("dn: x\na:\n", "x|a=")
	test("dn: x\nA: 1\n", "x|a=1")
	test("a: 1\n\ndn: y\n", "!|a=1", "y")
	test("dn: x\nchangetype: add\na: 1\n", "x|a=1")
	test("dn: x\nchangetype: delete\n\ndn: y\n", "!", "y")
	test("dn: x\na:: ###\n\ndn: y\n", "!", "y")
	test("dn: x\na:< http://169.254.169.254/\n", "!")
	test("dn: x\nno colon\n", "!")
	test("dn: x\na: \xff\n", "!")
}

func FuzzLDIF(f *testing.F) {
	f.Add(fromAD)
	f.Add("dn: x\n y\n#\n \n\n:")
	f.Add("dn:: \n a:<\r\n\r")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ldifAll(text)
		if err != nil {
			t.Fatal(err) // a text this small has no reason to end early
		}
		line := 0
		for _, r := range all {
			if r.line <= line {
				t.Fatal("records out of order")
			}
			line = r.line
			if r.err != nil {
				continue
			}
			var a Account
			if r.fill(&a) == nil && a.check() == nil {
				again := a
				if err := r.fill(&again); err != nil || again.check() != nil || !reflect.DeepEqual(a, again) {
					t.Fatalf("not the same a second time: %+v %+v", a, again)
				}
			}
		}
	})
}

func FuzzCSV(f *testing.F) {
	f.Add("upn,mail\na@b.example,a@b.example\n")
	f.Add("\ufeff\"u p n\",members\n\"x\ny\",a;b;;\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := newCSVReader(strings.NewReader(text))
		if err != nil {
			return
		}
		for {
			rec, err := r.next()
			if err != nil {
				return
			}
			var g Group
			_ = rec.fillGroup(&g, Distribution)
			var a Account
			_ = rec.fill(&a)
		}
	})
}
