package mailbox

import "strings"

// FileAsLastCommaFirst is how a contact is filed unless somebody says otherwise.
const FileAsLastCommaFirst = 0x8017

// FileAsSaid is PidLidFileUnderId of a contact that is filed under a text that
// somebody wrote. [MS-OXOCNTC] 2.2.1.1.12
const FileAsSaid = -1

// FullName is how a contact is shown by its names.
func FullName(ps *Props) string {
	return joinText(" ", ps.String(PidTagGivenName), ps.String(PidTagMiddleName), ps.String(PidTagSurname))
}

// joinText puts what is not empty together.
func joinText(sep string, parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(sep)
		}
		b.WriteString(p)
	}
	return b.String()
}

// FiledAs makes the name a contact is filed under by a mapping, "" by one that
// makes none. [MS-OXOCNTC] 2.2.1.1.12
func FiledAs(ps *Props, mapping int64) string {
	last, company := ps.String(PidTagSurname), ps.String(PidTagCompanyName)
	first := joinText(" ", ps.String(PidTagGivenName), ps.String(PidTagMiddleName))
	suffix := ps.String(PidTagGeneration)
	comma := joinText(", ", last, first)
	switch mapping {
	case 0x3001:
		return ps.String(PidTagDisplayName)
	case 0x3A06:
		return ps.String(PidTagGivenName)
	case 0x3A11:
		return last
	case 0x3A16:
		return company
	case FileAsLastCommaFirst:
		return comma
	case 0x8018:
		return joinText("\r\n", company, comma)
	case 0x8019:
		return joinText("\r\n", comma, company)
	case 0x8030:
		return last + first
	case 0x8031:
		return joinText(" ", last, first)
	case 0x8032:
		return joinText("\r\n", company, last+first)
	case 0x8033:
		return joinText("\r\n", company, joinText(" ", last, first))
	case 0x8034:
		return joinText("\r\n", last+first, company)
	case 0x8035:
		return joinText("\r\n", joinText(" ", last, first), company)
	case 0x8036, 0x8038:
		return joinText(" ", last, first, suffix)
	case 0x8037:
		return joinText(" ", first, last, suffix)
	}
	return ""
}
