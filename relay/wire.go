package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"entente"
	"entente/calendar"
	"entente/delivery"
	"entente/message"
)

// The two sides speak JSON over HTTP/2: one object a request, one an answer,
// read strictly. Numbers where numbers will do: an answer about somebody's
// times has no text in it at all, unless details were agreed.
//
// Paths, the same in both directions.
const (
	pathFreeBusy = "/relay/v1/freebusy"
	pathDeliver  = "/relay/v1/deliver"
	pathAnswer   = "/relay/v1/answer"
	pathWitness  = "/relay/v1/witness"
	pathPing     = "/relay/v1/ping"
)

// Limits of what is read.
const (
	maxQuestion  = 64 << 10
	maxReply     = 4 << 20
	maxParcel    = 36 << 20 // 25 MiB in base64, with its envelope
	maxMessage   = 25 << 20
	maxAsked     = 100
	maxBusy      = 2000 // stretches of one person's time
	maxTo        = 500
	maxWords     = 256 // of a subject or location, in bytes
	maxUID       = 512
	maxProof     = 128
	maxCosigned  = 8 << 10
	maxChainLink = 8
)

// question asks when people are free. Times are whole minutes since 1970.
type question struct {
	Agreement string   `json:"agreement"`
	Request   string   `json:"request"` // its id, the same in both audit logs
	Asker     asker    `json:"asker"`
	Of        []string `json:"of"`
	Start     int64    `json:"start"`
	End       int64    `json:"end"`
	Details   bool     `json:"details,omitempty"`
}

// asker is for whom the other side speaks, and who really asked there.
type asker struct {
	Mail  string  `json:"mail"`
	Chain []actor `json:"chain,omitempty"`
}

type actor struct {
	UPN string `json:"upn,omitempty"`
	How string `json:"how"`
}

// times answers a question, in its order.
type times struct {
	People []person `json:"people"`
}

// person is one of those asked about. Who is not in the group and who does not
// exist are the same: the zero person.
type person struct {
	Known bool      `json:"known"`
	Busy  []stretch `json:"busy,omitempty"`
}

type stretch struct {
	Start  int64 `json:"start"`
	End    int64 `json:"end"`
	Status uint8 `json:"status"`
	// Only where details were agreed.
	Subject  string `json:"subject,omitempty"`
	Location string `json:"location,omitempty"`
}

// parcel is a message for people of the other side.
type parcel struct {
	Agreement string   `json:"agreement"`
	ID        string   `json:"id"` // of the delivery, however often it is tried
	Sender    mailName `json:"sender"`
	From      mailName `json:"from"`
	To        []string `json:"to"`
	Message   []byte   `json:"message"`
}

type mailName struct {
	Name string `json:"name,omitempty"`
	Mail string `json:"mail"`
}

// A verdict says what became of a message for one recipient.
type verdict string

const (
	arrived  verdict = "delivered"
	unknown  verdict = "unknown" // not in the group, or nobody: the same
	full     verdict = "full"
	tooLarge verdict = "too-large"
	failed   verdict = "failed"
	later    verdict = "later"
)

var verdicts = []verdict{arrived, unknown, full, tooLarge, failed, later}

// received answers a parcel, in the order of To.
type received struct {
	To []verdict `json:"to"`
}

// meetingAnswer is all that passes of a member's answer to a meeting. Its words
// the outer side takes from the organizer's own calendar.
type meetingAnswer struct {
	Agreement string `json:"agreement"`
	ID        string `json:"id"`
	Attendee  string `json:"attendee"`
	Organizer string `json:"organizer"`
	UID       string `json:"uid"`
	Instance  int64  `json:"instance,omitempty"` // Unix seconds
	Sequence  int    `json:"sequence"`
	Response  uint8  `json:"response"`
	At        int64  `json:"at"`
}

// refused is the body of every answer that is not the one asked for.
type refused struct {
	Refused Refusal `json:"refused"`
}

// decode reads one object strictly: what is not known is not skipped.
func decode(r io.Reader, limit int64, into any) error {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return err
	}
	if int64(len(b)) > limit {
		return errors.New("too large")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

var errMalformed = errors.New("out of bounds")

// check holds a question within the bounds that hold for any agreement.
func (q *question) check() error {
	if !validName(q.Agreement) || !validID(q.Request) || len(q.Of) == 0 || len(q.Of) > maxAsked || len(q.Asker.Chain) > maxChainLink ||
		!minutes(q.Start) || !minutes(q.End) || q.Start >= q.End {
		return errMalformed
	}
	for _, l := range q.Asker.Chain {
		if !plain(l.UPN) || !plain(l.How) {
			return errMalformed
		}
	}
	_, err := addresses(append([]string{q.Asker.Mail}, q.Of...))
	return err
}

// check holds an answer to the form it must have: as many people as were asked
// about, times in order and within the window, and no words unless agreed.
func (t *times) check(asked int, w calendar.Interval, words bool) error {
	if len(t.People) != asked {
		return errMalformed
	}
	for i := range t.People {
		p := &t.People[i]
		if len(p.Busy) > maxBusy || !p.Known && len(p.Busy) > 0 {
			return errMalformed
		}
		for _, s := range p.Busy {
			at := s.interval()
			if !minutes(s.Start) || !minutes(s.End) || s.Start > s.End || s.Status > uint8(calendar.StatusNoData) ||
				at.End.Before(w.Start) || at.Start.After(w.End) || !words && s.Subject+s.Location != "" {
				return errMalformed
			}
		}
	}
	return nil
}

func (s *stretch) interval() calendar.Interval {
	return calendar.Interval{Start: time.Unix(60*s.Start, 0).UTC(), End: time.Unix(60*s.End, 0).UTC()}
}

func (p *parcel) check() error {
	if !validName(p.Agreement) || !validID(p.ID) || len(p.To) == 0 || len(p.To) > maxTo || len(p.Message) > maxMessage {
		return errMalformed
	}
	if !plain(p.Sender.Name) || !plain(p.From.Name) {
		return errMalformed
	}
	_, err := addresses(append([]string{p.Sender.Mail, p.From.Mail}, p.To...))
	return err
}

func (a *meetingAnswer) check() error {
	if !validName(a.Agreement) || !validID(a.ID) || a.UID == "" || len(a.UID) > maxUID || !plain(a.UID) ||
		a.Sequence < 0 || a.Sequence > 1<<30 || !seconds(a.Instance) || !seconds(a.At) {
		return errMalformed
	}
	switch calendar.Response(a.Response) {
	case calendar.Accepted, calendar.TentativelyAccepted, calendar.Declined:
	default:
		return errMalformed
	}
	_, err := addresses([]string{a.Attendee, a.Organizer})
	return err
}

// answer returns what the answer says to a program.
func (a *meetingAnswer) answer() delivery.MeetingAnswer {
	out := delivery.MeetingAnswer{UID: a.UID, Sequence: a.Sequence, Response: calendar.Response(a.Response), At: time.Unix(a.At, 0).UTC()}
	if a.Instance != 0 {
		out.Instance = time.Unix(a.Instance, 0).UTC()
	}
	return out
}

// addresses reads addresses in their one form.
func addresses(all []string) ([]entente.SMTPAddress, error) {
	out := make([]entente.SMTPAddress, len(all))
	for i, s := range all {
		a, err := entente.ParseSMTPAddress(s)
		if err != nil {
			return nil, errMalformed
		}
		out[i] = a
	}
	return out, nil
}

// minutes and seconds reject times that no calendar has.
func minutes(n int64) bool { return n >= 0 && n < 1<<28 }
func seconds(n int64) bool { return n >= 0 && n < 1<<34 }

func validID(s string) bool {
	if len(s) != 32 {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == ""
}

// plain reports whether a text is short and has no control characters.
func plain(s string) bool {
	return len(s) <= maxWords && s == message.Clean(s)
}

// words bounds and cleans a text from inside.
func words(s string) string {
	s = message.Clean(s)
	if len(s) > maxWords {
		s = strings.ToValidUTF8(s[:maxWords], "")
	}
	return s
}
