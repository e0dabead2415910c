package phones

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente/activesync"
	"entente/activesync/easclient"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// classOf is the class of content that an item of the mailbox is.
func classOf(it *mailbox.Item) activesync.Class {
	switch c := strings.ToLower(it.Class); {
	case strings.HasPrefix(c, "ipm.appointment"):
		return activesync.Calendar
	case strings.HasPrefix(c, "ipm.contact"), strings.HasPrefix(c, "ipm.distlist"):
		return activesync.Contacts
	case strings.HasPrefix(c, "ipm.task") && !strings.HasPrefix(c, "ipm.taskrequest"):
		return activesync.Tasks
	case strings.HasPrefix(c, "ipm.stickynote"):
		return activesync.Notes
	}
	return activesync.Email
}

// A held is an item of the mailbox with the folder it lies in.
type held struct {
	folder *mailbox.Folder
	item   *mailbox.Item
}

// everything returns all items of the mailbox that people see.
func (w *world) everything() []held {
	w.Helper()
	ctx := w.Context()
	v := w.view()
	root, err := v.FolderByName(ctx, mailbox.MsgFolderRoot)
	w.must(err)
	folders, err := v.Folders(ctx, root.ID, true)
	w.must(err)
	var all []held
	for _, f := range folders {
		for _, it := range w.itemsIn(v, f.ID) {
			all = append(all, held{f, it})
		}
	}
	return all
}

func (w *world) itemsIn(v *mailbox.View, folder mailbox.FolderID) []*mailbox.Item {
	w.Helper()
	var ids []mailbox.ItemID
	var at mailbox.SyncPoint
	for {
		page, err := v.Changes(w.Context(), folder, at, 500)
		w.must(err)
		for _, c := range page.List {
			if c.Kind != mailbox.Deleted && !c.Associated {
				ids = append(ids, c.ID)
			}
		}
		if at = page.Next; page.Last {
			break
		}
	}
	results, err := v.Items(w.Context(), ids, mailbox.PartBody)
	w.must(err)
	var items []*mailbox.Item
	for _, r := range results {
		w.must(r.Err)
		items = append(items, r.Item)
	}
	return items
}

// shownOf says what is to be seen of an item of the mailbox.
func (w *world) shownOf(v *mailbox.View, h held) string {
	w.Helper()
	it := h.item
	id := fmt.Sprintf("%d:%d", h.folder.ID, it.ID)
	switch classOf(it) {
	case activesync.Calendar:
		e, err := v.Event(it)
		w.must(err)
		return id + " " + eventShown(e)
	case activesync.Contacts:
		return fmt.Sprintf("%s %s %s", id, it.Props.String(mailbox.PidTagGivenName), it.Props.String(mailbox.PidTagMobileTelephoneNumber))
	case activesync.Tasks:
		return fmt.Sprintf("%s %s %v", id, it.Props.String(mailbox.PidTagSubject), it.Props.Bool(mailbox.PidLidTaskComplete))
	case activesync.Notes:
		return id + " " + it.Props.String(mailbox.PidTagSubject)
	}
	flag, _ := it.Props.Int(mailbox.PidTagFlagStatus)
	return fmt.Sprintf("%s %s read=%v flag=%d", id, it.Props.String(mailbox.PidTagSubject), it.Read, flag)
}

func eventShown(e *calendar.Event) string {
	s := fmt.Sprintf("%s %s-%s %s", e.Subject, e.Start.UTC().Format(compact), e.End.UTC().Format(compact), e.Location)
	if r := e.Recurrence; r != nil {
		s += fmt.Sprintf(" %s every %d", r.Pattern, max(1, r.Interval))
	}
	var other []string
	for _, d := range e.Deleted {
		other = append(other, startOn(e, d)+" deleted")
	}
	for _, x := range e.Exceptions {
		subject := e.Subject
		if x.Changed&calendar.SubjectField != 0 {
			subject = x.Subject
		}
		other = append(other, startOn(e, x.Original)+" "+x.Start.UTC().Format(compact)+" "+subject)
	}
	slices.Sort(other)
	return s + " " + strings.Join(other, ", ")
}

const compact = "20060102T150405Z"

// startOn is when the occurrence of a day would begin.
func startOn(e *calendar.Event, d calendar.Date) string {
	zone := e.Zone.Location()
	at := e.Start.In(zone)
	year, month, day := d.Civil()
	return time.Date(year, month, day, at.Hour(), at.Minute(), at.Second(), 0, zone).UTC().Format(compact)
}

// shownOn says what a phone shows of an item.
func shownOn(it *easclient.Item) string {
	switch it.Class {
	case activesync.Calendar:
		return it.ID + " " + phoneEvent(it)
	case activesync.Contacts:
		return fmt.Sprintf("%s %s %s", it.ID, it.Get(wbxml.ContactsFirstName), it.Get(wbxml.ContactsMobilePhoneNumber))
	case activesync.Tasks:
		return fmt.Sprintf("%s %s %v", it.ID, it.Get(wbxml.TasksSubject), it.Get(wbxml.TasksComplete) == "1")
	case activesync.Notes:
		return it.ID + " " + it.Get(wbxml.NotesSubject)
	}
	flag, _ := strconv.Atoi(it.Data.Child(wbxml.EmailFlag).Get(wbxml.EmailStatus))
	return fmt.Sprintf("%s %s read=%v flag=%d", it.ID, it.Get(wbxml.EmailSubject), it.Get(wbxml.EmailRead) != "0", flag)
}

func phoneEvent(it *easclient.Item) string {
	place := cmp.Or(it.Data.Child(wbxml.AirSyncBaseLocation).Get(wbxml.AirSyncBaseDisplayName), it.Get(wbxml.CalendarLocation))
	s := fmt.Sprintf("%s %s-%s %s", it.Get(wbxml.CalendarSubject), it.Get(wbxml.CalendarStartTime), it.Get(wbxml.CalendarEndTime), place)
	if r := it.Data.Child(wbxml.CalendarRecurrence); r != nil {
		kind, _ := strconv.Atoi(r.Get(wbxml.CalendarType))
		pattern := map[int]calendar.Pattern{
			0: calendar.Daily, 1: calendar.Weekly, 2: calendar.AbsoluteMonthly, 3: calendar.RelativeMonthly, 5: calendar.AbsoluteYearly, 6: calendar.RelativeYearly,
		}[kind]
		s += fmt.Sprintf(" %s every %s", pattern, cmp.Or(r.Get(wbxml.CalendarInterval), "1"))
	}
	var other []string
	for x := range it.Data.Child(wbxml.CalendarExceptions).All(wbxml.CalendarException) {
		was := x.Get(wbxml.CalendarExceptionStartTime)
		if t, err := time.Parse("2006-01-02T15:04:05.000Z", x.Get(wbxml.AirSyncBaseInstanceId)); err == nil {
			was = t.Format(compact)
		} else if was == "" {
			was = x.Get(wbxml.AirSyncBaseInstanceId)
		}
		if x.Get(wbxml.CalendarDeleted) == "1" {
			other = append(other, was+" deleted")
			continue
		}
		start := cmp.Or(x.Get(wbxml.CalendarStartTime), was)
		other = append(other, was+" "+start+" "+cmp.Or(x.Get(wbxml.CalendarSubject), it.Get(wbxml.CalendarSubject)))
	}
	slices.Sort(other)
	return s + " " + strings.Join(other, ", ")
}

// settle lets all phones synchronize over a good network until nothing changes any
// more, and compares what they have with the mailbox.
func (w *world) settle() {
	w.Helper()
	for _, p := range w.phones {
		p.net.bad = false
	}
	for range 2 { // what one sends, the other has after
		for _, p := range w.phones {
			w.must(p.FolderSync(w.Context()))
			w.must(p.Sync(w.Context()))
			w.surprised(p)
		}
	}
	all := w.everything()
	w.noDuplicates(all)
	v := w.view()
	for _, p := range w.phones {
		w.compare(v, p, all)
		w.refusals(p)
	}
}

// surprised holds that the server said nothing that makes a phone show things twice.
func (w *world) surprised(p *device) {
	w.Helper()
	for _, s := range p.Surprises {
		w.wrong("", "%s: %s", p.name, s)
	}
}

// noDuplicates holds that what was made once is there once, and is there at all
// unless somebody deleted it.
func (w *world) noDuplicates(all []held) {
	w.Helper()
	seen := map[string]int{}
	for _, h := range all {
		if name := nameIn(h.item.Props.String(mailbox.PidTagSubject) + h.item.Props.String(mailbox.PidTagGivenName)); name != "" {
			if seen[name]++; seen[name] > 1 {
				w.wrong(name, "%s is there %d times", name, seen[name])
			}
		}
	}
	for name, m := range w.marks {
		if seen[name] == 0 && !m.risky {
			w.wrong(name, "%s, made by %s, is lost", name, m.by)
		}
	}
}

// compare compares all that a phone shows with the mailbox.
func (w *world) compare(v *mailbox.View, p *device, all []held) {
	w.Helper()
	var want, have []string
	for _, h := range all {
		if f := p.Folders[strconv.FormatUint(uint64(h.folder.ID), 10)]; f != nil && f.Class() == classOf(h.item) {
			want = append(want, w.shownOf(v, h))
		}
	}
	for _, f := range p.Folders {
		for _, it := range f.Items {
			have = append(have, shownOn(it))
		}
		if f.Pending() > 0 {
			w.wrong("", "%s has %d changes in %s that the server has not taken", p.name, f.Pending(), f.Name)
		}
	}
	less, more := without(want, have), without(have, want)
	if len(less)+len(more) > 0 {
		all := strings.Join(slices.Concat(less, more), " ")
		w.wrong(nameIn(all), "%s does not show\n  %s\nbut\n  %s", p.name, strings.Join(less, "\n  "), strings.Join(more, "\n  "))
	}
}

// without returns what is in one list and not in another.
func without(all, other []string) []string {
	var rest []string
	for _, s := range all {
		if i := slices.Index(other, s); i >= 0 {
			other = slices.Delete(slices.Clone(other), i, i+1)
		} else {
			rest = append(rest, s)
		}
	}
	return rest
}

// refusals looks at what the server did not take of a phone: what is gone, or was
// changed by others, is no fault.
func (w *world) refusals(p *device) {
	w.Helper()
	const conflict, gone = 7, 8
	for _, r := range p.Refused {
		if r.Status != conflict && r.Status != gone {
			w.wrong("", "%s: %+v", p.name, r)
		}
	}
	p.Refused = nil
}
