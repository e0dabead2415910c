package wstrust

import (
	"encoding/base64"
	"fmt"
	"time"

	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
	"entente/xmlsec"
)

// AppendResponse writes the response: alone in the version of February 2005, in
// a collection of one in 1.3 (WS-Trust 1.3 4.1.3, 4.3).
func AppendResponse(e *strictxml.Encoder, r *Response) {
	v := r.Version
	name := "t:RequestSecurityTokenResponse"
	if v == V13 {
		e.Start("t:RequestSecurityTokenResponseCollection")
		e.Attr("xmlns:t", v.space())
		e.Start(name)
	} else {
		e.Start(name)
		e.Attr("xmlns:t", v.space())
	}
	e.Elem("t:TokenType", tokenSAML11)
	appendTarget(e, r.Target)
	e.Start("t:Lifetime")
	e.Attr("xmlns:u", wssecurity.SpaceUtility)
	e.ElemTime("u:Created", r.Created)
	e.ElemTime("u:Expires", r.Expires)
	e.End("t:Lifetime")
	e.Start("t:RequestedSecurityToken")
	e.Raw(r.Token)
	e.End("t:RequestedSecurityToken")
	if r.Reference != "" {
		appendReference(e, "t:RequestedAttachedReference", r.Reference)
		appendReference(e, "t:RequestedUnattachedReference", r.Reference)
	}
	appendProof(e, r)
	e.End(name)
	if v == V13 {
		e.End("t:RequestSecurityTokenResponseCollection")
	}
}

// appendReference writes how messages refer to the token: SAML Token Profile
// 1.1 3.4.
func appendReference(e *strictxml.Encoder, qname, id string) {
	e.Start(qname)
	e.Start("o:SecurityTokenReference")
	e.Attr("xmlns:o", wssecurity.SpaceSecurity)
	e.Start("o:KeyIdentifier")
	e.Attr("ValueType", valueAssertionID)
	e.Text(id)
	e.End("o:KeyIdentifier")
	e.End("o:SecurityTokenReference")
	e.End(qname)
}

// appendProof writes how the requester gets to the proof key: WS-Trust 4.4.3.
func appendProof(e *strictxml.Encoder, r *Response) {
	switch {
	case r.Entropy != nil:
		e.Start("t:RequestedProofToken")
		e.Elem("t:ComputedKey", r.Version.computed())
		e.End("t:RequestedProofToken")
		appendEntropy(e, r.Version, r.Entropy)
	case r.Proof != nil:
		e.Start("t:RequestedProofToken")
		e.Raw(r.Proof)
		e.End("t:RequestedProofToken")
	case r.Secret != nil:
		e.Start("t:RequestedProofToken")
		e.Start("t:BinarySecret")
		e.Attr("Type", r.Version.symmetricKey())
		e.Text(base64.StdEncoding.EncodeToString(r.Secret))
		e.End("t:BinarySecret")
		e.End("t:RequestedProofToken")
	}
}

// Open reads what the broker answered: an envelope of SOAP 1.2 with a response,
// or with a fault, which is then the error, a *Refused. Other errors say what is
// wrong with the answer.
func Open(document []byte) (*Response, error) {
	m, err := soap.Open(document, xmlsec.Limits())
	if err != nil {
		return nil, err
	}
	if m.Operation() == (strictxml.Name{Space: m.Version.Namespace(), Local: "Fault"}) {
		refused, err := readFault(m)
		if err != nil {
			return nil, err
		}
		return nil, refused
	}
	var response *Response
	err = m.Read(func(r *strictxml.Reader) {
		var err error
		if response, err = ReadResponse(r); err != nil {
			r.Fail(err)
		}
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// ReadResponse reads a response, or a collection of one, at whose start tag the
// Reader stands.
func ReadResponse(r *strictxml.Reader) (*Response, error) {
	d := &decoder{r: r}
	var response *Response
	switch r.Name() {
	case strictxml.Name{Space: space2005, Local: "RequestSecurityTokenResponse"}:
		response = d.response()
	case strictxml.Name{Space: space13, Local: "RequestSecurityTokenResponseCollection"}:
		d.v = V13
		n := 0
		for r.Child() {
			n++
			d.want(n == 1 && d.trust("RequestSecurityTokenResponse"), "there is not one response")
			response = d.response()
		}
		d.want(n == 1, "there is not one response")
	default:
		d.invalid("it is no response")
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("the broker's answer is not valid: %w", err)
	}
	return response, nil
}

// response reads the children, of which those that count are there once.
func (d *decoder) response() *Response {
	a := &Response{Version: d.v}
	seen := map[string]bool{}
	computed := false
	for d.r.Child() {
		n := d.r.Name()
		switch {
		case n.Space == d.v.space():
			d.want(!seen[n.Local], n.Local+" stands there twice")
			seen[n.Local] = true
			switch n.Local {
			case "TokenType":
				t := d.text()
				d.want(t == tokenSAML11 || t == tokenSAML11Older, "TokenType is not SAML 1.1")
			case "Lifetime":
				a.Created, a.Expires = d.lifetime()
			case "RequestedSecurityToken":
				a.Token = d.element(xmlsec.SpaceEncryption, "EncryptedData")
			case "RequestedAttachedReference":
				a.Reference = d.reference()
			case "RequestedProofToken":
				computed = d.proof(a)
			case "Entropy":
				a.Entropy = d.entropy()
			default:
				d.r.Skip()
			}
		case n.Local == "AppliesTo" && (n.Space == spacePolicy || n.Space == spacePolicy15):
			d.want(a.Target == "", "AppliesTo stands there twice")
			a.Target = d.target()
		default:
			d.r.Skip()
		}
	}
	d.want(a.Token != nil && seen["Lifetime"], "it has no token, or no lifetime")
	// A broker that gave entropy and no key to be computed, or the other way
	// round, would leave each side with a key of its own.
	d.want(computed == (a.Entropy != nil), "a computed key and entropy do not go together")
	return a
}

// lifetime reads when a token begins and ends.
func (d *decoder) lifetime() (created, expires time.Time) {
	for d.r.Child() {
		switch d.r.Name() {
		case strictxml.Name{Space: wssecurity.SpaceUtility, Local: "Created"}:
			created = d.time()
		case strictxml.Name{Space: wssecurity.SpaceUtility, Local: "Expires"}:
			expires = d.time()
		default:
			d.r.Skip()
		}
	}
	d.want(!created.IsZero() && expires.After(created), "Lifetime ends before it begins")
	return created, expires
}

func (d *decoder) time() time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.9999999Z", d.text())
	d.want(err == nil, "a time is not in UTC")
	return t
}

// reference reads the id of the assertion in the token, if it is said so.
func (d *decoder) reference() (id string) {
	for d.r.Child() {
		if d.r.Name() != (strictxml.Name{Space: wssecurity.SpaceSecurity, Local: "SecurityTokenReference"}) {
			d.r.Skip()
			continue
		}
		for d.r.Child() {
			kind, _ := d.r.Attr("ValueType")
			if d.r.Name().Local != "KeyIdentifier" || kind != valueAssertionID {
				d.r.Skip()
				continue
			}
			id = d.text()
		}
	}
	return id
}

// proof reads RequestedProofToken, and whether the key is to be computed.
func (d *decoder) proof(a *Response) (computed bool) {
	n := 0
	for d.r.Child() {
		n++
		switch {
		case d.trust("ComputedKey"):
			computed = true
			d.want(d.text() == d.v.computed(), "the key is not computed by PSHA1")
		case d.trust("BinarySecret"):
			a.Secret = d.secret()
		case d.r.Name() == strictxml.Name{Space: xmlsec.SpaceEncryption, Local: "EncryptedKey"}:
			var err error
			a.Proof, err = xmlsec.Canonical(nil, d.r)
			d.want(err == nil, "EncryptedKey has what canonical form has not")
		default:
			d.invalid("the proof key is in a form that is not known")
		}
	}
	d.want(n == 1, "there is not one proof key")
	return computed
}
