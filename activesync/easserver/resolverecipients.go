package easserver

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/directory"
	"entente/mailbox"
)

// Statuses of ResolveRecipients and of what is in it. [MS-ASCMD] 2.2.3.177.12
const (
	resolveAmbiguous  activesync.Status = 2
	resolvePartial    activesync.Status = 3 // ambiguous, and not all are told
	resolveNobody     activesync.Status = 4
	resolveProtocol   activesync.Status = 5
	resolveNoCert     activesync.Status = 7
	resolveManyCerts  activesync.Status = 8 // more than MaxCertificates
	resolveDirectory                    = 1 // Type, [MS-ASCMD] 2.2.3.186.5
	resolveContact                      = 2
	resolveFullCert                     = 2 // CertificateRetrieval, [MS-ASCMD] 2.2.3.22
	resolveMiniCert                     = 3
	maxResolveOption                    = 9999
	maxTo                               = 1000 // [MS-ASCMD] 2.2.3.183
	maxToLength                         = 256
	maxAvailabilityOf                   = 100
)

// A resolution is one request at work.
type resolution struct {
	*call
	certificates int // CertificateRetrieval
	maxCerts     int // that may still be sent
	maxAmbiguous int
	pictures     *pictures
	window       *calendar.Interval // of Availability; nil if it is not asked for
	answers      []resolved

	// What one request costs us has an end, whatever it asks for.
	suggestions int // that may still be made of ambiguous names
	people      int // whose certificates may still be looked at
}

// Of all names of a request together.
const (
	maxSuggestions = 1000
	maxPeople      = 1000
)

// A resolved is what one To was found to mean.
type resolved struct {
	to     string
	status activesync.Status
	all    []recipient
	total  int
}

// A recipient is somebody whom a To may mean.
type recipient struct {
	name, address string
	entry         *directory.Entry // of the directory
	contact       *mailbox.Item
	free          *freeBusy
}

// resolveRecipients says whom names and addresses mean, in the directory and in
// the phone's own contacts. [MS-ASCMD] 2.2.1.15
func (c *call) resolveRecipients() error {
	r := resolution{call: c, certificates: 1, maxCerts: maxResolveOption, maxAmbiguous: maxGAL, suggestions: maxSuggestions, people: maxPeople}
	if err := r.read(); err != nil {
		var e *entente.Error
		if !errors.As(err, &e) {
			return err
		}
		c.out.Start(wbxml.ResolveRecipientsResolveRecipients)
		c.status(wbxml.ResolveRecipientsStatus, resolveProtocol)
		c.out.End()
		return nil
	}
	for i := range r.answers {
		if err := r.resolve(&r.answers[i]); err != nil {
			return err
		}
	}
	if r.window != nil {
		if err := r.freeBusy(); err != nil {
			return err
		}
	}
	return r.write()
}

// read reads the request.
func (r *resolution) read() error {
	if r.body == nil {
		return entente.Errorf(entente.Invalid, "nobody is asked about")
	}
	for to := range r.body.All(wbxml.ResolveRecipientsTo) {
		s := strings.TrimSpace(to.Text())
		if s == "" || utf8.RuneCountInString(s) > maxToLength || len(r.answers) == maxTo {
			return entente.Errorf(entente.Invalid, "too many to be asked about, or a name too long")
		}
		r.answers = append(r.answers, resolved{to: s})
	}
	if len(r.answers) == 0 {
		return entente.Errorf(entente.Invalid, "nobody is asked about")
	}
	o := r.body.Child(wbxml.ResolveRecipientsOptions)
	for t, n := range map[wbxml.Tag]*int{
		wbxml.ResolveRecipientsCertificateRetrieval:   &r.certificates,
		wbxml.ResolveRecipientsMaxCertificates:        &r.maxCerts,
		wbxml.ResolveRecipientsMaxAmbiguousRecipients: &r.maxAmbiguous,
	} {
		s := o.Get(t)
		if s == "" {
			continue
		}
		v, err := strconv.ParseUint(s, 10, 16)
		if err != nil || v > maxResolveOption {
			return entente.Errorf(entente.Invalid, "%s is out of range", t.Name())
		}
		*n = int(v)
	}
	if r.certificates < 1 || r.certificates > resolveMiniCert {
		return entente.Errorf(entente.Invalid, "CertificateRetrieval is out of range")
	}
	var ok bool
	r.pictures, ok = r.call.pictures(o.Child(wbxml.ResolveRecipientsPicture), wbxml.ResolveRecipientsMaxSize, wbxml.ResolveRecipientsMaxPictures)
	if !ok {
		return entente.Errorf(entente.Invalid, "a limit of pictures is out of range")
	}
	return r.readWindow(o.Child(wbxml.ResolveRecipientsAvailability))
}

// resolve finds whom a To means. An address that is somebody's means him alone;
// else everybody counts whose name, alias or address begins with it.
func (r *resolution) resolve(a *resolved) error {
	entries, exact, more, err := r.entries(a.to)
	if err != nil {
		return err
	}
	for i := range entries {
		a.add(recipient{name: entries[i].Name(), address: string(entries[i].Mail()), entry: &entries[i]})
	}
	if !exact {
		contacts, others, err := r.contacts(a.to)
		if err != nil {
			return err
		}
		for _, it := range contacts {
			a.addContact(it)
		}
		a.whole()
		more = more || others
	}
	if len(a.all) == 0 && r.window != nil {
		a.abroad(r.call)
	}
	a.total = len(a.all)
	switch a.total {
	case 0:
		a.status = resolveNobody
		return nil
	case 1:
		a.status = activesync.OK
		return nil
	}
	shown := min(a.total, r.maxAmbiguous, r.suggestions)
	r.suggestions -= shown
	a.status = resolveAmbiguous
	if shown < a.total || more {
		a.status, a.all = resolvePartial, slices.Clone(a.all[:shown])
	}
	return nil
}

// entries looks in the address list, where who is hidden is not found. exact says
// that name is an address of the only one.
func (r *resolution) entries(name string) (found []directory.Entry, exact, more bool, err error) {
	dir := r.s.Directory()
	if address, err := entente.ParseSMTPAddress(name); err == nil {
		e, err := dir.ByAddress(r.ctx, address)
		switch {
		case err == nil && !e.Hidden():
			return []directory.Entry{e}, true, false, nil
		case err != nil && !isKind(err, entente.NotFound):
			return nil, false, false, err
		}
	}
	found, more, err = dir.Search(r.ctx, name, maxGAL)
	return found, false, more, err
}

// contactNames are what a contact is found by.
var contactNames = [...]mailbox.Prop{
	mailbox.PidTagDisplayName, mailbox.PidTagGivenName, mailbox.PidTagSurname, mailbox.PidLidFileUnder, mailbox.PidTagNickname,
	mailbox.PidLidEmail1EmailAddress, mailbox.PidLidEmail2EmailAddress, mailbox.PidLidEmail3EmailAddress,
	mailbox.PidLidEmail1DisplayName,
}

// contacts looks in the contacts folder of the phone's mailbox.
func (r *resolution) contacts(name string) ([]*mailbox.Item, bool, error) {
	if strings.IndexFunc(name, wordRune) < 0 {
		return nil, false, nil // it would be the beginning of every word
	}
	folder, err := r.view.FolderByName(r.ctx, mailbox.Contacts)
	if err != nil {
		if isKind(err, entente.NotFound) || isKind(err, entente.Denied) {
			return nil, false, nil // who acts for another may not see his contacts
		}
		return nil, false, err
	}
	either := &mailbox.Restriction{Op: mailbox.Or}
	for _, p := range contactNames {
		either.Of = append(either.Of, mailbox.Restriction{
			Op: mailbox.Contains, Prop: p, Value: mailbox.Value{Text: name}, Mode: mailbox.PrefixOnWords, Comparison: mailbox.Loose,
		})
	}
	page, err := r.view.Find(r.ctx, mailbox.Query{
		Folder: folder.ID, Restrict: either, Sort: []mailbox.SortKey{{Prop: mailbox.PidTagDisplayName}},
		Paging: mailbox.Paging{Max: maxGAL},
	})
	if isKind(err, entente.NotFound) || isKind(err, entente.Denied) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return page.Items, !page.Last, nil
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// add keeps a candidate, each address once.
func (a *resolved) add(p recipient) {
	if p.address == "" || len(a.all) == maxGAL {
		return
	}
	for i := range a.all {
		if strings.EqualFold(a.all[i].address, p.address) {
			return
		}
	}
	a.all = append(a.all, p)
}

// addContact adds each address of a contact: they are different ways to reach him.
func (a *resolved) addContact(it *mailbox.Item) {
	for i := range contactMails {
		m := &contactMails[i]
		address := it.Props.String(m.address)
		name := it.Props.String(mailbox.PidTagDisplayName)
		if name == "" {
			name = it.Props.String(m.name)
		}
		if name == "" {
			name = address
		}
		a.add(recipient{name: name, address: address, contact: it})
	}
}

// whole leaves the one whose address was given as a whole.
func (a *resolved) whole() {
	for i := range a.all {
		if strings.EqualFold(a.all[i].address, a.to) {
			a.all = []recipient{a.all[i]}
			return
		}
	}
}

// abroad takes an address of another organization that may be asked who is free
// there, for somebody whom nobody here has written down.
func (a *resolved) abroad(c *call) {
	address, err := entente.ParseSMTPAddress(a.to)
	if remote := c.h.Free.Remote; err == nil && remote != nil && remote.Partner(address) && !c.s.Directory().Accepted(address.Domain()) {
		a.all = []recipient{{name: string(address), address: string(address)}}
	}
}

func isKind(err error, k entente.Kind) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == k
}

// write writes the answer.
func (r *resolution) write() error {
	w := r.out
	w.Start(wbxml.ResolveRecipientsResolveRecipients)
	w.Int(wbxml.ResolveRecipientsStatus, int64(activesync.OK))
	for i := range r.answers {
		a := &r.answers[i]
		w.Start(wbxml.ResolveRecipientsResponse)
		w.Text(wbxml.ResolveRecipientsTo, a.to)
		w.Int(wbxml.ResolveRecipientsStatus, int64(a.status))
		w.Int(wbxml.ResolveRecipientsRecipientCount, int64(a.total))
		for j := range a.all {
			if err := r.recipient(&a.all[j], a.status == activesync.OK); err != nil {
				return err
			}
		}
		w.End()
	}
	w.End()
	return nil
}

// recipient writes one candidate. Who is free and what certificates there are is
// told of those alone of whom it is sure who they are.
func (r *resolution) recipient(p *recipient, sure bool) error {
	w := r.out
	kind := resolveContact
	if p.entry != nil {
		kind = resolveDirectory
	}
	w.Start(wbxml.ResolveRecipientsRecipient)
	w.Int(wbxml.ResolveRecipientsType, int64(kind))
	w.Text(wbxml.ResolveRecipientsDisplayName, p.name)
	w.Text(wbxml.ResolveRecipientsEmailAddress, p.address)
	if sure && p.free != nil {
		p.free.write(r.call)
	}
	if sure && r.certificates > 1 {
		if err := r.certificatesOf(p); err != nil {
			return err
		}
	}
	if r.pictures != nil {
		picture, err := r.pictureOf(p)
		if err != nil {
			return err
		}
		r.pictures.write(w, resolvePicture, picture)
	}
	w.End()
	return nil
}

// resolvePicture is how ResolveRecipients writes a picture.
var resolvePicture = pictureTags{wbxml.ResolveRecipientsPicture, wbxml.ResolveRecipientsStatus, wbxml.ResolveRecipientsData}
