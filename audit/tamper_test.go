package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

// insider is what somebody with the database, and perhaps the node's key, does
// to a log of twenty records with checkpoints at ten and at twenty.
type insider struct {
	t *testing.T
	d *db.DB
}

func (i insider) exec(f func(tx *db.Tx) error) {
	i.t.Helper()
	if err := i.d.Update(context.Background(), f); err != nil {
		i.t.Fatal(err)
	}
}

// renumber moves a record to another place.
func (i insider) renumber(from, to int) {
	i.t.Helper()
	i.exec(func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE audit_record SET seq = $2 WHERE seq = $1`, from, to)
		return err
	})
}

func (i insider) swap(a, b int) { i.t.Helper(); i.renumber(a, -1); i.renumber(b, a); i.renumber(-1, b) }

func (i insider) drop(from int) {
	i.t.Helper()
	i.exec(func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM audit_record WHERE seq >= $1`, from)
		return err
	})
}

// rewrite gives a record another text, with a hash that fits if he thinks of it.
func (i insider) rewrite(seq int, text string, hash bool) {
	i.t.Helper()
	i.exec(func(tx *db.Tx) error {
		salt := make([]byte, 16)
		if !hash {
			_, err := tx.Exec(`UPDATE audit_record SET record = $2 WHERE seq = $1`, seq, []byte(text))
			return err
		}
		_, err := tx.Exec(`UPDATE audit_record SET record = $2, salt = $3, leaf = $4 WHERE seq = $1`, seq, []byte(text), salt, leafHash(salt, []byte(text)))
		return err
	})
}

// anew writes the whole log again, but for what somebody would rather not have
// done, and signs it with a key: the node's own is in his hands in the worst case.
func (i insider) anew(key ed25519.PrivateKey, n, without int) {
	i.t.Helper()
	i.exec(func(tx *db.Tx) error {
		if _, err := tx.Exec(`DELETE FROM audit_record`); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM audit_checkpoint`)
		return err
	})
	l, err := Open(context.Background(), Config{DB: i.d, Node: "n1", Signer: key, Now: time.Now})
	if err != nil {
		i.t.Fatal(err)
	}
	for k := range n {
		if k == without {
			continue
		}
		if err := l.Append(context.Background(), record(k)); err != nil {
			i.t.Fatal(err)
		}
		if k%4 == 3 {
			if err := l.Sign(context.Background()); err != nil {
				i.t.Fatal(err)
			}
		}
	}
	l.Close()
}

func TestTamperingIsFound(t *testing.T) {
	other := ed25519.NewKeyFromSeed([]byte(strings.Repeat("o", ed25519.SeedSize)))
	const forged = `{"seq":12,"node":"n1","time":"2026-03-29T01:30:00Z","kind":"Owner","as":{},"by":{},"action":"","allowed":true}`
	tests := []struct {
		name   string
		want   uint64 // the first bad record
		kept   bool   // it takes a checkpoint that was kept elsewhere
		tamper func(i insider)
	}{
		{"changed", 3, false, func(i insider) { i.rewrite(3, "{}", false) }},
		{"changed with its hash", 10, false, func(i insider) { i.rewrite(12, forged, true) }},
		{"dropped", 4, false, func(i insider) {
			i.exec(func(tx *db.Tx) error { _, err := tx.Exec(`DELETE FROM audit_record WHERE seq = 4`); return err })
		}},
		{"dropped and closed up", 4, false, func(i insider) {
			i.exec(func(tx *db.Tx) error { _, err := tx.Exec(`DELETE FROM audit_record WHERE seq = 4`); return err })
			for k := 5; k < 20; k++ {
				i.renumber(k, k-1)
			}
		}},
		{"swapped", 5, false, func(i insider) { i.swap(5, 6) }},
		{"swapped far apart", 2, false, func(i insider) { i.swap(2, 17) }},
		{"truncated", 15, false, func(i insider) { i.drop(15) }},
		{"truncated with its checkpoint", 15, true, func(i insider) {
			i.drop(15)
			i.exec(func(tx *db.Tx) error {
				_, err := tx.Exec(`DELETE FROM audit_checkpoint WHERE size > 15`)
				return err
			})
		}},
		{"truncated and signed again", 15, true, func(i insider) { i.anew(testKey(), 15, -1) }},
		{"duplicated", 20, false, func(i insider) {
			i.exec(func(tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO audit_record (node, seq, at, request, as_sid, by_sid, action, mailbox, allowed, salt, leaf, record)
					SELECT node, 20, at, request, as_sid, by_sid, action, mailbox, allowed, salt, leaf, record FROM audit_record WHERE seq = 3`)
				return err
			})
		}},
		{"renumbered", 7, false, func(i insider) { i.renumber(7, 30) }},
		{"emptied", 8, false, func(i insider) {
			i.exec(func(tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE audit_record SET record = NULL, request = '' WHERE seq = 8`)
				return err
			})
		}},
		{"a checkpoint of another size", 10, false, func(i insider) {
			i.exec(func(tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE audit_checkpoint SET note = (SELECT note FROM audit_checkpoint WHERE size = 20) WHERE size = 10`)
				return err
			})
		}},
		{"a checkpoint's name edited", 10, false, func(i insider) {
			i.exec(func(tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE audit_checkpoint SET note = replace(note, 'entente-audit', 'entente-aubit') WHERE size = 10`)
				return err
			})
		}},
		{"signed with another key", 4, false, func(i insider) { i.anew(other, 20, -1) }},
		{"written anew and shorter", 19, true, func(i insider) { i.anew(testKey(), 20, 6) }},
		{"written anew and longer", 0, true, func(i insider) { i.anew(testKey(), 40, 6) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				fill(t, d, 10)
				fill(t, d, 10)
				kept, err := Checkpoint(t.Context(), d, "n1")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := verify(d, kept); err != nil {
					t.Fatalf("before: %v", err)
				}
				test.tamper(insider{t, d})
				_, err = verify(d, "")
				if test.kept {
					if err != nil {
						t.Errorf("from inside: %v", err)
					}
					_, err = verify(d, kept)
				}
				var bad *Tampering
				if !errors.As(err, &bad) || bad.Seq != test.want {
					t.Errorf("%v; want record %d named", err, test.want)
				}
			})
		})
	}
}

// The checkpoint that is compared with must be one of this node's key; one of a
// log that is gone as a whole does not pass either.
func TestKeptCheckpoints(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 10)
		at10, err := Checkpoint(t.Context(), d, "n1")
		if err != nil {
			t.Fatal(err)
		}
		fill(t, d, 10)
		at20, err := Checkpoint(t.Context(), d, "n1")
		if err != nil {
			t.Fatal(err)
		}
		if r, err := verify(d, at10+at20); err != nil || r.Signed != 20 {
			t.Errorf("both: %+v, %v", r, err)
		}
		for _, forged := range []string{
			strings.Replace(at10, "\n10\n", "\n11\n", 1),
			"entente-audit/n1\n10\nAAAA\n\n— entente-audit/n1 AAAA\n",
			"nonsense",
		} {
			var e *entente.Error
			if _, err := verify(d, forged); !errors.As(err, &e) || e.Kind != entente.Invalid {
				t.Errorf("%q: %v", forged, err)
			}
		}
		// What was kept later narrows down where it was written anew.
		insider{t, d}.rewrite(15, `{"seq":15,"node":"n1"}`, true)
		var bad *Tampering
		if _, err := verify(d, at10+at20); !errors.As(err, &bad) || bad.Seq != 10 {
			t.Errorf("%v; want one from record 10 on", err)
		}
		if _, err := VerifyAll(t.Context(), d, seal("k"), "n1", public(), "", strings.ReplaceAll(at10, "/n1", "/gone")); !errors.As(err, &bad) || bad.Node != "gone" {
			t.Errorf("%v; want the log that is gone", err)
		}
	})
}

// A seal of tests: the key is in the mark.
type seal string

func (s seal) Append(b, data []byte) []byte {
	return append(append(b, s...), leafHash([]byte(s), data)...)
}
func (s seal) Valid(data, mark []byte) bool { return string(s.Append(nil, data)) == string(mark) }

func public() ed25519.PublicKey { return testKey().Public().(ed25519.PublicKey) }

// Each node verifies the logs of all, with keys that bear the organization's mark.
func TestOthersLogs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 3)
		key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("2", ed25519.SeedSize)))
		l, err := Open(t.Context(), Config{DB: d, Node: "n2", Signer: key, Now: time.Now, Seal: seal("org")})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if err := l.Append(t.Context(), record(i)); err != nil {
				t.Fatal(err)
			}
		}
		l.Close()
		all := func() ([]Report, error) {
			return VerifyAll(t.Context(), d, seal("org"), "n1", public(), "", "")
		}
		if r, err := all(); err != nil || len(r) != 2 || r[1].Node != "n2" || r[1].Signed != 5 {
			t.Errorf("%+v, %v", r, err)
		}
		if r, err := VerifyAll(t.Context(), d, seal("org"), "n1", public(), "n2", ""); err != nil || len(r) != 1 || r[0].Records != 5 {
			t.Errorf("%+v, %v", r, err)
		}
		insider{t, d}.exec(func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE audit_record SET record = $1 WHERE node = 'n2' AND seq = 2`, []byte("{}"))
			return err
		})
		var bad *Tampering
		if _, err := all(); !errors.As(err, &bad) || bad.Node != "n2" || bad.Seq != 2 {
			t.Errorf("%v; want record 2 of n2", err)
		}
		// A key that somebody else put there is none.
		insider{t, d}.exec(func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE audit_key SET public_key = $1`, []byte(public()))
			return err
		})
		var e *entente.Error
		if _, err := all(); !errors.As(err, &e) || e.Kind != entente.NotFound {
			t.Errorf("%v; want an unknown key", err)
		}
	})
}

// Erasing takes text and salt, is on record, and leaves a tree that verifies; who
// does the same by hand is found.
func TestErase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fill(t, d, 10)
		kept, err := Checkpoint(t.Context(), d, "n1")
		if err != nil {
			t.Fatal(err)
		}
		l := open(t, d)
		ben := access.Principal{SID: "S-1-5-21-1-2-3-1003", UPN: "ben@contoso.example"}
		for i := range 900 {
			r := record(100 + i)
			if r.As, r.By = ben, ben; i%3 == 0 {
				r.As, r.By, r.Mailbox = anna, anna, "bens"
			}
			if i%9 == 1 {
				r.As, r.By = anna, anna
			}
			l.AppendLater(r)
		}
		admin := Record{Kind: Admin, By: crm, As: crm, Allowed: true}
		test := func(x Erasure, want int) {
			t.Helper()
			if n, err := l.Erase(t.Context(), x, admin); err != nil || n != want {
				t.Errorf("%+v: %d erased, %v; want %d", x, n, err, want)
			}
		}
		test(Erasure{Request: "r3"}, 1)
		test(Erasure{Request: "r3"}, 0)
		test(Erasure{Subject: ben.SID, Mailbox: "bens"}, 800)
		if _, err := l.Erase(t.Context(), Erasure{}, admin); err == nil {
			t.Error("erased everybody")
		}
		if left, err := l.Search(t.Context(), Filter{As: ben.SID}); err != nil || len(left) != 0 {
			t.Errorf("left %+v, %v", left, err)
		}
		done, err := l.Search(t.Context(), Filter{Action: ActionErase})
		if err != nil || len(done) != 3 || done[0].By.SID != crm.SID {
			t.Errorf("%d records of it: %+v, %v", len(done), done, err)
		}
		l.Close()
		if r, err := verify(d, kept); err != nil || r.Erased != 801 {
			t.Errorf("%+v, %v", r, err)
		}
		text := ""
		if err := d.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT as_sid || by_sid || request || mailbox || action FROM audit_record WHERE seq = 3`).Scan(&text)
		}); err != nil || text != "" {
			t.Errorf("a row that says %q, %v", text, err)
		}
		insider{t, d}.exec(func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE audit_record SET record = NULL WHERE seq = 4`)
			return err
		})
		var bad *Tampering
		if _, err := verify(d, ""); !errors.As(err, &bad) || bad.Seq != 4 {
			t.Errorf("%v; want record 4", err)
		}
	})
}
