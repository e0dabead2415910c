package clientcert

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"entente"
	"entente/access"
)

// facts are what a certificate says of whom it is for. They are read once.
type facts struct {
	sid      entente.SID   // of the SID extension; "" without it
	uriSIDs  []entente.SID // of SAN URIs
	upns     []entente.UPN
	mails    []entente.SMTPAddress
	issuer   access.Name // "" if it is nothing that can be written
	subject  access.Name
	strong   []named // identities by which an account may claim it
	subjects []named // and by its names
	mailed   []named
}

// named is an identity that the certificate has, and the mapping it is for.
type named struct {
	Mapping
	identity string
}

const (
	maxNames     = 64   // in the SAN
	maxExtension = 8192 // octets
	sidTag       = "tag:microsoft.com,2022-09-14:sid:"
)

var (
	sidExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2}
	sidName      = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2, 1}
	upnName      = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}
)

// readFacts reads them. What is there and cannot be read is an error: it may be
// what would contradict the rest.
func readFacts(c *x509.Certificate) (*facts, error) {
	f := &facts{}
	seen := map[string]bool{}
	for _, e := range c.Extensions {
		switch {
		case !e.Id.Equal(sidExtension) && !e.Id.Equal(sanOID):
			continue
		case seen[e.Id.String()] || len(e.Value) > maxExtension:
			return nil, errors.New("an extension is there twice, or too large") // RFC 5280 4.2
		}
		seen[e.Id.String()] = true
		var err error
		if e.Id.Equal(sidExtension) {
			f.sid, err = parseSIDExtension(e.Value)
		} else {
			err = f.parseSAN(e.Value)
		}
		if err != nil {
			return nil, err
		}
	}
	f.issuer, _ = nameOf(c.RawIssuer)
	f.subject, _ = nameOf(c.RawSubject)
	f.identities(c)
	return f, nil
}

// identities are all that an account may have in its altSecurityIdentities for
// this certificate.
func (f *facts) identities(c *x509.Certificate) {
	if f.issuer != "" {
		f.strong = append(f.strong, named{IssuerSerial, access.IssuerSerialIdentity(f.issuer, c.SerialNumber.Bytes())})
	}
	if len(c.SubjectKeyId) > 0 {
		f.strong = append(f.strong, named{KeyID, access.KeyIDIdentity(c.SubjectKeyId)})
	}
	if key, ok := publicKey(c); ok {
		hash := sha1.Sum(key)
		f.strong = append(f.strong, named{KeySHA1, access.KeySHA1Identity(hash[:])})
	}
	if f.subject != "" {
		f.subjects = append(f.subjects, named{Subject, access.SubjectIdentity("", f.subject)})
		if f.issuer != "" {
			f.subjects = append(f.subjects, named{Subject, access.SubjectIdentity(f.issuer, f.subject)})
		}
	}
	for _, m := range f.mails {
		f.mailed = append(f.mailed, named{Mail, access.MailIdentity(m)})
	}
}

// publicKey returns the bits of the key, which is what SHA1-PUKEY is the hash of.
func publicKey(c *x509.Certificate) ([]byte, bool) {
	var key []byte
	s := cryptobyte.String(c.RawSubjectPublicKeyInfo)
	var info, algorithm cryptobyte.String
	ok := s.ReadASN1(&info, cbasn1.SEQUENCE) && info.ReadASN1(&algorithm, cbasn1.SEQUENCE) && info.ReadASN1BitStringAsBytes(&key)
	return key, ok
}

// parseSIDExtension reads szOID_NTDS_CA_SECURITY_EXT: general names, one of which
// is an otherName with the SID as text. [MS-WCCE] 2.2.2.7.7.4.
func parseSIDExtension(der []byte) (entente.SID, error) {
	bad := errors.New("its SID extension cannot be read")
	s := cryptobyte.String(der)
	var names cryptobyte.String
	if !s.ReadASN1(&names, cbasn1.SEQUENCE) || !s.Empty() {
		return "", bad
	}
	var found entente.SID
	for n := 0; !names.Empty(); n++ {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if n == maxNames || !names.ReadAnyASN1(&name, &tag) {
			return "", bad
		}
		if tag != otherNameTag {
			continue
		}
		oid, value, ok := otherName(name)
		if !ok {
			return "", bad
		}
		if !oid.Equal(sidName) {
			continue
		}
		var text []byte
		if found != "" || !value.ReadASN1Bytes(&text, cbasn1.OCTET_STRING) || !value.Empty() {
			return "", bad
		}
		sid, err := entente.ParseSID(string(text))
		if err != nil {
			return "", bad
		}
		found = sid
	}
	if found == "" {
		return "", bad
	}
	return found, nil
}

const (
	otherNameTag = cbasn1.Tag(0xa0)
	mailTag      = cbasn1.Tag(0x81)
	uriTag       = cbasn1.Tag(0x86)
)

// otherName reads an OtherName, RFC 5280 4.2.1.6, and returns what is within its
// value.
func otherName(s cryptobyte.String) (oid asn1.ObjectIdentifier, value cryptobyte.String, ok bool) {
	ok = s.ReadASN1ObjectIdentifier(&oid) && s.ReadASN1(&value, cbasn1.Tag(0).ContextSpecific().Constructed()) && s.Empty()
	return oid, value, ok
}

// parseSAN reads the general names that say something of an account here.
func (f *facts) parseSAN(der []byte) error {
	bad := errors.New("its subject alternative name cannot be read")
	s := cryptobyte.String(der)
	var names cryptobyte.String
	if !s.ReadASN1(&names, cbasn1.SEQUENCE) || !s.Empty() {
		return bad
	}
	for n := 0; !names.Empty(); n++ {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if n == maxNames {
			return errors.New("it has too many alternative names")
		}
		if !names.ReadAnyASN1(&name, &tag) {
			return bad
		}
		var ok bool
		switch tag {
		case otherNameTag:
			ok = f.other(name)
		case mailTag:
			ok = f.mail(string(name))
		case uriTag:
			ok = f.uri(string(name))
		default:
			ok = true
		}
		if !ok {
			return bad
		}
	}
	return nil
}

// other reads a UPN; other names of other types are not for us.
func (f *facts) other(name cryptobyte.String) bool {
	oid, value, ok := otherName(name)
	if !ok || !oid.Equal(upnName) {
		return ok
	}
	var text cryptobyte.String
	if !value.ReadASN1(&text, cbasn1.UTF8String) || !value.Empty() || !utf8.ValidString(string(text)) {
		return false
	}
	// One that is no UPN names nobody: machines have such.
	if upn, err := entente.ParseUPN(string(text)); err == nil {
		f.upns = append(f.upns, upn)
	}
	return true
}

func (f *facts) mail(s string) bool {
	if a, err := entente.ParseSMTPAddress(s); err == nil {
		f.mails = append(f.mails, a)
	}
	return true
}

// uri reads a SID in the form that KB5014754 has for authorities that know no
// SID extension.
func (f *facts) uri(s string) bool {
	if len(s) < len(sidTag) || !strings.EqualFold(s[:len(sidTag)], sidTag) {
		return true
	}
	sid, err := entente.ParseSID(s[len(sidTag):])
	if err == nil {
		f.uriSIDs = append(f.uriSIDs, sid)
	}
	return err == nil
}

// nameOf reads an encoded distinguished name.
func nameOf(der []byte) (access.Name, error) {
	bad := errors.New("a name cannot be read")
	s := cryptobyte.String(der)
	var sequence cryptobyte.String
	if !s.ReadASN1(&sequence, cbasn1.SEQUENCE) || !s.Empty() {
		return "", bad
	}
	var relative [][]access.NameAttribute
	for !sequence.Empty() {
		var set cryptobyte.String
		if len(relative) == maxNames || !sequence.ReadASN1(&set, cbasn1.SET) {
			return "", bad
		}
		var one []access.NameAttribute
		for !set.Empty() {
			var pair cryptobyte.String
			var oid asn1.ObjectIdentifier
			if !set.ReadASN1(&pair, cbasn1.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) {
				return "", bad
			}
			value, ok := directoryString(&pair)
			if !ok || !pair.Empty() {
				return "", bad
			}
			one = append(one, access.NameAttribute{Type: oid.String(), Value: value})
		}
		relative = append(relative, one)
	}
	return access.CanonicalName(relative), nil
}

// directoryString reads the kinds of text that names are made of, RFC 5280
// 4.1.2.4.
func directoryString(s *cryptobyte.String) (string, bool) {
	var text cryptobyte.String
	var tag cbasn1.Tag
	if !s.ReadAnyASN1(&text, &tag) {
		return "", false
	}
	value := ""
	switch tag {
	case cbasn1.UTF8String, cbasn1.PrintableString, cbasn1.IA5String, cbasn1.Tag(18): // NumericString
		value = string(text)
	case cbasn1.T61String:
		for _, b := range []byte(text) { // Latin-1 in practice
			value += string(rune(b))
		}
	case cbasn1.Tag(30): // BMPString
		for len(text) > 1 {
			value += string(rune(text[0])<<8 | rune(text[1]))
			text = text[2:]
		}
		if len(text) != 0 {
			return "", false
		}
	default:
		return "", false
	}
	return value, utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
}
