package delivery

import (
	"testing"
	"time"

	"entente/mailbox"
)

// TestWord: a word of the server's own says what it is, so that no automatic
// answer comes, and a subject cannot say more than itself.
func TestWord(t *testing.T) {
	w := Word{From: "entente@contoso.example", To: "anna@contoso.example", Subject: "A domain\r\nBcc: mallory@fabrikam.example", Text: "is suspended"}
	it, err := w.item(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if !Automatic(it) {
		t.Error("it would be answered automatically")
	}
	if len(it.Recipients) != 1 || it.Recipients[0].Address != "anna@contoso.example" {
		t.Errorf("goes to %+v", it.Recipients)
	}
	if s := it.Props.String(mailbox.PidTagSubject); s != "A domain  Bcc: mallory@fabrikam.example" {
		t.Errorf("subject %q", s)
	}
}
