package admin

import (
	"strings"
	"testing"
)

// FuzzDecode: whatever is sent is an object of the request or refused; nothing
// after it is left unread.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{``, `{}`, `{"account":"a","to":"b","rights":["full-access"]}`, `{"x":1}`, `[]`, `{}{}`, `nul`, `{"rights":null}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var q GrantPermission
		if err := decode([]byte(s), &q); err == nil && strings.TrimSpace(s) != "" && !strings.HasPrefix(strings.TrimSpace(s), "{") && strings.TrimSpace(s) != "null" {
			t.Errorf("%q is taken for a request", s)
		}
	})
}

// FuzzDesired: a file that is understood is understood completely.
func FuzzDesired(f *testing.F) {
	f.Add("domains: [contoso.example]\n")
	f.Add("accounts:\n  - {upn: anna@contoso.example}\n")
	f.Add("acounts: []\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := readDesired(s)
		if (d == nil) == (err == nil) {
			t.Errorf("%q: %v, %v", s, d, err)
		}
	})
}

// TestVerbs: each noun and verb is there once, in words that make a path and a
// command.
func TestVerbs(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range Verbs() {
		name := v.Noun + " " + v.Name
		if seen[name] || strings.Trim(v.Noun+v.Name, "abcdefghijklmnopqrstuvwxyz-") != "" || !strings.HasSuffix(v.Help, ".") {
			t.Errorf("%s: %s", name, v.Help)
		}
		seen[name] = true
	}
}
