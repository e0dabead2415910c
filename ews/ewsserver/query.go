package ewsserver

import (
	"strings"
	"time"

	"entente/ews"
	"entente/mailbox"
)

// A query string is text in Advanced Query Syntax, as people type it into a
// search box: words, "phrases", keyword:value, AND OR NOT and parentheses;
// beside each other means AND. Keywords and values are those of the English
// syntax. [MS-OXWSSRCH] 2.2.4.25 QueryString

// What a query may hold at most.
const (
	maxQuery      = 4096
	maxQueryWords = 60
	maxQueryDepth = 16
)

// parseQuery translates a query string; nil asks for everything. now says what
// today is, and in which zone days are meant.
func parseQuery(text string, now time.Time) (*mailbox.Restriction, error) {
	if len(text) > maxQuery {
		return nil, &ews.Fault{Code: ews.ErrorQueryFilterTooLong}
	}
	p := queryParser{now: now, rest: text}
	if p.next(); !p.more() {
		return nil, p.err
	}
	r := p.or(0)
	if p.more() {
		p.fail("a parenthesis closes what was not opened")
	}
	if p.err != nil {
		return nil, p.err
	}
	return &r, nil
}

// A queryParser reads a query from left to right.
type queryParser struct {
	now   time.Time
	rest  string
	token string // the next; "" at the end
	quote bool   // it was in quotation marks
	glued bool   // it follows the one before without a blank
	words int
	err   error
}

func (p *queryParser) fail(what string) {
	if p.err == nil {
		p.err = &ews.Fault{Code: ews.ErrorUnsupportedQueryFilter, Text: "The query string is not understood: " + what + "."}
	}
	p.token, p.rest, p.quote = "", "", false
}

// next reads a token: a parenthesis, a colon, a comparison, a phrase or a word.
func (p *queryParser) next() {
	trimmed := strings.TrimLeft(p.rest, " \t\r\n\u00a0")
	p.glued, p.quote, p.rest = len(trimmed) == len(p.rest), false, trimmed
	if p.rest == "" {
		p.token = ""
		return
	}
	n := 1
	switch p.rest[0] {
	case '(', ')', ':', '=':
	case '<', '>':
		if strings.HasPrefix(p.rest[1:], "=") {
			n = 2
		}
	case '"':
		end := strings.IndexByte(p.rest[1:], '"')
		if end < 0 {
			p.fail("a quotation mark is not closed")
			return
		}
		p.token, p.quote, p.rest = p.rest[1:1+end], true, p.rest[end+2:]
		p.count()
		return
	default:
		if n = strings.IndexAny(p.rest, " \t\r\n()\":<>=\u00a0"); n < 0 {
			n = len(p.rest)
		}
		defer p.count()
	}
	p.token, p.rest = p.rest[:n], p.rest[n:]
}

// count notes a word. What comes after too many is not read.
func (p *queryParser) count() {
	if p.words++; p.words == maxQueryWords+1 {
		p.fail("")
		p.err = &ews.Fault{Code: ews.ErrorSearchQueryHasTooManyKeywords}
	}
}

// is reports whether the next token is an operator; quoted ones are words.
func (p *queryParser) is(s string) bool { return !p.quote && p.token == s }

func (p *queryParser) more() bool { return p.token != "" || p.quote }

func (p *queryParser) or(depth int) mailbox.Restriction {
	if depth > maxQueryDepth {
		p.fail("parentheses are nested too deeply")
		return never()
	}
	list := []mailbox.Restriction{p.and(depth)}
	for p.is("OR") {
		p.next()
		list = append(list, p.and(depth))
	}
	return together(mailbox.Or, list)
}

func (p *queryParser) and(depth int) mailbox.Restriction {
	var list []mailbox.Restriction
	for p.more() && !p.is("OR") && !p.is(")") {
		if p.is("AND") {
			p.next()
			continue
		}
		list = append(list, p.term(depth))
	}
	if list == nil {
		p.fail("an operand is missing")
		return never()
	}
	return together(mailbox.And, list)
}

func together(op mailbox.RestrictionOp, list []mailbox.Restriction) mailbox.Restriction {
	if len(list) == 1 {
		return list[0]
	}
	return mailbox.Restriction{Op: op, Of: list}
}

func not(r mailbox.Restriction) mailbox.Restriction {
	return mailbox.Restriction{Op: mailbox.Not, Of: []mailbox.Restriction{r}}
}

func (p *queryParser) term(depth int) mailbox.Restriction {
	switch {
	case p.is("NOT"):
		if p.next(); !p.more() {
			p.fail("an operand is missing")
			return never()
		}
		if depth++; depth > maxQueryDepth {
			p.fail("operators are nested too deeply")
			return never()
		}
		return not(p.term(depth))
	case p.is("("):
		p.next()
		r := p.or(depth + 1)
		if !p.is(")") {
			p.fail("a parenthesis is not closed")
			return r
		}
		p.next()
		return r
	case p.is(")") || p.is(":") || p.is("=") || p.is("<") || p.is(">") || p.is("<=") || p.is(">="):
		p.fail("an operator stands where a word should")
		return never()
	}
	word, phrase := p.token, p.quote
	p.next()
	if !phrase && p.is(":") && p.glued {
		p.next()
		return p.keyword(strings.ToLower(word))
	}
	return anywhere(word, phrase)
}

// keyword reads what follows keyword and colon.
func (p *queryParser) keyword(key string) mailbox.Restriction {
	op := mailbox.Equal
	if !p.quote {
		switch p.token {
		case "=", "<", "<=", ">", ">=":
			op = comparisonOf(p.token)
			p.next()
		}
	}
	if !p.more() || p.is("(") || p.is(")") {
		p.fail("the keyword " + key + " has no value")
		return never()
	}
	word, phrase := p.token, p.quote
	p.next()
	if props := textKeyword(key); props != nil {
		return containing(props, word, phrase)
	}
	switch key {
	case "received", "sent", "date", "start", "end":
		return p.day(key, op, word)
	case "size":
		return p.size(op, word)
	}
	r, ok := flagKeyword(key, strings.ToLower(word))
	if !ok {
		p.fail("there is no keyword " + key + " with this value")
	}
	return r
}

func comparisonOf(token string) mailbox.RestrictionOp {
	switch token {
	case "<":
		return mailbox.Less
	case "<=":
		return mailbox.LessOrEqual
	case ">":
		return mailbox.Greater
	case ">=":
		return mailbox.GreaterOrEqual
	}
	return mailbox.Equal
}

// textKeyword are the properties that a keyword searches for words.
func textKeyword(key string) []mailbox.Prop {
	switch key {
	case "subject":
		return []mailbox.Prop{mailbox.PidTagSubject}
	case "body", "contents", "content":
		return []mailbox.Prop{mailbox.PidTagBody}
	case "from":
		return []mailbox.Prop{
			mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingAddress, mailbox.PidTagSentRepresentingSMTP,
			mailbox.PidTagSenderName, mailbox.PidTagSenderAddress, mailbox.PidTagSenderSMTPAddress,
		}
	case "to":
		return []mailbox.Prop{mailbox.PidTagDisplayTo}
	case "cc":
		return []mailbox.Prop{mailbox.PidTagDisplayCc}
	case "bcc":
		return []mailbox.Prop{mailbox.PidTagDisplayBcc}
	case "participants", "recipients":
		return append(textKeyword("from"), mailbox.PidTagDisplayTo, mailbox.PidTagDisplayCc, mailbox.PidTagDisplayBcc)
	case "attachment", "attachmentnames":
		return []mailbox.Prop{mailbox.PidTagAttachLongFilename}
	case "category", "keywords":
		return []mailbox.Prop{mailbox.PidNameKeywords}
	case "location":
		return []mailbox.Prop{mailbox.PidLidLocation}
	case "organizer":
		return []mailbox.Prop{mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingSMTP}
	}
	return nil
}

// anywhere looks for a word in all that people read of an item.
func anywhere(word string, phrase bool) mailbox.Restriction {
	return containing([]mailbox.Prop{
		mailbox.PidTagSubject, mailbox.PidTagDisplayTo, mailbox.PidTagDisplayCc, mailbox.PidTagSentRepresentingName,
		mailbox.PidTagSentRepresentingSMTP, mailbox.PidTagDisplayName, mailbox.PidLidLocation,
		mailbox.PidNameKeywords, mailbox.PidTagBody, mailbox.PidTagAttachLongFilename,
	}, word, phrase)
}

// containing holds if a text has the word, or words that begin so; a phrase
// must be there as it is.
func containing(props []mailbox.Prop, word string, phrase bool) mailbox.Restriction {
	mode := mailbox.PrefixOnWords
	if phrase {
		mode = mailbox.ExactPhrase
	}
	word = strings.TrimRight(word, "*")
	list := make([]mailbox.Restriction, len(props))
	for i, p := range props {
		list[i] = mailbox.Restriction{
			Op: mailbox.Contains, Prop: p, Value: mailbox.Value{Text: word}, Mode: mode, Comparison: mailbox.Loose,
		}
	}
	return together(mailbox.Or, list)
}

// flagKeyword are the keywords whose values are words of a short list.
func flagKeyword(key, word string) (mailbox.Restriction, bool) {
	equal := func(p mailbox.Prop, n int64) (mailbox.Restriction, bool) {
		return mailbox.Restriction{Op: mailbox.Equal, Prop: p, Value: mailbox.Value{Int: n}}, true
	}
	yes, isBool := queryBool(word)
	n := int64(0)
	if yes {
		n = 1
	}
	switch {
	case (key == "hasattachment" || key == "hasattachments") && isBool:
		return equal(mailbox.PidTagHasAttachments, n)
	case (key == "isread" || key == "read") && isBool:
		return equal(mailbox.PidTagRead, n)
	case key == "isflagged" && isBool:
		r, _ := equal(mailbox.PidTagFlagStatus, 2)
		if !yes {
			r = not(r)
		}
		return r, true
	case key == "importance":
		for i, w := range [...]string{"low", "normal", "high"} {
			if w == word {
				return equal(mailbox.PidTagImportance, int64(i))
			}
		}
	case key == "kind":
		return kindKeyword(word)
	}
	return never(), false
}

func queryBool(word string) (value, ok bool) {
	switch word {
	case "yes", "true", "1":
		return true, true
	case "no", "false", "0":
		return false, true
	}
	return false, false
}

// kindKeyword looks at the message class.
func kindKeyword(word string) (mailbox.Restriction, bool) {
	class, ok := "", true
	switch word {
	case "email":
		class = "IPM.Note"
	case "meetings", "calendar":
		class = "IPM.Appointment"
	case "tasks":
		class = "IPM.Task"
	case "contacts":
		class = "IPM.Contact"
	case "notes":
		class = "IPM.StickyNote"
	default:
		ok = false
	}
	return mailbox.Restriction{
		Op: mailbox.Contains, Prop: mailbox.PidTagMessageClass, Value: mailbox.Value{Text: class},
		Mode: mailbox.Prefixed, Comparison: mailbox.IgnoreCase,
	}, ok
}
