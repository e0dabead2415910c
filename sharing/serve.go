package sharing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/clientaccess"
	"entente/mailbox"
)

// maxShown bounds how many appointments one answer has.
const maxShown = 5000

// ServeHTTP answers for everything below Prefix. Whatever is wrong with an
// address, the answer is that of any path there is nothing at: that a mailbox
// exists, or that a calendar was published once, is not told.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if !s.rate.take(host(r), s.Now()) {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many requests", http.StatusTooManyRequests)
		return
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-r.Context().Done():
		return
	}
	p, format, err := s.find(r.Context(), strings.ToLower(r.URL.EscapedPath()))
	if err != nil {
		s.notNow(w, err)
		return
	}
	if p == nil {
		http.NotFound(w, r)
		return
	}
	if s.Elsewhere != nil && s.Elsewhere(w, r, p.Mailbox) {
		return
	}
	a, err := s.answer(r, p, format)
	var e *entente.Error
	switch {
	case err == nil:
		s.write(w, r, p, a)
	case errors.As(err, &e) && e.Kind != entente.Unavailable && e.Kind != entente.Internal:
		http.NotFound(w, r)
	default:
		s.notNow(w, err)
	}
}

func (s *Service) notNow(w http.ResponseWriter, err error) {
	if !errors.Is(err, context.Canceled) {
		s.Log.Error("published calendar", "err", err)
	}
	w.Header().Set("Retry-After", "30")
	http.Error(w, "not available now; try again", http.StatusServiceUnavailable)
}

// An answer is what is sent.
type answer struct {
	kind, policy string // content type and content security policy
	body         []byte
}

var operations = [...]string{HTML: "ReadPage", ICalendar: "ReadICalendar"}

// answer reads the calendar as a caller who knows its address and is nobody
// else: what is not published as things are now is not there.
func (s *Service) answer(r *http.Request, p *Publication, f Format) (answer, error) {
	session := s.Door.Published(r, p.grant(), operations[f])
	a, err := s.make(r, session, p, f)
	code := ""
	if err != nil {
		code = "NotPublished"
	}
	return a, errors.Join(err, session.Finish(r.Context(), code))
}

func (s *Service) make(r *http.Request, session *clientaccess.Session, p *Publication, f Format) (answer, error) {
	v, err := session.Mailbox(r.Context(), p.Mailbox)
	if err != nil {
		return answer{}, err
	}
	l := listing{Publication: p, now: session.Now(), owner: owner(session.Snapshot(), p.Mailbox)}
	if err := s.read(r.Context(), v, &l); err != nil {
		return answer{}, err
	}
	if f == ICalendar {
		return answer{kind: "text/calendar; charset=utf-8", policy: "default-src 'none'", body: l.appendICalendar(nil)}, nil
	}
	body, err := s.render(&l, r.URL.Query().Get("month"))
	return answer{kind: "text/html; charset=utf-8", policy: pagePolicy(), body: body}, err
}

// owner is the name of a mailbox's owner, for titles.
func owner(s *access.Snapshot, id entente.MailboxID) string {
	a, _ := s.FindMailbox(id)
	if a.Name != "" {
		return a.Name
	}
	return string(a.Mail)
}

// A listing is what is shown of a calendar: all of its window.
type listing struct {
	*Publication
	owner  string
	now    time.Time
	zone   calendar.Zone // in which times are shown
	window calendar.Interval
	shown  []mailbox.Shown
	more   bool // there were too many
}

// read reads the window of the publication. It begins and ends with a day, so
// that what is sent stays the same within one.
func (s *Service) read(ctx context.Context, v *mailbox.View, l *listing) error {
	zone, err := s.zones.Load(l.Zone)
	if err != nil {
		zone = calendar.UTC()
	}
	window := l.Settings.window(l.now, zone)
	// A day more at both ends, for the zone of the appointments is not known yet.
	wide := calendar.Interval{Start: window.Start.AddDate(0, 0, -1), End: window.End.AddDate(0, 0, 1)}
	if most := mailbox.MaxCalendarDays * 24 * time.Hour; wide.Duration() > most {
		wide.End = wide.Start.Add(most)
	}
	l.shown, _, err = v.Shown(ctx, l.Folder, wide, maxShown+1)
	if err != nil {
		return err
	}
	if l.Zone == "" {
		zone = usual(l.shown)
		window = l.Settings.window(l.now, zone)
	}
	l.zone, l.window = zone, window
	l.more = len(l.shown) > maxShown
	kept := l.shown[:0]
	for _, e := range l.shown[:min(len(l.shown), maxShown)] {
		if e.Overlaps(window) {
			kept = append(kept, e)
		}
	}
	l.shown = kept
	return nil
}

// window is what is published at a time.
func (s *Settings) window(now time.Time, zone calendar.Zone) calendar.Interval {
	today := now.In(zone.Location())
	begin := func(t time.Time) time.Time { return zone.Midnight(calendar.DateOf(t)) }
	return calendar.Interval{
		Start: begin(s.Behind.from(today, true)),
		End:   begin(s.Ahead.from(today, false).AddDate(0, 0, 1)),
	}
}

// usual is the zone that most of the appointments are meant in, UTC without any.
func usual(shown []mailbox.Shown) calendar.Zone {
	best, most := calendar.UTC(), 0
	count := map[string]int{}
	for i := range shown {
		z := shown[i].Zone
		if z.IANA() == "" {
			continue // a definition of somebody's own
		}
		count[z.ID]++
		if n := count[z.ID]; n > most || n == most && z.ID < best.ID {
			best, most = z, n
		}
	}
	return best
}

// write sends an answer, or that the asker has it already. RFC 9110 13.1.2
func (s *Service) write(w http.ResponseWriter, r *http.Request, p *Publication, a answer) {
	sum := sha256.Sum256(a.body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Content-Security-Policy", a.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if !p.Searchable {
		h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	}
	if has(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(a.body) // who has hung up needs no answer
	}
}

// has reports whether a list of entity tags has one, weakly compared.
func has(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == tag {
			return true
		}
	}
	return false
}

func host(r *http.Request) string {
	h, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return h
}
