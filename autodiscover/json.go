package autodiscover

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
func (s *Service) json(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	protocol := queryFold(r.URL.Query(), "Protocol")
	var answer any
	status := http.StatusOK
	switch strings.ToLower(protocol) {
	case "ews":
		answer = jsonAnswer{"EWS", s.EWS}
	case "autodiscoverv1":
		answer = jsonAnswer{"AutodiscoverV1", "https://" + s.Name + "/autodiscover/autodiscover.xml"}
	case "activesync":
		if s.ActiveSync != "" {
			answer = jsonAnswer{"ActiveSync", s.ActiveSync}
			break
		}
		fallthrough
	default:
		status = http.StatusBadRequest
		answer = jsonError{"ProtocolNotSupported", "The given protocol is not served here. Supported: EWS, AutodiscoverV1."}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "private")
	w.WriteHeader(status)
	_, _ = w.Write(body)
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
