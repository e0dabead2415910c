package access

import (
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
)

// deviceWorld is an organization of one user with a phone.
func deviceWorld() (Facts, *Caller, *Device) {
	a := Account{Enabled: true, Kind: KindUser, Mailbox: entente.MailboxID{1}}
	a.SID, a.UPN = "S-1-5-21-1-1-1-1000", "anna@contoso.example"
	dev := &Device{ID: "APPL1", Type: "iPhone", Model: "iPhone12C1", OS: "iOS 26.1", UserAgent: "Apple-iPhone12C1/1801.373", Informed: true, Since: at.Add(-time.Hour)}
	return Facts{Accounts: []Account{a}}, &Caller{Authenticated: a.Principal, Method: Basic}, dev
}

// deviceOpinion is the order of Exchange's allow, block and quarantine lists said a
// second time: the nine questions of its documentation, from the third on.
func deviceOpinion(f *Facts, dev *Device) (DeviceAccessState, string) {
	switch {
	case dev.Wiped:
		return DeviceBlocked, ReasonWiped
	case dev.Lost:
		return DeviceBlocked, ReasonLost
	case dev.Behaved != "" && at.Before(dev.BehavedUntil):
		return DeviceBlocked, string(dev.Behaved)
	}
	if len(f.MobilePolicies) > 0 && !f.MobilePolicies[0].NoPolicy && !f.MobilePolicies[0].AllowNonProvisionableDevices && dev.Unprovisionable {
		return DeviceBlocked, ReasonPolicy
	}
	own := f.Accounts[0].Devices
	if own != nil && slices.Contains(own.BlockedIDs, "appl1") {
		return DeviceBlocked, ReasonIndividual
	}
	if own != nil && slices.Contains(own.AllowedIDs, "appl1") {
		return DeviceAllowed, ReasonIndividual
	}
	said := map[DeviceAccessLevel]bool{}
	discovers := false
	for _, r := range f.DeviceRules {
		v := map[DeviceCharacteristic]string{DeviceType: dev.Type, DeviceModel: dev.Model, DeviceOS: dev.OS, UserAgent: dev.UserAgent, XMSWLHeader: dev.XMSWL}[r.Characteristic]
		if v != "" && strings.EqualFold(v, r.QueryString) {
			said[r.Level] = true
		}
		discovers = discovers || r.Characteristic == DeviceModel || r.Characteristic == DeviceOS
	}
	switch {
	case said[BlockDevice]:
		return DeviceBlocked, ReasonDeviceRule
	case discovers && !dev.Informed && at.Sub(dev.Since) < 14*time.Minute:
		return DeviceDiscovery, ReasonDeviceRule
	case said[QuarantineDevice]:
		return DeviceQuarantine, ReasonDeviceRule
	case said[AllowDevice]:
		return DeviceAllowed, ReasonDeviceRule
	}
	switch f.Devices.Default {
	case BlockDevice:
		return DeviceBlocked, ReasonGlobal
	case QuarantineDevice:
		return DeviceQuarantine, ReasonGlobal
	}
	return DeviceAllowed, ReasonGlobal
}

// TestDeviceTruthTable asks every combination of facts and states, compares with
// the second opinion, and holds the steps to the answer: an administrator reads in
// them what decided.
func TestDeviceTruthTable(t *testing.T) {
	lists := []*DeviceSettings{nil, {AllowedIDs: []string{"appl1"}}, {BlockedIDs: []string{"appl1"}}, {AllowedIDs: []string{"appl1"}, BlockedIDs: []string{"appl1"}}, {AllowedIDs: []string{"APPL2"}}}
	rules := [][]DeviceRule{
		nil,
		{{DeviceType, "IPHONE", AllowDevice}},
		{{DeviceType, "iPhone", BlockDevice}},
		{{DeviceType, "iPad", BlockDevice}},
		{{UserAgent, "Apple-iPhone12C1/1801.373", QuarantineDevice}, {DeviceType, "iPhone", AllowDevice}},
		{{DeviceModel, "iPhone12C1", AllowDevice}, {DeviceOS, "iOS 26.1", BlockDevice}, {DeviceType, "iPhone", QuarantineDevice}},
		{{DeviceModel, "iPhone12C1", QuarantineDevice}},
		{{DeviceOS, "Android 3", BlockDevice}},
	}
	devices := []func(*Device){
		func(*Device) {},
		func(d *Device) { d.Wiped, d.Lost = true, true },
		func(d *Device) { d.Lost = true },
		func(d *Device) { d.Behaved, d.BehavedUntil = SyncCommands, at.Add(time.Minute) },
		func(d *Device) { d.Behaved, d.BehavedUntil = SyncCommands, at },
		func(d *Device) { d.Unprovisionable = true },
		func(d *Device) { d.Informed, d.Model, d.OS = false, "", "" },
		func(d *Device) { d.Informed, d.Model, d.OS, d.Since = false, "", "", at.Add(-time.Minute) },
	}
	strict, none := NewMobilePolicy("Strict"), NewMobilePolicy("None")
	strict.IsDefault, strict.AllowNonProvisionableDevices = true, false
	none.IsDefault, none.NoPolicy, none.AllowNonProvisionableDevices = true, true, false
	rows := 0
	for _, own := range lists {
		for _, rs := range rules {
			for _, is := range devices {
				for _, standard := range []DeviceAccessLevel{"", AllowDevice, BlockDevice, QuarantineDevice} {
					for _, policies := range [][]MobilePolicy{nil, {strict}, {none}} {
						f, c, dev := deviceWorld()
						f.Accounts[0].Devices, f.DeviceRules, f.Devices.Default, f.MobilePolicies = own, rs, standard, policies
						is(dev)
						checkDevice(t, f, c, dev)
						rows++
					}
				}
			}
		}
	}
	if rows != 5*8*8*4*3 {
		t.Error(rows, "rows")
	}
}

func checkDevice(t *testing.T, f Facts, c *Caller, dev *Device) {
	t.Helper()
	var trace Trace
	got, err := Compile(f).DeviceAccess(c, dev, at, &trace)
	state, reason := deviceOpinion(&f, dev)
	if got.State != state || got.Reason != reason || (err == nil) != (state == DeviceAllowed) {
		t.Errorf("own %+v, rules %v, default %q, device %+v: %v, %v; want %v %s", f.Accounts[0].Devices, f.DeviceRules, f.Devices.Default, dev, got, err, state, reason)
		return
	}
	d := trace.Decisions[0]
	last := d.Steps()[len(d.Steps())-1]
	if err == nil {
		if !last.Holds || last.Gives != Synchronize {
			t.Errorf("allowed, and the last step is %+v", last)
		}
		return
	}
	if kindOf(err) != entente.Denied || reasonOf(err) == "" || reasonOf(err) != d.Reason() || d.On.Name != dev.ID {
		t.Errorf("%v: %+v", err, d)
	}
	if !slices.ContainsFunc(d.Steps(), func(s Step) bool { return s.Needed && !s.Holds }) {
		t.Errorf("refused, and no step says why: %+v", d.Steps())
	}
}

// TestDeviceIsNoCaller: a device changes nothing about who calls, and whoever acts
// for another has the other's lists.
func TestDeviceIsNoCaller(t *testing.T) {
	f, c, dev := deviceWorld()
	bob := Account{Enabled: true, Kind: KindUser}
	bob.SID, bob.UPN = "S-1-5-21-1-1-1-1001", "bob@contoso.example"
	f.Accounts = append(f.Accounts, bob)
	f.Accounts[0].Devices = &DeviceSettings{BlockedIDs: []string{"APPL1"}}
	s := Compile(f)
	test := func(what string, c *Caller, dev *Device, state DeviceAccessState, reason entente.Reason) {
		t.Helper()
		got, err := s.DeviceAccess(c, dev, at, nil)
		if got.State != state || reasonOf(err) != reason {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
	test("her phone", c, dev, DeviceBlocked, DeviceBlockedHere)
	test("his phone of the same id", &Caller{Authenticated: bob.Principal, Method: Basic}, dev, DeviceAllowed, "")
	test("nobody's", &Caller{}, dev, DeviceUnknown, NoDevice)
	test("a stranger's", &Caller{Authenticated: Principal{SID: "S-1-5-21-1-1-1-9"}, Method: Basic}, dev, DeviceUnknown, CallerIsInvalidADAccount)
	test("none", c, &Device{}, DeviceUnknown, NoDevice)
	f.Accounts[1].Enabled = false
	s = Compile(f)
	test("of somebody disabled", &Caller{Authenticated: bob.Principal, Method: Basic}, dev, DeviceUnknown, NoRight)
}

// TestActiveSyncGate: three levels, the most specific that says anything.
func TestActiveSyncGate(t *testing.T) {
	for _, strict := range []Precedence{Classic, Strict} {
		for _, org := range []Setting{Unset, On, Off} {
			for _, scope := range []Setting{Unset, On, Off} {
				for _, box := range []Setting{Unset, On, Off} {
					want := On
					for _, s := range []Setting{org, scope, box} {
						if s != Unset {
							want = s
						}
					}
					s := threeLevels(ClientPolicy{ActiveSyncEnabled: org, EwsEnabled: Off}, ClientPolicy{ActiveSyncEnabled: scope}, ClientPolicy{ActiveSyncEnabled: box}, strict)
					d := s.Admits(personSID(1), "", "", gateActiveSync, at)
					if d.Allowed() != (want == On) || !d.Allowed() && d.Reason() != ActiveSyncDisabled {
						t.Errorf("organization %v, scope %v, mailbox %v: %v %s", org, scope, box, d.Allowed(), d.Reason())
					}
				}
			}
		}
	}
}

// TestDeviceTurns: what is said to turn an answer turns it, for every state, and
// the command is one.
func TestDeviceTurns(t *testing.T) {
	test := func(name string, edit func(*Facts, *Device), does ...string) {
		t.Helper()
		f, c, dev := deviceWorld()
		edit(&f, dev)
		x := Supposition{Caller: c.Authenticated, Protocol: gateActiveSync, Device: dev, At: at}
		got := Turn(f, x)
		var all []string
		for _, set := range got.Sets {
			if len(set) > 1 {
				t.Errorf("%s takes %d changes", name, len(set))
			}
			all = append(all, set[0].Command)
			y, z := set[0].Apply(f, x)
			if r := Compile(y).Suppose(z); r.Allowed() == got.Was {
				t.Errorf("%s: %q turns nothing", name, set[0].Does)
			}
		}
		for _, want := range does {
			if !slices.Contains(all, want) {
				t.Errorf("%s: %q is not among %q", name, want, all)
			}
		}
	}
	test("allowed", func(*Facts, *Device) {}, "device block anna@contoso.example APPL1",
		"device-settings set --default-access-level Block", "device-access-rule create iPhone --characteristic DeviceType --access-level Block",
		"account set anna@contoso.example --active-sync-enabled off")
	test("blocked by id", func(f *Facts, _ *Device) { f.Accounts[0].Devices = &DeviceSettings{BlockedIDs: []string{"APPL1"}} },
		"device allow anna@contoso.example APPL1", "device unblock anna@contoso.example APPL1")
	test("blocked by rule", func(f *Facts, _ *Device) { f.DeviceRules = []DeviceRule{{DeviceOS, "iOS 26.1", BlockDevice}} },
		"device allow anna@contoso.example APPL1", "device-access-rule remove 'iOS 26.1 (DeviceOS)'", "device-access-rule set 'iOS 26.1 (DeviceOS)' --access-level Allow")
	test("quarantined", func(f *Facts, _ *Device) { f.Devices.Default = QuarantineDevice },
		"device allow anna@contoso.example APPL1", "device-settings set --default-access-level Allow")
	test("wiped", func(_ *Facts, d *Device) { d.Wiped = true }, "device remove anna@contoso.example APPL1")
	test("misbehaved", func(_ *Facts, d *Device) { d.Behaved, d.BehavedUntil = RecentCommands, at.Add(time.Hour) }, "device unblock anna@contoso.example APPL1")
	test("policy", func(f *Facts, d *Device) {
		p := NewMobilePolicy("Strict")
		p.IsDefault, p.AllowNonProvisionableDevices, d.Unprovisionable = true, false, true
		f.MobilePolicies = []MobilePolicy{p}
	}, "mobile-device-mailbox-policy set Strict AllowNonProvisionableDevices=true")
	test("gate", func(f *Facts, _ *Device) { f.Organization.Policy.ActiveSyncEnabled = Off },
		"account set anna@contoso.example --active-sync-enabled on", "organization set --active-sync-enabled on", "organization set --active-sync-enabled unset")
	test("undiscovered", func(f *Facts, d *Device) {
		f.DeviceRules = []DeviceRule{{DeviceOS, "Android 3", BlockDevice}}
		d.Informed, d.OS, d.Model, d.Since = false, "", "", at
	}, "", "device allow anna@contoso.example APPL1")
}

// TestMobilePolicyOf: a mailbox's own policy, or the default one; two defaults or
// two of one name are none.
func TestMobilePolicyOf(t *testing.T) {
	p := func(name string, standard bool) MobilePolicy {
		p := NewMobilePolicy(name)
		p.IsDefault = standard
		return p
	}
	test := func(want, own string, all ...MobilePolicy) {
		t.Helper()
		f, c, _ := deviceWorld()
		f.MobilePolicies = all
		if own != "" {
			f.Accounts[0].Devices = &DeviceSettings{Policy: own}
		}
		got := ""
		if p := Compile(f).MobilePolicyOf(c.Authenticated.SID); p != nil {
			got = p.Name
		}
		if got != want {
			t.Errorf("policy %q of %q, want %q", got, own, want)
		}
	}
	test("", "")
	test("", "Gone")
	test("A", "", p("A", true), p("B", false))
	test("B", "b", p("A", true), p("B", false))
	test("A", "Gone", p("A", true), p("B", false))
	test("", "", p("A", true), p("B", true))
	test("", "a", p("A", false), p("A", false))
	test("C", "", p("A", true), p("A", true), p("C", true))
}
