package demo

import (
	"fmt"
	"time"

	"entente/mailbox"
	"entente/message"
)

// mail is an ordinary message between two of the demo's people, as a mail
// server would hand it over.
func mail(from, to *person, subject string, sent time.Time, n int) ([]byte, error) {
	text := fmt.Sprintf("Hello %s,\r\n\r\n%s: could you have a look before the end of the week?\r\n\r\nRegards,\r\n%s\r\n",
		to.given, subject, from.given)
	return message.Compose(message.Draft{
		From:      []message.Address{{Name: from.name(), SMTP: string(address(from.alias))}},
		To:        []message.Address{{Name: to.name(), SMTP: string(address(to.alias))}},
		Subject:   subject,
		Date:      sent,
		MessageID: fmt.Sprintf("<%s.%s.%d@%s>", from.alias, to.alias, n, domain),
		TextBody:  text,
	})
}

// contact is somebody outside, at the example company everybody deals with.
func contact(n int, of *person) *mailbox.Item {
	p := &people[(n*7+len(of.alias))%len(people)]
	given, surname := p.given, people[(n*5+3)%len(people)].surname
	name := given + " " + surname
	address := fmt.Sprintf("%s.%s@fabrikam.example", ascii(given), ascii(surname))
	it := &mailbox.Item{Class: "IPM.Contact"}
	it.Props.SetString(mailbox.PidTagDisplayName, name)
	it.Props.SetString(mailbox.PidTagSubject, name)
	it.Props.SetString(mailbox.PidTagGivenName, given)
	it.Props.SetString(mailbox.PidTagSurname, surname)
	it.Props.SetString(mailbox.PidLidFileUnder, surname+", "+given)
	it.Props.SetString(mailbox.PidTagCompanyName, "Fabrikam")
	it.Props.SetString(mailbox.PidTagBusinessTelephoneNumber, fmt.Sprintf("+1 425 555 01%02d", n))
	it.Props.SetString(mailbox.PidLidEmail1DisplayName, name)
	it.Props.SetString(mailbox.PidLidEmail1AddressType, "SMTP")
	it.Props.SetString(mailbox.PidLidEmail1EmailAddress, address)
	it.Props.SetString(mailbox.PidLidEmail1OriginalDisplayName, address)
	return it
}
