package ewsserver

import (
	"bytes"
	"strings"
	"testing"
)

// An id names the node that made it, whatever is done to it no other.
func TestSubscriptionIDs(t *testing.T) {
	random := bytes.Repeat([]byte{7}, subscriptionRandom)
	for _, node := range []string{"a", "mail.contoso.example", strings.Repeat("n", 255)} {
		if got := nodeOfSubscription(subscriptionID(node, random)); got != node {
			t.Errorf("%q is of %q", node, got)
		}
	}
	for _, node := range []string{"", "a b", "\xff", "a\x00", strings.Repeat("n", 256)} {
		if got := nodeOfSubscription(subscriptionID(node, random)); got != "" {
			t.Errorf("%.10q is of %q", node, got)
		}
	}
}

func FuzzSubscriptionID(f *testing.F) {
	f.Add(subscriptionID("mail.contoso.example", make([]byte, subscriptionRandom)))
	f.Add("AgE=")
	f.Add("")
	f.Fuzz(func(t *testing.T, id string) {
		if node := nodeOfSubscription(id); len(node) > 255 {
			t.Errorf("%q", node)
		}
	})
}

// Answers are taken apart as they were written, and nothing else is.
func TestParts(t *testing.T) {
	test := func(raw string, parts int, want ...string) {
		t.Helper()
		p := &part{}
		ok := p.read([]byte(raw), messagesBegin, messagesEnd, parts)
		if ok != (len(want) > 0) {
			t.Errorf("%s: %v", raw, ok)
			return
		}
		for i := range want {
			if string(p.messages[i]) != want[i] {
				t.Errorf("%s: %s", raw, p.messages[i])
			}
		}
	}
	const one, two = `<m:XResponseMessage ResponseClass="Success"><m:Y/></m:XResponseMessage>`, `<m:XResponseMessage>&lt;/m:XResponseMessage></m:XResponseMessage>`
	test("<e>"+messagesBegin+one+two+messagesEnd+"</e>", 2, one, two)
	test("<e>"+messagesBegin+one+two+messagesEnd+"</e>", -1, one, two)
	test("<e>"+messagesBegin+one+messagesEnd+"</e>", 2)
	test("<e>"+messagesBegin+messagesEnd+"</e>", -1)
	test("<e>"+messagesBegin+"text"+messagesEnd+"</e>", -1)
	test("<e>"+messagesBegin+"<m:X>"+messagesEnd+"</e>", -1)
	test(messagesEnd+messagesBegin, -1)
	test("", 0)
}
