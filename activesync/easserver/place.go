package easserver

import (
	"encoding/json"
	"slices"
	"strings"

	"entente/activesync/wbxml"
	"entente/mailbox"
)

// eventPlace keeps what a phone says of a place beside its name, for which MAPI
// has one text: street, coordinates and so on. It holds as long as the place has
// the name that it was said with.
const eventPlace mailbox.Prop = 0x81FC0102

// A place is the children of airsyncbase:Location but DisplayName, by tag.
type place map[wbxml.Tag]string

// placeTags are they, in the order of the schema. [MS-ASAIRS] 2.2.2.28
var placeTags = [...]wbxml.Tag{
	wbxml.AirSyncBaseAnnotation, wbxml.AirSyncBaseStreet, wbxml.AirSyncBaseCity, wbxml.AirSyncBaseState, wbxml.AirSyncBaseCountry,
	wbxml.AirSyncBasePostalCode, wbxml.AirSyncBaseLatitude, wbxml.AirSyncBaseLongitude, wbxml.AirSyncBaseAccuracy,
	wbxml.AirSyncBaseAltitude, wbxml.AirSyncBaseAltitudeAccuracy, wbxml.AirSyncBaseLocationUri,
}

func (p place) write(w *wbxml.Writer) {
	for _, tag := range placeTags {
		if s := p[tag]; s != "" {
			w.Text(tag, s)
		}
	}
}

// A placeRecord is how a place is kept: by the names of the elements.
type placeRecord struct {
	Name string            `json:"name"`
	More map[string]string `json:"more"`
}

// placeOf is what is known of the place of an item beside its name.
func placeOf(it *mailbox.Item) place {
	b := it.Props.Bytes(eventPlace)
	if b == nil {
		return nil
	}
	var rec placeRecord
	if json.Unmarshal(b, &rec) != nil || rec.Name != it.Props.String(mailbox.PidLidLocation) {
		return nil
	}
	p := place{}
	for _, tag := range placeTags {
		if s := rec.More[tag.Name()]; s != "" {
			p[tag] = s
		}
	}
	return p
}

// readPlace reads airsyncbase:Location. A place without a name is called by its
// address.
func readPlace(in *wbxml.Element) (name string, p place) {
	p = place{}
	for _, tag := range placeTags {
		if s := cutAt(in.Get(tag), 1024); s != "" {
			p[tag] = s
		}
	}
	if name = in.Get(wbxml.AirSyncBaseDisplayName); name == "" {
		var parts []string
		for _, tag := range [...]wbxml.Tag{
			wbxml.AirSyncBaseStreet, wbxml.AirSyncBasePostalCode, wbxml.AirSyncBaseCity, wbxml.AirSyncBaseState, wbxml.AirSyncBaseCountry,
		} {
			if s := p[tag]; s != "" {
				parts = append(parts, s)
			}
		}
		name = strings.Join(slices.Compact(parts), ", ")
	}
	return cutAt(name, maxText), p
}

// setPlace keeps it.
func setPlace(it *mailbox.Item, name string, p place) {
	if len(p) == 0 || name == "" {
		it.Props.Delete(eventPlace)
		return
	}
	rec := placeRecord{Name: name, More: map[string]string{}}
	for tag, s := range p {
		rec.More[tag.Name()] = s
	}
	b, _ := json.Marshal(rec) // nothing in it can fail
	it.Props.SetBytes(eventPlace, b)
}

// maxText bounds a subject or a place.
const maxText = 32 << 10

// cutAt cuts a text that is too long, at a character.
func cutAt(s string, limit int) string {
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
