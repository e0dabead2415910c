package ewsserver

import (
	"time"

	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// seriesFields are what makes an appointment a series. [MS-OXWSMTGS] 2.2.4.9
func seriesFields() []row {
	return []row{
		{ews.FieldCalendarItemType, itemField{get: func(v *itemView) any {
			return [...]string{"Single", "Occurrence", "Exception", "RecurringMaster"}[v.calendarKind()]
		}}},
		// Only what belongs to a series is recurring in this sense; the series
		// itself is told by its type.
		{ews.FieldIsRecurring, itemField{prop: mailbox.PidLidRecurring, get: func(v *itemView) any {
			return v.occurrence() || v.kind != ews.KindCalendarItem && v.it.Props.Bool(mailbox.PidLidIsRecurring)
		}}},
		{ews.FieldRecurrence, itemField{get: getRecurrence, set: setRecurrence, clear: clearRecurrence}},
		{ews.FieldFirstOccurrence, itemField{get: func(v *itemView) any { return v.end((*calendar.Recurrence).Begin) }}},
		{ews.FieldLastOccurrence, itemField{get: func(v *itemView) any { return v.end((*calendar.Recurrence).Finish) }}},
		{ews.FieldModifiedOccurrences, itemField{get: getModified}},
		{ews.FieldDeletedOccurrences, itemField{get: getDeleted}},
	}
}

func (v *itemView) series() *calendar.Event {
	if v.occurrence() || mailbox.KindOf(v.it) != mailbox.RecurringMaster {
		return nil
	}
	if e := v.appointment(); e != nil && e.Recurrence != nil {
		return e
	}
	return nil
}

func getRecurrence(v *itemView) any {
	e := v.series()
	if e == nil {
		return nil
	}
	pattern, ok := patternTo(e.Recurrence)
	if !ok {
		return nil
	}
	return &ews.Recurrence{Pattern: pattern.RecurrencePattern, Range: rangeTo(e.Recurrence)}
}

func setRecurrence(e *itemEdit, v *ews.Value) error {
	r, ok := v.V.(*ews.Recurrence)
	if !ok {
		return invalidValue(v)
	}
	rule, err := recurrenceFrom(&ews.TaskRecurrencePattern{RecurrencePattern: r.Pattern}, &r.Range)
	if err != nil {
		return err
	}
	e.event.recurrence = rule
	return nil
}

func clearRecurrence(e *itemEdit, _ string) error {
	e.event.single = true
	return nil
}

// end is the first or the last occurrence that takes place as the pattern says.
func (v *itemView) end(of func(*calendar.Recurrence) (calendar.Date, bool)) any {
	e := v.series()
	if e == nil {
		return nil
	}
	day, ok := of(e.Recurrence)
	if !ok {
		return nil
	}
	when := e.OriginalTime(day)
	if o, ok := e.OccurrenceOn(day); ok {
		when = o.Interval
	}
	return v.occurrenceInfo(e, day, when)
}

func (v *itemView) occurrenceInfo(e *calendar.Event, day calendar.Date, at calendar.Interval) *ews.Occurrence {
	id := v.storeID()
	year, month, d := day.Civil()
	id.Instance = ews.InstanceDate{Year: uint16(year), Month: uint8(month), Day: uint8(d)}
	return &ews.Occurrence{
		ItemID: ews.ItemID{ID: id.String(), ChangeKey: changeKey(v.view.Mailbox(), v.it.Change)},
		Start:  at.Start.UTC(), End: at.End.UTC(), OriginalStart: e.OriginalTime(day).Start.UTC(),
	}
}

func getModified(v *itemView) any {
	e := v.series()
	if e == nil || len(e.Exceptions) == 0 {
		return nil
	}
	list := make([]ews.Occurrence, 0, len(e.Exceptions))
	for i := range e.Exceptions {
		x := &e.Exceptions[i]
		list = append(list, *v.occurrenceInfo(e, x.Original, calendar.Interval{Start: x.Start, End: x.End}))
	}
	return list
}

func getDeleted(v *itemView) any {
	e := v.series()
	if e == nil || len(e.Deleted) == 0 {
		return nil
	}
	list := make([]ews.DeletedOccurrence, 0, len(e.Deleted))
	for _, day := range e.Deleted {
		list = append(list, ews.DeletedOccurrence{Start: e.OriginalTime(day).Start.UTC()})
	}
	return list
}

func badRecurrence(code ews.ResponseCode) error { return &ews.Fault{Code: code} }

// recurrenceFrom reads a pattern and its range. [MS-OXWSCDATA] 2.2.3.19
func recurrenceFrom(p *ews.TaskRecurrencePattern, within *ews.RecurrenceRange) (*calendar.Recurrence, error) {
	r := &calendar.Recurrence{Interval: 1}
	ok := patternFrom(r, p)
	if !ok {
		ok = regenerationFrom(r, p)
	}
	if !ok {
		return nil, badRecurrence(ews.ErrorCalendarInvalidRecurrence)
	}
	if err := rangeFrom(r, within); err != nil {
		return nil, err
	}
	if err := r.Check(); err != nil {
		return nil, &ews.Fault{Code: ews.ErrorCalendarInvalidRecurrence, Text: "The recurrence is not valid: " + err.Error() + "."}
	}
	if _, any := r.Begin(); !any && !r.Pattern.Regenerating() {
		return nil, badRecurrence(ews.ErrorCalendarInvalidRecurrence)
	}
	return r, nil
}

func patternFrom(r *calendar.Recurrence, p *ews.TaskRecurrencePattern) bool {
	ok := true
	switch {
	case p.Daily != nil:
		r.Pattern, r.Interval = calendar.Daily, p.Daily.Interval
	case p.Weekly != nil:
		w := p.Weekly
		r.Pattern, r.Interval = calendar.Weekly, w.Interval
		r.Days, ok = weekdaySet(w.DaysOfWeek...)
		if w.FirstDayOfWeek != "" && ok {
			r.FirstDayOfWeek, ok = weekday(w.FirstDayOfWeek)
		}
	case p.AbsoluteMonthly != nil:
		r.Pattern, r.Interval, r.DayOfMonth = calendar.AbsoluteMonthly, p.AbsoluteMonthly.Interval, p.AbsoluteMonthly.DayOfMonth
	case p.RelativeMonthly != nil:
		m := p.RelativeMonthly
		r.Pattern, r.Interval, r.DayOfWeekIndex = calendar.RelativeMonthly, m.Interval, dayIndex(m.DayOfWeekIndex)
		r.Days, ok = weekdaySet(m.DaysOfWeek)
	case p.AbsoluteYearly != nil:
		r.Pattern, r.DayOfMonth, r.Month = calendar.AbsoluteYearly, p.AbsoluteYearly.DayOfMonth, p.AbsoluteYearly.Month.Number()
	case p.RelativeYearly != nil:
		y := p.RelativeYearly
		r.Pattern, r.DayOfWeekIndex, r.Month = calendar.RelativeYearly, dayIndex(y.DayOfWeekIndex), y.Month.Number()
		r.Days, ok = weekdaySet(y.DaysOfWeek)
	default:
		return false
	}
	return ok && r.Interval >= 1
}

func regenerationFrom(r *calendar.Recurrence, p *ews.TaskRecurrencePattern) bool {
	for pattern, i := range map[calendar.Pattern]*ews.IntervalRecurrence{
		calendar.DailyRegeneration: p.DailyRegeneration, calendar.WeeklyRegeneration: p.WeeklyRegeneration,
		calendar.MonthlyRegeneration: p.MonthlyRegeneration, calendar.YearlyRegeneration: p.YearlyRegeneration,
	} {
		if i != nil {
			r.Pattern, r.Interval = pattern, i.Interval
			return i.Interval >= 1
		}
	}
	return false
}

func rangeFrom(r *calendar.Recurrence, within *ews.RecurrenceRange) error {
	day := func(d ews.Date) calendar.Date { return calendar.DateOf(d.Time()) }
	switch {
	case within.NoEnd != nil:
		r.Range, r.Start = calendar.NoEnd, day(within.NoEnd.StartDate)
	case within.EndDate != nil:
		r.Range, r.Start, r.End = calendar.EndDate, day(within.EndDate.StartDate), day(within.EndDate.EndDate)
		if r.End < r.Start {
			return badRecurrence(ews.ErrorCalendarEndDateIsEarlierThanStartDate)
		}
	case within.Numbered != nil:
		r.Range, r.Start, r.Count = calendar.Numbered, day(within.Numbered.StartDate), within.Numbered.NumberOfOccurrences
	default:
		return badRecurrence(ews.ErrorCalendarInvalidRecurrence)
	}
	return nil
}

var dayIndexes = [...]ews.DayOfWeekIndex{"", ews.First, ews.Second, ews.Third, ews.Fourth, ews.Last}

func dayIndex(i ews.DayOfWeekIndex) calendar.DayOfWeekIndex {
	for n, name := range dayIndexes {
		if name == i {
			return calendar.DayOfWeekIndex(n)
		}
	}
	return 0
}

// patternTo writes a pattern; ok is false for what EWS has no words for: a
// year's interval, which only iCalendar knows, is not said.
func patternTo(r *calendar.Recurrence) (ews.TaskRecurrencePattern, bool) {
	var p ews.TaskRecurrencePattern
	interval := max(r.Interval, 1)
	every := &ews.IntervalRecurrence{Interval: interval}
	month := ews.Month(r.Month.String())
	switch r.Pattern {
	case calendar.Daily:
		p.Daily = every
	case calendar.Weekly:
		p.Weekly = &ews.WeeklyRecurrence{Interval: interval, DaysOfWeek: dayNames(r.Days), FirstDayOfWeek: ews.DayOfWeek(r.FirstDayOfWeek.String())}
	case calendar.AbsoluteMonthly:
		p.AbsoluteMonthly = &ews.AbsoluteMonthlyRecurrence{Interval: interval, DayOfMonth: r.DayOfMonth}
	case calendar.RelativeMonthly:
		p.RelativeMonthly = &ews.RelativeMonthlyRecurrence{Interval: interval, DaysOfWeek: dayClass(r.Days), DayOfWeekIndex: dayIndexes[r.DayOfWeekIndex]}
	case calendar.AbsoluteYearly:
		p.AbsoluteYearly = &ews.AbsoluteYearlyRecurrence{DayOfMonth: r.DayOfMonth, Month: month}
	case calendar.RelativeYearly:
		p.RelativeYearly = &ews.RelativeYearlyRecurrence{DaysOfWeek: dayClass(r.Days), DayOfWeekIndex: dayIndexes[r.DayOfWeekIndex], Month: month}
	case calendar.DailyRegeneration:
		p.DailyRegeneration = every
	case calendar.WeeklyRegeneration:
		p.WeeklyRegeneration = every
	case calendar.MonthlyRegeneration:
		p.MonthlyRegeneration = every
	case calendar.YearlyRegeneration:
		p.YearlyRegeneration = every
	default:
		return p, false
	}
	return p, true
}

func dayNames(days calendar.Weekdays) ews.DaysOfWeek {
	var names ews.DaysOfWeek
	for w := time.Sunday; w <= time.Saturday; w++ {
		if days&(1<<w) != 0 {
			names = append(names, ews.DayOfWeek(w.String()))
		}
	}
	return names
}

// dayClass is the one word that relative patterns have for their days.
func dayClass(days calendar.Weekdays) ews.DayOfWeek {
	switch days {
	case calendar.EveryDay:
		return ews.AnyDay
	case calendar.WorkDays:
		return ews.Weekday
	case calendar.WeekendDay:
		return ews.WeekendDay
	}
	if names := dayNames(days); len(names) > 0 {
		return names[0]
	}
	return ews.AnyDay
}

func rangeTo(r *calendar.Recurrence) ews.RecurrenceRange {
	start := ews.Date(r.Start.String())
	switch r.Range {
	case calendar.EndDate:
		return ews.RecurrenceRange{EndDate: &ews.EndDateRecurrence{StartDate: start, EndDate: ews.Date(r.End.String())}}
	case calendar.Numbered:
		return ews.RecurrenceRange{Numbered: &ews.NumberedRecurrence{StartDate: start, NumberOfOccurrences: r.Count}}
	}
	return ews.RecurrenceRange{NoEnd: &ews.NoEndRecurrence{StartDate: start}}
}
