package easserver

import (
	"time"

	"entente"
	"entente/activesync/wbxml"
)

// The two forms of times: most elements have punctuation, those of calendars have
// not. [MS-ASDTYPE] 2.3, 2.7.2
const compactForm = "20060102T150405Z" // and dateTime

// punctuated writes a time with punctuation.
func punctuated(t time.Time) string { return t.UTC().Format(dateTime) }

// compact writes a time without.
func compact(t time.Time) string { return t.UTC().Format(compactForm) }

// writeCompact writes an element with a time, without the detour of a string.
func writeCompact(w *wbxml.Writer, tag wbxml.Tag, t time.Time) {
	var b [len(compactForm)]byte
	w.Text(tag, string(t.UTC().AppendFormat(b[:0], compactForm)))
}

// parseEventTime reads either form, for clients mix them up, and years that can be
// computed with.
func parseEventTime(s string) (time.Time, error) {
	for _, form := range [...]string{compactForm, "2006-01-02T15:04:05Z", "20060102", time.DateOnly} {
		// A fraction after the seconds is read without being in the form.
		if t, err := time.Parse(form, s); err == nil && t.Year() >= 1601 && t.Year() <= 4500 {
			return t, nil
		}
	}
	return time.Time{}, entente.Errorf(entente.Invalid, "%.40q is no time", s).Because(badDateTime)
}

// badDateTime is the reason of a time that is none.
const badDateTime entente.Reason = "eas-date-time"
