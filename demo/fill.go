package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"entente/access"
	"entente/admin"
	"entente/calendar"
	"entente/clientaccess"
	"entente/mailbox"
)

// Mails and contacts a person starts with.
const (
	mails    = 24
	contacts = 12
)

// seed makes the demo's chance repeatable; it is no secret.
const seed = 20260615

// fill gives everybody a year of calendar, some mail and contacts, all at
// once: the writers share commits.
func (c *company) fill(ctx context.Context) error {
	zones := new(calendar.Zones)
	return each(len(people), len(people), func(i int) error {
		p := &people[i]
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		s := c.s.Door.Local(c.accounts[i].Principal, "demo")
		err := c.fillOne(ctx, s, p, r, zones)
		if err != nil {
			return fmt.Errorf("%s: %w", p.alias, err)
		}
		return s.Finish(ctx, "")
	})
}

func (c *company) fillOne(ctx context.Context, s *clientaccess.Session, p *person, r *rand.Rand, zones *calendar.Zones) error {
	v, err := s.Own(ctx)
	if err != nil {
		return err
	}
	cal := calendars{rand: r, today: calendar.DateOf(c.now), zones: zones, mail: func(alias string) string { return string(address(alias)) }}
	events, err := cal.of(p)
	if err != nil {
		return err
	}
	if err := c.createEvents(ctx, v, events); err != nil {
		return err
	}
	if err := c.fillMail(ctx, v, p, r); err != nil {
		return err
	}
	return c.fillContacts(ctx, v, p)
}

func (c *company) createEvents(ctx context.Context, v *mailbox.View, events []*calendar.Event) error {
	f, err := v.FolderByName(ctx, mailbox.Calendar)
	if err != nil {
		return err
	}
	return each(c.together(len(events)), len(events), func(i int) error {
		it := new(mailbox.Item)
		if err := it.SetEvent(events[i], mailbox.PartBody|mailbox.PartRecipients); err != nil {
			return err
		}
		return v.CreateItem(ctx, f.ID, it)
	})
}

var mailSubjects = []string{
	"Minutes of yesterday's meeting", "Question about the contract", "New supplier", "Lunch on Friday?",
	"Draft for review", "Travel to Redmond", "Invoice 2031", "Re: Roadmap", "Welcome", "Room change",
}

func (c *company) fillMail(ctx context.Context, v *mailbox.View, p *person, r *rand.Rand) error {
	inbox, err := v.FolderByName(ctx, mailbox.Inbox)
	if err != nil {
		return err
	}
	for n := range mails {
		from := &people[r.IntN(len(people))]
		sent := c.now.Add(-time.Duration(n*17+r.IntN(17)) * time.Hour)
		raw, err := mail(from, p, mailSubjects[r.IntN(len(mailSubjects))], sent, n)
		if err != nil {
			return err
		}
		it := new(mailbox.Item)
		if err := it.SetMIME(raw, mailbox.ConvertOptions{}); err != nil {
			return err
		}
		it.Read = n >= 5
		it.Props.SetTime(mailbox.PidTagMessageDeliveryTime, sent.Add(2*time.Second))
		if err := v.CreateItem(ctx, inbox.ID, it); err != nil {
			return err
		}
	}
	return nil
}

func (c *company) fillContacts(ctx context.Context, v *mailbox.View, p *person) error {
	f, err := v.FolderByName(ctx, mailbox.Contacts)
	if err != nil {
		return err
	}
	for n := range contacts {
		it := contact(n, p)
		if err := v.CreateItem(ctx, f.ID, it); err != nil {
			return err
		}
	}
	return nil
}

// imports puts iCalendar files into calendars.
func (c *company) imports(ctx context.Context) error {
	for _, i := range c.o.Imports {
		if err := c.importFile(ctx, i); err != nil {
			return fmt.Errorf("import %s for %s: %w", i.File, i.User, err)
		}
	}
	return nil
}

// importFile does it as an administrator would, and says what was left out.
func (c *company) importFile(ctx context.Context, i Import) error {
	raw, err := os.ReadFile(i.File)
	if err != nil {
		return err
	}
	user := i.User
	if !strings.Contains(user, "@") {
		user = string(address(user))
	}
	api := c.s.Admin.As(admin.Administrator{
		Principal: access.Principal{UPN: "demo@localhost"}, Method: access.Local,
	})
	answer, err := api.ImportICS(ctx, admin.ImportICS{Content: string(raw), Account: user})
	for _, problem := range answer.Problems {
		fmt.Fprintf(c.o.Log, "entente: %s: %s\n", i.File, problem)
	}
	return err
}
