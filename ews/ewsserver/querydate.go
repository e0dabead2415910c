package ewsserver

import (
	"strconv"
	"strings"
	"time"

	"entente/mailbox"
)

// day compares a time with a day, a stretch of days (a..b) or a name of one.
func (p *queryParser) day(key string, op mailbox.RestrictionOp, word string) mailbox.Restriction {
	prop := mailbox.PidTagMessageDeliveryTime
	switch key {
	case "sent":
		prop = mailbox.PidTagClientSubmitTime
	case "start":
		prop = mailbox.PidLidAppointmentStartWhole
	case "end":
		prop = mailbox.PidLidAppointmentEndWhole
	}
	from, to, ok := p.days(word)
	if !ok {
		p.fail("the keyword " + key + " takes a day")
		return never()
	}
	at := func(op mailbox.RestrictionOp, t time.Time) mailbox.Restriction {
		return mailbox.Restriction{Op: op, Prop: prop, Value: mailbox.Value{Int: mailbox.Ticks(t)}}
	}
	switch op {
	case mailbox.Less:
		return at(mailbox.Less, from)
	case mailbox.LessOrEqual:
		return at(mailbox.Less, to)
	case mailbox.Greater:
		return at(mailbox.GreaterOrEqual, to)
	case mailbox.GreaterOrEqual:
		return at(mailbox.GreaterOrEqual, from)
	}
	return together(mailbox.And, []mailbox.Restriction{at(mailbox.GreaterOrEqual, from), at(mailbox.Less, to)})
}

// days is when a word begins and when it is over, in the zone of the request.
func (p *queryParser) days(word string) (from, to time.Time, ok bool) {
	if a, b, found := strings.Cut(word, ".."); found {
		from, _, ok = p.days(a)
		if !ok {
			return from, to, false
		}
		_, to, ok = p.days(b)
		return from, to, ok
	}
	midnight := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, p.now.Location())
	}
	today := midnight(p.now)
	week := today.AddDate(0, 0, -int(today.Weekday()+6)%7) // Monday
	month := today.AddDate(0, 0, 1-today.Day())
	switch strings.ToLower(word) {
	case "today":
		return today, today.AddDate(0, 0, 1), true
	case "yesterday":
		return today.AddDate(0, 0, -1), today, true
	case "tomorrow":
		return today.AddDate(0, 0, 1), today.AddDate(0, 0, 2), true
	case "this week", "thisweek":
		return week, week.AddDate(0, 0, 7), true
	case "last week", "lastweek":
		return week.AddDate(0, 0, -7), week, true
	case "this month", "thismonth":
		return month, month.AddDate(0, 1, 0), true
	case "last month", "lastmonth":
		return month.AddDate(0, -1, 0), month, true
	}
	for _, form := range [...]string{"2006-01-02", "1/2/2006"} {
		if t, err := time.ParseInLocation(form, word, p.now.Location()); err == nil {
			return midnight(t), midnight(t).AddDate(0, 0, 1), true
		}
	}
	return from, to, false
}

// size compares the bytes of an item with a number: 500, 20kb, 1.5mb.
func (p *queryParser) size(op mailbox.RestrictionOp, word string) mailbox.Restriction {
	word, unit := strings.ToLower(word), 1.0
	for _, u := range [...]struct {
		suffix string
		bytes  float64
	}{{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}} {
		if cut, found := strings.CutSuffix(word, u.suffix); found {
			word, unit = cut, u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(word, 64)
	if err != nil || !(n >= 0 && n*unit < 1<<40) {
		p.fail("the keyword size takes a number of bytes")
		return never()
	}
	return mailbox.Restriction{Op: op, Prop: mailbox.PidTagMessageSize, Value: mailbox.Value{Int: int64(n * unit)}}
}
