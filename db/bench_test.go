package db_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"entente/db"
	"entente/db/dbtest"
)

// cpu reports processor time an operation, of the whole process: on a busy
// machine wall time says little.
func cpu(b *testing.B) func() {
	used := func() int64 {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return r.Utime.Nano() + r.Stime.Nano()
	}
	began := used()
	return func() { b.ReportMetric(float64(used()-began)/1000/float64(b.N), "cpu-µs/op") }
}

func BenchmarkPointGet(b *testing.B) {
	d := filled(b)
	done := cpu(b)
	for i := int64(0); b.Loop(); i++ {
		var name string
		var body []byte
		err := d.View(b.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT title, body FROM shelf_book WHERE mailbox_id = $1 AND id = $2`, mine, i%1000).Scan(&name, &body)
		})
		if err != nil || len(body) != 2000 {
			b.Fatal(err)
		}
	}
	done()
}

// BenchmarkPointGetCold asks at random for one of 60,000 rows of 2 kB, far more
// than the page cache holds; the operating system's cache holds them.
func BenchmarkPointGetCold(b *testing.B) {
	const rows = 60_000
	d := migrated(b, dbtest.SQLite(b))
	fill(b, d, rows)
	done := cpu(b)
	for b.Loop() {
		var name string
		var body []byte
		err := d.View(b.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT title, body FROM shelf_book WHERE mailbox_id = $1 AND id = $2`, mine, rand.N(rows)).Scan(&name, &body)
		})
		if err != nil || len(body) != 2000 {
			b.Fatal(err)
		}
	}
	done()
}

func BenchmarkScan20(b *testing.B) {
	d := filled(b)
	done := cpu(b)
	for i := int64(0); b.Loop(); i++ {
		n := 0
		err := d.View(b.Context(), func(tx *db.Tx) error {
			rows, err := tx.Query(`SELECT id, title, lent FROM shelf_book WHERE mailbox_id = $1 AND id >= $2 ORDER BY id LIMIT 20`, mine, i%900)
			if err != nil {
				return err
			}
			for n = 0; rows.Next(); n++ {
				var id int64
				var name string
				var lent bool
				if err := rows.Scan(&id, &name, &lent); err != nil {
					return err
				}
			}
			return rows.Err()
		})
		if err != nil || n != 20 {
			b.Fatal(n, err)
		}
	}
	done()
}

func filled(b *testing.B) *db.DB {
	d := migrated(b, dbtest.SQLite(b))
	fill(b, d, 1000)
	return d
}

func fill(b *testing.B, d *db.DB, rows int) {
	err := d.Update(context.Background(), func(tx *db.Tx) error {
		for i := range rows {
			_, err := tx.Exec(`INSERT INTO shelf_book (mailbox_id, id, title, body) VALUES ($1, $2, $3, $4)`, mine, i, "title "+strconv.Itoa(i), make([]byte, 2000))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func itoa(i int) string {
	return string([]byte{byte('0' + i/1000%10), byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10)})
}

func BenchmarkGroupCommit32(b *testing.B) {
	d := migrated(b, dbtest.SQLite(b))
	done := cpu(b)
	var mu sync.Mutex
	n := 0
	var writers sync.WaitGroup
	for range 32 {
		writers.Go(func() {
			for {
				mu.Lock()
				n++
				id := n
				mu.Unlock()
				if id > b.N {
					return
				}
				err := d.Update(context.Background(), func(tx *db.Tx) error {
					_, err := tx.Exec(`INSERT INTO shelf_note (text) VALUES ($1)`, "a note of some length, as notes are")
					return err
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	done()
}

// BenchmarkPostgresPointGet counts the client's processor time only.
func BenchmarkPostgresPointGet(b *testing.B) {
	d := migrated(b, dbtest.Postgres(b))
	fill(b, d, 1000)
	done := cpu(b)
	for i := int64(0); b.Loop(); i++ {
		var name string
		err := d.View(b.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT title FROM shelf_book WHERE mailbox_id = $1 AND id = $2`, mine, i%1000).Scan(&name)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	done()
}
