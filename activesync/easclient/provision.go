package easclient

import (
	"context"
	"fmt"
	"strconv"

	"entente/activesync"
	"entente/activesync/wbxml"
)

const policyType = "MS-EAS-Provisioning-WBXML" // [MS-ASPROV] 2.2.2.43

// Provision asks for the policy, and acknowledges it. If the server has the phone
// wiped instead, that is acknowledged, everything is erased, and the error has
// ErrWiped or ErrAccountWiped in it. [MS-ASPROV] 3.1.5.1
func (p *Phone) Provision(ctx context.Context) error {
	if p.Speaks == 0 {
		if err := p.Discover(ctx); err != nil {
			return err
		}
	}
	p.PolicyKey = 0
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.ProvisionProvision)
	if p.at(activesync.V141) {
		p.information(w)
	}
	w.Start(wbxml.ProvisionPolicies)
	w.Start(wbxml.ProvisionPolicy)
	w.Text(wbxml.ProvisionPolicyType, policyType)
	w.End()
	w.End()
	w.End()
	policy, err := p.provision(ctx, w)
	if err != nil || policy == nil {
		return err
	}
	p.PolicyKey = key(policy)
	p.Policy = map[string]string{}
	for c := range policy.Path(wbxml.ProvisionData, wbxml.ProvisionEASProvisionDoc).Children() {
		p.Policy[c.Tag.Name()] = c.Text()
	}

	w.Reset(nil)
	w.Start(wbxml.ProvisionProvision)
	w.Start(wbxml.ProvisionPolicies)
	w.Start(wbxml.ProvisionPolicy)
	w.Text(wbxml.ProvisionPolicyType, policyType)
	w.Text(wbxml.ProvisionPolicyKey, strconv.FormatUint(uint64(p.PolicyKey), 10))
	w.Int(wbxml.ProvisionStatus, 1) // all of it applies
	w.End()
	w.End()
	w.End()
	if policy, err = p.provision(ctx, w); err == nil && policy != nil {
		p.PolicyKey = key(policy)
	}
	return err
}

func key(policy *wbxml.Element) uint32 {
	n, _ := strconv.ParseUint(policy.Get(wbxml.ProvisionPolicyKey), 10, 32)
	return uint32(n)
}

// provision sends one Provision and returns the Policy of the answer; nil if there
// is no policy.
func (p *Phone) provision(ctx context.Context, w *wbxml.Writer) (*wbxml.Element, error) {
	a, err := p.send(ctx, ask(activesync.Provision, w))
	if err != nil {
		return nil, err
	}
	switch {
	case a.Root.Has(wbxml.ProvisionRemoteWipe):
		return nil, p.wiped(ctx, wbxml.ProvisionRemoteWipe, ErrWiped)
	case a.Root.Has(wbxml.ProvisionAccountOnlyRemoteWipe):
		return nil, p.wiped(ctx, wbxml.ProvisionAccountOnlyRemoteWipe, ErrAccountWiped)
	}
	if err := p.good(activesync.Provision, a.Root, wbxml.ProvisionStatus); err != nil {
		return nil, err
	}
	policy := a.Root.Path(wbxml.ProvisionPolicies, wbxml.ProvisionPolicy)
	if policy.Get(wbxml.ProvisionStatus) == "2" { // there is no policy
		return nil, nil
	}
	return policy, p.good(activesync.Provision, policy, wbxml.ProvisionStatus)
}

// wiped acknowledges that everything is erased, and erases it.
// [MS-ASPROV] 3.1.5.1.2.2
func (p *Phone) wiped(ctx context.Context, what wbxml.Tag, wiped error) error {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.ProvisionProvision)
	w.Start(what)
	w.Int(wbxml.ProvisionStatus, 1)
	w.End()
	w.End()
	_, err := p.send(ctx, ask(activesync.Provision, w))
	p.Erase()
	if err != nil {
		return fmt.Errorf("%w, and did not take the confirmation: %w", wiped, err)
	}
	return wiped
}

// good returns the error that a status is, if it is not success.
func (p *Phone) good(cmd activesync.Command, e *wbxml.Element, status wbxml.Tag) error {
	n, err := strconv.Atoi(e.Get(status))
	if err != nil {
		where := "nothing"
		if e != nil {
			where = e.Tag.Name()
		}
		return fmt.Errorf("%w: %s without a status in %s", ErrNotActiveSync, cmd, where)
	}
	if n != int(activesync.OK) {
		return &StatusError{cmd, activesync.Status(n), e.Tag.Name()}
	}
	return nil
}

// information writes what the phone says of itself. [MS-ASCMD] 2.2.3.45
func (p *Phone) information(w *wbxml.Writer) {
	d := &p.Device
	w.Start(wbxml.SettingsDeviceInformation)
	w.Start(wbxml.SettingsSet)
	for _, v := range [...]struct {
		tag  wbxml.Tag
		text string
	}{
		{wbxml.SettingsModel, d.Model},
		{wbxml.SettingsIMEI, d.IMEI},
		{wbxml.SettingsFriendlyName, d.FriendlyName},
		{wbxml.SettingsOS, d.OS},
		{wbxml.SettingsOSLanguage, d.OSLanguage},
		{wbxml.SettingsPhoneNumber, d.PhoneNumber},
		{wbxml.SettingsMobileOperator, d.MobileOperator},
		{wbxml.SettingsUserAgent, p.UserAgent},
	} {
		if v.text != "" {
			w.Text(v.tag, v.text)
		}
	}
	w.End()
	w.End()
}

// SendInformation says what the phone is. [MS-ASCMD] 2.2.1.18
func (p *Phone) SendInformation(ctx context.Context) error {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.SettingsSettings)
	p.information(w)
	w.End()
	a, err := p.send(ctx, ask(activesync.Settings, w))
	if err != nil {
		return err
	}
	if err := p.good(activesync.Settings, a.Root, wbxml.SettingsStatus); err != nil {
		return err
	}
	return p.good(activesync.Settings, a.Root.Path(wbxml.SettingsDeviceInformation), wbxml.SettingsStatus)
}
