package easserver

import (
	"strings"
	"time"

	"entente"
	"entente/activesync/wbxml"
	"entente/mailbox"
	"entente/message"
)

// contacts is the class of people in address books. [MS-ASCNTC]
type contacts struct{}

// contactTexts are the elements that are texts and mean one property each.
// [MS-ASCNTC] 2.2.2
var contactTexts = [...]struct {
	tag  wbxml.Tag
	prop mailbox.Prop
}{
	{wbxml.ContactsAssistantName, mailbox.PidTagAssistant},
	{wbxml.ContactsAssistantPhoneNumber, mailbox.PidTagAssistantTelephoneNumber},
	{wbxml.ContactsBusiness2PhoneNumber, mailbox.PidTagBusiness2TelephoneNumber},
	{wbxml.ContactsBusinessAddressCity, mailbox.PidLidWorkAddressCity},
	{wbxml.ContactsBusinessAddressCountry, mailbox.PidLidWorkAddressCountry},
	{wbxml.ContactsBusinessAddressPostalCode, mailbox.PidLidWorkAddressPostalCode},
	{wbxml.ContactsBusinessAddressState, mailbox.PidLidWorkAddressState},
	{wbxml.ContactsBusinessAddressStreet, mailbox.PidLidWorkAddressStreet},
	{wbxml.ContactsBusinessFaxNumber, mailbox.PidTagBusinessFaxNumber},
	{wbxml.ContactsBusinessPhoneNumber, mailbox.PidTagBusinessTelephoneNumber},
	{wbxml.ContactsCarPhoneNumber, mailbox.PidTagCarTelephoneNumber},
	{wbxml.ContactsCompanyName, mailbox.PidTagCompanyName},
	{wbxml.ContactsDepartment, mailbox.PidTagDepartmentName},
	{wbxml.ContactsFileAs, mailbox.PidLidFileUnder},
	{wbxml.ContactsFirstName, mailbox.PidTagGivenName},
	{wbxml.ContactsHome2PhoneNumber, mailbox.PidTagHome2TelephoneNumber},
	{wbxml.ContactsHomeAddressCity, mailbox.PidTagHomeAddressCity},
	{wbxml.ContactsHomeAddressCountry, mailbox.PidTagHomeAddressCountry},
	{wbxml.ContactsHomeAddressPostalCode, mailbox.PidTagHomeAddressPostalCode},
	{wbxml.ContactsHomeAddressState, mailbox.PidTagHomeAddressStateOrProvince},
	{wbxml.ContactsHomeAddressStreet, mailbox.PidTagHomeAddressStreet},
	{wbxml.ContactsHomeFaxNumber, mailbox.PidTagHomeFaxNumber},
	{wbxml.ContactsHomePhoneNumber, mailbox.PidTagHomeTelephoneNumber},
	{wbxml.ContactsJobTitle, mailbox.PidTagTitle},
	{wbxml.ContactsLastName, mailbox.PidTagSurname},
	{wbxml.ContactsMiddleName, mailbox.PidTagMiddleName},
	{wbxml.ContactsMobilePhoneNumber, mailbox.PidTagMobileTelephoneNumber},
	{wbxml.ContactsOfficeLocation, mailbox.PidTagOfficeLocation},
	{wbxml.ContactsOtherAddressCity, mailbox.PidTagOtherAddressCity},
	{wbxml.ContactsOtherAddressCountry, mailbox.PidTagOtherAddressCountry},
	{wbxml.ContactsOtherAddressPostalCode, mailbox.PidTagOtherAddressPostalCode},
	{wbxml.ContactsOtherAddressState, mailbox.PidTagOtherAddressStateOrProvince},
	{wbxml.ContactsOtherAddressStreet, mailbox.PidTagOtherAddressStreet},
	{wbxml.ContactsPagerNumber, mailbox.PidTagPagerTelephoneNumber},
	{wbxml.ContactsRadioPhoneNumber, mailbox.PidTagRadioTelephoneNumber},
	{wbxml.ContactsSpouse, mailbox.PidTagSpouseName},
	{wbxml.ContactsSuffix, mailbox.PidTagGeneration},
	{wbxml.ContactsTitle, mailbox.PidTagDisplayNamePrefix},
	{wbxml.ContactsWebPage, mailbox.PidTagBusinessHomePage},
	{wbxml.ContactsYomiCompanyName, mailbox.PidLidYomiCompanyName},
	{wbxml.ContactsYomiFirstName, mailbox.PidLidYomiFirstName},
	{wbxml.ContactsYomiLastName, mailbox.PidLidYomiLastName},
	{wbxml.Contacts2AccountName, mailbox.PidTagAccount},
	{wbxml.Contacts2CompanyMainPhone, mailbox.PidTagCompanyMainTelephoneNumber},
	{wbxml.Contacts2CustomerId, mailbox.PidTagCustomerID},
	{wbxml.Contacts2GovernmentId, mailbox.PidTagGovernmentIDNumber},
	{wbxml.Contacts2IMAddress, mailbox.PidLidInstantMessagingAddress},
	{wbxml.Contacts2IMAddress2, mailbox.PidNameIMAddress2},
	{wbxml.Contacts2IMAddress3, mailbox.PidNameIMAddress3},
	{wbxml.Contacts2MMS, mailbox.PidNameMMS},
	{wbxml.Contacts2ManagerName, mailbox.PidTagManagerName},
	{wbxml.Contacts2NickName, mailbox.PidTagNickname},
}

// contactDays are the elements that are days.
var contactDays = [...]struct {
	tag  wbxml.Tag
	prop mailbox.Prop
}{
	{wbxml.ContactsAnniversary, mailbox.PidTagWeddingAnniversary},
	{wbxml.ContactsBirthday, mailbox.PidTagBirthday},
}

// contactLists are the elements that are lists of texts.
var contactLists = [...]struct {
	tag, entry wbxml.Tag
	prop       mailbox.Prop
}{
	{wbxml.ContactsCategories, wbxml.ContactsCategory, mailbox.PidNameKeywords},
	{wbxml.ContactsChildren, wbxml.ContactsChild, mailbox.PidTagChildrensNames},
}

// maxListed is how many entries such a list has at most. [MS-ASCNTC] 2.2.2.15, 2.2.2.18
const maxListed = 300

// shown implements class. Distribution lists of a folder have no form on phones.
func (contacts) shown(it *mailbox.Item) bool { return mailbox.IsContact(it.Class) }

// parts implements class. The photo is an attachment.
func (contacts) parts(o *options) mailbox.Parts { return bodyParts(o) | mailbox.PartAttachments }

// write implements class.
func (contacts) write(c *call, it *mailbox.Item, o *options) error {
	w, ps := c.out, &it.Props
	for i := range contactTexts {
		if s := ps.String(contactTexts[i].prop); s != "" {
			w.Text(contactTexts[i].tag, s)
		}
	}
	if !ps.Has(mailbox.PidLidFileUnder) {
		if s := filedAs(ps); s != "" {
			w.Text(wbxml.ContactsFileAs, s)
		}
	}
	for i := range contactMails {
		if s := contactMails[i].text(ps); s != "" {
			w.Text(contactMails[i].tag, s)
		}
	}
	for _, d := range contactDays {
		if t, ok := ps.Time(d.prop); ok {
			w.Text(d.tag, dayOf(t).Add(dayTime).Format(dateTime))
		}
	}
	for _, l := range contactLists {
		writeList(c, l.tag, l.entry, ps.Strings(l.prop))
	}
	if err := writePhoto(c, it); err != nil {
		return err
	}
	return writeBody(c, it, o)
}

// writeList writes a list of texts, as far as it goes on the wire.
func writeList(c *call, tag, entry wbxml.Tag, list []string) {
	if len(list) == 0 {
		return
	}
	c.out.Start(tag)
	for _, s := range list[:min(len(list), maxListed)] {
		c.out.Text(entry, s)
	}
	c.out.End()
}

// readList reads it.
func readList(e *wbxml.Element, entry wbxml.Tag) ([]string, error) {
	var list []string
	for x := range e.All(entry) {
		if len(list) == maxListed {
			return nil, entente.Errorf(entente.Invalid, "a list of more than %d entries", maxListed)
		}
		if s := x.Text(); s != "" {
			list = append(list, s)
		}
	}
	return list, nil
}

// create implements class.
func (contacts) create(c *call, folder *mailbox.Folder, in *wbxml.Element, arrival string) (*mailbox.Item, func(), error) {
	it := &mailbox.Item{Class: "IPM.Contact", Read: true, Arrival: arrival, Parts: mailbox.AllParts}
	e := contactEdit{in: in, supported: map[wbxml.Tag]bool{}}
	photo, err := readPhoto(in)
	if err == nil {
		err = e.apply(it)
	}
	if err != nil {
		return nil, nil, err
	}
	if photo.given && len(photo.content) > 0 {
		it.Attachments = []mailbox.Attachment{photo.attachment()}
		it.Props.SetBool(mailbox.PidLidHasPicture, true)
	}
	return it, nil, c.view.CreateItem(c.ctx, folder.ID, it)
}

// change implements class. What is not named is deleted if the phone says that it
// supports the element, or says nothing of what it supports: it has no other way
// to tell. A body that is not named stays, and a photo that is not, unless it is
// said to be supported: it may have been too large to be sent. [MS-ASCMD] 2.2.3.179
func (contacts) change(c *call, it *mailbox.Item, in *wbxml.Element, o *options) (*mailbox.Item, func(), error) {
	e := contactEdit{in: in, supported: o.supported}
	photo, err := readPhoto(in)
	if err != nil {
		return nil, nil, err
	}
	changed, err := c.view.UpdateItem(c.ctx, it.ID, it.Change, mailbox.PartBody|mailbox.PartAttachments, e.apply)
	if err != nil {
		return nil, nil, err
	}
	photo.given = photo.given || o.supported[wbxml.ContactsPicture]
	changed, err = photo.replace(c, changed)
	return changed, nil, err
}

// remove implements class.
func (contacts) remove(c *call, it *mailbox.Item, _ *wbxml.Element, mode mailbox.DeleteMode) error {
	return deleteItem(c, it, mode)
}

// deleteItem deletes one item.
func deleteItem(c *call, it *mailbox.Item, mode mailbox.DeleteMode) error {
	done, err := c.view.DeleteItems(c.ctx, []mailbox.ItemID{it.ID}, mode)
	if err != nil {
		return err
	}
	return done[0].Err
}

// A contactEdit is what a phone says of a contact.
type contactEdit struct {
	in        *wbxml.Element
	supported map[wbxml.Tag]bool // nil is all
}

// gone reports whether the absence of an element means that there is no value.
func (e *contactEdit) gone(t wbxml.Tag) bool { return e.supported == nil || e.supported[t] }

// apply makes the changes. It may run more than once.
func (e *contactEdit) apply(it *mailbox.Item) error {
	ps := &it.Props
	before := ps.Clone()
	for i := range contactTexts {
		t := &contactTexts[i]
		if x := e.in.Child(t.tag); x != nil && x.Text() != "" {
			ps.SetString(t.prop, x.Text())
		} else if x != nil || e.gone(t.tag) {
			ps.Delete(t.prop)
		}
	}
	for i := range contactMails {
		m := &contactMails[i]
		if x := e.in.Child(m.tag); x != nil || e.gone(m.tag) {
			m.set(ps, x.Text())
		}
	}
	for _, d := range contactDays {
		if err := e.day(ps, d.tag, d.prop); err != nil {
			return err
		}
	}
	for _, l := range contactLists {
		x := e.in.Child(l.tag)
		if x == nil && !e.gone(l.tag) {
			continue
		}
		list, err := readList(x, l.entry)
		if err != nil {
			return err
		}
		if ps.Delete(l.prop); len(list) > 0 {
			ps.SetStrings(l.prop, list)
		}
	}
	body, err := readBody(e.in)
	if err != nil {
		return err
	}
	setBody(it, body)
	e.name(ps, &before)
	return nil
}

// setBody gives an item the body that a phone sent, if it sent one. An empty one is
// none, and the text of a page that it was shown as text is that page, so that
// nothing is changed by its echo.
func setBody(it *mailbox.Item, b *mailbox.Body) {
	if b == nil || it.Body != nil && it.Body.HTML != nil && b.HTML == nil &&
		plainLines(string(b.Text)) == plainLines(message.HTMLToText(string(it.Body.HTML))) {
		return
	}
	if it.Body, it.Parts = b, it.Parts|mailbox.PartBody; len(b.Text)+len(b.HTML) == 0 {
		it.Body = nil
	}
}

// plainLines is a text without what phones change in it: its line ends and the
// blanks around it.
func plainLines(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// name has follow what follows from names: how a contact is shown, what its
// subject is, and where it is filed if the phone does not say.
func (e *contactEdit) name(ps, before *mailbox.Props) {
	shown := func(ps *mailbox.Props) string {
		if s := mailbox.FullName(ps); s != "" {
			return s
		}
		return ps.String(mailbox.PidTagCompanyName)
	}
	name := shown(ps)
	for _, p := range [...]mailbox.Prop{mailbox.PidTagDisplayName, mailbox.PidTagSubject, mailbox.PidTagNormalizedSubject} {
		// What somebody called him otherwise, stays.
		if old := before.String(p); name != "" && (old == "" || old == shown(before)) {
			ps.SetString(p, name)
		}
	}
	switch filed, old := ps.String(mailbox.PidLidFileUnder), before.String(mailbox.PidLidFileUnder); {
	case filed == "":
		if _, ok := ps.Int(mailbox.PidLidFileUnderID); !ok {
			ps.SetInt(mailbox.PidLidFileUnderID, mailbox.FileAsLastCommaFirst)
		}
		if s := filedAs(ps); s != "" {
			ps.SetString(mailbox.PidLidFileUnder, s)
		}
	case filed != old:
		ps.SetInt(mailbox.PidLidFileUnderID, mailbox.FileAsSaid)
	}
}

// filedAs is where a contact is filed that does not say it.
func filedAs(ps *mailbox.Props) string {
	n, ok := ps.Int(mailbox.PidLidFileUnderID)
	if !ok {
		n = mailbox.FileAsLastCommaFirst
	}
	for _, s := range [...]string{
		mailbox.FiledAs(ps, n), mailbox.FiledAs(ps, mailbox.FileAsLastCommaFirst), ps.String(mailbox.PidTagDisplayName),
		ps.String(mailbox.PidTagCompanyName),
	} {
		if s != "" {
			return s
		}
	}
	for i := range contactMails {
		if s := ps.String(contactMails[i].address); s != "" {
			return s
		}
	}
	return ""
}

// Days. They go out with the time of noon's last minute, at which it is the same
// day nearly everywhere, for the case that a phone turns it into its own zone.
// [MS-ASCNTC] 2.2.2.6
const (
	dayTime  = 11*time.Hour + 59*time.Minute
	dateTime = "2006-01-02T15:04:05.000Z" // [MS-ASDTYPE] 2.3
)

// dayOf is the day that a time of a birthday means. It may be a midnight of any
// zone, which is nearer to the midnight that is meant than to any other.
func dayOf(t time.Time) time.Time {
	return t.UTC().Add(12*time.Hour - time.Nanosecond).Truncate(24 * time.Hour)
}

// day reads a day. One that is the same as before stays as it was kept.
func (e *contactEdit) day(ps *mailbox.Props, t wbxml.Tag, p mailbox.Prop) error {
	x := e.in.Child(t)
	if x.Text() == "" {
		if x != nil || e.gone(t) {
			ps.Delete(p)
		}
		return nil
	}
	at, err := parseDateTime(x.Text())
	if err != nil {
		return err
	}
	day := dayOf(at)
	if had, ok := ps.Time(p); !ok || !dayOf(had).Equal(day) {
		ps.SetTime(p, day)
	}
	return nil
}

// parseDateTime reads a time in either of the forms that phones write, with parts
// of seconds or without. [MS-ASDTYPE] 2.3, 2.7.2
func parseDateTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, form := range [...]string{"2006-01-02T15:04:05Z", "20060102T150405Z", time.RFC3339} {
		t, err := time.Parse(form, s)
		if err == nil && t.Year() > 0 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, entente.Errorf(entente.Invalid, "%.40q is no time", s)
}
