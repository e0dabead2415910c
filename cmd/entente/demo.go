package main

import (
	"fmt"
	"os"
	"strings"

	"entente/demo"
)

// demoCmd runs the demo.
type demoCmd struct {
	State         string   `help:"Folder to keep the demo's data in; a temporary one, removed at the end, if not given." type:"path"`
	Listen        string   `help:"Loopback address and port; port 0 picks a free one." default:"127.0.0.1:0" placeholder:"127.0.0.1:PORT"`
	Import        []string `help:"Import an iCalendar file into somebody's calendar." placeholder:"FILE.ics=USER"`
	Deterministic bool     `help:"Make the same data, ids and passwords each time."`
	Kerberos      string   `help:"Publish a running Active Directory instead: a gateway, a client access node and a node with mailboxes, by client certificate and Kerberos. The file is what go run ./kerberos/kdctest/lab writes." type:"existingfile" placeholder:"REALM.json"`
	Describe      string   `help:"Write what runs where, with accounts and passwords, to a JSON file (mode 0600) when ready." type:"path" placeholder:"FILE"`
}

// Run serves until it is told to stop.
func (c *demoCmd) Run(t *terminal) error {
	if err := harden(); err != nil {
		return err
	}
	tune()
	program, err := os.Executable()
	if err != nil {
		program = "entente"
	}
	o := demo.Options{
		Program: program,
		State:   c.State, Listen: c.Listen, Deterministic: c.Deterministic,
		Describe: c.Describe, Kerberos: c.Kerberos, Out: t.out, Log: t.err,
	}
	for _, s := range c.Import {
		file, user, ok := strings.Cut(s, "=")
		if !ok || file == "" || user == "" {
			return withHint(fmt.Errorf("--import %s is not FILE.ics=USER", s), "entente demo --import team.ics=anna")
		}
		o.Imports = append(o.Imports, demo.Import{File: file, User: user})
	}
	return demo.Run(t.ctx, o)
}
