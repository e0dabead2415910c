// Package saml writes and reads assertions of SAML 1.1 in the one form that
// delegation tokens have, and what an organization says of its user when it
// asks for one.
//
// An assertion is read from the canonical bytes that its signature covers, and
// from nothing else. There is exactly one of whatever counts; attributes that
// are not known are passed over, statements and conditions are not: a condition
// that is not understood is one that is not met (SAML 1.1 core 2.3.2.1).
//
// Spec: Assertions and Protocol for the OASIS Security Assertion Markup Language
// (SAML) V1.1
package saml

import (
	"crypto/x509"
	"slices"
	"time"

	"entente/strictxml"
	"entente/xmlsec"
)

// Space is the namespace of assertions, of SAML 1.0 and 1.1 alike.
const Space = "urn:oasis:names:tc:SAML:1.0:assertion"

// Names of subjects, ways to confirm that one is it, and how it was found out.
const (
	FormatUPN         = "http://schemas.xmlsoap.org/claims/UPN"
	HolderOfKey       = "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
	Bearer            = "urn:oasis:names:tc:SAML:1.0:cm:bearer"
	SenderVouches     = "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches"
	methodUnspecified = "urn:oasis:names:tc:SAML:1.0:am:unspecified"
)

// An Assertion is a signed statement of an issuer about one subject.
type Assertion struct {
	ID         string
	Issuer     string
	Issued     time.Time
	NotBefore  time.Time
	NotAfter   time.Time // not on or after
	Audience   string    // "" for everybody
	Subject    string    // NameIdentifier
	Format     string    // of the NameIdentifier
	Method     string    // of confirmation, "" for none
	Key        []byte    // with HolderOfKey: an EncryptedKey element that can stand alone
	Attributes []Attribute
}

// An Attribute is something an issuer says of the subject.
type Attribute struct {
	Space  string // AttributeNamespace
	Name   string
	Values []string
}

// Limits of what is read.
const (
	maxAttributes = 64
	maxValues     = 512 // of all attributes
	maxText       = 1024
)

func shape() xmlsec.Shape {
	return xmlsec.Shape{Root: strictxml.Name{Space: Space, Local: "Assertion"}, ID: "AssertionID"}
}

// Values returns the values of an attribute, nil if it is not there.
func (a *Assertion) Values(space, name string) []string {
	i := slices.IndexFunc(a.Attributes, func(t Attribute) bool { return t.Space == space && t.Name == name })
	if i < 0 {
		return nil
	}
	return a.Attributes[i].Values
}

// Sign returns the assertion as a document with its signature.
func (a *Assertion) Sign(by xmlsec.Signer, p xmlsec.Profile) ([]byte, error) {
	e := strictxml.NewEncoder(make([]byte, 0, 2048+len(a.Key)))
	a.append(e)
	return xmlsec.Sign(e.Bytes(), shape(), by, p)
}

// Verify reads a document that one of the trusted certificates signed. The
// error is xmlsec.ErrRefused.
func Verify(document []byte, trusted []*x509.Certificate, p xmlsec.Profile) (*Assertion, *xmlsec.Signed, error) {
	signed, err := xmlsec.Verify(document, shape(), trusted, p)
	if err != nil {
		return nil, nil, xmlsec.ErrRefused
	}
	a, ok := parse(signed.Content)
	if !ok {
		return nil, signed, xmlsec.ErrRefused
	}
	return a, signed, nil
}

// append writes the assertion without a signature. SAML 1.1 core 2.3.
func (a *Assertion) append(e *strictxml.Encoder) {
	e.Start("saml:Assertion")
	e.Attr("xmlns:saml", Space)
	e.Attr("MajorVersion", "1")
	e.Attr("MinorVersion", "1")
	e.Attr("AssertionID", a.ID)
	e.Attr("Issuer", a.Issuer)
	e.Attr("IssueInstant", formatTime(a.Issued))
	e.Start("saml:Conditions")
	e.Attr("NotBefore", formatTime(a.NotBefore))
	e.Attr("NotOnOrAfter", formatTime(a.NotAfter))
	if a.Audience != "" {
		e.Start("saml:AudienceRestrictionCondition")
		e.Elem("saml:Audience", a.Audience)
		e.End("saml:AudienceRestrictionCondition")
	}
	e.End("saml:Conditions")
	e.Start("saml:AttributeStatement")
	a.appendSubject(e, true)
	for i := range a.Attributes {
		t := &a.Attributes[i]
		e.Start("saml:Attribute")
		e.Attr("AttributeName", t.Name)
		e.Attr("AttributeNamespace", t.Space)
		for _, v := range t.Values {
			e.Elem("saml:AttributeValue", v)
		}
		e.End("saml:Attribute")
	}
	e.End("saml:AttributeStatement")
	e.Start("saml:AuthenticationStatement")
	e.Attr("AuthenticationMethod", methodUnspecified)
	e.Attr("AuthenticationInstant", formatTime(a.Issued))
	a.appendSubject(e, false)
	e.End("saml:AuthenticationStatement")
	e.End("saml:Assertion")
}

// appendSubject writes whom the statement is about, and once in a document how
// it is confirmed. SAML 1.1 core 2.4.2.
func (a *Assertion) appendSubject(e *strictxml.Encoder, confirmed bool) {
	e.Start("saml:Subject")
	e.Start("saml:NameIdentifier")
	e.Attr("Format", a.Format)
	e.Text(a.Subject)
	e.End("saml:NameIdentifier")
	if confirmed && a.Method != "" {
		e.Start("saml:SubjectConfirmation")
		e.Elem("saml:ConfirmationMethod", a.Method)
		if a.Key != nil {
			e.Start("ds:KeyInfo")
			e.Attr("xmlns:ds", xmlsec.SpaceSignature)
			e.Raw(a.Key)
			e.End("ds:KeyInfo")
		}
		e.End("saml:SubjectConfirmation")
	}
	e.End("saml:Subject")
}

const timeLayout = "2006-01-02T15:04:05Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// parseTime reads an xs:dateTime in UTC (SAML 1.1 core 1.2.2), with fractions of
// a second as Exchange writes them.
func parseTime(s string) (time.Time, bool) {
	if len(s) < len(timeLayout) || len(s) > len("2006-01-02T15:04:05.9999999Z") || s[len(s)-1] != 'Z' {
		return time.Time{}, false
	}
	t, err := time.Parse("2006-01-02T15:04:05.9999999Z", s)
	return t, err == nil && t.Year() > 1970
}
