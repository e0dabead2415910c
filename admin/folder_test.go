package admin

import (
	"strings"
	"testing"

	"entente"
)

// TestFolderPermissions is an administrator at somebody's calendar.
func TestFolderPermissions(t *testing.T) {
	o := staffed(t)
	list := func() string {
		return o.must("folder permissions", `{"account":"anna@contoso.example","folder":"calendar"}`)
	}
	refused := func(name, request string, kind entente.Kind, text string) {
		t.Helper()
		_, err := o.do(name, request)
		if kindOf(err) != kind || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%s %s: %v", name, request, err)
		}
	}
	o.must("folder grant", `{"account":"anna@contoso.example","folder":"Calendar","to":"ben@contoso.example","rights":["reviewer"],"new":true}`)
	if got := list(); !strings.Contains(got, `{"user":"ben@contoso.example","rights":"Reviewer"}`) {
		t.Error(got)
	}
	refused("folder grant", `{"account":"anna@contoso.example","folder":"calendar","to":"ben@contoso.example","rights":["editor"],"new":true}`,
		entente.Conflict, "An existing permission entry was found for user: ben@contoso.example.")
	o.must("folder grant", `{"account":"anna@contoso.example","folder":"calendar","to":"Default","rights":["LimitedDetails"],"old":true}`)
	o.must("folder grant", `{"account":"anna@contoso.example","folder":"calendar","to":"ben@contoso.example","rights":["CreateItems","ReadItems"]}`)
	if got := list(); !strings.Contains(got, `{"user":"Default","rights":"LimitedDetails"}`) || !strings.Contains(got, `"ReadItems,CreateItems"`) {
		t.Error(got)
	}
	o.must("folder revoke", `{"account":"anna@contoso.example","folder":"calendar","to":"ben@contoso.example"}`)
	if got := list(); strings.Contains(got, "ben") {
		t.Error(got)
	}
	for _, name := range []string{"folder revoke", "folder grant"} {
		more := `,"rights":["editor"],"old":true`
		if name == "folder revoke" {
			more = ""
		}
		refused(name, `{"account":"anna@contoso.example","folder":"calendar","to":"ben@contoso.example"`+more+`}`,
			entente.NotFound, "There is no existing permission entry found for user: ben@contoso.example.")
	}
	refused("folder permissions", `{"account":"anna@contoso.example","folder":"\\Calendar\\Team"}`,
		entente.NotFound, `The operation couldn't be performed because 'anna@contoso.example:\Calendar\Team' couldn't be found.`)
	refused("folder grant", `{"account":"anna@contoso.example","folder":"inbox","to":"ben@contoso.example","rights":["AvailabilityOnly"]}`,
		entente.Invalid, "is for calendars")
	refused("folder grant", `{"account":"anna@contoso.example","folder":"inbox","to":"nobody@contoso.example","rights":["Reviewer"]}`,
		entente.NotFound, "nobody@contoso.example")
	refused("folder grant", `{"account":"anna@contoso.example","folder":"calendar","to":"dana@fabrikam.example","rights":["AvailabilityOnly"]}`,
		entente.Denied, "isn't allowed by the sharing policy")
	if got := o.must("folder list", `{"account":"anna@contoso.example"}`); !strings.Contains(got, `{"path":"Calendar","distinguished":"calendar"`) {
		t.Error(got)
	}
}
