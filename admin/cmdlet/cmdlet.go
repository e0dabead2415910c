// Package cmdlet gives the verbs of administration the names that the Exchange
// Management Shell has for them: Set-OrganizationConfig, Get-CASMailbox,
// New-ManagementRoleAssignment, with their parameters and error sentences.
//
// A cmdlet is a row of a table: its parameters, and how it asks for one or more
// of our own verbs. The parser is the same for all; so are the texts of
// doc/cmdlets.md and of Get-Help. The package decides nothing and keeps
// nothing: it asks a running server, as the command line does.
//
// It is not PowerShell: there are no pipelines, variables and scripts.
package cmdlet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entente"
)

// An Asker asks a running server for a verb: adminclient.Client is one.
type Asker interface {
	Call(ctx context.Context, noun, verb string, request, answer any) error
}

// A Kind says what values a parameter takes.
type Kind uint8

// The kinds.
const (
	Text   Kind = iota
	Switch      // needs no value: -Deny, or -Deny:$false
	Bool        // $true or $false
	Null        // $true, $false or $null
	List        // a,b,c; @{Add=…;Remove=…} where it says so; $null is none
	Enum        // one of Values
	Enums       // some of Values
	Time        // 2026-11-28, 2026-11-28T09:00:00Z, 11/28/2026
	Number
)

// A Parameter is one of a cmdlet's.
type Parameter struct {
	Name      string
	Kind      Kind
	Mandatory bool
	First     bool     // may be given without its name, as -Identity mostly may
	Values    []string // of Enum and Enums
	Changes   bool     // a List that takes @{Add=…;Remove=…}
	Help      string
}

// A Cmdlet is one command of the Exchange Management Shell.
type Cmdlet struct {
	Name       string
	Synopsis   string
	Verbs      string // ours, for the table: "organization set"
	Parameters []Parameter
	run        func(c *call) (any, error)
}

// common are the parameters that every cmdlet takes, as in PowerShell. Those
// that mean nothing here are taken so that commands need not be rewritten.
var common = [...]Parameter{
	{Name: "Confirm", Kind: Switch, Help: "Taken; nothing is asked back here."},
	{Name: "ErrorAction", Kind: Text, Help: "Taken; an error ends the command."},
	{Name: "DomainController", Kind: Text, Help: "Taken; there is one directory."},
	{Name: "Verbose", Kind: Switch, Help: "Taken."},
	{Name: "WhatIf", Kind: Switch, Help: "Say what would be asked of the server, and do nothing."},
}

// A call is a cmdlet under way.
type call struct {
	ctx context.Context
	ask Asker
	*Arguments
	// planned, with -WhatIf, is what would have been asked.
	planned []string
}

// Run carries out a command line: the cmdlet's name and its arguments. The
// answer is a struct, or a slice of them, to be shown; nil is nothing to show.
//
// Errors carry PowerShell's and Exchange's sentences. Kind Invalid is a command
// line that was not understood, or was refused as it stands.
func Run(ctx context.Context, ask Asker, args []string) (any, error) {
	if len(args) == 0 {
		return nil, entente.Errorf(entente.Invalid, "a cmdlet is needed; Get-Command lists them")
	}
	c, ok := Find(args[0])
	if !ok {
		return nil, entente.Errorf(entente.Invalid, "The term '%s' is not recognized as the name of a cmdlet. "+
			"Check the spelling of the name; Get-Command lists those there are.", args[0])
	}
	if slices.Contains(args[1:], "-?") {
		return help(c), nil
	}
	a, err := c.Bind(args[1:])
	if err != nil {
		return nil, err
	}
	k := &call{ctx: ctx, ask: ask, Arguments: a}
	answer, err := c.run(k)
	if err == nil && k.planned != nil {
		return Plan{"What if: the server would be asked for", k.planned}, nil
	}
	return answer, err
}

// A Plan is what -WhatIf answers with.
type Plan struct {
	Done string   `json:"done"`
	Asks []string `json:"asks"`
}

// Is reports whether a word of a command line names a cmdlet, in any case of
// letters, or has the form of one's name, Verb-Noun: a misspelt one then gets an
// error of this package.
func Is(word string) bool {
	if _, ok := Find(word); ok {
		return true
	}
	verb, noun, ok := strings.Cut(word, "-")
	letters := func(s string) bool {
		return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' })
	}
	return ok && letters(verb) && letters(noun) && verb[0] >= 'A' && verb[0] <= 'Z'
}

// All returns every cmdlet, sorted by noun and then verb.
func All() []Cmdlet {
	all := slices.Concat(organizationCmdlets(), mailboxCmdlets(), folderCmdlets(), calendarCmdlets(), roleCmdlets(), auditCmdlets(), throttlingCmdlets(), queueCmdlets(), deviceCmdlets(), deviceRuleCmdlets(), mobilePolicyCmdlets(), federationCmdlets(), relationshipCmdlets(), partnerCmdlets(), sharingPolicyCmdlets(), virtualDirectoryCmdlets(), helpCmdlets())
	slices.SortFunc(all, func(a, b Cmdlet) int {
		_, x, _ := strings.Cut(a.Name, "-")
		_, y, _ := strings.Cut(b.Name, "-")
		return strings.Compare(x+" "+a.Name, y+" "+b.Name)
	})
	return all
}

// Find finds a cmdlet by its name, in any case of letters.
func Find(name string) (*Cmdlet, bool) {
	all := All()
	i := slices.IndexFunc(all, func(c Cmdlet) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return nil, false
	}
	return &all[i], true
}

// get asks for a verb that only reads.
func get[A any](c *call, noun, verb string, request any) (A, error) {
	var answer A
	err := c.ask.Call(c.ctx, noun, verb, request, &answer)
	return answer, err
}

// do asks for a verb that changes something, or with -WhatIf notes it.
func do[A any](c *call, noun, verb string, request any) (A, error) {
	var answer A
	if c.Is("WhatIf") {
		c.planned = append(c.planned, noun+" "+verb+" "+show(request))
		return answer, nil
	}
	err := c.ask.Call(c.ctx, noun, verb, request, &answer)
	return answer, err
}

// help is the answer to -? and to Get-Help with a name.
func help(c *Cmdlet) Help {
	h := Help{Name: c.Name, Synopsis: c.Synopsis, Verbs: c.Verbs}
	for _, p := range c.Parameters {
		h.Parameters = append(h.Parameters, ParameterHelp{"-" + p.Name, p.values(), p.Mandatory, p.Help})
	}
	return h
}

// Help is what Get-Help shows of a cmdlet.
type Help struct {
	Name       string          `json:"name"`
	Synopsis   string          `json:"synopsis"`
	Verbs      string          `json:"entente"`
	Parameters []ParameterHelp `json:"parameters"`
}

// ParameterHelp is a row of Help.
type ParameterHelp struct {
	Name      string `json:"parameter"`
	Values    string `json:"values"`
	Mandatory bool   `json:"mandatory"`
	Help      string `json:"help"`
}

// values says what a parameter takes, for help.
func (p *Parameter) values() string {
	switch p.Kind {
	case Switch:
		return "(switch)"
	case Bool:
		return "$true | $false"
	case Null:
		return "$true | $false | $null"
	case Enum:
		return strings.Join(p.Values, " | ")
	case Enums:
		return strings.Join(p.Values, ", ")
	case Time:
		return "time"
	case Number:
		return "number"
	case List:
		if p.Changes {
			return "a,b,… | @{Add=…;Remove=…} | $null"
		}
		return "a,b,… | $null"
	}
	return "text"
}

func helpCmdlets() []Cmdlet {
	return []Cmdlet{
		{
			Name: "Get-Command", Synopsis: "List the cmdlets there are, and which verbs of ours they use.", Verbs: "",
			Parameters: []Parameter{{Name: "Name", First: true, Help: "Only those whose names match, with *."}},
			run: func(c *call) (any, error) {
				list := []CommandInfo{}
				for _, x := range All() {
					if pattern := c.Text("Name"); pattern == "" || like(pattern, x.Name) {
						list = append(list, CommandInfo{x.Name, x.Verbs, x.Synopsis})
					}
				}
				return list, nil
			},
		},
		{
			Name: "Get-Help", Synopsis: "Show a cmdlet's parameters; -? behind it does the same.", Verbs: "",
			Parameters: []Parameter{{Name: "Name", First: true, Mandatory: true, Help: "The cmdlet."}},
			run: func(c *call) (any, error) {
				x, ok := Find(c.Text("Name"))
				if !ok {
					return nil, entente.Errorf(entente.NotFound, "Get-Help could not find %s in a help file in this session.", c.Text("Name"))
				}
				return help(x), nil
			},
		},
	}
}

// CommandInfo is a row of Get-Command.
type CommandInfo struct {
	Name     string `json:"name"`
	Verbs    string `json:"entente"`
	Synopsis string `json:"synopsis"`
}

// Markdown is doc/cmdlets.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Cmdlets of the Exchange Management Shell

` + "`entente NAME -Parameter value …`" + ` takes these names with their parameters, through the admin socket like every other command. Names of cmdlets and parameters may be written in any case, parameters be cut short as long as they stay unambiguous. Lists are separated by commas; where it says so ` + "`@{Add=…;Remove=…}`" + ` changes the list there is. ` + "`$true`, `$false` and `$null`" + ` must be quoted in a Unix shell, which would put its own variables there; ` + "`true`, `false` and `null`" + ` are taken too. ` + "`-WhatIf`" + ` says what would be asked of the server; ` + "`--json`" + ` answers in JSON. Every cmdlet takes `)
	for i, p := range common {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("`-" + p.Name + "`")
	}
	b.WriteString(".\n\nThis page is written by `entente doc --cmdlets`.\n\n| cmdlet | what it does | verbs of ours |\n| --- | --- | --- |\n")
	for _, c := range All() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", c.Name, strings.ToLower(c.Name), c.Synopsis, c.Verbs)
	}
	for _, c := range All() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.Name, c.Synopsis)
		if len(c.Parameters) == 0 {
			continue
		}
		b.WriteString("\n| parameter | values | |\n| --- | --- | --- |\n")
		for _, p := range c.Parameters {
			text := p.Help
			if p.Mandatory {
				text += " Must be given."
			}
			fmt.Fprintf(&b, "| `-%s` | %s | %s |\n", p.Name, strings.ReplaceAll(p.values(), "|", `\|`), text)
		}
	}
	return b.String()
}
