package mailbox

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// A RecipientKind says in which line somebody stands. The numbers are those of
// PidTagRecipientType, [MS-OXCMSG] 2.2.1.41, and ReplyTo, which is ours.
type RecipientKind uint8

// Kinds of recipients. Attendees of a meeting are Required, Optional or
// Resource, which are the same numbers.
const (
	From RecipientKind = iota
	To
	Cc
	Bcc
	ReplyTo

	Required = To
	Optional = Cc
	Resource = Bcc
)

// A Recipient is somebody a message or meeting names.
type Recipient struct {
	Kind         RecipientKind
	Name         string
	Address      string
	AddressType  string    // SMTP if empty
	Response     uint8     // of an attendee, [MS-OXOCAL] 2.2.4.10.4: 0 none … 3 accepted
	ResponseTime time.Time // when that came; zero if it did not
	Organizer    bool
}

const recipientsVersion = 1

var errRecipients = errors.New("damaged recipients")

// appendRecipients encodes recipients: a version byte, then for each its kind,
// response, flags, the ticks of the response, and three texts with their
// lengths.
func appendRecipients(dst []byte, list []Recipient) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(dst, recipientsVersion)
	for i := range list {
		r := &list[i]
		flags := byte(0)
		if r.Organizer {
			flags = 1
		}
		dst = append(dst, byte(r.Kind), r.Response, flags)
		dst = binary.AppendUvarint(dst, uint64(Ticks(r.ResponseTime)))
		for _, s := range [...]string{r.Name, r.Address, r.AddressType} {
			s = strings.ToValidUTF8(s, "\uFFFD")
			dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
		}
	}
	return dst
}

func parseRecipients(b []byte) ([]Recipient, error) {
	s := string(b)
	if s == "" {
		return nil, nil
	}
	if s[0] != recipientsVersion {
		return nil, errRecipients
	}
	var list []Recipient
	for s = s[1:]; s != ""; {
		if len(s) < 4 || RecipientKind(s[0]) > ReplyTo || s[2] > 1 {
			return nil, errRecipients
		}
		r := Recipient{Kind: RecipientKind(s[0]), Response: s[1], Organizer: s[2] == 1}
		ticks, rest, ok := uvarint(s[3:])
		if !ok || int64(ticks) < 0 {
			return nil, errRecipients
		}
		r.ResponseTime, s = TimeOf(int64(ticks)), rest
		for _, field := range [...]*string{&r.Name, &r.Address, &r.AddressType} {
			n, rest, ok := uvarint(s)
			if !ok || n > uint64(len(rest)) {
				return nil, errRecipients
			}
			*field, s = rest[:n], rest[n:]
		}
		list = append(list, r)
	}
	return list, nil
}

// display is what PidTagDisplayTo and its like say: the names of one kind,
// separated by semicolons. [MS-OXOMSG] 2.2.1.7
func display(list []Recipient, kind RecipientKind) string {
	var names []string
	for i := range list {
		r := &list[i]
		if r.Kind != kind {
			continue
		}
		name := r.Name
		if name == "" {
			name = r.Address
		}
		names = append(names, name)
	}
	return strings.Join(names, "; ")
}
