package ruletest

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/authn/clientcert"
	"entente/kerberos"
	"entente/publish"
)

func asError(err error, e **entente.Error) bool { return errors.As(err, e) }

// find finds the account that a name means.
func find(s *access.Snapshot, name string) (access.Account, bool) {
	if a, ok := s.FindUPN(name); ok {
		return a, true
	}
	if a, ok := s.FindSMTP(name); ok {
		return a, true
	}
	if sid, err := entente.ParseSID(name); err == nil {
		return s.FindSID(sid)
	}
	// A logon name is one of a domain; one that accounts of two domains have is
	// nobody's.
	var found []access.Account
	f := s.Facts()
	for i := range f.Accounts {
		if strings.EqualFold(f.Accounts[i].LogonName, name) {
			found = append(found, f.Accounts[i])
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return access.Account{}, false
}

// user looks at the account as whom the rule is tested, here and in the directory.
func (r *run) user(ctx context.Context) {
	if r.question.User == "" {
		r.skipped("user", "none was named (--user)")
		return
	}
	r.fresh()
	check := "user " + r.question.User
	a, ok := find(r.Snapshot(), r.question.User)
	switch {
	case !ok:
		r.failed(check, "there is no such account here", "read the directory (entente ldap sync), widen ldap.filter, or make the account")
		return
	case !a.Enabled:
		r.failed(check, string(a.UPN)+" is disabled", "enable the account, in the directory if it is read from one")
	default:
		r.ok(check, "%s, %s", a.UPN, a.SID)
	}
	r.who = &a
	if !r.kerberos() {
		return
	}
	if a.LogonName == "" {
		r.failed("logon name", "the account has none", "give it the sAMAccountName that the realm knows it by (entente account set %s --logon-name …)", a.UPN)
		return
	}
	r.inDirectory(ctx, &a)
}

func (r *run) kerberos() bool {
	return r.Rule.Delegation == publish.KCD || r.Rule.Delegation == publish.KCDKerberosOnly
}

// fresh says how old what is known of accounts is.
func (r *run) fresh() {
	if r.Fresh == nil {
		return
	}
	const check = "accounts as of"
	switch age := r.Now().Sub(r.Fresh()); {
	case r.Fresh().IsZero():
		r.failed(check, "the directory was never read", "see entente ldap status")
	case age > maxSkew:
		r.failed(check, fmt.Sprintf("%s ago: nobody is let in", days(age)), "see entente ldap status")
	default:
		r.ok(check, "%s ago", days(age))
	}
}

func (r *run) inDirectory(ctx context.Context, a *access.Account) {
	if r.Directory == nil {
		return
	}
	check := "user " + a.LogonName + " in the directory"
	d, err := r.Directory.ServiceAccount(ctx, a.LogonName)
	switch {
	case err != nil:
		r.failed(check, plain(err), "correct the account's logon name, or read the directory again (entente ldap sync)")
		return
	case d.SID != a.SID:
		r.failed(check, fmt.Sprintf("%s has the SID %s, the account here %s", d.DN, d.SID, a.SID), "the two are not the same account: correct the logon name here, or remove one of them")
		return
	case !d.Enabled:
		r.failed(check, d.DN+" is disabled", "enable it")
	default:
		r.ok(check, "%s is enabled", d.DN)
	}
	if d.Sensitive {
		r.failed("may be delegated", d.DN+" is marked as sensitive (NOT_DELEGATED)", "clear Account is sensitive and cannot be delegated on its Account tab, or let this user come in another way: by this rule he never will")
		return
	}
	r.ok("may be delegated", "the account is not marked as sensitive")
}

// certificate says whose a certificate is.
func (r *run) certificate(ctx context.Context) {
	if len(r.question.Certificate) == 0 {
		return
	}
	leaf := r.question.Certificate[0]
	check := "certificate " + leaf.SerialNumber.Text(16)
	if r.Listener.Judge == nil {
		r.failed(check, "the listener takes no client certificates", "add certificate to %s", r.listener("auth"))
		return
	}
	m, err := r.Listener.Judge.Match(ctx, r.question.Certificate)
	switch {
	case err != nil:
		r.failed(check, plain(err), "%s", r.certificateRemedy(err, leaf))
	case r.who != nil && m.Account.SID != r.who.SID:
		r.failed(check, fmt.Sprintf("it is of %s, by %s", m.Account.UPN, m.Mapping), "take the mapping from that account's altSecurityIdentities, or test as that user")
	case m.Weak():
		r.warn(check, fmt.Sprintf("of %s by %s, which is weak: whoever can choose names in certificates chooses whom it makes him", m.Account.UPN, m.Mapping),
			"write a strong mapping into altSecurityIdentities of the account%s, and take the weak one from %s", ski(leaf), r.listener("authorities"))
	default:
		r.ok(check, "of %s by %s (%s)", m.Account.UPN, m.Mapping, m.Fact)
	}
}

// ski is a strong mapping of a certificate, as it is written.
func ski(leaf *x509.Certificate) string {
	if len(leaf.SubjectKeyId) == 0 {
		return ""
	}
	return ", such as X509:<SKI>" + hex.EncodeToString(leaf.SubjectKeyId)
}

func (r *run) certificateRemedy(err error, leaf *x509.Certificate) string {
	switch reason(err) {
	case clientcert.ReasonChain:
		return "name the authority that issued it in " + r.listener("authorities") + ": " + leaf.Issuer.String() + "; or see that the certificate has not ended and is for client authentication"
	case clientcert.ReasonMalformed:
		return "have the certificate issued anew: names in it cannot be read"
	case clientcert.ReasonUnmapped:
		return "write it into altSecurityIdentities of the account" + ski(leaf) + "; or have it issued with the SID extension"
	case clientcert.ReasonAmbiguous:
		return "leave the mapping in altSecurityIdentities of one account alone"
	case clientcert.ReasonDisabled:
		return "enable the account"
	case clientcert.ReasonRevoked:
		return "have a new certificate issued: its authority has taken this one back"
	case clientcert.ReasonUnconfirmed:
		return "see the lines of the revocation lists; until one can be had nobody is let in"
	}
	return "see the lines above"
}

// protectedUsers is the relative identifier of the group whose members are not
// delegated, [MS-DTYP] 2.4.2.4.
const protectedUsers = "-525"

// tickets gets the user's ticket in both steps.
func (r *run) tickets(ctx context.Context) {
	if !r.kerberos() {
		return
	}
	self, proxy := "S4U2Self", "S4U2Proxy to "+string(r.Rule.ServiceOf())
	why := ""
	switch {
	case r.Rule.Delegation == publish.KCDKerberosOnly:
		why = "it takes a client's own ticket, which only the client has"
	case r.who == nil || r.who.LogonName == "":
		why = "it is not known for whom"
	case !r.kdc:
		why = "no KDC answers"
	case !r.signedIn:
		why = "this server's own account is not signed in"
	}
	if why != "" {
		r.skipped(self, why)
		r.skipped(proxy, why)
		return
	}
	c := *r.Kerberos
	c.Told = nil
	d, err := kerberos.NewDelegator(c)
	if err != nil {
		r.failed(self, plain(err), "correct the section kerberos")
		return
	}
	r.delegator = d
	if !r.toSelf(ctx, self) {
		r.skipped(proxy, "there is no ticket to show")
		return
	}
	r.toService(ctx, proxy)
}

// toSelf asks for the ticket to ourselves, and looks at what the realm says in it.
func (r *run) toSelf(ctx context.Context, check string) bool {
	sid := r.who.SID
	if r.who.Master != "" {
		sid = r.who.Master
	}
	t, says, err := r.delegator.Evidence(ctx, kerberos.User{Name: r.who.LogonName, Realm: r.Kerberos.Self.Realm, SID: sid})
	if t == nil {
		r.failed(check, plain(err), "%s", selfRemedy(err, r.who.LogonName))
		return false
	}
	r.evidence, r.says = t, says
	switch {
	case says == nil && strings.HasPrefix(string(sid), "S-1-5-21-") && r.account != nil:
		r.failed(check, plain(err), "clear NO_AUTH_DATA_REQUIRED (0x2000000 of userAccountControl) of %s: without a PAC it is not known whom a ticket is of", r.account.DN)
		return false
	case says != nil && says.SID != sid:
		r.failed(check, fmt.Sprintf("the realm means %s by %s, and the account here is %s", says.SID, r.who.LogonName, sid), "correct the account's logon name, or read the directory again (entente ldap sync)")
		return false
	case !t.Forwardable:
		r.failed(check, "the realm gives a ticket for "+t.Client.String()+", and does not let it be shown on", "%s", r.whyNotForwardable())
		return false
	}
	r.ok(check, "for %s, until %s", t.Client, t.End.UTC().Format("2006-01-02 15:04Z"))
	if r.protected() {
		r.warn("Protected Users", r.who.LogonName+" is in the group, and this KDC lets the account be delegated all the same", "take it out of Protected Users, or let this user come in another way: a KDC that heeds the group refuses")
	}
	r.signature()
	return true
}

func selfRemedy(err error, user string) string {
	switch reason(err) {
	case kerberos.NoSuchClient:
		return "the realm does not know " + user + ": correct the account's logon name, which is its sAMAccountName"
	case kerberos.ClientRevoked:
		return "enable or unlock " + user + " in the realm, or have its password changed"
	case kerberos.NotForwardable, kerberos.NotDelegated:
		return "choose Use any authentication protocol on the Delegation tab of this server's account; where there is none, such as in MIT Kerberos, set ok_to_auth_as_delegate"
	case kerberos.WeakCipher:
		return "give the account AES keys: have its password changed"
	case kerberos.ClockSkew:
		return "have this server and the KDC keep time by the same NTP servers"
	case kerberos.NoSuchService:
		return "give this server's account a servicePrincipalName: without one it is no service to the KDC"
	}
	return "look into the KDC's log"
}

// protected reports whether the realm says that the user is in Protected Users.
func (r *run) protected() bool {
	return r.says != nil && slices.ContainsFunc(r.says.Groups, func(g entente.SID) bool { return strings.HasSuffix(string(g), protectedUsers) })
}

// whyNotForwardable tells which of the three settings it is, as far as is known.
func (r *run) whyNotForwardable() string {
	if r.protected() {
		return "take " + r.who.LogonName + " out of the group Protected Users, whose members are not delegated; or let this user come in another way"
	}
	if r.account != nil && !r.account.ProtocolTransition {
		return "choose Use any authentication protocol on the Delegation tab of " + r.account.DN
	}
	return "clear Account is sensitive and cannot be delegated of " + r.who.LogonName + ", take it out of Protected Users, or let this user come in another way; and see that this server's account may use any protocol"
}

// signature warns of a realm in which a service could forge for whom it got a
// ticket, CVE-2020-17049. (threats K3)
func (r *run) signature() {
	const check = "ticket signature"
	switch {
	case r.says == nil:
		r.skipped(check, "the realm gives no PAC")
	case r.says.TicketSigned:
		r.ok(check, "the KDC signs tickets (PAC buffer 16)")
	default:
		r.warn(check, "the PAC has no ticket signature (buffer 16): who has the key of a service could make a sensitive user's ticket forwardable (CVE-2020-17049)", "update the domain controllers, and have them enforce it (PerformTicketSignature)")
	}
}

func (r *run) toService(ctx context.Context, check string) {
	t, err := r.delegator.Onward(ctx, r.evidence, r.Rule.ServiceOf())
	if err == nil {
		r.ticket = t
		r.ok(check, "until %s", t.End.UTC().Format("2006-01-02 15:04Z"))
		return
	}
	remedy := "look into the KDC's log"
	switch reason(err) {
	case kerberos.NotDelegated:
		remedy = fmt.Sprintf("add %s to the services that this server's account may delegate to (Delegation tab, msDS-AllowedToDelegateTo); the KDC may take some minutes to know", r.Rule.ServiceOf())
	case kerberos.NoSuchService:
		remedy = fmt.Sprintf("give %s to the account that the web server runs as: setspn -S; or set %s. If several accounts have it, take it from all but one", r.Rule.ServiceOf(), r.rule("spn"))
	case kerberos.WeakCipher:
		remedy = "set msDS-SupportedEncryptionTypes of the web server's account to 24 (AES), and change its password"
	}
	r.failed(check, plain(err), "%s", remedy)
}
