package adminhttp_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/admin/adminclient"
	"entente/admin/adminhttp"
	"entente/server"
)

// contoso is an organization without anybody in it.
func contoso(t testing.TB) *server.Server {
	t.Helper()
	c := server.Config{Name: "mail.contoso.example", State: filepath.Join(t.TempDir(), "state")}.WithDefaults()
	s, err := server.New(t.Context(), c, server.Options{Organization: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func root(*http.Request) (admin.Administrator, error) {
	return admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local}, nil
}

func stranger(*http.Request) (admin.Administrator, error) {
	return admin.Administrator{}, entente.Errorf(entente.Denied, "who are you?")
}

var discard = slog.New(slog.DiscardHandler)

func TestRequests(t *testing.T) {
	h := adminhttp.Handler(contoso(t).Admin, discard, root)
	test := func(method, path, header, body string, status int, want string) {
		t.Helper()
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if name, value, ok := strings.Cut(header, ": "); ok {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s %s %s %s: %d %s", method, path, header, body, w.Code, w.Body)
		}
	}
	const post = http.MethodPost
	test(post, "/v1/organization/show", "", "", 200, `"name":"contoso"`)
	test(post, "/v1/domain/add", "", `{"name":"contoso.example"}`, 200, `"done"`)
	test(post, "/v1/domain/list", "", `{}`, 200, `"contoso.example"`)

	// a misspelt restriction must not become none
	test(post, "/v1/account/list", "", `{"kindd":"room"}`, 400, `"kind":"invalid"`)
	test(post, "/v1/account/list", "", `{} {}`, 400, `"kind":"invalid"`)
	test(post, "/v1/account/list", "", `[]`, 400, `"kind":"invalid"`)
	test(post, "/v1/domain/add", "", `{"name":"not a domain"}`, 400, `"kind":"invalid"`)
	test(post, "/v1/account/show", "", `{"account":"nobody@contoso.example"}`, 404, `"reason":"no-such-account"`)
	test(post, "/v1/account/create", "", `{"upn":"a@elsewhere.example"}`, 400, `"reason":"domain-not-accepted"`)
	test(post, "/v1/import/csv", "", `{"content":"`+strings.Repeat("x", 37<<20)+`"}`, 413, `"kind":"too-large"`)

	// no page in the administrator's browser asks in his name
	test(post, "/v1/domain/remove", "Origin: https://evil.example", `{"name":"contoso.example"}`, 403, `"kind":"denied"`)
	test(post, "/v1/domain/remove", "Content-Type: text/plain", `{"name":"contoso.example"}`, 403, `"kind":"denied"`)
	test(http.MethodGet, "/v1/domain/list", "", "", 405, "")
	test(post, "/v1/domain/explode", "", "", 404, "")
}

// TestNobody: where the listener does not know who asks, no verb is reached.
func TestNobody(t *testing.T) {
	h := adminhttp.Handler(contoso(t).Admin, discard, stranger)
	for _, v := range admin.Verbs() {
		r := httptest.NewRequest(http.MethodPost, "/v1/"+v.Noun+"/"+v.Name, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s %s answers %d", v.Noun, v.Name, w.Code)
		}
	}
}

// TestClient: an error comes through as it was, kind, reason and text; what is
// not for the asker stays in the log.
func TestClient(t *testing.T) {
	var log strings.Builder
	socket := filepath.Join(t.TempDir(), "admin.sock")
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	hs := &http.Server{
		ReadHeaderTimeout: time.Second,
		Handler:           adminhttp.Handler(contoso(t).Admin, slog.New(slog.NewTextHandler(&log, nil)), root),
	}
	go func() { _ = hs.Serve(l) }()
	defer hs.Close()
	c := adminclient.New(socket)

	var done admin.Done
	if err := c.Call(t.Context(), "domain", "add", admin.DomainName{Name: "contoso.example"}, &done); err != nil || done.Done != "contoso.example is accepted" {
		t.Errorf("%q, %v", done.Done, err)
	}
	err = c.Call(t.Context(), "account", "show", admin.AccountName{Account: "nobody@contoso.example"}, nil)
	var e *entente.Error
	if !errors.As(err, &e) || e.Kind != entente.NotFound || e.Reason != "no-such-account" || e.Text != "there is no account nobody@contoso.example" {
		t.Errorf("%#v", err)
	}
	if err := c.Call(t.Context(), "domain", "explode", nil, nil); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}

	err = adminclient.New(socket+"x").Call(t.Context(), "domain", "list", nil, nil)
	if !errors.As(err, &e) || e.Reason != adminclient.Unreachable {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Call(ctx, "domain", "list", nil, &[]admin.DomainInfo{}); err == nil {
		t.Error("a call that was given up succeeds")
	}
}
