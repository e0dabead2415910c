package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"entente/admin/adminclient"
	"entente/admin/cmdlet"
)

// defaultSocket is where a server's admin socket is unless --admin says
// otherwise.
const defaultSocket = "/var/lib/entente/admin.sock"

// shellCommand splits a command line that begins with the name of a cmdlet,
// such as Set-CASMailbox, from our own flags before it and --json anywhere.
func shellCommand(args []string) (socket string, asJSON bool, rest []string, ok bool) {
	socket = os.Getenv("ENTENTE_ADMIN")
	if socket == "" {
		socket = defaultSocket
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "--admin") {
		if text, found := strings.CutPrefix(args[0], "--admin="); found {
			socket, args = text, args[1:]
			continue
		}
		if len(args) < 2 || args[0] != "--admin" {
			return "", false, nil, false
		}
		socket, args = args[1], args[2:]
	}
	if len(args) == 0 || !cmdlet.Is(args[0]) {
		return "", false, nil, false
	}
	rest = slices.DeleteFunc(slices.Clone(args), func(s string) bool { return s == "--json" })
	return socket, len(rest) < len(args), rest, true
}

// runShell carries out a cmdlet of the Exchange Management Shell.
func runShell(t *terminal, socket string, asJSON bool, args []string) error {
	answer, err := cmdlet.Run(t.ctx, adminclient.New(socket), args)
	if err != nil || answer == nil || reflect.ValueOf(answer).IsZero() {
		return err
	}
	if asJSON {
		e := json.NewEncoder(t.out)
		e.SetIndent("", "  ")
		return e.Encode(answer)
	}
	if v := reflect.ValueOf(answer); v.Kind() == reflect.Slice && v.Len() == 0 {
		return nil // as the shell does
	}
	return show(t.out, answer)
}

// writeCmdlets prints the table of cmdlets as a document.
func writeCmdlets(t *terminal) error {
	_, err := fmt.Fprint(t.out, cmdlet.Markdown())
	return err
}
