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
	ID              json.RawMessage `json:"id"`
	Comment         string          `json:"comment"`
	Organization    organization    `json:"organization"`
	Servers         []string        `json:"servers"`
	Databases       []string        `json:"databases"`
	Realms          []realm         `json:"realms"`
	Accounts        []account       `json:"accounts"`
	Groups          []group         `json:"groups"`
	Administrators  []string        `json:"administrators"`
	Permissions     []permission    `json:"permissions"`
	Scopes          []scope         `json:"scopes"`
	Policies        []scopePolicy   `json:"policies"`
	Assignments     []assignment    `json:"assignments"`
	ItemGrants      []itemGrant     `json:"item_grants"`
	Relationships   []relationship  `json:"relationships"`
	SharingPolicies []sharingPolicy `json:"sharing_policies"`
	Folders         []folder        `json:"folders"`
	Request         *request        `json:"request"`
	Changes         *bool           `json:"changes"`
}

// policy has the names of Set-OrganizationConfig and Set-CASMailbox.
type policy struct {
	ActiveSyncEnabled          setting  `json:"ActiveSyncEnabled,omitzero"`
	EwsEnabled                 setting  `json:"EwsEnabled,omitzero"`
	EwsAllowOutlook            setting  `json:"EwsAllowOutlook,omitzero"`
	EwsAllowMacOutlook         setting  `json:"EwsAllowMacOutlook,omitzero"`
	EwsAllowEntourage          setting  `json:"EwsAllowEntourage,omitzero"`
	EwsApplicationAccessPolicy string   `json:"EwsApplicationAccessPolicy,omitzero"`
	EwsAllowList               []string `json:"EwsAllowList,omitzero"`
	EwsBlockList               []string `json:"EwsBlockList,omitzero"`
	EwsAllowedAppIDs           []string `json:"EwsAllowedAppIDs,omitzero"`
}

type organization struct {
	policy
	Name       string      `json:"name,omitzero"`
	DomainSID  entente.SID `json:"domain_sid,omitzero"`
	Precedence string      `json:"ews_precedence,omitzero"`
}

type realm struct {
	Name      string      `json:"name,omitzero"`
	DomainSID entente.SID `json:"domain_sid,omitzero"`
}

type account struct {
	policy
	Name          string      `json:"name,omitzero"`
	SID           entente.SID `json:"sid,omitzero"`
	UPN           string      `json:"upn,omitzero"`
	Mail          *string     `json:"mail,omitzero"`
	Proxies       []string    `json:"proxies,omitzero"`
	Master        entente.SID `json:"master,omitzero"`
	Kind          string      `json:"kind,omitzero"`
	Enabled       *bool       `json:"enabled,omitzero"`
	Mailbox       *bool       `json:"mailbox,omitzero"`
	Database      string      `json:"database,omitzero"`
	SharingPolicy string      `json:"sharing_policy,omitzero"`
	Attributes    attributes  `json:"attributes,omitzero"`
}

// attributes are what recipient filters look at, by their names there.
type attributes map[string]string

type group struct {
	Name    string      `json:"name,omitzero"`
	SID     entente.SID `json:"sid,omitzero"`
	Mail    string      `json:"mail,omitzero"`
	Master  entente.SID `json:"master,omitzero"`
	Members []string    `json:"members,omitzero"`
}

type permission struct {
	Mailbox string `json:"mailbox,omitzero"`
	To      string `json:"to,omitzero"`
	Rights  words  `json:"rights,omitzero"`
	Deny    bool   `json:"deny,omitzero"`
}

type scope struct {
	Name      string `json:"name,omitzero"`
	Filter    string `json:"filter,omitzero"`
	Exclusive bool   `json:"exclusive,omitzero"`
}

type scopePolicy struct {
	policy
	Scope    string `json:"scope,omitzero"`
	Priority int    `json:"priority,omitzero"`
}

type assignment struct {
	ID            string `json:"id,omitzero"`
	To            string `json:"to,omitzero"`
	Rights        words  `json:"rights,omitzero"`
	Server        string `json:"server,omitzero"`
	Over          string `json:"over,omitzero"`
	Gate          string `json:"gate,omitzero"`
	AllowDisabled bool   `json:"allow_disabled,omitzero"`
	NotBefore     moment `json:"not_before,omitzero"`
	NotAfter      moment `json:"not_after,omitzero"`
	Enabled       *bool  `json:"enabled,omitzero"`
	Deny          bool   `json:"deny,omitzero"`
}

type itemGrant struct {
	ID        string   `json:"id,omitzero"`
	Mailbox   string   `json:"mailbox,omitzero"`
	To        string   `json:"to,omitzero"`
	External  string   `json:"external,omitzero"`
	Items     []item   `json:"items,omitzero"`
	Label     string   `json:"label,omitzero"`
	Read      words    `json:"read,omitzero"`
	Write     words    `json:"write,omitzero"`
	Earliest  moment   `json:"earliest,omitzero"`
	Latest    moment   `json:"latest,omitzero"`
	Locations []string `json:"locations,omitzero"`
	NotBefore moment   `json:"not_before,omitzero"`
	NotAfter  moment   `json:"not_after,omitzero"`
	Enabled   *bool    `json:"enabled,omitzero"`
}

type folder struct {
	Name    string  `json:"name,omitzero"`
	Mailbox string  `json:"mailbox,omitzero"`
	Class   string  `json:"class,omitzero"`
	Entries []entry `json:"entries,omitzero"`
}

type entry struct {
	To       string `json:"to,omitzero"`
	External string `json:"external,omitzero"`
	Rights   words  `json:"rights,omitzero"`
}

type request struct {
	Caller        string         `json:"caller,omitzero"`
	External      string         `json:"external,omitzero"`
	Token         *token         `json:"token,omitzero"`
	Method        string         `json:"method,omitzero"`
	Realm         string         `json:"realm,omitzero"`
	Groups        []string       `json:"groups,omitzero"`
	ActsAs        string         `json:"acts_as,omitzero"`
	ConnectingSID *connectingSID `json:"connecting_sid,omitzero"`
	Server        string         `json:"server,omitzero"`
	Protocol      *string        `json:"protocol,omitzero"`
	UserAgent     string         `json:"user_agent,omitzero"`
	Application   string         `json:"application_id,omitzero"`
	Mailbox       string         `json:"mailbox,omitzero"`
	Folder        string         `json:"folder,omitzero"`
	Item          *item          `json:"item,omitzero"`
	Right         words          `json:"right,omitzero"`
	Operation     string         `json:"operation,omitzero"`
	Change        *change        `json:"change,omitzero"`
	Time          moment         `json:"time,omitzero"`
}

type connectingSID struct {
	PrincipalName      string `json:"PrincipalName,omitzero"`
	SID                string `json:"SID,omitzero"`
	PrimarySmtpAddress string `json:"PrimarySmtpAddress,omitzero"`
	SmtpAddress        string `json:"SmtpAddress,omitzero"`
}

type change struct {
	Fields   words  `json:"fields,omitzero"`
	Start    moment `json:"start,omitzero"`
	End      moment `json:"end,omitzero"`
	Location string `json:"location,omitzero"`
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
