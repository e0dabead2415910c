package phones

import (
	"os"
	"strconv"
	"testing"
	"time"

	"entente/test/kit"
)

// TestModel lets two phones of different versions, EWS and the server itself change
// one mailbox by chance: requests and answers are lost, requests come twice, phones
// are put back to their backups and begin anew. Whenever all have synchronized, all
// show what the mailbox has; nothing is there twice, and nothing is lost.
//
// ENTENTE_LONG makes it 10,000 steps by another seed each time; ENTENTE_SEED
// repeats one, and ENTENTE_TRACE shows what the phones and the server said.
func TestModel(t *testing.T) {
	steps, seed := 300, uint64(1)
	if os.Getenv("ENTENTE_LONG") != "" {
		steps, seed = 10_000, uint64(time.Now().UnixNano())
	}
	if s := os.Getenv("ENTENTE_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	w := newWorld(t, seed, kit.Options{Mails: 20, Events: 12})
	w.settle()
	for i := range steps {
		w.step()
		if i%50 == 49 {
			w.settle()
		}
	}
	w.settle()
	failed := 0
	for _, p := range w.phones {
		failed += p.net.unanswered
		t.Logf("%s: %d requests, %d lost, %d answers lost, %d sent twice", p.name, p.Requests(), p.net.lost, p.net.unanswered, p.net.twice)
	}
	if failed == 0 {
		t.Error("the network never failed")
	}
}
