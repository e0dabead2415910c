package easserver

import (
	"strconv"
	"strings"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/directory"
)

// maxGAL is how many entries of the address list one name is answered with, and
// so all of it that can be learned by one name. [MS-ASCMD] 2.2.3.143.3
const maxGAL = 100

// searchGAL looks a name up in the address list. [MS-ASCMD] 2.2.3.142.2
func (c *call) searchGAL(store *wbxml.Element) (found, error) {
	o := store.Child(wbxml.SearchOptions)
	r, ok := parseSpan(o.Get(wbxml.SearchRange), maxGAL)
	switch {
	case !ok:
		return found{status: searchInvalid}, nil
	case r.last >= maxGAL:
		return found{status: searchBeyond}, nil
	}
	pictures, ok := c.pictures(o.Child(wbxml.SearchPicture), wbxml.SearchMaxSize, wbxml.SearchMaxPictures)
	if !ok {
		return found{status: searchInvalid}, nil
	}
	entries, err := c.gal(store.Get(wbxml.SearchQuery))
	if err != nil {
		return found{}, err
	}
	return c.galFound(entries, r, pictures, galTags{wbxml.SearchResult, wbxml.SearchProperties, wbxml.SearchRange, wbxml.SearchTotal})
}

// findGAL does it as 16.1 asks. [MS-ASCMD] 2.2.3.82
func (c *call) findGAL(ask *wbxml.Element) (found, error) {
	o := ask.Child(wbxml.FindOptions)
	r, ok := parseSpan(o.Get(wbxml.FindRange), maxGAL)
	if !ok || r.last >= maxGAL {
		return found{status: findRange}, nil
	}
	pictures, ok := c.pictures(o.Child(wbxml.FindPicture), wbxml.FindMaxSize, wbxml.FindMaxPictures)
	if !ok {
		return found{status: findInvalid}, nil
	}
	// The query is the text; some clients write it as they do for mailboxes.
	query := ask.Child(wbxml.FindQuery)
	name := query.Text()
	if name == "" {
		name = query.Get(wbxml.FindFreeText)
	}
	entries, err := c.gal(name)
	if err != nil {
		return found{}, err
	}
	return c.galFound(entries, r, pictures, galTags{wbxml.FindResult, wbxml.FindProperties, wbxml.FindRange, wbxml.FindTotal})
}

// gal are the entries that a name may mean, by their names. Who is hidden is not
// among them, be he named by his whole address.
func (c *call) gal(name string) ([]directory.Entry, error) {
	entries, _, err := c.s.Directory().Search(c.ctx, name, maxGAL)
	return entries, err
}

// galTags are what the elements around the entries are called: each of the two
// commands has its own.
type galTags struct{ result, properties, span, total wbxml.Tag }

func (c *call) galFound(entries []directory.Entry, r span, p *pictures, t galTags) (found, error) {
	photos, err := c.photos(entries, r.of(len(entries)), p)
	if err != nil {
		return found{}, err
	}
	return found{status: activesync.OK, results: func() {
		w := c.out
		r = r.of(len(entries))
		if r.first > r.last {
			if t.result == wbxml.SearchResult {
				w.Empty(t.result) // no match is an empty result there
			}
			w.Int(t.total, int64(len(entries)))
			return
		}
		for _, e := range entries[r.first : r.last+1] {
			w.Start(t.result)
			w.Start(t.properties)
			c.galEntry(e)
			if e.Account != nil {
				p.write(w, galPicture, photos[e.Account.SID].Photo)
			} else {
				p.write(w, galPicture, nil)
			}
			w.End()
			w.End()
		}
		w.Text(t.span, r.String())
		w.Int(t.total, int64(len(entries)))
	}}, nil
}

// photos are the pictures of those who are told of, if they are wanted.
func (c *call) photos(entries []directory.Entry, r span, p *pictures) (map[entente.SID]directory.Media, error) {
	if p == nil || r.first > r.last {
		return nil, nil
	}
	var sids []entente.SID
	for _, e := range entries[r.first : r.last+1] {
		if e.Account != nil {
			sids = append(sids, e.Account.SID)
		}
	}
	return c.s.Directory().Media(c.ctx, sids...)
}

// galEntry writes what the address list says of somebody. [MS-ASCMD] 2.2.3.139.4
func (c *call) galEntry(e directory.Entry) {
	w := c.out
	text := func(t wbxml.Tag, s string) {
		if s != "" {
			w.Text(t, s)
		}
	}
	text(wbxml.GALDisplayName, e.Name())
	if a := e.Account; a != nil {
		text(wbxml.GALPhone, a.Phone)
		text(wbxml.GALOffice, a.Office)
		text(wbxml.GALTitle, a.Title)
		text(wbxml.GALCompany, a.Company)
		text(wbxml.GALAlias, a.Alias)
		text(wbxml.GALFirstName, a.GivenName)
		text(wbxml.GALLastName, a.Surname)
		text(wbxml.GALMobilePhone, a.Mobile)
	} else {
		text(wbxml.GALAlias, e.Group.Alias)
	}
	text(wbxml.GALEmailAddress, string(e.Mail()))
}

// pictures are those that a phone wants of people. [MS-ASCMD] 2.2.3.135
type pictures struct {
	size int // bytes at most; -1 for any
	left int // that may still be sent
}

// maxPictures is how many are sent in one answer, however many are wanted.
const maxPictures = 100

// pictures reads what a phone wants. nil is none: before 14.1 nobody does.
func (c *call) pictures(e *wbxml.Element, size, count wbxml.Tag) (p *pictures, ok bool) {
	if e == nil || !c.at(activesync.V141) {
		return nil, true
	}
	p = &pictures{-1, maxPictures}
	for t, n := range map[wbxml.Tag]*int{size: &p.size, count: &p.left} {
		s := strings.TrimSpace(e.Get(t))
		if s == "" {
			continue
		}
		v, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return nil, false
		}
		*n = int(min(v, 1<<31-1))
	}
	p.left = min(p.left, maxPictures)
	return p, true
}

// pictureTags are what a picture's elements are called.
type pictureTags struct{ picture, status, data wbxml.Tag }

// galPicture is how Search and Find write a picture.
var galPicture = pictureTags{wbxml.GALPicture, wbxml.GALStatus, wbxml.GALData}

// write writes somebody's picture, or why there is none. The bytes are written
// as they are: the form says byte array. [MS-ASDTYPE] 2.7.1
func (p *pictures) write(w *wbxml.Writer, t pictureTags, picture []byte) {
	if p == nil {
		return
	}
	s := activesync.OK
	switch {
	case len(picture) == 0:
		s = activesync.NoPicture
	case p.size >= 0 && len(picture) > p.size:
		s = activesync.PictureTooLarge
	case p.left == 0:
		s = activesync.PictureLimitReached
	}
	w.Start(t.picture)
	w.Int(t.status, int64(s))
	if s == activesync.OK {
		w.Opaque(t.data, picture)
		p.left--
	}
	w.End()
}
