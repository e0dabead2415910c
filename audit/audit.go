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
	// Sender put into a mailbox what was sent to it.
	Sender   Kind = "Sender"
	Admin    Kind = "Admin"
	System   Kind = "System"
	Stranger Kind = "Stranger" // refusals before authentication, counted
)

// A Record is one line of the log: what one request did or was refused in one
// mailbox, or one change of settings.
type Record struct {
	Seq     uint64           `json:"seq"`
	Time    time.Time        `json:"time"`
	Node    string           `json:"node"`
	Request string           `json:"request,omitempty"` // the id every answer carries
	Kind    Kind             `json:"kind"`
	As      access.Principal `json:"as"` // whom the action is logged as
	By      access.Principal `json:"by"` // who really acted
	// Via is who passed the request on, nearest first: the chain between By and
	// this server.
	Via []access.Link `json:"via,omitempty"`

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
	// Grounds are what the rights that were used came from.
	Grounds []Ground `json:"grounds,omitempty"`
	// Snapshot is the generation of the settings the decision was made on, and
	// SnapshotHash what the directory's mark says of them.
	Snapshot     uint64 `json:"snapshot,omitempty"`
	SnapshotHash string `json:"snapshot_hash,omitempty"`
	// Count is of strangers' refusals in this record, or of targets beyond those
	// that are named.
	Count int `json:"count,omitempty"`
	// Erased are the records whose text this one says was erased.
	Erased []Range `json:"erased,omitempty"`
}

// A Step is one reason of the decision as it was. On and Want, in the first step
// of each decision, say what it was about.
type Step struct {
	On    string `json:"on,omitempty"`
	Want  string `json:"want,omitempty"`
	Rule  string `json:"rule"`
	Fact  string `json:"fact,omitempty"`
	Holds bool   `json:"holds"`
}

// A Ground is what gave a right that was used: an assignment by its id, an entry
// in a permission table by whose it is, an item grant by its id.
type Ground struct {
	Kind GroundKind `json:"kind"`
	ID   string     `json:"id"`
}

// A GroundKind says what a Ground's id names.
type GroundKind string

// What rights come from, but for being one's own.
const (
	ByAssignment        GroundKind = "assignment"
	ByMailboxPermission GroundKind = "mailbox-permission" // FullAccess and its like; the id is who was named
	ByFolderPermission  GroundKind = "folder-permission"  // likewise, or Default or Anonymous
	ByItemGrant         GroundKind = "item-grant"
)

// A Range is some records of one node's log, one after the other.
type Range struct {
	Node string `json:"node"`
	From uint64 `json:"from"`
	To   uint64 `json:"to"` // not included
}

// Config is what a Log needs.
type Config struct {
	DB *db.DB
	// Node names the writer. Each node has a log of its own, so that nodes
	// never wait for each other and a lost node's log ends where it ended.
	Node   string
	Signer crypto.Signer // Ed25519, of this node
	Now    func() time.Time
	// Seal, if set, marks this node's public key for the other nodes, and
	// recognizes theirs.
	Seal Seal
	// Failed, if set, is told of what could not be done in the background.
	Failed func(error)
}

// A Seal marks data under a key of the organization that is not in the
// database, and recognizes its marks.
type Seal interface {
	Append(b, data []byte) []byte
	Valid(data, mark []byte) bool
}

// A Log is the audit log of one node.
type Log struct {
	Config
	queue chan *pending
	now   chan chan error // asks for a checkpoint now
	noted chan struct{}   // there may be something in the outbox
	done  chan struct{}
	grown broadcast
	used  map[string]int64 // the committer's: when each ground's last use was written
}

// A pending is records that are committed together, and who waits for that.
type pending struct {
	entries []entry
	once    bool       // leave out what the log has of the same request and mailbox
	drain   bool       // take what is in the outbox first
	wait    chan error // nil if nobody waits
}

// An entry is a record on its way into the log. Its text was made where the
// record was, so that the committer does not make everybody's.
type entry struct {
	record *Record
	body   []byte // its text from the second brace on: what is before is the committer's
	outbox int64  // row of the outbox it comes from; 0 if none
}

// queueLength bounds what may lag behind in memory; a full queue makes even
// those wait who need not.
const queueLength = 4096

// Open continues the node's log where it ended and starts its committer, which
// runs until Close.
func Open(ctx context.Context, c Config) (*Log, error) {
	if c.Failed == nil {
		c.Failed = func(error) {}
	}
	l := &Log{
		Config: c, queue: make(chan *pending, queueLength), now: make(chan chan error),
		noted: make(chan struct{}, 1), done: make(chan struct{}), used: map[string]int64{},
	}
	t, err := l.resume(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.publish(ctx); err != nil {
		return nil, err
	}
	l.wake() // what a former run left
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

// Append adds records, all or none, and returns when they are durable. The error
// is of kind Unavailable: the caller must not answer as if the action had been
// seen.
func (l *Log) Append(ctx context.Context, records ...Record) error {
	return l.await(ctx, &pending{entries: l.entries(records)})
}

// AppendOnce is Append of records that may be in a log already: of those with
// the same request and mailbox nothing is added.
func (l *Log) AppendOnce(ctx context.Context, records ...Record) error {
	return l.await(ctx, &pending{entries: l.entries(records), once: true})
}

// Flush returns when what was noted in the outbox before is in the log.
func (l *Log) Flush(ctx context.Context) error { return l.await(ctx, &pending{drain: true}) }

func (l *Log) await(ctx context.Context, p *pending) error {
	p.wait = make(chan error, 1)
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

// AppendLater adds records without waiting for their commit: for what an owner
// does in his own mailbox, where a lag of one batch is accepted. It blocks only
// while the queue is full.
func (l *Log) AppendLater(records ...Record) {
	l.queue <- &pending{entries: l.entries(records)}
}

func (l *Log) entries(records []Record) []entry {
	all := make([]entry, len(records))
	for i := range records {
		r := &records[i]
		l.stamp(r)
		all[i] = entry{record: r, body: r.body()}
	}
	return all
}

func (l *Log) stamp(r *Record) {
	if r.Time.IsZero() {
		r.Time = l.Now()
	}
	r.Time = r.Time.UTC()
}
