package ews

import "entente/strictxml"

// decodeEntries reads a dictionary or list: a Value for each entry, of a
// postal address one for each of its parts.
func decodeEntries(r *strictxml.Reader, container Field, values []Value) []Value {
	local := "Entry"
	switch container {
	case FieldInternetMessageHeaders:
		local = "InternetMessageHeader"
	case FieldMembers:
		local = "Member"
	}
	parent := r.Name().Local
	for r.Child() {
		if r.Name() != (strictxml.Name{Space: NSTypes, Local: local}) {
			unexpected(r, parent)
			break
		}
		values = decodeEntry(r, container, values)
	}
	return values
}

func decodeEntry(r *strictxml.Reader, container Field, values []Value) []Value {
	switch container {
	case FieldInternetMessageHeaders:
		h := decodeStruct[InternetHeader](r)
		return append(values, Value{Field: FieldInternetMessageHeader, Indexed: h.HeaderName, V: h.Value})
	case FieldContactEmailAddresses:
		x := decodeStruct[EmailEntry](r)
		return append(values, Value{Field: FieldContactEmailAddress, Indexed: string(x.Key), V: x})
	case FieldContactPhoneNumbers:
		x := decodeStruct[phoneEntry](r)
		return append(values, Value{Field: FieldContactPhoneNumber, Indexed: string(x.Key), V: x.Value})
	case FieldContactImAddresses:
		x := decodeStruct[imEntry](r)
		return append(values, Value{Field: FieldContactImAddress, Indexed: string(x.Key), V: x.Value})
	case FieldMembers:
		x := decodeStruct[Member](r)
		return append(values, Value{Field: FieldMember, Indexed: x.Key, V: x})
	}
	return decodeAddress(r, values)
}

// part is the place of one part of a postal address in its entry.
func (p *physicalEntry) part(f Field) **string {
	switch f {
	case FieldContactPhysicalAddressStreet:
		return &p.Street
	case FieldContactPhysicalAddressCity:
		return &p.City
	case FieldContactPhysicalAddressState:
		return &p.State
	case FieldContactPhysicalAddressCountryOrRegion:
		return &p.CountryOrRegion
	case FieldContactPhysicalAddressPostalCode:
		return &p.PostalCode
	}
	return nil
}

func decodeAddress(r *strictxml.Reader, values []Value) []Value {
	x := decodeStruct[physicalEntry](r)
	for f := FieldContactPhysicalAddressStreet; f <= FieldContactPhysicalAddressPostalCode; f++ {
		if s := *x.part(f); s != nil {
			values = append(values, Value{Field: f, Indexed: string(x.Key), V: *s})
		}
	}
	return values
}

// appendEntries writes a container with entries that stand together.
func appendEntries(e *strictxml.Encoder, container Field, entries []Value) {
	qname := fieldQNames[container]
	e.Start(qname)
	if container == FieldContactPhysicalAddresses {
		appendAddresses(e, entries)
	} else {
		for i := range entries {
			appendEntry(e, &entries[i])
		}
	}
	e.End(qname)
}

func appendEntry(e *strictxml.Encoder, v *Value) {
	text, _ := v.V.(string)
	switch v.Field {
	case FieldInternetMessageHeader:
		h := InternetHeader{HeaderName: v.Indexed, Value: text}
		h.appendXML(e, "t:InternetMessageHeader")
	case FieldContactPhoneNumber:
		x := phoneEntry{PhoneNumberKey(v.Indexed), text}
		x.appendXML(e, "t:Entry")
	case FieldContactImAddress:
		x := imEntry{ImAddressKey(v.Indexed), text}
		x.appendXML(e, "t:Entry")
	case FieldContactEmailAddress:
		x := EmailEntry{Address: text}
		if p, ok := v.V.(*EmailEntry); ok {
			x = *p
		}
		x.Key = EmailAddressKey(v.Indexed)
		x.appendXML(e, "t:Entry")
	case FieldMember:
		if x, ok := v.V.(*Member); ok {
			x.appendXML(e, "t:Member")
		}
	}
}

// appendAddresses puts the parts of each address into one entry, whatever
// order they come in.
func appendAddresses(e *strictxml.Encoder, parts []Value) {
	for i := range parts {
		first := true
		for j := range i {
			first = first && parts[j].Indexed != parts[i].Indexed
		}
		if !first {
			continue
		}
		x := physicalEntry{Key: PhysicalAddressKey(parts[i].Indexed)}
		for j := i; j < len(parts); j++ {
			if s, ok := parts[j].V.(string); ok && parts[j].Indexed == parts[i].Indexed {
				*x.part(parts[j].Field) = &s
			}
		}
		x.appendXML(e, "t:Entry")
	}
}
