package autodiscover

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"entente"
	"entente/federation"
	"entente/soap"
	"entente/strictxml"
)

// A Federation is this organization's side of its federation trust: a
// *federation.Service.
type Federation interface {
	// Trust returns what is set, nil if nothing is.
	Trust() *federation.Trust
	// Peer returns what the organization says of itself to others of its kind.
	Peer() *federation.Peer
}

// trust returns the trust if it is in force.
func (s *Service) trust() *federation.Trust {
	if s.Federation == nil {
		return nil
	}
	if t := s.Federation.Trust(); t != nil && t.Enabled {
		return t
	}
	return nil
}

// federated returns the trust that a domain is federated in. To strangers, a
// domain that is ours and not federated is like one that is not ours.
func (s *Service) federated(name string) (*federation.Trust, entente.Domain, bool) {
	d, err := entente.ParseDomain(name)
	t := s.trust()
	return t, d, err == nil && t.Federated(d)
}

// announce adds to answers what of Autodiscover works here. The EWS Managed API
// asks for the POX path with GET and takes a header of any value for yes, so that
// what does not work (X-WSSecurity-X509Cert-Enabled) is not mentioned.
func (s *Service) announce(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-SOAP-Enabled", "True")
		if s.Delegation != nil && s.trust() != nil {
			w.Header().Set("X-WSSecurity-Enabled", "True")
			w.Header().Set("X-WSSecurity-SymmetricKey-Enabled", "True")
		}
		h.ServeHTTP(w, r)
	})
}

const federationAction = spaceA + "/Autodiscover/GetFederationInformation"

// open has requests for GetFederationInformation answered without a caller, and
// all others by h. They are told by their SOAPAction, which they must have, so that
// nobody's body is read here before he has signed in but theirs. (threats E8)
func (s *Service) open(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Trim(r.Header.Get("SOAPAction"), `"`) == federationAction && r.Method == http.MethodPost {
			s.federationInformation(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// federationInformation answers a stranger who wants to make a relationship: of
// the one domain that he names and of no other. [MS-OXWSADISC] 3.1.4.2
func (s *Service) federationInformation(w http.ResponseWriter, r *http.Request) {
	if !s.strangers.allow(r.RemoteAddr) {
		slowDown(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		answerFault(w, soap.V11, &soap.Fault{Code: strictxml.Name{Local: soap.Client}, String: "the request is too large"})
		return
	}
	version, q, fault := readSOAP(body, understood())
	if fault == nil && q.operation != getFederationInformation {
		fault = notServed(q.operation)
	}
	if fault != nil {
		answerFault(w, version, fault)
		return
	}
	e := s.begin(version, q.operation)
	s.federationResponse(e, q.domain(), nil)
	soap.End(e)
	answer(w, http.StatusOK, contentType(version), e.Bytes())
}

// federationResponse says what makes a relationship with us, if a domain is
// federated here; all are the domains that are told of, and if there are none it is
// the one that was asked about. What is not a name is told from one that is not
// federated, and nothing else.
func (s *Service) federationResponse(e *strictxml.Encoder, name string, all []federation.Domain) {
	e.Start("GetFederationInformationResponseMessage")
	e.Attr("xmlns", spaceA)
	e.Start("Response")
	t, d, ok := s.federated(name)
	switch {
	case d == "":
		failure(e, "InvalidDomain", "Invalid domain.")
	case !ok:
		failure(e, "NotFederated", "The domain is not federated.")
	default:
		outcome(e, "NoError")
		e.Elem("ApplicationUri", t.ApplicationURI)
		e.Start("Domains")
		if len(all) == 0 {
			e.Elem("Domain", string(d))
		}
		for i := range all {
			if t.Federated(all[i].Name) {
				e.Elem("Domain", string(all[i].Name))
			}
		}
		e.End("Domains")
		e.Start("TokenIssuers")
		e.Start("TokenIssuer")
		e.Elem("Endpoint", t.STS)
		e.Elem("Uri", t.Issuer)
		e.End("TokenIssuer")
		e.End("TokenIssuers")
	}
	e.End("Response")
	e.End("GetFederationInformationResponseMessage")
}

func failure(e *strictxml.Encoder, code, text string) {
	e.Elem("ErrorCode", code)
	e.Elem("ErrorMessage", text)
}

// wellKnown answers others of our kind what keys the organization signs with, at
// /.well-known/entente-federation?domain=X. To who knows no federated domain, the
// path is not there.
func (s *Service) wellKnown(w http.ResponseWriter, r *http.Request) {
	if !s.strangers.allow(r.RemoteAddr) {
		slowDown(w)
		return
	}
	body := s.peer(r)
	if body == nil {
		http.NotFound(w, r)
		return
	}
	answer(w, http.StatusOK, "application/json", body)
}

// maxQuery is longer than a domain can be.
const maxQuery = 300

func (s *Service) peer(r *http.Request) []byte {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || len(r.URL.RawQuery) > maxQuery {
		return nil
	}
	_, _, ok := s.federated(r.URL.Query().Get("domain"))
	if !ok {
		return nil
	}
	p := s.Federation.Peer()
	if p == nil {
		return nil
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil
	}
	return body
}

// answer writes what goes to somebody who has not signed in.
func answer(w http.ResponseWriter, status int, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "private")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func answerFault(w http.ResponseWriter, v soap.Version, f *soap.Fault) {
	e := strictxml.NewEncoder(nil)
	soap.AppendFault(e, v, f, nil, nil)
	answer(w, http.StatusInternalServerError, contentType(v), e.Bytes())
}

func slowDown(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "60")
	http.Error(w, "too many requests; try again later", http.StatusServiceUnavailable)
}
