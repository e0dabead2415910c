package strictxml

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"testing"
	"time"
)

// request is a GetUserAvailability request as clients send it.
var request = func() []byte {
	e := NewEncoder(nil)
	e.Declaration()
	e.Start("s:Envelope")
	e.Attr("xmlns:s", "http://schemas.xmlsoap.org/soap/envelope/")
	e.Attr("xmlns:t", "http://schemas.microsoft.com/exchange/services/2006/types")
	e.Attr("xmlns:m", "http://schemas.microsoft.com/exchange/services/2006/messages")
	e.Start("s:Header")
	e.Start("t:RequestServerVersion")
	e.Attr("Version", "Exchange2016")
	e.End("t:RequestServerVersion")
	e.End("s:Header")
	e.Start("s:Body")
	e.Start("m:GetUserAvailabilityRequest")
	e.Start("t:TimeZone")
	e.ElemInt("t:Bias", 480)
	for _, name := range []string{"t:StandardTime", "t:DaylightTime"} {
		e.Start(name)
		e.ElemInt("t:Bias", 0)
		e.Elem("t:Time", "02:00:00")
		e.ElemInt("t:DayOrder", 5)
		e.ElemInt("t:Month", 10)
		e.Elem("t:DayOfWeek", "Sunday")
		e.End(name)
	}
	e.End("t:TimeZone")
	e.Start("m:MailboxDataArray")
	for i := range 4 {
		e.Start("t:MailboxData")
		e.Start("t:Email")
		e.Elem("t:Address", fmt.Sprintf("user%d@contoso.com", i))
		e.End("t:Email")
		e.Elem("t:AttendeeType", "Required")
		e.ElemBool("t:ExcludeConflicts", false)
		e.End("t:MailboxData")
	}
	e.End("m:MailboxDataArray")
	e.Start("t:FreeBusyViewOptions")
	e.Start("t:TimeWindow")
	e.Elem("t:StartTime", "2026-11-23T00:00:00")
	e.Elem("t:EndTime", "2026-11-30T00:00:00")
	e.End("t:TimeWindow")
	e.ElemInt("t:MergedFreeBusyIntervalInMinutes", 30)
	e.Elem("t:RequestedView", "DetailedMerged")
	e.End("t:FreeBusyViewOptions")
	e.End("m:GetUserAvailabilityRequest")
	e.End("s:Body")
	e.End("s:Envelope")
	return e.Bytes()
}()

// appendItems writes a FindItem response of n calendar items.
func appendItems(e *Encoder, n int) {
	e.Declaration()
	e.Start("s:Envelope")
	e.Attr("xmlns:s", "http://schemas.xmlsoap.org/soap/envelope/")
	e.Attr("xmlns:t", "http://schemas.microsoft.com/exchange/services/2006/types")
	e.Attr("xmlns:m", "http://schemas.microsoft.com/exchange/services/2006/messages")
	e.Start("s:Body")
	e.Start("t:Items")
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for range n {
		e.Start("t:CalendarItem")
		e.Start("t:ItemId")
		e.Attr("Id", "AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZiLTU1OGY5OTZhYmY4OABGAAAAAADUuTJK1K9TTpCdqXop4E/TBwCd9nJ+tVysQYj2Cekan9XRAAAAAAEMAACd9nJ+tVysQYj2Cekan9XRAAAgRSn9AAA=")
		e.Attr("ChangeKey", "DwAAABYAAACd9nJ+tVysQYj2Cekan9XRAAAgRbXx")
		e.End("t:ItemId")
		e.Elem("t:ItemClass", "IPM.Appointment")
		e.Elem("t:Subject", "Weekly status & planning with Contoso, Fabrikam")
		e.Elem("t:Sensitivity", "Normal")
		e.ElemTime("t:DateTimeReceived", at)
		e.ElemInt("t:Size", 4713)
		e.Elem("t:Importance", "Normal")
		e.ElemTime("t:DateTimeCreated", at)
		e.ElemBool("t:HasAttachments", false)
		e.Elem("t:Culture", "en-US")
		e.ElemTime("t:Start", at)
		e.ElemTime("t:End", at.Add(time.Hour))
		e.ElemBool("t:IsAllDayEvent", false)
		e.Elem("t:LegacyFreeBusyStatus", "Busy")
		e.Elem("t:Location", "Room 42, main building")
		e.ElemBool("t:IsMeeting", true)
		e.ElemBool("t:IsRecurring", false)
		e.Elem("t:CalendarItemType", "Single")
		e.Elem("t:MyResponseType", "Organizer")
		e.Start("t:Organizer")
		e.Start("t:Mailbox")
		e.Elem("t:Name", "Anna Example")
		e.Elem("t:EmailAddress", "anna@contoso.com")
		e.Elem("t:RoutingType", "SMTP")
		e.End("t:Mailbox")
		e.End("t:Organizer")
		e.End("t:CalendarItem")
		at = at.Add(24 * time.Hour)
	}
	e.End("t:Items")
	e.End("s:Body")
	e.End("s:Envelope")
}

func response(n int) []byte {
	e := NewEncoder(nil)
	appendItems(e, n)
	return e.Bytes()
}

func benchmark(b *testing.B, doc []byte, read func() error) {
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if err := read(); err != nil {
			b.Fatal(err)
		}
	}
}

var roomy = Limits{Bytes: 36 << 20, Depth: 128, Attributes: 64, Elements: 500_000}

func walk(doc []byte) func() error {
	return func() error {
		r := NewReader(doc, roomy)
		for r.next() {
		}
		return r.Err()
	}
}

func tokens(doc []byte, raw bool) func() error {
	return func() error {
		d := xml.NewDecoder(bytes.NewReader(doc))
		next := d.Token
		if raw {
			next = d.RawToken
		}
		for {
			if _, err := next(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
}

func BenchmarkTokens(b *testing.B) {
	for _, c := range []struct {
		name string
		doc  []byte
	}{{"request", request}, {"items100", response(100)}} {
		b.Run(c.name+"/strictxml", func(b *testing.B) { benchmark(b, c.doc, walk(c.doc)) })
		b.Run(c.name+"/encodingxml", func(b *testing.B) { benchmark(b, c.doc, tokens(c.doc, false)) })
		b.Run(c.name+"/encodingxml.raw", func(b *testing.B) { benchmark(b, c.doc, tokens(c.doc, true)) })
	}
}

// BenchmarkDecode pulls every text and attribute of a request as decoders do.
func BenchmarkDecode(b *testing.B) {
	var all func(r *Reader, depth int)
	all = func(r *Reader, depth int) {
		for r.Child() {
			r.Attr("Version")
			switch r.Name().Local {
			case "Bias", "Time", "DayOrder", "Month", "DayOfWeek", "Address", "AttendeeType", "ExcludeConflicts",
				"StartTime", "EndTime", "MergedFreeBusyIntervalInMinutes", "RequestedView":
				r.Text()
			default:
				all(r, depth+1)
			}
		}
	}
	benchmark(b, request, func() error {
		r := NewReader(request, roomy)
		r.Root()
		all(r, 0)
		return r.Finish()
	})
}

func BenchmarkEncode(b *testing.B) {
	b.Run("strictxml", func(b *testing.B) {
		var e Encoder
		buf := response(100)
		benchmark(b, buf, func() error {
			e.Reset(buf[:0])
			appendItems(&e, 100)
			return nil
		})
	})
	b.Run("encodingxml", func(b *testing.B) {
		doc := response(100)
		var items itemsResponse
		if err := xml.Unmarshal(doc, &items); err != nil {
			b.Fatal(err)
		}
		benchmark(b, doc, func() error {
			_, err := xml.Marshal(&items)
			return err
		})
	})
}

// itemsResponse is what encoding/xml reads and writes of such a response.
type itemsResponse struct {
	XMLName xml.Name `xml:"Envelope"`
	Items   []struct {
		ItemID struct {
			ID        string `xml:"Id,attr"`
			ChangeKey string `xml:",attr"`
		} `xml:"ItemId"`
		ItemClass, Subject, Sensitivity string
		DateTimeReceived                time.Time
		Size                            int
		Importance                      string
		DateTimeCreated                 time.Time
		HasAttachments                  bool
		Culture                         string
		Start, End                      time.Time
		IsAllDayEvent                   bool
		LegacyFreeBusyStatus, Location  string
		IsMeeting, IsRecurring          bool
		CalendarItemType                string
		MyResponseType                  string
		Organizer                       struct {
			Mailbox struct{ Name, EmailAddress, RoutingType string }
		}
	} `xml:"Body>Items>CalendarItem"`
}
