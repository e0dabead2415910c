package calendar

import (
	"testing"
	"time"
)

// suggestions asks for an hour on a Monday and lists times and qualities.
func suggestions(o SuggestOptions, people ...Invitee) (list []string, days []SuggestionDay) {
	days = Suggest(o, people)
	for _, d := range days {
		for _, s := range d.Suggestions {
			list = append(list, s.Time.Format("15:04 ")+s.Quality.String())
		}
	}
	return list, days
}

func TestSuggest(t *testing.T) {
	window := Interval{clock(t, "09:00"), clock(t, "11:00")}
	ask := SuggestOptions{Window: window, Duration: time.Hour, Minimum: Poor, MaxNonWorkByDay: 10}
	test := func(o SuggestOptions, want []string, people ...Invitee) {
		t.Helper()
		got, _ := suggestions(o, people...)
		if len(got) != len(want) {
			t.Errorf("got %v, want %v", got, want)
			return
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("got %v, want %v", got, want)
				return
			}
		}
	}
	free := Invitee{}
	early := Invitee{Busy: []Busy{busy(t, "09:00", "09:30", StatusBusy)}}
	all := Invitee{Busy: []Busy{busy(t, "08:00", "12:00", StatusBusy)}}
	elsewhere := Invitee{Busy: []Busy{busy(t, "08:00", "12:00", StatusWorkingElsewhere)}}

	test(ask, []string{"09:00 Excellent", "09:30 Excellent", "10:00 Excellent"}, free)
	test(ask, []string{"09:00 Excellent", "09:30 Excellent", "10:00 Excellent"}, elsewhere)
	// The best come first: one in two is half, and Poor.
	test(ask, []string{"09:30 Excellent", "10:00 Excellent", "09:00 Poor"}, free, early)
	// One in three is more than a quarter, one in four is not.
	test(ask, []string{"09:30 Excellent", "10:00 Excellent", "09:00 Fair"}, free, free, early)
	test(ask, []string{"09:30 Excellent", "10:00 Excellent", "09:00 Good"}, free, free, free, early)
	strict := ask
	strict.GoodThreshold = 10
	test(strict, []string{"09:30 Excellent", "10:00 Excellent", "09:00 Fair"}, free, free, free, early)
	fair := ask
	fair.Minimum = Fair
	test(fair, []string{"09:30 Excellent", "10:00 Excellent"}, free, early)
	few := ask
	few.MaxByDay = 1
	test(few, []string{"09:30 Excellent"}, free, early)

	optional := early
	optional.Role = OptionalInvitee
	test(ask, []string{"09:30 Excellent", "10:00 Excellent", "09:00 Excellent"}, free, optional)
	room := early
	room.Role = RoomInvitee
	test(ask, []string{"09:30 Excellent", "10:00 Excellent", "09:00 Poor"}, free, room)
	test(ask, []string{"09:00 Excellent", "09:30 Excellent", "10:00 Excellent"}, free, room, Invitee{Role: RoomInvitee})
	needed := early
	needed.ExcludeConflicts = true
	test(ask, []string{"09:30 Excellent", "10:00 Excellent"}, free, needed)
	// Nothing is held against a time for those of whom nothing is known.
	test(ask, []string{"09:00 Excellent", "09:30 Excellent", "10:00 Excellent"}, Invitee{Unknown: true}, Invitee{TooBig: true})
	test(ask, []string{"09:00 Poor", "09:30 Poor", "10:00 Poor"}, all)

	current := ask
	current.CurrentMeetingTime = clock(t, "09:40")
	test(current, []string{"09:30 Excellent", "09:40 Excellent", "10:00 Excellent", "09:00 Poor"}, early)
	if got, days := suggestions(SuggestOptions{Window: window, Duration: time.Hour, Minimum: Excellent}, all); len(got) != 0 || len(days) != 1 || days[0].Quality != Poor {
		t.Error(got, days)
	}
}

func TestSuggestWorkingHours(t *testing.T) {
	hours := DefaultWorkingHours(zone(t, "Europe/Berlin"))
	// 06:00 to 17:00 UTC is 08:00 to 19:00 in Berlin, in summer.
	o := SuggestOptions{Window: Interval{clock(t, "05:00"), clock(t, "17:00")}, Duration: time.Hour, MaxByDay: 48, MaxNonWorkByDay: 2}
	days := Suggest(o, []Invitee{{Hours: &hours}})
	work, rest := 0, 0
	for _, s := range days[0].Suggestions {
		if s.WorkTime {
			work++
			if h := s.Time.In(hours.Zone.Location()).Hour(); h < 8 || h > 16 {
				t.Error(s.Time)
			}
		} else {
			rest++
		}
	}
	if work != 17 || rest != 2 {
		t.Errorf("%d within and %d outside of working hours", work, rest)
	}
}

func TestSuggestGroup(t *testing.T) {
	window := Interval{clock(t, "09:00"), clock(t, "10:00")}
	group := Invitee{Members: []Invitee{
		{}, {Busy: []Busy{busy(t, "09:00", "10:00", StatusOOF)}}, {Unknown: true}, {},
	}}
	days := Suggest(SuggestOptions{Window: window, Duration: time.Hour, Minimum: Poor, MaxNonWorkByDay: 1}, []Invitee{group, {TooBig: true}, {Unknown: true}, {Busy: []Busy{busy(t, "09:10", "09:20", StatusTentative)}}})
	if len(days) != 1 || len(days[0].Suggestions) != 1 {
		t.Fatalf("%+v", days)
	}
	want := []Conflict{
		{Kind: GroupConflict, Members: 4, Available: 2, Busy: 1, NoData: 1},
		{Kind: TooBigGroupConflict},
		{Kind: UnknownConflict},
		{Kind: IndividualConflict, Status: StatusTentative},
	}
	for i, c := range days[0].Suggestions[0].Conflicts {
		if c != want[i] {
			t.Errorf("%d: %+v, want %+v", i, c, want[i])
		}
	}
}

// TestSuggestLimits: a window of years is cut off, and one without length or
// without people is no accident.
func TestSuggestLimits(t *testing.T) {
	at := clock(t, "00:00")
	if days := Suggest(SuggestOptions{Window: Interval{at, at.AddDate(10, 0, 0)}}, []Invitee{{}}); len(days) != MaxSuggestDays {
		t.Error(len(days))
	}
	if days := Suggest(SuggestOptions{Window: Interval{at, at}}, nil); len(days) != 0 {
		t.Error(days)
	}
	if days := Suggest(SuggestOptions{Window: Interval{at, at.AddDate(-10, 0, 0)}}, nil); len(days) != 0 {
		t.Error(days)
	}
}
