package main

import (
	"fmt"
	"os"

	"entente/admin"
	"entente/admin/adminclient"
)

type calendarCmd struct {
	Show      remote[admin.CalendarName, admin.PublicationInfo]    `cmd:"" help:"Show whether and how a calendar is published."`
	Publish   remote[admin.PublishCalendar, admin.PublicationInfo] `cmd:"" help:"Publish a calendar to everybody who knows its address, or change how; the owner's sharing policy must allow it."`
	Unpublish done[admin.CalendarName]                             `cmd:"" help:"End the publication of a calendar; its address is nothing from then on."`
	Invite    inviteCmd                                            `cmd:"" help:"Write the message that invites people of other organizations to a calendar, for whatever carries mail to them."`
	Published remote[admin.ListPublished, []admin.PublicationInfo] `cmd:"" help:"List the published calendars."`
}

type inviteCmd struct {
	admin.InviteToCalendar
	Out string `help:"The file to write, which must not be there." required:"" placeholder:"FILE.eml"`
}

// Run writes the file, for its owner alone: what is in it opens a calendar.
func (c *inviteCmd) Run(t *terminal, socket adminFlag) error {
	var made admin.CalendarInvitation
	if err := adminclient.New(string(socket)).Call(t.ctx, "calendar", "invite", c.InviteToCalendar, &made); err != nil {
		return err
	}
	for _, n := range made.NotInvited {
		fmt.Fprintf(t.err, "%s is not invited: %s\n", n.Address, n.Text)
	}
	file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(made.Message)
	if e := file.Close(); err == nil {
		err = e
	}
	return err
}
