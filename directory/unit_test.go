package directory

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A unitTable says how statements name the rows of a kind of unit.
type unitTable struct{ table, where, insert string }

// unitTables are by the function that makes the unit. Every table that
// decisions rest on is among them.
var unitTables = map[string]unitTable{
	"theOrganization":   {"organization", "WHERE id = $1", ""},
	"domainUnit":        {"domain", "WHERE name = $1", "(name, "},
	"accountUnit":       {"account", "WHERE sid = $1", "(sid, "},
	"addressUnit":       {"address", "WHERE sid = $1", "(sid, "},
	"groupUnit":         {"group", "WHERE sid = $1", "(sid, "},
	"memberUnit":        {"member", "WHERE group_sid = $1 AND member_sid = $2", "(group_sid, member_sid)"},
	"serverUnit":        {"server", "WHERE name = $1", "(name, "},
	"databaseUnit":      {"database", "WHERE name = $1", "(name, "},
	"placeUnit":         {"place", "WHERE name = $1", "(name, "},
	"virtualUnit":       {"virtual_directory", "WHERE name = $1", "(name, "},
	"permissionUnit":    {"permission", "WHERE mailbox_id = $1", "(mailbox_id, "},
	"assignmentUnit":    {"assignment", "WHERE id = $1", "(id, "},
	"administratorUnit": {"administrator", "WHERE sid = $1", "(sid)"},
	"tokenUnit":         {"token", "WHERE id = $1", "(id, "},
	"scopeUnit":         {"scope", "WHERE name = $1", "(name, "},
	"policyUnit":        {"scope_policy", "WHERE scope = $1", "(scope, "},
	"itemGrantUnit":     {"item_grant", "WHERE id = $1", "(id, "},
	"realmUnit":         {"realm", "WHERE name = $1", "(name, "},
	"relationshipUnit":  {"relationship", "WHERE name = $1", "(name, "},
	"sharingUnit":       {"sharing_policy", "WHERE name = $1", "(name, "},
	"sharedUnit":        {"sharing_assignment", "WHERE sid = $1", "(sid, "},
	"identityUnit":      {"identity", "WHERE sid = $1", "(sid, "},
	"deviceOrgUnit":     {"device_organization", "WHERE name = $1", "(name, "},
	"deviceRuleUnit":    {"device_rule", "WHERE name = $1", "(name, "},
	"mobilePolicyUnit":  {"mobile_policy", "WHERE name = $1", "(name, "},
	"deviceUnit":        {"device_setting", "WHERE sid = $1", "(sid, "},
}

// besides are statements that change nothing a decision rests on, by how they
// begin.
var besides = []string{
	"INSERT INTO directory_organization", // that there is one; found marks it itself
	"UPDATE directory_organization SET generation = generation + 1",
	"UPDATE directory_organization SET next_rid",
	"INSERT INTO directory_key", "DELETE FROM directory_key",
	"INSERT INTO directory_media", "DELETE FROM directory_media",
	"INSERT INTO directory_node", "UPDATE directory_node", "DELETE FROM directory_node",
	"INSERT INTO directory_log", "DELETE FROM directory_log",
	"INSERT INTO directory_seal",
	"SAVEPOINT import_record", "ROLLBACK TO SAVEPOINT import_record", "RELEASE SAVEPOINT import_record",
}

var (
	changes = regexp.MustCompile(`(?i)^\s*(INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE|WITH|ALTER|DROP|CREATE|SAVEPOINT|ROLLBACK|RELEASE)\b`)
	target  = regexp.MustCompile(`^(?:INSERT INTO|UPDATE|DELETE FROM) directory_([a-z_]+)`)
)

// TestEveryWriteIsToAUnit reads the code of the room: every statement that
// changes rows goes through write, is on the table of its unit, and is confined
// to the rows that the unit's key names. One that is not would go by the mark
// and the log: it would raise the alarm for nobody's deed, and other nodes would
// not hear of it.
func TestEveryWriteIsToAUnit(t *testing.T) {
	fset := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	must(t, err)
	seen := map[string]int{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		must(t, err)
		inWrite := map[ast.Node]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "write" {
					inWrite[n.Args[3]] = true
					checkWrite(t, fset, n, seen)
				}
			case *ast.BasicLit:
				if n.Kind != token.STRING || inWrite[n] {
					return true
				}
				text, err := strconv.Unquote(n.Value)
				if err == nil && changes.MatchString(text) && !isBeside(text) {
					t.Errorf("%s: %q goes by write", fset.Position(n.Pos()), text)
				}
			}
			return true
		})
	}
	for name := range unitTables {
		if seen[name] == 0 {
			t.Errorf("no statement writes to a %s", name)
		}
	}
}

func isBeside(text string) bool {
	for _, b := range besides {
		if strings.HasPrefix(text, b) {
			return true
		}
	}
	return false
}

// checkWrite checks a call write(c, unit, c.tx.Exec, statement, …).
func checkWrite(t *testing.T, fset *token.FileSet, call *ast.CallExpr, seen map[string]int) {
	t.Helper()
	at := fset.Position(call.Pos())
	made, ok := call.Args[1].(*ast.CallExpr)
	if !ok {
		t.Errorf("%s: the unit is not made where it is written to", at)
		return
	}
	name := made.Fun.(*ast.Ident).Name
	want, ok := unitTables[name]
	seen[name]++
	lit, isText := call.Args[3].(*ast.BasicLit)
	if !ok || !isText {
		t.Errorf("%s: %s makes no unit, or the statement is not said", at, name)
		return
	}
	text, err := strconv.Unquote(lit.Value)
	found := target.FindStringSubmatch(text)
	if err != nil || found == nil || found[1] != want.table {
		t.Errorf("%s: %q is not about the rows of a %s", at, text, name)
		return
	}
	switch {
	case strings.HasPrefix(text, "INSERT"):
		// The first columns are the key's, and get the first arguments.
		columns := "directory_" + want.table + " " + want.insert
		values := "VALUES ($1"
		if want.insert == "" || !strings.Contains(text, columns) || !strings.Contains(text, values) {
			t.Errorf("%s: %q does not begin with the key of a %s", at, text, name)
		}
		// A row that is there already must be the unit's own to be changed.
		if strings.Contains(text, "DO UPDATE") && !strings.Contains(text, "ON CONFLICT ("+strings.Trim(want.insert, "(, )")) {
			t.Errorf("%s: %q changes rows of another unit", at, text)
		}
	default:
		// Nothing but AND may follow the key, so that it reaches no further.
		_, after, has := strings.Cut(text, want.where)
		if !has || after != "" && !strings.HasPrefix(after, " AND ") || strings.Contains(after, " OR ") {
			t.Errorf("%s: %q is not confined to the rows of a %s", at, text, name)
		}
	}
	if strings.HasPrefix(text, "UPDATE") {
		sets, _, _ := strings.Cut(text, "WHERE")
		for _, column := range strings.Split(strings.Trim(want.where[len("WHERE "):], " "), " AND ") {
			key, _, _ := strings.Cut(column, " = ")
			if regexp.MustCompile(`(SET|,)\s+` + key + ` =`).MatchString(sets) {
				t.Errorf("%s: %q moves rows to another unit", at, text)
			}
		}
	}
}
