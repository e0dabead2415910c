package wbxml

import (
	"encoding/base64"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Debian's libwbxml (wbxml2xml, xml2wbxml) referees. It knows the pages up to 24,
// spells some elements in its own way, and writes bytes as base64.

// spelled are the names that libwbxml has for elements whose names it made up.
var spelled = map[string]string{
	"Contacts:AssistantPhoneNumber": "AssistantTelephoneNumber",
	"Tasks:UtcDueDate":              "UTCDueDate", "Tasks:UtcStartDate": "UTCStartDate",
	"Email:Att0Id": "AttOId", "Email:ReplyTo": "Reply-To", "Email:DtStamp": "DTStamp", "Email:Status": "FlagStatus",
	"Calendar:Timezone": "TimeZone", "Calendar:Email": "Attendee_Email", "Calendar:Name": "Attendee_Name",
	"Calendar:CompressedRTF": "Compressed_RTF", "Calendar:DtStamp": "DTStamp", "Calendar:Deleted": "Exception_Deleted",
	"Calendar:ExceptionStartTime": "Exception_StartTime", "Calendar:OrganizerEmail": "Organizer_Email",
	"Calendar:OrganizerName": "Organizer_Name", "Calendar:AttendeeStatus": "Attendee_Status", "Calendar:AttendeeType": "Attendee_Type",
	"Provision:RequireStorageCardEncryption":            "DeviceEncryptionEnabled",
	"Settings:SMTPAddress":                              "SmtpAddress",
	"Settings:RightsManagementInformation":              "ihsManagementInformation",
	"ComposeMail:Mime":                                  "MIME",
	"RightsManagement:Owner":                            "RMOwner",
	"RightsManagement:RemoveRightsManagementProtection": "RemoveRightsManagementDistribution",
}

// unknown are the elements that libwbxml 0.11.8 has not.
func unknown(t Tag) bool {
	return t.Page() == MeetingResponseProposedStartTime.Page() && t >= MeetingResponseProposedStartTime ||
		t == ProvisionAccountOnlyRemoteWipe || t.Page() == FindFind.Page()
}

// theirs returns how libwbxml names an element.
func theirs(t Tag) (space, name string) {
	space, name = t.Namespace(), t.Name()
	if own, ok := spelled[t.String()]; ok {
		return space, own
	}
	switch space {
	case "GAL":
		return "Gal", name
	case "Email", "Calendar", "Tasks":
		for _, part := range []string{
			"Type", "Start", "Until", "Occurrences", "Interval", "DayOfWeek", "DayOfMonth",
			"WeekOfMonth", "MonthOfYear", "Regenerate", "DeadOccur",
		} {
			if name == part {
				return space, "Recurrence_" + name
			}
		}
	case "Contacts":
		for _, where := range []string{"Business", "Home", "Other"} {
			if rest, ok := strings.CutPrefix(name, where+"Address"); ok {
				return space, where + rest
			}
		}
	}
	return space, name
}

// asBytes reports whether libwbxml takes an element's content for bytes.
func asBytes(t Tag) bool {
	switch t {
	case ResolveRecipientsData, SearchConversationId, GALData, AirSyncBaseContent, ItemOperationsConversationId,
		ComposeMailMime, Email2ConversationId, Email2ConversationIndex:
		return true
	}
	return false
}

// theirTree is a tree as libwbxml shows it.
func theirTree(e *Element) *node {
	// Readers of XML make a line end of CR LF.
	n := &node{text: strings.ReplaceAll(string(e.Content), "\r\n", "\n")}
	n.space, n.name = theirs(e.Tag)
	if unknown(e.Tag) {
		n.name = "unknown"
	}
	if asBytes(e.Tag) {
		n.text = base64.StdEncoding.EncodeToString(e.Content)
	}
	for c := range e.Children() {
		n.children = append(n.children, theirTree(c))
	}
	return n
}

// needLibwbxml skips where libwbxml's tools are not installed; not in CI, which
// installs them.
func needLibwbxml(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"wbxml2xml", "xml2wbxml"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip("Debian's libwbxml2-utils is not installed:", err)
		}
	}
}

// generated is a document that has every tag that libwbxml knows, nested by
// chance: elements with children, with text, with nothing.
func generated(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	w := NewWriter(nil)
	w.Start(AirSyncSync)
	open := 1
	for t := range allTags() {
		if unknown(t) {
			continue
		}
		for open > 1 && r.IntN(4) == 0 {
			w.End()
			open--
		}
		switch k := r.IntN(10); {
		case k < 3 && open < 30 && !asBytes(t):
			w.Start(t)
			open++
		case k < 4:
			w.Empty(t)
		case asBytes(t):
			w.Opaque(t, []byte{0, byte(r.Uint32()), 0xFF, byte(r.Uint32())})
		case k < 6:
			w.Text(t, "ünïcödé <&> ]]> \"' 日本語 \U0001F600")
		default:
			w.Text(t, t.String())
		}
	}
	for range open {
		w.End()
	}
	return w.Bytes()
}

func TestLibwbxml(t *testing.T) {
	needLibwbxml(t)
	for seed := range uint64(20) {
		ours := mustParse(t, generated(seed))
		shown, err := run(write(ours), "wbxml2xml", "-m", "0", "-l", "ACTIVESYNC", "-o", "-", "-")
		if err != nil {
			t.Fatal(err)
		}
		read, err := readXML(shown)
		if err != nil {
			t.Fatalf("%v\n%s", err, shown)
		}
		want := theirTree(ours)
		if d := difference(read, want); d != "" {
			t.Fatalf("seed %d: libwbxml reads %s", seed, d)
		}
		// What libwbxml makes of its XML we read as the same, with a string table and
		// public identifier and without.
		for _, args := range [][]string{{"-n", "-a"}, {}} {
			doc, err := run(shown, "xml2wbxml", append(args, "-o", "-", "-")...)
			if err != nil {
				t.Fatal(err)
			}
			if d := difference(theirTree(mustParse(t, doc)), want); d != "" {
				t.Fatalf("seed %d %v: of libwbxml's we read %s", seed, args, d)
			}
		}
	}
}
