package easclient

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// A Folder is a folder on the phone.
type Folder struct {
	ID, Parent, Name string
	Type             activesync.FolderType
	// Key is how far it is synchronized; "0" is not at all.
	Key   string
	Items map[string]*Item

	edits []*edit
	// refetch are items whose content here is not the server's.
	refetch []string
	more    bool
}

// Class returns the class of what lies in the folder, "" for none that phones show.
func (f *Folder) Class() activesync.Class { return activesync.ClassOf(f.Type) }

// Pending returns how many changes of the phone's the server has not confirmed.
func (f *Folder) Pending() int { return len(f.edits) }

// reset forgets what was synchronized. What the phone itself made stays to be sent;
// what it did to items is forgotten with them.
func (f *Folder) reset() {
	f.edits = slices.DeleteFunc(f.edits, func(e *edit) bool { return e.kind != wbxml.AirSyncAdd })
	f.Key, f.Items, f.refetch, f.more = "0", map[string]*Item{}, nil, false
}

// Renew begins the folder anew: what the phone has of it goes, and comes again.
func (f *Folder) Renew() { f.reset() }

func (f *Folder) clone() *Folder {
	c := *f
	c.Items = maps.Clone(f.Items) // items are never changed
	c.edits = nil
	for _, e := range f.edits {
		e := *e
		c.edits = append(c.edits, &e)
	}
	c.refetch = slices.Clone(f.refetch)
	return &c
}

// Find returns the folder of a type, nil if there is none.
func (p *Phone) Find(t activesync.FolderType) *Folder {
	for _, f := range p.Folders {
		if f.Type == t {
			return f
		}
	}
	return nil
}

// Named returns a folder by its name, nil if there is none.
func (p *Phone) Named(name string) *Folder {
	for _, f := range p.Folders {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Sorted returns the folders by type and name.
func (p *Phone) Sorted() []*Folder {
	return slices.SortedFunc(maps.Values(p.Folders), func(a, b *Folder) int {
		if a.Type != b.Type {
			return int(a.Type) - int(b.Type)
		}
		return strings.Compare(a.Name+a.ID, b.Name+b.ID)
	})
}

// FolderSync reads what changed of the hierarchy. A key that the server does not
// know is begun anew once; folders that are still there keep what they have.
// [MS-ASCMD] 2.2.1.5
func (p *Phone) FolderSync(ctx context.Context) error {
	for range 2 {
		whole := p.HierarchyKey == "" || p.HierarchyKey == "0"
		if whole {
			p.HierarchyKey = "0"
		}
		w := wbxml.NewWriter(nil)
		w.Start(wbxml.FolderHierarchyFolderSync)
		w.Text(wbxml.FolderHierarchySyncKey, p.HierarchyKey)
		w.End()
		a, err := p.do(ctx, ask(activesync.FolderSync, w))
		if err != nil {
			return err
		}
		if a.Root.Get(wbxml.FolderHierarchyStatus) == "9" && !whole { // the key is not known
			p.HierarchyKey = "0"
			continue
		}
		if err := p.good(activesync.FolderSync, a.Root, wbxml.FolderHierarchyStatus); err != nil {
			return err
		}
		p.HierarchyKey = a.Root.Get(wbxml.FolderHierarchySyncKey)
		p.hierarchy(a.Root.Child(wbxml.FolderHierarchyChanges), whole)
		return nil
	}
	return &StatusError{activesync.FolderSync, 9, "FolderSync"}
}

// hierarchy takes over changes of the hierarchy; whole says that they are all
// there is.
func (p *Phone) hierarchy(changes *wbxml.Element, whole bool) {
	seen := map[string]bool{}
	for c := range changes.Children() {
		id := c.Get(wbxml.FolderHierarchyServerId)
		switch c.Tag {
		case wbxml.FolderHierarchyAdd, wbxml.FolderHierarchyUpdate:
			f := p.Folders[id]
			if f == nil {
				f = &Folder{ID: id}
				f.reset()
				p.Folders[id] = f
			} else if !whole && c.Tag == wbxml.FolderHierarchyAdd {
				p.surprise("folder %s (%s) was added, and is there", id, f.Name)
			}
			seen[id] = true
			f.Parent, f.Name = c.Get(wbxml.FolderHierarchyParentId), c.Get(wbxml.FolderHierarchyDisplayName)
			if t, err := strconv.Atoi(c.Get(wbxml.FolderHierarchyType)); err == nil {
				f.Type = activesync.FolderType(t)
			}
		case wbxml.FolderHierarchyDelete:
			delete(p.Folders, id)
		}
	}
	if whole {
		maps.DeleteFunc(p.Folders, func(id string, _ *Folder) bool { return !seen[id] })
	}
}

// CreateFolder makes a folder and returns its id. [MS-ASCMD] 2.2.1.2
func (p *Phone) CreateFolder(ctx context.Context, parent, name string, t activesync.FolderType) (string, error) {
	a, err := p.changeFolder(ctx, activesync.FolderCreate, wbxml.FolderHierarchyFolderCreate, func(w *wbxml.Writer) {
		w.Text(wbxml.FolderHierarchyParentId, parent)
		w.Text(wbxml.FolderHierarchyDisplayName, name)
		w.Int(wbxml.FolderHierarchyType, int64(t))
	})
	if err != nil {
		return "", err
	}
	f := &Folder{ID: a.Root.Get(wbxml.FolderHierarchyServerId), Parent: parent, Name: name, Type: t}
	f.reset()
	p.Folders[f.ID] = f
	return f.ID, nil
}

// UpdateFolder renames and moves a folder. [MS-ASCMD] 2.2.1.6
func (p *Phone) UpdateFolder(ctx context.Context, id, parent, name string) error {
	_, err := p.changeFolder(ctx, activesync.FolderUpdate, wbxml.FolderHierarchyFolderUpdate, func(w *wbxml.Writer) {
		w.Text(wbxml.FolderHierarchyServerId, id)
		w.Text(wbxml.FolderHierarchyParentId, parent)
		w.Text(wbxml.FolderHierarchyDisplayName, name)
	})
	if f := p.Folders[id]; err == nil && f != nil {
		f.Parent, f.Name = parent, name
	}
	return err
}

// DeleteFolder deletes a folder. [MS-ASCMD] 2.2.1.3
func (p *Phone) DeleteFolder(ctx context.Context, id string) error {
	_, err := p.changeFolder(ctx, activesync.FolderDelete, wbxml.FolderHierarchyFolderDelete, func(w *wbxml.Writer) {
		w.Text(wbxml.FolderHierarchyServerId, id)
	})
	if err == nil {
		delete(p.Folders, id)
	}
	return err
}

func (p *Phone) changeFolder(ctx context.Context, cmd activesync.Command, root wbxml.Tag, write func(*wbxml.Writer)) (*Answer, error) {
	w := wbxml.NewWriter(nil)
	w.Start(root)
	w.Text(wbxml.FolderHierarchySyncKey, p.HierarchyKey)
	write(w)
	w.End()
	a, err := p.do(ctx, ask(cmd, w))
	if err != nil {
		return nil, err
	}
	if err := p.good(cmd, a.Root, wbxml.FolderHierarchyStatus); err != nil {
		return nil, err
	}
	p.HierarchyKey = a.Root.Get(wbxml.FolderHierarchySyncKey)
	return a, nil
}
