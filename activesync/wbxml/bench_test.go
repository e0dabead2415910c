package wbxml

import (
	"fmt"
	"strings"
	"testing"
)

// lorem is a text of a mail, with lines as mails have them.
var lorem = strings.Repeat("The quarterly figures are in the usual place; please look at them before Thursday's meeting.\r\n", 17)

// appendMail writes one mail of a Sync response, as a phone asks for it: plain
// body, cut at some length.
func appendMail(w *Writer, i int) {
	w.Start(AirSyncAdd)
	w.Text(AirSyncServerId, fmt.Sprintf("5:%d", i))
	w.Start(AirSyncApplicationData)
	w.Text(EmailTo, `"Ben Baker" <ben.baker@contoso.example>, "Carla Cruz" <carla.cruz@fabrikam.example>`)
	w.Text(EmailFrom, `"Ann Able" <ann.able@contoso.example>`)
	w.Text(EmailSubject, fmt.Sprintf("Figures of week %d", i))
	w.Text(EmailDateReceived, "2026-11-28T09:30:00.000Z")
	w.Text(EmailDisplayTo, "Ben Baker; Carla Cruz")
	w.Text(EmailThreadTopic, fmt.Sprintf("Figures of week %d", i))
	w.Int(EmailImportance, 1)
	w.Bool(EmailRead, i%2 == 0)
	w.Text(EmailMessageClass, "IPM.Note")
	w.Text(EmailInternetCPID, "65001")
	w.Empty(EmailFlag)
	w.Text(EmailContentClass, "urn:content-classes:message")
	w.Start(AirSyncBaseBody)
	w.Int(AirSyncBaseType, 1)
	w.Int(AirSyncBaseEstimatedDataSize, int64(len(lorem)))
	w.Bool(AirSyncBaseTruncated, false)
	w.Text(AirSyncBaseData, lorem)
	w.End()
	w.Int(AirSyncBaseNativeBodyType, 1)
	w.Opaque(Email2ConversationId, []byte("0123456789abcdef"))
	w.Opaque(Email2ConversationIndex, []byte("01234"))
	w.End()
	w.End()
}

// appendEvent writes one appointment of a Sync response: many short elements.
func appendEvent(w *Writer, i int) {
	w.Start(AirSyncAdd)
	w.Text(AirSyncServerId, fmt.Sprintf("6:%d", i))
	w.Start(AirSyncApplicationData)
	w.Text(CalendarTimezone, strings.Repeat("A", 230)+"==")
	w.Text(CalendarDtStamp, "20261128T093000Z")
	w.Text(CalendarStartTime, "20261130T090000Z")
	w.Text(CalendarEndTime, "20261130T100000Z")
	w.Text(CalendarSubject, fmt.Sprintf("Review %d", i))
	w.Text(CalendarUID, fmt.Sprintf("040000008200E00074C5B7101A82E00800000000%024X", i))
	w.Text(CalendarOrganizerName, "Ann Able")
	w.Text(CalendarOrganizerEmail, "ann.able@contoso.example")
	w.Start(CalendarAttendees)
	for _, who := range []string{"ben.baker@contoso.example", "carla.cruz@fabrikam.example"} {
		w.Start(CalendarAttendee)
		w.Text(CalendarEmail, who)
		w.Text(CalendarName, who)
		w.Int(CalendarAttendeeStatus, 3)
		w.Int(CalendarAttendeeType, 1)
		w.End()
	}
	w.End()
	w.Start(AirSyncBaseLocation)
	w.Text(AirSyncBaseDisplayName, "Room 12")
	w.End()
	w.Int(CalendarSensitivity, 0)
	w.Int(CalendarBusyStatus, 2)
	w.Bool(CalendarAllDayEvent, false)
	w.Int(CalendarReminder, 15)
	w.Int(CalendarMeetingStatus, 1)
	w.End()
	w.End()
}

func appendSync(w *Writer, n int, add func(*Writer, int)) {
	w.Start(AirSyncSync)
	w.Start(AirSyncCollections)
	w.Start(AirSyncCollection)
	w.Text(AirSyncSyncKey, "7a3f")
	w.Text(AirSyncCollectionId, "5")
	w.Int(AirSyncStatus, 1)
	w.Start(AirSyncCommands)
	for i := range n {
		add(w, i)
	}
	for range 4 {
		w.End()
	}
}

// realistic is a Sync response with mails.
func realistic(n int) []byte {
	w := NewWriter(nil)
	appendSync(w, n, appendMail)
	return w.Bytes()
}

func BenchmarkWBXML(b *testing.B) {
	mails, events := NewWriter(nil), NewWriter(nil)
	appendSync(mails, 100, appendMail)
	appendSync(events, 100, appendEvent)
	for _, body := range []struct {
		name string
		doc  []byte
	}{{"mails", mails.Bytes()}, {"events", events.Bytes()}} {
		tree, err := Parse(body.doc, DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		bench := func(name string, do func()) {
			b.Run(body.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(body.doc)))
				b.ReportAllocs()
				for b.Loop() {
					do()
				}
			})
		}
		bench("parse", func() { _, _ = Parse(body.doc, DefaultLimits()) })
		bench("scan", func() {
			s := NewScanner(body.doc, DefaultLimits())
			for s.Next() != None {
			}
		})
		w := NewWriter(nil)
		bench("write", func() { w.Reset(w.buf[:0]); replayTree(w, tree) })
		bench("tree", func() { w.Reset(w.buf[:0]); w.Tree(tree) })
	}
}

// replayTree writes a tree as a command would: every text looked at.
func replayTree(w *Writer, e *Element) {
	switch {
	case e.first != nil:
		w.Start(e.Tag)
		for c := e.first; c != nil; c = c.next {
			replayTree(w, c)
		}
		w.End()
	case e.Opaque:
		w.Opaque(e.Tag, e.Content)
	default:
		w.TextBytes(e.Tag, e.Content)
	}
}
