package ews

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"entente/strictxml"
)

var wide = strictxml.Limits{Bytes: 8 << 20, Depth: 100, Attributes: 64, Elements: 200_000}

// shared is a directory with published schemas and recorded messages, which
// are not part of this repository.
func shared(t testing.TB, path string) string {
	t.Helper()
	dir := os.Getenv("ENTENTE_SHARED")
	if dir == "" {
		t.Skip("ENTENTE_SHARED names no directory with schemas and recorded messages")
	}
	dir = filepath.Join(dir, path)
	if _, err := os.Stat(dir); err != nil {
		t.Skip(err)
	}
	return dir
}

// toBody walks to the first child of the SOAP body.
func toBody(doc []byte) (*strictxml.Reader, error) {
	r := strictxml.NewReader(doc, wide)
	if !r.Root() {
		return nil, r.Err()
	}
	for r.Child() {
		if r.Name().Local != "Body" {
			r.Skip()
			continue
		}
		if r.Child() {
			return r, nil
		}
	}
	return nil, r.Err()
}

// TestReplay decodes every request that was recorded from a real client, and
// decodes what it encodes again to the same bytes.
func TestReplay(t *testing.T) {
	envelope := regexp.MustCompile(`(?s)<([A-Za-z0-9]+:)?Envelope.*?</([A-Za-z0-9]+:)?Envelope>`)
	requests, refused := 0, map[string]int{}
	for _, dir := range []string{"wire/clients", "wire/exchange-traces"} {
		err := filepath.WalkDir(shared(t, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, doc := range envelope.FindAll(text, -1) {
				r, err := toBody(doc)
				if err != nil || r == nil {
					t.Errorf("%s: %v", path, err)
					continue
				}
				if _, ok := OperationOf(r.Name().Local); !ok {
					continue // an answer
				}
				requests++
				replay(t, path, r, refused)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d requests; refused: %v", requests, refused)
	if requests < 100 {
		t.Errorf("only %d requests found", requests)
	}
}

func replay(t *testing.T, path string, r *strictxml.Reader, refused map[string]int) {
	name := r.Name().Local
	req, err := DecodeRequest(r)
	if err != nil {
		if f, ok := err.(*Fault); ok && f.Code == ErrorInvalidOperation {
			refused[name]++ // an operation we say we do not serve
			return
		}
		t.Errorf("%s: %v", path, err)
		return
	}
	first := encodeRequest(req)
	r = strictxml.NewReader(first, wide)
	if !r.Root() {
		t.Errorf("%s: %v\n%s", path, r.Err(), first)
		return
	}
	again, err := DecodeRequest(r)
	if err != nil {
		t.Errorf("%s: again: %v\n%s", path, err, first)
		return
	}
	if second := encodeRequest(again); !bytes.Equal(first, second) {
		t.Errorf("%s: differs the second time:\n%s\n%s", path, first, second)
	}
}

// encodeRequest writes a request as a document of its own.
func encodeRequest(req Request) []byte {
	e := strictxml.NewEncoder(nil)
	AppendRequest(e, req)
	return declare(e.Bytes())
}

// declare puts the declarations of our prefixes, which an envelope has, on the
// first element.
func declare(doc []byte) []byte {
	i := bytes.IndexAny(doc, " />")
	return bytes.Join([][]byte{
		doc[:i], []byte(` xmlns:t="` + NSTypes + `" xmlns:m="` + NSMessages + `"`), doc[i:],
	}, nil)
}
