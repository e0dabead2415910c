package easserver

import (
	"strconv"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// readBodyOptions takes BodyPreference, BodyPartPreference, MIMESupport,
// MIMETruncation and RightsManagementSupport out of an Options element, which
// Sync, ItemOperations and Search have in common. [MS-ASCMD] 2.2.3.125
func readBodyOptions(in *wbxml.Element, o *options) error {
	o.mimeTrunc = 8
	for e := range in.Children() {
		var err error
		switch e.Tag {
		case wbxml.AirSyncBaseBodyPreference:
			o.bodies, err = addPreference(o.bodies, e)
		case wbxml.AirSyncBaseBodyPartPreference:
			if o.partBodies, err = addPreference(o.partBodies, e); err == nil && o.partBodies[0].kind != htmlBody {
				err = &statusError{activesync.BodyPartPreferenceTypeNotSupported, "message parts are HTML"}
			}
		case wbxml.AirSyncMIMESupport:
			o.mimeSupport, err = smallNumber(e, alwaysMIME)
		case wbxml.AirSyncMIMETruncation:
			o.mimeTrunc, err = smallNumber(e, 8)
		case wbxml.RightsManagementRightsManagementSupport:
			o.rights = e.Text() == "1"
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addPreference reads a BodyPreference. One type has one of them.
// [MS-ASAIRS] 2.2.2.12
func addPreference(list []bodyPreference, e *wbxml.Element) ([]bodyPreference, error) {
	kind, err := smallNumber(e.Child(wbxml.AirSyncBaseType), mimeBody)
	if err != nil || kind < plainBody {
		return nil, &statusError{activesync.InvalidXML, "a body preference without a type"}
	}
	p := bodyPreference{kind: kind, truncate: -1}
	if t := e.Child(wbxml.AirSyncBaseTruncationSize); t != nil {
		n, err := strconv.ParseUint(t.Text(), 10, 32)
		if err != nil {
			return nil, &statusError{activesync.InvalidXML, "a truncation size that is no number"}
		}
		p.truncate = int64(n)
		// It means nothing without a size.
		all := e.Get(wbxml.AirSyncBaseAllOrNone)
		p.allOrNone = all == "1" || all == "true"
	}
	if t := e.Child(wbxml.AirSyncBasePreview); t != nil {
		if p.preview, err = smallNumber(t, maxPreview); err != nil {
			return nil, err
		}
	}
	for i := range list {
		if list[i].kind == kind {
			list[i] = p
			return list, nil
		}
	}
	return append(list, p), nil
}

// smallNumber reads a number from 0 to most.
func smallNumber(e *wbxml.Element, most int) (int, error) {
	n, err := strconv.Atoi(e.Text())
	if err != nil || n < 0 || n > most {
		return 0, &statusError{activesync.InvalidXML, "a number that is none or too large"}
	}
	return n, nil
}
