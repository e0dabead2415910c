package access

import (
	"strings"
	"testing"

	"entente"
)

// TestParseFilter reads filters and writes them in their own form.
func TestParseFilter(t *testing.T) {
	test := func(text, want string) {
		t.Helper()
		f, err := ParseFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if f.String() != want {
			t.Errorf("%s: got %s, want %s", text, f, want)
		}
	}
	test(`department -EQ "Sales"`, "Department -eq 'Sales'")
	test(" {\tTitle -ne $NULL } ", "Title -ne $null")
	test("((Name -like 'a*'))", "Name -like 'a*'")
	test("Name -eq 'it''s' -and Name -eq \"a \"\" b\"", "Name -eq 'it''s' -and Name -eq 'a \" b'")
	test("-not Name -eq 'a' -and Name -ne 'b'", "-not (Name -eq 'a') -and Name -ne 'b'")
	test("-not(-not(Name -eq 'a'))", "-not (-not (Name -eq 'a'))")
	test("Name -eq 'a' -or (Name -eq 'b' -and Name -eq 'c') -or Name -eq 'd'", "Name -eq 'a' -or (Name -eq 'b' -and Name -eq 'c') -or Name -eq 'd'")
	test("CustomAttribute15 -notlike '*'", "CustomAttribute15 -notlike '*'")
	test("RecipientTypeDetails -eq 'roommailbox'", "RecipientTypeDetails -eq 'roommailbox'")
	test("RecipientTypeDetails -like 'Room*'", "RecipientTypeDetails -like 'Room*'")
	test("Name -eq '('", "Name -eq '('")
}

// TestFilterErrors: what cannot be read is said with its place and with what
// would be right.
func TestFilterErrors(t *testing.T) {
	test := func(text string, want ...string) {
		t.Helper()
		_, err := ParseFilter(text)
		if err == nil || kindOf(err) != entente.Invalid {
			t.Errorf("%.60q: %v", text, err)
			return
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%.60q: %v does not say %q", text, err, w)
			}
		}
	}
	test("", "character 1:", "Department, Company", "CustomAttribute15")
	test("Depart -eq 'Sales'", "character 1:", `"Depart" is none of the properties Name`)
	test("Name -gt 'a'", "character 6:", `"-gt" is none of -eq, -ne, -like, -notlike`)
	test("Name -and 'a'", `"-and" is none of -eq`)
	test("Name", "character 5:", "what stands here")
	test("Name -eq Sales", "character 10:", `"Sales" has to stand in quotes`)
	test("Name -eq 'Sales", "character 10:", "the quote is not closed")
	test("Name -eq 'a' -and", "character 18:")
	test("Name -eq 'a' Name -eq 'b'", "character 18:", `"Name" is too much`)
	test("(Name -eq 'a'", "character 14:", "a closing parenthesis is missing")
	test("(Name -eq 'a' x", "character 15:", "a closing parenthesis is missing")
	test("Name -eq 'a')", "is too much")
	test("{Name -eq 'a'", "character 1:")
	test("Name -eq 'a' -and Name -eq 'b' -or Name -eq 'c'", "character 32:", "-and and -or are mixed")
	test("Name -like $null", "character 12:", "take quoted text")
	test("RecipientTypeDetails -eq 'Room'", "character 26:", "RecipientTypeDetails is one of UserMailbox, LinkedMailbox")
	test("MemberOfGroup -like 'a*'", "MemberOfGroup takes -eq or -ne")
	test("MemberOfGroup -eq $null", "MemberOfGroup takes -eq or -ne")
	test(strings.Repeat("(", 40)+"Name -eq 'a'"+strings.Repeat(")", 40), "nested more than 32 deep")
	test(strings.Repeat("-not ", 40)+"Name -eq 'a'", "nested more than 32 deep")
	test(strings.Repeat("Name -eq 'a' -or ", 300)+"Name -eq 'a'", "more than 256 comparisons")
	test("Name -eq '"+strings.Repeat("a", maxFilter)+"'", "longer than 8192 bytes")
}

// TestFilterLimits: a filter may be as long, as deep and as wide as it says, and
// no more.
func TestFilterLimits(t *testing.T) {
	test := func(name, text string, ok bool) {
		t.Helper()
		if _, err := ParseFilter(text); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	nested := func(n int) string {
		return strings.Repeat("(", n) + "Name -eq 'a'" + strings.Repeat(")", n)
	}
	negated := func(n int) string { return strings.Repeat("-not ", n) + "Name -eq 'a'" }
	joined := func(n int) string { return strings.Repeat("Name -eq 'a' -or ", n-1) + "Name -eq 'a'" }
	long := func(n int) string { return "Name -eq '" + strings.Repeat("a", n-len("Name -eq ''")) + "'" }
	test("deep", nested(maxFilterDepth), true)
	test("too deep", nested(maxFilterDepth+1), false)
	test("negated", negated(maxFilterDepth), true)
	test("negated too often", negated(maxFilterDepth+1), false)
	test("wide", joined(maxFilterClauses), true)
	test("too wide", joined(maxFilterClauses+1), false)
	test("long", long(maxFilter), true)
	test("too long", long(maxFilter+1), false)
	test("braces", "{Name -eq 'a'}", true)
	test("nothing in braces", "{}", false)
	test("half a brace", "{", false)
	test("the other half", "Name -eq 'a'}", false)
	test("what is empty", "MemberOfGroup -eq ''", false)
	test("true", "Title -eq $true", true)
	test("false", "Title -ne $False", true)
	test("no such word", "Title -eq $nothing", false)
}

// TestFilterHolds: what each property of an account is compared as.
func TestFilterHolds(t *testing.T) {
	full := Account{
		Principal: Principal{UPN: "anna@contoso.example", Mail: "a.meyer@contoso.example"}, Name: "Anna", Database: "DB1", Kind: KindUser, Enabled: true,
		Proxies: []entente.SMTPAddress{"office@contoso.example"}, Mailbox: entente.MailboxID{1},
		Attributes: &Attributes{Title: "Clerk", Department: "Sales", Company: "Contoso", Office: "Z1"},
	}
	bare := Account{Kind: KindService, Enabled: true}
	aliased, off, linked, room, equipment, shared := full, bare, full, full, full, full
	aliased.Attributes, off.Enabled, linked.Master = &Attributes{Alias: "am"}, false, "S-1-5-21-9-9-9-1"
	room.Kind, equipment.Kind, shared.Kind = KindRoom, KindEquipment, KindShared
	test := func(a *Account, filter string, want bool) {
		t.Helper()
		f, err := ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.root.matches(&account{Account: *a}, nil); got != want {
			t.Errorf("%s of %+v: %v", filter, a, got)
		}
	}
	for _, holds := range []string{
		"Name -eq 'anna'", "DisplayName -like 'A*'", "Alias -eq 'a.meyer'", "SamAccountName -eq 'A.Meyer'", "Database -eq 'db1'",
		"UserPrincipalName -eq 'anna@contoso.example'", "PrimarySmtpAddress -like '*@contoso.example'",
		"EmailAddresses -eq 'a.meyer@contoso.example'", "EmailAddresses -eq 'office@contoso.example'", "EmailAddresses -eq $true",
		"Title -eq 'clerk'", "Department -ne 'Board'", "Company -like 'C*'", "Office -eq 'Z1'", "CustomAttribute1 -eq $null",
		"RecipientType -eq 'UserMailbox'", "RecipientTypeDetails -eq 'UserMailbox'", "Title -eq $true", "Title -ne $false",
	} {
		test(&full, holds, true)
		test(&full, "-not ("+holds+")", false)
		test(&bare, holds, strings.Contains(holds, "-ne 'Board'") || strings.Contains(holds, "-eq $null"))
	}
	test(&full, "EmailAddresses -eq 'anna@contoso.example'", false)
	test(&full, "Name -eq 'Anna' -and Title -eq 'Boss'", false)
	test(&full, "Name -eq 'Anna' -or Title -eq 'Boss'", true)
	test(&full, "Name -eq 'Eva' -or Title -eq 'Boss'", false)
	test(&full, "Name -notlike 'a*'", false)
	test(&aliased, "Alias -eq 'am'", true)
	test(&aliased, "Alias -eq 'a.meyer'", false)
	test(&bare, "EmailAddresses -eq $null", true)
	test(&bare, "RecipientType -eq 'User'", true)
	test(&bare, "RecipientTypeDetails -eq 'User'", true)
	test(&off, "RecipientTypeDetails -eq 'DisabledUser'", true)
	test(&linked, "RecipientTypeDetails -eq 'LinkedMailbox'", true)
	test(&room, "RecipientTypeDetails -eq 'RoomMailbox'", true)
	test(&equipment, "RecipientTypeDetails -eq 'EquipmentMailbox'", true)
	test(&shared, "RecipientTypeDetails -eq 'SharedMailbox'", true)
}

// TestFilterGroupsFollow: a filter that names a group by its name or address
// follows when groups come, go and are renamed.
func TestFilterGroupsFollow(t *testing.T) {
	f := house()
	team := Group{SID: "S-1-5-21-1-2-3-2000", Name: "Team", Members: []entente.SID{f.Accounts[0].SID}}
	f.Scopes = []ManagementScope{{Name: "s", Filter: "MemberOfGroup -eq 'team'"}}
	s := Compile(f)
	test := func(scopes, broken int) {
		t.Helper()
		if n := len(s.ScopesOver(f.Accounts[0].SID)); n != scopes || len(s.BrokenScopes()) != broken {
			t.Errorf("%d scopes hold over the account, %d are broken; want %d and %d", n, len(s.BrokenScopes()), scopes, broken)
		}
	}
	test(0, 1)
	s = s.With(Delta{PutGroups: []Group{team}})
	test(1, 0)
	other := team
	other.SID = "S-1-5-21-1-2-3-2001"
	s = s.With(Delta{PutGroups: []Group{other}}) // two of the name are none
	test(0, 1)
	other.Name, other.Mail = "Other", "team"
	s = s.With(Delta{PutGroups: []Group{other}}) // the address comes before the name
	test(1, 0)
	other.Members = nil
	s = s.With(Delta{PutGroups: []Group{other}})
	test(0, 0)
	s = s.With(Delta{DropGroups: []entente.SID{other.SID}})
	test(1, 0)
	s = s.With(Delta{DropGroups: []entente.SID{team.SID}})
	test(0, 1)
}

// TestGroupCalled: a group is known by SID, else by address, else by name; one of
// two by the same is none.
func TestGroupCalled(t *testing.T) {
	one := Group{SID: teamSID(1), Name: "one", Mail: "one@x.example"}
	two := Group{SID: teamSID(2), Name: "two", Mail: "two@x.example"}
	test := func(name string, want entente.SID, all ...Group) {
		t.Helper()
		s := Compile(Facts{Groups: all, Accounts: []Account{{Principal: Principal{SID: personSID(1)}}}})
		if got := s.sid(s.groupCalled(name)); got != string(want) {
			t.Errorf("%q of %+v: %q", name, all, got)
		}
	}
	named := func(g Group, name string) Group { g.Name = name; return g }
	mailed := func(g Group, mail entente.SMTPAddress) Group { g.Mail = mail; return g }
	test("one", one.SID, one, two)
	test("TWO", two.SID, one, two)
	test("One@x.example", one.SID, one, two)
	test("two@x.example", two.SID, one, two)
	test(strings.ToLower(string(one.SID)), one.SID, one, two)
	test(string(personSID(1)), "", one, two)
	test("three", "", one, two)
	test("one", "", one, named(two, "one"))
	test("one@x.example", "", one, mailed(two, "ONE@x.example"))
	test("two", one.SID, mailed(one, "two"), two)
	test("two", one.SID, two, mailed(one, "two"))
}

// FuzzParseFilter: what is read is written in a form that reads as the same.
func FuzzParseFilter(f *testing.F) {
	f.Add("Department -eq 'Sales' -and (Office -like 'Z*' -or -not (Title -eq $null))")
	f.Add("{ MemberOfGroup -ne \"team@contoso.example\" }")
	f.Add("Name -eq 'it''s' -or EmailAddresses -notlike '*@x'")
	f.Add("((((RecipientTypeDetails -eq 'RoomMailbox'))))")
	f.Add("-not -not Name -eq ''")
	f.Add("Name -eq '\xff\x00'")
	facts := house()
	facts.Groups = []Group{{SID: "S-1-5-21-1-2-3-2000", Name: "team@contoso.example"}}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := ParseFilter(text)
		if err != nil {
			if kindOf(err) != entente.Invalid {
				t.Fatal(err)
			}
			return
		}
		y, err := ParseFilter(x.String())
		if err != nil {
			if len(x.String()) > maxFilter || strings.Contains(err.Error(), "nested") {
				return // the form of its own is longer, and has more parentheses
			}
			t.Fatalf("%q is written %q, which is no filter: %v", text, x, err)
		}
		if x.String() != y.String() {
			t.Fatalf("%q, %q", x, y)
		}
		facts.Scopes = []ManagementScope{{Name: "x", Filter: text}, {Name: "y", Filter: x.String()}}
		s := Compile(facts)
		for i := range facts.Accounts {
			if n := len(s.ScopesOver(facts.Accounts[i].SID)); n == 1 {
				t.Fatalf("%q and %q are not the same", text, x)
			}
		}
	})
}
