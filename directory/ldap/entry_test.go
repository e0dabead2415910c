package ldap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/directory"
)

func example(set ...string) *goldap.Entry {
	e := person(0)
	e.DN = "<GUID=x>;<SID=S-1-5-21-1-2-3-2000>;CN=p0000,DC=entente,DC=test"
	for i := 0; i+1 < len(set); i += 2 {
		found := false
		for _, a := range e.Attributes {
			if a.Name == set[i] {
				a.Values, found = strings.Split(set[i+1], "|"), true
			}
		}
		if !found {
			e.Attributes = append(e.Attributes, goldap.NewEntryAttribute(set[i], strings.Split(set[i+1], "|")))
		}
	}
	return e
}

// TestConvert is a table of what an entry has and what is made of it.
func TestConvert(t *testing.T) {
	test := func(exchange bool, attr, want, note string, set ...string) {
		t.Helper()
		d := domain{name: "entente.test", sid: "S-1-5-21-1-2-3", exchange: exchange}
		o, err := d.convert(example(set...))
		if err != nil {
			t.Errorf("%v: %v", set, err)
			return
		}
		if got := strings.Join(o.entry.Attributes[attr], "|"); got != want {
			t.Errorf("%v: %s is %q, want %q", set, attr, got, want)
		}
		if !strings.Contains(o.note, note) || note == "" && o.note != "" {
			t.Errorf("%v: noted %q, want %q", set, o.note, note)
		}
	}
	test(false, "displayname", "p0000", "")
	test(false, "displayname", "Anna Berg", "", "displayName", " Anna\x00Berg\n")
	test(false, "displayname", strings.Repeat("ä", 128), "shortened: displayName", "displayName", strings.Repeat("ä", 300))
	test(false, "displayname", "Anna", "", "displayName", "", "name", "Anna")
	test(false, "title", "", "")
	test(false, "title", "a b", "", "title", "a\xffb")
	test(false, "userprincipalname", "p0000@entente.test", "")
	test(false, "userprincipalname", "p0000@entente.test", "", "userPrincipalName", "")
	test(false, "userprincipalname", "p0000@entente.test", "userPrincipalName", "userPrincipalName", "two@at@signs")
	test(false, "samaccountname", "p0000", "")
	test(false, "mail", "", "", "mail", "")
	test(false, "mail", "", "mail", "mail", "none")
	test(false, "mail", "A.Berg@contoso.example", "", "mail", "A.Berg@contoso.example")
	test(false, "proxyaddresses", "", "")
	test(false, "proxyaddresses", "SMTP:a@b.example|smtp:c@d.example", "", "proxyAddresses", "SMTP:a@b.example|X400:c=DE|smtp:c@d.example|SIP:a@b.example|plain")
	test(false, "proxyaddresses", "smtp:c@d.example", "proxyAddresses", "proxyAddresses", "SMTP:not one|smtp:c@d.example")
	test(false, "enabled", "true", "")
	test(false, "enabled", "false", "", "userAccountControl", "66050")
	test(false, "altsecurityidentities", "", "")
	test(false, "altsecurityidentities", "X509:<I>CN=CA<SR>65|X509:<SKI>ab", "", "altSecurityIdentities", "X509:<I>CN=CA<SR>65|X509:<SKI>ab")
	test(false, "altsecurityidentities", "X509:<SKI>ab", "altSecurityIdentities", "altSecurityIdentities", "\xff|X509:<SKI>ab|"+strings.Repeat("x", 5000))
	// Whether bytes are a picture or a certificate, the import says.
	test(false, "thumbnailphoto", "", "")
	test(false, "thumbnailphoto", "\xff\xd8\xff\x00", "", "thumbnailPhoto", "\xff\xd8\xff\x00")
	test(false, "thumbnailphoto", "", "thumbnailPhoto", "thumbnailPhoto", strings.Repeat("x", directory.MaxPhoto+1))
	test(false, "usercertificate", "\x30\x01", "userCertificate", "userCertificate", "\x30\x01|"+strings.Repeat("x", maxCertificate+1))
	test(false, "usersmimecertificate", "a|b", "", "userSMIMECertificate", "a|b")
	test(false, "objectclass", "computer", "", "objectClass", "user|computer")
	// What is not in the schema is not said anything about.
	for _, attr := range [...]string{"kind", "extensionattribute1", "mailnickname", "msexchhidefromaddresslists", "msexchmasteraccountsid"} {
		test(false, attr, "", "", "msExchRecipientTypeDetails", "16", "extensionAttribute1", "x")
	}
	test(true, "kind", "user", "")
	test(true, "kind", "room", "", "msExchRecipientTypeDetails", "16")
	test(true, "kind", "room", "", "msExchRecipientTypeDetails", "8589934592")
	test(true, "kind", "room", "", "msExchResourceMetaData", "ResourceType:Room")
	test(true, "kind", "equipment", "", "msExchRecipientTypeDetails", "32")
	test(true, "kind", "shared", "", "msExchRecipientTypeDetails", "4")
	test(true, "kind", "user", "", "msExchRecipientTypeDetails", "2147483648")
	test(true, "extensionattribute7", "x", "", "extensionAttribute7", "x")
	test(true, "msexchmasteraccountsid", "S-1-5-10", "")
	test(true, "msexchmasteraccountsid", "S-1-5-21-1-2-3-7", "", "msExchMasterAccountSid", binarySID(7))
	test(true, "msexchmasteraccountsid", "S-1-5-10", "msExchMasterAccountSid", "msExchMasterAccountSid", "x")
	test(true, "resourcecapacity", "12", "", "msExchResourceCapacity", "12")
	test(true, "resourcecapacity", "", "", "msExchResourceCapacity", "many")

	for _, set := range [...][]string{{"objectGUID", "x"}, {"objectGUID", strings.Repeat("\x00", 16)}, {"objectSid", "x"}, {"uSNChanged", ""}, {"userAccountControl", "x"}} {
		if _, err := (&domain{sid: "S-1-5-21-1-2-3"}).convert(example(set...)); err == nil {
			t.Errorf("%q is taken", set)
		}
	}
	for _, sid := range [...]entente.SID{"S-1-5-21-1-2", "S-1-5-21-1-2-3-4", "S-1-5-21-1-2-33", "S-1-5-32", ""} {
		if o, err := (&domain{sid: sid}).convert(example()); err == nil || o == nil || o.sid != "" {
			t.Errorf("an account of another domain than %q is taken: %+v", sid, o)
		}
	}
}

// TestNames reads GUIDs, SIDs and names that come with them.
func TestNames(t *testing.T) {
	g := directory.GUID([]byte("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x2a"))
	if got := guidFilter(g); got != `(objectGUID=\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f\2a)` {
		t.Error(got)
	}
	if _, err := goldap.CompileFilter(guidFilter(g)); err != nil {
		t.Error(err)
	}
	test := func(s, sid, dn string) {
		t.Helper()
		if n := parseName(s); string(n.sid) != sid || n.dn != dn {
			t.Errorf("%q: %+v", s, n)
		}
	}
	test("CN=a", "", "CN=a")
	test("<GUID=01>;<SID=S-1-5-21-1-2-3-7>;CN=a", "S-1-5-21-1-2-3-7", "CN=a")
	test("<GUID=01>;CN=a", "", "CN=a")
	test("<SID=010500000000000515000000010000000200000003000000d0070000>;CN=a", "S-1-5-21-1-2-3-2000", "CN=a")
	test("<SID=S-1-x>;CN=a", "", "CN=a")
	test("<SID=S-1-5", "", "<SID=S-1-5")
	test("<>", "", "")
	test("", "", "")
	if got := dnsOf("OU=x,DC=Contoso, dc=Example"); got != "contoso.example" {
		t.Error(got)
	}
	if err := CheckFilter("(department=Sales)"); err != nil {
		t.Error(err)
	}
	for _, f := range [...]string{"department=Sales)", "(", "(a=b)(c=d"} {
		if CheckFilter(f) == nil {
			t.Errorf("%q is a filter", f)
		}
	}
}

// FuzzConvert: whatever a server says of an object, what is made of it is fit to
// be imported.
func FuzzConvert(f *testing.F) {
	seed := func(e *goldap.Entry) { f.Add(entryPacket(e).Bytes(), true) }
	seed(example())
	seed(example("mail", "a@b.example", "proxyAddresses", "SMTP:a@b.example|smtp:c@d.example", "altSecurityIdentities", "X509:<SKI>ab"))
	seed(example("objectClass", "group", "groupType", "-2147483646", "member;range=0-1", member(7)+"|"+member(8), "msExchRecipientTypeDetails", "268435456"))
	seed(example("msExchMasterAccountSid", binarySID(7), "msExchResourceMetaData", "ResourceType:Room", "title", "\xff\x00"))
	f.Fuzz(func(t *testing.T, b []byte, exchange bool) {
		e := decodeEntry(b)
		if e == nil {
			return
		}
		d := domain{name: "entente.test", sid: "S-1-5-21-1-2-3", exchange: exchange}
		o, err := d.convert(e)
		if o == nil {
			if err == nil {
				t.Fatal("nothing, and no reason")
			}
			return
		}
		if of, _, _ := domainOf(o.sid); o.guid == (directory.GUID{}) || of != d.sid && (err == nil || o.sid != "") {
			t.Fatalf("no identity of the domain's: %+v", o)
		}
		for name, values := range o.entry.Attributes {
			if len(values) == 0 {
				t.Fatalf("%s has no value", name)
			}
			for _, v := range values {
				if len(v) > maxValue || name != "objectguid" && name != "userprincipalname" && name != "samaccountname" && name != "grouptype" && name != "msexchhidefromaddresslists" && !utf8.ValidString(v) {
					t.Fatalf("%s is %q", name, v)
				}
			}
		}
		if len(o.entry.Members) > maxMembers || len(o.note) > 256 {
			t.Fatalf("%d members, note %q", len(o.entry.Members), o.note)
		}
	})
}

// decodeEntry reads a search result entry as the client does.
func decodeEntry(b []byte) *goldap.Entry {
	elements := 0
	if check(b, 0, &elements) != nil {
		return nil
	}
	p, err := ber.DecodePacketErr(b)
	if err != nil || len(p.Children) != 2 {
		return nil
	}
	dn, _ := p.Children[0].Value.(string)
	e := &goldap.Entry{DN: dn}
	for _, a := range p.Children[1].Children {
		if len(a.Children) != 2 {
			return nil
		}
		name, _ := a.Children[0].Value.(string)
		one := &goldap.EntryAttribute{Name: name}
		for _, v := range a.Children[1].Children {
			s, _ := v.Value.(string)
			one.Values = append(one.Values, s)
		}
		e.Attributes = append(e.Attributes, one)
	}
	return e
}

// FuzzMessage: what is taken for a message is one, whole, within the limits; the
// decoder behind takes it or says what is wrong.
func FuzzMessage(f *testing.F) {
	f.Add(message(1, entryPacket(example())))
	f.Add(message(1, result(goldap.ApplicationSearchResultDone, 0, "")))
	f.Add([]byte("\x30\x84\xff\xff\xff\xff\x02\x01\x01"))
	f.Add([]byte("\x30\x80\x02\x01\x01\x00\x00"))
	f.Add([]byte(nested(maxDepth - 1)))
	f.Add([]byte(startTLSRequest))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bytes.NewReader(b)
		m, err := readMessage(in)
		if err != nil {
			return
		}
		if !bytes.Equal(m, b[:len(b)-in.Len()]) {
			t.Fatalf("%x was read of %x", m, b)
		}
		p, err := ber.DecodePacketErr(m)
		if err == nil && p.Tag != ber.TagSequence {
			t.Fatalf("a %v", p.Tag)
		}
	})
}

// TestStartTLSRequest holds the bytes against an encoder.
func TestStartTLSRequest(t *testing.T) {
	p, err := ber.DecodePacketErr([]byte(startTLSRequest))
	if err != nil || len(p.Children) != 2 || p.Children[1].Tag != goldap.ApplicationExtendedRequest ||
		fmt.Sprint(p.Children[0].Value) != "1" || p.Children[1].Children[0].Data.String() != "1.3.6.1.4.1.1466.20037" {
		t.Errorf("%v %v", p, err)
	}
}
