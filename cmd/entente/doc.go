package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// docCmd prints the command line as a document.
type docCmd struct {
	Cmdlets bool `help:"The cmdlets of the Exchange Management Shell."`
}

// Run prints doc/cli.md or doc/cmdlets.md.
func (c *docCmd) Run(t *terminal, k *kong.Context) error {
	if c.Cmdlets {
		return writeCmdlets(t)
	}
	return writeDoc(t.out, k.Model)
}

// writeDoc writes every command with its arguments and flags, from the same
// texts as --help.
func writeDoc(w io.Writer, app *kong.Application) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Command line\n\n%s\n\nExit status: 0 done, 1 not done, 2 not understood. Errors begin with `entente: error:`; `entente: hint:` says what to do about them.\n\nEvery command takes:\n\n", app.Help)
	writeFlags(&b, app.Flags)
	for _, g := range []string{"server", "objects"} {
		for _, c := range app.Children {
			if c.Group == nil || c.Group.Key != g {
				continue
			}
			if c.Leaf() {
				fmt.Fprintf(&b, "\n## %s\n", c.Name)
				writeCommand(&b, c)
				continue
			}
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.Name, c.Help)
			for _, v := range c.Children {
				fmt.Fprintf(&b, "\n### %s %s\n", c.Name, v.Name)
				writeCommand(&b, v)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeCommand(b *strings.Builder, c *kong.Node) {
	var args []string
	for _, p := range c.Positional {
		args = append(args, p.Summary())
	}
	line := strings.Join(append([]string{"entente", c.Path()}, args...), " ")
	fmt.Fprintf(b, "\n`%s`\n\n%s\n", strings.Join(strings.Fields(line), " "), c.Help)
	if len(c.Positional)+len(c.Flags) == 0 {
		return
	}
	b.WriteString("\n")
	for _, p := range c.Positional {
		fmt.Fprintf(b, "- `%s`: %s\n", p.Summary(), p.Help)
	}
	writeFlags(b, c.Flags)
}

func writeFlags(b *strings.Builder, flags []*kong.Flag) {
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		fmt.Fprintf(b, "- `%s`: %s", flagText(f), f.Help)
		if f.HasDefault && f.Default != "" {
			fmt.Fprintf(b, " Default `%s`.", f.Default)
		}
		if f.Required {
			b.WriteString(" Must be given.")
		}
		b.WriteString("\n")
	}
}

func flagText(f *kong.Flag) string {
	text := "--" + f.Name
	if f.Short != 0 {
		text = "-" + string(f.Short) + ", " + text
	}
	if f.IsBool() {
		return text
	}
	if f.PlaceHolder != "" {
		return text + "=" + f.PlaceHolder
	}
	return text + "=" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
}
