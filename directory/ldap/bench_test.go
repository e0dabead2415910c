package ldap

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"entente/db/dbtest"
	"entente/kerberos/kdctest"
)

// BenchmarkSync measures a domain of 10,000 people on Samba: all of it the first
// time, nothing new, everything compared, everything read again. The people are
// made first, which takes a quarter of an hour.
//
//	go test ./directory/ldap -run XXX -bench Sync -benchtime 1x -timeout 40m
func BenchmarkSync(b *testing.B) {
	const people = 10_000
	ad := kdctest.NewSamba(b)
	populate(b, ad, people)
	for _, database := range [...]string{"sqlite", "postgres"} {
		b.Run(database, func(b *testing.B) {
			d := dbtest.SQLite(b)
			if database == "postgres" {
				d = dbtest.Postgres(b)
			}
			w := newWorld(b, ad, d)
			one := func(name string, o Options) {
				b.Run(name, func(b *testing.B) {
					for range b.N {
						before := cpu()
						began := time.Now()
						r := w.sync(o)
						b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms")
						b.ReportMetric(float64((cpu() - before).Milliseconds()), "cpu-ms")
						b.ReportMetric(float64(r.Created+r.Changed), "written")
						b.ReportMetric(float64(peak()>>20), "peak-MB")
						w.now = w.now.Add(time.Second)
					}
				})
			}
			one("first", Options{})
			one("unchanged", Options{})
			w.now = w.now.Add(2 * time.Hour)
			one("compared", Options{})
			one("again", Options{Full: true})
		})
	}
}

func populate(b *testing.B, ad *kdctest.Realm, people int) {
	b.Helper()
	ad.Add(b, "OU=Many,"+ad.BaseDN, map[string][]string{"objectClass": {"organizationalUnit"}})
	con := adminOf(b, ad)
	defer func() { _ = con.Close() }()
	for i := range people {
		add := goldap.NewAddRequest(fmt.Sprintf("CN=m%05d,OU=Many,%s", i, ad.BaseDN), nil)
		for name, value := range map[string]string{
			"objectClass": "user", "sAMAccountName": fmt.Sprintf("m%05d", i), "userPrincipalName": fmt.Sprintf("m%05d@entente.test", i),
			"mail": fmt.Sprintf("m%05d@entente.test", i), "displayName": fmt.Sprintf("Person %d", i), "userAccountControl": "544",
			"title": "Clerk", "department": "Sales", "telephoneNumber": "+49 30 1234",
		} {
			add.Attribute(name, []string{value})
		}
		if err := con.Add(add); err != nil {
			b.Fatal(err)
		}
	}
}

// cpu is what this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that this process has had.
func peak() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Maxrss << 10
}
