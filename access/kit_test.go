package access

import (
	"os"
	"path/filepath"
	"testing"
)

// TestKit runs the vectors that any implementation can be tested by.
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
			s := readScript(t, string(text))
			snap := Compile(s.facts)
			if len(s.cases) == 0 {
				t.Error("no cases")
			}
			for _, l := range s.cases {
				got, decisions := s.run(snap, l)
				if got != l.want {
					t.Errorf("line %d: %s: got %s", l.n, l.text, got)
				}
				for i := range decisions {
					replay(t, &decisions[i])
				}
			}
		})
	}
}

// replay checks that the steps say all there is to a decision: the answer can
// be found again from them alone.
func replay(t testing.TB, d *Decision) {
	t.Helper()
	var got Rights
	needed := true
	for _, s := range d.Steps() {
		if s.Holds {
			got |= s.Gives
		} else if s.Needed {
			needed = false
		}
	}
	if !needed {
		got = 0
	}
	if d.Got != got || d.Allowed() != (d.Want != 0 && got.Has(d.Want)) {
		t.Errorf("the steps do not explain the decision: %+v", d)
	}
	if d.Allowed() != (d.Reason() == "") {
		t.Errorf("allowed %v for the reason %q", d.Allowed(), d.Reason())
	}
	if len(d.Steps()) >= maxSteps {
		t.Errorf("a decision has %d steps, and there may be more", len(d.Steps()))
	}
}
