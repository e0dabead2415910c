package cmdlet

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/clientaccess"
	"entente/db/dbtest"
	"entente/device"
	"entente/directory"
)

// TestDevices holds the cmdlets for mobile devices by what they show and what they
// have set.
func TestDevices(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d := dbtest.SQLite(t)
	must(d.Migrate(t.Context(), audit.Schema()))
	must(d.Migrate(t.Context(), device.Schema()))
	dir, err := directory.Open(t.Context(), directory.Config{DB: d, Organization: "Contoso"})
	must(err)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	log, err := audit.Open(t.Context(), audit.Config{DB: d, Node: "n1", Signer: key, Now: time.Now})
	must(err)
	t.Cleanup(log.Close)
	anna := directory.Account{Account: access.Account{Principal: access.Principal{UPN: "anna@contoso.example", Mail: "anna@contoso.example"}, Kind: access.KindUser, Enabled: true}}
	must(dir.Update(t.Context(), func(c *directory.Change) error {
		if err := c.AddDomain("contoso.example"); err != nil {
			return err
		}
		if err := c.SetDatabase(directory.Database{Name: "DB1", URL: "sqlite:x.db"}); err != nil {
			return err
		}
		if err := c.CreateAccount(&anna); err != nil {
			return err
		}
		_, err := c.EnableMailbox(anna.SID, "DB1")
		return err
	}))
	devices := device.NewStore(d, time.Now)
	phone := device.Key{Account: anna.SID, ID: "APPL1"}
	_, err = devices.Meet(t.Context(), phone, device.Seen{Type: "iPhone", UserAgent: "Apple-iPhone12C1/1801.373", Version: "16.1"})
	must(err)
	door := clientaccess.New(clientaccess.Config{Server: "ex1.contoso.example", Directory: dir, Now: time.Now})
	s := server{admin.New(admin.Config{Directory: dir, Audit: records{log: log}, Door: door, Devices: devices, Now: time.Now}).
		As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})}
	test := func(line string, want ...string) {
		t.Helper()
		a, err := Run(t.Context(), s, strings.Split(line, "|"))
		text := ""
		if err != nil {
			text = "error: " + err.Error()
		} else if b, err := json.Marshal(a); err == nil {
			text = string(b)
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %s, want %s", line, text, w)
			}
		}
	}
	test("Get-MobileDevice|-Mailbox|anna@contoso.example", `"DeviceId":"APPL1"`, `"DeviceAccessState":"Allowed"`, `"DeviceAccessStateReason":"Global"`)
	test("Set-ActiveSyncOrganizationSettings|-DefaultAccessLevel|Quarantine|-AdminMailRecipients|anna@contoso.example|-UserMailInsert|Call", "null")
	test("Get-ActiveSyncOrganizationSettings", `"DefaultAccessLevel":"Quarantine"`, `"UserMailInsert":"Call"`, "anna@contoso.example")
	test("Get-MobileDevice", `"DeviceAccessState":"Quarantined"`)
	test("New-ActiveSyncDeviceAccessRule|-QueryString|iPhone|-Characteristic|DeviceType|-AccessLevel|Block", `"Name":"iPhone (DeviceType)"`)
	test("Get-MobileDevice", `"DeviceAccessState":"Blocked"`, `"DeviceAccessControlRule":"iPhone (DeviceType)"`)
	test("Set-ActiveSyncDeviceAccessRule|iPhone (DeviceType)|-AccessLevel|Allow", "null")
	test("Get-ActiveSyncDeviceAccessRule", `"AccessLevel":"Allow"`)
	test("Remove-ActiveSyncDeviceAccessRule|iPhone (DeviceType)", "null")
	test("Set-CASMailbox|anna@contoso.example|-ActiveSyncAllowedDeviceIDs|APPL1,APPL2", "null")
	test("Get-CASMailbox|anna@contoso.example", `"ActiveSyncAllowedDeviceIDs":["APPL1","APPL2"]`)
	test("Set-CASMailbox|anna@contoso.example|-ActiveSyncAllowedDeviceIDs|@{Remove=APPL2}|-ActiveSyncBlockedDeviceIDs|APPL3|-ActiveSyncEnabled|$true", "null")
	test("Get-CASMailbox|anna@contoso.example", `"ActiveSyncAllowedDeviceIDs":["APPL1"]`, `"ActiveSyncBlockedDeviceIDs":["APPL3"]`, `"ActiveSyncEnabled":"True"`)
	test("Get-MobileDevice", `"DeviceAccessState":"Allowed"`, `"DeviceAccessStateReason":"Individual"`)

	test("New-MobileDeviceMailboxPolicy|Staff|-PasswordEnabled|$true|-MinPasswordLength|6|-MaxInactivityTimeLock|00:15:00|-IsDefault|$true", "null")
	test("Set-ActiveSyncMailboxPolicy|Staff|-AllowCamera|$false|-PasswordExpiration|90.00:00:00", "null")
	test("Get-MobileDeviceMailboxPolicy|staff", `"Setting":"MinPasswordLength","Value":"6"`, `"Setting":"AllowCamera","Value":"false"`, `"Value":"90.00:00:00"`)
	if p := dir.Snapshot().MobilePolicyOf(anna.SID); p == nil || p.MaxInactivityTimeLock != 15*time.Minute || p.AllowCamera || !p.AllowWiFi {
		t.Errorf("%+v", p)
	}
	test("New-MobileDeviceMailboxPolicy|None|-NoPolicy|$true", "null")
	test("Set-CASMailbox|anna@contoso.example|-ActiveSyncMailboxPolicy|None", "null")
	test("Get-CASMailbox|anna@contoso.example", `"ActiveSyncMailboxPolicy":"None"`)
	test("Set-CASMailbox|anna@contoso.example|-ActiveSyncMailboxPolicy|$null", "null")
	test("Remove-MobileDeviceMailboxPolicy|None", "null")
	test("Get-MobileDeviceMailboxPolicy|None", "couldn't be found")

	test("Set-ActiveSyncDeviceAutoblockThreshold|SyncCommands|-BehaviorTypeIncidenceLimit|20|-DeviceBlockDuration|2h", "null")
	test("Get-ActiveSyncDeviceAutoblockThreshold", `"BehaviorType":"SyncCommands","BehaviorTypeIncidenceLimit":20`, `"DeviceBlockDuration":"2h0m0s"`)
	test("Get-ActiveSyncDeviceClass", `[{"DeviceType":"iPhone","DeviceModel":"","Devices":1}]`)
	test("Clear-MobileDevice|APPL1|-AccountOnly", "null")
	test(`Get-MobileDeviceStatistics|anna@contoso.example\APPL1`, `"Status":"account-wipe-requested"`, `"LastDeviceWipeRequestor":"root@localhost"`)
	test("Clear-MobileDevice|APPL1|-Cancel", "null")
	test("Clear-MobileDevice|APPL9", "couldn't be found")
	if x, err := devices.Get(t.Context(), phone); err != nil || x.Wipe != device.NoWipe {
		t.Errorf("%+v, %v", x, err)
	}
}
