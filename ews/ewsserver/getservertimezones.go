package ewsserver

import (
	"strings"

	"entente/calendar"
	"entente/ews"
)

// The years that definitions speak of: from the first whose rules clients still
// meet in calendars to some after this one. Each change of rules is a group of
// its own.
const (
	zonesFrom  = 2007
	zonesAhead = 5
)

// getServerTimeZones tells the rules of time zones. [MS-OXWSGTZ] 3.1.4.1
func (c *call) getServerTimeZones(req *ews.GetServerTimeZones) (*ews.GetServerTimeZonesResponse, error) {
	full := req.ReturnFullTimeZoneData == nil || *req.ReturnFullTimeZoneData
	resp := &ews.GetServerTimeZonesResponse{ResponseMessages: make([]ews.GetServerTimeZonesResponseMessage, 1)}
	m := &resp.ResponseMessages[0]
	m.ResponseMessage = ews.Success()
	m.TimeZoneDefinitions = []ews.TimeZoneDefinition{}
	for _, id := range zoneIDs(req.IDs) {
		d, err := c.zoneDefinition(id, full)
		if err != nil {
			return nil, err
		}
		m.TimeZoneDefinitions = append(m.TimeZoneDefinitions, *d)
	}
	return resp, nil
}

// zoneIDs are the Windows ids of the zones that were asked for: all, if none
// was. Ids nobody knows are left out of the answer, as Exchange does.
func zoneIDs(asked []string) []string {
	var ids []string
	if len(asked) == 0 {
		for _, z := range calendar.WindowsZones() {
			ids = append(ids, z.ID)
		}
		return ids
	}
	for _, id := range asked {
		if known := calendar.WindowsID(id); known != "" {
			ids = append(ids, known)
		}
	}
	return ids
}

func (c *call) zoneDefinition(id string, full bool) (*ews.TimeZoneDefinition, error) {
	if !full {
		return &ews.TimeZoneDefinition{ID: id, Name: calendar.ZoneDisplay(id)}, nil
	}
	z, err := c.h.zones.Load(id)
	if err != nil {
		return nil, badZone(err)
	}
	d := calendar.DefinitionOf(z, zonesFrom, c.s.Now().Year()+zonesAhead)
	d.ID, d.Name = id, calendar.ZoneDisplay(id)
	padGroups(d)
	return definitionTo(d), nil
}

// padGroups gives the ids of groups the same length: exchangelib puts groups in
// the order of their ids as texts, and takes it for that of the years.
func padGroups(d *calendar.TimeZoneDefinition) {
	if len(d.Groups) <= 10 {
		return
	}
	pad := func(id string) string { return strings.Repeat("0", max(0, 3-len(id))) + id }
	for i := range d.Groups {
		d.Groups[i].ID = pad(d.Groups[i].ID)
	}
	for i := range d.Transitions {
		if t := &d.Transitions[i]; t.ToGroup {
			t.To = pad(t.To)
		}
	}
}
