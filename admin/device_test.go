package admin

import (
	"strings"
	"testing"

	"entente"
	"entente/access"
	"entente/device"
)

// phone has a phone of somebody come, as it does by ActiveSync.
func (o *organization) phone(who, id string) {
	o.t.Helper()
	a, ok := o.api.Directory.Snapshot().FindSMTP(who)
	if !ok {
		o.t.Fatal("there is no " + who)
	}
	seen := device.Seen{Type: "iPhone", UserAgent: "Apple-iPhone12C1/1801.373", Version: "16.1"}
	if _, err := o.api.Devices.Meet(o.t.Context(), device.Key{Account: a.SID, ID: id}, seen); err != nil {
		o.t.Fatal(err)
	}
}

// TestDeviceExplained: what a device may do, and why, is told alike by device show
// and explain access, with what would change it; and the commands that this names
// are verbs.
func TestDeviceExplained(t *testing.T) {
	o := staffed(t)
	o.phone("anna@contoso.example", "APPL1")
	explain := func() string {
		t.Helper()
		return o.must("explain access", `{"caller":"anna@contoso.example","protocol":"activesync","device":"appl1"}`)
	}
	test := func(state, reason, rule, change string) {
		t.Helper()
		shown, told := o.must("device show", `{"account":"anna@contoso.example","device":"APPL1"}`), explain()
		if field(t, shown, "state") != state || field(t, told, "reason") != reason || !strings.Contains(shown, rule) || !strings.Contains(told, rule) || !strings.Contains(told, change) {
			t.Errorf("%s %s: %s\n%s", state, reason, shown, told)
		}
	}
	test("Allowed", "", "DefaultAccessLevel Allow", "entente device block anna@contoso.example APPL1")
	o.must("device-settings set", `{"default_access_level":"Quarantine"}`)
	test("Quarantined", string(access.DeviceQuarantined), "DefaultAccessLevel Quarantine", "entente device allow anna@contoso.example APPL1")
	o.must("device-access-rule create", `{"query_string":"iPhone","characteristic":"DeviceType","access_level":"Block"}`)
	test("Blocked", string(access.DeviceBlockedByRule), "iPhone (DeviceType): Block", "entente device-access-rule set 'iPhone (DeviceType)' --access-level Allow")
	o.must("device allow", `{"account":"anna@contoso.example","device":"appl1"}`)
	test("Allowed", "", "ActiveSyncAllowedDeviceIDs", "entente device unblock")
	o.must("device block", `{"account":"anna@contoso.example","device":"APPL1"}`)
	test("Blocked", string(access.DeviceBlockedHere), "ActiveSyncBlockedDeviceIDs", "entente device allow anna@contoso.example APPL1")
	o.must("device unblock", `{"account":"anna@contoso.example","device":"APPL1"}`)
	o.must("device lost", `{"account":"anna@contoso.example","device":"APPL1"}`)
	test("Blocked", string(access.DeviceLost), "device-lost", "entente device remove anna@contoso.example APPL1")
	o.must("device remove", `{"account":"anna@contoso.example","device":"APPL1"}`)
	o.must("account set", `{"account":"anna@contoso.example","active_sync_enabled":"off"}`)
	if told := explain(); field(t, told, "reason") != string(access.ActiveSyncDisabled) || !strings.Contains(told, "--active-sync-enabled on") {
		t.Errorf("%s", told)
	}
}

func TestDeviceRefusals(t *testing.T) {
	o := staffed(t)
	o.phone("anna@contoso.example", "APPL1")
	test := func(verb, request string, want entente.Kind) {
		t.Helper()
		if _, err := o.do(verb, request); kindOf(err) != want || err == nil {
			t.Errorf("%s %s: %v", verb, request, err)
		}
	}
	test("device show", `{"account":"anna@contoso.example","device":"APPL2"}`, entente.NotFound)
	test("device wipe", `{"account":"anna@contoso.example","device":"APPL2"}`, entente.NotFound)
	test("device cancel-wipe", `{"account":"anna@contoso.example","device":"APPL1"}`, entente.Conflict)
	test("device list", `{"account":"nobody@contoso.example"}`, entente.NotFound)
	test("device-access-rule create", `{"query_string":"x","characteristic":"Colour","access_level":"Allow"}`, entente.Invalid)
	test("device-access-rule set", `{"name":"x","access_level":"Perhaps"}`, entente.Invalid)
	test("device-settings set", `{"default_access_level":"Perhaps"}`, entente.Invalid)
	test("device-settings set", `{"admin_mail_recipients":["no address"]}`, entente.Invalid)
	test("device-settings set", `{"expiry_days":"-1"}`, entente.Invalid)
	test("device-settings threshold", `{"behaviour":"Laziness"}`, entente.Invalid)
	test("device-settings threshold", `{"behaviour":"Watsons","block":"1s"}`, entente.Invalid)
	test("mobile-device-mailbox-policy create", `{"name":"P","settings":["MinPasswordLength"]}`, entente.Invalid)
	test("mobile-device-mailbox-policy create", `{"name":"P","settings":["MinPasswordLength=99"]}`, entente.Invalid)
	test("mobile-device-mailbox-policy show", `{"name":"P"}`, entente.NotFound)
	test("mobile-device-mailbox-policy assign", `{"account":"anna@contoso.example","policy":"P"}`, entente.NotFound)
}
