package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"entente"
	"entente/federation/brokerapi"
)

// refuse makes a refusal that is told: its code stays what it is, for whoever
// reads it by program.
func refuse(k entente.Kind, code, text string) *entente.Error {
	return &entente.Error{Kind: k, Reason: entente.Reason(code), Text: text}
}

// denied is all that strangers hear, whatever they tried.
func denied() *entente.Error {
	return refuse(entente.Denied, brokerapi.AccessDenied, "the request is not accepted")
}

// later is in a refusal that passes.
type later time.Duration

func (l later) Error() string { return fmt.Sprintf("try again after %s", time.Duration(l)) }

func tooMany(after time.Duration) *entente.Error {
	e := refuse(entente.TooLarge, brokerapi.TooManyRequests, "too many requests; try again later")
	e.Err = later(after)
	return e
}

// told returns what of an error the asker hears, and its status.
func (b *Broker) told(ctx context.Context, what string, err error) (p brokerapi.Problem, status int, after time.Duration) {
	var e *entente.Error
	var l later
	if errors.As(err, &l) {
		after = time.Duration(l)
	}
	if !errors.As(err, &e) || e.Kind == entente.Internal || e.Reason == "" && e.Kind != entente.Unavailable {
		if ctx.Err() == nil {
			b.Log.Error("broker: "+what, "err", err)
		}
		e = &entente.Error{Kind: entente.Unavailable, Text: "the broker cannot answer now"}
	}
	p = brokerapi.Problem{Code: string(e.Reason), Text: e.Text}
	if p.Code == "" {
		p.Code = brokerapi.Unavailable
	}
	switch e.Kind {
	case entente.Invalid:
		status = http.StatusBadRequest
	case entente.Denied:
		status = http.StatusForbidden
		if p.Code == brokerapi.AccessDenied {
			status = http.StatusUnauthorized
		}
	case entente.NotFound:
		status = http.StatusNotFound
	case entente.Conflict:
		status = http.StatusConflict
	case entente.TooLarge:
		status = http.StatusTooManyRequests
	default:
		status = http.StatusServiceUnavailable
		after = max(after, time.Minute)
	}
	return p, status, after
}

// code is how a refusal is marked in the log.
func code(err error) string {
	var e *entente.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e) && e.Reason != "":
		return string(e.Reason)
	}
	return "internal"
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b) // who asked has gone
}

func setRetryAfter(w http.ResponseWriter, after time.Duration) {
	if after > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int64((after+time.Second-1)/time.Second)))
	}
}
