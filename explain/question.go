package explain

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/access"
)

// A question is one line: all facts, and the request that is asked about. Its
// keys are described in doc/explain-batch.md.
type question struct {
	ID             json.RawMessage `json:"id"`
	Comment        string          `json:"comment"`
	Organization   organization    `json:"organization"`
	Servers        []string        `json:"servers"`
	Databases      []string        `json:"databases"`
	Realms         []realm         `json:"realms"`
	Accounts       []account       `json:"accounts"`
	Groups         []group         `json:"groups"`
	Administrators []string        `json:"administrators"`
	Permissions    []permission    `json:"permissions"`
	Scopes         []scope         `json:"scopes"`
	Policies       []scopePolicy   `json:"policies"`
	Assignments    []assignment    `json:"assignments"`
	ItemGrants     []itemGrant     `json:"item_grants"`
	Folders        []folder        `json:"folders"`
	Request        *request        `json:"request"`
	Changes        *bool           `json:"changes"`
}

// policy has the names of Set-OrganizationConfig and Set-CASMailbox.
type policy struct {
	EwsEnabled                 setting  `json:"EwsEnabled"`
	EwsAllowOutlook            setting  `json:"EwsAllowOutlook"`
	EwsAllowMacOutlook         setting  `json:"EwsAllowMacOutlook"`
	EwsAllowEntourage          setting  `json:"EwsAllowEntourage"`
	EwsApplicationAccessPolicy string   `json:"EwsApplicationAccessPolicy"`
	EwsAllowList               []string `json:"EwsAllowList"`
	EwsBlockList               []string `json:"EwsBlockList"`
	EwsAllowedAppIDs           []string `json:"EwsAllowedAppIDs"`
}

type organization struct {
	policy
	Name       string      `json:"name"`
	DomainSID  entente.SID `json:"domain_sid"`
	Precedence string      `json:"ews_precedence"`
}

type realm struct {
	Name      string      `json:"name"`
	DomainSID entente.SID `json:"domain_sid"`
}

type account struct {
	policy
	Name       string      `json:"name"`
	SID        entente.SID `json:"sid"`
	UPN        string      `json:"upn"`
	Mail       *string     `json:"mail"`
	Proxies    []string    `json:"proxies"`
	Master     entente.SID `json:"master"`
	Kind       string      `json:"kind"`
	Enabled    *bool       `json:"enabled"`
	Mailbox    *bool       `json:"mailbox"`
	Database   string      `json:"database"`
	Attributes attributes  `json:"attributes"`
}

// attributes are what recipient filters look at, by their names there.
type attributes map[string]string

type group struct {
	Name    string      `json:"name"`
	SID     entente.SID `json:"sid"`
	Mail    string      `json:"mail"`
	Master  entente.SID `json:"master"`
	Members []string    `json:"members"`
}

type permission struct {
	Mailbox string `json:"mailbox"`
	To      string `json:"to"`
	Rights  words  `json:"rights"`
	Deny    bool   `json:"deny"`
}

type scope struct {
	Name      string `json:"name"`
	Filter    string `json:"filter"`
	Exclusive bool   `json:"exclusive"`
}

type scopePolicy struct {
	policy
	Scope    string `json:"scope"`
	Priority int    `json:"priority"`
}

type assignment struct {
	ID            string `json:"id"`
	To            string `json:"to"`
	Rights        words  `json:"rights"`
	Server        string `json:"server"`
	Over          string `json:"over"`
	Gate          string `json:"gate"`
	AllowDisabled bool   `json:"allow_disabled"`
	NotBefore     moment `json:"not_before"`
	NotAfter      moment `json:"not_after"`
	Enabled       *bool  `json:"enabled"`
	Deny          bool   `json:"deny"`
}

type itemGrant struct {
	ID        string   `json:"id"`
	Mailbox   string   `json:"mailbox"`
	To        string   `json:"to"`
	External  string   `json:"external"`
	Items     []item   `json:"items"`
	Label     string   `json:"label"`
	Read      words    `json:"read"`
	Write     words    `json:"write"`
	Earliest  moment   `json:"earliest"`
	Latest    moment   `json:"latest"`
	Locations []string `json:"locations"`
	NotBefore moment   `json:"not_before"`
	NotAfter  moment   `json:"not_after"`
	Enabled   *bool    `json:"enabled"`
}

type folder struct {
	Name    string  `json:"name"`
	Mailbox string  `json:"mailbox"`
	Class   string  `json:"class"`
	Entries []entry `json:"entries"`
}

type entry struct {
	To     string `json:"to"`
	Rights words  `json:"rights"`
}

type request struct {
	Caller        string         `json:"caller"`
	External      string         `json:"external"`
	Method        string         `json:"method"`
	Realm         string         `json:"realm"`
	Groups        []string       `json:"groups"`
	ActsAs        string         `json:"acts_as"`
	ConnectingSID *connectingSID `json:"connecting_sid"`
	Server        string         `json:"server"`
	Protocol      *string        `json:"protocol"`
	UserAgent     string         `json:"user_agent"`
	Application   string         `json:"application_id"`
	Mailbox       string         `json:"mailbox"`
	Folder        string         `json:"folder"`
	Item          *item          `json:"item"`
	Right         words          `json:"right"`
	Operation     string         `json:"operation"`
	Change        *change        `json:"change"`
	Time          moment         `json:"time"`
}

type connectingSID struct {
	PrincipalName      string `json:"PrincipalName"`
	SID                string `json:"SID"`
	PrimarySmtpAddress string `json:"PrimarySmtpAddress"`
	SmtpAddress        string `json:"SmtpAddress"`
}

type change struct {
	Fields   words  `json:"fields"`
	Start    moment `json:"start"`
	End      moment `json:"end"`
	Location string `json:"location"`
}

// A setting is true, false or null; the words of the shell are taken too.
type setting struct{ access.Setting }

func (s *setting) UnmarshalJSON(b []byte) error {
	text, err := unquoted(b)
	if err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimPrefix(text, "$")) {
	case "true", "on":
		s.Setting = access.On
	case "false", "off":
		s.Setting = access.Off
	case "null", "unset", "":
		s.Setting = access.Unset
	default:
		return entente.Errorf(entente.Invalid, "a setting is true, false or null, not %s", text)
	}
	return nil
}

// A moment is a time such as 2026-03-02T09:00:00Z; null and the empty text are none.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(b []byte) error {
	text, err := unquoted(b)
	if err != nil || text == "" || text == "null" {
		return err
	}
	if m.Time, err = time.Parse(time.RFC3339, text); err != nil {
		return entente.Errorf(entente.Invalid, "%q is no time such as 2026-03-02T09:00:00Z", text)
	}
	return nil
}

// words are names: a list of them, or one text with commas or + in between, or
// a number that stands for itself.
type words []string

func (w *words) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("[")) {
		var all []string
		if err := json.Unmarshal(b, &all); err != nil {
			return err
		}
		*w = all
		return nil
	}
	text, err := unquoted(b)
	if err != nil || text == "null" {
		return err
	}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '+' || r == ' ' }) {
		*w = append(*w, part)
	}
	return nil
}

// An item is named by a text or number of one's own making, or by both that and
// the day of an occurrence.
type item struct {
	Name string
	Day  int32
}

func (i *item) UnmarshalJSON(b []byte) error {
	if !bytes.HasPrefix(b, []byte("{")) {
		var err error
		i.Name, err = unquoted(b)
		return err
	}
	var o struct {
		Content json.RawMessage `json:"content"`
		Day     json.RawMessage `json:"day"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return err
	}
	name, err := unquoted(o.Content)
	if err != nil {
		return err
	}
	i.Name = name
	day, err := unquoted(o.Day)
	if err != nil || day == "" || day == "null" || day == "0" {
		return err
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(day, "-", ""), 10, 32)
	if err != nil || n < 1_01_01 || n > 9999_12_31 {
		return entente.Errorf(entente.Invalid, "%q is no day such as 2026-03-02", day)
	}
	i.Day = int32(n)
	return nil
}

// unquoted returns what a text says, and of anything else but a list or object
// how it is written.
func unquoted(b []byte) (string, error) {
	if len(b) == 0 {
		return "", nil
	}
	switch b[0] {
	case '"':
		var s string
		err := json.Unmarshal(b, &s)
		return s, err
	case '[', '{':
		return "", entente.Errorf(entente.Invalid, "a text is expected, not %.20s", b)
	}
	return string(b), nil
}
