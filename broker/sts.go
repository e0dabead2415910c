package broker

import "net/http"

// serveSTS answers RST/Issue.
func (b *Broker) serveSTS(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
}
