package ewsserver

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"unicode/utf16"

	"entente/ews"
	"entente/mailbox"
)

// listFields are the members of a private distribution list. [MS-OXWSDLIST]
func listFields() []row {
	return []row{
		{ews.FieldMembers, itemField{entries: memberEntries, clear: func(e *itemEdit, _ string) error {
			e.it.Props.Delete(mailbox.PidLidDistributionListMembers, mailbox.PidLidDistributionListOneOffMembers)
			return nil
		}, set: func(_ *itemEdit, v *ews.Value) error { return invalidValue(v) }}},
		{ews.FieldMember, itemField{set: addMember, add: addMember, clear: removeMember}},
	}
}

// memberEntries are the members; the key of each is its entry id.
func memberEntries(v *itemView, values []ews.Value) []ews.Value {
	for _, b := range v.it.Props.Binaries(mailbox.PidLidDistributionListMembers) {
		name, routing, address, ok := oneOff(b)
		if !ok {
			continue
		}
		m := v.c.mailboxOf(name, address, routing)
		key := base64.StdEncoding.EncodeToString(b)
		values = append(values, ews.Value{Field: ews.FieldMember, Indexed: key, V: &ews.Member{
			Key: key, Mailbox: &m, Status: ews.MemberNormal,
		}})
	}
	return values
}

func addMember(e *itemEdit, v *ews.Value) error {
	m, ok := v.V.(*ews.Member)
	if !ok || m.Mailbox == nil || m.Mailbox.EmailAddress == "" {
		return invalidValue(v)
	}
	known := e.c.mailboxOf(m.Mailbox.Name, m.Mailbox.EmailAddress, m.Mailbox.RoutingType)
	id := appendOneOff(nil, known.Name, known.RoutingType, known.EmailAddress)
	e.setMembers(append(e.it.Props.Binaries(mailbox.PidLidDistributionListMembers), id))
	return nil
}

func removeMember(e *itemEdit, key string) error {
	id, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return errNotDeletable
	}
	e.setMembers(slices.DeleteFunc(e.it.Props.Binaries(mailbox.PidLidDistributionListMembers), func(b []byte) bool {
		return bytes.Equal(b, id)
	}))
	return nil
}

// setMembers keeps both lists of members the same: clients read either.
// [MS-OXOCNTC] 2.2.2.2
func (e *itemEdit) setMembers(list [][]byte) {
	if len(list) == 0 {
		e.it.Props.Delete(mailbox.PidLidDistributionListMembers, mailbox.PidLidDistributionListOneOffMembers)
		return
	}
	e.it.Props.SetBinaries(mailbox.PidLidDistributionListMembers, list)
	e.it.Props.SetBinaries(mailbox.PidLidDistributionListOneOffMembers, list)
}

// oneOffHeader begins a one-off entry id: flags, provider, version, and the
// bits for Unicode and no rich text. [MS-OXCDATA] 2.2.5.1
var oneOffHeader = [...]byte{
	0, 0, 0, 0,
	0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19, 0x9d, 0x6e, 0x00, 0xdd, 0x01, 0x0f, 0x54, 0x02,
	0, 0, 0x01, 0x90,
}

func appendOneOff(b []byte, name, routing, address string) []byte {
	b = append(b, oneOffHeader[:]...)
	for _, s := range []string{name, routing, address} {
		for _, u := range utf16.Encode([]rune(s)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		b = append(b, 0, 0)
	}
	return b
}

// oneOff reads what appendOneOff writes.
func oneOff(b []byte) (name, routing, address string, ok bool) {
	b, ok = bytes.CutPrefix(b, oneOffHeader[:])
	if !ok {
		return "", "", "", false
	}
	var texts [3]string
	for i := range texts {
		var units []uint16
		for {
			if len(b) < 2 {
				return "", "", "", false
			}
			u := binary.LittleEndian.Uint16(b)
			b = b[2:]
			if u == 0 {
				break
			}
			units = append(units, u)
		}
		texts[i] = string(utf16.Decode(units))
	}
	return texts[0], texts[1], texts[2], true
}
