package main

import "entente/admin"

type serverCmd struct {
	List remote[admin.Nothing, []admin.ServerInfo] `cmd:"" help:"List the servers on which clients call."`
	Set  done[admin.SetServer]                     `cmd:"" help:"Say where a server stands."`
}

type virtualDirectoryCmd struct {
	List remote[admin.Nothing, []admin.VirtualDirectoryInfo]               `cmd:"" help:"List what servers offer by each protocol."`
	Show remote[admin.VirtualDirectoryName, admin.VirtualDirectoryDetails] `cmd:"" help:"Show what a server offers by a protocol, and why not more."`
	Set  remote[admin.SetVirtualDirectory, admin.VirtualDirectoryDetails]  `cmd:"" help:"Change by which methods clients sign in at a protocol, and its addresses, from the next request on."`
}
