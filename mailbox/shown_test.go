package mailbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
)

// shownText shows entries as lines.
func shownText(list []Shown) string {
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "%s %s", s.Start.UTC().Format("01-02 15:04"), s.Status)
		if s.AllDay {
			b.WriteString(" all-day")
		}
		if d := s.Detail; d != nil {
			fmt.Fprintf(&b, " %q %q private=%v", d.Subject, d.Location, d.Private)
		}
		if s.Body != "" {
			fmt.Fprintf(&b, " body=%q", s.Body)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestShown holds what of a calendar, and not of the mailbox's own one only, is
// told by the reader's rights.
func TestShown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, anna := t.Context(), h.anna()
		team, err := anna.CreateFolder(ctx, h.folder(anna, Calendar), NewFolder{Name: "Team", Class: "IPF.Appointment"})
		h.must(err)
		day := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
		series := weekly(t)
		series.BodyHTML, series.Body = "", "every week"
		series.SetException(calendar.Exception{
			Original: calendar.NewDate(2026, 3, 9), Start: series.Start.AddDate(0, 0, 7), End: series.End.AddDate(0, 0, 7),
			Changed: calendar.SubjectField | calendar.BodyField | calendar.SensitivityField, Subject: "Secret plan", Body: "hush", Sensitivity: calendar.Private,
		})
		h.appoint(team.ID, series)
		for _, x := range []struct {
			subject     string
			sensitivity calendar.Sensitivity
			at          int
		}{{"Lunch", calendar.Normal, 12}, {"Doctor", calendar.Private, 13}, {"Merger", calendar.Confidential, 14}, {"Gym", calendar.Personal, 15}} {
			e := single(x.subject, day.Add(time.Duration(x.at)*time.Hour), time.Hour)
			e.Location, e.Sensitivity, e.BodyHTML = "Here", x.sensitivity, "<p>about <b>it</b></p>"
			h.appoint(team.ID, e)
		}
		fair := single("Fair", day.AddDate(0, 0, 1), 24*time.Hour)
		fair.AllDay, fair.Status = true, calendar.StatusOOF
		h.appoint(team.ID, fair)

		test := func(level access.SharingActions, want string) {
			t.Helper()
			got, _, err := h.published(team.ID, level).Shown(ctx, team.ID, window("2026-03-01", "2026-03-12"), 100)
			if err != nil || shownText(got) != strings.TrimPrefix(want, "\n") {
				t.Errorf("%d: %v\n%s", level, err, shownText(got))
			}
		}
		test(access.CalendarSharingFreeBusySimple, `
03-02 08:00 Busy
03-04 12:00 Busy
03-04 13:00 Busy
03-04 14:00 Busy
03-04 15:00 Busy
03-05 00:00 OOF all-day
03-09 08:00 Busy
`)
		test(access.CalendarSharingFreeBusyDetail, `
03-02 08:00 Busy "Planning" "Room 1" private=false
03-04 12:00 Busy "Lunch" "Here" private=false
03-04 13:00 Busy "" "" private=true
03-04 14:00 Busy "" "" private=true
03-04 15:00 Busy "Gym" "Here" private=false
03-05 00:00 OOF all-day "Fair" "" private=false
03-09 08:00 Busy "" "" private=true
`)
		test(access.CalendarSharingFreeBusyReviewer, `
03-02 08:00 Busy "Planning" "Room 1" private=false body="every week"
03-04 12:00 Busy "Lunch" "Here" private=false body="about it"
03-04 13:00 Busy "" "" private=true
03-04 14:00 Busy "" "" private=true
03-04 15:00 Busy "Gym" "Here" private=false body="about it"
03-05 00:00 OOF all-day "Fair" "" private=false
03-09 08:00 Busy "" "" private=true
`)

		// Another folder, one that is no calendar, and a level that a policy does not
		// let through show nothing.
		none := func(v *View, folder FolderID, reason entente.Reason) {
			t.Helper()
			got, _, err := v.Shown(ctx, folder, window("2026-03-01", "2026-03-12"), 100)
			if h.fails(err, reason); got != nil {
				t.Errorf("%v", got)
			}
		}
		none(h.published(team.ID, access.CalendarSharingFreeBusyDetail), h.folder(anna, Calendar), NoFreeBusy)
		none(h.published(h.folder(anna, Inbox), access.CalendarSharingFreeBusyDetail), h.folder(anna, Inbox), FolderNotFound)
		h.facts.SharingPolicies[0].Enabled = false
		h.snapshot = access.Compile(h.facts)
		none(h.published(team.ID, access.CalendarSharingFreeBusySimple), team.ID, NoFreeBusy)
	})
}

// published opens Anna's mailbox as who knows the address of a calendar does.
func (h *house) published(folder FolderID, level access.SharingActions) *View {
	h.Helper()
	if len(h.facts.SharingPolicies) == 0 {
		h.facts.SharingPolicies = []access.SharingPolicy{{
			Name: "Everyone", Enabled: true, Default: true,
			Rules: []access.SharingRule{{Domain: access.AnonymousDomain, Actions: access.CalendarSharingFreeBusyReviewer}},
		}}
		h.snapshot = access.Compile(h.facts)
	}
	c := &access.Caller{Published: &access.Publication{Mailbox: annas, Folder: uint64(folder), Level: level}}
	p, err := h.snapshot.Ask(access.Question{Caller: c, On: access.MailboxOf(annas), Want: access.FolderLookup, At: h.now()}, nil)
	h.must(err)
	v, err := h.store.Open(h.Context(), database, annas, p, nil)
	h.must(err)
	return v
}
