package access

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"entente"
)

// grant reads an item grant.
func (s *script) grant(l line) {
	g := ItemGrant{
		ID: l.words[1], Mailbox: s.find(l.attr("of")).Mailbox, External: entente.SMTPAddress(l.attr("external")),
		Read: s.fields(l.attr("read")), Write: s.fields(l.attr("write")), Enabled: !l.has("off"),
		Earliest: s.time(l.attr("earliest")), Latest: s.time(l.attr("latest")), Locations: list(l.attr("locations")),
		NotBefore: s.time(l.attr("from")), NotAfter: s.time(l.attr("until")),
	}
	if to := l.attr("to"); to != "" {
		g.To = s.sid(to)
	}
	for _, i := range list(l.attr("items")) {
		g.Items = append(g.Items, s.key(i))
	}
	s.facts.ItemGrants = append(s.facts.ItemGrants, g)
}

// key reads an item's number, with /yyyymmdd for one occurrence.
func (s *script) key(text string) ItemKey {
	content, day, _ := strings.Cut(text, "/")
	c, err := strconv.ParseUint(content, 10, 64)
	d := 0
	if err == nil && day != "" {
		d, err = strconv.Atoi(day)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return ItemKey{c, int32(d)}
}

func (s *script) fields(text string) Fields {
	f, err := ParseFields(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

// item answers what may be read or written of folder:item; with fields= whether
// that change may be written.
func (s *script) item(snap *Snapshot, c *Caller, l line, when time.Time, trace *Trace) string {
	name, key, _ := strings.Cut(l.words[2], ":")
	f := s.folders[name]
	p, err := snap.Ask(Question{Caller: c, On: MailboxOf(f.mailbox), Want: FolderLookup, At: when}, trace)
	if err != nil {
		return outcome(err)
	}
	want := ReadItem
	if l.words[0] == "writes" {
		want = EditItem
	}
	if of := l.attr("fields"); of != "" {
		change := ItemChange{Fields: s.fields(of), Start: s.time(l.attr("start")), End: s.time(l.attr("end")), Location: l.attr("location")}
		return outcome(p.Change(&f.table, s.key(key), change))
	}
	fields, err := p.Item(&f.table, s.key(key), want)
	if err != nil {
		return outcome(err)
	}
	return fields.String()
}

// granted lists what grants open of a mailbox.
func (s *script) granted(snap *Snapshot, c *Caller, l line, when time.Time) string {
	p, err := snap.Ask(Question{Caller: c, On: MailboxOf(s.object(l.words[2])), Want: FolderLookup, At: when}, nil)
	if err != nil {
		return outcome(err)
	}
	var all []string
	for _, g := range p.Granted() {
		key := fmt.Sprint(g.Key.Content)
		if g.Key.Day != 0 {
			key += fmt.Sprint("/", g.Key.Day)
		}
		var by []string
		for _, b := range g.By {
			by = append(by, b.ID)
		}
		all = append(all, fmt.Sprintf("%s r=%s w=%s by %s", key, g.Read, g.Write, strings.Join(by, "+")))
	}
	if all == nil {
		return "nothing"
	}
	return strings.Join(all, "; ")
}

// ofAccounts answers the cases that are about accounts and not about a request.
func (s *script) ofAccounts(snap *Snapshot, l line) (string, bool) {
	var words []string
	switch l.words[0] {
	case "effective":
		for _, e := range snap.EffectivePolicy(s.find(l.words[1]).SID) {
			if e.Setting == l.words[2] {
				if e.Origin == "" {
					return "unset", true
				}
				return fmt.Sprintf("%s by %s", e.Value, e.Origin), true
			}
		}
		return "no such setting", true
	case "scopes":
		words = snap.ScopesOver(s.find(l.words[1]).SID)
	case "strict-changes":
		for _, a := range snap.PrecedenceChanges() {
			words = append(words, a.Name)
		}
	default:
		return "", false
	}
	if words == nil {
		return "none", true
	}
	return strings.Join(words, ","), true
}
