package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// Limits of what is set of mobile devices.
const (
	maxDeviceRules = 1_000
	maxDeviceIDs   = 200 // on one list of one mailbox
	maxDeviceText  = 256 // a QueryString
	maxInsert      = 4_000
)

const (
	deviceOrgColumns    = `SELECT name, settings FROM directory_device_organization`
	deviceRuleColumns   = `SELECT name, settings FROM directory_device_rule`
	mobilePolicyColumns = `SELECT name, is_default, settings FROM directory_mobile_policy`
)

// eachSetting reads rows of a name and of JSON.
func eachSetting[T any](over over, rows *db.Rows, err error, what string, f func(name string, v T)) error {
	var name, settings string
	return over(rows, err, func() error {
		var v T
		if err := json.Unmarshal([]byte(settings), &v); err != nil {
			return fmt.Errorf("%s %s: %w", what, name, err)
		}
		f(name, v)
		return nil
	}, &name, &settings)
}

func eachMobilePolicy(over over, rows *db.Rows, err error, f func(access.MobilePolicy)) error {
	var name, settings string
	var standard bool
	return over(rows, err, func() error {
		// What a policy of a former version does not say is as in a new one.
		p := access.NewMobilePolicy(name)
		if err := json.Unmarshal([]byte(settings), &p); err != nil {
			return fmt.Errorf("mobile device mailbox policy %s: %w", name, err)
		}
		p.IsDefault = standard
		f(p)
		return nil
	}, &name, &standard, &settings)
}

// deviceFacts are the reader's rows about mobile devices.
func (r *reader) deviceFacts(k kind, u *unit) error {
	f := &r.facts
	switch k {
	case deviceOrgRows:
		rows, err := query(r.tx.Query, u, deviceOrgColumns+` WHERE name = $1`, deviceOrgColumns+` ORDER BY name`)
		return eachSetting(r.each(k), rows, err, "settings of devices", func(_ string, o access.DeviceOrganization) { f.Devices = o })
	case deviceRuleRows:
		rows, err := query(r.tx.Query, u, deviceRuleColumns+` WHERE name = $1`, deviceRuleColumns+` ORDER BY name`)
		return eachSetting(r.each(k), rows, err, "device access rule", func(_ string, x access.DeviceRule) { f.DeviceRules = append(f.DeviceRules, x) })
	default:
		rows, err := query(r.tx.Query, u, mobilePolicyColumns+` WHERE name = $1`, mobilePolicyColumns+` ORDER BY name`)
		return eachMobilePolicy(r.each(k), rows, err, func(p access.MobilePolicy) { f.MobilePolicies = append(f.MobilePolicies, p) })
	}
}

// deviceSettings come in the order of accounts, as addresses do.
func (r *reader) deviceSettings(u *unit) error {
	const q = `SELECT sid, settings FROM directory_device_setting`
	rows, err := query(r.tx.Query, u, q+` WHERE sid = $1`, q+` ORDER BY sid`)
	return eachSetting(r.each(deviceRows), rows, err, "devices of", func(name string, s access.DeviceSettings) {
		all, i := r.facts.Accounts, &r.at.device
		sid := entente.SID(name)
		for *i < len(all) && all[*i].SID < sid {
			*i++
		}
		if *i < len(all) && all[*i].SID == sid {
			all[*i].Devices = &s
		}
	})
}

// SetDevices changes what is set of all mobile devices: f is given it as it is.
func (c *Change) SetDevices(f func(*access.DeviceOrganization) error) error {
	var o access.DeviceOrganization
	rows, err := c.tx.Query(deviceOrgColumns)
	if err := eachSetting(each, rows, err, "settings of devices", func(_ string, x access.DeviceOrganization) { o = x }); err != nil {
		return err
	}
	if err := f(&o); err != nil {
		return err
	}
	if err := checkTexts(o.UserMailInsert); err != nil {
		return err
	}
	if len(o.UserMailInsert) > maxInsert {
		return entente.Errorf(entente.TooLarge, "the text is longer than %d characters", maxInsert)
	}
	settings, err := json.Marshal(&o)
	if err != nil {
		return err
	}
	_, err = write(c, deviceOrgUnit(), c.tx.Exec, `INSERT INTO directory_device_organization (name, settings) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET settings = $2`, string(settings))
	return err
}

// DeviceSettings returns what is set of an account's devices, as the change so far
// leaves it.
func (c *Change) DeviceSettings(sid entente.SID) (s access.DeviceSettings, err error) {
	var text string
	err = c.tx.QueryRow(`SELECT settings FROM directory_device_setting WHERE sid = $1`, sid).Scan(&text)
	if errors.Is(err, db.ErrNoRows) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &s)
	}
	return s, err
}

// SetDeviceSettings changes what is set of an account's devices: f is given it as it
// is. Errors: NotFound if there is no such account or policy; Invalid for a list
// that cannot be.
func (c *Change) SetDeviceSettings(sid entente.SID, f func(*access.DeviceSettings) error) error {
	if _, err := accountBySID(c.tx, sid); err != nil {
		return err
	}
	s, err := c.DeviceSettings(sid)
	if err != nil {
		return err
	}
	if err := f(&s); err != nil {
		return err
	}
	if s.Policy != "" {
		p, err := c.MobilePolicy(s.Policy)
		if err != nil {
			return err
		}
		s.Policy = p.Name
	}
	for _, list := range [...]*[]string{&s.AllowedIDs, &s.BlockedIDs} {
		if err := checkDeviceIDs(list); err != nil {
			return err
		}
	}
	if len(s.AllowedIDs) == 0 && len(s.BlockedIDs) == 0 && s.Policy == "" {
		return c.forgetDevices(sid)
	}
	settings, err := json.Marshal(&s)
	if err != nil {
		return err
	}
	_, err = write(c, deviceUnit(sid), c.tx.Exec, `INSERT INTO directory_device_setting (sid, settings) VALUES ($1, $2)
		ON CONFLICT (sid) DO UPDATE SET settings = $2`, string(settings))
	return err
}

// checkDeviceIDs puts a list in order: ids in any case of letters are the same.
func checkDeviceIDs(list *[]string) error {
	if len(*list) > maxDeviceIDs {
		return entente.Errorf(entente.TooLarge, "a list has at most %d devices", maxDeviceIDs)
	}
	var kept []string
	for _, id := range *list {
		if id == "" || len(id) > 64 {
			return entente.Errorf(entente.Invalid, "%q is no device id", id)
		}
		if err := checkTexts(id); err != nil {
			return err
		}
		if !slices.ContainsFunc(kept, func(k string) bool { return strings.EqualFold(k, id) }) {
			kept = append(kept, id)
		}
	}
	*list = kept
	return nil
}

// forgetDevices removes what is set of an account's devices.
func (c *Change) forgetDevices(sid entente.SID) error {
	_, err := write(c, deviceUnit(sid), c.tx.Exec, `DELETE FROM directory_device_setting WHERE sid = $1`)
	return err
}

// PutDeviceRule makes or changes a device access rule. Errors: Conflict if there is
// one about the same and isNew says that there should not be; NotFound if not.
func (c *Change) PutDeviceRule(r access.DeviceRule, isNew bool) error {
	if r.QueryString == "" || len(r.QueryString) > maxDeviceText {
		return entente.Errorf(entente.Invalid, "a device access rule needs what it is about, in at most %d characters", maxDeviceText)
	}
	if err := checkTexts(r.QueryString); err != nil {
		return err
	}
	if _, err := access.ParseDeviceCharacteristic(string(r.Characteristic)); err != nil {
		return err
	}
	if _, err := access.ParseDeviceAccessLevel(string(r.Level)); err != nil {
		return err
	}
	all, err := c.deviceRules()
	if err != nil {
		return err
	}
	i := ruleNamed(all, r.Name())
	switch {
	case isNew && i >= 0:
		return entente.Errorf(entente.Conflict, "there is a device access rule %q", all[i].Name())
	case isNew && len(all) >= maxDeviceRules:
		return entente.Errorf(entente.TooLarge, "there are %d device access rules already", len(all))
	case !isNew && i < 0:
		return missed(0, nil, "device access rule", r.Name())
	case !isNew:
		r.QueryString = all[i].QueryString // its name stays
	}
	settings, err := json.Marshal(&r)
	if err != nil {
		return err
	}
	_, err = write(c, deviceRuleUnit(r.Name()), c.tx.Exec, `INSERT INTO directory_device_rule (name, settings) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET settings = $2`, string(settings))
	return err
}

// DeviceRule returns a device access rule as the change so far leaves it, by its
// name in any case of letters.
func (c *Change) DeviceRule(name string) (*access.DeviceRule, error) {
	all, err := c.deviceRules()
	if err != nil {
		return nil, err
	}
	if i := ruleNamed(all, name); i >= 0 {
		return &all[i], nil
	}
	return nil, missed(0, nil, "device access rule", name)
}

// RemoveDeviceRule removes a device access rule.
func (c *Change) RemoveDeviceRule(name string) error {
	r, err := c.DeviceRule(name)
	if err != nil {
		return err
	}
	_, err = write(c, deviceRuleUnit(r.Name()), c.tx.Exec, `DELETE FROM directory_device_rule WHERE name = $1`)
	return err
}

func (c *Change) deviceRules() (all []access.DeviceRule, err error) {
	rows, err := c.tx.Query(deviceRuleColumns + ` ORDER BY name`)
	err = eachSetting(each, rows, err, "device access rule", func(_ string, r access.DeviceRule) { all = append(all, r) })
	return all, err
}

func ruleNamed(all []access.DeviceRule, name string) int {
	return slices.IndexFunc(all, func(r access.DeviceRule) bool { return strings.EqualFold(r.Name(), name) })
}

// MobilePolicies returns the mobile device mailbox policies by name.
func (d *Directory) MobilePolicies(ctx context.Context) (all []access.MobilePolicy, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all, err = allMobilePolicies(tx)
		return err
	})
	return all, err
}

func allMobilePolicies(tx *db.Tx) (all []access.MobilePolicy, err error) {
	rows, err := tx.Query(mobilePolicyColumns + ` ORDER BY name`)
	err = eachMobilePolicy(each, rows, err, func(p access.MobilePolicy) { all = append(all, p) })
	return all, err
}
