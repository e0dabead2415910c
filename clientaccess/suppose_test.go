package clientaccess

import (
	"testing"

	"entente"
	"entente/access"
	"entente/directory"
)

// Suppose says what the same request would meet, and opens nothing.
func TestSuppose(t *testing.T) {
	o := open(t, nil)
	who := func(name string) access.Principal {
		a, ok := o.Directory.Snapshot().FindSID(o.sids[name])
		if !ok {
			t.Fatalf("no %s", name)
		}
		return a.Principal
	}
	calendar := &access.FolderTable{Folder: 7, Class: "IPF.Appointment", Entries: []access.Entry{
		{Who: access.Default, Rights: access.LevelFreeBusyTimeOnly},
	}}
	test := func(name string, s access.Supposition, decisions int, want entente.Reason) {
		t.Helper()
		x := o.Suppose(s)
		err := x.Err()
		if n := len(x.Decisions()); n != decisions {
			t.Errorf("%s: %d decisions", name, n)
		}
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		o.because(err, want)
	}
	own := access.Supposition{Caller: who("anna"), Mailbox: o.boxes["anna"]}
	test("her own", own, 2, "")
	test("hers as the CRM", access.Supposition{Caller: who("crm"), Header: &access.ConnectingSID{SID: string(o.sids["anna"])}, Mailbox: o.boxes["anna"]}, 4, "")
	test("Ben's as the CRM", access.Supposition{Caller: who("crm"), Header: &access.ConnectingSID{SID: string(o.sids["ben"])}, Mailbox: o.boxes["ben"]}, 2, access.ImpersonateUserDenied)
	test("as somebody, by somebody", access.Supposition{Caller: who("ben"), Header: &access.ConnectingSID{SID: string(o.sids["anna"])}}, 1, access.ImpersonationDenied)
	test("time in her calendar", access.Supposition{Caller: who("ben"), Mailbox: o.boxes["anna"], Folder: calendar, Want: access.FreeBusySimple}, 3, "")
	test("her calendar", access.Supposition{Caller: who("ben"), Mailbox: o.boxes["anna"], Folder: calendar, Want: access.ReadAny}, 3, access.NotVisible)
	test("all of hers", access.Supposition{Caller: who("ben"), Mailbox: o.boxes["anna"], Want: access.FullAccess}, 2, access.NoRight)

	o.must(o.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetAccount(o.sids["anna"], func(a *directory.Account) error {
			a.Policy = &access.ClientPolicy{EwsEnabled: access.Off}
			return nil
		})
	}))
	test("behind a shut gate", own, 1, access.EwsDisabledByMailbox)
}
