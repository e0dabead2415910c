package device

import "entente/access"

// What a device says of a policy. [MS-ASPROV] 2.2.2.54.1
const (
	Wholly           = 1
	Partly           = 2
	NotAtAll         = 3
	ManagedElsewhere = 4 // by a program that the organization has for it
)

// MaxChallenges is how often a device is told to provision before it counts as one
// that cannot.
const MaxChallenges = 3

// Facts is what a decision on a device rests on.
func (d *Device) Facts() *access.Device {
	f := &access.Device{
		ID: d.ID, Type: d.Type, Model: d.Model, OS: d.OS, UserAgent: d.UserAgent, XMSWL: d.XMSWL,
		Informed: d.Given, Since: d.First, Wiped: d.Wipe.Done(), Lost: !d.Lost.IsZero(),
		Unprovisionable:   d.Compliance == Partly || d.Compliance == NotAtAll || d.Challenged >= MaxChallenges,
		ExternallyManaged: d.Compliance == ManagedElsewhere,
	}
	if d.Block != nil {
		f.Behaved, f.BehavedUntil = access.Behaviour(d.Block.Reason), d.Block.Until
	}
	return f
}
