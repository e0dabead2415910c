package ews

import (
	"slices"
	"strings"

	"entente/soap"
	"entente/strictxml"
)

// A Header is what the SOAP headers of a request say. [MS-OXWSCDATA].
type Header struct {
	// RequestServerVersion is as sent, "" if absent. Clients send versions
	// newer than the schema knows (exchangelib: Exchange2019), so it is text.
	RequestServerVersion string
	Impersonation        *ExchangeImpersonation
	TimeZoneContext      *TimeZoneContext
	MailboxCulture       string // RFC 3066 language, such as de-DE
	DateTimePrecision    DateTimePrecision
	ManagementRole       *ManagementRole
}

// An ExchangeImpersonation says as whom the caller wants to act.
// [MS-OXWSCDATA].
type ExchangeImpersonation struct {
	ConnectingSID ConnectingSID
}

// A ConnectingSID names an account in up to four ways, of which at least one
// is given. The schema allows just one; exchangelib has been seen to send two.
// Whoever resolves them refuses if they do not all name the same account, and
// never looks up a PrincipalName among addresses or the other way round.
// [MS-OXWSCDATA].
type ConnectingSID struct {
	PrincipalName      string
	SID                string
	PrimarySMTPAddress string
	SMTPAddress        string
}

// A TimeZoneContext is the zone of times without one in the request, and the
// zone .NET clients want times in. [MS-OXWSCDATA].
type TimeZoneContext struct {
	TimeZoneDefinition TimeZoneDefinition `ews:"t:TimeZoneDefinition"`
}

// A DateTimePrecision says whether times in answers have milliseconds.
// [MS-OXWSCDATA].
type DateTimePrecision string

const (
	PrecisionSeconds      DateTimePrecision = "Seconds"
	PrecisionMilliseconds DateTimePrecision = "Milliseconds"
)

// A ManagementRole limits the request to what the roles allow. At least one of
// the lists is given. [MS-OXWSCDATA].
type ManagementRole struct {
	UserRoles        []string `ews:"t:UserRoles>t:Role,omitempty"`
	ApplicationRoles []string `ews:"t:ApplicationRoles>t:Role,omitempty"`
}

// The header fields by which a caller asks to be somebody, and by which
// Exchange servers hand an identity to each other. We take the first only, and
// only in its place and as it is written; in other letters, or without what
// belongs around it, it is refused and not passed over.
func isSecurityHeader(local string) bool {
	for _, name := range [...]string{
		"ExchangeImpersonation", "ConnectingSID", "SerializedSecurityContext", "ProxySecurityContext",
		"ProxySuggesterSid", "ProxyRequestType", "OpenAsAdminOrSystemService", "ManagementRole",
	} {
		if strings.EqualFold(local, name) {
			return true
		}
	}
	return false
}

// DecodeHeader reads the children of soap:Header, on which r stands.
//
// Unknown fields are skipped unless they must be understood, in which case the
// request is refused as SOAP 1.1 section 4.2.3 asks; those named as understood are
// the business of somebody else. Whatever asks for another
// identity is either understood or refused, never skipped: a request must not
// be carried out as the wrong person because its header was misspelt or stood
// in a namespace we do not look at.
//
// The errors are *Fault, *soap.Fault for what must be understood and is not, or
// strictxml's.
func DecodeHeader(r *strictxml.Reader, understood ...strictxml.Name) (Header, error) {
	var h Header
	seen := seenHeaders{understood: understood}
	for r.Child() {
		h.field(r, &seen)
	}
	if err := r.Err(); err != nil {
		return Header{}, err
	}
	switch {
	case seen.modes > 1 || seen.modes == 1 && h.Impersonation != nil:
		return Header{}, &Fault{Code: ErrorMoreThanOneAccessModeSpecified}
	case seen.refused != nil:
		return Header{}, seen.refused
	}
	return h, nil
}

// seenHeaders is what came so far.
type seenHeaders struct {
	names      []string // local names; there are few
	understood []strictxml.Name
	// modes counts the identities asked for in ways that we do not take, of which
	// refused is what is said of the first: which came first does not matter where
	// there are several.
	modes   int
	refused *Fault
}

// again reports whether the name came before, and notes it.
func (s *seenHeaders) again(name string) bool {
	for _, n := range s.names {
		if n == name {
			return true
		}
	}
	s.names = append(s.names, name)
	return false
}

// refuse notes an identity that is asked for and not taken.
func (s *seenHeaders) refuse(f *Fault) {
	s.modes++
	if s.refused == nil {
		s.refused = f
	}
}

func (h *Header) field(r *strictxml.Reader, seen *seenHeaders) {
	name := r.Name()
	if name.Space != NSTypes {
		h.foreign(r, name, seen)
		return
	}
	if h.known(name.Local) && seen.again(name.Local) {
		r.Fail(twice(name.Local))
		return
	}
	switch name.Local {
	case "RequestServerVersion":
		h.RequestServerVersion, _ = r.Attr("Version")
		r.Skip()
	case "ExchangeImpersonation":
		h.Impersonation = decodeImpersonation(r)
	case "TimeZoneContext":
		h.TimeZoneContext = new(TimeZoneContext)
		h.TimeZoneContext.decodeXML(r)
	case "MailboxCulture":
		h.MailboxCulture = r.Text()
	case "DateTimePrecision":
		h.DateTimePrecision = parseDateTimePrecision(r, r.Text())
	case "ManagementRole":
		h.ManagementRole = decodeManagementRole(r)
	default:
		h.foreign(r, name, seen)
	}
}

// known reports whether the field is one of Header's own.
func (*Header) known(local string) bool {
	switch local {
	case "RequestServerVersion", "ExchangeImpersonation", "TimeZoneContext",
		"MailboxCulture", "DateTimePrecision", "ManagementRole":
		return true
	}
	return false
}

// twice is the refusal of a field that came before. Two impersonations are two
// identities; of the others we would have to guess which counts.
func twice(local string) *Fault {
	if local == "ExchangeImpersonation" {
		return &Fault{Code: ErrorMoreThanOneAccessModeSpecified}
	}
	return schemaFault("the header %s may occur only once", local)
}

// foreign deals with a field that is not Header's.
func (h *Header) foreign(r *strictxml.Reader, name strictxml.Name, seen *seenHeaders) {
	switch {
	case isSecurityHeader(name.Local):
		refuseIdentity(r, name, seen)
	case slices.Contains(seen.understood, name):
		r.Skip()
	case mustUnderstand(r):
		r.Fail(&soap.Fault{
			Code:   strictxml.Name{Local: soap.MustUnderstand},
			String: "The header " + name.Local + " must be understood, and is not.",
		})
	default:
		r.Skip()
	}
}

// mustUnderstand reports whether a field of either SOAP version must be
// understood, and by us: fields for another actor are none of our business.
// SOAP 1.1 4.2.2 and 4.2.3.
func mustUnderstand(r *strictxml.Reader) bool {
	for _, space := range []string{soap.Namespace11, soap.Namespace12} {
		v, _ := r.AttrNS(space, "mustUnderstand")
		actor, _ := r.AttrNS(space, "actor")
		if (v == "1" || v == "true") && (actor == "" || actor == actorNext) {
			return true
		}
	}
	return false
}

const actorNext = "http://schemas.xmlsoap.org/soap/actor/next"

// refuseIdentity refuses a security header that we do not take: the ones by which
// Exchange servers speak among themselves are never good from a client, and those
// of clients come here only in a wrong namespace or in other letters.
func refuseIdentity(r *strictxml.Reader, name strictxml.Name, seen *seenHeaders) {
	switch strings.ToLower(name.Local) {
	case "exchangeimpersonation", "connectingsid":
		r.Fail(badImpersonation("It stands in a place or a form that is not its own."))
	case "managementrole":
		r.Fail(&Fault{Code: ErrorInvalidManagementRoleHeader})
	case "proxyrequesttype":
		r.Fail(&Fault{Code: ErrorProxyRequestNotAllowed})
	case "serializedsecuritycontext":
		seen.refuse(&Fault{Code: serializedContext(r.Fork())})
		r.Skip()
	default:
		seen.refuse(&Fault{Code: ErrorTokenSerializationDenied})
		r.Skip()
	}
}

// serializedContext reads a SerializedSecurityContext to no other end than to
// tell one that is none from one for which the right is missing, which nobody
// has: ms-Exch-EPI-TokenSerialization is for servers, and ours have another way.
func serializedContext(r *strictxml.Reader) ResponseCode {
	users := 0
	for r.Child() {
		if name := r.Name(); name.Space == NSTypes && name.Local == "UserSid" {
			if strings.HasPrefix(trim(r.Text()), "S-1-") {
				users++
			}
			continue
		}
		r.Skip()
	}
	if users != 1 || r.Err() != nil {
		return ErrorInvalidSerializedAccessToken
	}
	return ErrorTokenSerializationDenied
}

func decodeImpersonation(r *strictxml.Reader) *ExchangeImpersonation {
	x, n := new(ExchangeImpersonation), 0
	for r.Child() {
		if name := r.Name(); name.Space != NSTypes || name.Local != "ConnectingSID" || n > 0 {
			r.Fail(badImpersonation("It must hold one ConnectingSID."))
			return nil
		}
		n++
		x.ConnectingSID.decode(r)
	}
	if n == 0 {
		r.Fail(badImpersonation("It must hold one ConnectingSID."))
		return nil
	}
	return x
}

func badImpersonation(why string) *Fault {
	return &Fault{
		Code: ErrorInvalidExchangeImpersonationHeaderData,
		Text: ErrorInvalidExchangeImpersonationHeaderData.Text() + " " + why,
	}
}

// decode reads the identifiers. Each may be given once, and not empty.
func (c *ConnectingSID) decode(r *strictxml.Reader) {
	n := 0
	for r.Child() {
		into := c.identifier(r.Name())
		if into == nil {
			r.Fail(badImpersonation("An identifier in it is unknown."))
			return
		}
		text := trim(r.Text())
		if text == "" || *into != "" {
			r.Fail(badImpersonation("An identifier in it is empty or given twice."))
			return
		}
		*into = text
		n++
	}
	if n == 0 {
		r.Fail(badImpersonation("It names nobody."))
	}
}

func (c *ConnectingSID) identifier(name strictxml.Name) *string {
	if name.Space != NSTypes {
		return nil
	}
	switch name.Local {
	case "PrincipalName":
		return &c.PrincipalName
	case "SID":
		return &c.SID
	case "PrimarySmtpAddress":
		return &c.PrimarySMTPAddress
	case "SmtpAddress":
		return &c.SMTPAddress
	}
	return nil
}

// decodeManagementRole reads the header and refuses one without any role: a
// caller that limits itself to nothing has made a mistake.
func decodeManagementRole(r *strictxml.Reader) *ManagementRole {
	x := new(ManagementRole)
	x.decodeXML(r)
	if r.Err() == nil && len(x.UserRoles)+len(x.ApplicationRoles) == 0 {
		r.Fail(&Fault{Code: ErrorInvalidManagementRoleHeader})
	}
	return x
}

// AppendXML writes the header fields as a client sends them, inside a
// soap:Header that the caller opens and closes.
func (h *Header) AppendXML(e *strictxml.Encoder) {
	if h.RequestServerVersion != "" {
		e.Start("t:RequestServerVersion")
		e.Attr("Version", h.RequestServerVersion)
		e.End("t:RequestServerVersion")
	}
	if h.MailboxCulture != "" {
		e.Elem("t:MailboxCulture", h.MailboxCulture)
	}
	if h.DateTimePrecision != "" {
		e.Elem("t:DateTimePrecision", string(h.DateTimePrecision))
	}
	if h.TimeZoneContext != nil {
		h.TimeZoneContext.appendXML(e, "t:TimeZoneContext")
	}
	if h.Impersonation != nil {
		h.Impersonation.appendXML(e)
	}
	if h.ManagementRole != nil {
		h.ManagementRole.appendXML(e, "t:ManagementRole")
	}
}

func (x *ExchangeImpersonation) appendXML(e *strictxml.Encoder) {
	e.Start("t:ExchangeImpersonation")
	e.Start("t:ConnectingSID")
	elem := func(qname, text string) {
		if text != "" {
			e.Elem(qname, text)
		}
	}
	elem("t:PrincipalName", x.ConnectingSID.PrincipalName)
	elem("t:SID", x.ConnectingSID.SID)
	elem("t:PrimarySmtpAddress", x.ConnectingSID.PrimarySMTPAddress)
	elem("t:SmtpAddress", x.ConnectingSID.SMTPAddress)
	e.End("t:ConnectingSID")
	e.End("t:ExchangeImpersonation")
}

// ServerVersionInfo is the header of every answer, faults too: exchangelib
// gives up on a server that does not say what it is. [MS-OXWSCDATA].
type ServerVersionInfo struct {
	MajorVersion     int    `ews:"MajorVersion,attr"`
	MinorVersion     int    `ews:"MinorVersion,attr"`
	MajorBuildNumber int    `ews:"MajorBuildNumber,attr"`
	MinorBuildNumber int    `ews:"MinorBuildNumber,attr"`
	Version          string `ews:"Version,attr,omitempty"`
}

// AppendXML writes the header inside a soap:Header. The namespace is declared
// by the envelope.
func (v *ServerVersionInfo) AppendXML(e *strictxml.Encoder) {
	v.appendXML(e, "t:ServerVersionInfo")
}
