package easserver

import (
	"time"

	"entente/activesync"
	"entente/mailbox"
)

// Filters. [MS-ASCMD] 2.2.3.68
const (
	filterNone       = 0
	filterIncomplete = 8
)

// filterOf is the filter of a class for a FilterType: what is no filter for a class
// filters nothing.
func filterOf(c activesync.Class, n int) int {
	switch {
	case c == activesync.Tasks && n == filterIncomplete:
		return n
	case (c == activesync.Email || c == activesync.Calendar) && n < filterIncomplete:
		return n
	}
	return filterNone
}

// cutOf is the moment, in ticks, that a filter begins with; 0 for one that lets
// everything through, and for that of tasks. It moves once a day, so that a phone
// is not told of an item that leaves every other minute.
func cutOf(filter int, now time.Time) int64 {
	day := now.UTC().Truncate(24 * time.Hour)
	switch filter {
	case 1:
		day = day.AddDate(0, 0, -1)
	case 2:
		day = day.AddDate(0, 0, -3)
	case 3:
		day = day.AddDate(0, 0, -7)
	case 4:
		day = day.AddDate(0, 0, -14)
	case 5:
		day = day.AddDate(0, -1, 0)
	case 6:
		day = day.AddDate(0, -3, 0)
	case 7:
		day = day.AddDate(0, -6, 0)
	default:
		return 0
	}
	return mailbox.Ticks(day)
}

// passes reports whether an item passes the filter of a calendar or of tasks: an
// event that ends, or a series that goes on, after the filter begins; a task that
// is not complete.
func passes(filter int, cut int64, it *mailbox.Item) bool {
	switch filter {
	case filterNone:
		return true
	case filterIncomplete:
		const complete = 2 // [MS-OXOTASK] 2.2.2.2.2
		status, _ := it.Props.Int(mailbox.PidLidTaskStatus)
		return !it.Props.Bool(mailbox.PidLidTaskComplete) && status != complete
	}
	end := it.End()
	return end == 0 || end >= cut
}
