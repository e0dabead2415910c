package cmdlet

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente"
)

// Limits of a command line.
const (
	maxArguments = 256
	maxArgument  = 64 << 10 // bytes
	maxValues    = 4096     // of a list
)

// Arguments are a cmdlet's parameters with their values. Parameters are asked
// for by their whole names.
type Arguments struct {
	cmdlet *Cmdlet
	given  map[string]value
}

type value struct {
	texts       []string
	null        bool
	add, remove []string // of @{Add=…;Remove=…}
	change      bool
	at          time.Time
	number      int
}

// Bind reads the arguments of a command line as PowerShell would bind them.
// Errors are of kind Invalid, in its words.
func (c *Cmdlet) Bind(args []string) (*Arguments, error) {
	if len(args) > maxArguments {
		return nil, entente.Errorf(entente.TooLarge, "a command has at most %d arguments", maxArguments)
	}
	a := &Arguments{cmdlet: c, given: map[string]value{}}
	for i := 0; i < len(args); {
		n, err := a.one(args[i:])
		if err != nil {
			return nil, err
		}
		i += n
	}
	var missing []string
	for i := range c.Parameters {
		if p := &c.Parameters[i]; p.Mandatory && !a.Has(p.Name) {
			missing = append(missing, p.Name)
		}
	}
	if missing != nil {
		return nil, entente.Errorf(entente.Invalid, "Cannot process command because of one or more missing mandatory parameters: %s.", strings.Join(missing, " "))
	}
	return a, nil
}

// one binds the parameter that args begin with, and returns how many of them
// it took.
func (a *Arguments) one(args []string) (int, error) {
	word := args[0]
	if len(word) > maxArgument {
		return 0, entente.Errorf(entente.TooLarge, "an argument has at most %d bytes", maxArgument)
	}
	if !named(word) {
		return a.positional(args)
	}
	name, text, with := strings.Cut(word[1:], ":")
	p, err := a.parameter(name)
	if err != nil {
		return 0, err
	}
	if a.Has(p.Name) {
		return 0, entente.Errorf(entente.Invalid, "Cannot bind parameter because parameter '%s' is specified more than once. "+
			`To provide multiple values to parameters that can accept multiple values, use the array syntax. For example, "-parameter value1,value2,value3".`, p.Name)
	}
	taken := 1
	switch {
	case with:
	case p.Kind == Switch:
		text = "$true"
	case len(args) == 1 || named(args[1]) && a.known(args[1]):
		return 0, entente.Errorf(entente.Invalid, "Missing an argument for parameter '%s'. Specify a parameter of type '%s' and try again.", p.Name, p.typeName())
	default:
		var n int
		text, n = join(args[1:])
		taken += n
	}
	return taken, a.bind(p, text)
}

// positional binds an argument without a name to the first parameter that
// takes one.
func (a *Arguments) positional(args []string) (int, error) {
	for i := range a.cmdlet.Parameters {
		if p := &a.cmdlet.Parameters[i]; p.First && !a.Has(p.Name) {
			text, n := join(args)
			return n, a.bind(p, text)
		}
	}
	return 0, entente.Errorf(entente.Invalid, "A positional parameter cannot be found that accepts argument '%s'.", args[0])
}

// join puts a value together that a shell took apart at its blanks: a list
// goes on after a comma, and a hash table to its brace.
func join(args []string) (text string, n int) {
	text, n = args[0], 1
	for n < len(args) && (strings.HasSuffix(text, ",") || strings.HasPrefix(text, "@{") && !strings.Contains(text, "}")) {
		text, n = text+args[n], n+1
	}
	return text, n
}

// named reports whether a word is a parameter's name: a minus sign and a letter,
// so that negative numbers are values.
func named(word string) bool {
	return len(word) > 1 && word[0] == '-' && (word[1]|0x20) >= 'a' && (word[1]|0x20) <= 'z'
}

func (a *Arguments) known(word string) bool {
	name, _, _ := strings.Cut(word[1:], ":")
	p, err := a.parameter(name)
	return p != nil && err == nil
}

// parameter finds a parameter by its name, or what is enough of it.
func (a *Arguments) parameter(name string) (*Parameter, error) {
	var found []*Parameter
	for _, list := range [...][]Parameter{a.cmdlet.Parameters, common[:]} {
		for i := range list {
			p := &list[i]
			if strings.EqualFold(p.Name, name) {
				return p, nil
			}
			if len(name) < len(p.Name) && strings.EqualFold(p.Name[:len(name)], name) {
				found = append(found, p)
			}
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, entente.Errorf(entente.Invalid, "A parameter cannot be found that matches parameter name '%s'.", name)
	}
	var names []string
	for _, p := range found {
		names = append(names, "-"+p.Name)
	}
	return nil, entente.Errorf(entente.Invalid, "Parameter cannot be processed because the parameter name '%s' is ambiguous. Possible matches include: %s.",
		name, strings.Join(names, " "))
}

// bind reads a value for what the parameter takes.
func (a *Arguments) bind(p *Parameter, text string) error {
	v, err := p.read(text)
	if err == nil {
		a.given[p.Name] = v
	}
	return err
}

func (p *Parameter) read(text string) (v value, err error) {
	switch null := strings.EqualFold(text, "$null"); {
	case null && (p.Kind == List || p.Kind == Null || p.Kind == Enum || p.Kind == Text):
		return value{null: true}, nil
	case strings.EqualFold(text, "null") && p.Kind == Null:
		return value{null: true}, nil
	case strings.HasPrefix(text, "@{"):
		return p.hashTable(text)
	}
	switch p.Kind {
	case Switch, Bool, Null:
		return p.truth(text)
	case List, Enums:
		v.texts, err = values(text)
	default:
		v.texts = []string{unquoted(text)}
	}
	if err != nil {
		return v, err
	}
	switch p.Kind {
	case Enum, Enums:
		for i, t := range v.texts {
			if v.texts[i], err = p.enumerator(t); err != nil {
				return v, err
			}
		}
	case Time:
		v.at, err = p.time(v.texts[0])
	case Number:
		if v.number, err = strconv.Atoi(v.texts[0]); err != nil {
			err = p.cannot(v.texts[0], "Input string was not in a correct format.")
		}
	}
	return v, err
}

// truth reads $true and $false. A Unix shell has put nothing in the place of
// either if they were not quoted.
func (p *Parameter) truth(text string) (value, error) {
	switch strings.ToLower(text) {
	case "$true", "true", "1":
		return value{texts: []string{"true"}}, nil
	case "$false", "false", "0":
		return value{texts: []string{"false"}}, nil
	case "":
		return value{}, entente.Errorf(entente.Invalid, "the value of -%s is empty: quote '$true', '$false' and '$null', or write true, false and null", p.Name)
	}
	return value{}, p.cannot(text, "Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0.")
}

// enumerator finds the name that is meant, in any case of letters.
func (p *Parameter) enumerator(text string) (string, error) {
	for _, v := range p.Values {
		if strings.EqualFold(v, text) {
			return v, nil
		}
	}
	return "", p.cannot(text, "Unable to match the identifier name "+text+
		" to a valid enumerator name. Specify one of the following enumerator names and try again: "+strings.Join(p.Values, ", "))
}

// cannot is PowerShell's error for a value that a parameter does not take.
func (p *Parameter) cannot(text, why string) error {
	return entente.Errorf(entente.Invalid, `Cannot process argument transformation on parameter '%s'. Cannot convert value "%s" to type "%s". Error: "%s"`,
		p.Name, text, p.typeName(), why)
}

func (p *Parameter) typeName() string {
	switch p.Kind {
	case Bool, Null:
		return "System.Boolean"
	case Switch:
		return "System.Management.Automation.SwitchParameter"
	case List, Enums:
		return "System.String[]"
	case Time:
		return "System.DateTime"
	case Number:
		return "System.Int32"
	}
	return "System.String"
}

// time reads the forms of a time that do not depend on where one is, and the
// shell's own, month first. Without a zone it is UTC.
func (p *Parameter) time(text string) (time.Time, error) {
	for _, layout := range [...]string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
		"1/2/2006 15:04:05", "1/2/2006 3:04:05 PM", "1/2/2006 15:04", "1/2/2006 3:04 PM", "1/2/2006",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, p.cannot(text, "String was not recognized as a valid DateTime.")
}

// hashTable reads @{Add=…;Remove=…}.
func (p *Parameter) hashTable(text string) (value, error) {
	if !p.Changes || !strings.HasSuffix(text, "}") {
		return value{}, p.cannot(text, "a hash table is not taken here")
	}
	v := value{change: true}
	for part := range strings.SplitSeq(text[2:len(text)-1], ";") {
		name, list, _ := strings.Cut(part, "=")
		texts, err := values(strings.TrimSpace(list))
		if err != nil {
			return v, err
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "":
		case "add":
			v.add = append(v.add, texts...)
		case "remove":
			v.remove = append(v.remove, texts...)
		default:
			return v, p.cannot(text, "Add and Remove are the only keys")
		}
	}
	return v, nil
}

// values takes a list apart at its commas, those in quotes left alone.
func values(text string) ([]string, error) {
	var list []string
	for rest := text; ; {
		rest = strings.TrimLeft(rest, " ")
		end := strings.IndexByte(rest, ',')
		if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
			if close := strings.IndexByte(rest[1:], rest[0]); close >= 0 {
				end = strings.IndexByte(rest[close+2:], ',')
				if end >= 0 {
					end += close + 2
				}
			}
		}
		if len(list) == maxValues {
			return nil, entente.Errorf(entente.TooLarge, "a list has at most %d values", maxValues)
		}
		if end < 0 {
			return append(list, unquoted(rest)), nil
		}
		list, rest = append(list, unquoted(rest[:end])), rest[end+1:]
	}
}

// unquoted takes off quotes that a shell left around a value.
func unquoted(text string) string {
	text = strings.TrimSpace(text)
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return text[1 : n-1]
	}
	return text
}

// Has reports whether a parameter was given.
func (a *Arguments) Has(name string) bool {
	_, ok := a.given[name]
	return ok
}

// Is reports whether a switch or a Boolean was given and is true.
func (a *Arguments) Is(name string) bool { return a.Text(name) == "true" }

// Text returns a parameter's value; "" if it was not given or is $null.
func (a *Arguments) Text(name string) string {
	if v := a.given[name]; len(v.texts) > 0 {
		return v.texts[0]
	}
	return ""
}

// List returns the values of a list as it would be, given what it is now: the
// one given, or that one changed. An empty list is not nil if it was given.
func (a *Arguments) List(name string, now []string) []string {
	v, ok := a.given[name]
	switch {
	case !ok:
		return nil
	case v.null:
		return []string{}
	case !v.change:
		return slices.DeleteFunc(slices.Clone(v.texts), func(s string) bool { return s == "" })
	}
	list := slices.DeleteFunc(slices.Clone(now), func(s string) bool { return containsFold(v.remove, s) })
	for _, s := range v.add {
		if !containsFold(list, s) {
			list = append(list, s)
		}
	}
	return append([]string{}, list...)
}

// Changes returns what a list that was given as @{Add=…;Remove=…} gets more and
// less; nil and nil of one given otherwise.
func (a *Arguments) Changes(name string) (add, remove []string) {
	v := a.given[name]
	return v.add, v.remove
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}

// Time returns a time that was given; zero if none was.
func (a *Arguments) Time(name string) time.Time { return a.given[name].at }

// Number returns a number that was given; 0 if none was.
func (a *Arguments) Number(name string) int { return a.given[name].number }

// setting is a $true, $false or $null as our verbs write it: on, off, unset;
// "" if it was not given.
func (a *Arguments) setting(name string) string {
	v, ok := a.given[name]
	switch {
	case !ok:
		return ""
	case v.null:
		return "unset"
	case v.texts[0] == "true":
		return "on"
	}
	return "off"
}

// like matches a name with a pattern in which * stands for anything.
func like(pattern, name string) bool {
	first, rest, star := strings.Cut(strings.ToLower(pattern), "*")
	name = strings.ToLower(name)
	if !star {
		return name == first
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	for i := len(first); i <= len(name); i++ {
		if like(rest, name[i:]) {
			return true
		}
	}
	return false
}

// show writes a request for -WhatIf.
func show(request any) string {
	text, err := json.Marshal(request)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
