package autodiscover

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"strings"

	"entente/access"
	"entente/clientaccess"
	"entente/soap"
	"entente/strictxml"
)

// Namespaces of the SOAP service, [MS-OXWSADISC] 2.2.1.
const (
	spaceA   = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
	spaceWSA = "http://www.w3.org/2005/08/addressing"
	spaceXSI = "http://www.w3.org/2001/XMLSchema-instance"
	// The namespace of .NET's own fault codes.
	spaceNone = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
)

// Limits of a request: as many users as Exchange takes, and more settings than
// there are names.
const (
	maxUsers    = 100
	maxSettings = 200
)

// A soapRequest is one of the four operations. [MS-OXWSADISC] 3.1.4
type soapRequest struct {
	operation string
	mailboxes []string
	domains   []string
	settings  []string
}

// domain is the one that GetFederationInformation is about.
func (q *soapRequest) domain() string {
	if len(q.domains) != 1 {
		return ""
	}
	return strings.TrimSpace(q.domains[0])
}

// soap answers Autodiscover.svc.
func (s *Service) soap(session *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	s.soapWith(session, w, r, understood(), s.respond)
}

// respond answers one operation, false for one that is not served here.
func (s *Service) respond(e *strictxml.Encoder, session *clientaccess.Session, q *soapRequest) bool {
	switch q.operation {
	case "GetUserSettings":
		s.userSettings(e, session, q)
	case "GetDomainSettings":
		s.domainSettings(e, session, q)
	default:
		return false
	}
	return true
}

// soapWith answers a request of the SOAP service, by what respond serves.
func (s *Service) soapWith(session *clientaccess.Session, w http.ResponseWriter, r *http.Request, known []strictxml.Name,
	respond func(*strictxml.Encoder, *clientaccess.Session, *soapRequest) bool,
) {
	session.Operation("SOAP", false)
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		send(session, w, r, "MethodNotAllowed", http.StatusMethodNotAllowed, "text/plain; charset=utf-8", []byte("This is the SOAP service of Autodiscover: POST GetUserSettings or GetDomainSettings.\n"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.soapFault(session, w, r, soap.V11, &soap.Fault{Code: strictxml.Name{Local: soap.Client}, String: "the request is too large"})
		return
	}
	version, q, fault := readSOAP(body, known)
	if fault != nil {
		s.soapFault(session, w, r, version, fault)
		return
	}
	session.Operation(q.operation, false)
	if !enter(session, w, r) {
		return
	}
	e := s.begin(version, q.operation)
	if !respond(e, session, q) {
		s.soapFault(session, w, r, version, notServed(q.operation+requestSuffix))
		return
	}
	soap.End(e)
	send(session, w, r, "", http.StatusOK, contentType(version), e.Bytes())
}

// begin writes an answer up to its Body.
func (s *Service) begin(v soap.Version, operation string) *strictxml.Encoder {
	e := strictxml.NewEncoder(nil)
	declare := []soap.Namespace{{Prefix: "a", URI: spaceWSA}, {Prefix: "i", URI: spaceXSI}}
	soap.Begin(e, v, declare, func(e *strictxml.Encoder) { s.header(e, operation) })
	return e
}

const requestSuffix = "RequestMessage"

// readSOAP reads an envelope, in which the header blocks that are known may have
// to be understood, and its one operation.
func readSOAP(body []byte, known []strictxml.Name) (soap.Version, *soapRequest, *soap.Fault) {
	m, err := soap.Open(body, limits())
	if err != nil {
		f := asFault(err)
		return f.Version, nil, f
	}
	if err := m.MustUnderstand(known...); err != nil {
		return m.Version, nil, asFault(err)
	}
	q := &soapRequest{}
	name, ok := strings.CutSuffix(m.Operation().Local, requestSuffix)
	switch name {
	case "GetUserSettings", "GetDomainSettings", getFederationInformation, getRelationshipSettings:
		q.operation = name
	default:
		ok = false
	}
	if !ok || m.Operation().Space != spaceA {
		return m.Version, nil, notServed(m.Operation().Local)
	}
	if err := m.Read(q.decode); err != nil {
		return m.Version, nil, asFault(err)
	}
	return m.Version, q, nil
}

// understood are the header blocks that clients may insist on. What they say,
// the Body's child says again.
func understood() []strictxml.Name {
	return []strictxml.Name{
		{Space: spaceWSA, Local: "Action"},
		{Space: spaceWSA, Local: "To"},
		{Space: spaceWSA, Local: "MessageID"},
		{Space: spaceWSA, Local: "ReplyTo"},
		{Space: spaceA, Local: "RequestedServerVersion"},
	}
}

// notServed is the fault of .NET's dispatcher, by whose words clients know that
// an operation is not there, and try an older one.
func notServed(operation string) *soap.Fault {
	return &soap.Fault{
		Code:   strictxml.Name{Space: spaceNone, Local: "ActionNotSupported"},
		String: "The message '" + operation[:min(len(operation), 64)] + "' cannot be processed at the receiver, due to a ContractFilter mismatch at the EndpointDispatcher.",
	}
}

func contentType(v soap.Version) string {
	if v == soap.V12 {
		return "application/soap+xml; charset=utf-8"
	}
	return textXML
}

func asFault(err error) *soap.Fault {
	var f *soap.Fault
	if errors.As(err, &f) {
		return f
	}
	return &soap.Fault{Code: strictxml.Name{Local: soap.Client}, String: "the request cannot be read", Err: err}
}

func (q *soapRequest) decode(r *strictxml.Reader) {
	for r.Child() { // Request
		for r.Child() {
			switch r.Name().Local {
			case "Users":
				for r.Child() { // User
					for r.Child() {
						q.mailboxes = append(q.mailboxes, r.Text())
					}
				}
			case "Domain":
				q.domains = append(q.domains, r.Text())
			case "Domains":
				for r.Child() {
					q.domains = append(q.domains, r.Text())
				}
			case "RequestedSettings":
				for r.Child() {
					q.settings = append(q.settings, r.Text())
				}
			default:
				r.Skip()
			}
		}
	}
	if len(q.mailboxes) > maxUsers || len(q.domains) > maxUsers || len(q.settings) > maxSettings {
		r.Fail(errors.New("too many users or settings"))
	}
}

// header is what every answer of the service begins with. Clients know the
// server by it before they trust the rest.
func (s *Service) header(e *strictxml.Encoder, operation string) {
	e.Start("a:Action")
	e.Attr("s:mustUnderstand", "1")
	e.Text(spaceA + "/Autodiscover/" + operation + "Response")
	e.End("a:Action")
	e.Start("h:ServerVersionInfo")
	e.Attr("xmlns:h", spaceA)
	e.Attr("xmlns", spaceA)
	e.ElemInt("MajorVersion", int64(s.Version.Major))
	e.ElemInt("MinorVersion", int64(s.Version.Minor))
	e.ElemInt("MajorBuildNumber", int64(s.Version.Build))
	e.ElemInt("MinorBuildNumber", int64(s.Version.Revision))
	e.Elem("Version", "Exchange2015")
	e.End("h:ServerVersionInfo")
}

func (s *Service) userSettings(e *strictxml.Encoder, session *clientaccess.Session, q *soapRequest) {
	e.Start("GetUserSettingsResponseMessage")
	e.Attr("xmlns", spaceA)
	e.Start("Response")
	outcome(e, "NoError")
	e.Start("UserResponses")
	sign := authPackage(session)
	for _, m := range q.mailboxes {
		a, ok := find(session, m)
		var at place
		if ok {
			at = s.placeOf(session.Directory(), &a, clientaccess.EWS)
			session.Target(a.Mailbox, a.Mailbox.String())
		}
		s.response(e, ok, q.settings, func(name string) string { return s.setting(name, &a, at, sign) })
	}
	e.End("UserResponses")
	e.End("Response")
	e.End("GetUserSettingsResponseMessage")
}

// response writes the settings of one user, of those that are wanted.
func (s *Service) response(e *strictxml.Encoder, found bool, wanted []string, setting func(string) string) {
	e.Start("UserResponse")
	if !found {
		e.Elem("ErrorCode", "InvalidUser")
		e.Elem("ErrorMessage", "Invalid user.")
		e.Elem("RedirectTarget", "")
		e.Elem("UserSettingErrors", "")
		e.Elem("UserSettings", "")
		e.End("UserResponse")
		return
	}
	e.Elem("ErrorCode", "NoError")
	e.Elem("ErrorMessage", "No error.")
	e.Elem("RedirectTarget", "")
	var missing []string
	for _, name := range wanted {
		if setting(name) == "" {
			missing = append(missing, name)
		}
	}
	e.Start("UserSettingErrors")
	for _, name := range missing {
		e.Start("UserSettingError")
		e.Elem("ErrorCode", "SettingIsNotAvailable")
		e.Elem("ErrorMessage", "The setting is not available.")
		e.Elem("SettingName", name)
		e.End("UserSettingError")
	}
	e.End("UserSettingErrors")
	e.Start("UserSettings")
	for _, name := range wanted {
		if v := setting(name); v != "" {
			stringSetting(e, "UserSetting", name, v)
		}
	}
	e.End("UserSettings")
	e.End("UserResponse")
}

// setting returns the value of a user setting, empty if we have none.
// [MS-OXWSADISC] 3.1.4.4 lists the names.
func (s *Service) setting(name string, a *access.Account, at place, sign string) string {
	switch name {
	case "UserDisplayName":
		return a.Name
	case "UserDN", "MailboxDN":
		return legacyDN(a)
	case "UserDeploymentId":
		return a.Mailbox.String()
	case "AutoDiscoverSMTPAddress":
		return string(a.Mail)
	case "InternalEwsUrl":
		return at.internal
	case "ExternalEwsUrl":
		return at.external
	case "EwsPartnerUrl":
		return s.external()
	case "CrossOrganizationSharingEnabled":
		if s.trust() != nil {
			return "True"
		}
		return "False"
	case "InternalMailboxServer", "ExternalMailboxServer":
		return s.Name
	case "ExternalMailboxServerRequiresSSL":
		return "True"
	case "ExternalMailboxServerAuthenticationMethods":
		return titled(sign)
	case "EwsSupportedSchemas":
		return "Exchange2007, Exchange2007_SP1, Exchange2010, Exchange2010_SP1, Exchange2010_SP2, Exchange2013, Exchange2013_SP1, Exchange2016"
	case "ExternalEwsVersion", "CasVersion":
		return s.Version.text()
	}
	return ""
}

// external is where EWS is reached from outside.
func (s *Service) external() string { return cmp.Or(s.External, s.EWS) }

// titled is a method's name as ExternalMailboxServerAuthenticationMethods has it.
func titled(sign string) string {
	if sign == "" {
		return ""
	}
	return strings.ToUpper(sign[:1]) + sign[1:]
}

func (s *Service) domainSettings(e *strictxml.Encoder, session *clientaccess.Session, q *soapRequest) {
	e.Start("GetDomainSettingsResponseMessage")
	e.Attr("xmlns", spaceA)
	e.Start("Response")
	outcome(e, "NoError")
	e.Start("DomainResponses")
	at := s.placeAt(session.Directory(), s.Name, clientaccess.EWS)
	for _, d := range q.domains {
		s.domainResponse(e, ours(session, d), q.settings, at.external)
	}
	e.End("DomainResponses")
	e.End("Response")
	e.End("GetDomainSettingsResponseMessage")
}

func (s *Service) domainResponse(e *strictxml.Encoder, known bool, wanted []string, ews string) {
	e.Start("DomainResponse")
	if !known {
		e.Elem("ErrorCode", "InvalidDomain")
		e.Elem("ErrorMessage", "Invalid domain.")
		e.Elem("DomainSettingErrors", "")
		e.Elem("DomainSettings", "")
		e.Elem("RedirectTarget", "")
		e.End("DomainResponse")
		return
	}
	e.Elem("ErrorCode", "NoError")
	e.Elem("ErrorMessage", "No error.")
	e.Elem("DomainSettingErrors", "")
	e.Start("DomainSettings")
	for _, name := range wanted {
		switch name {
		case "ExternalEwsUrl":
			stringSetting(e, "DomainSetting", name, ews)
		case "ExternalEwsVersion":
			stringSetting(e, "DomainSetting", name, s.Version.text())
		}
	}
	e.End("DomainSettings")
	e.Elem("RedirectTarget", "")
	e.End("DomainResponse")
}

func outcome(e *strictxml.Encoder, code string) {
	e.Elem("ErrorCode", code)
	e.Elem("ErrorMessage", "")
}

// stringSetting writes a setting; the type attribute tells .NET which class
// to make of it.
func stringSetting(e *strictxml.Encoder, element, name, value string) {
	kind := "StringSetting"
	if element == "DomainSetting" {
		kind = "DomainStringSetting"
	}
	e.Start(element)
	e.Attr("i:type", kind)
	e.Elem("Name", name)
	e.Elem("Value", value)
	e.End(element)
}

func (s *Service) soapFault(session *clientaccess.Session, w http.ResponseWriter, r *http.Request, v soap.Version, f *soap.Fault) {
	e := strictxml.NewEncoder(nil)
	soap.AppendFault(e, v, f, nil, nil)
	send(session, w, r, f.Code.Local, http.StatusInternalServerError, contentType(v), e.Bytes())
}
