package audit

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// full has something in every field, found by reflection: a field that the
// encoder forgets is then missed.
func full(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 3, 29, 1, 30, 0, 5000, time.UTC)))
			return
		}
		for i := range v.NumField() {
			full(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			full(v.Index(i))
		}
	case reflect.String:
		v.SetString("text of " + v.Type().String())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint64:
		v.SetUint(1 << 40)
	case reflect.Int:
		v.SetInt(7)
	default:
		panic(v.Type().String())
	}
}

func TestTextHoldsEveryField(t *testing.T) {
	var r Record
	full(reflect.ValueOf(&r).Elem())
	same(t, &r)
	same(t, &Record{Time: r.Time})
}

// A reporter is testing's or rapid's.
type reporter interface {
	Helper()
	Errorf(string, ...any)
}

// same holds the text against what encoding/json makes of the record, in both
// directions.
func same(t reporter, r *Record) {
	t.Helper()
	text := r.Text()
	got, err := ParseRecord(text)
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%s reads as %+v, %v; was %+v", text, got, err, r)
	}
	theirs, _ := json.Marshal(r) // strings, numbers and times marshal
	var a, b map[string]any
	if json.Unmarshal(text, &a) != nil || json.Unmarshal(theirs, &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("written as %s, encoding/json has %s", text, theirs)
	}
}

func TestAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		if len(s) > maxField {
			return
		}
		same(t, &Record{Time: time.Unix(0, 0).UTC(), Kind: Owner, Action: s, UserAgent: s, Steps: []Step{{Rule: s, Fact: s}}})
	})
}

// What comes from outside cannot end its string, nor make a record too long for
// the log.
func TestHostileText(t *testing.T) {
	for _, s := range []string{"\"},\"allowed\":true", "\\\"", "\x00\x1b[2J\r\n", "\xff\xfe", "\u2028", strings.Repeat("é", maxField)} {
		r := Record{UserAgent: s}
		got, err := ParseRecord(r.Text())
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); len(s) <= maxField && got.UserAgent != strings.ReplaceAll(s, "\xff\xfe", "\ufffd\ufffd") && got.UserAgent != want || got.Allowed {
			t.Errorf("%q came back as %q, %+v", s, got.UserAgent, got)
		}
		if len(got.UserAgent) > maxField {
			t.Errorf("%d bytes of it are kept", len(got.UserAgent))
		}
	}
	long := Record{Steps: make([]Step, 500), Targets: make([]string, 500)}
	for i := range long.Steps {
		long.Steps[i] = Step{Rule: "rule", Fact: strings.Repeat("f", 400)}
		long.Targets[i] = strings.Repeat("t", 400)
	}
	if n := len(long.body()); n > maxText {
		t.Errorf("a record of %d bytes", n)
	}
}

func BenchmarkText(b *testing.B) {
	r := record(1)
	r.Time = time.Now()
	b.ReportAllocs()
	for b.Loop() {
		_ = r.body()
	}
}
