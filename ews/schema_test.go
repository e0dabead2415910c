package ews

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// lint validates documents with xmllint and returns the names of those that
// are not valid, and what it said.
func lint(t *testing.T, schema string, docs map[string][]byte) (invalid map[string]bool, said string) {
	t.Helper()
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint (Debian: libxml2-utils): ", err)
	}
	dir := t.TempDir()
	args := []string{"--nonet", "--noout", "--schema", schema}
	for name, doc := range docs {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	if err != nil && bytes.Contains(out, []byte("failed to compile")) {
		t.Fatalf("the schema does not load:\n%s", out)
	}
	invalid = map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), " fails to validate"); ok {
			invalid[filepath.Base(name)] = true
		}
	}
	return invalid, string(out)
}

// ourSchema puts the schema documents into a directory.
func ourSchema(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, s := range Schemas("https://mail.contoso.example/EWS/Exchange.asmx") {
		if err := os.WriteFile(filepath.Join(dir, s.Name), s.Text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "messages.xsd")
}

// documents has every sample request and answer of the tests of this package,
// and every kind with all its properties.
func documents() map[string][]byte {
	docs := map[string][]byte{}
	add := func(name string, i int, doc []byte) {
		docs[name+"-"+itoa(int64(i))+".xml"] = doc
	}
	for name, texts := range requests() {
		for i, text := range texts {
			add(name, i, declare([]byte(strings.TrimSpace(text))))
		}
	}
	for i, c := range responses() {
		add(c.value.Element(), i, declare(encodeResponse(c.value)))
	}
	for k := KindItem; k < numKinds; k++ {
		switch values := fullProperties(k); {
		case k.IsFolder():
			resp := &GetFolderResponse{ResponseMessages: []FolderInfoResponseMessage{{
				ResponseMessage: Success(), Folders: []Folder{{Kind: k, Values: values}},
			}}}
			add("Full"+k.Element(), 0, declare(encodeResponse(resp)))
		default:
			req := &CreateItem{Items: []Item{{Kind: k, Values: values}}}
			add("Full"+k.Element(), 0, encodeRequest(req))
		}
	}
	return docs
}

// TestOurSchema: the schema we publish loads, and what we read and write is
// valid by it.
func TestOurSchema(t *testing.T) {
	docs := documents()
	docs["bad.xml"] = declare([]byte(`<m:GetFolder><m:FolderShape/></m:GetFolder>`))
	invalid, said := lint(t, ourSchema(t), docs)
	if !invalid["bad.xml"] {
		t.Errorf("a bad request is valid:\n%s", said)
	}
	delete(invalid, "bad.xml")
	if len(invalid) != 0 {
		t.Errorf("%d documents are not valid:\n%s", len(invalid), complaints(said))
	}
}

// TestOursWithinPublished: what is valid by our schema is valid by the
// published one, as far as our documents go.
func TestOursWithinPublished(t *testing.T) {
	published := shared(t, "schemas/ews-lint-all.xsd")
	docs := documents()
	for name, doc := range docs {
		docs[name] = asPublished(doc)
	}
	invalid, said := lint(t, published, docs)
	if len(invalid) != 0 {
		t.Errorf("%d documents are not valid:\n%s", len(invalid), complaints(said))
	}
}

func complaints(said string) string {
	var b strings.Builder
	for line := range strings.Lines(said) {
		if !strings.HasSuffix(strings.TrimSpace(line), " validates") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestSchemas(t *testing.T) {
	all := Schemas(`https://x.example/?a="b"&c`)
	if len(all) != 3 || all[0].Name != "Services.wsdl" {
		t.Fatalf("%d documents", len(all))
	}
	if want := `<soap:address location="https://x.example/?a=&quot;b&quot;&amp;c"/>`; !bytes.Contains(all[0].Text, []byte(want)) {
		t.Errorf("no %s", want)
	}
	for _, op := range Operations() {
		part := `<wsdl:operation name="` + op.Name + `">`
		if bytes.Contains(all[0].Text, []byte(part)) != op.Supported() {
			t.Errorf("%s: supported %t, and the description says otherwise", op.Name, op.Supported())
		}
	}
}
