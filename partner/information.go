package partner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/ews/ewsclient"
	"entente/strictxml"
)

// Limits of a discovery.
const (
	informationTime = 30 * time.Second
	maxDomains      = 238 // of one answer, as of one relationship
	maxChecked      = 20  // that are asked about each by itself
	maxRedirects    = 3
)

// A Question asks for what another organization says of itself.
// Get-FederationInformation.
type Question struct {
	Domain entente.Domain
	// Force follows redirects and takes SRV records that lead out of the domain.
	Force bool
	// Trusted are hosts to which both may lead.
	Trusted []string
	// Bypass takes the domains in the answer as they are.
	Bypass bool
}

func (q *Question) trusts(host string) bool {
	return q.Force || within(host, []entente.Domain{q.Domain}) || slices.ContainsFunc(q.Trusted, func(t string) bool { return strings.EqualFold(t, host) })
}

// An Information is what another organization says of itself, and how it was
// found.
type Information struct {
	Domain          entente.Domain
	Hops            []Hop
	ApplicationURI  string
	Domains         []entente.Domain
	AutodiscoverEPR string
	TokenIssuers    []string
	Keys            []string // thumbprints to pin; none of servers that are not ours
	Found           bool
}

// Information looks for another organization by its domain and asks it what it
// says of itself. Every step is shown, also those that led nowhere; the error is
// about the question.
func (c *Client) Information(ctx context.Context, q Question) (*Information, error) {
	if _, err := entente.ParseDomain(string(q.Domain)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, informationTime)
	defer cancel()
	i := &Information{Domain: q.Domain}
	h := &hops{}
	for _, at := range c.candidates(ctx, q.Domain, q.trusts) {
		if at.err != nil {
			h.step(at.How, "Publish this record, or name the host in --trusted-hostnames if it is right.", func() (string, error) { return "", at.err })
			continue
		}
		if before := len(h.all); c.askAbout(ctx, h, &q, at, i) {
			i.Found = true
			h.nothingWrong(before)
			break
		}
	}
	if i.Found && !q.Bypass {
		c.checkDomains(ctx, h, &q, i)
	}
	i.Hops = h.all
	return i, nil
}

// askAbout asks at one place, hop by hop.
func (c *Client) askAbout(ctx context.Context, h *hops, q *Question, at candidate, i *Information) bool {
	if !h.step("DNS: "+at.How, "Check the name in DNS.", func() (string, error) { return c.resolve(ctx, hostOf(at.URL)) }) {
		return false
	}
	var s seen
	var found *announced
	place := at.URL
	var err error
	var began time.Time
	for range maxRedirects {
		began = time.Now()
		found, err = c.federationInformation(watching(ctx, &s), place, q.Domain)
		next := redirect(err)
		if next == "" {
			break
		}
		ok := h.step("redirect: "+place, "Redirects are not followed by themselves: name the host in --trusted-hostnames, or use --force.", func() (string, error) {
			switch {
			case checkURL(next) != nil:
				return "", fmt.Errorf("points to %s, which %w", next, checkURL(next))
			case !q.trusts(hostOf(next)):
				return "", fmt.Errorf("points to %s, which is not in the domain", next)
			}
			return "followed to " + next, nil
		})
		if !ok {
			return false
		}
		place, s = next, seen{}
	}
	if s.state != nil || s.failed != nil || certificateError(err) {
		text, wrong := "", err
		if !certificateError(err) {
			text, wrong = s.tls(time.Now())
		}
		if !h.note("TLS: "+hostOf(place), "The other side needs a certificate for this name by a CA that is trusted here (federation.ca_files).", began, text, wrong) {
			return false
		}
	}
	if err != nil {
		remedy := remedyOf(err, "Ask the other organization whether federation is enabled there, and whether "+autodiscoverPath+" can be reached without signing in.")
		return h.note("GetFederationInformation: "+place, remedy, began, "", err)
	}
	h.note("GetFederationInformation: "+place, "", began, "the organization is "+found.uri, nil)
	i.ApplicationURI, i.Domains, i.TokenIssuers = found.uri, found.domains, found.issuers
	i.AutodiscoverEPR = secured(place, false)
	c.learnKeys(ctx, h, q, place, i)
	return true
}

func certificateError(err error) bool {
	return err != nil && strings.Contains(err.Error(), "tls: failed to verify certificate")
}

func redirect(err error) string {
	var status *ewsclient.Status
	if errors.As(err, &status) && status.Code/100 == 3 {
		return status.Location
	}
	return ""
}

func (c *Client) resolve(ctx context.Context, host string) (string, error) {
	if c.Names == nil {
		return "by the system", nil
	}
	addrs, err := c.Names.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, a := range addrs[:min(len(addrs), 8)] {
		texts = append(texts, a.String())
	}
	if texts == nil {
		return "", &net.DNSError{Err: "no addresses", Name: host}
	}
	return strings.Join(texts, ", "), nil
}

// learnKeys asks a server that may be one of ours for its organization's own keys.
func (c *Client) learnKeys(ctx context.Context, h *hops, q *Question, place string, i *Information) {
	began := time.Now()
	p, _, err := c.peer(ctx, place, q.Domain)
	var status *ewsclient.Status
	if errors.As(err, &status) && status.Code == 404 {
		h.skip("keys", "it has no keys of its own to pin: what the broker says of it would have to do (broker-trusted)")
		return
	}
	if err == nil && p.ApplicationURI != i.ApplicationURI {
		err = fmt.Errorf("they are of %s, and not of %s", p.ApplicationURI, i.ApplicationURI)
	}
	if err == nil {
		i.Keys = toPin(p, c.Now())
	}
	h.note("keys", "Try again; without its keys the relationship would be broker-trusted.", began, strings.Join(i.Keys, ", "), err)
}

// checkDomains asks for each further domain of an answer whether it is the same
// organization's, and leaves out those of which that is not so: anybody could
// name a domain of somebody else's.
func (c *Client) checkDomains(ctx context.Context, h *hops, q *Question, i *Information) {
	kept := i.Domains[:0:0]
	for n, d := range i.Domains {
		if d == q.Domain {
			kept = append(kept, d)
			continue
		}
		if n >= maxChecked {
			h.skip("domain "+string(d), "not looked at: there are too many; --bypass-additional-domain-validation takes them as they are")
			continue
		}
		ok := h.step("domain "+string(d), "It is left out. Its own Autodiscover has to say the same, or --bypass-additional-domain-validation takes it as it is.", func() (string, error) {
			of := Question{Domain: d, Force: q.Force, Trusted: q.Trusted}
			var last error
			for _, at := range c.candidates(ctx, d, func(host string) bool { return of.trusts(host) || within(host, i.Domains) }) {
				if last = at.err; last != nil {
					continue
				}
				found, err := c.federationInformation(ctx, at.URL, d)
				switch {
				case err != nil:
					last = err
				case found.uri != i.ApplicationURI:
					return "", fmt.Errorf("it says it is of %s", found.uri)
				default:
					return "it is of the same organization", nil
				}
			}
			return "", last
		})
		if ok {
			kept = append(kept, d)
		}
	}
	i.Domains = kept
}

// announced is what GetFederationInformation answers.
type announced struct {
	code, text string
	uri        string
	domains    []entente.Domain
	issuers    []string
}

// federationInformation asks one server, without a token. [MS-OXWSADISC] 3.1.4.2
func (c *Client) federationInformation(ctx context.Context, place string, d entente.Domain) (*announced, error) {
	ctx, cancel := context.WithTimeout(ctx, hostTime)
	defer cancel()
	const action = spaceAutodiscover + "/Autodiscover/GetFederationInformation"
	body := addressed(place, action, nil, func(e *strictxml.Encoder) {
		e.Start("GetFederationInformationRequestMessage")
		e.Attr("xmlns", spaceAutodiscover)
		e.Start("Request")
		e.Elem("Domain", string(d))
		e.End("Request")
		e.End("GetFederationInformationRequestMessage")
	})
	r, err := ewsclient.Post(ctx, place, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("SOAPAction", `"`+action+`"`)
	r.Header.Set("User-Agent", "Entente/Autodiscover")
	answer, status, err := ewsclient.Exchange(c.Autodiscover, r)
	if err != nil {
		return nil, err
	}
	return readAnnounced(answer, status)
}

func readAnnounced(answer []byte, status int) (*announced, error) {
	a := &announced{}
	if err := ewsclient.ReadSOAP(answer, status, autodiscoverLimits(), a.read); err != nil {
		return nil, err
	}
	switch {
	case a.code != "NoError":
		return nil, &notFound{code: strings.TrimSpace(a.code + " " + a.text)}
	case a.uri == "" || len(a.uri) > 300:
		return nil, fmt.Errorf("%w: it names no organization", ewsclient.ErrNotEWS)
	}
	return a, nil
}

func (a *announced) read(r *strictxml.Reader) {
	if r.Name() != (strictxml.Name{Space: spaceAutodiscover, Local: "GetFederationInformationResponseMessage"}) {
		r.Fail(errors.New("the answer is none of GetFederationInformation"))
		return
	}
	for r.Child() { // Response
		for r.Child() {
			switch r.Name().Local {
			case "ErrorCode":
				a.code = ewsclient.Words(r.Text())
			case "ErrorMessage":
				a.text = ewsclient.Words(r.Text())
			case "ApplicationUri":
				a.uri = ewsclient.Words(r.Text())
			case "Domains":
				for r.Child() {
					a.domain(r.Text())
				}
			case "TokenIssuers":
				a.readIssuers(r)
			default:
				r.Skip()
			}
		}
	}
}

func (a *announced) domain(text string) {
	if d, err := entente.ParseDomain(strings.TrimSpace(text)); err == nil && len(a.domains) < maxDomains && !slices.Contains(a.domains, d) {
		a.domains = append(a.domains, d)
	}
}

func (a *announced) readIssuers(r *strictxml.Reader) {
	for r.Child() { // TokenIssuer
		for r.Child() {
			text := ewsclient.Words(r.Text())
			if r.Name().Local == "Uri" && text != "" && len(a.issuers) < 10 {
				if _, err := url.Parse(text); err == nil {
					a.issuers = append(a.issuers, text)
				}
			}
		}
	}
}
