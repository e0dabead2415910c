package admin

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
)

// DeviceRuleInfo is a device access rule. Exchange: Get-ActiveSyncDeviceAccessRule.
type DeviceRuleInfo struct {
	Name           string `json:"name"`
	Characteristic string `json:"characteristic"`
	QueryString    string `json:"query_string"`
	AccessLevel    string `json:"access_level"`
}

// ListDeviceRules lists the device access rules.
func (a *API) ListDeviceRules(context.Context, Nothing) ([]DeviceRuleInfo, error) {
	list := []DeviceRuleInfo{}
	for _, r := range a.Directory.Snapshot().DeviceRules() {
		list = append(list, DeviceRuleInfo{r.Name(), string(r.Characteristic), r.QueryString, string(r.Level)})
	}
	slices.SortFunc(list, func(x, y DeviceRuleInfo) int { return strings.Compare(x.Name, y.Name) })
	return list, nil
}

// CreateDeviceRule asks for a device access rule.
type CreateDeviceRule struct {
	QueryString    string `json:"query_string" arg:"" help:"What devices of the kind say, the whole of it: iPhone."`
	Characteristic string `json:"characteristic" required:"" help:"Of what: DeviceType, DeviceModel, DeviceOS, UserAgent or XMSWLHeader."`
	AccessLevel    string `json:"access_level" required:"" help:"Allow, Block or Quarantine."`
}

// CreateDeviceRule says what is done with devices of a kind.
// New-ActiveSyncDeviceAccessRule.
func (a *API) CreateDeviceRule(ctx context.Context, q CreateDeviceRule) (DeviceRuleInfo, error) {
	c, err := access.ParseDeviceCharacteristic(q.Characteristic)
	if err != nil {
		return DeviceRuleInfo{}, err
	}
	l, err := access.ParseDeviceAccessLevel(q.AccessLevel)
	if err != nil {
		return DeviceRuleInfo{}, err
	}
	r := access.DeviceRule{Characteristic: c, QueryString: q.QueryString, Level: l}
	err = a.change(ctx, "device-access-rule.create", []string{r.Name(), string(l)}, func(c *directory.Change) error { return c.PutDeviceRule(r, true) })
	return DeviceRuleInfo{r.Name(), string(c), r.QueryString, string(l)}, err
}

// DeviceRuleName names a device access rule.
type DeviceRuleName struct {
	Name string `json:"name" arg:"" help:"The rule: 'iPhone (DeviceType)'."`
}

// SetDeviceRule asks for a change of a device access rule.
type SetDeviceRule struct {
	DeviceRuleName
	AccessLevel string `json:"access_level" required:"" help:"Allow, Block or Quarantine."`
}

// SetDeviceRule changes what is done with devices of a kind.
// Set-ActiveSyncDeviceAccessRule.
func (a *API) SetDeviceRule(ctx context.Context, q SetDeviceRule) (Done, error) {
	l, err := access.ParseDeviceAccessLevel(q.AccessLevel)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "device-access-rule.set", []string{q.Name, string(l)}, func(c *directory.Change) error {
		r, err := c.DeviceRule(q.Name)
		if err != nil {
			return err
		}
		r.Level = l
		return c.PutDeviceRule(*r, false)
	})
	return Done{"devices of the kind: " + string(l)}, err
}

// RemoveDeviceRule removes a device access rule.
func (a *API) RemoveDeviceRule(ctx context.Context, q DeviceRuleName) (Done, error) {
	err := a.change(ctx, "device-access-rule.remove", []string{q.Name}, func(c *directory.Change) error { return c.RemoveDeviceRule(q.Name) })
	return Done{"the device access rule is gone"}, err
}

// DeviceSettingsInfo is what is set of all mobile devices. Exchange:
// Get-ActiveSyncOrganizationSettings, Get-ActiveSyncDeviceAutoblockThreshold.
type DeviceSettingsInfo struct {
	DefaultAccessLevel  string          `json:"default_access_level"`
	AdminMailRecipients []string        `json:"admin_mail_recipients"`
	UserMailInsert      string          `json:"user_mail_insert,omitempty"`
	ExpiryDays          int             `json:"expiry_days"` // 0 is never
	Thresholds          []ThresholdInfo `json:"thresholds"`
}

// ThresholdInfo is how a device is blocked for one behaviour. A limit of 0 never
// blocks.
type ThresholdInfo struct {
	Behaviour   string `json:"behaviour"`
	Limit       int    `json:"limit"`
	Within      string `json:"within"`
	Block       string `json:"block"`
	AdminInsert string `json:"admin_insert,omitempty"`
}

// ShowDeviceSettings shows what is set of all mobile devices.
func (a *API) ShowDeviceSettings(context.Context, Nothing) (DeviceSettingsInfo, error) {
	o := a.Directory.Snapshot().Devices()
	i := DeviceSettingsInfo{
		DefaultAccessLevel: string(o.Level()), UserMailInsert: o.UserMailInsert, ExpiryDays: o.Expiry,
		AdminMailRecipients: []string{}, Thresholds: []ThresholdInfo{},
	}
	for _, r := range o.AdminRecipients {
		i.AdminMailRecipients = append(i.AdminMailRecipients, string(r))
	}
	for _, b := range access.Behaviours() {
		t := o.Threshold(b)
		i.Thresholds = append(i.Thresholds, ThresholdInfo{string(b), t.Limit, t.Within.String(), t.Block.String(), t.AdminInsert})
	}
	return i, nil
}

// SetDeviceSettings asks for a change of what is set of all mobile devices. What is
// empty stays.
type SetDeviceSettings struct {
	DefaultAccessLevel  string   `json:"default_access_level,omitempty" help:"What happens to devices that nothing else is said of: Allow, Block or Quarantine."`
	AdminMailRecipients []string `json:"admin_mail_recipients,omitempty" help:"Who is told of devices that are quarantined or blocked, in place of those there are; a single empty one is nobody." placeholder:"ADDRESS"`
	UserMailInsert      string   `json:"user_mail_insert,omitempty" help:"What the users of such devices read on them, beside what they read anyway; none is nothing." placeholder:"TEXT"`
	ExpiryDays          string   `json:"expiry_days,omitempty" help:"For how many days a partnership lives without a request; never is for ever." placeholder:"N"`
}

// SetDeviceSettings changes what is set of all mobile devices.
// Set-ActiveSyncOrganizationSettings.
func (a *API) SetDeviceSettings(ctx context.Context, q SetDeviceSettings) (DeviceSettingsInfo, error) {
	err := a.change(ctx, "device-settings.set", []string{q.DefaultAccessLevel}, func(c *directory.Change) error {
		return c.SetDevices(func(o *access.DeviceOrganization) error {
			if q.DefaultAccessLevel != "" {
				l, err := access.ParseDeviceAccessLevel(q.DefaultAccessLevel)
				if err != nil {
					return err
				}
				o.Default = l
			}
			if q.AdminMailRecipients != nil {
				o.AdminRecipients = nil
				for _, r := range q.AdminMailRecipients {
					if r == "" {
						continue
					}
					m, err := entente.ParseSMTPAddress(r)
					if err != nil {
						return err
					}
					o.AdminRecipients = append(o.AdminRecipients, m)
				}
			}
			setText(&o.UserMailInsert, q.UserMailInsert)
			return setDays(&o.Expiry, q.ExpiryDays)
		})
	})
	if err != nil {
		return DeviceSettingsInfo{}, err
	}
	return a.ShowDeviceSettings(ctx, Nothing{})
}

// SetThreshold asks for a change of how devices are blocked for a behaviour. What is
// empty stays.
type SetThreshold struct {
	Behaviour   string `json:"behaviour" arg:"" help:"UserAgentsChanges, RecentCommands, Watsons, OutOfBudgets, SyncCommands or EnableNotificationEmail."`
	Limit       string `json:"limit,omitempty" help:"How often it may happen before the device is blocked; 0 never blocks." placeholder:"N"`
	Within      string `json:"within,omitempty" help:"In what time (BehaviorTypeIncidenceDuration)." placeholder:"DURATION"`
	Block       string `json:"block,omitempty" help:"For how long it is blocked (DeviceBlockDuration)." placeholder:"DURATION"`
	AdminInsert string `json:"admin_insert,omitempty" help:"What administrators read in their mail about it, beside what they read anyway; none is nothing." placeholder:"TEXT"`
}

// SetThreshold changes how devices are blocked for a behaviour.
// Set-ActiveSyncDeviceAutoblockThreshold.
func (a *API) SetThreshold(ctx context.Context, q SetThreshold) (DeviceSettingsInfo, error) {
	b, err := access.ParseBehaviour(q.Behaviour)
	if err != nil {
		return DeviceSettingsInfo{}, err
	}
	err = a.change(ctx, "device-settings.threshold", []string{string(b)}, func(c *directory.Change) error {
		return c.SetDevices(func(o *access.DeviceOrganization) error {
			t := o.Threshold(b)
			if err := setCount(&t.Limit, q.Limit); err != nil {
				return err
			}
			for _, d := range [...]struct {
				to   *time.Duration
				text string
			}{{&t.Within, q.Within}, {&t.Block, q.Block}} {
				if d.text == "" {
					continue
				}
				n, err := time.ParseDuration(d.text)
				if err != nil || n < time.Minute || n > 31*24*time.Hour {
					return entente.Errorf(entente.Invalid, "%q is no time between a minute and 31 days", d.text)
				}
				*d.to = n
			}
			setText(&t.AdminInsert, q.AdminInsert)
			o.Thresholds = append(slices.DeleteFunc(slices.Clone(o.Thresholds), func(x access.BehaviourThreshold) bool { return x.Behaviour == b }), t)
			return nil
		})
	})
	if err != nil {
		return DeviceSettingsInfo{}, err
	}
	return a.ShowDeviceSettings(ctx, Nothing{})
}

// setDays changes a number of days; never is 0.
func setDays(to *int, text string) error {
	if strings.EqualFold(text, "never") || strings.EqualFold(text, "unlimited") {
		text = "0"
	}
	return setCount(to, text)
}

// maxCount bounds numbers of days and of times.
const maxCount = 100_000

func setCount(to *int, text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxCount {
		return entente.Errorf(entente.Invalid, "%q is no number from 0 to %d", text, maxCount)
	}
	*to = n
	return nil
}
