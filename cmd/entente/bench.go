package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"entente"
	"entente/demo"
	"entente/load"
)

// benchCmd puts load on an EWS server. Without --url it makes the demo's
// organization in this process and loads that.
type benchCmd struct {
	URL         string        `help:"EWS address (Exchange.asmx) to load; without it an organization in this process." placeholder:"URL"`
	User        string        `help:"Who signs in, with --url." placeholder:"UPN"`
	CA          string        `help:"CA certificate to trust, with --url." type:"existingfile" placeholder:"FILE"`
	Operation   string        `help:"What to ask: ${enum}." enum:"GetFolder,FindItem,GetUserAvailability,CreateItem" default:"FindItem"`
	Connections int           `help:"Connections at once." default:"16"`
	Duration    time.Duration `help:"How long." default:"5s"`
	Stdin       bool          `help:"Read the password of --user from standard input; otherwise from ENTENTE_BENCH_PASSWORD."`
}

// Run loads the server and prints what it answered how fast.
func (c *benchCmd) Run(t *terminal) error {
	if c.Connections < 1 || c.Connections > 1024 || c.Duration <= 0 {
		return entente.Errorf(entente.Invalid, "--connections is 1 to 1024, --duration more than 0")
	}
	if c.URL != "" {
		password, err := c.password(t)
		if err != nil {
			return err
		}
		return c.load(t, load.Target{EWS: c.URL, CA: c.CA, Users: []string{c.User}, Password: password})
	}
	o := demo.Options{Listen: "127.0.0.1:0", Deterministic: true, Out: io.Discard, Log: t.err}
	return demo.Serve(t.ctx, o, func(target demo.Target) error { return c.load(t, load.Target(target)) })
}

// load asks and prints. The server's share of the CPU is known only if it is
// in this process.
func (c *benchCmd) load(t *terminal, target load.Target) error {
	r, err := load.Run(t.ctx, target, load.Options{Operation: c.Operation, Connections: c.Connections, Duration: c.Duration})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s, %d connections, %v\n", c.Operation, c.Connections, r.Elapsed.Round(time.Millisecond))
	fmt.Fprintf(t.out, "  requests  %d (%.0f a second), %d bytes each\n", r.Requests(), r.Rate(), r.Size())
	fmt.Fprintf(t.out, "  latency   p50 %v, p90 %v, p99 %v, most %v\n", r.Latency(50), r.Latency(90), r.Latency(99), r.Latency(100))
	if c.URL == "" && r.CPU > 0 {
		fmt.Fprintf(t.out, "  CPU       %v a request, of server and client together\n", (r.CPU / time.Duration(r.Requests())).Round(time.Microsecond))
	}
	if r.Failed > 0 {
		return fmt.Errorf("%d requests failed; the first: %s", r.Failed, r.Failure)
	}
	return nil
}

func (c *benchCmd) password(t *terminal) (string, error) {
	if c.User == "" {
		return "", entente.Errorf(entente.Invalid, "--url needs --user")
	}
	if p := os.Getenv("ENTENTE_BENCH_PASSWORD"); !c.Stdin && p != "" {
		return p, nil
	}
	text, err := io.ReadAll(io.LimitReader(t.in, 1<<10))
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), err
}
