// Package load puts load on an EWS server and measures its answers. It is a
// client like any other and knows nothing of the server's inside.
package load

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
)

// A Target is what is loaded.
type Target struct {
	EWS      string   // URL
	CA       string   // file of the certificate to trust; empty for the system's
	Users    []string // who sign in, by turns
	Password string   // of all of them
}

// Options say how a target is loaded.
type Options struct {
	Operation   string // GetFolder, FindItem, GetUserAvailability, CreateItem
	Connections int
	Duration    time.Duration
}

// A Result is what came of it.
type Result struct {
	Elapsed time.Duration
	CPU     time.Duration // of this process
	Failed  int
	Failure string // the first
	took    []time.Duration
	bytes   int64
}

// Requests is how many succeeded.
func (r *Result) Requests() int { return len(r.took) }

// Rate is how many succeeded in a second.
func (r *Result) Rate() float64 { return float64(len(r.took)) / r.Elapsed.Seconds() }

// Size is the mean size of an answer in bytes.
func (r *Result) Size() int64 { return r.bytes / int64(max(1, len(r.took))) }

// Latency is how long p of 100 requests took at most.
func (r *Result) Latency(p int) time.Duration {
	n := len(r.took)
	if n == 0 {
		return 0
	}
	return r.took[min(n*p/100, n-1)].Round(10 * time.Microsecond)
}

// A loader is a load under way.
type loader struct {
	Target
	Options
	client *http.Client
}

// Run asks over all connections until the time is over, each with a user of
// its own as far as there are enough. Nobody's first request is measured: it
// pays for checking the password.
func Run(ctx context.Context, target Target, o Options) (Result, error) {
	c, err := Client(target.CA, o.Connections, time.Minute)
	if err != nil {
		return Result{}, err
	}
	defer c.CloseIdleConnections()
	l := &loader{target, o, c}
	for n := range min(o.Connections, len(target.Users)) {
		if _, _, err := l.ask(ctx, n); err != nil {
			return Result{}, err
		}
	}
	var mu sync.Mutex
	var r Result
	started, cpu := time.Now(), processCPU()
	var all sync.WaitGroup
	for n := range o.Connections {
		all.Go(func() {
			mine := l.worker(ctx, n)
			mu.Lock()
			defer mu.Unlock()
			r.add(mine)
		})
	}
	all.Wait()
	r.Elapsed, r.CPU = time.Since(started), processCPU()-cpu
	slices.Sort(r.took)
	if len(r.took) == 0 {
		return r, fmt.Errorf("no request succeeded: %s", r.Failure)
	}
	return r, nil
}

func (l *loader) worker(ctx context.Context, n int) Result {
	var r Result
	end := time.Now().Add(l.Duration)
	for {
		began := time.Now()
		if began.After(end) || ctx.Err() != nil {
			return r
		}
		size, ok, err := l.ask(ctx, n)
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
func (l *loader) ask(ctx context.Context, n int) (size int, ok bool, err error) {
	user := l.Users[n%len(l.Users)]
	body := request(l.Operation, l.Users, n, time.Now())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.EWS, strings.NewReader(body))
	if err != nil {
		return 0, false, err
	}
	r.SetBasicAuth(user, l.Password)
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	w, err := l.client.Do(r)
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

// Client returns an HTTP client that trusts a CA, those of the machine if it is
// empty, with so many connections to a server.
func Client(ca string, connections int, timeout time.Duration) (*http.Client, error) {
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
	return &http.Client{Timeout: timeout, Transport: &http.Transport{
		TLSClientConfig: conf, Protocols: protocols, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
	}}, nil
}

func (r *Result) fail(why string) {
	if r.Failed++; r.Failure == "" {
		r.Failure = why
	}
}

func (r *Result) add(o Result) {
	r.took = append(r.took, o.took...)
	r.bytes += o.bytes
	r.Failed += o.Failed
	if r.Failure == "" {
		r.Failure = o.Failure
	}
}
