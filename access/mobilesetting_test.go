package access

import (
	"reflect"
	"testing"
	"time"

	"entente"
)

// TestMobileSettings: every setting is written as it is read, and there are those
// of Set-MobileDeviceMailboxPolicy.
func TestMobileSettings(t *testing.T) {
	p := NewMobilePolicy("P")
	p.MinPasswordLength, p.PasswordExpiration, p.MaxInactivityTimeLock, p.MaxAttachmentSize = 6, 90*24*time.Hour, 5*time.Minute, 2<<20
	p.ApprovedApplicationList, p.MaxEmailAgeFilter, p.AllowBluetooth = []string{"a", "b"}, OneWeek, BluetoothHandsfreeOnly
	q := MobilePolicy{Name: "P"}
	for _, s := range p.Settings() {
		if err := q.Set(s.Name, s.Value); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	if !reflect.DeepEqual(p, q) {
		t.Errorf("%+v\nwant %+v", q, p)
	}
	if n := len(MobileSettingNames()); n < 53 {
		t.Errorf("%d settings", n)
	}
	test := func(name, value, want string) {
		t.Helper()
		var p MobilePolicy
		err := p.Set(name, value)
		if want == "" {
			if kindOf(err) != entente.Invalid || err == nil {
				t.Errorf("%s=%s: %v", name, value, err)
			}
			return
		}
		for _, s := range p.Settings() {
			if err != nil || s.Name == name && s.Value != want {
				t.Errorf("%s=%s is %s, %v", name, value, s.Value, err)
			}
		}
	}
	test("PasswordEnabled", "$true", "true")
	test("PasswordEnabled", "off", "false")
	test("PasswordEnabled", "perhaps", "")
	test("MaxInactivityTimeLock", "00:15:00", "00:15:00")
	test("MaxInactivityTimeLock", "15m", "00:15:00")
	test("PasswordExpiration", "90.00:00:00", "90.00:00:00")
	test("PasswordExpiration", "90", "90.00:00:00")
	test("PasswordExpiration", "Unlimited", "Unlimited")
	test("PasswordExpiration", "soon", "")
	test("MaxAttachmentSize", "500KB", "512000")
	test("MaxAttachmentSize", "-1", "")
	test("MaxEmailAgeFilter", "oneweek", "OneWeek")
	test("MaxEmailAgeFilter", "OneYear", "")
	test("AllowBluetooth", "handsfreeonly", "HandsfreeOnly")
	test("RequireEncryptionSMIMEAlgorithm", "RC2128bit", "RC2128bit")
	test("ApprovedApplicationList", "a, b,,", "a,b")
	test("Name", "x", "")
	test("AllowEverything", "true", "")
}
