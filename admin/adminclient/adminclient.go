// Package adminclient asks a running server for administration, over its
// admin socket.
package adminclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"entente"
)

// A Client asks one server.
type Client struct {
	socket string
	http   *http.Client
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// New returns a client of the server behind a Unix socket.
func New(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	return &Client{socket, &http.Client{
		Transport: &http.Transport{DialContext: dial},
		Timeout:   10 * time.Minute, // of an import
	}}
}

// Unreachable is the reason of an error when no server answers.
const Unreachable entente.Reason = "server-unreachable"

// Call asks for a verb and reads the answer into answer. An error the server
// gave is an *entente.Error of the same kind, reason and text.
func (c *Client) Call(ctx context.Context, noun, verb string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://entente/v1/"+noun+"/"+verb, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	w, err := c.http.Do(r)
	if err != nil {
		e := entente.Errorf(entente.Unavailable, "no server answers at %s", c.socket).Because(Unreachable)
		e.Err = errors.Unwrap(err)
		return e
	}
	defer w.Body.Close()
	text, err := io.ReadAll(io.LimitReader(w.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if w.StatusCode != http.StatusOK {
		return problem(w, text)
	}
	return json.Unmarshal(text, answer)
}

// problem makes the server's error one of ours again.
func problem(w *http.Response, text []byte) error {
	var p struct{ Error, Reason string }
	if err := json.Unmarshal(text, &p); err != nil || p.Error == "" {
		return fmt.Errorf("the server answered %s", w.Status)
	}
	kind := entente.Internal
	switch w.StatusCode {
	case http.StatusBadRequest:
		kind = entente.Invalid
	case http.StatusForbidden:
		kind = entente.Denied
	case http.StatusNotFound:
		kind = entente.NotFound
	case http.StatusConflict:
		kind = entente.Conflict
	case http.StatusServiceUnavailable:
		kind = entente.Unavailable
	case http.StatusRequestEntityTooLarge:
		kind = entente.TooLarge
	}
	return entente.Errorf(kind, "%s", p.Error).Because(entente.Reason(p.Reason))
}
