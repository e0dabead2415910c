package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/activesync/easserver"
	"entente/clientaccess"
	"entente/ews/ewsserver"
	"entente/publish"
)

// enforcer has the door decide requests for servers that are not ours: it is the
// gateway's publish.Enforcer.
type enforcer struct {
	door  *clientaccess.Door
	front *ewsserver.Front
	gate  deviceGate
}

func (s *Server) enforcer() publish.Enforcer {
	pin := pinIssuer
	if c := s.config.ActiveSync; c != nil {
		pin, _ = parseDevicePin(c.DevicePin) // checked with the configuration
	}
	return enforcer{s.Door, ewsserver.NewFront(ewsserver.Config{Log: s.log}), deviceGate{s.Devices, pin}}
}

// Enforce implements publish.Enforcer.
func (e enforcer) Enforce(rule *publish.Rule, c *access.Caller, id string, w http.ResponseWriter, r *http.Request,
	pass func(http.ResponseWriter, *http.Request, access.Principal),
) {
	protocol := protocolOf(r.URL.Path)
	var h clientaccess.Handler = gated{pass, &e.gate}
	if protocol == clientaccess.EWS {
		h = e.front.Passing(ewsserver.Impersonation(rule.Impersonate), pass)
	}
	e.door.Admit(protocol, id, c, h, w, r)
}

// unknownProtocol has no gate that would open.
const unknownProtocol clientaccess.Protocol = "unknown"

// protocolOf tells by what protocol a path is a way in.
func protocolOf(path string) clientaccess.Protocol {
	switch path = strings.ToLower(path); {
	case strings.HasPrefix(path, "/ews/"):
		return clientaccess.EWS
	case easserver.Path(path):
		return clientaccess.ActiveSync
	case strings.HasPrefix(path, "/autodiscover/"):
		return clientaccess.Autodiscover
	}
	return unknownProtocol
}

// gated passes what the protocol's gate lets in: nothing of these requests says
// to come from somebody else.
type gated struct {
	pass ewsserver.Pass
	gate *deviceGate
}

// ServeSession implements clientaccess.Handler. What a request does is in its body,
// which is not read here, so all but asking what there is counts as a change.
func (g gated) ServeSession(s *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	name := commandOf(r)
	s.Operation(name, r.Method == http.MethodPost && protocolOf(r.URL.Path) == clientaccess.ActiveSync)
	err := s.Enter()
	if err == nil && r.Method == http.MethodPost && protocolOf(r.URL.Path) == clientaccess.ActiveSync {
		err = g.gate.ask(s, r)
	}
	if err == nil && (name == "Ping" || name == "Sync") {
		// They wait for news, for up to an hour, and hold no place among those at
		// work.
		var patient *http.Request
		if patient, err = s.Wait(r); err == nil {
			r = patient
		}
	}
	var known *entente.Error
	var refused *gateRefusal
	switch {
	case errors.As(err, &refused):
		if s.Conclude(r.Context(), fmt.Sprint("Status", refused.status)) == nil {
			refused.write(w)
			return
		}
	case errors.As(err, &known) && known.Kind == entente.Invalid:
		if s.Conclude(r.Context(), "Malformed") == nil {
			http.Error(w, "the request is not understood", http.StatusBadRequest)
			return
		}
	case err == nil:
		if err = s.Conclude(r.Context(), ""); err == nil {
			g.pass(w, r, s.Caller().Authenticated)
			return
		}
	case errors.As(err, &known) && known.Kind == entente.Denied:
		if s.Conclude(r.Context(), "AccessDenied") == nil {
			http.Error(w, "not allowed", http.StatusForbidden)
			return
		}
	default:
		_ = s.Conclude(r.Context(), "Busy") // the answer tells nothing that must be on record
	}
	w.Header().Set("Retry-After", clientaccess.RetryAfter(clientaccess.BackOff(err)))
	http.Error(w, "try again later", http.StatusServiceUnavailable)
}

// commandOf names what a request does, as far as its line says: for ActiveSync the
// command.
func commandOf(r *http.Request) string {
	if r.Method == http.MethodPost && protocolOf(r.URL.Path) == clientaccess.ActiveSync {
		if c := activesync.CommandOf(r.URL.RawQuery); c != "" {
			return string(c)
		}
	}
	return r.Method
}
