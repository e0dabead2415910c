package mailbox

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"entente/access"
)

// Every property that the server names anywhere is in one list of fields, and in
// one only: a new one is not shown to grantees by oversight.
func TestEveryPropertyHasFields(t *testing.T) {
	listed := map[uint16]int{}
	for _, l := range propFields {
		for _, p := range l.props {
			listed[p.ID()]++
		}
	}
	declared := 0
	for _, dir := range []string{".", "../ews/ewsserver", "../delivery", "../availability"} {
		for name, p := range declaredProps(t, dir) {
			declared++
			switch {
			case folderOnly(p) || computed(p) && p != PidTagRead && p != PidTagBody && p != PidTagHTML:
			case listed[p.ID()] == 0:
				t.Errorf("%s (%s) has no field", name, p)
			case listed[p.ID()] > 1:
				t.Errorf("%s (%s) is in %d lists", name, p, listed[p.ID()])
			}
		}
	}
	if declared < 330 {
		t.Errorf("found %d properties only", declared)
	}
}

// folderOnly are properties of folders and attachments, and marks that no item
// keeps.
func folderOnly(p Prop) bool {
	switch p {
	case PidTagContainerClass, PidTagExtendedFolderFlags, PidTagDefaultPostMessage, PidTagAttachLongFilename,
		0x67510003, 0x67520003, // article numbers of a folder
		0x3FDF0003: // what a sender asks automatic answers to leave out
		return true
	}
	return false
}

// declaredProps are the constants of type Prop in a room.
func declaredProps(t *testing.T, dir string) map[string]Prop {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	props := map[string]Prop{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.ValueSpec)
			if !ok || len(s.Names) != 1 || len(s.Values) != 1 || !isProp(s.Type) {
				return true
			}
			if lit, ok := s.Values[0].(*ast.BasicLit); ok {
				if v, err := strconv.ParseUint(lit.Value, 0, 32); err == nil {
					props[s.Names[0].Name] = Prop(v)
				}
			}
			return true
		})
	}
	return props
}

func isProp(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "Prop"
	case *ast.SelectorExpr:
		return e.Sel.Name == "Prop"
	}
	return false
}

func TestFieldsOf(t *testing.T) {
	for p, want := range map[Prop]access.Fields{
		PidTagSubject:                            access.FieldSubject,
		MakeProp(PidTagSubject.ID(), TypeBinary): access.FieldSubject, // another type is no way around
		PidLidReminderTime:                       access.FieldReminder | access.FieldTime,
		propEventMore:                            access.AllFields,
		PidNameCalendarUID:                       access.FieldOther,
		0x9001001F:                               access.FieldOther, // of a client
		PidTagSensitivity:                        access.FieldImportance,
	} {
		if got := FieldsOf(p); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
	}
}
