package mailbox

import (
	"crypto/sha256"
	"strings"
)

// ConversationTopic is what an item's conversation is about: its own, or else its
// subject without what replies put before it. [MS-OXOMSG] 2.2.1.5
func (it *Item) ConversationTopic() string {
	if s := it.Props.String(PidTagConversationTopic); s != "" {
		return s
	}
	_, topic := splitSubject(it.Props.String(PidTagSubject))
	return topic
}

// ConversationID names an item's conversation within its mailbox; nil for an item
// that is about nothing, or lies in no folder. It groups by topic, as Exchange
// does for messages without an index to go by. [MS-OXOMSG] 2.2.1.2
func (v *View) ConversationID(it *Item) []byte {
	topic := it.ConversationTopic()
	if topic == "" || it.ID == 0 {
		return nil
	}
	sum := sha256.Sum256(append(v.id[:], strings.ToUpper(topic)...))
	return sum[:16]
}

// SetSubject gives an item a subject, and the topic that follows from it.
// [MS-OXCMSG] 3.2.5.2
func (it *Item) SetSubject(s string) {
	prefix, topic := splitSubject(s)
	it.Props.SetString(PidTagSubject, s)
	it.Props.SetString(PidTagSubjectPrefix, prefix)
	it.Props.SetString(PidTagNormalizedSubject, topic)
	it.Props.SetString(PidTagConversationTopic, topic)
}
