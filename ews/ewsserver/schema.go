package ewsserver

import (
	"net/http"
	"strconv"
	"strings"

	"entente/ews"
)

// SchemaRoutes are the handlers of the service description, which node-ews
// fetches before anything else and without signing in: it says what the
// protocol is, nothing about anybody. The keys are paths in lower case, ewsURL
// is the address the description names.
func SchemaRoutes(ewsURL string) map[string]http.Handler {
	routes := map[string]http.Handler{}
	for _, s := range ews.Schemas(ewsURL) {
		routes["/ews/"+strings.ToLower(s.Name)] = document(s.Text)
	}
	// Generators of .NET ask the service itself.
	routes["/ews/exchange.asmx/wsdl"] = routes["/ews/services.wsdl"]
	return routes
}

func document(text []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(text)
		}
	})
}
