package main

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"entente"
	"entente/admin"
	"entente/admin/adminclient"
	"entente/publish"
	"entente/publish/ruletest"
)

type ruleCmd struct {
	List    remote[admin.Nothing, []admin.RuleInfo]  `cmd:"" help:"List the publishing rules, with what came by each."`
	Show    remote[admin.RuleName, admin.RuleDetail] `cmd:"" help:"Show a publishing rule and how its servers are."`
	Test    testRule                                 `cmd:"" help:"Go the way of a request by a rule, as somebody, and say what to set where it ends."`
	Explain explainRule                              `cmd:"" help:"Say which rule takes a request, and why the others do not."`
}

type testRule struct {
	admin.TestRule
	File string `name:"certificate" help:"A client certificate to judge, in PEM or DER; - is standard input." placeholder:"FILE"`
	JSON bool   `name:"json" help:"Answer in JSON."`
}

// Run tests a rule, and fails if a check does: monitoring looks at that.
func (c *testRule) Run(t *terminal, socket adminFlag) (err error) {
	if c.Certificate, err = clientFile(t, c.File); err != nil {
		return err
	}
	var lines []ruletest.Line
	if err := adminclient.New(string(socket)).Call(t.ctx, "rule", "test", c.TestRule, &lines); err != nil {
		return err
	}
	if err := printed(t, lines, c.JSON); err != nil {
		return err
	}
	for _, l := range lines {
		if l.State == ruletest.Failed {
			return entente.Errorf(entente.Unavailable, "%s: %s", l.Check, l.Remedy)
		}
	}
	return nil
}

type explainRule struct {
	admin.ExplainRule
	File string `name:"certificate" help:"A client certificate to judge, in PEM or DER; - is standard input." placeholder:"FILE"`
	JSON bool   `name:"json" help:"Answer in JSON."`
}

// Run shows which rule takes a request.
func (c *explainRule) Run(t *terminal, k *kong.Context, socket adminFlag) (err error) {
	if c.Certificate, err = clientFile(t, c.File); err != nil {
		return err
	}
	return ask[[]publish.Taking](t, k, socket, c.ExplainRule, c.JSON)
}

// clientFile reads a file if one is named.
func clientFile(t *terminal, name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	text, err := readFile(t, name)
	return []byte(text), err
}

// tested prints what a test of a rule saw: a line for each check, and below it what
// is to be done, where something is.
func tested(w io.Writer, lines []ruletest.Line) error {
	for _, l := range lines {
		fmt.Fprintf(w, "%-8s %s: %s\n", l.State, plain(l.Check), plain(l.Seen))
		if l.Remedy != "" {
			fmt.Fprintf(w, "         -> %s\n", plain(l.Remedy))
		}
	}
	return nil
}

// taken prints which rule takes a request, and of each why.
func taken(w io.Writer, rules []publish.Taking) error {
	for _, r := range rules {
		says := "does not take it"
		if r.Takes {
			says = "takes it as " + plain(r.Path)
		}
		fmt.Fprintf(w, "rule %s of listener %s %s\n    %s\n", plain(r.Rule), plain(r.Listener), says, plain(r.Why))
	}
	return nil
}
