package easserver

import (
	"crypto/x509"
	"encoding/base64"
	"slices"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/directory"
	"entente/mailbox"
)

// certificatesOf writes the certificates for which somebody can be sent encrypted
// messages. Of a list they are those of all its members, whose number tells whether
// some have none. A phone that asks for the short form is given the whole: what is
// short in it is written down nowhere. [MS-ASCMD] 2.2.3.23.1
func (r *resolution) certificatesOf(p *recipient) error {
	people, of, err := r.members(p.entry)
	if err != nil {
		return err
	}
	many := len(people) < of // more than are looked at
	found, err := r.certificatesTo(people)
	if err != nil {
		return err
	}
	many = many || len(found) > r.maxCerts
	w := r.out
	w.Start(wbxml.ResolveRecipientsCertificates)
	defer w.End()
	s := activesync.OK
	switch {
	case many:
		s = resolveManyCerts
	case len(found) == 0:
		s = resolveNoCert
	}
	w.Int(wbxml.ResolveRecipientsStatus, int64(s))
	w.Int(wbxml.ResolveRecipientsCertificateCount, int64(len(found)))
	if p.entry == nil {
		of = 1
	}
	w.Int(wbxml.ResolveRecipientsRecipientCount, int64(of))
	if many {
		return nil
	}
	for _, b := range found {
		w.Text(wbxml.ResolveRecipientsCertificate, base64.StdEncoding.EncodeToString(b))
	}
	r.maxCerts -= len(found)
	return nil
}

// certificatesTo are the certificates of people, one each: the one that holds
// longest is the one that was made last.
func (r *resolution) certificatesTo(people []entente.SID) (found [][]byte, err error) {
	media, err := r.s.Directory().Media(r.ctx, people...)
	for _, sid := range people {
		if best := r.encryptTo(media[sid].Certificates); best != nil {
			found = append(found, best)
		}
	}
	return found, err
}

// members are the people of an entry, itself or those in a list, as far as they may
// still be looked at, and how many they are. Contacts have no certificates.
func (r *resolution) members(e *directory.Entry) (people []entente.SID, of int, err error) {
	if e == nil {
		return nil, 0, nil
	}
	var all []directory.Account
	if e.Account != nil {
		all = []directory.Account{*e.Account}
	} else if all, err = r.s.Directory().Recipients(r.ctx, e.Mail(), maxPeople); err != nil {
		if isKind(err, entente.TooLarge) {
			return nil, maxPeople + 1, nil
		}
		return nil, 0, ignoreGone(err)
	}
	for i := range all {
		if !all[i].Hidden {
			people = append(people, all[i].SID)
		}
	}
	if of = len(people); of > r.people {
		return nil, of, nil
	}
	r.people -= of
	return people, of, nil
}

// encryptTo finds the certificate to be encrypted to: for mail, valid now, and the
// one that is so longest. RFC 8550 4.4
func (r *resolution) encryptTo(all [][]byte) []byte {
	var best *x509.Certificate
	for _, b := range all {
		c, err := x509.ParseCertificate(b)
		if err != nil || !forEncryption(c) {
			continue
		}
		if now := r.s.Now(); now.Before(c.NotBefore) || now.After(c.NotAfter) {
			continue
		}
		if best == nil || c.NotAfter.After(best.NotAfter) {
			best = c
		}
	}
	if best == nil {
		return nil
	}
	return best.Raw
}

func forEncryption(c *x509.Certificate) bool {
	const ways = x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	return !c.IsCA && (c.KeyUsage == 0 || c.KeyUsage&ways != 0) && forMail(c)
}

// forMail reports whether a certificate's purposes have mail among them, or are
// not said. RFC 8550 4.4.4
func forMail(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// pictureOf is somebody's picture: of the directory, or of the contact.
func (r *resolution) pictureOf(p *recipient) ([]byte, error) {
	switch {
	case p.entry != nil && p.entry.Account != nil:
		media, err := r.s.Directory().Media(r.ctx, p.entry.Account.SID)
		return media[p.entry.Account.SID].Photo, err
	case p.contact != nil && p.contact.HasAttachments():
		it, err := r.view.Item(r.ctx, p.contact.ID, mailbox.PartAttachments)
		if err != nil {
			return nil, ignoreGone(err)
		}
		if a := photoOf(it); a != nil && a.Size <= maxResolvedPicture {
			b, err := photoContent(r.call, it, a)
			return b, ignoreGone(err)
		}
	}
	return nil, nil
}

// maxResolvedPicture is how large a contact's photo is looked at.
const maxResolvedPicture = 256 << 10

// ignoreGone takes what is gone meanwhile for what never was.
func ignoreGone(err error) error {
	if isKind(err, entente.NotFound) {
		return nil
	}
	return err
}
