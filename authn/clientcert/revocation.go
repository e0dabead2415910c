package clientcert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"entente"
)

// Of lists of revoked certificates, RFC 5280 5.
const (
	maxCRL     = 10 << 20
	fetchTime  = 15 * time.Second
	fetchEvery = 4 * time.Minute // so that with the fetching none is older than five (threats K4)
	retryEvery = 30 * time.Second
	skew       = 5 * time.Minute
)

// answer is what a source says of a certificate.
type answer uint8

const (
	unknown answer = iota // it says nothing, or nothing that still counts
	good
	revoked
	stranger // the responder does not know it
)

// revoked asks all that is set for the leaf's authority. Anything that says it
// was taken back refuses it; otherwise somebody must say that it was not.
func (j *Judge) revoked(ctx context.Context, v *verified) error {
	a := v.authority
	if a.None {
		return nil
	}
	said, why := j.standing(ctx, v)
	switch {
	case said == revoked:
		return refused(ReasonRevoked, why)
	case said == good, a.Soft:
		return nil
	}
	return &entente.Error{
		Kind: entente.Unavailable, Text: "the certificate cannot be checked now", Reason: ReasonUnconfirmed,
		Err: fmt.Errorf("whether %s has revoked it is not known: %w", a.Name, why),
	}
}

// standing asks the lists, and the responder unless they say that it was taken back:
// good is what one of them must say, and unknown what neither can.
func (j *Judge) standing(ctx context.Context, v *verified) (answer, error) {
	now := j.now()
	said, why := j.lists.ask(v, now)
	if said == revoked || v.authority.OCSP == "" {
		return said, why
	}
	online, err := j.ocsp.ask(ctx, v, now)
	switch {
	case online == revoked:
		return revoked, err
	case online == good:
		return good, nil
	case online == stranger && said != good:
		return revoked, err // that is an answer: soft does not excuse it
	}
	return said, errors.Join(why, err)
}

// lists are those of all authorities.
type lists struct {
	mu    sync.Mutex // one refresh at a time
	all   []*list
	fetch func(ctx context.Context, url string, body []byte) ([]byte, error)
	noted func(string, error)
	now   func() time.Time
}

// A list is one source, and what it said last.
type list struct {
	source    string
	authority *authority
	last      atomic.Pointer[parsedList] // nil before the first
	failed    atomic.Pointer[string]     // how the last fetch went; nil for well
	hash      [32]byte                   // of what was parsed last; refresh's own
}

// parsedList is a list in the form in which it is asked.
type parsedList struct {
	issuer     []byte // subject of the authority's certificate that has signed it
	key        []byte // and its public key
	points     []string
	revoked    map[string]bool // by serial number
	number     string
	thisUpdate time.Time
	nextUpdate time.Time
}

func newLists(all []*authority, fetch func(context.Context, string, []byte) ([]byte, error), noted func(string, error), now func() time.Time) *lists {
	l := &lists{fetch: fetch, noted: noted, now: now}
	for _, a := range all {
		for _, source := range a.CRLs {
			l.all = append(l.all, &list{source: source, authority: a})
		}
	}
	return l
}

// ask looks in the lists of the leaf's authority: that of the key which signed
// the leaf must be there, and must not name it; one of an authority above must
// not name what that has issued.
func (l *lists) ask(v *verified, now time.Time) (answer, error) {
	said := unknown
	why := errors.New("no list of its issuer's is at hand")
	for _, one := range l.all {
		p := one.last.Load()
		if one.authority != v.authority {
			continue
		}
		if p == nil {
			if f := one.failed.Load(); f != nil {
				why = fmt.Errorf("%s: %s", one.source, *f)
			}
			continue
		}
		if serial, ok := p.names(v); ok {
			return revoked, fmt.Errorf("%s names %s", one.source, serial)
		}
		if !p.covers(v) {
			continue
		}
		if now.After(p.nextUpdate) || now.Before(p.thisUpdate.Add(-skew)) {
			why = fmt.Errorf("%s was to be replaced by %s", one.source, p.nextUpdate.UTC().Format(time.RFC3339))
			continue
		}
		said = good
	}
	return said, why
}

// names reports whether the list has a certificate of the chain. What is revoked
// stays so when the list is out of date.
func (p *parsedList) names(v *verified) (string, bool) {
	if bytes.Equal(p.issuer, v.leaf.RawIssuer) && p.revoked[string(v.leaf.SerialNumber.Bytes())] {
		return "it", true
	}
	for _, c := range v.above {
		if bytes.Equal(p.issuer, c.RawIssuer) && p.revoked[string(c.SerialNumber.Bytes())] {
			return "its issuer " + c.Subject.String(), true
		}
	}
	return "", false
}

// covers reports whether the list would name the leaf if it were revoked: it is
// of the key that signed it and, if the list is one of several, of the leaf's
// distribution point. RFC 5280 6.3.3 (b).
func (p *parsedList) covers(v *verified) bool {
	return bytes.Equal(p.issuer, v.leaf.RawIssuer) && bytes.Equal(p.key, v.issuer.RawSubjectPublicKeyInfo) &&
		(len(p.points) == 0 || slices.ContainsFunc(v.leaf.CRLDistributionPoints, func(s string) bool { return slices.Contains(p.points, s) }))
}

// run gets the lists until ctx ends.
func (l *lists) run(ctx context.Context) {
	for len(l.all) > 0 {
		wait := fetchEvery
		if !l.refresh(ctx) {
			wait = retryEvery
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// refresh gets all lists, and reports whether all could be had and count.
func (l *lists) refresh(ctx context.Context) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	well := true
	for _, one := range l.all {
		err := l.get(ctx, one)
		failed := err != nil
		p := one.last.Load()
		switch {
		case err != nil:
		case p == nil:
			err = errors.New("there is none yet")
		case l.now().After(p.nextUpdate):
			err = fmt.Errorf("it was to be replaced by %s: it counts no more", p.nextUpdate.UTC().Format(time.RFC3339))
		case l.now().Add(p.nextUpdate.Sub(p.thisUpdate) / 10).After(p.nextUpdate):
			err = fmt.Errorf("it is to be replaced by %s and is not yet", p.nextUpdate.UTC().Format(time.RFC3339))
		}
		was := one.failed.Load()
		if err == nil {
			one.failed.Store(nil)
		} else {
			text := err.Error()
			one.failed.Store(&text)
			well = well && p != nil && !l.now().After(p.nextUpdate) && !failed
		}
		if (was == nil) != (err == nil) || was != nil && err != nil && *was != err.Error() {
			l.noted(one.source, err)
		}
	}
	return well
}

// get gets one list. An older one than that at hand is not taken.
func (l *lists) get(ctx context.Context, one *list) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	der, err := l.read(ctx, one.source)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(der)
	if hash == one.hash {
		return nil
	}
	p, err := parseList(der, one.authority.Certificates)
	if err != nil {
		return err
	}
	if old := one.last.Load(); old != nil && p.thisUpdate.Before(old.thisUpdate) {
		return fmt.Errorf("it is older than the one before: of %s", p.thisUpdate.UTC().Format(time.RFC3339))
	}
	one.hash = hash
	one.last.Store(p)
	return nil
}

func (l *lists) read(ctx context.Context, source string) ([]byte, error) {
	if !filepath.IsAbs(source) {
		if l.fetch == nil {
			return nil, errors.New("nothing is fetched")
		}
		return l.fetch(ctx, source, nil)
	}
	f, err := os.Open(source)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxCRL+1))
}

// Extensions of lists and their entries, RFC 5280 5.2 and 5.3.
var (
	deltaIndicator    = asn1.ObjectIdentifier{2, 5, 29, 27}
	issuingPoint      = asn1.ObjectIdentifier{2, 5, 29, 28}
	certificateIssuer = asn1.ObjectIdentifier{2, 5, 29, 29}
)

// parseList reads a list that one of the authority's certificates has signed.
func parseList(der []byte, authors []*x509.Certificate) (*parsedList, error) {
	if len(der) > maxCRL {
		return nil, fmt.Errorf("it is larger than %d MiB", maxCRL>>20)
	}
	if block, _ := pem.Decode(der); block != nil && block.Type == "X509 CRL" {
		der = block.Bytes
	}
	raw, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, errors.New("it is no list of revoked certificates")
	}
	i := slices.IndexFunc(authors, func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawSubject, raw.RawIssuer) && raw.CheckSignatureFrom(c) == nil
	})
	if i < 0 || raw.SignatureAlgorithm == x509.SHA1WithRSA || raw.SignatureAlgorithm == x509.ECDSAWithSHA1 {
		return nil, errors.New("it is not signed by the authority, or with SHA-1")
	}
	p := &parsedList{
		issuer: authors[i].RawSubject, key: authors[i].RawSubjectPublicKeyInfo,
		thisUpdate: raw.ThisUpdate, nextUpdate: raw.NextUpdate, revoked: make(map[string]bool, len(raw.RevokedCertificateEntries)),
	}
	if raw.Number != nil {
		p.number = raw.Number.String()
	}
	if raw.NextUpdate.IsZero() {
		return nil, errors.New("it does not say when the next one comes") // RFC 5280 5.1.2.5: it must
	}
	for _, e := range raw.Extensions {
		switch {
		case e.Id.Equal(deltaIndicator):
			return nil, errors.New("it is a delta list: name the whole one, the base")
		case e.Id.Equal(issuingPoint):
			if err := p.parsePoint(e.Value); err != nil {
				return nil, err
			}
		case e.Critical:
			return nil, fmt.Errorf("it has a critical extension that is not known: %v", e.Id)
		}
	}
	for i := range raw.RevokedCertificateEntries {
		e := &raw.RevokedCertificateEntries[i]
		for _, x := range e.Extensions {
			if x.Critical || x.Id.Equal(certificateIssuer) {
				return nil, errors.New("it is an indirect list, or one with entries of a kind that is not known")
			}
		}
		p.revoked[string(e.SerialNumber.Bytes())] = true
	}
	return p, nil
}

// parsePoint reads an issuingDistributionPoint, RFC 5280 5.2.5. Lists of some
// reasons, of others' certificates or of authorities' only do not do.
func (p *parsedList) parsePoint(der []byte) error {
	bad := errors.New("its distribution point cannot be read")
	s := cryptobyte.String(der)
	var in cryptobyte.String
	if !s.ReadASN1(&in, cbasn1.SEQUENCE) || !s.Empty() {
		return bad
	}
	for !in.Empty() {
		var value cryptobyte.String
		var tag cbasn1.Tag
		if !in.ReadAnyASN1(&value, &tag) {
			return bad
		}
		switch tag &^ 0xe0 {
		case 0:
			if err := p.parsePointName(value); err != nil {
				return err
			}
		case 1: // people's only, which is what is asked about
		case 4:
			return errors.New("it is an indirect list: name one of the authority itself")
		default:
			return errors.New("it is a list of some reasons, or of other certificates than people's, only")
		}
	}
	return nil
}

// parsePointName reads a fullName with URLs.
func (p *parsedList) parsePointName(s cryptobyte.String) error {
	var names cryptobyte.String
	if !s.ReadASN1(&names, cbasn1.Tag(0).ContextSpecific().Constructed()) || !s.Empty() {
		return errors.New("its distribution point has no full name")
	}
	for !names.Empty() {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if len(p.points) == maxNames || !names.ReadAnyASN1(&name, &tag) {
			return errors.New("its distribution point cannot be read")
		}
		if tag == uriTag {
			p.points = append(p.points, string(name))
		}
	}
	if len(p.points) == 0 {
		return errors.New("its distribution point has no URL")
	}
	return nil
}

// A Source is a list, and how it is with it.
type Source struct {
	Authority, Source string
	Number            string    // of the list
	ThisUpdate        time.Time // zero if there is no list
	NextUpdate        time.Time
	Left              time.Duration // until then
	Entries           int
	Failed            string // "" if the last attempt went well
}

// Sources tells how it is with all lists.
func (j *Judge) Sources() []Source {
	var all []Source
	for _, one := range j.lists.all {
		s := Source{Authority: one.authority.Name, Source: strings.Clone(one.source)}
		if p := one.last.Load(); p != nil {
			s.Number, s.ThisUpdate, s.NextUpdate, s.Entries = p.number, p.thisUpdate, p.nextUpdate, len(p.revoked)
			s.Left = p.nextUpdate.Sub(j.now())
		}
		if f := one.failed.Load(); f != nil {
			s.Failed = *f
		}
		all = append(all, s)
	}
	return all
}
