package minttest

import (
	"encoding/binary"

	"entente"
)

// A writer writes NDR: what pointers point to comes behind what they are in.
type writer struct {
	b     []byte
	id    uint32
	later []func()
}

func (w *writer) align(n int) {
	for len(w.b)%n != 0 {
		w.b = append(w.b, 0)
	}
}

func (w *writer) u16(v uint16) { w.align(2); w.b = binary.LittleEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32) { w.align(4); w.b = binary.LittleEndian.AppendUint32(w.b, v) }

// pointer writes a pointer, and later what it points to.
func (w *writer) pointer(f func()) {
	if f == nil {
		w.u32(0)
		return
	}
	w.id += 4
	w.u32(0x00020000 + w.id)
	w.later = append(w.later, f)
}

// flush writes what has been put off; what that puts off comes right behind it.
func (w *writer) flush() {
	later := w.later
	w.later = nil
	for _, f := range later {
		f()
		w.flush()
	}
}

func (w *writer) text(s string) {
	c := utf16le(s)
	w.u16(uint16(len(c)))
	w.u16(uint16(len(c)))
	w.pointer(func() {
		n := uint32(len(c) / 2)
		w.u32(n)
		w.u32(0)
		w.u32(n)
		w.b = append(w.b, c...)
	})
}

func (w *writer) sid(s entente.SID) func() {
	if s == "" {
		return nil
	}
	return func() {
		b := SIDBytes(s)
		w.u32(uint32(b[1]))
		w.b = append(w.b, b...)
	}
}

func (w *writer) rids(ids []uint32, attributes uint32) func() {
	if len(ids) == 0 {
		return nil
	}
	return func() {
		w.u32(uint32(len(ids)))
		for _, id := range ids {
			w.u32(id)
			w.u32(attributes)
		}
	}
}

// serialized puts the headers of [MS-RPCE] 2.2.6 before a structure.
func serialized(f func(w *writer)) []byte {
	w := &writer{}
	w.pointer(func() { f(w) })
	w.flush()
	w.align(8)
	b := []byte{1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(w.b)))
	return append(append(b, 0, 0, 0, 0), w.b...)
}

// logonInfo is KERB_VALIDATION_INFO, [MS-PAC] 2.5.
func (p *PAC) logonInfo() []byte {
	return serialized(func(w *writer) {
		for range 3 { // logon, logoff, kick-off: now, never, never
			w.u32(0xffffffff)
			w.u32(0x7fffffff)
		}
		for range 6 {
			w.u32(0)
		}
		w.text(p.Account)
		for range 5 {
			w.text("")
		}
		w.u16(1)
		w.u16(0)
		w.u32(p.RID)
		w.u32(513)
		w.u32(uint32(len(p.Groups)))
		w.pointer(w.rids(p.Groups, p.Attributes))
		w.u32(p.UserFlags)
		w.b = append(w.b, make([]byte, 16)...)
		w.text("DC1")
		w.text(p.NetBIOS)
		w.pointer(w.sid(p.DomainSID))
		w.u32(0)
		w.u32(0)
		w.u32(0x10) // NORMAL_ACCOUNT
		for range 7 {
			w.u32(0)
		}
		w.u32(uint32(len(p.ExtraSIDs)))
		w.pointer(p.extra(w))
		w.pointer(w.sid(p.ResourceDomain))
		w.u32(uint32(len(p.ResourceGroups)))
		w.pointer(w.rids(p.ResourceGroups, p.Attributes|0x20000000))
	})
}

func (p *PAC) extra(w *writer) func() {
	if len(p.ExtraSIDs) == 0 {
		return nil
	}
	return func() {
		w.u32(uint32(len(p.ExtraSIDs)))
		for _, s := range p.ExtraSIDs {
			w.pointer(w.sid(s))
			w.u32(p.Attributes)
		}
	}
}

// delegation is S4U_DELEGATION_INFO, [MS-PAC] 2.9.
func (p *PAC) delegation() []byte {
	return serialized(func(w *writer) {
		w.text(p.Target)
		w.u32(uint32(len(p.Transited)))
		w.pointer(func() {
			w.u32(uint32(len(p.Transited)))
			for _, s := range p.Transited {
				w.text(s)
			}
		})
	})
}
