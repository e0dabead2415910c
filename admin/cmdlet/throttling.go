package cmdlet

import (
	"slices"
	"strings"

	"entente"
	"entente/admin"
)

// ThrottlingPolicy is what Get-ThrottlingPolicy shows.
type ThrottlingPolicy struct {
	Name                       string   `json:"Name"`
	EwsMaxConcurrency          string   `json:"EwsMaxConcurrency"`
	EwsMaxBurst                string   `json:"EwsMaxBurst"`
	EwsRechargeRate            string   `json:"EwsRechargeRate"`
	EwsCutoffBalance           string   `json:"EwsCutoffBalance"`
	EwsMaxSubscriptions        string   `json:"EwsMaxSubscriptions"`
	EwsMaxStreamingConnections string   `json:"EwsMaxStreamingConnections"` // ours
	Accounts                   []string `json:"Accounts,omitempty"`
}

func throttlingCmdlets() []Cmdlet {
	limits := []Parameter{
		{Name: "EwsMaxConcurrency", Help: "Requests at once, for one caller and user; Unlimited is no limit, here and below."},
		{Name: "EwsMaxBurst", Help: "Milliseconds of server time that may be used without a pause."},
		{Name: "EwsRechargeRate", Help: "Milliseconds of server time given back in an hour."},
		{Name: "EwsCutoffBalance", Help: "Milliseconds that may be used beyond the burst before requests are refused."},
		{Name: "EwsMaxSubscriptions", Help: "Subscriptions open at once."},
		{Name: "EwsMaxStreamingConnections", Help: "Ours: streaming connections open at once."},
	}
	identity := Parameter{Name: "Identity", First: true, Mandatory: true, Help: "The policy; global is that of everybody who has none of his own."}
	return []Cmdlet{
		{
			Name: "Get-ThrottlingPolicy", Synopsis: "Show how much callers may ask of the server.", Verbs: "throttling list",
			Parameters: []Parameter{{Name: "Identity", First: true, Help: "Only this one."}},
			run:        getThrottlingPolicy,
		},
		{
			Name: "New-ThrottlingPolicy", Synopsis: "Make a throttling policy.", Verbs: "throttling set",
			Parameters: append([]Parameter{{Name: "Name", First: true, Mandatory: true, Help: "The policy's name."}}, limits...),
			run:        func(c *call) (any, error) { return nil, c.setThrottling(c.Text("Name"), true) },
		},
		{
			Name: "Set-ThrottlingPolicy", Synopsis: "Change a throttling policy.", Verbs: "throttling set",
			Parameters: append([]Parameter{identity}, limits...),
			run:        func(c *call) (any, error) { return nil, c.setThrottling(c.Text("Identity"), false) },
		},
		{
			Name: "Remove-ThrottlingPolicy", Synopsis: "Remove a throttling policy that no account has.", Verbs: "throttling remove",
			Parameters: []Parameter{identity, {Name: "Force", Kind: Switch, Help: "Taken."}},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "throttling", "remove", admin.ThrottlingName{Name: c.Text("Identity")})
				return nil, err
			},
		},
		{
			Name: "Set-ThrottlingPolicyAssociation", Synopsis: "Have an account go by a throttling policy.", Verbs: "throttling assign",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Mandatory: true, Help: "Who calls: user principal name, address or SID."},
				{Name: "ThrottlingPolicy", Help: "The policy; $null is the global one."},
			},
			run: func(c *call) (any, error) {
				policy := c.Text("ThrottlingPolicy")
				if policy == "" {
					policy = "global"
				}
				_, err := do[admin.Done](c, "throttling", "assign", admin.AssignThrottling{
					AccountName: admin.AccountName{Account: c.Text("Identity")}, Policy: policy,
				})
				return nil, err
			},
		},
	}
}

// setThrottling makes or changes a policy: our verb does both, the shell has a
// cmdlet for each.
func (c *call) setThrottling(name string, isNew bool) error {
	all, err := get[[]admin.ThrottlingInfo](c, "throttling", "list", admin.Nothing{})
	if err != nil {
		return err
	}
	there := slices.ContainsFunc(all, func(p admin.ThrottlingInfo) bool { return strings.EqualFold(p.Name, name) })
	switch {
	case isNew && there:
		return entente.Errorf(entente.Conflict, "The throttling policy '%s' already exists.", name)
	case !isNew && !there:
		return notFound(name)
	}
	_, err = do[admin.Done](c, "throttling", "set", admin.SetThrottling{
		Name: name, EwsMaxConcurrency: c.Text("EwsMaxConcurrency"), EwsMaxBurst: c.Text("EwsMaxBurst"),
		EwsRechargeRate: c.Text("EwsRechargeRate"), EwsCutoffBalance: c.Text("EwsCutoffBalance"),
		EwsMaxSubscriptions: c.Text("EwsMaxSubscriptions"), EwsMaxStreamingConnections: c.Text("EwsMaxStreamingConnections"),
	})
	return err
}

func getThrottlingPolicy(c *call) (any, error) {
	all, err := get[[]admin.ThrottlingInfo](c, "throttling", "list", admin.Nothing{})
	if err != nil {
		return nil, err
	}
	if name := c.Text("Identity"); name != "" {
		all = slices.DeleteFunc(all, func(p admin.ThrottlingInfo) bool { return !strings.EqualFold(p.Name, name) })
		if len(all) == 0 {
			return nil, notFound(name)
		}
	}
	list := make([]ThrottlingPolicy, 0, len(all))
	for i := range all {
		list = append(list, ThrottlingPolicy(all[i]))
	}
	return list, nil
}
