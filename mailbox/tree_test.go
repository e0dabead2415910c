package mailbox

import (
	"testing"

	"entente/access"
)

// TestTree compares the tree with what HierarchyChanges shows, for the owner and for
// somebody who may know a part of it.
func TestTree(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, v := t.Context(), h.anna()
		inbox := h.folder(v, Inbox)
		in, err := v.CreateFolder(ctx, inbox, NewFolder{Name: "b"})
		h.must(err)
		for _, n := range [...]NewFolder{{Name: "A"}, {Name: "c", Class: "IPF.Contact", Hidden: true}} {
			_, err := v.CreateFolder(ctx, in.ID, n)
			h.must(err)
		}
		h.grant(in.ID, "ben", access.ReadAny|access.FolderVisible)
		for who, v := range map[string]*View{"anna": h.anna(), "ben": h.ben()} {
			want, err := v.HierarchyChanges(ctx, 0, HierarchyPoint{})
			h.must(err)
			got, err := v.Tree(ctx)
			h.must(err)
			if len(got) != len(want.Created) || len(got) == 0 {
				t.Fatalf("%s: %d folders, want %d", who, len(got), len(want.Created))
			}
			for i, f := range got {
				w := want.Created[i]
				if f.ID != w.ID || f.Parent != w.Parent || f.Name != w.Name || f.Class != w.Class || f.Hidden != w.Hidden ||
					f.Distinguished != w.Distinguished || f.Change != w.Change || f.Rights != w.Rights {
					t.Errorf("%s: %+v, want %+v", who, f, w)
				}
			}
		}
	})
}
