package activesync

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func headers(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// TestRequestLine reads lines as clients write them. The base64 one of a smart
// phone is the example of [MS-ASHTTP] 2.2.1.1.1.1.
func TestRequestLine(t *testing.T) {
	test := func(query string, header func(string) string, want RequestLine) {
		t.Helper()
		if got, err := ParseRequestLine(query, header); err != nil || got != want {
			t.Errorf("%s: %+v, %v", query, got, err)
		}
	}
	test("jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", headers(),
		RequestLine{Version: V140, Command: Sync, Locale: 0x0409, DeviceID: "v140Device", DeviceType: "SmartPhone"})
	test("Cmd=Sync&User=rmjones&DeviceId=v140Device&DeviceType=SmartPhone", headers(HeaderVersion, "14.0", HeaderPolicyKey, "3995757567"),
		RequestLine{Version: V140, Command: Sync, User: "rmjones", DeviceID: "v140Device", DeviceType: "SmartPhone", PolicyKey: 3995757567})
	test("User=CONTOSO%5Canna&DeviceId=A1&DeviceType=iPhone&cmd=SmartReply&CollectionId=5&ItemId=5%3A7&SaveInSent=T", headers(HeaderVersion, "12.1", HeaderMultiPart, "T"),
		RequestLine{Version: V121, Command: SmartReply, User: `CONTOSO\anna`, DeviceID: "A1", DeviceType: "iPhone", CollectionID: "5", ItemID: "5:7", SaveInSent: true, AcceptMultiPart: true})
	// A key that is no number is none.
	test("Cmd=Sync&DeviceId=1&DeviceType=p", headers(HeaderVersion, "16.1", HeaderPolicyKey, "never"),
		RequestLine{Version: V161, Command: Sync, DeviceID: "1", DeviceType: "p"})
	// A GUID in its bytes, escaped filling, and options.
	raw := "\xa1\x13\x07\x04\x10\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\xff\x04\x78\x56\x34\x12\x01p\x07\x01\x03\x08\x04anna\x63\x01x"
	test(strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(raw)), "=", "%3D"), headers(),
		RequestLine{
			Version: V161, Command: ItemOperations, User: "anna", DeviceID: "000102030405060708090A0B0C0D0EFF", DeviceType: "p",
			PolicyKey: 0x12345678, Locale: 0x0407, SaveInSent: true, AcceptMultiPart: true,
		})
}

// TestRequestLineRefused: every line that is not one, with the status that the
// client is told.
func TestRequestLineRefused(t *testing.T) {
	packed := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	v161 := headers(HeaderVersion, "16.1")
	for _, test := range []struct {
		query  string
		header func(string) string
		want   Status
	}{
		{"Cmd=Sync&DeviceId=1&DeviceType=p", headers(), InvalidContent},
		{"Cmd=Sync&DeviceId=1&DeviceType=p", headers(HeaderVersion, "2.5"), VersionNotSupported},
		{"Cmd=Sync&DeviceId=1&DeviceType=p", headers(HeaderVersion, strings.Repeat("9", 1000)), VersionNotSupported},
		{"DeviceId=1&DeviceType=p", v161, InvalidContent},
		{"", v161, InvalidContent},
		{"Cmd=Nothing&DeviceId=1&DeviceType=p", v161, CommandNotSupported},
		{"Cmd=Sync&DeviceType=p", v161, DeviceIDMissingOrInvalid},
		{"Cmd=Sync&DeviceId=&DeviceType=p", v161, DeviceIDMissingOrInvalid},
		{"Cmd=Sync&DeviceId=" + strings.Repeat("1", 33) + "&DeviceType=p", v161, DeviceIDMissingOrInvalid},
		{"Cmd=Sync&DeviceId=a-b&DeviceType=p", v161, DeviceIDMissingOrInvalid},
		{"Cmd=Sync&DeviceId=..%2F..&DeviceType=p", v161, DeviceIDMissingOrInvalid},
		{"Cmd=Sync&DeviceId=1", v161, DeviceTypeMissingOrInvalid},
		{"Cmd=Sync&DeviceId=1&DeviceType=a%0Ab", v161, DeviceTypeMissingOrInvalid},
		{"Cmd=Sync&DeviceId=1&DeviceType=" + strings.Repeat("p", 65), v161, DeviceTypeMissingOrInvalid},
		{"Cmd=Sync&DeviceId=1&DeviceType=p&User=a%00b", v161, InvalidContent},
		{"Cmd=Sync&DeviceId=1&DeviceType=p&User=%FF", v161, InvalidContent},
		{"Cmd=Sync&DeviceId=1&DeviceType=p&LongId=" + strings.Repeat("x", 1025), v161, InvalidContent},
		{"Cmd=Sync&DeviceId=1&DeviceType=p&DeviceId=2", v161, InvalidCombinationOfIDs},
		{"Cmd=Sync&DeviceId=1&DeviceType=p&cmd=Ping", v161, InvalidCombinationOfIDs},
		{"Cmd=%zz", v161, InvalidContent},
		{strings.Repeat("a", 5000), v161, InvalidContent},
		{packed("\x19\x00\x00\x00\x01A\x00\x01p"), headers(), VersionNotSupported},
		{packed("\xa1\x07\x00\x00\x01A\x00\x01p"), headers(), CommandNotSupported},
		{packed("\xa1\xff\x00\x00\x01A\x00\x01p"), headers(), CommandNotSupported},
		{packed("\xa1\x00"), headers(), InvalidContent},
		{packed("\xa1\x00\x00\x00\xffA\x00\x01p"), headers(), InvalidContent},
		{packed("\xa1\x00\x00\x00\x01A\x03abc\x01p"), headers(), InvalidContent},
		{packed("\xa1\x00\x00\x00\x00\x00\x01p"), headers(), DeviceIDMissingOrInvalid},
		{packed("\xa1\x00\x00\x00\x12012345678901234-67\x00\x01p"), headers(), DeviceIDMissingOrInvalid},
		{packed("\xa1\x00\x00\x00\x01A\x00\x00"), headers(), DeviceTypeMissingOrInvalid},
		{packed("\xa1\x00\x00\x00\x01A\x00\x01p\x07"), headers(), InvalidContent},
		{packed("\xa1\x00\x00\x00\x01A\x00\x01p\x07\x02ab"), headers(), InvalidContent},
		{packed("\xa1\x00\x00\x00\x01A\x00\x01p\x08\x01a\x08\x01b"), headers(), InvalidCombinationOfIDs},
	} {
		_, err := ParseRequestLine(test.query, test.header)
		var e *LineError
		if !errors.As(err, &e) || e.Status != test.want {
			t.Errorf("%.60q: %v, want status %d", test.query, err, test.want)
		}
	}
}

func TestCommandOf(t *testing.T) {
	for query, want := range map[string]Command{
		"Cmd=Ping&User=anna": Ping, "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l": Sync, "User=a&CMD=FolderSync": FolderSync,
		"Cmd=Sync&Cmd=Ping": "", "Cmd=Nothing": "", "": "", "Cmd=": "", "kQc=": "", strings.Repeat("A", 5000): "",
	} {
		if got := CommandOf(query); got != want {
			t.Errorf("%.40q: %q, want %q", query, got, want)
		}
	}
}

// FuzzRequestLine: whatever is read is within the limits and, written in either
// form, is read as the same again.
func FuzzRequestLine(f *testing.F) {
	f.Add("jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", "14.0", "1")
	f.Add("Cmd=SmartReply&User=anna&DeviceId=1&DeviceType=p&CollectionId=5&ItemId=5%3A7&SaveInSent=T", "16.1", "")
	f.Add("oRMHBBAAAQIDBAUGBwgJCgsMDQ7/BHhWNBIBcAcBAwgEYW5uYQ==", "", "")
	f.Add("Cmd=Sync&DeviceId=&DeviceType=p", "12.1", "99999999999")
	f.Add("Cmd=GetAttachment&AttachmentName=5%3A7%3A1&DeviceId=1&DeviceType=p", "14.1", "7")
	f.Fuzz(func(t *testing.T, query, version, key string) {
		l, err := ParseRequestLine(query, headers(HeaderVersion, version, HeaderPolicyKey, key))
		if err != nil {
			var e *LineError
			if !errors.As(err, &e) || len(e.Text) > 300 {
				t.Fatalf("%v", err)
			}
			return
		}
		if len(l.DeviceID) > maxDeviceID || CommandOf(query) != l.Command {
			t.Fatalf("%q is read as %+v, and its command as %q", query, l, CommandOf(query))
		}
		set := map[string]string{}
		l.Header(func(name, value string) { set[name] = value })
		again, err := ParseRequestLine(l.Plain(), func(name string) string { return set[name] })
		again.Locale = l.Locale // which the plain form has no place for
		if err != nil || again != l {
			t.Fatalf("%q: plain %+v, %v, want %+v", query, again, err, l)
		}
		packed, ok := l.Packed()
		if !ok {
			return
		}
		if again, err = ParseRequestLine(packed, headers()); err != nil || again != l {
			t.Fatalf("%q: packed %+v, %v, want %+v", query, again, err, l)
		}
	})
}
