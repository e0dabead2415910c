// Package explain answers written questions: facts and a request in one JSON
// object, one object a line. It asks the engine that the server asks, with no
// server running, so that whole tables of rules can be driven from outside.
//
// It knows no protocol. How a refusal looks to a client it is told by whoever
// uses it.
package explain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"entente"
	"entente/access"
)

// Config is what a Batch needs of the rest of the house.
type Config struct {
	// Refusal is how a client sees a refusal: a code and an HTTP status. got are
	// the rights that are held, ofItem tells that an operation on items asked.
	Refusal func(of access.Stage, err error, want, got access.Rights, ofItem bool) (code string, status int)
	// NoError is the code of what is not refused.
	NoError string
	// Now is the time of requests that name none.
	Now time.Time
	// Changes has what would change each answer looked for, unless the question
	// says otherwise.
	Changes bool
}

// MaxLine is the longest line that is read.
const MaxLine = 4 << 20

// A Report says how many lines were answered.
type Report struct {
	Lines  int
	Errors int // lines that are no question
}

// Batch answers each line of in by one line of out, in the same order. A line
// that is no question is answered by an error, and the next one goes on. Empty
// lines are passed over. What is returned is what happened to in and out.
func Batch(in io.Reader, out io.Writer, c Config) (Report, error) {
	r := bufio.NewReaderSize(in, 64<<10)
	w := bufio.NewWriterSize(out, 64<<10)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	names := rightNames()
	var report Report
	for n := 1; ; n++ {
		line, long, err := readLine(r)
		if errors.Is(err, io.EOF) && len(line) == 0 && !long {
			return report, w.Flush()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return report, errors.Join(err, w.Flush())
		}
		if line = bytes.TrimSpace(line); len(line) == 0 && !long {
			continue
		}
		report.Lines++
		a := c.line(line, long, names)
		if a.Line = n; a.Error != "" {
			report.Errors++
		}
		if err := e.Encode(a); err != nil {
			return report, err
		}
		// Who asks line by line, by a pipe, gets his answer before he goes on.
		if r.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return report, err
			}
		}
	}
}

// readLine reads one line, and of one that is too long nothing but its end.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if long = long || len(line)+len(part) > MaxLine; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

// line answers one line.
func (c *Config) line(line []byte, long bool, names map[string]access.Rights) *answer {
	if long {
		return &answer{Error: "the line is too long"}
	}
	var q question
	if err := decode(line, &q); err != nil {
		return &answer{ID: q.ID, Error: text(err)}
	}
	b := newBuilder(&q, names)
	if err := b.build(); err != nil {
		return &answer{ID: q.ID, Error: text(err)}
	}
	x := b.supposition(c.Now)
	if b.err != nil {
		return &answer{ID: q.ID, Error: text(b.err)}
	}
	return c.answer(b, x)
}

func text(err error) string {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Text
	}
	return err.Error()
}
