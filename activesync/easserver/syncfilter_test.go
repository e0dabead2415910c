package easserver

import (
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// TestSyncFilterMail: what leaves the filter is taken by a SoftDelete, when days go
// by and when the filter is made narrower; a wider one brings the rest.
func TestSyncFilterMail(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		now := time.Now()
		h.now = func() time.Time { return now }
		for days, s := range names("d", 20) {
			h.make("anna", mailbox.Inbox, letter(s, now.AddDate(0, 0, -days)))
		}
		c := h.phone("anna", activesync.V161).copyOf(mailbox.Inbox)
		test := func(filter int, want string, days int) {
			t.Helper()
			got := c.pull(filtered(filter))
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
			c.has(names("d", days)...)
		}
		test(2, "+4 ~0 -0 s0", 4) // the day of the filter's beginning is in it
		test(2, "nothing", 4)
		now = now.AddDate(0, 0, 1)
		if n := c.estimate(); n != "1" {
			t.Errorf("estimated %s", n)
		}
		test(2, "+0 ~0 -0 s1", 3)
		test(3, "+4 ~0 -0 s0", 7)
		h.make("anna", mailbox.Inbox, letter("ancient", now.AddDate(-1, 0, 0)))
		test(3, "nothing", 7)
		test(1, "+0 ~0 -0 s6", 1)
		c.each = windowed(5)
		if test(5, "+5 ~0 -0 s0", 6); !c.more {
			t.Error("there is no more")
		}
		// In the middle of it the phone changes its mind.
		test(1, "+0 ~0 -0 s5", 1)
		test(3, "+5 ~0 -0 s0", 6)
		test(3, "+1 ~0 -0 s0", 7)
		c.each = nil
		if got := c.pull(filtered(0)); got != "+14 ~0 -0 s0" {
			t.Error(got)
		}
		c.has(append(names("d", 20), "ancient")...)
	})
}

// TestSyncCalendarFilter: events that come to lie before the filter go, series and
// moved ones stay or come.
func TestSyncCalendarFilter(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		now := time.Now()
		h.now = func() time.Time { return now }
		if h.handler.classes[activesync.Calendar] == nil {
			h.handler.classes[activesync.Calendar] = plain{"IPM.Appointment"}
		}
		ids := map[string]mailbox.ItemID{}
		for days, s := range names("e", 30) {
			ids[s] = h.make("anna", mailbox.Calendar, event(s, now.AddDate(0, 0, -days)))
		}
		c := h.phone("anna", activesync.V161).copyOf(mailbox.Calendar)
		test := func(filter int, want string, days int, more ...string) {
			t.Helper()
			got := c.pull(filtered(filter))
			if got != want {
				t.Errorf("filter %d: %s, want %s", filter, got, want)
			}
			c.has(append(names("e", days), more...)...)
		}
		test(4, "+15 ~0 -0 s0", 15)
		test(4, "nothing", 15)
		move := func(name string, days int) {
			h.edit("anna", ids[name], func(it *mailbox.Item) {
				start := now.AddDate(0, 0, days)
				it.Props.SetTime(mailbox.PidLidAppointmentStartWhole, start)
				it.Props.SetTime(mailbox.PidLidAppointmentEndWhole, start.Add(time.Hour))
			})
		}
		move("e20", 3)
		test(4, "+1 ~0 -0 s0", 15, "e20")
		move("e20", 4)
		test(4, "+0 ~1 -0 s0", 15, "e20")
		move("e14", -40)
		test(4, "+0 ~0 -0 s1", 14, "e20")
		h.destroy("anna", ids["e29"]) // which the phone has not got
		test(4, "nothing", 14, "e20")
		now = now.AddDate(0, 0, 1)
		test(4, "nothing", 14, "e20")
		now = now.AddDate(0, 0, 1)
		test(4, "+0 ~0 -0 s1", 13, "e20")
		c.each = windowed(10)
		if test(0, "+10 ~0 -0 s0", 24); !c.more {
			t.Error("no more")
		}
		c.all()
		if len(c.items) != 29 {
			t.Errorf("%d events", len(c.items))
		}
		if st := c.state().stands; st[len(st)-1].present != nil || !st[len(st)-1].all {
			t.Error("without a filter something is kept of what is present")
		}
		c.each = nil
		if got := c.pull(filtered(4)); got != "+0 ~0 -0 s15" {
			t.Error(got)
		}
		c.has(append(names("e", 13), "e20")...)
	})
}

// TestSyncTasks: with the filter for them, tasks go once they are complete and come
// when they are not any more.
func TestSyncTasks(t *testing.T) {
	h := open(t)
	if h.handler.classes[activesync.Tasks] == nil {
		h.handler.classes[activesync.Tasks] = plain{"IPM.Task"}
	}
	task := func(subject string, done bool) mailbox.ItemID {
		it := &mailbox.Item{Class: "IPM.Task", Read: true}
		it.Props.SetString(mailbox.PidTagSubject, subject)
		it.Props.SetBool(mailbox.PidLidTaskComplete, done)
		return h.make("anna", mailbox.Tasks, it)
	}
	one := task("one", false)
	two := task("two", true)
	c := h.phone("anna", activesync.V161).copyOf(mailbox.Tasks)
	c.each = filtered(filterIncomplete)
	test := func(want string, has ...string) {
		t.Helper()
		if got := c.pull(nil); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		c.has(has...)
	}
	complete := func(id mailbox.ItemID, done bool) {
		h.edit("anna", id, func(it *mailbox.Item) { it.Props.SetBool(mailbox.PidLidTaskComplete, done) })
	}
	test("+1 ~0 -0 s0", "one")
	complete(one, true)
	test("+0 ~0 -0 s1")
	complete(two, false)
	complete(one, false)
	test("+2 ~0 -0 s0", "one", "two")
}

// plain is a class of items of a subject, for what is not about content.
type plain struct{ class string }

func (p plain) shown(it *mailbox.Item) bool { return strings.HasPrefix(it.Class, p.class) }
func (plain) parts(*options) mailbox.Parts  { return mailbox.PartBody }
func (plain) write(c *call, it *mailbox.Item, _ *options) error {
	c.out.Text(wbxml.CalendarSubject, it.Props.String(mailbox.PidTagSubject))
	c.out.Text(wbxml.CalendarLocation, "here")
	return nil
}

func (p plain) create(c *call, f *mailbox.Folder, in *wbxml.Element, arrival string) (*mailbox.Item, func(), error) {
	it := &mailbox.Item{Class: p.class, Arrival: arrival}
	it.Props.SetString(mailbox.PidTagSubject, in.Get(wbxml.CalendarSubject))
	return it, nil, c.view.CreateItem(c.ctx, f.ID, it)
}

func (plain) change(c *call, it *mailbox.Item, in *wbxml.Element, _ *options) (*mailbox.Item, func(), error) {
	it, err := c.view.UpdateItem(c.ctx, it.ID, 0, 0, func(it *mailbox.Item) error {
		it.Props.SetString(mailbox.PidTagSubject, in.Get(wbxml.CalendarSubject))
		return nil
	})
	return it, nil, err
}

func (plain) remove(c *call, it *mailbox.Item, _ *wbxml.Element, mode mailbox.DeleteMode) error {
	return deleteItem(c, it, mode)
}
