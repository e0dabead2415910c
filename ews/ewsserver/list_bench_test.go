package ewsserver

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente/ews"
)

// benchmark sends one request over and over through the whole handler:
// authentication with a cached password, decision, audit, store, encoding.
func benchmark(b *testing.B, h *house, who, body, want string) {
	b.Helper()
	envelope := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="` + ews.NSTypes + `" xmlns:m="` + ews.NSMessages +
		`"><s:Body>` + body + `</s:Body></s:Envelope>`
	authorization := "Basic " + base64.StdEncoding.EncodeToString([]byte(address(who)+":"+password))
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/EWS/Exchange.asmx", strings.NewReader(envelope))
		r.Header.Set("Authorization", authorization)
		w.Body.Reset()
		h.guarded.ServeHTTP(w, r)
	}
	if !strings.Contains(w.Body.String(), want) {
		b.Fatalf("no %s in %.2000s", want, w.Body.String())
	}
}

// thousand fills Anna's drafts with 1,000 messages.
func (h *house) thousand() {
	h.Helper()
	at := time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC)
	for i := range 20 {
		var items []ews.Item
		for j := range 50 {
			n := i*50 + j
			items = append(items, item(ews.KindMessage,
				ews.FieldSubject, fmt.Sprintf("Message %d about the project", n*7%1000),
				ews.FieldImportance, [...]string{"Low", "Normal", "High"}[n%3],
				ews.FieldBody, &ews.Body{BodyType: ews.BodyHTML, Text: "<p>" + strings.Repeat("words and more words ", 40) + "</p>"},
				ews.FieldToRecipients, []ews.Mailbox{{EmailAddress: address("ben")}, {EmailAddress: address("carla")}},
				ews.FieldReminderDueBy, at.Add(time.Duration(n)*time.Hour),
			))
		}
		h.create("anna", items...)
	}
}

func BenchmarkGetFolder(b *testing.B) {
	benchmark(b, open(b), "anna", getFolder(standard, named("inbox", "")), "Inbox")
}

// BenchmarkFindItem50 is a page of a list as clients show it: default shape and
// six properties, sorted, from the middle of 1,000.
func BenchmarkFindItem50(b *testing.B) {
	h := open(b)
	h.thousand()
	shape := standard + `<t:AdditionalProperties>` + field("item:DateTimeReceived") + field("item:Importance") + field("message:IsRead") +
		field("item:ItemClass") + field("item:DisplayTo") + field("item:LastModifiedTime") + `</t:AdditionalProperties>`
	for _, by := range []string{"item:DateTimeReceived", "item:Subject"} {
		b.Run(by, func(b *testing.B) {
			benchmark(b, h, "anna", findItem(shape, `<m:IndexedPageItemView MaxEntriesReturned="50" Offset="500" BasePoint="Beginning"/>`+
				sorted("Descending", field(by)), named("drafts", "")), `IndexedPagingOffset="550"`)
		})
	}
}

// BenchmarkSyncFirstPage512 is the first round of a client that has nothing:
// ids alone, as Thunderbird asks, two properties, and the default shape.
func BenchmarkSyncFirstPage512(b *testing.B) {
	h := open(b)
	h.thousand()
	for name, shape := range map[string]string{
		"IdOnly": idOnly, "Default": standard,
		"Two": idOnly + `<t:AdditionalProperties>` + field("item:Subject") + field("message:IsRead") + `</t:AdditionalProperties>`,
	} {
		b.Run(name, func(b *testing.B) {
			benchmark(b, h, "anna", syncItems(shape, named("drafts", ""), "", 512), "<m:IncludesLastItemInRange>false<")
		})
	}
}

// BenchmarkServerTimeZones is what exchangelib asks before free/busy: the rules
// of all zones.
func BenchmarkServerTimeZones(b *testing.B) {
	benchmark(b, open(b), "anna", `<m:GetServerTimeZones ReturnFullTimeZoneData="true"/>`, "W. Europe Standard Time")
}
