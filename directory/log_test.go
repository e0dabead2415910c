package directory

import (
	"errors"
	"strconv"
	"testing"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

// narrow sets CRM's grant right again.
func (o *sealedOrg) narrow() error {
	return o.d.Update(o.t.Context(), func(c *Change) error {
		return c.SetAssignment("crm", func(a *access.Assignment) error {
			a.Scope = access.Scope{Kind: access.ScopeAccount, Name: string(o.anna.SID)}
			return nil
		})
	})
}

// A row that a change touches is found edited at once, by the node that makes
// the change and by the others.
func TestTouchedRowWasAltered(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		other := o.open()
		o.sql(widen)
		must(t, o.narrow())
		o.wantAlarm(o.d)
		o.alarms = nil
		must(t, other.refresh(t.Context()))
		o.wantAlarm(other)
	})
}

// A row put in by SQL where a change then puts one, or taken away where it
// removes one.
func TestTouchedRowWasForgedOrGone(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		o.sql(func(tx *db.Tx) (int64, error) {
			return tx.Exec(`INSERT INTO directory_administrator (sid) VALUES ($1)`, o.boss.SID)
		})
		must(t, o.d.Update(t.Context(), func(c *Change) error { return c.AddAdministrator(o.boss.SID) }))
		o.wantAlarm(o.d)
		must(t, o.d.Confirm(t.Context()))
		o.alarms = nil
		o.sql(func(tx *db.Tx) (int64, error) {
			return tx.Exec(`DELETE FROM directory_address WHERE sid = $1`, o.anna.SID)
		})
		must(t, o.d.Update(t.Context(), func(c *Change) error { return c.RemoveAccount(o.anna.SID) }))
		o.wantAlarm(o.d)
	})
}

// A row edited after a change, before another node has read it.
func TestChangedRowWasAlteredBeforeItWasRead(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		other := o.open()
		must(t, o.narrow())
		o.sql(widen)
		must(t, other.refresh(t.Context()))
		o.wantAlarm(other)
	})
}

// What the log says is believed only if it leads to what was marked. When the
// tables are right all the same, there is no alarm.
func TestForgedLog(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		for what, forge := range map[string]func(tx *db.Tx) (int64, error){
			"entry taken out": func(tx *db.Tx) (int64, error) {
				return tx.Exec(`DELETE FROM directory_log WHERE kind = $1`, assignmentRows)
			},
			"entry put in": func(tx *db.Tx) (int64, error) {
				return tx.Exec(`INSERT INTO directory_log (generation, n, kind, unit, was, became)
					SELECT generation, 99, kind, 'crm', became, was FROM directory_log WHERE kind = $1`, assignmentRows)
			},
			"entry about another": func(tx *db.Tx) (int64, error) {
				return tx.Exec(`UPDATE directory_log SET unit = 'other' WHERE kind = $1`, assignmentRows)
			},
			"unknown kind": func(tx *db.Tx) (int64, error) {
				return tx.Exec(`UPDATE directory_log SET kind = 99 WHERE kind = $1`, assignmentRows)
			},
			"all taken out": func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM directory_log`) },
		} {
			must(t, o.db.Update(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(`DELETE FROM directory_log WHERE generation <= $1`, o.d.Snapshot().Generation())
				return err
			}))
			other := o.open()
			must(t, o.d.Update(t.Context(), func(c *Change) error { return c.RemoveAssignment("crm") }))
			o.sql(forge)
			must(t, other.refresh(t.Context()))
			if o.acts(other, o.anna) || other.Altered() || len(o.alarms) > 0 {
				t.Errorf("%s: acts as Anna %t, altered %t, alarms %v", what, o.acts(other, o.anna), other.Altered(), o.alarms)
			}
			must(t, o.d.Update(t.Context(), func(c *Change) error {
				return c.CreateAssignment(&Assignment{Assignment: access.Assignment{
					ID: "crm", Assignee: o.crm.SID, Rights: access.ApplicationImpersonation, Enabled: true,
					Scope: access.Scope{Kind: access.ScopeAccount, Name: string(o.anna.SID)},
				}})
			}))
			o.wantQuiet(o.d)
		}
	})
}

// A node that was away for longer than the log goes back reads everything.
func TestFarBehind(t *testing.T) {
	o := newSealed(t, dbtest.SQLite(t))
	other := o.open()
	for range keptGenerations + 2 {
		must(t, o.narrow())
	}
	must(t, other.refresh(t.Context()))
	o.wantQuiet(other)
	if other.Snapshot().Generation() != o.d.Snapshot().Generation() {
		t.Error("the node stayed behind")
	}
	var n int64
	must(t, o.db.View(t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(DISTINCT generation) FROM directory_log`).Scan(&n)
	}))
	if n != keptGenerations {
		t.Errorf("%d generations are kept", n)
	}
}

// A change of very many rows at once is not told one by one.
func TestManyAtOnce(t *testing.T) {
	o := newSealed(t, dbtest.SQLite(t))
	other := o.open()
	must(t, o.d.Update(t.Context(), func(c *Change) error {
		g := &Group{Group: access.Group{Name: "All"}}
		for i := range maxEntries {
			g.Members = append(g.Members, memberSID(i))
		}
		return c.CreateGroup(g)
	}))
	must(t, other.refresh(t.Context()))
	o.wantQuiet(o.d)
	o.wantQuiet(other)
	must(t, other.check(t.Context()))
	o.wantQuiet(other)
}

func memberSID(i int) entente.SID {
	return entente.SID("S-1-5-21-7-7-7-" + string(rune('1'+i%9)) + strconv.Itoa(i))
}

// An older sum with its mark is no more than an older mark.
func TestOldSum(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		var mark, kept []byte
		must(t, o.db.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT mark, sum FROM directory_seal`).Scan(&mark, &kept)
		}))
		must(t, o.d.Update(t.Context(), func(c *Change) error { return c.RemoveAssignment("crm") }))
		o.sql(func(tx *db.Tx) (int64, error) {
			return tx.Exec(`UPDATE directory_seal SET mark = $1, sum = $2`, mark, kept)
		})
		create(t, o.d, person("new")) // at once: the change finds no mark to go on from
		o.wantAlarm(o.d)
	})
}

// firstMark gives the tables the mark that the first version would have.
func (o *sealedOrg) firstMark() {
	o.t.Helper()
	o.sql(func(tx *db.Tx) (int64, error) {
		text, err := firstForm(tx, o.d.Snapshot().Generation())
		if err != nil {
			return 0, err
		}
		return tx.Exec(`UPDATE directory_seal SET mark = $1, sum = NULL`, o.d.seal.Append(nil, text))
	})
}

// Tables that bear the first form of the mark are marked anew, once and only if
// they do bear it and it covers them.
func TestFirstFormOfTheMark(t *testing.T) {
	onEachSealed(t, func(t *testing.T, o *sealedOrg) {
		o.firstMark()
		d := o.open()
		o.wantQuiet(d)
		create(t, d, person("new"))
		must(t, d.check(t.Context()))
		o.wantQuiet(d)
		o.wantQuiet(o.open())
		type change = func(tx *db.Tx) (int64, error)
		for what, edit := range map[string]struct{ put, undo change }{
			"widened": {widen, nil},
			// What the first form does not cover:
			"a realm": {
				func(tx *db.Tx) (int64, error) {
					return tx.Exec(`INSERT INTO directory_realm (name, domain_sid) VALUES ('EVIL.EXAMPLE', 'S-1-5-21-6-6-6')`)
				},
				func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM directory_realm`) },
			},
			"an identity": {
				func(tx *db.Tx) (int64, error) {
					return tx.Exec(`INSERT INTO directory_identity (sid, kind, name, said) VALUES ('S-1-5-21-6-6-6-1', 2, 'X509:<SKI>0a', '')`)
				},
				func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM directory_identity`) },
			},
			"an address for clients": {
				func(tx *db.Tx) (int64, error) {
					return tx.Exec(`INSERT INTO directory_virtual_directory (name, settings) VALUES ('MAIL/ews', '{}')`)
				},
				func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM directory_virtual_directory`) },
			},
			"a node for a database": {
				func(tx *db.Tx) (int64, error) {
					return tx.Exec(`INSERT INTO directory_place (name, node) VALUES ('DB1', 'evil')`)
				},
				func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM directory_place`) },
			},
		} {
			must(t, o.d.Confirm(t.Context()))
			o.alarms = nil
			o.firstMark()
			o.sql(edit.put)
			d := o.open()
			if !d.Altered() || !errors.Is(errors.Join(o.alarms...), ErrAltered) {
				t.Errorf("%s: taken for right", what)
			}
			if edit.undo != nil {
				o.sql(edit.undo)
			}
		}
	})
}
