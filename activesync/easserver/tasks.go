package easserver

import (
	"strconv"
	"time"

	"entente"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// taskClass maps tasks, [MS-ASTASK].
type taskClass struct{}

// shown implements class.
func (taskClass) shown(it *mailbox.Item) bool {
	return hasPrefixFold(it.Class, "IPM.Task") && (len(it.Class) == len("IPM.Task") || it.Class[len("IPM.Task")] == '.')
}

// parts implements class.
func (taskClass) parts(o *options) mailbox.Parts { return bodyParts(o) &^ mailbox.PartMIME }

// Values of PidLidTaskStatus. [MS-OXOTASK] 2.2.2.2.2
const (
	taskNotStarted = 0
	taskComplete   = 2
)

// taskDates are the two days of a task, each in two forms: what the clock of its
// owner shows, which MAPI and EWS have too, and the instant. [MS-ASTASK] 2.2.2.11,
// 2.2.2.31
var taskDates = [...]taskDate{
	{wbxml.TasksStartDate, wbxml.TasksUtcStartDate, mailbox.PidLidTaskStartDate, mailbox.PidLidCommonStart},
	{wbxml.TasksDueDate, wbxml.TasksUtcDueDate, mailbox.PidLidTaskDueDate, mailbox.PidLidCommonEnd},
}

type taskDate struct {
	local, utc         wbxml.Tag
	localProp, utcProp mailbox.Prop
}

// write writes both. An instant that belongs to another day was left behind by who
// set the day alone.
func (d *taskDate) write(w *wbxml.Writer, ps *mailbox.Props) {
	local, ok := ps.Time(d.localProp)
	if !ok {
		return
	}
	utc, ok := ps.Time(d.utcProp)
	if apart := utc.Sub(local); !ok || apart > 14*time.Hour || apart < -14*time.Hour {
		utc = local
	}
	w.Text(d.utc, punctuated(utc))
	w.Text(d.local, punctuated(local))
}

// read reads them; either stands for both, and an empty one takes the day away.
func (d *taskDate) read(in *wbxml.Element, ps *mailbox.Props) error {
	local, utc := in.Child(d.local), in.Child(d.utc)
	if local == nil && utc == nil {
		return nil
	}
	if local.Text()+utc.Text() == "" {
		ps.Delete(d.localProp, d.utcProp)
		return nil
	}
	if local.Text() == "" {
		local = utc
	}
	if utc.Text() == "" {
		utc = local
	}
	at, err := parseEventTime(local.Text())
	if err != nil {
		return err
	}
	instant, err := parseEventTime(utc.Text())
	if err != nil {
		return err
	}
	ps.SetTime(d.localProp, at)
	ps.SetTime(d.utcProp, instant)
	return nil
}

// write implements class. [MS-ASTASK] 2.2.2
func (taskClass) write(c *call, it *mailbox.Item, o *options) error {
	w, ps := c.out, &it.Props
	r, err := it.TaskRecurrence()
	if err != nil {
		return err
	}
	w.Text(wbxml.TasksSubject, ps.String(mailbox.PidTagSubject))
	importance, ok := ps.Int(mailbox.PidTagImportance)
	if !ok || importance < 0 || importance > 2 {
		importance = 1
	}
	w.Int(wbxml.TasksImportance, importance)
	for i := range taskDates {
		taskDates[i].write(w, ps)
	}
	if list := ps.Strings(mailbox.PidNameKeywords); len(list) > 0 {
		w.Start(wbxml.TasksCategories)
		for _, s := range list[:min(len(list), maxEventCategories)] {
			w.Text(wbxml.TasksCategory, s)
		}
		w.End()
	}
	if r != nil {
		writeTaskRecurrence(c, it, r)
	}
	w.Bool(wbxml.TasksComplete, ps.Bool(mailbox.PidLidTaskComplete))
	if at, ok := ps.Time(mailbox.PidLidTaskDateCompleted); ok && ps.Bool(mailbox.PidLidTaskComplete) {
		w.Text(wbxml.TasksDateCompleted, punctuated(at))
	}
	sensitivity, _ := ps.Int(mailbox.PidTagSensitivity)
	w.Int(wbxml.TasksSensitivity, min(max(sensitivity, 0), 3))
	w.Bool(wbxml.TasksReminderSet, ps.Bool(mailbox.PidLidReminderSet))
	if at, ok := ps.Time(mailbox.PidLidReminderTime); ok && ps.Bool(mailbox.PidLidReminderSet) {
		w.Text(wbxml.TasksReminderTime, punctuated(at))
	}
	if at, ok := ps.Time(mailbox.PidLidToDoOrdinalDate); ok {
		w.Text(wbxml.TasksOrdinalDate, punctuated(at))
		w.Text(wbxml.TasksSubOrdinalDate, ps.String(mailbox.PidLidToDoSubOrdinal))
	}
	return writeBody(c, it, o)
}

func writeTaskRecurrence(c *call, it *mailbox.Item, r *calendar.Recurrence) {
	shown := *r
	shown.Count = min(r.Count, 255) // what the schema has room for
	c.out.Start(wbxml.TasksRecurrence)
	taskRecurrence().write(c.out, &shown, punctuated(dayTimeOf(r.End)), c.at)
	c.out.Text(wbxml.TasksStart, punctuated(dayTimeOf(r.Start)))
	c.out.Bool(wbxml.TasksRegenerate, r.Pattern.Regenerating())
	c.out.Bool(wbxml.TasksDeadOccur, it.Props.Bool(mailbox.PidLidTaskDeadOccurrence))
	c.out.End()
}

// create implements class.
func (taskClass) create(c *call, folder *mailbox.Folder, in *wbxml.Element, arrival string) (*mailbox.Item, func(), error) {
	it := &mailbox.Item{Class: "IPM.Task", Read: true, Parts: mailbox.AllParts, Arrival: arrival}
	if err := c.readTask(it, in); err != nil {
		return nil, nil, err
	}
	it.Props.SetTime(mailbox.PidTagMessageDeliveryTime, c.s.Now())
	return it, nil, c.view.CreateItem(c.ctx, folder.ID, it)
}

// change implements class. What is not named stays: tasks have no ghosted
// elements.
func (taskClass) change(c *call, it *mailbox.Item, in *wbxml.Element, _ *options) (*mailbox.Item, func(), error) {
	changed, err := c.view.UpdateItem(c.ctx, it.ID, 0, mailbox.PartBody, func(it *mailbox.Item) error {
		before := it.Props.Clone()
		body := it.Body
		if err := c.readTask(it, in); err != nil {
			return err
		}
		if it.Props.Equal(&before) && sameBody(body, it.Body) {
			return nil
		}
		version, _ := it.Props.Int(mailbox.PidLidTaskVersion)
		it.Props.SetInt(mailbox.PidLidTaskVersion, version+1)
		it.Props.SetString(mailbox.PidTagLastModifierName, c.modifier())
		return nil
	})
	return changed, nil, err
}

func sameBody(a, b *mailbox.Body) bool {
	if a == nil || b == nil {
		return a == b
	}
	return string(a.Text) == string(b.Text) && string(a.HTML) == string(b.HTML)
}

// remove implements class.
func (taskClass) remove(c *call, it *mailbox.Item, _ *wbxml.Element, mode mailbox.DeleteMode) error {
	moved, err := c.view.DeleteItems(c.ctx, []mailbox.ItemID{it.ID}, mode)
	if err == nil {
		err = moved[0].Err
	}
	return err
}

// readTask does to a task what ApplicationData says.
func (c *call) readTask(it *mailbox.Item, in *wbxml.Element) error {
	ps := &it.Props
	if el := in.Child(wbxml.TasksSubject); el != nil {
		s := cutAt(el.Text(), maxText)
		ps.SetString(mailbox.PidTagSubject, s)
		ps.SetString(mailbox.PidTagNormalizedSubject, s)
	}
	if el := in.Child(wbxml.TasksCategories); el != nil {
		var list []string
		for one := range el.All(wbxml.TasksCategory) {
			if s := one.Text(); s != "" && len(list) < maxEventCategories {
				list = append(list, cutAt(s, 255))
			}
		}
		if ps.Delete(mailbox.PidNameKeywords); len(list) > 0 {
			ps.SetStrings(mailbox.PidNameKeywords, list)
		}
	}
	b, err := readBody(in)
	if err != nil {
		return err
	}
	if b != nil && (it.Body != nil || len(b.Text)+len(b.HTML) > 0) {
		it.Body = b
	}
	// What is shown for want of a value is no value when it comes back.
	for _, n := range [...]struct {
		tag       wbxml.Tag
		prop      mailbox.Prop
		otherwise int
		to        int
	}{{wbxml.TasksImportance, mailbox.PidTagImportance, 1, 2}, {wbxml.TasksSensitivity, mailbox.PidTagSensitivity, 0, 3}} {
		if err := readNumber(in, n.tag, n.to, func(v int) {
			if ps.Has(n.prop) || v != n.otherwise {
				ps.SetInt(n.prop, int64(v))
			}
		}); err != nil {
			return err
		}
	}
	if n, ok := ps.Int(mailbox.PidTagSensitivity); ok && in.Has(wbxml.TasksSensitivity) {
		ps.SetBool(mailbox.PidLidPrivate, n == int64(calendar.Private))
	}
	for i := range taskDates {
		if err := taskDates[i].read(in, ps); err != nil {
			return err
		}
	}
	for _, read := range [...]func(*mailbox.Item, *wbxml.Element) error{c.readTaskRecurrence, c.readTaskReminder, c.readTaskState} {
		if err := read(it, in); err != nil {
			return err
		}
	}
	return nil
}

// readNumber reads an element with a number from 0 on, if it is there and says one.
func readNumber(in *wbxml.Element, tag wbxml.Tag, to int, set func(int)) error {
	s := in.Get(tag)
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > to {
		return badValue(tag, s)
	}
	set(n)
	return nil
}

// readTaskRecurrence reads how a task comes back. A phone moves the task on when
// it is completed, and adds the completed one as a dead occurrence of its own.
// [MS-ASTASK] 3.1.5.2
func (c *call) readTaskRecurrence(it *mailbox.Item, in *wbxml.Element) error {
	el := in.Child(wbxml.TasksRecurrence)
	if el == nil {
		return nil
	}
	if !el.Has(wbxml.TasksType) {
		it.Props.Delete(mailbox.PidLidTaskDeadOccurrence)
		return it.SetTaskRecurrence(nil)
	}
	start := c.s.Now()
	for _, p := range [...]mailbox.Prop{mailbox.PidLidTaskStartDate, mailbox.PidLidTaskDueDate} {
		if t, ok := it.Props.Time(p); ok {
			start = t
		}
	}
	if s := el.Get(wbxml.TasksStart); s != "" {
		t, err := parseEventTime(s)
		if err != nil {
			return err
		}
		start = t
	}
	dayOf := func(t time.Time) calendar.Date { return calendar.DateOf(t.UTC()) }
	r, err := taskRecurrence().read(el, dayOf(start), dayOf)
	if err != nil {
		return err
	}
	if el.Get(wbxml.TasksRegenerate) == "1" {
		regenerated := [...]calendar.Pattern{
			calendar.Daily: calendar.DailyRegeneration, calendar.Weekly: calendar.WeeklyRegeneration,
			calendar.AbsoluteMonthly: calendar.MonthlyRegeneration, calendar.RelativeMonthly: calendar.MonthlyRegeneration,
			calendar.AbsoluteYearly: calendar.YearlyRegeneration, calendar.RelativeYearly: calendar.YearlyRegeneration,
		}
		r = &calendar.Recurrence{Pattern: regenerated[r.Pattern], Interval: r.Interval, Start: r.Start, Range: r.Range, End: r.End, Count: r.Count}
	}
	if was, err := it.TaskRecurrence(); err == nil && was != nil {
		shown := *was
		if shown.Count > 255 && r.Count == 255 {
			r.Count = shown.Count // as it was shown
		}
		if sameRule(r, was) {
			r = was
		}
	}
	it.Props.SetBool(mailbox.PidLidTaskDeadOccurrence, el.Get(wbxml.TasksDeadOccur) == "1")
	return it.SetTaskRecurrence(r)
}

func (c *call) readTaskReminder(it *mailbox.Item, in *wbxml.Element) error {
	ps := &it.Props
	if s := in.Get(wbxml.TasksReminderTime); s != "" {
		t, err := parseEventTime(s)
		if err != nil {
			return err
		}
		ps.SetTime(mailbox.PidLidReminderTime, t)
		ps.SetTime(mailbox.PidLidReminderSignalTime, t)
	}
	err := readNumber(in, wbxml.TasksReminderSet, 1, func(n int) {
		if ps.Has(mailbox.PidLidReminderSet) || n == 1 {
			ps.SetBool(mailbox.PidLidReminderSet, n == 1)
		}
	})
	if _, ok := ps.Time(mailbox.PidLidReminderTime); err == nil && ps.Bool(mailbox.PidLidReminderSet) && !ok {
		return entente.Errorf(entente.Invalid, "a reminder without a time")
	}
	if s := in.Get(wbxml.TasksOrdinalDate); err == nil && s != "" {
		t, err := parseEventTime(s)
		if err != nil {
			return err
		}
		ps.SetTime(mailbox.PidLidToDoOrdinalDate, t)
		ps.SetString(mailbox.PidLidToDoSubOrdinal, cutAt(in.Get(wbxml.TasksSubOrdinalDate), 1024))
	}
	return err
}

// readTaskState brings state, percentage and day of completion together, as EWS
// shows them. [MS-ASTASK] 2.2.2.8, 2.2.2.9
func (c *call) readTaskState(it *mailbox.Item, in *wbxml.Element) error {
	ps := &it.Props
	err := readNumber(in, wbxml.TasksComplete, 1, func(n int) {
		done := n == 1
		if done == ps.Bool(mailbox.PidLidTaskComplete) && ps.Has(mailbox.PidLidTaskStatus) {
			return // a task in progress stays in progress
		}
		ps.SetBool(mailbox.PidLidTaskComplete, done)
		if !done {
			ps.SetInt(mailbox.PidLidTaskStatus, taskNotStarted)
			ps.SetFloat(mailbox.PidLidPercentComplete, 0)
			ps.Delete(mailbox.PidLidTaskDateCompleted)
			return
		}
		ps.SetInt(mailbox.PidLidTaskStatus, taskComplete)
		ps.SetFloat(mailbox.PidLidPercentComplete, 1)
	})
	if err != nil {
		return err
	}
	if !ps.Has(mailbox.PidLidTaskStatus) {
		ps.SetInt(mailbox.PidLidTaskStatus, taskNotStarted)
		ps.SetFloat(mailbox.PidLidPercentComplete, 0)
		ps.SetBool(mailbox.PidLidTaskComplete, false)
	}
	if !ps.Bool(mailbox.PidLidTaskComplete) {
		return nil
	}
	if s := in.Get(wbxml.TasksDateCompleted); s != "" {
		t, err := parseEventTime(s)
		if err != nil {
			return err
		}
		ps.SetTime(mailbox.PidLidTaskDateCompleted, t)
	} else if !ps.Has(mailbox.PidLidTaskDateCompleted) {
		ps.SetTime(mailbox.PidLidTaskDateCompleted, c.s.Now().UTC().Truncate(24*time.Hour))
	}
	return nil
}
