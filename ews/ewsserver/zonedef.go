package ewsserver

import (
	"fmt"
	"time"

	"entente/calendar"
	"entente/ews"
)

// definitionFrom reads what a client spelled out. Times that are no times are
// errors; what the rules mean, calendar finds out. [MS-OXWSGTZ] 2.2.4.15
func definitionFrom(d *ews.TimeZoneDefinition) (*calendar.TimeZoneDefinition, error) {
	def := &calendar.TimeZoneDefinition{ID: d.ID, Name: d.Name}
	for _, p := range d.Periods {
		bias, ok := p.Bias.Std()
		if !ok && p.Bias != "" {
			return nil, fmt.Errorf("the bias of period %q is no duration", p.ID)
		}
		def.Periods = append(def.Periods, calendar.TimeZonePeriod{ID: p.ID, Name: p.Name, Bias: bias})
	}
	for _, g := range d.TransitionsGroups {
		list, err := transitionsFrom(g.List)
		if err != nil {
			return nil, err
		}
		def.Groups = append(def.Groups, calendar.TransitionsGroup{ID: g.ID, Transitions: list})
	}
	if d.Transitions == nil {
		return def, nil
	}
	var err error
	def.Transitions, err = transitionsFrom(d.Transitions.List)
	return def, err
}

func transitionsFrom(list []ews.AnyTransition) ([]calendar.TimeZoneTransition, error) {
	out := make([]calendar.TimeZoneTransition, 0, len(list))
	for i := range list {
		t, err := transitionFrom(&list[i])
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func transitionFrom(a *ews.AnyTransition) (calendar.TimeZoneTransition, error) {
	target := func(kind calendar.TransitionKind, to ews.TransitionTarget) calendar.TimeZoneTransition {
		return calendar.TimeZoneTransition{Kind: kind, ToGroup: to.Kind == ews.TransitionToGroup, To: to.ID}
	}
	switch {
	case a.Transition != nil:
		return target(calendar.Transition, a.Transition.To), nil
	case a.AbsoluteDate != nil:
		t := target(calendar.AbsoluteDateTransition, a.AbsoluteDate.To)
		// The clock is what counts: it has no zone, whatever a client wrote.
		c := a.AbsoluteDate.DateTime
		t.DateTime = time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), c.Second(), 0, time.UTC)
		return t, nil
	case a.RecurringDay != nil:
		r := a.RecurringDay
		t := target(calendar.RecurringDayTransition, r.To)
		day, ok := weekday(r.DayOfWeek)
		offset, isDuration := r.TimeOffset.Std()
		if !ok || !isDuration {
			return t, fmt.Errorf("a recurring day transition has no day or no time")
		}
		t.TimeOffset, t.Month, t.DayOfWeek, t.Occurrence = offset, time.Month(r.Month), day, r.Occurrence
		return t, nil
	case a.RecurringDate != nil:
		r := a.RecurringDate
		t := target(calendar.RecurringDateTransition, r.To)
		offset, ok := r.TimeOffset.Std()
		if !ok {
			return t, fmt.Errorf("a recurring date transition has no time")
		}
		t.TimeOffset, t.Month, t.Day = offset, time.Month(r.Month), r.Day
		return t, nil
	}
	return calendar.TimeZoneTransition{}, fmt.Errorf("a transition is empty")
}

// definitionTo writes a definition for the wire.
func definitionTo(d *calendar.TimeZoneDefinition) *ews.TimeZoneDefinition {
	def := &ews.TimeZoneDefinition{ID: d.ID, Name: d.Name}
	for _, p := range d.Periods {
		def.Periods = append(def.Periods, ews.Period{Bias: ews.DurationOf(p.Bias), Name: p.Name, ID: p.ID})
	}
	for _, g := range d.Groups {
		def.TransitionsGroups = append(def.TransitionsGroups, ews.TransitionsGroup{ID: g.ID, List: transitionsTo(g.Transitions)})
	}
	if len(d.Transitions) > 0 {
		def.Transitions = &ews.TransitionsGroup{List: transitionsTo(d.Transitions)}
	}
	return def
}

func transitionsTo(list []calendar.TimeZoneTransition) []ews.AnyTransition {
	out := make([]ews.AnyTransition, len(list))
	for i := range list {
		t := &list[i]
		to := ews.TransitionTarget{Kind: ews.TransitionToPeriod, ID: t.To}
		if t.ToGroup {
			to.Kind = ews.TransitionToGroup
		}
		switch t.Kind {
		case calendar.AbsoluteDateTransition:
			out[i].AbsoluteDate = &ews.AbsoluteDateTransition{To: to, DateTime: t.DateTime}
		case calendar.RecurringDayTransition:
			out[i].RecurringDay = &ews.RecurringDayTransition{
				To: to, TimeOffset: ews.DurationOf(t.TimeOffset), Month: int(t.Month),
				DayOfWeek: ews.DayOfWeek(t.DayOfWeek.String()), Occurrence: t.Occurrence,
			}
		case calendar.RecurringDateTransition:
			out[i].RecurringDate = &ews.RecurringDateTransition{
				To: to, TimeOffset: ews.DurationOf(t.TimeOffset), Month: int(t.Month), Day: t.Day,
			}
		default:
			out[i].Transition = &ews.Transition{To: to}
		}
	}
	return out
}

// weekday is a day of the week; the classes of days (Weekday, Day) are none.
func weekday(d ews.DayOfWeek) (time.Weekday, bool) {
	for w := time.Sunday; w <= time.Saturday; w++ {
		if w.String() == string(d) {
			return w, true
		}
	}
	return 0, false
}
