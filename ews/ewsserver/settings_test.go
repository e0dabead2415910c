package ewsserver

import (
	"strings"
	"testing"
	"time"

	"entente/calendar"
	"entente/ews"
)

func TestConvertID(t *testing.T) {
	h := open(t)
	id := h.post("anna", getFolder(idOnly, named("inbox", ""))).attr("t:FolderId", "Id")
	convert := func(from, to, id string) reply {
		t.Helper()
		return h.post("anna", `<m:ConvertId DestinationFormat="`+to+`"><m:SourceIds><t:AlternateId Format="`+from+`" Id="`+id+
			`" Mailbox="`+address("anna")+`"/></m:SourceIds></m:ConvertId>`)
	}
	for _, format := range []string{"EwsLegacyId", "EntryId", "HexEntryId", "StoreId", "OwaId"} {
		there := convert("EwsId", format, id).code(ews.NoError).attr("m:AlternateId", "Id")
		if back := convert(format, "EwsId", there).code(ews.NoError).attr("m:AlternateId", "Id"); back != id {
			t.Errorf("%s: came back as %s", format, back)
		}
	}
	// exchangelib's first request, by which it finds the server's version.
	h.header = `<t:RequestServerVersion Version="Exchange2019"/>`
	convert("EwsId", "EwsId", "DUMMY").code(ews.ErrorInvalidIdMalformed).has("ServerVersionInfo")
}

// TestServerTimeZones: without GetServerTimeZones exchangelib asks nobody when
// he is free.
func TestServerTimeZones(t *testing.T) {
	h := open(t)
	ask := func(attr, ids string) reply {
		return h.post("anna", `<m:GetServerTimeZones`+attr+`>`+ids+`</m:GetServerTimeZones>`).code(ews.NoError)
	}
	ask("", `<m:Ids><t:Id>W. Europe Standard Time</t:Id><t:Id>Nowhere</t:Id></m:Ids>`).
		has(`Id="W. Europe Standard Time"`, `<t:TimeOffset>PT120M</t:TimeOffset><t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek><t:Occurrence>-1<`).
		lacks("Nowhere")
	ask(` ReturnFullTimeZoneData="false"`, `<m:Ids><t:Id>UTC</t:Id></m:Ids>`).has(`Id="UTC"`).lacks("Periods")

	var resp ews.GetServerTimeZonesResponse
	ask("", "").decode(&resp)
	all := resp.ResponseMessages[0].TimeZoneDefinitions
	if len(all) != len(calendar.WindowsZones()) {
		t.Fatalf("%d zones", len(all))
	}
	for i := range all {
		d := &all[i]
		z, err := zoneFrom(d)
		if err != nil {
			t.Errorf("%s: %v", d.ID, err)
			continue
		}
		known, err := calendar.LoadZone(d.ID)
		h.must(err)
		for at := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC); at.Year() < 2028; at = at.AddDate(0, 0, 5) {
			_, got := at.In(z.Location()).Zone()
			if _, want := at.In(known.Location()).Zone(); got != want {
				t.Errorf("%s at %v: offset %d, want %d", d.ID, at, got, want)
				break
			}
		}
		// exchangelib orders groups by their ids as texts.
		for _, g := range d.TransitionsGroups {
			if len(g.ID) != len(d.TransitionsGroups[0].ID) {
				t.Errorf("%s has groups %s and %s", d.ID, d.TransitionsGroups[0].ID, g.ID)
				break
			}
		}
	}
}

func TestGetDelegate(t *testing.T) {
	h := open(t)
	ask := func(who, of, users string) reply {
		return h.post(who, `<m:GetDelegate IncludePermissions="true"><m:Mailbox><t:EmailAddress>`+address(of)+`</t:EmailAddress></m:Mailbox>`+users+`</m:GetDelegate>`)
	}
	ask("anna", "anna", "").code(ews.NoError)
	ask("anna", "anna", `<m:UserIds><t:UserId><t:PrimarySmtpAddress>`+address("ben")+`</t:PrimarySmtpAddress></t:UserId></m:UserIds>`).has("ErrorNotDelegate")
	ask("anna", "ben", "").code(ews.ErrorAccessDenied)
	ask("anna", "nobody", "").code(ews.ErrorNonExistentMailbox)
}

const inRoot = ` Name="OWA.UserOptions"><t:DistinguishedFolderId Id="root"/></`

func TestUserConfiguration(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		get := func(parts string) reply {
			t.Helper()
			return h.post("anna", `<m:GetUserConfiguration><m:UserConfigurationName`+inRoot+`m:UserConfigurationName><m:UserConfigurationProperties>`+parts+
				`</m:UserConfigurationProperties></m:GetUserConfiguration>`)
		}
		put := func(op, content string) reply {
			t.Helper()
			return h.post("anna", `<m:`+op+`><m:UserConfiguration><t:UserConfigurationName`+inRoot+`t:UserConfigurationName>`+content+
				`</m:UserConfiguration></m:`+op+`>`)
		}
		entry := func(key, typ string, values ...string) string {
			return `<t:DictionaryEntry><t:DictionaryKey><t:Type>String</t:Type><t:Value>` + key + `</t:Value></t:DictionaryKey><t:DictionaryValue><t:Type>` + typ +
				`</t:Type><t:Value>` + strings.Join(values, `</t:Value><t:Value>`) + `</t:Value></t:DictionaryValue></t:DictionaryEntry>`
		}
		get("All").code(ews.ErrorItemNotFound)
		put("UpdateUserConfiguration", `<t:XmlData>PGEvPg==</t:XmlData>`).code(ews.ErrorItemNotFound)
		put("CreateUserConfiguration", `<t:Dictionary>`+entry("timezone", "String", "W. Europe &amp; more")+entry("week", "Integer32", "-1")+
			entry("list", "StringArray", "a", "b")+`</t:Dictionary><t:BinaryData>AAEC</t:BinaryData>`).code(ews.NoError)
		put("CreateUserConfiguration", "").code(ews.ErrorItemSave)
		get("All").code(ews.NoError).has(`<t:Value>timezone<`, `<t:Type>String</t:Type><t:Value>W. Europe &amp; more<`,
			`<t:Type>Integer32</t:Type><t:Value>-1<`, `<t:Type>StringArray</t:Type><t:Value>a</t:Value><t:Value>b<`, `<t:BinaryData>AAEC<`, "<t:ItemId ")
		get("XmlData BinaryData").code(ews.NoError).has("AAEC").lacks("timezone")
		put("UpdateUserConfiguration", `<t:Dictionary>`+entry("week", "Integer32", "2")+`</t:Dictionary><t:XmlData>PGEvPg==</t:XmlData>`).code(ews.NoError)
		get("All").has(`<t:Value>2<`, "<t:XmlData>PGEvPg==<", "<t:BinaryData>AAEC<").lacks("timezone")
		put("UpdateUserConfiguration", `<t:Dictionary>`+entry("a", "String", "1")+entry("a", "String", "2")+`</t:Dictionary>`).code(ews.ErrorInvalidValueForProperty)
		remove := `<m:DeleteUserConfiguration><m:UserConfigurationName` + inRoot + `m:UserConfigurationName></m:DeleteUserConfiguration>`
		h.post("anna", remove).code(ews.NoError)
		h.post("anna", remove).code(ews.ErrorItemNotFound)
	})
}
