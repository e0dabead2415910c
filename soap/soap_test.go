package soap

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"entente/strictxml"
)

var limits = strictxml.Limits{Bytes: 1 << 20, Depth: 32, Attributes: 32, Elements: 1000}

const (
	types    = "http://schemas.microsoft.com/exchange/services/2006/types"
	messages = "http://schemas.microsoft.com/exchange/services/2006/messages"
)

// envelope11 is what most clients send, with a header and a body to fill in.
func envelope11(header, body string) string {
	return `<s:Envelope xmlns:s="` + Namespace11 + `" xmlns:t="` + types + `" xmlns:m="` + messages + `"><s:Header>` +
		header + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

// read opens an envelope and reads all of it.
func read(in string) (*Message, error) {
	m, err := Open([]byte(in), limits)
	if err != nil {
		return nil, err
	}
	return m, m.Read((*strictxml.Reader).Skip)
}

func TestOperation(t *testing.T) {
	test := func(in string, v Version, want strictxml.Name) {
		t.Helper()
		m, err := read(in)
		if err != nil {
			t.Fatal(err)
		}
		if m.Operation() != want || m.Version != v {
			t.Errorf("got %v in version %d, want %v in %d", m.Operation(), m.Version, want, v)
		}
	}
	getItem := strictxml.Name{Space: messages, Local: "GetItem"}
	test(envelope11("", `<m:GetItem/>`), V11, getItem)
	test(envelope11("", `<GetItem xmlns="`+messages+`"/>`), V11, getItem)
	test("\uFEFF"+envelope11("", ` <!-- first --> <m:GetItem><a/></m:GetItem> `), V11, getItem)
	test(`<e:Envelope xmlns:e="`+Namespace11+`"><e:Body><Ping xmlns=""/></e:Body></e:Envelope>`, V11, strictxml.Name{Local: "Ping"})
	test(strings.Replace(envelope11(`<t:RequestServerVersion Version="Exchange2019"/>`, `<m:GetItem/>`), Namespace11, Namespace12, 1), V12, getItem)
}

func TestRefuses(t *testing.T) {
	test := func(in, code, text string) {
		t.Helper()
		_, err := read(in)
		var f *Fault
		if !errors.As(err, &f) {
			t.Fatalf("got %v for %q, want a fault", err, in)
		}
		if f.Code != (strictxml.Name{Local: code}) || !strings.Contains(f.String, text) {
			t.Errorf("got %v, want %s with %q", f, code, text)
		}
	}
	item, ns := `<m:GetItem/>`, `xmlns:s="`+Namespace11+`"`
	test("", Client, "no document element")
	test("hello", Client, "text outside")
	test("<html/>", Client, "not a SOAP envelope")
	test(`<Envelope/>`, VersionMismatch, "neither")
	test(`<s:Envelope xmlns:s="urn:schemas-xmlsoap-org:soap.v1"/>`, VersionMismatch, "neither")
	test(`<s:Envelope `+ns+`/>`, Client, "no Body")
	test(`<s:Envelope `+ns+`><s:Body/></s:Envelope>`, Client, "Body is empty")
	test(`<s:Envelope `+ns+`><Body><a/></Body></s:Envelope>`, Client, "no Body")
	test(`<s:Envelope `+ns+`><s:Body><a/></s:Body><s:Header/></s:Envelope>`, Client, "goes on")
	test(`<s:Envelope `+ns+`><s:Header/><s:Header/><s:Body><a/></s:Body></s:Envelope>`, Client, "no Body")
	test(`<s:Envelope `+ns+`>text<s:Body><a/></s:Body></s:Envelope>`, Client, "text between")
	test(envelope11("", item+item), Client, "more than one child")
	test(envelope11("", item+"!"), Client, "text between")
	test(envelope11("", item)+"<x/>", Client, "second document element")
	test(envelope11("", "<m:GetItem>"), Client, "does not match m:GetItem")
	test(envelope11("<a/>", item), Client, "no namespace")
	test(envelope11("<t:a/><t:b/><t:a/>", item), Client, "two header blocks")
	test(envelope11(`<t:a/><t:a s:actor="http://schemas.xmlsoap.org/soap/actor/next"/>`, item), Client, "two header blocks")
	test(envelope11(`<t:a s:mustUnderstand="perhaps"/>`, item), Client, "neither true nor false")
	test(`<!DOCTYPE a [<!ENTITY b "c">]>`+envelope11("", item), Client, "refused here: document type declaration")
	test(envelope11("", strings.Repeat("<t:x>", 40)), Client, "beyond a limit: elements nested too deeply")

	var many strings.Builder
	for i := range 40 {
		many.WriteString(`<t:h` + strings.Repeat("x", i) + `/>`)
	}
	test(envelope11(many.String(), item), Client, "too many header blocks")
}

// A refusal is answered in the version of SOAP that was spoken.
func TestRefusedVersion(t *testing.T) {
	test := func(in string, want Version) {
		t.Helper()
		_, err := Open([]byte(in), limits)
		var f *Fault
		if !errors.As(err, &f) || f.Version != want {
			t.Errorf("got %v", err)
		}
	}
	test(`<e:Envelope xmlns:e="`+Namespace11+`"/>`, V11)
	test(`<e:Envelope xmlns:e="`+Namespace12+`"/>`, V12)
	test(`<html/>`, V11)
}

func TestHeaderBlocks(t *testing.T) {
	const in = `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>anna@contoso.com</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>` +
		`<t:RequestServerVersion Version="Exchange2016"/><w:Trace xmlns:w="urn:w" s:mustUnderstand="1" s:actor="urn:another"/>`
	m, err := Open([]byte(envelope11(in, "<m:GetItem/>")), limits)
	if err != nil {
		t.Fatal(err)
	}
	address := ""
	impersonate := func(r *strictxml.Reader) {
		for r.Child() {
			for r.Child() {
				address = r.Text()
			}
		}
	}
	name := strictxml.Name{Space: types, Local: "ExchangeImpersonation"}
	for range 2 { // reading a block does not use it up
		if ok, err := m.ReadHeader(name, impersonate); !ok || err != nil || address != "anna@contoso.com" {
			t.Errorf("got %t, %v, %q", ok, err, address)
		}
	}
	if ok, _ := m.ReadHeader(strictxml.Name{Space: "urn:w", Local: "Trace"}, (*strictxml.Reader).Skip); ok {
		t.Error("read a block that is for another actor")
	}
	if ok, _ := m.ReadHeader(strictxml.Name{Local: "ExchangeImpersonation"}, (*strictxml.Reader).Skip); ok {
		t.Error("found a block by a name of another namespace")
	}
	if _, err := m.ReadHeader(name, func(*strictxml.Reader) {}); err == nil {
		t.Error("a decoder that left its block unread passed")
	}
	if err := m.MustUnderstand(); err != nil {
		t.Errorf("another actor's block: %v", err)
	}
	if err := m.Read((*strictxml.Reader).Skip); err != nil {
		t.Error(err)
	}
}

func TestMustUnderstand(t *testing.T) {
	security := strictxml.Name{Space: "urn:wsse", Local: "Security"}
	test := func(attr string, want bool, understood ...strictxml.Name) {
		t.Helper()
		m, err := Open([]byte(envelope11(`<w:Security xmlns:w="urn:wsse" `+attr+`/>`, "<m:GetItem/>")), limits)
		if err != nil {
			t.Fatal(err)
		}
		err = m.MustUnderstand(understood...)
		var f *Fault
		if got := errors.As(err, &f) && f.Code.Local == MustUnderstand; got != want {
			t.Errorf("%s: got %v", attr, err)
		}
	}
	test(``, false)
	test(`s:mustUnderstand="0"`, false)
	test(`s:mustUnderstand="1"`, true)
	test(`s:mustUnderstand="true"`, true)
	test(`mustUnderstand="1"`, false) // in no namespace, it says nothing
	test(`s:mustUnderstand="1"`, false, security)
	test(`s:mustUnderstand="1"`, true, strictxml.Name{Local: "Security"})
	test(`s:mustUnderstand="1" s:actor=""`, true)
	test(`s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"`, true)
	test(`s:mustUnderstand="1" s:actor="urn:proxy"`, false)
}

// A decoder's own error passes through, for the service to map.
func TestDecoderError(t *testing.T) {
	own := errors.New("no such folder")
	m, err := Open([]byte(envelope11("", "<m:GetItem><a/></m:GetItem>")), limits)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Read(func(r *strictxml.Reader) { r.Fail(own) }); err != own {
		t.Errorf("got %v", err)
	}
}

// The expected forms are those that Exchange 2010 answered an Evolution with.
func TestExchangeFault(t *testing.T) {
	test := func(f *Fault, want string) {
		t.Helper()
		e := strictxml.NewEncoder(nil)
		AppendFault(e, V11, f, nil, nil)
		want = `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>` +
			want + `</s:Fault></s:Body></s:Envelope>`
		if got := string(e.Bytes()); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if _, err := read(string(e.Bytes())); err != nil {
			t.Error(err)
		}
	}
	test(ExchangeFault("ErrorImpersonateUserDenied", "The account does not have permission to impersonate the requested user.", "The account does not have permission to impersonate the requested user.", nil),
		`<faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorImpersonateUserDenied</faultcode>`+
			`<faultstring xml:lang="en-US">The account does not have permission to impersonate the requested user.</faultstring>`+
			`<detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorImpersonateUserDenied</e:ResponseCode>`+
			`<e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">The account does not have permission to impersonate the requested user.</e:Message></detail>`)
	const violation = "The 'Id' attribute is invalid - The value 'invalidparentid' is invalid according to its datatype 'http://schemas.microsoft.com/exchange/services/2006/types:DistinguishedFolderIdNameType' - The Enumeration constraint failed."
	test(SchemaFault(violation, 2, 630),
		`<faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorSchemaValidation</faultcode>`+
			`<faultstring xml:lang="en-US">The request failed schema validation: `+violation+`</faultstring>`+
			`<detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorSchemaValidation</e:ResponseCode>`+
			`<e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">The request failed schema validation.</e:Message>`+
			`<t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:LineNumber>2</t:LineNumber><t:LinePosition>630</t:LinePosition>`+
			`<t:Violation>`+violation+`</t:Violation></t:MessageXml></detail>`)
	test(&Fault{Code: code(Client), String: "a < b", Actor: "urn:x"}, `<faultcode>s:Client</faultcode><faultstring xml:lang="en-US">a &lt; b</faultstring><faultactor>urn:x</faultactor>`)
}

func TestFault12(t *testing.T) {
	test := func(f *Fault, want string) {
		t.Helper()
		e := strictxml.NewEncoder(nil)
		AppendFault(e, V12, f, []Namespace{{"t", types}}, func(e *strictxml.Encoder) { e.Elem("t:V", "15") })
		want = `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:t="` + types + `">` +
			`<s:Header><t:V>15</t:V></s:Header><s:Body><s:Fault>` + want + `</s:Fault></s:Body></s:Envelope>`
		if got := string(e.Bytes()); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if m, err := read(string(e.Bytes())); err != nil || m.Operation() != (strictxml.Name{Space: Namespace12, Local: "Fault"}) {
			t.Error(err)
		}
	}
	reason := `<s:Reason><s:Text xml:lang="en-US">no</s:Text></s:Reason>`
	test(&Fault{Code: code(Client), String: "no"}, `<s:Code><s:Value>s:Sender</s:Value></s:Code>`+reason)
	test(&Fault{Code: code(Server), String: "no"}, `<s:Code><s:Value>s:Receiver</s:Value></s:Code>`+reason)
	test(&Fault{Code: code(MustUnderstand), String: "no"}, `<s:Code><s:Value>s:MustUnderstand</s:Value></s:Code>`+reason)
	test(&Fault{Code: strictxml.Name{Space: "urn:f", Local: "Bad"}, String: "no", Detail: func(e *strictxml.Encoder) { e.Elem("x", "y") }},
		`<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a="urn:f">a:Bad</s:Value></s:Subcode></s:Code>`+reason+`<s:Detail><x>y</x></s:Detail>`)
}

// TestRecorded opens what real clients and servers sent, where recordings are
// at hand: they are not ours to keep here.
func TestRecorded(t *testing.T) {
	dir := os.Getenv("ENTENTE_SHARED")
	if dir == "" {
		t.Skip("ENTENTE_SHARED names no directory with recorded messages")
	}
	envelope := regexp.MustCompile(`(?s)(<\?xml [^>]*>\s*)?<([\w-]+:)?Envelope\s.*?</([\w-]+:)?Envelope>`)
	n := 0
	err := filepath.WalkDir(filepath.Join(dir, "wire"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, doc := range envelope.FindAll(b, -1) {
			n++
			m, err := read(string(doc))
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			for _, b := range m.Blocks {
				if _, err := m.ReadHeader(b.Name, (*strictxml.Reader).Skip); err != nil {
					t.Errorf("%s: %s: %v", path, b.Name, err)
				}
			}
		}
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d envelopes, %v", n, err)
	}
	t.Logf("%d envelopes", n)
}

// FuzzOpen: an envelope is opened and read, or refused, and a refusal can be
// answered.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(envelope11("", "<m:GetItem/>")))
	f.Add([]byte(envelope11(`<t:a s:mustUnderstand="1"/>`, "<m:GetItem><t:b>c</t:b></m:GetItem>")))
	f.Add([]byte(strings.Replace(envelope11("<t:a/>", "<x/>"), Namespace11, Namespace12, 1)))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := Open(in, limits)
		if err == nil {
			for _, b := range m.Blocks {
				m.ReadHeader(b.Name, (*strictxml.Reader).Skip)
			}
			if err = m.MustUnderstand(); err == nil {
				err = m.Read((*strictxml.Reader).Skip)
			}
		}
		var fault *Fault
		if err == nil {
			return
		}
		if !errors.As(err, &fault) {
			t.Fatalf("%v is no fault", err)
		}
		e := strictxml.NewEncoder(nil)
		AppendFault(e, V11, fault, nil, nil)
		if _, err := read(string(e.Bytes())); err != nil {
			t.Fatalf("%v in %s", err, e.Bytes())
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	doc := []byte(envelope11(`<t:RequestServerVersion Version="Exchange2016"/>`+
		`<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>anna@contoso.com</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`,
		`<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape></m:GetItem>`))
	name := strictxml.Name{Space: types, Local: "ExchangeImpersonation"}
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		m, err := Open(doc, limits)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.ReadHeader(name, (*strictxml.Reader).Skip); err != nil {
			b.Fatal(err)
		}
		if err := m.Read((*strictxml.Reader).Skip); err != nil {
			b.Fatal(err)
		}
	}
}
