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

	_ "time/tzdata" // zones must not depend on what the machine has installed
)

// A cli is the whole command line. Its help texts are also doc/cli.md.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Demo    demoCmd    `cmd:"" help:"Run an organization with people, calendars and mail on loopback, to play with."`
	Config  configCmd  `cmd:"" help:"Check and explain the configuration file."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// A terminal is where a command reads and writes; tests give it buffers.
type terminal struct {
	ctx      context.Context
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(&terminal{ctx: ctx, out: os.Stdout, err: os.Stderr}, os.Args[1:]))
}

// run carries out one command line and returns the exit status: 0 done, 1 not
// done, 2 not understood.
func run(t *terminal, args []string) int {
	exited := -1
	parser, err := kong.New(&cli{}, options(t, func(code int) { exited = code })...)
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
	if err := k.Run(t); err != nil {
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
		kong.UsageOnError(),
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
	if errors.As(err, &e) && e.Err == nil {
		text = e.Text
	}
	fmt.Fprintln(w, "entente: error:", text)
	var h *hinted
	if errors.As(err, &h) {
		fmt.Fprintln(w, "entente: hint:", h.hint)
	}
}
