package access

import (
	"fmt"
	"testing"

	"entente"
)

// large is an organization of n mailboxes, a group for every fifty and each in
// one that holds it, permissions on every tenth, and ten applications.
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
		if i%10 == 0 {
			f.Permissions = append(f.Permissions, MailboxPermission{Mailbox: a.Mailbox, To: f.Groups[(i/50+1)%len(f.Groups)].SID, Rights: FullAccess})
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
