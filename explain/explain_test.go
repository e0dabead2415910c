package explain

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

func batch(t testing.TB, in string) (string, Report) {
	t.Helper()
	var out bytes.Buffer
	r, err := Batch(strings.NewReader(in), &out, config())
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), r
}

// TestNoQuestion: a line that is no question is answered by what is wrong with
// it, and the next one goes on.
func TestNoQuestion(t *testing.T) {
	const good = `{"accounts":[{"name":"anna"}],"request":{"caller":"anna"}}`
	test := func(line, want string) {
		t.Helper()
		out, r := batch(t, line+"\n"+good+"\n\n")
		answers := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		if len(answers) != 2 || r != (Report{Lines: 2, Errors: 1}) {
			t.Fatalf("%.80s: %+v, %s", line, r, out)
		}
		if !strings.HasPrefix(answers[0], `{"line":1,`) || !strings.Contains(answers[0], `"error":"`) || !strings.Contains(answers[0], want) {
			t.Errorf("%.80s: %s", line, answers[0])
		}
		if !strings.HasPrefix(answers[1], `{"line":2,"decision":"allow"`) {
			t.Errorf("after %.80s: %s", line, answers[1])
		}
	}
	test(`{`, "not JSON")
	test(`null`, "no JSON object")
	test(`[{}]`, "no JSON object")
	test(`"x"`, "no JSON object")
	test(good+good, "after the object")
	test(`{}`, "no request")
	test(`{"request":{"caller":"anna"},"acounts":[]}`, "acounts")
	test(`{"request":{"caller":"anna","colour":"red"}}`, "colour")
	test(`{"request":{},"request":{"caller":"anna"}}`, "twice")
	test(`{"request":{"caller":"anna","Caller":"ben"}}`, "twice")
	test(`{"request":{"caller":7}}`, "not understood")
	test(`{"id":9,"request":{"right":"Burn"}}`, `"id":9,`)
	test(`{"request":{"right":"Burn"}}`, "no right")
	test(`{"request":{"operation":"BurnItem"}}`, "not known")
	test(`{"request":{"method":"guess"}}`, "guess")
	test(`{"request":{"time":"noon"}}`, "no time")
	test(`{"request":{"folder":"cal"}}`, "no folder")
	test(`{"request":{"item":{"content":1,"day":"someday"}}}`, "no day")
	test(`{"request":{"item":{"content":1,"dy":1}}}`, "dy")
	test(`{"organization":{"EwsEnabled":"perhaps"},"request":{}}`, "true, false or null")
	test(`{"organization":{"ews_precedence":"lax"},"request":{}}`, "lax")
	test(`{"organization":{"EwsApplicationAccessPolicy":"Allow"},"request":{}}`, "Allow")
	test(`{"accounts":[{"name":"a"},{"name":"A"}],"request":{}}`, "declared twice")
	test(`{"accounts":[{"name":""}],"request":{}}`, "needs a name")
	test(`{"accounts":[{"name":"a","sid":"S-1-5-21-1-1-1-1"},{"name":"b","sid":"S-1-5-21-1-1-1-1"}],"request":{}}`, "same SID")
	test(`{"accounts":[{"name":"a","kind":"robot"}],"request":{}}`, "robot")
	test(`{"accounts":[{"name":"a","attributes":{"Colour":"red"}}],"request":{}}`, "Colour")
	test(`{"groups":[{"name":"g","members":["nobody"]}],"request":{}}`, "no account or group")
	test(`{"permissions":[{"mailbox":"a","to":"b","rights":"FullAccess"}],"request":{}}`, "no mailbox")
	test(`{"accounts":[{"name":"a"}],"assignments":[{"to":"a","over":"everybody"}],"request":{}}`, "everybody")
	test(`{"accounts":[{"name":"a"}],"assignments":[{"to":"a","gate":"open"}],"request":{}}`, "open")
	test(`{"accounts":[{"name":"a"}],"item_grants":[{"mailbox":"a","to":"a","items":[1],"read":"Colour"}],"request":{}}`, "Colour")
	test(`{"accounts":[{"name":"a"},{"name":"b"}],"folders":[{"name":"f","mailbox":"a"},{"name":"f","mailbox":"b"}],"request":{"caller":"a","folder":"f"}}`, "several")
	test(`{"request":{"user_agent":"`+strings.Repeat("x", maxAgent+1)+`"}}`, "user_agent")
	test(`{"organization":{"EwsAllowList":["`+strings.Repeat("*", maxPattern+1)+`"]},"request":{}}`, "bytes")
	test(`{"x":`+strings.Repeat("[", maxDepth+1)+strings.Repeat("]", maxDepth+1)+`}`, "nested")
	test(strings.Repeat(" ", MaxLine)+`{"request":{}}`, "too long")
}

// TestLastLine: the last line need not end, and nothing is nothing.
func TestLastLine(t *testing.T) {
	if out, r := batch(t, `{"request":{"caller":"x"}}`); r.Lines != 1 || strings.Count(out, "\n") != 1 {
		t.Errorf("%+v, %q", r, out)
	}
	if out, r := batch(t, ""); out != "" || r.Lines != 0 {
		t.Errorf("%+v, %q", r, out)
	}
}

// TestRepeatable: a question has one answer, byte for byte.
func TestRepeatable(t *testing.T) {
	q := `{"accounts":[{"name":"anna","attributes":{"Title":"x","Office":"y","Company":"z"}},{"name":"ben"}],` +
		`"request":{"caller":"ben","mailbox":"anna","right":"FullAccess"}}` + "\n"
	first, _ := batch(t, q)
	for range 20 {
		if again, _ := batch(t, q); again != first {
			t.Fatalf("%s\n%s", first, again)
		}
	}
}

// FuzzBatch looks for lines that are not answered by exactly one line of JSON,
// the same one each time.
func FuzzBatch(f *testing.F) {
	f.Add(`{"accounts":[{"name":"anna"}],"request":{"caller":"anna"}}`)
	f.Add(`{"accounts":[{"name":"anna","EwsEnabled":null},{"name":"p"}],"assignments":[{"to":"p","over":"all"}],"request":{"caller":"p","connecting_sid":{"SID":"anna"},"operation":"GetFolder"}}`)
	f.Add(`{"accounts":[{"name":"a"},{"name":"b"}],"folders":[{"name":"f","mailbox":"a","entries":[{"to":"b","rights":["Reviewer",64]}]}],"request":{"caller":"b","folder":"f","item":{"content":"x","day":"2026-03-02"},"change":{"fields":"All"},"operation":"UpdateItem"}}`)
	f.Add(`{"accounts":[{"name":"a"}],"item_grants":[{"mailbox":"a","external":"x@fabrikam.example","items":[{"content":1,"day":20260302}],"read":"Subject"}],"request":{"external":"x@fabrikam.example","mailbox":"a","item":1}}`)
	f.Add(`{"scopes":[{"name":"s","filter":"Title -eq 'x'","exclusive":true}],"policies":[{"scope":"s","EwsEnabled":false}],"realms":[{"name":"R","domain_sid":"S-1-5-21-1-1-1"}],"groups":[{"name":"g","members":["g"],"master":"S-1-5-21-1-1-1-9"}],"administrators":["g"],"request":{"caller":"S-1-5-21-1-1-1-7"}}`)
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) > 8<<10 {
			return
		}
		line = strings.NewReplacer("\n", " ").Replace(line)
		out, r := batch(t, line)
		if r.Lines > 1 || strings.Count(out, "\n") != r.Lines {
			t.Fatalf("%+v: %q", r, out)
		}
		if again, _ := batch(t, line); again != out {
			t.Fatalf("%s\n%s", out, again)
		}
	})
}

// BenchmarkBatch is a line of a small organization, refused and allowed.
func BenchmarkBatch(b *testing.B) {
	const facts = `{"accounts":[{"name":"anna"},{"name":"ben"},{"name":"portal"}],"groups":[{"name":"staff","members":["anna","ben"]}],` +
		`"assignments":[{"id":"p","to":"portal","over":"group:staff"}],"folders":[{"name":"cal","mailbox":"anna","entries":[{"to":"staff","rights":"Reviewer"}]}],"request":`
	for _, changes := range []bool{false, true} {
		for name, request := range map[string]string{
			"allowed": `{"caller":"portal","connecting_sid":{"SID":"anna"},"operation":"FindItem","folder":"cal"}}`,
			"refused": `{"caller":"ben","operation":"CreateItem","folder":"cal"}}`,
		} {
			b.Run(fmt.Sprintf("%s/changes=%v", name, changes), func(b *testing.B) {
				lines := strings.Repeat(facts+request+"\n", 100)
				c := config()
				c.Changes = changes
				b.SetBytes(int64(len(lines)))
				for b.Loop() {
					if _, err := Batch(strings.NewReader(lines), io.Discard, c); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
			})
		}
	}
}
