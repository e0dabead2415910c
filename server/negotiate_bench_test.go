package server

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	const domain, name = "S-1-5-21-7-7-7", "mail.contoso.example"
	realm := minttest.NewRealm("CONTOSO.EXAMPLE", domain)
	service := realm.Service("HTTP/" + name)
	keytab := filepath.Join(b.TempDir(), "keytab")
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	must(os.WriteFile(keytab, minttest.Keytab(service), 0o400))
	c := conf(b, "sqlite:entente.db")
	c.Kerberos = &KerberosConfig{Realm: realm.Name, Keytab: keytab}
	s, err := New(b.Context(), c, Options{Organization: "contoso"})
	must(err)
	b.Cleanup(func() { must(s.Close()) })
	api := s.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
	_, err = api.AddDomain(b.Context(), admin.DomainName{Name: "contoso.example"})
	must(err)
	_, err = api.AddDatabase(b.Context(), admin.AddDatabase{Name: "staff"})
	must(err)
	_, err = api.ImportLDIF(b.Context(), admin.ImportDirectory{Database: "staff", Content: "dn: CN=Anna\nobjectClass: user\nsAMAccountName: anna\nuserPrincipalName: anna@contoso.example\nmail: anna@contoso.example\n" +
		"objectGUID:: AQIDBAUGBwgJCgsMDQ4PEA==\nobjectSid:: " + base64.StdEncoding.EncodeToString(binarySID(21, 7, 7, 7, 1104)) + "\n"})
	must(err)
	_, err = api.AddRealm(b.Context(), admin.AddRealm{Name: realm.Name, DomainSID: domain})
	must(err)
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

// binarySID is a SID of the NT authority as directories keep it, [MS-DTYP] 2.4.2.2.
func binarySID(parts ...uint32) []byte {
	sid := []byte{1, byte(len(parts)), 0, 0, 0, 0, 0, 5}
	for _, p := range parts {
		sid = binary.LittleEndian.AppendUint32(sid, p)
	}
	return sid
}
