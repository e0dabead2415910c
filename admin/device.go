package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/device"
	"entente/directory"
	"entente/mailbox"
)

// DeviceInfo is a mobile device's partnership with a mailbox, and what it may do at
// present. Exchange: Get-MobileDevice.
type DeviceInfo struct {
	Account      string `json:"account"`
	ID           string `json:"id"`
	By           string `json:"by,omitempty"` // who acts for the account with it
	Type         string `json:"type"`
	Model        string `json:"model,omitempty"`
	OS           string `json:"os,omitempty"`
	UserAgent    string `json:"user_agent,omitempty"`
	FriendlyName string `json:"friendly_name,omitempty"`
	Version      string `json:"version"` // of the protocol
	State        string `json:"state"`
	Reason       string `json:"reason"`
	Rule         string `json:"rule,omitempty"`
	Wipe         string `json:"wipe,omitempty"`
	First        string `json:"first"`
	Last         string `json:"last"`
}

// DeviceDetails are all that is known of a partnership. Exchange:
// Get-MobileDeviceStatistics.
type DeviceDetails struct {
	DeviceInfo
	IMEI         string `json:"imei,omitempty"`
	OSLanguage   string `json:"os_language,omitempty"`
	PhoneNumber  string `json:"phone_number,omitempty"`
	Operator     string `json:"operator,omitempty"`
	Policy       string `json:"policy,omitempty"`
	PolicyStatus string `json:"policy_status"` // applied, partly applied, not applied, external
	PolicyAt     string `json:"policy_at,omitempty"`
	WipeAt       string `json:"wipe_at,omitempty"`
	WipeBy       string `json:"wipe_by,omitempty"`
	Lost         string `json:"lost,omitempty"`
	// RevokeBy is when the certificate of a lost device is to be revoked.
	RevokeBy     string     `json:"revoke_by,omitempty"`
	Certificate  string     `json:"certificate,omitempty"` // by which it came last: its hash
	BlockedFor   string     `json:"blocked_for,omitempty"`
	BlockedUntil string     `json:"blocked_until,omitempty"`
	Steps        []StepInfo `json:"steps"`
}

// deviceInfo shows a partnership, and what is decided of it now.
func (a *API) deviceInfo(ctx context.Context, d *device.Device) (DeviceInfo, access.Decision) {
	s := a.Directory.Snapshot()
	who, _ := s.FindSID(d.Account)
	decision := a.Door.AskFor(who.Principal, access.Question{
		On: access.Object{Kind: access.DeviceObject, Name: d.ID}, Want: access.Synchronize, At: a.Now(), Device: d.Facts(),
	})
	i := DeviceInfo{
		Account: a.nameOf(ctx, d.Account), ID: d.ID, Type: d.Type, Model: d.Model, OS: d.OS, UserAgent: d.UserAgent,
		FriendlyName: d.FriendlyName, Version: d.Version, State: decision.Device.State.String(), Reason: decision.Device.Reason,
		Rule: decision.Device.Rule, Wipe: string(d.Wipe), First: d.First.Format(time.RFC3339), Last: d.Last.Format(time.RFC3339),
	}
	if d.By != "" {
		i.By = a.nameOf(ctx, d.By)
	}
	return i, decision
}

// ListDevices asks for mobile devices.
type ListDevices struct {
	Account string `json:"account,omitempty" arg:"" optional:"" help:"Only those of this account."`
	State   string `json:"state,omitempty" help:"Only those that are Allowed, Blocked, Quarantined or in DeviceDiscovery."`
}

// ListDevices lists the mobile devices that synchronize with mailboxes, and what
// each may do. Get-MobileDevice.
func (a *API) ListDevices(ctx context.Context, q ListDevices) ([]DeviceInfo, error) {
	var all []device.Device
	var err error
	if q.Account != "" {
		x, err := a.account(ctx, q.Account)
		if err != nil {
			return nil, err
		}
		if all, err = a.Devices.Of(ctx, x.SID); err != nil {
			return nil, err
		}
	} else if all, err = a.Devices.List(ctx); err != nil {
		return nil, err
	}
	list := []DeviceInfo{}
	for i := range all {
		if info, _ := a.deviceInfo(ctx, &all[i]); q.State == "" || strings.EqualFold(q.State, info.State) {
			list = append(list, info)
		}
	}
	return list, nil
}

// DeviceName names a mobile device of a mailbox.
type DeviceName struct {
	AccountName
	Device string `json:"device" arg:"" help:"The device, by the id it goes by."`
	By     string `json:"by,omitempty" help:"The account that acts for the mailbox with it, if it is not the owner's."`
}

// deviceKey finds the partnership that is meant, whether there is one or not.
func (a *API) deviceKey(ctx context.Context, q *DeviceName) (device.Key, *directory.Account, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return device.Key{}, nil, err
	}
	k := device.Key{Account: x.SID, ID: q.Device}
	if q.By != "" {
		by, err := a.account(ctx, q.By)
		if err != nil {
			return k, nil, err
		}
		k.By = by.SID
	}
	all, err := a.Devices.Of(ctx, x.SID)
	if err != nil {
		return k, nil, err
	}
	if i := slices.IndexFunc(all, func(d device.Device) bool { return d.By == k.By && strings.EqualFold(d.ID, k.ID) }); i >= 0 {
		k.ID = all[i].ID
	}
	return k, x, nil
}

// ShowDevice shows a mobile device, what it may do, and why.
func (a *API) ShowDevice(ctx context.Context, q DeviceName) (DeviceDetails, error) {
	k, _, err := a.deviceKey(ctx, &q)
	if err != nil {
		return DeviceDetails{}, err
	}
	d, err := a.Devices.Get(ctx, k)
	if err != nil {
		return DeviceDetails{}, err
	}
	info, decision := a.deviceInfo(ctx, d)
	x := DeviceDetails{
		DeviceInfo: info, IMEI: d.IMEI, OSLanguage: d.OSLanguage, PhoneNumber: d.PhoneNumber, Operator: d.Operator,
		Policy: d.Policy, PolicyStatus: policyStatus(d), PolicyAt: stamp(d.PolicyAt), WipeAt: stamp(d.WipeAt), WipeBy: d.WipeBy,
		Lost: stamp(d.Lost), RevokeBy: stamp(d.RevokeBy()), Certificate: d.Certificate, Steps: []StepInfo{},
	}
	if d.Block != nil && a.Now().Before(d.Block.Until) {
		x.BlockedFor, x.BlockedUntil = d.Block.Reason, stamp(d.Block.Until)
	}
	about := a.question(ctx, &decision)
	for _, s := range decision.Steps() {
		x.Steps = append(x.Steps, StepInfo{Question: about, Rule: s.Rule, Fact: a.factName(ctx, s.Fact), Holds: s.Holds, Needed: s.Needed})
	}
	return x, nil
}

func policyStatus(d *device.Device) string {
	switch d.Compliance {
	case device.Wholly:
		return "applied"
	case device.Partly:
		return "partly applied"
	case device.ManagedElsewhere:
		return "managed externally"
	}
	if d.PolicyHash == device.NoPolicyHash {
		return "no policy"
	}
	return "not applied"
}

// deviceLists changes the lists of a mailbox and ends a block for behaviour, if the
// device is known.
func (a *API) deviceLists(ctx context.Context, verb string, q *DeviceName, edit func(s *access.DeviceSettings, is func(string) bool, id string)) (device.Key, error) {
	k, x, err := a.deviceKey(ctx, q)
	if err != nil {
		return k, err
	}
	return k, a.change(ctx, "device."+verb, []string{string(x.UPN), k.ID}, func(c *directory.Change) error {
		return c.SetDeviceSettings(x.SID, func(s *access.DeviceSettings) error {
			edit(s, func(id string) bool { return strings.EqualFold(id, k.ID) }, k.ID)
			return nil
		})
	})
}

// AllowDevice lets a device synchronize with a mailbox, whatever rules and the
// organization's default say: it approves one that is quarantined.
func (a *API) AllowDevice(ctx context.Context, q DeviceName) (Done, error) {
	_, err := a.deviceLists(ctx, "allow", &q, func(s *access.DeviceSettings, is func(string) bool, id string) {
		s.BlockedIDs, s.AllowedIDs = slices.DeleteFunc(s.BlockedIDs, is), append(slices.DeleteFunc(s.AllowedIDs, is), id)
	})
	return Done{"the device is on the mailbox's list of allowed devices"}, err
}

// BlockDevice keeps a device from a mailbox.
func (a *API) BlockDevice(ctx context.Context, q DeviceName) (Done, error) {
	_, err := a.deviceLists(ctx, "block", &q, func(s *access.DeviceSettings, is func(string) bool, id string) {
		s.AllowedIDs, s.BlockedIDs = slices.DeleteFunc(s.AllowedIDs, is), append(slices.DeleteFunc(s.BlockedIDs, is), id)
	})
	return Done{"the device is on the mailbox's list of blocked devices"}, err
}

// UnblockDevice takes a device off both lists of a mailbox, and ends a block for its
// behaviour: rules and the organization's default decide.
func (a *API) UnblockDevice(ctx context.Context, q DeviceName) (Done, error) {
	k, err := a.deviceLists(ctx, "unblock", &q, func(s *access.DeviceSettings, is func(string) bool, _ string) {
		s.AllowedIDs, s.BlockedIDs = slices.DeleteFunc(s.AllowedIDs, is), slices.DeleteFunc(s.BlockedIDs, is)
	})
	if err == nil {
		if _, err = a.Devices.SetBlock(ctx, k, nil); isKind(err, entente.NotFound) {
			err = nil // it was on a list and never came
		}
	}
	return Done{"rules and the organization's default decide about the device"}, err
}

// deviceChange changes a partnership. The record commits with the change.
func (a *API) deviceChange(ctx context.Context, verb string, q *DeviceName, f func(k device.Key, note audit.Note) error) error {
	k, x, err := a.deviceKey(ctx, q)
	if err != nil {
		return err
	}
	r, err := a.record("device."+verb, []string{string(x.UPN), k.ID})
	if err != nil {
		return err
	}
	if err := f(k, a.Audit.Note(r)); err != nil {
		return a.failed(ctx, r, err)
	}
	return a.Audit.Flush(ctx)
}

// WipeDevice asks to have a device wiped.
type WipeDevice struct {
	DeviceName
	AccountOnly bool `json:"account_only,omitempty" help:"Only the account's data on it; protocol version 16.1."`
}

// WipeDevice has a device wiped with its next request: all of it, or the account's
// data. Clear-MobileDevice.
func (a *API) WipeDevice(ctx context.Context, q WipeDevice) (Done, error) {
	verb, done := "wipe", "the device is wiped with its next request"
	if q.AccountOnly {
		verb, done = "wipe-account", "the account's data on the device is wiped with its next request"
	}
	return Done{done}, a.deviceChange(ctx, verb, &q.DeviceName, func(k device.Key, note audit.Note) error {
		_, err := a.Devices.RequestWipe(ctx, k, device.WipeOrder{By: a.who.String(), Account: q.AccountOnly}, note)
		return err
	})
}

// CancelWipe takes back a wipe that the device has not been told of.
// Clear-MobileDevice -Cancel.
func (a *API) CancelWipe(ctx context.Context, q DeviceName) (Done, error) {
	return Done{"the device is not wiped"}, a.deviceChange(ctx, "cancel-wipe", &q, func(k device.Key, note audit.Note) error {
		_, err := a.Devices.CancelWipe(ctx, k, note)
		return err
	})
}

// LoseDevice treats a device as one in strange hands: nothing but its wipe is
// answered, and its certificate is to be revoked when that is done, or a day later.
// A device by which somebody acts for another has the account's data wiped.
func (a *API) LoseDevice(ctx context.Context, q DeviceName) (DeviceDetails, error) {
	err := a.deviceChange(ctx, "lost", &q, func(k device.Key, note audit.Note) error {
		_, err := a.Devices.RequestWipe(ctx, k, device.WipeOrder{By: a.who.String(), Account: k.By != "", Lost: true}, note)
		return err
	})
	if err != nil {
		return DeviceDetails{}, err
	}
	return a.ShowDevice(ctx, q)
}

// RemoveDevice ends a partnership, and forgets how far the device had followed the
// mailbox. It may come again and is then new. Remove-MobileDevice.
func (a *API) RemoveDevice(ctx context.Context, q DeviceName) (Done, error) {
	var key device.Key
	err := a.deviceChange(ctx, "remove", &q, func(k device.Key, note audit.Note) error {
		key = k
		return a.Devices.RemoveWith(ctx, k, note)
	})
	if err != nil {
		return Done{}, err
	}
	return Done{"the partnership is gone"}, a.forgetClient(ctx, key)
}

// forgetClient drops what the mailbox keeps of a device. A mailbox that cannot be
// had now keeps it, and the device begins anew all the same.
func (a *API) forgetClient(ctx context.Context, k device.Key) error {
	x, ok := a.Directory.Snapshot().FindSID(k.Account)
	if !ok || x.Mailbox.IsZero() {
		return nil
	}
	err := a.inMailbox(ctx, "device.remove", string(k.Account), false, func(v *mailbox.View, _ *directory.Account) error {
		return v.ForgetClient(ctx, k.Client())
	})
	if isKind(err, entente.Unavailable) || isKind(err, entente.NotFound) {
		return nil
	}
	return err
}

// deviceFacts is what is known of a device with which a request would come. One that
// never came is known by its id, and by the client's name.
func (a *API) deviceFacts(ctx context.Context, x *access.Supposition, id string) (*access.Device, error) {
	whose := x.Caller.SID
	if h := x.Header; h != nil {
		if owner, ok := a.Directory.Snapshot().FindSID(entente.SID(h.SID)); ok {
			whose = owner.SID
		}
	}
	all, err := a.Devices.Of(ctx, whose)
	if err != nil {
		return nil, err
	}
	for i := range all {
		d := &all[i]
		if strings.EqualFold(d.ID, id) && (d.By == "" || d.By == x.Caller.SID) {
			return d.Facts(), nil
		}
	}
	return &access.Device{ID: id, UserAgent: x.UserAgent, Since: a.Now()}, nil
}

// deviceTarget is the device that a record of a refused request names.
func deviceTarget(r *audit.Record) string {
	for _, t := range r.Targets {
		if id, ok := strings.CutPrefix(t, "device:"); ok {
			return id
		}
	}
	return ""
}
