package easserver

import (
	"time"

	"entente"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Values of PidTagFlagStatus, which phones know by the same numbers.
// [MS-OXOFLAG] 2.2.1.1, [MS-ASEMAIL] 2.2.2.70
const (
	flagNone     = 0
	flagComplete = 1
	flagActive   = 2
)

// flagTimes are the times of a follow-up flag.
var flagTimes = [...]struct {
	tag  wbxml.Tag
	prop mailbox.Prop
}{
	{wbxml.EmailCompleteTime, mailbox.PidTagFlagCompleteTime},
	{wbxml.TasksDateCompleted, mailbox.PidLidTaskDateCompleted},
	{wbxml.TasksStartDate, mailbox.PidLidTaskStartDate},
	{wbxml.TasksUtcStartDate, mailbox.PidLidCommonStart},
	{wbxml.TasksDueDate, mailbox.PidLidTaskDueDate},
	{wbxml.TasksUtcDueDate, mailbox.PidLidCommonEnd},
	{wbxml.TasksOrdinalDate, mailbox.PidLidToDoOrdinalDate},
	{wbxml.TasksReminderTime, mailbox.PidLidReminderTime},
}

// writeFlag writes the follow-up flag; without one, an empty element.
// [MS-ASEMAIL] 2.2.2.34
func writeFlag(c *call, it *mailbox.Item) {
	w, ps := c.out, &it.Props
	status, _ := ps.Int(mailbox.PidTagFlagStatus)
	if status != flagActive && status != flagComplete {
		w.Empty(wbxml.EmailFlag)
		return
	}
	w.Start(wbxml.EmailFlag)
	w.Int(wbxml.EmailStatus, status)
	text := func(t wbxml.Tag, p mailbox.Prop) {
		if s := ps.String(p); s != "" {
			w.Text(t, bounded(s, maxSubject))
		}
	}
	text(wbxml.EmailFlagType, mailbox.PidLidFlagRequest)
	text(wbxml.TasksSubject, mailbox.PidLidToDoTitle)
	for _, f := range flagTimes {
		at, ok := flagTime(ps, f.prop)
		if !ok || f.prop == mailbox.PidTagFlagCompleteTime && status != flagComplete {
			continue
		}
		w.Text(f.tag, wireTime(at))
	}
	text(wbxml.TasksSubOrdinalDate, mailbox.PidLidToDoSubOrdinal)
	if ps.Has(mailbox.PidLidReminderSet) {
		w.Bool(wbxml.TasksReminderSet, ps.Bool(mailbox.PidLidReminderSet))
	}
	w.End()
}

// flagTime is one of the times. Who set the flag by another protocol gave one of
// local and universal time, which then stands for both: phones want the pair.
func flagTime(ps *mailbox.Props, p mailbox.Prop) (time.Time, bool) {
	if t, ok := ps.Time(p); ok {
		return t, true
	}
	switch p {
	case mailbox.PidLidCommonStart:
		return ps.Time(mailbox.PidLidTaskStartDate)
	case mailbox.PidLidTaskStartDate:
		return ps.Time(mailbox.PidLidCommonStart)
	case mailbox.PidLidCommonEnd:
		return ps.Time(mailbox.PidLidTaskDueDate)
	case mailbox.PidLidTaskDueDate:
		return ps.Time(mailbox.PidLidCommonEnd)
	case mailbox.PidLidTaskDateCompleted:
		return ps.Time(mailbox.PidTagFlagCompleteTime)
	}
	return time.Time{}, false
}

// setFlag makes a flag what a phone says: an empty element, or the status 0, takes
// it away. What is said of it replaces what was. [MS-ASEMAIL] 3.1.5.1
func setFlag(ps *mailbox.Props, in *wbxml.Element, now time.Time) error {
	times := map[mailbox.Prop]time.Time{}
	for _, f := range flagTimes {
		e := in.Child(f.tag)
		if e == nil || e.Text() == "" {
			continue
		}
		at, ok := parseTime(e.Text())
		if !ok {
			return entente.Errorf(entente.Invalid, "a flag has a time that is none")
		}
		times[f.prop] = at
	}
	clearFlag(ps)
	switch in.Get(wbxml.EmailStatus) {
	case "", "0":
		return nil
	case "1":
		ps.SetInt(mailbox.PidTagFlagStatus, flagComplete)
		if _, ok := times[mailbox.PidTagFlagCompleteTime]; !ok {
			times[mailbox.PidTagFlagCompleteTime] = now
		}
	case "2":
		ps.SetInt(mailbox.PidTagFlagStatus, flagActive)
		ps.SetInt(mailbox.PidTagFollowupIcon, 6) // red, [MS-OXOFLAG] 2.2.1.2
		ps.SetInt(mailbox.PidTagToDoItemFlags, 1)
		delete(times, mailbox.PidTagFlagCompleteTime)
		delete(times, mailbox.PidLidTaskDateCompleted)
	default:
		return entente.Errorf(entente.Invalid, "a flag has a status that is none")
	}
	for p, at := range times {
		ps.SetTime(p, at)
	}
	request := in.Get(wbxml.EmailFlagType)
	if request == "" {
		request = "Follow up"
	}
	ps.SetString(mailbox.PidLidFlagRequest, bounded(request, maxSubject))
	for _, t := range [...]struct {
		tag  wbxml.Tag
		prop mailbox.Prop
	}{{wbxml.TasksSubject, mailbox.PidLidToDoTitle}, {wbxml.TasksSubOrdinalDate, mailbox.PidLidToDoSubOrdinal}} {
		if s := in.Get(t.tag); s != "" {
			ps.SetString(t.prop, bounded(s, maxSubject))
		}
	}
	if set := in.Get(wbxml.TasksReminderSet); set != "" {
		ps.SetBool(mailbox.PidLidReminderSet, set == "1" || set == "true")
		if at, ok := times[mailbox.PidLidReminderTime]; ok {
			ps.SetTime(mailbox.PidLidReminderSignalTime, at)
		}
	}
	return nil
}

func clearFlag(ps *mailbox.Props) {
	ps.Delete(mailbox.PidTagFlagStatus, mailbox.PidTagFollowupIcon, mailbox.PidTagToDoItemFlags, mailbox.PidLidFlagRequest,
		mailbox.PidLidToDoTitle, mailbox.PidLidToDoSubOrdinal, mailbox.PidLidReminderSet, mailbox.PidLidReminderSignalTime)
	for _, f := range flagTimes {
		ps.Delete(f.prop)
	}
}

// parseTime reads both forms in which phones write times. [MS-ASDTYPE] 2.7.2
func parseTime(s string) (time.Time, bool) {
	for _, form := range [...]string{"2006-01-02T15:04:05.999Z", "20060102T150405Z", time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), t.Year() >= 1601 && t.Year() <= 4500
		}
	}
	return time.Time{}, false
}
