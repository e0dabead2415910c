package kerberos

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"entente"
)

// TestReplayModel holds the cache against what it is to be: a set from which an
// authenticator goes when it would not be accepted by its time any more.
func TestReplayModel(t *testing.T) {
	begin := time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		const skew = 5 * time.Minute
		c := newReplayCache(skew, maxReplay)
		now := begin
		seen := map[string]bool{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-60, 300).Draw(t, "passed")) * time.Second)
			// The acceptor has seen to it that the time is within the skew. The token has
			// its time in it, so the same one has the same.
			made := now.Add(time.Duration(rapid.IntRange(-300, 300).Draw(t, "skew")) * time.Second).Truncate(time.Minute)
			if d := made.Sub(now).Abs(); d > skew {
				continue
			}
			cipher := binary.BigEndian.AppendUint64(nil, uint64(made.Unix()))
			cipher = append(cipher, byte(rapid.IntRange(0, 2).Draw(t, "which")))
			err := c.once(cipher, made, now)
			if err == nil && seen[string(cipher)] {
				t.Fatalf("%x is let through twice", cipher)
			}
			seen[string(cipher)] = true
		}
		kept := 0
		for i := range c.shard {
			n := 0
			for _, m := range c.shard[i].buckets {
				n += len(m)
			}
			if n != c.shard[i].n {
				t.Fatalf("a shard has %d and counts %d", n, c.shard[i].n)
			}
			kept += n
		}
		if kept > len(seen) {
			t.Fatalf("%d are kept of %d", kept, len(seen))
		}
	})
}

// TestReplayForgets: what has run out takes no room.
func TestReplayForgets(t *testing.T) {
	c := newReplayCache(5*time.Minute, maxReplay)
	now := time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC)
	for i := range 100_000 {
		now = now.Add(10 * time.Millisecond) // 1,000 s in all
		if err := c.once(binary.BigEndian.AppendUint64(nil, uint64(i)), now, now); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for i := range c.shard {
		n += c.shard[i].n
	}
	// 30,000 in five minutes, and what a bucket is too coarse for.
	if n < 30_000 || n > 33_000 {
		t.Errorf("%d are kept", n)
	}
}

// TestReplayFull: a full cache lets nobody in, until there is room.
func TestReplayFull(t *testing.T) {
	c := newReplayCache(5*time.Minute, replayShards*4)
	now := time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC)
	in, full := 0, 0
	try := func(i int) {
		err := c.once(binary.BigEndian.AppendUint64(nil, uint64(i)), now, now)
		var e *entente.Error
		switch {
		case err == nil:
			in++
		case errors.As(err, &e) && e.Reason == ReplayFull:
			full++
		default:
			t.Fatal(err)
		}
	}
	for i := range 10_000 {
		try(i)
	}
	if in != replayShards*4 || full != 10_000-in {
		t.Errorf("%d in, %d refused", in, full)
	}
	for i := range 10_000 {
		if err := c.once(binary.BigEndian.AppendUint64(nil, uint64(i)), now, now); err == nil {
			t.Fatalf("%d is let through while there is no room", i)
		}
	}
	now, in = now.Add(6*time.Minute), 0
	for i := range 10 {
		try(20_000 + i)
	}
	if in != 10 {
		t.Errorf("%d of 10 once there is room", in)
	}
}
