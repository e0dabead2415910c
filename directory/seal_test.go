package directory

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

// testSeal is a key that is not in the database.
type testSeal string

func (s testSeal) Append(b, data []byte) []byte {
	h := hmac.New(sha256.New, []byte(s))
	h.Write(data)
	return h.Sum(b)
}

func (s testSeal) Valid(data, mark []byte) bool { return hmac.Equal(s.Append(nil, data), mark) }

// A sealedOrg is a directory in which CRM may act as Anna, and not as the boss.
type sealedOrg struct {
	t         *testing.T
	db        *db.DB
	d         *Directory
	alarms    []error
	anna, crm *Account
	boss      *Account
}

func newSealed(t *testing.T, x *db.DB) *sealedOrg {
	t.Helper()
	o := &sealedOrg{t: t, db: x, anna: person("anna"), boss: person("boss"), crm: person("crm")}
	o.crm.Kind = access.KindService
	o.d = o.open()
	must(t, o.d.Update(t.Context(), func(c *Change) error {
		err := errors.Join(c.AddDomain("contoso.example"), c.SetDatabase(Database{Name: "DB1", URL: "sqlite:mail.db"}))
		for _, a := range []*Account{o.anna, o.boss, o.crm} {
			a.SID = ""
			err = errors.Join(err, c.CreateAccount(a))
		}
		g := &Assignment{Assignment: access.Assignment{
			ID: "crm", Assignee: o.crm.SID, Rights: access.ApplicationImpersonation, Enabled: true,
			Scope: access.Scope{Kind: access.ScopeAccount, Name: string(o.anna.SID)},
		}}
		err = errors.Join(err, c.CreateAssignment(g))
		if _, _, e := c.CreateToken(o.crm.SID, "sync", time.Now().Add(time.Hour)); e != nil {
			err = errors.Join(err, e)
		}
		return err
	}))
	return o
}

// open opens the directory as another process would.
func (o *sealedOrg) open() *Directory {
	o.t.Helper()
	d, err := Open(context.Background(), Config{
		DB: o.db, Organization: "Contoso", Seal: testSeal("key"),
		Failed: func(err error) { o.alarms = append(o.alarms, err) },
	})
	must(o.t, err)
	return d
}

// acts reports whether CRM may act as an account.
func (o *sealedOrg) acts(d *Directory, as *Account) bool {
	c := &access.Caller{Authenticated: o.crm.Principal, Method: access.Bearer}
	who, err := d.Snapshot().Impersonate(c, access.ConnectingSID{SID: string(as.SID)}, "", time.Now(), nil)
	return err == nil && who.SID == as.SID
}

// wantAlarm fails unless the directory was found altered, said so once, and
// lets nobody act as another.
func (o *sealedOrg) wantAlarm(d *Directory) {
	o.t.Helper()
	if len(o.alarms) != 1 || !errors.Is(o.alarms[0], ErrAltered) || !d.Altered() || o.acts(d, o.anna) || o.acts(d, o.boss) {
		o.t.Errorf("alarms %v, altered %t, acts as Anna %t, as the boss %t",
			o.alarms, d.Altered(), o.acts(d, o.anna), o.acts(d, o.boss))
	}
}

func (o *sealedOrg) wantQuiet(d *Directory) {
	o.t.Helper()
	if len(o.alarms) != 0 || d.Altered() || !o.acts(d, o.anna) || o.acts(d, o.boss) {
		o.t.Errorf("alarms %v, altered %t, acts as Anna %t, as the boss %t",
			o.alarms, d.Altered(), o.acts(d, o.anna), o.acts(d, o.boss))
	}
}

// sql does what somebody with a database client would.
func (o *sealedOrg) sql(f func(tx *db.Tx) (int64, error)) {
	o.t.Helper()
	must(o.t, o.db.Update(o.t.Context(), func(tx *db.Tx) error {
		n, err := f(tx)
		if err == nil && n == 0 {
			return errors.New("nothing was altered")
		}
		return err
	}))
}

// widen has CRM's grant say that it may act as everyone.
func widen(tx *db.Tx) (int64, error) {
	return tx.Exec(`UPDATE directory_assignment SET scope_kind = $1`, access.ScopeAll)
}

func onEachSealed(t *testing.T, f func(t *testing.T, o *sealedOrg)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, x *db.DB) { f(t, newSealed(t, x)) })
}

func TestSealHolds(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		o.wantQuiet(o.d)
		again := o.open()
		o.wantQuiet(again)
		create(t, again, person("new"))
		must(t, o.d.refresh(t.Context()))
		must(t, o.d.check(t.Context()))
		o.wantQuiet(o.d)
		o.wantQuiet(again)
	})
}

// Any row that counts, in any way it can be edited: found by a process that is
// told nothing, and by one that starts.
func TestAlteredTables(t *testing.T) { onEachSealed(t, alterTables) }

func alterTables(t *testing.T, o *sealedOrg) {
	test := func(what string, edit func(o *sealedOrg, tx *db.Tx) (int64, error)) {
		t.Helper()
		o.sql(func(tx *db.Tx) (int64, error) { return edit(o, tx) })
		if o.d.Altered() {
			t.Errorf("%s: known before anybody looked", what)
		}
		for range 2 { // the alarm is raised once
			must(t, o.d.check(t.Context()))
			o.wantAlarm(o.d)
		}
		o.alarms = nil
		o.wantAlarm(o.open())
		must(t, o.d.Confirm(t.Context()))
		o.alarms = nil
		if t.Failed() {
			t.Fatalf("%s went by", what)
		}
	}
	test("grant widened", func(_ *sealedOrg, tx *db.Tx) (int64, error) { return widen(tx) })
	test("grant removed", func(_ *sealedOrg, tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM directory_assignment`) })
	test("password", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE directory_account SET password = 'x' WHERE sid = $1`, o.crm.SID)
	})
	test("token given away", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE directory_token SET hash = $1`, sum("mine"))
	})
	test("administrator", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_administrator (sid) VALUES ($1)`, o.anna.SID)
	})
	test("relationship", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_relationship (name, settings) VALUES ('x', '{"Domains":["evil.example"],"Enabled":true}')`)
	})
	test("sharing policy", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_sharing_policy (name, enabled, is_default, rules) VALUES ('x', TRUE, TRUE, '[]')`)
	})
	test("sharing policy given", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_sharing_assignment (sid, policy) VALUES ($1, 'x')`, o.anna.SID)
	})
	test("devices", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_device_organization (name, settings) VALUES ('', '{"Default":"Block"}')`)
	})
	test("device access rule", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_device_rule (name, settings) VALUES ('x (DeviceType)', '{}')`)
	})
	test("mobile device mailbox policy", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_mobile_policy (name, is_default, settings) VALUES ('x', TRUE, '{}')`)
	})
	test("device allowed", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_device_setting (sid, settings) VALUES ($1, '{"AllowedIDs":["EVIL"]}')`, o.anna.SID)
	})
	test("identity", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_identity (sid, kind, name, said) VALUES ($1, 2, 'X509:<SKI>01', '')`, o.boss.SID)
	})
	test("permission", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_permission (mailbox_id, to_sid, deny, rights) VALUES ($1, $2, $3, 1)`, make([]byte, 16), o.anna.SID, false)
	})
	test("member", func(o *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`INSERT INTO directory_member (group_sid, member_sid) VALUES ('S-1-5-21-1', $1)`, o.anna.SID)
	})
	test("policy", func(_ *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE directory_organization SET precedence = 1`)
	})
	test("domain", func(_ *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE directory_domain SET name = 'evil.example'`)
	})
	test("database elsewhere", func(_ *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE directory_database SET url = 'postgres://elsewhere'`)
	})
	test("mark taken away", func(_ *sealedOrg, tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM directory_seal`) })
	test("mark replaced", func(_ *sealedOrg, tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE directory_seal SET mark = $1`, testSeal("another key").Append(nil, []byte("x")))
	})
}

// An edit that pretends to be a change is noticed as fast as one.
func TestAlteredAsAChange(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		o.sql(widen)
		o.sql(func(tx *db.Tx) (int64, error) {
			return tx.Exec(`UPDATE directory_organization SET generation = generation + 1`)
		})
		must(t, o.d.refresh(t.Context()))
		o.wantAlarm(o.d)
	})
}

// An honest change after a forged one must not vouch for it, whenever it is
// looked for.
func TestChangeDoesNotLaunder(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		o.sql(widen)
		create(t, o.d, person("new"))
		must(t, o.d.check(t.Context()))
		o.wantAlarm(o.d)
		create(t, o.d, person("newer")) // changes go on, and are still refused a mark
		if _, ok := o.d.Snapshot().FindUPN("newer@contoso.example"); !ok {
			t.Error("the change was not made")
		}
		o.wantAlarm(o.d)
	})
}

// A new organization row does not make old tables new.
func TestNewOrganizationVouchesForNothing(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		o.sql(widen)
		o.sql(func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM directory_organization`) })
		o.wantAlarm(o.open())
	})
}

func TestConfirm(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		o.sql(widen)
		must(t, o.d.check(t.Context()))
		o.wantAlarm(o.d)
		must(t, o.d.Update(t.Context(), func(c *Change) error { // set right first
			return c.SetAssignment("crm", func(a *access.Assignment) error {
				a.Scope = access.Scope{Kind: access.ScopeAccount, Name: string(o.anna.SID)}
				return nil
			})
		}))
		o.wantAlarm(o.d)
		o.alarms = nil
		must(t, o.d.Confirm(t.Context()))
		o.wantQuiet(o.d)
		o.wantQuiet(o.open())
	})
}

// Tables put back as they were bear their mark again.
func TestAlteredAndPutBack(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		o.sql(widen)
		must(t, o.d.check(t.Context()))
		o.wantAlarm(o.d)
		o.sql(func(tx *db.Tx) (int64, error) {
			return tx.Exec(`UPDATE directory_assignment SET scope_kind = $1`, access.ScopeAccount)
		})
		must(t, o.d.check(t.Context()))
		o.alarms = nil
		o.wantQuiet(o.d)
	})
}

// An older state with its mark is not taken for the present one.
func TestOldMark(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		var old []byte
		must(t, o.db.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT mark FROM directory_seal`).Scan(&old)
		}))
		must(t, o.d.Update(t.Context(), func(c *Change) error { return c.RemoveAssignment("crm") }))
		o.sql(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE directory_seal SET mark = $1`, old) })
		must(t, o.d.check(t.Context()))
		o.wantAlarm(o.d)
	})
}

// Whoever has no key changes nothing in a directory that is sealed.
func TestWithoutTheKey(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		d, err := Open(t.Context(), Config{DB: o.db})
		must(t, err)
		wants(t, d.Update(t.Context(), func(c *Change) error { return c.AddDomain("x.example") }), entente.Invalid, "")
		wants(t, d.Confirm(t.Context()), entente.Invalid, "")
		must(t, o.d.check(t.Context()))
		o.wantQuiet(o.d)
	})
}

// A row in the table of nodes makes no node, and another key no other node.
func TestForgedNode(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		key := bytes.Repeat([]byte{1}, ed25519.PublicKeySize)
		must(t, o.d.Register(t.Context(), Node{ID: "n1", PublicKey: key}))
		later := time.Now().Add(time.Hour).UnixMilli()
		forged := bytes.Repeat([]byte{2}, ed25519.PublicKeySize)
		test := func(id string, up bool) {
			t.Helper()
			all, err := o.d.Nodes(t.Context())
			must(t, err)
			i := slices.IndexFunc(all, func(n Node) bool { return n.ID == id })
			if i < 0 || all[i].Down == up || (all[i].PublicKey == nil) == up {
				t.Errorf("%s in %+v, want up %t", id, all, up)
			}
		}
		test("n1", true)
		o.sql(func(tx *db.Tx) (int64, error) {
			return tx.Exec(`INSERT INTO directory_node (id, name, url, nodekey, generation, keys, lease, mark)
				SELECT 'n2', name, url, nodekey, generation, keys, lease, mark FROM directory_node`)
		})
		test("n2", false)
		o.sql(func(tx *db.Tx) (int64, error) {
			return tx.Exec(`UPDATE directory_node SET nodekey = $1, lease = $2 WHERE id = 'n1'`, forged, later)
		})
		test("n1", false)
	})
}

// Run looks once a minute, told or not.
func TestRunChecks(t *testing.T) {
	x := dbtest.SQLite(t)
	o := newSealed(t, x)
	o.sql(widen)
	synctest.Test(t, func(t *testing.T) {
		d := o.d
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { d.Run(ctx); close(done) }()
		time.Sleep(checkEvery + 2*pollEvery)
		cancel()
		<-done
	})
	o.wantAlarm(o.d)
}
