package demo

import (
	"context"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/calendar"
	"entente/directory"
	"entente/mailbox"
	"entente/server"
)

// administer is the demo at work as an administrator of an organization, by the
// verbs that everybody else has too.
func administer(s *server.Server) *admin.API {
	return s.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "demo@localhost"}, Method: access.Local})
}

// staff makes a small organization's domains and people, who have an address in
// each and the first one as their own, with a password. One that is there
// already only gets the password, which is kept nowhere.
func staff(ctx context.Context, s *server.Server, domains []string, people []person, password string) (made bool, err error) {
	hash, err := s.Directory.HashPassword(ctx, entente.NewSecret(password))
	if err != nil {
		return false, err
	}
	domain := domains[0]
	_, err = s.Directory.Lookup(ctx, people[0].alias+"@"+domain)
	switch {
	case err == nil:
		return false, passwords(ctx, s, domain, people, hash)
	case !isNotFound(err):
		return false, err
	}
	api := administer(s)
	for _, d := range domains {
		if _, err := api.AddDomain(ctx, admin.DomainName{Name: d}); err != nil {
			return false, err
		}
	}
	if _, err := api.AddDatabase(ctx, admin.AddDatabase{Name: database}); err != nil {
		return false, err
	}
	for i := range people {
		p := &people[i]
		q := admin.CreateAccount{
			UPN: p.alias + "@" + domain, Name: p.name(), Kind: "user", Database: database, GivenName: p.given, Surname: p.surname, Department: p.department,
		}
		for _, d := range domains[1:] {
			q.Proxies = append(q.Proxies, p.alias+"@"+d)
		}
		if _, err := api.CreateAccount(ctx, q); err != nil {
			return false, err
		}
	}
	return true, passwords(ctx, s, domain, people, hash)
}

func passwords(ctx context.Context, s *server.Server, domain string, people []person, hash directory.PasswordHash) error {
	return s.Directory.Update(ctx, func(ch *directory.Change) error {
		for i := range people {
			a, err := s.Directory.Lookup(ctx, people[i].alias+"@"+domain)
			if err == nil {
				err = ch.SetPassword(a.SID, hash)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// daily is an appointment of every day.
type daily struct {
	uid, subject, location string
	hour                   int // in Berlin
	takes                  time.Duration
}

// into puts the appointment into somebody's calendar, from a week before now on.
func (e daily) into(ctx context.Context, s *server.Server, address string, now time.Time) error {
	zone, err := new(calendar.Zones).Load("Europe/Berlin")
	if err != nil {
		return err
	}
	first := calendar.DateOf(now) - 7
	start := zone.At(first, time.Duration(e.hour)*time.Hour)
	it := new(mailbox.Item)
	if err := it.SetEvent(&calendar.Event{
		UID: e.uid + "-" + address, Subject: e.subject, Location: e.location,
		Start: start, End: start.Add(e.takes), Zone: zone, Status: calendar.StatusBusy, Response: calendar.OrganizerResponse,
		Recurrence: &calendar.Recurrence{Pattern: calendar.Daily, Interval: 1, Start: first, Range: calendar.NoEnd},
	}, mailbox.PartBody|mailbox.PartRecipients); err != nil {
		return err
	}
	a, err := s.Directory.Lookup(ctx, address)
	if err != nil {
		return err
	}
	work := s.Door.Local(a.Principal, "demo")
	v, err := work.Own(ctx)
	if err != nil {
		return err
	}
	f, err := v.FolderByName(ctx, mailbox.Calendar)
	if err != nil {
		return err
	}
	if err := v.CreateItem(ctx, f.ID, it); err != nil {
		return err
	}
	return work.Finish(ctx, "")
}
