package directory

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"entente"
	"entente/access"
)

// normalDN compares names as directories do, near enough: without regard to
// case, or to spaces after commas.
func normalDN(dn string) string {
	return strings.ToLower(strings.ReplaceAll(dn, ", ", ","))
}

// groupKind returns what kind of group the record is about, "" if of none.
func (r *record) groupKind() (GroupKind, error) {
	kind, _ := r.get("type", "recipienttype", "recipienttypedetails")
	isGroup := slices.ContainsFunc(r.attrs["objectclass"], func(c string) bool {
		return strings.EqualFold(c, "group") || strings.EqualFold(c, "groupOfNames")
	})
	switch strings.ToLower(kind) {
	case "room-list", "roomlist":
		return RoomList, nil
	case "security", "mailuniversalsecuritygroup":
		return Security, nil
	case "group", "distribution", "mailuniversaldistributiongroup":
		return Distribution, nil
	}
	if !isGroup {
		return "", nil
	}
	if v, _ := r.get("msexchrecipienttypedetails"); v == "268435456" {
		return RoomList, nil
	}
	// [MS-ADTS] 2.2.12 groupType: the sign bit marks security groups.
	if v, said := r.get("grouptype"); said {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return "", entente.Errorf(entente.Invalid, "groupType is not a number")
		}
		if uint32(n)&0x80000000 != 0 {
			return Security, nil
		}
	}
	return Distribution, nil
}

// fill sets what the record says of an account.
func (r *record) fill(a *Account) error {
	for _, f := range [...]struct {
		to    *string
		names []string
	}{
		{&a.Name, []string{"displayname", "name", "cn"}},
		{&a.Alias, []string{"alias", "mailnickname"}},
		{&a.GivenName, []string{"givenname", "firstname"}},
		{&a.Surname, []string{"surname", "lastname", "sn"}},
		{&a.Title, []string{"title"}},
		{&a.Department, []string{"department"}},
		{&a.Company, []string{"company"}},
		{&a.Office, []string{"office", "physicaldeliveryofficename"}},
		{&a.Phone, []string{"phone", "telephonenumber"}},
		{&a.Mobile, []string{"mobile", "mobilephone"}},
	} {
		if v, said := r.get(f.names...); said {
			*f.to = v
		}
	}
	for i := range a.Custom {
		n := strconv.Itoa(i + 1)
		if v, said := r.get("customattribute"+n, "extensionattribute"+n); said {
			a.Custom[i] = v
		}
	}
	if v, said := r.get("userprincipalname", "upn"); said {
		a.UPN = entente.UPN(strings.ToLower(v))
	}
	if a.UPN == "" {
		return entente.Errorf(entente.Invalid, "the record has no user principal name")
	}
	if err := r.identity(&a.GUID, &a.SID); err != nil {
		return err
	}
	if err := r.master(a); err != nil {
		return err
	}
	if v, said := r.get("samaccountname", "logonname"); said {
		if a.LogonName = v; checkLogonName(v) != nil { // [MS-ADA3] 2.222
			a.LogonName = ""
		}
	}
	if all, said := r.attrs["altsecurityidentities"]; said {
		a.Identities, _ = readIdentities(all)
	}
	if err := r.numbers(a); err != nil {
		return err
	}
	return r.mail(&a.Mail, &a.Proxies)
}

func (r *record) fillGroup(g *Group, kind GroupKind) error {
	if v, said := r.get("displayname", "name", "cn"); said {
		g.Name = v
	}
	if v, said := r.get("alias", "mailnickname"); said {
		g.Alias = v
	}
	if v, said := r.get("msexchhidefromaddresslists", "hiddenfromaddresslistsenabled", "hidden"); said {
		g.Hidden = yes(v)
	}
	g.Kind = kind
	if err := r.identity(&g.GUID, &g.SID); err != nil {
		return err
	}
	var others []entente.SMTPAddress // a group keeps one address
	return r.mail(&g.Mail, &others)
}

// identity reads objectGUID and objectSid, in text or in their binary form.
func (r *record) identity(guid *GUID, sid *entente.SID) error {
	if v, _ := r.get("objectguid", "guid"); v != "" {
		g, err := parseGUID(v)
		if err != nil {
			return err
		}
		*guid = g
	}
	if v, _ := r.get("objectsid", "sid"); v != "" {
		s, err := parseSID(v)
		if err != nil {
			return err
		}
		*sid = s
	}
	return nil
}

func (r *record) master(a *Account) error {
	v, _ := r.get("msexchmasteraccountsid", "masteraccountsid", "linkedmasteraccount")
	if v == "" {
		return nil
	}
	s, err := parseSID(v)
	if err != nil {
		return err
	}
	// S-1-5-10 is SELF: what Exchange writes where nobody is master.
	if s == "S-1-5-10" {
		s = ""
	}
	a.Master = s
	return nil
}

// accountDisabled is a bit of userAccountControl, [MS-ADTS] 2.2.16.
const accountDisabled = 0x2

func (r *record) numbers(a *Account) error {
	if v, said := r.get("useraccountcontrol"); said {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return entente.Errorf(entente.Invalid, "userAccountControl is not a number")
		}
		a.Enabled = n&accountDisabled == 0
	}
	if v, said := r.get("enabled"); said && v != "" {
		a.Enabled = yes(v)
	}
	if v, said := r.get("msexchhidefromaddresslists", "hiddenfromaddresslistsenabled", "hidden"); said {
		a.Hidden = yes(v)
	}
	if v, said := r.get("resourcecapacity", "msexchresourcecapacity", "capacity"); said && v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return entente.Errorf(entente.Invalid, "the capacity is not a number")
		}
		a.Capacity = n
	}
	if v, said := r.get("kind", "recipienttypedetails", "msexchrecipienttypedetails", "type"); said && v != "" {
		return a.setKind(v)
	}
	return nil
}

// setKind reads a kind by our name, by Exchange's, or by the number that
// msExchRecipientTypeDetails has for it.
func (a *Account) setKind(v string) error {
	switch strings.ToLower(v) {
	case "user", "usermailbox", "linkedmailbox", "mailuser", "1", "2", "128":
		a.Kind = access.KindUser
	case "shared", "sharedmailbox", "4":
		a.Kind = access.KindShared
	case "room", "roommailbox", "16":
		a.Kind = access.KindRoom
	case "equipment", "equipmentmailbox", "32":
		a.Kind = access.KindEquipment
	case "service":
		a.Kind = access.KindService
	default:
		return entente.Errorf(entente.Invalid, "%q is no kind of account", bounds(v))
	}
	return nil
}

// mail reads the addresses. In proxyAddresses the type's case marks the primary
// one: SMTP: against smtp:; addresses of other types are not ours.
func (r *record) mail(primary *entente.SMTPAddress, others *[]entente.SMTPAddress) error {
	listed, said := r.attrs["proxyaddresses"]
	if !said {
		listed, said = r.attrs["emailaddresses"]
	}
	if v, has := r.get("primarysmtpaddress", "mail", "windowsemailaddress"); has {
		*primary = entente.SMTPAddress(strings.ToLower(v))
	}
	if !said {
		return nil
	}
	*others = nil
	for _, v := range listed {
		kind, address, typed := strings.Cut(v, ":")
		if !typed {
			kind, address = "smtp", v
		}
		if address == "" || !strings.EqualFold(kind, "smtp") {
			continue
		}
		a, err := entente.ParseSMTPAddress(address)
		if err != nil {
			return err
		}
		if kind == "SMTP" {
			*primary = a
		}
		*others = append(*others, a)
	}
	*others = slices.DeleteFunc(*others, func(a entente.SMTPAddress) bool { return a == *primary })
	slices.Sort(*others)
	*others = slices.Compact(*others)
	if len(*others) == 0 {
		*others = nil
	}
	return nil
}

// readIdentities reads values of altSecurityIdentities. What it cannot read is
// left out, as a directory may hold anything there, and the first such is told.
func readIdentities(values []string) (all []string, left error) {
	for _, v := range values {
		if v == "" {
			continue
		}
		s, err := access.ParseIdentity(v)
		switch {
		case err == nil && len(all) < maxIdentities:
			all = append(all, s)
		case left == nil:
			left = entente.Errorf(entente.Invalid, "left out: altSecurityIdentities %q", bounds(v))
		}
	}
	slices.Sort(all)
	return slices.Compact(all), left
}

func yes(v string) bool {
	return strings.EqualFold(v, "true") || v == "1" || strings.EqualFold(v, "yes")
}

func bounds(s string) string { return s[:min(len(s), 64)] }

// parseGUID reads a GUID of 16 bytes, or in text form, whose first three groups
// are the numbers that the bytes hold in little-endian order. [MS-DTYP] 2.3.4.
func parseGUID(v string) (g GUID, err error) {
	if len(v) == len(g) {
		return GUID([]byte(v)), nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(v, "{}"), "-", ""))
	if err != nil || len(b) != len(g) {
		return g, entente.Errorf(entente.Invalid, "not a GUID")
	}
	slices.Reverse(b[0:4])
	slices.Reverse(b[4:6])
	slices.Reverse(b[6:8])
	return GUID(b), nil
}

// parseSID reads a SID in text, or in the binary form of [MS-DTYP] 2.4.2.2.
func parseSID(v string) (entente.SID, error) {
	if strings.HasPrefix(strings.ToUpper(v), "S-1-") {
		return entente.ParseSID(v)
	}
	b := []byte(v)
	if len(b) < 12 || b[0] != 1 || b[1] < 1 || b[1] > 15 || len(b) != 8+4*int(b[1]) {
		return "", entente.Errorf(entente.Invalid, "not a security identifier")
	}
	var authority uint64
	for _, x := range b[2:8] {
		authority = authority<<8 | uint64(x)
	}
	text := fmt.Sprintf("S-1-%d", authority)
	for i := 8; i < len(b); i += 4 {
		text += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(b[i:]))
	}
	return entente.ParseSID(text)
}
