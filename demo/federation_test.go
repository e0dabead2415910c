package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"entente/audit"
	"entente/server"
)

// A client asks an organization's own server over EWS, as any program would.
type client struct {
	http           *http.Client
	url            string
	user, password string
}

func newClient(t *testing.T, s *server.Server, user, password string) *client {
	t.Helper()
	text, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return &client{
		http: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 16}, Timeout: 30 * time.Second},
		url:  s.EWSURL(), user: user, password: password,
	}
}

var (
	codePattern  = regexp.MustCompile(`<m:ResponseCode>(\w+)</m:ResponseCode>`)
	eventPattern = regexp.MustCompile(`<t:CalendarEvent>`)
	subject      = regexp.MustCompile(`<t:Subject>([^<]*)</t:Subject>`)
)

// asked is what came of a question: a code for each person, how many events,
// and the first subject.
type asked struct {
	codes   []string
	events  int
	subject string
	raw     string
}

// ask sends one operation and returns the answer.
func (c *client) ask(ctx context.Context, operation string) (string, error) {
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013"/></s:Header><s:Body>` + operation + `</s:Body></s:Envelope>`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.SetBasicAuth(c.user, c.password)
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	a, err := c.http.Do(r)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err == nil && a.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", a.Status, text)
	}
	return string(text), err
}

// free asks when people are free in the week after a day.
func (c *client) free(ctx context.Context, day time.Time, people ...string) (asked, error) {
	var boxes strings.Builder
	for _, p := range people {
		fmt.Fprintf(&boxes, `<t:MailboxData><t:Email><t:Address>%s</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData>`, p)
	}
	text, err := c.ask(ctx, fmt.Sprintf(`<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>0</t:Bias><t:StandardTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime><t:DaylightTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone><m:MailboxDataArray>%s</m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>%s</t:StartTime><t:EndTime>%s</t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>30</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>DetailedMerged</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>`,
		boxes.String(), day.UTC().Format("2006-01-02T15:04:05"), day.UTC().AddDate(0, 0, 7).Format("2006-01-02T15:04:05")))
	if err != nil {
		return asked{}, err
	}
	out := asked{events: len(eventPattern.FindAllString(text, -1)), raw: text}
	for _, m := range codePattern.FindAllStringSubmatch(text, -1) {
		out.codes = append(out.codes, m[1])
	}
	if m := subject.FindStringSubmatch(text); m != nil {
		out.subject = m[1]
	}
	return out, nil
}

func newWorld(t *testing.T, now func() time.Time) *world {
	t.Helper()
	log := &lockedWriter{}
	t.Cleanup(func() {
		if text := log.String(); text != "" {
			t.Logf("log:\n%s", text)
		}
	})
	return &world{host: host{o: Options{Listen: "127.0.0.1:0", State: filepath.Join(t.TempDir(), "state"), Out: io.Discard, Log: log, now: now}}, started: time.Now()}
}

// runWorld runs a demo, and f in it.
func runWorld(t *testing.T, w *world, f func(ctx context.Context, w *world)) {
	t.Helper()
	defer func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := w.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.run(t.Context(), func(Target) error { f(t.Context(), w); return nil }); err != nil {
		t.Fatal(err)
	}
}

type lockedWriter struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedWriter) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestAcross: anybody at contoso sees, by contoso's own server, what fabrikam's
// people show to each other's organization, and not more.
func TestAcross(t *testing.T) {
	runWorld(t, newWorld(t, nil), func(ctx context.Context, w *world) {
		anna := newClient(t, w.contoso.s, string(address("anna")), w.contoso.password)
		for _, tt := range []struct {
			who, code string
			events    bool
			subject   string
		}{
			{"amy@" + fabrikamDomain, "NoError", true, "Stand-up"},
			{"amy@fabrikam-org.example", "NoError", true, "Stand-up"},
			{"ben@" + fabrikamDomain, "NoError", true, ""},
			{"cora@" + fabrikamDomain, "ErrorNoFreeBusyAccess", false, ""},
			{"dan@" + fabrikamDomain, "ErrorNoFreeBusyAccess", false, ""},
			{"nobody@" + fabrikamDomain, "ErrorMailRecipientNotFound", false, ""},
			{"kim@tailspin.example", "ErrorMailRecipientNotFound", false, ""},
			{"ben@" + domain, "NoError", true, ""},
		} {
			got, err := anna.free(ctx, time.Now(), tt.who)
			if err != nil {
				t.Error(tt.who, err)
				continue
			}
			if len(got.codes) != 1 || got.codes[0] != tt.code || (got.events > 0) != tt.events || tt.subject != "" && got.subject != tt.subject {
				t.Errorf("%s: %+v", tt.who, got)
			}
		}
	})
}

// TestPartnersTold: when contoso's domains change, who looks after federation at
// fabrikam is told, once, and both audit logs say so.
func TestPartnersTold(t *testing.T) {
	runWorld(t, newWorld(t, nil), func(ctx context.Context, w *world) {
		const gone = "contoso-ca.example"
		if err := w.contoso.s.Federation.RemoveDomain(ctx, gone, false); err != nil {
			t.Fatal(err)
		}
		found := func(s *server.Server, action string) (n int) {
			records, err := s.Audit.Search(ctx, audit.Filter{Action: action})
			if err != nil {
				t.Fatal(err)
			}
			for i := range records {
				if strings.Contains(strings.Join(records[i].Targets, " "), gone) {
					n++
				}
			}
			return n
		}
		for end := time.Now().Add(30 * time.Second); found(w.fabrikam, "relationship.notice") == 0 || found(w.contoso.s, "federation.notice") == 0; {
			if time.Now().After(end) {
				waiting, err := w.contoso.s.Federation.Waiting(ctx)
				t.Fatalf("nobody was told; %+v wait, %v", waiting, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		amy := newClient(t, w.fabrikam, "amy@"+fabrikamDomain, w.contoso.password)
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			inbox, err := amy.ask(ctx, `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(inbox, "A change at contoso") {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("there is no word of it in the inbox: %s", inbox)
			}
		}
	})
}
