package ewsserver

import (
	"testing"

	"entente"
	"entente/availability"
	"entente/ews"
)

// TestPartnerCodes has every documented reason why people of another
// organization cannot be asked about, with the code that clients know.
func TestPartnerCodes(t *testing.T) {
	test := func(r entente.Reason, want ews.ResponseCode) {
		t.Helper()
		if got, ok := codeOfReason(r); !ok || got != want {
			t.Errorf("%s: %s, want %s", r, got, want)
		}
	}
	test(availability.NoRelationship, ews.ErrorMailRecipientNotFound)
	test(availability.UnusableRelationship, ews.ErrorInvalidOrganizationRelationshipForFreeBusy)
	test(availability.NoRelationshipFreeBusy, ews.ErrorInvalidOrganizationRelationshipForFreeBusy)
	test(availability.OtherOrganization, ews.ErrorProxyRequestNotAllowed)
	test(availability.OrganizationUnfederated, ews.ErrorOrganizationNotFederated)
	test(availability.FederationMisconfigured, ews.ErrorInvalidFederatedOrganizationId)
	test(availability.NoFederatedAddress, ews.ErrorUserWithoutFederatedProxyAddress)
	test(availability.NoDelegationToken, ews.ErrorProxyRequestProcessingFailed)
	test(availability.PartnerDiscoveryFailed, ews.ErrorAutoDiscoverFailed)
	test(availability.PartnerFailed, ews.ErrorProxyRequestProcessingFailed)
	test(availability.PartnerTimedOut, ews.ErrorTimeoutExpired)
	test(availability.PartnerTooManyEntries, ews.ErrorResultSetTooBig)
	test(availability.PartnerShowsNoFreeBusy, ews.ErrorNoFreeBusyAccess)
	test(availability.PartnerUnknownRecipient, ews.ErrorMailRecipientNotFound)
	test(availability.PartnerSays+"ErrorMailboxMoveInProgress", ews.ErrorMailboxMoveInProgress)
}
