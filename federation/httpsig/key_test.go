package httpsig

import (
	"encoding/json"
	"strings"
	"testing"

	"entente/federation/jose"
)

// A key comes back as it went, under its thumbprint, and in no other spelling.
func TestKeyField(t *testing.T) {
	key, id := testKey(t)
	k, err := jose.KeyOf(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	good := FormatKey(k)
	got, thumbprint, err := ParseKey(good)
	if err != nil || !got.Equal(&key.PublicKey) || thumbprint != id {
		t.Fatalf("got %v, %s, %v", got, thumbprint, err)
	}
	test := func(what, field string) {
		t.Helper()
		if field == good {
			t.Errorf("%s changes nothing", what)
		}
		if got, thumbprint, err := ParseKey(field); err != ErrRefused || got != nil || thumbprint != "" {
			t.Errorf("%s: %v, %s, %v", what, got, thumbprint, err)
		}
	}
	other, err := json.Marshal(jose.Key{Kty: k.Kty, Crv: k.Crv, X: k.Y, Y: k.X})
	if err != nil {
		t.Fatal(err)
	}
	test("nothing", "")
	test("no key", "null")
	test("no JSON", good[:len(good)-1])
	test("more behind", good+"{}")
	test("a space", strings.Replace(good, ":", ": ", 1))
	test("another member", strings.Replace(good, "{", `{"use":"sig",`, 1))
	test("a private half", strings.Replace(good, "{", `{"d":"`+k.X+`",`, 1))
	test("a member twice", strings.Replace(good, "{", `{"kty":"EC",`, 1))
	test("a member in capitals", strings.Replace(good, `"kty"`, `"KTY"`, 1))
	test("members in another order", `{"crv":"P-256","kty":"EC","x":"`+k.X+`","y":"`+k.Y+`"}`)
	test("another curve", strings.Replace(good, "P-256", "P-384", 1))
	test("a point off the curve", string(other))
	test("a list", "["+good+"]")
	test("a long one", good+strings.Repeat(" ", maxKey))
}

func FuzzParseKey(f *testing.F) {
	key, _ := testKey(f)
	k, err := jose.KeyOf(&key.PublicKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(FormatKey(k))
	f.Add(`{"kty":"EC"}`)
	f.Fuzz(func(t *testing.T, field string) {
		public, thumbprint, err := ParseKey(field)
		if err != nil {
			return
		}
		again, err := jose.KeyOf(public)
		if err != nil || FormatKey(again) != field || again.Thumbprint() != thumbprint {
			t.Errorf("%q is another spelling of %+v", field, again)
		}
	})
}
