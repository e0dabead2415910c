package ewsserver

import (
	"entente/ews"
	"entente/mailbox"
)

// contactFields are what a contact says of a person. [MS-OXWSCONT] 2.2.4.4
func contactFields() []row {
	rows := []row{
		{ews.FieldContactFileAs, fileAsField()},
		{ews.FieldContactFileAsMapping, itemField{prop: mailbox.PidLidFileUnderID, get: getFileAsMapping, set: setFileAsMapping}},
		{ews.FieldContactCompleteName, itemField{get: getCompleteName}},
		{ews.FieldContactHasPicture, readOnly(boolField(mailbox.PidLidHasPicture))},
		{ews.FieldContactContactSource, itemField{get: func(*itemView) any { return string(ews.ContactStore) }}},
		{ews.FieldContactPostalAddressIndex, wordField(mailbox.PidLidPostalAddressID, 0, "None", "Home", "Business", "Other")},
		{ews.FieldContactBirthday, timeField(mailbox.PidTagBirthday)},
		{ews.FieldContactWeddingAnniversary, timeField(mailbox.PidTagWeddingAnniversary)},
		{ews.FieldContactChildren, textsField(mailbox.PidTagChildrensNames)},
		{ews.FieldContactCompanies, textsField(mailbox.PidLidCompanies)},
		{ews.FieldContactNotes, notesField()},
	}
	for f, p := range map[ews.Field]mailbox.Prop{
		ews.FieldContactDisplayName:       mailbox.PidTagDisplayName,
		ews.FieldContactGivenName:         mailbox.PidTagGivenName,
		ews.FieldContactInitials:          mailbox.PidTagInitials,
		ews.FieldContactMiddleName:        mailbox.PidTagMiddleName,
		ews.FieldContactNickname:          mailbox.PidTagNickname,
		ews.FieldContactCompanyName:       mailbox.PidTagCompanyName,
		ews.FieldContactAssistantName:     mailbox.PidTagAssistant,
		ews.FieldContactBusinessHomePage:  mailbox.PidTagBusinessHomePage,
		ews.FieldContactDepartment:        mailbox.PidTagDepartmentName,
		ews.FieldContactGeneration:        mailbox.PidTagGeneration,
		ews.FieldContactJobTitle:          mailbox.PidTagTitle,
		ews.FieldContactManager:           mailbox.PidTagManagerName,
		ews.FieldContactMileage:           mailbox.PidLidMileage,
		ews.FieldContactOfficeLocation:    mailbox.PidTagOfficeLocation,
		ews.FieldContactProfession:        mailbox.PidTagProfession,
		ews.FieldContactSpouseName:        mailbox.PidTagSpouseName,
		ews.FieldContactSurname:           mailbox.PidTagSurname,
		ews.FieldContactPhoneticFirstName: mailbox.PidLidYomiFirstName,
		ews.FieldContactPhoneticLastName:  mailbox.PidLidYomiLastName,
		ews.FieldContactAccountName:       mailbox.PidTagAccount,
		ews.FieldContactComment:           mailbox.PidTagComment,
	} {
		rows = append(rows, row{f, textField(p)})
	}
	return rows
}

func notesField() itemField {
	return itemField{
		parts: mailbox.PartBody,
		get: func(v *itemView) any {
			if v.it.Body == nil {
				return nil
			}
			return bodyOf(v.it, bodyWish{kind: ews.BodyAsText}).Text
		},
		set: func(e *itemEdit, v *ews.Value) error {
			s, _ := v.V.(string)
			e.it.Body = &mailbox.Body{Text: []byte(s)}
			e.it.Parts |= mailbox.PartBody
			return nil
		},
		clear: clearBody,
	}
}

// A contactEdit remembers what decides how a contact is filed.
type contactEdit struct{ fileAs, mapping bool }

func fileAsField() itemField {
	f := textField(mailbox.PidLidFileUnder)
	set := f.set
	f.set = func(e *itemEdit, v *ews.Value) error {
		e.contact.fileAs = true
		return set(e, v)
	}
	return f
}

// fileAs are the mappings with their numbers in PidLidFileUnderId.
// [MS-OXOCNTC] 2.2.1.1.12
var fileAs = [...]struct {
	id   int64
	name ews.FileAsMapping
}{
	{0x0000, ews.FileAsNone},
	{0x3001, ews.FileAsDisplayName},
	{0x3A06, ews.FileAsFirstName},
	{0x3A11, ews.FileAsLastName},
	{0x3A16, ews.FileAsCompany},
	{0x8017, ews.FileAsLastCommaFirst},
	{0x8018, ews.FileAsCompanyLastCommaFirst},
	{0x8019, ews.FileAsLastCommaFirstCompany},
	{0x8030, ews.FileAsLastFirst},
	{0x8031, ews.FileAsLastSpaceFirst},
	{0x8032, ews.FileAsCompanyLastFirst},
	{0x8033, ews.FileAsCompanyLastSpaceFirst},
	{0x8034, ews.FileAsLastFirstCompany},
	{0x8035, ews.FileAsLastSpaceFirstCompany},
	{0x8036, ews.FileAsLastFirstSuffix},
	{0x8037, ews.FileAsFirstSpaceLast},
	{0x8038, ews.FileAsLastFirstMiddleSuffix},
	{0xFFFD, ews.FileAsEmpty},
}

func getFileAsMapping(v *itemView) any {
	n, ok := v.it.Props.Int(mailbox.PidLidFileUnderID)
	if !ok {
		return nil
	}
	for _, m := range fileAs {
		if m.id == n {
			return string(m.name)
		}
	}
	return string(ews.FileAsNone)
}

func setFileAsMapping(e *itemEdit, v *ews.Value) error {
	for _, m := range fileAs {
		if string(m.name) == v.V {
			e.it.Props.SetInt(mailbox.PidLidFileUnderID, m.id)
			e.contact.mapping = true
			return nil
		}
	}
	return invalidValue(v)
}

// finishContact gives a contact what follows from its names: how it is shown,
// and where it is filed unless that was said.
func (e *itemEdit) finishContact() {
	ps := &e.it.Props
	if e.kind == ews.KindContact && ps.String(mailbox.PidTagDisplayName) == "" {
		if s := mailbox.FullName(ps); s != "" {
			ps.SetString(mailbox.PidTagDisplayName, s)
		} else if s := ps.String(mailbox.PidTagCompanyName); s != "" {
			ps.SetString(mailbox.PidTagDisplayName, s)
		}
	}
	name := ps.String(mailbox.PidTagDisplayName)
	if name != "" && (ps.String(mailbox.PidTagSubject) == "" || e.create) {
		ps.SetString(mailbox.PidTagSubject, name)
		ps.SetString(mailbox.PidTagNormalizedSubject, name)
	}
	if e.kind == ews.KindContact && e.create && !e.contact.mapping && !e.contact.fileAs {
		ps.SetInt(mailbox.PidLidFileUnderID, 0x8017)
	}
	n, mapped := ps.Int(mailbox.PidLidFileUnderID)
	if e.contact.fileAs && !e.contact.mapping || !mapped && ps.Has(mailbox.PidLidFileUnder) {
		return
	}
	if s := mailbox.FiledAs(ps, n); s != "" && n != 0 {
		ps.SetString(mailbox.PidLidFileUnder, s)
	} else if !ps.Has(mailbox.PidLidFileUnder) && name != "" {
		ps.SetString(mailbox.PidLidFileUnder, name)
	}
}

func getCompleteName(v *itemView) any {
	ps := &v.it.Props
	n := &ews.CompleteName{
		Title: ps.String(mailbox.PidTagDisplayNamePrefix), FirstName: ps.String(mailbox.PidTagGivenName),
		MiddleName: ps.String(mailbox.PidTagMiddleName), LastName: ps.String(mailbox.PidTagSurname),
		Suffix: ps.String(mailbox.PidTagGeneration), Initials: ps.String(mailbox.PidTagInitials),
		FullName: ps.String(mailbox.PidTagDisplayName), Nickname: ps.String(mailbox.PidTagNickname),
		YomiFirstName: ps.String(mailbox.PidLidYomiFirstName), YomiLastName: ps.String(mailbox.PidLidYomiLastName),
	}
	if *n == (ews.CompleteName{}) {
		return nil
	}
	return n
}
