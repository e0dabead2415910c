package delivery

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"

	"entente"
	"entente/directory"
	"entente/mailbox"
	"entente/message"
)

// A recipient is a person, room or shared mailbox that gets one copy, however
// often and by however many lists it is named.
type recipient struct {
	asked   mailbox.Recipient // the first line of the message that led here
	account directory.Account
	named   bool // by an address of his own in To or Cc, not only by a list
	to, cc  bool
	far     bool // another node has the mailbox
}

// A failure is a recipient who got nothing.
type failure struct {
	asked  mailbox.Recipient
	status string // RFC 3463
	err    error  // for the log; may be nil
}

// result is what a report says of a failure.
func (f *failure) result() Result {
	return Result{To: f.asked.Address, Action: Failed, Status: f.status}
}

// targets are those a message is for.
type targets struct {
	people []recipient
	abroad []mailbox.Recipient // whom the route leads to, each once
	failed []failure
}

// resolve finds out who gets a copy.
func (c *Courier) resolve(ctx context.Context, dir *directory.Directory, to []mailbox.Recipient) (*targets, error) {
	t := &targets{}
	seen := map[entente.MailboxID]int{}
	add := func(r mailbox.Recipient, a directory.Account, named bool) {
		i, known := seen[a.Mailbox]
		if !known {
			i = len(t.people)
			seen[a.Mailbox] = i
			t.people = append(t.people, recipient{asked: r, account: a})
		}
		p := &t.people[i]
		p.to = p.to || named && r.Kind == mailbox.To
		p.cc = p.cc || named && r.Kind == mailbox.Cc
		p.named = p.to || p.cc
	}
	for _, r := range to {
		if r.Kind == mailbox.From || r.Kind == mailbox.ReplyTo || r.Organizer {
			continue
		}
		members, named, status, err := c.find(ctx, dir, r)
		switch {
		case err != nil:
			return nil, err
		case status == statusAbroad:
			t.goAbroad(r)
		case status != "":
			t.failed = append(t.failed, failure{asked: r, status: status})
		}
		for i := range members {
			add(r, members[i], named)
		}
		if len(t.people)+len(t.failed)+len(t.abroad) > MaxRecipients {
			return nil, entente.Errorf(entente.TooLarge, "more than %d recipients", MaxRecipients).Because(TooManyRecipients)
		}
	}
	return t, nil
}

func (t *targets) goAbroad(r mailbox.Recipient) {
	if !slices.ContainsFunc(t.abroad, func(o mailbox.Recipient) bool { return strings.EqualFold(o.Address, r.Address) }) {
		t.abroad = append(t.abroad, r)
	}
}

// Status codes of RFC 3463 that a report can carry.
const (
	statusBadAddress = "5.1.3"
	statusUnknown    = "5.1.1"
	statusNoRoute    = "5.4.4" // elsewhere, and no route leads there
	statusFull       = "5.2.2"
	statusTooLarge   = "5.3.4"
	statusExpired    = "4.4.7"
	statusRefused    = "5.7.1"
	statusOther      = "5.3.0"

	// statusAbroad is no failure: the route leads there.
	statusAbroad = "route"
)

// find returns who is behind a recipient. A status says why nobody is; an error
// that the directory could not be asked.
func (c *Courier) find(ctx context.Context, dir *directory.Directory, r mailbox.Recipient) (members []directory.Account, named bool, status string, err error) {
	address, err := entente.ParseSMTPAddress(r.Address)
	if err != nil || r.AddressType != "" && !strings.EqualFold(r.AddressType, "SMTP") {
		return nil, false, statusBadAddress, nil
	}
	if a, ok := dir.Snapshot().FindSMTP(string(address)); ok {
		if a.Mailbox.IsZero() {
			return nil, false, statusUnknown, nil
		}
		return []directory.Account{{Account: a}}, true, "", nil
	}
	members, err = dir.Recipients(ctx, address, MaxRecipients)
	switch {
	case err == nil:
		members = slices.DeleteFunc(members, func(a directory.Account) bool { return a.Mailbox.IsZero() })
		return members, false, "", nil
	case kindOf(err) == entente.TooLarge:
		return nil, false, "", entente.Errorf(entente.TooLarge, "more than %d recipients", MaxRecipients).Because(TooManyRecipients)
	case kindOf(err) != entente.NotFound:
		return nil, false, "", err
	case c.routeTo(address) != nil:
		return nil, false, statusAbroad, nil
	case dir.Accepted(address.Domain()):
		return nil, false, statusUnknown, nil
	}
	return nil, false, statusNoRoute, nil
}

func statusOf(err error) string {
	switch {
	case hasReason(err, mailbox.QuotaExceeded):
		return statusFull
	case kindOf(err) == entente.TooLarge:
		return statusTooLarge
	case hasReason(err, mailbox.MailboxNotFound):
		return statusUnknown
	case kindOf(err) == entente.Denied:
		return statusRefused
	case hasReason(err, Expired):
		return statusExpired
	}
	return statusOther
}

// copyFor makes the copy that one recipient gets: without what is the sender's
// own business, with what is the recipient's.
func (l *letter) copyFor(ctx context.Context, o Poster, r *recipient) (*mailbox.Item, error) {
	it := &mailbox.Item{
		Class: l.item.Class, Parts: mailbox.AllParts, Body: l.item.Body, MIME: l.item.MIME,
		Recipients:  l.item.Recipients,
		Attachments: slices.Clone(l.item.Attachments),
		Props:       l.item.Props.Clone(),
		Arrival:     l.item.Arrival,
	}
	if !r.far {
		if err := l.translate(ctx, o, r.account.Mailbox, it); err != nil {
			return nil, err
		}
	}
	if !IsMeetingMessage(it.Class) { // whose resources are of the same kind
		it.Recipients = slices.DeleteFunc(slices.Clone(it.Recipients), func(r mailbox.Recipient) bool { return r.Kind == mailbox.Bcc })
		it.MIME = withoutBcc(it.MIME)
	}
	ps := &it.Props
	ps.Delete(mailbox.PidTagDisplayBcc, mailbox.PidTagDeleteAfterSubmit, mailbox.PidTagSentMailEntryID, delegatedByRule,
		mailbox.PidNameKeywords) // Exchange too clears the sender's categories
	flags, _ := ps.Int(mailbox.PidTagMessageFlags)
	ps.SetInt(mailbox.PidTagMessageFlags, flags&^flagUnsent)
	ps.SetTime(mailbox.PidTagMessageDeliveryTime, o.Now())
	ps.SetBool(mailbox.PidTagMessageToMe, r.to)
	ps.SetBool(mailbox.PidTagMessageCcMe, r.cc)
	ps.SetString(mailbox.PidTagReceivedByName, r.account.Name)
	ps.SetString(mailbox.PidTagReceivedByAddressType, "SMTP")
	ps.SetString(mailbox.PidTagReceivedByAddress, string(r.account.Mail))
	ps.SetString(mailbox.PidTagReceivedRepresentingName, r.account.Name)
	ps.SetString(mailbox.PidTagReceivedRepresentingAddress, string(r.account.Mail))
	return it, nil
}

// translate gives named properties the numbers they have in the recipient's
// mailbox: the same number means something else there.
func (l *letter) translate(ctx context.Context, o Poster, to entente.MailboxID, it *mailbox.Item) error {
	if l.packed != nil {
		return l.unpacked(ctx, o, to, it)
	}
	if l.from == nil || l.from.Mailbox() == to {
		return nil
	}
	own := false
	for p := range it.Props.All() {
		own = own || p.ID() >= firstOwnName
	}
	if !own {
		return nil
	}
	box, err := o.Mailbox(ctx, to)
	if err != nil {
		return err
	}
	it.Props, err = box.Translate(ctx, l.from, it.Props)
	return err
}

// unpacked does so for what came from another node.
func (l *letter) unpacked(ctx context.Context, o Poster, to entente.MailboxID, it *mailbox.Item) error {
	if !l.packed.Named() {
		return nil
	}
	box, err := o.Mailbox(ctx, to)
	if err != nil {
		return err
	}
	it.Props, err = l.packed.Translate(ctx, box, it.Props)
	return err
}

// firstOwnName is the first id that a mailbox gives to a name; those below mean
// the same everywhere. See mailbox.Prop.
const firstOwnName = 0x9000

// withoutBcc leaves the Bcc fields out of a message's header. RFC 5322 3.6.3
func withoutBcc(raw []byte) []byte { return message.WithoutFields(raw, []string{"bcc", "resent-bcc"}) }

// messageID makes a message id in the domain of an address. RFC 5322 3.6.4
func messageID(address string) string {
	domain := "localhost"
	if a, err := entente.ParseSMTPAddress(address); err == nil {
		domain = string(a.Domain())
	}
	return "<" + randomHex(16) + "@" + domain + ">"
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its documentation
	return hexOf(b)
}

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hexOf(sum[:16])
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func readAll(r io.Reader, size int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(size, 0), 64<<20)) + bytes.MinRead)
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}
