package publish

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzQuery holds that what is passed on as a query is read in one way: without
// an error, and as it was written anew the same again.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "a=b", "jAkJBAp2MTQ=", "a=1;b=2", "%zz=1&c=d", "a=%", "a=%2", "&&", "=", "a=b&a=c", "%00=%0d%0a", "+%20;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := query(raw)
		if _, err := url.ParseQuery(got); err != nil {
			t.Fatalf("%q is passed on as %q: %v", raw, got, err)
		}
		if again := query(got); again != got {
			t.Fatalf("%q is passed on as %q, and that as %q", raw, got, again)
		}
	})
}

// FuzzHeaders holds that whatever a client writes, none of what says who is
// calling goes inside, by net/http's reading or a CGI's.
func FuzzHeaders(f *testing.F) {
	f.Add("X-Forwarded-For", "1.2.3.4", "close")
	f.Add("x_forwarded_for", "1.2.3.4", "X-Secret")
	f.Add("Cookie", "a=b; X-BEResource = evil;SecurityToken=1", "")
	f.Add("Authorization", "Negotiate abc", "keep-alive, Upgrade")
	f.Fuzz(func(t *testing.T, name, value, connection string) {
		h := http.Header{}
		h.Add(name, value)
		h.Add("Connection", connection)
		for k, v := range inward(h) {
			switch c := http.CanonicalHeaderKey(strings.ReplaceAll(k, "_", "-")); {
			case strings.HasPrefix(c, "X-Forwarded-"), strings.HasPrefix(c, "X-Entente-"), strings.HasPrefix(c, "Proxy-"), c == "Authorization", c == "Connection", c == "Transfer-Encoding", c == "Content-Length", c == "Upgrade":
				t.Fatalf("%q: %q goes inside", k, v)
			case c == "Cookie":
				for _, cookie := range (&http.Request{Header: http.Header{"Cookie": v}}).Cookies() {
					if n := strings.ToLower(cookie.Name); n == "x-beresource" || n == "securitytoken" {
						t.Fatalf("the cookie %q goes inside", cookie.Name)
					}
				}
			}
		}
	})
}
