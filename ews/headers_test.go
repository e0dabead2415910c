package ews

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"entente/soap"
	"entente/strictxml"
)

var testLimits = strictxml.Limits{Bytes: 1 << 20, Depth: 64, Attributes: 64, Elements: 20000}

// declared gives the element in s, unless it declares them itself, the
// namespaces under the prefixes we write.
func declared(s string) string {
	i := strings.IndexAny(s, " />")
	return s[:i] + ` xmlns:s="` + soap.Namespace11 + `" xmlns:t="` + NSTypes + `" xmlns:m="` + NSMessages + `"` + s[i:]
}

func header(s string) (Header, error) {
	r := strictxml.NewReader([]byte(declared(s)), testLimits)
	if !r.Root() {
		return Header{}, r.Err()
	}
	return DecodeHeader(r)
}

func TestDecodeHeader(t *testing.T) {
	test := func(in string, want Header) {
		t.Helper()
		got, err := header("<s:Header>" + in + "</s:Header>")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", in, got, err, want)
		}
	}
	acting := func(c ConnectingSID) Header { return Header{Impersonation: &ExchangeImpersonation{c}} }
	impersonate := func(in string) string {
		return `<t:ExchangeImpersonation><t:ConnectingSID>` + in + `</t:ConnectingSID></t:ExchangeImpersonation>`
	}

	test("", Header{})
	test(`<t:RequestServerVersion Version="Exchange2010_SP2"/>`, Header{RequestServerVersion: "Exchange2010_SP2"})
	test(`<t:RequestServerVersion Version="Exchange2019"/>`, Header{RequestServerVersion: "Exchange2019"})
	test(`<t:MailboxCulture>de-DE</t:MailboxCulture>`, Header{MailboxCulture: "de-DE"})
	test(`<t:DateTimePrecision>Milliseconds</t:DateTimePrecision>`, Header{DateTimePrecision: PrecisionMilliseconds})
	test(`<t:ManagementRole><t:UserRoles><t:Role>Mail Recipients</t:Role></t:UserRoles></t:ManagementRole>`,
		Header{ManagementRole: &ManagementRole{UserRoles: []string{"Mail Recipients"}}})
	test(`<t:TimeZoneContext><t:TimeZoneDefinition Id="UTC"/></t:TimeZoneContext>`,
		Header{TimeZoneContext: &TimeZoneContext{TimeZoneDefinition{ID: "UTC"}}})

	// Every way to name a person, under any prefix.
	test(impersonate(`<t:PrincipalName>anna@contoso.example</t:PrincipalName>`), acting(ConnectingSID{PrincipalName: "anna@contoso.example"}))
	test(impersonate(`<t:SID>S-1-5-21-1-2-3-1104</t:SID>`), acting(ConnectingSID{SID: "S-1-5-21-1-2-3-1104"}))
	test(impersonate(`<t:PrimarySmtpAddress> anna@contoso.example </t:PrimarySmtpAddress>`), acting(ConnectingSID{PrimarySMTPAddress: "anna@contoso.example"}))
	test(impersonate(`<t:SmtpAddress>anna@contoso.example</t:SmtpAddress>`), acting(ConnectingSID{SMTPAddress: "anna@contoso.example"}))
	test(impersonate(`<t:SID>S-1-5-21-1-2-3-1104</t:SID><t:SmtpAddress>a@b.example</t:SmtpAddress>`),
		acting(ConnectingSID{SID: "S-1-5-21-1-2-3-1104", SMTPAddress: "a@b.example"}))
	test(`<ExchangeImpersonation xmlns="`+NSTypes+`"><ConnectingSID><SID>S-1-1-0</SID></ConnectingSID></ExchangeImpersonation>`, acting(ConnectingSID{SID: "S-1-1-0"}))
	test(`<q:ExchangeImpersonation xmlns:q="`+NSTypes+`" s:mustUnderstand="1"><q:ConnectingSID><q:SID>S-1-1-0</q:SID></q:ConnectingSID></q:ExchangeImpersonation>`, acting(ConnectingSID{SID: "S-1-1-0"}))

	// What others put there.
	test(`<a:Action xmlns:a="http://www.w3.org/2005/08/addressing">urn:x</a:Action>`, Header{})
	test(`<a:To xmlns:a="http://www.w3.org/2005/08/addressing" s:mustUnderstand="0"/>`, Header{})
	test(`<t:Unheard><t:Of/></t:Unheard>`, Header{})
}

func TestDecodeHeaderRefuses(t *testing.T) {
	test := func(want ResponseCode, in ...string) {
		t.Helper()
		h, err := header("<s:Header>" + strings.Join(in, "") + "</s:Header>")
		if f, ok := errors.AsType[*Fault](err); !ok || f.Code != want {
			t.Errorf("%s\ngave %+v, %v; want %s", in, h, err, want)
		}
	}
	const sid = `<t:SID>S-1-1-0</t:SID>`
	impersonate := func(in string) string {
		return `<t:ExchangeImpersonation><t:ConnectingSID>` + in + `</t:ConnectingSID></t:ExchangeImpersonation>`
	}
	test(ErrorInvalidExchangeImpersonationHeaderData, `<t:ExchangeImpersonation/>`)
	test(ErrorInvalidExchangeImpersonationHeaderData, impersonate(""))
	test(ErrorInvalidExchangeImpersonationHeaderData, impersonate("<t:SID/>"))
	test(ErrorInvalidExchangeImpersonationHeaderData, impersonate("<t:SID> \n</t:SID>"))
	test(ErrorInvalidExchangeImpersonationHeaderData, impersonate(sid+sid))
	test(ErrorInvalidExchangeImpersonationHeaderData, impersonate(sid+"<t:Sid>S-1-1-0</t:Sid>"))
	test(ErrorInvalidExchangeImpersonationHeaderData, impersonate("<m:SID>S-1-1-0</m:SID>"))
	test(ErrorInvalidExchangeImpersonationHeaderData, `<t:ExchangeImpersonation><m:ConnectingSID>`+sid+`</m:ConnectingSID></t:ExchangeImpersonation>`)
	test(ErrorInvalidExchangeImpersonationHeaderData,
		`<t:ExchangeImpersonation><t:ConnectingSID>`+sid+`</t:ConnectingSID><t:ConnectingSID>`+sid+`</t:ConnectingSID></t:ExchangeImpersonation>`)
	// In a namespace nobody looks at, it must not be passed over.
	test(ErrorInvalidExchangeImpersonationHeaderData, `<m:ExchangeImpersonation><t:ConnectingSID>`+sid+`</t:ConnectingSID></m:ExchangeImpersonation>`)
	test(ErrorInvalidExchangeImpersonationHeaderData, `<ExchangeImpersonation xmlns="">`+sid+`</ExchangeImpersonation>`)

	test(ErrorInvalidExchangeImpersonationHeaderData, `<t:exchangeimpersonation><t:ConnectingSID>`+sid+`</t:ConnectingSID></t:exchangeimpersonation>`)
	test(ErrorInvalidExchangeImpersonationHeaderData, `<t:ConnectingSID>`+sid+`</t:ConnectingSID>`)

	test(ErrorMoreThanOneAccessModeSpecified, impersonate(sid), impersonate(sid))
	test(ErrorMoreThanOneAccessModeSpecified, `<t:SerializedSecurityContext/>`, impersonate(sid))
	test(ErrorMoreThanOneAccessModeSpecified, `<t:SerializedSecurityContext/>`, `<t:ProxySecurityContext/>`)
	test(ErrorInvalidSerializedAccessToken, `<t:SerializedSecurityContext/>`)
	test(ErrorInvalidSerializedAccessToken, `<t:SerializedSecurityContext><t:UserSid>anna</t:UserSid></t:SerializedSecurityContext>`)
	test(ErrorProxyRequestNotAllowed, `<t:ProxyRequestType>CrossSite</t:ProxyRequestType>`)
	test(ErrorInvalidManagementRoleHeader, `<m:ManagementRole><t:UserRoles><t:Role>x</t:Role></t:UserRoles></m:ManagementRole>`)
	test(ErrorMoreThanOneAccessModeSpecified, impersonate(sid), `<t:SerializedSecurityContext/>`)
	test(ErrorTokenSerializationDenied, `<t:SerializedSecurityContext><t:UserSid>S-1-1-0</t:UserSid></t:SerializedSecurityContext>`)
	test(ErrorTokenSerializationDenied, `<t:ProxySecurityContext>AAAA</t:ProxySecurityContext>`)
	test(ErrorTokenSerializationDenied, `<t:OpenAsAdminOrSystemService/>`)
	test(ErrorTokenSerializationDenied, `<m:ProxySecurityContext>AAAA</m:ProxySecurityContext>`)

	test(ErrorInvalidManagementRoleHeader, `<t:ManagementRole/>`)
	test(ErrorSchemaValidation, `<t:DateTimePrecision>Hours</t:DateTimePrecision>`)
	test(ErrorSchemaValidation, `<t:TimeZoneContext/>`)
	test(ErrorSchemaValidation, `<t:RequestServerVersion Version="Exchange2013"/>`, `<t:RequestServerVersion Version="Exchange2010"/>`)
}

// Only what must be understood by us is refused for not being understood.
func TestMustUnderstand(t *testing.T) {
	test := func(in string, refused bool) {
		t.Helper()
		_, err := header("<s:Header>" + in + "</s:Header>")
		f, ok := errors.AsType[*soap.Fault](err)
		if ok != refused || ok && f.Code.Local != soap.MustUnderstand {
			t.Errorf("%s gave %v", in, err)
		}
	}
	const twelve = ` xmlns:x="urn:x" xmlns:v="` + soap.Namespace12 + `"`
	test(`<t:Other s:mustUnderstand="1"/>`, true)
	test(`<x:Other s:mustUnderstand="true"`+twelve+`/>`, true)
	test(`<x:Other v:mustUnderstand="true"`+twelve+`/>`, true)
	test(`<x:Other s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"`+twelve+`/>`, true)
	test(`<x:Other s:mustUnderstand="1" s:actor="urn:somebody"`+twelve+`/>`, false)
	test(`<x:Other s:mustUnderstand="0"`+twelve+`/>`, false)
	test(`<x:Other mustUnderstand="1"`+twelve+`/>`, false)
	test(`<t:MailboxCulture s:mustUnderstand="1">en</t:MailboxCulture>`, false)
}

// What AppendXML writes, DecodeHeader reads.
func TestHeaderRoundTrip(t *testing.T) {
	want := Header{
		RequestServerVersion: "Exchange2016",
		Impersonation:        &ExchangeImpersonation{ConnectingSID{PrincipalName: "a&b@contoso.example", SID: "S-1-1-0"}},
		TimeZoneContext:      &TimeZoneContext{TimeZoneDefinition{ID: "W. Europe Standard Time"}},
		MailboxCulture:       "en-US",
		DateTimePrecision:    PrecisionSeconds,
		ManagementRole:       &ManagementRole{ApplicationRoles: []string{"x", "y"}},
	}
	e := strictxml.NewEncoder(nil)
	e.Start("s:Header")
	want.AppendXML(e)
	e.End("s:Header")
	got, err := header(string(e.Bytes()))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %+v, %v\nwant %+v", e.Bytes(), got, err, want)
	}
}

func FuzzDecodeHeader(f *testing.F) {
	f.Add("<s:Header/>")
	f.Add(`<s:Header><t:RequestServerVersion Version="Exchange2016"/></s:Header>`)
	f.Add(`<s:Header><t:ExchangeImpersonation><t:ConnectingSID><t:SID>S-1-1-0</t:SID></t:ConnectingSID></t:ExchangeImpersonation></s:Header>`)
	f.Add(`<s:Header><t:ManagementRole><t:UserRoles><t:Role>r</t:Role></t:UserRoles></t:ManagementRole></s:Header>`)
	f.Add(`<s:Header><t:SerializedSecurityContext/></s:Header>`)
	f.Fuzz(func(t *testing.T, s string) {
		if !strings.ContainsAny(s, " />") {
			return
		}
		h, err := header(s)
		if err != nil {
			return
		}
		if c := h.Impersonation; c != nil && c.ConnectingSID == (ConnectingSID{}) {
			t.Error("an impersonation of nobody")
		}
		// Whatever asks for an identity was taken or refused.
		r := strictxml.NewReader([]byte(declared(s)), testLimits)
		r.Root()
		for r.Child() {
			if n := r.Name(); isSecurityHeader(n.Local) && (h.Impersonation == nil || n.Local != "ExchangeImpersonation") && (h.ManagementRole == nil || n.Local != "ManagementRole") {
				t.Errorf("%s was passed over", n.Local)
			}
			r.Skip()
		}
	})
}
