package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/demo"
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
		return c.load(t, demo.Target{EWS: c.URL, CA: c.CA, Users: []string{c.User}, Password: password})
	}
	return demo.Serve(t.ctx, demo.Options{Listen: "127.0.0.1:0", Deterministic: true, Out: io.Discard, Log: t.err}, func(target demo.Target) error {
		return c.load(t, target)
	})
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

// load asks over all connections until the time is over. Each has a user of
// its own as far as there are enough.
func (c *benchCmd) load(t *terminal, target demo.Target) error {
	client, err := benchClient(target.CA, c.Connections)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	for n := range min(c.Connections, len(target.Users)) { // everybody signs in first
		if _, _, err := c.ask(t.ctx, client, target, n); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	var r result
	started, cpu := time.Now(), processCPU()
	var all sync.WaitGroup
	for n := range c.Connections {
		all.Go(func() {
			mine := c.worker(t.ctx, client, target, n)
			mu.Lock()
			defer mu.Unlock()
			r.add(mine)
		})
	}
	all.Wait()
	r.elapsed, r.cpu = time.Since(started), processCPU()-cpu
	return r.print(t.out, c, c.URL == "")
}

func (c *benchCmd) worker(ctx context.Context, client *http.Client, target demo.Target, n int) result {
	var r result
	end := time.Now().Add(c.Duration)
	for {
		began := time.Now()
		if began.After(end) || ctx.Err() != nil {
			return r
		}
		size, ok, err := c.ask(ctx, client, target, n)
		switch {
		case err != nil:
			r.fail(err.Error())
		case !ok:
			r.fail("the answer is not NoError")
		default:
			r.took = append(r.took, time.Since(began))
			r.bytes += int64(size)
		}
	}
}

// ask makes one request and reads all of its answer.
func (c *benchCmd) ask(ctx context.Context, client *http.Client, target demo.Target, n int) (size int, ok bool, err error) {
	user := target.Users[n%len(target.Users)]
	body := benchRequest(c.Operation, target.Users, n, time.Now())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.EWS, strings.NewReader(body))
	if err != nil {
		return 0, false, err
	}
	r.SetBasicAuth(user, target.Password)
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	w, err := client.Do(r)
	if err != nil {
		return 0, false, err
	}
	defer w.Body.Close()
	text, err := io.ReadAll(io.LimitReader(w.Body, 64<<20))
	if err != nil {
		return 0, false, err
	}
	if w.StatusCode != http.StatusOK {
		return 0, false, fmt.Errorf("the server answered %s", w.Status)
	}
	return len(text), bytes.Contains(text, []byte("ResponseCode>NoError")), nil
}

func benchClient(ca string, connections int) (*http.Client, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate", ca)
		}
	}
	// HTTP/1.1, so that every connection is one.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		TLSClientConfig: conf, Protocols: protocols, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
	}}, nil
}

// A result is what came of the load.
type result struct {
	took         []time.Duration
	bytes        int64
	failed       int
	failure      string // the first
	elapsed, cpu time.Duration
}

func (r *result) fail(why string) {
	if r.failed++; r.failure == "" {
		r.failure = why
	}
}

func (r *result) add(o result) {
	r.took = append(r.took, o.took...)
	r.bytes += o.bytes
	r.failed += o.failed
	if r.failure == "" {
		r.failure = o.failure
	}
}

func (r *result) print(w io.Writer, c *benchCmd, own bool) error {
	n := len(r.took)
	if n == 0 {
		return fmt.Errorf("no request succeeded: %s", r.failure)
	}
	slices.Sort(r.took)
	at := func(p int) time.Duration { return r.took[min(n*p/100, n-1)].Round(10 * time.Microsecond) }
	fmt.Fprintf(w, "%s, %d connections, %v\n", c.Operation, c.Connections, r.elapsed.Round(time.Millisecond))
	fmt.Fprintf(w, "  requests  %d (%.0f a second), %d bytes each\n", n, float64(n)/r.elapsed.Seconds(), r.bytes/int64(n))
	fmt.Fprintf(w, "  latency   p50 %v, p90 %v, p99 %v, most %v\n", at(50), at(90), at(99), at(100))
	if own && r.cpu > 0 {
		fmt.Fprintf(w, "  CPU       %v a request, of server and client together\n", (r.cpu / time.Duration(n)).Round(time.Microsecond))
	}
	if r.failed > 0 {
		return fmt.Errorf("%d requests failed; the first: %s", r.failed, r.failure)
	}
	return nil
}
