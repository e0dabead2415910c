package partner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/calendar"
	"entente/ews"
	"entente/ews/ewsclient"
	"entente/federation"
	"entente/federation/token"
)

// trialTime is how long a trial may take.
const trialTime = 45 * time.Second

// A Trial is what came of asking a partner step by step. Test-OrganizationRelationship.
type Trial struct {
	Relationship string
	Hops         []Hop
	OK           bool
	// Closing is Exchange's last line: No Significant Issues to Report, or the
	// first link that is broken.
	Closing string
}

// Try asks under a relationship when somebody is free, in the name of somebody
// here, and shows each step on the way. Nothing that is remembered is used: the
// broker and Autodiscover are asked anew. Without about, somebody is asked about
// whom nobody knows: that shows everything but a calendar.
func (c *Client) Try(ctx context.Context, name string, who *access.Caller, about entente.SMTPAddress) (*Trial, error) {
	i := slices.IndexFunc(c.Snapshot().Relationships(), func(r *access.Relationship) bool { return strings.EqualFold(r.Name, name) })
	if i < 0 {
		return nil, entente.Errorf(entente.NotFound, "there is no organization relationship %q", name)
	}
	r := c.Snapshot().Relationships()[i]
	if about != "" && !slices.Contains(r.Domains, about.Domain()) {
		return nil, entente.Errorf(entente.Invalid, "%s is in none of the relationship's domains", about)
	}
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	t := &trial{Client: c, relation: r, as: who, about: about, e: &errand{request: requestID(), from: who.Subject().Mail.Domain()}}
	if about == "" {
		t.about = "entente-relationship-test@" + entente.SMTPAddress(r.Domains[0])
		t.nobody = true
	}
	t.g = &group{way: &way{name: "organization relationship " + r.Name, key: "relationship " + r.Name, relation: r}, of: []entente.SMTPAddress{t.about}}
	t.run(ctx)
	err := c.Audit.Append(context.WithoutCancel(ctx), c.record(t.g, who, t.e, t.code))
	return t.result(), err
}

// trial is a Trial at work.
type trial struct {
	*Client
	hops
	relation *access.Relationship
	as       *access.Caller
	about    entente.SMTPAddress
	nobody   bool // about is made up
	g        *group
	e        *errand
	code     string // for the record

	who   token.Subject
	held  *held
	place string
}

func (t *trial) result() *Trial {
	out := &Trial{Relationship: t.relation.Name, Hops: t.all, OK: true, Closing: "No Significant Issues to Report"}
	for _, h := range t.all {
		if h.Result == Failure {
			out.OK = false
			out.Closing = h.Name + ": " + h.Text
			break
		}
	}
	return out
}

// run goes from hop to hop, as long as the next makes sense.
func (t *trial) run(ctx context.Context) {
	for _, hop := range [...]func(context.Context) bool{
		t.configuration, t.trust, t.metadata, t.token, t.discovery, t.name, t.server, t.ask,
	} {
		if !hop(ctx) {
			break
		}
	}
	failed := func(h Hop) bool { return h.Result == Failure }
	if t.code == "" && slices.ContainsFunc(t.all, failed) {
		t.code = "test-failed"
	}
}

func (t *trial) configuration(context.Context) bool {
	r := t.relation
	return t.step("configuration", "entente relationship set "+r.Name+" --enabled on --free-busy on --application-uri URI", func() (string, error) {
		if _, err := t.Snapshot().MayAsk(t.about.Domain()); err != nil {
			return "", err
		}
		text := "free/busy may be asked for; the other organization is " + r.TargetApplicationURI
		if len(r.Keys) == 0 {
			return text + "; broker-trusted: none of its keys is pinned", nil
		}
		return fmt.Sprintf("%s; %d of its keys are pinned", text, len(r.Keys)), nil
	})
}

func (t *trial) trust(context.Context) bool {
	return t.step("federation trust", "entente federation enable; the user needs an address in a federated domain.", func() (string, error) {
		var err error
		if t.who, err = t.subject(t.as); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s is known to others as %s", t.who.Mails[0], t.who.Immutable), nil
	})
}

// metadata looks at what is known of the broker's keys.
func (t *trial) metadata(context.Context) bool {
	return t.step("broker metadata", "entente federation refresh, and entente federation test.", func() (string, error) {
		trust := t.Federation.Trust()
		if trust == nil {
			return "", errors.New("there is no trust")
		}
		now := t.Now()
		for _, k := range trust.BrokerKeys {
			if !now.Before(k.From) && (k.Until.IsZero() || now.Before(k.Until)) {
				return fmt.Sprintf("%s at %s, sequence %d", trust.Issuer, trust.Broker, trust.Sequence), nil
			}
		}
		if len(trust.BrokerKeys) == 0 {
			return "", errors.New("no key of the broker is known")
		}
		return "", errors.New("none of the broker's keys that are known is in its time")
	})
}

func (t *trial) token(ctx context.Context) bool {
	return t.step("token", "entente federation test shows how the trust with the broker stands.", func() (string, error) {
		var err error
		if t.held, err = t.tokens.fresh(ctx, t.who, t.relation.TargetApplicationURI, token.FreeBusy); err != nil {
			return "", &remedied{err, tokenRemedy(err)}
		}
		t.e.used(t.held)
		form, _, _ := strings.Cut(t.e.token, " ")
		return fmt.Sprintf("%s until %s", form, t.held.Expires.UTC().Format(time.RFC3339)), nil
	})
}

func tokenRemedy(err error) string {
	var e *entente.Error
	switch {
	case !errors.As(err, &e):
	case e.Reason == availability.OrganizationUnfederated:
		return "entente federation enable"
	case errors.Is(err, context.DeadlineExceeded) || e.Kind == entente.Unavailable:
		return "The broker does not answer: check federation.proxy, federation.resolvers and whether this server may reach it."
	}
	return "The broker gives no token for this partner: is the application URI its own (entente federation information DOMAIN), or is one of the two organizations suspended (entente federation test)?"
}

func (t *trial) discovery(ctx context.Context) bool {
	r := t.relation
	if r.TargetSharingEPR != "" {
		t.place = r.TargetSharingEPR
		return t.step("discovery", "entente relationship set "+r.Name+" --sharing-epr https://HOST/EWS/Exchange.asmx", func() (string, error) {
			_, err := relationURL(r, t.place)
			return "the relationship names the other side's EWS: " + t.place, err
		})
	}
	return t.step("discovery", "entente federation information "+string(t.about.Domain())+" shows each step of looking for it.", func() (string, error) {
		var err error
		t.place, err = t.discover(ctx, t.who, r, []entente.SMTPAddress{t.about}, t.e)
		var unknown *notFound
		if errors.As(err, &unknown) && t.nobody {
			return "", &remedied{err, "Autodiscover answers about people it knows: name one with --about."}
		}
		return "Autodiscover names the other side's EWS: " + t.place, err
	})
}

func (t *trial) name(ctx context.Context) bool {
	return t.step("DNS", "Check the name in DNS.", func() (string, error) {
		text, err := t.resolve(ctx, hostOf(t.place))
		return hostOf(t.place) + " is " + text, err
	})
}

// server connects to the other side without asking for anything that needs a
// token: TLS, its clock, and its keys if it is one of ours.
func (t *trial) server(ctx context.Context) bool {
	var s seen
	t.Autodiscover.CloseIdleConnections() // so that TLS is seen
	began := time.Now()
	peer, answer, err := t.peer(watching(ctx, &s), t.place, t.about.Domain())
	text, wrong := "", err
	if answer != nil {
		text, wrong = s.tls(time.Now())
	}
	remedy := ""
	if wrong != nil {
		remedy = remedyOf(wrong, "The connection to the other side fails.")
	}
	if !t.note("TLS", remedy, began, text, wrong) {
		return false
	}
	t.clock(answer, t.Now())
	t.keys(peer, err)
	return true
}

func (t *trial) clock(answer *http.Response, now time.Time) {
	d, err := skew(answer, now)
	if err != nil {
		t.note("clock", "", now, "", nil)
		t.warn(err.Error(), "It cannot be seen from here whether the clocks agree.")
		return
	}
	text := fmt.Sprintf("the other side's is %v from ours", d)
	if d.Abs() > token.MaxSkew {
		err = errors.New(text)
	}
	t.note("clock", "Both sides' clocks must agree to five minutes: tokens and signatures are refused otherwise.", now, text, err)
	t.all[len(t.all)-1].Took = 0 // it came along
}

// keys holds what is pinned against what the other side says, if it says any.
func (t *trial) keys(p *federation.Peer, err error) {
	switch {
	case len(t.relation.Keys) == 0:
		t.skip("keys", "none are pinned (broker-trusted)")
		return
	case err != nil:
		t.step("keys", "", func() (string, error) { return "", err })
		t.warn(err.Error(), "The other side does not say which keys it signs with; those that are pinned cannot be followed.")
		return
	}
	t.step("keys", "", func() (string, error) {
		if p.ApplicationURI != t.relation.TargetApplicationURI {
			return "", fmt.Errorf("the other organization is now %s", p.ApplicationURI)
		}
		if len(federation.Succession(t.relation.Keys, p)) == 0 {
			return "", errors.New("it has none of the pinned keys any more, and none that they signed for")
		}
		return "what is pinned is in use", nil
	})
	if last := &t.all[len(t.all)-1]; last.Result == Failure {
		last.Remedy = "Ask the other organization whether it made a new trust, and if so: entente relationship set " + t.relation.Name + " --application-uri URI --keys THUMBPRINT"
	}
}

// ask asks for free/busy, which shows the relationship at the other side and,
// behind that, the calendar.
func (t *trial) ask(ctx context.Context) bool {
	q := &availability.Request{View: availability.FreeBusy, Slot: availability.DefaultSlot, Window: calendar.Interval{
		Start: t.Now().UTC().Truncate(time.Hour), End: t.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour),
	}}
	answer := &ews.GetUserAvailabilityResponse{}
	remedy := fmt.Sprintf("The administrator there: entente relationship show; it must be enabled, name one of %s, have %s as its application URI and pin one of our keys, or none.",
		mails(t.who), ownURI(t.Federation.Trust()))
	ok := t.step("relationship at the other side", remedy, func() (string, error) {
		err := t.call(ctx, t.place, t.held, question(t.g.of, q), answer, t.e)
		switch {
		case notAccepted(err):
			return "", &remedied{errors.New("the other side does not accept the token or the signature"), remedy}
		case err != nil:
			return "", &remedied{err, remedyOf(err, remedy)}
		case len(answer.FreeBusyResponses) != 1:
			return "", ewsclient.ErrNotEWS
		}
		return "the other side let us ask", nil
	})
	if !ok {
		t.code = string(availability.PartnerFailed)
		return false
	}
	return t.calendar(answer, q)
}

func (t *trial) calendar(answer *ews.GetUserAvailabilityResponse, q *availability.Request) bool {
	m := answer.FreeBusyResponses[0].ResponseMessage
	if t.nobody && m != nil && m.ResponseCode == ews.ErrorMailRecipientNotFound {
		t.skip("calendar permission", "say with --about whose calendar to look at")
		return true
	}
	return t.step("calendar permission", "", func() (string, error) {
		all, err := answersOf(answer, 1, q)
		if err == nil {
			err = all[0].Err
		}
		if err != nil {
			t.code = reasonOf(err)
			return "", &remedied{fmt.Errorf("%s: %w", strings.TrimPrefix(t.code, string(availability.PartnerSays)), err), calendarRemedy(t.code, t.about)}
		}
		return fmt.Sprintf("%s shows %d entries of the next 24 hours (%s)", t.about, len(all[0].Busy), all[0].View), nil
	})
}

func calendarRemedy(code string, about entente.SMTPAddress) string {
	switch ews.ResponseCode(strings.TrimPrefix(code, string(availability.PartnerSays))) {
	case ews.ErrorNoFreeBusyAccess:
		return fmt.Sprintf("The calendar of %s shows nothing to everyone (its Default permission), or the relationship there has the level None or a scope without that person.", about)
	case ews.ErrorMailRecipientNotFound:
		return "Nobody there has this address."
	case ews.ErrorInvalidOrganizationRelationshipForFreeBusy:
		return "The relationship there shares no free/busy: its administrator has to set FreeBusyAccessEnabled."
	}
	return "Ask the administrator there; the request's id in both audit logs is the same."
}

func mails(who token.Subject) string {
	var all []string
	for _, m := range who.Mails {
		if d := string(m.Domain()); !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return strings.Join(all, ", ")
}

func ownURI(t *federation.Trust) string {
	if t == nil {
		return "our application URI"
	}
	return t.ApplicationURI
}
