package xmlsec

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// TestSecret holds that what is encrypted by a secret is opened by it alone, and
// by nobody who changed a byte of it.
func TestSecret(t *testing.T) {
	secret, plain := bytes.Repeat([]byte{7}, 32), []byte(`<a xmlns="urn:a">text</a>`)
	good, err := EncryptSecret(plain, secret)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecryptSecret(good, secret); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%v %s", err, got)
	}
	if bytes.Contains(good, []byte("text")) {
		t.Error("it is not encrypted")
	}
	refused := func(name string, element, secret []byte) {
		t.Helper()
		if got, err := DecryptSecret(element, secret); !errors.Is(err, ErrRefused) || got != nil {
			t.Errorf("%s: %v %s", name, err, got)
		}
	}
	refused("another secret", good, bytes.Repeat([]byte{8}, 32))
	refused("a short secret", good, secret[:31])
	refused("no secret", good, nil)
	refused("nothing", nil, secret)
	replaced := func(from, to string) []byte { return []byte(strings.Replace(string(good), from, to, 1)) }
	at := bytes.Index(good, []byte("CipherValue>")) + 20
	changed := bytes.Clone(good)
	changed[at] ^= 1
	refused("a changed byte", changed, secret)
	refused("CBC", replaced(algAES256GCM, algAES256CBC), secret)
	refused("another key", replaced(">key<", ">other<"), secret)
	refused("no key", replaced("<ds:KeyName>key</ds:KeyName>", ""), secret)
	refused("another type", replaced(`Type="`, `Type="x`), secret)
	refused("something behind it", append(bytes.Clone(good), "<x/>"...), secret)
	refused("a document type", append([]byte(`<!DOCTYPE x>`), good...), secret)
	if _, err := EncryptSecret(plain, secret[:16]); err == nil {
		t.Error("a short secret is used")
	}
}
