// Package sharing publishes calendars to people who are nobody here: a page and
// an iCalendar file under an address that cannot be guessed, or, if the owner
// wants to be found, under his name.
//
// What is published shows no more than its level, and that only while the
// owner's sharing policy allows it, which is decided anew at each request. The
// package reads mailboxes through the door, as a caller who knows an address and
// is otherwise nobody; it has no way to them of its own.
package sharing

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/clientaccess"
	"entente/db"
	"entente/directory"
	"entente/mailbox"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the table of publications.
func Schema() db.Migration {
	files, _ := fs.Sub(schema, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "sharing", FS: files}
}

// A Seal marks what lies in the database under a key that does not.
type Seal interface {
	Append(b, data []byte) []byte
	Valid(data, mark []byte) bool
}

// Config is what a Service needs.
type Config struct {
	DB        *db.DB
	Directory *directory.Directory
	Door      *clientaccess.Door
	Seal      Seal
	Log       *slog.Logger
	Now       func() time.Time
	// Base returns the beginning of addresses, https://host, without a slash at
	// the end.
	Base func() string
	// Elsewhere, if set, has the node that has a mailbox answer, if that is another
	// one, and reports whether it has.
	Elsewhere func(w http.ResponseWriter, r *http.Request, box entente.MailboxID) bool
}

// A Service keeps publications and answers for them. It is safe for concurrent
// use.
type Service struct {
	Config
	zones  calendar.Zones
	rate   rate
	places chan struct{} // of answers under way
	page   *template.Template
}

// atOnce is how many answers are made at a time: strangers wait for each other,
// and nobody else for them.
const atOnce = 4

// New returns the service. The tables of Schema must be there.
func New(c Config) *Service {
	return &Service{
		Config: c, rate: rate{of: map[string]*bucket{}}, places: make(chan struct{}, atOnce),
		page: newPage(),
	}
}

// Settings say what is published of a calendar. Exchange:
// Set-MailboxCalendarFolder.
type Settings struct {
	Level      Level
	Behind     DateRange
	Ahead      DateRange
	Searchable bool
	Zone       string // in which times are shown; empty for the appointments' own
}

// Default is what Exchange publishes if nothing else is said.
func Default() Settings {
	return Settings{Level: AvailabilityOnly, Behind: ThreeMonths, Ahead: ThreeMonths}
}

// A Level is how much is shown, by the action that a sharing policy must allow.
type Level access.SharingActions

// The levels, Exchange's DetailLevel.
const (
	AvailabilityOnly = Level(access.CalendarSharingFreeBusySimple)
	LimitedDetails   = Level(access.CalendarSharingFreeBusyDetail)
	FullDetails      = Level(access.CalendarSharingFreeBusyReviewer)
)

// Action is what a sharing policy must allow.
func (l Level) Action() access.SharingActions { return access.SharingActions(l) }

// LevelNames are Exchange's names for the levels, from least to most.
func LevelNames() []string { return []string{"AvailabilityOnly", "LimitedDetails", "FullDetails"} }

var levels = [...]Level{AvailabilityOnly, LimitedDetails, FullDetails}

// String returns Exchange's name.
func (l Level) String() string {
	for i, x := range levels {
		if x == l {
			return LevelNames()[i]
		}
	}
	return "None"
}

// ParseLevel reads Exchange's name.
func ParseLevel(s string) (Level, error) {
	i, err := nameIn(LevelNames(), s, "detail level")
	if err != nil {
		return 0, err
	}
	return levels[i], nil
}

// A DateRange is how far back or ahead a calendar is published.
type DateRange uint8

// The ranges, Exchange's PublishDateRangeFrom and PublishDateRangeTo.
const (
	OneDay DateRange = iota
	ThreeDays
	OneWeek
	OneMonth
	ThreeMonths
	SixMonths
	OneYear
)

// RangeNames are Exchange's names for the ranges, from shortest to longest.
func RangeNames() []string {
	return []string{"OneDay", "ThreeDays", "OneWeek", "OneMonth", "ThreeMonths", "SixMonths", "OneYear"}
}

// String returns Exchange's name.
func (r DateRange) String() string { return RangeNames()[min(r, OneYear)] }

// ParseRange reads Exchange's name.
func ParseRange(s string) (DateRange, error) {
	i, err := nameIn(RangeNames(), s, "date range")
	return DateRange(i), err
}

// from returns the day that lies a range after a day; before it, if back.
func (r DateRange) from(t time.Time, back bool) time.Time {
	months, days := [...]int{0, 0, 0, 1, 3, 6, 12}[min(r, OneYear)], [...]int{1, 3, 7, 0, 0, 0, 0}[min(r, OneYear)]
	if back {
		months, days = -months, -days
	}
	return t.AddDate(0, months, days)
}

// A Publication is a calendar that is published, or was with these settings.
type Publication struct {
	Mailbox entente.MailboxID
	Folder  mailbox.FolderID
	Name    string // of the folder
	Settings
	Changed time.Time
	secret  [16]byte
}

// grant is the publication as decisions take it.
func (p *Publication) grant() access.Publication {
	return access.Publication{Mailbox: p.Mailbox, Folder: uint64(p.Folder), Level: access.SharingActions(p.Level)}
}

// Publish publishes a calendar folder, or changes how it is published, and keeps
// its address unless a new one is asked for. The sharing policy of the mailbox
// must allow it.
func (s *Service) Publish(ctx context.Context, id entente.MailboxID, folder *mailbox.Folder, set Settings, renew bool) (*Publication, error) {
	if err := s.check(id, folder, set); err != nil {
		return nil, err
	}
	p := &Publication{Mailbox: id, Folder: folder.ID, Name: folder.Name, Settings: set, Changed: s.Now().UTC().Truncate(time.Second)}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		old, err := s.publications(tx.Query(byFolder, id[:], folder.ID))
		if err != nil {
			return err
		}
		if len(old) == 1 && !renew {
			p.secret = old[0].secret
		} else {
			p.secret = newSecret()
		}
		return s.put(tx, p)
	})
	return p, err
}

func (s *Service) check(id entente.MailboxID, folder *mailbox.Folder, set Settings) error {
	if !folder.Calendar() {
		return entente.Errorf(entente.Invalid, "%q is no calendar: calendars alone are published", folder.Name)
	}
	if set.Zone != "" {
		if _, err := s.zones.Load(set.Zone); err != nil {
			return entente.Errorf(entente.Invalid, "there is no time zone %.80q", set.Zone)
		}
	}
	if set.Level.String() == "None" || set.Behind > OneYear || set.Ahead > OneYear {
		return entente.Errorf(entente.Invalid, "say how much is published: one of %v", LevelNames())
	}
	return s.Directory.Snapshot().MayPublish(id, access.SharingActions(set.Level))
}

// Withdraw ends a publication; what its address was is nothing from then on.
func (s *Service) Withdraw(ctx context.Context, id entente.MailboxID, folder mailbox.FolderID) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM sharing_publication WHERE mailbox_id = $1 AND folder_id = $2`, id[:], folder)
		if err == nil && n == 0 {
			err = entente.Errorf(entente.NotFound, "the calendar is not published")
		}
		return err
	})
}

// Of lists what is published of a mailbox; of all if the id is zero.
func (s *Service) Of(ctx context.Context, id entente.MailboxID) ([]Publication, error) {
	var list []Publication
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		if id.IsZero() {
			list, err = s.publications(tx.Query(all))
			return err
		}
		list, err = s.publications(tx.Query(ofMailbox, id[:]))
		return err
	})
	return list, err
}
