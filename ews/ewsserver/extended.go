package ewsserver

import (
	"time"

	"entente/ews"
	"entente/mailbox"
)

// propertySet returns the GUID of one of the sets clients know by name. [MS-OXWSXPROP] 2.1.7,
// [MS-OXPROPS] 1.3.2.
func propertySet(name ews.DistinguishedPropertySet) (string, bool) {
	switch name {
	case ews.PropertySetMeeting:
		return "6ed8da90-450b-101b-98da-00aa003f1305", true
	case ews.PropertySetAppointment:
		return "00062002-0000-0000-c000-000000000046", true
	case ews.PropertySetCommon:
		return "00062008-0000-0000-c000-000000000046", true
	case ews.PropertySetPublicStrings:
		return "00020329-0000-0000-c000-000000000046", true
	case ews.PropertySetAddress:
		return "00062004-0000-0000-c000-000000000046", true
	case ews.PropertySetInternetHeaders:
		return "00020386-0000-0000-c000-000000000046", true
	case ews.PropertySetCalendarAssistant:
		return "11000e07-b51b-40d6-af21-caa85edab1d0", true
	case ews.PropertySetUnifiedMessaging:
		return "4442858e-a9e3-4e80-b900-317a210cc15b", true
	case ews.PropertySetTask:
		return "00062003-0000-0000-c000-000000000046", true
	case ews.PropertySetSharing:
		return "00062040-0000-0000-c000-000000000046", true
	}
	return "", false
}

// propType is the MAPI type of an extended property's type. Binary arrays and
// the like are the multiple form of their elements'.
func propType(t ews.MapiPropertyType) (uint16, bool) {
	var typ uint16
	switch t.Elem() {
	case ews.MapiShort:
		typ = mailbox.TypeInteger16
	case ews.MapiInteger:
		typ = mailbox.TypeInteger32
	case ews.MapiLong:
		typ = mailbox.TypeInteger64
	case ews.MapiCurrency:
		typ = mailbox.TypeCurrency
	case ews.MapiFloat:
		typ = mailbox.TypeFloating
	case ews.MapiDouble:
		typ = mailbox.TypeFloat64
	case ews.MapiApplicationTime:
		typ = mailbox.TypeFloatTime
	case ews.MapiBoolean:
		typ = mailbox.TypeBoolean
	case ews.MapiSystemTime:
		typ = mailbox.TypeTime
	case ews.MapiString:
		typ = mailbox.TypeString
	case ews.MapiCLSID:
		typ = mailbox.TypeGUID
	case ews.MapiBinary:
		typ = mailbox.TypeBinary
	default: // Error, Null and Object are not kept, [MS-OXWSXPROP] 2.1.7
		return 0, false
	}
	if t.Array() {
		typ |= mailbox.TypeMultiple
	}
	return typ, true
}

func badExtended(text string) error {
	return &ews.Fault{Code: ews.ErrorInvalidExtendedProperty, Text: text}
}

// props translates extended field URIs to the tags they have in a mailbox. A
// named property the mailbox has never seen is 0, unless create is set.
func (c *call) props(v *mailbox.View, uris []*ews.ExtendedFieldURI, create bool) ([]mailbox.Prop, error) {
	tags := make([]mailbox.Prop, len(uris))
	var names []mailbox.PropName
	var at []int
	for i, u := range uris {
		tag, name, err := extendedName(u)
		if err != nil {
			return nil, err
		}
		if tag != 0 {
			tags[i] = tag
			continue
		}
		names, at = append(names, name), append(at, i)
	}
	if names == nil {
		return tags, nil
	}
	found, err := v.NamedProps(c.ctx, names, create)
	if err != nil {
		return nil, err
	}
	for i, tag := range found {
		tags[at[i]] = tag
	}
	return tags, nil
}

// extendedName returns the tag of a tagged property, or the name of a named
// one. Which attributes go together, [MS-OXWSXPROP] 2.1.5 says.
func extendedName(u *ews.ExtendedFieldURI) (mailbox.Prop, mailbox.PropName, error) {
	var none mailbox.PropName
	typ, ok := propType(u.PropertyType)
	if !ok {
		return 0, none, badExtended("Extended properties of type " + string(u.PropertyType) + " are not kept.")
	}
	named := u.PropertyName != "" || u.PropertyID != nil
	set := u.DistinguishedPropertySetID != "" || u.PropertySetID != ""
	if u.PropertyTag != "" {
		n, ok := u.PropertyTag.Number()
		if !ok || named || set || n >= 0x8000 {
			return 0, none, badExtended("A PropertyTag stands alone and is below 0x8000.")
		}
		return mailbox.MakeProp(n, typ), none, nil
	}
	if !set || !named || (u.PropertyName != "" && u.PropertyID != nil) ||
		(u.DistinguishedPropertySetID != "" && u.PropertySetID != "") {
		return 0, none, badExtended("A property is named by one set and by either PropertyName or PropertyId.")
	}
	text := u.PropertySetID
	if u.DistinguishedPropertySetID != "" {
		if text, ok = propertySet(u.DistinguishedPropertySetID); !ok {
			return 0, none, badExtended("The property set is unknown.")
		}
	}
	guid, err := mailbox.ParseGUID(text)
	if err != nil {
		return 0, none, badExtended("PropertySetId is not a GUID.")
	}
	name := mailbox.PropName{Set: guid, Name: u.PropertyName, Type: typ}
	if u.PropertyID != nil {
		name.LID = uint32(*u.PropertyID)
	}
	return 0, name, nil
}

// extendedValue writes the value a property has in a bag; absent properties
// are left out of answers.
func extendedValue(ps *mailbox.Props, p mailbox.Prop, t ews.MapiPropertyType) (ews.ExtendedValue, bool) {
	if p == 0 || !ps.Has(p) {
		return ews.ExtendedValue{}, false
	}
	v, err := ews.ExtendedValueOf(t, propValue(ps, p))
	return v, err == nil
}

// propValue is a property's value in the Go types of ExtendedValue.Typed.
func propValue(ps *mailbox.Props, p mailbox.Prop) any {
	switch p.Type() {
	case mailbox.TypeBoolean:
		return ps.Bool(p)
	case mailbox.TypeFloating, mailbox.TypeFloat64, mailbox.TypeFloatTime:
		f, _ := ps.Float(p)
		return f
	case mailbox.TypeTime:
		t, _ := ps.Time(p)
		return t
	case mailbox.TypeString:
		return ps.String(p)
	case mailbox.TypeGUID:
		g, _ := ps.GUID(p)
		return g.String()
	case mailbox.TypeBinary:
		return ps.Bytes(p)
	case mailbox.TypeMultipleString:
		return ps.Strings(p)
	case mailbox.TypeMultipleBinary:
		return ps.Binaries(p)
	}
	if p.Multiple() {
		return propValues(ps, p)
	}
	n, _ := ps.Int(p)
	return n
}

func propValues(ps *mailbox.Props, p mailbox.Prop) any {
	switch p.Type() &^ mailbox.TypeMultiple {
	case mailbox.TypeFloating, mailbox.TypeFloat64, mailbox.TypeFloatTime:
		return ps.Floats(p)
	case mailbox.TypeTime:
		var times []time.Time
		for _, ticks := range ps.Ints(p) {
			times = append(times, mailbox.TimeOf(ticks))
		}
		return times
	case mailbox.TypeGUID:
		var texts []string
		for _, g := range ps.GUIDs(p) {
			texts = append(texts, g.String())
		}
		return texts
	}
	return ps.Ints(p)
}

// setExtended puts a value a client sent into a bag.
func setExtended(ps *mailbox.Props, p mailbox.Prop, t ews.MapiPropertyType, v ews.ExtendedValue) error {
	x, err := v.Typed(t)
	if err != nil {
		return err
	}
	switch x := x.(type) {
	case bool:
		ps.SetBool(p, x)
	case int64:
		ps.SetInt(p, x)
	case float64:
		ps.SetFloat(p, x)
	case time.Time:
		ps.SetTime(p, x)
	case []byte:
		ps.SetBytes(p, x)
	case string:
		return setText(ps, p, x)
	case []string:
		return setTexts(ps, p, x)
	case [][]byte:
		ps.SetBinaries(p, x)
	case []int64:
		ps.SetInts(p, x)
	case []float64:
		ps.SetFloats(p, x)
	case []time.Time:
		ticks := make([]int64, len(x))
		for i, t := range x {
			ticks[i] = mailbox.Ticks(t)
		}
		ps.SetInts(p, ticks)
	}
	return nil
}

func setText(ps *mailbox.Props, p mailbox.Prop, s string) error {
	if p.Type() != mailbox.TypeGUID {
		ps.SetString(p, s)
		return nil
	}
	g, err := mailbox.ParseGUID(s)
	if err != nil {
		return &ews.Fault{Code: ews.ErrorInvalidExtendedPropertyValue}
	}
	ps.SetGUID(p, g)
	return nil
}

func setTexts(ps *mailbox.Props, p mailbox.Prop, list []string) error {
	if p.Type()&^mailbox.TypeMultiple != mailbox.TypeGUID {
		ps.SetStrings(p, list)
		return nil
	}
	guids := make([]mailbox.GUID, len(list))
	for i, s := range list {
		var err error
		if guids[i], err = mailbox.ParseGUID(s); err != nil {
			return &ews.Fault{Code: ews.ErrorInvalidExtendedPropertyValue}
		}
	}
	ps.SetGUIDs(p, guids)
	return nil
}
