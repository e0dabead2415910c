package calendar

import "time"

// The lengths a slot of MergedFreeBusy may have.
// [MS-OXWAVLS] 3.1.4.1 MergedFreeBusyIntervalInMinutes
const (
	MinSlot = 5 * time.Minute
	MaxSlot = 1440 * time.Minute
)

// Slots is the number of slots the window has, the last one perhaps cut short.
// It is 0 for a window without length or a slot that is not allowed.
func Slots(window Interval, slot time.Duration) int {
	length := window.Duration()
	if length <= 0 || slot < MinSlot || slot > MaxSlot {
		return 0
	}
	return int((length + slot - 1) / slot)
}

// AppendMerged appends the digits of MergedFreeBusy, one for each slot of the
// window: the status that weighs most of all that touch the slot, if only for
// a minute, and 0 where nothing does. [MS-OXWAVLS] FreeBusyView
//
// OOF weighs more than Busy, Busy more than Tentative, Tentative more than
// NoData, that more than WorkingElsewhere, and all more than Free.
func AppendMerged(dst []byte, window Interval, slot time.Duration, busy []Busy) []byte {
	base := len(dst)
	for range Slots(window, slot) {
		dst = append(dst, '0')
	}
	MergeInto(dst[base:], window, slot, busy)
	return dst
}

// AppendNoData appends the digits of somebody of whom nothing is known.
func AppendNoData(dst []byte, window Interval, slot time.Duration) []byte {
	for range Slots(window, slot) {
		dst = append(dst, '0'+byte(StatusNoData))
	}
	return dst
}

// MergeInto merges more stretches into the digits that AppendMerged has made
// for the same window and slot: another calendar of the same person, or
// another member of a group.
func MergeInto(digits []byte, window Interval, slot time.Duration, busy []Busy) {
	slots := Slots(window, slot)
	digits = digits[:min(slots, len(digits))]
	for i := range busy {
		b := &busy[i]
		weight := b.Status.precedence()
		if weight == 0 {
			continue
		}
		from, to := b.Start.Sub(window.Start), b.End.Sub(window.Start)
		if to <= from || to <= 0 {
			continue
		}
		first := int(max(from, 0) / slot)
		last := min(int((to+slot-1)/slot), len(digits))
		for j := first; j < last; j++ {
			if BusyStatus(digits[j]-'0').precedence() < weight {
				digits[j] = '0' + byte(b.Status)
			}
		}
	}
}

// Union merges the digits of src into dst, slot by slot.
func Union(dst, src []byte) {
	for i := range min(len(dst), len(src)) {
		if BusyStatus(src[i]-'0').precedence() > BusyStatus(dst[i]-'0').precedence() {
			dst[i] = src[i]
		}
	}
}
