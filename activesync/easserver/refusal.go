package easserver

import (
	"net/http"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// Refusal is how a request is refused with a status common to all commands, by who
// stands in front of a server: from 14.0 on in a document, as an HTTP status before.
func Refusal(line activesync.RequestLine, s activesync.Status) (status int, kind string, body []byte) {
	d, ok := documents()[line.Command]
	if line.Version < activesync.V140 || !ok {
		return httpOf(s), "", nil
	}
	w := wbxml.NewWriter(nil)
	d.write(w, s)
	return http.StatusOK, contentType, w.Bytes()
}
