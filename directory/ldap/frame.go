package ldap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Limits of what is taken from a server. A message is one entry, and the
// largest one is a range of 5,000 members with long names.
const (
	maxMessage  = 4 << 20
	maxElements = 1 << 16 // of one message, each of which costs memory beyond its bytes
	maxDepth    = 12      // an LDAP message of ours needs 7
	maxAnswer   = 64 << 20
)

// How long a write may take. Reading has the time of the whole exchange.
const writeTime = 10 * time.Second

var (
	errNotLDAP  = errors.New("what the server sent is no LDAP message")
	errMessage  = fmt.Errorf("a message of the server is larger than %d bytes", maxMessage)
	errElements = fmt.Errorf("a message of the server has more than %d elements, or lies deeper than %d", maxElements, maxDepth)
	errAnswer   = errors.New("the server's answer is larger than any should be")
)

// A framed connection hands on whole LDAP messages that are within the limits,
// and nothing else: the decoder behind it believes what lengths say.
type framed struct {
	net.Conn
	in      *bufio.Reader
	message []byte // what is left of it
	// Bytes since an exchange began, and how many there may be: go-ldap reads while
	// whoever asks sets them.
	taken, allowed atomic.Int64
}

func newFramed(c net.Conn, allowed int64) *framed {
	f := &framed{Conn: c, in: bufio.NewReader(c)}
	f.allowed.Store(allowed)
	return f
}

func (f *framed) Read(p []byte) (int, error) {
	if len(f.message) == 0 {
		m, err := readMessage(f.in)
		if err != nil {
			return 0, err
		}
		if f.taken.Add(int64(len(m))) > f.allowed.Load() {
			return 0, errAnswer
		}
		f.message = m
	}
	n := copy(p, f.message)
	f.message = f.message[n:]
	return n, nil
}

func (f *framed) Write(p []byte) (int, error) {
	if err := f.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	return f.Conn.Write(p)
}

// readMessage reads one LDAPMessage and not a byte more: what follows it may be
// another protocol's. RFC 4511 5.1: only the definite form of length is used.
// Memory is taken as the bytes come, not as they are announced.
func readMessage(r io.Reader) ([]byte, error) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return nil, err
	}
	if head[0] != 0x30 { // LDAPMessage ::= SEQUENCE
		return nil, errNotLDAP
	}
	more := 0
	if head[1] >= 0x80 {
		if more = int(head[1] & 0x7f); more == 0 || more > 4 {
			return nil, errNotLDAP
		}
		if _, err := io.ReadFull(r, head[2:2+more]); err != nil {
			return nil, cut(err)
		}
	}
	_, length, ok := header(head[:2+more])
	if !ok {
		return nil, errNotLDAP
	}
	if length > maxMessage {
		return nil, errMessage
	}
	b := bytes.NewBuffer(make([]byte, 0, min(length+2+more, 4096)))
	b.Write(head[:2+more])
	if n, err := io.CopyN(b, r, int64(length)); n < int64(length) {
		return nil, cut(err)
	}
	elements := 0
	if err := check(b.Bytes(), 0, &elements); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// cut says that a message ended early.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// header reads identifier and length octets, X.690 8.1.2 and 8.1.3, and says how
// many they are. Tags are those of LDAP, below 31.
func header(b []byte) (size, length int, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, false
	}
	if b[1] < 0x80 {
		return 2, int(b[1]), true
	}
	n := int(b[1] & 0x7f)
	if n == 0 || n > 4 || len(b) < 2+n {
		return 0, 0, false
	}
	var l uint64
	for _, x := range b[2 : 2+n] {
		l = l<<8 | uint64(x)
	}
	if l > 1<<31-1 {
		return 0, 0, false
	}
	return 2 + n, int(l), true
}

// check looks through the elements that b is, before anything is made of them.
func check(b []byte, depth int, elements *int) error {
	if depth > maxDepth {
		return errElements
	}
	for len(b) > 0 {
		if *elements++; *elements > maxElements {
			return errElements
		}
		size, length, ok := header(b)
		if !ok || length > len(b)-size {
			return errNotLDAP
		}
		if b[0]&0x20 != 0 { // constructed
			if err := check(b[size:size+length], depth+1, elements); err != nil {
				return err
			}
		}
		b = b[size+length:]
	}
	return nil
}
