// Command mutate says how much of a package its own tests hold: it makes small
// mistakes in the package, one at a time, and counts those the tests notice.
//
//	go run ./test/mutate ./access
//
// All mistakes are built into one test program, each behind a switch, so that a
// mistake costs a run of the tests and no compilation. The package's files are
// not touched: the compiler is given an overlay.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

func main() {
	var r run
	flag.IntVar(&r.parallel, "p", runtime.NumCPU(), "how many `runs` at a time")
	flag.DurationVar(&r.limit, "limit", 30*time.Second, "how long a run may take before it counts as noticed")
	flag.StringVar(&r.first, "first", "Kit|Decide|Stages", "`tests` that are quick and notice most; asked before all")
	flag.StringVar(&r.args, "args", "-rapid.checks=60 -rapid.shrinktime=1ms -rapid.nofailfile", "`arguments` for the test program")
	flag.StringVar(&r.equivalent, "equivalent", "test/mutate/equivalent.txt", "`file` of mistakes that are none")
	flag.StringVar(&r.skip, "skip", "", "leave out `files` whose names begin so")
	flag.StringVar(&r.only, "only", "", "take only `files` whose names begin so")
	flag.IntVar(&r.every, "every", 1, "make only each so many-th `mistake`: a sample")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ok, err := r.run(context.Background(), flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// A run is one measurement.
type run struct {
	parallel   int
	limit      time.Duration
	first      string
	args       string
	equivalent string
	skip, only string
	every      int
}

// wanted is the least part of mistakes that must be noticed, in percent.
const wanted = 95

func (r *run) run(ctx context.Context, pkg string) (bool, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	all, overlay, err := mutants(pkg, func(name string) bool {
		return (r.skip == "" || !strings.HasPrefix(name, r.skip)) && strings.HasPrefix(name, r.only)
	})
	if err != nil {
		return false, err
	}
	whole := r.every == 1 && r.skip == "" && r.only == ""
	sample := all[:0]
	for i := r.every / 2; i < len(all); i += r.every {
		sample = append(sample, all[i])
	}
	all = sample
	known, err := readEquivalent(r.equivalent)
	if err != nil {
		return false, err
	}
	program, err := compile(ctx, dir, pkg, overlay)
	if err != nil {
		return false, err
	}
	start := time.Now()
	if noticed, out := r.noticed(ctx, program, pkg, 0); noticed {
		return false, fmt.Errorf("the tests fail without a mistake:\n%s", out)
	}
	fmt.Printf("%d mistakes in %s; a run without one takes %v\n", len(all), pkg, time.Since(start).Round(time.Millisecond))
	r.try(ctx, program, pkg, all, known)
	return report(all, known, whole, time.Since(start)), nil
}

// compile builds the package's tests with all mistakes in them.
func compile(ctx context.Context, dir, pkg string, files map[string][]byte) (string, error) {
	replace := map[string]string{}
	for name, text := range files {
		path := filepath.Join(dir, strings.ReplaceAll(name, string(filepath.Separator), "_"))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return "", err
		}
		absolute, err := filepath.Abs(name)
		if err != nil {
			return "", err
		}
		replace[absolute] = path
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "test")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, pkg)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
}

// try tries every mistake that is not known to be none.
func (r *run) try(ctx context.Context, program, pkg string, all []mutant, known map[string]string) {
	var wait sync.WaitGroup
	next := make(chan int)
	for range r.parallel {
		wait.Go(func() {
			for i := range next {
				all[i].noticed, _ = r.noticed(ctx, program, pkg, all[i].n)
				if !all[i].noticed { // told at once: a run takes a while
					fmt.Printf("%s:%d: not noticed: %s\n", all[i].file, all[i].line, all[i].key())
				}
			}
		})
	}
	for i := range all {
		if known[all[i].key()] == "" {
			next <- i
		}
	}
	close(next)
	wait.Wait()
}

// noticed runs the tests with one mistake, first those that are quick.
func (r *run) noticed(ctx context.Context, program, pkg string, n int) (bool, []byte) {
	for _, tests := range []string{r.first, "."} {
		ctx, cancel := context.WithTimeout(ctx, r.limit)
		args := append(strings.Fields(r.args), "-test.failfast", "-test.run", tests)
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Dir, cmd.Env = pkg, append(os.Environ(), fmt.Sprint("MUTANT=", n))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		cancel()
		if err != nil {
			return true, out.Bytes()
		}
	}
	return false, nil
}

// report prints how many were noticed, and tells whether they are enough. Of all
// mistakes, not of a sample, it prints those known to be none that are gone.
func report(all []mutant, known map[string]string, whole bool, took time.Duration) bool {
	noticed, equivalent := 0, 0
	used := map[string]bool{}
	for i := range all {
		m := &all[i]
		switch {
		case known[m.key()] != "":
			equivalent++
			used[m.key()] = true
		case m.noticed:
			noticed++
		}
	}
	for key := range known {
		if whole && !used[key] {
			fmt.Printf("there is no such mistake any more: %s\n", key)
		}
	}
	tried := len(all) - equivalent
	if tried == 0 {
		return false
	}
	percent := 100 * float64(noticed) / float64(tried)
	fmt.Printf("%d of %d noticed, %.1f %%; %d more are none; %v\n", noticed, tried, percent, equivalent, took.Round(time.Second))
	return percent >= wanted
}

// readEquivalent reads the mistakes that are none: a key a line, and after a tab
// why nothing can notice it.
func readEquivalent(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	known := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, why, ok := strings.Cut(line, "\t")
		if !ok {
			return nil, fmt.Errorf("%s: no reason: %s", path, line)
		}
		known[strings.TrimSpace(key)] = strings.TrimSpace(why)
	}
	return known, err
}
