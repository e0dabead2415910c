package ewsserver

import (
	"errors"

	"entente/calendar"
	"entente/ews"
)

// badZone is the fault of a zone that means nothing here.
func badZone(err error) error {
	var unknown *calendar.UnknownZoneError
	if errors.As(err, &unknown) {
		return &ews.Fault{Code: ews.ErrorTimeZone, Text: "There is no time zone " + unknown.ID + "."}
	}
	return &ews.Fault{Code: ews.ErrorTimeZone, Text: "The time zone cannot be understood: " + err.Error()}
}

// zoneFrom makes a zone of the definition a client sent.
func zoneFrom(d *ews.TimeZoneDefinition) (calendar.Zone, error) {
	def, err := definitionFrom(d)
	if err != nil {
		return calendar.Zone{}, badZone(err)
	}
	z, err := def.Zone()
	if err != nil {
		return calendar.Zone{}, badZone(err)
	}
	return z, nil
}

// zone is zoneFrom with the rules of known zones kept. What a definition is
// called counts for more than its rules: see calendar.TimeZoneDefinition.Zone.
func (h *Handler) zone(d *ews.TimeZoneDefinition) (calendar.Zone, error) {
	if d.ID != "" {
		if z, err := h.zones.Load(d.ID); err == nil {
			return z, nil
		}
	}
	return zoneFrom(d)
}

// contextZone is the zone of the request's TimeZoneContext, UTC without one.
func (c *call) contextZone() calendar.Zone {
	if t := c.header.TimeZoneContext; t != nil {
		if z, err := c.h.zone(&t.TimeZoneDefinition); err == nil {
			return z
		}
	}
	return calendar.UTC()
}
