package activesync

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Bounds of what a request line says.
const (
	maxQuery      = 4 << 10
	maxDeviceID   = 32 // [MS-ASHTTP] 2.2.1.1.1.2.3
	maxDeviceType = 64
	maxParameter  = 1 << 10
)

// A LineError says what is wrong with a request line: the status from 14.0 on,
// before it is HTTP 400.
type LineError struct {
	Status Status
	Text   string
}

// Error implements error.
func (e *LineError) Error() string { return e.Text }

func lineError(s Status, format string, args ...any) error {
	return &LineError{s, fmt.Sprintf(format, args...)}
}

// Headers of requests. [MS-ASHTTP] 2.2.1.1.2
const (
	HeaderVersion   = "MS-ASProtocolVersion"
	HeaderPolicyKey = "X-MS-PolicyKey"
	HeaderMultiPart = "MS-ASAcceptMultiPart"
)

// ParseRequestLine reads a request's query and, by header, its headers. Beside an
// error it returns what it has read so far, by which to tell how to answer. An
// error is a *LineError.
func ParseRequestLine(query string, header func(name string) string) (RequestLine, error) {
	var l RequestLine
	if len(query) > maxQuery {
		return l, lineError(InvalidContent, "the query is longer than %d bytes", maxQuery)
	}
	l.AcceptMultiPart = header(HeaderMultiPart) == "T"
	err := l.parse(query, header)
	if err == nil {
		err = l.check()
	}
	return l, err
}

func (l *RequestLine) parse(query string, header func(string) string) error {
	if packed, ok := unpack(query); ok {
		return l.parsePacked(packed)
	}
	// The version tells how to answer, so it is read first.
	version := header(HeaderVersion)
	v, ok := ParseVersion(version)
	if !ok {
		return unknownVersion(version)
	}
	l.Version = v
	if err := l.parsePlain(query); err != nil {
		return err
	}
	if key := header(HeaderPolicyKey); key != "" {
		n, err := strconv.ParseUint(key, 10, 32)
		if err != nil {
			// The key is one that nobody was given. It is known to be none, as 0 is.
			n = 0
		}
		l.PolicyKey = uint32(n)
	}
	return nil
}

func unknownVersion(version string) error {
	if version == "" {
		return lineError(InvalidContent, "the request does not say its protocol version")
	}
	if len(version) > 16 {
		version = version[:16]
	}
	return lineError(VersionNotSupported, "the protocol version %q is not supported; this server speaks %s", version, VersionList())
}

// VersionList are the versions as headers list them.
func VersionList() string {
	var all []string
	for _, v := range Versions() {
		all = append(all, v.String())
	}
	return strings.Join(all, ",")
}

// parsePlain reads the plain form, [MS-ASHTTP] 2.2.1.1.1.2. A parameter that is
// there twice is refused: who else reads the line might take the other one.
func (l *RequestLine) parsePlain(query string) error {
	had := map[string]bool{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return lineError(InvalidContent, "the query is not well formed")
		}
		to := l.parameter(strings.ToLower(name))
		if to == nil {
			continue
		}
		if had[strings.ToLower(name)] {
			return lineError(InvalidCombinationOfIDs, "the query has %s twice", name)
		}
		had[strings.ToLower(name)] = true
		if err := to(value); err != nil {
			return err
		}
	}
	return nil
}

// parameter returns what takes a parameter of the plain form; nil if there is no
// such parameter.
func (l *RequestLine) parameter(name string) func(string) error {
	text := func(to *string) func(string) error {
		return func(value string) error { *to = value; return nil }
	}
	switch name {
	case "cmd":
		return func(value string) error { l.Command = Command(value); return nil }
	case "user":
		return text(&l.User)
	case "deviceid":
		return text(&l.DeviceID)
	case "devicetype":
		return text(&l.DeviceType)
	case "attachmentname":
		return text(&l.AttachmentName)
	case "collectionid":
		return text(&l.CollectionID)
	case "itemid":
		return text(&l.ItemID)
	case "longid":
		return text(&l.LongID)
	case "occurrence":
		return text(&l.Occurrence)
	case "saveinsent":
		return func(value string) error { l.SaveInSent = value == "T"; return nil }
	}
	return nil
}

// unpack decodes the base64 form, [MS-ASHTTP] 2.2.1.1.1.1; ok is false for a plain
// query. Some clients escape it, and some leave the filling out.
func unpack(query string) (packed []byte, ok bool) {
	if strings.Contains(query, "%") {
		plain, err := url.PathUnescape(query)
		if err != nil {
			return nil, false
		}
		query = plain
	}
	query = strings.TrimRight(query, "=")
	if query == "" || strings.ContainsAny(query, "=&") {
		return nil, false
	}
	packed, err := base64.RawStdEncoding.DecodeString(query)
	return packed, err == nil
}

// Tags of parameters in the base64 form. [MS-ASHTTP] 2.2.1.1.1.1.3
const (
	tagAttachmentName = 0
	tagCollectionID   = 1
	tagItemID         = 3
	tagLongID         = 4
	tagOccurrence     = 6
	tagOptions        = 7
	tagUser           = 8

	optionSaveInSent = 0x01
	optionMultiPart  = 0x02
)

// parsePacked reads the bytes of the base64 form.
func (l *RequestLine) parsePacked(b []byte) error {
	if len(b) == 0 {
		return lineError(InvalidContent, "the query is empty")
	}
	l.Version = Version(b[0])
	if _, ok := ParseVersion(l.Version.String()); !ok {
		l.Version = 0
		return unknownVersion(Version(b[0]).String())
	}
	if len(b) < 4 {
		return cut()
	}
	if int(b[1]) < len(commandCodes) {
		l.Command = commandCodes[b[1]]
	}
	if l.Command == "" {
		return lineError(CommandNotSupported, "there is no command with the code %d", b[1])
	}
	l.Locale = binary.LittleEndian.Uint16(b[2:])
	r := packed{b[4:]}
	id, ok := r.next()
	key, ok2 := r.next()
	kind, ok3 := r.next()
	if !ok || !ok2 || !ok3 {
		return cut()
	}
	switch len(key) {
	case 0:
	case 4:
		l.PolicyKey = binary.LittleEndian.Uint32(key)
	default:
		return lineError(InvalidContent, "a policy key of %d bytes", len(key))
	}
	l.DeviceID, l.DeviceType = deviceID(id), string(kind)
	return l.parameters(r)
}

func cut() error { return lineError(InvalidContent, "the query ends early") }

// deviceID is the text of a device id, which may be a GUID in its 16 bytes.
func deviceID(b []byte) string {
	if s := string(b); alphanumeric(s) {
		return s
	}
	return strings.ToUpper(hex.EncodeToString(b))
}

// parameters reads the command parameters: tag, length, value each.
func (l *RequestLine) parameters(r packed) error {
	had := [9]bool{}
	for len(r.rest) > 0 {
		tag := r.rest[0]
		r.rest = r.rest[1:]
		value, ok := r.next()
		if !ok {
			return cut()
		}
		if int(tag) < len(had) {
			if had[tag] {
				return lineError(InvalidCombinationOfIDs, "the query has the parameter %d twice", tag)
			}
			had[tag] = true
		}
		switch tag {
		case tagAttachmentName:
			l.AttachmentName = string(value)
		case tagCollectionID:
			l.CollectionID = string(value)
		case tagItemID:
			l.ItemID = string(value)
		case tagLongID:
			l.LongID = string(value)
		case tagOccurrence:
			l.Occurrence = string(value)
		case tagUser:
			l.User = string(value)
		case tagOptions:
			if len(value) != 1 {
				return lineError(InvalidContent, "options of %d bytes", len(value))
			}
			l.SaveInSent = value[0]&optionSaveInSent != 0
			l.AcceptMultiPart = l.AcceptMultiPart || value[0]&optionMultiPart != 0
		}
	}
	return nil
}

// packed is what remains of the bytes of a query.
type packed struct{ rest []byte }

// next takes a length of one byte and as many bytes.
func (p *packed) next() ([]byte, bool) {
	if len(p.rest) == 0 || len(p.rest) < 1+int(p.rest[0]) {
		return nil, false
	}
	v := p.rest[1 : 1+int(p.rest[0])]
	p.rest = p.rest[1+len(v):]
	return v, true
}

// check holds what was read against what may be said.
func (l *RequestLine) check() error {
	switch {
	case l.Command == "":
		return lineError(InvalidContent, "the query names no command")
	case l.DeviceID == "" || len(l.DeviceID) > maxDeviceID || !alphanumeric(l.DeviceID):
		return lineError(DeviceIDMissingOrInvalid, "the device id is not 1 to %d letters and digits", maxDeviceID)
	case l.DeviceType == "" || len(l.DeviceType) > maxDeviceType || !printable(l.DeviceType):
		return lineError(DeviceTypeMissingOrInvalid, "the device type is not 1 to %d printable characters", maxDeviceType)
	}
	if _, ok := l.Command.Code(); !ok {
		l.Command = ""
		return lineError(CommandNotSupported, "there is no such command")
	}
	for _, s := range [...]string{l.User, l.CollectionID, l.ItemID, l.LongID, l.Occurrence, l.AttachmentName} {
		if len(s) > maxParameter || !printable(s) {
			return lineError(InvalidContent, "a parameter is too long or has characters that cannot be shown")
		}
	}
	return nil
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// printable reports whether a text is UTF-8 without control characters, so that
// it can stand in a log.
func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7F || r == '\uFFFD' || r >= 0x80 && r < 0xA0 {
			return false
		}
	}
	return true
}

// CommandOf returns the command that a query names, in either form, whatever else
// it says; "" for none that there is. It is what a gateway calls a request.
func CommandOf(query string) Command {
	if len(query) > maxQuery {
		return ""
	}
	if b, ok := unpack(query); ok {
		if len(b) > 1 && int(b[1]) < len(commandCodes) {
			return commandCodes[b[1]]
		}
		return ""
	}
	l := RequestLine{}
	if l.parsePlain(query) != nil {
		return ""
	}
	if _, ok := l.Command.Code(); !ok {
		return ""
	}
	return l.Command
}

// Plain writes the plain form of the query.
func (l *RequestLine) Plain() string {
	q := "Cmd=" + url.QueryEscape(string(l.Command)) + "&User=" + url.QueryEscape(l.User) +
		"&DeviceId=" + url.QueryEscape(l.DeviceID) + "&DeviceType=" + url.QueryEscape(l.DeviceType)
	for _, p := range [...]struct{ name, value string }{
		{"AttachmentName", l.AttachmentName},
		{"CollectionId", l.CollectionID},
		{"ItemId", l.ItemID},
		{"LongId", l.LongID},
		{"Occurrence", l.Occurrence},
	} {
		if p.value != "" {
			q += "&" + p.name + "=" + url.QueryEscape(p.value)
		}
	}
	if l.SaveInSent {
		q += "&SaveInSent=T"
	}
	return q
}

// Header sets the headers that go with the plain form.
func (l *RequestLine) Header(set func(name, value string)) {
	set(HeaderVersion, l.Version.String())
	if l.PolicyKey != 0 {
		set(HeaderPolicyKey, strconv.FormatUint(uint64(l.PolicyKey), 10))
	}
	if l.AcceptMultiPart {
		set(HeaderMultiPart, "T")
	}
}

// Packed writes the base64 form of the query, which needs no headers. ok is false
// if something does not fit in it.
func (l *RequestLine) Packed() (query string, ok bool) {
	code, ok := l.Command.Code()
	if !ok {
		return "", false
	}
	b := append([]byte{byte(l.Version), code}, byte(l.Locale), byte(l.Locale>>8))
	add := func(v string) {
		ok = ok && len(v) < 256
		b = append(append(b, byte(len(v))), v...)
	}
	add(l.DeviceID)
	if l.PolicyKey == 0 {
		b = append(b, 0)
	} else {
		b = binary.LittleEndian.AppendUint32(append(b, 4), l.PolicyKey)
	}
	add(l.DeviceType)
	for _, p := range [...]struct {
		tag   byte
		value string
	}{
		{tagAttachmentName, l.AttachmentName},
		{tagCollectionID, l.CollectionID},
		{tagItemID, l.ItemID},
		{tagLongID, l.LongID},
		{tagOccurrence, l.Occurrence},
		{tagUser, l.User},
	} {
		if p.value != "" {
			b = append(b, p.tag)
			add(p.value)
		}
	}
	options := byte(0)
	if l.SaveInSent {
		options |= optionSaveInSent
	}
	if l.AcceptMultiPart {
		options |= optionMultiPart
	}
	if options != 0 {
		b = append(b, tagOptions, 1, options)
	}
	return base64.StdEncoding.EncodeToString(b), ok
}
