package admin

import (
	"context"

	"entente"
	"entente/directory"
	"entente/mailbox"
	"entente/sharing"
)

// A Publisher publishes calendars to everybody.
type Publisher interface {
	Publish(ctx context.Context, id entente.MailboxID, folder *mailbox.Folder, set sharing.Settings, renew bool) (*sharing.Publication, error)
	Withdraw(ctx context.Context, id entente.MailboxID, folder mailbox.FolderID) error
	Of(ctx context.Context, id entente.MailboxID) ([]sharing.Publication, error)
	URL(p *sharing.Publication, f sharing.Format) string
}

// PublicationInfo is how a calendar is published, as Get-MailboxCalendarFolder
// shows it.
type PublicationInfo struct {
	Account    string `json:"account"`
	Folder     string `json:"folder"`
	Enabled    bool   `json:"enabled"`
	Level      string `json:"level,omitempty"`
	From       string `json:"from,omitempty"`
	To         string `json:"to,omitempty"`
	Searchable bool   `json:"searchable"`
	Zone       string `json:"zone,omitempty"`
	Blocked    string `json:"blocked,omitempty"` // why nobody sees it all the same
	URL        string `json:"url,omitempty"`
	ICalURL    string `json:"ical_url,omitempty"`
}

// CalendarName names a calendar folder of somebody's.
type CalendarName struct {
	AccountName
	Folder string `json:"folder" help:"The calendar: a distinguished name or a path from the top." default:"calendar"`
}

func (q CalendarName) folder() FolderName {
	if q.Folder == "" {
		q.Folder = "calendar"
	}
	return FolderName(q)
}

// PublishCalendar asks to publish a calendar, or to change how it is published.
type PublishCalendar struct {
	CalendarName
	Level      string `json:"level,omitempty" help:"AvailabilityOnly (times), LimitedDetails (with subject and location) or FullDetails (with the text). At first AvailabilityOnly."`
	From       string `json:"from,omitempty" help:"How far back: OneDay, ThreeDays, OneWeek, OneMonth, ThreeMonths, SixMonths or OneYear. At first ThreeMonths."`
	To         string `json:"to,omitempty" help:"How far ahead, likewise."`
	Searchable string `json:"searchable,omitempty" help:"on: at an address with the owner's name, which may be searched for; off: at one that cannot be guessed." enum:",on,off" default:""`
	Zone       string `json:"zone,omitempty" help:"Time zone in which times are shown; that of most appointments if none is given."`
	Reset      bool   `json:"reset,omitempty" help:"Give it a new address; the old one is nothing any more."`
}

// PublishCalendar publishes a calendar to everybody who knows its address, as far
// as the owner's sharing policy allows.
func (a *API) PublishCalendar(ctx context.Context, q PublishCalendar) (PublicationInfo, error) {
	var info PublicationInfo
	err := a.inCalendar(ctx, "calendar.publish", q.CalendarName, true, func(x *directory.Account, f *mailbox.Folder) error {
		set, err := a.published(ctx, x, f)
		if err != nil {
			return err
		}
		settings := sharing.Default()
		if set != nil {
			settings = set.Settings
		}
		if err := q.over(&settings); err != nil {
			return err
		}
		p, err := a.Publisher.Publish(ctx, x.Mailbox, f, settings, q.Reset)
		if err == nil {
			info = a.publicationInfo(p)
		}
		return err
	})
	return info, err
}

// over sets what the request names.
func (q *PublishCalendar) over(s *sharing.Settings) (err error) {
	if q.Level != "" {
		if s.Level, err = sharing.ParseLevel(q.Level); err != nil {
			return err
		}
	}
	if q.From != "" {
		if s.Behind, err = sharing.ParseRange(q.From); err != nil {
			return err
		}
	}
	if q.To != "" {
		if s.Ahead, err = sharing.ParseRange(q.To); err != nil {
			return err
		}
	}
	switch q.Searchable {
	case "on", "off":
		s.Searchable = q.Searchable == "on"
	case "":
	default:
		return entente.Errorf(entente.Invalid, "searchable is on or off")
	}
	if q.Zone != "" {
		s.Zone = q.Zone
	}
	return nil
}

// UnpublishCalendar ends the publication of a calendar.
func (a *API) UnpublishCalendar(ctx context.Context, q CalendarName) (Done, error) {
	err := a.inCalendar(ctx, "calendar.unpublish", q, true, func(x *directory.Account, f *mailbox.Folder) error {
		return a.Publisher.Withdraw(ctx, x.Mailbox, f.ID)
	})
	return Done{q.folder().Folder + " of " + q.Account + " is not published any more"}, err
}

// ShowCalendar shows whether and how a calendar is published.
func (a *API) ShowCalendar(ctx context.Context, q CalendarName) (PublicationInfo, error) {
	info := PublicationInfo{Account: q.Account, Folder: q.folder().Folder}
	err := a.inCalendar(ctx, "calendar.show", q, false, func(x *directory.Account, f *mailbox.Folder) error {
		if !f.Calendar() {
			return entente.Errorf(entente.Invalid, "%q is no calendar", f.Name)
		}
		p, err := a.published(ctx, x, f)
		if err == nil && p != nil {
			info = a.publicationInfo(p)
		}
		return err
	})
	return info, err
}

// ListPublished asks for published calendars.
type ListPublished struct {
	Account string `json:"account,omitempty" arg:"" optional:"" help:"Only those of one account."`
}

// ListPublished lists the published calendars, those too that a sharing policy
// keeps from being seen.
func (a *API) ListPublished(ctx context.Context, q ListPublished) ([]PublicationInfo, error) {
	var id entente.MailboxID
	if q.Account != "" {
		x, err := a.withMailbox(ctx, q.Account)
		if err != nil {
			return nil, err
		}
		id = x.Mailbox
	}
	list := []PublicationInfo{}
	all, err := a.Publisher.Of(ctx, id)
	for i := range all {
		list = append(list, a.publicationInfo(&all[i]))
	}
	return list, err
}

func (a *API) publicationInfo(p *sharing.Publication) PublicationInfo {
	s := a.Directory.Snapshot()
	owner, ok := s.FindMailbox(p.Mailbox)
	info := PublicationInfo{
		Account: string(owner.UPN), Folder: p.Name, Enabled: true, Level: p.Level.String(), From: p.Behind.String(), To: p.Ahead.String(),
		Searchable: p.Searchable, Zone: p.Zone, URL: a.Publisher.URL(p, sharing.HTML), ICalURL: a.Publisher.URL(p, sharing.ICalendar),
	}
	if !ok {
		info.Account, info.Blocked = p.Mailbox.String(), "nobody has the mailbox"
	} else if err := s.MayPublish(p.Mailbox, p.Level.Action()); err != nil {
		info.Blocked = err.Error()
	}
	return info
}

// published returns how a folder is published; nil if it is not.
func (a *API) published(ctx context.Context, x *directory.Account, f *mailbox.Folder) (*sharing.Publication, error) {
	all, err := a.Publisher.Of(ctx, x.Mailbox)
	for i := range all {
		if all[i].Folder == f.ID {
			return &all[i], err
		}
	}
	return nil, err
}

// inCalendar is inFolder for what needs no view of it.
func (a *API) inCalendar(ctx context.Context, action string, q CalendarName, changes bool, f func(*directory.Account, *mailbox.Folder) error) error {
	x, err := a.withMailbox(ctx, q.Account)
	if err != nil {
		return err
	}
	return a.inFolder(ctx, action, q.folder(), changes, func(_ *mailbox.View, folder *mailbox.Folder) error { return f(x, folder) })
}
