package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"entente"
	"entente/outgoing"
)

// A phone is somebody's, known by a certificate, with the authority that it and
// the gateway's own come from.
type phone struct {
	dir string
	key *ecdsa.PrivateKey
	ca  *x509.Certificate
}

func (p *phone) file(name string) string { return filepath.Join(p.dir, name) }

const phoneLife = 30 * 24 * time.Hour

// authority makes the authority, and the certificate of the gateway.
func (p *phone) authority(dir, publicName string) (err error) {
	p.dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	template := certificateFor("Demo authority")
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	p.ca = template
	der, err := x509.CreateCertificate(rand.Reader, template, template, p.key.Public(), p.key)
	if err != nil {
		return err
	}
	if p.ca, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	if err := writePEM(p.file("ca.pem"), "CERTIFICATE", der); err != nil {
		return err
	}
	gateway := certificateFor(publicName)
	gateway.DNSNames, gateway.ExtKeyUsage = []string{publicName}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return p.sign("gateway", gateway)
}

// issue makes the certificate of a phone, NAME.pem and NAME.key. Whose it is
// stands in the security extension, as Active Directory's own authority writes it
// ([MS-WCCE] 2.2.2.7.7.4).
func (p *phone) issue(name string, sid entente.SID) error {
	extension, err := sidExtension(sid)
	if err != nil {
		return err
	}
	c := certificateFor(name)
	c.ExtKeyUsage, c.ExtraExtensions = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, []pkix.Extension{extension}
	return p.sign(name, c)
}

func sidExtension(sid entente.SID) (pkix.Extension, error) {
	type otherName struct {
		ID    asn1.ObjectIdentifier
		Value []byte `asn1:"explicit,tag:0"`
	}
	name := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2}
	other, err := asn1.MarshalWithParams(otherName{append(name, 1), []byte(sid)}, "tag:0")
	if err != nil {
		return pkix.Extension{}, err
	}
	value, err := asn1.Marshal([]asn1.RawValue{{FullBytes: other}})
	return pkix.Extension{Id: name, Value: value}, err
}

func certificateFor(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: serialNumber(), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(phoneLife), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func serialNumber() *big.Int {
	b := make([]byte, 15)
	_, _ = rand.Read(b) // never fails, by its documentation
	return new(big.Int).SetBytes(b)
}

// sign writes a certificate of a new key, and the key.
func (p *phone) sign(name string, c *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, c, p.ca, key.Public(), p.key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(writePEM(p.file(name+".pem"), "CERTIFICATE", der), writePEM(p.file(name+".key"), "PRIVATE KEY", secret))
}

func writePEM(file, kind string, der []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// inboxRequest asks for the inbox of whoever asks.
const inboxRequest = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body><m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>`

// ask has a phone ask for its owner's inbox, and returns the id under which all
// who had a part in the answer have recorded it.
func (p *phone) ask(ctx context.Context, name, url string) (request string, err error) {
	pair, err := tls.LoadX509KeyPair(p.file(name+".pem"), p.file(name+".key"))
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.ca)
	const purpose outgoing.Purpose = "phone"
	d := outgoing.New(map[outgoing.Purpose]outgoing.Rule{purpose: {
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, TLS: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}},
	}}, here{})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(inboxRequest))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("User-Agent", "Demo-Phone/1.0")
	answer, err := d.HTTPClient(purpose).Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "NoError")) {
		err = fmt.Errorf("the gateway answered %s: %.2000s", answer.Status, body)
	}
	return answer.Header.Get("request-id"), err
}

// here finds every name on this machine.
type here struct{}

// LookupNetIP implements outgoing.Resolver.
func (here) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}
