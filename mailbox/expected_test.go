package mailbox

import (
	"sync"
	"testing"

	"entente"
	"entente/access"
	"entente/db"
)

// TestExpected: a mailbox that the directory speaks of is there when somebody
// comes to it, by opening it or with a message, and is made once.
func TestExpected(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.must(h.store.Remove(t.Context(), database, bens))
		s := New(Config{Databases: func(string) (*db.DB, error) { return h.db, nil }, Expected: func(id entente.MailboxID) (NewMailbox, bool) {
			return NewMailbox{ID: id, Database: database, Owner: principal("ben"), Name: "Ben"}, id == bens
		}})
		defer func() { h.must(s.Close()) }()
		h.must(s.expect(t.Context(), h.db, "elsewhere", bens))
		if _, err := h.open("ben", bens).FolderByName(t.Context(), Inbox); err == nil {
			t.Error("it was made in a database that is not its own")
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				v, err := s.Open(t.Context(), database, bens, h.permit("ben", bens, access.FolderLookup), here)
				if err == nil {
					_, err = v.FolderByName(t.Context(), Inbox)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		h.must(s.Remove(t.Context(), database, bens))
		_, err := s.Deliver(t.Context(), database, bens, h.permit("anna", bens, access.Deliver), here, mail("first"))
		h.must(err)
	})
}
