package invitation

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"entente"
)

func sample() *Message {
	return &Message{
		DataType: Calendar, Name: `Anna "A" <Adler>`, Mail: "anna@contoso.example", EntryID: "00ff", Title: "Anna's calendar & more",
		Providers: []Provider{
			{Type: Internal, Recipients: []entente.SMTPAddress{"ben@contoso.example"}, FolderID: "00aa", MailboxID: "00bb"},
			{Type: External, Recipients: []entente.SMTPAddress{"dana@fabrikam.example", "dan@fabrikam.example"}, Encrypted: []Encrypted{
				{Token: []byte(`<x:EncryptedData xmlns:x="urn:x" Id="a"><x:CipherValue>AA==</x:CipherValue></x:EncryptedData>`), Data: []byte(`<x:EncryptedData xmlns:x="urn:x"/>`)},
			}},
			{Type: Publish, BrowseURL: "https://contoso.example/x.html", ICalURL: "https://contoso.example/x.ics"},
		},
	}
}

func TestMessage(t *testing.T) {
	m := sample()
	got, err := ReadMessage(m.Append(nil))
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("%v\n%+v\n%+v", err, got, m)
	}
	if p := got.Provider(Internal, "ben@contoso.example"); p == nil || p.FolderID != "00aa" {
		t.Errorf("%v", p)
	}
	if p := got.Provider(Internal, "dana@fabrikam.example"); p != nil {
		t.Errorf("an invitation is for somebody else too: %v", p)
	}
	if p := got.Provider(Publish, "dana@fabrikam.example"); p == nil {
		t.Error("what names nobody is for all")
	}
}

// TestMessageOfOthers reads the form in which other programs write it.
func TestMessageOfOthers(t *testing.T) {
	const others = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>
<SharingMessage xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns="http://schemas.microsoft.com/sharing/2008">
  <DataType>calendar</DataType>
  <Initiator><Name>Anna</Name><SmtpAddress>Anna@contoso.example</SmtpAddress><EntryId>0000</EntryId></Initiator>
  <Invitation>
    <Providers>
      <Provider Type="ms-exchange-internal" TargetRecipients="Ben@contoso.example; Carla@contoso.example">
        <FolderId xmlns="http://schemas.microsoft.com/exchange/sharing/2008">00AA</FolderId>
        <MailboxId xmlns="http://schemas.microsoft.com/exchange/sharing/2008">00BB</MailboxId>
        <Later xmlns="http://schemas.microsoft.com/exchange/sharing/2008"><More/></Later>
      </Provider>
    </Providers>
  </Invitation>
  <AcceptOf/>
</SharingMessage>`
	m, err := ReadMessage([]byte(others))
	if err != nil || m.Mail != "anna@contoso.example" || m.Provider(Internal, "carla@contoso.example").FolderID != "00AA" {
		t.Errorf("%v %+v", err, m)
	}
}

func TestRefusedMessages(t *testing.T) {
	good := string(sample().Append(nil))
	test := func(name, from, to string) {
		t.Helper()
		bad := strings.Replace(good, from, to, 1)
		if bad == good && from != "" {
			t.Fatalf("%s changes nothing", name)
		}
		if m, err := ReadMessage([]byte(bad)); err == nil {
			t.Errorf("%s is read: %+v", name, m)
		}
	}
	test("another root", "SharingMessage", "SharedMessage")
	test("another namespace", Space, "urn:x")
	test("a document type", "<SharingMessage", `<!DOCTYPE x [<!ENTITY a "b">]><SharingMessage`)
	test("no initiator", "<SmtpAddress>anna@contoso.example</SmtpAddress>", "")
	test("an initiator without a domain", "anna@contoso.example", "anna")
	test("no data type", "<DataType>calendar</DataType>", "")
	test("recipients that are none", "ben@contoso.example", "ben")
	test("too many recipients", "ben@contoso.example", strings.Repeat("a@b.example;", maxRecipients+1))
	test("too many providers", `<Provider Type="ms-exchange-internal"`, strings.Repeat(`<Provider Type="x"/>`, maxProviders+1)+`<Provider Type="ms-exchange-internal"`)
	test("too deep", "<DataType>", strings.Repeat("<a>", 40)+strings.Repeat("</a>", 40)+"<DataType>")
	test("too long", "<DataType>", "<Long>"+strings.Repeat("x", MaxBytes)+"</Long><DataType>")
	test("something behind it", "</SharingMessage>", "</SharingMessage><x/>")
	test("cut short", "</SharingMessage>", "")
	if _, err := ReadMessage(nil); err == nil {
		t.Error("nothing is read")
	}
}

func TestFolder(t *testing.T) {
	f := &Folder{Calendar, "FYDIBOHF25SPDLT.contoso.example", "AAMk=", "anna@contoso.example", []entente.SMTPAddress{"dana@fabrikam.example"}}
	b := f.Append(nil)
	got, err := ReadFolder(b)
	if err != nil || !reflect.DeepEqual(got, f) {
		t.Errorf("%v %+v", err, got)
	}
	for _, part := range []string{"AAMk=", "anna@contoso.example", "dana@fabrikam.example", "FYDIBOHF25SPDLT.contoso.example", SpaceExchange} {
		if _, err := ReadFolder(bytes.Replace(b, []byte(part), nil, 1)); err == nil {
			t.Errorf("read without %s", part)
		}
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add(sample().Append(nil))
	f.Add([]byte(`<SharingMessage xmlns="` + Space + `"><DataType>contacts</DataType><Initiator><SmtpAddress>a@b.example</SmtpAddress></Initiator><Invitation><Providers><Provider Type="x"/></Providers></Invitation></SharingMessage>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadMessage(b)
		if err != nil {
			return
		}
		for i := range m.Providers {
			// What is encrypted names its namespaces itself or is not understood later.
			m.Providers[i].Encrypted = nil
		}
		again, err := ReadMessage(m.Append(nil))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%v\n%+v\n%+v", err, again, m)
		}
	})
}

func FuzzReadFolder(f *testing.F) {
	f.Add((&Folder{Calendar, "u", "i", "a@b.example", []entente.SMTPAddress{"c@d.example"}}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ReadFolder(b)
		if err != nil {
			return
		}
		if again, err := ReadFolder(x.Append(nil)); err != nil || !reflect.DeepEqual(again, x) {
			t.Errorf("%v\n%+v\n%+v", err, again, x)
		}
	})
}
