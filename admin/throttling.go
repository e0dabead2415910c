package admin

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"entente"
	"entente/clientaccess"
)

// globalPolicy is how the throttling policy of everybody who has none of his
// own is called here.
const globalPolicy = "global"

// ThrottlingInfo is a throttling policy, under the names of
// Get-ThrottlingPolicy.
type ThrottlingInfo struct {
	Name                       string `json:"name"`
	EwsMaxConcurrency          string `json:"ews_max_concurrency"`
	EwsMaxBurst                string `json:"ews_max_burst"`
	EwsRechargeRate            string `json:"ews_recharge_rate"`
	EwsCutoffBalance           string `json:"ews_cutoff_balance"`
	EwsMaxSubscriptions        string `json:"ews_max_subscriptions"`
	EwsMaxStreamingConnections string `json:"ews_max_streaming_connections"`

	Accounts []string `json:"accounts,omitempty"` // that have it
}

// ListThrottling lists the throttling policies, the global one first.
func (a *API) ListThrottling(ctx context.Context, _ Nothing) ([]ThrottlingInfo, error) {
	t := a.Door.Throttling()
	of := map[string][]string{}
	for sid, name := range t.Of {
		if _, ok := a.Directory.Snapshot().FindSID(sid); ok { // others are gone
			of[name] = append(of[name], a.nameOf(ctx, sid))
		}
	}
	var list []ThrottlingInfo
	for name, p := range t.Policies {
		i := ThrottlingInfo{
			Name: name, EwsMaxConcurrency: limitText(p.EwsMaxConcurrency), EwsMaxBurst: limitText(p.EwsMaxBurst),
			EwsRechargeRate: limitText(p.EwsRechargeRate), EwsCutoffBalance: limitText(p.EwsCutoffBalance),
			EwsMaxSubscriptions: limitText(p.EwsMaxSubscriptions), EwsMaxStreamingConnections: limitText(p.EwsMaxStreamingConnections),
			Accounts: of[name],
		}
		slices.Sort(i.Accounts)
		list = append(list, i)
	}
	slices.SortFunc(list, func(x, y ThrottlingInfo) int { return strings.Compare(x.Name, y.Name) })
	list[0].Name = globalPolicy // its own name is empty, and so the first
	return list, nil
}

func limitText(n int64) string {
	if n == clientaccess.Unlimited {
		return "unlimited"
	}
	return strconv.FormatInt(n, 10)
}

// SetThrottling asks for a throttling policy, new or changed. What is empty
// stays; a new policy begins as the global one.
type SetThrottling struct {
	Name                       string `json:"name" arg:"" optional:"" default:"global" help:"The policy; global is that of everybody who has none of his own."`
	EwsMaxConcurrency          string `json:"ews_max_concurrency,omitempty" help:"Requests at once, for one caller and user." placeholder:"N"`
	EwsMaxBurst                string `json:"ews_max_burst,omitempty" help:"Milliseconds of server time that may be used without a pause." placeholder:"MS"`
	EwsRechargeRate            string `json:"ews_recharge_rate,omitempty" help:"Milliseconds of server time given back in an hour." placeholder:"MS"`
	EwsCutoffBalance           string `json:"ews_cutoff_balance,omitempty" help:"Milliseconds that may be used beyond the burst before requests are refused." placeholder:"MS"`
	EwsMaxSubscriptions        string `json:"ews_max_subscriptions,omitempty" help:"Subscriptions open at once." placeholder:"N"`
	EwsMaxStreamingConnections string `json:"ews_max_streaming_connections,omitempty" help:"Streaming connections open at once." placeholder:"N"`
}

// SetThrottling makes or changes a throttling policy. Every limit is a number
// or unlimited.
func (a *API) SetThrottling(ctx context.Context, q SetThrottling) (Done, error) {
	name := policyName(q.Name)
	err := a.recorded(ctx, "throttling.set", []string{q.Name}, func() error {
		return a.Door.SetThrottlingPolicy(ctx, name, func(p *clientaccess.ThrottlingPolicy) error {
			for _, x := range []struct {
				to   *int64
				text string
			}{
				{&p.EwsMaxConcurrency, q.EwsMaxConcurrency},
				{&p.EwsMaxBurst, q.EwsMaxBurst},
				{&p.EwsRechargeRate, q.EwsRechargeRate},
				{&p.EwsCutoffBalance, q.EwsCutoffBalance},
				{&p.EwsMaxSubscriptions, q.EwsMaxSubscriptions},
				{&p.EwsMaxStreamingConnections, q.EwsMaxStreamingConnections},
			} {
				if err := setLimit(x.to, x.text); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return Done{"the throttling policy is in force"}, err
}

func setLimit(to *int64, text string) error {
	switch {
	case text == "":
	case strings.EqualFold(text, "unlimited"):
		*to = clientaccess.Unlimited
	default:
		n, err := strconv.ParseUint(text, 10, 62)
		if err != nil {
			return entente.Errorf(entente.Invalid, "%q is neither a number nor unlimited", text)
		}
		*to = int64(n)
	}
	return nil
}

func policyName(name string) string {
	if name == globalPolicy || name == "" {
		return clientaccess.GlobalPolicy
	}
	return name
}

// ThrottlingName names a throttling policy.
type ThrottlingName struct {
	Name string `json:"name" arg:"" help:"The policy."`
}

// RemoveThrottling removes a throttling policy that no account has.
func (a *API) RemoveThrottling(ctx context.Context, q ThrottlingName) (Done, error) {
	err := a.recorded(ctx, "throttling.remove", []string{q.Name}, func() error {
		return a.Door.RemoveThrottlingPolicy(ctx, policyName(q.Name))
	})
	if policyName(q.Name) == clientaccess.GlobalPolicy {
		return Done{"the global throttling policy is as it was at first"}, err
	}
	return Done{"the throttling policy is gone"}, err
}

// AssignThrottling asks to give an account a throttling policy.
type AssignThrottling struct {
	AccountName
	Policy string `json:"policy" help:"The policy; global takes the account's own away." required:""`
}

// AssignThrottling has what an account asks for, for whomever, go by a
// throttling policy: Set-ThrottlingPolicyAssociation.
func (a *API) AssignThrottling(ctx context.Context, q AssignThrottling) (Done, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return Done{}, err
	}
	err = a.recorded(ctx, "throttling.assign", []string{string(x.UPN), q.Policy}, func() error {
		return a.Door.AssignThrottlingPolicy(ctx, x.SID, policyName(q.Policy))
	})
	return Done{string(x.UPN) + " goes by the throttling policy " + q.Policy}, err
}
