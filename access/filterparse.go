package access

import (
	"strings"

	"entente"
)

// What a filter may take, far more than anybody writes by hand.
const (
	maxFilter        = 8 << 10
	maxFilterDepth   = 32
	maxFilterClauses = 256
)

// ParseFilter reads a filter. Errors say where the text is wrong, and what
// would be right.
func ParseFilter(text string) (*Filter, error) {
	if len(text) > maxFilter {
		return nil, entente.Errorf(entente.Invalid, "the filter is longer than %d bytes", maxFilter)
	}
	p := filterParser{text: text, end: len(text)}
	// PowerShell's script blocks come with their braces.
	if body := strings.TrimSpace(text); strings.HasPrefix(body, "{") && strings.HasSuffix(body, "}") && len(body) > 1 {
		p.at, p.end = strings.Index(text, "{")+1, strings.LastIndex(text, "}")
	}
	root, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < p.end {
		return nil, p.errorf("%s is too much: -and or -or joins comparisons", quoted(p.word()))
	}
	f := &Filter{root: root}
	var b strings.Builder
	root.write(&b)
	f.text = b.String()
	return f, nil
}

type filterParser struct {
	text    string
	at, end int
	clauses int
}

func (p *filterParser) errorf(format string, a ...any) error {
	return entente.Errorf(entente.Invalid, "the filter is wrong at character %d: "+format, append([]any{p.at + 1}, a...)...)
}

// expression reads comparisons joined by -and, or by -or. Whether one of them
// binds tighter is told differently in different places, so that who means
// both says how.
func (p *filterParser) expression(depth int) (*clause, error) {
	if depth > maxFilterDepth {
		return nil, p.errorf("it is nested more than %d deep", maxFilterDepth)
	}
	first, err := p.operand(depth)
	if err != nil {
		return nil, err
	}
	all := &clause{op: opAnd, kids: []*clause{first}}
	for {
		p.space()
		start := p.at
		op := opAnd
		switch word := strings.ToLower(p.word()); word {
		case "-and":
		case "-or":
			op = opOr
		default:
			p.at = start
			if len(all.kids) == 1 {
				return first, nil
			}
			return all, nil
		}
		if len(all.kids) > 1 && op != all.op {
			p.at = start
			return nil, p.errorf("-and and -or are mixed: parentheses say what belongs together")
		}
		all.op = op
		next, err := p.operand(depth)
		if err != nil {
			return nil, err
		}
		all.kids = append(all.kids, next)
	}
}

// operand reads a comparison, one in parentheses, or -not before either.
func (p *filterParser) operand(depth int) (*clause, error) {
	if p.clauses++; p.clauses > maxFilterClauses {
		return nil, p.errorf("it has more than %d comparisons", maxFilterClauses)
	}
	p.space()
	if p.at < p.end && p.text[p.at] == '(' {
		p.at++
		c, err := p.expression(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.space(); p.at >= p.end || p.text[p.at] != ')' {
			return nil, p.errorf("a closing parenthesis is missing")
		}
		p.at++
		return c, nil
	}
	start := p.at
	if strings.EqualFold(p.word(), "-not") {
		if depth >= maxFilterDepth {
			return nil, p.errorf("it is nested more than %d deep", maxFilterDepth)
		}
		c, err := p.operand(depth + 1)
		if err != nil {
			return nil, err
		}
		return &clause{op: opNot, kids: []*clause{c}}, nil
	}
	p.at = start
	return p.comparison()
}

func (p *filterParser) comparison() (*clause, error) {
	c := &clause{place: p.at}
	start := p.at
	name := p.word()
	for i := range properties {
		if strings.EqualFold(name, properties[i].name) {
			c.property = &properties[i]
		}
	}
	if c.property == nil {
		p.at = start
		return nil, p.errorf("%s is none of the properties %s", quoted(name), strings.Join(FilterProperties(), ", "))
	}
	p.space()
	start = p.at
	op := p.word()
	for i, known := range operatorNames {
		if strings.EqualFold(op, known) && operator(i) >= opEq {
			c.op = operator(i)
		}
	}
	if c.op < opEq {
		p.at = start
		return nil, p.errorf("%s is none of -eq, -ne, -like, -notlike", quoted(op))
	}
	p.space()
	start = p.at
	err := p.literal(&c.value)
	if err != nil {
		return nil, err
	}
	if why := c.unfit(); why != "" {
		p.at = start
		return nil, p.errorf("%s", why)
	}
	return c, nil
}

// unfit says why the value cannot be compared with the property.
func (c *clause) unfit() string {
	v, like := &c.value, c.op == opLike || c.op == opNotLike
	switch {
	case v.bare != "" && like:
		return "-like and -notlike take quoted text"
	case c.property.group && (v.bare != "" || like || v.text == ""):
		return "MemberOfGroup takes -eq or -ne and a group's name, address or SID in quotes"
	}
	if c.property.known != nil && v.bare == "" && !like {
		for _, k := range c.property.known {
			if strings.EqualFold(k, v.text) {
				return ""
			}
		}
		return c.property.name + " is one of " + strings.Join(c.property.known, ", ")
	}
	return ""
}

func (p *filterParser) literal(l *literal) error {
	if p.at < p.end && (p.text[p.at] == '\'' || p.text[p.at] == '"') {
		return p.quoted(l)
	}
	start := p.at
	word := p.word()
	switch bare := strings.ToLower(word); bare {
	case "$null", "$true", "$false":
		l.bare = bare
		return nil
	}
	p.at = start
	return p.errorf("%s has to stand in quotes, or be $null, $true or $false", quoted(word))
}

// quoted reads text between quotes; a quote in it is doubled.
func (p *filterParser) quoted(l *literal) error {
	quote := p.text[p.at]
	start := p.at
	var b strings.Builder
	for p.at++; p.at < p.end; p.at++ {
		if p.text[p.at] == quote {
			if p.at+1 >= p.end || p.text[p.at+1] != quote {
				p.at++
				l.text = b.String()
				l.lower = strings.ToLower(l.text)
				return nil
			}
			p.at++
		}
		b.WriteByte(p.text[p.at])
	}
	p.at = start
	return p.errorf("the quote is not closed")
}

func (p *filterParser) space() {
	for p.at < p.end && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// word reads up to white space, a quote or a parenthesis.
func (p *filterParser) word() string {
	p.space()
	start := p.at
	for p.at < p.end && strings.IndexByte(" \t\r\n()'\"", p.text[p.at]) < 0 {
		p.at++
	}
	return p.text[start:p.at]
}

// quoted shows what was found in an error.
func quoted(word string) string {
	if word == "" {
		return "what stands here"
	}
	return `"` + bounded(word) + `"`
}
