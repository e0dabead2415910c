package calendar

import (
	"slices"
	"strings"
	"sync"
)

// A windowsRow is a Windows zone: its id, the IANA zone that stands for it
// worldwide, and a name for people.
type windowsRow struct{ id, iana, display string }

// An ianaRow is a name of an IANA zone, today's spelling of it, and the row of
// its Windows zone or -1.
type ianaRow struct {
	name, today string
	windows     int16
}

// A WindowsZone is a time zone as GetServerTimeZones lists it.
type WindowsZone struct {
	ID      string // "W. Europe Standard Time"
	IANA    string // "Europe/Berlin"
	Display string // "(UTC+01:00) Berlin, Andorra, Vienna, Zurich"
}

// WindowsZones returns all zones that have a Windows id, in order of the id.
func WindowsZones() []WindowsZone {
	zones := make([]WindowsZone, len(windowsTable))
	for i, r := range windowsTable {
		zones[i] = WindowsZone{r.id, r.iana, r.display}
	}
	return zones
}

// WindowsID returns the Windows id for a zone named by a Windows or IANA id,
// "" if there is none.
func WindowsID(id string) string {
	if i, ok := findWindows(id); ok {
		return windowsTable[i].id
	}
	if i, ok := findIANA(id); ok && ianaTable[i].windows >= 0 {
		return windowsTable[ianaTable[i].windows].id
	}
	return ""
}

// IANAID returns the IANA id, in today's spelling, for a zone named by a
// Windows or IANA id, "" if there is none.
func IANAID(id string) string {
	if i, ok := findIANA(id); ok {
		return ianaTable[i].today
	}
	if i, ok := findWindows(id); ok {
		return windowsTable[i].iana
	}
	return ""
}

// ZoneDisplay returns the name for people of a zone, or the id itself if there
// is none.
func ZoneDisplay(id string) string {
	if i, ok := findWindows(WindowsID(id)); ok {
		return windowsTable[i].display
	}
	return id
}

func findWindows(id string) (int, bool) {
	return slices.BinarySearchFunc(windowsTable[:], id, func(r windowsRow, id string) int {
		return compareFold(r.id, id)
	})
}

func findIANA(id string) (int, bool) {
	return slices.BinarySearchFunc(ianaTable[:], id, func(r ianaRow, id string) int {
		return compareFold(r.name, id)
	})
}

// compareFold compares as if both were lower case. All names are ASCII.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Zones finds zones and keeps them, so that their rules are read once. The
// zero value is ready; it may be used by many at once. What it keeps is
// bounded by the number of names the published tables know.
type Zones struct{ known sync.Map } // folded id → Zone

// Load is [LoadZone], remembered.
func (z *Zones) Load(id string) (Zone, error) {
	key := strings.ToLower(id)
	if v, ok := z.known.Load(key); ok {
		zone := v.(Zone)
		zone.ID = id
		return zone, nil
	}
	zone, err := LoadZone(id)
	if err != nil {
		return Zone{}, err
	}
	z.known.Store(key, zone)
	return zone, nil
}
