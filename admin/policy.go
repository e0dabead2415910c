package admin

import (
	"slices"
	"strings"

	"entente"
	"entente/access"
)

// ClientPolicy is what is set of access by EWS, for everyone or for a mailbox,
// under the names of Set-OrganizationConfig and Set-CASMailbox.
type ClientPolicy struct {
	EwsEnabled         string   `json:"ews_enabled"`
	EwsAllowOutlook    string   `json:"ews_allow_outlook"`
	EwsAllowMacOutlook string   `json:"ews_allow_mac_outlook"`
	EwsAllowEntourage  string   `json:"ews_allow_entourage"`
	EwsPolicy          string   `json:"ews_application_access_policy"`
	EwsAllowList       []string `json:"ews_allow_list,omitempty"`
	EwsBlockList       []string `json:"ews_block_list,omitempty"`
	EwsAllowedAppIDs   []string `json:"ews_allowed_app_ids,omitempty"`
	ActiveSyncEnabled  string   `json:"active_sync_enabled"`
}

// clientPolicy shows a policy; none is one in which nothing is set.
func clientPolicy(p *access.ClientPolicy) ClientPolicy {
	if p == nil {
		p = new(access.ClientPolicy)
	}
	c := ClientPolicy{
		EwsEnabled: settingName(p.EwsEnabled), EwsAllowOutlook: settingName(p.EwsAllowOutlook),
		EwsAllowMacOutlook: settingName(p.EwsAllowMacOutlook), EwsAllowEntourage: settingName(p.EwsAllowEntourage),
		ActiveSyncEnabled: settingName(p.ActiveSyncEnabled),
		EwsPolicy:         "none", EwsAllowList: p.EwsAllowList, EwsBlockList: p.EwsBlockList,
	}
	for _, id := range p.EwsAllowedAppIDs {
		c.EwsAllowedAppIDs = append(c.EwsAllowedAppIDs, string(id))
	}
	if p.EwsApplicationAccessPolicy != access.NoApplicationPolicy {
		c.EwsPolicy = string(p.EwsApplicationAccessPolicy)
	}
	return c
}

// SetPolicy asks for a change of access by EWS. What is empty stays.
type SetPolicy struct {
	EwsEnabled         string   `json:"ews_enabled,omitempty" help:"EwsEnabled: on, off or unset."`
	EwsAllowOutlook    string   `json:"ews_allow_outlook,omitempty" help:"EwsAllowOutlook: on, off or unset."`
	EwsAllowMacOutlook string   `json:"ews_allow_mac_outlook,omitempty" help:"EwsAllowMacOutlook: on, off or unset."`
	EwsAllowEntourage  string   `json:"ews_allow_entourage,omitempty" help:"EwsAllowEntourage: on, off or unset."`
	EwsPolicy          string   `json:"ews_application_access_policy,omitempty" name:"ews-application-access-policy" help:"EwsApplicationAccessPolicy: allow-list, block-list or none." placeholder:"LIST"`
	EwsAllowList       []string `json:"ews_allow_list,omitempty" help:"User-Agent patterns (with *) that may enter under allow-list, in place of those there are; a single empty one is no list." sep:"none" placeholder:"PATTERN"`
	EwsBlockList       []string `json:"ews_block_list,omitempty" help:"User-Agent patterns that may not enter under block-list, likewise." sep:"none" placeholder:"PATTERN"`
	EwsAllowedAppIDs   []string `json:"ews_allowed_app_ids,omitempty" name:"ews-allowed-app-ids" help:"Applications that alone may enter while EwsEnabled is on, by the id of their credential: the name of a service's token; likewise." sep:"none" placeholder:"ID"`
	ActiveSyncEnabled  string   `json:"active_sync_enabled,omitempty" help:"ActiveSyncEnabled, for mobile devices: on, off or unset."`
	DryRun             bool     `json:"dry_run,omitempty" help:"Change nothing; list which clients of the last 30 days would be shut out, and which let in."`
}

func (q *SetPolicy) empty() bool {
	return q.EwsEnabled+q.EwsAllowOutlook+q.EwsAllowMacOutlook+q.EwsAllowEntourage+q.EwsPolicy+q.ActiveSyncEnabled == "" &&
		q.EwsAllowList == nil && q.EwsBlockList == nil && q.EwsAllowedAppIDs == nil
}

// maxPatterns bounds a list, which every request is compared with.
const maxPatterns = 500

// apply changes a policy. Its lists are replaced and not written to, because
// the snapshot in force points to them.
func (q *SetPolicy) apply(p *access.ClientPolicy) error {
	for _, s := range []struct {
		to   *access.Setting
		name string
	}{
		{&p.EwsEnabled, q.EwsEnabled},
		{&p.EwsAllowOutlook, q.EwsAllowOutlook},
		{&p.EwsAllowMacOutlook, q.EwsAllowMacOutlook},
		{&p.EwsAllowEntourage, q.EwsAllowEntourage},
		{&p.ActiveSyncEnabled, q.ActiveSyncEnabled},
	} {
		if err := setSetting(s.to, s.name); err != nil {
			return err
		}
	}
	switch strings.ToLower(q.EwsPolicy) {
	case "":
	case "none":
		p.EwsApplicationAccessPolicy = access.NoApplicationPolicy
	case "allow-list", "enforceallowlist":
		p.EwsApplicationAccessPolicy = access.EnforceAllowList
	case "block-list", "enforceblocklist":
		p.EwsApplicationAccessPolicy = access.EnforceBlockList
	default:
		return entente.Errorf(entente.Invalid, "policy %q is none of allow-list, block-list, none", q.EwsPolicy)
	}
	if err := setPatterns(&p.EwsAllowList, q.EwsAllowList); err != nil {
		return err
	}
	if err := setPatterns(&p.EwsBlockList, q.EwsBlockList); err != nil {
		return err
	}
	if p.EwsApplicationAccessPolicy == access.NoApplicationPolicy && (some(q.EwsAllowList) || some(q.EwsBlockList)) {
		// Exchange's own sentence. A list without it would do nothing.
		return entente.Errorf(entente.Invalid, "EwsApplicationAccessPolicy must be specified if to set EwsAllowList or EwsBlockList.")
	}
	return setIDs(&p.EwsAllowedAppIDs, q.EwsAllowedAppIDs)
}

// some reports whether a list that is to be set has anything in it.
func some(list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return s != "" })
}

func setIDs(to *[]access.ApplicationID, list []string) error {
	var ids []string
	if err := setPatterns(&ids, list); err != nil || list == nil {
		return err
	}
	*to = nil
	for _, id := range ids {
		*to = append(*to, access.ApplicationID(id))
	}
	return nil
}

func setPatterns(to *[]string, list []string) error {
	if list == nil {
		return nil
	}
	if len(list) > maxPatterns {
		return entente.Errorf(entente.TooLarge, "a list has at most %d patterns", maxPatterns)
	}
	*to = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" })
	return nil
}
