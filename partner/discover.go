package partner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/ews/ewsclient"
	"entente/federation/token"
	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
)

// How long it is remembered where a partner is, and that it was not found; and
// how long one host may take to say.
const (
	placeLife   = time.Hour
	nowhereLife = 30 * time.Second
	hostTime    = 3 * time.Second
)

// places remembers where partners' EWS is. The zero places is empty.
type places struct {
	client  *Client
	mu      sync.Mutex
	all     map[string]placed
	finding map[string]*finding
}

type placed struct {
	url   string
	under string // what the relationship said when it was found
	err   error
	until time.Time
}

// finding is a search for which several may wait.
type finding struct {
	done chan struct{}
	placed
}

// place returns where a partner's EWS is: where the relationship says, and then
// Autodiscover is never asked; else what Autodiscover says, which is kept.
func (c *Client) place(ctx context.Context, who token.Subject, g *group, e *errand) (string, error) {
	r := g.relation
	if r.TargetSharingEPR != "" {
		return relationURL(r, r.TargetSharingEPR)
	}
	return c.places.get(ctx, g.key, r.TargetApplicationURI+" "+r.TargetAutodiscoverEPR, func(ctx context.Context) (string, error) {
		return c.discover(ctx, who, r, g.of, e)
	})
}

// get returns what is remembered, or searches. A search goes on when who began
// it has gone: others wait for it.
func (p *places) get(ctx context.Context, key, under string, find func(context.Context) (string, error)) (string, error) {
	p.mu.Lock()
	if known, ok := p.all[key]; ok && known.under == under && p.client.Now().Before(known.until) {
		p.mu.Unlock()
		return known.url, known.err
	}
	f := p.finding[key]
	if f == nil {
		f = p.begin(ctx, key, under, find)
	}
	p.mu.Unlock()
	select {
	case <-f.done:
		return f.url, f.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// begin searches in the background. The lock is held.
func (p *places) begin(ctx context.Context, key, under string, find func(context.Context) (string, error)) *finding {
	if p.all == nil {
		p.all, p.finding = map[string]placed{}, map[string]*finding{}
	}
	f := &finding{done: make(chan struct{}), placed: placed{under: under}}
	p.finding[key] = f
	p.client.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), AskTime)
		defer cancel()
		f.url, f.err = find(ctx)
		f.until = p.client.Now().Add(placeLife)
		if f.err != nil {
			f.until = p.client.Now().Add(nowhereLife)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.finding, key)
		var own notPartner
		if !errors.As(f.err, &own) { // without a token nothing was learnt
			p.all[key] = f.placed
		}
		close(f.done)
	})
	return f
}

// forget has a partner looked for anew, if what is known of it is still that.
func (p *places) forget(key, url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.all[key]; ok && known.err == nil && known.url == url {
		delete(p.all, key)
	}
}

// known returns where a partner was found, "" if that is not known.
func (p *places) known(key string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[key].url
}

// A candidate is where an organization's Autodiscover may be.
type candidate struct {
	URL string `json:"url"`
	How string `json:"how"` // how we came to think so
	err error
}

const autodiscoverPath = "/autodiscover/autodiscover.svc"

// candidates lists where a domain's Autodiscover may be, as clients look for it:
// at two names, and where the SRV record points ([MS-OXDISCO] 3.1.5). A parent
// domain is never tried, nor anything that is not https.
//
// DNS may lie about where a service is, and whoever has a certificate for the
// name it points to would be believed. So that name must be in one of the
// domains that the relationship is with.
func (c *Client) candidates(ctx context.Context, d entente.Domain, trusted func(host string) bool) []candidate {
	all := []candidate{
		{URL: "https://autodiscover." + string(d) + autodiscoverPath, How: "host autodiscover." + string(d)},
		{URL: "https://" + string(d) + autodiscoverPath, How: "host " + string(d)},
	}
	name := "_autodiscover._tcp." + string(d)
	if c.Names == nil {
		return append(all, candidate{How: "SRV " + name, err: errors.New("this server knows no name servers")})
	}
	services, err := c.Names.SRV(ctx, name)
	if err != nil {
		return append(all, candidate{How: "SRV " + name, err: err})
	}
	for _, s := range services[:min(len(services), 4)] {
		host, err := entente.ParseDomain(s.Target)
		found := candidate{How: "SRV " + name}
		switch {
		case err != nil:
			found.err = errors.New("points to what is no host name")
		case !trusted(string(host)):
			found.err = fmt.Errorf("points to %s, which is in none of the organization's domains", host)
		case s.Port == 443:
			found.URL = "https://" + string(host) + autodiscoverPath
		default:
			found.URL = fmt.Sprintf("https://%s:%d%s", host, s.Port, autodiscoverPath)
		}
		all = append(all, found)
	}
	return all
}

// within reports whether a host is one of some domains, or in one.
func within(host string, domains []entente.Domain) bool {
	for _, d := range domains {
		if host == string(d) || strings.HasSuffix(host, "."+string(d)) {
			return true
		}
	}
	return false
}

// discover asks a partner's Autodiscover where its EWS is, with a token for that.
func (c *Client) discover(ctx context.Context, who token.Subject, r *access.Relationship, of []entente.SMTPAddress, e *errand) (string, error) {
	t, err := c.tokens.get(ctx, who, r.TargetApplicationURI, token.Autodiscover)
	if err != nil {
		return "", notPartner{err}
	}
	if r.TargetAutodiscoverEPR != "" {
		place, err := relationURL(r, r.TargetAutodiscoverEPR)
		if err != nil {
			return "", err
		}
		found, err := c.userSettings(ctx, place, t, of, e)
		if err != nil {
			return "", discoveryFailed(err)
		}
		return found, nil
	}
	var errs []error
	named := false // in DNS, and not by the domain's own name, where its web pages are
	for _, at := range c.candidates(ctx, of[0].Domain(), func(host string) bool { return within(host, r.Domains) }) {
		err := at.err
		if err == nil {
			var found string
			if found, err = c.userSettingsWithin(ctx, at.URL, t, of, e); err == nil {
				return found, nil
			}
			named = named || at.How != "host "+string(of[0].Domain()) && !noSuchName(err)
		}
		errs = append(errs, fmt.Errorf("%s: %w", at.How, err))
	}
	// Exchange wants one of the two addresses in the relationship. We found none
	// in its place; a server that is there and down is another matter.
	if !named {
		return "", unusable(r.Name, errors.Join(errs...))
	}
	return "", discoveryFailed(errors.Join(errs...))
}

// noSuchName reports whether a host is not in DNS, and not only not to be asked
// about now.
func noSuchName(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

func (c *Client) userSettingsWithin(ctx context.Context, place string, t *held, of []entente.SMTPAddress, e *errand) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, hostTime)
	defer cancel()
	return c.userSettings(ctx, place, t, of, e)
}

// Namespaces and limits of Autodiscover, [MS-OXWSADISC] 2.2.1
const (
	spaceAutodiscover = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
	spaceAddressing   = "http://www.w3.org/2005/08/addressing"
	settingEWS        = "ExternalEwsUrl"
	maxUsers          = 20 // one of whom somebody there will know
)

func autodiscoverLimits() strictxml.Limits {
	return strictxml.Limits{Bytes: 256 << 10, Depth: 32, Attributes: 32, Elements: 5000}
}

// userSettings asks where the EWS of some addresses is. [MS-OXWSADISC] 3.1.4.3
func (c *Client) userSettings(ctx context.Context, place string, t *held, of []entente.SMTPAddress, by *errand) (string, error) {
	of = of[:min(len(of), maxUsers)]
	body := func(e *strictxml.Encoder) {
		e.Start("GetUserSettingsRequestMessage")
		e.Attr("xmlns", spaceAutodiscover)
		e.Start("Request")
		e.Start("Users")
		for _, address := range of {
			e.Start("User")
			e.Elem("Mailbox", string(address))
			e.End("User")
		}
		e.End("Users")
		e.Start("RequestedSettings")
		e.Elem("Setting", settingEWS)
		e.End("RequestedSettings")
		e.End("Request")
		e.End("GetUserSettingsRequestMessage")
	}
	version := func(e *strictxml.Encoder) {
		e.Start("RequestedServerVersion")
		e.Attr("xmlns", spaceAutodiscover)
		e.Text("Exchange2013")
		e.End("RequestedServerVersion")
	}
	action := spaceAutodiscover + "/Autodiscover/GetUserSettings"
	m := wssecurity.Message{Action: action, Header: version, Body: body}
	r, err := c.request(ctx, place, t, &m, by, func() []byte {
		return addressed(secured(place, false), action, version, body)
	})
	if err != nil {
		return "", err
	}
	answer, status, err := ewsclient.Exchange(c.Autodiscover, r)
	if err != nil {
		return "", err
	}
	return readSettings(answer, status)
}

// readSettings reads the answer of GetUserSettings.
func readSettings(answer []byte, status int) (string, error) {
	var found settings
	if err := ewsclient.ReadSOAP(answer, status, autodiscoverLimits(), found.read); err != nil {
		return "", err
	}
	return found.url()
}

// addressed is an envelope with WS-Addressing and no security.
func addressed(to, action string, header, body func(*strictxml.Encoder)) []byte {
	e := strictxml.NewEncoder(nil)
	soap.Begin(e, soap.V11, []soap.Namespace{{Prefix: "a", URI: spaceAddressing}}, func(e *strictxml.Encoder) {
		if header != nil {
			header(e)
		}
		must := func(name, text string) {
			e.Start(name)
			e.Attr("s:mustUnderstand", "1")
			e.Text(text)
			e.End(name)
		}
		must("a:Action", action)
		must("a:To", to)
		e.Start("a:ReplyTo")
		e.Elem("a:Address", "http://www.w3.org/2005/08/addressing/anonymous")
		e.End("a:ReplyTo")
	})
	body(e)
	soap.End(e)
	return e.Bytes()
}

// settings are what a GetUserSettings answer says.
type settings struct {
	code, text string // of the whole
	users      []userSetting
}

type userSetting struct{ code, target, url string }

// read reads GetUserSettingsResponseMessage.
func (s *settings) read(r *strictxml.Reader) {
	if r.Name() != (strictxml.Name{Space: spaceAutodiscover, Local: "GetUserSettingsResponseMessage"}) {
		r.Fail(errors.New("the answer is none of GetUserSettings"))
		return
	}
	for r.Child() { // Response
		for r.Child() {
			switch r.Name().Local {
			case "ErrorCode":
				s.code = ewsclient.Words(r.Text())
			case "ErrorMessage":
				s.text = ewsclient.Words(r.Text())
			case "UserResponses":
				for r.Child() {
					s.users = append(s.users, readUser(r))
				}
			default:
				r.Skip()
			}
		}
	}
}

func readUser(r *strictxml.Reader) (u userSetting) {
	for r.Child() {
		switch r.Name().Local {
		case "ErrorCode":
			u.code = ewsclient.Words(r.Text())
		case "RedirectTarget":
			u.target = ewsclient.Words(r.Text())
		case "UserSettings":
			for r.Child() {
				if name, value := readSetting(r); name == settingEWS {
					u.url = value
				}
			}
		default:
			r.Skip()
		}
	}
	return u
}

func readSetting(r *strictxml.Reader) (name, value string) {
	for r.Child() {
		switch r.Name().Local {
		case "Name":
			name = r.Text()
		case "Value":
			value = r.Text()
		default:
			r.Skip()
		}
	}
	return name, value
}

// notFound is Autodiscover's answer that it does not know. A redirect is one:
// where it points to is for an administrator to look at.
type notFound struct{ code, target string }

func (n *notFound) Error() string {
	if n.target != "" {
		return "Autodiscover answered " + n.code + " to " + n.target + ", which is not followed"
	}
	return "Autodiscover answered " + n.code
}

// url is the first address that one of those asked about has.
func (s *settings) url() (string, error) {
	if s.code != "" && s.code != "NoError" {
		return "", &notFound{code: s.code}
	}
	first := &notFound{code: "nothing"}
	for i, u := range s.users {
		if u.url == "" {
			if i == 0 {
				first = &notFound{u.code, u.target}
			}
			continue
		}
		if err := checkURL(u.url); err != nil {
			return "", &notFound{code: "with an address that " + err.Error()}
		}
		return u.url, nil
	}
	return "", first
}

// hostOf is the host of a URL, without its port.
func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
