package ewsserver

import (
	"context"
	"net/http"
	"testing"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/ews"
	"entente/federation/token"
)

// shownFrom asks, for fay of fabrikam, when ben is busy, under a relationship
// that was changed, and returns the answer. It is as it was afterwards.
func (x *abroad) shownFrom(who string, change func(*access.Relationship)) reply {
	x.Helper()
	x.relation(change)
	defer x.relation(func(r *access.Relationship) {
		*r = access.Relationship{
			Name: r.Name, Domains: r.Domains, Enabled: true, FreeBusy: true, FreeBusyLevel: access.LimitedDetails,
			TargetApplicationURI: x.fabrikam.URI, TargetSharingEPR: r.TargetSharingEPR,
		}
	})
	return x.ask(x.fabrikam, "fay", token.FreeBusy, "", freeBusyOf("DetailedMerged", "2026-03-02T09:00:00", "2026-03-02T17:00:00", who))
}

func (x *abroad) relation(change func(*access.Relationship)) {
	x.Helper()
	x.must(x.door.Directory.Update(context.WithoutCancel(x.Context()), func(c *directory.Change) error {
		return c.SetRelationship("fabrikam.example", func(r *access.Relationship) error { change(r); return nil })
	}))
}

// Each thing that a relationship can say, and what the other organization's
// server is told for its user.
func TestRelationshipsDecide(t *testing.T) {
	x := openAbroad(t)
	shown := &directory.Group{Group: access.Group{Name: "Shown", Members: []entente.SID{x.account("anna").SID}}, Kind: directory.Security}
	x.must(x.door.Directory.Update(t.Context(), func(c *directory.Change) error { return c.CreateGroup(shown) }))
	test := func(who string, want ews.ResponseCode, change func(*access.Relationship)) {
		t.Helper()
		x.shownFrom(who, change).code(want)
	}
	test("ben", ews.NoError, func(*access.Relationship) {})
	test("ben", ews.ErrorNoFreeBusyAccess, func(r *access.Relationship) { r.FreeBusyLevel = access.FreeBusyNone })
	test("ben", ews.ErrorNoFreeBusyAccess, func(r *access.Relationship) { r.FreeBusyScope = shown.SID })
	test("anna", ews.NoError, func(r *access.Relationship) { r.FreeBusyScope = shown.SID })
	// What concerns nobody in particular is said before anybody is looked up.
	for _, who := range [...]string{"ben", "nobody"} {
		other := x.shownFrom(who, func(r *access.Relationship) { r.TargetApplicationURI = "FYDIBOHF25SPDLT.other.example" })
		other.fault(ews.ErrorProxyRequestNotAllowed)
		other.has("CrossOrganizationProxyNotAllowedForExternalOrganization")
		x.shownFrom(who, func(r *access.Relationship) { r.FreeBusy = false }).fault(ews.ErrorInvalidOrganizationRelationshipForFreeBusy)
		if a := x.shownFrom(who, func(r *access.Relationship) { r.Enabled = false }); a.status != http.StatusForbidden {
			t.Errorf("under a relationship that is off: %d %s", a.status, a.body)
		}
	}
}

// What a relationship says holds from the next request on, and whatever it says
// a calendar shows nobody what it does not show everyone here.
func TestLevelAndDefault(t *testing.T) {
	x := openAbroad(t)
	for _, test := range [...]struct {
		level   access.FreeBusyLevel
		shown   access.Rights
		code    ews.ResponseCode
		details bool
	}{
		{access.LimitedDetails, access.LevelFreeBusyDetails, ews.NoError, true},
		{access.LimitedDetails, access.LevelReviewer, ews.NoError, true},
		{access.LimitedDetails, access.LevelFreeBusyTimeOnly, ews.NoError, false},
		{access.LimitedDetails, access.LevelNone, ews.ErrorNoFreeBusyAccess, false},
		{access.AvailabilityOnly, access.LevelFreeBusyDetails, ews.NoError, false},
		{access.AvailabilityOnly, access.LevelReviewer, ews.NoError, false},
		{access.FreeBusyNone, access.LevelReviewer, ews.ErrorNoFreeBusyAccess, false},
	} {
		x.share("ben", access.Entry{Who: access.Default, Rights: test.shown})
		a := x.shownFrom("ben", func(r *access.Relationship) { r.FreeBusyLevel = test.level }).code(test.code)
		if test.code != ews.NoError {
			continue
		}
		want := "<t:FreeBusyViewType>FreeBusyMerged</t:FreeBusyViewType>"
		if test.details {
			want = "<t:FreeBusyViewType>DetailedMerged</t:FreeBusyViewType>"
		}
		a.has(want)
	}
}
