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
	found, of, err := r.findCertificates(p)
	if err != nil {
		return err
	}
	w := r.out
	w.Start(wbxml.ResolveRecipientsCertificates)
	defer w.End()
	switch {
	case len(found) == 0:
		w.Int(wbxml.ResolveRecipientsStatus, int64(resolveNoCert))
	case len(found) > r.maxCerts:
		w.Int(wbxml.ResolveRecipientsStatus, int64(resolveManyCerts))
	default:
		w.Int(wbxml.ResolveRecipientsStatus, int64(activesync.OK))
	}
	w.Int(wbxml.ResolveRecipientsCertificateCount, int64(len(found)))
	w.Int(wbxml.ResolveRecipientsRecipientCount, int64(of))
	if len(found) > r.maxCerts {
		return nil
	}
	for _, b := range found {
		w.Text(wbxml.ResolveRecipientsCertificate, base64.StdEncoding.EncodeToString(b))
	}
	r.maxCerts -= len(found)
	return nil
}

// findCertificates are the certificates of somebody, or of the members of a list,
// and how many people that is.
func (r *resolution) findCertificates(p *recipient) (found [][]byte, of int, err error) {
	if p.entry == nil {
		return nil, 1, nil
	}
	var people []directory.Account
	if people, of, err = r.members(p.entry); err != nil {
		return nil, of, err
	}
	sids := make([]entente.SID, len(people))
	for i := range people {
		sids[i] = people[i].SID
	}
	media, err := r.s.Directory().Media(r.ctx, sids...)
	if err != nil {
		return nil, of, err
	}
	for _, sid := range sids {
		// One each: the one that holds longest is the one that was made last.
		if best := r.encryptTo(media[sid].Certificates); best != nil {
			found = append(found, best)
		}
	}
	return found, of, nil
}

// members are the people of an entry: itself, or those in a list. Of a list that is
// too long there are none to be told, but their number.
func (r *resolution) members(e *directory.Entry) ([]directory.Account, int, error) {
	if e.Account != nil {
		return []directory.Account{*e.Account}, 1, nil
	}
	const most = 1000
	all, err := r.s.Directory().Recipients(r.ctx, e.Mail(), most)
	switch {
	case isKind(err, entente.TooLarge):
		return nil, most + 1, nil
	case isKind(err, entente.NotFound):
		return nil, 0, nil
	}
	all = slices.DeleteFunc(all, func(a directory.Account) bool { return a.Hidden })
	return all, len(all), err
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
