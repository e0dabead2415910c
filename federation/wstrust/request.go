package wstrust

import (
	"encoding/base64"
	"strings"

	"entente/federation/saml"
	"entente/federation/token"
	"entente/strictxml"
	"entente/xmlsec"
)

// AppendRequest writes the request. It declares its namespaces itself.
func AppendRequest(e *strictxml.Encoder, r *Request) {
	v := r.Version
	e.Start("t:RequestSecurityToken")
	e.Attr("xmlns:t", v.space())
	e.Elem("t:RequestType", v.issue())
	e.Elem("t:TokenType", tokenSAML11)
	if r.Bearer {
		e.Elem("t:KeyType", v.noKey())
	} else {
		e.Elem("t:KeyType", v.symmetricKey())
		e.ElemInt("t:KeySize", keySize)
	}
	if r.Entropy != nil {
		e.Elem("t:ComputedKeyAlgorithm", v.computed())
		appendEntropy(e, v, r.Entropy)
	}
	appendTarget(e, r.Target)
	e.Start("t:OnBehalfOf")
	e.Raw(r.OnBehalfOf)
	e.End("t:OnBehalfOf")
	e.Start("auth:AdditionalContext")
	e.Attr("xmlns:auth", spaceAuthorization)
	e.Start("auth:ContextItem")
	e.Attr("Scope", contextScope)
	e.Attr("Name", contextRequestor)
	e.Elem("auth:Value", r.Requestor)
	e.End("auth:ContextItem")
	e.End("auth:AdditionalContext")
	e.Start("t:Claims")
	e.Attr("xmlns:auth", spaceAuthorization)
	e.Attr("Dialect", claimsDialect)
	e.Start("auth:ClaimType")
	e.Attr("Uri", claimAction)
	e.Elem("auth:Value", string(r.Offer))
	e.End("auth:ClaimType")
	e.End("t:Claims")
	e.Start("wsp:PolicyReference")
	e.Attr("xmlns:wsp", spacePolicy)
	e.Attr("URI", policyReference)
	e.End("wsp:PolicyReference")
	e.End("t:RequestSecurityToken")
}

func appendEntropy(e *strictxml.Encoder, v Version, b []byte) {
	e.Start("t:Entropy")
	e.Start("t:BinarySecret")
	e.Attr("Type", v.nonce())
	e.Text(base64.StdEncoding.EncodeToString(b))
	e.End("t:BinarySecret")
	e.End("t:Entropy")
}

func appendTarget(e *strictxml.Encoder, uri string) {
	e.Start("wsp:AppliesTo")
	e.Attr("xmlns:wsp", spacePolicy)
	e.Start("a:EndpointReference")
	e.Attr("xmlns:a", spaceAddressing)
	e.Elem("a:Address", uri)
	e.End("a:EndpointReference")
	e.End("wsp:AppliesTo")
}

// ReadRequest reads a request at whose start tag the Reader stands. The error is
// a *soap.Fault that may be sent to who asked, once it is known who that is.
func ReadRequest(r *strictxml.Reader) (*Request, error) {
	d := &decoder{r: r}
	switch r.Name() {
	case strictxml.Name{Space: space2005, Local: "RequestSecurityToken"}:
	case strictxml.Name{Space: space13, Local: "RequestSecurityToken"}:
		d.v = V13
	default:
		return nil, Fault(Feb2005, InvalidRequest, "no-request", "The message is no request for a token.")
	}
	q := d.request()
	if d.problem == nil && r.Err() != nil {
		d.problem = &problem{InvalidRequest, "malformed", r.Err().Error()}
	}
	if p := d.problem; p != nil {
		return nil, Fault(d.v, p.code, p.own, "The request for a token is not valid: "+p.text+".")
	}
	return q, nil
}

// request reads the children, each at most once. What WS-Trust has and is not
// known here is refused: it could say that the token is for somebody else.
// Extensions by others are passed over.
func (d *decoder) request() *Request {
	q := &Request{Version: d.v}
	seen := map[string]bool{}
	kind, size, algorithm := "", "", ""
	for d.r.Child() {
		n := d.r.Name()
		if n.Space == d.v.space() || n.Space == spacePolicy || n.Space == spaceAuthorization {
			d.want(!seen[n.String()], n.Local+" stands there twice")
			seen[n.String()] = true
		}
		switch {
		case n.Space == d.v.space():
			switch n.Local {
			case "RequestType":
				d.want(d.text() == d.v.issue(), "RequestType is not Issue")
			case "TokenType":
				t := d.text()
				d.want(t == tokenSAML11 || t == tokenSAML11Older, "TokenType is not SAML 1.1")
			case "KeyType":
				kind = d.text()
			case "KeySize":
				size = d.text()
			case "ComputedKeyAlgorithm":
				algorithm = d.text()
			case "Entropy":
				q.Entropy = d.entropy()
			case "OnBehalfOf":
				q.OnBehalfOf = d.onBehalfOf()
			case "Claims":
				q.Offer = d.claims()
			case "CanonicalizationAlgorithm", "EncryptionAlgorithm", "SignatureAlgorithm", "EncryptWith", "SignWith", "KeyWrapAlgorithm", "Lifetime", "Renewing", "Forwardable", "Delegatable":
				d.r.Skip() // the broker chooses
			default:
				d.invalid(n.Local + " is not known")
				d.r.Skip()
			}
		case n.Local == "AppliesTo" && (n.Space == spacePolicy || n.Space == spacePolicy15):
			d.want(q.Target == "", "AppliesTo stands there twice")
			q.Target = d.target()
		case n == strictxml.Name{Space: spaceAuthorization, Local: "AdditionalContext"}:
			q.Requestor = d.context()
		default:
			d.r.Skip()
		}
	}
	d.want(seen["{"+d.v.space()+"}RequestType"], "RequestType is not there")
	d.want(q.Target != "", "AppliesTo is not there")
	d.want(q.Requestor != "", "the requestor is not there")
	d.want(q.OnBehalfOf != nil, "OnBehalfOf is not there")
	d.want(algorithm == "" || algorithm == d.v.computed(), "ComputedKeyAlgorithm is not PSHA1")
	q.Bearer = kind == d.v.noKey()
	d.want(kind == "" || kind == d.v.symmetricKey() || q.Bearer, "KeyType is neither SymmetricKey nor for a token without a key")
	d.want(size == "" || size == "256" || q.Bearer, "KeySize is not 256")
	d.want(q.Entropy == nil || !q.Bearer, "a token without a key needs no Entropy")
	if q.Offer == "" {
		d.refuse(InvalidScope, "no-offer", "it does not say what the token is for")
	}
	return q
}

// onBehalfOf takes the assertion out, so that it can stand alone, signature and
// all.
func (d *decoder) onBehalfOf() (assertion []byte) {
	n := 0
	for d.r.Child() {
		n++
		d.want(d.r.Name() == strictxml.Name{Space: saml.Space, Local: "Assertion"}, "OnBehalfOf has no assertion of SAML 1.1")
		var err error
		assertion, err = xmlsec.Canonical(nil, d.r)
		d.want(err == nil, "the assertion has what canonical form has not")
	}
	d.want(n == 1, "OnBehalfOf has not one assertion")
	return assertion
}

// claims reads the offer out of the claims: one action.
func (d *decoder) claims() (offer token.Offer) {
	dialect, _ := d.r.Attr("Dialect")
	d.want(dialect == claimsDialect, "the dialect of Claims is not known")
	for d.r.Child() {
		uri, _ := d.r.Attr("Uri")
		if d.r.Name() != (strictxml.Name{Space: spaceAuthorization, Local: "ClaimType"}) || uri != claimAction {
			d.r.Skip()
			continue
		}
		d.want(offer == "", "there are two actions")
		offer = token.Offer(d.value())
	}
	return offer
}

// context reads the requestor out of the additional context.
func (d *decoder) context() (requestor string) {
	for d.r.Child() {
		name, _ := d.r.Attr("Name")
		if d.r.Name() != (strictxml.Name{Space: spaceAuthorization, Local: "ContextItem"}) || name != contextRequestor {
			d.r.Skip()
			continue
		}
		d.want(requestor == "", "there are two requestors")
		requestor = d.value()
	}
	return requestor
}

// value reads the one Value of a context item or a claim.
func (d *decoder) value() (text string) {
	n := 0
	for d.r.Child() {
		n++
		d.want(d.r.Name() == strictxml.Name{Space: spaceAuthorization, Local: "Value"}, "an element other than Value")
		text = strings.TrimSpace(d.text())
	}
	d.want(n == 1, "there is not one Value")
	return text
}
