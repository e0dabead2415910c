package publish

import (
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// What is dropped of a request's header: what is of the hop before (RFC 9110
// 7.6.1), what says who is calling or by which way (the inside believes us, so
// only we may say so), and what servers inside tell each other. (threats E2)
var (
	droppedIn = []string{
		"Connection", "Keep-Alive", "Proxy", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings", "Expect", "Content-Length", "Host",
		"Authorization", "Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Client-Ip", "Cf-Connecting-Ip", "X-Cluster-Client-Ip", "X-Originating-Ip",
		"X-Original-Url", "X-Rewrite-Url", "X-Original-Host", "X-Host", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override",
		"X-User", "X-Remote-User", "Remote-User", "X-Authenticated-User", "X-Client-Cert", "X-Arr-Clientcert", "X-Arr-Ssl", "X-Arr-Log-Id",
		// ProxyShell and ProxyLogon were told by these who is calling.
		"X-Commonaccesstoken", "X-Rps-Cat", "X-Isfromcafe", "X-Sourcecafeserver", "X-Islocalcafe", "X-Fe-Clientip", "X-Beresource",
	}
	droppedInPrefixes  = []string{"Proxy-", "X-Forwarded-", "X-Entente-", "X-Ssl-", "Ssl-", "X-Wl-Proxy-", "X-Ms-Client-Principal"}
	droppedOut         = []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Alt-Svc", "X-Feserver", "X-Beserver", "X-Calculatedbetarget", "X-Powered-By", "X-Aspnet-Version"}
	droppedOutPrefixes = []string{"Proxy-"}
	// Cookies by which backends have been made to act for others: ProxyLogon
	// (CVE-2021-26855) and ProxyToken (CVE-2021-33766).
	droppedCookies = []string{"x-beresource", "x-anonresource", "x-anonresource-backend", "x-backendcookie", "securitytoken"}
)

// inward copies what of a client's header goes inside.
func inward(h http.Header) http.Header {
	out := make(http.Header, len(h)+6)
	named := connectionNamed(h)
	for k, v := range h {
		switch {
		case slices.Contains(droppedIn, k) || slices.Contains(named, k) || hasAnyPrefix(k, droppedInPrefixes):
		case strings.Contains(k, "_"):
			// To a CGI X_Forwarded_For and X-Forwarded-For are one name.
		case k == "Cookie":
			if c := cookies(v); len(c) > 0 {
				out[k] = c
			}
		default:
			out[k] = v
		}
	}
	if _, ok := out["User-Agent"]; !ok {
		out["User-Agent"] = nil // or net/http would write one
	}
	return out
}

// connectionNamed lists the fields that the Connection field names as the hop's.
func connectionNamed(h http.Header) (names []string) {
	for _, f := range h["Connection"] {
		for n := range strings.SplitSeq(f, ",") {
			if n = textproto.TrimString(n); n != "" {
				names = append(names, http.CanonicalHeaderKey(n))
			}
		}
	}
	return names
}

func hasAnyPrefix(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// cookies returns a client's cookies without those that are not for clients to
// send. A name is as long as the first equals sign is away, whatever a server
// thinks of spaces and case.
func cookies(lines []string) (kept []string) {
	for _, line := range lines {
		var some []string
		for c := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(c, "=")
			if strings.TrimSpace(c) == "" || slices.Contains(droppedCookies, strings.ToLower(strings.TrimSpace(name))) {
				continue
			}
			some = append(some, strings.TrimSpace(c))
		}
		if len(some) > 0 {
			kept = append(kept, strings.Join(some, "; "))
		}
	}
	return kept
}

// told sets what the inside is told about a request by us.
func (p *Passage) told(h http.Header) {
	h["X-Forwarded-For"] = []string{source(p.In)}
	h["X-Forwarded-Host"] = []string{p.Host}
	h["X-Forwarded-Proto"] = []string{"https"}
	h["X-Entente-Request"] = []string{p.ID}
	for k, v := range p.Header {
		h[k] = v
	}
}

// outward puts what of an answer's header goes to the client into h. A server
// inside that asks for credentials asks us, and not the client, unless it is the
// client's own that pass through.
func (p *Passage) outward(h, from http.Header) {
	named := connectionNamed(from)
	for k, v := range from {
		switch {
		case slices.Contains(droppedOut, k) || slices.Contains(named, k) || hasAnyPrefix(k, droppedOutPrefixes):
		case k == "Www-Authenticate" || k == "Authentication-Info":
			if p.passesThrough() {
				h[k] = v
			}
		case k == "Location" || k == "Content-Location":
			h[k] = []string{p.public(v[0])}
		default:
			h[k] = v
		}
	}
	for k, v := range p.answer {
		h[k] = v
	}
	if h.Get("request-id") == "" {
		h.Set("request-id", p.ID)
	}
}

// passesThrough reports whether the client deals with the server inside itself.
func (p *Passage) passesThrough() bool { return p.Open || p.Rule.Delegation == PassThrough }

// public rewrites the address of a redirect from the internal site's name to the
// public one, under which alone the client can follow it.
func (p *Passage) public(location string) string {
	rest, ok := strings.CutPrefix(location, "https://")
	if !ok {
		return location
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	for _, s := range p.rule.servers {
		if n := hostName(host); n == s.host || n == p.rule.site {
			return "https://" + p.In.Host + path
		}
	}
	return location
}

// source is the peer's address without its port.
func source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
