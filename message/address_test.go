package message

import (
	"slices"
	"strings"
	"testing"
)

func TestParseAddressList(t *testing.T) {
	test := func(in string, want ...Address) {
		t.Helper()
		if got := ParseAddressList(in); !slices.Equal(got, want) {
			t.Errorf("ParseAddressList(%q) = %q, want %q", in, got, want)
		}
	}
	anna := Address{"Anna Ek", "anna@contoso.example"}
	bo := Address{"", "bo@contoso.example"}
	test("")
	test(" , ;")
	test("bo@contoso.example", bo)
	test("<bo@contoso.example>", bo)
	test("Anna Ek <anna@contoso.example>", anna)
	test("Anna   Ek<anna@contoso.example>", anna)
	test(`"Anna Ek" <anna@contoso.example>, bo@contoso.example`, anna, bo)
	test(`"Ek, Anna \"A\"" <anna@contoso.example>`, Address{`Ek, Anna "A"`, "anna@contoso.example"})
	test("Anna Ek <anna@contoso.example>; bo@contoso.example", anna, bo) // Outlook
	test("Anna Ek <anna@contoso.example> <bo@contoso.example>", anna, bo)
	test("anna@contoso.example (Anna Ek)", anna) // RFC 822's way
	test("anna@contoso.example (Anna (really) Ek)", Address{"Anna (really) Ek", "anna@contoso.example"})
	test("Anna Ek (away) <anna@contoso.example>", anna)
	test("Team: Anna Ek <anna@contoso.example>, bo@contoso.example;", anna, bo)
	test("undisclosed-recipients:;")
	test("Empty:; bo@contoso.example", bo)
	test("=?iso-8859-1?Q?Bj=F6rn_=C5?= <b@x.example>", Address{"Björn Å", "b@x.example"})
	test(`"=?utf-8?B?w7ZsLCBi?=" <b@x.example>`, Address{"öl, b", "b@x.example"}) // quoted, against RFC 2047 5
	test("=?utf-8?q?a?= =?utf-8?q?b?= <b@x.example>", Address{"ab", "b@x.example"})
	test("Bj\xf6rn <b@x.example>", Address{"Björn", "b@x.example"})
	test("用户@例え.example", Address{"", "用户@例え.example"}) // RFC 6532
	test(`"a b"@x.example`, Address{"", `"ab"@x.example`})
	test("user@[192.0.2.1]", Address{"", "user@[192.0.2.1]"})
	test("user@[IPv6:2001:db8::1]", Address{"", "user@[IPv6:2001:db8::1]"})
	test("<@relay.example,@b.example:bo@contoso.example>", bo)
	test("bo @ contoso . example", bo)
	test("<'bo@contoso.example'>", bo)
	test("Bo", Address{"Bo", ""})
	test(`"bo@contoso.example"`, Address{"bo@contoso.example", ""})
	test(`"bo@contoso.example" <bo@contoso.example>`, Address{"bo@contoso.example", "bo@contoso.example"})
	test("MAILER-DAEMON (Mail System)", Address{"MAILER-DAEMON", ""})
	test("Anna <anna@contoso.example", Address{"Anna", "anna@contoso.example"})
	test(`"open <anna@contoso.example>`, Address{"open <anna@contoso.example>", ""})
	test("a\x00b <x@y.example>", Address{"a b", "x@y.example"})
	test("J. P. O'Neil-Smith <j.o'neil@x.example>", Address{"J. P. O'Neil-Smith", "j.o'neil@x.example"})
}

func TestParseAddress(t *testing.T) {
	if a, err := ParseAddress("Anna Ek <anna@contoso.example>"); err != nil || a.String() != "Anna Ek <anna@contoso.example>" {
		t.Error(a, err)
	}
	for _, s := range []string{"", "Anna", "a@b.example, c@d.example", "<>", "group:;"} {
		if a, err := ParseAddress(s); err == nil {
			t.Errorf("%q gave %v", s, a)
		}
	}
}

func TestAddressRoundTrip(t *testing.T) {
	for _, name := range []string{"", "Anna", "Anna Ek", "Ek, Anna", `a "quoted" \ name`, "Björn", "a  b", "x@y.example", "=?utf-8?q?x?=", "(c)", "a:b;c", strings.Repeat("lång ", 30) + "x", "o'neil.", "[x]", "日本", "<b@c>"} {
		want := Address{name, "b@x.example"}
		line := string(appendAddress(nil, want))
		if got := ParseAddressList(line + ", c@x.example"); len(got) != 2 || got[0] != want {
			t.Errorf("%q came back from %q as %q", name, line, got)
		}
	}
}
