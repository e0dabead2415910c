package db_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente/db"
	"entente/db/dbtest"
)

// crashURL in the environment makes this test binary the process to be killed.
const crashURL = "ENTENTE_TEST_CRASH_URL"

func TestMain(m *testing.M) {
	if u := os.Getenv(crashURL); u != "" {
		if err := writeForEver(u, os.Getenv("ENTENTE_TEST_CRASH_FROM")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

const crashWriters = 16

// writeForEver has many writers add pairs of rows, and says of each pair when
// it is asked for and when it was acknowledged.
func writeForEver(url, from string) error {
	d, err := db.Open(context.Background(), url, db.Options{})
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(from)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range crashWriters {
		go func() {
			for id := first + 2*w; ; id += 2 * crashWriters {
				fmt.Printf("ask %d\n", id)
				err := d.Update(context.Background(), func(tx *db.Tx) error {
					if err := insert(tx, int64(id), title("left "+strconv.Itoa(id))); err != nil {
						return err
					}
					return insert(tx, int64(id+1), title("right "+strconv.Itoa(id)))
				})
				if err != nil {
					failed <- err
					return
				}
				fmt.Printf("ack %d\n", id)
			}
		}()
	}
	return <-failed
}

// TestKilled kills a process at random moments while 16 writers are at work:
// what was acknowledged is there, and every pair is whole. The number of times
// is set with ENTENTE_CRASHES; doc/performance.md's run uses 200.
func TestKilled(t *testing.T) {
	rounds := 6
	if n, err := strconv.Atoi(os.Getenv("ENTENTE_CRASHES")); err == nil {
		rounds = n
	}
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d := reopen(t, url)
		migrated(t, d)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		interrupted, acknowledged := 0, 0
		for round := range rounds {
			asked, acked := kill(t, url, round*1_000_000)
			if asked > len(acked) {
				interrupted++
			}
			acknowledged += len(acked)
			d := reopen(t, url)
			inspect(t, d, round*1_000_000, acked)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%d kills, %d during writes, %d pairs acknowledged", rounds, interrupted, acknowledged)
		if interrupted*2 < rounds || acknowledged == 0 {
			t.Errorf("%d of %d kills interrupted a write, %d pairs were acknowledged: this shows too little", interrupted, rounds, acknowledged)
		}
	})
}

func reopen(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// kill starts the writers, kills them, and returns what they had asked for and
// which pairs had been acknowledged.
func kill(t *testing.T, url string, from int) (asked int, acked []int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), crashURL+"="+url, "ENTENTE_TEST_CRASH_FROM="+strconv.Itoa(from))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		what, id, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(id)
		switch {
		case err != nil:
			t.Fatalf("said %q", lines.Text())
		case what == "ask":
			asked++
		case what == "ack":
			acked = append(acked, n)
			if len(acked) == 1 {
				time.AfterFunc(rand.N(60*time.Millisecond), func() { _ = c.Process.Kill() })
			}
		}
	}
	_ = c.Wait()
	return asked, acked
}

func inspect(t *testing.T, d *db.DB, from int, acked []int) {
	t.Helper()
	there := map[int]bool{}
	err := d.View(t.Context(), func(tx *db.Tx) error {
		clear(there)
		rows, err := tx.Query(`SELECT id FROM shelf_book WHERE id >= $1`, from)
		if err != nil {
			return err
		}
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				return err
			}
			there[id] = true
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range acked {
		if !there[id] {
			t.Errorf("pair %d was acknowledged and is lost", id)
		}
	}
	for id := range there {
		if !there[id^1] {
			t.Errorf("row %d is without its other half", id)
		}
	}
	if err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
