package mailbox

import (
	"encoding/binary"

	"entente/message"
)

// PidTagAttachLongFilename stands, in searches, for the names of all
// attachments. [MS-OXCMSG] 2.2.2.10
const PidTagAttachLongFilename Prop = 0x3707001F

// partsOf returns the part of an item that holds a property, 0 if its row does.
func partsOf(p Prop) Parts {
	switch p {
	case PidTagBody, PidTagHTML:
		return PartBody
	case PidTagAttachLongFilename:
		return PartAttachments
	}
	return 0
}

// inRow reports whether a property of items is answered from the columns.
func inRow(p Prop) bool {
	switch p {
	case PidTagMessageClass, PidTagMessageSize, PidTagInternetArticleNumber, PidTagRead, PidTagCreationTime,
		PidTagLastModificationTime:
		return true
	}
	return false
}

// defaultOf is what clients see of an item that lacks a property which every
// item has.
func defaultOf(p Prop) (value, truth) {
	switch p {
	case PidTagImportance:
		return value{prop: p, num: 1}, yes
	case PidTagSensitivity, PidTagHasAttachments, PidTagMessageFlags:
		return value{prop: p}, yes
	}
	return value{}, no
}

// A row is what the item table says of an item, without its parts.
type row struct {
	id                                ItemID
	article                           uint32
	flags                             itemFlags
	class                             string
	created, modified, size, received int64

	want []Prop // which properties got holds
	got  []value
	item *Item // where the parts are, once they were read
}

func (r *row) lookup(p Prop) (value, truth) {
	if v, known := r.column(p); known == yes {
		return v, yes
	}
	if parts := partsOf(p); parts != 0 {
		if r.item == nil {
			return value{}, unknown
		}
		return r.item.part(p)
	}
	v, known := picked(r.want, r.got, p)
	if p == PidTagMessageFlags {
		v.num = v.num&^1 | int64(r.flags&flagRead)>>3
	}
	return v, known
}

func (r *row) column(p Prop) (value, truth) {
	switch p {
	case PidTagMessageClass:
		return value{prop: p, text: r.class}, yes
	case PidTagMessageSize:
		return value{prop: p, num: r.size}, yes
	case PidTagInternetArticleNumber:
		return value{prop: p, num: int64(r.article)}, yes
	case PidTagRead:
		return value{prop: p, num: int64(r.flags&flagRead) >> 3}, yes
	case PidTagCreationTime:
		return value{prop: p, num: r.created}, yes
	case PidTagLastModificationTime:
		return value{prop: p, num: r.modified}, yes
	}
	return value{}, no
}

// part answers for what is not in the row.
func (it *Item) part(p Prop) (value, truth) {
	switch p {
	case PidTagBody:
		if it.Body == nil {
			return value{}, no
		}
		if it.Body.Text == nil {
			return value{prop: p, text: message.HTMLToText(string(it.Body.HTML))}, yes
		}
		return value{prop: p, text: string(it.Body.Text)}, yes
	case PidTagHTML:
		if it.Body == nil || it.Body.HTML == nil {
			return value{}, no
		}
		return value{prop: p, text: string(it.Body.HTML)}, yes
	case PidTagAttachLongFilename:
		var list []byte
		for i := range it.Attachments {
			name := it.Attachments[i].Name
			list = append(binary.AppendUvarint(list, uint64(len(name))), name...)
		}
		return value{prop: p | Prop(TypeMultiple), text: string(list)}, truthOf(list != nil)
	}
	return value{}, no
}

// lookup answers for an item that was read.
func (it *Item) lookup(p Prop) (value, truth) {
	if it.limited && !it.tells(p) {
		return value{}, no // also where every item has a value: that it is the usual one is not said
	}
	if parts := partsOf(p); parts != 0 {
		if it.Parts&parts == 0 {
			return value{}, unknown
		}
		return it.part(p)
	}
	r := row{
		id: it.ID, article: it.Article, class: it.Class, size: it.Size,
		created: Ticks(it.Created), modified: Ticks(it.Modified), flags: it.newFlags(),
	}
	if v, known := r.column(p); known == yes {
		return v, yes
	}
	if p == PidTagMessageFlags {
		return value{prop: p, num: it.MessageFlags()}, yes
	}
	if i, ok := it.Props.find(p); ok {
		return it.Props.vals[i], yes
	}
	return defaultOf(p)
}

// Lookup sets p in dst to the item's value of it, and reports whether it has
// one: one of Props, one that a field of Item says, or the default of a property
// that all items have. Bodies are answered if PartBody was read.
func (it *Item) Lookup(dst *Props, p Prop) bool {
	v, known := it.lookup(p)
	if known != yes || v.prop != p {
		return false
	}
	dst.set(v)
	return true
}

// lookup answers for a folder.
func (f *Folder) lookup(p Prop) (value, truth) {
	if f.limited && !limitedFolderTells(p) {
		return value{}, no
	}
	number := func(n int64) (value, truth) { return value{prop: p, num: n}, yes }
	switch p {
	case PidTagDisplayName:
		return value{prop: p, text: f.Name}, yes
	case PidTagContainerClass:
		return value{prop: p, text: f.Class}, truthOf(f.Class != "")
	case PidTagContentCount:
		return number(int64(f.Total))
	case PidTagContentUnreadCount:
		return number(int64(f.Unread))
	case PidTagSubfolders:
		return number(number01(f.Children > 0))
	case PidTagMessageSize:
		return number(f.Size)
	case PidTagCreationTime:
		return number(Ticks(f.Created))
	case PidTagLastModificationTime:
		return number(Ticks(f.Modified))
	case PidTagLocalCommitTimeMax:
		return number(Ticks(f.ContentModified))
	case PidTagAttributeHidden:
		return number(number01(f.Hidden))
	}
	if i, ok := f.Props.find(p); ok {
		return f.Props.vals[i], yes
	}
	return value{}, no
}

// Lookup is as Item.Lookup.
func (f *Folder) Lookup(dst *Props, p Prop) bool {
	v, known := f.lookup(p)
	if known != yes || v.prop != p {
		return false
	}
	dst.set(v)
	return true
}

// limitedFolderTells reports whether a folder that is known by item grants alone
// answers for a property.
func limitedFolderTells(p Prop) bool {
	switch p {
	case PidTagDisplayName, PidTagContainerClass, PidTagContentCount, PidTagContentUnreadCount, PidTagSubfolders, PidTagAttributeHidden:
		return true
	}
	return false
}
