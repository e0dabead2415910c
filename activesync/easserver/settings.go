package easserver

import (
	"errors"
	"strings"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/device"
)

// Statuses of Settings and of what is in it. [MS-ASCMD] 2.2.3.177.15
const (
	settingsProtocol  activesync.Status = 2
	settingsDenied    activesync.Status = 3
	settingsInvalid   activesync.Status = 5
	settingsForbidden activesync.Status = 7 // by policy
)

// settings gets and sets what is neither an item nor a folder. Each part of the
// request is answered for itself; what is wrong with one does not hold up the
// others. [MS-ASCMD] 2.2.1.18
func (c *call) settings() error {
	parts := map[wbxml.Tag]func(*wbxml.Element) error{
		wbxml.SettingsOof:                         c.oofSettings,
		wbxml.SettingsDeviceInformation:           c.deviceInformation,
		wbxml.SettingsDevicePassword:              c.devicePassword,
		wbxml.SettingsUserInformation:             c.userInformation,
		wbxml.SettingsRightsManagementInformation: c.rightsInformation,
	}
	seen := map[wbxml.Tag]bool{}
	for e := range c.body.Children() {
		if parts[e.Tag] == nil || seen[e.Tag] {
			return c.settingsFailed() // there is one of each, and nothing else
		}
		seen[e.Tag] = true
	}
	if len(seen) == 0 {
		return c.settingsFailed()
	}
	w := c.out
	w.Start(wbxml.SettingsSettings)
	w.Int(wbxml.SettingsStatus, int64(activesync.OK))
	for e := range c.body.Children() {
		w.Start(e.Tag)
		if err := parts[e.Tag](e); err != nil {
			return err
		}
		w.End()
	}
	w.End()
	return nil
}

func (c *call) settingsFailed() error {
	c.out.Start(wbxml.SettingsSettings)
	c.status(wbxml.SettingsStatus, settingsProtocol)
	c.out.End()
	return nil
}

// settingsStatus answers a part with its status. What is refused is told there; an
// error of the house ends the request.
func (c *call) settingsStatus(err error) error {
	var e *entente.Error
	switch {
	case err == nil:
		c.status(wbxml.SettingsStatus, activesync.OK)
	case !errors.As(err, &e):
		return err
	case e.Kind == entente.Denied, e.Kind == entente.NotFound:
		c.status(wbxml.SettingsStatus, settingsDenied)
	case e.Kind == entente.Invalid, e.Kind == entente.TooLarge:
		c.status(wbxml.SettingsStatus, settingsInvalid)
	default:
		return err
	}
	return nil
}

// deviceInformation keeps what a device says of itself. [MS-ASCMD] 2.2.3.45
func (c *call) deviceInformation(e *wbxml.Element) error {
	set := e.Child(wbxml.SettingsSet)
	if set == nil {
		c.status(wbxml.SettingsStatus, settingsProtocol)
		return nil
	}
	info, err := readDeviceInformation(set)
	if err == nil {
		c.s.Operation(string(activesync.Settings), true)
		err = c.h.Devices.Inform(c.ctx, c.device.Key, info)
	}
	return c.settingsStatus(err)
}

// maxDeviceText is how long what a device says of itself may be, in characters.
// [MS-ASCMD] 2.2.3.45
const maxDeviceText = 1024

// readDeviceInformation reads the Set of DeviceInformation.
func readDeviceInformation(set *wbxml.Element) (device.Information, error) {
	var i device.Information
	for t, to := range map[wbxml.Tag]*string{
		wbxml.SettingsModel: &i.Model, wbxml.SettingsIMEI: &i.IMEI, wbxml.SettingsFriendlyName: &i.FriendlyName,
		wbxml.SettingsOS: &i.OS, wbxml.SettingsOSLanguage: &i.OSLanguage, wbxml.SettingsPhoneNumber: &i.PhoneNumber,
		wbxml.SettingsMobileOperator: &i.Operator,
	} {
		s := strings.TrimSpace(set.Get(t))
		if len([]rune(s)) > maxDeviceText {
			return i, entente.Errorf(entente.Invalid, "a %s of more than %d characters", t.Name(), maxDeviceText)
		}
		// It is shown in lists and written into logs.
		*to = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, s)
	}
	return i, nil
}

// devicePassword refuses a recovery password: there is none to be recovered here,
// and what is not kept cannot be lost. [MS-ASCMD] 2.2.3.46
func (c *call) devicePassword(*wbxml.Element) error {
	c.status(wbxml.SettingsStatus, settingsForbidden)
	return nil
}

// userInformation tells the addresses of whose mailbox it is. [MS-ASCMD] 2.2.3.192
func (c *call) userInformation(e *wbxml.Element) error {
	if !e.Has(wbxml.SettingsGet) {
		c.status(wbxml.SettingsStatus, settingsProtocol)
		return nil
	}
	a, ok := c.s.Snapshot().FindSID(c.s.Caller().Subject().SID)
	if !ok {
		c.status(wbxml.SettingsStatus, settingsDenied)
		return nil
	}
	w := c.out
	w.Int(wbxml.SettingsStatus, int64(activesync.OK))
	w.Start(wbxml.SettingsGet)
	accounts := c.at(activesync.V141)
	if accounts {
		w.Start(wbxml.SettingsAccounts)
		w.Start(wbxml.SettingsAccount)
		w.Text(wbxml.SettingsUserDisplayName, a.Name)
	}
	w.Start(wbxml.SettingsEmailAddresses)
	w.Text(wbxml.SettingsSMTPAddress, string(a.Mail))
	for _, p := range a.Proxies {
		if p != a.Mail {
			w.Text(wbxml.SettingsSMTPAddress, string(p))
		}
	}
	if accounts {
		w.Text(wbxml.SettingsPrimarySmtpAddress, string(a.Mail))
	}
	w.End()
	if accounts {
		w.End()
		w.End()
	}
	w.End()
	return nil
}

// rightsInformation tells that no rights management is done here: there are no
// templates. [MS-ASRM] 3.2.5.1
func (c *call) rightsInformation(*wbxml.Element) error {
	if !c.at(activesync.V141) {
		c.status(wbxml.SettingsStatus, settingsProtocol)
	} else {
		c.status(wbxml.SettingsStatus, activesync.IRMFeatureDisabled)
	}
	c.out.Start(wbxml.SettingsGet)
	c.out.Empty(wbxml.RightsManagementRightsManagementTemplates)
	c.out.End()
	return nil
}
