package mailbox

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"entente/access"
)

// full is a house whose Inbox has items of the usual size.
func full(b *testing.B, items int) (*house, FolderID, []ItemID) {
	h := newHouse(b, sqlite(b), Limits{})
	v := h.anna()
	inbox := h.folder(v, Inbox)
	var ids []ItemID
	for i := range items {
		it := mail(fmt.Sprintf("subject %d", i))
		dress(it)
		h.must(v.CreateItem(context.Background(), inbox, it))
		ids = append(ids, it.ID)
	}
	return h, inbox, ids
}

// dress gives an item some thirty properties, as clients do.
func dress(it *Item) {
	for i := range 15 {
		it.Props.SetString(MakeProp(uint16(0x7000+i), TypeString), "a value of the usual length")
		it.Props.SetInt(MakeProp(uint16(0x7100+i), TypeInteger32), int64(i))
	}
	it.Props.SetTime(PidTagMessageDeliveryTime, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
}

func BenchmarkItem(b *testing.B) {
	h, _, ids := full(b, 1000)
	i := 0
	defer cpu(b)()
	for b.Loop() {
		i = (i + 317) % len(ids)
		_, err := h.anna().Item(context.Background(), ids[i], PartBody|PartRecipients)
		h.must(err)
	}
}

func BenchmarkItemWithoutParts(b *testing.B) {
	h, _, ids := full(b, 1000)
	i := 0
	defer cpu(b)()
	for b.Loop() {
		i = (i + 317) % len(ids)
		_, err := h.anna().Item(context.Background(), ids[i], 0)
		h.must(err)
	}
}

func BenchmarkItems50(b *testing.B) {
	h, _, ids := full(b, 1000)
	defer cpu(b)()
	for b.Loop() {
		_, err := h.anna().Items(context.Background(), ids[500:550], 0)
		h.must(err)
	}
}

func BenchmarkFolder(b *testing.B) {
	h, inbox, _ := full(b, 10)
	defer cpu(b)()
	for b.Loop() {
		_, err := h.anna().Folder(context.Background(), inbox)
		h.must(err)
	}
}

func BenchmarkCreateItem(b *testing.B) {
	h, inbox, _ := full(b, 10)
	var n atomic.Int64
	b.SetParallelism(16) // on two processors: 32 writers
	h.store.now = time.Now
	defer cpu(b)()
	b.RunParallel(func(pb *testing.PB) {
		v, err := h.store.Open(context.Background(), database, annas, h.permit("anna", annas, access.FolderLookup), here)
		h.must(err)
		for pb.Next() {
			it := mail(fmt.Sprint(n.Add(1)))
			dress(it)
			h.must(v.CreateItem(context.Background(), inbox, it))
		}
	})
}

func BenchmarkUpdateItem(b *testing.B) {
	h, _, ids := full(b, 100)
	i := 0
	defer cpu(b)()
	for b.Loop() {
		i++
		_, err := h.anna().UpdateItem(context.Background(), ids[i%100], 0, 0, func(it *Item) error { it.Read = !it.Read; return nil })
		h.must(err)
	}
}

func BenchmarkFirstSyncPage512(b *testing.B) {
	h, inbox, _ := full(b, 1000)
	defer cpu(b)()
	for b.Loop() {
		page, err := h.anna().Changes(context.Background(), inbox, SyncPoint{}, 512)
		h.must(err)
		if len(page.List) != 512 {
			b.Fatal(len(page.List))
		}
	}
}

func BenchmarkNoChanges(b *testing.B) {
	h, inbox, _ := full(b, 1000)
	page, err := h.anna().Changes(context.Background(), inbox, SyncPoint{}, 1<<20)
	h.must(err)
	defer cpu(b)()
	for b.Loop() {
		_, err := h.anna().Changes(context.Background(), inbox, page.Next, 512)
		h.must(err)
	}
}

func BenchmarkParseProps(b *testing.B) {
	it := mail("x")
	dress(it)
	enc := it.Props.Append(nil)
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		if _, err := ParseProps(enc); err != nil {
			b.Fatal(err)
		}
	}
}

// cpu reports the processor time of the whole process for an operation: on a
// machine with other work the time on the clock says little.
func cpu(b *testing.B) func() {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") }
}

// BenchmarkDelegate is what somebody asks who may read a folder of another's.
func BenchmarkDelegate(b *testing.B) {
	h, inbox, ids := full(b, 1000)
	h.grant(inbox, "ben", access.LevelReviewer)
	ctx := context.Background()
	for name, ask := range map[string]func(i int) error{
		"Item":   func(i int) error { _, err := h.ben().Item(ctx, ids[i*317%len(ids)], 0); return err },
		"Folder": func(int) error { _, err := h.ben().Folder(ctx, inbox); return err },
		"Find": func(int) error {
			_, err := h.ben().Find(ctx, Query{Folder: inbox, Paging: Paging{Max: 50}})
			return err
		},
		"NoChanges": func(int) error { _, err := h.ben().Changes(ctx, inbox, SyncPoint{}, 1); return err },
	} {
		b.Run(name, func(b *testing.B) {
			i := 0
			defer cpu(b)()
			for b.Loop() {
				i++
				h.must(ask(i))
			}
		})
	}
}
