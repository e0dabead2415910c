package message

import (
	"bytes"
	"testing"
)

func TestLines(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		if got := string(Lines([]byte(in))); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	test("", "")
	test("a\r\nb\r\n", "a\r\nb\r\n")
	test("a\nb", "a\r\nb")
	test("a\rb", "a\r\nb")
	test("a\r\r\nb", "a\r\n\r\nb")
	test("a\n\r\n.\n", "a\r\n\r\n.\r\n")
	test("\r", "\r\n")
	test("Subject: x\rBcc: b\n", "Subject: x\r\nBcc: b\r\n")
}

// FuzzLines: no lone carriage return or line feed is left, and doing it again
// changes nothing.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\r\n.\r\n"))
	f.Add([]byte("a\n.\rQUIT\r\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		out := Lines(raw)
		rest := bytes.ReplaceAll(out, []byte("\r\n"), nil)
		if bytes.ContainsAny(rest, "\r\n") {
			t.Errorf("%q is %q", raw, out)
		}
		if again := Lines(out); !bytes.Equal(again, out) {
			t.Errorf("%q, then %q", out, again)
		}
	})
}
