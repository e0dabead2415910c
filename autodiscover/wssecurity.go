package autodiscover

import (
	"net/http"
	"strings"

	"entente"
	"entente/access"
	"entente/clientaccess"
	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
)

// Operations that people of other organizations may call, beside GetUserSettings.
const (
	getFederationInformation = "GetFederationInformation"
	getRelationshipSettings  = "GetOrganizationRelationshipSettings"
)

// partners serves Autodiscover.svc/WSSecurity, to people of other organizations.
type partners struct{ *Service }

// TurnAway implements clientaccess.FederatedHandler.
func (p partners) TurnAway(w http.ResponseWriter, r *http.Request) {
	v := soap.V11
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.EqualFold(strings.TrimSpace(kind), "application/soap+xml") {
		v = soap.V12
	}
	answerFault(w, v, wssecurity.Fault())
}

// ServeSession implements clientaccess.Handler.
func (p partners) ServeSession(session *clientaccess.Session, w http.ResponseWriter, r *http.Request) {
	p.soapWith(session, w, r, append(understood(), strictxml.Name{Space: wssecurity.SpaceSecurity, Local: "Security"}), p.respond)
}

// respond answers one operation, false for one that is not served here. What it
// says is the same for all people of this organization, whether there are such or
// not.
func (p partners) respond(e *strictxml.Encoder, session *clientaccess.Session, q *soapRequest) bool {
	switch q.operation {
	case "GetUserSettings":
		p.partnerSettings(e, q)
	case getFederationInformation:
		t := p.trust()
		if r, err := session.Partner(); err == nil && r != nil && t != nil {
			p.federationResponse(e, q.domain(), t.Domains)
		} else {
			p.federationResponse(e, q.domain(), nil)
		}
	case getRelationshipSettings:
		r, err := session.Partner()
		if err != nil {
			r = nil
		}
		relationshipSettings(e, r)
	default:
		return false
	}
	return true
}

// partnerSettings is userSettings for partners: where this organization is asked.
// Any address in a federated domain gets the same.
func (p partners) partnerSettings(e *strictxml.Encoder, q *soapRequest) {
	e.Start("GetUserSettingsResponseMessage")
	e.Attr("xmlns", spaceA)
	e.Start("Response")
	outcome(e, "NoError")
	e.Start("UserResponses")
	for _, m := range q.mailboxes {
		_, domain, _ := strings.Cut(strings.TrimSpace(m), "@")
		_, _, ok := p.federated(domain)
		if _, err := entente.ParseSMTPAddress(strings.TrimSpace(m)); err != nil {
			ok = false
		}
		p.response(e, ok, q.settings, p.partnerSetting)
	}
	e.End("UserResponses")
	e.End("Response")
	e.End("GetUserSettingsResponseMessage")
}

func (p partners) partnerSetting(name string) string {
	switch name {
	case "ExternalEwsUrl", "EwsPartnerUrl", "ExternalEwsVersion", "EwsSupportedSchemas", "CrossOrganizationSharingEnabled":
		return p.setting(name, &access.Account{}, place{external: p.external()}, "")
	}
	return ""
}

// relationshipSettings says what was agreed with whoever asks: the relationship
// that names a domain of an address of his. [MS-OXWSADISC] 3.1.4.3
func relationshipSettings(e *strictxml.Encoder, r *access.Relationship) {
	e.Start("GetOrganizationRelationshipSettingsResponseMessage")
	e.Attr("xmlns", spaceA)
	e.Start("Response")
	outcome(e, "NoError")
	e.Start("OrganizationRelationshipSettingsCollection")
	if r != nil {
		relationshipSetting(e, r)
	}
	e.End("OrganizationRelationshipSettingsCollection")
	e.End("Response")
	e.End("GetOrganizationRelationshipSettingsResponseMessage")
}

// relationshipSetting: [MS-OXWSADISC] 3.1.4.3.3.4
func relationshipSetting(e *strictxml.Encoder, r *access.Relationship) {
	e.Start("OrganizationRelationshipSettings")
	e.ElemBool("DeliveryReportEnabled", r.DeliveryReport)
	e.Start("DomainNames")
	for _, d := range r.Domains {
		e.Elem("Domain", string(d))
	}
	e.End("DomainNames")
	e.ElemBool("FreeBusyAccessEnabled", r.FreeBusy)
	e.Elem("FreeBusyAccessLevel", r.FreeBusyLevel.String())
	e.ElemBool("MailTipsAccessEnabled", r.MailTips)
	e.Elem("MailTipsAccessLevel", r.MailTipsLevel.String())
	e.ElemBool("MailboxMoveEnabled", r.MailboxMove)
	e.Elem("Name", r.Name)
	optional(e, "TargetApplicationUri", r.TargetApplicationURI)
	optional(e, "TargetAutodiscoverEpr", r.TargetAutodiscoverEPR)
	optional(e, "TargetSharingEpr", r.TargetSharingEPR)
	e.End("OrganizationRelationshipSettings")
}

// optional writes a text, or that there is none.
func optional(e *strictxml.Encoder, name, value string) {
	if value == "" {
		e.Start(name)
		e.Attr("i:nil", "true")
		e.End(name)
		return
	}
	e.Elem(name, value)
}
