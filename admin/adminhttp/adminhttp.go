// Package adminhttp serves the verbs of administration as JSON over HTTP:
// POST /v1/NOUN/VERB. Who asks was proved by the listener; the package decides
// nothing and has no verbs of its own.
package adminhttp

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"entente"
	"entente/admin"
)

// maxBody is the longest request, which is a file to import.
const maxBody = 36 << 20

// A Problem is the body of an answer that is not 200.
type Problem struct {
	Error  string `json:"error"`
	Kind   string `json:"kind"`
	Reason string `json:"reason,omitempty"`
}

// Handler serves the verbs. who says who asks, as the listener knows it.
func Handler(api *admin.API, log *slog.Logger, who func(*http.Request) (admin.Administrator, error)) http.Handler {
	mux := http.NewServeMux()
	for _, v := range admin.Verbs() {
		mux.Handle("POST /v1/"+v.Noun+"/"+v.Name, &verb{v, api, log, who})
	}
	return mux
}

// verb serves one verb.
type verb struct {
	admin.Verb
	api *admin.API
	log *slog.Logger
	who func(*http.Request) (admin.Administrator, error)
}

func (v *verb) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := v.serve(w, r)
	if err != nil {
		v.fail(w, err)
		return
	}
	text, err := json.Marshal(answer)
	if err != nil {
		v.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n')) // whoever asked is gone
}

func (v *verb) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	// A page in the administrator's browser must not ask in his name: browsers
	// say where a request comes from, and cannot send this type unasked.
	if r.Header.Get("Origin") != "" || r.Header.Get("Content-Type") != "application/json" {
		return nil, entente.Errorf(entente.Denied, "requests are application/json, and from no web page")
	}
	who, err := v.who(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, entente.Errorf(entente.TooLarge, "the request has more than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return nil, err
	}
	return v.Call(r.Context(), v.api.As(who), body)
}

// kinds are how each kind of error is said in HTTP and in the answer's body.
var kinds = [...]struct {
	status int
	name   string
}{
	entente.Internal:    {http.StatusInternalServerError, "internal"},
	entente.Invalid:     {http.StatusBadRequest, "invalid"},
	entente.Denied:      {http.StatusForbidden, "denied"},
	entente.NotFound:    {http.StatusNotFound, "not-found"},
	entente.Conflict:    {http.StatusConflict, "conflict"},
	entente.Unavailable: {http.StatusServiceUnavailable, "unavailable"},
	entente.TooLarge:    {http.StatusRequestEntityTooLarge, "too-large"},
}

func (v *verb) fail(w http.ResponseWriter, err error) {
	p := Problem{Error: "something went wrong; the server's log says what"}
	kind := entente.Internal
	if e := (*entente.Error)(nil); errors.As(err, &e) {
		p.Error, p.Reason, kind = e.Text, string(e.Reason), e.Kind
	}
	if kind == entente.Internal {
		v.log.Error("administration", "verb", v.Noun+" "+v.Name, "err", err)
	}
	p.Kind = kinds[kind].name
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(kinds[kind].status)
	_ = json.NewEncoder(w).Encode(p) // whoever asked is gone
}
