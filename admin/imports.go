package admin

import (
	"context"
	"fmt"
	"io"
	"strings"

	"entente"
	"entente/calendar"
	"entente/directory"
	"entente/mailbox"
)

// ImportDirectory asks for accounts and groups out of a file.
type ImportDirectory struct {
	Content  string `json:"content" kong:"-"`
	Database string `json:"database,omitempty" help:"Mailbox database of new accounts; without one they get no mailbox."`
	DryRun   bool   `json:"dry_run,omitempty" help:"Check everything and keep nothing."`
}

// ImportAnswer is what became of a file.
type ImportAnswer struct {
	Created   int      `json:"created"`
	Changed   int      `json:"changed"`
	Unchanged int      `json:"unchanged"`
	Refused   int      `json:"refused"`
	Problems  []string `json:"problems,omitempty"`
}

type importer func(d *directory.Directory, ctx context.Context, in io.Reader, o directory.ImportOptions) (directory.ImportReport, error)

// ImportCSV imports accounts and groups from a table.
func (a *API) ImportCSV(ctx context.Context, q ImportDirectory) (ImportAnswer, error) {
	return a.importDirectory(ctx, "import.csv", q, (*directory.Directory).ImportCSV)
}

// ImportLDIF imports accounts and groups as directories export them.
func (a *API) ImportLDIF(ctx context.Context, q ImportDirectory) (ImportAnswer, error) {
	return a.importDirectory(ctx, "import.ldif", q, (*directory.Directory).ImportLDIF)
}

func (a *API) importDirectory(ctx context.Context, action string, q ImportDirectory, f importer) (ImportAnswer, error) {
	var report directory.ImportReport
	run := func() (err error) {
		report, err = f(a.Directory, ctx, strings.NewReader(q.Content), directory.ImportOptions{Database: q.Database, DryRun: q.DryRun})
		if err == nil && !q.DryRun {
			err = a.makeImported(ctx, &report)
		}
		return err
	}
	err := a.recorded(ctx, action, []string{fmt.Sprintf("dry run %t", q.DryRun)}, run)
	answer := ImportAnswer{Created: report.Created, Changed: report.Changed, Unchanged: report.Unchanged, Refused: report.Refused}
	for _, l := range report.Lines {
		if l.Err != nil {
			answer.Problems = append(answer.Problems, fmt.Sprintf("line %d: %s: %v", l.Line, l.Name, l.Err))
		}
	}
	return answer, err
}

// makeImported makes the mailboxes of accounts that have one now.
func (a *API) makeImported(ctx context.Context, report *directory.ImportReport) error {
	for _, l := range report.Lines {
		if l.SID == "" || l.Action == "refused" {
			continue
		}
		x, err := a.Directory.Account(ctx, l.SID)
		if isKind(err, entente.NotFound) { // a group
			continue
		}
		if err == nil {
			err = a.makeMailbox(ctx, x)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ImportICS asks for an iCalendar file in somebody's calendar.
type ImportICS struct {
	Content string `json:"content" kong:"-"`
	Account string `json:"account" help:"Whose calendar." required:""`
	Zone    string `json:"zone,omitempty" help:"Time zone of times that have none, such as Europe/Berlin." default:"UTC"`
}

// EventsAnswer says how many events were taken.
type EventsAnswer struct {
	Imported int      `json:"imported"`
	Problems []string `json:"problems,omitempty"`
}

// ImportICS imports an iCalendar file. It acts as the calendar's owner, and
// the record says that an administrator had it done.
func (a *API) ImportICS(ctx context.Context, q ImportICS) (EventsAnswer, error) {
	x, err := a.withMailbox(ctx, q.Account)
	if err != nil {
		return EventsAnswer{}, err
	}
	zones := a.Mailboxes.Zones()
	zone := calendar.UTC()
	if q.Zone != "" {
		if zone, err = zones.Load(q.Zone); err != nil {
			return EventsAnswer{}, entente.Errorf(entente.Invalid, "there is no time zone %q", q.Zone)
		}
	}
	file, err := calendar.ParseICalendar([]byte(q.Content), calendar.ImportOptions{Zone: zone, Zones: zones})
	if err != nil {
		return EventsAnswer{}, entente.Errorf(entente.Invalid, "the file is not understood: %v", err)
	}
	answer := EventsAnswer{}
	for _, p := range file.Problems {
		answer.Problems = append(answer.Problems, p.Error())
	}
	err = a.recorded(ctx, "import.ics", []string{string(x.UPN)}, func() error {
		s := a.Door.Local(x.Principal, "admin.import.ics")
		v, err := s.Own(ctx)
		if err != nil {
			return err
		}
		if err := createEvents(ctx, v, file.Events, &answer); err != nil {
			return err
		}
		return s.Finish(ctx, "")
	})
	return answer, err
}

// createEvents puts events into the calendar. One that cannot be kept is named
// and does not hold up the others.
func createEvents(ctx context.Context, v *mailbox.View, events []calendar.Event, answer *EventsAnswer) error {
	f, err := v.FolderByName(ctx, mailbox.Calendar)
	if err != nil {
		return err
	}
	for i := range events {
		it := new(mailbox.Item)
		err := it.SetEvent(&events[i], mailbox.PartBody|mailbox.PartRecipients)
		if err == nil {
			err = v.CreateItem(ctx, f.ID, it)
		}
		switch {
		case err == nil:
			answer.Imported++
		case isKind(err, entente.Invalid) || isKind(err, entente.TooLarge):
			answer.Problems = append(answer.Problems, fmt.Sprintf("%s: %v", events[i].UID, err))
		default:
			return err
		}
	}
	return nil
}
