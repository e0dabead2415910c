package easserver

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/device"
	"entente/directory"
	"entente/mailbox"
)

// inSettings is a Settings with what write writes in it.
func inSettings(write func(w *wbxml.Writer)) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.SettingsSettings)
		write(w)
		w.End()
	}
}

// An oofMessage is a reply as phones write it.
type oofMessage struct {
	to            []wbxml.Tag
	enabled, text string
	form          string
}

func oofSet(state, start, end string, messages ...oofMessage) func(w *wbxml.Writer) {
	return inSettings(func(w *wbxml.Writer) {
		w.Start(wbxml.SettingsOof)
		w.Start(wbxml.SettingsSet)
		w.Text(wbxml.SettingsOofState, state)
		if start != "" {
			w.Text(wbxml.SettingsStartTime, start)
		}
		if end != "" {
			w.Text(wbxml.SettingsEndTime, end)
		}
		for _, m := range messages {
			w.Start(wbxml.SettingsOofMessage)
			for _, t := range m.to {
				w.Empty(t)
			}
			if m.enabled != "" {
				w.Text(wbxml.SettingsEnabled, m.enabled)
			}
			if m.text != "" {
				w.Text(wbxml.SettingsReplyMessage, m.text)
			}
			if m.form != "" {
				w.Text(wbxml.SettingsBodyType, m.form)
			}
			w.End()
		}
		w.End()
		w.End()
	})
}

func oofGet(form string) func(w *wbxml.Writer) {
	return inSettings(func(w *wbxml.Writer) {
		w.Start(wbxml.SettingsOof)
		w.Start(wbxml.SettingsGet)
		w.Text(wbxml.SettingsBodyType, form)
		w.End()
		w.End()
	})
}

func absence(state mailbox.OofState, to mailbox.OofAudience, start, end time.Time, inside, outside string) mailbox.Oof {
	return mailbox.Oof{
		State: state, External: to, Start: start, End: end,
		Internal: mailbox.OofReply{Message: inside}, Outside: mailbox.OofReply{Message: outside},
	}
}

// oofOf is an answer to Get in one line: state, times, and for each audience
// whether it is answered, and what.
func oofOf(root *wbxml.Element) string {
	oof := root.Child(wbxml.SettingsOof)
	get := oof.Child(wbxml.SettingsGet)
	s := []string{oof.Get(wbxml.SettingsStatus), get.Get(wbxml.SettingsOofState), get.Get(wbxml.SettingsStartTime), get.Get(wbxml.SettingsEndTime)}
	for m := range get.All(wbxml.SettingsOofMessage) {
		for _, o := range oofMessages {
			if m.Has(o.tag) {
				s = append(s, o.tag.Name()[len("AppliesTo"):]+m.Get(wbxml.SettingsEnabled)+m.Get(wbxml.SettingsReplyMessage))
			}
		}
	}
	return strings.Join(s, "|")
}

// What a phone sets is what EWS reads and what is answered, and the reverse.
func TestOof(t *testing.T) {
	const start, end = "2030-01-01T08:00:00.000Z", "2030-01-08T08:00:00.000Z"
	from, to := time.Date(2030, 1, 1, 8, 0, 0, 0, time.UTC), time.Date(2030, 1, 8, 8, 0, 0, 0, time.UTC)
	internal, known, unknown := wbxml.SettingsAppliesToInternal, wbxml.SettingsAppliesToExternalKnown, wbxml.SettingsAppliesToExternalUnknown
	each(t, func(t *testing.T, h *house) {
		ctx := context.WithoutCancel(h.Context())
		for _, v := range activesync.Versions() {
			h.must(h.view("anna").SetOof(ctx, mailbox.Oof{}))
			p := h.phone("anna", v)
			for _, x := range [...]struct {
				name, status string
				set          func(w *wbxml.Writer)
				want         mailbox.Oof
			}{
				{"on", "1", oofSet("1", "", "", oofMessage{[]wbxml.Tag{internal}, "1", "Away.", "Text"}), mailbox.Oof{State: mailbox.OofEnabled, Internal: mailbox.OofReply{Message: "Away."}}},
				{
					"scheduled, to all", "1", oofSet("2", start, end, oofMessage{[]wbxml.Tag{internal, known, unknown}, "1", "<p>Away</p>", "HTML"}),
					absence(mailbox.OofScheduled, mailbox.OofAll, from, to, "<p>Away</p>", "<p>Away</p>"),
				},
				{
					"known only", "1", oofSet("2", "", "", oofMessage{[]wbxml.Tag{unknown}, "0", "", ""}, oofMessage{[]wbxml.Tag{known}, "1", "Gone", "Text"}),
					absence(mailbox.OofScheduled, mailbox.OofKnown, from, to, "<p>Away</p>", "Gone"),
				},
				{
					"strangers before friends", "1", oofSet("1", "", "", oofMessage{[]wbxml.Tag{known}, "1", "friends", "Text"}, oofMessage{[]wbxml.Tag{unknown}, "1", "strangers", "Text"}),
					absence(mailbox.OofEnabled, mailbox.OofAll, from, to, "<p>Away</p>", "strangers"),
				},
				{
					"off", "1", oofSet("0", "", "", oofMessage{[]wbxml.Tag{internal}, "0", "", ""}, oofMessage{[]wbxml.Tag{known, unknown}, "0", "", ""}),
					absence(mailbox.OofDisabled, mailbox.OofNone, from, to, "<p>Away</p>", "strangers"),
				},
				{"no state", "5", oofSet("", "", ""), mailbox.Oof{}},
				{"no such state", "5", oofSet("3", "", ""), mailbox.Oof{}},
				{"ends before", "5", oofSet("2", end, start), mailbox.Oof{}},
				{"no end", "5", oofSet("2", start, ""), mailbox.Oof{}},
				{"no time", "5", oofSet("2", "soon", "later"), mailbox.Oof{}},
				{"no form", "5", oofSet("1", "", "", oofMessage{[]wbxml.Tag{internal}, "1", "x", ""}), mailbox.Oof{}},
				{"RTF", "5", oofSet("1", "", "", oofMessage{[]wbxml.Tag{internal}, "1", "x", "RTF"}), mailbox.Oof{}},
				{"perhaps", "5", oofSet("1", "", "", oofMessage{[]wbxml.Tag{internal}, "2", "x", "Text"}), mailbox.Oof{}},
				{"endless", "5", oofSet("1", "", "", oofMessage{[]wbxml.Tag{internal}, "1", strings.Repeat("x", 200<<10), "Text"}), mailbox.Oof{}},
			} {
				before, err := h.view("anna").Oof(ctx)
				h.must(err)
				root := p.send(activesync.Settings, x.set).ok()
				if got := root.Child(wbxml.SettingsOof).Get(wbxml.SettingsStatus); got != x.status || root.Get(wbxml.SettingsStatus) != "1" {
					t.Errorf("%s %s: %s", v, x.name, dump(root))
				}
				want := x.want
				if x.status != "1" {
					want = before // refused whole
				}
				if got, err := h.view("anna").Oof(ctx); err != nil || got.State != want.State || got.External != want.External ||
					!got.Start.Equal(want.Start) || !got.End.Equal(want.End) || got.Internal != want.Internal || got.Outside != want.Outside {
					t.Errorf("%s %s: kept %+v, %v, want %+v", v, x.name, got, err, want)
				}
			}
			for _, x := range [...]struct {
				o          mailbox.Oof
				text, html string
			}{
				{mailbox.Oof{}, "1|0|||Internal1|ExternalKnown0|ExternalUnknown0", "1|0|||Internal1|ExternalKnown0|ExternalUnknown0"},
				{
					absence(mailbox.OofScheduled, mailbox.OofKnown, from, to, "<p>Away &amp; gone</p>", "Out"),
					"1|2|" + start + "|" + end + "|Internal1Away & gone|ExternalKnown1Out|ExternalUnknown0Out",
					"1|2|" + start + "|" + end + "|Internal1<p>Away &amp; gone</p>|ExternalKnown1" + oofAs("Out", "HTML") + "|ExternalUnknown0" + oofAs("Out", "HTML"),
				},
			} {
				h.must(h.view("anna").SetOof(ctx, x.o))
				if got := oofOf(p.send(activesync.Settings, oofGet("Text")).ok()); got != x.text {
					t.Errorf("%s: %s, want %s", v, got, x.text)
				}
				if got := oofOf(p.send(activesync.Settings, oofGet("HTML")).ok()); got != x.html {
					t.Errorf("%s: %s, want %s", v, got, x.html)
				}
			}
			if got := p.send(activesync.Settings, oofGet("")).ok().Child(wbxml.SettingsOof).Get(wbxml.SettingsStatus); got != "5" {
				t.Errorf("%s: a form that is none: %s", v, got)
			}
		}
		// A text with a tag in it stays a text.
		p := h.phone("anna", activesync.V161)
		p.send(activesync.Settings, oofSet("1", "", "", oofMessage{[]wbxml.Tag{internal}, "1", "a <b> c", "Text"})).ok()
		if got := oofOf(p.send(activesync.Settings, oofGet("Text")).ok()); !strings.Contains(got, "Internal1a <b> c|") {
			t.Error(got)
		}
	})
}

func TestDeviceInformation(t *testing.T) {
	h := open(t)
	for _, v := range activesync.Versions() {
		p := h.phone("anna", v)
		inform := func(model string) *wbxml.Element {
			return p.send(activesync.Settings, inSettings(func(w *wbxml.Writer) {
				w.Start(wbxml.SettingsDeviceInformation)
				w.Start(wbxml.SettingsSet)
				w.Text(wbxml.SettingsModel, model)
				w.Text(wbxml.SettingsIMEI, "356938035643809")
				w.Text(wbxml.SettingsFriendlyName, "Anna's\x7f phone")
				w.Text(wbxml.SettingsOS, "Tester 1")
				w.Text(wbxml.SettingsOSLanguage, "en")
				w.Text(wbxml.SettingsPhoneNumber, "+49170")
				w.Text(wbxml.SettingsUserAgent, "another")
				w.Text(wbxml.SettingsMobileOperator, "Op")
				w.Text(wbxml.SettingsEnableOutboundSMS, "0")
				w.End()
				w.End()
			})).ok()
		}
		if root := inform(strings.Repeat("x", 1025)); root.Child(wbxml.SettingsDeviceInformation).Get(wbxml.SettingsStatus) != "5" {
			t.Errorf("%s: %s", v, dump(root))
		}
		key := device.Key{Account: h.sids["anna"], ID: p.id}
		if d, err := h.devices.Get(context.WithoutCancel(h.Context()), key); err != nil || d.Given {
			t.Errorf("%s: %+v, %v", v, d, err)
		}
		if root := inform("One"); root.Child(wbxml.SettingsDeviceInformation).Get(wbxml.SettingsStatus) != "1" {
			t.Errorf("%s: %s", v, dump(root))
		}
		d, err := h.devices.Get(context.WithoutCancel(h.Context()), key)
		h.must(err)
		want := device.Information{
			Type: "TestPhone", UserAgent: "TestPhone/1.0", Version: v.String(), Model: "One", IMEI: "356938035643809", FriendlyName: "Anna's phone",
			OS: "Tester 1", OSLanguage: "en", PhoneNumber: "+49170", Operator: "Op", Given: true,
		}
		if d.Information != want {
			t.Errorf("%s: %+v", v, d.Information)
		}
	}
}

func TestUserInformation(t *testing.T) {
	h := open(t)
	h.describe("anna", func(a *directory.Account) { a.Proxies = []entente.SMTPAddress{"a.ek@contoso.example"} })
	for _, v := range activesync.Versions() {
		root := h.phone("anna", v).send(activesync.Settings, inSettings(func(w *wbxml.Writer) {
			w.Start(wbxml.SettingsUserInformation)
			w.Empty(wbxml.SettingsGet)
			w.End()
			w.Start(wbxml.SettingsDevicePassword)
			w.Start(wbxml.SettingsSet)
			w.Text(wbxml.SettingsPassword, "secret")
			w.End()
			w.End()
			w.Start(wbxml.SettingsRightsManagementInformation)
			w.Empty(wbxml.SettingsGet)
			w.End()
		})).ok()
		got := root.Path(wbxml.SettingsUserInformation, wbxml.SettingsGet)
		primary, rights := "", "2"
		if v >= activesync.V141 {
			got = got.Path(wbxml.SettingsAccounts, wbxml.SettingsAccount)
			if got.Get(wbxml.SettingsUserDisplayName) != "Anna Ek" || got.Has(wbxml.SettingsAccountId) {
				t.Errorf("%s: %s", v, dump(root))
			}
			primary, rights = "anna@contoso.example", "168"
		}
		var list []string
		for x := range got.Child(wbxml.SettingsEmailAddresses).All(wbxml.SettingsSMTPAddress) {
			list = append(list, x.Text())
		}
		if strings.Join(list, " ") != "anna@contoso.example a.ek@contoso.example" || got.Child(wbxml.SettingsEmailAddresses).Get(wbxml.SettingsPrimarySmtpAddress) != primary {
			t.Errorf("%s: %s", v, dump(root))
		}
		// A password for the device is not kept, and that is said.
		if got := root.Child(wbxml.SettingsDevicePassword).Get(wbxml.SettingsStatus); got != "7" {
			t.Errorf("%s: password: %s", v, got)
		}
		if got := root.Child(wbxml.SettingsRightsManagementInformation).Get(wbxml.SettingsStatus); got != rights {
			t.Errorf("%s: rights management: %s", v, got)
		}
	}
}

func TestSettingsOfNothing(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V141)
	for name, write := range map[string]func(w *wbxml.Writer){
		"nothing": func(*wbxml.Writer) {},
		"unknown": func(w *wbxml.Writer) { w.Empty(wbxml.SettingsEmailAddresses) },
		"twice":   func(w *wbxml.Writer) { w.Empty(wbxml.SettingsOof); w.Empty(wbxml.SettingsOof) },
		"10,000 of them": func(w *wbxml.Writer) {
			for range 10_000 {
				w.Empty(wbxml.SettingsUserInformation)
			}
		},
	} {
		if root := p.send(activesync.Settings, inSettings(write)).ok(); root.Get(wbxml.SettingsStatus) != "2" {
			t.Errorf("%s: %s", name, dump(root))
		}
	}
	p.send(activesync.Settings, nil).is(settingsProtocol)
	for _, tag := range [...]wbxml.Tag{wbxml.SettingsOof, wbxml.SettingsDeviceInformation, wbxml.SettingsUserInformation} {
		root := p.send(activesync.Settings, inSettings(func(w *wbxml.Writer) { w.Empty(tag) })).ok()
		if got := root.Child(tag).Get(wbxml.SettingsStatus); got != strconv.Itoa(int(settingsProtocol)) {
			t.Errorf("%s: %s", tag, dump(root))
		}
	}
}
