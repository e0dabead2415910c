package ewsserver

import (
	"maps"
	"slices"
)

// Served returns the names of the operations we serve, sorted: what
// doc/spec.txt promises is held against it.
func Served() []string {
	var names []string
	for op := range maps.Values(operations()) {
		names = append(names, op.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
