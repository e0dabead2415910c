package access

import (
	"strings"
	"time"

	"entente"
)

// Reasons why nobody is impersonated; one for each code EWS has, see
// [MS-OXWSCDATA] 2.2.5.24 ResponseCodeType.
const (
	ImpersonationDenied          entente.Reason = "impersonation-denied"
	ImpersonateUserDenied        entente.Reason = "impersonate-user-denied"
	InvalidImpersonationHeader   entente.Reason = "invalid-exchange-impersonation-header-data"
	InvalidUserPrincipalName     entente.Reason = "invalid-user-principal-name"
	InvalidUserSid               entente.Reason = "invalid-user-sid"
	InvalidSmtpAddress           entente.Reason = "invalid-smtp-address"
	NonExistentMailbox           entente.Reason = "non-existent-mailbox"
	NonPrimarySmtpAddress        entente.Reason = "non-primary-smtp-address"
	MoreThanOneAccessMode        entente.Reason = "more-than-one-access-mode"
	ImpersonationFailed          entente.Reason = "impersonation-failed"
	TokenSerializationDenied     entente.Reason = "token-serialization-denied"
	InvalidSerializedAccessToken entente.Reason = "invalid-serialized-access-token"
	InvalidManagementRoleHeader  entente.Reason = "invalid-management-role-header"
	MissingEmailAddress          entente.Reason = "missing-email-address"
	CallerIsInvalidADAccount     entente.Reason = "caller-is-invalid-ad-account"
)

// A ConnectingSID names whom a request wants to act as, as the header of that
// name does: [MS-OXWSCDATA] 2.2.4.19 ConnectingSIDType. The published schema
// lets a header hold one of them; clients are seen to send two, which must
// then agree.
type ConnectingSID struct {
	PrincipalName      string
	SID                string
	PrimarySmtpAddress string
	SmtpAddress        string
}

// Impersonate decides whether the caller may act as target by a request to
// server, and returns as whom. Its decisions go into the trace.
//
// That the caller may submit such calls to the server at all is asked before
// the name is looked at: who may not gets the same answer to any name, and
// learns nothing of who exists. Errors carry the reasons above; only who may
// act as an account is told its primary address.
func (s *Snapshot) Impersonate(c *Caller, target ConnectingSID, server string, at time.Time, t *Trace) (*Principal, error) {
	if c != nil && c.ActsAs != nil {
		return nil, entente.Errorf(entente.Invalid, "more than one access mode is specified").Because(MoreThanOneAccessMode)
	}
	q := Question{Caller: c, On: Object{Kind: ServerObject, Name: server}, Want: Impersonate, At: at, Server: server}
	d := s.Decide(q)
	t.add(d)
	if !d.allowed {
		return nil, entente.Errorf(entente.Denied,
			"the account does not have permission to impersonate on this server").Because(ImpersonationDenied)
	}
	who, alias, err := s.resolve(target)
	if err != nil {
		t.add(unresolved(q, target, err))
		return nil, err
	}
	q.On, q.Want = Object{Kind: AccountObject, Name: string(who.SID)}, MayImpersonate
	d = s.Decide(q)
	if d.allowed && alias {
		d.need("primary-address", string(who.Mail), false, NonPrimarySmtpAddress)
		d.conclude()
	}
	t.add(d)
	switch {
	case d.allowed:
		p := who.Principal
		return &p, nil
	case d.reason == NonPrimarySmtpAddress:
		return nil, entente.Errorf(entente.Invalid,
			"the address is not the primary SMTP address of the mailbox, which is %s", who.Mail).Because(d.reason)
	}
	return nil, entente.Errorf(entente.Denied,
		"the account does not have permission to impersonate the requested user").Because(ImpersonateUserDenied)
}

// unresolved is the decision kept of a name that names nobody.
func unresolved(q Question, target ConnectingSID, err *entente.Error) Decision {
	d := Decision{On: Object{Kind: AccountObject}, Want: MayImpersonate}
	d.need("caller-known", string(q.Caller.Authenticated.SID), true, "")
	d.need("name-resolved", bounded(target.PrincipalName+target.SID+target.PrimarySmtpAddress+target.SmtpAddress), false, err.Reason)
	d.conclude()
	return d
}

// maxFact bounds what a stranger's text may take in an audit record.
const maxFact = 256

func bounded(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxFact)], "")
}

// xmlSpace is what XML calls white space; pretty-printing clients put it
// around values.
const xmlSpace = " \t\r\n"

// resolve finds the one account that all given identifiers name. alias tells
// that it was given as primary address and is another of its addresses.
func (s *Snapshot) resolve(target ConnectingSID) (who *account, alias bool, err *entente.Error) {
	lookups := [...]struct {
		name string
		find func(string) (*account, bool, *entente.Error)
	}{
		{target.PrincipalName, s.resolveUPN},
		{target.SID, s.resolveSID},
		{target.PrimarySmtpAddress, s.resolvePrimary},
		{target.SmtpAddress, s.resolveSMTP},
	}
	for _, l := range lookups {
		name := strings.Trim(l.name, xmlSpace)
		if name == "" {
			continue
		}
		a, other, err := l.find(name)
		if err != nil {
			return nil, false, err
		}
		if who != nil && who != a {
			return nil, false, invalidHeader("the identifiers in the impersonation header name different accounts")
		}
		who, alias = a, alias || other
	}
	if who == nil {
		return nil, false, invalidHeader("the impersonation header names nobody")
	}
	return who, alias, nil
}

func invalidHeader(text string) *entente.Error {
	return entente.Errorf(entente.Invalid, "%s", text).Because(InvalidImpersonationHeader)
}

func (s *Snapshot) resolveUPN(name string) (*account, bool, *entente.Error) {
	upn, err := entente.ParseUPN(name)
	if a := byName(s, &s.byUPN, upn); err == nil && a != nil {
		return a, false, nil
	}
	return nil, false, entente.Errorf(entente.Invalid, "the user principal name is not valid").Because(InvalidUserPrincipalName)
}

func (s *Snapshot) resolveSID(name string) (*account, bool, *entente.Error) {
	sid, err := entente.ParseSID(name)
	if a := s.bySID(sid); err == nil && a != nil {
		return a, false, nil
	}
	return nil, false, entente.Errorf(entente.Invalid, "the user's security identifier is not valid").Because(InvalidUserSid)
}

func (s *Snapshot) resolveSMTP(name string) (*account, bool, *entente.Error) {
	address, err := entente.ParseSMTPAddress(name)
	if err != nil {
		return nil, false, entente.Errorf(entente.Invalid, "the SMTP address is not valid").Because(InvalidSmtpAddress)
	}
	a := byName(s, &s.bySMTP, address)
	if a == nil || a.Mailbox.IsZero() {
		return nil, false, entente.Errorf(entente.NotFound, "there is no mailbox with this SMTP address").Because(NonExistentMailbox)
	}
	return a, false, nil
}

func (s *Snapshot) resolvePrimary(name string) (*account, bool, *entente.Error) {
	a, _, err := s.resolveSMTP(name)
	if err != nil {
		return nil, false, err
	}
	return a, !strings.EqualFold(string(a.Mail), name), nil
}

// onServer is about submitting impersonated calls to a server.
func (s *Snapshot) onServer(q *Question, d *Decision, who *identity) {
	if who.account == nil {
		d.need("impersonation-at-server", q.On.Name, false, ImpersonationDenied)
		return
	}
	d.need("not-administrator", who.sid(), !s.isAdmin(&who.party), ImpersonationDenied)
	by := s.weigh(&who.party, Impersonate, nil, "", q.On.Name, q.At)
	d.give("impersonation-at-server", by.id(), by.allows(), Impersonate)
}

// onScope is about acting as an account, or as those in a database.
func (s *Snapshot) onScope(q *Question, d *Decision, who *identity) {
	if who.account == nil {
		d.need("may-impersonate", q.On.Name, false, ImpersonateUserDenied)
		return
	}
	d.need("not-administrator", who.sid(), !s.isAdmin(&who.party), ImpersonateUserDenied)
	var target *account
	database := q.On.Name
	if q.On.Kind == AccountObject {
		target, database = s.bySID(entente.SID(q.On.Name)), ""
		d.need("account-known", q.On.Name, target != nil, ImpersonateUserDenied)
		if target == nil {
			return
		}
	}
	by := s.weigh(&who.party, MayImpersonate, target, database, q.Server, q.At)
	by.exclude(d)
	d.give("may-impersonate", by.id(), by.allows(), MayImpersonate)
}

// actsAs applies the rules of impersonation again for a caller who already
// acts as another, since those who wait ask long after the header was read.
func (s *Snapshot) actsAs(q *Question, d *Decision, who *identity) {
	sid := string(q.Caller.ActsAs.SID)
	if who.by.account == nil || who.account == nil {
		d.need("acts-as", sid, false, ImpersonateUserDenied)
		return
	}
	d.need("not-administrator", string(who.by.SID), !s.isAdmin(&who.by), ImpersonationDenied)
	at := s.weigh(&who.by, Impersonate, nil, "", q.Server, q.At)
	over := s.weigh(&who.by, MayImpersonate, who.account, "", q.Server, q.At)
	over.exclude(d)
	who.assignment = over.by
	d.need("acts-as", over.id(), at.allows() && over.allows(), ImpersonateUserDenied)
}

// exclude says of an exclusive scope over the account whether it keeps the
// caller out: whether no grant with an exclusive scope decided.
func (v *verdict) exclude(d *Decision) {
	if v.exclusive != nil {
		d.need("exclusive-scope", v.exclusive.Name, v.allows(), ImpersonateUserDenied)
	}
}
