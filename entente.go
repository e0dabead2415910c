// Package entente names the things every room of the server talks about:
// addresses, principals, organizations, mailboxes, and the kinds of error.
//
// It imports nothing of ours. A name gets a type of its own so that a user
// principal name cannot be passed where an e-mail address is meant. Values
// that come from outside are made by the Parse functions, which refuse control
// characters and overlong input, so that whoever holds such a value may write
// it into a header, a log line or a file name's stem without asking again.
package entente

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// An SMTPAddress is an e-mail address in lower case.
type SMTPAddress string

// A UPN is a user principal name, such as anna@contoso.example, in lower case.
// It looks like an address and is none: the UPN of one person may equal an
// alias of another, and look-ups never mix the two.
type UPN string

// A SID is a Windows security identifier in its S-1-… text form.
type SID string

// An SPN is a service principal name, such as HTTP/mail.contoso.example.
type SPN string

// A Domain is a DNS domain name, lower case, without a final dot.
type Domain string

// An AppID names one organization at the trust broker. (What EWS calls an
// application id is access.ApplicationID.)
type AppID string

// A MailboxID names a mailbox for as long as it exists, through renames and
// moves: a random GUID, never an address, never the place where it is kept.
type MailboxID [16]byte

// A Secret is text that must not be printed: it shows as [hidden] in every
// verb of fmt and in slog. Reveal gives the text to whoever checks it.
type Secret struct{ text string }

// NewSecret hides s.
func NewSecret(s string) Secret { return Secret{s} }

// Reveal returns the hidden text. Its callers are the places to review.
func (s Secret) Reveal() string { return s.text }

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return s.text == "" }

const hidden = "[hidden]"

func (s Secret) String() string               { return hidden }
func (s Secret) GoString() string             { return hidden }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(hidden)) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Longest forms: RFC 5321 4.5.3.1.3 allows 256 octets for a path with its
// brackets, a DNS name has 253, a SID 15 sub-authorities of 10 digits.
const (
	maxAddress = 254
	maxDomain  = 253
	maxSID     = 190
)

// ParseSMTPAddress reads an addr-spec (RFC 5321 4.1.2 without quoted local
// parts and address literals, which Exchange refuses too) and lower-cases it.
func ParseSMTPAddress(s string) (SMTPAddress, error) {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(s) > maxAddress || len(local) > 64 || !plain(local, `"(),:;<>[\]@ `) || badDots(local) {
		return "", Errorf(Invalid, "not an SMTP address")
	}
	d, err := ParseDomain(domain)
	if err != nil {
		return "", Errorf(Invalid, "not an SMTP address")
	}
	return SMTPAddress(strings.ToLower(local) + "@" + string(d)), nil
}

// Domain returns the part after the @.
func (a SMTPAddress) Domain() Domain {
	_, d, _ := strings.Cut(string(a), "@")
	return Domain(d)
}

// ParseUPN reads a user principal name, [MS-ADTS] 5.1.1.1.1: name@suffix.
func ParseUPN(s string) (UPN, error) {
	name, suffix, ok := strings.Cut(s, "@")
	if !ok || len(s) > 1024 || name == "" || suffix == "" || !plain(name, `@`) || !plain(suffix, `@ `) {
		return "", Errorf(Invalid, "not a user principal name")
	}
	return UPN(strings.ToLower(s)), nil
}

// ParseDomain reads a DNS name (letters, digits, hyphens; A-labels for others)
// and lower-cases it. RFC 1123 2.1.
func ParseDomain(s string) (Domain, error) {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if s == "" || len(s) > maxDomain {
		return "", Errorf(Invalid, "not a domain name")
	}
	for label := range strings.SplitSeq(s, ".") {
		if !validLabel(label) {
			return "", Errorf(Invalid, "not a domain name")
		}
	}
	return Domain(s), nil
}

func validLabel(l string) bool {
	if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	for _, c := range []byte(l) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// ParseSID reads the text form of a SID, [MS-DTYP] 2.4.2.1.
func ParseSID(s string) (SID, error) {
	parts := strings.Split(strings.ToUpper(s), "-")
	if len(s) > maxSID || len(parts) < 4 || len(parts) > 18 || parts[0] != "S" || parts[1] != "1" {
		return "", Errorf(Invalid, "not a security identifier")
	}
	for i, p := range parts[2:] {
		bits := 32
		if i == 0 {
			bits = 48 // the identifier authority
		}
		n, err := strconv.ParseUint(p, 10, bits)
		if err != nil || strconv.FormatUint(n, 10) != p {
			return "", Errorf(Invalid, "not a security identifier")
		}
	}
	return SID(strings.ToUpper(s)), nil
}

// String returns the GUID in its usual text form, lower case.
func (m MailboxID) String() string {
	h := hex.EncodeToString(m[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// IsZero reports whether m names no mailbox.
func (m MailboxID) IsZero() bool { return m == MailboxID{} }

// ParseMailboxID reads what String writes.
func ParseMailboxID(s string) (MailboxID, error) {
	var m MailboxID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return m, Errorf(Invalid, "not a mailbox id")
	}
	h := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(m[:], []byte(h)); err != nil {
		return MailboxID{}, Errorf(Invalid, "not a mailbox id")
	}
	return m, nil
}

// plain reports whether s is not empty and has neither control characters nor
// any of the bytes in not.
func plain(s, not string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '�' || strings.ContainsRune(not, r) {
			return false
		}
	}
	return s != ""
}

func badDots(local string) bool {
	return local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..")
}
