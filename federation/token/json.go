package token

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An object is a JSON object that has been read strictly.
type object map[string]any

// maxNesting is how deep objects and lists may be in one another. Ours go to
// two; claims that are not known may go further.
const maxNesting = 8

// parseObject reads a JSON text that is one object. RFC 8725 3.1 and RFC 7519 4
// leave it to readers whether the first or the last of two members of one name
// counts: here there is no such text. Nor is there one that is not UTF-8, or
// that has half a surrogate.
func parseObject(text []byte) (object, bool) {
	if !utf8.Valid(text) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, ok := parseValue(d, 0)
	if !ok || len(bytes.Trim(text[d.InputOffset():], " \t\r\n")) > 0 {
		return nil, false
	}
	o, ok := v.(object)
	return o, ok
}

func parseValue(d *json.Decoder, depth int) (any, bool) {
	t, err := d.Token()
	if err != nil || depth > maxNesting {
		return nil, false
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return parseMembers(d, depth)
		}
		return parseList(d, depth)
	case string:
		return t, !strings.ContainsRune(t, utf8.RuneError)
	}
	return t, true
}

func parseMembers(d *json.Decoder, depth int) (any, bool) {
	o := object{}
	for d.More() {
		t, err := d.Token()
		name, isName := t.(string)
		if err != nil || !isName || strings.ContainsRune(name, utf8.RuneError) {
			return nil, false
		}
		if _, twice := o[name]; twice {
			return nil, false
		}
		v, ok := parseValue(d, depth+1)
		if !ok {
			return nil, false
		}
		o[name] = v
	}
	_, err := d.Token() // the closing brace
	return o, err == nil
}

func parseList(d *json.Decoder, depth int) (any, bool) {
	list := []any{}
	for d.More() {
		v, ok := parseValue(d, depth+1)
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err == nil
}

// text returns a member that is a string.
func (o object) text(name string) (string, bool) {
	s, ok := o[name].(string)
	return s, ok
}

// texts returns a member that is a list of strings.
func (o object) texts(name string) ([]string, bool) {
	list, ok := o[name].([]any)
	if !ok {
		return nil, false
	}
	texts := make([]string, 0, len(list))
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, false
		}
		texts = append(texts, s)
	}
	return texts, true
}

// seconds returns a member that is a whole number of seconds since 1970. RFC
// 7519 2 allows fractions and exponents; nobody needs them here.
func (o object) seconds(name string) (int64, bool) {
	n, ok := o[name].(json.Number)
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseInt(n.String(), 10, 64)
	return v, err == nil && v >= 0 && strconv.FormatInt(v, 10) == n.String()
}

// only reports whether the object has no members but these.
func (o object) only(names ...string) bool {
	n := 0
	for _, name := range names {
		if _, ok := o[name]; ok {
			n++
		}
	}
	return n == len(o)
}
