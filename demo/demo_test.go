package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// described runs a deterministic demo up to the description it writes.
func described(t *testing.T) organizationInfo {
	t.Helper()
	file := filepath.Join(t.TempDir(), "demo.json")
	var log bytes.Buffer
	o := Options{Listen: "127.0.0.1:0", State: filepath.Join(t.TempDir(), "state"), Deterministic: true, Describe: file, Out: io.Discard, Log: &log}
	err := Serve(t.Context(), o, func(target Target) error {
		if len(target.Users) != len(people) || target.EWS == "" {
			t.Errorf("%+v", target)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the description has mode %04o", info.Mode().Perm())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d.Organizations[0]
}

// TestDeterministic: two deterministic demos have the same accounts, SIDs and
// passwords.
func TestDeterministic(t *testing.T) {
	a, b := described(t), described(t)
	names := func(o organizationInfo) string {
		text, err := json.Marshal([]any{o.Accounts, o.Services})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if names(a) != names(b) {
		t.Errorf("%s\n%s", names(a), names(b))
	}
	if len(a.Accounts) != len(people)+len(rooms)+2 || len(people) != 25 {
		t.Errorf("%d accounts", len(a.Accounts))
	}
	if len(a.Services) != len(services) || a.Accounts[0].UPN != "anna@contoso.example" || a.Accounts[0].Password == "" {
		t.Errorf("%+v", a)
	}
}

func TestLoopback(t *testing.T) {
	test := func(address string, ok bool) {
		t.Helper()
		if err := loopback(address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	test("127.0.0.1:0", true)
	test("[::1]:8443", true)
	test("0.0.0.0:443", false)
	test(":443", false)
	test("192.0.2.1:443", false)
	test("localhost", false)
}

func TestQuote(t *testing.T) {
	test := func(path, want string) {
		t.Helper()
		if got := quote(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	test("/tmp/demo-1/ca.pem", "/tmp/demo-1/ca.pem")
	test("/home/it's mine/ca.pem", `'/home/it'\''s mine/ca.pem'`)
	test("$HOME", "'$HOME'")
	test("", "''")
}

// TestGivenUp: a demo that is told to end before it is ready leaves no error
// behind but that, and no temporary folder.
func TestGivenUp(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, Options{Listen: "127.0.0.1:0", Out: io.Discard, Log: io.Discard}); err == nil {
		t.Error("it runs")
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
