package mailbox

import (
	"slices"
	"strings"
	"time"

	"entente/message"
)

// propCardUID is the UID of the vCard a contact came from; no client names it.
const propCardUID Prop = 0x81F5001F

// ContactPicture is the name by which clients know a contact's photo among the
// attachments. [MS-OXOCNTC] 2.2.1.8
const ContactPicture = "ContactPicture.jpg"

// IsContact reports whether an item of the class is a person in an address book.
func IsContact(class string) bool {
	class = strings.ToLower(class)
	return class == "ipm.contact" || strings.HasPrefix(class, "ipm.contact.")
}

// emailProps are those of the three addresses that a contact has.
var emailProps = [...]struct{ address, name, kind, original Prop }{
	{PidLidEmail1EmailAddress, PidLidEmail1DisplayName, PidLidEmail1AddressType, PidLidEmail1OriginalDisplayName},
	{PidLidEmail2EmailAddress, PidLidEmail2DisplayName, PidLidEmail2AddressType, PidLidEmail2OriginalDisplayName},
	{PidLidEmail3EmailAddress, PidLidEmail3DisplayName, PidLidEmail3AddressType, PidLidEmail3OriginalDisplayName},
}

// phoneProps are the telephone numbers of a contact, with the types that vCards
// give them: the first free one with all types is taken.
var phoneProps = [...]struct {
	prop  Prop
	types []string
}{
	{PidTagBusinessFaxNumber, []string{"fax", "work"}},
	{PidTagHomeFaxNumber, []string{"fax", "home"}},
	{PidTagPrimaryFaxNumber, []string{"fax"}},
	{PidTagMobileTelephoneNumber, []string{"cell"}},
	{PidTagPagerTelephoneNumber, []string{"pager"}},
	{PidTagCarTelephoneNumber, []string{"car"}},
	{PidTagIsdnNumber, []string{"isdn"}},
	{PidTagBusinessTelephoneNumber, []string{"work"}},
	{PidTagBusiness2TelephoneNumber, []string{"work"}},
	{PidTagHomeTelephoneNumber, []string{"home"}},
	{PidTagHome2TelephoneNumber, []string{"home"}},
	{PidTagPrimaryTelephoneNumber, []string{"pref"}},
	{PidTagOtherTelephoneNumber, []string{"voice"}},
}

// addressProps are the three postal addresses of a contact.
var addressProps = [...]struct {
	kind                                                   string
	street, locality, region, code, country, box, together Prop
}{
	{
		"work", PidLidWorkAddressStreet, PidLidWorkAddressCity, PidLidWorkAddressState, PidLidWorkAddressPostalCode,
		PidLidWorkAddressCountry, PidLidWorkAddressPostOfficeBox, PidLidWorkAddress,
	},
	{
		"home", PidTagHomeAddressStreet, PidTagHomeAddressCity, PidTagHomeAddressStateOrProvince, PidTagHomeAddressPostalCode,
		PidTagHomeAddressCountry, 0, PidLidHomeAddress,
	},
	{
		"other", PidTagOtherAddressStreet, PidTagOtherAddressCity, PidTagOtherAddressStateOrProvince, PidTagOtherAddressPostalCode,
		PidTagOtherAddressCountry, 0, PidLidOtherAddress,
	},
}

// SetCard makes an item the contact that a vCard describes. Properties that
// cards do not have stay; a photo becomes an attachment where the item has none
// yet, since those of stored items are changed by AddAttachments.
func (it *Item) SetCard(c *message.Card) {
	if it.Class == "" {
		it.Class = "IPM.Contact"
	}
	it.setNames(c)
	it.setEmails(c)
	it.setPhones(c)
	it.setAddresses(c)
	it.setDay(PidTagBirthday, c.Birthday)
	it.setDay(PidTagWeddingAnniversary, c.Anniversary)
	it.Body, it.Parts = nil, it.Parts|PartBody
	if c.Note != "" {
		it.Body = &Body{Text: []byte(strings.ReplaceAll(c.Note, "\n", "\r\n"))}
	}
	it.Props.Delete(PidNameKeywords)
	if len(c.Categories) > 0 {
		it.Props.SetStrings(PidNameKeywords, c.Categories)
	}
	if len(c.Photo) > 0 && it.ID == 0 {
		it.Attachments = append(it.Attachments, Attachment{Name: ContactPicture, ContentType: "image/jpeg", Content: c.Photo})
		it.Props.SetBool(PidLidHasPicture, true)
	}
}

// setText sets a text, or removes the property.
func (ps *Props) setText(p Prop, s string) {
	if p == 0 {
		return
	}
	if s == "" {
		ps.Delete(p)
		return
	}
	ps.SetString(p, s)
}

func (it *Item) setNames(c *message.Card) {
	ps := &it.Props
	name := c.FormattedName
	if name == "" {
		name = strings.TrimSpace(c.Name.Given + " " + c.Name.Family)
	}
	for p, s := range map[Prop]string{
		PidTagDisplayName: name, PidTagSubject: name, PidTagNormalizedSubject: name, propCardUID: c.UID,
		PidTagSurname: c.Name.Family, PidTagGivenName: c.Name.Given, PidTagMiddleName: c.Name.Middle,
		PidTagDisplayNamePrefix: c.Name.Prefix, PidTagGeneration: c.Name.Suffix, PidTagNickname: c.Nickname,
		PidTagCompanyName: c.Organization, PidTagDepartmentName: c.Department, PidTagTitle: c.Title, PidTagProfession: c.Role,
		PidLidInstantMessagingAddress: valueOf(c.IMs, ""), PidTagPersonalHomePage: valueOf(c.URLs, "home"),
		PidTagBusinessHomePage: businessPage(c.URLs),
	} {
		ps.setText(p, s)
	}
	if !ps.Has(PidLidFileUnder) {
		ps.setText(PidLidFileUnder, fileUnder(c, name))
	}
}

// fileUnder is how a contact is sorted, by default: last name, first name.
func fileUnder(c *message.Card, name string) string {
	switch {
	case c.Name.Family != "" && c.Name.Given != "":
		return c.Name.Family + ", " + c.Name.Given
	case name != "":
		return name
	}
	return c.Organization
}

// valueOf is the first value of a type, or of any.
func valueOf(list []message.CardValue, kind string) string {
	i := slices.IndexFunc(list, func(v message.CardValue) bool { return kind == "" || v.Is(kind) })
	if i < 0 {
		return ""
	}
	return list[i].Value
}

func businessPage(urls []message.CardValue) string {
	i := slices.IndexFunc(urls, func(v message.CardValue) bool { return !v.Is("home") })
	if i < 0 {
		return ""
	}
	return urls[i].Value
}

func (it *Item) setEmails(c *message.Card) {
	emails := slices.Clone(c.Emails)
	slices.SortStableFunc(emails, func(a, b message.CardValue) int { return int(number01(b.Is("pref")) - number01(a.Is("pref"))) })
	for i, p := range emailProps {
		address, name, kind := "", "", ""
		if i < len(emails) {
			address, kind = emails[i].Value, "SMTP"
			name = c.FormattedName
			if name == "" {
				name = address
			}
		}
		it.Props.setText(p.address, address)
		it.Props.setText(p.original, address)
		it.Props.setText(p.kind, kind)
		it.Props.setText(p.name, name)
	}
}

func (it *Item) setPhones(c *message.Card) {
	for _, p := range phoneProps {
		it.Props.Delete(p.prop)
	}
	for _, v := range c.Phones {
		for _, p := range phoneProps {
			fits := !slices.ContainsFunc(p.types, func(t string) bool { return t != "voice" && !v.Is(t) })
			if fits && !it.Props.Has(p.prop) {
				it.Props.setText(p.prop, v.Value)
				break
			}
		}
	}
}

func (it *Item) setAddresses(c *message.Card) {
	for i, p := range addressProps {
		last := i == len(addressProps)-1
		at := slices.IndexFunc(c.Addresses, func(a message.CardAddress) bool {
			return a.Is(p.kind) || last && !a.Is("work") && !a.Is("home")
		})
		a := message.CardAddress{}
		if at >= 0 {
			a = c.Addresses[at]
		}
		for p, s := range map[Prop]string{
			p.street: a.Street, p.locality: a.Locality, p.region: a.Region, p.code: a.PostalCode, p.country: a.CountryOrRegion,
			p.box: a.POBox, p.together: together(&a),
		} {
			it.Props.setText(p, s)
		}
	}
}

// together is an address as it is written on a letter.
func together(a *message.CardAddress) string {
	lines := []string{a.Street, strings.TrimSpace(a.PostalCode + " " + a.Locality), a.Region, a.CountryOrRegion}
	return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "\r\n")
}

// setDay sets a day, which stands for its midnight in UTC. One without a year
// cannot be kept.
func (it *Item) setDay(p Prop, s string) {
	it.Props.Delete(p)
	s, _, _ = strings.Cut(s, "T")
	for _, form := range [...]string{time.DateOnly, "20060102"} {
		if t, err := time.Parse(form, s); err == nil {
			it.Props.SetTime(p, t)
			return
		}
	}
}

// card is a contact as a vCard.
func (c *mimeComposer) card(it *Item) (message.Card, error) {
	ps := &it.Props
	line := func(p Prop) string { return strings.TrimSpace(message.Clean(ps.String(p))) }
	card := message.Card{
		UID: line(propCardUID), FormattedName: line(PidTagDisplayName), Nickname: line(PidTagNickname),
		Name: message.CardName{
			Family: line(PidTagSurname), Given: line(PidTagGivenName), Middle: line(PidTagMiddleName),
			Prefix: line(PidTagDisplayNamePrefix), Suffix: line(PidTagGeneration),
		},
		Organization: line(PidTagCompanyName), Department: line(PidTagDepartmentName), Title: line(PidTagTitle),
		Role: line(PidTagProfession), Revision: it.Modified,
	}
	if card.FormattedName == "" {
		card.FormattedName = line(PidTagSubject)
	}
	value := func(list *[]message.CardValue, p Prop, types ...string) {
		if s := line(p); s != "" {
			*list = append(*list, message.CardValue{Types: types, Value: s})
		}
	}
	for _, p := range emailProps {
		value(&card.Emails, p.address, "internet")
	}
	for _, p := range phoneProps {
		value(&card.Phones, p.prop, p.types...)
	}
	value(&card.IMs, PidLidInstantMessagingAddress)
	value(&card.URLs, PidTagBusinessHomePage, "work")
	value(&card.URLs, PidTagPersonalHomePage, "home")
	card.Addresses = addressesOf(ps)
	for p, day := range map[Prop]*string{PidTagBirthday: &card.Birthday, PidTagWeddingAnniversary: &card.Anniversary} {
		if t, ok := ps.Time(p); ok {
			*day = t.Format(time.DateOnly)
		}
	}
	if it.Body != nil {
		text := string(it.Body.Text)
		if it.Body.Text == nil {
			text = message.HTMLToText(string(it.Body.HTML))
		}
		card.Note = lines(text)
	}
	for _, k := range ps.Strings(PidNameKeywords) {
		card.Categories = append(card.Categories, message.Clean(k))
	}
	return card, c.photo(it, &card)
}

func addressesOf(ps *Props) []message.CardAddress {
	var list []message.CardAddress
	for _, p := range addressProps {
		a := message.CardAddress{
			Street: lines(ps.String(p.street)), Locality: lines(ps.String(p.locality)), Region: lines(ps.String(p.region)),
			PostalCode: lines(ps.String(p.code)), CountryOrRegion: lines(ps.String(p.country)), POBox: lines(ps.String(p.box)),
		}
		if a.Street+a.Locality+a.Region+a.PostalCode+a.CountryOrRegion+a.POBox == "" {
			continue
		}
		if p.kind != "other" {
			a.Types = []string{p.kind}
		}
		list = append(list, a)
	}
	return list
}

// lines is a text of several lines as a card has it.
func lines(s string) string {
	out := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range out {
		out[i] = message.Clean(out[i])
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n")
}

func (c *mimeComposer) photo(it *Item, card *message.Card) error {
	for i := range it.Attachments {
		a := it.Attachments[i]
		if a.Name != ContactPicture || a.Item {
			continue
		}
		err := c.content(&a)
		card.Photo = a.Content
		return err
	}
	return nil
}
