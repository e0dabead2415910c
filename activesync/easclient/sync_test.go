package easclient

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// collection answers a Sync of the inbox.
func collection(key string, status int, inside func(w *wbxml.Writer)) step {
	return says(func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncSync)
		w.Start(wbxml.AirSyncCollections)
		w.Start(wbxml.AirSyncCollection)
		w.Text(wbxml.AirSyncSyncKey, key)
		w.Text(wbxml.AirSyncCollectionId, "5")
		w.Int(wbxml.AirSyncStatus, int64(status))
		if inside != nil {
			inside(w)
		}
		w.End()
		w.End()
		w.End()
	})
}

// asked answers as another step does, and notes what was asked of the inbox.
func asked(said *[]string, answer step) step {
	return func(w http.ResponseWriter, l activesync.RequestLine, in *wbxml.Element) {
		c := in.Path(wbxml.AirSyncCollections, wbxml.AirSyncCollection)
		s := "key " + c.Get(wbxml.AirSyncSyncKey)
		for e := range c.Child(wbxml.AirSyncCommands).Children() {
			s += " " + e.Tag.Name() + " " + e.Get(wbxml.AirSyncClientId) + e.Get(wbxml.AirSyncServerId)
		}
		*said = append(*said, s)
		answer(w, l, in)
	}
}

// lost takes a request and breaks the connection.
func lost(http.ResponseWriter, activesync.RequestLine, *wbxml.Element) { panic(http.ErrAbortHandler) }

func one(kind wbxml.Tag, id, subject string) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncCommands)
		w.Start(kind)
		w.Text(wbxml.AirSyncServerId, id)
		if subject != "" {
			w.Start(wbxml.AirSyncApplicationData)
			w.Text(wbxml.EmailSubject, subject)
			w.End()
		}
		w.End()
		w.End()
	}
}

// response answers one of the phone's commands.
func response(kind wbxml.Tag, client, id string, status int) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncResponses)
		w.Start(kind)
		if client != "" {
			w.Text(wbxml.AirSyncClientId, client)
		}
		if id != "" {
			w.Text(wbxml.AirSyncServerId, id)
		}
		w.Int(wbxml.AirSyncStatus, int64(status))
		w.End()
		w.End()
	}
}

// synced is a phone whose inbox is at a key and has an item.
func synced(t *testing.T, steps ...step) (*Phone, *Folder) {
	t.Helper()
	p, _ := play(t, activesync.V161, steps...)
	f := &Folder{ID: "5", Name: "Inbox", Type: activesync.DefaultInbox}
	f.reset()
	f.Key = "7"
	f.Items["5:1"] = newItem("5:1", activesync.Email, data(func(w *wbxml.Writer) {
		w.Text(wbxml.EmailSubject, "first")
		w.Bool(wbxml.EmailRead, false)
	}))
	p.HierarchyKey, p.Folders["5"] = "1", f
	return p, f
}

func (f *Folder) show() string {
	var all []string
	for _, id := range slices.Sorted(maps.Keys(f.Items)) {
		all = append(all, id+" "+f.Items[id].Get(wbxml.EmailSubject)+" "+f.Items[id].Get(wbxml.EmailRead))
	}
	return strings.Join(all, ", ")
}

// A lost answer is asked for again with the same key and the same ClientId.
func TestLostAnswer(t *testing.T) {
	var said []string
	client := ""
	p, f := synced(t,
		asked(&said, lost),
		asked(&said, func(w http.ResponseWriter, l activesync.RequestLine, in *wbxml.Element) {
			collection("8", 1, response(wbxml.AirSyncAdd, client, "5:2", 1))(w, l, in)
		}),
		asked(&said, collection("8", 1, nil)))
	client = f.Add(func(w *wbxml.Writer) { w.Text(wbxml.EmailSubject, "draft") })
	if _, err := p.SyncOnce(t.Context(), []*Folder{f}, 0); err == nil {
		t.Fatal("the lost answer came")
	}
	if _, err := p.SyncOnce(t.Context(), []*Folder{f}, 0); err != nil {
		t.Fatal(err)
	}
	if len(said) != 2 || said[0] != said[1] || said[0] != "key 7 Add "+client {
		t.Errorf("%q", said)
	}
	if got := f.show(); got != "5:1 first 0, 5:2 draft " || f.Key != "8" || f.Pending() != 0 {
		t.Errorf("%s, key %s, %d pending", got, f.Key, f.Pending())
	}
}

// What a phone does with the answers of Sync.
func TestSyncAnswers(t *testing.T) {
	test := func(name, want string, do func(f *Folder), steps ...step) {
		t.Run(name, func(t *testing.T) {
			var said []string
			for i := range steps {
				steps[i] = asked(&said, steps[i])
			}
			p, f := synced(t, steps...)
			if do != nil {
				do(f)
			}
			got := ""
			if err := p.Sync(t.Context(), "5"); err != nil {
				got = err.Error() + ": "
			}
			got += f.show()
			if len(p.Refused) > 0 {
				got += fmt.Sprintf(" refused %d", p.Refused[0].Status)
			}
			if len(p.Surprises) > 0 {
				got += " surprised: " + p.Surprises[0]
			}
			if got += " | " + strings.Join(said, ", "); got != want {
				t.Errorf("%s\nnot %s", got, want)
			}
		})
	}
	none := func(w http.ResponseWriter, _ activesync.RequestLine, _ *wbxml.Element) {}
	read := func(f *Folder) { f.Change("5:1", func(w *wbxml.Writer) { w.Bool(wbxml.EmailRead, true) }) }
	test("nothing new", "5:1 first 0 | key 7", nil, none)
	test("new", "5:1 first 0, 5:2 second  | key 7, key 8", nil, collection("8", 1, one(wbxml.AirSyncAdd, "5:2", "second")), none)
	test("changed", "5:1 other 0 | key 7, key 8", nil, collection("8", 1, one(wbxml.AirSyncChange, "5:1", "other")), none)
	test("gone", " | key 7, key 8", nil, collection("8", 1, one(wbxml.AirSyncDelete, "5:1", "")), none)
	test("too old", " | key 7, key 8", nil, collection("8", 1, one(wbxml.AirSyncSoftDelete, "5:1", "")), none)
	test("there already", "5:1 again  surprised: item 5:1 was added to Inbox, and is there | key 7, key 8",
		nil, collection("8", 1, one(wbxml.AirSyncAdd, "5:1", "again")), none)
	test("a change is taken", "5:1 first 1 | key 7 Change 5:1, key 8", read, collection("8", 1, nil), none)
	test("a conflict", "5:1 other 1 refused 7 | key 7 Change 5:1, key 8", read, collection("8", 1, func(w *wbxml.Writer) {
		response(wbxml.AirSyncChange, "", "5:1", 7)(w)
		one(wbxml.AirSyncChange, "5:1", "other")(w)
	}), none)
	test("a change of what is gone", " refused 8 | key 7 Change 5:1, key 8", read, collection("8", 1, response(wbxml.AirSyncChange, "", "5:1", 8)), none)
	test("a change that is refused", "5:1 fetched  refused 6 | key 7 Change 5:1, key 8 Fetch 5:1, key 9", read,
		collection("8", 1, response(wbxml.AirSyncChange, "", "5:1", 6)),
		collection("9", 1, func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncResponses)
			w.Start(wbxml.AirSyncFetch)
			w.Text(wbxml.AirSyncServerId, "5:1")
			w.Int(wbxml.AirSyncStatus, 1)
			w.Start(wbxml.AirSyncApplicationData)
			w.Text(wbxml.EmailSubject, "fetched")
			w.End()
			w.End()
			w.End()
		}), none)
	test("an unknown key", "5:1 anew  | key 7, key 0, key 1, key 2", nil, collection("0", 3, nil), collection("1", 1, nil),
		collection("2", 1, one(wbxml.AirSyncAdd, "5:1", "anew")), none)
}
