package publish

import (
	"net/http"
	"net/url"
	"strings"

	"entente"
)

// A target is where a path leads.
type target struct {
	rule *rule
	open bool
}

// route finds the rule of a request. Whoever asks for what is not published
// learns nothing but that.
func (g *Gateway) route(p *Passage) error {
	r := p.In
	p.Host = hostName(r.Host)
	// RFC 9110 7.4: a request for another origin than the connection's. The same
	// answer whether we publish it on another connection or not at all.
	if r.TLS == nil || !p.listener.face.Load().mayAsk(r.TLS.ServerName, p.Host) {
		return errNotHere
	}
	if err := sound(r); err != nil {
		return err
	}
	paths := p.listener.paths[p.Host]
	if paths == nil {
		return errNotHere
	}
	to, canonical, ok := paths.Find(r.URL.EscapedPath())
	if !ok {
		return entente.Errorf(entente.NotFound, "not published").Because(reasonPath)
	}
	p.rule, p.Rule, p.Path, p.Open = to.rule, &to.rule.Rule, canonical, to.open
	return nil
}

// sound refuses requests that a server inside might read differently than
// net/http has. Framing is not among it: net/http refuses any Transfer-Encoding
// but one "chunked", ends one body where it ends and writes a frame of its own,
// so that one request here is one request there. (threats E3)
func sound(r *http.Request) error {
	malformed := entente.Errorf(entente.Invalid, "malformed request").Because(reasonRequest)
	switch {
	case r.Method == http.MethodConnect, r.Method == http.MethodTrace:
		return &Answer{Status: http.StatusMethodNotAllowed, Reason: reasonRequest}
	case r.ProtoMajor == 1 && r.ProtoMinor == 0:
		// It knows no chunks (RFC 9112 6.1), no Host and no client of today.
		return &Answer{Status: http.StatusHTTPVersionNotSupported, Header: http.Header{"Connection": {"close"}}, Reason: reasonRequest}
	case r.URL.Host != "" && hostName(r.URL.Host) != hostName(r.Host):
		return malformed // absolute form, RFC 9112 3.2.2
	case r.URL.User != nil, r.URL.Opaque != "", r.URL.Fragment != "":
		return malformed
	}
	for i := range len(r.URL.RawQuery) {
		if c := r.URL.RawQuery[i]; c <= ' ' || c >= 0x7f {
			return malformed
		}
	}
	return nil
}

// query returns the query as it is passed on. One that is read in different ways
// is written anew as net/url reads it (Go CVE-2022-2880); any other stays as it
// is: ActiveSync puts base64 there, [MS-ASHTTP] 2.2.1.1.1.1.
func query(raw string) string {
	if !strings.Contains(raw, ";") && soundEscapes(raw) {
		return raw
	}
	values, _ := url.ParseQuery(raw) // what it cannot read is left out
	return values.Encode()
}

func soundEscapes(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			if i+2 >= len(s) || !hexDigit(s[i+1]) || !hexDigit(s[i+2]) {
				return false
			}
			i += 2
		}
	}
	return true
}

func hexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
