package autodiscover

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"entente/access"
	"entente/clientaccess"
	"entente/strictxml"
)

// Namespaces and schemas of POX, [MS-OXDSCLI] 2.2.3 and 2.2.4.
const (
	requestOutlook  = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
	requestMobile   = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006"
	responseSpace   = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
	responseMobile  = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
	responseOutlook = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
)

// Error codes of POX, [MS-OXDSCLI] 2.2.4.1.3.
const (
	errInvalidRequest  = 600
	errNoProvider      = 601 // no such schema is answered
	errAddressNotFound = 500
)

// pox answers Autodiscover.xml.
func (s *Service) pox(session *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	session.Operation("POX", false)
	if r.Method != http.MethodPost {
		// Some clients try whether the path is there with GET; Exchange says
		// 600 to it, as to every request without a body.
		s.poxError(session, w, r, errInvalidRequest, "Invalid Request")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.poxError(session, w, r, errInvalidRequest, "Invalid Request")
		return
	}
	q, err := readPOX(body)
	switch {
	case err != nil || q.address == "":
		s.poxError(session, w, r, errInvalidRequest, "Invalid Request")
		return
	case q.schema != responseOutlook && (q.schema != responseMobile || s.ActiveSync == ""):
		s.poxError(session, w, r, errNoProvider, "Provider is not available")
		return
	}
	if !enter(session, w, r) {
		return
	}
	a, ok := find(session, q.address)
	if !ok {
		s.poxError(session, w, r, errAddressNotFound, "The e-mail address cannot be found.")
		return
	}
	session.Target(a.Mailbox, a.Mailbox.String())
	var settings []byte
	if q.schema == responseMobile {
		settings = poxPhone(&a, s.placeOf(session.Directory(), &a, clientaccess.ActiveSync).asked(r))
	} else {
		settings = s.poxAccount(&a, s.placeOf(session.Directory(), &a, clientaccess.EWS), authPackage(session))
	}
	send(session, w, r, "", http.StatusOK, textXML, settings)
}

// poxPhone writes the settings of a phone: where it synchronizes. [MS-ASCMD]
// 2.2.1.1
func poxPhone(a *access.Account, at string) []byte {
	e := strictxml.NewEncoder(nil)
	e.Declaration()
	e.Start("Autodiscover")
	e.Attr("xmlns", responseSpace)
	e.Start("Response")
	e.Attr("xmlns", responseMobile)
	e.Elem("Culture", "en:us")
	e.Start("User")
	e.Elem("DisplayName", a.Name)
	e.Elem("EMailAddress", string(a.Mail))
	e.End("User")
	e.Start("Action")
	e.Start("Settings")
	e.Start("Server")
	e.Elem("Type", "MobileSync")
	e.Elem("Url", at)
	e.Elem("Name", at)
	e.End("Server")
	e.End("Settings")
	e.End("Action")
	e.End("Response")
	e.End("Autodiscover")
	return e.Bytes()
}

// A poxRequest is what a client asks, [MS-OXDSCLI] 2.2.3.1.
type poxRequest struct{ address, legacyDN, schema string }

// readPOX reads a request in either request schema.
func readPOX(body []byte) (poxRequest, error) {
	var q poxRequest
	r := strictxml.NewReader(body, limits())
	for ok := r.Root(); ok && r.Child(); {
		if r.Name().Local != "Request" {
			r.Skip()
			continue
		}
		for r.Child() {
			switch r.Name().Local {
			case "EMailAddress":
				q.address = r.Text()
			case "LegacyDN":
				q.legacyDN = r.Text()
			case "AcceptableResponseSchema":
				q.schema = r.Text()
			default:
				r.Skip()
			}
		}
	}
	return q, r.Finish()
}

// poxAccount writes the settings of an account. EXCH is for clients inside, EXPR
// for those outside, and WEB has both.
func (s *Service) poxAccount(a *access.Account, at place, sign string) []byte {
	e := strictxml.NewEncoder(nil)
	e.Declaration()
	e.Start("Autodiscover")
	e.Attr("xmlns", responseSpace)
	e.Start("Response")
	e.Attr("xmlns", responseOutlook)
	e.Start("User")
	e.Elem("DisplayName", a.Name)
	e.Elem("LegacyDN", legacyDN(a))
	e.Elem("AutoDiscoverSMTPAddress", string(a.Mail))
	e.Elem("DeploymentId", a.Mailbox.String())
	e.End("User")
	e.Start("Account")
	e.Elem("AccountType", "email")
	e.Elem("Action", "settings")
	e.Elem("MicrosoftOnline", "False")
	s.protocol(e, "EXCH", a, at.internal, "")
	s.protocol(e, "EXPR", a, at.external, sign)
	s.web(e, at)
	e.End("Account")
	e.End("Response")
	e.End("Autodiscover")
	return e.Bytes()
}

func (s *Service) protocol(e *strictxml.Encoder, kind string, a *access.Account, ews, sign string) {
	e.Start("Protocol")
	e.Elem("Type", kind)
	e.Elem("Server", s.Name)
	if kind == "EXCH" {
		e.Elem("ServerDN", "/o=Entente/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn="+s.Name)
		e.Elem("ServerVersion", s.Version.hex())
		e.Elem("MdbDN", "/o=Entente/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn="+s.Name+"/cn=Microsoft Private MDB")
	}
	e.Elem("ASUrl", ews)
	e.Elem("EwsUrl", ews)
	e.Elem("OOFUrl", ews)
	if kind == "EXPR" {
		e.Elem("SSL", "On")
		if sign != "" {
			e.Elem("AuthPackage", sign)
		}
	}
	e.Elem("LoginName", string(a.UPN))
	e.End("Protocol")
}

func (s *Service) web(e *strictxml.Encoder, at place) {
	e.Start("Protocol")
	e.Elem("Type", "WEB")
	for _, side := range [...]struct{ name, kind, ews string }{{"Internal", "EXCH", at.internal}, {"External", "EXPR", at.external}} {
		e.Start(side.name)
		e.Start("Protocol")
		e.Elem("Type", side.kind)
		e.Elem("ASUrl", side.ews)
		e.End("Protocol")
		e.End(side.name)
	}
	e.End("Protocol")
}

// hex is the version as ServerVersion has it, [MS-OXDSCLI] 2.2.4: 32 bits, of
// which clients take major, minor and build apart.
func (v Version) hex() string {
	const layout = 7<<28 | 1<<15 // the number's own version, and a flag
	n := layout | uint64(v.Major&0x3f)<<22 | uint64(v.Minor&0x3f)<<16 | uint64(v.Build&0x7fff)
	return strings.ToUpper(strconv.FormatUint(n, 16))
}

// poxError answers with an error document: HTTP 200, as Exchange does, for
// clients read the code inside.
func (s *Service) poxError(session *clientaccess.Session, w http.ResponseWriter, r *http.Request, code int, text string) {
	e := strictxml.NewEncoder(nil)
	e.Declaration()
	e.Start("Autodiscover")
	e.Attr("xmlns", responseSpace)
	e.Start("Response")
	e.Start("Error")
	e.Attr("Time", session.Now().UTC().Format("15:04:05.0000000"))
	e.Attr("Id", "0")
	e.ElemInt("ErrorCode", int64(code))
	e.Elem("Message", text)
	e.Elem("DebugData", "")
	e.End("Error")
	e.End("Response")
	e.End("Autodiscover")
	send(session, w, r, strconv.Itoa(code), http.StatusOK, textXML, e.Bytes())
}
