package mailbox

import (
	"context"
	"encoding/binary"
	"encoding/json"
)

// A packed item is one on its way to a mailbox in another database: everything in
// it, and what the properties are called whose numbers only its own mailbox
// knows.
const packVersion = 1

// packedName is a property of an item, and what it is called.
type packedName struct {
	Prop Prop     `json:"p"`
	Name PropName `json:"n"`
}

// maxPackedNames bounds the names of one item.
const maxPackedNames = maxProps

// Pack writes an item for a mailbox in another database. from is the mailbox
// whose names its properties have, nil if it has none.
func Pack(ctx context.Context, it *Item, from *View) ([]byte, error) {
	var names []packedName
	for p := range it.Props.All() {
		if p.ID() < firstNamed || from == nil {
			continue
		}
		name, ok, err := from.PropName(ctx, p)
		if err != nil {
			return nil, err
		}
		if ok {
			names = append(names, packedName{p, name})
		}
	}
	text, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	b := binary.AppendUvarint([]byte{packVersion}, uint64(len(text)))
	return appendItem(append(b, text...), it, Limits{}.withDefaults().Nesting)
}

// A Packed is an item that was packed.
type Packed struct {
	Item  *Item
	names []packedName
}

// Unpack reads what Pack wrote.
func Unpack(b []byte) (*Packed, error) {
	if len(b) == 0 || b[0] != packVersion {
		return nil, errItem
	}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 || n > uint64(len(b)-1-size) {
		return nil, errItem
	}
	text, rest := b[1+size:1+size+int(n)], b[1+size+int(n):]
	p := &Packed{}
	if err := json.Unmarshal(text, &p.names); err != nil || len(p.names) > maxPackedNames {
		return nil, errItem
	}
	var err error
	p.Item, err = parseItem(rest, Limits{}.withDefaults().Nesting)
	return p, err
}

// Named reports whether the item has properties whose numbers are its own
// mailbox's.
func (p *Packed) Named() bool {
	for prop := range p.Item.Props.All() {
		if prop.ID() >= firstNamed {
			return true
		}
	}
	return false
}

// Translate returns properties of the item with the numbers they have in a
// mailbox, which gets the names it does not have. What has no name is left out.
func (p *Packed) Translate(ctx context.Context, v *View, props Props) (Props, error) {
	out := props.Clone()
	for prop := range props.All() {
		if prop.ID() >= firstNamed {
			out.Delete(prop)
		}
	}
	for _, n := range p.names {
		if !props.Has(n.Prop) {
			continue
		}
		tags, err := v.NamedProps(ctx, []PropName{n.Name}, true)
		if err != nil {
			return out, err
		}
		one := Props{}
		one.Copy(&props, n.Prop)
		one.rename(n.Prop, tags[0])
		out.Copy(&one, tags[0])
	}
	return out, nil
}
