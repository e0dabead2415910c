package ewsserver

import (
	"strings"
	"testing"

	"entente/ews"
)

func TestMessage(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.create("anna", item(ews.KindMessage,
			ews.FieldSubject, "Re: lunch", ews.FieldImportance, "High", ews.FieldSensitivity, "Private",
			ews.FieldCategories, []string{"Blue", "Green"},
			ews.FieldBody, &ews.Body{BodyType: ews.BodyHTML, Text: "<p>At <b>noon</b>?</p>"},
			ews.FieldToRecipients, []ews.Mailbox{{EmailAddress: address("ben")}, {Name: "Zoe", EmailAddress: "zoe@elsewhere.example"}},
			ews.FieldIsRead, false,
		))[0]
		got := h.get("anna", id, ews.FieldTextBody, ews.FieldPreview)
		if got.Kind != ews.KindMessage {
			t.Errorf("kind %v", got.Kind)
		}
		want := func(f ews.Field, v string) {
			t.Helper()
			x, ok := got.Get(f)
			if s, _ := x.(string); !ok || s != v {
				t.Errorf("%s is %v, want %s", f.Element(), x, v)
			}
		}
		want(ews.FieldSubject, "Re: lunch")
		want(ews.FieldItemClass, "IPM.Note")
		want(ews.FieldImportance, "High")
		want(ews.FieldSensitivity, "Private")
		want(ews.FieldConversationTopic, "lunch")
		want(ews.FieldPreview, "At noon?")
		want(ews.FieldDisplayTo, "Ben Vogel; Zoe")
		if x, _ := got.Get(ews.FieldIsDraft); x != true {
			t.Errorf("a saved message is a draft: %v", x)
		}
		x, _ := got.Get(ews.FieldTextBody)
		if b, ok := x.(*ews.Body); !ok || strings.TrimSpace(b.Text) != "At noon?" {
			t.Errorf("text body %v", x)
		}
		to, _ := got.Get(ews.FieldToRecipients)
		list, _ := to.([]ews.Mailbox)
		if len(list) != 2 || list[0].Name != "Ben Vogel" || list[0].MailboxType != ews.MailboxMailbox || list[1].MailboxType != ews.MailboxOneOff {
			t.Errorf("recipients %v", list)
		}
	})
}
