package phones

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/easclient"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
	"entente/test/kit"
)

// step lets one of all do something.
func (w *world) step() {
	p := w.phones[w.rnd.IntN(len(w.phones))]
	switch n := w.rnd.IntN(100); {
	case n < 25:
		w.sync(p)
	case n < 60:
		w.phoneStep(p)
	case n < 75:
		w.ewsStep()
	case n < 95:
		w.serverStep()
	case n < 97:
		w.back(p)
	case n < 98:
		w.anew(p)
	default:
		w.pull(p)
	}
}

// sync synchronizes some folders or all, over a network that fails.
func (w *world) sync(p *device) {
	p.net.bad = w.rnd.IntN(2) == 0
	var some []string
	if ids := slices.Sorted(maps.Keys(p.Folders)); w.rnd.IntN(3) > 0 {
		for _, id := range ids {
			if w.rnd.IntN(3) == 0 {
				some = append(some, id)
			}
		}
	}
	err := p.Sync(w.Context(), some...)
	w.note("%s syncs %d folders, bad=%v: %v", p.name, len(some), p.net.bad, w.excused(err))
	w.surprised(p)
}

// pull is what some phones do when their user pulls the list down: the hierarchy
// from the beginning. Nothing that was synchronized may be lost by it.
func (w *world) pull(p *device) {
	p.HierarchyKey = "0"
	w.note("%s pulls: %v", p.name, w.excused(p.FolderSync(w.Context())))
}

// anew synchronizes a folder from the beginning.
func (w *world) anew(p *device) {
	if f := w.folder(p, ""); f != nil {
		f.Renew()
		w.note("%s begins %s anew", p.name, f.Name)
	}
}

// back puts a phone back to its last backup, and makes the next one.
func (w *world) back(p *device) {
	if p.backup != nil {
		p.State = p.backup.Clone()
		for _, name := range p.since {
			w.marks[name].risky = true
		}
		w.note("%s is put back", p.name)
	} else {
		w.note("%s has a backup", p.name)
	}
	s := p.State.Clone()
	p.backup, p.since = &s, nil
}

// folder picks a folder of a class on a phone, any if it is empty.
func (w *world) folder(p *device, class activesync.Class) *easclient.Folder {
	var some []*easclient.Folder
	for _, f := range p.Sorted() {
		if f.Class() != "" && (class == "" || f.Class() == class) && f.Type != activesync.DefaultOutbox && f.Key != "0" {
			some = append(some, f)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some[w.rnd.IntN(len(some))]
}

// item picks an item of a folder.
func (w *world) item(f *easclient.Folder) *easclient.Item {
	ids := slices.Sorted(maps.Keys(f.Items))
	if len(ids) == 0 {
		return nil
	}
	return f.Items[ids[w.rnd.IntN(len(ids))]]
}

// phoneStep is something that a phone's user does.
func (w *world) phoneStep(p *device) {
	classes := []activesync.Class{activesync.Email, activesync.Calendar, activesync.Contacts, activesync.Tasks, activesync.Notes}
	f := w.folder(p, classes[w.rnd.IntN(len(classes))])
	if f == nil {
		return
	}
	n := w.rnd.IntN(100)
	it := w.item(f)
	if it == nil || n < 30 {
		w.add(p, f)
		return
	}
	subject := subjectOf(it)
	switch {
	case n < 70:
		f.Change(it.ID, w.change(p, it))
		w.note("%s changes %s %s", p.name, it.ID, shownOn(f.Items[it.ID]))
	case n < 82:
		w.risk(subject)
		f.Delete(it.ID)
		w.note("%s deletes %s %s", p.name, it.ID, subject)
	case n < 92 && f.Class() == activesync.Email:
		to := w.folder(p, activesync.Email)
		if to == f || to.Type == activesync.DefaultDrafts || f.Type == activesync.DefaultDrafts || f.Pending() > 0 {
			return
		}
		p.net.bad = w.rnd.IntN(2) == 0
		id, err := p.Move(w.Context(), it.ID, f.ID, to.ID)
		var status *easclient.StatusError
		if errors.As(err, &status) { // it is gone
			err = nil
		}
		w.note("%s moves %s %s to %s: %q %v", p.name, it.ID, subject, to.Name, id, w.excused(err))
	default:
		w.send(p)
	}
}

// subjectOf is what has the name of an item on a phone.
func subjectOf(it *easclient.Item) string {
	return it.Get(map[activesync.Class]wbxml.Tag{
		activesync.Email: wbxml.EmailSubject, activesync.Calendar: wbxml.CalendarSubject, activesync.Contacts: wbxml.ContactsFirstName,
		activesync.Tasks: wbxml.TasksSubject, activesync.Notes: wbxml.NotesSubject,
	}[it.Class])
}

// send sends a mail to oneself, as often as it takes, under one name.
func (w *world) send(p *device) {
	name := w.mark(p.name)
	m := easclient.Message{ClientID: name, MIME: []byte("From: " + kit.Address(0) + "\r\nTo: " + kit.Address(0) + "\r\nSubject: " + name + "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nSent by a phone.\r\n")}
	p.net.bad = true
	for range 50 {
		err := p.SendMail(w.Context(), m)
		var status *easclient.StatusError
		if errors.As(err, &status) && status.Status == activesync.MessagePreviouslySent {
			err = nil
		}
		if !w.excused(err) {
			w.note("%s sends %s", p.name, name)
			return
		}
	}
	w.wrong(name, "it cannot be sent")
}

// add makes something on a phone.
func (w *world) add(p *device, f *easclient.Folder) {
	if f.Class() == activesync.Email && (p.Speaks < activesync.V160 || f.Type != activesync.DefaultDrafts) {
		w.send(p)
		return
	}
	name := w.mark(p.name)
	p.since = append(p.since, name)
	start := w.start()
	f.Add(func(d *wbxml.Writer) {
		switch f.Class() {
		case activesync.Email:
			d.Text(wbxml.EmailTo, "ben@contoso.example")
			d.Text(wbxml.EmailSubject, name)
			body(d, "A draft of a phone.")
		case activesync.Calendar:
			w.event(d, p, name, start)
		case activesync.Contacts:
			d.Text(wbxml.ContactsFirstName, name)
			d.Text(wbxml.ContactsMobilePhoneNumber, w.digits())
		case activesync.Tasks:
			d.Text(wbxml.TasksSubject, name)
			d.Bool(wbxml.TasksComplete, false)
		case activesync.Notes:
			d.Text(wbxml.NotesSubject, name)
			d.Text(wbxml.NotesMessageClass, "IPM.StickyNote")
			body(d, "A note of a phone.")
		}
	})
	w.note("%s adds %s to %s", p.name, name, f.Name)
}

func body(d *wbxml.Writer, text string) {
	d.Start(wbxml.AirSyncBaseBody)
	d.Int(wbxml.AirSyncBaseType, 1)
	d.Text(wbxml.AirSyncBaseData, text)
	d.End()
}

func (w *world) digits() string { return fmt.Sprintf("+46 8 %07d", w.rnd.IntN(1e7)) }

func (w *world) start() time.Time {
	return kit.Monday().UTC().Add(time.Duration(w.rnd.IntN(24*60)) * time.Hour)
}

// event writes an appointment as a phone of a version does. Every third is a
// series.
func (w *world) event(d *wbxml.Writer, p *device, name string, start time.Time) {
	zone, err := new(calendar.Zones).Load("Europe/Stockholm")
	w.must(err)
	info := calendar.InformationOf(zone, start.Year())
	blob, err := info.AppendBinary(nil)
	w.must(err)
	d.Text(wbxml.CalendarTimezone, base64.StdEncoding.EncodeToString(blob))
	d.Bool(wbxml.CalendarAllDayEvent, false)
	d.Text(wbxml.CalendarStartTime, start.Format(compact))
	d.Text(wbxml.CalendarEndTime, start.Add(time.Hour).Format(compact))
	d.Text(wbxml.CalendarSubject, name)
	d.Int(wbxml.CalendarBusyStatus, 2)
	d.Int(wbxml.CalendarSensitivity, 0)
	d.Int(wbxml.CalendarMeetingStatus, 0)
	if p.Speaks < activesync.V160 {
		d.Text(wbxml.CalendarDtStamp, start.Format(compact))
		d.Text(wbxml.CalendarUID, strings.ToUpper(name)+"FFEE")
		d.Text(wbxml.CalendarLocation, "Room 1")
	} else {
		d.Text(wbxml.CalendarClientUid, strings.ToUpper(name)+"FFEE")
		d.Start(wbxml.AirSyncBaseLocation)
		d.Text(wbxml.AirSyncBaseDisplayName, "Room 1")
		d.End()
	}
	if w.rnd.IntN(3) == 0 {
		d.Start(wbxml.CalendarRecurrence)
		d.Int(wbxml.CalendarType, 0)
		d.Int(wbxml.CalendarInterval, 1)
		d.Int(wbxml.CalendarOccurrences, 20)
		d.End()
	}
}

// change returns what a phone's user changes of an item. The subject keeps its
// name.
func (w *world) change(p *device, it *easclient.Item) func(*wbxml.Writer) {
	name := nameIn(subjectOf(it))
	if name == "" {
		name = subjectOf(it)
	}
	n := w.rnd.IntN(1000)
	return func(d *wbxml.Writer) {
		switch it.Class {
		case activesync.Email:
			if n%2 == 0 {
				d.Bool(wbxml.EmailRead, it.Get(wbxml.EmailRead) == "0")
				return
			}
			d.Start(wbxml.EmailFlag)
			d.Int(wbxml.EmailStatus, 2)
			d.Text(wbxml.EmailFlagType, "Flag for follow up")
			d.End()
		case activesync.Calendar:
			w.changeEvent(d, p, it, fmt.Sprintf("%s edit%d", name, n))
		case activesync.Contacts:
			d.Text(wbxml.ContactsFirstName, name)
			d.Text(wbxml.ContactsMobilePhoneNumber, w.digits())
		case activesync.Tasks:
			d.Text(wbxml.TasksSubject, fmt.Sprintf("%s edit%d", name, n))
			d.Bool(wbxml.TasksComplete, false)
		case activesync.Notes:
			d.Text(wbxml.NotesSubject, fmt.Sprintf("%s edit%d", name, n))
			d.Text(wbxml.NotesMessageClass, "IPM.StickyNote")
		}
	}
}

// changeEvent changes an appointment: before 16.0 all of it is sent, from then on
// what changed.
func (w *world) changeEvent(d *wbxml.Writer, p *device, it *easclient.Item, subject string) {
	if p.Speaks >= activesync.V160 {
		d.Text(wbxml.CalendarSubject, subject)
		return
	}
	for c := range it.Data.Children() {
		switch c.Tag {
		case wbxml.CalendarSubject:
			d.Text(c.Tag, subject)
		case wbxml.AirSyncBaseBody, wbxml.AirSyncBaseNativeBodyType, wbxml.CalendarResponseType, wbxml.CalendarAppointmentReplyTime,
			wbxml.CalendarOrganizerEmail, wbxml.CalendarOrganizerName:
		default:
			d.Tree(c)
		}
	}
}

// ewsStep is something that another client does.
func (w *world) ewsStep() {
	ctx := w.Context()
	folders := []string{"inbox", "calendar", "sentitems", "drafts", "deleteditems"}
	folder := folders[w.rnd.IntN(len(folders))]
	if w.rnd.IntN(3) == 0 {
		name := w.mark("EWS")
		request := kit.CreateMessage(folder, name, "Made by EWS.")
		if folder == "calendar" {
			request = kit.CreateAppointment(name, w.start())
		}
		_, err := w.ews.Call(ctx, kit.Address(0), request)
		w.must(err)
		w.note("EWS adds %s to %s", name, folder)
		return
	}
	body, err := w.ews.Call(ctx, kit.Address(0), kit.FindIDs(folder, w.rnd.IntN(20), 1))
	w.must(err)
	ids, keys, subjects := kit.Values(body, "ItemId", "Id"), kit.Values(body, "ItemId", "ChangeKey"), kit.Texts(body, "Subject")
	if len(ids) == 0 || len(subjects) == 0 {
		return
	}
	kind := "Message"
	if folder == "calendar" {
		kind = "CalendarItem"
	}
	if w.rnd.IntN(3) == 0 {
		w.risk(subjects[0])
		_, err = w.ews.Call(ctx, kit.Address(0), kit.DeleteItem(ids[0]))
		w.note("EWS deletes %s: %v", subjects[0], err)
	} else {
		name, _, _ := strings.Cut(subjects[0], " edit")
		subject := fmt.Sprintf("%s edit%d", name, w.rnd.IntN(1000))
		_, err = w.ews.Call(ctx, kit.Address(0), kit.SetSubject(ids[0], keys[0], kind, subject))
		w.note("EWS renames %s to %s: %v", subjects[0], subject, err)
	}
	var refused *kit.Refusal
	if errors.As(err, &refused) {
		return // a contact among what was deleted is no message
	}
	w.must(err)
}

// serverStep is something that the server itself does: deliveries, rules,
// retention, and who uses other protocols.
func (w *world) serverStep() {
	ctx := w.Context()
	v := w.view()
	if n := w.rnd.IntN(10); n < 3 {
		name := w.mark("the server")
		it := &mailbox.Item{Class: "IPM.Note", Parts: mailbox.PartBody, Body: &mailbox.Body{Text: []byte("Delivered.")}}
		it.Props.SetString(mailbox.PidTagSubject, name)
		it.Props.SetTime(mailbox.PidTagMessageDeliveryTime, w.start())
		inbox, err := v.FolderByName(ctx, mailbox.Inbox)
		w.must(err)
		w.must(v.CreateItem(ctx, inbox.ID, it))
		w.note("the server delivers %s as %d", name, it.ID)
		return
	}
	all := w.everything()
	if len(all) == 0 {
		return
	}
	h := all[w.rnd.IntN(len(all))]
	subject := h.item.Props.String(mailbox.PidTagSubject) + h.item.Props.String(mailbox.PidTagGivenName)
	var err error
	switch n := w.rnd.IntN(10); {
	case n < 2:
		w.risk(subject)
		_, err = v.DeleteItems(ctx, []mailbox.ItemID{h.item.ID}, mailbox.DeleteMode(w.rnd.IntN(3)))
		w.note("the server deletes %d %s", h.item.ID, subject)
	case n < 4 && classOf(h.item) == activesync.Email:
		to := []mailbox.DistinguishedName{mailbox.Inbox, mailbox.SentItems, mailbox.DeletedItems, mailbox.JunkEmail}[w.rnd.IntN(4)]
		var f *mailbox.Folder
		if f, err = v.FolderByName(ctx, to); err == nil && f.ID != h.folder.ID {
			_, err = v.MoveItems(ctx, []mailbox.ItemID{h.item.ID}, f.ID)
		}
		w.note("the server moves %d %s to %s", h.item.ID, subject, to)
	case classOf(h.item) == activesync.Calendar:
		err = w.editSeries(v, h.item)
	default:
		_, err = v.UpdateItem(ctx, h.item.ID, 0, 0, func(it *mailbox.Item) error {
			it.Read = !it.Read
			return nil
		})
		w.note("the server marks %d %s read=%v", h.item.ID, subject, !h.item.Read)
	}
	w.must(err)
}

// editSeries changes or deletes an occurrence of a series, or moves an appointment.
func (w *world) editSeries(v *mailbox.View, it *mailbox.Item) error {
	e, err := v.Event(it)
	if err != nil {
		return err
	}
	if e.Recurrence == nil {
		at := w.start()
		_, err = v.UpdateEvent(w.Context(), it.ID, 0, 0, func(e *calendar.Event) error {
			e.Start, e.End = at, at.Add(time.Hour)
			return nil
		})
		w.note("the server moves appointment %d %s to %v", it.ID, e.Subject, at)
		return err
	}
	day, ok := e.Recurrence.At(1 + w.rnd.IntN(5))
	if !ok || slices.Contains(e.Deleted, day) {
		return nil
	}
	if w.rnd.IntN(2) == 0 {
		_, err = v.DeleteOccurrence(w.Context(), it.ID, day, 0)
		w.note("the server deletes the occurrence of %s of %d %s: %v", day, it.ID, e.Subject, err)
	} else {
		subject := fmt.Sprintf("%s other%d", nameIn(e.Subject), w.rnd.IntN(1000))
		_, err = v.UpdateOccurrence(w.Context(), it.ID, day, 0, 0, func(it *mailbox.Item) error {
			it.Props.SetString(mailbox.PidTagSubject, subject)
			return nil
		})
		w.note("the server changes the occurrence of %s of %d %s to %s: %v", day, it.ID, e.Subject, subject, err)
	}
	var refused *entente.Error
	if errors.As(err, &refused) {
		return nil // the last occurrence of a series stays
	}
	return err
}
