package ruletest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/directory/ldap"
	"entente/kerberos"
	"entente/publish"
)

const (
	kdcTime   = 6 * time.Second
	maxSkew   = 5 * time.Minute // what realms take, and we do
	warnSkew  = time.Minute
	maxTested = 8 // KDCs
)

// realm looks at the KDCs, the clocks and the domain.
func (r *run) realm(ctx context.Context) {
	if r.Kerberos == nil {
		r.failed("KDC", "this server has no account that gets tickets", "set kerberos.realm, kerberos.keytab and kerberos.account")
		return
	}
	kdcs := r.Kerberos.KDCs
	if len(kdcs) == 0 && r.Kerberos.Lookup != nil {
		found, err := r.Kerberos.Lookup(ctx, r.Kerberos.Self.Realm)
		if err != nil || len(found) == 0 {
			seen := "DNS names none"
			if err != nil {
				seen = plain(err)
			}
			r.failed("KDC", seen, "add _kerberos._tcp.%s to DNS, or name the KDCs in kerberos.realms[%s].kdcs", strings.ToLower(r.Kerberos.Self.Realm), r.Kerberos.Self.Realm)
			return
		}
		kdcs = found
	}
	r.kdcs(ctx, kdcs[:min(len(kdcs), maxTested)])
	r.domain(ctx)
}

// A signing is how a KDC answered.
type signing struct {
	said kerberos.SignIn
	err  error
	took time.Duration
}

// kdcs has each KDC sign this server's account in, all at once.
func (r *run) kdcs(ctx context.Context, kdcs []string) {
	answers := make([]signing, len(kdcs))
	var all sync.WaitGroup
	for i, address := range kdcs {
		all.Go(func() { answers[i] = r.signIn(ctx, address) })
	}
	all.Wait()
	var first *signing
	for i := range answers {
		if a := &answers[i]; reason(a.err) != kerberos.KDCUnreachable && (first == nil || a.err == nil && first.err != nil) {
			first = a
		}
	}
	for i, address := range kdcs {
		a := &answers[i]
		if reason(a.err) != kerberos.KDCUnreachable {
			r.ok("KDC "+address, "it answers, in %s", a.took.Round(time.Millisecond))
			continue
		}
		state := Failed
		if first != nil {
			state = Warning // the others stand in
		}
		r.add("KDC "+address, state, plain(a.err), fmt.Sprintf("start the KDC, open TCP port 88 from this machine to it, or take it out of kerberos.realms[%s].kdcs", r.Kerberos.Self.Realm))
	}
	if first == nil {
		r.skipped("clock of the KDC", "no KDC answers")
		r.skipped("sign-in of "+r.Kerberos.Self.String(), "no KDC answers")
		return
	}
	r.kdc = true
	for i, address := range kdcs {
		if reason(answers[i].err) != kerberos.KDCUnreachable {
			r.clock("clock of the KDC "+address, answers[i].said.Skew)
		}
	}
	r.signing(first)
}

func (r *run) signIn(ctx context.Context, address string) (s signing) {
	ctx, cancel := context.WithTimeout(ctx, kdcTime)
	defer cancel()
	c := *r.Kerberos
	c.KDCs, c.Lookup, c.Told = []string{address}, nil, nil
	d, err := kerberos.NewDelegator(c)
	if err != nil {
		return signing{err: err}
	}
	begun := time.Now()
	s.said, s.err = d.SignIn(ctx)
	s.took = time.Since(begun)
	if ctx.Err() != nil && s.err != nil {
		s.err = (&entente.Error{Kind: entente.Unavailable, Text: "it does not answer within " + kdcTime.String(), Err: s.err}).Because(kerberos.KDCUnreachable)
	}
	return s
}

func (r *run) clock(check string, skew time.Duration) {
	seen := fmt.Sprintf("it is %s ahead of this server's", skew.Round(time.Second))
	if skew < 0 {
		seen = fmt.Sprintf("it is %s behind this server's", -skew.Round(time.Second))
	}
	const remedy = "have both keep time by the same NTP servers"
	switch {
	case skew.Abs() > maxSkew:
		r.failed(check, seen, "%s: beyond %s no ticket is taken", remedy, maxSkew)
	case skew.Abs() > warnSkew:
		r.warn(check, seen, "%s", remedy)
	default:
		r.ok(check, "%s", seen)
	}
}

// signing says whether the keytab's key is the account's.
func (r *run) signing(s *signing) {
	check := "sign-in of " + r.Kerberos.Self.String()
	if s.err == nil {
		r.signedIn = true
		r.ok(check, "by the key with kvno %d of the type %s", s.said.Version, s.said.Etype)
		return
	}
	remedy := "look into the KDC's log"
	switch reason(s.err) {
	case kerberos.WrongKey:
		remedy = "the password was changed since the keytab was made: export it anew and replace the file kerberos.keytab (it is read again by itself)"
	case kerberos.NoKey:
		remedy = "the keytab has no AES key of the account: export one for " + r.Kerberos.Self.Name + ", or correct kerberos.account"
	case kerberos.NoSuchClient:
		remedy = "correct kerberos.account: it is a sAMAccountName, and a computer's ends in $; or make the account"
	case kerberos.ClientRevoked:
		remedy = "enable the account, unlock it, and let its password not expire"
	case kerberos.WeakCipher:
		remedy = "set msDS-SupportedEncryptionTypes of the account to 24 (AES), change its password, and export the keytab anew"
	case kerberos.ClockSkew:
		remedy = "have this server and the KDC keep time by the same NTP servers"
	}
	r.failed(check, plain(s.err), "%s", remedy)
}

// domain asks the directory of itself.
func (r *run) domain(ctx context.Context) {
	if r.Directory == nil {
		r.skipped("directory", "no directory is read (ldap), so what stands there of accounts is not known; what the KDC says of them is below")
		return
	}
	s, err := r.Directory.Server(ctx)
	if err != nil {
		r.failed("directory", plain(err), "see entente ldap status; correct ldap.servers, ldap.bind_dn or ldap.ca_files")
		r.Directory = nil
		return
	}
	r.ok("directory", "%s answers for %s", s.Name, s.Domain)
	if !s.Clock.IsZero() {
		r.clock("clock of "+s.Name, s.Skew)
	}
	level, err := r.Directory.FunctionalLevel(ctx)
	const check = "domain functional level"
	switch {
	case err != nil:
		r.failed(check, plain(err), "see entente ldap status")
	case level < 2:
		r.failed(check, fmt.Sprintf("it is %d", level), "raise it to Windows Server 2003 or later (Active Directory Domains and Trusts, Raise Domain Functional Level): there is no constrained delegation below")
	default:
		r.ok(check, "it is %d (%s)", level, levelName(level))
	}
}

// levelName is [MS-ADTS] 6.1.4.3.
func levelName(n int) string {
	all := []string{"2000", "2003 interim", "2003", "2008", "2008 R2", "2012", "2012 R2", "2016"}
	if n < len(all) {
		return "Windows Server " + all[n]
	}
	return "later than Windows Server 2016"
}

// ownAccount holds the keytab and the account that may delegate against each
// other.
func (r *run) ownAccount(ctx context.Context) {
	if r.Kerberos == nil {
		return
	}
	self := r.Kerberos.Self
	entries := r.ownKeys()
	if len(entries) == 0 {
		r.failed("keytab", r.otherKeys(), "export a key of %s into kerberos.keytab (ktpass /princ %s …, or samba-tool domain exportkeytab FILE --principal=%s), or correct kerberos.account", self.Name, self, self.Name)
	}
	if r.Directory == nil {
		r.keytab(entries, nil)
		return
	}
	a, err := r.Directory.ServiceAccount(ctx, self.Name)
	switch {
	case reason(err) == "" && isKind(err, entente.NotFound):
		r.failed("account "+self.Name, plain(err), "correct kerberos.account: it is a sAMAccountName, and a computer's ends in $; or make the account")
	case err != nil:
		r.failed("account "+self.Name, plain(err), "let the account ldap.bind_dn read %s; see entente ldap status", self.Name)
	default:
		r.account = &a
	}
	r.keytab(entries, r.account)
	if r.account != nil {
		r.mayDelegate(&a)
	}
}

func isKind(err error, k entente.Kind) bool {
	var e *entente.Error
	return asError(err, &e) && e.Kind == k
}

// ownKeys are the keytab's keys of our account.
func (r *run) ownKeys() (own []kerberos.KeytabEntry) {
	if r.Kerberos.Keytab == nil {
		return nil
	}
	for _, e := range r.Kerberos.Keytab().Entries() {
		if strings.EqualFold(e.Principal.Name, r.Kerberos.Self.Name) && strings.EqualFold(e.Principal.Realm, r.Kerberos.Self.Realm) {
			own = append(own, e)
		}
	}
	return own
}

func (r *run) otherKeys() string {
	var others []string
	for _, e := range r.Kerberos.Keytab().Entries() {
		if p := e.Principal.String(); !slices.Contains(others, p) && len(others) < 5 {
			others = append(others, p)
		}
	}
	if len(others) == 0 {
		return "it has no keys at all"
	}
	return "it has no key of " + r.Kerberos.Self.String() + ", but of " + strings.Join(others, ", ")
}

// Encryption types, RFC 3961 8 and RFC 8009, and as bits of
// msDS-SupportedEncryptionTypes, [MS-KILE] 2.2.7.
func isAES(etype int32) bool { return etype >= 17 && etype <= 20 }

const aesBits = 0x8 | 0x10 | 0x40 | 0x80

func (r *run) keytab(entries []kerberos.KeytabEntry, a *ldap.ServiceAccount) {
	if len(entries) == 0 {
		return
	}
	newest, aes := uint32(0), false
	for _, e := range entries {
		newest = max(newest, e.Version)
		aes = aes || isAES(e.Etype)
	}
	seen := fmt.Sprintf("kvno %d, %s", newest, etypes(entries, newest))
	switch {
	case a != nil && a.KeyVersion != 0 && uint32(a.KeyVersion) != newest:
		// A domain controller's number has the branch of a read-only one above.
		r.failed("keytab", fmt.Sprintf("%s; the directory says kvno %d (msDS-KeyVersionNumber)", seen, a.KeyVersion), "the password was changed since: export the keytab anew and replace the file kerberos.keytab (it is read again by itself)")
	case !aes && !r.Kerberos.AllowRC4:
		r.failed("keytab", seen, "it has no AES key: set msDS-SupportedEncryptionTypes of the account to 24, change its password, and export the keytab anew")
	default:
		r.ok("keytab", "%s", seen)
	}
	if a == nil {
		return
	}
	const check = "encryption types"
	switch {
	case a.Etypes != 0 && a.Etypes&aesBits == 0:
		r.failed(check, fmt.Sprintf("msDS-SupportedEncryptionTypes is %d: no AES", a.Etypes), "set msDS-SupportedEncryptionTypes of %s to 24 (Account tab: This account supports Kerberos AES 128 and 256 bit encryption), change its password, and export the keytab anew", a.DN)
	case a.Etypes == 0:
		r.ok(check, "msDS-SupportedEncryptionTypes is not set: the domain's default")
	default:
		r.ok(check, "msDS-SupportedEncryptionTypes is %d", a.Etypes)
	}
}

func etypes(entries []kerberos.KeytabEntry, version uint32) string {
	known := map[int32]string{17: "AES128", 18: "AES256", 19: "AES128-SHA2", 20: "AES256-SHA2", 23: "RC4"}
	var all []string
	for _, e := range entries {
		name := known[e.Etype]
		if name == "" {
			name = fmt.Sprintf("type %d", e.Etype)
		}
		if e.Version == version && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

// mayDelegate looks at what the directory lets our account do.
func (r *run) mayDelegate(a *ldap.ServiceAccount) {
	check := "account " + a.Name
	if a.Enabled {
		r.ok(check, "%s is enabled", a.DN)
	} else {
		r.failed(check, a.DN+" is disabled", "enable it")
	}
	spn := string(r.Rule.ServiceOf())
	if slices.ContainsFunc(a.AllowedTo, func(s string) bool { return strings.EqualFold(s, spn) }) {
		r.ok("delegation list", "%s is in it", spn)
	} else {
		r.failed("delegation list", fmt.Sprintf("%s has %s", a.DN, orNothing(a.AllowedTo)), "add %s to msDS-AllowedToDelegateTo of %s (Delegation tab: Trust this account for delegation to specified services only, Add)", spn, a.DN)
	}
	switch {
	case r.Rule.Delegation == publish.KCDKerberosOnly:
	case a.ProtocolTransition:
		r.ok("any protocol", "the account may (TRUSTED_TO_AUTH_FOR_DELEGATION)")
	default:
		r.failed("any protocol", a.DN+" may delegate by Kerberos only", "choose Use any authentication protocol on the account's Delegation tab (userAccountControl, 0x1000000, TRUSTED_TO_AUTH_FOR_DELEGATION)")
	}
	if a.Unconstrained {
		r.warn("unconstrained delegation", a.DN+" may act as anybody at any service (TRUSTED_FOR_DELEGATION)", "choose Trust this account for delegation to specified services only (clear 0x80000 of userAccountControl): whoever breaks into this gateway has what the account has")
	} else {
		r.ok("unconstrained delegation", "off")
	}
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list[:min(len(list), 6)], ", ")
}

// service looks at whose the SPN is.
func (r *run) service(ctx context.Context) {
	check := "SPN " + string(r.Rule.ServiceOf())
	if r.Directory == nil {
		r.skipped(check, "no directory is read")
		return
	}
	holders, err := r.Directory.HoldersOf(ctx, r.Rule.ServiceOf())
	switch {
	case err != nil:
		r.failed(check, plain(err), "let the account ldap.bind_dn read servicePrincipalName; see entente ldap status")
	case len(holders) == 0:
		r.failed(check, "no account has it", "give it to the account that the web server runs as: setspn -S %s ACCOUNT; or set %s", r.Rule.ServiceOf(), r.rule("spn"))
	case len(holders) > 1:
		r.failed(check, "several accounts have it: "+strings.Join(holders[:min(len(holders), 4)], "; "), "leave it with the account that the web server runs as, and take it from the others: setspn -D %s ACCOUNT", r.Rule.ServiceOf())
	default:
		r.ok(check, "it is of %s", holders[0])
	}
}
