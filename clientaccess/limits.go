package clientaccess

// Unlimited is the value of a limit that does not hold, "Unlimited" in
// Exchange's commands.
const Unlimited int64 = -1

// A ThrottlingPolicy says how much one caller may ask of this server for one
// user: Set-ThrottlingPolicy. Times are in milliseconds, as Exchange counts
// them. What is not Exchange's is EwsMaxStreamingConnections, which Exchange
// keeps in a file beside its commands.
type ThrottlingPolicy struct {
	EwsMaxConcurrency   int64 `json:"ews_max_concurrency"`   // requests at once
	EwsMaxBurst         int64 `json:"ews_max_burst"`         // server time that may be used without a pause
	EwsRechargeRate     int64 `json:"ews_recharge_rate"`     // server time given back in an hour
	EwsCutoffBalance    int64 `json:"ews_cutoff_balance"`    // how far below zero the balance may fall
	EwsMaxSubscriptions int64 `json:"ews_max_subscriptions"` // open at once

	EwsMaxStreamingConnections int64 `json:"ews_max_streaming_connections"`
}

// DefaultThrottling is what holds where nothing else is said. The numbers are
// those of Exchange's GlobalThrottlingPolicy, save for the subscriptions.
func DefaultThrottling() ThrottlingPolicy {
	return ThrottlingPolicy{
		EwsMaxConcurrency: 27, EwsMaxBurst: 300_000, EwsRechargeRate: 900_000, EwsCutoffBalance: 3_000_000,
		EwsMaxSubscriptions: 20, EwsMaxStreamingConnections: 10,
	}
}

// overallShare is how many users' budgets a caller has for all users together:
// an application may serve many, and one that has gone wild stays bounded.
const overallShare = 10

// overall is the policy that holds for all that a caller asks, for whomever.
// Subscriptions and streams are bounded by user alone: one that waits costs
// next to nothing, and an application has one for each user it serves.
func (p ThrottlingPolicy) overall() ThrottlingPolicy {
	times := func(n int64) int64 {
		if n == Unlimited {
			return Unlimited
		}
		return n * overallShare
	}
	return ThrottlingPolicy{
		EwsMaxConcurrency: times(p.EwsMaxConcurrency), EwsMaxBurst: times(p.EwsMaxBurst),
		EwsRechargeRate: times(p.EwsRechargeRate), EwsCutoffBalance: times(p.EwsCutoffBalance),
		EwsMaxSubscriptions: Unlimited, EwsMaxStreamingConnections: Unlimited,
	}
}

// metered reports whether server time is counted at all: without an end to one
// of the three, no balance could ever fall below the cutoff.
func (p *ThrottlingPolicy) metered() bool {
	return p.EwsMaxBurst != Unlimited && p.EwsRechargeRate != Unlimited && p.EwsCutoffBalance != Unlimited
}
