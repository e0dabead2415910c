package mailbox

import (
	"context"
	"slices"
)

// A FolderQuery asks for the folders in a folder.
type FolderQuery struct {
	Parent   FolderID
	Deep     bool         // also those in them
	Restrict *Restriction // nil: all
	Hidden   bool         // hidden ones too
	Paging
}

// A FolderPage is a part of the folders that were found.
type FolderPage struct {
	Folders    []*Folder
	Total      int
	Offset     int
	NextOffset int
	Last       bool
}

// FindFolders returns a page of the folders that Folders would list and for
// which the restriction holds, in the same order. Errors are those of Folders
// and of Find.
func (v *View) FindFolders(ctx context.Context, q FolderQuery) (FolderPage, error) {
	var c compiler
	var where, seek condition
	var err error
	if q.Restrict != nil {
		if where, err = c.compile(q.Restrict); err != nil {
			return FolderPage{}, err
		}
	}
	if q.Seek != nil {
		if seek, err = c.compile(q.Seek); err != nil {
			return FolderPage{}, err
		}
	}
	list, err := v.Folders(ctx, q.Parent, q.Deep)
	if err != nil {
		return FolderPage{}, err
	}
	list = slices.DeleteFunc(list, func(f *Folder) bool {
		return f.Hidden && !q.Hidden || where.op != 0 && where.holds(f) != yes
	})
	from, to := q.cut(len(list))
	if q.Seek != nil {
		holds := func(f *Folder) bool { return seek.holds(f) == yes }
		if from = slices.IndexFunc(list, holds); from < 0 {
			from = len(list)
		}
		to = min(from+q.limit(), len(list))
	}
	p := q.page(from, to, len(list))
	return FolderPage{list[from:to], p.Total, p.Offset, p.NextOffset, p.Last}, nil
}
