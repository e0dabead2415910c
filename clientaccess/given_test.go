package clientaccess

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"entente/access"
	"entente/mailbox"
)

// What an application gives away in the name of whom it acts as is kept with the
// assignment that let it; what an owner gives is his own affair.
func TestGivenInAnothersName(t *testing.T) {
	o := open(t, nil)
	assignments, err := o.Directory.Assignments(t.Context())
	o.must(err)
	var id string
	for _, a := range assignments {
		if a.Scope.Name == string(o.sids["anna"]) {
			id = a.ID
		}
	}
	shares := func(with string) handlerFunc {
		return o.enter(func(ctx context.Context, s *Session) {
			s.Operation("UpdateFolder", true)
			v, err := s.Mailbox(ctx, o.boxes["anna"])
			o.must(err)
			f, err := v.FolderByName(ctx, mailbox.Calendar)
			o.must(err)
			_, err = v.SetPermissions(ctx, f.ID, append(f.Table.Entries, access.Entry{SID: o.sids[with], Rights: access.LevelReviewer}))
			o.must(err)
		})
	}
	given := func() []mailbox.Given {
		t.Helper()
		all, err := o.Mailboxes.Given(t.Context(), "first")
		o.must(err)
		return all
	}
	o.send(as("anna"), shares("ben"))
	if all := given(); len(all) != 0 {
		t.Errorf("kept of Anna: %+v", all)
	}
	var request string
	o.send(as("crm"), o.impersonating("anna", func(s *Session, w http.ResponseWriter, r *http.Request) {
		request = s.RequestID()
		shares("carla")(s, w, r)
	}))
	all := given()
	if len(all) != 1 || all[0].SID != o.sids["carla"] || all[0].By != o.sids["crm"] || all[0].As != o.sids["anna"] ||
		all[0].Request != request || !slices.Contains(all[0].Grounds, "assignment "+id) {
		t.Fatalf("given %+v, want one under assignment %s", all, id)
	}
	// Undone in a session of the owner's own, as administration does.
	anna, _ := o.Directory.Snapshot().FindSID(o.sids["anna"])
	s := o.Local(anna.Principal, "undo")
	v, err := s.Own(t.Context())
	o.must(err)
	o.must(v.Undo(t.Context(), &all[0]))
	o.must(s.Finish(t.Context(), ""))
	if all := given(); len(all) != 0 {
		t.Errorf("left %+v", all)
	}

	// A delegate with rights on the whole mailbox of somebody sends for him, and
	// lets others.
	o.send(as("crm"), o.impersonating("anna", o.enter(func(ctx context.Context, s *Session) {
		s.Operation("AddDelegate", true)
		o.must(s.SetDelegate(ctx, o.boxes["anna"], o.sids["ben"], access.SendOnBehalf, 0))
	})))
	boxes, err := o.Log.Given(t.Context())
	o.must(err)
	if len(boxes) != 1 || boxes[0].To != o.sids["ben"] || boxes[0].Has != access.SendOnBehalf || !slices.Contains(boxes[0].Grounds, "assignment "+id) {
		t.Errorf("given %+v", boxes)
	}
}
