package main

import "testing"

// TestDeviceCommands: what explanations suggest about mobile devices, and what mails
// to administrators name, is understood by the command line.
func TestDeviceCommands(t *testing.T) {
	for _, c := range []string{
		"entente device allow anna@contoso.example APPL1",
		"entente device block anna@contoso.example APPL1",
		"entente device unblock anna@contoso.example APPL1",
		"entente device remove anna@contoso.example APPL1",
		"entente device wipe anna@contoso.example APPL1 --account-only",
		"entente device lost anna@contoso.example APPL1",
		"entente device list --state Quarantined",
		"entente device-settings set --default-access-level Allow",
		"entente device-settings threshold SyncCommands --limit 30 --within 10m --block 1h",
		"entente device-access-rule create iPhone --characteristic DeviceType --access-level Allow",
		"entente device-access-rule set 'iOS 26.1 (DeviceOS)' --access-level Allow",
		"entente device-access-rule remove 'iOS 26.1 (DeviceOS)'",
		"entente mobile-device-mailbox-policy set Strict AllowNonProvisionableDevices=true",
		"entente mobile-device-mailbox-policy create Staff PasswordEnabled=true MinPasswordLength=6 IsDefault=true",
		"entente mobile-device-mailbox-policy assign anna@contoso.example --policy Staff",
		"entente account set anna@contoso.example --active-sync-enabled unset",
		"entente explain access --caller anna@contoso.example --protocol activesync --device APPL1",
	} {
		understood(t, c)
	}
}
