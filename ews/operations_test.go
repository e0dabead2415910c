package ews

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"entente/strictxml"
)

func decodeRequest(s string) (Request, error) {
	r := strictxml.NewReader([]byte(s), testLimits)
	if !r.Root() {
		return nil, r.Err()
	}
	return DecodeRequest(r)
}

var (
	betweenTags = regexp.MustCompile(`>\s+<`)
	anyTag      = regexp.MustCompile(`<(/?)([tm]):(\w+)`)
)

// styles are the ways clients declare the namespaces: one prefix each, the
// messages as default, other prefixes, and a default declared by every element.
func styles(s string) map[string]string {
	i := strings.IndexAny(s, " />")
	root := func(s, decl string) string {
		i := strings.IndexAny(s, " />")
		return s[:i] + decl + s[i:]
	}
	rename := func(m, t string) string {
		return anyTag.ReplaceAllStringFunc(s, func(tag string) string {
			p := anyTag.FindStringSubmatch(tag)
			return "<" + p[1] + map[string]string{"m": m, "t": t}[p[2]] + p[3]
		})
	}
	local := anyTag.ReplaceAllStringFunc(s, func(tag string) string {
		p := anyTag.FindStringSubmatch(tag)
		if p[1] == "/" {
			return "</" + p[3]
		}
		return "<" + p[3] + ` xmlns="` + map[string]string{"m": NSMessages, "t": NSTypes}[p[2]] + `"`
	})
	return map[string]string{
		"t: and m:":        s[:i] + ` xmlns:m="` + NSMessages + `" xmlns:t="` + NSTypes + `"` + s[i:],
		"messages default": root(rename("", "t:"), ` xmlns="`+NSMessages+`" xmlns:t="`+NSTypes+`"`),
		"types default":    root(rename("ns1:", ""), ` xmlns:ns1="`+NSMessages+`" xmlns="`+NSTypes+`"`),
		"other prefixes":   root(rename("_-.1:", "m:"), ` xmlns:_-.1="`+NSMessages+`" xmlns:m="`+NSTypes+`"`),
		"all local":        local,
	}
}

// Every request is read whatever the prefixes, and written again to the last
// character.
func TestRequests(t *testing.T) {
	for name, texts := range requests() {
		for _, in := range texts {
			in = betweenTags.ReplaceAllString(strings.TrimSpace(in), "><")
			var first Request
			for style, s := range styles(in) {
				req, err := decodeRequest(s)
				if err != nil {
					t.Errorf("%s, %s: %v\n%s", name, style, err, s)
					continue
				}
				if first == nil {
					first = req
				}
				if !reflect.DeepEqual(req, first) {
					t.Errorf("%s, %s: got %+v, want %+v", name, style, req, first)
				}
			}
			if first == nil {
				continue
			}
			e := strictxml.NewEncoder(nil)
			AppendRequest(e, first)
			if got := string(e.Bytes()); got != in {
				t.Errorf("%s\n got %s\nwant %s", name, got, in)
			}
			if got := reflect.TypeOf(first).Elem().Name(); !strings.EqualFold(got, first.Element()) {
				t.Errorf("element %s is type %s", first.Element(), got)
			}
		}
	}
}

// There is a request for every operation we serve.
func TestRequestsComplete(t *testing.T) {
	all := requests()
	for _, op := range Operations() {
		if _, ok := all[op.RequestElement]; ok != op.Supported() {
			t.Errorf("%s: supported %t, has a test %t", op.Name, op.Supported(), ok)
		}
		if op.Supported() && op.newRequest().Element() != op.RequestElement {
			t.Errorf("%s makes %T", op.Name, op.newRequest())
		}
	}
}

func TestOperations(t *testing.T) {
	ops := Operations()
	if len(ops) != 122 || !slices.IsSortedFunc(ops, func(a, b Operation) int { return strings.Compare(a.RequestElement, b.RequestElement) }) {
		t.Errorf("%d operations, or out of order", len(ops))
	}
	test := func(element, name string, supported bool) {
		t.Helper()
		op, ok := OperationOf(element)
		if ok != (name != "") || op.Name != name || op.Supported() != supported {
			t.Errorf("%s: %+v, %t", element, op, ok)
		}
	}
	test("GetItem", "GetItem", true)
	test("GetUserAvailabilityRequest", "GetUserAvailability", true)
	test("GetUserAvailability", "", false)
	test("PlayOnPhone", "PlayOnPhone", false)
	test("getitem", "", false)
	test("", "", false)
}

func TestDecodeRequestRefuses(t *testing.T) {
	test := func(in string, want ResponseCode, text string) {
		t.Helper()
		req, err := decodeRequest(declared(in))
		f, ok := errors.AsType[*Fault](err)
		if !ok || f.Code != want || !strings.Contains(f.Message(), text) {
			t.Errorf("%s\ngave %+v, %v; want %s, %s", in, req, err, want, text)
		}
	}
	shape := `<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>`
	ids := `<m:ItemIds><t:ItemId Id="a"/></m:ItemIds>`
	test(`<m:PlayOnPhone/>`, ErrorInvalidOperation, "PlayOnPhone")
	test(`<m:NoSuchThing/>`, ErrorInvalidOperation, "")
	test(`<t:GetItem/>`, ErrorInvalidOperation, "")
	test(`<m:GetUserAvailability/>`, ErrorInvalidOperation, "")
	test(`<m:GetItem/>`, ErrorSchemaValidation, "ItemShape")
	test(`<m:GetItem>`+shape+`</m:GetItem>`, ErrorSchemaValidation, "ItemIds")
	test(`<m:GetItem>`+shape+`<m:ItemIds/></m:GetItem>`, ErrorSchemaValidation, "ItemIds")
	test(`<m:GetItem>`+shape+ids+`<m:Other/></m:GetItem>`, ErrorSchemaValidation, "Other")
	test(`<m:GetItem>`+shape+shape+ids+`</m:GetItem>`, ErrorSchemaValidation, "ItemShape")
	test(`<m:GetItem>`+shape+`<t:ItemIds><t:ItemId Id="a"/></t:ItemIds></m:GetItem>`, ErrorSchemaValidation, "ItemIds")
	test(`<m:GetItem>`+shape+`<m:ItemIds><m:ItemId Id="a"/></m:ItemIds></m:GetItem>`, ErrorSchemaValidation, "ItemId")
	test(`<m:GetItem>`+shape+`<m:ItemIds><t:ItemId/></m:ItemIds></m:GetItem>`, ErrorSchemaValidation, "Id")
	test(`<m:GetItem>`+strings.Replace(shape, "IdOnly", "Everything", 1)+ids+`</m:GetItem>`, ErrorSchemaValidation, "Everything")
	test(`<m:DeleteItem>`+ids+`</m:DeleteItem>`, ErrorSchemaValidation, "DeleteType")
	test(`<m:DeleteItem DeleteType="Shred">`+ids+`</m:DeleteItem>`, ErrorSchemaValidation, "Shred")
	test(`<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="perhaps"><m:FolderIds><t:FolderId Id="a"/></m:FolderIds></m:EmptyFolder>`,
		ErrorSchemaValidation, "perhaps")
	test(`<m:ConvertId DestinationFormat="EwsId"><m:SourceIds><t:AlternateId Format="EwsId" Mailbox="a@b.example"/></m:SourceIds></m:ConvertId>`,
		ErrorSchemaValidation, "Id")
	test(`<m:FindItem Traversal="Shallow">`+shape+`<m:IndexedPageItemView Offset="0" BasePoint="Beginning"/><m:CalendarView StartDate="2026-01-01T00:00:00Z" EndDate="2026-02-01T00:00:00Z"/><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`,
		ErrorSchemaValidation, "CalendarView")
	test(`<m:FindItem Traversal="Sideways">`+shape+`<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`,
		ErrorSchemaValidation, "Sideways")
	test(`<m:FindItem Traversal="Shallow">`+shape+`<m:Restriction><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists></m:Restriction><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`,
		ErrorSchemaValidation, "Exists")
}

// A request that is not XML is not ours to name.
func TestDecodeRequestBrokenXML(t *testing.T) {
	_, err := decodeRequest(declared(`<m:GetItem><m:ItemShape>`))
	if _, ok := errors.AsType[*strictxml.SyntaxError](err); !ok {
		t.Errorf("%T: %v", err, err)
	}
}
