package directory

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db"
	"entente/db/dbtest"
)

// TestDeviceSettings: what is set of devices is decided by at once, survives
// another start, and goes with its account.
func TestDeviceSettings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, x *db.DB) {
		d, anna := deviceDirectory(t, x)
		update(t, d, func(c *Change) error {
			return c.SetDevices(func(o *access.DeviceOrganization) error {
				o.Default, o.UserMailInsert = access.QuarantineDevice, "Call 4711"
				o.Thresholds = []access.BehaviourThreshold{{Behaviour: access.SyncCommands, Limit: 5, Within: time.Minute, Block: time.Hour}}
				return nil
			})
		})
		update(t, d, func(c *Change) error {
			return c.PutDeviceRule(access.DeviceRule{Characteristic: access.DeviceOS, QueryString: "iOS 26.1", Level: access.AllowDevice}, true)
		})
		update(t, d, func(c *Change) error {
			p := access.NewMobilePolicy("Default")
			p.IsDefault, p.PasswordEnabled, p.MinPasswordLength = true, true, 6
			return c.CreateMobilePolicy(p)
		})
		update(t, d, func(c *Change) error { return c.CreateMobilePolicy(access.NewMobilePolicy("Board")) })
		update(t, d, func(c *Change) error {
			return c.SetDeviceSettings(anna, func(s *access.DeviceSettings) error {
				s.AllowedIDs, s.BlockedIDs, s.Policy = []string{"APPL1", "appl1", "APPL2"}, []string{"OLD"}, "board"
				return nil
			})
		})
		again, err := Open(t.Context(), Config{DB: x, Organization: "contoso"})
		must(t, err)
		for name, s := range map[string]*access.Snapshot{"told": d.Snapshot(), "read anew": again.Snapshot()} {
			if o := s.Devices(); o.Default != access.QuarantineDevice || o.UserMailInsert != "Call 4711" || len(o.Thresholds) != 1 || o.Thresholds[0].Block != time.Hour {
				t.Errorf("%s: %+v", name, o)
			}
			if r := s.DeviceRules(); len(r) != 1 || r[0].Name() != "iOS 26.1 (DeviceOS)" {
				t.Errorf("%s: %+v", name, r)
			}
			if p := s.MobilePolicyOf(anna); p == nil || p.Name != "Board" || p.PasswordEnabled || !p.AllowCamera {
				t.Errorf("%s: %+v", name, p)
			}
			if got := s.DeviceSettingsOf(anna); !reflect.DeepEqual(got, access.DeviceSettings{AllowedIDs: []string{"APPL1", "APPL2"}, BlockedIDs: []string{"OLD"}, Policy: "Board"}) {
				t.Errorf("%s: %+v", name, got)
			}
		}
		update(t, d, func(c *Change) error { return c.RemoveAccount(anna) })
		var left int
		must(t, x.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM directory_device_setting`).Scan(&left)
		}))
		if left != 0 {
			t.Error("the account is gone, and its devices' settings are not")
		}
	})
}

// TestDeviceSettingsRefused: one line a thing that cannot be.
func TestDeviceSettingsRefused(t *testing.T) {
	d, anna := deviceDirectory(t, dbtest.SQLite(t))
	test := func(want entente.Kind, f func(*Change) error) {
		t.Helper()
		if err := d.Update(t.Context(), f); kindOf(err) != want || err == nil {
			t.Errorf("%v, want kind %d", err, want)
		}
	}
	rule := func(c access.DeviceCharacteristic, query string, l access.DeviceAccessLevel, isNew bool) func(*Change) error {
		return func(ch *Change) error {
			return ch.PutDeviceRule(access.DeviceRule{Characteristic: c, QueryString: query, Level: l}, isNew)
		}
	}
	policy := func(f func(*access.MobilePolicy)) func(*Change) error {
		return func(c *Change) error {
			p := access.NewMobilePolicy("P")
			f(&p)
			return c.CreateMobilePolicy(p)
		}
	}
	update(t, d, rule(access.DeviceType, "iPhone", access.BlockDevice, true))
	test(entente.Conflict, rule(access.DeviceType, "IPHONE", access.AllowDevice, true))
	test(entente.NotFound, rule(access.DeviceType, "iPad", access.AllowDevice, false))
	test(entente.Invalid, rule("DeviceColour", "red", access.AllowDevice, true))
	test(entente.Invalid, rule(access.DeviceType, "iPad", "Maybe", true))
	test(entente.Invalid, rule(access.DeviceType, "", access.AllowDevice, true))
	test(entente.NotFound, func(c *Change) error { return c.RemoveDeviceRule("iPad (DeviceType)") })

	update(t, d, policy(func(*access.MobilePolicy) {}))
	test(entente.Conflict, policy(func(p *access.MobilePolicy) { p.Name = "p" }))
	test(entente.Invalid, policy(func(p *access.MobilePolicy) { p.Name = "" }))
	test(entente.Invalid, policy(func(p *access.MobilePolicy) { p.Name, p.MinPasswordLength = "Q", 17 }))
	test(entente.Invalid, policy(func(p *access.MobilePolicy) { p.Name, p.MaxPasswordFailedAttempts = "Q", 3 }))
	test(entente.Invalid, policy(func(p *access.MobilePolicy) { p.Name, p.MaxInactivityTimeLock = "Q", time.Second }))
	test(entente.Invalid, policy(func(p *access.MobilePolicy) { p.Name, p.PasswordExpiration = "Q", time.Hour }))
	test(entente.Invalid, policy(func(p *access.MobilePolicy) { p.Name, p.MaxCalendarAgeFilter = "Q", access.OneDay }))
	test(entente.Invalid, policy(func(p *access.MobilePolicy) { p.Name, p.AllowBluetooth = "Q", 3 }))
	update(t, d, func(c *Change) error {
		return c.SetDeviceSettings(anna, func(s *access.DeviceSettings) error { s.Policy = "P"; return nil })
	})
	test(entente.Conflict, func(c *Change) error { return c.RemoveMobilePolicy("P") })
	test(entente.NotFound, func(c *Change) error {
		return c.SetDeviceSettings(anna, func(s *access.DeviceSettings) error { s.Policy = "Q"; return nil })
	})
	test(entente.NotFound, func(c *Change) error {
		return c.SetDeviceSettings("S-1-5-21-1-1-1-1", func(*access.DeviceSettings) error { return nil })
	})
	test(entente.Invalid, func(c *Change) error {
		return c.SetDeviceSettings(anna, func(s *access.DeviceSettings) error { s.AllowedIDs = []string{""}; return nil })
	})
}

// TestOneDefaultMobilePolicy: making one the default takes it from the other.
func TestOneDefaultMobilePolicy(t *testing.T) {
	d, anna := deviceDirectory(t, dbtest.SQLite(t))
	for _, name := range []string{"A", "B"} {
		update(t, d, func(c *Change) error {
			p := access.NewMobilePolicy(name)
			p.IsDefault = true
			return c.CreateMobilePolicy(p)
		})
		if p := d.Snapshot().MobilePolicyOf(anna); p == nil || p.Name != name {
			t.Errorf("%+v, want %s", p, name)
		}
	}
	update(t, d, func(c *Change) error {
		return c.SetMobilePolicy("a", func(p *access.MobilePolicy) error { p.IsDefault = true; return nil })
	})
	if p := d.Snapshot().MobilePolicyOf(anna); p == nil || p.Name != "A" {
		t.Errorf("%+v", p)
	}
}

func deviceDirectory(t *testing.T, x *db.DB) (*Directory, entente.SID) {
	t.Helper()
	d := open(t, x)
	anna := person("anna")
	update(t, d, func(c *Change) error { return c.CreateAccount(anna) })
	return d, anna.SID
}

func update(t *testing.T, d *Directory, f func(*Change) error) {
	t.Helper()
	must(t, d.Update(t.Context(), f))
}

func kindOf(err error) entente.Kind {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return entente.Internal
}
