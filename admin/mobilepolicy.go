package admin

import (
	"context"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/directory"
)

// MobilePolicyInfo is a mobile device mailbox policy in a list.
type MobilePolicyInfo struct {
	Name      string   `json:"name"`
	IsDefault bool     `json:"is_default"`
	NoPolicy  bool     `json:"no_policy"`
	Differs   []string `json:"differs"` // from what a new one says
	Accounts  []string `json:"accounts,omitempty"`
}

// ListMobilePolicies lists the mobile device mailbox policies, and what each says
// that a new one does not.
func (a *API) ListMobilePolicies(ctx context.Context, _ Nothing) ([]MobilePolicyInfo, error) {
	s := a.Directory.Snapshot()
	of := map[string][]string{}
	for _, x := range s.Facts().Accounts {
		if x.Devices != nil && x.Devices.Policy != "" {
			of[x.Devices.Policy] = append(of[x.Devices.Policy], a.nameOf(ctx, x.SID))
		}
	}
	list := []MobilePolicyInfo{}
	for _, p := range s.MobilePolicies() {
		fresh := access.NewMobilePolicy(p.Name)
		usual := fresh.Settings()
		i := MobilePolicyInfo{Name: p.Name, IsDefault: p.IsDefault, NoPolicy: p.NoPolicy, Differs: []string{}, Accounts: of[p.Name]}
		for n, x := range p.Settings() {
			if x != usual[n] && x.Name != "IsDefault" && x.Name != "NoPolicy" {
				i.Differs = append(i.Differs, x.Name+"="+x.Value)
			}
		}
		slices.Sort(i.Accounts)
		list = append(list, i)
	}
	return list, nil
}

// MobilePolicyName names a mobile device mailbox policy.
type MobilePolicyName struct {
	Name string `json:"name" arg:"" help:"The policy."`
}

// SettingInfo is one setting of a mobile device mailbox policy.
type SettingInfo struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
}

// ShowMobilePolicy shows all settings of a mobile device mailbox policy.
func (a *API) ShowMobilePolicy(_ context.Context, q MobilePolicyName) ([]SettingInfo, error) {
	for _, p := range a.Directory.Snapshot().MobilePolicies() {
		if !strings.EqualFold(p.Name, q.Name) {
			continue
		}
		list := []SettingInfo{{"Name", p.Name}}
		for _, x := range p.Settings() {
			list = append(list, SettingInfo{x.Name, x.Value})
		}
		return list, nil
	}
	return nil, entente.Errorf(entente.NotFound, "there is no mobile device mailbox policy %q", q.Name)
}

// MobilePolicySettings asks for settings of a mobile device mailbox policy.
type MobilePolicySettings struct {
	MobilePolicyName
	Settings []string `json:"settings,omitempty" arg:"" optional:"" sep:"none" help:"Settings by the names of Set-MobileDeviceMailboxPolicy: PasswordEnabled=true MinPasswordLength=6 MaxInactivityTimeLock=5m IsDefault=true. Unlimited is no limit. Ours: NoPolicy=true has devices told that there is none."`
}

// apply makes the settings.
func (q *MobilePolicySettings) apply(p *access.MobilePolicy) error {
	for _, x := range q.Settings {
		name, value, ok := strings.Cut(x, "=")
		if !ok {
			return entente.Errorf(entente.Invalid, "%q is not of the form SETTING=VALUE", x)
		}
		if err := p.Set(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

// CreateMobilePolicy makes a mobile device mailbox policy.
// New-MobileDeviceMailboxPolicy.
func (a *API) CreateMobilePolicy(ctx context.Context, q MobilePolicySettings) (Done, error) {
	err := a.change(ctx, "mobile-device-mailbox-policy.create", append([]string{q.Name}, q.Settings...), func(c *directory.Change) error {
		p := access.NewMobilePolicy(q.Name)
		if err := q.apply(&p); err != nil {
			return err
		}
		return c.CreateMobilePolicy(p)
	})
	return Done{"the mobile device mailbox policy is made"}, err
}

// SetMobilePolicy changes a mobile device mailbox policy: devices acknowledge it
// anew, if they are told of what changed. Set-MobileDeviceMailboxPolicy.
func (a *API) SetMobilePolicy(ctx context.Context, q MobilePolicySettings) (Done, error) {
	err := a.change(ctx, "mobile-device-mailbox-policy.set", append([]string{q.Name}, q.Settings...), func(c *directory.Change) error {
		return c.SetMobilePolicy(q.Name, q.apply)
	})
	return Done{"the mobile device mailbox policy is changed"}, err
}

// RemoveMobilePolicy removes a mobile device mailbox policy that no account has.
func (a *API) RemoveMobilePolicy(ctx context.Context, q MobilePolicyName) (Done, error) {
	err := a.change(ctx, "mobile-device-mailbox-policy.remove", []string{q.Name}, func(c *directory.Change) error { return c.RemoveMobilePolicy(q.Name) })
	return Done{"the mobile device mailbox policy is gone"}, err
}

// AssignMobilePolicy asks to give an account a mobile device mailbox policy.
type AssignMobilePolicy struct {
	AccountName
	Policy string `json:"policy" required:"" help:"The policy; an empty name takes the account's own away."`
}

// AssignMobilePolicy has an account's devices keep to a policy.
// Set-CASMailbox -ActiveSyncMailboxPolicy.
func (a *API) AssignMobilePolicy(ctx context.Context, q AssignMobilePolicy) (Done, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "mobile-device-mailbox-policy.assign", []string{string(x.UPN), q.Policy}, func(c *directory.Change) error {
		return c.SetDeviceSettings(x.SID, func(s *access.DeviceSettings) error {
			s.Policy = q.Policy
			return nil
		})
	})
	if q.Policy == "" {
		return Done{"the devices of " + string(x.UPN) + " keep to the default policy"}, err
	}
	return Done{"the devices of " + string(x.UPN) + " keep to the policy " + q.Policy}, err
}
