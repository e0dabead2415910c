package easserver

import (
	"strings"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
	"entente/message"
)

// notes is the class of sticky notes, which phones know from 14.0 on. [MS-ASNOTE]
type notes struct{}

const noteClass = "IPM.StickyNote"

// isNote reports whether a class is one of notes. [MS-ASNOTE] 2.2.2.5
func isNote(class string) bool {
	return strings.EqualFold(class, noteClass) || hasPrefixFold(class, noteClass+".")
}

// shown implements class.
func (notes) shown(it *mailbox.Item) bool { return isNote(it.Class) }

// parts implements class.
func (notes) parts(o *options) mailbox.Parts { return bodyParts(o) }

// write implements class.
func (notes) write(c *call, it *mailbox.Item, o *options) error {
	w := c.out
	if s := it.Props.String(mailbox.PidTagSubject); s != "" {
		w.Text(wbxml.NotesSubject, s)
	}
	w.Text(wbxml.NotesMessageClass, it.Class)
	w.Text(wbxml.NotesLastModifiedDate, it.Modified.UTC().Format(compactTime))
	writeList(c, wbxml.NotesCategories, wbxml.NotesCategory, it.Props.Strings(mailbox.PidNameKeywords))
	return writeBody(c, it, o)
}

// compactTime is the other form of times. [MS-ASDTYPE] 2.7.2
const compactTime = "20060102T150405Z"

// create implements class.
func (notes) create(c *call, folder *mailbox.Folder, in *wbxml.Element, arrival string) (*mailbox.Item, func(), error) {
	it := &mailbox.Item{Class: noteClass, Read: true, Arrival: arrival, Parts: mailbox.AllParts}
	if err := readNote(c, it, in); err != nil {
		return nil, nil, err
	}
	return it, nil, c.view.CreateItem(c.ctx, folder.ID, it)
}

// change implements class. Nothing of a note is ghosted: what is not named, stays.
func (notes) change(c *call, it *mailbox.Item, in *wbxml.Element, _ *options) (*mailbox.Item, func(), error) {
	changed, err := c.view.UpdateItem(c.ctx, it.ID, it.Change, mailbox.PartBody, func(it *mailbox.Item) error { return readNote(c, it, in) })
	return changed, nil, err
}

// remove implements class.
func (notes) remove(c *call, it *mailbox.Item, _ *wbxml.Element, mode mailbox.DeleteMode) error {
	return deleteItem(c, it, mode)
}

// readNote reads what a phone says. When a note was last changed, the store knows;
// the phone's clock is not asked. A note without a subject has its first line as
// one, as every client that shows notes does it.
func readNote(c *call, it *mailbox.Item, in *wbxml.Element) error {
	if !c.at(activesync.V140) {
		return entente.Errorf(entente.Invalid, "there are no notes before 14.0")
	}
	ps := &it.Props
	if s := in.Get(wbxml.NotesMessageClass); s != "" {
		if !isNote(s) {
			return entente.Errorf(entente.Invalid, "%.64q is no class of notes", s)
		}
		it.Class = s
	}
	if x := in.Child(wbxml.NotesCategories); x != nil {
		list, err := readList(x, wbxml.NotesCategory)
		if err != nil {
			return err
		}
		if ps.Delete(mailbox.PidNameKeywords); len(list) > 0 {
			ps.SetStrings(mailbox.PidNameKeywords, list)
		}
	}
	body, err := readBody(in)
	if err != nil {
		return err
	}
	setBody(it, body)
	subject := in.Child(wbxml.NotesSubject)
	switch s := subject.Text(); {
	case s != "":
		setSubject(ps, s)
	case subject != nil || ps.String(mailbox.PidTagSubject) == "":
		setSubject(ps, firstLine(it.Body))
	}
	return nil
}

func setSubject(ps *mailbox.Props, s string) {
	if s == "" {
		ps.Delete(mailbox.PidTagSubject, mailbox.PidTagNormalizedSubject)
		return
	}
	ps.SetString(mailbox.PidTagSubject, s)
	ps.SetString(mailbox.PidTagNormalizedSubject, s)
}

// maxFirstLine is how much of a first line is a subject, in characters.
const maxFirstLine = 255

func firstLine(b *mailbox.Body) string {
	if b == nil {
		return ""
	}
	text := string(b.Text)
	if b.Text == nil {
		text = message.HTMLToText(string(b.HTML))
	}
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if r := []rune(strings.TrimSpace(line)); len(r) > maxFirstLine {
		return string(r[:maxFirstLine])
	}
	return strings.TrimSpace(line)
}
