package directory

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"entente"
	"entente/db"
)

// Media are what the address list shows of an account beside words.
type Media struct {
	// Photo is a picture as thumbnailPhoto has it: JPEG, of MaxPhoto bytes at most.
	Photo []byte
	// Certificates are those that mail to the account can be encrypted for, as
	// userCertificate and userSMIMECertificate have them: X.509 in DER. They are not
	// verified here; who encrypts for one asks for a chain.
	Certificates [][]byte
}

// Limits of media.
const (
	MaxPhoto        = 100 << 10 // of thumbnailPhoto in Active Directory
	maxCertificates = 20
	maxCertificate  = 16 << 10
)

// Kinds of rows of directory_media.
const (
	photoKind       = 1
	certificateKind = 2
)

// Media returns the media of accounts; who has none is not in it.
func (d *Directory) Media(ctx context.Context, sids ...entente.SID) (all map[entente.SID]Media, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = map[entente.SID]Media{}
		for _, sid := range sids {
			m, err := mediaOf(tx, sid)
			if err != nil {
				return err
			}
			if !m.empty() {
				all[sid] = m
			}
		}
		return nil
	})
	return all, err
}

func (m *Media) empty() bool { return len(m.Photo) == 0 && len(m.Certificates) == 0 }

func (m *Media) equal(o *Media) bool {
	return bytes.Equal(m.Photo, o.Photo) && slices.EqualFunc(m.Certificates, o.Certificates, bytes.Equal)
}

func mediaOf(tx *db.Tx, sid entente.SID) (m Media, err error) {
	var kind int64
	var content []byte
	rows, err := tx.Query(`SELECT kind, content FROM directory_media WHERE sid = $1 ORDER BY kind, number`, sid)
	err = each(rows, err, func() error {
		switch kind {
		case photoKind:
			m.Photo = bytes.Clone(content)
		case certificateKind:
			m.Certificates = append(m.Certificates, bytes.Clone(content))
		}
		return nil
	}, &kind, &content)
	return m, err
}

// SetMedia gives an account its media, and reports whether they were others. An
// error is Invalid or TooLarge, and nothing is changed.
func (c *Change) SetMedia(sid entente.SID, m Media) (changed bool, err error) {
	if err := m.check(); err != nil {
		return false, err
	}
	old, err := mediaOf(c.tx, sid)
	if err != nil {
		return false, err
	}
	return c.putMedia(sid, &old, &m)
}

func (c *Change) putMedia(sid entente.SID, old, m *Media) (changed bool, err error) {
	if old.equal(m) {
		return false, nil
	}
	if err := c.forgetMedia(sid); err != nil {
		return false, err
	}
	put := func(kind, number int, content []byte) error {
		_, err := c.tx.Exec(`INSERT INTO directory_media (sid, kind, number, content) VALUES ($1, $2, $3, $4)`, sid, kind, number, content)
		return err
	}
	if len(m.Photo) > 0 {
		if err := put(photoKind, 0, m.Photo); err != nil {
			return false, err
		}
	}
	for i, b := range m.Certificates {
		if err := put(certificateKind, i, b); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Media returns the media of an account as the change so far leaves them.
func (c *Change) Media(sid entente.SID) (Media, error) { return mediaOf(c.tx, sid) }

func (c *Change) forgetMedia(sid entente.SID) error {
	_, err := c.tx.Exec(`DELETE FROM directory_media WHERE sid = $1`, sid)
	return err
}

// check refuses what is not a picture, and what is no certificate.
func (m *Media) check() error {
	switch {
	case len(m.Photo) > MaxPhoto:
		return entente.Errorf(entente.TooLarge, "a photo has at most %d bytes", MaxPhoto)
	case len(m.Photo) > 0 && !isPicture(m.Photo):
		return entente.Errorf(entente.Invalid, "the photo is neither JPEG nor PNG")
	case len(m.Certificates) > maxCertificates:
		return entente.Errorf(entente.TooLarge, "an account has at most %d certificates", maxCertificates)
	}
	for _, b := range m.Certificates {
		if len(b) > maxCertificate {
			return entente.Errorf(entente.TooLarge, "a certificate has at most %d bytes", maxCertificate)
		}
		if _, err := x509.ParseCertificate(b); err != nil {
			return entente.Errorf(entente.Invalid, "not a certificate")
		}
	}
	return nil
}

// isPicture tells the forms of pictures that clients show by their first bytes.
func isPicture(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xff\xd8\xff")) || bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n"))
}

// mediaAttributes are those that say something of media.
var mediaAttributes = [...]string{"thumbnailphoto", "jpegphoto", "usercertificate", "usersmimecertificate"}

func (r *record) saysMedia() bool {
	return slices.ContainsFunc(mediaAttributes[:], func(name string) bool {
		_, said := r.attrs[name]
		return said
	})
}

// fillMedia sets what a record says of media. What cannot be used is left out, as a
// directory may hold anything there, and the first such is told.
func (r *record) fillMedia(m *Media) (left error) {
	leave := func(attr string) {
		if left == nil {
			left = entente.Errorf(entente.Invalid, "left out: what %s has", attr)
		}
	}
	if v, said := r.get("thumbnailphoto", "jpegphoto"); said {
		if m.Photo = nil; v != "" {
			p := Media{Photo: []byte(v)}
			if p.check() == nil {
				m.Photo = p.Photo
			} else {
				leave("thumbnailPhoto")
			}
		}
	}
	single, said := r.attrs["usercertificate"]
	packed, also := r.attrs["usersmimecertificate"]
	if !said && !also {
		return left
	}
	m.Certificates = nil
	for _, v := range single {
		if v != "" && !m.addCertificate([]byte(v)) {
			leave("userCertificate")
		}
	}
	for _, v := range packed {
		if v == "" {
			continue
		}
		found, err := smimeCertificates([]byte(v))
		if err != nil {
			leave("userSMIMECertificate")
		}
		for _, b := range found {
			if !m.addCertificate(b) {
				leave("userSMIMECertificate")
			}
		}
	}
	return left
}

// importMedia gives an account the media that a record says it has.
func (c *Change) importMedia(r *record, sid entente.SID, l *ImportLine) (changed bool, err error) {
	if !r.saysMedia() {
		return false, nil
	}
	old, err := c.Media(sid)
	if err != nil {
		return false, err
	}
	m := old
	if left := r.fillMedia(&m); left != nil && l.Err == nil {
		l.Err = left
	}
	return c.putMedia(sid, &old, &m)
}

// addCertificate adds a certificate of a person, once, if it is one and there is
// room.
func (m *Media) addCertificate(b []byte) bool {
	one := Media{Certificates: [][]byte{b}}
	if one.check() != nil {
		return false
	}
	if slices.ContainsFunc(m.Certificates, func(o []byte) bool { return bytes.Equal(o, b) }) {
		return true
	}
	if len(m.Certificates) == maxCertificates {
		return false
	}
	m.Certificates = append(m.Certificates, bytes.Clone(b))
	return true
}

// smimeCertificates takes the certificates of people out of a userSMIMECertificate,
// which is a SignedData of nobody over what their programs can do. RFC 2798 2.8,
// RFC 5652 5.1
func smimeCertificates(b []byte) ([][]byte, error) {
	bad := entente.Errorf(entente.Invalid, "not a PKCS #7 SignedData")
	var outer struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	rest, err := asn1.Unmarshal(b, &outer)
	if err != nil || len(rest) > 0 || !outer.Type.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}) {
		return nil, bad
	}
	var signed struct {
		Version      int
		Digests      asn1.RawValue
		Inner        asn1.RawValue
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		CRLs         asn1.RawValue `asn1:"optional,tag:1"`
		Signers      asn1.RawValue
	}
	if _, err := asn1.Unmarshal(outer.Content.Bytes, &signed); err != nil {
		return nil, bad
	}
	var all [][]byte
	for some := signed.Certificates.Bytes; len(some) > 0; {
		var one asn1.RawValue
		if some, err = asn1.Unmarshal(some, &one); err != nil || len(all) == maxCertificates {
			return nil, bad
		}
		if c, err := x509.ParseCertificate(one.FullBytes); err == nil && !c.IsCA {
			all = append(all, one.FullBytes)
		}
	}
	return all, nil
}
