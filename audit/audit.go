// Package audit keeps what was decided and what was done, in an append-only
// Merkle log with signed checkpoints.
//
// It names both the user an action is logged as and the real actor, with
// everyone in between. It is data, not logging: a record waits for its commit
// when the action it tells of must not happen unseen. It does not decide what
// deserves a record; clientaccess and admin do.
package audit

import (
	"context"
	"crypto"
	"embed"
	"io/fs"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's part of the database.
func Schema() db.Migration {
	sub, _ := fs.Sub(schema, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "audit", FS: sub}
}

// A Kind says in which role the actor came.
type Kind string

const (
	Owner        Kind = "Owner"
	Delegate     Kind = "Delegate"
	Impersonated Kind = "Impersonated"
	// ImpersonatedDelegate is an impersonated user in somebody else's mailbox.
	ImpersonatedDelegate Kind = "Impersonated+Delegate"
	// ItemGrant is somebody for whom a grant opened single items of a mailbox that
	// its folders keep shut.
	ItemGrant Kind = "ItemGrant"
	External  Kind = "External" // somebody of another organization
	Admin     Kind = "Admin"
	System    Kind = "System"
	Stranger  Kind = "Stranger" // refusals before authentication, counted
)

// A Record is one line of the log: one decision, or one change of settings.
type Record struct {
	Seq     uint64           `json:"seq"`
	Time    time.Time        `json:"time"`
	Node    string           `json:"node"`
	Request string           `json:"request,omitempty"` // the id every answer carries
	Kind    Kind             `json:"kind"`
	As      access.Principal `json:"as"` // whom the action is logged as
	By      access.Principal `json:"by"` // who really acted
	Via     []access.Link    `json:"via,omitempty"`

	Method      access.Method        `json:"method,omitempty"`
	Evidence    string               `json:"evidence,omitempty"`
	Application access.ApplicationID `json:"application,omitempty"`
	UserAgent   string               `json:"user_agent,omitempty"`
	Address     string               `json:"address,omitempty"`

	Action  string   `json:"action"` // ews.GetItem, admin.assignment.create
	Mailbox string   `json:"mailbox,omitempty"`
	Targets []string `json:"targets,omitempty"` // folder and item ids, names of objects
	Allowed bool     `json:"allowed"`
	Code    string   `json:"code,omitempty"` // what the wire answered
	Steps   []Step   `json:"steps,omitempty"`
	// Snapshot is the generation of the settings the decision was made on.
	Snapshot uint64 `json:"snapshot,omitempty"`
	Count    int    `json:"count,omitempty"` // of strangers' refusals in this record
}

// A Step is one reason of the decision as it was.
type Step struct {
	Rule  string `json:"rule"`
	Fact  string `json:"fact,omitempty"`
	Holds bool   `json:"holds"`
}

// Config is what a Log needs.
type Config struct {
	DB *db.DB
	// Node names the writer. Each node has a log of its own, so that nodes
	// never wait for each other and a lost node's log ends where it ended.
	Node   string
	Signer crypto.Signer // Ed25519, of this node
	Now    func() time.Time
}

// A Log is the audit log of one node.
type Log struct {
	Config
	queue chan *pending
	now   chan chan error // asks for a checkpoint now
	done  chan struct{}
}

type pending struct {
	record Record
	wait   chan error // nil if nobody waits
}

// queueLength bounds what may lag behind in memory; a full queue makes even
// those wait who need not.
const queueLength = 4096

// Open continues the node's log where it ended and starts its committer, which
// runs until Close.
func Open(ctx context.Context, c Config) (*Log, error) {
	l := &Log{Config: c, queue: make(chan *pending, queueLength), now: make(chan chan error), done: make(chan struct{})}
	t, err := l.resume(ctx)
	if err != nil {
		return nil, err
	}
	go l.commitLoop(t)
	return l, nil
}

// Close commits what is queued, signs a last checkpoint and ends the
// committer. Nothing may be appended after it.
func (l *Log) Close() {
	close(l.queue)
	<-l.done
}

// Sign signs a checkpoint of what is in the log now, rather than within the
// second in which one is signed anyway.
func (l *Log) Sign(ctx context.Context) error {
	signed := make(chan error, 1)
	select {
	case l.now <- signed:
		return <-signed
	case <-l.done:
		return entente.Errorf(entente.Unavailable, "the audit log is closed")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Append adds a record and returns when it is durable. The error is of kind
// Unavailable: the caller must not answer as if the action had been seen.
func (l *Log) Append(ctx context.Context, r Record) error {
	p := &pending{record: r, wait: make(chan error, 1)}
	select {
	case l.queue <- p:
	case <-ctx.Done():
		return &entente.Error{Kind: entente.Unavailable, Text: "the audit log is not available", Err: ctx.Err()}
	}
	// From here on the record will be written whatever becomes of ctx, so its
	// fate is waited for: an answer must not be given on a guess.
	if err := <-p.wait; err != nil {
		return &entente.Error{Kind: entente.Unavailable, Text: "the audit log is not available", Err: err}
	}
	return nil
}

// AppendLater adds a record without waiting for its commit: for what an owner
// does in his own mailbox, where a lag of one batch is accepted. It blocks only
// while the queue is full.
func (l *Log) AppendLater(r Record) {
	l.queue <- &pending{record: r}
}
