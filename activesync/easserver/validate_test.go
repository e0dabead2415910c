package easserver

import (
	"os"
	"testing"

	"entente/activesync"
	"entente/activesync/schematest"
	"entente/activesync/wbxml"
)

// answers has the answers of all tests, which are compared with the published
// schemas at the end; nil if there are no schemas.
var answers *schematest.Check

func TestMain(m *testing.M) { os.Exit(schematest.Main(m, &answers)) }

// compare notes an answer's document.
func compare(tb testing.TB, _ activesync.Command, _ activesync.Version, document []byte) {
	tb.Helper()
	if answers == nil {
		return
	}
	root, err := wbxml.Parse(document, wbxml.Limits{Depth: 64, Elements: 1 << 24})
	if err != nil {
		tb.Error(err)
	}
	answers.Note(tb, root)
}
