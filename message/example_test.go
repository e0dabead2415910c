package message_test

import (
	"fmt"
	"time"

	"entente/message"
)

func Example() {
	raw, err := message.Compose(message.Draft{
		From:      []message.Address{{Name: "Änna Ek", SMTP: "anna@contoso.example"}},
		To:        []message.Address{{SMTP: "bo@contoso.example"}},
		Subject:   "Lunch?",
		Date:      time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC),
		MessageID: "<1@contoso.example>",
		HTMLBody:  "<p>At <b>noon</b>, as always.</p>",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := message.Parse(raw, message.DefaultLimits())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.From[0], "-", m.Subject)
	fmt.Println(message.PreviewHTML(m.HTMLBody, 255))
	// Output:
	// Änna Ek <anna@contoso.example> - Lunch?
	// At noon, as always.
}
