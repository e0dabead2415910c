package db

import (
	"bytes"
	"errors"
	"runtime"
	"strconv"
	"sync"
)

// nesting knows which goroutines are within View or Update. It finds out by
// the number in the first line of a stack trace, which is slow and not meant
// for decisions; here it only turns a test that would hang into one that fails.
type nesting struct{ goroutines sync.Map }

var errNested = errors.New("db: View or Update within View or Update")

func (n *nesting) enter() (leave func(), err error) {
	id := goroutine()
	if _, within := n.goroutines.LoadOrStore(id, true); within {
		return nil, errNested
	}
	return func() { n.goroutines.Delete(id) }, nil
}

// within marks the goroutine that runs f, which is not always the caller's.
func (n *nesting) within(f func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		id := goroutine()
		if _, already := n.goroutines.LoadOrStore(id, true); !already {
			defer n.goroutines.Delete(id)
		}
		return f(tx)
	}
}

func goroutine() uint64 {
	var buf [64]byte
	line := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(line, []byte(" "))
	id, _ := strconv.ParseUint(string(number), 10, 64)
	return id
}
