package cmdlet

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"entente"
)

// sample has a parameter of every kind.
func sample() *Cmdlet {
	return &Cmdlet{Name: "Set-Sample", Parameters: []Parameter{
		{Name: "Identity", First: true, Mandatory: true},
		{Name: "EwsEnabled", Kind: Null},
		{Name: "EwsAllowList", Kind: List, Changes: true},
		{Name: "EwsPolicy", Kind: Enum, Values: []string{"EnforceAllowList", "EnforceBlockList"}},
		{Name: "AccessRights", Kind: Enums, Values: []string{"FullAccess", "SendAs"}},
		{Name: "Deny", Kind: Switch},
		{Name: "Enabled", Kind: Bool},
		{Name: "StartDate", Kind: Time},
		{Name: "Days", Kind: Number},
		{Name: "Plain", Kind: List},
	}}
}

// TestBind binds command lines as they come from a Unix shell.
func TestBind(t *testing.T) {
	test := func(line []string, want string) {
		t.Helper()
		a, err := sample().Bind(line)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			for _, p := range a.cmdlet.Parameters {
				if v, ok := a.given[p.Name]; ok {
					switch {
					case v.null:
						got += p.Name + "=null "
					case v.change:
						got += fmt.Sprintf("%s=+%q-%q ", p.Name, v.add, v.remove)
					case p.Kind == Time:
						got += p.Name + "=" + v.at.Format("2006-01-02T15:04:05") + " "
					default:
						got += fmt.Sprintf("%s=%q ", p.Name, v.texts)
					}
				}
			}
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%q:\n got %s\nwant %s", line, got, want)
		}
	}
	w := strings.Fields
	test(w("anna"), `Identity=["anna"]`)
	test(w("-identity anna"), `Identity=["anna"]`)
	test(w("-Id:anna -ewsena:$true"), `Identity=["anna"] EwsEnabled=["true"]`)
	test(w("anna -EwsEnabled false"), `Identity=["anna"] EwsEnabled=["false"]`)
	test(w("anna -EwsEnabled $null"), `Identity=["anna"] EwsEnabled=null`)
	test(w("anna -EwsEnabled null"), `Identity=["anna"] EwsEnabled=null`)
	test(w("anna -Enabled null"), `Cannot process argument transformation on parameter 'Enabled'. Cannot convert value "null" to type "System.Boolean". Error: "Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0."`)
	test([]string{"anna", "-EwsEnabled", ""}, `the value of -EwsEnabled is empty: quote '$true', '$false' and '$null', or write true, false and null`)
	test(w("anna -Deny"), `Identity=["anna"] Deny=["true"]`)
	test(w("anna -Deny:$false"), `Identity=["anna"] Deny=["false"]`)
	test(w("-Deny anna"), `Identity=["anna"] Deny=["true"]`)
	test([]string{"anna", "-EwsAllowList", "OWA/*,CRM Sync/*"}, `Identity=["anna"] EwsAllowList=["OWA/*" "CRM Sync/*"]`)
	test([]string{"anna", "-EwsAllowList", "OWA/*,", "CRM/*"}, `Identity=["anna"] EwsAllowList=["OWA/*" "CRM/*"]`)
	test([]string{"anna", "-EwsAllowList", `'a,b',"c"`}, `Identity=["anna"] EwsAllowList=["a,b" "c"]`)
	test(w("anna -EwsAllowList $null"), `Identity=["anna"] EwsAllowList=null`)
	test(w("anna -EwsAllowList @{Add=a,b;Remove='c'}"), `Identity=["anna"] EwsAllowList=+["a" "b"]-["c"]`)
	test(w("anna -EwsAllowList @{Add=a; Remove=c}"), `Identity=["anna"] EwsAllowList=+["a"]-["c"]`)
	test(w("anna -EwsAllowList @{Set=a}"), `Cannot process argument transformation on parameter 'EwsAllowList'. Cannot convert value "@{Set=a}" to type "System.String[]". Error: "Add and Remove are the only keys"`)
	test(w("anna -Plain @{Add=a}"), `Cannot process argument transformation on parameter 'Plain'. Cannot convert value "@{Add=a}" to type "System.String[]". Error: "a hash table is not taken here"`)
	test(w("anna -EwsPolicy enforceallowlist"), `Identity=["anna"] EwsPolicy=["EnforceAllowList"]`)
	test(w("anna -EwsPolicy $null"), `Identity=["anna"] EwsPolicy=null`)
	test(w("anna -AccessRights fullaccess,sendas"), `Identity=["anna"] AccessRights=["FullAccess" "SendAs"]`)
	test(w("anna -AccessRights All"), `Cannot process argument transformation on parameter 'AccessRights'. Cannot convert value "All" to type "System.String[]". Error: "Unable to match the identifier name All to a valid enumerator name. Specify one of the following enumerator names and try again: FullAccess, SendAs"`)
	test(w("anna -StartDate 2026-11-28"), `Identity=["anna"] StartDate=2026-11-28T00:00:00`)
	test([]string{"anna", "-StartDate", "11/28/2026 3:04 PM"}, `Identity=["anna"] StartDate=2026-11-28T15:04:00`)
	test(w("anna -StartDate 2026-11-28T10:00:00+02:00"), `Identity=["anna"] StartDate=2026-11-28T08:00:00`)
	test(w("anna -Days -3"), `Identity=["anna"] Days=["-3"]`)
	test(w("anna -Days many"), `Cannot process argument transformation on parameter 'Days'. Cannot convert value "many" to type "System.Int32". Error: "Input string was not in a correct format."`)
	test(w("anna -WhatIf -Confirm:$false -DomainController dc1"), `Identity=["anna"]`)
	test(nil, `Cannot process command because of one or more missing mandatory parameters: Identity.`)
	test(w("anna ben"), `A positional parameter cannot be found that accepts argument 'ben'.`)
	test(w("anna -Colour red"), `A parameter cannot be found that matches parameter name 'Colour'.`)
	test(w("anna -Ews true"), `Parameter cannot be processed because the parameter name 'Ews' is ambiguous. Possible matches include: -EwsEnabled -EwsAllowList -EwsPolicy.`)
	test(w("anna -EwsPolicy"), `Missing an argument for parameter 'EwsPolicy'. Specify a parameter of type 'System.String' and try again.`)
	test(w("anna -EwsPolicy -Deny"), `Missing an argument for parameter 'EwsPolicy'. Specify a parameter of type 'System.String' and try again.`)
	test(w("anna -Identity ben"), `Cannot bind parameter because parameter 'Identity' is specified more than once. To provide multiple values to parameters that can accept multiple values, use the array syntax. For example, "-parameter value1,value2,value3".`)
	test([]string{strings.Repeat("a", maxArgument+1)}, `an argument has at most 65536 bytes`)
	test(slices.Repeat([]string{"a"}, maxArguments+1), `a command has at most 256 arguments`)
	test([]string{"a", "-EwsAllowList", strings.Repeat(",", maxValues)}, `a list has at most 4096 values`)
}

func TestList(t *testing.T) {
	test := func(text string, now, want []string) {
		t.Helper()
		a, err := sample().Bind([]string{"anna", "-EwsAllowList", text})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.List("EwsAllowList", now); !slices.Equal(got, want) || got == nil {
			t.Errorf("%s on %q: %q, want %q", text, now, got, want)
		}
	}
	test("a,b", []string{"c"}, []string{"a", "b"})
	test("$null", []string{"c"}, nil)
	test("@{Add='a','C'}", []string{"c"}, []string{"c", "a"})
	test("@{Remove=C}", []string{"c", "d"}, []string{"d"})
	test("@{Remove=c}", []string{"c"}, nil)
	a, _ := sample().Bind([]string{"anna"})
	if a.List("EwsAllowList", []string{"c"}) != nil {
		t.Error("what was not given is a list")
	}
}

// TestTable holds what every cmdlet must have.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range All() {
		if !Is(c.Name) || !Is(strings.ToLower(c.Name)) || seen[c.Name] || c.Synopsis == "" {
			t.Errorf("%s: not a name, or named twice, or without a synopsis", c.Name)
		}
		seen[c.Name] = true
		names := map[string]bool{}
		for _, p := range c.Parameters {
			if names[p.Name] {
				t.Errorf("%s has -%s twice", c.Name, p.Name)
			}
			names[p.Name] = true
			if p.Help == "" || (p.Kind == Enum || p.Kind == Enums) != (p.Values != nil) {
				t.Errorf("%s -%s: no help, or values where there are none", c.Name, p.Name)
			}
			for _, x := range common {
				if strings.EqualFold(x.Name, p.Name) {
					t.Errorf("%s -%s is common to all", c.Name, p.Name)
				}
			}
		}
	}
	for _, word := range []string{"serve", "who-can", "what-can", "-x", "Set-", "--admin", "Get-Mail box"} {
		if Is(word) {
			t.Errorf("%q is taken for a cmdlet", word)
		}
	}
}

func TestLike(t *testing.T) {
	test := func(pattern, name string, want bool) {
		t.Helper()
		if like(pattern, name) != want {
			t.Errorf("like(%q, %q) is %v", pattern, name, !want)
		}
	}
	test("Get-*", "get-mailbox", true)
	test("*mailbox", "Get-Mailbox", true)
	test("*mailbox", "Get-MailboxPermission", false)
	test("g*x", "Get-Mailbox", true)
	test("*", "", true)
	test("", "a", false)
}

// FuzzBind has no command line panic, and every refusal be a clear one.
func FuzzBind(f *testing.F) {
	for _, seed := range []string{"anna\x00-EwsAllowList\x00@{Add=a;Remove='b,c'}", "-Id:anna\x00-Deny", "a\x00-EwsAllowList\x00'x", "-\x00--\x00-a:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		a, err := sample().Bind(strings.Split(line, "\x00"))
		if err == nil && !a.Has("Identity") {
			t.Error("bound without what is mandatory")
		}
		if e, ok := err.(*entente.Error); err != nil && (!ok || e.Text == "") {
			t.Errorf("%v", err)
		}
	})
}
