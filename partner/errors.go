package partner

import (
	"context"
	"errors"
	"fmt"
	"net"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/ews"
	"entente/ews/ewsclient"
	"entente/federation"
)

// The sentences are Exchange's where it has one: administrators look for them.

func otherOrganization() error {
	return entente.Errorf(entente.Denied, "Somebody of another organization cannot have this one ask a third.").
		Because(availability.OtherOrganization)
}

func unusable(name string, err error) error {
	return &entente.Error{
		Kind: entente.Invalid, Reason: availability.UnusableRelationship, Err: err,
		Text: fmt.Sprintf("The organization relationship %s can't be used. Please confirm that the organization relationship is configured correctly.", name),
	}
}

func timedOut(g *group, err error) error {
	return &entente.Error{
		Kind: entente.Unavailable, Reason: availability.PartnerTimedOut, Err: err,
		Text: fmt.Sprintf("The request to the other organization (%s) timed out.", g.name),
	}
}

func tooManyEntries(n int) error {
	return entente.Errorf(entente.TooLarge, "The result set contains too many calendar entries. The allowed size = %d; the actual size = %d.", maxEntries, n).
		Because(availability.PartnerTooManyEntries)
}

// discoveryFailed becomes Exchange's sentence about each address; see shown.
func discoveryFailed(err error) error {
	return &entente.Error{
		Kind: entente.Unavailable, Reason: availability.PartnerDiscoveryFailed, Err: err,
		Text: "The other organization's server could not be found by Autodiscover.",
	}
}

// ofRooms puts what the rooms below say into the words of availability: the
// relationship, and this organization's own side of the trust.
func ofRooms(err error) error {
	var e *entente.Error
	if !errors.As(err, &e) {
		return err
	}
	var reason entente.Reason
	switch e.Reason {
	case access.NoRelationship, access.RelationshipDisabled:
		reason = availability.NoRelationship
	case access.NoRelationshipFreeBusy:
		reason = availability.NoRelationshipFreeBusy
	case access.RelationshipUnusable:
		reason = availability.UnusableRelationship
	case federation.NotFederated:
		reason = availability.OrganizationUnfederated
	case federation.Misconfigured:
		reason = availability.FederationMisconfigured
	case federation.NoFederatedProxy:
		reason = availability.NoFederatedAddress
	case federation.BrokerRefused, federation.BrokerUnavailable, federation.NodeLacksKey:
		reason = availability.NoDelegationToken
	default:
		return err
	}
	return &entente.Error{Kind: e.Kind, Reason: reason, Text: e.Text, Err: err}
}

// proxyFailed says what went wrong between us and a partner, without what only
// our own log should have.
func proxyFailed(err error) error {
	var e *entente.Error
	if errors.As(err, &e) {
		return err
	}
	inner := "the connection failed"
	var status *ewsclient.Status
	var fault *ewsclient.Fault
	var dns *net.DNSError
	switch {
	case errors.As(err, &fault) && ofRelationship(string(fault.EWS)):
		// It says what Exchange documents of its side: the asker is told the same.
		return said(string(fault.EWS), fault.Text)
	case errors.As(err, &status):
		inner = fmt.Sprintf("the remote server returned HTTP %d", status.Code)
	case errors.As(err, &fault):
		inner = "the remote server refused: " + string(fault.EWS) + fault.Code.Local
		if fault.EWS != "" {
			inner = "the remote server refused: " + string(fault.EWS)
		}
	case errors.Is(err, ewsclient.ErrNotEWS):
		inner = "the remote server's answer is not understood"
	case errors.As(err, &dns):
		inner = "the remote name could not be resolved"
	case errors.Is(err, context.DeadlineExceeded):
		return &entente.Error{Kind: entente.Unavailable, Reason: availability.PartnerTimedOut, Text: "The request to the other organization timed out.", Err: err}
	}
	return &entente.Error{
		Kind: entente.Unavailable, Reason: availability.PartnerFailed, Err: err,
		Text: "Proxy web request failed. , inner exception: " + inner + ".",
	}
}

// ofRelationship reports whether a partner refuses by what it agreed with us, and
// not because something is wrong.
func ofRelationship(code string) bool {
	switch ews.ResponseCode(code) {
	case ews.ErrorInvalidOrganizationRelationshipForFreeBusy, ews.ErrorNoFreeBusyAccess, ews.ErrorProxyRequestNotAllowed:
		return true
	}
	return false
}

// said is what a partner answered about one mailbox. The same code is passed on;
// a code that is none is the partner's fault.
func said(code, text string) error {
	if !isCode(code) {
		return proxyFailed(ewsclient.ErrNotEWS)
	}
	return entente.Errorf(entente.NotFound, "%s", ewsclient.Words(text)).Because(availability.PartnerSays + entente.Reason(code))
}

// isCode reports whether a text has the form of a response code.
func isCode(s string) bool {
	if len(s) < 6 || len(s) > 80 || s[:5] != "Error" {
		return false
	}
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// shown is an error as the asker is told of it, about one address.
func shown(err error, address entente.SMTPAddress) error {
	var e *entente.Error
	switch {
	case !errors.As(err, &e):
		return proxyFailed(err)
	case e.Reason == availability.PartnerDiscoveryFailed:
		return &entente.Error{Kind: e.Kind, Reason: e.Reason, Err: e, Text: fmt.Sprintf("Autodiscover failed for email address %s.", address)}
	}
	return err
}

// reasonOf is what the audit log says of an outcome.
func reasonOf(err error) string {
	var e *entente.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e) && e.Reason != "":
		return string(e.Reason)
	}
	return "failed"
}
