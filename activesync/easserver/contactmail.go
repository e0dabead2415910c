package easserver

import (
	"net/mail"
	"strings"

	"entente/activesync/wbxml"
	"entente/mailbox"
)

// contactMails are a contact's three addresses. [MS-ASCNTC] 2.2.2.28
var contactMails = [...]contactMail{
	{wbxml.ContactsEmail1Address, mailbox.PidLidEmail1EmailAddress, mailbox.PidLidEmail1DisplayName, mailbox.PidLidEmail1AddressType, mailbox.PidLidEmail1OriginalDisplayName},
	{wbxml.ContactsEmail2Address, mailbox.PidLidEmail2EmailAddress, mailbox.PidLidEmail2DisplayName, mailbox.PidLidEmail2AddressType, mailbox.PidLidEmail2OriginalDisplayName},
	{wbxml.ContactsEmail3Address, mailbox.PidLidEmail3EmailAddress, mailbox.PidLidEmail3DisplayName, mailbox.PidLidEmail3AddressType, mailbox.PidLidEmail3OriginalDisplayName},
}

// A contactMail is an address in its one element and in its properties.
type contactMail struct {
	tag                           wbxml.Tag
	address, name, kind, original mailbox.Prop
}

// text is the address as phones have it: with its name before it, where that says
// anything more. [MS-ASDTYPE] 2.7.3
func (m *contactMail) text(ps *mailbox.Props) string {
	address, name := ps.String(m.address), ps.String(m.name)
	if address == "" || name == "" || strings.Contains(name, address) {
		return address
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `" <` + address + `>`
}

// set keeps what a phone has. What is no address is kept as it was typed; one that
// is the same as before keeps its name.
func (m *contactMail) set(ps *mailbox.Props, s string) {
	s = strings.TrimSpace(s)
	if s == "" {
		ps.Delete(m.address, m.name, m.kind, m.original)
		return
	}
	address, name := splitAddress(s)
	if name == "" {
		if address == ps.String(m.address) {
			return
		}
		name = address
	}
	ps.SetString(m.address, address)
	ps.SetString(m.name, name)
	ps.SetString(m.original, address)
	ps.SetString(m.kind, "SMTP")
}

// splitAddress takes an address and its name apart: "Anna Ek" <anna@contoso.example>,
// with the quotes or without. Phones write what RFC 5322 has not, so what is in the
// last brackets is the address.
func splitAddress(s string) (address, name string) {
	if a, err := mail.ParseAddress(s); err == nil {
		return a.Address, a.Name
	}
	open := strings.LastIndexByte(s, '<')
	if open < 0 || !strings.HasSuffix(s, ">") {
		return s, ""
	}
	address = strings.TrimSpace(s[open+1 : len(s)-1])
	if address == "" {
		return s, ""
	}
	return address, unquote(strings.TrimSpace(s[:open]))
}

// unquote takes the quotes off a name, as text puts them on.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	for s = s[1 : len(s)-1]; s != ""; s = s[1:] {
		if s[0] == '\\' && len(s) > 1 {
			s = s[1:]
		}
		b.WriteByte(s[0])
	}
	return strings.TrimSpace(b.String())
}
