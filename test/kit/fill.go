package kit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/directory"
	"entente/mailbox"
	"entente/server"
)

// The organization.
const (
	Host         = "mail.bench.example"
	Domain       = "bench.example"
	Password     = "correct horse battery staple"
	Everyone     = "everyone@" + Domain // a list of the first 100 people
	organization = "Bench"
	database     = "mailboxes"
)

// Address is the mail address of the i-th person.
func Address(i int) string { return "p" + strconv.Itoa(i) + "@" + Domain }

// Monday is the first day of a week in the middle of everybody's calendar.
func Monday() time.Time {
	day := time.Now().UTC().Truncate(24 * time.Hour)
	return day.AddDate(0, 0, -int(day.Weekday()+6)%7)
}

// at once: writers that wait together share a commit.
const fillers = 64

// full marks a state that was filled to the end.
const full = "FULL"

// fill makes the people and their content, unless they are there.
func fill(ctx context.Context, s *server.Server, o Options) error {
	mark := filepath.Join(o.State, full)
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	if err := fillNew(ctx, s, o); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o600)
}

func fillNew(ctx context.Context, s *server.Server, o Options) error {
	hash, err := s.Directory.HashPassword(ctx, entente.NewSecret(Password))
	if err != nil {
		return err
	}
	var all []directory.Account
	if err := s.Directory.Update(ctx, func(c *directory.Change) error {
		all = nil
		return people(c, hash, o, &all)
	}); err != nil {
		return err
	}
	if err := s.Mailboxes.Migrate(ctx, database); err != nil {
		return err
	}
	if err := each(len(all), func(i int) error {
		a := &all[i]
		return s.Mailboxes.Create(ctx, mailbox.NewMailbox{ID: a.Mailbox, Database: database, Owner: a.Principal, Address: a.Mail, Name: a.Name})
	}); err != nil {
		return err
	}
	return each(o.People, func(i int) error { return content(ctx, s, &all[i], i, o) })
}

func people(c *directory.Change, hash directory.PasswordHash, o Options, all *[]directory.Account) error {
	mail := o.Mail
	if mail == "" {
		mail = "sqlite:" + database + ".db"
	}
	err := errors.Join(c.AddDomain(Domain), c.SetDatabase(directory.Database{Name: database, URL: mail}))
	everyone := directory.Group{Group: access.Group{Name: "Everyone", Mail: Everyone}, Alias: "everyone", Kind: directory.Distribution}
	for i := 0; err == nil && i < o.People+o.Others; i++ {
		a := directory.Account{
			Account: access.Account{
				Principal: access.Principal{UPN: entente.UPN(Address(i)), Mail: entente.SMTPAddress(Address(i))},
				Name:      fmt.Sprintf("Person %d", i), Kind: access.KindUser, Enabled: true,
			},
			Alias: "p" + strconv.Itoa(i),
		}
		if err = c.CreateAccount(&a); err != nil {
			break
		}
		if a.Mailbox, err = c.EnableMailbox(a.SID, database); err != nil {
			break
		}
		a.Database = database
		if i < o.People {
			err = c.SetPassword(a.SID, hash)
		}
		if len(everyone.Members) < 100 {
			everyone.Members = append(everyone.Members, a.SID)
		}
		*all = append(*all, a)
	}
	if err != nil {
		return err
	}
	return c.CreateGroup(&everyone)
}

// content fills one mailbox, with other appointments for each person.
func content(ctx context.Context, s *server.Server, a *directory.Account, person int, o Options) error {
	session := s.Door.Local(a.Principal, "fill")
	v, err := session.Own(ctx)
	if err != nil {
		return err
	}
	inbox, err := v.FolderByName(ctx, mailbox.Inbox)
	if err != nil {
		return err
	}
	cal, err := v.FolderByName(ctx, mailbox.Calendar)
	if err != nil {
		return err
	}
	for n := range o.Mails {
		if err := v.CreateItem(ctx, inbox.ID, mail(a, n)); err != nil {
			return err
		}
	}
	for n := range o.Events {
		it := new(mailbox.Item)
		if err := it.SetEvent(event(person, n), mailbox.PartBody|mailbox.PartRecipients); err != nil {
			return err
		}
		if err := v.CreateItem(ctx, cal.ID, it); err != nil {
			return err
		}
	}
	return session.Finish(ctx, "")
}

// mail is the n-th message in an inbox: two kilobytes, an hour after the last.
func mail(a *directory.Account, n int) *mailbox.Item {
	it := &mailbox.Item{Class: "IPM.Note", Read: n%3 != 0, Parts: mailbox.PartBody | mailbox.PartRecipients}
	at := Monday().Add(-time.Duration(n) * time.Hour)
	it.Props.SetString(mailbox.PidTagSubject, fmt.Sprintf("Message %04d about the quarter", n*7919%10000))
	it.Props.SetString(mailbox.PidTagSenderName, fmt.Sprintf("Sender %d", n%97))
	it.Props.SetString(mailbox.PidTagSenderSMTPAddress, fmt.Sprintf("sender%d@other.example", n%97))
	it.Props.SetTime(mailbox.PidTagMessageDeliveryTime, at)
	it.Props.SetTime(mailbox.PidTagClientSubmitTime, at.Add(-2*time.Second))
	it.Body = &mailbox.Body{Text: []byte(text)}
	it.Recipients = []mailbox.Recipient{{Kind: mailbox.To, Name: a.Name, Address: string(a.Mail)}}
	return it
}

// text is a body of ordinary length.
var text = strings.Repeat("We should talk about the figures of the last quarter before Friday.\r\n", 22)

// event is the n-th appointment of a calendar: one every 21 hours, from Monday
// outwards both ways, so that a larger calendar reaches farther and a week in
// the middle holds the same. Every fiftieth is a weekly series.
func event(person, n int) *calendar.Event {
	steps := (n + 1) / 2
	if n%2 == 1 {
		steps = -steps
	}
	start := Monday().Add(time.Duration(steps)*21*time.Hour + time.Duration(person%17)*15*time.Minute)
	e := &calendar.Event{
		UID: fmt.Sprintf("e%d-%d@%s", person, n, Domain), Subject: fmt.Sprintf("Appointment %d", n), Location: "Room " + strconv.Itoa(n%9),
		Start: start, End: start.Add(time.Duration(1+n%4) * 30 * time.Minute), Zone: calendar.UTC(), Status: calendar.StatusBusy,
		Body: "What we agreed on last time.",
	}
	if n%50 == 0 {
		e.Recurrence = &calendar.Recurrence{
			Pattern: calendar.Weekly, Interval: 1, Days: calendar.On(start.Weekday()), FirstDayOfWeek: time.Monday,
			Start: calendar.DateOf(start), Range: calendar.Numbered, Count: 25,
		}
	}
	return e
}

// each runs f for 0 … n-1, some of them at once, and stops early at an error.
func each(n int, f func(int) error) error {
	next := make(chan int)
	errs := make(chan error, fillers)
	for range fillers {
		go func() {
			var err error
			for i := range next {
				if err == nil {
					err = f(i)
				}
			}
			errs <- err
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	var all []error
	for range fillers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
