// Package transport is the organization's mail service towards others: what leaves
// goes by SMTP to a smart host, and what comes is brought by one, or by a mail
// server in front that hands it on by LMTP.
//
// Send connectors say by which smart hosts mail for which domains leaves; receive
// connectors, who may bring mail and how. A server without connectors has no mail
// beyond the house.
//
// Out: a message is in the queue, in the organization's database, by the time that
// Carry returns. Any node may send it: the one that has claimed it and says so
// again and again while it tries. It leaves the queue when each recipient's fate is
// known. A node that ends at any point loses nothing. What SMTP itself cannot tell
// stays untold: a server that took a message and whose answer did not arrive is
// sent it again (RFC 5321 6.1), under the same Message-ID.
//
// In: mail is taken from configured servers alone and for accepted domains alone.
// It is in the mailboxes, or with the nodes that have them, before the answer is
// given; a message that is brought again under the same Message-ID with the same
// content is not put in twice.
//
// SPF, DKIM and DMARC are the front server's business, and so are spam and
// malware: what it notes in Authentication-Results is kept and nothing is built on
// it. Mail from outside that says it is from an accepted domain is treated as the
// settings say.
package transport

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"sync"
	"time"

	"entente"
	"entente/audit"
	"entente/clientaccess"
	"entente/db"
	"entente/delivery"
	"entente/directory"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's part of the organization's database.
func Schema() db.Migration {
	sub, _ := fs.Sub(schema, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "transport", FS: sub}
}

// A Seal marks what lies in the organization's database, so that a message that
// somebody writes there by SQL is nobody's: keys.MAC.
type Seal interface {
	Append(b, data []byte) []byte
	Valid(data, mark []byte) bool
}

// Config is what a Service joins.
type Config struct {
	Settings
	Name      string // of this server: it greets with it and stands in traces
	DB        *db.DB
	Seal      Seal
	Directory *directory.Directory
	Door      *clientaccess.Door
	Audit     *audit.Log
	Courier   *delivery.Courier
	// Dial opens connections to smart hosts: outgoing.Dialer.DialFunc.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger
	Now  func() time.Time
	// Observe, if set, is told of every try and every message that came. It must
	// not block.
	Observe func(Observation)
}

// An Observation is what metrics are made of: closed sets and names of the
// configuration, and no people.
type Observation struct {
	Connector string
	Way       string // out or in
	Outcome   string // delivered, failed, later; in: also refused
	Took      time.Duration
}

// A Service is a node's part of the mail service. It is safe for concurrent use.
type Service struct {
	Config
	hosts   hosts
	wake    chan struct{}
	running sync.WaitGroup
}

// New makes a Service. The tables must have been migrated. Run it.
func New(c Config) (*Service, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return &Service{Config: c, wake: make(chan struct{}, workers)}, nil
}

// newID names a sending, or a message that came, in records and traces.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}

func (s *Service) observe(o Observation) {
	if s.Observe != nil {
		s.Observe(o)
	}
}

func reasonOf(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func kindOf(err error) entente.Kind {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return entente.Internal
}
