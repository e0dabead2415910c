package hop

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"entente"
	"entente/access"
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
	return db.Migration{Room: "hop", FS: sub}
}

// A Seal marks what lies in the organization's database, so that a message that
// somebody writes there by SQL is nobody's: keys.MAC.
type Seal interface {
	Append(b, data []byte) []byte
	Valid(data, mark []byte) bool
}

// PostConfig is what a Post joins.
type PostConfig struct {
	Router    *Router
	DB        *db.DB
	Seal      Seal
	Directory *directory.Directory
	Door      *clientaccess.Door
	Courier   *delivery.Courier
	KeepFor   time.Duration // how long a message is tried; 48 h if zero
	Log       *slog.Logger
	Now       func() time.Time
}

// A Post brings messages to mailboxes of other nodes. It puts them into the
// organization's database, which all nodes have, and takes out of it what is for
// mailboxes of this one: a node that is away has its mail when it is back, and
// the sender's node may be gone by then.
type Post struct {
	PostConfig
	wake chan struct{}
}

const defaultKeep = 48 * time.Hour

// NewPost makes a Post. Its tables must have been migrated. Run it.
func NewPost(c PostConfig) *Post {
	if c.KeepFor == 0 {
		c.KeepFor = defaultKeep
	}
	return &Post{PostConfig: c, wake: make(chan struct{}, 1)}
}

// Holder implements delivery.Elsewhere.
func (p *Post) Holder(database string) string { return p.Router.Holder(database) }

// An envelope says to whom a message is, and on whose request.
type envelope struct {
	To []string `json:"to"` // ids of mailboxes
	// Mail has their addresses, by which reports name them though they are gone.
	Mail    map[string]entente.SMTPAddress `json:"mail,omitempty"`
	Sender  entente.SMTPAddress            `json:"sender,omitempty"`
	Ready   bool                           `json:"ready,omitempty"`
	Arrival string                         `json:"arrival"`
	Request string                         `json:"request"`
	From    string                         `json:"from"` // the node
	// Caller is who sent it, as authn states it; As, where nobody did but the account
	// itself, by its rules.
	Caller json.RawMessage `json:"caller,omitempty"`
	As     entente.SID     `json:"as,omitempty"`
}

// A parcel is a row of hop_parcel.
type parcel struct {
	id, database string
	text         string // of the envelope
	message      []byte
	mark         []byte
	created, due int64
	tries        int64
	envelope     envelope
}

// marked is what the mark is of.
func (x *parcel) marked() []byte {
	b := []byte("entente parcel 1\n")
	for _, s := range [...]string{x.id, x.database, x.text, string(x.message)} {
		b = append(b, byte(len(s)>>24), byte(len(s)>>16), byte(len(s)>>8), byte(len(s)))
		b = append(b, s...)
	}
	return b
}

const parcelChannel = "entente_parcel"

// Keep implements delivery.Elsewhere. Who sends is on record at this node now,
// and at the other when it has put the message in.
func (p *Post) Keep(ctx context.Context, o delivery.Poster, c *delivery.Consignment) error {
	s, ok := o.(*clientaccess.Session)
	if !ok {
		return entente.Errorf(entente.Internal, "mail for another node is sent by no session")
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	x := &parcel{id: hex.EncodeToString(b[:]), database: c.Database, message: c.Item, created: p.Now().UnixMilli()}
	x.envelope = envelope{Mail: map[string]entente.SMTPAddress{}, Sender: c.Sender, Ready: c.Ready, Arrival: c.Arrival, Request: s.RequestID(), From: p.Router.Self}
	if c.Arrival == "" {
		x.envelope.Arrival = "node:" + x.id
	}
	for _, box := range c.To {
		id := box.String()
		x.envelope.To = append(x.envelope.To, id)
		if a, ok := s.Snapshot().FindMailbox(box); ok {
			x.envelope.Mail[id] = a.Mail
		}
	}
	who := s.Caller()
	if who.Method == access.Local && who.ActsAs != nil {
		x.envelope.As = who.ActsAs.SID
	} else if stated, err := p.Router.Issuer.State(who); err == nil {
		x.envelope.Caller = stated
	}
	s.SentOn(p.Holder(c.Database), c.To...)
	if err := x.seal(p.Seal); err != nil {
		return err
	}
	err := p.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO hop_parcel (id, database, envelope, message, mark, created, due, tries) VALUES ($1,$2,$3,$4,$5,$6,$6,0)`,
			x.id, x.database, x.text, x.message, x.mark, x.created)
		return err
	})
	if err == nil {
		_ = p.DB.Notify(ctx, parcelChannel, x.database)
	}
	return err
}

func (x *parcel) seal(s Seal) error {
	text, err := json.Marshal(&x.envelope)
	if err != nil {
		return err
	}
	x.text = string(text)
	x.mark = s.Append(nil, x.marked())
	return nil
}

// How what is kept is tried.
const (
	holdTime  = 2 * time.Minute // longer than a try takes; then it is tried again
	lookEvery = 3 * time.Second // where no hint came
	longest   = 5 * time.Minute // between two tries
	oldEvery  = time.Minute
)

// Run takes what comes for mailboxes of this node until ctx ends, and returns
// what could not be brought to its own node for too long.
func (p *Post) Run(ctx context.Context) {
	if !p.DB.Shared() {
		return // there is one node
	}
	hints := p.DB.Subscribe(ctx, parcelChannel)
	look, old := time.NewTicker(lookEvery), time.NewTicker(oldEvery)
	defer look.Stop()
	defer old.Stop()
	ill := false
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case _, open := <-hints:
			if !open {
				hints = nil
			}
			err = p.Take(ctx)
		case <-p.wake:
			err = p.Take(ctx)
		case <-look.C:
			err = p.Take(ctx)
		case <-old.C:
			err = p.GiveUp(ctx)
		}
		// An outage is told once, not every three seconds.
		if err != nil && !ill && ctx.Err() == nil {
			p.Log.Error("mail between nodes", "err", err)
		}
		ill = err != nil
	}
}

// Take delivers all that is due for mailboxes of this node.
func (p *Post) Take(ctx context.Context) error {
	if some, err := p.due(ctx); err != nil || !some {
		return err
	}
	all, err := p.Directory.Databases(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range all {
		if p.Holder(d.Name) != "" {
			continue
		}
		for ctx.Err() == nil {
			x, err := p.claim(ctx, d.Name)
			if err != nil || x == nil {
				errs = append(errs, err)
				break
			}
			errs = append(errs, p.bring(ctx, x))
		}
	}
	return errors.Join(errs...)
}

// due reports whether anything is, for any node: most of the time nothing is, and
// that is seen without a write.
func (p *Post) due(ctx context.Context) (bool, error) {
	n := 0
	err := p.DB.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM hop_parcel WHERE due <= $1`, p.Now().UnixMilli()).Scan(&n)
	})
	return n > 0, err
}

const parcelColumns = `SELECT id, database, envelope, message, mark, created, due, tries FROM hop_parcel`

func (x *parcel) scan(row *db.Row) error {
	return row.Scan(&x.id, &x.database, &x.text, &x.message, &x.mark, &x.created, &x.due, &x.tries)
}

// claim returns what is due for a database next and holds it; nil if nothing is.
func (p *Post) claim(ctx context.Context, database string) (*parcel, error) {
	now := p.Now()
	return p.hold(ctx, func(tx *db.Tx, x *parcel) error {
		return x.scan(tx.QueryRow(parcelColumns+` WHERE database = $1 AND due <= $2 ORDER BY due, id LIMIT 1`, database, now.UnixMilli()))
	})
}

// hold finds a parcel and has nobody else try it for a while.
func (p *Post) hold(ctx context.Context, find func(*db.Tx, *parcel) error) (found *parcel, err error) {
	until := p.Now().Add(holdTime).UnixMilli()
	err = p.DB.Update(ctx, func(tx *db.Tx) error {
		found = nil
		x := &parcel{}
		err := find(tx, x)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE hop_parcel SET due = $3, tries = tries + 1 WHERE id = $1 AND due = $2`, x.id, x.due, until)
		if n == 1 {
			found = x
		}
		return err
	})
	return found, err
}

// open checks a parcel's mark and reads its envelope. One that is not ours is
// taken out: nobody sent it.
func (p *Post) open(ctx context.Context, x *parcel) (bool, error) {
	if p.Seal.Valid(x.marked(), x.mark) && json.Unmarshal([]byte(x.text), &x.envelope) == nil {
		return true, nil
	}
	p.Log.Error("a message between nodes does not bear its mark: nobody sent it", "parcel", x.id)
	return false, p.done(ctx, x)
}

// bring puts a message into its mailboxes, and tells its sender of those that do
// not take it.
func (p *Post) bring(ctx context.Context, x *parcel) error {
	ok, err := p.open(ctx, x)
	if !ok {
		return err
	}
	var to []access.Account
	var again []string
	var errs []error
	var lost []entente.SMTPAddress
	for _, id := range x.envelope.To {
		if a, found := p.recipient(id); found {
			to = append(to, a)
		} else {
			again = append(again, id) // this node may hear of him in a moment
		}
	}
	if len(to) > 0 {
		s := p.session(x, &to[0])
		c := p.consignment(x)
		code := ""
		for i, err := range p.Courier.Receive(ctx, s, c, to, x.envelope.Arrival) {
			switch {
			case err == nil:
			case delivery.Final(err):
				lost, errs, code = append(lost, to[i].Mail), append(errs, err), "NotDelivered"
			default:
				again, code = append(again, to[i].Mailbox.String()), "NotDelivered"
				p.Log.Warn("mail from another node", "parcel", x.id, "err", err)
			}
		}
		if err := s.Finish(ctx, code); err != nil {
			return err // it is tried again; what lies there is not put in twice
		}
	}
	if err := p.giveBack(ctx, x, lost, errs); err != nil {
		return err
	}
	if len(again) == 0 {
		return p.done(ctx, x)
	}
	x.envelope.To = again
	return p.later(ctx, x)
}

// recipient returns whose mailbox has an id.
func (p *Post) recipient(id string) (access.Account, bool) {
	box, _ := entente.ParseMailboxID(id) // ours: the mark says so
	return p.Directory.Snapshot().FindMailbox(box)
}

func (p *Post) consignment(x *parcel) *delivery.Consignment {
	return &delivery.Consignment{
		Database: x.database, Sender: x.envelope.Sender, Item: x.message, Ready: x.envelope.Ready, Arrival: x.envelope.Arrival,
	}
}

// session is the sender's, as far as he can be named here: its record has him, and
// the node that his request came to.
func (p *Post) session(x *parcel, to *access.Account) *clientaccess.Session {
	const task = "Delivery"
	if x.envelope.Caller != nil {
		if who, err := p.Router.Node.Stated(x.envelope.Caller); err == nil {
			return p.Door.Carried(who, x.envelope.Request, task)
		}
	}
	if a, ok := p.Directory.Snapshot().FindSID(x.envelope.As); ok {
		return p.Door.Local(a.Principal, task+" by node "+x.envelope.From)
	}
	return p.Door.Local(to.Principal, task+" by node "+x.envelope.From)
}

// giveBack tells the sender, once, that a message did not get to some.
func (p *Post) giveBack(ctx context.Context, x *parcel, to []entente.SMTPAddress, errs []error) error {
	if len(to) == 0 || x.envelope.Sender == "" {
		return nil
	}
	a, ok := p.Directory.Snapshot().FindSMTP(string(x.envelope.Sender))
	if !ok {
		return nil
	}
	s := p.Door.Local(a.Principal, "NonDeliveryReport")
	c := p.consignment(x)
	c.Arrival += ":report"
	err := p.Courier.Returned(ctx, s, c, to, errs)
	code := ""
	if err != nil {
		code = "NotDelivered"
	}
	return errors.Join(err, s.Finish(ctx, code))
}

func (p *Post) done(ctx context.Context, x *parcel) error {
	return p.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM hop_parcel WHERE id = $1`, x.id)
		return err
	})
}

// later has a parcel tried again.
func (p *Post) later(ctx context.Context, x *parcel) error {
	if err := x.seal(p.Seal); err != nil {
		return err
	}
	due := p.Now().Add(min(time.Second<<min(x.tries, 10), longest)).UnixMilli()
	return p.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE hop_parcel SET due = $2, envelope = $3, mark = $4 WHERE id = $1`, x.id, due, x.text, x.mark)
		return err
	})
}

// GiveUp returns to their senders what no node has taken for too long. Any node
// does so: the sender's own may be gone.
func (p *Post) GiveUp(ctx context.Context) error {
	before := p.Now().Add(-p.KeepFor).UnixMilli()
	for ctx.Err() == nil {
		x, err := p.hold(ctx, func(tx *db.Tx, x *parcel) error {
			return x.scan(tx.QueryRow(parcelColumns+` WHERE created < $1 AND due <= $2 ORDER BY due, id LIMIT 1`, before, p.Now().UnixMilli()))
		})
		if err != nil || x == nil {
			return err
		}
		if ok, err := p.open(ctx, x); !ok {
			if err != nil {
				return err
			}
			continue
		}
		var lost []entente.SMTPAddress
		var errs []error
		for _, id := range x.envelope.To {
			why := "the node with the mailbox was away for too long"
			address := x.envelope.Mail[id]
			if a, ok := p.recipient(id); ok {
				address = a.Mail
			} else {
				why = "the mailbox is gone"
			}
			if address != "" {
				lost = append(lost, address)
				errs = append(errs, entente.Errorf(entente.Unavailable, "%s", why).Because(delivery.Expired))
			}
		}
		if err := p.giveBack(ctx, x, lost, errs); err != nil {
			return err
		}
		if err := p.done(ctx, x); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Waiting is how many messages wait for the mailboxes of each database.
func (p *Post) Waiting(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := p.DB.View(ctx, func(tx *db.Tx) error {
		clear(out)
		rows, err := tx.Query(`SELECT database, COUNT(*) FROM hop_parcel GROUP BY database`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var n int
			if err := rows.Scan(&name, &n); err != nil {
				return err
			}
			out[name] = n
		}
		return rows.Err()
	})
	return out, err
}

var _ delivery.Elsewhere = (*Post)(nil)
