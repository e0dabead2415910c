package broker

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/db/dbtest"
	"entente/federation/brokerapi"
	"entente/federation/wstrust"
)

// TestTwoNodes: what one node was told the other knows at once, and a request
// that one has seen is none for the other.
func TestTwoNodes(t *testing.T) {
	each(t, func(w *world) {
		node, err := Open(t.Context(), w.Config)
		if err != nil {
			t.Fatal(err)
		}
		one, two := w.mux, http.NewServeMux()
		for path, h := range node.Routes() {
			two.Handle(path, h)
		}
		a, b := w.join("contoso.example"), w.join("fabrikam.example")
		first := w.published()
		w.mux = two
		if second := w.published(); !same(first, second) || first.Sequence != second.Sequence {
			t.Errorf("%+v, %+v", first, second)
		}
		a.must(brokerapi.IssueToken, a.wants(b), nil)

		e := a.envelope(brokerapi.IssueToken, a.wants(b))
		doc := a.rst(b).write(t)
		for i, mux := range []*http.ServeMux{one, two, one} {
			w.mux = mux
			p := a.send(brokerapi.IssueToken, e, a.signerOf(brokerapi.IssueToken), nil)
			if (p == nil) != (i == 0) || p != nil && p.Code != brokerapi.RequestRepeated {
				t.Errorf("node %d: %+v", i, p)
			}
			want := ""
			if i > 0 {
				want = brokerapi.RequestRepeated
			}
			w.fault(doc, want)
		}
		if err := node.Suspend(t.Context(), "fabrikam.example", true, access.Principal{UPN: "root@broker.example"}); err != nil {
			t.Fatal(err)
		}
		a.refused(brokerapi.IssueToken, a.wants(b), brokerapi.UnknownTarget)

		// Each checks what is due, and neither twice what the other has.
		w.clock.pass(2 * daytime)
		w.Tick(t.Context())
		checked := len(w.actions("broker.domain.activate"))
		node.Tick(t.Context())
		if n := len(w.actions("broker.domain.activate")); n != checked || checked != 2 {
			t.Errorf("%d, then %d", checked, n)
		}
	})
}

// TestUnavailable: when the database does not answer, both protocols say so, and
// when to ask again; nothing is said of why.
func TestUnavailable(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(*Config) {})
	a, b := w.join("contoso.example"), w.join("fabrikam.example")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	send := func(path, kind string, body []byte) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(gone, http.MethodPost, path, bytes.NewReader(body))
		r.Header.Set("Content-Type", kind)
		got := httptest.NewRecorder()
		w.mux.ServeHTTP(got, r)
		if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") != "60" || strings.Contains(got.Body.String(), "context") {
			t.Errorf("%s: %d %v %s", path, got.Code, got.Header(), got.Body)
		}
		return got
	}
	jws, err := brokerapi.Sign(a.envelope(brokerapi.IssueToken, a.wants(b)), a.signerOf(brokerapi.IssueToken))
	if err != nil {
		t.Fatal(err)
	}
	var p brokerapi.Problem
	if err := json.Unmarshal(send("/v1/IssueToken", "", jws).Body.Bytes(), &p); err != nil || p.Code != brokerapi.Unavailable {
		t.Errorf("%+v, %v", p, err)
	}
	got := send("/sts", "application/soap+xml", a.rst(b).write(t))
	if _, err := wstrust.Open(got.Body.Bytes()); err == nil || !strings.Contains(err.Error(), brokerapi.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// TestTokensAreBounded: an organization's tokens are counted over both protocols.
func TestTokensAreBounded(t *testing.T) {
	w := open(t, dbtest.SQLite(t), func(c *Config) { c.Limits.Tokens = 2 })
	a, b := w.join("contoso.example"), w.join("fabrikam.example")
	a.must(brokerapi.IssueToken, a.wants(b), nil)
	w.fault(a.rst(b).write(t), "")
	got := w.sts(a.address, a.rst(b).write(t))
	if got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") != "30" {
		t.Errorf("%d, %v", got.Code, got.Header())
	}
	w.fault(a.rst(b).write(t), brokerapi.TooManyRequests)
	a.refused(brokerapi.IssueToken, a.wants(b), brokerapi.TooManyRequests)
	w.fault(b.rst(a).write(t), "")
	w.clock.pass(30 * time.Second)
	w.fault(a.rst(b).write(t), "")
}
