package easserver

import (
	"strings"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// oofSettings gets or sets what is answered while the owner is away.
// [MS-ASCMD] 2.2.3.122
func (c *call) oofSettings(e *wbxml.Element) error {
	get, set := e.Child(wbxml.SettingsGet), e.Child(wbxml.SettingsSet)
	switch {
	case get != nil && set == nil:
		return c.getOof(get.Get(wbxml.SettingsBodyType))
	case set != nil && get == nil:
		c.s.Operation(string(activesync.Settings), true)
		return c.settingsStatus(c.setOof(set))
	}
	c.status(wbxml.SettingsStatus, settingsProtocol)
	return nil
}

// The forms of replies. [MS-ASCMD] 2.2.3.17
const (
	oofHTML = "HTML"
	oofText = "Text"
)

func (c *call) getOof(form string) error {
	if form != oofHTML && form != oofText {
		return c.settingsStatus(entente.Errorf(entente.Invalid, "no form of a reply"))
	}
	o, err := c.view.Oof(c.ctx)
	if err != nil {
		return c.settingsStatus(err)
	}
	w := c.out
	w.Int(wbxml.SettingsStatus, int64(activesync.OK))
	w.Start(wbxml.SettingsGet)
	w.Int(wbxml.SettingsOofState, oofStates[o.State])
	if !o.Start.IsZero() && !o.End.IsZero() {
		w.Text(wbxml.SettingsStartTime, o.Start.UTC().Format(dateTime))
		w.Text(wbxml.SettingsEndTime, o.End.UTC().Format(dateTime))
	}
	for _, m := range oofMessages {
		w.Start(wbxml.SettingsOofMessage)
		w.Empty(m.tag)
		w.Bool(wbxml.SettingsEnabled, o.External >= m.external)
		if s := oofReply(&o, m.external != mailbox.OofNone).Message; s != "" {
			w.Text(wbxml.SettingsReplyMessage, oofAs(s, form))
			w.Text(wbxml.SettingsBodyType, form)
		}
		w.End()
	}
	w.End()
	return nil
}

// oofStates are the states as numbers of the wire.
var oofStates = [...]int64{mailbox.OofDisabled: 0, mailbox.OofEnabled: 1, mailbox.OofScheduled: 2}

// oofMessages are the replies, with the audience from which on each is given. Those
// outside have one text, whether the owner knows them or not.
var oofMessages = [...]struct {
	tag      wbxml.Tag
	external mailbox.OofAudience
}{
	{wbxml.SettingsAppliesToInternal, mailbox.OofNone},
	{wbxml.SettingsAppliesToExternalKnown, mailbox.OofKnown},
	{wbxml.SettingsAppliesToExternalUnknown, mailbox.OofAll},
}

func oofReply(o *mailbox.Oof, outside bool) *mailbox.OofReply {
	if outside {
		return &o.Outside
	}
	return &o.Internal
}

// oofAs gives a reply in a form. One that has no tag in it is plain, as delivery
// takes it.
func oofAs(s, form string) string {
	html := strings.Contains(s, "<")
	switch {
	case form == oofHTML && !html:
		return message.TextToHTML(s)
	case form == oofText && html:
		return strings.TrimSpace(message.HTMLToText(s))
	}
	return s
}

// oofFrom keeps a reply of a form.
func oofFrom(s, form string) string {
	if form == oofText && strings.Contains(s, "<") {
		return message.TextToHTML(s)
	}
	return s
}

func (c *call) setOof(set *wbxml.Element) error {
	before, err := c.view.Oof(c.ctx)
	if err != nil {
		return err
	}
	o := before
	if err := readOofTimes(set, &o); err != nil {
		return err
	}
	if err := readOofMessages(set, &o); err != nil {
		return err
	}
	if err := c.view.SetOof(c.ctx, o); err != nil {
		return err
	}
	if o.State != before.State || !o.Start.Equal(before.Start) || !o.End.Equal(before.End) {
		return delivery.ForgetReplies(c.ctx, c.view) // another absence: everybody is told once
	}
	return nil
}

// readOofTimes reads the state and, which belong together, the two times.
func readOofTimes(set *wbxml.Element, o *mailbox.Oof) error {
	switch set.Get(wbxml.SettingsOofState) {
	case "0":
		o.State = mailbox.OofDisabled
	case "1":
		o.State = mailbox.OofEnabled
	case "2":
		o.State = mailbox.OofScheduled
	default:
		return entente.Errorf(entente.Invalid, "no state of an absence")
	}
	start, end := set.Get(wbxml.SettingsStartTime), set.Get(wbxml.SettingsEndTime)
	if start == "" && end == "" {
		if o.State == mailbox.OofScheduled && o.Start.IsZero() {
			return entente.Errorf(entente.Invalid, "a scheduled absence without its times")
		}
		return nil
	}
	var err error
	if o.Start, err = parseDateTime(start); err != nil {
		return err
	}
	if o.End, err = parseDateTime(end); err != nil {
		return err
	}
	if !o.Start.Before(o.End) {
		return entente.Errorf(entente.Invalid, "the absence ends before it begins")
	}
	return nil
}

// readOofMessages reads the replies; one that is not there stays as it was. A
// message may apply to several audiences. That of strangers goes before that of
// those who are known, where both are given.
func readOofMessages(set *wbxml.Element, o *mailbox.Oof) error {
	on := [...]bool{true, o.External >= mailbox.OofKnown, o.External == mailbox.OofAll}
	var texts [len(oofMessages)]*string
	for m := range set.All(wbxml.SettingsOofMessage) {
		enabled := m.Get(wbxml.SettingsEnabled)
		form := m.Get(wbxml.SettingsBodyType)
		reply := m.Child(wbxml.SettingsReplyMessage)
		if enabled != "" && enabled != "0" && enabled != "1" || reply.Text() != "" && form != oofHTML && form != oofText {
			return entente.Errorf(entente.Invalid, "a reply that is none")
		}
		for i := range oofMessages {
			if !m.Has(oofMessages[i].tag) {
				continue
			}
			if enabled != "" {
				on[i] = enabled == "1"
			}
			if reply != nil {
				s := oofFrom(reply.Text(), form)
				texts[i] = &s
			}
		}
	}
	switch {
	case on[2]:
		o.External = mailbox.OofAll
	case on[1]:
		o.External = mailbox.OofKnown
	default:
		o.External = mailbox.OofNone
	}
	if !on[0] && o.State != mailbox.OofDisabled {
		empty := "" // nobody inside is answered
		texts[0] = &empty
	}
	if texts[0] != nil {
		o.Internal.Message = *texts[0]
	}
	outside := texts[2]
	if outside == nil || !on[2] && texts[1] != nil {
		outside = texts[1]
	}
	if outside != nil {
		o.Outside.Message = *outside
	}
	return nil
}
