package authn

import (
	"net/http"

	"entente/access"
)

// Published makes the caller of a request for a published calendar: nobody who
// is known, with the address that he knew of as all there is to say of him.
func Published(r *http.Request, p access.Publication) *access.Caller {
	c := caller(r, access.Principal{}, "")
	c.Published = &p
	return c
}
