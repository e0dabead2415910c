package ruletest

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"entente/kerberos"
	"entente/outgoing"
	"entente/publish"
)

const (
	connectTime = 6 * time.Second
	requestTime = 15 * time.Second
)

// An inside is a server of the internal site over a connection that was looked at.
type inside struct {
	address string
	conn    *tls.Conn
}

// servers looks at each server inside: its name, its port, its certificate.
func (r *run) servers(ctx context.Context) {
	for _, u := range r.Rule.Inside {
		address := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443"))
		raw, ok := r.connect(ctx, u, address)
		if !ok {
			r.skipped("TLS "+address, "it is not reached")
			continue
		}
		if conn := r.handshake(ctx, address, raw); conn != nil {
			r.reached = append(r.reached, &inside{address, conn})
			continue
		}
		_ = raw.Close()
	}
}

func (r *run) connect(ctx context.Context, u *url.URL, address string) (net.Conn, bool) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	name, port := "name "+u.Hostname(), "TCP "+address
	literal := net.ParseIP(u.Hostname()) != nil
	conn, err := r.Dialer.Dial(ctx, outgoing.Published, "tcp", address)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		r.failed(name, plain(err), "add an address record for %s to DNS or to this machine's hosts file; or write the server's address in %s, and its name in %s", u.Hostname(), r.rule("inside"), r.rule("site"))
		r.skipped(port, "its address is not known")
		return nil, false
	case errors.Is(err, outgoing.ErrRefused):
		r.failed(port, plain(err), "list the network of %s in publish.networks", u.Hostname())
		return nil, false
	}
	if !literal {
		seen := "it resolves"
		if err == nil {
			seen = conn.RemoteAddr().(*net.TCPAddr).IP.String()
		}
		r.ok(name, "%s", seen)
	}
	if err != nil {
		why := "start the web server there, or correct the port in " + r.rule("inside")
		if isTimeout(err) {
			why = "open TCP port " + cmp.Or(u.Port(), "443") + " from this machine to " + u.Hostname() + " in the firewalls between, or correct " + r.rule("inside")
		}
		r.failed(port, plain(err), "%s", why)
		return nil, false
	}
	r.ok(port, "connected")
	return conn, true
}

// handshake looks at what a server shows, good or bad, and judges it then: nothing
// is sent to one that does not prove itself.
func (r *run) handshake(ctx context.Context, address string, raw net.Conn) *tls.Conn {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	check, site := "TLS "+address, r.Rule.SiteName()
	conn := tls.Client(raw, &tls.Config{
		ServerName: site, MinVersion: tls.VersionTLS10, NextProtos: []string{"http/1.1"},
		InsecureSkipVerify: true, // verified below, and told why not
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		r.failed(check, plain(err), "make %s serve HTTPS, TLS 1.2 or later; or correct the port in %s", address, r.rule("inside"))
		return nil
	}
	state := conn.ConnectionState()
	leaf := state.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: r.Rule.Roots, Intermediates: between, CurrentTime: r.Now()})
	seen := fmt.Sprintf("%s, certificate of %s from %s, good until %s", tls.VersionName(state.Version), strings.Join(names(leaf), ", "), leaf.Issuer, leaf.NotAfter.UTC().Format(time.DateOnly))
	var unknown x509.UnknownAuthorityError
	switch {
	case state.Version < tls.VersionTLS12:
		r.failed(check, seen, "enable TLS 1.2 or later at %s", address)
	case r.Now().After(leaf.NotAfter):
		r.failed(check, seen, "renew the certificate of %s; it has ended", address)
	case errors.As(err, &unknown):
		r.failed(check, seen, "name the CA certificate of %q in %s, or have %s send the certificates between", leaf.Issuer, r.rule("ca_files"), address)
	case err != nil:
		r.failed(check, seen+"; "+plain(err), "give %s another certificate", address)
	case leaf.VerifyHostname(site) != nil:
		r.failed(check, seen, "give %s a certificate for %s; or set %s to a name that it is for", address, site, r.rule("site"))
	case leaf.NotAfter.Sub(r.Now()) < soon:
		r.warn(check, seen, "renew the certificate of %s within %s", address, days(leaf.NotAfter.Sub(r.Now())))
		return conn
	default:
		r.ok(check, "%s", seen)
		return conn
	}
	return nil
}

func names(c *x509.Certificate) []string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		all = []string{c.Subject.String()}
	}
	return all[:min(len(all), 5)]
}

// requests sends a real request to each server inside.
func (r *run) requests(ctx context.Context) {
	for _, in := range r.reached {
		r.request(ctx, in)
		_ = in.conn.Close()
	}
	if len(r.reached) == 0 {
		r.skipped("HTTP", "no server inside is reached that proves itself")
	}
}

func (r *run) request(ctx context.Context, in *inside) {
	method, path := sample(&r.Rule)
	check := fmt.Sprintf("HTTP %s %s at %s", method, path, in.address)
	req, err := http.NewRequestWithContext(ctx, method, "https://"+r.Rule.SiteName()+path, http.NoBody)
	if err != nil {
		r.failed(check, plain(err), "correct %s", r.rule("paths"))
		return
	}
	req.Header.Set("User-Agent", "entente-rule-test")
	switch d := r.Rule.Delegation; {
	case d == publish.KCD && r.ticket == nil:
		r.skipped(check, "there is no ticket to show")
		return
	case d == publish.KCDKerberosOnly:
		r.skipped(check, "it takes a client's own ticket, which only the client has")
		return
	case d == publish.KCD:
		token, _, err := r.ticket.Negotiate(r.Now(), kerberos.Bindings{}, false)
		if err != nil {
			r.failed(check, plain(err), "%s", clockOrSupport)
			return
		}
		req.Header.Set("Authorization", "Negotiate "+token)
	}
	_ = in.conn.SetDeadline(time.Now().Add(requestTime))
	stop := context.AfterFunc(ctx, func() { _ = in.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	err = req.Write(in.conn)
	var resp *http.Response
	if err == nil {
		resp, err = http.ReadResponse(bufio.NewReader(io.LimitReader(in.conn, 1<<20)), req)
	}
	if err != nil {
		r.failed(check, plain(err), "look into the web server's log at %s: it closed the connection or did not answer within %s", in.address, requestTime)
		return
	}
	_ = resp.Body.Close()
	r.answered(check, resp)
}

// sample is a request that every server of a preset answers and that changes
// nothing.
func sample(rule *publish.Rule) (method, path string) {
	switch rule.Preset {
	case publish.ActiveSync:
		return http.MethodOptions, "/Microsoft-Server-ActiveSync" // [MS-ASHTTP] 2.2.3
	case publish.Autodiscover:
		return http.MethodGet, "/Autodiscover/Autodiscover.xml"
	case publish.EWS, publish.Exchange:
		return http.MethodGet, "/EWS/Exchange.asmx"
	case publish.Federation:
		return http.MethodGet, "/EWS/Exchange.asmx/WSSecurity"
	}
	if rule.Health != "" {
		return http.MethodGet, rule.Health
	}
	return http.MethodGet, rule.Paths[0]
}

// answered says what a status means for the rule.
func (r *run) answered(check string, resp *http.Response) {
	challenge := strings.Join(resp.Header.Values("WWW-Authenticate"), ", ")
	seen := resp.Status
	// In any other answer the header is the server's proof of who it is, RFC 4559 5.
	if challenge != "" && resp.StatusCode == http.StatusUnauthorized {
		seen += "; it asks for " + oneLine(challenge)
	}
	kcd := r.Rule.Delegation == publish.KCD
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized && kcd:
		remedy := "the server refuses the ticket: the SPN %s must be on the account that its web server runs as, with the present password (IIS: useAppPoolCredentials where the pool runs as that account; elsewhere: a new keytab); the clocks must agree"
		if !strings.Contains(strings.ToLower(challenge), "negotiate") {
			remedy = "turn on Negotiate (Integrated Windows authentication) for the virtual directory of this path: it is not offered. The SPN asked for is %s"
		}
		r.failed(check, seen, remedy, r.Rule.ServiceOf())
	case code == http.StatusUnauthorized:
		if r.Rule.Delegation == publish.DelegateBasic && !strings.Contains(strings.ToLower(challenge), "basic") {
			r.failed(check, seen, "turn on Basic authentication for the virtual directory of this path: names and passwords are passed on")
			return
		}
		r.ok(check, "%s, as it should without a password", seen)
	case code == http.StatusForbidden:
		r.failed(check, seen, "the server knows who is asking and does not let %s in: enable the protocol for the mailbox (Set-CASMailbox), allow the client in its policies, or require no client certificate at the virtual directory itself", r.name())
	case code == 440:
		r.failed(check, seen, "turn off forms-based authentication for the virtual directory of this path, and turn on Integrated Windows authentication")
	case code == 449:
		r.ok(check, "%s: the server wants to provision the device first, which the client does", seen)
	case code == http.StatusNotFound:
		r.failed(check, seen, "the server has nothing at this path: correct %s or %s, or install the service there", r.rule("preset"), r.rule("inside"))
	case code >= 300 && code < 400 && strings.Contains(strings.ToLower(resp.Header.Get("Location")), "logon"):
		r.failed(check, seen+" to "+oneLine(resp.Header.Get("Location")), "turn off forms-based authentication for the virtual directory of this path, and turn on Integrated Windows authentication")
	case code >= 500 && code != http.StatusNotImplemented:
		r.failed(check, seen, "the server is ill: look into its log, and whether its application pool runs")
	case code >= 400:
		r.ok(check, "%s: the server takes who is asking, and the request has nothing more to say", seen)
	default:
		r.ok(check, "%s", seen)
	}
}

// name is as whom the rule is tested.
func (r *run) name() string {
	if r.who != nil {
		return string(r.who.UPN)
	}
	return "the user"
}

const clockOrSupport = "see the lines above; nothing was sent"
