package calendar

type (
	winRow  struct{ id, iana string }
	ianaRow struct{ name string }
)

var (
	windowsTable []winRow
	ianaTable    []ianaRow
)

func findWindows(string) (int, bool) { return 0, false }
func findIANA(string) (int, bool)    { return 0, false }

// WindowsID x
func WindowsID(id string) string { return "" }

// IANAID x
func IANAID(id string) string { return "" }
