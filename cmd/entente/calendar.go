package main

import "entente/admin"

type calendarCmd struct {
	Show      remote[admin.CalendarName, admin.PublicationInfo]    `cmd:"" help:"Show whether and how a calendar is published."`
	Publish   remote[admin.PublishCalendar, admin.PublicationInfo] `cmd:"" help:"Publish a calendar to everybody who knows its address, or change how; the owner's sharing policy must allow it."`
	Unpublish done[admin.CalendarName]                             `cmd:"" help:"End the publication of a calendar; its address is nothing from then on."`
	Published remote[admin.ListPublished, []admin.PublicationInfo] `cmd:"" help:"List the published calendars."`
}
