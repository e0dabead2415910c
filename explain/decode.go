package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"entente"
)

// maxDepth is deeper than any question nests.
const maxDepth = 16

// decode reads one question strictly: a misspelt fact must not become none, nor
// one that is said twice the second.
func decode(line []byte, q *question) error {
	if err := wellFormed(line); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(q); err != nil {
		return entente.Errorf(entente.Invalid, "the question is not understood: %s", strings.TrimPrefix(text(err), "json: "))
	}
	return nil
}

// wellFormed reads the line as JSON: one object, without repeated keys. Keys are
// compared without regard to case, as they are read.
func wellFormed(line []byte) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var open []map[string]bool // keys of the objects that are open, nil for a list
	key := false               // a key comes next, in an object
	for {
		t, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && len(open) == 0:
			return entente.Errorf(entente.Invalid, "the line is no JSON object")
		case err != nil:
			return entente.Errorf(entente.Invalid, "the line is not JSON: %v", err)
		}
		switch delim, _ := t.(json.Delim); delim {
		case '{', '[':
			if len(open) == maxDepth {
				return entente.Errorf(entente.Invalid, "the question is nested too deeply")
			}
			var keys map[string]bool
			if delim == '{' {
				keys = map[string]bool{}
			}
			open = append(open, keys)
			key = delim == '{'
			continue
		case '}', ']':
			open = open[:len(open)-1]
		default:
			name, isText := t.(string)
			if key && isText {
				keys := open[len(open)-1]
				if name = strings.ToLower(name); keys[name] {
					return entente.Errorf(entente.Invalid, "key %q is there twice", name)
				}
				keys[name] = true
				key = false
				continue
			}
		}
		if len(open) == 0 {
			return onlyOne(d, t)
		}
		key = open[len(open)-1] != nil
	}
}

// onlyOne reports what is wrong if a line is not one object and nothing else.
func onlyOne(d *json.Decoder, last json.Token) error {
	if last != json.Delim('}') {
		return entente.Errorf(entente.Invalid, "the line is no JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return entente.Errorf(entente.Invalid, "there is something after the object")
	}
	return nil
}
