package calendar

import (
	"fmt"
	"time"
)

// A Date is a day of the calendar without a zone: days since 1970-01-01.
type Date int32

// The years this package computes in. [MS-OXOCAL] counts from 1601,
// and a series without end is stored as ending in 4500.
const (
	minDate Date = -134774 // 1601-01-01
	maxDate Date = 924306  // 4500-08-31
)

const daySeconds = 24 * 60 * 60

// NewDate returns the day; values out of range are carried over as in
// [time.Date].
func NewDate(year int, month time.Month, day int) Date {
	return Date(floorDiv(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix(), daySeconds))
}

// DateOf returns the day that t shows in its own location.
func DateOf(t time.Time) Date { return Date(floorDiv(wallSeconds(t), daySeconds)) }

// ParseDate reads 2006-01-02, also when followed by a zone (Z, +01:00), as
// xs:date allows and some EWS clients send.
func ParseDate(s string) (Date, error) {
	if len(s) > 10 && (s[10] == 'Z' || s[10] == '+' || s[10] == '-' || s[10] == 'T') {
		s = s[:10]
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("calendar: not a date: %q", s)
	}
	return DateOf(t), nil
}

// Civil returns year, month and day.
func (d Date) Civil() (year int, month time.Month, day int) {
	m, day := d.month()
	return int(floorDiv(int64(m), 12)), time.Month(floorMod(m, 12) + 1), day
}

// Weekday returns the day of the week. 1970-01-01 was a Thursday.
func (d Date) Weekday() time.Weekday { return time.Weekday(floorMod(int(d)+4, 7)) }

// String returns the date as 2006-01-02.
func (d Date) String() string {
	y, m, day := d.Civil()
	return fmt.Sprintf("%04d-%02d-%02d", y, m, day)
}

// month returns the month the day lies in, counted from January of year 0, and
// the day in it, from 1. It is Howard Hinnant's civil_from_days: eras of 400
// years that begin in March, so that the leap day comes last.
func (d Date) month() (month, day int) {
	z := int(d) + 719468
	era := floorDiv(int64(z), 146097)
	doe := z - int(era)*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	// mp counts from March, and so does the year.
	return (yoe+int(era)*400)*12 + mp + 2, doy - (153*mp+2)/5 + 1
}

// monthStart is the first day of a month counted from January of year 0.
func monthStart(month int) Date {
	m := month - 2 // from March
	y, mp := int(floorDiv(int64(m), 12)), floorMod(m, 12)
	era := int(floorDiv(int64(y), 400))
	yoe := y - era*400
	doe := yoe*365 + yoe/4 - yoe/100 + (153*mp+2)/5
	return Date(era*146097 + doe - 719468)
}

// monthLen is the number of days of a month counted from January of year 0.
func monthLen(month int) int {
	switch floorMod(month, 12) {
	case 1:
		y := int(floorDiv(int64(month), 12))
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 3, 5, 8, 10:
		return 30
	}
	return 31
}

// wallSeconds is the clock on the wall at t, as if it hung in Greenwich.
func wallSeconds(t time.Time) int64 {
	_, off := t.Zone()
	return t.Unix() + int64(off)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int) int {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}
