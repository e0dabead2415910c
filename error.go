package entente

import "fmt"

// A Kind says what sort of thing went wrong, in the few ways a caller or a
// wire protocol can tell apart. Each protocol maps every Kind once.
type Kind uint8

const (
	Internal    Kind = iota // a fault of ours; details go to the log only
	Invalid                 // the request is malformed
	Denied                  // the caller may not
	NotFound                // no such thing, or none the caller may know of
	Conflict                // changed meanwhile, or exists already
	Unavailable             // try again later
	TooLarge                // beyond a limit or a quota
)

// A Reason is the finer name of an error, set by the room that raised it and
// mapped, with the Kind, to a wire code in one table of each protocol:
// "stale-change-key", "not-primary-address". Empty means the Kind says it all.
type Reason string

// An Error is an error whose Text may be shown to whoever asked.
// Err, if any, is for the log.
type Error struct {
	Kind   Kind
	Reason Reason
	Text   string
	Err    error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Text, e.Err)
	}
	return e.Text
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error that may be shown to whoever asked.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Text: fmt.Sprintf(format, args...)}
}

// Because returns e with its reason set.
func (e *Error) Because(r Reason) *Error {
	e.Reason = r
	return e
}
