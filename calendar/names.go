package calendar

import (
	"fmt"
	"slices"
)

// ParseSensitivity reads the name EWS uses.
func ParseSensitivity(s string) (Sensitivity, error) {
	return parseName[Sensitivity](sensitivityNames[:], "sensitivity", s)
}

// ParsePriority reads the name EWS uses for Importance.
func ParsePriority(s string) (Priority, error) {
	return parseName[Priority](priorityNames[:], "importance", s)
}

// ParseResponse reads the name EWS uses for a response.
func ParseResponse(s string) (Response, error) {
	return parseName[Response](responseNames[:], "response", s)
}

// ParseQuality reads the name EWS uses.
func ParseQuality(s string) (Quality, error) {
	return parseName[Quality](qualityNames[:], "suggestion quality", s)
}

func parseName[T ~uint8](names []string, what, s string) (T, error) {
	i := slices.Index(names, s)
	if i < 0 {
		return 0, fmt.Errorf("calendar: unknown %s %.40q", what, s)
	}
	return T(i), nil
}
