package sharing

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"entente"
	"entente/db"
)

// Prefix is what every address begins with, in lower case.
const Prefix = "/owa/calendar/"

// A Format is what an address answers with.
type Format uint8

// The formats.
const (
	HTML Format = iota
	ICalendar
)

// Files that end an address: reachcalendar of the secret form, calendar of the
// one that can be searched for.
var (
	secretFiles     = [...]string{"reachcalendar.html", "reachcalendar.ics"}
	searchableFiles = [...]string{"calendar.html", "calendar.ics"}
)

// URL returns where the publication is read, as Exchange writes it:
//
//	https://host/owa/calendar/<mailbox>@<domain>/<key>/reachcalendar.html
//	https://host/owa/calendar/<address>/<folder>/calendar.html
//
// The first cannot be guessed and is all there is of a restricted publication;
// the second names its owner. It is empty for a mailbox that nobody has.
func (s *Service) URL(p *Publication, f Format) string {
	owner, ok := s.Directory.Snapshot().FindMailbox(p.Mailbox)
	if !ok {
		return ""
	}
	if p.Searchable {
		return s.Base() + Prefix + string(owner.Mail) + "/" + slug(p.Name) + "/" + searchableFiles[f]
	}
	return s.Base() + Prefix + p.Mailbox.String() + "@" + string(owner.Mail.Domain()) + "/" + hex.EncodeToString(p.secret[:]) + "/" + secretFiles[f]
}

// slug is a folder's name as a path carries it: letters and digits of ASCII, and
// dashes for all between them.
func slug(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "calendar"
}

// find finds what an address names, its path in lower case; nil if nothing.
//
// A wrong key costs what a right one does up to here: one look for what the
// mailbox publishes, and a comparison that takes the same time for all keys.
func (s *Service) find(ctx context.Context, path string) (*Publication, Format, error) {
	rest, _ := strings.CutPrefix(path, Prefix)
	parts := strings.Split(strings.Replace(rest, "%40", "@", 1), "/")
	if len(parts) != 3 {
		return nil, 0, nil
	}
	for f := range secretFiles {
		switch parts[2] {
		case secretFiles[f]:
			p, err := s.byKey(ctx, parts[0], parts[1])
			return p, Format(f), err
		case searchableFiles[f]:
			p, err := s.byName(ctx, parts[0], parts[1])
			return p, Format(f), err
		}
	}
	return nil, 0, nil
}

func (s *Service) byKey(ctx context.Context, who, key string) (*Publication, error) {
	text, domain, _ := strings.Cut(who, "@")
	id, err := entente.ParseMailboxID(text)
	secret, bad := hex.DecodeString(key)
	if err != nil || bad != nil || len(secret) != len(newSecret()) || !s.Directory.Accepted(entente.Domain(domain)) {
		return nil, nil
	}
	list, err := s.published(ctx, id)
	for i := range list {
		if subtle.ConstantTimeCompare(list[i].secret[:], secret) == 1 {
			return &list[i], err
		}
	}
	return nil, err
}

func (s *Service) byName(ctx context.Context, address, name string) (*Publication, error) {
	a, err := entente.ParseSMTPAddress(address)
	if err != nil {
		return nil, nil
	}
	owner, ok := s.Directory.Snapshot().FindPrimary(string(a))
	if !ok || owner.Mailbox.IsZero() {
		return nil, nil
	}
	list, err := s.published(ctx, owner.Mailbox)
	for i := range list {
		if list[i].Searchable && slug(list[i].Name) == name {
			return &list[i], err
		}
	}
	return nil, err
}

func (s *Service) published(ctx context.Context, id entente.MailboxID) (list []Publication, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		list, err = s.publications(tx.Query(ofMailbox, id[:]))
		return err
	})
	return list, err
}
