package ewsserver

import (
	"entente/ews"
	"entente/mailbox"
)

// contactEntryFields are the dictionaries of a contact: addresses of three
// kinds and telephone numbers, each entry a property of its own.
func contactEntryFields() []row {
	rows := []row{
		{ews.FieldContactEmailAddresses, itemField{entries: emailEntries}},
		{ews.FieldContactEmailAddress, itemField{set: setEmail, clear: clearEmail}},
		{ews.FieldContactPhoneNumbers, itemField{entries: textEntries(ews.FieldContactPhoneNumber, phones[:])}},
		{ews.FieldContactPhoneNumber, entryField(phones[:])},
		{ews.FieldContactImAddresses, itemField{entries: textEntries(ews.FieldContactImAddress, imAddresses[:])}},
		{ews.FieldContactImAddress, entryField(imAddresses[:])},
		{ews.FieldContactPhysicalAddresses, itemField{entries: addressEntries}},
	}
	for i := range addresses {
		rows = append(rows, row{addresses[i].field, entryField(addresses[i].entries[:])})
	}
	return rows
}

// A textEntry is an entry that is a text.
type textEntry struct {
	key  string
	prop mailbox.Prop
}

var phones = [...]textEntry{
	{"AssistantPhone", mailbox.PidTagAssistantTelephoneNumber},
	{"BusinessFax", mailbox.PidTagBusinessFaxNumber},
	{"BusinessPhone", mailbox.PidTagBusinessTelephoneNumber},
	{"BusinessPhone2", mailbox.PidTagBusiness2TelephoneNumber},
	{"Callback", mailbox.PidTagCallbackTelephoneNumber},
	{"CarPhone", mailbox.PidTagCarTelephoneNumber},
	{"CompanyMainPhone", mailbox.PidTagCompanyMainTelephoneNumber},
	{"HomeFax", mailbox.PidTagHomeFaxNumber},
	{"HomePhone", mailbox.PidTagHomeTelephoneNumber},
	{"HomePhone2", mailbox.PidTagHome2TelephoneNumber},
	{"Isdn", mailbox.PidTagIsdnNumber},
	{"MobilePhone", mailbox.PidTagMobileTelephoneNumber},
	{"OtherFax", mailbox.PidTagPrimaryFaxNumber},
	{"OtherTelephone", mailbox.PidTagOtherTelephoneNumber},
	{"Pager", mailbox.PidTagPagerTelephoneNumber},
	{"PrimaryPhone", mailbox.PidTagPrimaryTelephoneNumber},
	{"RadioPhone", mailbox.PidTagRadioTelephoneNumber},
	{"Telex", mailbox.PidTagTelexNumber},
	{"TtyTddPhone", mailbox.PidTagTTYTDDTelephoneNumber},
}

// imAddresses are the addresses of instant messaging: MAPI has one, phones know
// two more.
var imAddresses = [...]textEntry{
	{"ImAddress1", mailbox.PidLidInstantMessagingAddress},
	{"ImAddress2", mailbox.PidNameIMAddress2},
	{"ImAddress3", mailbox.PidNameIMAddress3},
}

// addresses are the parts of postal addresses, in the order of the schema.
var addresses = [...]struct {
	field   ews.Field
	entries [3]textEntry
}{
	{ews.FieldContactPhysicalAddressStreet, [3]textEntry{
		{"Home", mailbox.PidTagHomeAddressStreet}, {"Business", mailbox.PidLidWorkAddressStreet}, {"Other", mailbox.PidTagOtherAddressStreet},
	}},
	{ews.FieldContactPhysicalAddressCity, [3]textEntry{
		{"Home", mailbox.PidTagHomeAddressCity}, {"Business", mailbox.PidLidWorkAddressCity}, {"Other", mailbox.PidTagOtherAddressCity},
	}},
	{ews.FieldContactPhysicalAddressState, [3]textEntry{
		{"Home", mailbox.PidTagHomeAddressStateOrProvince}, {"Business", mailbox.PidLidWorkAddressState}, {"Other", mailbox.PidTagOtherAddressStateOrProvince},
	}},
	{ews.FieldContactPhysicalAddressCountryOrRegion, [3]textEntry{
		{"Home", mailbox.PidTagHomeAddressCountry}, {"Business", mailbox.PidLidWorkAddressCountry}, {"Other", mailbox.PidTagOtherAddressCountry},
	}},
	{ews.FieldContactPhysicalAddressPostalCode, [3]textEntry{
		{"Home", mailbox.PidTagHomeAddressPostalCode}, {"Business", mailbox.PidLidWorkAddressPostalCode}, {"Other", mailbox.PidTagOtherAddressPostalCode},
	}},
}

// emails are the properties of the three mail addresses.
var emails = [...]struct {
	key                              string
	name, routing, address, original mailbox.Prop
}{
	{"EmailAddress1", mailbox.PidLidEmail1DisplayName, mailbox.PidLidEmail1AddressType, mailbox.PidLidEmail1EmailAddress, mailbox.PidLidEmail1OriginalDisplayName},
	{"EmailAddress2", mailbox.PidLidEmail2DisplayName, mailbox.PidLidEmail2AddressType, mailbox.PidLidEmail2EmailAddress, mailbox.PidLidEmail2OriginalDisplayName},
	{"EmailAddress3", mailbox.PidLidEmail3DisplayName, mailbox.PidLidEmail3AddressType, mailbox.PidLidEmail3EmailAddress, mailbox.PidLidEmail3OriginalDisplayName},
}

func textEntries(f ews.Field, table []textEntry) func(*itemView, []ews.Value) []ews.Value {
	return func(v *itemView, values []ews.Value) []ews.Value {
		for i := range table {
			if s := v.it.Props.String(table[i].prop); s != "" {
				values = append(values, ews.Value{Field: f, Indexed: table[i].key, V: s})
			}
		}
		return values
	}
}

// entryProp is the property of an entry, for restrictions too.
func entryProp(f ews.Field, key string) mailbox.Prop {
	table := phones[:]
	switch f {
	case ews.FieldContactEmailAddress:
		for i := range emails {
			if emails[i].key == key {
				return emails[i].address
			}
		}
		return 0
	case ews.FieldContactImAddress:
		table = imAddresses[:]
	case ews.FieldContactPhoneNumber:
	default:
		table = nil
		for i := range addresses {
			if addresses[i].field == f {
				table = addresses[i].entries[:]
			}
		}
	}
	return entryOf(table, key)
}

func entryOf(table []textEntry, key string) mailbox.Prop {
	for i := range table {
		if table[i].key == key {
			return table[i].prop
		}
	}
	return 0
}

func entryField(table []textEntry) itemField {
	return itemField{
		set: func(e *itemEdit, v *ews.Value) error {
			p := entryOf(table, v.Indexed)
			s, ok := v.V.(string)
			if p == 0 || !ok {
				return invalidValue(v)
			}
			if s == "" {
				e.it.Props.Delete(p)
				return nil
			}
			e.it.Props.SetString(p, s)
			return nil
		},
		clear: func(e *itemEdit, key string) error {
			p := entryOf(table, key)
			if p == 0 {
				return errNotDeletable
			}
			e.it.Props.Delete(p)
			return nil
		},
	}
}

// addressEntries gives the parts of one address together, as the writer of
// entries wants them.
func addressEntries(v *itemView, values []ews.Value) []ews.Value {
	for key := range addresses[0].entries {
		for i := range addresses {
			x := &addresses[i].entries[key]
			if s := v.it.Props.String(x.prop); s != "" {
				values = append(values, ews.Value{Field: addresses[i].field, Indexed: x.key, V: s})
			}
		}
	}
	return values
}

func emailEntries(v *itemView, values []ews.Value) []ews.Value {
	ps := &v.it.Props
	for i := range emails {
		m := &emails[i]
		a := ps.String(m.address)
		if a == "" {
			continue
		}
		values = append(values, ews.Value{Field: ews.FieldContactEmailAddress, Indexed: m.key, V: &ews.EmailEntry{
			Key: ews.EmailAddressKey(m.key), Name: ps.String(m.name), RoutingType: ps.String(m.routing), Address: a,
		}})
	}
	return values
}

func setEmail(e *itemEdit, v *ews.Value) error {
	x, ok := v.V.(*ews.EmailEntry)
	if !ok {
		return invalidValue(v)
	}
	for i := range emails {
		m := &emails[i]
		if m.key != v.Indexed {
			continue
		}
		if x.Address == "" {
			return clearEmail(e, v.Indexed)
		}
		name, routing := x.Name, x.RoutingType
		if name == "" {
			name = x.Address
		}
		if routing == "" {
			routing = "SMTP"
		}
		ps := &e.it.Props
		ps.SetString(m.address, x.Address)
		ps.SetString(m.name, name)
		ps.SetString(m.routing, routing)
		ps.SetString(m.original, x.Address)
		return nil
	}
	return invalidValue(v)
}

func clearEmail(e *itemEdit, key string) error {
	for i := range emails {
		if m := &emails[i]; m.key == key {
			e.it.Props.Delete(m.address, m.name, m.routing, m.original)
			return nil
		}
	}
	return errNotDeletable
}
