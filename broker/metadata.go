package broker

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"entente/federation/brokerapi"
	"entente/strictxml"
)

// sequenceAt rises with each change of what is published: a generation that is
// added or wiped is counted where that is kept, one that begins to sign here.
func (g *generations) sequenceAt(now time.Time) uint64 {
	return g.sequence + uint64(g.current(now).number)
}

// metadata are what the broker says of itself now.
func (b *Broker) metadata(now time.Time) *brokerapi.Metadata {
	g := b.ring.Load()
	m := &brokerapi.Metadata{
		Issuer: b.Issuer, STS: b.URL + brokerapi.PathSTS, Sequence: g.sequenceAt(now), Refresh: b.Times.Refresh,
	}
	for _, x := range g.published(now) {
		m.Keys = append(m.Keys, brokerapi.PublishedKeys{Certificate: x.certificate.Raw, P256: x.jwk, From: x.from, Until: x.until})
	}
	return m
}

func readOnly(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	w.WriteHeader(http.StatusMethodNotAllowed)
	return false
}

// cached lets others keep an answer for a part of the time after which they are
// to look again.
func (b *Broker) cached(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", fmt.Sprintf("max-age=%d", int64(b.Times.Refresh.Seconds()/4)))
}

func (b *Broker) serveMetadata(w http.ResponseWriter, r *http.Request) {
	if !readOnly(w, r) {
		return
	}
	jws, err := b.signedMetadata(b.Now())
	if err != nil {
		problem, status, after := b.told(r.Context(), "metadata", err)
		setRetryAfter(w, after)
		writeJSON(w, status, problem)
		return
	}
	w.Header().Set("Content-Type", "application/jose")
	b.cached(w)
	_, _ = w.Write(jws) // who asked has gone
}

// said are signed metadata, and when they are others.
type said struct {
	of       *generations
	sequence uint64
	jws      []byte
}

// signedMetadata signs what is published once, and not for everybody who asks.
func (b *Broker) signedMetadata(now time.Time) ([]byte, error) {
	g := b.ring.Load()
	if s := b.said.Load(); s != nil && s.of == g && s.sequence == g.sequenceAt(now) {
		return s.jws, nil
	}
	jws, err := brokerapi.SignMetadata(b.metadata(now), brokerapi.Signer{Key: g.current(now).p256})
	if err != nil {
		return nil, err
	}
	b.said.Store(&said{g, g.sequenceAt(now), jws})
	return jws, nil
}

// Namespaces of the federation metadata document.
const (
	spaceFederation = "http://schemas.xmlsoap.org/ws/2006/12/federation"
	spaceAddressing = "http://www.w3.org/2005/08/addressing"
	spaceSecurity   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	spaceUtility    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	spaceSignature  = "http://www.w3.org/2000/09/xmldsig#"
	spaceOurs       = "urn:entente:broker"
	samlTokenType   = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
)

// serveFederationMetadata says the same as the JSON metadata, as WS-Federation
// 1.1 (December 2006) 3.1 has it. The certificate that signs now comes first. It
// is vouched for by the connection it comes over.
func (b *Broker) serveFederationMetadata(w http.ResponseWriter, r *http.Request) {
	if !readOnly(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	b.cached(w)
	_, _ = w.Write(b.federationMetadata(b.Now())) // who asked has gone
}

func (b *Broker) federationMetadata(now time.Time) []byte {
	m := b.metadata(now)
	e := strictxml.NewEncoder(nil)
	e.Declaration()
	e.Start("FederationMetadata")
	e.Attr("xmlns", spaceFederation)
	e.Attr("xmlns:a", spaceAddressing)
	e.Attr("xmlns:o", spaceSecurity)
	e.Attr("xmlns:u", spaceUtility)
	e.Attr("xmlns:ds", spaceSignature)
	e.Attr("xmlns:e", spaceOurs)
	e.Start("Federation")
	e.Attr("FederationID", m.Issuer)
	e.Attr("e:Sequence", fmt.Sprint(m.Sequence))
	e.Attr("e:Refresh", fmt.Sprintf("PT%dS", int64(m.Refresh.Seconds()))) // XML Schema part 2, 3.2.6
	for i, k := range m.Keys {
		e.Start("TokenSigningKeyInfo")
		e.Attr("u:Id", fmt.Sprintf("key%d", i))
		e.Attr("e:From", k.From.UTC().Format(time.RFC3339))
		if !k.Until.IsZero() {
			e.Attr("e:Until", k.Until.UTC().Format(time.RFC3339))
		}
		e.Start("o:SecurityTokenReference")
		e.Start("ds:X509Data")
		e.Elem("ds:X509Certificate", base64.StdEncoding.EncodeToString(k.Certificate))
		e.End("ds:X509Data")
		e.End("o:SecurityTokenReference")
		e.End("TokenSigningKeyInfo")
	}
	e.Start("IssuerNamesOffered")
	e.Start("IssuerName")
	e.Attr("Uri", m.Issuer)
	e.End("IssuerName")
	e.End("IssuerNamesOffered")
	e.Start("TokenIssuerEndpoint")
	e.Elem("a:Address", m.STS)
	e.End("TokenIssuerEndpoint")
	e.Start("TokenTypesOffered")
	e.Start("TokenType")
	e.Attr("Uri", samlTokenType)
	e.End("TokenType")
	e.End("TokenTypesOffered")
	e.End("Federation")
	e.End("FederationMetadata")
	return e.Bytes()
}
