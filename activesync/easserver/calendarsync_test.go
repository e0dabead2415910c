package easserver

import (
	"strings"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// commandsOf writes commands of a Sync.
func commandsOf(list ...any) func(w *wbxml.Writer) {
	return fields(wbxml.AirSyncCommands, fields(list...))
}

// TestTwoPhonesAndACalendar has a phone of 16.1 and one of 14.1 work on one series,
// each in its own words, with answers that get lost.
func TestTwoPhonesAndACalendar(t *testing.T) {
	h := open(t)
	fresh := h.phone("anna", activesync.V161).copyOf(mailbox.Calendar)
	old := h.phone("anna", activesync.V141).copyOf(mailbox.Calendar)
	has := func(c *copied, step string, texts ...string) {
		t.Helper()
		if len(c.items) != 1 {
			t.Fatalf("%s: %d items: %v", step, len(c.items), c.items)
		}
		for _, data := range c.items {
			for _, s := range texts {
				if !strings.Contains(data, s) {
					t.Errorf("%s: no %s in %s", step, s, data)
				}
			}
		}
	}
	series := fields(
		wbxml.CalendarTimezone, bareBlob(t, "Europe/Berlin"), wbxml.CalendarSubject, "Round", wbxml.CalendarStartTime, "20270315T090000Z",
		wbxml.CalendarEndTime, "20270315T100000Z", wbxml.CalendarClientUid, "ABC", wbxml.CalendarAttendees, "",
		wbxml.CalendarRecurrence, fields(wbxml.CalendarType, "1", wbxml.CalendarDayOfWeek, "2", wbxml.CalendarOccurrences, "5"),
	)
	add := commandsOf(wbxml.AirSyncAdd, fields(wbxml.AirSyncClientId, "1", wbxml.AirSyncApplicationData, series))
	fresh.ask(add) // the answer is lost
	a := fresh.ask(add)
	added := a.collection(fresh.folder).Path(wbxml.AirSyncResponses, wbxml.AirSyncAdd)
	id := added.Get(wbxml.AirSyncServerId)
	if added.Get(wbxml.AirSyncStatus) != "1" || id == "" || added.Child(wbxml.AirSyncApplicationData).Get(wbxml.CalendarUID) == "" {
		t.Fatalf("%s", dump(a.root))
	}
	fresh.take(a)
	fresh.items[id] = "its own"
	if got := fresh.pull(nil); strings.Contains(got, "added") && !strings.HasPrefix(got, "0") && len(fresh.items) > 1 {
		t.Errorf("the phone is told of its own event: %s", got)
	}
	old.all()
	has(old, "the series", "<Subject>Round</Subject>", "<Occurrences>5</Occurrences>", "<StartTime>20270315T090000Z</StartTime>")

	// One occurrence is moved by the new phone. The clock has changed by then.
	move := commandsOf(wbxml.AirSyncChange, fields(
		wbxml.AirSyncServerId, id, wbxml.AirSyncBaseInstanceId, "20270329T080000Z",
		wbxml.AirSyncApplicationData, fields(wbxml.CalendarStartTime, "20270330T120000Z", wbxml.CalendarEndTime, "20270330T130000Z", wbxml.CalendarSubject, "Moved"),
	))
	fresh.ask(move)
	fresh.take(fresh.ask(move))
	old.all()
	has(old, "moved", "<ExceptionStartTime>20270329T080000Z</ExceptionStartTime>", "<StartTime>20270330T120000Z</StartTime>", "<Subject>Moved</Subject>")

	// The old one deletes another, and names the moved one as it must.
	old.take(old.ask(commandsOf(wbxml.AirSyncChange, fields(
		wbxml.AirSyncServerId, id, wbxml.AirSyncApplicationData, fields(wbxml.CalendarExceptions, func(w *wbxml.Writer) {
			fields(wbxml.CalendarException, fields(wbxml.CalendarExceptionStartTime, "20270329T080000Z", wbxml.CalendarSubject, "Moved", wbxml.CalendarStartTime, "20270330T120000Z", wbxml.CalendarEndTime, "20270330T130000Z"))(w)
			fields(wbxml.CalendarException, fields(wbxml.CalendarDeleted, "1", wbxml.CalendarExceptionStartTime, "20270322T090000Z"))(w)
		}),
	))))
	fresh.all()
	has(fresh, "deleted", "<Deleted>1</Deleted><InstanceId>20270322T090000Z</InstanceId>", "<InstanceId>20270329T080000Z</InstanceId>", "<Subject>Moved</Subject>")

	// The new one deletes the moved one, twice, since the answer was lost.
	remove := commandsOf(wbxml.AirSyncDelete, fields(wbxml.AirSyncServerId, id, wbxml.AirSyncBaseInstanceId, "20270329T080000Z"))
	fresh.ask(remove)
	fresh.take(fresh.ask(remove))
	old.all()
	has(old, "deleted too", "<Deleted>1</Deleted><ExceptionStartTime>20270329T080000Z</ExceptionStartTime>", "<Deleted>1</Deleted><ExceptionStartTime>20270322T090000Z</ExceptionStartTime>")

	// And the whole of it.
	old.take(old.ask(commandsOf(wbxml.AirSyncDelete, fields(wbxml.AirSyncServerId, id))))
	fresh.all()
	if len(fresh.items) != 0 || len(h.calendarOf("anna")) != 0 {
		t.Errorf("%v is left", fresh.items)
	}
}
