package main

import "entente/admin"

type relationshipCmd struct {
	List   remote[admin.Nothing, []admin.RelationshipInfo]          `cmd:"" help:"List the organization relationships."`
	Show   remote[admin.RelationshipName, admin.RelationshipInfo]   `cmd:"" help:"Show an organization relationship."`
	Create remote[admin.CreateRelationship, admin.RelationshipInfo] `cmd:"" help:"Agree to ask another organization about free/busy, and to answer it."`
	Set    done[admin.SetRelationship]                              `cmd:"" help:"Change an organization relationship, from the next request on."`
	Remove done[admin.RelationshipName]                             `cmd:"" help:"End an organization relationship."`
	Test   relationshipTestCmd                                      `cmd:"" help:"Ask another organization when somebody is free, and show each step on the way."`
	Status remote[admin.Nothing, []admin.PartnerStatus]             `cmd:"" help:"Show how asking each partner stands on this node."`
}

type sharingPolicyCmd struct {
	List    remote[admin.Nothing, []admin.SharingPolicyInfo]           `cmd:"" help:"List the sharing policies."`
	Create  remote[admin.CreateSharingPolicy, admin.SharingPolicyInfo] `cmd:"" help:"Make a sharing policy."`
	Set     done[admin.SetSharingPolicy]                               `cmd:"" help:"Change a sharing policy, also for what was shared before."`
	Default done[admin.SharingPolicyName]                              `cmd:"" help:"Make a sharing policy that of mailboxes without one."`
	Assign  done[admin.AssignSharingPolicy]                            `cmd:"" help:"Have a mailbox go by a sharing policy."`
	Remove  done[admin.SharingPolicyName]                              `cmd:"" help:"Remove a sharing policy that no mailbox has."`
}
