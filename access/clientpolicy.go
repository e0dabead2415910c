package access

import (
	"time"

	"entente"
)

// Reasons why the gate stays shut; they name the setting to change.
const (
	EwsDisabledByOrganization entente.Reason = "ews-disabled-by-organization"
	EwsDisabledByMailbox      entente.Reason = "ews-disabled-by-mailbox"
	ClientNotAllowed          entente.Reason = "client-not-allowed"        // EwsAllowOutlook and its like
	ApplicationNotListed      entente.Reason = "application-not-listed"    // EwsAllowList
	ApplicationBlocked        entente.Reason = "application-blocked"       // EwsBlockList
	ApplicationIDNotListed    entente.Reason = "application-id-not-listed" // EwsAllowedAppIDs
	UnknownProtocol           entente.Reason = "unknown-protocol"
)

// A Setting is on, off, or left unset: Exchange's $true, $false and $null.
type Setting uint8

const (
	Unset Setting = iota
	On
	Off
)

// or returns the setting, or if it is unset, the other.
func (v Setting) or(other Setting) Setting {
	if v == Unset {
		return other
	}
	return v
}

// A Precedence says what a mailbox's EwsEnabled can do against the
// organization's.
type Precedence uint8

const (
	// Classic: a mailbox's On prevails over the organization's Off, as "specific
	// access control settings override general access control settings".
	Classic Precedence = iota
	// Strict: the organization's Off is final, as in Exchange Online since
	// April 2025.
	Strict
)

// An ApplicationPolicy says what the list beside it means. Exchange's
// EwsApplicationAccessPolicy.
type ApplicationPolicy string

const (
	NoApplicationPolicy ApplicationPolicy = ""
	EnforceAllowList    ApplicationPolicy = "EnforceAllowList"
	EnforceBlockList    ApplicationPolicy = "EnforceBlockList"
)

// A ClientPolicy is what can be set of access by EWS and REST, for the
// organization (Set-OrganizationConfig) and for a mailbox (Set-CASMailbox).
// A User-Agent proves nothing: the lists are Exchange's means of keeping
// well-behaved applications out, not a defence.
type ClientPolicy struct {
	EwsEnabled                 Setting
	EwsAllowOutlook            Setting
	EwsAllowMacOutlook         Setting
	EwsAllowEntourage          Setting
	EwsApplicationAccessPolicy ApplicationPolicy
	EwsAllowList               []string // User-Agent patterns with *
	EwsBlockList               []string
	// EwsAllowedAppIDs are the applications, by the id of their credential, that
	// may come in while EwsEnabled is on; empty is any. Without EwsEnabled on the
	// list has no effect. Unlike a User-Agent, a credential proves something.
	EwsAllowedAppIDs []ApplicationID
}

// Names of protocols with a gate.
const (
	gateEWS          = "ews"
	gateREST         = "rest"
	gateActiveSync   = "activesync"
	gateAutodiscover = "autodiscover"
)

// Gate decides whether the caller may come in by a protocol ("ews", "rest",
// "activesync", "autodiscover") and adds the decision to the trace. The
// settings are those of whom he acts as: a delegate needs access himself, and
// that of the mailbox's owner is not asked for; who is impersonated needs it,
// unless the assignment says otherwise. A refusal has the kind Denied and a
// reason above.
func (s *Snapshot) Gate(c *Caller, protocol string, at time.Time, t *Trace) error {
	d := s.Decide(Question{Caller: c, On: Object{Kind: OrganizationObject, Name: protocol}, Want: Enter, At: at})
	t.add(d)
	if d.allowed {
		return nil
	}
	return entente.Errorf(entente.Denied, "%s", gateText(d.reason)).Because(d.reason)
}

// gateText is what the refused may read: it concerns a gate of his own.
func gateText(r entente.Reason) string {
	switch r {
	case EwsDisabledByOrganization:
		return "Exchange Web Services is disabled for the organization"
	case EwsDisabledByMailbox:
		return "Exchange Web Services is disabled for the mailbox"
	case ClientNotAllowed:
		return "this client is not allowed to use Exchange Web Services"
	case ApplicationNotListed:
		return "the application is not on the list of allowed applications"
	case ApplicationBlocked:
		return "the application is on the list of blocked applications"
	}
	return "access is denied"
}

// gate applies the settings: both the mailbox and the application must be
// allowed.
func (s *Snapshot) gate(q *Question, d *Decision, who *identity) {
	switch {
	case who.local:
		d.give("local", "", true, Enter)
		return
	case who.account == nil:
		d.need("gate", q.On.Name, false, NoRight)
		return
	case who.assignment != nil && who.assignment.Gate == GateBypass:
		d.give("gate-bypassed", who.assignment.ID, true, Enter)
		return
	}
	switch q.On.Name {
	case gateEWS, gateREST:
	case gateActiveSync, gateAutodiscover:
		d.give("gate", q.On.Name, true, Enter)
		return
	default:
		d.need("gate", q.On.Name, false, UnknownProtocol)
		return
	}
	org, box := &s.organization.Policy, who.Policy
	if box == nil {
		box = &ClientPolicy{}
	}
	if q.On.Name == gateEWS { // REST obeys the lists and not EwsEnabled
		fact, reason := enabled(org.EwsEnabled, box.EwsEnabled, s.organization.Precedence)
		d.need("ews-enabled", fact, reason == "", reason)
	}
	fact, reason := application(org, box, q.Caller.UserAgent)
	d.need("ews-application", fact, reason == "", reason)
	d.give("gate", q.On.Name, true, Enter)
}

// enabled applies EwsEnabled; the reason is empty if access is allowed.
func enabled(org, box Setting, p Precedence) (fact string, reason entente.Reason) {
	switch {
	case org == Off && p == Strict:
		return "organization: EwsEnabled off, which is final", EwsDisabledByOrganization
	case org == Off && box == On:
		return "mailbox: EwsEnabled on, organization: off", ""
	case org == Off:
		return "organization: EwsEnabled off", EwsDisabledByOrganization
	case box == Off:
		return "mailbox: EwsEnabled off", EwsDisabledByMailbox
	}
	return "EwsEnabled on or unset", ""
}

// application decides on the client. A well-known one has a setting of its own
// and is on no list. Any other is looked up in the mailbox's list, if the
// mailbox has a policy, else in the organization's: lists replace each other
// and are never merged.
func application(org, box *ClientPolicy, agent string) (fact string, reason entente.Reason) {
	switch classify(agent) {
	case outlook:
		return known("EwsAllowOutlook", box.EwsAllowOutlook.or(org.EwsAllowOutlook))
	case macOutlook:
		return known("EwsAllowMacOutlook", box.EwsAllowMacOutlook.or(org.EwsAllowMacOutlook))
	case entourage:
		return known("EwsAllowEntourage", box.EwsAllowEntourage.or(org.EwsAllowEntourage))
	}
	if box.EwsApplicationAccessPolicy != NoApplicationPolicy {
		return listed(box, agent, "mailbox: EwsAllowList", "mailbox: EwsBlockList")
	}
	return listed(org, agent, "organization: EwsAllowList", "organization: EwsBlockList")
}

func known(setting string, v Setting) (string, entente.Reason) {
	if v == Off {
		return setting, ClientNotAllowed
	}
	return setting, ""
}

func listed(p *ClientPolicy, agent, allow, block string) (string, entente.Reason) {
	switch p.EwsApplicationAccessPolicy {
	case NoApplicationPolicy:
		return "no EwsApplicationAccessPolicy", ""
	case EnforceBlockList:
		if matchesAny(p.EwsBlockList, agent) {
			return block, ApplicationBlocked
		}
		return block, ""
	}
	// EnforceAllowList, and whatever else the setting may have come to hold.
	if matchesAny(p.EwsAllowList, agent) {
		return allow, ""
	}
	return allow, ApplicationNotListed
}

type client uint8

const (
	otherClient client = iota
	outlook
	macOutlook
	entourage
)

// classify tells the well-known clients by their User-Agent. How Exchange does
// it is not published; the patterns are what those clients send.
func classify(agent string) client {
	switch {
	case matches("Microsoft Office/*Microsoft Outlook*", agent), matches("Outlook/*", agent):
		return outlook
	case matches("MacOutlook/*", agent):
		return macOutlook
	case matches("Entourage/*", agent):
		return entourage
	}
	return otherClient
}

func matchesAny(patterns []string, agent string) bool {
	for _, p := range patterns {
		if matches(p, agent) {
			return true
		}
	}
	return false
}

// matches compares text with a pattern in which * stands for any run of
// characters, without regard to the case of ASCII letters; ? is itself. It
// takes time in proportion to the product of the lengths at worst.
func matches(pattern, text string) bool {
	p, t := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && lower(pattern[p]) == lower(text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
