package mailbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"entente/calendar"
)

// A series is kept as JSON: few items have one, it has many optional parts, and
// a record that outlives programs should say what is what.
const seriesVersion = 1

// maxExceptions bounds the exceptions, and the deletions, of one series.
const maxExceptions = 10_000

var errSeries = errors.New("damaged series")

// A seriesRecord is what makes an event a series. Times are wall clocks of the
// event's zone wherever that is possible, see wallTime.
type seriesRecord struct {
	Version int      `json:"v"`
	Start   wallTime `json:"start"`
	End     wallTime `json:"end"`
	recurrenceRecord
	Exceptions []exceptionRecord `json:"exceptions,omitempty"`
	Deleted    []calendar.Date   `json:"deleted,omitempty"`
}

// A recurrenceRecord is a pattern and its range.
type recurrenceRecord struct {
	Pattern    calendar.Pattern  `json:"pattern"`
	Interval   int               `json:"interval,omitempty"`
	Days       calendar.Weekdays `json:"days,omitempty"`
	FirstDay   time.Weekday      `json:"first,omitempty"`
	DayOfMonth int               `json:"day,omitempty"`
	Index      uint8             `json:"index,omitempty"`
	Month      time.Month        `json:"month,omitempty"`
	SkipShort  bool              `json:"skip,omitempty"`
	From       calendar.Date     `json:"from"`
	Range      uint8             `json:"range,omitempty"`
	Until      calendar.Date     `json:"until,omitempty"`
	Count      int               `json:"count,omitempty"`
}

func recordRecurrence(r *calendar.Recurrence) recurrenceRecord {
	return recurrenceRecord{
		Pattern: r.Pattern, Interval: r.Interval, Days: r.Days, FirstDay: r.FirstDayOfWeek, DayOfMonth: r.DayOfMonth,
		Index: uint8(r.DayOfWeekIndex), Month: r.Month, SkipShort: r.SkipShort, From: r.Start, Range: uint8(r.Range),
		Until: r.End, Count: r.Count,
	}
}

// recurrence is what was recorded, checked.
func (rec *recurrenceRecord) recurrence() (*calendar.Recurrence, error) {
	r := &calendar.Recurrence{
		Pattern: rec.Pattern, Interval: rec.Interval, Days: rec.Days, FirstDayOfWeek: rec.FirstDay, DayOfMonth: rec.DayOfMonth,
		DayOfWeekIndex: calendar.DayOfWeekIndex(rec.Index), Month: rec.Month, SkipShort: rec.SkipShort, Start: rec.From,
		Range: calendar.RangeKind(rec.Range), End: rec.Until, Count: rec.Count,
	}
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", errSeries, err)
	}
	return r, nil
}

// An exceptionRecord holds of an exception what it changes.
type exceptionRecord struct {
	Original    calendar.Date       `json:"of"`
	Start       wallTime            `json:"start"`
	End         wallTime            `json:"end"`
	Changed     calendar.Fields     `json:"changed,omitempty"`
	Subject     string              `json:"subject,omitempty"`
	Location    string              `json:"location,omitempty"`
	AllDay      bool                `json:"allday,omitempty"`
	Status      int                 `json:"status,omitempty"`
	Cancelled   bool                `json:"cancelled,omitempty"`
	Sensitivity int                 `json:"sensitivity,omitempty"`
	Priority    int                 `json:"priority,omitempty"`
	Categories  []string            `json:"categories,omitempty"`
	Body        string              `json:"body,omitempty"`
	HTML        string              `json:"html,omitempty"`
	URL         string              `json:"url,omitempty"`
	ReminderSet bool                `json:"remind,omitempty"`
	Reminder    int                 `json:"reminder,omitempty"`
	Organizer   *calendar.Attendee  `json:"organizer,omitempty"`
	Attendees   []calendar.Attendee `json:"attendees,omitempty"`
	Response    int                 `json:"response,omitempty"`
	Sequence    int                 `json:"sequence,omitempty"`
	Stamp       int64               `json:"stamp,omitempty"` // ticks
	Extra       []calendar.Property `json:"extra,omitempty"`
}

// A wallTime is what the clock shows, 2006-01-02T15:04:05; or the instant, with
// a Z, for the one hour a year that the clock shows twice.
type wallTime string

const wallForm = "2006-01-02T15:04:05"

func wallOf(t time.Time, z calendar.Zone) wallTime {
	d, clock := z.Wall(t)
	if !z.At(d, clock).Equal(t) {
		return wallTime(t.UTC().Format(time.RFC3339Nano))
	}
	return wallTime(t.In(z.Location()).Format(wallForm + ".999999999"))
}

func (w wallTime) time(z calendar.Zone) (time.Time, error) {
	if t, err := time.Parse(wallForm, string(w)); err == nil { // takes fractions too
		d := calendar.DateOf(t)
		year, month, day := d.Civil()
		return z.At(d, t.Sub(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))), nil
	}
	t, err := time.Parse(time.RFC3339Nano, string(w))
	if err != nil {
		return t, errSeries
	}
	return t.In(z.Location()), nil
}

func encodeSeries(e *calendar.Event) []byte {
	rec := seriesRecord{
		Version: seriesVersion, Start: wallOf(e.Start, e.Zone), End: wallOf(e.End, e.Zone),
		recurrenceRecord: recordRecurrence(e.Recurrence), Deleted: e.Deleted,
	}
	for i := range e.Exceptions {
		rec.Exceptions = append(rec.Exceptions, recordException(&e.Exceptions[i], e.Zone))
	}
	b, _ := json.Marshal(rec) // nothing in it can fail
	return b
}

func recordException(x *calendar.Exception, z calendar.Zone) exceptionRecord {
	rec := exceptionRecord{
		Original: x.Original, Start: wallOf(x.Start, z), End: wallOf(x.End, z), Changed: x.Changed,
		Subject: x.Subject, Location: x.Location, AllDay: x.AllDay, Status: int(x.Status), Cancelled: x.Cancelled,
		Sensitivity: int(x.Sensitivity), Priority: int(x.Priority), Categories: x.Categories, Body: x.Body, HTML: x.BodyHTML,
		URL: x.URL, ReminderSet: x.ReminderSet, Reminder: x.ReminderMinutes, Attendees: x.Attendees, Response: int(x.Response),
		Sequence: x.Sequence, Stamp: Ticks(x.Stamp), Extra: x.Extra,
	}
	if x.Organizer != (calendar.Attendee{}) {
		rec.Organizer = &x.Organizer
	}
	return rec
}

// decodeSeries makes an event the series that was kept, if there is one. Its
// start and end are derived from the wall clock anew.
func decodeSeries(b []byte, e *calendar.Event) error {
	if len(b) == 0 {
		return nil
	}
	var rec seriesRecord
	if err := json.Unmarshal(b, &rec); err != nil || rec.Version != seriesVersion {
		return errSeries
	}
	if len(rec.Exceptions) > maxExceptions || len(rec.Deleted) > maxExceptions {
		return errSeries
	}
	var err, err2 error
	e.Start, err = rec.Start.time(e.Zone)
	e.End, err2 = rec.End.time(e.Zone)
	if err != nil || err2 != nil {
		return errSeries
	}
	if e.Recurrence, err = rec.recurrence(); err != nil {
		return err
	}
	e.Deleted = rec.Deleted
	for i := range rec.Exceptions {
		x, err := rec.Exceptions[i].exception(e.Zone)
		if err != nil {
			return err
		}
		e.Exceptions = append(e.Exceptions, x)
	}
	e.Sort()
	if err := e.Check(); err != nil {
		return fmt.Errorf("%w: %w", errSeries, err)
	}
	return nil
}

func (rec *exceptionRecord) exception(z calendar.Zone) (calendar.Exception, error) {
	x := calendar.Exception{
		Original: rec.Original, Changed: rec.Changed, Subject: rec.Subject, Location: rec.Location, AllDay: rec.AllDay,
		Status: calendar.BusyStatus(rec.Status), Cancelled: rec.Cancelled, Sensitivity: calendar.Sensitivity(rec.Sensitivity),
		Priority: calendar.Priority(rec.Priority), Categories: rec.Categories, Body: rec.Body, BodyHTML: rec.HTML, URL: rec.URL,
		ReminderSet: rec.ReminderSet, ReminderMinutes: rec.Reminder, Attendees: rec.Attendees,
		Response: calendar.Response(rec.Response), Sequence: rec.Sequence, Stamp: TimeOf(rec.Stamp), Extra: rec.Extra,
	}
	if rec.Organizer != nil {
		x.Organizer = *rec.Organizer
	}
	var err, err2 error
	x.Start, err = rec.Start.time(z)
	x.End, err2 = rec.End.time(z)
	if err != nil || err2 != nil || x.End.Before(x.Start) {
		return x, errSeries
	}
	return x, nil
}

// eventMore is what of an event no client asks for by a property.
type eventMore struct {
	URL          string              `json:"url,omitempty"`
	Approximated bool                `json:"approximated,omitempty"`
	Extra        []calendar.Property `json:"extra,omitempty"`
}

func encodeMore(e *calendar.Event) []byte {
	if e.URL == "" && !e.Approximated && len(e.Extra) == 0 {
		return nil
	}
	b, _ := json.Marshal(eventMore{e.URL, e.Approximated, e.Extra})
	return b
}

func decodeMore(b []byte, e *calendar.Event) error {
	if len(b) == 0 {
		return nil
	}
	var m eventMore
	if err := json.Unmarshal(b, &m); err != nil {
		return errSeries
	}
	e.URL, e.Approximated, e.Extra = m.URL, m.Approximated, m.Extra
	return nil
}

// setZones keeps the zones by the ids they were sent with.
func (it *Item) setZones(e *calendar.Event) {
	if !e.Zone.IsZero() {
		it.Props.SetString(propZone, e.Zone.ID)
		it.Props.SetString(PidLidTimeZoneDescription, e.Zone.ID)
		if e.Zone.Definition != nil {
			if b, err := json.Marshal(e.Zone.Definition); err == nil {
				it.Props.SetBytes(propZoneDefinition, b)
			}
		}
	}
	if !e.EndZone.IsZero() && e.EndZone.ID != e.Zone.ID {
		it.Props.SetString(propEndZone, e.EndZone.ID)
	}
}

// eventZones finds the zones again. A zone that this program's tables do not
// know any more is UTC under its name: losing the appointment would be worse.
func (it *Item) eventZones(e *calendar.Event, zones *calendar.Zones) error {
	if b := it.Props.Bytes(propZoneDefinition); b != nil {
		var d calendar.TimeZoneDefinition
		if err := json.Unmarshal(b, &d); err != nil {
			return errSeries
		}
		z, err := d.Zone()
		if err != nil {
			return fmt.Errorf("%w: %w", errSeries, err)
		}
		e.Zone = z
	} else {
		e.Zone = zoneOf(it.Props.String(propZone), zones)
	}
	e.EndZone = zoneOf(it.Props.String(propEndZone), zones)
	return nil
}

func zoneOf(id string, zones *calendar.Zones) calendar.Zone {
	if id == "" {
		return calendar.Zone{}
	}
	z, err := zones.Load(id)
	if err != nil {
		return calendar.NewZone(id, time.UTC)
	}
	z.ID = id
	return z
}
