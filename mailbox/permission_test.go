package mailbox

import (
	"slices"
	"testing"

	"entente"
	"entente/access"
)

// TestExternalPermissions holds what people of other organizations may be given
// in a folder's table, and that what they have stays when the policy changes.
func TestExternalPermissions(t *testing.T) {
	const mail = "dana@fabrikam.example"
	each(t, func(t *testing.T, h *house) {
		ctx, cal := t.Context(), h.folder(h.anna(), Calendar)
		policy := func(rules ...access.SharingRule) {
			h.facts.SharingPolicies = []access.SharingPolicy{{Name: "Default", Enabled: true, Default: true, Rules: rules}}
			h.snapshot = access.Compile(h.facts)
		}
		external := func(r access.Rights) []access.Entry {
			return []access.Entry{{Who: access.Default}, {Who: access.Anonymous}, {Who: access.ExternalUser, External: mail, Rights: r}}
		}
		test := func(r access.Rights, want entente.Reason) {
			t.Helper()
			_, err := h.anna().SetPermissions(ctx, cal, external(r))
			if want == "" {
				h.must(err)
				return
			}
			h.fails(err, want)
			_, err = h.anna().CreateFolder(ctx, cal, NewFolder{Name: "Shared", Class: "IPF.Appointment", Permissions: external(r)})
			h.fails(err, want)
			_, err = h.anna().UpdateFolder(ctx, cal, 0, func(f *Folder) error { f.Table.Entries = external(r); return nil })
			h.fails(err, want)
		}
		test(access.LevelFreeBusyTimeOnly, access.SharingDisabled)
		policy(access.SharingRule{Domain: "litware.example", Actions: access.CalendarSharingFreeBusyReviewer})
		test(access.LevelFreeBusyTimeOnly, access.SharingDomain)
		test(0, "") // of nothing no policy is asked
		policy(access.SharingRule{Domain: "fabrikam.example", Actions: access.CalendarSharingFreeBusyDetail})
		test(access.LevelReviewer, access.SharingLevel)
		test(access.LevelEditor, access.SharingLevel)
		test(access.LevelFreeBusyDetails, "")
		policy()
		test(access.LevelFreeBusyDetails, "") // he has it; what it is worth now, access says
		test(access.LevelFreeBusyTimeOnly, "")
		test(access.LevelFreeBusyDetails, access.SharingDomain)
		policy(access.SharingRule{Domain: access.AnyFederated, Actions: access.CalendarSharingFreeBusyReviewer})
		test(access.LevelReviewer|access.LevelFreeBusyDetails, "")

		v := h.anna()
		f, err := v.Folder(ctx, cal)
		h.must(err)
		if !slices.Equal(f.Table.Entries, external(access.LevelReviewer|access.LevelFreeBusyDetails)) {
			t.Errorf("%v", f.Table.Entries)
		}
		sub, err := v.CreateFolder(ctx, cal, NewFolder{Name: "Below", Class: "IPF.Appointment"})
		h.must(err)
		if !slices.Equal(sub.Table.Entries, f.Table.Entries) {
			t.Errorf("inherited %v", sub.Table.Entries)
		}
		for _, bad := range [][]access.Entry{
			{{Who: access.ExternalUser}},
			{{Who: access.ExternalUser, External: mail, SID: sid("ben")}},
			{{Who: access.ExternalUser, External: "nobody"}},
			{{Who: access.Default, External: mail}},
			{{External: mail}},
			{{Who: access.ExternalUser + 1, External: mail}},
			{{Who: access.ExternalUser, External: mail}, {Who: access.ExternalUser, External: "DANA@fabrikam.example"}},
		} {
			if _, err := v.SetPermissions(ctx, cal, bad); err == nil {
				t.Errorf("%v was kept", bad)
			}
		}
	})
}

// TestExternalPermissionNamed holds that entries of all kinds are kept, and told
// from each other, by what names them.
func TestExternalPermissionNamed(t *testing.T) {
	all := []access.Entry{
		{SID: "S-1-5-21-1-2-3-4", Rights: access.LevelEditor},
		{Who: access.Default, Rights: access.LevelFreeBusyTimeOnly},
		{Who: access.Anonymous},
		{Who: access.ExternalUser, External: "dana@fabrikam.example", Rights: access.LevelFreeBusyDetails},
	}
	got, err := parsePermissions(appendPermissions(nil, all))
	if err != nil || !slices.Equal(got, all) {
		t.Errorf("%v %v", got, err)
	}
	for i := range all {
		if at := entryOf(all, all[i].Who, nameOf(&all[i])); at != i {
			t.Errorf("%v is found as %d", all[i], at)
		}
		if e := entryNamed(all[i].Who, nameOf(&all[i]), all[i].Rights); e != all[i] {
			t.Errorf("%v is made anew as %v", all[i], e)
		}
	}
}
