package access

import (
	"strings"
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
	EwsDisabledByScope        entente.Reason = "ews-disabled-by-scope"     // of a ScopePolicy
	ActiveSyncDisabled        entente.Reason = "activesync-disabled"       // for the mailbox, a scope or the organization
	UnknownProtocol           entente.Reason = "unknown-protocol"
)

// A Setting is on, off, or left unset: Exchange's $true, $false and $null.
type Setting uint8

const (
	Unset Setting = iota
	On
	Off
)

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
	// ActiveSyncEnabled lets mobile devices in. The most specific level that says
	// anything decides, whatever Precedence says of EwsEnabled.
	ActiveSyncEnabled Setting `json:",omitempty"`
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
	return entente.Errorf(entente.Denied, "%s%s", gateText(d.reason), d.settingText()).Because(d.reason)
}

// settingText names the setting that a gate's refusal rests on, with its level:
// an administrator who is shown the refusal knows where to look.
func (d *Decision) settingText() string {
	for _, s := range d.Steps() {
		if !s.Holds && (strings.HasPrefix(s.Rule, "ews-") || s.Rule == "activesync-enabled") {
			return " (" + s.Fact + ")"
		}
	}
	return ""
}

// gateText is what the refused may read: it concerns a gate of his own.
func gateText(r entente.Reason) string {
	switch r {
	case EwsDisabledByOrganization:
		return "Exchange Web Services is disabled for the organization"
	case EwsDisabledByMailbox:
		return "Exchange Web Services is disabled for the mailbox"
	case EwsDisabledByScope:
		return "Exchange Web Services is disabled for a group of mailboxes that this one belongs to"
	case ActiveSyncDisabled:
		return "Exchange ActiveSync is disabled"
	case ApplicationIDNotListed:
		return "the application's id is not on the list of allowed applications"
	case ClientNotAllowed:
		return "this client is not allowed to use Exchange Web Services"
	case ApplicationNotListed:
		return "the application is not on the list of allowed applications"
	case OtherOrganization:
		return "CrossOrganizationProxyNotAllowedForExternalOrganization: the organization relationship here names another organization than the caller's"
	case NoRelationshipFreeBusy:
		return "the organization relationship here isn't enabled for free/busy"
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
	case who.foreign:
		// What lets him in is the relationship or what was shared with him; lists of
		// User-Agents are for clients (KB 3082946).
		d.give("gate", q.On.Name, q.On.Name == gateEWS || q.On.Name == gateAutodiscover, Enter)
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
	case gateActiveSync:
		fact, on := s.activeSync(who.account)
		d.need("activesync-enabled", fact, on, ActiveSyncDisabled)
		d.give("gate", q.On.Name, true, Enter)
		return
	case gateAutodiscover:
		d.give("gate", q.On.Name, true, Enter)
		return
	default:
		d.need("gate", q.On.Name, false, UnknownProtocol)
		return
	}
	if q.On.Name == gateEWS { // REST obeys the lists and not EwsEnabled
		fact, reason := s.enabled(who.account, s.organization.Precedence)
		d.need("ews-enabled", fact, reason == "", reason)
		fact, reason = s.applicationID(who.account, q.Caller.Application)
		d.need("ews-application-id", fact, reason == "", reason)
	}
	fact, reason := s.application(who.account, q.Caller.UserAgent)
	d.need("ews-application", fact, reason == "", reason)
	d.give("gate", q.On.Name, true, Enter)
}

type client uint8

const (
	otherClient client = iota
	outlook
	macOutlook
	entourage
)

// setting is the name of the setting for a well-known client.
func (k client) setting() string {
	switch k {
	case outlook:
		return "EwsAllowOutlook"
	case macOutlook:
		return "EwsAllowMacOutlook"
	}
	return "EwsAllowEntourage"
}

func (k client) unset() string {
	switch k {
	case outlook:
		return "EwsAllowOutlook unset"
	case macOutlook:
		return "EwsAllowMacOutlook unset"
	}
	return "EwsAllowEntourage unset"
}

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
