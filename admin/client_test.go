package admin

import (
	"strings"
	"testing"

	"entente"
)

// A list without its policy would do nothing, so it is refused, with Exchange's
// own sentence.
func TestListsNeedThePolicy(t *testing.T) {
	o := staffed(t)
	const sentence = "EwsApplicationAccessPolicy must be specified if to set EwsAllowList or EwsBlockList."
	for _, s := range [...]string{`"ews_allow_list":["Panel/*"]`, `"ews_block_list":["Panel/*"]`} {
		for verb, request := range map[string]string{"organization set": `{` + s + `}`, "account set": `{"account":"anna@contoso.example",` + s + `}`} {
			if _, err := o.do(verb, request); kindOf(err) != entente.Invalid || !strings.Contains(err.Error(), sentence) {
				t.Errorf("%s %s: %v", verb, request, err)
			}
		}
	}
	o.must("organization set", `{"ews_application_access_policy":"allow-list","ews_allow_list":["Panel/*"]}`)
	o.must("organization set", `{"ews_allow_list":["Panel/*","Other/*"]}`) // there is a policy
	o.must("organization set", `{"ews_application_access_policy":"none","ews_allow_list":[""]}`)
}

func TestAllowedAppIDsAreSet(t *testing.T) {
	o := staffed(t)
	o.must("organization set", `{"ews_enabled":"on","ews_allowed_app_ids":["crm-sync"]}`)
	if got := o.must("organization show", ``); !strings.Contains(got, `"ews_allowed_app_ids":["crm-sync"]`) {
		t.Error(got)
	}
	o.must("organization set", `{"ews_allowed_app_ids":[""]}`)
	if got := o.must("organization show", ``); strings.Contains(got, `ews_allowed_app_ids`) {
		t.Error(got)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	o := staffed(t)
	before := o.must("organization show", ``)
	o.audit.take()
	if got := o.must("organization set", `{"ews_enabled":"off","dry_run":true}`); !strings.Contains(got, "nothing was changed") {
		t.Error(got)
	}
	o.must("account set", `{"account":"anna@contoso.example","ews_enabled":"off","dry_run":true}`)
	if after := o.must("organization show", ``); after != before {
		t.Errorf("%s, was %s", after, before)
	}
	if got := o.must("account show", `{"account":"anna@contoso.example"}`); !strings.Contains(got, `"ews_enabled":"unset"`) {
		t.Error(got)
	}
	if r := o.audit.take(); len(r) != 0 {
		t.Errorf("recorded %+v", r)
	}
}

// Another precedence says which mailboxes it means another thing for.
func TestPrecedenceSaysWhatChanges(t *testing.T) {
	o := staffed(t)
	o.must("organization set", `{"ews_enabled":"off"}`)
	o.must("account set", `{"account":"anna@contoso.example","ews_enabled":"on"}`)
	got := o.must("organization set", `{"precedence":"strict"}`)
	want := `"mailboxes":[{"mailbox":"anna@contoso.example","was":"mailbox: EwsEnabled on, organization: off","is":"organization: EwsEnabled off, which is final"}]`
	if !strings.Contains(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
}
