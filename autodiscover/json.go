package autodiscover

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"entente/clientaccess"
	"entente/directory"
)

// A jsonAnswer is where a protocol is served, as Autodiscover V2 says it.
type jsonAnswer struct {
	Protocol string `json:"Protocol"`
	URL      string `json:"Url"`
}

// A jsonError is its error.
type jsonError struct {
	ErrorCode    string `json:"ErrorCode"`
	ErrorMessage string `json:"ErrorMessage"`
}

// json answers Autodiscover.json, which clients ask before they have signed
// in: the answer depends on the protocol only, never on the address.
func (s *Service) json(d *directory.Directory, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	status := http.StatusOK
	answer, ok := s.jsonAnswer(queryFold(r.URL.Query(), "Protocol"), func(p clientaccess.Protocol) string {
		return s.placeAt(d, s.Name, p).asked(r)
	})
	if !ok {
		status = http.StatusBadRequest
	}
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "private")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (s *Service) jsonAnswer(protocol string, at func(clientaccess.Protocol) string) (answer any, ok bool) {
	switch strings.ToLower(protocol) {
	case "":
		return jsonError{"MandatoryParameterMissing", "A valid value must be provided for the query parameter 'Protocol'."}, false
	case "ews":
		return jsonAnswer{"EWS", at(clientaccess.EWS)}, true
	case "autodiscoverv1":
		return jsonAnswer{"AutodiscoverV1", s.poxURL()}, true
	case "activesync":
		if s.ActiveSync != "" {
			return jsonAnswer{"ActiveSync", at(clientaccess.ActiveSync)}, true
		}
	}
	return jsonError{"InvalidProtocol", "The given protocol is not served here. Supported are EWS, ActiveSync and AutodiscoverV1."}, false
}

// queryFold returns a query parameter by its name in any case, as Exchange
// takes it.
func queryFold(q url.Values, name string) string {
	for k, v := range q {
		if strings.EqualFold(k, name) && len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

func (v Version) text() string {
	return fmt.Sprintf("%d.%02d.%04d.%03d", v.Major, v.Minor, v.Build, v.Revision)
}
