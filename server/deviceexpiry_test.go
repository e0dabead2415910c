package server

import (
	"testing"
	"time"

	"entente/access"
	"entente/device"
	"entente/directory"
	"entente/mailbox"
)

// TestUnusedDevicesAreForgotten: partnerships without a request for as long as is set
// go, with how far they had followed their mailboxes; others stay, and all do where
// nothing is set.
func TestUnusedDevicesAreForgotten(t *testing.T) {
	r := start(t, conf(t, "sqlite:entente.db"))
	r.person(t, "anna@contoso.example", "a long enough password")
	anna, ok := r.Directory.Snapshot().FindSMTP("anna@contoso.example")
	if !ok {
		t.Fatal("no anna")
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	view, err := r.Door.Local(anna.Principal, "test").Own(t.Context())
	must(err)
	meet := func(id string, days int) device.Key {
		t.Helper()
		k := device.Key{Account: anna.SID, ID: id}
		then := device.NewStore(r.main, func() time.Time { return time.Now().AddDate(0, 0, -days) })
		_, err := then.Meet(t.Context(), k, device.Seen{Type: "iPhone", Version: "16.1"})
		must(err)
		must(view.SetClientState(t.Context(), k.Client(), mailbox.ClientState{Name: "folders", Value: []byte("x")}))
		return k
	}
	old, used, waits := meet("OLD", 100), meet("USED", 20), meet("WAITS", 100)
	_, err = r.Devices.RequestWipe(t.Context(), waits, device.WipeOrder{By: "admin"}, nil)
	must(err)
	left := func(want ...device.Key) {
		t.Helper()
		must(r.expireOnce(t.Context()))
		all, err := r.Devices.Of(t.Context(), anna.SID)
		must(err)
		if len(all) != len(want) {
			t.Errorf("%d are left, want %d", len(all), len(want))
		}
		for _, k := range want {
			if names, err := view.ClientStates(t.Context(), k.Client()); err != nil || len(names) != 1 {
				t.Errorf("%s: %v, %v", k.ID, names, err)
			}
		}
	}
	left(old, used, waits)
	must(r.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetDevices(func(o *access.DeviceOrganization) error { o.Expiry = 90; return nil })
	}))
	left(used, waits)
	if names, err := view.ClientStates(t.Context(), old.Client()); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
}
