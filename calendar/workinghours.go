package calendar

import "time"

// WorkingHours are the times at which somebody works, in that one's zone.
// [MS-OXWAVLS] WorkingHours
type WorkingHours struct {
	Zone    Zone
	Periods []WorkingPeriod
}

// A WorkingPeriod is a stretch of some days of the week, in time of the day.
// [MS-OXWAVLS] WorkingPeriod
type WorkingPeriod struct {
	Days       Weekdays
	Start, End time.Duration // since midnight
}

// DefaultWorkingHours are Exchange's: Monday to Friday, eight to five.
func DefaultWorkingHours(z Zone) WorkingHours {
	return WorkingHours{Zone: z, Periods: []WorkingPeriod{{Days: WorkDays, Start: 8 * time.Hour, End: 17 * time.Hour}}}
}

// Cover reports whether the whole interval lies within one working period.
func (h *WorkingHours) Cover(i Interval) bool {
	day, start := h.Zone.Wall(i.Start)
	end := start + i.Duration()
	for _, p := range h.Periods {
		if p.Days.Has(day.Weekday()) && start >= p.Start && end <= p.End {
			return true
		}
	}
	return false
}
