package server

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"entente/kerberos"
)

// A keytabFile is a keytab that is read again when its file changes, so that a
// new key counts without a restart: the old one stays in the file for as long as
// there are tickets for it.
type keytabFile struct {
	path string
	log  *slog.Logger

	now    atomic.Pointer[kerberos.Keytab]
	looked atomic.Int64 // when, in nanoseconds of the running process

	mu   sync.Mutex
	seen os.FileInfo // what now was read from
	ill  string
}

const (
	keytabEvery = time.Second // how often the file is looked at, at most
	maxKeytab   = 1 << 20
)

// openKeytab reads a keytab, which must be there and nobody else's to read.
func openKeytab(path string, log *slog.Logger) (*keytabFile, error) {
	f := &keytabFile{path: path, log: log}
	if err := f.read(); err != nil {
		return nil, err
	}
	f.looked.Store(time.Now().UnixNano())
	return f, nil
}

// get returns the keys. If the file cannot be read now they are those that were.
func (f *keytabFile) get() *kerberos.Keytab {
	last, now := f.looked.Load(), time.Now().UnixNano()
	if now-last >= int64(keytabEvery) && f.looked.CompareAndSwap(last, now) {
		f.look()
	}
	return f.now.Load()
}

// look reads the file again if it is another one. What is wrong with it is told
// once.
func (f *keytabFile) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err == nil && f.ill == "" && os.SameFile(info, f.seen) && info.ModTime().Equal(f.seen.ModTime()) && info.Size() == f.seen.Size() {
		return
	}
	if err == nil {
		err = f.read()
	}
	if err == nil {
		f.log.Info("the keytab was read again", "file", f.path, "keys", len(f.now.Load().Entries()))
		f.ill = ""
		return
	}
	if f.ill != err.Error() {
		f.log.Error("the keytab cannot be read; the keys of before go on", "file", f.path, "err", err)
		f.ill = err.Error()
	}
}

func (f *keytabFile) read() error {
	if err := privateFile(f.path); err != nil {
		return err
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if info.Size() > maxKeytab {
		return fmt.Errorf("%s is larger than 1 MiB", f.path)
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	k, err := kerberos.ReadKeytab(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("keytab %s: %w", f.path, err)
	}
	f.now.Store(k)
	f.seen = info
	return nil
}
