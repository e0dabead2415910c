package directory

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"entente"
)

// aCertificate makes a certificate of somebody, or of an authority.
func aCertificate(t testing.TB, serial int64, ca bool) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	b, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "anna"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
		IsCA: ca, BasicConstraintsValid: true,
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "CA"}}, &key.PublicKey, key)
	must(t, err)
	return b
}

// signedData packs certificates as userSMIMECertificate has them.
func signedData(t testing.TB, certificates ...[]byte) []byte {
	t.Helper()
	raw := func(class, tag int, content []byte) asn1.RawValue {
		return asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: content}
	}
	inner, err := asn1.Marshal(struct {
		Version                              int
		Digests, Inner, Certificates, Signer asn1.RawValue
	}{
		1, raw(asn1.ClassUniversal, asn1.TagSet, nil), raw(asn1.ClassUniversal, asn1.TagSequence, nil),
		raw(asn1.ClassContextSpecific, 0, bytes.Join(certificates, nil)), raw(asn1.ClassUniversal, asn1.TagSet, nil),
	})
	must(t, err)
	b, err := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}, raw(asn1.ClassContextSpecific, 0, inner)})
	must(t, err)
	return b
}

// Picture and certificates come with the account, stay with it, are replaced and go
// with it.
func TestMedia(t *testing.T) {
	photo := []byte("\xff\xd8\xff\xe0 a face")
	one, two, root := aCertificate(t, 1, false), aCertificate(t, 2, false), aCertificate(t, 3, true)
	b64 := base64.StdEncoding.EncodeToString
	file := func(lines ...string) string {
		return "dn: CN=Anna\nobjectClass: user\nuserPrincipalName: anna@contoso.example\nmail: anna@contoso.example\n" + strings.Join(lines, "\n") + "\n"
	}
	onEach(t, func(t *testing.T, d *Directory) {
		var sid entente.SID
		for _, c := range [...]struct {
			name, file, action, left string
			want                     Media
		}{
			{"none", file(), "created", "", Media{}},
			{"a photo", file("thumbnailPhoto:: " + b64(photo)), "changed", "", Media{Photo: photo}},
			{"again", file("thumbnailPhoto:: " + b64(photo)), "unchanged", "", Media{Photo: photo}},
			{"not said", file(), "unchanged", "", Media{Photo: photo}},
			{"certificates", file("userCertificate;binary:: "+b64(one), "userSMIMECertificate:: "+b64(signedData(t, two, root, one))), "changed", "", Media{photo, [][]byte{one, two}}},
			{"no picture", file("thumbnailPhoto: a text"), "changed", "thumbnailPhoto", Media{nil, [][]byte{one, two}}},
			{"no certificate", file("userCertificate: a text", "userCertificate:: "+b64(two)), "changed", "userCertificate", Media{nil, [][]byte{two}}},
			{"no SignedData", file("userSMIMECertificate:: "+b64(one), "userCertificate:: "+b64(two)), "unchanged", "userSMIMECertificate", Media{nil, [][]byte{two}}},
			{"emptied", file("userCertificate:"), "changed", "", Media{}},
		} {
			r, err := d.ImportLDIF(t.Context(), strings.NewReader(c.file), ImportOptions{})
			must(t, err)
			l := r.Lines[0]
			if sid = l.SID; l.Action != c.action || (l.Err == nil) != (c.left == "") || l.Err != nil && !strings.Contains(l.Err.Error(), c.left) {
				t.Errorf("%s: %s, %v", c.name, l.Action, l.Err)
			}
			all, err := d.Media(t.Context(), sid, "S-1-5-21-9-9-9-9")
			must(t, err)
			if got := all[sid]; !got.equal(&c.want) || len(all) > 1 {
				t.Errorf("%s: %d bytes, %d certificates", c.name, len(got.Photo), len(got.Certificates))
			}
		}
		must(t, d.Update(t.Context(), func(c *Change) error {
			if changed, err := c.SetMedia(sid, Media{Photo: photo}); err != nil || !changed {
				t.Errorf("set: %v %v", changed, err)
			}
			for _, bad := range [...]Media{
				{Photo: []byte("<svg>")},
				{Photo: append(bytes.Clone(photo), make([]byte, MaxPhoto)...)},
				{Certificates: [][]byte{{0x30}}},
				{Certificates: make([][]byte, maxCertificates+1)},
			} {
				if _, err := c.SetMedia(sid, bad); err == nil {
					t.Errorf("kept %d bytes, %d certificates", len(bad.Photo), len(bad.Certificates))
				}
			}
			return c.RemoveAccount(sid)
		}))
		if all, err := d.Media(t.Context(), sid); err != nil || len(all) > 0 {
			t.Errorf("%d media left of an account that is gone, %v", len(all), err)
		}
	})
}

func FuzzSMIMECertificates(f *testing.F) {
	one := aCertificate(f, 1, false)
	f.Add(signedData(f, one))
	f.Add(signedData(f))
	f.Add(one)
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		found, err := smimeCertificates(b)
		if err != nil && len(found) > 0 {
			t.Error("certificates beside an error")
		}
		for _, c := range found {
			if _, err := x509.ParseCertificate(c); err != nil {
				t.Error(err)
			}
		}
	})
}
