package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"entente"
	"entente/admin"
	"entente/admin/adminclient"
)

// relationshipTestCmd fails where the trial does, so that scripts notice.
type relationshipTestCmd struct {
	admin.TestRelationship
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run asks for a trial and prints its steps.
func (c *relationshipTestCmd) Run(t *terminal, socket adminFlag) error {
	var answer admin.RelationshipTested
	if err := adminclient.New(string(socket)).Call(t.ctx, "relationship", "test", c.TestRelationship, &answer); err != nil {
		return err
	}
	if err := c.print(t, &answer); err != nil {
		return err
	}
	if !answer.OK {
		return entente.Errorf(entente.Unavailable, "%s", answer.Closing)
	}
	return nil
}

func (c *relationshipTestCmd) print(t *terminal, answer *admin.RelationshipTested) error {
	if c.JSON {
		return printed(t, answer, true)
	}
	if err := hops(t.out, answer.Hops); err != nil || !answer.OK {
		return err
	}
	_, err := fmt.Fprintln(t.out, answer.Closing)
	return err
}

// hops prints steps, each on a line with what is to be done below it.
func hops(w io.Writer, all []admin.HopInfo) error {
	wide := 0
	for _, h := range all {
		wide = max(wide, len(h.Name))
	}
	for _, h := range all {
		if _, err := fmt.Fprintf(w, "%-8s %-*s %9s  %s\n", h.Result, wide, h.Name, h.Took, h.Text); err != nil {
			return err
		}
		if h.Remedy == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-8s %s\n", "", h.Remedy); err != nil {
			return err
		}
	}
	return nil
}

// federationInformationCmd likewise.
type federationInformationCmd struct {
	admin.FederationInformation
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run looks for an organization and prints what was found, and how.
func (c *federationInformationCmd) Run(t *terminal, socket adminFlag) error {
	var answer admin.OrganizationFound
	if err := adminclient.New(string(socket)).Call(t.ctx, "federation", "information", c.FederationInformation, &answer); err != nil {
		return err
	}
	if err := c.print(t, &answer); err != nil {
		return err
	}
	if !answer.Found {
		return entente.Errorf(entente.NotFound, "nobody says anything of itself for %s", c.Domain)
	}
	return nil
}

func (c *federationInformationCmd) print(t *terminal, answer *admin.OrganizationFound) error {
	if c.JSON {
		return printed(t, answer, true)
	}
	if err := hops(t.out, answer.Hops); err != nil || !answer.Found {
		return err
	}
	plain := *answer
	plain.Hops = nil
	if _, err := fmt.Fprintln(t.out); err != nil {
		return err
	}
	if err := show(t.out, plain); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.out, "\nTo agree with it: entente relationship create NAME --from-information %s --free-busy on\n", c.Domain)
	return err
}

// printed writes an answer as JSON or for people.
func printed(t *terminal, answer any, asJSON bool) error {
	if !asJSON {
		return show(t.out, answer)
	}
	e := json.NewEncoder(t.out)
	e.SetIndent("", "  ")
	return e.Encode(answer)
}

type addressSpaceCmd struct {
	List      remote[admin.Nothing, []admin.AddressSpaceInfo]     `cmd:"" help:"List the availability address spaces."`
	Add       addressSpaceAddCmd                                  `cmd:"" help:"Have another organization asked without a broker, by a service account there."`
	Remove    done[admin.AddressSpaceName]                        `cmd:"" help:"Stop asking another organization, and forget the password."`
	Config    remote[admin.Nothing, admin.AvailabilityConfigInfo] `cmd:"" help:"Show with which account others ask here."`
	Configure done[admin.SetAvailabilityConfig]                   `cmd:"" help:"Note with which account another organization asks here."`
}

// addressSpaceAddCmd takes no password on the command line, where others see it.
type addressSpaceAddCmd struct {
	admin.AddAddressSpace
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run reads the password, or the bearer token, from standard input.
func (c *addressSpaceAddCmd) Run(t *terminal, k *kong.Context, socket adminFlag) error {
	text, err := io.ReadAll(io.LimitReader(t.in, 8<<10))
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if c.Secret = strings.TrimSuffix(line, "\r"); c.Secret == "" {
		return entente.Errorf(entente.Invalid, "give the service account's password, or the bearer token, on standard input")
	}
	return ask[admin.Done](t, k, socket, c.AddAddressSpace, c.JSON)
}
