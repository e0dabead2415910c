package directory

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
)

// MobilePolicy returns a mobile device mailbox policy as the change so far leaves
// it, by its name in any case of letters.
func (c *Change) MobilePolicy(name string) (*access.MobilePolicy, error) {
	all, err := allMobilePolicies(c.tx)
	if err != nil {
		return nil, err
	}
	if i := mobilePolicyNamed(all, name); i >= 0 {
		return &all[i], nil
	}
	return nil, missed(0, nil, "mobile device mailbox policy", name)
}

func mobilePolicyNamed(all []access.MobilePolicy, name string) int {
	return slices.IndexFunc(all, func(p access.MobilePolicy) bool { return strings.EqualFold(p.Name, name) })
}

// CreateMobilePolicy adds a mobile device mailbox policy. If it is the default, no
// other is any more.
//
// Errors: Invalid for what cannot be; Conflict if there is one of the name.
func (c *Change) CreateMobilePolicy(p access.MobilePolicy) error {
	all, err := allMobilePolicies(c.tx)
	if err != nil {
		return err
	}
	if mobilePolicyNamed(all, p.Name) >= 0 {
		return entente.Errorf(entente.Conflict, "there is a mobile device mailbox policy %q", p.Name)
	}
	return c.putMobilePolicy(all, &p)
}

// SetMobilePolicy changes a mobile device mailbox policy: f is given it as it is. Its
// name stays.
func (c *Change) SetMobilePolicy(name string, f func(*access.MobilePolicy) error) error {
	all, err := allMobilePolicies(c.tx)
	if err != nil {
		return err
	}
	i := mobilePolicyNamed(all, name)
	if i < 0 {
		return missed(0, nil, "mobile device mailbox policy", name)
	}
	p := all[i]
	p.UnapprovedInROMApplicationList, p.ApprovedApplicationList = slices.Clone(p.UnapprovedInROMApplicationList), slices.Clone(p.ApprovedApplicationList)
	if err := f(&p); err != nil {
		return err
	}
	p.Name = all[i].Name
	return c.putMobilePolicy(slices.Delete(slices.Clone(all), i, i+1), &p)
}

// putMobilePolicy keeps a policy beside others.
func (c *Change) putMobilePolicy(others []access.MobilePolicy, p *access.MobilePolicy) error {
	if err := checkRelationName("a mobile device mailbox policy", p.Name); err != nil {
		return err
	}
	if err := checkMobilePolicy(p); err != nil {
		return err
	}
	for i := range others {
		if p.IsDefault && others[i].IsDefault {
			if _, err := write(c, mobilePolicyUnit(others[i].Name), c.tx.Exec, `UPDATE directory_mobile_policy SET is_default = FALSE WHERE name = $1`); err != nil {
				return err
			}
		}
	}
	settings, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = write(c, mobilePolicyUnit(p.Name), c.tx.Exec, `INSERT INTO directory_mobile_policy (name, is_default, settings) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET is_default = $2, settings = $3`, p.IsDefault, string(settings))
	return err
}

// RemoveMobilePolicy removes a mobile device mailbox policy. Conflict while accounts
// have it.
func (c *Change) RemoveMobilePolicy(name string) error {
	p, err := c.MobilePolicy(name)
	if err != nil {
		return err
	}
	var n int
	rows, err := c.tx.Query(`SELECT sid, settings FROM directory_device_setting`)
	if err := eachSetting(each, rows, err, "devices of", func(_ string, s access.DeviceSettings) {
		if s.Policy == p.Name {
			n++
		}
	}); err != nil {
		return err
	}
	if n > 0 {
		return entente.Errorf(entente.Conflict, "%d accounts have the mobile device mailbox policy %q", n, p.Name)
	}
	_, err = write(c, mobilePolicyUnit(p.Name), c.tx.Exec, `DELETE FROM directory_mobile_policy WHERE name = $1`)
	return err
}

// A policyBounds is between what a setting may be. The numbers are those of
// New-MobileDeviceMailboxPolicy, and fit what the wire can say.
type policyBounds struct {
	name     string
	value    int64
	min, max int64
	unset    bool // 0 is unlimited, or none
}

// checkMobilePolicy refuses what cannot be.
func checkMobilePolicy(p *access.MobilePolicy) error {
	days := int64(p.PasswordExpiration / (24 * time.Hour))
	for _, b := range [...]policyBounds{
		{"MinPasswordLength", int64(p.MinPasswordLength), 1, 16, true},
		{"MinPasswordComplexCharacters", int64(p.MinPasswordComplexCharacters), 1, 4, false},
		{"MaxPasswordFailedAttempts", int64(p.MaxPasswordFailedAttempts), 4, 16, true},
		{"PasswordHistory", int64(p.PasswordHistory), 0, 50, true},
		{"PasswordExpiration", days, 1, 730, p.PasswordExpiration == 0},
		{"MaxInactivityTimeLock", int64(p.MaxInactivityTimeLock / time.Second), 60, 3600, true},
		{"DevicePolicyRefreshInterval", int64(p.DevicePolicyRefreshInterval / time.Second), 60, 366 * 24 * 3600, true},
		{"MaxAttachmentSize", p.MaxAttachmentSize, 1, 1<<31 - 1, true},
		{"MaxEmailBodyTruncationSize", p.MaxEmailBodyTruncationSize, 1, 1 << 20, true},
		{"MaxEmailHTMLBodyTruncationSize", p.MaxEmailHTMLBodyTruncationSize, 1, 1 << 20, true},
		{"MaxEmailAgeFilter", int64(p.MaxEmailAgeFilter), 0, int64(access.OneMonth), true},
		{"AllowBluetooth", int64(p.AllowBluetooth), 0, 2, true},
		{"RequireSignedSMIMEAlgorithm", int64(p.RequireSignedSMIMEAlgorithm), 0, 1, true},
		{"RequireEncryptionSMIMEAlgorithm", int64(p.RequireEncryptionSMIMEAlgorithm), 0, 4, true},
		{"AllowSMIMEEncryptionAlgorithmNegotiation", int64(p.AllowSMIMEEncryptionAlgorithmNegotiation), 0, 2, true},
	} {
		if b.value == 0 && b.unset {
			continue
		}
		if b.value < b.min || b.value > b.max {
			return entente.Errorf(entente.Invalid, "%s is between %d and %d", b.name, b.min, b.max)
		}
	}
	// What phones are told of calendars begins with two weeks. [MS-ASPROV] 2.2.2.31
	if f := p.MaxCalendarAgeFilter; f != access.AgeAll && (f < access.TwoWeeks || f > access.SixMonths) {
		return entente.Errorf(entente.Invalid, "MaxCalendarAgeFilter is All, TwoWeeks, OneMonth, ThreeMonths or SixMonths")
	}
	for _, list := range [...][]string{p.UnapprovedInROMApplicationList, p.ApprovedApplicationList} {
		if len(list) > maxDeviceIDs {
			return entente.Errorf(entente.TooLarge, "a list has at most %d applications", maxDeviceIDs)
		}
		for _, name := range list {
			if name == "" || len(name) > maxDeviceText {
				return entente.Errorf(entente.Invalid, "%q is no name of an application", name)
			}
		}
		if err := checkTexts(list...); err != nil {
			return err
		}
	}
	return nil
}
