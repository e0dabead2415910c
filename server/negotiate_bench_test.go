package server

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"entente/access"
	"entente/admin"
	"entente/kerberos/minttest"
)

// BenchmarkSignIn is a whole request for EWS, GetFolder of one's own Inbox, by each
// way to sign in: a password that is kept, and a ticket, with PACs of a few and of
// many groups. cpu-ns is the processor time of the whole process.
func BenchmarkSignIn(b *testing.B) {
	const name = "mail.contoso.example"
	m := mint(b)
	service := m.service
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	s, err := New(b.Context(), m.config(conf(b, "sqlite:entente.db")), Options{Organization: "contoso"})
	must(err)
	b.Cleanup(func() { must(s.Close()) })
	m.people(b, s)
	api := s.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
	_, err = api.SetPassword(b.Context(), admin.SetPassword{AccountName: admin.AccountName{Account: "anna@contoso.example"}, Password: "a long enough password"})
	must(err)
	h := s.Handler()
	ask := func(authorization string) {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "https://"+name+"/EWS/Exchange.asmx", strings.NewReader(getInbox))
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "NoError") {
			b.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	used := func() time.Duration {
		var u syscall.Rusage
		must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	run := func(name string, header func() string) {
		b.Run(name, func(b *testing.B) {
			headers := make([]string, b.N) // what the client does is not counted
			for i := range headers {
				headers[i] = header()
			}
			b.ReportAllocs()
			before := used()
			b.ResetTimer()
			for _, x := range headers {
				ask(x)
			}
			b.StopTimer()
			b.ReportMetric(float64((used()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
	password := "Basic " + base64.StdEncoding.EncodeToString([]byte("anna@contoso.example:a long enough password"))
	run("basic", func() string { return password })
	for _, n := range []int{3, 100, 1000} {
		pac := &minttest.PAC{RID: 1104}
		for i := range n {
			pac.Groups = append(pac.Groups, uint32(2000+i))
		}
		ticket := service.Issue(time.Now(), minttest.Ticket{Client: "anna", PAC: pac})
		run(fmt.Sprintf("negotiate-%d-groups", n), func() string {
			return "Negotiate " + base64.StdEncoding.EncodeToString(ticket.Token(time.Now(), minttest.Request{Mutual: true}))
		})
	}
}
