package ewsserver

import (
	"slices"

	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// Properties of folders that exist on the wire only: what DavMail takes for
// UIDNEXT and the last UID of an IMAP folder. [MS-OXPROPS] 2.583, and the one
// Exchange's own IMAP service reads.
const (
	pidTagArticleNumberNext mailbox.Prop = 0x67510003
	pidTagArticleNumberLast mailbox.Prop = 0x67520003
)

// folderKind says which element a folder of a container class is.
func folderKind(class string) ews.Kind {
	for _, k := range folderKinds {
		if hasPrefixFold(class, k.class) && (len(class) == len(k.class) || class[len(k.class)] == '.') {
			return k.kind
		}
	}
	return ews.KindFolder
}

// folderKinds are the classes of the kinds that have an element of their own.
var folderKinds = [...]struct {
	class string
	kind  ews.Kind
}{
	{"IPF.Appointment", ews.KindCalendarFolder},
	{"IPF.Contact", ews.KindContactsFolder},
	{"IPF.Task", ews.KindTasksFolder},
}

// A folderShape is what of folders a request wants, once for all of them.
type folderShape struct {
	base   ews.DefaultShapeName
	list   bool // FindFolder and its like: no GetOnly properties
	extra  []ews.Field
	ext    []*ews.ExtendedFieldURI
	tags   []mailbox.Prop // of ext, in the mailbox tagged
	tagged *mailbox.View

	fields map[ews.Kind][]ews.Field
}

func (c *call) folderShape(s *ews.FolderResponseShape, list bool) (*folderShape, error) {
	shape := &folderShape{base: s.BaseShape, list: list, fields: map[ews.Kind][]ews.Field{}}
	for i := range s.AdditionalProperties {
		p := &s.AdditionalProperties[i]
		switch {
		case p.ExtendedFieldURI != nil:
			shape.ext = append(shape.ext, p.ExtendedFieldURI)
		case p.FieldURI != nil:
			f, ok := ews.FieldByURI(string(p.FieldURI.FieldURI))
			if !ok {
				return nil, &ews.Fault{Code: ews.ErrorInvalidPropertyRequest, Text: "There is no property " + string(p.FieldURI.FieldURI) + "."}
			}
			if !slices.Contains(shape.extra, f) {
				shape.extra = append(shape.extra, f)
			}
		default:
			return nil, &ews.Fault{Code: ews.ErrorInvalidPropertyRequest, Text: "Folders have no indexed properties."}
		}
	}
	return shape, nil
}

// of returns the properties of a kind in schema order.
func (s *folderShape) of(k ews.Kind) []ews.Field {
	if known, ok := s.fields[k]; ok {
		return known
	}
	var fields []ews.Field
	switch s.base {
	case ews.ShapeDefault:
		fields = ews.DefaultFields(k)
	case ews.ShapeAllProperties:
		fields = ews.AllFields(k)
	default:
		fields = []ews.Field{ews.FieldFolderId}
	}
	base := len(fields)
	for _, f := range s.extra {
		if k.Has(f) && !slices.Contains(fields[:base], f) {
			fields = append(fields, f)
		}
	}
	if s.list {
		fields = slices.DeleteFunc(fields, ews.Field.GetOnly)
	}
	sortFields(k, fields)
	s.fields[k] = fields
	return fields
}

// A folderView shows folders of one mailbox in one shape.
type folderView struct {
	c     *call
	view  *mailbox.View
	shape *folderShape
	f     *mailbox.Folder
	kind  ews.Kind
}

func (c *call) newFolderView(s *folderShape, v *mailbox.View) (*folderView, error) {
	if len(s.ext) > 0 && s.tagged != v {
		tags, err := c.props(v, s.ext, false)
		if err != nil {
			return nil, err
		}
		s.tags, s.tagged = tags, v
	}
	return &folderView{c: c, view: v, shape: s}, nil
}

// show writes a folder.
func (v *folderView) show(f *mailbox.Folder) ews.Folder {
	v.f, v.kind = f, folderKind(f.Class)
	fields := v.shape.of(v.kind)
	out := ews.Folder{Kind: v.kind, Values: make([]ews.Value, 0, len(fields)+len(v.shape.ext))}
	for _, field := range fields {
		if x := v.value(field); x != nil {
			out.Values = append(out.Values, ews.Value{Field: field, V: x})
		}
	}
	n := len(out.Values)
	var bag mailbox.Props
	for i, uri := range v.shape.ext {
		if x, ok := v.extended(&bag, v.shape.tags[i], uri.PropertyType); ok {
			out.Values = append(out.Values, ews.Value{Field: ews.FieldExtendedProperty, Ext: uri, V: x})
		}
	}
	if len(out.Values) > n {
		out.Sort()
	}
	return out
}

// value returns a property in the Go type of its field, nil for none.
// [MS-OXWSFOLD] 2.2.4.1 BaseFolderType
func (v *folderView) value(f ews.Field) any {
	box := v.view.Mailbox()
	switch f {
	case ews.FieldFolderId:
		return folderID(box, v.f)
	case ews.FieldFolderParentFolderId:
		// The root is its own parent, as in Exchange: clients walk up until it
		// repeats.
		parent := v.f.Parent
		if parent == 0 {
			parent = v.f.ID
		}
		return &ews.FolderID{ID: folderStoreID(box, parent), ChangeKey: changeKey(box, 1)}
	case ews.FieldFolderClass:
		if v.f.Class != "" {
			return v.f.Class
		}
	case ews.FieldFolderDisplayName:
		return v.f.Name
	case ews.FieldFolderTotalCount:
		return int64(v.f.Total)
	case ews.FieldFolderChildFolderCount:
		return int64(v.f.Children)
	case ews.FieldFolderUnreadCount:
		return int64(v.f.Unread)
	case ews.FieldFolderEffectiveRights:
		return v.effectiveRights()
	case ews.FieldFolderDistinguishedFolderId:
		if v.f.Distinguished != "" {
			return string(v.f.Distinguished)
		}
	case ews.FieldFolderPermissionSet:
		return v.permissions()
	}
	return nil
}

// effectiveRights tells what the caller may do, by the engine that enforces it.
// [MS-OXWSCDATA] 2.2.4.34
func (v *folderView) effectiveRights() *ews.EffectiveRights {
	r := v.f.Rights
	private := r.Has(access.ReadAny | access.ReadPrivate)
	return &ews.EffectiveRights{
		CreateAssociated: r.Has(access.FolderOwner | access.Create),
		CreateContents:   r.Has(access.Create),
		CreateHierarchy:  r.Has(access.CreateSubFolder),
		Delete:           r.Has(access.FolderOwner),
		Modify:           r.Has(access.FolderOwner),
		Read:             r.Has(access.ReadAny) || r.Has(access.ReadItem),
		ViewPrivateItems: &private,
	}
}

// permissions is the folder's table, for owners alone: whom somebody lets see
// his calendar is nobody else's business.
func (v *folderView) permissions() any {
	if !v.f.Rights.Has(access.FolderOwner) {
		return nil
	}
	if v.kind == ews.KindCalendarFolder {
		return v.c.calendarPermissions(v.f.Table.Entries)
	}
	return v.c.folderPermissions(v.f.Table.Entries)
}

func (v *folderView) extended(bag *mailbox.Props, p mailbox.Prop, t ews.MapiPropertyType) (ews.ExtendedValue, bool) {
	switch {
	case p == 0:
		return ews.ExtendedValue{}, false
	case v.f.Lookup(bag, p):
	default:
		v.computed(bag, p)
	}
	return extendedValue(bag, p, t)
}

// computed sets what follows from what a folder is, rather than being kept.
func (v *folderView) computed(bag *mailbox.Props, p mailbox.Prop) {
	if v.f.Limited() && p != mailbox.PidTagEntryID {
		return // the numbers would tell of what else came in
	}
	switch p {
	case pidTagArticleNumberNext:
		bag.SetInt(p, int64(v.f.Article)+1)
	case pidTagArticleNumberLast:
		bag.SetInt(p, int64(v.f.Article))
	case mailbox.PidTagEntryID:
		bag.SetBytes(p, ews.StoreID{Mailbox: v.view.Mailbox(), Folder: uint64(v.f.ID)}.EntryID())
	}
}

// folderProp is what restrictions on folders compare for a property; 0 if
// nothing is.
func folderProp(f ews.Field) mailbox.Prop {
	switch f {
	case ews.FieldFolderDisplayName:
		return mailbox.PidTagDisplayName
	case ews.FieldFolderClass:
		return mailbox.PidTagContainerClass
	case ews.FieldFolderTotalCount:
		return mailbox.PidTagContentCount
	case ews.FieldFolderUnreadCount:
		return mailbox.PidTagContentUnreadCount
	}
	return 0
}
