package easserver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente/calendar"
	"entente/mailbox"
)

// Phones before 16.0 write to attendees themselves. Some send the same invitation
// with every synchronization as long as somebody has not answered it. What an
// attendee was told last about a meeting is kept of the phone, and what says the
// same once more goes to nobody.

// stateMail is the name of what is kept.
const stateMail = "calendar mail"

// Bounds of what is kept of one phone.
const (
	maxToldMeetings = 100
	maxToldPeople   = 500
)

// A toldMeeting is what was said last about a meeting, to whom, and when within
// the last hour.
type toldMeeting struct {
	Meeting string   `json:"meeting"`
	Said    string   `json:"said"`
	To      []string `json:"to"`
	At      []int64  `json:"at"` // ticks
}

// meetingMail looks at a message about a meeting that a phone sends, before it goes
// out. It may change the item; false says that those it is for know all of it
// already, and that nothing is sent: the phone hears of success.
func (c *call) meetingMail(it *mailbox.Item) (send bool, err error) {
	e, err := c.view.Event(it)
	if err != nil || e.UID == "" || len(it.Recipients) == 0 {
		return true, nil // mail that says it is about a meeting, and is not
	}
	list := c.toldMeetings()
	i := slices.IndexFunc(list, func(m toldMeeting) bool { return m.Meeting == meetingKey(e) })
	if i < 0 {
		return true, nil
	}
	m := &list[i]
	if len(m.lately(c.s.Now())) >= maxRounds {
		c.fail("MeetingMailBound")
		return false, nil
	}
	if m.Said != gist(it, e) {
		return true, nil
	}
	fresh := slices.DeleteFunc(slices.Clone(it.Recipients), func(r mailbox.Recipient) bool { return slices.Contains(m.To, short(strings.ToLower(r.Address))) })
	if len(fresh) == 0 {
		return false, nil
	}
	it.Recipients = fresh
	return true, nil
}

// meetingMailSent notes what was sent. That it could not be noted has a repetition
// sent once more, and no more than that.
func (c *call) meetingMailSent(it *mailbox.Item) {
	e, err := c.view.Event(it)
	if err != nil || e.UID == "" {
		return
	}
	m := toldMeeting{Meeting: meetingKey(e), Said: gist(it, e)}
	list := []toldMeeting{m}
	for _, o := range c.toldMeetings() {
		switch {
		case o.Meeting == m.Meeting:
			list[0].At = o.lately(c.s.Now())
			if o.Said == m.Said {
				list[0].To = o.To
			}
		case len(list) < maxToldMeetings:
			list = append(list, o)
		}
	}
	list[0].At = append(list[0].At, mailbox.Ticks(c.s.Now()))
	for _, r := range it.Recipients {
		if who := short(strings.ToLower(r.Address)); len(list[0].To) < maxToldPeople && !slices.Contains(list[0].To, who) {
			list[0].To = append(list[0].To, who)
		}
	}
	b, err := json.Marshal(list)
	if err == nil {
		_ = c.view.SetClientState(c.ctx, c.client(), mailbox.ClientState{Name: stateMail, Value: b})
	}
}

func (c *call) toldMeetings() []toldMeeting {
	states, err := c.view.ClientState(c.ctx, c.client(), stateMail)
	var list []toldMeeting
	if err == nil && len(states) > 0 && len(states[0].Value) > 0 {
		_ = json.Unmarshal(states[0].Value, &list) // what cannot be read is as forgotten
	}
	return list
}

// lately are the times within the last hour.
func (m *toldMeeting) lately(now time.Time) []int64 {
	since := mailbox.Ticks(now.Add(-time.Hour))
	return slices.DeleteFunc(slices.Clone(m.At), func(t int64) bool { return t < since })
}

// meetingKey names a meeting, or the one occurrence of it that a message is about.
func meetingKey(e *calendar.Event) string { return short(e.UID + " " + compact(e.Instance)) }

// gist is what a message says of a meeting, in short: not when it was written,
// and not how often, which a phone counts up for nothing.
func gist(it *mailbox.Item, e *calendar.Event) string {
	said := plainEvent(e)
	text := strings.Join(strings.Fields(e.Body+" "+e.BodyHTML), " ")
	rule := ""
	if r := e.Recurrence; r != nil {
		rule = fmt.Sprintf("%+v", *r)
	}
	for i := range said.Exceptions {
		said.Exceptions[i].Stamp, said.Exceptions[i].Sequence = time.Time{}, 0
	}
	return short(fmt.Sprintf("%s %q %q %q %v %v %v %s %v %+v", strings.ToLower(it.Class), said.Subject, said.Location, text,
		said.Start.Unix(), said.End.Unix(), said.AllDay, rule, said.Deleted, said.Exceptions))
}

// short is a name of a text that is short and tells nothing of it.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}
