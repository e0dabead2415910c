package access

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente"
)

// A MobileSetting is one setting of a mobile device mailbox policy, as
// administrators see it.
type MobileSetting struct{ Name, Value string }

// choices are settings that are numbers on the wire and names elsewhere.
func choices(name string) []string {
	switch name {
	case "MaxEmailAgeFilter", "MaxCalendarAgeFilter":
		return ageNames[:]
	case "AllowBluetooth":
		return bluetoothNames[:]
	case "RequireSignedSMIMEAlgorithm":
		return []string{"SHA1", "MD5"}
	case "RequireEncryptionSMIMEAlgorithm":
		return []string{"TripleDES", "DES", "RC2128bit", "RC264bit", "RC240bit"}
	case "AllowSMIMEEncryptionAlgorithmNegotiation":
		return []string{"BlockNegotiation", "OnlyStrongAlgorithmNegotiation", "AllowAnyAlgorithmNegotiation"}
	}
	return nil
}

// counted are settings of which 0 is a number and no limit that is not there.
func counted(name string) bool {
	return name == "PasswordHistory" || name == "MinPasswordComplexCharacters"
}

// MobileSettingNames are the names of all settings but Name, in the order of
// MobilePolicy.
func MobileSettingNames() []string {
	var names []string
	t := reflect.TypeFor[MobilePolicy]()
	for i := range t.NumField() {
		if name := t.Field(i).Name; name != "Name" {
			names = append(names, name)
		}
	}
	return names
}

// Settings returns all settings of the policy but its name.
func (p *MobilePolicy) Settings() []MobileSetting {
	var all []MobileSetting
	v := reflect.ValueOf(p).Elem()
	for _, name := range MobileSettingNames() {
		all = append(all, MobileSetting{name, settingText(name, v.FieldByName(name))})
	}
	return all
}

func settingText(name string, v reflect.Value) string {
	if names := choices(name); names != nil {
		return names[min(max(v.Int(), 0), int64(len(names)-1))]
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return durationText(x)
	case []string:
		return strings.Join(x, ",")
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int64:
		if v.Int() == 0 && !counted(name) {
			return "Unlimited"
		}
		return strconv.FormatInt(v.Int(), 10)
	}
	return v.String()
}

// durationText writes a time as the shell does: days.hours:minutes:seconds.
func durationText(d time.Duration) string {
	if d == 0 {
		return "Unlimited"
	}
	two := func(n time.Duration) string { return strconv.Itoa(int(n/10)) + strconv.Itoa(int(n%10)) }
	s := two(d/time.Hour%24) + ":" + two(d/time.Minute%60) + ":" + two(d/time.Second%60)
	if days := d / (24 * time.Hour); days > 0 {
		s = strconv.Itoa(int(days)) + "." + s
	}
	return s
}

// Set changes a setting, by its name in any case of letters. Errors: Invalid for
// one that there is not, and for what it cannot be; what is beyond its bounds is
// refused when the policy is kept.
func (p *MobilePolicy) Set(name, value string) error {
	names := MobileSettingNames()
	i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	if i < 0 {
		return entente.Errorf(entente.Invalid, "%q is no setting of a mobile device mailbox policy", name)
	}
	name = names[i]
	v := reflect.ValueOf(p).Elem().FieldByName(name)
	bad := entente.Errorf(entente.Invalid, "%s cannot be %q", name, value)
	if names := choices(name); names != nil {
		n := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, value) })
		if n < 0 {
			return entente.Errorf(entente.Invalid, "%s is one of %s", name, strings.Join(names, ", "))
		}
		v.SetInt(int64(n))
		return nil
	}
	none := value == "" || strings.EqualFold(value, "Unlimited")
	switch v.Interface().(type) {
	case time.Duration:
		d, ok := parseDuration(value)
		if !none && !ok {
			return bad
		}
		v.SetInt(int64(d))
		return nil
	case []string:
		var list []string
		for one := range strings.SplitSeq(value, ",") {
			if one = strings.TrimSpace(one); one != "" {
				list = append(list, one)
			}
		}
		v.Set(reflect.ValueOf(list))
		return nil
	}
	switch v.Kind() {
	case reflect.Bool:
		b, ok := truth(value)
		if !ok {
			return bad
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, ok := parseSize(value)
		if !none && !ok {
			return bad
		}
		v.SetInt(n)
	default:
		v.SetString(value)
	}
	return nil
}

func truth(s string) (b, ok bool) {
	switch strings.ToLower(strings.TrimPrefix(s, "$")) {
	case "true", "on", "yes", "1":
		return true, true
	case "false", "off", "no", "0":
		return false, true
	}
	return false, false
}

// parseSize reads a number, or a size as the shell writes it: 500KB, 2MB.
func parseSize(s string) (int64, bool) {
	up, factor := strings.ToUpper(strings.TrimSpace(s)), int64(1)
	for _, unit := range [...]struct {
		name   string
		factor int64
	}{{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}} {
		if rest, ok := strings.CutSuffix(up, unit.name); ok {
			up, factor = strings.TrimSpace(rest), unit.factor
		}
	}
	n, err := strconv.ParseInt(up, 10, 40)
	return n * factor, err == nil && n >= 0
}

// parseDuration reads a time as the shell writes it, 00:15:00 or 90.00:00:00, or as
// commands do, 15m or 2160h; a number alone is days.
func parseDuration(s string) (time.Duration, bool) {
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		return time.Duration(n) * 24 * time.Hour, true
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d, d >= 0
	}
	days, clock, ok := strings.Cut(s, ".")
	if !ok {
		days, clock = "0", s
	}
	parts := strings.Split(days+":"+clock, ":")
	if len(parts) != 4 {
		return 0, false
	}
	var d time.Duration
	for i, unit := range [...]time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, err := strconv.ParseUint(parts[i], 10, 16)
		if err != nil {
			return 0, false
		}
		d += time.Duration(n) * unit
	}
	return d, true
}
