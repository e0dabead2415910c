package ews

import (
	"math/rand/v2"
	"testing"
	"time"
)

// appendDateTime writes what time.Format would.
func TestAppendDateTime(t *testing.T) {
	test := func(v time.Time) {
		t.Helper()
		if got, want := formatTime(v), v.UTC().Format("2006-01-02T15:04:05Z"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, want := formatTime(FloatingTime(v)), v.Format("2006-01-02T15:04:05"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	test(time.Time{})
	test(time.Date(999, 12, 31, 23, 59, 59, 999, time.UTC))
	test(time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -12*3600))) // year 10000 in UTC
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		zone := time.FixedZone("x", rng.IntN(100_000)-50_000)
		test(time.Unix(rng.Int64N(1<<38)-1<<37, 0).In(zone))
	}
}
