package access

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"entente"
)

// What stands in an account's altSecurityIdentities says which certificates, and
// which principals of other realms, are the account. [MS-ADA1] 2.61, [MS-PKCA]
// 3.1.5.2.1. Administrators write it by hand, and so in several ways: in either
// order of the names, with and without spaces, in any case of letters. It is kept
// in one form, the one that ParseIdentity returns, which is compared as it is.
//
//	X509:<I>issuer<SR>serial    the serial number's bytes from the last to the first
//	X509:<SKI>key               the subject key identifier
//	X509:<SHA1-PUKEY>hash       SHA-1 of the public key
//	X509:<S>subject             weak: whoever chooses the name is the account
//	X509:<I>issuer<S>subject    weak
//	X509:<RFC822>address        weak
//	Kerberos:name@REALM         a principal of a realm without SIDs

const (
	x509Prefix     = "X509:"
	kerberosPrefix = "Kerberos:"
	maxIdentity    = 2048
	maxSerial      = 20 // RFC 5280 4.1.2.2
	maxKeyID       = 64
)

// ParseIdentity reads a value of altSecurityIdentities and returns it in the
// form in which it is kept and looked up.
func ParseIdentity(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case len(s) > maxIdentity:
		return "", entente.Errorf(entente.TooLarge, "a security identity has at most %d bytes", maxIdentity)
	case !printable(s):
		return "", badIdentity("it has control characters")
	case hasPrefixFold(s, x509Prefix):
		return parseX509(s[len(x509Prefix):])
	case hasPrefixFold(s, kerberosPrefix):
		name, realm, ok := cutLast(strings.TrimSpace(s[len(kerberosPrefix):]), "@")
		if !ok || name == "" || realm == "" || strings.ContainsAny(name+realm, " <>\"") {
			return "", badIdentity("a principal is name@REALM")
		}
		return PrincipalIdentity(name, realm), nil
	}
	return "", badIdentity("it begins neither with X509: nor with Kerberos:")
}

func badIdentity(why string) error {
	return entente.Errorf(entente.Invalid, "not a security identity: %s", why)
}

// WeakIdentity reports whether an identity, in the form in which it is kept,
// speaks of names in a certificate that its holder may have chosen.
func WeakIdentity(s string) bool {
	return strings.HasPrefix(s, x509Prefix) &&
		(strings.Contains(s, "<S>") || strings.Contains(s, "<RFC822>"))
}

// parseX509 reads what follows X509:.
func parseX509(s string) (string, error) {
	parts, err := identityParts(s)
	if err != nil {
		return "", err
	}
	tags := make([]string, len(parts))
	for i := range parts {
		tags[i] = parts[i].tag
	}
	switch strings.Join(tags, " ") {
	case "I SR":
		issuer, err := ParseName(parts[0].value)
		if err != nil {
			return "", err
		}
		b, err := octets(parts[1].value, maxSerial+1)
		if err != nil {
			return "", err
		}
		for len(b) > 1 && b[len(b)-1] == 0 { // the sign byte that DER needs
			b = b[:len(b)-1]
		}
		return IssuerSerialIdentity(issuer, reversed(b)), nil
	case "SKI":
		b, err := octets(parts[0].value, maxKeyID)
		return KeyIDIdentity(b), err
	case "SHA1-PUKEY":
		b, err := octets(parts[0].value, maxKeyID)
		if err == nil && len(b) != 20 {
			err = badIdentity("SHA-1 has 20 bytes")
		}
		return KeySHA1Identity(b), err
	case "S":
		subject, err := ParseName(parts[0].value)
		return SubjectIdentity("", subject), err
	case "I S":
		issuer, err := ParseName(parts[0].value)
		if err != nil {
			return "", err
		}
		subject, err := ParseName(parts[1].value)
		return SubjectIdentity(issuer, subject), err
	case "RFC822":
		a, err := entente.ParseSMTPAddress(strings.TrimSpace(parts[0].value))
		return MailIdentity(a), err
	}
	return "", badIdentity("it has none of <I> with <SR> or <S>, <SKI>, <SHA1-PUKEY>, <S>, <RFC822> after X509:")
}

// IssuerSerialIdentity is the identity of the certificate that an authority has
// issued under a serial number, its bytes from the first to the last.
func IssuerSerialIdentity(issuer Name, serial []byte) string {
	for len(serial) > 1 && serial[0] == 0 {
		serial = serial[1:]
	}
	return x509Prefix + "<I>" + string(issuer) + "<SR>" + hex.EncodeToString(reversed(serial))
}

// KeyIDIdentity is the identity of certificates with a subject key identifier.
func KeyIDIdentity(id []byte) string { return x509Prefix + "<SKI>" + hex.EncodeToString(id) }

// KeySHA1Identity is that of certificates with a public key, by its hash.
func KeySHA1Identity(hash []byte) string {
	return x509Prefix + "<SHA1-PUKEY>" + hex.EncodeToString(hash)
}

// SubjectIdentity is that of certificates for a name, by an authority if one is
// named.
func SubjectIdentity(issuer, subject Name) string {
	if issuer != "" {
		return x509Prefix + "<I>" + string(issuer) + "<S>" + string(subject)
	}
	return x509Prefix + "<S>" + string(subject)
}

// MailIdentity is that of certificates for a mail address.
func MailIdentity(a entente.SMTPAddress) string { return x509Prefix + "<RFC822>" + string(a) }

// PrincipalIdentity is that of a principal of a realm of names.
func PrincipalIdentity(name, realm string) string {
	return kerberosPrefix + strings.ToLower(name) + "@" + strings.ToUpper(realm)
}

// An identityPart is a tag in angle brackets and what follows it.
type identityPart struct{ tag, value string }

// identityParts takes apart what follows X509:. Brackets within quotes, or after
// a backslash, belong to a name.
func identityParts(s string) ([]identityPart, error) {
	var parts []identityPart
	quoted := false
	begin := 0
	s = strings.TrimSpace(s)
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '<' && !quoted:
			n := strings.IndexByte(s[i:], '>')
			if n < 0 || len(parts) == 2 || len(parts) == 0 && i != 0 {
				return nil, badIdentity("its parts are <I>, <S>, <SR>, <SKI>, <SHA1-PUKEY> and <RFC822>")
			}
			if len(parts) > 0 {
				parts[len(parts)-1].value = s[begin:i]
			}
			parts = append(parts, identityPart{tag: strings.ToUpper(s[i+1 : i+n])})
			i += n
			begin = i + 1
		}
	}
	if len(parts) == 0 || quoted {
		return nil, badIdentity("it has no part after X509:, or a quote that is not closed")
	}
	parts[len(parts)-1].value = s[begin:]
	return parts, nil
}

// octets reads bytes in hexadecimal, with or without spaces and colons.
func octets(s string, most int) ([]byte, error) {
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", ":", "", "-", "").Replace(s))
	if err != nil || len(b) == 0 || len(b) > most {
		return nil, badIdentity("a serial number or key is 1 or more bytes in hexadecimal")
	}
	return b, nil
}

func reversed(b []byte) []byte {
	r := make([]byte, len(b))
	for i := range b {
		r[len(b)-1-i] = b[i]
	}
	return r
}

// printable reports whether text has no control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// FindIdentity finds the account that claims an identity, in the form that
// ParseIdentity returns. One that two accounts claim is nobody's.
func (s *Snapshot) FindIdentity(identity string) (Account, bool) {
	return view(byName(s, &s.byIdentity, identity))
}

// DomainOf returns the domain of an account's or group's SID: all but its
// relative identifier.
func DomainOf(sid entente.SID) entente.SID {
	domain, _, _ := cutLast(string(sid), "-")
	return entente.SID(domain)
}

// KnowsDomain reports whether a SID is one of the organization's own domain, or of
// one whose realm is named: whether there is anybody whose word counts about it.
func (s *Snapshot) KnowsDomain(sid entente.SID) bool {
	own := Realm{DomainSID: s.organization.DomainSID}
	return own.vouches(sid, "") || s.RealmOf(sid) != ""
}

// Claimants returns all accounts that claim an identity: one whose it is, or
// several, whose it is not.
func (s *Snapshot) Claimants(identity string) []Account {
	c, ok := s.byIdentity.get(identity)
	if !ok {
		return nil
	}
	var all []Account
	for _, i := range c.all() {
		if a := s.accounts.get(i); a != nil {
			all = append(all, a.Account)
		}
	}
	return all
}
