package access

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"entente"
)

// large is an organization of n mailboxes with three addresses each, a group for
// every fifty and each in one that holds it, twelve permissions on each mailbox,
// and ten applications.
func large(n int) Facts {
	f := Facts{Databases: []string{"DB1"}, Servers: []string{"CAS1"}}
	for g := range n/50 + 1 {
		f.Groups = append(f.Groups, Group{SID: entente.SID(fmt.Sprint("S-1-5-21-1-1-2-", g)), Name: fmt.Sprint("team ", g)})
	}
	all := Group{SID: "S-1-5-21-1-1-3-1"}
	for _, g := range f.Groups {
		all.Members = append(all.Members, g.SID)
	}
	for i := range n {
		a := Account{Name: fmt.Sprint("user ", i), Kind: KindUser, Enabled: true, Database: "DB1"}
		a.Mailbox = entente.MailboxID{byte(i), byte(i >> 8), byte(i >> 16), 1}
		a.SID = entente.SID(fmt.Sprint("S-1-5-21-1-1-1-", i))
		a.UPN, a.Mail = entente.UPN(fmt.Sprintf("u%d@x.example", i)), entente.SMTPAddress(fmt.Sprintf("u%d@x.example", i))
		a.Proxies = []entente.SMTPAddress{entente.SMTPAddress(fmt.Sprintf("first.last%d@x.example", i)), entente.SMTPAddress(fmt.Sprintf("x%d@x.example", i))}
		f.Accounts = append(f.Accounts, a)
		f.Groups[i/50].Members = append(f.Groups[i/50].Members, a.SID)
		for k := range 12 {
			p := MailboxPermission{Mailbox: a.Mailbox, To: f.Groups[(i/50+k)%len(f.Groups)].SID, Rights: SendOnBehalf}
			if k%2 == 0 {
				p.To = entente.SID(fmt.Sprint("S-1-5-21-1-1-1-", (i*31+k*977)%n))
			}
			if i%10 == 0 && k == 1 {
				p.Rights = FullAccess
			}
			f.Permissions = append(f.Permissions, p)
		}
	}
	f.Groups = append(f.Groups, all)
	for i := range 10 {
		f.Assignments = append(f.Assignments, Assignment{
			ID: fmt.Sprint("app ", i), Assignee: f.Accounts[i].SID, Rights: ApplicationImpersonation, Enabled: true,
			Scope: Scope{Kind: ScopeGroup, Name: string(all.SID)},
		})
	}
	return f
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		f := large(n)
		s := Compile(f)
		table := &FolderTable{Folder: 1, Entries: []Entry{
			{Who: Default, Rights: LevelFreeBusyTimeOnly},
			{Who: Anonymous},
			{SID: f.Groups[len(f.Groups)-1].SID, Rights: LevelReviewer},
			{SID: f.Groups[1].SID, Rights: LevelEditor},
			{SID: f.Accounts[7].SID, Rights: LevelOwner},
		}}
		ask := func(name string, question func(i int) Question) {
			questions := make([]Question, 1024)
			for i := range questions {
				questions[i] = question(i * 7919 % n)
				questions[i].At = at
			}
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					d := s.Decide(questions[i%1024])
					if !d.Allowed() {
						b.Fatal(d.Reason())
					}
					i++
				}
			})
		}
		caller := func(i int) *Caller { return &Caller{Authenticated: f.Accounts[i].Principal, Method: Basic} }
		ask("owner", func(i int) Question {
			return Question{Caller: caller(i), On: MailboxOf(f.Accounts[i].Mailbox), Want: FolderLookup}
		})
		ask("folder", func(i int) Question {
			return Question{Caller: caller(i), On: FolderOf(f.Accounts[(i+51)%n].Mailbox, 1), Folder: table, Want: ReadAny}
		})
		ask("impersonated", func(i int) Question {
			c := caller(i % 10)
			c.ActsAs = &f.Accounts[i].Principal
			return Question{Caller: c, On: MailboxOf(f.Accounts[i].Mailbox), Want: FolderLookup}
		})
	}
}

// BenchmarkSpread tells how decisions of one kind after another are spread:
// half of them, and all but one in a hundred, take no longer than what is
// reported.
func BenchmarkSpread(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		f := large(n)
		s := Compile(f)
		table := &FolderTable{Folder: 1, Entries: []Entry{
			{Who: Default, Rights: LevelReviewer}, {SID: f.Groups[1].SID, Rights: LevelEditor}, {SID: f.Accounts[7].SID, Rights: LevelOwner},
		}}
		questions := make([]Question, 4096)
		for i := range questions {
			c := &Caller{Authenticated: f.Accounts[i*7919%n].Principal, Method: Basic, UserAgent: "App/1"}
			q := Question{Caller: c, On: MailboxOf(f.Accounts[(i*104729)%n].Mailbox), Want: FolderLookup, At: at}
			switch i % 4 {
			case 1:
				q.On, q.Folder, q.Want = FolderOf(q.On.Mailbox, 1), table, ReadAny
			case 2:
				as := f.Accounts[(i*104729)%n].Principal
				q.Caller = &Caller{Authenticated: f.Accounts[i%10].Principal, ActsAs: &as, Method: Basic}
			case 3:
				q.On, q.Want = Object{Kind: OrganizationObject, Name: "ews"}, Enter
			}
			questions[i] = q
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			var took []time.Duration
			i := 0
			for b.Loop() {
				start := time.Now()
				d := s.Decide(questions[i%len(questions)])
				if i++; len(took) < 1<<20 {
					took = append(took, time.Since(start))
				}
				if !d.Allowed() {
					b.Fatal(d.Reason())
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
			b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
		})
	}
}

// BenchmarkWith makes the snapshot after one change.
func BenchmarkWith(b *testing.B) {
	f := large(100_000)
	s := Compile(f)
	account := f.Accounts[70_000]
	account.Name, account.Proxies = "renamed", append(account.Proxies[:1:1], "new@x.example")
	group := f.Groups[3]
	group.Members = append(group.Members[:7:7], group.Members[8:]...)
	assignment := f.Assignments[3]
	assignment.Enabled = false
	for name, d := range map[string]Delta{
		"account":    {PutAccounts: []Account{account}},
		"drop":       {DropAccounts: []entente.SID{account.SID}},
		"group":      {PutGroups: []Group{group}},
		"assignment": {PutAssignments: []Assignment{assignment}},
		"permissions": {PutPermissions: map[entente.MailboxID][]MailboxPermission{
			account.Mailbox: {{Mailbox: account.Mailbox, To: f.Accounts[9].SID, Rights: FullAccess}},
		}},
		"grant": {PutItemGrants: []ItemGrant{{ID: "g", Mailbox: account.Mailbox, To: f.Accounts[9].SID, Items: []ItemKey{{1, 0}}, Read: AllFields, Enabled: true}}},
		"scope": {PutScopes: []ManagementScope{{Name: "some", Filter: "Name -like 'user 7*' -and Database -eq 'DB1'"}}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.With(d)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		f := large(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Compile(f)
			}
		})
	}
}

func BenchmarkTurn(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		f := large(n)
		for name, x := range map[string]Supposition{
			"allowed": {Caller: f.Accounts[3].Principal, Header: &ConnectingSID{SID: string(f.Accounts[n/2].SID)}, Server: "CAS1", Own: true, At: at},
			"refused": {Caller: f.Accounts[n/2].Principal, Header: &ConnectingSID{SID: string(f.Accounts[3].SID)}, Server: "CAS1", Own: true, At: at},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					if len(Turn(f, x).Sets) == 0 {
						b.Fatal("nothing turns it")
					}
				}
			})
		}
	}
}

func BenchmarkSuppose(b *testing.B) {
	f := large(1_000)
	s := Compile(f)
	x := Supposition{Caller: f.Accounts[3].Principal, Header: &ConnectingSID{SID: string(f.Accounts[500].SID)}, Server: "CAS1", Protocol: "ews", Own: true, At: at}
	b.ReportAllocs()
	for b.Loop() {
		if r := s.Suppose(x); !r.Allowed() {
			b.Fatal(r.Reason())
		}
	}
}
