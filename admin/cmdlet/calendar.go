package cmdlet

import (
	"entente"
	"entente/admin"
	"entente/sharing"
)

// MailboxCalendarFolder is what Get-MailboxCalendarFolder shows.
type MailboxCalendarFolder struct {
	Identity             string `json:"Identity"`
	PublishEnabled       bool   `json:"PublishEnabled"`
	PublishDateRangeFrom string `json:"PublishDateRangeFrom"`
	PublishDateRangeTo   string `json:"PublishDateRangeTo"`
	DetailLevel          string `json:"DetailLevel"`
	SearchableUrlEnabled bool   `json:"SearchableUrlEnabled"`
	PublishedCalendarURL string `json:"PublishedCalendarUrl"`
	PublishedICalURL     string `json:"PublishedICalUrl"`
}

func calendarCmdlets() []Cmdlet {
	folder := Parameter{Name: "Identity", First: true, Mandatory: true, Help: `The calendar: MAILBOX:\PATH, such as anna@contoso.example:\Calendar.`}
	return []Cmdlet{
		{
			Name: "Get-MailboxCalendarFolder", Synopsis: "Show whether and how a calendar is published.", Verbs: "calendar show",
			Parameters: []Parameter{folder},
			run: func(c *call) (any, error) {
				q, err := calendarName(c)
				if err != nil {
					return nil, err
				}
				p, err := get[admin.PublicationInfo](c, "calendar", "show", q)
				if err != nil {
					return nil, err
				}
				return calendarFolder(c.Text("Identity"), p), nil
			},
		},
		{
			Name: "Set-MailboxCalendarFolder", Synopsis: "Publish a calendar to everybody who knows its address, change how, or end it.",
			Verbs: "calendar publish, calendar unpublish",
			Parameters: []Parameter{
				folder,
				{Name: "PublishEnabled", Kind: Bool, Help: "$false ends the publication."},
				{Name: "DetailLevel", Kind: Enum, Values: sharing.LevelNames(), Help: "How much is shown."},
				{Name: "PublishDateRangeFrom", Kind: Enum, Values: sharing.RangeNames(), Help: "How far back."},
				{Name: "PublishDateRangeTo", Kind: Enum, Values: sharing.RangeNames(), Help: "How far ahead."},
				{Name: "SearchableUrlEnabled", Kind: Bool, Help: "An address with the owner's name, which may be searched for."},
				{Name: "ResetUrl", Kind: Switch, Help: "Give it a new address."},
			},
			run: setCalendarFolder,
		},
	}
}

func setCalendarFolder(c *call) (any, error) {
	q, err := calendarName(c)
	if err != nil {
		return nil, err
	}
	if c.Has("PublishEnabled") && !c.Is("PublishEnabled") {
		_, err = do[admin.Done](c, "calendar", "unpublish", q)
		return nil, err
	}
	if !c.Has("PublishEnabled") {
		p, err := get[admin.PublicationInfo](c, "calendar", "show", q)
		if err != nil {
			return nil, err
		}
		if !p.Enabled {
			return nil, entente.Errorf(entente.Invalid, "The calendar %s isn't published. Say -PublishEnabled $true to publish it.", c.Text("Identity"))
		}
	}
	p := admin.PublishCalendar{
		CalendarName: q, Level: c.Text("DetailLevel"), From: c.Text("PublishDateRangeFrom"), To: c.Text("PublishDateRangeTo"),
		Searchable: c.setting("SearchableUrlEnabled"), Reset: c.Is("ResetUrl"),
	}
	_, err = do[admin.PublicationInfo](c, "calendar", "publish", p)
	return nil, err
}

func calendarName(c *call) (admin.CalendarName, error) {
	f, err := folderName(c.Text("Identity"))
	return admin.CalendarName(f), err
}

func calendarFolder(identity string, p admin.PublicationInfo) MailboxCalendarFolder {
	f := MailboxCalendarFolder{
		Identity: identity, PublishEnabled: p.Enabled, PublishDateRangeFrom: p.From, PublishDateRangeTo: p.To, DetailLevel: p.Level,
		SearchableUrlEnabled: p.Searchable, PublishedCalendarURL: p.URL, PublishedICalURL: p.ICalURL,
	}
	if !p.Enabled {
		d := sharing.Default()
		f.PublishDateRangeFrom, f.PublishDateRangeTo, f.DetailLevel = d.Behind.String(), d.Ahead.String(), d.Level.String()
	}
	return f
}
