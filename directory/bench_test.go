package directory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

// A large organization: to each account a mailbox, three addresses, membership
// in two groups and twelve permissions of others on the mailbox.
const (
	addressesEach   = 3
	permissionsEach = 12
	groupOf         = 50 // accounts
)

// sizes are how many accounts the benchmarks have: 100,000 only when
// ENTENTE_BENCH_ACCOUNTS asks for it, since filling takes a minute.
func sizes() []int {
	if n, err := strconv.Atoi(os.Getenv("ENTENTE_BENCH_ACCOUNTS")); err == nil {
		return []int{n}
	}
	return []int{10_000}
}

func benchSID(i int) entente.SID {
	return entente.SID(fmt.Sprintf("S-1-5-21-5-5-5-%d", 100_000+i))
}

func benchBox(i int) entente.MailboxID {
	return entente.MailboxID{byte(i >> 16), byte(i >> 8), byte(i), 1}
}

// populate fills the tables as a restore would, not by verbs: these are many.
func populate(b *testing.B, x *db.DB, n int) {
	b.Helper()
	for from := 0; from < n; from += 1000 {
		must(b, x.Update(b.Context(), func(tx *db.Tx) error {
			for i := from; i < min(from+1000, n); i++ {
				if err := populateOne(tx, i, n); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

func populateOne(tx *db.Tx, i, n int) error {
	sid, name := benchSID(i), "user"+strconv.Itoa(i)
	_, err := tx.Exec(`INSERT INTO directory_account (sid, guid, upn, mail, name, alias, kind, enabled, mailbox_id, database, quota,
		given_name, surname, title, department, company, office, phone, mobile, capacity, hidden, policy, password, epoch, created)
		VALUES ($1, $2, $3, $3, $4, $4, 'user', $5, $6, 'DB1', 0, 'User', $4, '', $7, '', '', '', '', 0, $8, '', '', 0, 0)`,
		sid, benchBox(i), name+"@contoso.example", name, true, benchBox(i), "Department "+strconv.Itoa(i%40), false)
	exec := func(n int64, e error) { err = errors.Join(err, e) }
	for a := range addressesEach {
		address := name + "@contoso.example"
		if a > 0 {
			address = fmt.Sprint(name, ".", a, "@contoso.example")
		}
		exec(tx.Exec(`INSERT INTO directory_address (sid, address) VALUES ($1, $2)`, sid, address))
	}
	for p := range permissionsEach {
		exec(tx.Exec(`INSERT INTO directory_permission (mailbox_id, to_sid, deny, rights) VALUES ($1, $2, $3, $4)`,
			benchBox(i), benchSID((i+1+p*7)%n), p%6 == 5, access.SendAs))
	}
	for g := range 2 {
		group := benchSID(n + (i+g*groupOf/2)/groupOf)
		if i%groupOf == 0 && g == 0 {
			exec(tx.Exec(`INSERT INTO directory_group (sid, guid, name, alias, mail, kind, hidden) VALUES ($1, $2, $3, '', '', 'security', $4)
				ON CONFLICT (sid) DO NOTHING`, group, benchBox(n+i), "Group "+strconv.Itoa(i), false))
		}
		exec(tx.Exec(`INSERT INTO directory_member (group_sid, member_sid) VALUES ($1, $2) ON CONFLICT (group_sid, member_sid) DO NOTHING`, group, sid))
	}
	exec(tx.Exec(`INSERT INTO directory_member (group_sid, member_sid) VALUES ($1, $2)`, benchSID(2*n), sid))
	return err
}

// onLarge runs a benchmark on a large organization, sealed and not.
func onLarge(b *testing.B, f func(b *testing.B, d, other *Directory, n int)) {
	for _, n := range sizes() {
		for _, sealed := range []bool{true, false} {
			name := fmt.Sprintf("%d/sealed=%t", n, sealed)
			b.Run(name, func(b *testing.B) {
				c := Config{DB: dbtest.SQLite(b), Organization: "Contoso"}
				if sealed {
					c.Seal = testSeal("key")
				}
				d, err := Open(context.Background(), c)
				must(b, err)
				must(b, d.Update(b.Context(), func(c *Change) error {
					everyone := &Group{Group: access.Group{SID: benchSID(2 * n), Name: "Everyone"}}
					return errors.Join(c.AddDomain("contoso.example"), c.SetDatabase(Database{Name: "DB1", URL: "sqlite:mail.db"}), c.CreateGroup(everyone),
						c.CreateScope(access.ManagementScope{Name: "VIP", Filter: `Department -eq "x"`}))
				}))
				populate(b, c.DB, n)
				if sealed {
					must(b, d.Confirm(b.Context()))
				} else {
					must(b, d.load(b.Context(), 0))
				}
				other, err := Open(context.Background(), c)
				must(b, err)
				f(b, d, other, n)
			})
		}
	}
}

// processor is the time that this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perOperation reports the processor time since start for each operation.
func perOperation(b *testing.B, start time.Duration) {
	b.ReportMetric(float64((processor()-start).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
}

// BenchmarkChange is what a change costs, durable and in force: on the node that
// makes it, and on another that hears of it.
func BenchmarkChange(b *testing.B) {
	kinds := []struct {
		name string
		make func(c *Change, i, n int) error
	}{
		{"server", func(c *Change, i, _ int) error { return c.SetServer(Server{Name: "s1", URL: strconv.Itoa(i)}) }},
		{"account", func(c *Change, i, n int) error {
			return c.SetAccount(benchSID(i*7919%n), func(a *Account) error { a.Title = strconv.Itoa(i); return nil })
		}},
		{"member", func(c *Change, i, n int) error { return c.AddMember(benchSID(n), benchSID(i*7919%n)) }},
		{"permission", func(c *Change, i, n int) error {
			return c.SetMailboxPermission(access.MailboxPermission{Mailbox: benchBox(i * 7919 % n), To: benchSID(i % n), Rights: access.FullAccess})
		}},
		{"member-of-everyone", func(c *Change, i, n int) error {
			if i%2 == 0 {
				return c.RemoveMember(benchSID(2*n), benchSID(7))
			}
			return c.AddMember(benchSID(2*n), benchSID(7))
		}},
		{"scope", func(c *Change, i, _ int) error {
			return c.SetScope("VIP", func(s *access.ManagementScope) error {
				s.Filter = fmt.Sprintf(`Department -eq "Department %d"`, i%40)
				return nil
			})
		}},
		{"create", func(c *Change, i, _ int) error { return c.CreateAccount(person("new" + strconv.Itoa(i))) }},
		{"assignment", func(c *Change, i, n int) error {
			return c.CreateAssignment(&Assignment{Assignment: access.Assignment{
				Assignee: benchSID(i * 7919 % n), Rights: access.ApplicationImpersonation, Enabled: true, Scope: access.Scope{Kind: access.ScopeAll},
			}})
		}},
	}
	onLarge(b, func(b *testing.B, d, other *Directory, n int) {
		i := 0
		for _, k := range kinds {
			change := func(b *testing.B) {
				i++
				must(b, d.Update(b.Context(), func(c *Change) error { return k.make(c, i, n) }))
			}
			b.Run(k.name, func(b *testing.B) {
				start, longest := processor(), time.Duration(0)
				for range b.N {
					at := time.Now()
					change(b)
					longest = max(longest, time.Since(at))
				}
				perOperation(b, start)
				b.ReportMetric(float64(longest.Microseconds())/1000, "max-ms")
			})
			b.Run(k.name+"-elsewhere", func(b *testing.B) {
				var used time.Duration
				for range b.N {
					b.StopTimer()
					change(b)
					start := processor()
					b.StartTimer()
					must(b, other.refresh(b.Context()))
					used += processor() - start
				}
				b.ReportMetric(float64(used.Microseconds())/float64(b.N)/1000, "cpu-ms/op")
			})
		}
	})
}

// BenchmarkStart is what reading everything costs, at the start and where the
// log does not go back far enough.
func BenchmarkStart(b *testing.B) {
	onLarge(b, func(b *testing.B, d, _ *Directory, _ int) {
		b.Run("load", func(b *testing.B) {
			start := processor()
			for range b.N {
				must(b, d.load(b.Context(), 0))
			}
			perOperation(b, start)
		})
		if d.seal != nil {
			b.Run("check", func(b *testing.B) { // once a minute
				start := processor()
				for range b.N {
					must(b, d.check(b.Context()))
				}
				perOperation(b, start)
			})
		}
	})
}
