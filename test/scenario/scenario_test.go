// Package scenario tells whole stories on the real program: one text file a
// story, in which an administrator types and an application asks.
//
// What a story may use beside the program itself: await, which waits until a
// server answers at its admin socket; capture, which keeps a part of the last
// output in a variable; ask, which sends an EWS request with curl; until, which
// asks or runs something again until the answer comes; fill, which fills
// variables into a file; curl itself, if the machine has it.
//
// The stories sc1 to sc5 are the scenarios of acting for others. They are told
// on SQLite and on PostgreSQL: $DATABASE and $MAIL in their configuration and
// commands are two empty databases.
package scenario

import (
	"context"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/db/dbtest"

	"github.com/rogpeppe/go-internal/testscript"
)

const (
	buildLimit = 5 * time.Minute
	readyLimit = time.Minute // on a busy machine; it is a matter of milliseconds
	storyLimit = 3 * time.Minute
)

var update = flag.Bool("update", false, "write what commands print into the stories")

func TestStories(t *testing.T) {
	bin := build(t)
	all, err := filepath.Glob("*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tell(t, bin, slices.DeleteFunc(all, scenario), func(tb testing.TB) string { return "" })
}

// scenario reports whether a story is one of those told on both databases.
func scenario(file string) bool { return strings.HasPrefix(file, "sc") }

// TestScenarios tells the five scenarios of acting for others.
func TestScenarios(t *testing.T) {
	bin := build(t)
	all, err := filepath.Glob("sc*.txtar")
	if err != nil || len(all) == 0 {
		t.Fatal("there are no scenarios", err)
	}
	t.Run("sqlite", func(t *testing.T) { tell(t, bin, all, func(testing.TB) string { return "" }) })
	t.Run("postgres", func(t *testing.T) { tell(t, bin, all, dbtest.PostgresURL) })
}

// tell runs stories. database makes an empty one; "" leaves it to the story's
// SQLite files.
func tell(t *testing.T, bin string, files []string, database func(testing.TB) string) {
	testscript.Run(t, testscript.Params{
		Files:         files,
		Deadline:      time.Now().Add(storyLimit),
		UpdateScripts: *update,
		Setup:         func(e *testscript.Env) error { return setup(e, bin, func() string { return database(t) }) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":   await,
			"capture": capture,
			"ask":     ask,
			"until":   until,
			"fill":    fill,
		},
	})
}

// build makes the program as a user would.
func build(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), buildLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(folder, "entente"), "entente/cmd/entente")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return folder
}

// setup gives each story the program, a port, two databases, and a folder short
// enough for a socket's name (108 bytes).
func setup(e *testscript.Env, bin string, database func() string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	for _, name := range [...]string{"DATABASE", "MAIL", "DATABASE2", "MAIL2"} {
		url := database()
		if url == "" {
			url = "sqlite:" + strings.ToLower(name) + ".db"
		}
		e.Setenv(name, url)
	}
	sockets, err := os.MkdirTemp("", "entente")
	if err != nil {
		return err
	}
	e.Defer(func() { _ = os.RemoveAll(sockets) })
	e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
	e.Setenv("PORT", port)
	e.Setenv("SOCKET", filepath.Join(sockets, "admin.sock"))
	// For stories of two servers, and for one of these to meet the other.
	e.Setenv("SOCKET2", filepath.Join(sockets, "second.sock"))
	for _, name := range [...]string{"PORT2", "PORT3"} {
		if port, err = freePort(); err != nil {
			return err
		}
		e.Setenv(name, port)
	}
	e.Setenv("TOMORROW", time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly))
	return expandFiles(e)
}

// expandFiles fills in $PORT, $WORK, $SOCKET and $DATABASE in configuration
// files.
func expandFiles(e *testscript.Env) error {
	files, err := filepath.Glob(filepath.Join(e.WorkDir, "*.yaml"))
	if err != nil {
		return err
	}
	r := strings.NewReplacer("$PORT2", e.Getenv("PORT2"), "$PORT3", e.Getenv("PORT3"), "$SOCKET2", e.Getenv("SOCKET2"),
		"$PORT", e.Getenv("PORT"), "$WORK", e.WorkDir, "$SOCKET", e.Getenv("SOCKET"),
		"$DATABASE2", e.Getenv("DATABASE2"), "$DATABASE", e.Getenv("DATABASE"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(f, []byte(r.Replace(string(text))), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if e := l.Close(); err == nil {
		err = e
	}
	return port, err
}

// await SOCKET waits until a server answers there.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await SOCKET")
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyLimit)
	defer cancel()
	for {
		if err := ts.Exec("entente", "--admin", args[0], "organization", "show"); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("no server answers at %s", args[0])
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// capture NAME PATTERN keeps the first group of PATTERN, as found in the last
// command's output, in $NAME.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("%s is not in the output", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// ask USER BODY [KIND=NAME] [-H HEADER …] sends an EWS request with curl, in the
// name of a user whose password is $PASSWORD. BODY is a file with the element in
// the envelope's Body, in which variables are filled in. KIND=NAME is a child of
// ConnectingSID: PrincipalName, SID, PrimarySmtpAddress or SmtpAddress. The
// output begins with the status line and headers. The server is that of $SERVER,
// $PORT and $STATE, or else the story's only one. With the user "bearer" $TOKEN is
// what signs in.
func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: ask USER BODY [KIND=NAME] [-H HEADER …]")
	}
	header, more := "", args[2:]
	if len(more) > 0 && more[0] != "-H" {
		kind, name, _ := strings.Cut(more[0], "=")
		header = "<s:Header><t:ExchangeImpersonation><t:ConnectingSID><t:" + kind + ">" + name + "</t:" + kind +
			"></t:ConnectingSID></t:ExchangeImpersonation></s:Header>"
		more = more[1:]
	}
	body := os.Expand(ts.ReadFile(args[1]), ts.Getenv)
	envelope := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"` +
		` xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">` +
		header + "<s:Body>" + body + "</s:Body></s:Envelope>"
	server := ts.Getenv("SERVER")
	if server == "" {
		server = "mail.contoso.example"
	}
	state := ts.Getenv("STATE")
	if state == "" {
		state = "state"
	}
	signIn := []string{"-u", args[0] + ":" + ts.Getenv("PASSWORD")}
	if args[0] == "bearer" {
		signIn = []string{"-H", "Authorization: Bearer " + ts.Getenv("TOKEN")}
	}
	port := ts.Getenv("PORT")
	ts.Check(ts.Exec("curl", append([]string{
		"-sS", "-i", "--http1.1", "--cacert", ts.MkAbs(state + "/ca.pem"), "--resolve", server + ":" + port + ":127.0.0.1",
		"-H", "Content-Type: text/xml", "-d", envelope, "https://" + server + ":" + port + "/EWS/Exchange.asmx",
	}, append(signIn, more...)...)...))
}

// until PATTERN PROGRAM [ARGUMENT …] runs a program, or ask, again and again
// until its output matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN PROGRAM [ARGUMENT …]")
	}
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), readyLimit)
	defer cancel()
	for {
		if args[1] == "ask" {
			ask(ts, false, args[2:])
		} else {
			ts.Check(ts.Exec(args[1], args[2:]...))
		}
		if re.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("the output does not come to match %s", args[0])
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// fill FILE … fills in the variables that are known by now.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: fill FILE …")
	}
	for _, f := range args {
		text := os.Expand(ts.ReadFile(f), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(f), []byte(text), 0o600))
	}
}
