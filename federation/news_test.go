package federation

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"entente/db"
	"entente/db/dbtest"
	"entente/federation/brokerapi"
)

// TestNews: a partner is told once it can be reached, once, and by nobody but
// the holder of the sender's key.
func TestNews(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newOrg(t, d)
		a.trusted()
		b := newOrg(t, dbtest.SQLite(t))
		b.trusted()
		var down atomic.Bool
		down.Store(true)
		var got [][]byte
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if down.Load() || r.URL.Path != PathNotice {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			got = append(got, body)
			w.WriteHeader(http.StatusAccepted)
		}))
		defer server.Close()
		ctx := t.Context()
		partner := Partner{Name: "Fabrikam", Target: b.Trust().ApplicationURI}
		plain := Partner{Name: "Nowhere", Server: "http://fabrikam.example/"}
		by := Courier{HTTP: server.Client(), Find: func(_ context.Context, name string) (string, error) {
			return server.URL + "/EWS/Exchange.asmx", nil
		}}
		must(t, a.Notify(ctx, []Partner{partner, plain}, "", "contoso.test is federated no more"))
		try := func() {
			n, err := a.takeNotice(ctx)
			must(t, err)
			if n != nil {
				must(t, a.settleNotice(ctx, n, a.send(ctx, by, n)))
			}
		}
		try()
		if w, err := a.Waiting(ctx); err != nil || len(w) != 1 || w[0].Tries != 1 || !strings.Contains(w[0].Problem, "502") {
			t.Fatalf("%+v, %v", w, err)
		}
		down.Store(false)
		try() // it is not due yet
		if len(got) != 0 {
			t.Fatal("it was tried again at once")
		}
		a.clock.pass(2 * time.Minute)
		try()
		try()
		if w, _ := a.Waiting(ctx); len(got) != 1 || len(w) != 0 {
			t.Fatalf("%d arrived, %+v wait", len(got), w)
		}
		b.clock.pass(2 * time.Minute)
		_, key, err := a.Signer()
		must(t, err)
		pinned := func(sender, k string) bool { return sender == a.Trust().ApplicationURI && k == key }
		n, id, err := b.ReadNews(got[0], pinned)
		if err != nil || id == "" || n.Sender != a.Trust().ApplicationURI || n.Text != "contoso.test is federated no more" || len(n.Domains) != 2 {
			t.Fatalf("%+v, %v", n, err)
		}
		if _, mine, _ := a.Signer(); n.Key.Thumbprint() != mine {
			t.Error("it is signed by another key than it says")
		}
		t.Run("hostile", func(t *testing.T) {
			refused := func(why string, text []byte) {
				if _, _, err := b.ReadNews(text, pinned); err == nil {
					t.Errorf("accepted: %s", why)
				}
			}
			refused("altered", bytes.Replace(got[0], got[0][60:64], []byte("AAAA"), 1))
			refused("empty", nil)
			if _, _, err := b.ReadNews(got[0], func(string, string) bool { return false }); err == nil {
				t.Error("accepted: signed by a key that nobody pinned")
			}
			key, _, err := b.Signer()
			must(t, err)
			other, err := brokerapi.Sign(&brokerapi.Envelope{Verb: brokerapi.AddURI, Audience: b.Trust().ApplicationURI, Issued: b.clock.Now().Unix(), ID: "1", Body: []byte("{}")}, brokerapi.Signer{Key: key})
			must(t, err)
			refused("another verb", other)
			b.clock.pass(time.Hour)
			refused("old", got[0])
		})
	})
}

// TestNewsLost: who cannot be told in a week is not told, and that is noted.
func TestNewsLost(t *testing.T) {
	a := newOrg(t, dbtest.SQLite(t))
	a.trusted()
	ctx := t.Context()
	must(t, a.Notify(ctx, []Partner{{Name: "Fabrikam", Server: "https://127.0.0.1:1"}}, "", "news"))
	tries := 0
	for range 200 {
		n, err := a.takeNotice(ctx)
		must(t, err)
		if n != nil {
			tries++
			must(t, a.settleNotice(ctx, n, context.DeadlineExceeded))
		}
		a.clock.pass(time.Hour)
	}
	if w, _ := a.Waiting(ctx); len(w) != 0 || tries < 10 || tries > 60 {
		t.Errorf("%d tries, %d wait", tries, len(w))
	}
	if len(a.notes) == 0 || !strings.Contains(a.notes[len(a.notes)-1], "was not told") {
		t.Errorf("noted: %q", a.notes)
	}
}
