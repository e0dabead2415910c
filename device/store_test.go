package device

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"entente"
	"entente/db"
	"entente/db/dbtest"
)

// A bench is a store with a clock that the test sets, on both databases.
type bench struct {
	*testing.T
	*Store
	at time.Time
}

func each(t *testing.T, f func(b *bench)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), Schema()); err != nil {
			t.Fatal(err)
		}
		b := &bench{T: t, at: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
		b.Store = NewStore(d, func() time.Time { return b.at })
		f(b)
	})
}

func (b *bench) meet(k Key, s Seen) *Device {
	b.Helper()
	d, err := b.Meet(b.Context(), k, s)
	if err != nil {
		b.Fatal(err)
	}
	return d
}

func (b *bench) must(d *Device, err error) *Device {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// row is what is kept, beside the store.
func (b *bench) row(k Key) (text string) {
	b.Helper()
	err := b.db.View(b.Context(), func(tx *db.Tx) error {
		var last int64
		if err := tx.QueryRow(`SELECT value, last_at FROM device WHERE account = $1 AND device_id = $2`, k.Account, k.ID).Scan(&text, &last); err != nil {
			return err
		}
		text += fmt.Sprint(" ", last)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return text
}

func reasonOf(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

var (
	anna  = Key{Account: "S-1-5-21-1-1-1-1001", ID: "APPL1"}
	phone = Seen{Type: "iPhone", UserAgent: "Apple-iPhone12C1/1801.373", Version: "16.1"}
)

func TestMeetWritesWhatIsNewAlone(t *testing.T) {
	each(t, func(b *bench) {
		start := b.at
		d := b.meet(anna, phone)
		if d.Key != anna || !d.First.Equal(start) || !d.Last.Equal(start) || d.UserAgent != phone.UserAgent || d.Given {
			t.Fatalf("%+v", d)
		}
		was := b.row(anna)
		for range 10 {
			b.at = b.at.Add(5 * time.Minute)
			if d = b.meet(anna, phone); !d.Last.Equal(b.at) || !d.First.Equal(start) {
				t.Fatalf("seen %v to %v at %v", d.First, d.Last, b.at)
			}
		}
		if now := b.row(anna); now != was {
			t.Errorf("requests without news wrote %s, it was %s", now, was)
		}
		if d := b.must(b.Get(t.Context(), anna)); !d.Last.Equal(b.at) {
			t.Errorf("Get says %v, seen at %v", d.Last, b.at)
		}
		b.at = b.at.Add(time.Hour)
		b.meet(anna, phone)
		if b.row(anna) == was {
			t.Error("an hour later nothing is kept of when it was seen")
		}
		newer := phone
		newer.UserAgent = "Apple-iPhone12C1/1902.1"
		b.at = b.at.Add(2 * time.Minute)
		was = b.row(anna)
		if d := b.meet(anna, newer); d.UserAgent != newer.UserAgent {
			t.Errorf("%+v", d)
		}
		if b.row(anna) == was {
			t.Error("a new User-Agent is not kept")
		}
		// One that changes with every request is not written with every request.
		was = b.row(anna)
		for i := range 20 {
			newer.UserAgent = fmt.Sprint("agent ", i)
			if d := b.meet(anna, newer); d.UserAgent != newer.UserAgent {
				t.Errorf("%+v", d)
			}
		}
		if b.row(anna) != was {
			t.Error("written with every request")
		}
	})
}

func TestInformationStaysWhatItIs(t *testing.T) {
	each(t, func(b *bench) {
		b.meet(anna, phone)
		i := Information{Type: "forged", UserAgent: "forged", Version: "9.9", Model: "iPhone12C1", OS: "iOS 26.1", IMEI: "1", FriendlyName: "Anna's"}
		if err := b.Inform(t.Context(), anna, i); err != nil {
			t.Fatal(err)
		}
		d := b.meet(anna, phone)
		if d.Type != phone.Type || d.UserAgent != phone.UserAgent || d.Version != phone.Version || !d.Given || d.Model != "iPhone12C1" || d.OS != "iOS 26.1" {
			t.Errorf("%+v", d.Information)
		}
		if err := b.Inform(t.Context(), Key{Account: "S-1-5-21-1-1-1-9", ID: "X"}, i); reasonOf(err) != NoSuchDevice {
			t.Error(err)
		}
	})
}

// TestLimits: twenty partnerships of one account, ten accounts of one device id.
func TestLimits(t *testing.T) {
	each(t, func(b *bench) {
		for i := range PerAccount {
			b.meet(Key{Account: anna.Account, ID: fmt.Sprint("D", i)}, phone)
		}
		b.meet(Key{Account: anna.Account, ID: "D3"}, phone) // known
		if _, err := b.Meet(t.Context(), Key{Account: anna.Account, ID: "one too many"}, phone); reasonOf(err) != TooMany {
			t.Error(err)
		}
		if err := b.Remove(t.Context(), Key{Account: anna.Account, ID: "D3"}); err != nil {
			t.Fatal(err)
		}
		b.meet(Key{Account: anna.Account, ID: "one too many"}, phone)

		for i := range UsersOfOne {
			b.meet(Key{Account: entente.SID(fmt.Sprint("S-1-5-21-2-2-2-", i)), ID: "SHARED"}, phone)
		}
		if _, err := b.Meet(t.Context(), Key{Account: "S-1-5-21-2-2-2-99", ID: "SHARED"}, phone); reasonOf(err) != TooManyUsers {
			t.Error(err)
		}
		all, err := b.Called(t.Context(), "SHARED")
		if err != nil || len(all) != UsersOfOne {
			t.Error(len(all), err)
		}
	})
}

func TestPolicyKeys(t *testing.T) {
	each(t, func(b *bench) {
		b.meet(anna, phone)
		offered := b.must(b.OfferPolicy(t.Context(), anna, "Default", "hash 1"))
		if offered.Offered == 0 || offered.PolicyKey != 0 {
			t.Fatalf("%+v", offered)
		}
		if _, err := b.Acknowledge(t.Context(), anna, 0, 1, true); reasonOf(err) != StaleAnswer {
			t.Error("key 0 acknowledges:", err)
		}
		if _, err := b.Acknowledge(t.Context(), anna, offered.Offered+1, 1, true); reasonOf(err) != StaleAnswer {
			t.Error("a key that was not given acknowledges:", err)
		}
		final := b.must(b.Acknowledge(t.Context(), anna, offered.Offered, 1, true))
		if final.PolicyKey == 0 || final.PolicyKey == offered.Offered || final.PolicyHash != "hash 1" || !final.PolicyAt.Equal(b.at) {
			t.Fatalf("%+v", final)
		}
		// The answer was lost: the phone says it again and has the same key.
		if again := b.must(b.Acknowledge(t.Context(), anna, offered.Offered, 1, true)); again.PolicyKey != final.PolicyKey {
			t.Errorf("key %d, and %d when asked again", final.PolicyKey, again.PolicyKey)
		}
		// While another is on offer, what was acknowledged counts.
		next := b.must(b.OfferPolicy(t.Context(), anna, "Default", "hash 2"))
		if next.PolicyKey != final.PolicyKey || next.PolicyHash != "hash 1" || next.Offered == offered.Offered {
			t.Errorf("%+v", next)
		}
		refused := b.must(b.Acknowledge(t.Context(), anna, next.Offered, 3, false))
		if refused.PolicyKey != 0 || refused.PolicyHash != "" || refused.Compliance != 3 {
			t.Errorf("%+v", refused)
		}
		if d := b.must(b.NoPolicy(t.Context(), anna)); d.PolicyHash != NoPolicyHash || d.PolicyKey != 0 {
			t.Errorf("%+v", d)
		}
	})
}

// TestWipe walks through what becomes of a wipe, one line an event.
func TestWipe(t *testing.T) {
	each(t, func(b *bench) {
		b.meet(anna, phone)
		old := Key{Account: anna.Account, ID: "OLD"}
		b.meet(old, Seen{Type: "PocketPC", Version: "12.1"})
		delegate := Key{Account: anna.Account, ID: "BOB", By: "S-1-5-21-1-1-1-1002"}
		b.meet(delegate, phone)

		is := func(k Key, want Wipe, reason entente.Reason) func(*Device, error) {
			return func(d *Device, err error) {
				t.Helper()
				if reasonOf(err) != reason || reason == "" && err != nil {
					t.Errorf("%v, want %q", err, reason)
				}
				if d := b.must(b.Get(t.Context(), k)); d.Wipe != want {
					t.Errorf("wipe is %q, want %q", d.Wipe, want)
				}
				if d := b.meet(k, Seen{Type: "x", Version: b.must(b.Get(t.Context(), k)).Version}); d.Wipe != want {
					t.Errorf("Meet says %q, want %q", d.Wipe, want)
				}
			}
		}
		ctx := t.Context()
		full, account := WipeOrder{By: "admin"}, WipeOrder{By: "admin", Account: true}

		is(old, NoWipe, CannotWipe)(b.RequestWipe(ctx, old, account, nil))
		is(old, WipeRequested, "")(b.RequestWipe(ctx, old, full, nil))
		is(old, NoWipe, "")(b.CancelWipe(ctx, old, nil))
		is(delegate, NoWipe, OnlyAccount)(b.RequestWipe(ctx, delegate, full, nil))
		is(delegate, AccountRequested, "")(b.RequestWipe(ctx, delegate, account, nil))

		is(anna, WipeRequested, "")(b.RequestWipe(ctx, anna, full, nil))
		is(anna, WipeSent, "")(b.WipeTold(ctx, anna))
		is(anna, WipeSent, WipeIsUnder)(b.CancelWipe(ctx, anna, nil))
		is(anna, WipeFailed, "")(b.WipeAnswered(ctx, anna, false, false, nil))
		is(anna, WipeSent, "")(b.WipeTold(ctx, anna))
		is(anna, Wiped, "")(b.WipeAnswered(ctx, anna, false, true, nil))
		if d := b.must(b.Get(ctx, anna)); d.WipeBy != "admin" || !d.WipeAt.Equal(b.at) || !d.Wipe.Done() {
			t.Errorf("%+v", d)
		}
		if _, err := b.WipeAnswered(ctx, anna, false, true, nil); err == nil {
			t.Error("a device that was not told to says that it is wiped, and is believed")
		}

		is(delegate, AccountSent, "")(b.WipeTold(ctx, delegate))
		is(delegate, AccountWiped, "")(b.WipeAnswered(ctx, delegate, true, true, nil))

		// What belongs to a wipe fails with it.
		record := errors.New("no record")
		if _, err := b.RequestWipe(ctx, old, full, func(*db.Tx) error { return record }); !errors.Is(err, record) {
			t.Error(err)
		}
		if d := b.must(b.Get(ctx, old)); d.Wipe != NoWipe {
			t.Error("wiped without a record")
		}
	})
}

// TestStoresAgree: what one process changes, another sees within a second, and
// this one at once.
func TestStoresAgree(t *testing.T) {
	each(t, func(b *bench) {
		b.meet(anna, phone)
		for range 3 {
			b.must(b.RequestWipe(t.Context(), anna, WipeOrder{By: "a"}, nil))
			if d := b.meet(anna, phone); d.Wipe != WipeRequested {
				t.Fatal("not seen by the one who asked for it")
			}
			b.must(b.CancelWipe(t.Context(), anna, nil))
			if d := b.meet(anna, phone); d.Wipe != NoWipe {
				t.Fatal("not seen by the one who called it off")
			}
		}
		if !b.db.Shared() {
			return
		}
		other := NewStore(b.db, func() time.Time { return b.at })
		if _, err := other.RequestWipe(t.Context(), anna, WipeOrder{By: "b"}, nil); err != nil {
			t.Fatal(err)
		}
		b.at = b.at.Add(fresh)
		if d := b.meet(anna, phone); d.Wipe != WipeRequested {
			t.Error("another node asked for a wipe a second ago")
		}
	})
}

func TestUnusedIsForgotten(t *testing.T) {
	each(t, func(b *bench) {
		b.meet(anna, phone)
		wiped := Key{Account: anna.Account, ID: "WIPED"}
		b.meet(wiped, phone)
		b.must(b.RequestWipe(t.Context(), wiped, WipeOrder{By: "a"}, nil))
		used := Key{Account: anna.Account, ID: "USED"}
		b.meet(used, phone)
		b.at = b.at.AddDate(0, 0, 100)
		b.meet(used, phone)
		all, err := b.Unused(t.Context(), b.at.AddDate(0, 0, -90), 10)
		if err != nil || len(all) != 1 || all[0].Key != anna {
			t.Errorf("%+v, %v", all, err)
		}
	})
}
