package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDoc answers every line of doc/explain-batch.md, whose comments say what
// the answer is, and makes the changes that the answers name.
func TestDoc(t *testing.T) {
	page, err := os.ReadFile("../doc/explain-batch.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "{") {
			continue
		}
		n++
		var out bytes.Buffer
		if _, err := Batch(strings.NewReader(line), &out, config()); err != nil {
			t.Fatal(err)
		}
		var a answer
		q := object{}
		if err := json.Unmarshal(out.Bytes(), &a); err != nil || a.Error != "" {
			t.Fatalf("%s%v %s", line, err, a.Error)
		}
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		stage := string(a.Stage)
		if stage == "" {
			stage = "-"
		}
		if got := fmt.Sprintf("%s %s %s %d", a.Decision, stage, a.Code, a.Status); got != q["comment"] {
			t.Errorf("%sis answered %s (%s)", line, got, a.Reason)
		}
		if len(a.Changes) == 0 {
			t.Errorf("%snothing turns it", line)
		}
		turns(t, q, &a)
	}
	if n < 20 {
		t.Error("lines:", n)
	}
}
