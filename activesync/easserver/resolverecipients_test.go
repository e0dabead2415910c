package easserver

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/availability"
	"entente/calendar"
	"entente/directory"
	"entente/mailbox"
)

// resolve asks about people, with more in Options.
func (p *phone) resolve(options func(w *wbxml.Writer), to ...string) *wbxml.Element {
	p.Helper()
	return p.send(activesync.ResolveRecipients, func(w *wbxml.Writer) {
		w.Start(wbxml.ResolveRecipientsResolveRecipients)
		for _, s := range to {
			w.Text(wbxml.ResolveRecipientsTo, s)
		}
		if options != nil {
			w.Start(wbxml.ResolveRecipientsOptions)
			options(w)
			w.End()
		}
		w.End()
	}).ok()
}

// option writes one option.
func option(t wbxml.Tag, s string) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) { w.Text(t, s) }
}

// told is an answer in one line: for each To its status, the count, and who.
func told(root *wbxml.Element) string {
	if s := root.Get(wbxml.ResolveRecipientsStatus); s != "1" {
		return "status " + s
	}
	var all []string
	for r := range root.All(wbxml.ResolveRecipientsResponse) {
		s := r.Get(wbxml.ResolveRecipientsStatus) + "/" + r.Get(wbxml.ResolveRecipientsRecipientCount)
		for x := range r.All(wbxml.ResolveRecipientsRecipient) {
			s += " " + x.Get(wbxml.ResolveRecipientsType) + ":" + x.Get(wbxml.ResolveRecipientsDisplayName) + "<" + x.Get(wbxml.ResolveRecipientsEmailAddress) + ">"
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}

// contact makes a contact of Anna's.
func (h *house) contact(name string, addresses ...string) mailbox.ItemID {
	h.Helper()
	it := &mailbox.Item{Class: "IPM.Contact"}
	it.Props.SetString(mailbox.PidTagDisplayName, name)
	for i, a := range addresses {
		contactMails[i].set(&it.Props, a)
	}
	return h.make("anna", mailbox.Contacts, it)
}

func (h *house) list(name string, members ...entente.SID) entente.SID {
	h.Helper()
	g := directory.Group{Kind: directory.Distribution}
	g.Name, g.Mail, g.Members = name, entente.SMTPAddress(strings.ToLower(name)+"@contoso.example"), members
	h.change(func(c *directory.Change) error { return c.CreateGroup(&g) })
	return g.SID
}

func TestResolveRecipients(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.describe("ben", func(a *directory.Account) { a.Proxies = []entente.SMTPAddress{"b.vogel@contoso.example"} })
		h.describe("carla", func(a *directory.Account) { a.Hidden = true })
		h.list("Team", h.sids["ben"])
		h.contact("Bernd Brot", "bernd@fabrikam.example", "brot@fabrikam.example")
		h.contact("Ben at home", "ben@home.example", "BEN@contoso.example")
		h.contact("No address")
		for _, v := range activesync.Versions() {
			p := h.phone("anna", v)
			const ben = "1:Ben Vogel<ben@contoso.example>"
			for _, x := range [...]struct{ to, want string }{
				{"ben@contoso.example", "1/1 " + ben},
				{"BEN@CONTOSO.example", "1/1 " + ben},
				{"b.vogel@contoso.example", "1/1 " + ben}, // any of his
				{"vogel", "1/1 " + ben},
				{"Ben", "2/2 " + ben + " 2:Ben at home<ben@home.example>"}, // his other address is told once
				{"ben@home.example", "1/1 2:Ben at home<ben@home.example>"},
				{"Bernd", "2/2 2:Bernd Brot<bernd@fabrikam.example> 2:Bernd Brot<brot@fabrikam.example>"},
				{"brot@fabrikam.example", "1/1 2:Bernd Brot<brot@fabrikam.example>"},
				{"team", "1/1 1:Team<team@contoso.example>"},
				{"Carla", "4/0"},
				{"carla@contoso.example", "4/0"}, // hidden is absent
				{"nobody@contoso.example", "4/0"},
				{"No address", "4/0"},
				{"%", "4/0"},
			} {
				if got := told(p.resolve(nil, x.to)); got != x.want {
					t.Errorf("%s: %q is %s, want %s", v, x.to, got, x.want)
				}
			}
			if got := told(p.resolve(option(wbxml.ResolveRecipientsMaxAmbiguousRecipients, "1"), "Ben", "vogel", "x")); got != "3/2 "+ben+"; 1/1 "+ben+"; 4/0" {
				t.Errorf("%s: %s", v, got)
			}
			if got := told(p.resolve(option(wbxml.ResolveRecipientsMaxAmbiguousRecipients, "0"), "Ben")); got != "3/2" {
				t.Errorf("%s: %s", v, got)
			}
		}
	})
}

// What is out of range is refused whole, and costs nothing.
func TestResolveRecipientsLimits(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V161)
	many := func(n int) []string {
		var all []string
		for i := range n {
			all = append(all, "nobody"+strconv.Itoa(i))
		}
		return all
	}
	window := func(start, end string) func(w *wbxml.Writer) {
		return func(w *wbxml.Writer) {
			w.Start(wbxml.ResolveRecipientsAvailability)
			if start != "" {
				w.Text(wbxml.ResolveRecipientsStartTime, start)
			}
			if end != "" {
				w.Text(wbxml.ResolveRecipientsEndTime, end)
			}
			w.End()
		}
	}
	for name, x := range map[string]struct {
		options func(w *wbxml.Writer)
		to      []string
	}{
		"nobody":              {nil, nil},
		"an empty name":       {nil, []string{""}},
		"blanks":              {nil, []string{"ben", "  "}},
		"too long a name":     {nil, []string{strings.Repeat("x", 257)}},
		"10,000 names":        {nil, many(10_000)},
		"1,001 names":         {nil, many(1001)},
		"certificates 0":      {option(wbxml.ResolveRecipientsCertificateRetrieval, "0"), []string{"ben"}},
		"certificates 4":      {option(wbxml.ResolveRecipientsCertificateRetrieval, "4"), []string{"ben"}},
		"too many":            {option(wbxml.ResolveRecipientsMaxCertificates, "10000"), []string{"ben"}},
		"too ambiguous":       {option(wbxml.ResolveRecipientsMaxAmbiguousRecipients, "10000"), []string{"ben"}},
		"less than none":      {option(wbxml.ResolveRecipientsMaxAmbiguousRecipients, "-1"), []string{"ben"}},
		"no time":             {window("", ""), []string{"ben"}},
		"a time that is none": {window("soon", ""), []string{"ben"}},
		"an end that is none": {window("2030-01-01T00:00:00.000Z", "later"), []string{"ben"}},
		"an end before":       {window("2030-01-02T00:00:00.000Z", "2030-01-01T00:00:00.000Z"), []string{"ben"}},
		"no time between":     {window("2030-01-02T00:00:00.000Z", "2030-01-02T00:00:00.000Z"), []string{"ben"}},
		"a year":              {window("2030-01-02T00:00:00.000Z", "2031-01-01T00:00:00.000Z"), []string{"ben"}},
		"a picture of no size": {func(w *wbxml.Writer) {
			w.Start(wbxml.ResolveRecipientsPicture)
			w.Text(wbxml.ResolveRecipientsMaxSize, "x")
			w.End()
		}, []string{"ben"}},
	} {
		if got := told(p.resolve(x.options, x.to...)); got != "status 5" {
			t.Errorf("%s: %s", name, got)
		}
	}
	p.send(activesync.ResolveRecipients, nil).is(resolveProtocol)
	if got := told(p.resolve(nil, many(200)...)); strings.Count(got, "4/0") != 200 {
		t.Errorf("200 names: %.200s", got)
	}
	if got := told(p.resolve(nil, strings.Repeat("ä", 256))); got != "4/0" {
		t.Errorf("256 characters: %s", got)
	}
}

// someRemote knows people of fabrikam.example.
type someRemote struct{ err error }

func (someRemote) Partner(a entente.SMTPAddress) bool { return a.Domain() == "fabrikam.example" }

func (r someRemote) FreeBusy(_ context.Context, _ *access.Caller, of []entente.SMTPAddress, q availability.Request) (map[entente.SMTPAddress]availability.Answer, error) {
	out := map[entente.SMTPAddress]availability.Answer{}
	for _, a := range of {
		out[a] = availability.Answer{View: availability.MergedOnly, Merged: bytes.Repeat([]byte("3"), int(q.Window.Duration()/q.Slot)), Err: r.err}
	}
	return out, nil
}

func TestResolveAvailability(t *testing.T) {
	monday := time.Date(2030, 1, 7, 8, 0, 0, 0, time.UTC)
	each(t, func(t *testing.T, h *house) {
		ctx := context.WithoutCancel(h.Context())
		busy := func(who string, from, until time.Duration, s calendar.BusyStatus) {
			it := &mailbox.Item{Class: "IPM.Appointment", Parts: mailbox.AllParts}
			h.must(it.SetEvent(&calendar.Event{Subject: "Secret", Start: monday.Add(from), End: monday.Add(until), Status: s}, mailbox.AllParts))
			h.make(who, mailbox.Calendar, it)
		}
		show := func(who string, r access.Rights) {
			_, err := h.view(who).SetPermissions(ctx, h.folder(who, mailbox.Calendar), []access.Entry{{Who: access.Default, Rights: r}})
			h.must(err)
		}
		for who, r := range map[string]access.Rights{
			"ben": access.LevelFreeBusyTimeOnly, "carla": access.LevelReviewer, "dora": access.LevelNone, "emil": access.LevelFreeBusyTimeOnly,
		} {
			show(who, r)
		}
		busy("ben", 0, 30*time.Minute, calendar.StatusBusy)
		busy("carla", time.Hour, 90*time.Minute, calendar.StatusTentative)
		busy("emil", 0, 30*time.Minute, calendar.StatusWorkingElsewhere)
		busy("emil", 90*time.Minute, 2*time.Hour, calendar.StatusOOF)
		h.list("Team", h.sids["ben"], h.sids["carla"])
		h.list("Hidden", h.sids["ben"], h.sids["dora"])
		var crowd []entente.SID
		h.change(func(c *directory.Change) error {
			for i := range 101 {
				var a directory.Account
				a.Name, a.UPN = fmt.Sprintf("Zoe %d", i), entente.UPN(fmt.Sprintf("zoe%d@contoso.example", i))
				a.Mail = entente.SMTPAddress(a.UPN)
				if err := c.CreateAccount(&a); err != nil {
					return err
				}
				crowd = append(crowd, a.SID)
			}
			return nil
		})
		h.list("Crowd", crowd[:21]...)
		h.list("Few", append(crowd[:1], h.sids["emil"])...)
		remote := someRemote{}
		ask := func(v activesync.Version, to ...string) string {
			root := h.phone("anna", v).resolve(func(w *wbxml.Writer) {
				w.Start(wbxml.ResolveRecipientsAvailability)
				w.Text(wbxml.ResolveRecipientsStartTime, monday.Format(dateTime))
				w.Text(wbxml.ResolveRecipientsEndTime, monday.Add(2*time.Hour).Format(dateTime))
				w.End()
			}, to...)
			var all []string
			for r := range root.All(wbxml.ResolveRecipientsResponse) {
				s := r.Get(wbxml.ResolveRecipientsStatus)
				for x := range r.All(wbxml.ResolveRecipientsRecipient) {
					if a := x.Child(wbxml.ResolveRecipientsAvailability); a != nil {
						s += " " + a.Get(wbxml.ResolveRecipientsStatus) + " " + a.Get(wbxml.ResolveRecipientsMergedFreeBusy)
					}
				}
				all = append(all, s)
			}
			return strings.Join(all, "; ")
		}
		for _, v := range activesync.Versions() {
			h.handler.Free.Remote = remote
			for _, x := range [...]struct{ to, want string }{
				{"ben", "1 1 2000"},
				{"carla@contoso.example", "1 1 0010"},
				{"emil", "1 1 0003"},
				{"anna", "1 1 0000"},
				{"dora", "1 163 "}, // shows nothing
				{"team", "1 1 2010"},
				{"hidden", "1 1 2444"}, // Dora may be busy at any time
				{"crowd", "1 161 "},
				{"zoe 1", "2"}, // ambiguous: nobody is told of
				{"nobody", "4"},
				{"ida@fabrikam.example", "1 1 3333"},
				{"ida@elsewhere.example", "4"},
			} {
				want := x.want
				if v < activesync.V140 {
					want, _, _ = strings.Cut(want, " ")
					if strings.Contains(x.to, "fabrikam") {
						want = "4"
					}
				}
				if got := ask(v, x.to); got != want {
					t.Errorf("%s: %s: %q, want %q", v, x.to, got, want)
				}
			}
			if v < activesync.V140 {
				continue
			}
			if got := ask(v, "ben", "nobody", "emil"); got != "1 1 2000; 4; 1 1 0003" {
				t.Errorf("%s: %s", v, got)
			}
			var all []string
			for i := range 101 {
				all = append(all, fmt.Sprintf("zoe%d@contoso.example", i))
			}
			if got := ask(v, all...); strings.Count(got, "1 160 ") != 101 {
				t.Errorf("%s: 101 people: %.100s", v, got)
			}
			for _, x := range [...]struct {
				err  error
				want string
			}{
				{entente.Errorf(entente.Unavailable, "later"), "1 162 "},
				{entente.Errorf(entente.Denied, "no").Because(availability.PartnerShowsNoFreeBusy), "1 163 "},
			} {
				h.handler.Free.Remote = someRemote{x.err}
				if got := ask(v, "ida@fabrikam.example"); got != x.want {
					t.Errorf("%s: %v: %s", v, x.err, got)
				}
			}
		}
	})
}

// certificate makes one of somebody.
func certificate(tb testing.TB, c x509.Certificate) []byte {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err == nil {
		if c.SerialNumber == nil {
			c.SerialNumber = big.NewInt(1)
		}
		if c.NotAfter.IsZero() {
			c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		}
		c.Subject = pkix.Name{CommonName: "somebody"}
		var b []byte
		if b, err = x509.CreateCertificate(rand.Reader, &c, &c, &key.PublicKey, key); err == nil {
			return b
		}
	}
	tb.Fatal(err)
	return nil
}

func TestResolveCertificates(t *testing.T) {
	h := open(t)
	good := certificate(t, x509.Certificate{KeyUsage: x509.KeyUsageKeyAgreement, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}})
	longer := certificate(t, x509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour)})
	for who, list := range map[string][][]byte{
		"ben": {good}, "carla": {good, longer},
		"dora": {
			certificate(t, x509.Certificate{NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}),
			certificate(t, x509.Certificate{NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)}),
			certificate(t, x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature}),
			certificate(t, x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}),
			certificate(t, x509.Certificate{IsCA: true, BasicConstraintsValid: true}),
		},
	} {
		h.change(func(c *directory.Change) error {
			_, err := c.SetMedia(h.sids[who], directory.Media{Certificates: list})
			return err
		})
	}
	h.list("Team", h.sids["ben"], h.sids["carla"], h.sids["emil"])
	h.contact("Ida", "ida@fabrikam.example")
	h.contact("Ben Other", "other@fabrikam.example")
	name := map[string]string{base64.StdEncoding.EncodeToString(good): "good", base64.StdEncoding.EncodeToString(longer): "longer"}
	for _, v := range activesync.Versions() {
		p := h.phone("anna", v)
		for _, x := range [...]struct {
			retrieval, most string
			to              []string
			want            string
		}{
			{"1", "", []string{"ben@contoso.example"}, ""},
			{"2", "", []string{"ben@contoso.example"}, "1 1/1 good"},
			{"3", "", []string{"ben@contoso.example"}, "1 1/1 good"},
			{"2", "", []string{"carla"}, "1 1/1 longer"},
			{"2", "", []string{"dora"}, "7 0/1"},
			{"2", "", []string{"emil"}, "7 0/1"},
			{"2", "", []string{"ida@fabrikam.example"}, "7 0/1"},
			{"2", "", []string{"team"}, "1 2/3 good longer"},
			{"2", "1", []string{"team", "ben@contoso.example", "carla"}, "8 2/3; 1 1/1 good; 8 1/1"},
			{"2", "0", []string{"ben@contoso.example"}, "8 1/1"},
			{"2", "", []string{"ben"}, ""}, // ambiguous
		} {
			root := p.resolve(func(w *wbxml.Writer) {
				w.Text(wbxml.ResolveRecipientsCertificateRetrieval, x.retrieval)
				if x.most != "" {
					w.Text(wbxml.ResolveRecipientsMaxCertificates, x.most)
				}
			}, x.to...)
			var all []string
			for r := range root.All(wbxml.ResolveRecipientsResponse) {
				for one := range r.All(wbxml.ResolveRecipientsRecipient) {
					cs := one.Child(wbxml.ResolveRecipientsCertificates)
					if cs == nil {
						continue
					}
					s := cs.Get(wbxml.ResolveRecipientsStatus) + " " + cs.Get(wbxml.ResolveRecipientsCertificateCount) + "/" + cs.Get(wbxml.ResolveRecipientsRecipientCount)
					for c := range cs.All(wbxml.ResolveRecipientsCertificate) {
						s += " " + name[c.Text()]
					}
					all = append(all, s)
				}
			}
			if got := strings.Join(all, "; "); got != x.want {
				t.Errorf("%s: %v by %s, at most %q: %s, want %s", v, x.to, x.retrieval, x.most, got, x.want)
			}
		}
	}
}

func TestResolvePictures(t *testing.T) {
	h := open(t)
	face := []byte("\xff\xd8\xff a face")
	h.change(func(c *directory.Change) error {
		_, err := c.SetMedia(h.sids["ben"], directory.Media{Photo: face})
		return err
	})
	it := &mailbox.Item{Class: "IPM.Contact", Attachments: []mailbox.Attachment{{Name: mailbox.ContactPicture, Content: face}}}
	it.Props.SetString(mailbox.PidTagDisplayName, "Ida")
	contactMails[0].set(&it.Props, "ida@fabrikam.example")
	h.make("anna", mailbox.Contacts, it)
	for _, v := range activesync.Versions() {
		for _, x := range [...]struct{ size, count, want string }{
			{"", "", "1 1 173"}, {"5", "", "174 174 173"}, {"", "1", "1 175 173"},
		} {
			root := h.phone("anna", v).resolve(func(w *wbxml.Writer) {
				w.Start(wbxml.ResolveRecipientsPicture)
				if x.size != "" {
					w.Text(wbxml.ResolveRecipientsMaxSize, x.size)
				}
				if x.count != "" {
					w.Text(wbxml.ResolveRecipientsMaxPictures, x.count)
				}
				w.End()
			}, "ben", "ida", "carla")
			var all []string
			for r := range root.All(wbxml.ResolveRecipientsResponse) {
				picture := r.Path(wbxml.ResolveRecipientsRecipient, wbxml.ResolveRecipientsPicture)
				all = append(all, picture.Get(wbxml.ResolveRecipientsStatus))
				if d := picture.Child(wbxml.ResolveRecipientsData); d != nil && !bytes.Equal(d.Content, face) {
					t.Errorf("%s: %q", v, d.Content)
				}
			}
			want := x.want
			if v < activesync.V141 {
				want = "  "
			}
			if got := strings.Join(all, " "); got != want {
				t.Errorf("%s: %+v gives %q", v, x, got)
			}
		}
	}
}

// What one request costs has an end, also where each of its names is allowed.
func TestResolveRecipientsInAll(t *testing.T) {
	h := open(t)
	h.change(func(c *directory.Change) error {
		for i := range 20 {
			var a directory.Account
			a.Name, a.UPN = fmt.Sprintf("Zoe %d", i), entente.UPN(fmt.Sprintf("zoe%d@contoso.example", i))
			a.Mail = entente.SMTPAddress(a.UPN)
			if err := c.CreateAccount(&a); err != nil {
				return err
			}
			if _, err := c.SetMedia(a.SID, directory.Media{Photo: []byte("\xff\xd8\xff")}); err != nil {
				return err
			}
		}
		_, err := c.SetMedia(h.sids["ben"], directory.Media{Certificates: [][]byte{certificate(t, x509.Certificate{})}})
		return err
	})
	h.list("Team", h.sids["ben"], h.sids["carla"], h.sids["emil"])
	p := h.phone("anna", activesync.V161)
	ask := func(name string, options func(w *wbxml.Writer), each func(r *wbxml.Element)) {
		t.Helper()
		to := make([]string, maxTo)
		for i := range to {
			to[i] = name
		}
		root := p.resolve(options, to...)
		n := 0
		for r := range root.All(wbxml.ResolveRecipientsResponse) {
			n++
			each(r)
		}
		if n != maxTo {
			t.Errorf("%s: %d answers", name, n)
		}
	}
	all, pictures, last := 0, 0, ""
	ask("zoe", func(w *wbxml.Writer) { w.Empty(wbxml.ResolveRecipientsPicture) }, func(r *wbxml.Element) {
		for x := range r.All(wbxml.ResolveRecipientsRecipient) {
			if all++; x.Child(wbxml.ResolveRecipientsPicture).Has(wbxml.ResolveRecipientsData) {
				pictures++
			}
		}
		last = r.Get(wbxml.ResolveRecipientsStatus) + "/" + r.Get(wbxml.ResolveRecipientsRecipientCount)
	})
	if all != maxSuggestions || pictures != maxPictures || last != "3/20" {
		t.Errorf("%d suggestions, %d pictures, at last %s", all, pictures, last)
	}
	good, many := 0, 0
	ask("team", option(wbxml.ResolveRecipientsCertificateRetrieval, "2"), func(r *wbxml.Element) {
		switch r.Path(wbxml.ResolveRecipientsRecipient, wbxml.ResolveRecipientsCertificates).Get(wbxml.ResolveRecipientsStatus) {
		case "1":
			good++
		case "8":
			many++
		}
	})
	if good != maxPeople/3 || good+many != maxTo {
		t.Errorf("%d lists with certificates, %d without", good, many)
	}
}
