package relay

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// A Pin names a public key: SHA-256 over its SubjectPublicKeyInfo, the form of
// RFC 7469 2.4. Ed25519 and P-256 keys have one alike.
type Pin string

const pinPrefix = "sha256/"

// PinOf returns the pin of a public key.
func PinOf(key crypto.PublicKey) (Pin, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", err
	}
	return pinOf(der), nil
}

func pinOf(spki []byte) Pin {
	sum := sha256.Sum256(spki)
	return Pin(pinPrefix + base64.StdEncoding.EncodeToString(sum[:]))
}

func (p Pin) check() error {
	text, ok := strings.CutPrefix(string(p), pinPrefix)
	b, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(b) != sha256.Size {
		return fmt.Errorf("%q is no key of a relay; entente relay key prints one", string(p))
	}
	return nil
}

// Protocols of a connection (ALPN, RFC 7301), named after who is asked over it.
// The inside opens both.
const (
	protocolInner = "entente-relay-inner/1" // the outer side asks, the inner answers
	protocolOuter = "entente-relay-outer/1" // the inner side asks, the outer answers
)

// handshakeTime bounds a handshake: before it is over nobody is known.
const handshakeTime = 10 * time.Second

// certificate signs the relay's key with itself: TLS wants one, and nothing in
// it is looked at but the key.
func certificate(s crypto.Signer) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "entente-relay"},
		NotBefore:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280 4.1.2.5
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, s.Public(), s)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: s}, nil
}

// config is what both ends of a channel have: TLS 1.3, both keys proved anew
// each time, and a judge that compares the peer's key with the pinned ones.
func (r *Relay) tlsConfig(pins []Pin, protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{r.cert},
		NextProtos:   protocols,
		ClientAuth:   tls.RequireAnyClientCert, // VerifyConnection judges it
		// Not a hole: the key itself is compared, which is more than a name in a
		// certificate would prove.
		InsecureSkipVerify:     true,
		SessionTicketsDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			pin, ok := channelPin(&s)
			if !ok || !slices.Contains(pins, pin) {
				return errors.New("the peer's key is not a pinned one")
			}
			if !slices.Contains(protocols, s.NegotiatedProtocol) {
				return errors.New("the peer speaks another protocol")
			}
			return nil
		},
	}
}

func channelPin(s *tls.ConnectionState) (Pin, bool) {
	if s.Version < tls.VersionTLS13 || len(s.PeerCertificates) == 0 {
		return "", false
	}
	return pinOf(s.PeerCertificates[0].RawSubjectPublicKeyInfo), true
}
