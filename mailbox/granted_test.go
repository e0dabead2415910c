package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
)

var march3 = time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)

// dressed is an appointment that says something about every field.
func dressed(subject string) *Item {
	e := single(subject, march3, time.Hour)
	e.Location, e.Body, e.Categories, e.Status = "Room 7", "the "+subject+" body", []string{"Secret " + subject}, calendar.StatusOOF
	e.ReminderSet, e.ReminderMinutes, e.Sensitivity, e.Priority = true, 15, calendar.Private, calendar.HighPriority
	e.Organizer = calendar.Attendee{Name: "Anna", Address: "anna@contoso.example"}
	e.Attendees = []calendar.Attendee{{Name: "Guest", Address: "guest@fabrikam.example"}}
	e.Extra = []calendar.Property{{Name: "X-ALT-DESC", Value: "the " + subject + " body again"}}
	it := &Item{Attachments: []Attachment{{Name: subject + ".pdf", Content: []byte("attached")}}}
	_ = it.SetEvent(e, PartBody|PartRecipients)
	it.Props.SetString(PidTagLastModifierName, "Anna")
	return it
}

// shown lists everything that an item says, for finding what it should not.
func shown(it *Item) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v %v %s %d %d %v\n", it.Body, it.Recipients, it.MIME, it.Size, it.Article, it.Attachments)
	var bag Props
	for _, l := range propFields {
		for _, p := range l.props {
			it.Lookup(&bag, p)
		}
	}
	for _, p := range [...]Prop{PidTagMessageSize, PidTagInternetArticleNumber} {
		if it.Lookup(&bag, p) {
			fmt.Fprintf(&b, "%s is there\n", p)
		}
	}
	for _, v := range bag.vals {
		fmt.Fprintf(&b, "%s %d %q\n", v.prop, v.num, v.text)
	}
	return b.String()
}

// Each field shows what is in it and nothing of the others, whatever is asked for.
func TestGrantedFields(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		cal := h.folder(h.anna(), Calendar)
		it := dressed("Keynote")
		h.must(h.anna().CreateItem(t.Context(), cal, it))
		signs := map[string]access.Fields{ // what tells of which fields
			PidTagSubject.String(): access.FieldSubject, "Room 7": access.FieldLocation, "Keynote body": access.FieldBody,
			"Secret Keynote": access.FieldCategories, "guest@fabrikam.example": access.FieldAttendees, "anna@contoso.example": access.FieldAttendees,
			PidLidAppointmentStartWhole.String(): access.FieldTime, PidTagStartDate.String(): access.FieldTime,
			PidLidReminderDelta.String(): access.FieldReminder, PidLidReminderTime.String(): access.FieldReminder | access.FieldTime,
			PidLidBusyStatus.String(): access.FieldShowAs, PidTagImportance.String(): access.FieldImportance,
			PidTagSensitivity.String(): access.FieldImportance, PidLidPrivate.String(): access.FieldImportance,
			PidTagLastModifierName.String(): access.FieldOther, PidNameCalendarUID.String(): access.FieldOther,
			PidTagMessageFlags.String(): access.FieldOther, "again": access.AllFields,
			"pdf": access.AllFields + 1, PidTagMessageSize.String(): access.AllFields + 1, PidTagInternetArticleNumber.String(): access.AllFields + 1,
		}
		for f := access.Fields(1); f <= access.AllFields; f += 7 { // AllFields is 1 + 146 * 7
			h.grants(access.ItemGrant{Items: []access.ItemKey{key(it)}, Read: f})
			got, err := h.ben().Item(t.Context(), it.ID, AllParts)
			h.must(err)
			text := shown(got)
			for sign, fields := range signs {
				if want := f.Has(fields); strings.Contains(text, sign) != want {
					t.Errorf("%s: %q shown is %v in\n%s", f, sign, !want, text)
				}
			}
			if got.HasAttachments() || got.Attachments != nil || got.MIME != nil {
				t.Errorf("%s: attachments", f)
			}
			if _, _, err := h.ben().AttachmentContent(t.Context(), it.ID, 1); !errorIs(err, entente.Denied) {
				t.Errorf("an attachment: %v", err)
			}
		}
	})
}

func errorIs(err error, k entente.Kind) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == k
}

// subjectsOf are the subjects on a page, or times where there are none.
func subjectsOf(items []*Item) string {
	var list []string
	for _, it := range items {
		s := it.Props.String(PidTagSubject)
		if day, ok := it.Day(); ok {
			s += "@" + day.String()
		}
		list = append(list, s)
	}
	return strings.Join(list, " ")
}

// Lists hold what is granted; neither restrictions nor orders see what is hidden.
func TestGrantedLists(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		cal := h.folder(h.anna(), Calendar)
		var items []*Item
		for i, s := range []string{"delta", "alpha", "charlie", "bravo"} {
			e := single(s, march3.Add(time.Duration(i)*time.Hour), time.Hour)
			e.Location = "Room " + s
			items = append(items, h.appoint(cal, e))
		}
		h.grants(
			access.ItemGrant{Items: []access.ItemKey{key(items[0]), key(items[2])}, Read: access.FieldSubject | access.FieldTime},
			access.ItemGrant{Items: []access.ItemKey{key(items[1])}, Read: access.FieldLocation},
		)
		test := func(name string, q Query, want string, total int) {
			t.Helper()
			q.Folder = cal
			p, err := h.ben().Find(ctx, q)
			h.must(err)
			if got := subjectsOf(p.Items); got != want || p.Total != total {
				t.Errorf("%s: %q of %d, want %q of %d", name, got, p.Total, want, total)
			}
		}
		by := func(p Prop, down bool) []SortKey { return []SortKey{{p, down}} }
		equal := func(p Prop, s string) *Restriction { return &Restriction{Op: Equal, Prop: p, Value: Value{Text: s}} }
		test("all", Query{Sort: by(PidTagSubject, false)}, " charlie delta", 3)
		test("down", Query{Sort: by(PidTagSubject, true)}, "delta charlie ", 3)
		test("by start", Query{Sort: by(PidLidAppointmentStartWhole, false)}, " delta charlie", 3)
		test("page", Query{Sort: by(PidTagSubject, false), Paging: Paging{Offset: 1, Max: 1}}, "charlie", 3)
		test("found", Query{Restrict: equal(PidTagSubject, "delta")}, "delta", 1)
		test("not granted", Query{Restrict: equal(PidTagSubject, "bravo")}, "", 0)
		// Hidden is absent, for whatever is asked.
		test("hidden subject", Query{Restrict: equal(PidTagSubject, "alpha")}, "", 0)
		test("hidden location", Query{Restrict: equal(PidLidLocation, "Room delta")}, "", 0)
		test("granted location", Query{Restrict: equal(PidLidLocation, "Room alpha")}, "", 1)
		test("hidden body", Query{Restrict: &Restriction{Op: Exists, Prop: PidTagBody}}, "", 0)
		test("hidden size", Query{Restrict: &Restriction{Op: Exists, Prop: PidTagMessageSize}}, "", 0)
		test("hidden importance", Query{Restrict: &Restriction{Op: Equal, Prop: PidTagImportance, Value: Value{Int: 1}}}, "", 0)
		test("hidden article", Query{Restrict: &Restriction{Op: Greater, Prop: PidTagInternetArticleNumber}}, "", 0)

		p, err := h.ben().CalendarView(ctx, cal, window("2026-03-01", "2026-04-01"), 0, 0)
		h.must(err)
		if got := entriesOf(p); got != "03-03 10:00 delta\n03-03 12:00 charlie" || p.Total != 2 {
			t.Errorf("calendar view: %s", got)
		}
		f, err := h.ben().FolderByName(ctx, Calendar)
		h.must(err)
		if f.Total != 3 || f.Unread != 0 || f.Size != 0 || f.Article != 0 || !f.Limited() || f.Rights != access.ReadItem {
			t.Errorf("%+v", f)
		}
		list, err := h.ben().HierarchyChanges(ctx, 0, HierarchyPoint{})
		h.must(err)
		if got := names(list.Created); !slices.Equal(got, []string{"Calendar"}) {
			t.Errorf("folders: %v", got)
		}
		root, err := h.ben().FolderByName(ctx, Root)
		h.must(err)
		if root.Total != 0 || root.Children != 1 || root.Rights != access.FolderVisible {
			t.Errorf("%+v", root)
		}
		_, err = h.ben().Find(ctx, Query{Folder: root.ID})
		h.fails(err, DeniedRead)
		h.grants()
		for _, name := range []DistinguishedName{Root, Calendar} {
			_, err = h.ben().FolderByName(ctx, name)
			h.fails(err, FolderNotFound)
		}
	})
}

// A grant of one day opens that day: it stands alone, and the series is not there.
func TestGrantedOccurrence(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		cal := h.folder(h.anna(), Calendar)
		series := h.appoint(cal, weekly(t))
		day, other := calendar.NewDate(2026, 3, 9), calendar.NewDate(2026, 3, 16)
		_, err := h.anna().UpdateOccurrence(ctx, series.ID, day, 0, PartBody, func(it *Item) error {
			it.Props.SetString(PidTagSubject, "Moved talk")
			it.Body, it.Parts = &Body{Text: []byte("of that day")}, it.Parts|PartBody
			return nil
		})
		h.must(err)
		h.grants(access.ItemGrant{Items: []access.ItemKey{key(series, day)}, Read: access.FieldSubject | access.FieldTime})

		one, err := h.ben().Occurrence(ctx, series.ID, day, AllParts)
		h.must(err)
		text := shown(one.Item)
		if d, ok := one.Item.Day(); !ok || d != day || one.Item.Props.String(PidTagSubject) != "Moved talk" || strings.Contains(text, "of that day") {
			t.Errorf("%v %v\n%s", d, ok, text)
		}
		for _, p := range seriesProps {
			if one.Item.Props.Has(p) {
				t.Errorf("%s tells of the series", p)
			}
		}
		_, err = h.ben().Item(ctx, series.ID, 0)
		h.fails(err, ItemNotFound)
		_, err = h.ben().Occurrence(ctx, series.ID, other, 0)
		h.fails(err, ItemNotFound)
		_, err = h.ben().OccurrenceDay(ctx, series.ID, 1)
		h.fails(err, ItemNotFound)
		p, err := h.ben().Find(ctx, Query{Folder: cal})
		h.must(err)
		if got := subjectsOf(p.Items); got != "Moved talk@2026-03-09" {
			t.Error(got)
		}
		view, err := h.ben().CalendarView(ctx, cal, window("2026-03-01", "2026-04-01"), 0, 0)
		h.must(err)
		if len(view.Items) != 1 {
			t.Errorf("%+v", view)
		}

		// What is granted of the whole series shows its exceptions as far as they
		// are granted.
		h.grants(access.ItemGrant{Items: []access.ItemKey{key(series)}, Read: access.FieldTime})
		whole, err := h.ben().Item(ctx, series.ID, AllParts)
		h.must(err)
		if text := shown(whole); strings.Contains(text, "talk") || strings.Contains(text, "that day") || KindOf(whole) != RecurringMaster {
			t.Errorf("%s", text)
		}
		view, err = h.ben().CalendarView(ctx, cal, window("2026-03-01", "2026-04-01"), 0, AllParts)
		h.must(err)
		if got := entriesOf(view); strings.Contains(got, "Planning") || len(view.Items) != 5 {
			t.Error(got)
		}
		// An occurrence shows both what is granted of the series and of it.
		h.grants(
			access.ItemGrant{Items: []access.ItemKey{key(series)}, Read: access.FieldTime},
			access.ItemGrant{Items: []access.ItemKey{key(series, day)}, Read: access.FieldSubject},
		)
		view, err = h.ben().CalendarView(ctx, cal, window("2026-03-09", "2026-03-17"), 0, 0)
		h.must(err)
		if got := entriesOf(view); got != "03-09 08:00 Moved talk!\n03-16 08:00 ~" {
			t.Error(got)
		}
	})
}

// A grant follows its item into another folder.
func TestGrantedMove(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		cal := h.folder(h.anna(), Calendar)
		it := h.appoint(cal, single("Talk", march3, time.Hour))
		h.grants(access.ItemGrant{Items: []access.ItemKey{key(it)}, Read: access.FieldSubject})
		to, err := h.anna().CreateFolder(ctx, h.folder(h.anna(), MsgFolderRoot), NewFolder{Name: "Stage", Class: "IPF.Appointment"})
		h.must(err)
		moved, err := h.anna().MoveItems(ctx, []ItemID{it.ID}, to.ID)
		h.must(err)
		got, err := h.ben().Item(ctx, moved[0].ID, 0)
		h.must(err)
		if got.Folder != to.ID {
			t.Errorf("%+v", got)
		}
		_, err = h.ben().FolderByName(ctx, Calendar)
		h.fails(err, FolderNotFound)
		if p, err := h.ben().Find(ctx, Query{Folder: to.ID}); err != nil || p.Total != 1 {
			t.Errorf("%+v %v", p, err)
		}
	})
}

// write has Ben change an item under his grants.
func (h *house) write(id ItemID, day *calendar.Date, sets access.Fields, fn func(*calendar.Event)) (CalendarItem, error) {
	h.Helper()
	v := h.ben()
	parts := partsIn(sets)
	return v.UpdateGranted(context.Background(), GrantedChange{Item: id, Day: day, Parts: parts, Sets: sets}, func(it *Item) error {
		e, err := v.Event(it)
		if err != nil {
			return err
		}
		fn(e)
		it.Props.SetString(PidTagLastModifierName, "Ben")
		return it.SetEvent(e, it.Parts&(PartBody|PartRecipients))
	})
}

func TestUpdateGranted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		cal := h.folder(h.anna(), Calendar)
		it := dressed("Keynote")
		h.must(h.anna().CreateItem(ctx, cal, it))
		h.grants(access.ItemGrant{
			Items: []access.ItemKey{key(it)}, Read: access.FieldSubject,
			Write:    access.FieldTime | access.FieldLocation,
			Earliest: march3.Add(-24 * time.Hour), Latest: march3.Add(24 * time.Hour), Locations: []string{"Hall A", "Hall B"},
		})
		whole := func() *Item {
			t.Helper()
			got, err := h.anna().Item(ctx, it.ID, AllParts)
			h.must(err)
			return got
		}
		refused := func(name string, want entente.Reason, names string, sets access.Fields, fn func(*calendar.Event)) {
			t.Helper()
			before := shown(whole())
			_, err := h.write(it.ID, nil, sets, fn)
			var e *entente.Error
			if !errors.As(err, &e) || e.Kind != entente.Denied || e.Reason != want || !strings.Contains(e.Text, names) {
				t.Errorf("%s: %v", name, err)
			}
			if after := shown(whole()); after != before {
				t.Errorf("%s wrote\n%s\nover\n%s", name, after, before)
			}
		}
		refused("subject", access.FieldNotGranted, "Subject", access.FieldSubject, func(e *calendar.Event) { e.Subject = "x" })
		refused("hidden, to what it is", access.FieldNotGranted, "Body", access.FieldBody, func(*calendar.Event) {})
		refused("one of two", access.FieldNotGranted, "Subject", access.FieldSubject|access.FieldLocation, func(e *calendar.Event) { e.Subject, e.Location = "x", "Hall A" })
		refused("unannounced", access.FieldNotGranted, "ShowAs", access.FieldTime, func(e *calendar.Event) { e.Status = calendar.StatusFree })
		refused("reminder", access.FieldNotGranted, "Reminder", access.FieldTime, func(e *calendar.Event) { e.ReminderMinutes = 5 })
		refused("too late", access.TimeNotGranted, "Time", access.FieldTime, func(e *calendar.Event) { e.End = march3.Add(25 * time.Hour) })
		refused("elsewhere", access.LocationNotGranted, "Location", access.FieldLocation, func(e *calendar.Event) { e.Location = "Hall C" })
		refused("for ever", access.TimeNotGranted, "Time", access.FieldTime, func(e *calendar.Event) {
			e.Recurrence = &calendar.Recurrence{Pattern: calendar.Daily, Interval: 1, Start: calendar.DateOf(march3)}
			e.Zone = calendar.NewZone("UTC", time.UTC)
		})

		before := whole()
		got, err := h.write(it.ID, nil, access.FieldTime|access.FieldLocation|access.FieldSubject, func(e *calendar.Event) {
			e.Start, e.End, e.Location = march3.Add(time.Hour), march3.Add(2*time.Hour), "Hall A"
		})
		h.must(err)
		if !got.Item.Limited() || strings.Contains(shown(got.Item), "body") {
			t.Errorf("told %s", shown(got.Item))
		}
		after := whole()
		start, _ := after.Props.Time(PidLidAppointmentStartWhole)
		if !start.Equal(march3.Add(time.Hour)) || after.Props.String(PidLidLocation) != "Hall A" || after.Props.String(PidTagLastModifierName) != "Ben" {
			t.Error(shown(after))
		}
		// All the rest is what it was.
		if f := h.anna().differing(before, after); f != access.FieldTime|access.FieldLocation {
			t.Errorf("%s differ", f)
		}
		if len(after.Attachments) != 1 || len(after.Recipients) != 1 || after.Body == nil || after.Creator != before.Creator {
			t.Error(shown(after))
		}
		// Who saw an earlier state may ask that it is the one.
		_, err = h.ben().UpdateGranted(ctx, GrantedChange{Item: it.ID, IfChange: got.Item.Change ^ 2}, func(*Item) error { return nil })
		h.fails(err, StaleChangeKey)
		again, err := h.ben().UpdateGranted(ctx, GrantedChange{Item: it.ID, IfChange: got.Item.Change}, func(*Item) error { return nil })
		h.must(err)
		if again.Item.Change != got.Item.Change {
			t.Error("nothing changed and the number did")
		}
	})
}

func TestUpdateGrantedOccurrence(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		cal := h.folder(h.anna(), Calendar)
		series := h.appoint(cal, weekly(t))
		day, other := calendar.NewDate(2026, 3, 9), calendar.NewDate(2026, 3, 16)
		h.grants(access.ItemGrant{Items: []access.ItemKey{key(series, day)}, Write: access.FieldLocation})
		one, err := h.write(series.ID, &day, access.FieldLocation, func(e *calendar.Event) { e.Location = "Stage" })
		h.must(err)
		if d, ok := one.Item.Day(); !ok || d != day || one.Item.Props.String(PidLidLocation) != "Stage" || one.Item.Props.Has(PidTagSubject) {
			t.Error(shown(one.Item))
		}
		if _, err = h.write(series.ID, &other, access.FieldLocation, func(e *calendar.Event) { e.Location = "x" }); !errorIs(err, entente.NotFound) {
			t.Error(err)
		}
		if _, err = h.write(series.ID, nil, access.FieldLocation, func(e *calendar.Event) { e.Location = "x" }); !errorIs(err, entente.NotFound) {
			t.Error(err)
		}
		if _, err = h.write(series.ID, &day, access.FieldLocation, func(e *calendar.Event) { e.Subject = "x" }); !errorIs(err, entente.Denied) {
			t.Error(err)
		}
		view, err := h.anna().CalendarView(ctx, cal, window("2026-03-01", "2026-04-01"), 0, 0)
		h.must(err)
		for _, e := range view.Items {
			if at := e.Item.Props.String(PidLidLocation) == "Stage"; at != (e.Original == day) {
				t.Errorf("%s is at %s", e.Original, e.Item.Props.String(PidLidLocation))
			}
		}
		// Moving the whole series would drop what its exception says of the
		// location, which is not granted here.
		h.grants(access.ItemGrant{Items: []access.ItemKey{key(series)}, Write: access.FieldTime})
		_, err = h.write(series.ID, nil, access.FieldTime, func(e *calendar.Event) { e.Exceptions = nil })
		h.fails(err, access.FieldNotGranted)
	})
}

// ItemKeys finds what a grant is to be about.
func TestItemKeys(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		cal := h.folder(h.anna(), Calendar)
		series := h.appoint(cal, weekly(t))
		talk := single("Talk", march3, time.Hour)
		talk.Categories = []string{"Speakers", "Other"}
		one := h.appoint(cal, talk)
		talk.UID = "Talk 2"
		two := h.appoint(cal, talk)
		day := calendar.NewDate(2026, 3, 9)
		test := func(s ItemSelector, want ...access.ItemKey) {
			t.Helper()
			got, err := h.anna().ItemKeys(ctx, s)
			h.must(err)
			if !slices.Equal(got, want) {
				t.Errorf("%+v: %v, want %v", s, got, want)
			}
		}
		test(ItemSelector{Item: one.ID}, key(one))
		test(ItemSelector{Item: series.ID, Day: &day}, key(series, day))
		test(ItemSelector{UID: "Talk 2"}, key(two))
		test(ItemSelector{Label: "speakers"}, key(one), key(two))
		test(ItemSelector{Label: "Speakers", Folder: cal}, key(one), key(two))
		goid := GlobalObjectID(series.Props.String(PidNameCalendarUID))
		test(ItemSelector{UID: fmt.Sprintf("%X", goid)}, key(series))
		goid[16], goid[17], goid[18], goid[19] = 2026>>8, 2026&0xFF, 3, 9
		test(ItemSelector{UID: fmt.Sprintf("%X", goid)}, key(series, day))
		for _, s := range []ItemSelector{{UID: "nobody's"}, {Label: "none"}, {Item: 987654}} {
			_, err := h.anna().ItemKeys(ctx, s)
			h.fails(err, ItemNotFound)
		}
		late := calendar.NewDate(2026, 3, 10)
		_, err := h.anna().ItemKeys(ctx, ItemSelector{Item: series.ID, Day: &late})
		h.fails(err, OccurrenceAbsent)
		// Who knows an item by a grant passes nothing on.
		h.grants(access.ItemGrant{Items: []access.ItemKey{key(one)}, Read: access.AllFields})
		for _, s := range []ItemSelector{{Item: one.ID}, {Label: "Speakers"}, {UID: "Talk"}} {
			if _, err := h.ben().ItemKeys(ctx, s); err == nil {
				t.Errorf("%+v was found", s)
			}
		}
	})
}

// An occurrence that was changed in what is hidden alone looks like the others.
func TestGrantedHiddenException(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		cal := h.folder(h.anna(), Calendar)
		series := h.appoint(cal, weekly(t))
		_, err := h.anna().UpdateOccurrence(ctx, series.ID, calendar.NewDate(2026, 3, 9), 0, 0, func(it *Item) error {
			it.Props.SetString(PidTagSubject, "hidden")
			return nil
		})
		h.must(err)
		for f, want := range map[access.Fields]string{
			access.FieldTime:                       "03-09 08:00 ~",
			access.FieldTime | access.FieldSubject: "03-09 08:00 hidden!",
		} {
			h.grants(access.ItemGrant{Items: []access.ItemKey{key(series)}, Read: f})
			view, err := h.ben().CalendarView(ctx, cal, window("2026-03-09", "2026-03-10"), 0, 0)
			h.must(err)
			if got := entriesOf(view); got != want {
				t.Errorf("%s: %s, want %s", f, got, want)
			}
			whole, err := h.ben().Item(ctx, series.ID, 0)
			h.must(err)
			e, err := h.ben().Event(whole)
			h.must(err)
			if got := len(e.Exceptions) == 1; got != f.Has(access.FieldSubject) {
				t.Errorf("%s: exceptions %+v", f, e.Exceptions)
			}
		}
	})
}
