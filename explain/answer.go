package explain

import (
	"encoding/json"
	"strconv"
	"strings"

	"entente"
	"entente/access"
)

// An answer is one line of what is said to questions.
type answer struct {
	Line     int             `json:"line"`
	ID       json.RawMessage `json:"id,omitempty"`
	Error    string          `json:"error,omitempty"`
	Decision string          `json:"decision,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Code     string          `json:"code,omitempty"`
	Status   int             `json:"status,omitempty"`
	Stage    access.Stage    `json:"stage,omitempty"` // which refused
	Message  string          `json:"message,omitempty"`
	Stages   *stages         `json:"stages,omitempty"`
	As       string          `json:"as,omitempty"`
	AsSID    entente.SID     `json:"as_sid,omitempty"`
	Rights   []string        `json:"rights,omitempty"`
	Fields   []string        `json:"fields,omitempty"`
	Steps    []step          `json:"steps,omitempty"`
	// Changes are sets of changes, each of which turns the answer, and no part of
	// which does. Unturned says up to how many pieces were tried in vain.
	Changes  []turn `json:"changes,omitempty"`
	Unturned int    `json:"unturned,omitempty"`
}

// A turn is a set of changes, and what it makes of the question.
type turn struct {
	Pieces []piece `json:"pieces"`
	Then   then    `json:"then"`
}

// A piece is one change of a fact.
type piece struct {
	Does    string `json:"does"`
	Command string `json:"command,omitempty"`
}

// stages say of each stage allow, deny, or not-asked.
type stages struct {
	Impersonation string `json:"impersonation"`
	Gate          string `json:"gate"`
	Mailbox       string `json:"mailbox"`
	Folder        string `json:"folder"`
	Item          string `json:"item"`
}

// A step is one rule that was looked at, with the fact it was applied to.
type step struct {
	Stage  access.Stage `json:"stage"`
	Rule   string       `json:"rule"`
	Fact   string       `json:"fact,omitempty"`
	Name   string       `json:"name,omitempty"`   // of the account or group, if the fact is its SID
	Origin string       `json:"origin,omitempty"` // where in the question the fact is
	Holds  bool         `json:"holds"`
	Needed bool         `json:"needed,omitempty"`
	Gives  []string     `json:"gives,omitempty"`
}

const (
	allow    = "allow"
	deny     = "deny"
	notAsked = "not-asked"
)

// answer asks the engine.
func (c *Config) answer(b *builder, x access.Supposition) *answer {
	s := access.Compile(b.facts)
	r := s.Suppose(x)
	a := &answer{
		ID: b.q.ID, Decision: allow, Code: c.NoError, Status: 200,
		Stages: &stages{notAsked, notAsked, notAsked, notAsked, notAsked},
		As:     b.named(r.As.SID), AsSID: r.As.SID, Rights: split(r.Got().String()), Fields: split(r.Fields.String()),
	}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		*a.Stages.of(o.Stage) = allow
		if o.Err != nil {
			*a.Stages.of(o.Stage) = deny
		}
		for j := range o.Decisions {
			for _, st := range o.Decisions[j].Steps() {
				a.Steps = append(a.Steps, b.step(&x, o.Stage, st))
			}
		}
	}
	if err := r.Err(); err != nil {
		op, _ := operationOf(b.q.Request.Operation)
		a.Decision, a.Reason, a.Message = deny, string(r.Reason()), text(err)
		a.Stage = r.Outcomes[len(r.Outcomes)-1].Stage
		a.Code, a.Status = c.Refusal(a.Stage, err, x.Want, r.Got(), op.ofItem)
	}
	if b.q.Changes == nil && c.Changes || b.q.Changes != nil && *b.q.Changes {
		a.turned(b, x)
	}
	return a
}

func (a *answer) turned(b *builder, x access.Supposition) {
	t := access.Turn(b.facts, x)
	for _, set := range t.Sets {
		change := turn{Then: b.then(x, set)}
		for _, c := range set {
			p := piece{Does: c.Does}
			if p.Command = c.Command; p.Command != "" {
				p.Command = "entente " + p.Command
			}
			change.Pieces = append(change.Pieces, p)
		}
		a.Changes = append(a.Changes, change)
	}
	if len(t.Sets) == 0 {
		a.Unturned = t.Size
	}
}

func (s *stages) of(stage access.Stage) *string {
	switch stage {
	case access.StageImpersonation:
		return &s.Impersonation
	case access.StageGate:
		return &s.Gate
	case access.StageFolder:
		return &s.Folder
	case access.StageItem:
		return &s.Item
	}
	return &s.Mailbox
}

func split(names string) []string {
	if names == "" || names == "None" {
		return nil
	}
	return strings.Split(names, ",")
}

func (b *builder) step(x *access.Supposition, stage access.Stage, s access.Step) step {
	out := step{
		Stage: stage, Rule: s.Rule, Fact: s.Fact, Name: b.names[entente.SID(s.Fact)], Origin: b.origin(x, &s),
		Holds: s.Holds, Needed: s.Needed,
	}
	if s.Holds {
		out.Gives = split(s.Gives.String())
	}
	return out
}

// named is how a SID is shown: by the name it was declared under.
func (b *builder) named(sid entente.SID) string {
	if name := b.names[sid]; name != "" {
		return name
	}
	return string(sid)
}

// origin says where in the question the fact of a step is.
func (b *builder) origin(x *access.Supposition, s *access.Step) string {
	at := func(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
	switch s.Rule {
	case "impersonation-at-server", "may-impersonate", "acts-as", "gate-bypassed":
		for i := range b.facts.Assignments {
			if b.facts.Assignments[i].ID == s.Fact {
				return at("assignments", i)
			}
		}
	case "item-grant":
		for i := range b.facts.ItemGrants {
			if b.facts.ItemGrants[i].ID == s.Fact {
				return at("item_grants", i)
			}
		}
	case "mailbox-permission", "mailbox-denied":
		for i, p := range b.facts.Permissions {
			if p.Mailbox == x.Mailbox && string(p.To) == s.Fact && p.Deny == (s.Rule == "mailbox-denied") {
				return at("permissions", i)
			}
		}
	case "relationship", "relationship-enabled", "relationship-free-busy", "sharing-policy":
		return b.relation(s, at)
	case "folder-entry", "folder-groups", "folder-default", "folder-anonymous", "folder-external", "folder-shared":
		if x.Folder == nil || !s.Holds {
			return ""
		}
		for i, e := range x.Folder.Entries {
			if e.Who == access.Named && string(e.SID) == s.Fact || e.Who == access.Default && s.Fact == "Default" || e.Who == access.Anonymous && s.Fact == "Anonymous" || e.Who == access.ExternalUser && string(e.External) == s.Fact {
				return at("folders", int(x.Folder.Folder)-1) + at(".entries", i)
			}
		}
	case "ews-enabled", "ews-application":
		if level, _, ok := strings.Cut(s.Fact, ":"); ok {
			return level
		}
	}
	return ""
}
