package server

import (
	"context"
	"errors"
	"slices"
	"testing"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/directory"
)

// TestPin: a partner's key takes the place of the one that signed for it together
// with the record of that, and not in the place of what an administrator set.
func TestPin(t *testing.T) {
	s, err := New(t.Context(), conf(t, "sqlite:entente.db"), Options{Organization: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s.Close)
	first, second := "first-"+key43, "other-"+key43
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.CreateRelationship(access.Relationship{
			Name: "fabrikam", Domains: []entente.Domain{"fabrikam.example"}, Enabled: true, TargetApplicationURI: "x", Keys: []string{first[:43]},
		})
	}))
	pinned := func(want ...string) {
		t.Helper()
		r, ok := s.Directory.Snapshot().RelationshipFor("fabrikam.example")
		if !ok || !slices.Equal(r.Keys, want) {
			t.Errorf("pinned %v", r)
		}
	}
	must(s.pin(t.Context(), "fabrikam", []string{first[:43]}, []string{second[:43], first[:43]}, "signed by a key that was pinned"))
	pinned(second[:43], first[:43])
	must(s.Audit.Flush(t.Context()))
	found, err := s.Audit.Search(t.Context(), audit.Filter{Action: "relationship.keys"})
	if err != nil || len(found) != 1 || found[0].Kind != audit.System || found[0].Targets[0] != "fabrikam" || found[0].Targets[2] != second[:43] {
		t.Errorf("%v, %+v", err, found)
	}
	var e *entente.Error
	if err := s.pin(t.Context(), "fabrikam", []string{first[:43]}, nil, "x"); !errors.As(err, &e) || e.Kind != entente.Conflict {
		t.Errorf("%v", err)
	}
	pinned(second[:43], first[:43])
	if found, _ = s.Audit.Search(t.Context(), audit.Filter{Action: "relationship.keys"}); len(found) != 1 {
		t.Errorf("%d records", len(found))
	}
	if _, err := s.Admin.RelationshipStatus(context.Background(), struct{}{}); err != nil {
		t.Error(err)
	}
	if len(s.remotes()) != 1 || !s.remotes().Partner("ida@fabrikam.example") || s.remotes().Partner("ida@elsewhere.example") {
		t.Error("who is a partner")
	}
}

const key43 = "0123456789012345678901234567890123456789012"
