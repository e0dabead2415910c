package ewsserver

import (
	"net/http"
	"strings"

	"entente/access"
	"entente/clientaccess"
	"entente/ews"
)

// enter makes the caller act as whom the header names and takes it through the
// gate of the protocol.
func (h *Handler) enter(s *clientaccess.Session, header *ews.Header) error {
	if i := header.Impersonation; i != nil {
		if err := s.Impersonate(connectingSID(i.ConnectingSID)); err != nil {
			return primaryTold(s, i, err)
		}
	}
	if err := managementRole(header); err != nil {
		return err
	}
	err := s.Enter()
	if isReason(err, access.CallerIsInvalidADAccount) {
		// No gate shut: there is nobody who could pass it.
		return err
	}
	if isReason(err, access.OtherOrganization) || isReason(err, access.NoRelationshipFreeBusy) {
		// The partner's server passes the code on to whoever asked it.
		return err
	}
	if err != nil {
		return &gateError{err}
	}
	return nil
}

// primaryTold adds the primary address to the refusal of another, in the form
// that clients take it from. Who is refused for that may act as the account, and
// so may know.
func primaryTold(s *clientaccess.Session, i *ews.ExchangeImpersonation, err error) error {
	if !isReason(err, access.NonPrimarySmtpAddress) {
		return err
	}
	a, ok := s.Snapshot().FindSMTP(i.ConnectingSID.PrimarySMTPAddress)
	if !ok {
		return err
	}
	return &ews.Fault{
		Code: ews.ErrorNonPrimarySmtpAddress, Text: err.Error(),
		Details: []ews.MessageValue{{Name: "Primary", Text: string(a.Mail)}},
	}
}

// managementRole refuses a request that limits itself to roles which we do not
// know: carried out without them it could do more than it was meant to. What
// ApplicationImpersonation allows is what an impersonated request can do anyway.
func managementRole(header *ews.Header) error {
	m := header.ManagementRole
	if m == nil {
		return nil
	}
	for _, role := range append(m.UserRoles, m.ApplicationRoles...) {
		if !strings.EqualFold(role, "ApplicationImpersonation") || header.Impersonation == nil {
			return &ews.Fault{Code: ews.ErrorInvalidManagementRoleHeader}
		}
	}
	return nil
}

// Headers of answers that say as whom the request was carried out, and in whose
// mailboxes: one that went to another mailbox than was meant shows. They name
// none that the caller did not name, or own.
const (
	subjectHeader = "X-Entente-Subject"
	mailboxHeader = "X-Entente-Mailbox"
)

func nameSubject(s *clientaccess.Session, h http.Header) {
	subject, boxes := s.Effective()
	if subject != "" {
		h.Set(subjectHeader, string(subject))
	}
	if len(boxes) > 0 {
		names := make([]string, len(boxes))
		for i, box := range boxes {
			names[i] = string(box)
		}
		h.Set(mailboxHeader, strings.Join(names, ", "))
	}
}
