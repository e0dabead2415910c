package ewsclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"entente/ews"
	"entente/soap"
	"entente/strictxml"
)

// request is one question about two people.
func request() *ews.GetUserAvailabilityRequest {
	slot := 15
	return &ews.GetUserAvailabilityRequest{
		TimeZone: &ews.SerializableTimeZone{
			StandardTime: ews.SerializableTimeZoneTime{Time: "00:00:00", DayOfWeek: "Sunday"},
			DaylightTime: ews.SerializableTimeZoneTime{Time: "00:00:00", DayOfWeek: "Sunday"},
		},
		MailboxDataArray: []ews.MailboxData{
			{Email: ews.AvailabilityMailbox{Address: "amy@fabrikam.example"}, AttendeeType: ews.AttendeeRequired},
			{Email: ews.AvailabilityMailbox{Address: "bob@fabrikam.example"}, AttendeeType: ews.AttendeeRequired},
		},
		FreeBusyViewOptions: &ews.FreeBusyViewOptions{
			TimeWindow: ews.TimeWindow{
				StartTime: ews.FloatingTime(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)),
				EndTime:   ews.FloatingTime(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)),
			},
			MergedFreeBusyIntervalInMinutes: &slot, RequestedView: ews.ViewDetailedMerged,
		},
	}
}

func answer() *ews.GetUserAvailabilityResponse {
	ok, no := ews.Success(), ews.Failure(ews.ErrorNoFreeBusyAccess)
	return &ews.GetUserAvailabilityResponse{FreeBusyResponses: []ews.FreeBusyResponse{
		{ResponseMessage: &ok, FreeBusyView: &ews.FreeBusyView{
			FreeBusyViewType: ews.ViewFreeBusyMerged, MergedFreeBusy: "0123",
			CalendarEventArray: []ews.CalendarEvent{{
				StartTime: ews.FloatingTime(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)),
				EndTime:   ews.FloatingTime(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)), BusyType: "Busy",
			}},
		}},
		{ResponseMessage: &no, FreeBusyView: &ews.FreeBusyView{FreeBusyViewType: ews.ViewNone}},
	}}
}

// written is an answer as a server of ours writes it.
func written(a ews.Response) string {
	e := strictxml.NewEncoder(nil)
	soap.Begin(e, soap.V11, Namespaces(), nil)
	ews.AppendResponse(e, a)
	soap.End(e)
	return string(e.Bytes())
}

// TestRoundTrip has what is written read by the other side's decoder, and the
// answer by ours.
func TestRoundTrip(t *testing.T) {
	m, err := soap.Open(Envelope(request()), limits())
	if err != nil {
		t.Fatal(err)
	}
	got, err := ews.DecodeRequest(m.Body)
	if err == nil {
		err = m.Finish()
	}
	if err != nil || !reflect.DeepEqual(got, request()) {
		t.Errorf("%v, %+v", err, got)
	}
	var a ews.GetUserAvailabilityResponse
	if err := Read([]byte(written(answer())), 200, &a); err != nil || !reflect.DeepEqual(&a, answer()) {
		t.Errorf("%v, %+v", err, a)
	}
}

// TestOperations writes and reads what sharing asks for too.
func TestOperations(t *testing.T) {
	test := func(q ews.Request) {
		t.Helper()
		m, err := soap.Open(Envelope(q), limits())
		if err != nil {
			t.Fatal(err)
		}
		got, err := ews.DecodeRequest(m.Body)
		if err != nil || !reflect.DeepEqual(got, q) {
			t.Errorf("%s: %v\n%+v\n%+v", q.Element(), err, got, q)
		}
	}
	shape := ews.FolderResponseShape{BaseShape: ews.ShapeIDOnly}
	calendar := &ews.DistinguishedFolderID{ID: "calendar"}
	test(&ews.GetFolder{FolderShape: shape, FolderIDs: []ews.BaseFolderID{{DistinguishedFolderID: calendar}}})
	test(&ews.SyncFolderItems{
		ItemShape: ews.ItemResponseShape{BaseShape: ews.ShapeIDOnly}, SyncFolderID: ews.TargetFolderID{DistinguishedFolderID: calendar}, MaxChangesReturned: 10,
	})
	test(&ews.GetItem{ItemShape: ews.ItemResponseShape{BaseShape: ews.ShapeDefault}, ItemIDs: []ews.BaseItemID{{ItemID: &ews.ItemID{ID: "AAA="}}}})
}

func TestRead(t *testing.T) {
	envelope := func(body string) string {
		return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + body + `</s:Body></s:Envelope>`
	}
	test := func(status int, body, want string) {
		t.Helper()
		var a ews.GetUserAvailabilityResponse
		err := Read([]byte(body), status, &a)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	test(200, "", "not understood")
	test(500, "no XML", "HTTP 500")
	test(200, envelope(`<x xmlns="urn:y"/>`), "not understood")
	test(200, envelope(`<m:GetItemResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"/>`), "not understood")
	test(200, written(answer())[:300], "not understood")
	test(200, `<!DOCTYPE x>`+written(answer()), "not understood")
	test(500, envelope(`<s:Fault><faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorAccessDenied</faultcode><faultstring>no</faultstring>`+
		`<detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorAccessDenied</e:ResponseCode></detail></s:Fault>`), "refused with ErrorAccessDenied: no")
	test(500, strings.ReplaceAll(envelope(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:w="urn:w">w:InvalidSecurity</s:Value></s:Subcode></s:Code>`+
		`<s:Reason><s:Text xml:lang="en">An error`+"\x09"+`occurred</s:Text></s:Reason></s:Fault>`), soap.Namespace11, soap.Namespace12), "refused with InvalidSecurity: An error occurred")
}

// TestDo asks servers that misbehave.
func TestDo(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		if kind := r.Header.Get("Content-Type"); kind != "text/xml; charset=utf-8" {
			t.Errorf("asked with %s", kind)
		}
		_, _ = io.WriteString(w, "\ufeff"+written(answer()))
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/no", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, written(answer())+strings.Repeat(" ", MaxAnswer))
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	c := s.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	test := func(path, want string) {
		t.Helper()
		r, err := Post(context.Background(), s.URL+path, Envelope(request()))
		if err != nil {
			t.Fatal(err)
		}
		var a ews.GetUserAvailabilityResponse
		err = Do(c, r, &a)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", path, err)
		}
	}
	test("/ok", "")
	test("/moved", "HTTP 302 and points to https://elsewhere.example/")
	test("/no", "HTTP 401")
	test("/long", "longer than")
	r, _ := Post(context.Background(), s.URL+"/no", nil)
	var status *Status
	if err := Do(c, r, &ews.GetUserAvailabilityResponse{}); !errors.As(err, &status) || status.Code != 401 {
		t.Errorf("%v", err)
	}
}

func TestWords(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		if got := Words(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	test(" a\r\nb ", "a  b")
	test("a\x00\x1b[31mb\u202ec", "a[31mbc")
	test("a\xffb", "a\uFFFDb")
	test(strings.Repeat("ä", 200), strings.Repeat("ä", 128)+"…")
}

// FuzzRead: whatever the other side answers is an answer, a fault or an error,
// and what is kept of its words can be shown.
func FuzzRead(f *testing.F) {
	f.Add([]byte(written(answer())), 200)
	f.Add([]byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>a</faultstring></s:Fault></s:Body></s:Envelope>`), 500)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		var a ews.GetUserAvailabilityResponse
		err := Read(body, status, &a)
		var fault *Fault
		if errors.As(err, &fault) && (len(fault.Text) > maxWords+3 || strings.ContainsAny(fault.Text, "\x00\n\x1b")) {
			t.Errorf("%q", fault.Text)
		}
	})
}
