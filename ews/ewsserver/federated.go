package ewsserver

import (
	"net/http"
	"slices"
	"strings"

	"entente/access"
	"entente/clientaccess"
	"entente/ews"
	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
)

// offered completes a row of the table of operations: by which delegation tokens
// people of other organizations may call it. A row without it is none of theirs.
func (op operation) offered(offers ...string) operation {
	op.offers = offers
	return op
}

// federated judges a request of somebody of another organization before anything
// of it is done. Being somebody else is refused first, whatever is asked for; an
// operation that his token does not name looks like one that we do not have.
func federated(f *access.Foreign, header *ews.Header, op *operation) error {
	switch {
	case f == nil:
		return nil
	case header.Impersonation != nil || header.ManagementRole != nil:
		return &ews.Fault{Code: ews.ErrorImpersonationDenied}
	case !op.stated || !slices.Contains(op.offers, f.Offer):
		return &ews.Fault{Code: ews.ErrorAccessDenied}
	}
	return nil
}

// understood are the header blocks that requests of other organizations may
// insist on, beside those of EWS: of addressing, and the one that the door has
// read. What addressing says of the operation, the Body's child says again.
func understood(f *access.Foreign) []strictxml.Name {
	if f == nil {
		return nil
	}
	return []strictxml.Name{
		{Space: wssecurity.SpaceAddressing, Local: "Action"},
		{Space: wssecurity.SpaceAddressing, Local: "To"},
		{Space: wssecurity.SpaceAddressing, Local: "ReplyTo"},
		{Space: wssecurity.SpaceAddressing, Local: "MessageID"},
		{Space: wssecurity.SpaceSecurity, Local: "Security"},
		{Space: ews.NSTypes, Local: "SharingSecurity"},
	}
}

// TurnAway implements clientaccess.FederatedHandler: one fault for all who are
// not known, in the SOAP that the request says it is in.
func (h *Handler) TurnAway(w http.ResponseWriter, r *http.Request) {
	v := soap.V11
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.EqualFold(strings.TrimSpace(kind), "application/soap+xml") {
		v = soap.V12
	}
	e := strictxml.NewEncoder(nil)
	soap.AppendFault(e, v, wssecurity.Fault(), nil, nil)
	write(w, v, http.StatusInternalServerError, e.Bytes())
}

var _ clientaccess.FederatedHandler = (*Handler)(nil)
