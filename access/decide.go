package access

import (
	"time"

	"entente"
)

// Reasons of errors raised here, for the protocols' tables.
const (
	NoRight    entente.Reason = "no-right"
	NotVisible entente.Reason = "not-visible"
)

// A Question asks whether a caller may exercise rights on an object at a time.
// Folder is the permission table of the folder concerned, if one is; the
// mailbox hands it over.
type Question struct {
	Caller *Caller
	On     Object
	Want   Rights
	Folder *FolderTable
	At     time.Time
}

// A Decision is the answer to a Question, with every step that led to it.
// Steps are kept in a fixed array so that an allowed decision allocates
// nothing.
type Decision struct {
	On      Object
	Want    Rights
	Got     Rights // all the caller holds on the object, wanted or not
	steps   [maxSteps]Step
	n       int
	allowed bool
	q       *Question
}
