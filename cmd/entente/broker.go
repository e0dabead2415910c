package main

import (
	"entente/admin"
	"entente/broker"
)

type brokerCmd struct {
	Show     remote[admin.Nothing, broker.Status]              `cmd:"" help:"Show how the trust broker stands: its names, its keys and their dates."`
	Apps     remote[admin.Nothing, []broker.AppSummary]        `cmd:"" help:"List the organizations that are registered with the broker."`
	App      remote[admin.BrokerApp, broker.AppStatus]         `cmd:"" help:"Show an organization with its certificates, and its domains with their states."`
	Suspend  done[admin.BrokerSubject]                         `cmd:"" help:"Have no tokens issued for an organization or a domain."`
	Resume   done[admin.BrokerSubject]                         `cmd:"" help:"Have tokens issued again for what was suspended."`
	Compat   done[admin.BrokerCompat]                          `cmd:"" help:"Accept of an organization what older software sends."`
	Check    remote[admin.BrokerDomain, []broker.DomainStatus] `cmd:"" help:"Look for the proofs of a domain now."`
	Rollover done[admin.Nothing]                               `cmd:"" help:"Make the broker's next keys now."`
}
