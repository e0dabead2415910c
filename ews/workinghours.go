package ews

// A SerializableTimeZone is a time zone by its two yearly changes, as the
// availability operations have it. Biases are minutes west of UTC: UTC = local
// time + bias. [MS-OXWAVLS].
//
// ews:type SerializableTimeZone
type SerializableTimeZone struct {
	Bias         int                      `ews:"t:Bias"`
	StandardTime SerializableTimeZoneTime `ews:"t:StandardTime"`
	DaylightTime SerializableTimeZoneTime `ews:"t:DaylightTime"`
}

// A SerializableTimeZoneTime is one yearly change. DayOrder is the week of the
// month, 1 to 5 where 5 is the last; with a Year it is the day of the month.
// A zone without daylight saving has month 0 or twice the same bias.
// [MS-OXWAVLS].
//
// ews:type SerializableTimeZoneTime
type SerializableTimeZoneTime struct {
	Bias      int       `ews:"t:Bias"` // added to the zone's
	Time      string    `ews:"t:Time"` // 02:00:00, local before the change
	DayOrder  int       `ews:"t:DayOrder"`
	Month     int       `ews:"t:Month"`
	DayOfWeek DayOfWeek `ews:"t:DayOfWeek"`
	Year      string    `ews:"t:Year,omitempty"`
}

// WorkingHours are when a person works. [MS-OXWAVLS].
//
// ews:type WorkingHours
type WorkingHours struct {
	TimeZone           SerializableTimeZone `ews:"t:TimeZone"`
	WorkingPeriodArray []WorkingPeriod      `ews:"t:WorkingPeriodArray>t:WorkingPeriod"`
}

// A WorkingPeriod is a span of minutes from midnight on some days of the week.
// [MS-OXWAVLS].
//
// ews:type WorkingPeriod
type WorkingPeriod struct {
	DayOfWeek          DaysOfWeek `ews:"t:DayOfWeek"`
	StartTimeInMinutes int        `ews:"t:StartTimeInMinutes"`
	EndTimeInMinutes   int        `ews:"t:EndTimeInMinutes"`
}
