package cmdlet

import (
	"slices"

	"entente"
	"entente/admin"
)

// accessPolicies are the values of EwsApplicationAccessPolicy.
var accessPolicies = []string{"EnforceAllowList", "EnforceBlockList"}

// ewsParameters are what Set-OrganizationConfig and Set-CASMailbox have in
// common.
func ewsParameters() []Parameter {
	return []Parameter{
		{Name: "EwsEnabled", Kind: Null, Help: "Whether Exchange Web Services may be used."},
		{Name: "EwsAllowOutlook", Kind: Null, Help: "Whether Outlook may."},
		{Name: "EwsAllowMacOutlook", Kind: Null, Help: "Whether Outlook for Mac may."},
		{Name: "EwsAllowEntourage", Kind: Null, Help: "Whether Entourage may."},
		{Name: "EwsApplicationAccessPolicy", Kind: Enum, Values: accessPolicies, Help: "What the list means; $null is no policy."},
		{Name: "EwsAllowList", Kind: List, Changes: true, Help: "User-Agent patterns, with *, that may enter under EnforceAllowList."},
		{Name: "EwsBlockList", Kind: List, Changes: true, Help: "User-Agent patterns that may not enter under EnforceBlockList."},
		{Name: "ActiveSyncEnabled", Kind: Null, Help: "Whether mobile devices may synchronize. Of the organization: ours."},
		{Name: "EwsAllowedAppIDs", Kind: List, Changes: true, Help: "Applications that alone may enter while EwsEnabled is $true, by the id of their credential."},
	}
}

// policy is what those parameters ask for. now is the policy there is, for
// lists that are changed and not replaced.
func (c *call) policy(now admin.ClientPolicy) admin.SetPolicy {
	p := admin.SetPolicy{
		EwsEnabled: c.setting("EwsEnabled"), EwsAllowOutlook: c.setting("EwsAllowOutlook"),
		EwsAllowMacOutlook: c.setting("EwsAllowMacOutlook"), EwsAllowEntourage: c.setting("EwsAllowEntourage"),
		ActiveSyncEnabled: c.setting("ActiveSyncEnabled"),

		EwsPolicy:    c.Text("EwsApplicationAccessPolicy"),
		EwsAllowList: emptied(c.List("EwsAllowList", now.EwsAllowList)),
		EwsBlockList: emptied(c.List("EwsBlockList", now.EwsBlockList)),

		EwsAllowedAppIDs: emptied(c.List("EwsAllowedAppIDs", now.EwsAllowedAppIDs)),
		DryRun:           c.Is("WhatIf"),
	}
	if c.Has("EwsApplicationAccessPolicy") && p.EwsPolicy == "" {
		p.EwsPolicy = "none"
	}
	return p
}

// emptied writes an empty list as our verbs do: one empty text.
func emptied(list []string) []string {
	if list != nil && len(list) == 0 {
		return []string{""}
	}
	return list
}

// EwsSettings are a policy under Exchange's names.
type EwsSettings struct {
	EwsEnabled                 string   `json:"EwsEnabled"`
	EwsAllowOutlook            string   `json:"EwsAllowOutlook"`
	EwsAllowMacOutlook         string   `json:"EwsAllowMacOutlook"`
	EwsAllowEntourage          string   `json:"EwsAllowEntourage"`
	EwsApplicationAccessPolicy string   `json:"EwsApplicationAccessPolicy"`
	EwsAllowList               []string `json:"EwsAllowList"`
	EwsBlockList               []string `json:"EwsBlockList"`
	EwsAllowedAppIDs           []string `json:"EwsAllowedAppIDs"`
	ActiveSyncEnabled          string   `json:"ActiveSyncEnabled"`
}

func ewsSettings(p *admin.ClientPolicy) EwsSettings {
	s := EwsSettings{
		EwsEnabled: shellTruth(p.EwsEnabled), EwsAllowOutlook: shellTruth(p.EwsAllowOutlook),
		EwsAllowMacOutlook: shellTruth(p.EwsAllowMacOutlook), EwsAllowEntourage: shellTruth(p.EwsAllowEntourage),
		EwsApplicationAccessPolicy: p.EwsPolicy, EwsAllowList: p.EwsAllowList, EwsBlockList: p.EwsBlockList,
		EwsAllowedAppIDs: p.EwsAllowedAppIDs, ActiveSyncEnabled: shellTruth(p.ActiveSyncEnabled),
	}
	if s.EwsApplicationAccessPolicy == "none" {
		s.EwsApplicationAccessPolicy = ""
	}
	return s
}

// shellTruth is how the shell prints on, off and unset.
func shellTruth(setting string) string {
	switch setting {
	case "on":
		return "True"
	case "off":
		return "False"
	}
	return ""
}

// OrganizationConfig is what Get-OrganizationConfig shows.
type OrganizationConfig struct {
	Name string `json:"Name"`
	EwsSettings
	Precedence string `json:"EwsPrecedence"` // ours: classic or strict
}

// CASMailbox is what Get-CASMailbox shows.
type CASMailbox struct {
	Name               string `json:"Name"`
	PrimarySmtpAddress string `json:"PrimarySmtpAddress"`
	EwsSettings
	ActiveSyncMailboxPolicy    string   `json:"ActiveSyncMailboxPolicy"`
	ActiveSyncAllowedDeviceIDs []string `json:"ActiveSyncAllowedDeviceIDs"`
	ActiveSyncBlockedDeviceIDs []string `json:"ActiveSyncBlockedDeviceIDs"`
}

func casMailbox(x *admin.AccountDetails) CASMailbox {
	return CASMailbox{x.Name, x.Mail, ewsSettings(&x.ClientPolicy), x.MobilePolicy, x.AllowedDeviceIDs, x.BlockedDeviceIDs}
}

func organizationCmdlets() []Cmdlet {
	return []Cmdlet{
		{
			Name: "Get-OrganizationConfig", Synopsis: "Show what is set for everyone.", Verbs: "organization show",
			run: func(c *call) (any, error) {
				o, err := get[admin.OrganizationInfo](c, "organization", "show", admin.Nothing{})
				return OrganizationConfig{o.Name, ewsSettings(&o.ClientPolicy), o.Precedence}, err
			},
		},
		{
			Name: "Set-OrganizationConfig", Synopsis: "Change what is set for everyone.", Verbs: "organization set",
			Parameters: append(ewsParameters(),
				Parameter{Name: "EwsPrecedence", Kind: Enum, Values: []string{"classic", "strict"}, Help: "Ours: whether a mailbox's EwsEnabled prevails over the organization's (classic), or an organization that is off is final (strict)."}),
			run: setOrganizationConfig,
		},
		{
			Name: "Get-CASMailbox", Synopsis: "Show a mailbox's client access settings.", Verbs: "account show, account list",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Help: "The mailbox: user principal name, address or SID; without it, all."},
				{Name: "ResultSize", Help: "At most so many; Unlimited is 10,000."},
			},
			run: getCASMailbox,
		},
		{
			Name: "Set-CASMailbox", Synopsis: "Change a mailbox's client access settings.",
			Verbs: "account set, device allow, device block, device unblock, mobile-device-mailbox-policy assign",
			Parameters: slices.Concat([]Parameter{{Name: "Identity", First: true, Mandatory: true, Help: "The mailbox: user principal name, address or SID."}}, ewsParameters(), []Parameter{
				{Name: "ActiveSyncMailboxPolicy", Help: "What its mobile devices are asked to keep to; $null is the default policy."},
				{Name: "ActiveSyncAllowedDeviceIDs", Kind: List, Changes: true, Help: "Mobile devices that synchronize whatever rules say, by their ids."},
				{Name: "ActiveSyncBlockedDeviceIDs", Kind: List, Changes: true, Help: "Mobile devices that do not."},
			}),
			run: setCASMailbox,
		},
	}
}

func setOrganizationConfig(c *call) (any, error) {
	now, err := get[admin.OrganizationInfo](c, "organization", "show", admin.Nothing{})
	if err != nil {
		return nil, err
	}
	return c.setPolicy("organization", admin.SetOrganization{SetPolicy: c.policy(now.ClientPolicy), Precedence: c.Text("EwsPrecedence")})
}

// setPolicy changes client access. With -WhatIf the server is asked all the
// same, and says which clients the change would shut out.
func (c *call) setPolicy(noun string, request any) (any, error) {
	answer, err := get[admin.PolicyDone](c, noun, "set", request)
	if err != nil || !c.Is("WhatIf") && len(answer.Mailboxes) == 0 {
		return nil, err
	}
	return answer, nil
}

func getCASMailbox(c *call) (any, error) {
	if c.Has("Identity") {
		x, err := c.mailbox(c.Text("Identity"))
		return casMailbox(&x), err
	}
	list := []CASMailbox{}
	all, err := c.mailboxes()
	for _, a := range all {
		x, err := get[admin.AccountDetails](c, "account", "show", admin.AccountName{Account: a.UPN})
		if err != nil {
			return nil, err
		}
		list = append(list, casMailbox(&x))
	}
	return list, err
}

func setCASMailbox(c *call) (any, error) {
	now, err := c.mailbox(c.Text("Identity"))
	if err != nil {
		return nil, err
	}
	if err := c.setDevices(&now); err != nil {
		return nil, err
	}
	return c.setPolicy("account", admin.SetAccount{AccountName: admin.AccountName{Account: now.UPN}, SetPolicy: c.policy(now.ClientPolicy)})
}

// setDevices carries out what is said of the mailbox's mobile devices: what is on a
// list and was not goes onto it, and what was and is not comes off.
func (c *call) setDevices(now *admin.AccountDetails) error {
	who := admin.AccountName{Account: now.UPN}
	if c.Has("ActiveSyncMailboxPolicy") {
		if _, err := do[admin.Done](c, "mobile-device-mailbox-policy", "assign", admin.AssignMobilePolicy{AccountName: who, Policy: c.Text("ActiveSyncMailboxPolicy")}); err != nil {
			return err
		}
	}
	for _, l := range [...]struct {
		name, verb string
		was        []string
	}{{"ActiveSyncAllowedDeviceIDs", "allow", now.AllowedDeviceIDs}, {"ActiveSyncBlockedDeviceIDs", "block", now.BlockedDeviceIDs}} {
		if !c.Has(l.name) {
			continue
		}
		is := c.List(l.name, l.was)
		for _, id := range l.was {
			if !slices.Contains(is, id) {
				if _, err := do[admin.Done](c, "device", "unblock", admin.DeviceName{AccountName: who, Device: id}); err != nil {
					return err
				}
			}
		}
		for _, id := range is {
			if !slices.Contains(l.was, id) {
				if _, err := do[admin.Done](c, "device", l.verb, admin.DeviceName{AccountName: who, Device: id}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// mailbox finds an account with a mailbox.
func (c *call) mailbox(name string) (admin.AccountDetails, error) {
	x, err := get[admin.AccountDetails](c, "account", "show", admin.AccountName{Account: name})
	if isNotFound(err) || err == nil && x.Mailbox == "" {
		return x, notFound(name)
	}
	return x, err
}

// mailboxes lists accounts with mailboxes, as many as ResultSize says.
func (c *call) mailboxes() ([]admin.AccountInfo, error) {
	limit, err := c.resultSize(1000)
	if err != nil {
		return nil, err
	}
	all, err := get[[]admin.AccountInfo](c, "account", "list", admin.ListAccounts{Limit: maxResults})
	list := all[:0]
	for _, x := range all {
		if x.Database != "" && len(list) < limit {
			list = append(list, x)
		}
	}
	return list, err
}

// notFound is Exchange's sentence for an object that is not there.
func notFound(name string) error {
	return entente.Errorf(entente.NotFound, "The operation couldn't be performed because object '%s' couldn't be found.", name)
}
