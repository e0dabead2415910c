package delivery

import (
	"context"
	"strings"
)

// IsMeetingMessage reports whether an item of the class is a message about a
// meeting.
func IsMeetingMessage(class string) bool {
	const c = "ipm.schedule.meeting."
	return len(class) > len(c) && strings.EqualFold(class[:len(c)], c)
}

func (c *Courier) keepCalendar(ctx context.Context, a Attendant, d delivered) error {
	return nil
}
