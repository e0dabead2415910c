package directory

import (
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/db"
	"entente/db/dbtest"
)

const issued = `X509:<I>DC=example,DC=contoso,CN=contoso ca<SR>1200000000ac11000000002b`

func TestIdentities(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, x *db.DB) {
		d := open(t, x)
		anna := person("anna")
		anna.LogonName = "Anna.M"
		anna.Identities = []string{"X509:<SKI>0A", "x509:<I>CN=Contoso CA, DC=contoso, DC=example<SR>1200000000AC11000000002B", "X509:<SKI>0a"}
		create(t, d, anna)
		bruno := person("bruno")
		create(t, d, bruno)

		want := []string{issued, "X509:<SKI>0a"}
		test := func(d *Directory) {
			t.Helper()
			a, err := d.Account(t.Context(), anna.SID)
			if err != nil || a.LogonName != "Anna.M" || !slices.Equal(a.Identities, want) {
				t.Errorf("%q %q %v", a.LogonName, a.Identities, err)
			}
			found, _ := d.Snapshot().FindIdentity(issued)
			if found.SID != anna.SID || found.LogonName != "Anna.M" {
				t.Errorf("found %q, %q", found.SID, found.LogonName)
			}
		}
		test(d)
		test(open(t, x))
		set := func(a *Account, f func(a *Account)) error {
			return d.Update(t.Context(), func(c *Change) error {
				return c.SetAccount(a.SID, func(a *Account) error { f(a); return nil })
			})
		}
		wants(t, set(bruno, func(a *Account) { a.LogonName = "anna.m" }), entente.Conflict, AccountExists)
		wants(t, set(bruno, func(a *Account) { a.LogonName = "a@b" }), entente.Invalid, "")
		wants(t, set(bruno, func(a *Account) { a.LogonName = strings.Repeat("a", 257) }), entente.TooLarge, "")
		wants(t, set(bruno, func(a *Account) { a.Identities = []string{"X509:<SKI>"} }), entente.Invalid, "")
		wants(t, set(bruno, func(a *Account) { a.Identities = make([]string, 101) }), entente.TooLarge, "")
		must(t, set(bruno, func(a *Account) { a.Identities, a.LogonName = []string{"X509:<SKI>0a"}, "bruno" }))
		if _, ok := d.Snapshot().FindIdentity("X509:<SKI>0a"); ok {
			t.Error("what two claim is somebody's")
		}
		test(d)
		must(t, set(bruno, func(a *Account) { a.Name = "B" }))
		if a, _ := d.Snapshot().FindSID(bruno.SID); a.LogonName != "bruno" || len(a.Identities) != 1 {
			t.Errorf("a change of something else left %q %q", a.LogonName, a.Identities)
		}
		must(t, d.Update(t.Context(), func(c *Change) error { return c.RemoveAccount(bruno.SID) }))
		if a, _ := d.Snapshot().FindIdentity("X509:<SKI>0a"); a.SID != anna.SID {
			t.Error("one who is gone claims it still")
		}
		must(t, set(anna, func(a *Account) { a.LogonName = "bruno" })) // nobody's any more
	})
}

func TestImportIdentities(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, x *db.DB) {
		d := open(t, x)
		const ldif = `dn: CN=Anna,DC=contoso,DC=example
objectClass: user
userPrincipalName: anna@contoso.example
sAMAccountName: Anna
altSecurityIdentities: X509:<I>DC=example,DC=contoso,CN=Contoso CA<SR>1200000000AC11000000002B
altSecurityIdentities: Other:thing
`
		for _, action := range []string{"created", "unchanged"} {
			r, err := d.ImportLDIF(t.Context(), strings.NewReader(ldif), ImportOptions{})
			if err != nil || len(r.Lines) != 1 || r.Lines[0].Action != action || r.Lines[0].Err == nil {
				t.Errorf("%+v %v, want %s and a word of what was left out", r, err, action)
			}
		}
		odd := strings.NewReplacer("Anna", "a@b", "anna", "ben").Replace(ldif)
		if r, err := d.ImportLDIF(t.Context(), strings.NewReader(odd), ImportOptions{}); err != nil || r.Created != 1 {
			t.Errorf("%+v %v: an account is refused for its logon name", r, err)
		}
		const csv = "UserPrincipalName,sAMAccountName,altSecurityIdentities\nanna@contoso.example,anna2,X509:<SKI>0A;X509:<SKI>0b\n"
		r, err := d.ImportCSV(t.Context(), strings.NewReader(csv), ImportOptions{})
		a, ok := d.Snapshot().FindIdentity("X509:<SKI>0b")
		if err != nil || r.Changed != 1 || !ok || a.LogonName != "anna2" || !slices.Equal(a.Identities, []string{"X509:<SKI>0a", "X509:<SKI>0b"}) {
			t.Errorf("%+v %v: %+v", r, err, a)
		}
	})
}
