package easserver

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/device"
	"entente/directory"
	"entente/mailbox"
)

// policyFor makes a default policy, or changes it.
func (h *house) policyFor(edit func(*access.MobilePolicy)) {
	h.Helper()
	h.change(func(c *directory.Change) error {
		p := access.NewMobilePolicy("Default")
		p.IsDefault = true
		if _, err := c.MobilePolicy("Default"); err == nil {
			return c.SetMobilePolicy("Default", func(p *access.MobilePolicy) error { edit(p); return nil })
		}
		edit(&p)
		return c.CreateMobilePolicy(p)
	})
}

// clock sets the clock, which the test then moves.
func (h *house) clock() *time.Time {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	h.now = func() time.Time { return at }
	return &at
}

// provision sends Provision with what follows its root.
func (p *phone) provision(write func(w *wbxml.Writer)) *reply {
	p.Helper()
	return p.send(activesync.Provision, func(w *wbxml.Writer) {
		w.Start(wbxml.ProvisionProvision)
		write(w)
		w.End()
	})
}

func writeInformation(w *wbxml.Writer) {
	w.Start(wbxml.SettingsDeviceInformation)
	w.Start(wbxml.SettingsSet)
	w.Text(wbxml.SettingsModel, "iPhone12C1")
	w.Text(wbxml.SettingsOS, "iOS 26.1")
	w.Text(wbxml.SettingsFriendlyName, "Anna's phone")
	w.End()
	w.End()
}

// asks asks for the policy, with DeviceInformation or without.
func (p *phone) asks(kind string, informs bool) *reply {
	p.Helper()
	return p.provision(func(w *wbxml.Writer) {
		if informs {
			writeInformation(w)
		}
		w.Start(wbxml.ProvisionPolicies)
		w.Start(wbxml.ProvisionPolicy)
		w.Text(wbxml.ProvisionPolicyType, kind)
		w.End()
		w.End()
	})
}

// says acknowledges a policy.
func (p *phone) says(key string, status int) *reply {
	p.Helper()
	return p.provision(func(w *wbxml.Writer) {
		w.Start(wbxml.ProvisionPolicies)
		w.Start(wbxml.ProvisionPolicy)
		w.Text(wbxml.ProvisionPolicyType, policyWBXML)
		w.Text(wbxml.ProvisionPolicyKey, key)
		w.Int(wbxml.ProvisionStatus, int64(status))
		w.End()
		w.End()
	})
}

// policyIn is the policy of an answer.
func policyIn(a *reply) *wbxml.Element {
	return a.ok().Path(wbxml.ProvisionPolicies, wbxml.ProvisionPolicy)
}

// provisions goes through both phases and takes the key.
func (p *phone) provisions() {
	p.Helper()
	temporary := policyIn(p.asks(policyWBXML, p.version >= activesync.V141)).Get(wbxml.ProvisionPolicyKey)
	p.takes(p.says(temporary, 1))
}

func (p *phone) takes(a *reply) {
	p.Helper()
	key, err := strconv.ParseUint(policyIn(a).Get(wbxml.ProvisionPolicyKey), 10, 32)
	p.must(err)
	p.key = uint32(key)
}

// look is a request of a provisioned phone that touches nothing.
func (p *phone) look() *reply {
	p.Helper()
	return p.send(activesync.Settings, func(w *wbxml.Writer) {
		w.Start(wbxml.SettingsSettings)
		w.Start(wbxml.SettingsUserInformation)
		w.Empty(wbxml.SettingsGet)
		w.End()
		w.End()
	})
}

func versions(t *testing.T, f func(t *testing.T, v activesync.Version)) {
	for _, v := range activesync.Versions() {
		t.Run(v.String(), func(t *testing.T) { f(t, v) })
	}
}

// TestProvision: two phases, and from then on the key is taken; 0 never is.
func TestProvision(t *testing.T) {
	versions(t, func(t *testing.T, v activesync.Version) {
		h := open(t)
		h.policyFor(func(p *access.MobilePolicy) {
			p.PasswordEnabled, p.MinPasswordLength, p.MaxInactivityTimeLock, p.AllowNonProvisionableDevices = true, 6, 5*time.Minute, false
		})
		p := h.phone("anna", v)
		p.look().is(activesync.DeviceNotProvisioned)
		doc := policyIn(p.asks(policyWBXML, v >= activesync.V141))
		data := doc.Path(wbxml.ProvisionData, wbxml.ProvisionEASProvisionDoc)
		if doc.Get(wbxml.ProvisionStatus) != "1" || data.Get(wbxml.ProvisionMinDevicePasswordLength) != "6" || data.Get(wbxml.ProvisionMaxInactivityTimeDeviceLock) != "300" ||
			data.Get(wbxml.ProvisionDevicePasswordEnabled) != "1" || data.Get(wbxml.ProvisionMaxEmailBodyTruncationSize) != "-1" || !data.Has(wbxml.ProvisionMaxAttachmentSize) {
			t.Errorf("%s", dump(doc))
		}
		temporary := doc.Get(wbxml.ProvisionPolicyKey)
		key, _ := strconv.ParseUint(temporary, 10, 32)
		p.key = uint32(key)
		p.look().is(activesync.DeviceNotProvisioned) // the temporary key is none
		p.takes(p.says(temporary, 1))
		if p.key == uint32(key) {
			t.Error("the final key is the temporary one")
		}
		p.look().ok()
		final := p.key
		p.key = 0
		p.look().is(activesync.DeviceNotProvisioned)
		p.key = final + 1
		p.look().is(activesync.InvalidPolicyKey)
		p.key = final
		p.look().ok()
		if d := h.deviceOf("anna", p); d.Rounds != 0 || d.Policy != "Default" || v >= activesync.V141 && d.Model != "iPhone12C1" {
			t.Errorf("%+v", d)
		}
	})
}

func (h *house) deviceOf(who string, p *phone) *device.Device {
	h.Helper()
	d, err := h.devices.Get(h.Context(), device.Key{Account: h.sids[who], ID: p.id})
	h.must(err)
	return d
}

// TestNoProvisionLoop is a complaint about other servers: phones that are told to
// provision for ever, whatever they do. One line a phone; each stops asking for
// what it cannot have.
func TestNoProvisionLoop(t *testing.T) {
	versions(t, func(t *testing.T, v activesync.Version) {
		h := open(t)
		at := h.clock()
		h.policyFor(func(p *access.MobilePolicy) { p.PasswordEnabled = true })

		// It never provisions: it is let in where the policy takes such devices.
		never := h.phone("anna", v)
		for range device.MaxChallenges {
			never.look().is(activesync.DeviceNotProvisioned)
		}
		never.look().ok()
		h.policyFor(func(p *access.MobilePolicy) { p.AllowNonProvisionableDevices = false })
		never.look().is(activesync.LegacyDeviceOnStrictPolicy)
		never.provisions() // and may still provision
		never.look().ok()

		// It acknowledges and comes without the key, again and again.
		lazy := h.phone("ben", v)
		challenged, key := 0, uint32(0)
		for range 40 {
			lazy.key, key = 0, lazy.key
			a := lazy.look()
			if a.status == http.StatusServiceUnavailable {
				if a.header.Get("Retry-After") != "300" {
					t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
				}
				break
			}
			a.is(activesync.DeviceNotProvisioned)
			challenged++
			lazy.provisions()
		}
		if challenged != maxKeyRounds {
			t.Errorf("challenged %d times", challenged)
		}
		// With its key it goes on at once, and by itself after the rest.
		lazy.key = key
		lazy.look().ok()
		lazy.key = 0
		*at = at.Add(restTime)
		lazy.look().is(activesync.DeviceNotProvisioned)

		// It never says what it is when asked (165): it goes on without.
		if v >= activesync.V141 {
			mute := h.phone("carla", v)
			for range maxInformationAsked {
				mute.asks(policyWBXML, false).is(activesync.DeviceInformationRequired)
			}
			mute.takes(mute.says(policyIn(mute.asks(policyWBXML, false)).Get(wbxml.ProvisionPolicyKey), 1))
			mute.look().ok()
		}
	})
}

// TestAlwaysChallengedOnce is the same complaint the other way round: a phone that
// is never told to provision never says what it is. Where that matters it is told,
// also without a policy.
func TestAlwaysChallengedOnce(t *testing.T) {
	h := open(t)
	h.change(func(c *directory.Change) error {
		return c.PutDeviceRule(access.DeviceRule{Characteristic: access.DeviceOS, QueryString: "Android 3", Level: access.BlockDevice}, true)
	})
	p := h.phone("anna", activesync.V161)
	p.look().is(activesync.DeviceNotProvisioned)
	doc := policyIn(p.asks(policyWBXML, true))
	if doc.Get(wbxml.ProvisionStatus) != "2" || doc.Has(wbxml.ProvisionPolicyKey) || doc.Has(wbxml.ProvisionData) {
		t.Errorf("there is no policy, and it is told %s", dump(doc))
	}
	p.look().ok()
}

// TestPolicyHashedAsStreamed is a complaint about other servers: a policy with
// settings that a version is not told of, hashed with them, is never acknowledged.
func TestPolicyHashedAsStreamed(t *testing.T) {
	versions(t, func(t *testing.T, v activesync.Version) {
		h := open(t)
		h.policyFor(func(p *access.MobilePolicy) { p.PasswordEnabled = true })
		p := h.phone("anna", v)
		p.provisions()
		p.look().ok()
		// What no phone is told of changes nothing for it.
		h.policyFor(func(p *access.MobilePolicy) {
			p.IrmEnabled, p.UNCAccessEnabled, p.MobileOTAUpdateMode = false, false, ""
		})
		p.look().ok()
		// What it is told of does, once.
		h.policyFor(func(p *access.MobilePolicy) { p.MinPasswordLength = 8 })
		p.look().is(activesync.InvalidPolicyKey)
		p.provisions()
		for range 5 {
			p.look().ok()
		}
	})
}

// TestCompliance: what a device says of the policy, and what the policy says to
// that. [MS-ASPROV] 2.2.2.54.1
func TestCompliance(t *testing.T) {
	test := func(says int, lax, external bool, want, then activesync.Status) {
		t.Helper()
		h := open(t)
		h.policyFor(func(p *access.MobilePolicy) {
			p.PasswordEnabled, p.AllowNonProvisionableDevices, p.AllowExternalDeviceManagement = true, lax, external
		})
		p := h.phone("anna", activesync.V161)
		a := p.says(policyIn(p.asks(policyWBXML, true)).Get(wbxml.ProvisionPolicyKey), says)
		a.is(want)
		if want == activesync.OK {
			p.takes(a)
		}
		if then == activesync.OK {
			p.look().ok()
			return
		}
		p.look().is(then)
		if d := h.deviceOf("anna", p); d.PolicyKey != 0 || d.Compliance != says {
			t.Errorf("%+v", d)
		}
	}
	const ok, partial, other = activesync.OK, activesync.DeviceNotFullyProvisionable, activesync.ExternallyManagedDevices
	test(1, false, false, ok, ok)
	test(2, true, false, ok, ok)
	test(2, false, true, partial, partial)
	test(3, true, false, ok, ok)
	test(3, false, false, partial, partial)
	test(4, true, false, other, other)
	test(4, false, true, ok, ok)
}

// TestPolicyRefresh: after its interval the policy is to be acknowledged again.
func TestPolicyRefresh(t *testing.T) {
	h := open(t)
	at := h.clock()
	h.policyFor(func(p *access.MobilePolicy) { p.DevicePolicyRefreshInterval = 24 * time.Hour })
	p := h.phone("anna", activesync.V161)
	p.provisions()
	p.look().ok()
	*at = at.Add(24*time.Hour - time.Minute)
	p.look().ok()
	*at = at.Add(time.Minute)
	p.look().is(activesync.PolicyRefresh)
	p.provisions()
	p.look().ok()
}

// TestNoPolicyProfile is a complaint about other servers: a phone asks its user for
// the right to wipe it. A mailbox can be told that there is no policy.
func TestNoPolicyProfile(t *testing.T) {
	h := open(t)
	h.policyFor(func(p *access.MobilePolicy) { p.PasswordEnabled = true })
	h.change(func(c *directory.Change) error {
		p := access.NewMobilePolicy("None")
		p.NoPolicy = true
		if err := c.CreateMobilePolicy(p); err != nil {
			return err
		}
		return c.SetDeviceSettings(h.sids["anna"], func(s *access.DeviceSettings) error { s.Policy = "None"; return nil })
	})
	p := h.phone("anna", activesync.V161)
	p.look().ok() // without a key, and without a challenge
	if doc := policyIn(p.asks(policyWBXML, true)); doc.Get(wbxml.ProvisionStatus) != "2" || doc.Has(wbxml.ProvisionData) {
		t.Errorf("%s", dump(doc))
	}
	p.look().ok()
	h.phone("ben", activesync.V161).look().is(activesync.DeviceNotProvisioned)
}

func TestProvisionOddities(t *testing.T) {
	h := open(t)
	h.policyFor(func(p *access.MobilePolicy) {
		p.PasswordEnabled, p.MinPasswordLength, p.MaxInactivityTimeLock = true, 5, 3*time.Minute
	})
	p := h.phone("anna", activesync.V161)
	if doc := policyIn(p.asks("MS-Other", true)); doc.Get(wbxml.ProvisionStatus) != "3" {
		t.Errorf("an unknown type: %s", dump(doc))
	}
	p.provision(func(*wbxml.Writer) {}).is(provisionProtocol)
	p.sendRaw(activesync.Provision, contentType, nil).is(provisionProtocol)
	p.provision(writeInformation).is(activesync.OK)
	if doc := policyIn(p.says("17", 1)); doc.Get(wbxml.ProvisionStatus) != "5" || doc.Has(wbxml.ProvisionPolicyKey) {
		t.Errorf("a key that was not given: %s", dump(doc))
	}
	if doc := policyIn(p.says("no number", 1)); doc.Get(wbxml.ProvisionStatus) != "5" {
		t.Errorf("%s", dump(doc))
	}
	// The policy changes between the phases.
	temporary := policyIn(p.asks(policyWBXML, true)).Get(wbxml.ProvisionPolicyKey)
	h.policyFor(func(p *access.MobilePolicy) { p.MinPasswordLength = 6 })
	if doc := policyIn(p.says(temporary, 1)); doc.Get(wbxml.ProvisionStatus) != "5" {
		t.Errorf("%s", dump(doc))
	}
	// The answer is lost: the phone repeats its own and has the same key.
	temporary = policyIn(p.asks(policyWBXML, true)).Get(wbxml.ProvisionPolicyKey)
	first := policyIn(p.says(temporary, 1)).Get(wbxml.ProvisionPolicyKey)
	p.takes(p.says(temporary, 1))
	if first != strconv.FormatUint(uint64(p.key), 10) {
		t.Errorf("keys %s and %d", first, p.key)
	}
	p.look().ok()

	// The older form, for who asks for it.
	old := h.phone("ben", activesync.V121)
	old.seen = nil // the schemas are of the newer form
	doc := policyIn(old.asks(policyWAP, false))
	for _, want := range []string{`<parm name="4131" value="0"/>`, `<parm name="MinimumPasswordLength" value="6"/>`, `<parm name="AEFrequencyValue" value="3"/>`} {
		if !strings.Contains(doc.Get(wbxml.ProvisionData), want) {
			t.Errorf("%s lacks %s", doc.Get(wbxml.ProvisionData), want)
		}
	}
	old.takes(old.says(doc.Get(wbxml.ProvisionPolicyKey), 1))
	old.look().ok()
}

// TestRemoteWipe: told with the next request, whatever it is; confirmed; and then
// nothing until the partnership is removed.
func TestRemoteWipe(t *testing.T) {
	versions(t, func(t *testing.T, v activesync.Version) {
		h := open(t)
		p := h.phone("anna", v)
		p.look().ok()
		k := device.Key{Account: h.sids["anna"], ID: p.id}
		_, err := h.devices.RequestWipe(t.Context(), k, device.WipeOrder{By: "admin", Lost: true}, nil)
		h.must(err)
		p.look().is(activesync.RemoteWipeRequested)
		p.send(activesync.Search, nil).is(activesync.RemoteWipeRequested)
		// Another phone of hers goes on.
		other := h.phone("anna", v)
		other.id = "other"
		other.look().ok()
		answered := p.provision(func(w *wbxml.Writer) {
			w.Start(wbxml.ProvisionPolicies)
			w.Start(wbxml.ProvisionPolicy)
			w.Text(wbxml.ProvisionPolicyType, policyWBXML)
			w.End()
			w.End()
		})
		if answered.is(activesync.OK); !answered.root.Has(wbxml.ProvisionRemoteWipe) || answered.root.Has(wbxml.ProvisionPolicies) {
			t.Errorf("%s", dump(answered.root))
		}
		confirm := func(status int64) *reply {
			return p.provision(func(w *wbxml.Writer) {
				w.Start(wbxml.ProvisionRemoteWipe)
				w.Int(wbxml.ProvisionStatus, status)
				w.End()
			})
		}
		confirm(2).is(activesync.OK)
		if d := h.deviceOf("anna", p); d.Wipe != device.WipeFailed {
			t.Errorf("%+v", d)
		}
		p.look().is(activesync.RemoteWipeRequested) // told again
		p.asks(policyWBXML, false).is(activesync.OK)
		confirm(1).is(activesync.OK)
		if d := h.deviceOf("anna", p); d.Wipe != device.Wiped || d.WipeBy != "admin" || d.RevokeBy() != d.WipeAt {
			t.Errorf("%+v", d)
		}
		p.look().is(activesync.DeviceIsBlockedForThisUser)
		p.asks(policyWBXML, false).is(activesync.DeviceIsBlockedForThisUser)
		h.must(h.devices.Remove(t.Context(), k))
		p.look().ok()
		confirm(1).is(provisionProtocol) // nobody asked for it
		p.look().ok()
	})
}

// TestAccountOnlyWipe is a complaint about other servers: the whole phone is at
// stake. From 16.1 on the account alone goes.
func TestAccountOnlyWipe(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V161)
	p.look().ok()
	h.must(h.view("anna").SetClientState(t.Context(), "eas "+string(h.sids["anna"])+" "+p.id, mailbox.ClientState{Name: "x", Value: []byte("y")}))
	k := device.Key{Account: h.sids["anna"], ID: p.id}
	_, err := h.devices.RequestWipe(t.Context(), k, device.WipeOrder{By: "help desk", Account: true}, nil)
	h.must(err)
	p.look().is(activesync.RemoteWipeRequested)
	told := p.asks(policyWBXML, true).is(activesync.OK)
	if !told.root.Has(wbxml.ProvisionAccountOnlyRemoteWipe) || told.root.Has(wbxml.ProvisionRemoteWipe) {
		t.Fatalf("%s", dump(told.root))
	}
	p.provision(func(w *wbxml.Writer) {
		w.Start(wbxml.ProvisionRemoteWipe) // of what it was not told to
		w.Int(wbxml.ProvisionStatus, 1)
		w.End()
	}).is(provisionProtocol)
	p.provision(func(w *wbxml.Writer) {
		w.Start(wbxml.ProvisionAccountOnlyRemoteWipe)
		w.Int(wbxml.ProvisionStatus, 1)
		w.End()
	}).is(activesync.OK)
	if d := h.deviceOf("anna", p); d.Wipe != device.AccountWiped {
		t.Errorf("%+v", d)
	}
	p.look().is(activesync.DeviceIsBlockedForThisUser)
	if names, err := h.view("anna").ClientStates(t.Context(), "eas "+string(h.sids["anna"])+" "+p.id); err != nil || len(names) != 0 {
		t.Errorf("how far it had followed the mailbox is still kept: %v %v", names, err)
	}
}
