package directory

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"entente"
)

// A record is one entry of an import, whatever file it came from.
type record struct {
	line  int    // where it begins
	dn    string // its name in the file, if the format has one
	attrs map[string][]string
	err   error // it cannot be used, and this is why

	members []entente.SID // of a group, where its master says who they are
}

// get returns the first value of the first attribute that is there; said tells
// that one is.
func (r *record) get(names ...string) (value string, said bool) {
	for _, n := range names {
		if v, ok := r.attrs[n]; ok {
			return v[0], true
		}
	}
	return "", false
}

// Limits of imports. A group of all employees is the largest record there is.
const (
	maxImport  = 256 << 20
	maxRecord  = 16 << 20
	maxColumns = 256
)

var errTooLarge = entente.Errorf(entente.TooLarge, "the import is larger than %d MiB, or a record than %d MiB", maxImport>>20, maxRecord>>20)

// ldifReader reads LDIF content records, RFC 2849. Change records other than
// additions are refused one by one, and values given as URLs are never fetched.
type ldifReader struct {
	in     *bufio.Reader
	line   int // number of the line last read
	size   int // of the record so far
	peeked []byte
	peekAt int
	ended  bool
}

func newLDIFReader(r io.Reader) *ldifReader {
	return &ldifReader{in: bufio.NewReaderSize(bounded(r), 64<<10)}
}

// bounded fails, rather than end early, where an import is too large.
func bounded(r io.Reader) io.Reader {
	return io.MultiReader(io.LimitReader(r, maxImport), &tooLarge{r})
}

// tooLarge is the rest of what was bounded: if there is any, it is an error.
type tooLarge struct{ r io.Reader }

func (t *tooLarge) Read([]byte) (int, error) {
	var b [1]byte
	n, err := t.r.Read(b[:])
	if n > 0 {
		return 0, errTooLarge
	}
	return 0, err
}

// next returns the next record; io.EOF after the last.
func (l *ldifReader) next() (*record, error) {
	l.size = 0
	var r *record
	for {
		text, at, err := l.logical()
		if errors.Is(err, io.EOF) && r != nil {
			return r.checked(), nil
		}
		if err != nil {
			return nil, err
		}
		if text == "" {
			if r != nil {
				return r.checked(), nil
			}
			continue
		}
		name, value, err := ldifLine(text)
		if r == nil {
			if err == nil && name == "version" {
				continue
			}
			r = &record{line: at, attrs: map[string][]string{}}
		}
		switch {
		case err != nil && r.err == nil:
			r.err = entente.Errorf(entente.Invalid, "line %d: %v", at, err)
		case err == nil && name == "dn":
			r.dn = value
		case err == nil:
			r.attrs[name] = append(r.attrs[name], value)
		}
	}
}

// checked says what makes a record useless as a whole.
func (r *record) checked() *record {
	change, said := r.get("changetype")
	switch {
	case r.err != nil:
	case r.dn == "":
		r.err = entente.Errorf(entente.Invalid, "the record has no dn")
	case said && change != "add":
		r.err = entente.Errorf(entente.Invalid, "a record to %s is not imported", change)
	}
	return r
}

// logical returns a line with its continuations, without comments, "" where
// records are parted.
func (l *ldifReader) logical() (text string, at int, err error) {
	for {
		line, err := l.physical()
		if err != nil {
			return "", 0, err
		}
		at = l.line
		comment := len(line) > 0 && line[0] == '#'
		var b []byte
		b = append(b, line...)
		for {
			more, err := l.peek()
			if err != nil && !errors.Is(err, io.EOF) {
				return "", 0, err
			}
			if err != nil || len(more) == 0 || more[0] != ' ' || len(b) == 0 {
				break
			}
			b = append(b, more[1:]...)
			l.peeked = nil
			if l.size += len(more); l.size > maxRecord {
				return "", 0, errTooLarge
			}
		}
		if comment {
			continue
		}
		return string(b), at, nil
	}
}

// physical returns the next line as it stands, without its end.
func (l *ldifReader) physical() ([]byte, error) {
	line, err := l.peek()
	if err != nil {
		return nil, err
	}
	l.peeked = nil
	l.line = l.peekAt
	if l.size += len(line); l.size > maxRecord {
		return nil, errTooLarge
	}
	return line, nil
}

// peek returns the line that physical will.
func (l *ldifReader) peek() ([]byte, error) {
	if l.peeked != nil {
		return l.peeked, nil
	}
	if l.ended {
		return nil, io.EOF
	}
	b := []byte{}
	for {
		part, err := l.in.ReadSlice('\n')
		b = append(b, part...)
		if len(b) > maxRecord {
			return nil, errTooLarge
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) {
			l.ended = true
			if len(b) == 0 {
				return nil, io.EOF
			}
		} else if err != nil {
			return nil, err
		}
		break
	}
	n := len(b)
	if n > 0 && b[n-1] == '\n' {
		n--
	}
	if n > 0 && b[n-1] == '\r' {
		n--
	}
	l.peeked = b[:n]
	l.peekAt++
	return l.peeked, nil
}

// ldifLine reads "attribute: value", its forms for base64 and URLs, and drops
// the attribute's options. RFC 2849, attrval-spec.
func ldifLine(text string) (name, value string, err error) {
	name, rest, ok := strings.Cut(text, ":")
	name, _, _ = strings.Cut(strings.ToLower(name), ";")
	if !ok || name == "" {
		return "", "", errors.New("not an attribute and its value")
	}
	switch {
	case strings.HasPrefix(rest, ":"):
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest[1:]))
		if err != nil {
			return "", "", errors.New("not base64")
		}
		return name, string(b), nil
	case strings.HasPrefix(rest, "<"):
		return "", "", errors.New("values are not fetched from URLs")
	}
	value = strings.TrimLeft(rest, " ")
	if !utf8.ValidString(value) {
		return "", "", errors.New("not UTF-8")
	}
	return name, value, nil
}

// csvReader reads a table whose first row names the attributes.
type csvReader struct {
	in     *csv.Reader
	header []string
}

func newCSVReader(r io.Reader) (*csvReader, error) {
	in := bufio.NewReader(bounded(r))
	if b, err := in.Peek(3); err == nil && string(b) == "\ufeff" { // as spreadsheets write it
		_, _ = in.Discard(3)
	}
	c := &csvReader{in: csv.NewReader(in)}
	c.in.ReuseRecord = true
	header, err := c.in.Read()
	if err != nil {
		return nil, csvError(err)
	}
	if len(header) > maxColumns {
		return nil, entente.Errorf(entente.TooLarge, "a table has at most %d columns", maxColumns)
	}
	for _, h := range header {
		c.header = append(c.header, strings.ToLower(strings.ReplaceAll(strings.TrimSpace(h), " ", "")))
	}
	return c, nil
}

func (c *csvReader) next() (*record, error) {
	row, err := c.in.Read()
	if errors.Is(err, csv.ErrFieldCount) {
		line, _ := c.in.FieldPos(0)
		return &record{line: line, err: entente.Errorf(entente.Invalid, "the row has %d cells, the header %d", len(row), len(c.header))}, nil
	}
	if err != nil {
		return nil, csvError(err)
	}
	line, _ := c.in.FieldPos(0)
	r := &record{line: line, attrs: map[string][]string{}}
	size := 0
	for i, cell := range row {
		cell = strings.TrimSpace(cell)
		if size += len(cell); size > maxRecord {
			return nil, errTooLarge
		}
		if !utf8.ValidString(cell) {
			r.err = entente.Errorf(entente.Invalid, "column %s is not UTF-8", c.header[i])
		}
		r.attrs[c.header[i]] = split(c.header[i], strings.Clone(cell))
	}
	return r, nil
}

// split takes a cell apart that holds several values.
func split(column, cell string) []string {
	switch column {
	case "members", "member", "emailaddresses", "proxyaddresses", "altsecurityidentities":
		var all []string
		for v := range strings.SplitSeq(cell, ";") {
			if v = strings.TrimSpace(v); v != "" {
				all = append(all, v)
			}
		}
		if all == nil {
			all = []string{""}
		}
		return all
	}
	return []string{cell}
}

// csvError keeps the place of a broken row, which the reader cannot go beyond.
func csvError(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return entente.Errorf(entente.Invalid, "line %d: %v", p.Line, p.Err)
	}
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return fmt.Errorf("read table: %w", err)
}
