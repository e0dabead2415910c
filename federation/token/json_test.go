package token

import (
	"encoding/json"
	"testing"
)

func TestParseObject(t *testing.T) {
	test := func(text string, want bool) {
		t.Helper()
		if _, ok := parseObject([]byte(text)); ok != want {
			t.Errorf("%s: %t", text, ok)
		}
	}
	test(`{}`, true)
	test(" {\n\t\"a\" : [ 1 , -2.5e+3 , true, null, \"x\", {} , [] ] } \r\n", true)
	test(`{"a":1,"A":2}`, true)
	test(`{"a":{"a":1},"b":[{"a":1},{"a":1}]}`, true)
	test(`{"a":[[[[[[[[]]]]]]]]}`, true) // eight within the object
	test(`{"a":[[[[[[[[[]]]]]]]]]}`, false)
	for _, text := range []string{
		``, ` `, `null`, `1`, `"a"`, `[]`, `[{}]`, `{`, `}`, `{}{}`, `{} x`, `{}]`, "{}\v", "{}\f", "{}\u00a0", "\v{}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{,"a":1}`, `{"a":1 "b":2}`, `{"a":1;"b":2}`,
		`{"a" 1}`, `{"a":1]`, `{"a":[1}`, `{"a":[1,]}`, `{"a":[1 2]}`, `{a:1}`, `{'a':1}`, `{1:2}`, `{"a":01}`, `{"a":+1}`, `{"a":.5}`, `{"a":1.}`, `{"a":NaN}`, `{"a":undefined}`,
		`{"a":"` + "\n" + `"}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"` + "\x00" + `"}`, `{"a":/**/1}`, "\ufeff{}", `{"a":1,"a":1}`, `{"a":1,"\u0061":1}`, `{"a":{"b":1,"b":1}}`, `{"a":[{"b":1,"b":1}]}`,
		`{"a":"\udc00"}`, `{"a":"\ud800\ud800"}`, `{"\ud800":1}`, "{\"a\":\"\xc0\x80\"}", "{\"\xff\":1}",
	} {
		test(text, false)
	}
}

func TestSeconds(t *testing.T) {
	for text, want := range map[string]bool{
		`0`: true, `1772442000`: true, `9223372036854775807`: true,
		`9223372036854775808`: false, `-1`: false, `-0`: false, `1.0`: false, `1e3`: false, `1E3`: false, `"1"`: false, `null`: false, `true`: false, `[1]`: false,
	} {
		o, ok := parseObject([]byte(`{"t":` + text + `}`))
		if !ok {
			t.Errorf("%s is not read", text)
		}
		if _, got := o.seconds("t"); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	if _, ok := (object{}).seconds("t"); ok {
		t.Error("nothing is a time")
	}
}

// FuzzParseObject: what is read is valid JSON to encoding/json as well, which
// reads the same members of it.
func FuzzParseObject(f *testing.F) {
	for _, s := range []string{samplePayload, `{}`, `{"a":1,}`, `{"a":[1 2]}`, `{"a":{"a":1}} `, `{"a":"\ud83d\ude00"}`, `{"a":1}{"a":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, ok := parseObject(text)
		if !ok {
			return
		}
		var theirs map[string]json.RawMessage
		if err := json.Unmarshal(text, &theirs); err != nil || len(theirs) != len(o) {
			t.Fatalf("%q has %d members here and %d there: %v", text, len(o), len(theirs), err)
		}
		for name := range o {
			if _, ok := theirs[name]; !ok {
				t.Errorf("%q has no member %q there", text, name)
			}
		}
	})
}
