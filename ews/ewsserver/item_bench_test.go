package ewsserver

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"entente/ews"
)

// BenchmarkGetItem reads a message of 1,000 in the shapes clients use.
func BenchmarkGetItem(b *testing.B) {
	h := open(b)
	h.thousand()
	id := h.post("anna", findItem(idOnly, `<m:IndexedPageItemView MaxEntriesReturned="1" Offset="500" BasePoint="Beginning"/>`, named("drafts", ""))).attr("t:ItemId", "Id")
	get := func(shape string) string {
		return `<m:GetItem><m:ItemShape>` + shape + `</m:ItemShape><m:ItemIds><t:ItemId Id="` + id + `"/></m:ItemIds></m:GetItem>`
	}
	b.Run("Default", func(b *testing.B) { benchmark(b, h, "anna", get(standard), "NoError") })
	b.Run("AllProperties", func(b *testing.B) {
		benchmark(b, h, "anna", get(`<t:BaseShape>AllProperties</t:BaseShape>`), "NoError")
	})
}

// BenchmarkCreateItem makes an appointment, durable, with 32 writers at a time
// who share commits.
func BenchmarkCreateItem(b *testing.B) {
	h := open(b)
	envelope := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="` + ews.NSTypes + `" xmlns:m="` + ews.NSMessages +
		`"><s:Body><m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>Review</t:Subject>
		<t:Body BodyType="Text">What we said last time.</t:Body><t:Start>2026-05-04T08:00:00Z</t:Start><t:End>2026-05-04T09:00:00Z</t:End><t:Location>Room One</t:Location>
		<t:StartTimeZone Id="W. Europe Standard Time"/></t:CalendarItem></m:Items></m:CreateItem></s:Body></s:Envelope>`
	var failed atomic.Pointer[string]
	var writers atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(16) // times GOMAXPROCS, which is 2 where figures are taken
	b.RunParallel(func(pb *testing.PB) {
		// One caller may have 27 requests under way: the writers are several.
		who := [...]string{"anna", "ben", "carla", "dora", "emil"}[writers.Add(1)%5]
		for pb.Next() {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/EWS/Exchange.asmx", strings.NewReader(envelope))
			r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(address(who)+":"+password)))
			w := httptest.NewRecorder()
			h.guarded.ServeHTTP(w, r)
			if !strings.Contains(w.Body.String(), "NoError") {
				failed.Store(new(w.Body.String()))
			}
		}
	})
	if s := failed.Load(); s != nil {
		b.Fatal(*s)
	}
}
