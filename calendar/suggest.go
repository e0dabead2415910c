package calendar

import (
	"cmp"
	"slices"
	"time"
)

// A Quality is how good a time is for a meeting. [MS-OXWAVLS] 3.1.4.1.4.3
type Quality uint8

// The qualities, the best first.
const (
	Excellent Quality = iota // nobody has a conflict
	Good                     // at most GoodThreshold per cent have
	Fair                     // fewer than half
	Poor                     // half or more
)

var qualityNames = [...]string{"Excellent", "Good", "Fair", "Poor"}

// String returns the name EWS uses.
func (q Quality) String() string { return name(qualityNames[:], int(q)) }

// SuggestOptions are the SuggestionsViewOptions.
// [MS-OXWAVLS] 3.1.4.1.3.24; zero fields take the defaults
// documented for them.
type SuggestOptions struct {
	Window             Interval      // DetailedSuggestionsWindow, at most MaxSuggestDays
	Duration           time.Duration // of the meeting; 30 minutes
	GoodThreshold      int           // per cent, 1 to 49; 25
	MaxByDay           int           // 10
	MaxNonWorkByDay    int           // of these, outside of working hours
	Minimum            Quality       // no worse than this
	CurrentMeetingTime time.Time     // also considered, on the grid or not
	Zone               Zone          // whose days and half hours count
}

// Limits of a question for suggestions.
const (
	MaxSuggestDays  = 62
	suggestionGrid  = 30 * time.Minute
	defaultDuration = 30 * time.Minute
	defaultGood     = 25
	defaultMaxByDay = 10
)

// An Invitee is one of those a meeting time is sought for.
type Invitee struct {
	Role             InviteeRole
	ExcludeConflicts bool // no suggestion at which this one is busy
	Busy             []Busy
	Hours            *WorkingHours // nil: always at work
	Members          []Invitee     // of a group; its own Busy does not count
	TooBig           bool          // a group that was not looked into
	Unknown          bool          // no data, or nobody
}

// An InviteeRole is a MeetingAttendeeType. [MS-OXWAVLS]
type InviteeRole uint8

// The roles.
const (
	RequiredInvitee InviteeRole = iota
	OrganizerInvitee
	OptionalInvitee
	RoomInvitee
	ResourceInvitee
)

// A SuggestionDay is a SuggestionDayResult.
type SuggestionDay struct {
	Date        Date
	Quality     Quality // of its best suggestion; Poor if there is none
	Suggestions []Suggestion
}

// A Suggestion is a time for the meeting. [MS-OXWAVLS]
type Suggestion struct {
	Time      time.Time
	WorkTime  bool // within the working hours of all
	Quality   Quality
	Conflicts []Conflict // one for each invitee, in their order

	optional float64 // how many of the optional ones cannot
}

// A ConflictKind tells the forms of AttendeeConflictData apart.
type ConflictKind uint8

// The forms.
const (
	IndividualConflict ConflictKind = iota
	GroupConflict
	TooBigGroupConflict
	UnknownConflict
)

// A Conflict is what stands, or does not stand, against a time for one
// invitee. [MS-OXWAVLS] AttendeeConflictData
type Conflict struct {
	Kind   ConflictKind
	Status BusyStatus // IndividualConflict

	// GroupConflict: the members in all, those free, busy and unknown.
	Members, Available, Busy, NoData int
}

// share is how much of the invitee has a conflict, 0 to 1, and whether that is
// known.
func (c Conflict) share() (float64, bool) {
	switch c.Kind {
	case IndividualConflict:
		if c.Status == StatusNoData {
			return 0, false
		}
		if c.Status.Conflicts() {
			return 1, true
		}
		return 0, true
	case GroupConflict:
		if c.Members == 0 || c.Members == c.NoData {
			return 0, false
		}
		return float64(c.Busy) / float64(c.Members), true
	}
	return 0, false
}

// Suggest looks for times at which the invitees can meet, on the hours and
// half hours of each day of the window.
//
// The quality of a time is the share of required invitees, the organizer
// among them, who have a conflict; a group counts by its members. Of whom
// nothing is known nothing is held against a time. Optional invitees only
// decide between times of the same quality. Where rooms are asked for and
// none is free, a time is Poor. The specification leaves these open.
func Suggest(o SuggestOptions, invitees []Invitee) []SuggestionDay {
	o = o.withDefaults()
	states := make([]inviteeState, len(invitees))
	for i := range invitees {
		states[i] = newInviteeState(&invitees[i])
	}
	first, _ := o.Zone.Wall(o.Window.Start)
	last, _ := o.Zone.Wall(o.Window.End.Add(-1))
	last = min(last, first+MaxSuggestDays-1)
	var days []SuggestionDay
	for d := first; d <= last; d++ {
		days = append(days, o.day(d, states))
	}
	return days
}

func (o SuggestOptions) withDefaults() SuggestOptions {
	if o.Duration <= 0 {
		o.Duration = defaultDuration
	}
	if o.GoodThreshold <= 0 {
		o.GoodThreshold = defaultGood
	}
	if o.MaxByDay <= 0 {
		o.MaxByDay = defaultMaxByDay
	}
	return o
}

func (o *SuggestOptions) day(d Date, states []inviteeState) SuggestionDay {
	day := SuggestionDay{Date: d, Quality: Poor}
	var all []Suggestion
	for _, t := range o.candidates(d) {
		if s, ok := o.rate(t, states); ok && s.Quality <= o.Minimum {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, better)
	nonWork := 0
	for _, s := range all {
		if !s.WorkTime {
			if nonWork++; nonWork > o.MaxNonWorkByDay {
				continue
			}
		}
		if len(day.Suggestions) == o.MaxByDay {
			break
		}
		day.Suggestions = append(day.Suggestions, s)
		day.Quality = min(day.Quality, s.Quality)
	}
	return day
}

// candidates are the times of a day to be looked at, in order.
func (o *SuggestOptions) candidates(d Date) []time.Time {
	var times []time.Time
	add := func(t time.Time) {
		if !t.Before(o.Window.Start) && !t.Add(o.Duration).After(o.Window.End) {
			times = append(times, t)
		}
	}
	for clock := time.Duration(0); clock < 24*time.Hour; clock += suggestionGrid {
		add(o.Zone.At(d, clock))
	}
	if on, _ := o.Zone.Wall(o.CurrentMeetingTime); !o.CurrentMeetingTime.IsZero() && on == d {
		add(o.CurrentMeetingTime)
	}
	slices.SortFunc(times, time.Time.Compare)
	// A gap of the clock maps two wall times to one.
	return slices.CompactFunc(times, time.Time.Equal)
}

// better orders suggestions: by quality, then within working hours, then by
// the optional ones, then by time.
func better(a, b Suggestion) int {
	work := func(s Suggestion) int {
		if s.WorkTime {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Quality, b.Quality), work(a)-work(b),
		cmp.Compare(a.optional, b.optional), a.Time.Compare(b.Time))
}

// rate weighs one time; false means that somebody whose conflicts exclude it
// has one.
func (o *SuggestOptions) rate(t time.Time, states []inviteeState) (Suggestion, bool) {
	at := Interval{t, t.Add(o.Duration)}
	s := Suggestion{Time: t, WorkTime: true, Conflicts: make([]Conflict, len(states))}
	var required, busy, rooms, freeRooms float64
	for i := range states {
		st := &states[i]
		c := st.conflict(at)
		s.Conflicts[i] = c
		s.WorkTime = s.WorkTime && st.atWork(at)
		share, known := c.share()
		if share > 0 && st.ExcludeConflicts {
			return s, false
		}
		switch st.Role {
		case OptionalInvitee:
			s.optional += share
		case RoomInvitee:
			rooms++
			freeRooms += 1 - share
		default:
			if known {
				required++
				busy += share
			}
		}
	}
	s.Quality = o.quality(busy, required)
	if rooms > 0 && freeRooms == 0 {
		s.Quality = Poor
	}
	return s, true
}

func (o *SuggestOptions) quality(busy, required float64) Quality {
	switch {
	case busy == 0:
		return Excellent
	case busy*100 <= float64(o.GoodThreshold)*required:
		return Good
	case busy*2 < required:
		return Fair
	}
	return Poor
}

// An inviteeState is an invitee with what is needed to ask about rising times.
type inviteeState struct {
	*Invitee
	busy    []Busy // that conflict, by start
	past    int    // how many of them, from the first, have ended
	members []inviteeState
}

func newInviteeState(v *Invitee) inviteeState {
	s := inviteeState{Invitee: v}
	for _, b := range v.Busy {
		if b.Status != StatusFree && b.Start.Before(b.End) {
			s.busy = append(s.busy, b)
		}
	}
	slices.SortFunc(s.busy, func(a, b Busy) int { return a.Start.Compare(b.Start) })
	for i := range v.Members {
		s.members = append(s.members, newInviteeState(&v.Members[i]))
	}
	return s
}

// status is the weightiest status in the interval. Intervals must come in
// order of their start.
func (s *inviteeState) status(at Interval) BusyStatus {
	if s.Unknown {
		return StatusNoData
	}
	for s.past < len(s.busy) && !s.busy[s.past].End.After(at.Start) {
		s.past++
	}
	status := StatusFree
	for _, b := range s.busy[s.past:] {
		if !b.Start.Before(at.End) {
			break
		}
		if b.End.After(at.Start) && b.Status.precedence() > status.precedence() {
			status = b.Status
		}
	}
	return status
}

func (s *inviteeState) conflict(at Interval) Conflict {
	switch {
	case s.TooBig:
		return Conflict{Kind: TooBigGroupConflict}
	case len(s.members) > 0:
		return s.group(at)
	case s.Unknown:
		return Conflict{Kind: UnknownConflict}
	}
	return Conflict{Kind: IndividualConflict, Status: s.status(at)}
}

func (s *inviteeState) group(at Interval) Conflict {
	c := Conflict{Kind: GroupConflict, Members: len(s.members)}
	for i := range s.members {
		switch status := s.members[i].status(at); {
		case status == StatusNoData:
			c.NoData++
		case status.Conflicts():
			c.Busy++
		default:
			c.Available++
		}
	}
	return c
}

func (s *inviteeState) atWork(at Interval) bool { return s.Hours == nil || s.Hours.Cover(at) }
