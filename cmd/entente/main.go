// Command entente is the server and its command line: entente <noun> <verb>.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"entente"
	"entente/admin/adminclient"

	_ "time/tzdata" // zones must not depend on what the machine has installed
)

// A cli is the whole command line. Its help texts are also doc/cli.md.
type cli struct {
	Admin adminFlag `help:"Admin socket of the server that commands about its objects are for." default:"/var/lib/entente/admin.sock" env:"ENTENTE_ADMIN" placeholder:"SOCKET"`

	Serve   serveCmd   `cmd:"" group:"server" help:"Run the server."`
	Demo    demoCmd    `cmd:"" group:"server" help:"Run an organization with people, calendars and mail on loopback, to play with."`
	Config  configCmd  `cmd:"" group:"server" help:"Check and explain the configuration file."`
	Backup  backupCmd  `cmd:"" group:"server" help:"Copy everything the databases hold into one file, while the server goes on."`
	Restore restoreCmd `cmd:"" group:"server" help:"Read a backup into an empty state; the server is not running."`
	Verify  verifyCmd  `cmd:"" group:"server" help:"Look for damage: databases, mailboxes, audit log."`
	Bench   benchCmd   `cmd:"" group:"server" help:"Put load on an EWS server and measure it."`
	Phone   phoneCmd   `cmd:"" group:"server" help:"Be a phone: synchronize by Exchange ActiveSync, print what a phone would show, and wait for a push."`
	Doc     docCmd     `cmd:"" group:"server" help:"Print this command line as a document (doc/cli.md), or the cmdlets (doc/cmdlets.md)."`
	Version versionCmd `cmd:"" group:"server" help:"Print the version."`

	Nouns nouns `embed:""`
}

// adminFlag is the socket that commands about objects connect to.
type adminFlag string

// A terminal is where a command reads and writes; tests give it buffers.
type terminal struct {
	ctx      context.Context
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(&terminal{ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:]))
}

// run carries out one command line and returns the exit status: 0 done, 1 not
// done, 2 not understood.
func run(t *terminal, args []string) int {
	if socket, asJSON, rest, ok := shellCommand(args); ok {
		if err := runShell(t, socket, asJSON, rest); err != nil {
			complain(t.err, err)
			return 1
		}
		return 0
	}
	exited := -1
	c := new(cli)
	parser, err := kong.New(c, options(t, func(code int) { exited = code })...)
	if err != nil {
		fmt.Fprintln(t.err, "entente: error:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(t.err, "entente: error: %v\nentente: hint: entente --help lists the commands\n", err)
		return 2
	}
	if err := k.Run(t, c.Admin); err != nil {
		complain(t.err, err)
		return 1
	}
	return 0
}

func options(t *terminal, exit func(int)) []kong.Option {
	return []kong.Option{
		kong.Name("entente"),
		kong.Description("Acting on someone's behalf in mail and calendars: decided, carried and proved."),
		kong.Writers(t.out, t.err),
		kong.Exit(exit),
		kong.ExplicitGroups([]kong.Group{
			{Key: "server", Title: "The server and its files:"},
			{Key: "objects", Title: "Objects of a running server (entente NOUN VERB, through its admin socket):"},
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	}
}

// A hinted error says what to do next.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

func withHint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// complain prints an error as every command does: what is wrong, and what to
// do about it.
func complain(w io.Writer, err error) {
	text := err.Error()
	var e *entente.Error
	if errors.As(err, &e) && (e.Err == nil || e.Reason == adminclient.Unreachable) {
		text = e.Text
	}
	fmt.Fprintln(w, "entente: error:", text)
	if e != nil && e.Reason == adminclient.Unreachable {
		err = withHint(err, "start the server, or name its admin socket with --admin; you must be its user")
	}
	var h *hinted
	if errors.As(err, &h) {
		fmt.Fprintln(w, "entente: hint:", h.hint)
	}
}
