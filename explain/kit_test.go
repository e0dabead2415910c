package explain

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/ews"
	"entente/ews/ewsserver"
)

// config is what the command line uses, with a time that stands still.
func config() Config {
	return Config{
		Refusal: func(of access.Stage, err error, want, got access.Rights, ofItem bool) (string, int) {
			code, status := ewsserver.Refusal(of, err, want, got, ofItem)
			return string(code), status
		},
		NoError: string(ews.NoError),
		Changes: true,
		Now:     time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
	}
}

// object is a JSON object in the making.
type object map[string]any

// add appends to a list of the object.
func (o object) add(list string, x any) {
	all, _ := o[list].([]any)
	o[list] = append(slices.Clip(all), x)
}

// list returns a list of the object.
func (o object) list(name string) []any {
	all, _ := o[name].([]any)
	return all
}

// ask puts one question by the batch form.
func ask(t testing.TB, c Config, q any) answer {
	t.Helper()
	line, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := Batch(bytes.NewReader(append(line, '\n')), &out, c); err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	return a
}

// TestKit asks every vector of test/kit/access by the batch form.
func TestKit(t *testing.T) {
	files, err := filepath.Glob("../test/kit/access/*.txt")
	if err != nil || len(files) < 20 {
		t.Fatal("vectors are missing:", len(files), err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			facts, cases, other := object{}, 0, 0
			for line := range strings.Lines(string(text)) {
				line, _, _ = strings.Cut(line, "#")
				if line = strings.TrimSpace(line); line == "" {
					continue
				}
				l := parseLine(line)
				if l.want == "" {
					l.fact(t, facts)
					continue
				}
				switch l.words[0] {
				case "asks", "shares", "granted", "effective", "scopes", "strict-changes":
					other++
					continue // tell what there is, and decide nothing
				}
				cases++
				if got := l.asked(t, facts); got != l.want {
					t.Errorf("%s: got %s", line, got)
				}
			}
			if cases+other == 0 {
				t.Error("no cases")
			}
		})
	}
}

// A vector is one line: words, pairs of key and value, and what is expected.
type vector struct {
	words []string
	attrs map[string]string
	order []string // of attrs
	want  string
}

func parseLine(text string) vector {
	l := vector{attrs: map[string]string{}}
	text, l.want, _ = strings.Cut(text, "=>")
	l.want = strings.TrimSpace(l.want)
	quoted := false
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		quoted = quoted != (r == '"')
		return r == ' ' && !quoted
	}) {
		word = strings.ReplaceAll(word, `"`, "")
		if k, v, ok := strings.Cut(word, "="); ok {
			l.attrs[k] = v
			l.order = append(l.order, k)
			continue
		}
		l.words = append(l.words, word)
	}
	return l
}

func (l *vector) has(word string) bool { return slices.Contains(l.words[1:], word) }

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// put copies attributes to keys of an object, where they are there.
func (l *vector) put(o object, pairs ...string) object {
	for i := 0; i < len(pairs); i += 2 {
		if v, ok := l.attrs[pairs[i]]; ok {
			o[pairs[i+1]] = v
		}
	}
	return o
}

func (l *vector) policy(o object) object {
	for k, v := range l.attrs {
		switch {
		case k == "EwsAllowList" || k == "EwsBlockList" || k == "EwsAllowedAppIDs":
			o[k] = list(v)
		case strings.HasPrefix(k, "Ews"):
			o[k] = v
		}
	}
	return o
}

func (l *vector) fact(t *testing.T, q object) {
	name := ""
	if len(l.words) > 1 {
		name = l.words[1]
	}
	switch l.words[0] {
	case "organization":
		q["organization"] = l.put(l.policy(object{}), "precedence", "ews_precedence")
	case "server":
		q.add("servers", name)
	case "database":
		q.add("databases", name)
	case "account":
		a := l.put(l.policy(object{"name": name, "enabled": !l.has("disabled")}), "kind", "kind", "upn", "upn", "mail", "mail", "master", "master", "database", "database", "sharing", "sharing_policy")
		if v, ok := l.attrs["also"]; ok {
			a["proxies"] = list(v)
		}
		if l.has("no-mailbox") {
			a["mailbox"], a["mail"] = false, ""
		}
		attributes := l.put(object{}, "alias", "Alias", "title", "Title", "department", "Department", "company", "Company", "office", "Office",
			"custom1", "CustomAttribute1", "custom15", "CustomAttribute15")
		if len(attributes) > 0 {
			a["attributes"] = attributes
		}
		q.add("accounts", a)
	case "group":
		q.add("groups", l.put(object{"name": name, "members": list(l.attrs["members"])}, "mail", "mail", "linked", "master"))
	case "realm":
		q.add("realms", object{"name": name, "domain_sid": l.attrs["domain"]})
	case "scope":
		q.add("scopes", object{"name": name, "filter": l.attrs["filter"], "exclusive": l.has("exclusive")})
	case "policy":
		priority, err := strconv.Atoi(l.attrs["priority"])
		if err != nil && l.attrs["priority"] != "" {
			t.Fatal(err)
		}
		q.add("policies", l.policy(object{"scope": name, "priority": priority}))
	case "administrator":
		q.add("administrators", name)
	case "permission":
		q.add("permissions", l.put(object{"mailbox": name, "deny": l.has("deny")}, "to", "to", "rights", "rights"))
	case "assignment":
		q.add("assignments", l.put(object{"id": name, "enabled": !l.has("off"), "deny": l.has("deny"), "allow_disabled": l.has("disabled-too")},
			"to", "to", "rights", "rights", "server", "server", "over", "over", "gate", "gate", "from", "not_before", "until", "not_after"))
	case "folder":
		f := object{"name": name, "mailbox": l.attrs["of"]}
		for _, k := range l.order {
			switch {
			case k == "of":
			case k == "class":
				f["class"] = l.attrs[k]
			case strings.Contains(k, "@"):
				f.add("entries", object{"external": k, "rights": l.attrs[k]})
			default:
				f.add("entries", object{"to": k, "rights": l.attrs[k]})
			}
		}
		q.add("folders", f)
	case "relationship":
		r := l.put(object{"name": name, "enabled": !l.has("off"), "domains": list(l.attrs["domains"]), "keys": list(l.attrs["keys"]), "free_busy": l.attrs["free-busy"] != ""},
			"free-busy", "free_busy_level", "organization", "application_uri", "url", "sharing_epr")
		if scope := l.attrs["scope"]; scope != "" {
			r["free_busy_scope"] = scope
			if !slices.ContainsFunc(q.list("groups"), func(g any) bool { return g.(object)["name"] == scope }) {
				r["free_busy_scope"] = "S-1-5-21-9-9-9-9" // there is none of the name
			}
		}
		q.add("relationships", r)
	case "sharing-policy":
		q.add("sharing_policies", object{"name": name, "enabled": !l.has("off"), "default": l.has("default"), "rules": strings.Split(l.attrs["rules"], ";")})
	case "grant":
		g := l.put(object{"id": name, "mailbox": l.attrs["of"], "enabled": !l.has("off")}, "to", "to", "external", "external",
			"read", "read", "write", "write", "earliest", "earliest", "latest", "latest", "from", "not_before", "until", "not_after")
		for _, key := range list(l.attrs["items"]) {
			g.add("items", itemOf(key))
		}
		if v, ok := l.attrs["locations"]; ok {
			g["locations"] = list(v)
		}
		q.add("item_grants", g)
	default:
		t.Fatalf("no way to write %v as JSON", l.words)
	}
}

// itemOf writes NUMBER or NUMBER/yyyymmdd.
func itemOf(key string) any {
	content, day, ok := strings.Cut(key, "/")
	if !ok {
		return content
	}
	return object{"content": content, "day": day}
}

// asked puts the question of a vector and returns what its outcome is called in
// vectors.
func (l *vector) asked(t *testing.T, facts object) string {
	r := l.put(object{"protocol": "none"}, "agent", "user_agent", "when", "time", "app", "application_id", "realm", "realm")
	if v, ok := l.attrs["groups"]; ok {
		r["groups"] = list(v)
	}
	name, as, acts := strings.Cut(l.words[1], "/")
	if r["caller"] = name; acts {
		r["acts_as"] = as
	}
	if strings.Contains(name, "@") {
		delete(r, "caller")
		r["external"] = name
		if offer := l.attrs["offer"]; offer != "" {
			_, domain, _ := strings.Cut(name, "@")
			r["token"] = l.put(object{"organization": "urn:" + domain, "domains": list(l.attrs["domains"]), "mails": append([]string{name}, list(l.attrs["also"])...)},
				"offer", "offer", "organization", "organization", "key", "key")
		}
	}
	q := object{"request": r}
	for k, v := range facts {
		q[k] = v
	}
	switch l.words[0] {
	case "impersonate":
		r["server"] = l.words[2]
		h := object{}
		for _, k := range l.order {
			if slices.Contains([]string{"PrincipalName", "SID", "PrimarySmtpAddress", "SmtpAddress"}, k) {
				h[k] = l.attrs[k]
			}
		}
		r["connecting_sid"] = h
	case "enter":
		r["protocol"] = l.words[2]
	case "reads", "writes":
		folder, item, _ := strings.Cut(l.words[2], ":")
		r["folder"], r["item"], r["right"] = folder, itemOf(item), "ReadItem"
		if l.words[0] == "writes" {
			r["right"] = "EditItem"
		}
		if l.attrs["fields"] != "" {
			r["change"] = l.put(object{}, "fields", "fields", "start", "start", "end", "end", "location", "location")
		}
	case "may", "holds":
		r["right"] = l.words[2]
		on := "mailbox"
		for _, f := range facts.list("folders") {
			if f.(object)["name"] == l.words[3] {
				on = "folder"
			}
		}
		r[on] = l.words[3]
	default:
		t.Fatalf("no way to ask %v in JSON", l.words)
	}
	a := ask(t, config(), q)
	turns(t, q, &a)
	switch {
	case a.Error != "":
		return "error: " + a.Error
	case l.words[0] == "holds":
		return exactly(a.Rights, l.words[2])
	case a.Decision == deny:
		return a.Reason
	case strings.HasSuffix(l.words[0], "s") && l.words[0] != "holds" && l.attrs["fields"] == "":
		return strings.Join(a.Fields, ",")
	case l.words[0] == "impersonate":
		for _, x := range facts.list("accounts") {
			if x := x.(object); x["name"] == a.As && x["upn"] != nil {
				return strings.TrimSuffix(x["upn"].(string), "@contoso.example")
			}
		}
		return a.As
	}
	return "yes"
}

// turns checks that what an answer says would turn it does so, in the question's
// own words.
func turns(t *testing.T, q object, a *answer) {
	t.Helper()
	line, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range a.Changes {
		then, err := json.Marshal(c.Then)
		if err != nil {
			t.Fatal(err)
		}
		changed := object{}
		for _, part := range [][]byte{line, then} {
			if err := json.Unmarshal(part, &changed); err != nil {
				t.Fatal(err)
			}
		}
		changed["changes"] = false
		if b := ask(t, config(), changed); b.Decision == a.Decision || b.Error != "" {
			t.Errorf("%s\n%+v\nthen %s: still %s %s %s", line, c.Pieces, then, b.Decision, b.Reason, b.Error)
		}
	}
}

// exactly tells whether of a folder's rights those are held and no others.
func exactly(held []string, want string) string {
	b := newBuilder(&question{}, rightNames())
	if b.rights(held)&access.FolderRights == b.rights(words(strings.Split(want, "+"))) {
		return "true"
	}
	return "false"
}
