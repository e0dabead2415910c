package scenario

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTrials runs the commands that the demo prints, as it prints them.
func TestTrials(t *testing.T) {
	bin := build(t)
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	defer cancel()
	demo := exec.CommandContext(ctx, filepath.Join(bin, "entente"), "demo", "--state", filepath.Join(t.TempDir(), "it's here"))
	demo.Cancel = func() error { return demo.Process.Signal(os.Interrupt) }
	demo.WaitDelay = readyLimit
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = demo.Process.Signal(os.Interrupt)
		if err := demo.Wait(); err != nil {
			t.Errorf("the demo ended: %v", err)
		}
	}()
	var text strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "Control-C") {
			break
		}
	}
	commands := trials(text.String())
	test := func(what, want string, needs ...string) {
		t.Helper()
		command, ok := commands[what]
		if !ok {
			t.Fatalf("%q is not printed:\n%s", what, text.String())
		}
		delete(commands, what)
		for _, program := range needs {
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is not installed", program)
			}
		}
		run(t, ctx, command, want)
	}
	test("who may act as anna, with entente itself", "group crm-users@contoso.example")
	test("what a phone of anna's shows, with entente itself (--wait 10m then waits for a push)", "Management stand-up")
	test("a mail to anna from another organization, with curl", "sent", "curl")
	test("the inbox, with curl", "<t:DisplayName>Inbox</t:DisplayName>", "curl")
	if len(commands) != 1 {
		t.Errorf("there are commands that nobody tests: %v", commands)
	}
	if err := exec.CommandContext(ctx, "/usr/bin/python3", "-c", "import exchangelib").Run(); err != nil {
		t.Skip("exchangelib is not installed for /usr/bin/python3")
	}
	test("the next meetings of anna as the CRM, with exchangelib", "Management stand-up")
}

// trials are the commands by what is printed above each.
func trials(text string) map[string]string {
	_, text, _ = strings.Cut(text, "\nTry:\n")
	text, _, _ = strings.Cut(text, "\nControl-C")
	all := map[string]string{}
	for _, paragraph := range strings.Split(text, "\n# ")[1:] {
		what, command, _ := strings.Cut(paragraph, "\n")
		all[what] = command
	}
	return all
}

func run(t *testing.T, ctx context.Context, command, want string) {
	t.Helper()
	sh := exec.CommandContext(ctx, "sh", "-c", command)
	sh.WaitDelay = time.Second
	out, err := sh.CombinedOutput()
	if err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%s\n%v\n%s", command, err, out)
	}
}
