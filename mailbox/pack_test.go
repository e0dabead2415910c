package mailbox

import (
	"bytes"
	"context"
	"testing"
)

// What is packed is unpacked as it was, with everything in it.
func TestPack(t *testing.T) {
	it := &Item{Class: "IPM.Note", Body: &Body{Text: []byte("text")}, Recipients: []Recipient{{Kind: To, Name: "Ben", Address: "ben@contoso.example"}, {Kind: Bcc, Address: "carla@contoso.example"}}}
	it.Props.SetString(PidTagSubject, "Subject")
	it.Attachments = []Attachment{{Name: "a.txt", Content: []byte("content")}, {Name: "inner", Item: true, Embedded: &Item{Class: "IPM.Note"}}}
	b, err := Pack(context.Background(), it, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Unpack(b)
	if err != nil {
		t.Fatal(err)
	}
	got := p.Item
	if got.Class != it.Class || string(got.Body.Text) != "text" || len(got.Recipients) != 2 || got.Recipients[1].Kind != Bcc || got.Props.String(PidTagSubject) != "Subject" ||
		len(got.Attachments) != 2 || !bytes.Equal(got.Attachments[0].Content, []byte("content")) || got.Attachments[1].Embedded == nil || p.Named() {
		t.Errorf("%+v", got)
	}
}

func FuzzUnpack(f *testing.F) {
	b, err := Pack(context.Background(), &Item{Class: "IPM.Note", Body: &Body{Text: []byte("x")}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{packVersion, 2, '[', ']'})
	f.Add([]byte{packVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Unpack(b)
		if err == nil && p.Item == nil {
			t.Error("no item and no error")
		}
	})
}
