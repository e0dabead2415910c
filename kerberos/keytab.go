package kerberos

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"entente/kerberos/enctype"
)

// A Keytab has the keys of services.
type Keytab struct{ entries []KeytabEntry }

// A KeytabEntry is one key, without its bytes.
type KeytabEntry struct {
	Principal Principal
	Version   uint32 // kvno
	Etype     int32  // RFC 3961 8: 18 is aes256-cts-hmac-sha1-96
	Written   time.Time
	// key is nil if the type is none of ours. What it derives for its uses it
	// keeps, for as long as the keytab is kept.
	key *enctype.Key
}

// Limits of a keytab. A large one has a few hundred entries.
const (
	maxKeytab  = 1 << 20
	maxEntries = 10_000
)

var errKeytab = errors.New("not a keytab of version 5.2")

// ReadKeytab reads the file format of MIT Kerberos, version 5.2: the entries
// one after the other, each behind its length; a negative length is a hole
// where one was deleted. Keys of types that are not known are listed, and open
// nothing.
func ReadKeytab(r io.Reader) (*Keytab, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxKeytab+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > maxKeytab:
		return nil, errors.New("a keytab of more than 1 MiB")
	case len(b) < 2 || b[0] != 5 || b[1] != 2:
		return nil, errKeytab
	}
	k := &Keytab{}
	for b = b[2:]; len(b) > 0; {
		if len(b) < 4 {
			return nil, fmt.Errorf("%w: it ends within a length", errKeytab)
		}
		size := int64(int32(binary.BigEndian.Uint32(b)))
		hole := size < 0
		if hole {
			size = -size
		}
		if b = b[4:]; size > int64(len(b)) {
			return nil, fmt.Errorf("%w: it ends within an entry", errKeytab)
		}
		if size == 0 {
			break // what follows is space that was never used
		}
		if !hole {
			e, err := readEntry(b[:size])
			if err != nil {
				return nil, fmt.Errorf("%w: entry %d: %w", errKeytab, len(k.entries)+1, err)
			}
			if k.entries = append(k.entries, e); len(k.entries) > maxEntries {
				return nil, fmt.Errorf("a keytab of more than %d entries", maxEntries)
			}
		}
		b = b[size:]
	}
	return k, nil
}

// fields reads what an entry is made of, big endian.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) take(n int) []byte {
	if f.bad || n > len(f.b) {
		f.bad = true
		return nil
	}
	v := f.b[:n]
	f.b = f.b[n:]
	return v
}

func (f *fields) u8() byte {
	if b := f.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (f *fields) u16() int {
	if b := f.take(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (f *fields) u32() uint32 {
	if b := f.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (f *fields) text() string { return string(f.take(f.u16())) }

func readEntry(b []byte) (KeytabEntry, error) {
	f := fields{b: b}
	parts := make([]string, min(f.u16(), maxParts+1))
	realm := f.text()
	for i := range parts {
		parts[i] = f.text()
	}
	f.u32() // the type of the name
	e := KeytabEntry{Written: time.Unix(int64(f.u32()), 0).UTC()}
	e.Version = uint32(f.u8())
	e.Etype = int32(int16(f.u16()))
	value := f.take(f.u16())
	if f.bad {
		return e, errors.New("it is cut short")
	}
	// A number that does not fit into a byte stands behind the key, if the entry
	// has room; zero there says that it does not stand there.
	if len(f.b) >= 4 {
		if v := f.u32(); v != 0 {
			e.Version = v
		}
	}
	if len(parts) == 0 || len(parts) > maxParts || len(realm) > maxRealm || !printable([]byte(realm)) {
		return e, errors.New("it has no proper name")
	}
	for i, p := range parts {
		if !printable([]byte(p)) {
			return e, errors.New("it has no proper name")
		}
		parts[i] = escape(p)
	}
	if e.Principal = (Principal{strings.Join(parts, "/"), realm}); len(e.Principal.Name) > maxName {
		return e, errors.New("it has no proper name")
	}
	var err error
	switch t := enctype.Etype(e.Etype); {
	case t.Weak():
		e.key, err = enctype.NewRC4(value)
	case t.Known():
		e.key, err = enctype.New(t, value)
	}
	return e, err
}

// Entries returns what there is, in the file's order.
func (k *Keytab) Entries() []KeytabEntry { return k.entries }
