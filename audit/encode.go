package audit

import (
	"strconv"
	"time"
	"unicode/utf8"

	"entente/access"
)

// The text of a record is the JSON of its struct, written here by hand: a
// record's share of a request must be small. encode_test.go compares it with
// what encoding/json reads and writes.

// maxText bounds a record's text, so that it fits an entry bundle of a
// tlog-tiles log with its salt; maxField what any text from outside takes in it.
const (
	maxText  = 1<<16 - 64
	maxField = 1024
)

// Text returns the record as the log keeps it.
func (r *Record) Text() []byte { return r.appendText(make([]byte, 0, 1024)) }

func (r *Record) appendText(b []byte) []byte {
	return r.appendBody(appendHead(b, r.Seq, r.Node))
}

// body returns what follows the head. A record that grew too long loses its
// reasons rather than its place in the log.
func (r *Record) body() []byte {
	b := r.appendBody(make([]byte, 0, 1024))
	if len(b) <= maxText-256 {
		return b
	}
	short := *r
	short.Steps = []Step{{Rule: "too-many-steps-to-keep", Holds: true}}
	short.Grounds, short.Via = short.Grounds[:min(len(short.Grounds), 8)], short.Via[:min(len(short.Via), 8)]
	short.Targets = short.Targets[:min(len(short.Targets), 8)]
	return short.appendBody(b[:0])
}

// appendHead writes what only the committer knows of a record.
func appendHead(b []byte, seq uint64, node string) []byte {
	b = strconv.AppendUint(append(b, `{"seq":`...), seq, 10)
	return appendString(append(b, `,"node":`...), node)
}

func (r *Record) appendBody(b []byte) []byte {
	b = append(b, `,"time":"`...)
	b = append(r.Time.AppendFormat(b, time.RFC3339Nano), '"')
	b = appendField(b, `,"request":`, r.Request)
	b = appendString(append(b, `,"kind":`...), string(r.Kind))
	b = appendPrincipal(append(b, `,"as":`...), &r.As)
	b = appendPrincipal(append(b, `,"by":`...), &r.By)
	b = appendList(b, `,"via":[`, r.Via, appendLink)
	b = appendField(b, `,"method":`, string(r.Method))
	b = appendField(b, `,"evidence":`, r.Evidence)
	b = appendField(b, `,"application":`, string(r.Application))
	b = appendField(b, `,"user_agent":`, r.UserAgent)
	b = appendField(b, `,"address":`, r.Address)
	b = appendString(append(b, `,"action":`...), r.Action)
	b = appendField(b, `,"mailbox":`, r.Mailbox)
	b = appendList(b, `,"targets":[`, r.Targets, func(b []byte, s *string) []byte { return appendString(b, *s) })
	b = strconv.AppendBool(append(b, `,"allowed":`...), r.Allowed)
	b = appendField(b, `,"code":`, r.Code)
	b = appendList(b, `,"steps":[`, r.Steps, appendStep)
	b = appendList(b, `,"grounds":[`, r.Grounds, appendGround)
	if r.Snapshot != 0 {
		b = strconv.AppendUint(append(b, `,"snapshot":`...), r.Snapshot, 10)
	}
	b = appendField(b, `,"snapshot_hash":`, r.SnapshotHash)
	if r.Count != 0 {
		b = strconv.AppendInt(append(b, `,"count":`...), int64(r.Count), 10)
	}
	b = appendList(b, `,"erased":[`, r.Erased, appendRange)
	return append(b, '}')
}

// appendField writes a text with its name before it, unless it is empty.
func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(append(b, name...), value)
}

func appendList[T any](b []byte, name string, list []T, one func([]byte, *T) []byte) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, name...)
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, &list[i])
	}
	return append(b, ']')
}

func appendPrincipal(b []byte, p *access.Principal) []byte {
	b = appendString(append(b, `{"SID":`...), string(p.SID))
	b = appendString(append(b, `,"UPN":`...), string(p.UPN))
	b = appendString(append(b, `,"Mail":`...), string(p.Mail))
	return append(b, '}')
}

func appendLink(b []byte, l *access.Link) []byte {
	b = appendPrincipal(append(b, `{"Who":`...), &l.Who)
	return append(appendString(append(b, `,"How":`...), l.How), '}')
}

func appendStep(b []byte, s *Step) []byte {
	b = append(b, '{')
	if s.On != "" {
		b = append(appendString(append(b, `"on":`...), s.On), ',')
	}
	if s.Want != "" {
		b = append(appendString(append(b, `"want":`...), s.Want), ',')
	}
	b = appendString(append(b, `"rule":`...), s.Rule)
	b = appendField(b, `,"fact":`, s.Fact)
	return append(strconv.AppendBool(append(b, `,"holds":`...), s.Holds), '}')
}

func appendGround(b []byte, g *Ground) []byte {
	b = appendString(append(b, `{"kind":`...), string(g.Kind))
	return append(appendString(append(b, `,"id":`...), g.ID), '}')
}

func appendRange(b []byte, r *Range) []byte {
	b = appendString(append(b, `{"node":`...), r.Node)
	b = strconv.AppendUint(append(b, `,"from":`...), r.From, 10)
	return append(strconv.AppendUint(append(b, `,"to":`...), r.To, 10), '}')
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string, cut to maxField bytes. What is
// no UTF-8 becomes U+FFFD, as encoding/json has it.
func appendString(b []byte, s string) []byte {
	if len(s) > maxField {
		cut := maxField
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut]
	}
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			b = append(b, s[from:i]...)
			if c == '"' || c == '\\' {
				b = append(b, '\\', c)
			} else {
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(append(b, s[from:i]...), "\ufffd"...)
			i++
			from = i
			continue
		}
		i += n
	}
	return append(append(b, s[from:]...), '"')
}
