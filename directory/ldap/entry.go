package ldap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/directory"
)

// Attributes that are read. Those of the second list exist where the schema was
// extended for Exchange; where it was not, what they mean is set here.
const (
	attributes = "objectClass objectGUID objectSid uSNChanged cn name displayName mail proxyAddresses " +
		"userPrincipalName sAMAccountName givenName sn title department company physicalDeliveryOfficeName telephoneNumber mobile " +
		"userAccountControl altSecurityIdentities primaryGroupID groupType member thumbnailPhoto userCertificate userSMIMECertificate"
	exchangeAttributes = " mailNickname msExchHideFromAddressLists msExchRecipientTypeDetails msExchResourceMetaData msExchResourceCapacity " +
		"msExchMasterAccountSid extensionAttribute1 extensionAttribute2 extensionAttribute3 extensionAttribute4 extensionAttribute5 " +
		"extensionAttribute6 extensionAttribute7 extensionAttribute8 extensionAttribute9 extensionAttribute10 extensionAttribute11 " +
		"extensionAttribute12 extensionAttribute13 extensionAttribute14 extensionAttribute15"
)

// Limits of one object.
const (
	maxText       = 256 // bytes that are kept of a name or title
	maxValue      = 4096
	maxIdentities = 200
	maxProxies    = 500
	maxMembers    = 1 << 18 // of a group

	maxCertificate  = 16 << 10 // bytes
	maxSMIME        = 64 << 10 // of several certificates
	maxCertificates = 20
)

// A domain is what objects are read in the light of.
type domain struct {
	name     string // DNS
	sid      entente.SID
	exchange bool // the schema has Exchange's attributes
}

// An object is an entry, made ready.
type object struct {
	guid    directory.GUID
	sid     entente.SID
	usn     int64
	group   bool
	enabled bool
	primary entente.SID // group
	name    string      // DN
	rest    int         // of a group: the members from this number on are still to be read; 0 for none
	note    string
	entry   directory.Object
}

// convert makes an object of an entry. What identifies it must be there; of the
// rest, what cannot be used is left out and noted: an account must not go on
// working here because its title is strange.
func (d *domain) convert(e *goldap.Entry) (*object, error) {
	o := &object{name: parseName(e.DN).dn}
	var err error
	if o.guid, err = guidOf([]byte(value(e, "objectGUID"))); err != nil {
		return nil, fmt.Errorf("%.64q: %w", e.DN, err)
	}
	if o.sid, err = sidOf([]byte(value(e, "objectSid"))); err != nil {
		return nil, fmt.Errorf("%.64q: %w", e.DN, err)
	}
	if o.usn, err = strconv.ParseInt(value(e, "uSNChanged"), 10, 64); err != nil {
		return nil, fmt.Errorf("%.64q: uSNChanged is not a number", e.DN)
	}
	classes := values(e, "objectClass")
	o.group = slices.ContainsFunc(classes, func(c string) bool { return strings.EqualFold(c, "group") })
	a := map[string][]string{
		"objectguid":  {string(o.guid[:])},
		"objectsid":   {string(o.sid)},
		"displayname": {first(e, "displayName", "name", "cn", "sAMAccountName")},
	}
	o.entry = directory.Object{DN: o.name, Attributes: a}
	a["displayname"][0] = o.clean("displayName", a["displayname"][0])
	if of, _, ok := domainOf(o.sid); !ok || of != d.sid {
		// It speaks of its own domain. Whom the SID names here is none of its business.
		sid := o.sid
		o.sid = ""
		return o, entente.Errorf(entente.Invalid, "%.64q: its SID, %s, is of another domain than %s", o.name, sid, d.sid)
	}
	o.addresses(e, a)
	if d.exchange {
		a["mailnickname"] = []string{o.clean("mailNickname", value(e, "mailNickname"))}
		a["msexchhidefromaddresslists"] = []string{value(e, "msExchHideFromAddressLists")}
	}
	if o.group {
		return o, d.group(e, o)
	}
	return o, d.account(e, o, classes)
}

func (d *domain) account(e *goldap.Entry, o *object, classes []string) error {
	a := o.entry.Attributes
	a["objectclass"] = []string{"user"}
	if slices.ContainsFunc(classes, func(c string) bool { return strings.EqualFold(c, "computer") }) {
		a["objectclass"] = []string{"computer"} // which the import refuses
	}
	for _, name := range [...]string{"givenName", "sn", "title", "department", "company", "physicalDeliveryOfficeName", "telephoneNumber", "mobile"} {
		a[strings.ToLower(name)] = []string{o.clean(name, value(e, name))}
	}
	account := value(e, "sAMAccountName")
	upn := value(e, "userPrincipalName")
	if _, err := entente.ParseUPN(upn); err != nil {
		// [MS-ADTS] 5.1.1.1.1: what an account without one signs in by.
		if upn != "" {
			o.left("userPrincipalName")
		}
		upn = account + "@" + d.name
	}
	a["userprincipalname"] = []string{upn}
	a["samaccountname"] = []string{account}
	a["altsecurityidentities"] = o.identities(e)
	o.media(e)
	bits, err := strconv.ParseInt(value(e, "userAccountControl"), 10, 64)
	if err != nil {
		return fmt.Errorf("%.64q: userAccountControl is not a number", e.DN)
	}
	o.enabled = bits&accountDisabled == 0
	a["enabled"] = []string{strconv.FormatBool(o.enabled)}
	if rid, err := strconv.ParseUint(value(e, "primaryGroupID"), 10, 32); err == nil {
		if of, _, ok := domainOf(o.sid); ok {
			o.primary = of + "-" + entente.SID(strconv.FormatUint(rid, 10))
		}
	}
	if d.exchange {
		o.recipient(e)
	}
	return nil
}

// recipient reads what Exchange's schema adds to an account.
func (o *object) recipient(e *goldap.Entry) {
	a := o.entry.Attributes
	for i := range 15 {
		name := "extensionAttribute" + strconv.Itoa(i+1)
		a[strings.ToLower(name)] = []string{o.clean(name, value(e, name))}
	}
	if capacity, err := strconv.ParseUint(value(e, "msExchResourceCapacity"), 10, 31); err == nil {
		a["resourcecapacity"] = []string{strconv.FormatUint(capacity, 10)}
	}
	// S-1-5-10 is SELF: nobody elsewhere is master.
	a["msexchmasteraccountsid"] = []string{"S-1-5-10"}
	if v := value(e, "msExchMasterAccountSid"); v != "" {
		if sid, err := sidOf([]byte(v)); err == nil {
			a["msexchmasteraccountsid"] = []string{string(sid)}
		} else {
			o.left("msExchMasterAccountSid")
		}
	}
	a["kind"] = []string{kindOf(value(e, "msExchRecipientTypeDetails"), values(e, "msExchResourceMetaData"))}
}

// kindOf reads msExchRecipientTypeDetails, whose numbers are those of
// RecipientTypeDetails in Exchange's commands, of mailboxes here and, from 2^31
// on, of those in the cloud; and, where it says nothing, what a resource says of
// itself.
func kindOf(details string, meta []string) string {
	switch details {
	case "4", "34359738368":
		return "shared"
	case "16", "8589934592":
		return "room"
	case "32", "17179869184":
		return "equipment"
	}
	for _, m := range meta {
		switch {
		case strings.EqualFold(m, "ResourceType:Room"):
			return "room"
		case strings.EqualFold(m, "ResourceType:Equipment"):
			return "equipment"
		}
	}
	return "user"
}

func (d *domain) group(e *goldap.Entry, o *object) error {
	a := o.entry.Attributes
	a["objectclass"] = []string{"group"}
	a["grouptype"] = []string{value(e, "groupType")}
	if _, err := strconv.ParseInt(a["grouptype"][0], 10, 64); err != nil {
		return fmt.Errorf("%.64q: groupType is not a number", e.DN)
	}
	if v := value(e, "msExchRecipientTypeDetails"); d.exchange && v == "268435456" && a["mail"][0] != "" {
		a["msexchrecipienttypedetails"] = []string{v} // a room list
	}
	return o.addMembers(e)
}

// addMembers reads the members that came with an entry, all or a range of them.
// [MS-ADTS] 3.1.1.3.1.3.3
func (o *object) addMembers(e *goldap.Entry) error {
	o.rest = 0
	for _, attr := range e.Attributes {
		name := strings.ToLower(attr.Name)
		span, ranged := strings.CutPrefix(name, "member;range=")
		if name != "member" && !ranged {
			continue
		}
		if len(o.entry.Members)+len(attr.Values) > maxMembers {
			return entente.Errorf(entente.TooLarge, "%.64q: more than %d members", o.name, maxMembers)
		}
		for _, v := range attr.Values {
			// A contact has no SID, and nothing to be a member for.
			if n := parseName(v); n.sid != "" {
				o.entry.Members = append(o.entry.Members, n.sid)
			}
		}
		if !ranged {
			continue
		}
		_, high, _ := strings.Cut(span, "-")
		if high == "*" {
			continue
		}
		n, err := strconv.Atoi(high)
		if err != nil || n < 0 || n >= maxMembers || len(attr.Values) == 0 {
			return fmt.Errorf("%.64q: a range of members that is none: %.32q", o.name, attr.Name)
		}
		o.rest = n + 1
	}
	return nil
}

// addresses reads mail and proxyAddresses. What is no SMTP address is left out.
func (o *object) addresses(e *goldap.Entry, a map[string][]string) {
	mail := value(e, "mail")
	if mail != "" {
		if _, err := entente.ParseSMTPAddress(mail); err != nil {
			o.left("mail")
			mail = ""
		}
	}
	a["mail"] = []string{mail}
	proxies := []string{}
	for _, v := range values(e, "proxyAddresses") {
		kind, address, typed := strings.Cut(v, ":")
		if !typed || !strings.EqualFold(kind, "smtp") {
			continue // X400:, SIP:, …
		}
		if _, err := entente.ParseSMTPAddress(address); err != nil || len(proxies) == maxProxies {
			o.left("proxyAddresses")
			continue
		}
		proxies = append(proxies, v)
	}
	if len(proxies) == 0 {
		proxies = []string{""}
	}
	a["proxyaddresses"] = proxies
}

// identities reads altSecurityIdentities, [MS-ADA1]: what certificates of
// the account are known by.
func (o *object) identities(e *goldap.Entry) (all []string) {
	for _, v := range values(e, "altSecurityIdentities") {
		if len(v) > maxValue || !utf8.ValidString(v) || len(all) == maxIdentities {
			o.left("altSecurityIdentities")
			continue
		}
		all = append(all, v)
	}
	if all == nil {
		all = []string{""}
	}
	return all
}

// media reads picture and certificates: bytes, of which the import judges whether
// they are what they are said to be. Too many or too large ones are left out.
func (o *object) media(e *goldap.Entry) {
	for name, most := range map[string]int{"thumbnailPhoto": directory.MaxPhoto, "userCertificate": maxCertificate, "userSMIMECertificate": maxSMIME} {
		all := []string{}
		for _, v := range values(e, name) {
			if len(v) > most || len(all) == maxCertificates {
				o.left(name)
				continue
			}
			all = append(all, v)
		}
		if len(all) == 0 {
			all = []string{""}
		}
		o.entry.Attributes[strings.ToLower(name)] = all
	}
}

// clean makes a text fit to be kept: names become header values and log lines.
func (o *object) clean(attr, v string) string {
	plain := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, v))
	for len(plain) > maxText {
		_, size := utf8.DecodeLastRuneInString(plain)
		plain = plain[:len(plain)-size]
		if len(plain) <= maxText {
			o.note = "shortened: " + attr
		}
	}
	return plain
}

func (o *object) left(attr string) { o.note = "left out: what " + attr + " has" }

// first returns the first of some attributes that has a value.
func first(e *goldap.Entry, names ...string) string {
	for _, n := range names {
		if v := value(e, n); v != "" {
			return v
		}
	}
	return ""
}

// dnsOf returns the DNS name of a domain from its DN, RFC 2247.
func dnsOf(dn string) string {
	var labels []string
	for part := range strings.SplitSeq(dn, ",") {
		if name, label, ok := strings.Cut(strings.TrimSpace(part), "="); ok && strings.EqualFold(name, "DC") {
			labels = append(labels, label)
		}
	}
	return strings.ToLower(strings.Join(labels, "."))
}
