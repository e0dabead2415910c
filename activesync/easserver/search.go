package easserver

import (
	"strconv"
	"strings"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// Statuses of Search, of its Store. [MS-ASCMD] 2.2.3.177.13
const (
	searchInvalid    activesync.Status = 2
	searchFailed     activesync.Status = 3
	searchTooComplex activesync.Status = 8
	searchNoFolder   activesync.Status = 11 // FolderSync is to come first
	searchBeyond     activesync.Status = 12 // more than the store's range
	searchBlocked    activesync.Status = 13
)

// A found is what a search in one store came to: the status of the store and,
// for success, what writes the results, the range they are and the total.
type found struct {
	status  activesync.Status
	results func()
}

// search answers a query in one store. [MS-ASCMD] 2.2.1.16
func (c *call) search() error {
	store := c.body.Child(wbxml.SearchStore)
	if store == nil {
		return &statusError{activesync.InvalidXML, "a Search without a Store"}
	}
	var f found
	var err error
	switch name := store.Get(wbxml.SearchName); {
	case strings.EqualFold(name, "GAL"):
		f, err = c.searchGAL(store)
	case strings.EqualFold(name, "Mailbox"):
		f, err = c.searchMailbox(store)
	case strings.EqualFold(name, "DocumentLibrary"):
		f = found{status: searchBlocked} // there are no shares behind this server
	default:
		f = found{status: searchInvalid}
	}
	if err != nil {
		return err
	}
	w := c.out
	w.Start(wbxml.SearchSearch)
	w.Int(wbxml.SearchStatus, int64(activesync.OK))
	w.Start(wbxml.SearchResponse)
	w.Start(wbxml.SearchStore)
	c.status(wbxml.SearchStatus, f.status)
	if f.results != nil {
		f.results()
	}
	w.End()
	w.End()
	w.End()
	return nil
}

// status writes a Status, and has the audit record carry one that is no success.
func (c *call) status(t wbxml.Tag, s activesync.Status) {
	c.out.Int(t, int64(s))
	if s != activesync.OK {
		c.fail("Status" + strconv.Itoa(int(s)))
	}
}

// A span is the results that are asked for, by their numbers: from the first to
// the last, both included. [MS-ASCMD] 2.2.3.143.3
type span struct{ first, last int }

// parseSpan reads a Range; an empty one is the store's default.
func parseSpan(s string, most int) (r span, ok bool) {
	if s == "" {
		return span{0, most - 1}, true
	}
	a, b, found := strings.Cut(s, "-")
	first, err := strconv.ParseUint(a, 10, 16)
	last, err2 := strconv.ParseUint(b, 10, 16)
	return span{int(first), int(last)}, found && err == nil && err2 == nil && first <= last
}

// of cuts the span to what there is.
func (r span) of(n int) span { return span{min(r.first, n), min(r.last, n-1)} }

// String writes the span as Range has it.
func (r span) String() string { return strconv.Itoa(r.first) + "-" + strconv.Itoa(r.last) }
