package relay

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn"
	"entente/db"
)

// Each side is a witness of the other's audit log: it keeps the last checkpoint
// it was shown, takes the next one only with a proof that the log continues, and
// signs it. Who then cuts his log off or writes it anew is found out by the
// other side, within a minute, and cannot show the signature.

// witnessEvery is how often checkpoints are exchanged.
const witnessEvery = time.Minute

// exchange is what the outer side sends and the inner side answers, in two
// rounds: each tells how much it has seen of the other's log, then each shows a
// checkpoint that extends that.
type exchange struct {
	Log  string `json:"log"`  // name of the node whose log it is
	Key  []byte `json:"key"`  // Ed25519, of the log
	Seen uint64 `json:"seen"` // records of the other's log, as last signed
	// Second round.
	Checkpoint string   `json:"checkpoint,omitempty"`
	Proof      [][]byte `json:"proof,omitempty"`
	// What the other showed in the round before, with this side's signature.
	Cosigned string `json:"cosigned,omitempty"`
}

func (e *exchange) check() error {
	if !validLog(e.Log) || len(e.Key) != ed25519.PublicKeySize || e.Seen >= 1<<60 || len(e.Proof) > maxProof ||
		len(e.Checkpoint) > maxCosigned || len(e.Cosigned) > maxCosigned {
		return errMalformed
	}
	for _, h := range e.Proof {
		if len(h) != 32 {
			return errMalformed
		}
	}
	return nil
}

// validLog keeps the names of logs, which are host names, plain.
func validLog(s string) bool {
	_, err := entente.ParseDomain(s)
	return err == nil
}

// watch exchanges checkpoints with a peer, at once when a channel comes and then
// each minute, until ctx ends. The outer side begins, for it is the one that
// asks.
func (r *Relay) watch(ctx context.Context, p *peer) {
	tick := time.NewTicker(witnessEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.came:
		case <-tick.C:
		}
		if len(p.pool.pick()) == 0 {
			continue
		}
		if err := r.exchange(ctx, p); err != nil && ctx.Err() == nil {
			r.Log.Warn("relay: checkpoints were not exchanged", "peer", p.Name, "err", err)
		}
	}
}

// exchange is the outer side's part.
func (r *Relay) exchange(ctx context.Context, p *peer) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var first exchange
	own := exchange{Log: r.Node, Key: r.AuditKey}
	if err := r.ask(ctx, p, pathWitness, &own, &first, maxReply); err != nil {
		return err
	}
	if err := first.check(); err != nil {
		return err
	}
	var err error
	if own.Checkpoint, own.Proof, err = r.show(ctx, p, first.Seen); err != nil {
		return err
	}
	if own.Seen, err = r.seenOf(ctx, p, &first); err != nil {
		return err
	}
	var second exchange
	if err := r.ask(ctx, p, pathWitness, &own, &second, maxReply); err != nil {
		return err
	}
	if err := second.check(); err != nil {
		return err
	}
	if err := r.keepCosigned(ctx, p, second.Log, second.Cosigned); err != nil {
		return err
	}
	text, err := r.sign(ctx, p, &second)
	if err != nil || text == "" {
		return err
	}
	// A last word: the inner side gets its signature.
	own.Checkpoint, own.Proof, own.Cosigned = "", nil, text
	return r.ask(ctx, p, pathWitness, &own, &second, maxReply)
}

// witnessed is the inner side's part: it shows what extends the size the outer
// side has seen, takes what that shows, and answers with its signature.
func (r *Relay) witnessed(ctx context.Context, by *callers, body io.Reader) (any, error) {
	var in exchange
	if err := decode(body, maxReply, &in); err != nil || in.check() != nil {
		return nil, r.refuse(ctx, by, "Witness", "", authn.Relayed{}, nil, NotUnderstood)
	}
	if !r.rates.take(&Agreement{Name: "\x01" + by.Name, Rate: defaultRate}, r.Now()) {
		return nil, r.refuse(ctx, by, "Witness", "", authn.Relayed{}, nil, TooFast)
	}
	out := exchange{Log: r.Node, Key: r.AuditKey}
	var err error
	if in.Cosigned != "" {
		if err := r.keepCosigned(ctx, by.peer, in.Log, in.Cosigned); err != nil {
			return nil, err
		}
	}
	if in.Checkpoint != "" {
		if out.Cosigned, err = r.sign(ctx, by.peer, &in); err != nil {
			return nil, err
		}
		if out.Checkpoint, out.Proof, err = r.show(ctx, by.peer, in.Seen); err != nil {
			return nil, err
		}
	}
	out.Seen, err = r.seenOf(ctx, by.peer, &in)
	return &out, err
}

// show returns a checkpoint of this side's log for a peer who has seen it at a
// size. That there is none is a matter for an alarm on this side too.
func (r *Relay) show(ctx context.Context, p *peer, seen uint64) (string, [][]byte, error) {
	if err := r.Audit.Sign(ctx); err != nil {
		return "", nil, err
	}
	text, path, err := audit.Extension(ctx, r.DB, r.Node, seen)
	if errors.Is(err, audit.ErrNotExtended) {
		r.Log.Error("relay: the audit log is not what the other side has signed", "peer", p.Name, "err", err)
		// The other side must see it for itself.
		text, path, err = audit.Extension(ctx, r.DB, r.Node, 0)
	}
	return text, path, err
}

// seal is a row of relay_witness.
type seal struct {
	log     string
	ours    bool
	key     []byte
	head    audit.Head
	note    string
	at      int64
	alarm   string
	alarmAt int64
}

func (r *Relay) seals(ctx context.Context, p *peer) (all []seal, err error) {
	err = r.DB.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT log, ours, auditkey, size, root, note, at, alarm, alarm_at FROM relay_witness WHERE peer = $1 ORDER BY ours, log`, p.Name)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s seal
			var size int64
			if err := rows.Scan(&s.log, &s.ours, &s.key, &size, &s.head.Root, &s.note, &s.at, &s.alarm, &s.alarmAt); err != nil {
				return err
			}
			s.head.Size = uint64(size)
			all = append(all, s)
		}
		return rows.Err()
	})
	return all, err
}

// lastSeal returns what is known of a log, the zero seal if nothing is.
func (r *Relay) lastSeal(ctx context.Context, p *peer, log string, ours bool) (seal, error) {
	all, err := r.seals(ctx, p)
	for _, s := range all {
		if s.log == log && s.ours == ours {
			return s, nil
		}
	}
	return seal{log: log, ours: ours}, err
}

func (r *Relay) seenOf(ctx context.Context, p *peer, e *exchange) (uint64, error) {
	s, err := r.lastSeal(ctx, p, e.Log, false)
	return s.head.Size, err
}

// sign takes a peer's checkpoint if it continues what was seen of its log, and
// returns it with this side's signature; "" if the log is empty yet. What does
// not continue it raises the alarm and is not taken.
func (r *Relay) sign(ctx context.Context, p *peer, e *exchange) (string, error) {
	if e.Checkpoint == "" {
		return "", nil
	}
	s, err := r.lastSeal(ctx, p, e.Log, false)
	if err != nil {
		return "", err
	}
	if len(s.key) > 0 && string(s.key) != string(e.Key) {
		return "", r.alarm(ctx, p, s, "the key of its audit log is another")
	}
	head, err := audit.Follow(s.head, e.Log, e.Key, e.Checkpoint, e.Proof)
	if err != nil {
		return "", r.alarm(ctx, p, s, err.Error())
	}
	text := e.Checkpoint
	if _, ok := r.Signer.Public().(ed25519.PublicKey); ok {
		if text, err = audit.Cosign(text, cosigner(r.Node), r.Signer, r.Now()); err != nil {
			return "", err
		}
	}
	s.key, s.head, s.note, s.at = e.Key, head, text, r.Now().UnixMilli()
	return text, r.saveSeal(ctx, p, s)
}

// cosigner is how a side is named in the signatures it gives.
func cosigner(node string) string { return "entente-relay/" + node }

// alarm notes that a peer's log is not what it was, tells whoever reads the log
// and the audit log, and refuses. What was seen stays, so that nothing but the
// log as it was ends the alarm.
func (r *Relay) alarm(ctx context.Context, p *peer, s seal, what string) error {
	r.Log.Error("relay: the other side's audit log was altered", "peer", p.Name, "log", s.log, "what", what)
	if s.alarm == what {
		return NotUnderstood // said already
	}
	rec := audit.Record{
		Kind: audit.System, Method: access.Local, Action: "relay.Witness", Targets: []string{p.Name, s.log},
		Code: "audit-altered", Steps: []audit.Step{{Rule: "log-extends", Fact: what}},
	}
	if err := r.Audit.Append(ctx, rec); err != nil {
		return err
	}
	s.alarm, s.alarmAt = what, r.Now().UnixMilli()
	if err := r.saveSeal(ctx, p, s); err != nil {
		return err
	}
	return NotUnderstood
}

// keepCosigned keeps this side's own checkpoint with the signature of the peer's
// relay, to be shown to whoever asks what the log was.
func (r *Relay) keepCosigned(ctx context.Context, p *peer, node, text string) error {
	if text == "" {
		return nil
	}
	if key, ok := p.publicKey().(ed25519.PublicKey); ok {
		if _, ok := audit.Cosigned(text, cosigner(node), key); !ok {
			return errors.New("the other side has not signed our checkpoint")
		}
	}
	head, err := audit.Follow(audit.Head{}, r.Node, r.AuditKey, text, nil)
	if err != nil {
		return fmt.Errorf("our checkpoint, as the other side has signed it: %w", err)
	}
	s, err := r.lastSeal(ctx, p, r.Node, true)
	if err != nil || head.Size < s.head.Size {
		return err
	}
	s.key, s.head, s.note, s.at = r.AuditKey, head, text, r.Now().UnixMilli()
	return r.saveSeal(ctx, p, s)
}

func (r *Relay) saveSeal(ctx context.Context, p *peer, s seal) error {
	if s.head.Root == nil {
		s.head.Root = []byte{}
	}
	if s.key == nil {
		s.key = []byte{}
	}
	return r.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO relay_witness (peer, log, ours, auditkey, size, root, note, at, alarm, alarm_at)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) ON CONFLICT (peer, log, ours) DO UPDATE SET
			auditkey = $4, size = $5, root = $6, note = $7, at = $8, alarm = $9, alarm_at = $10`,
			p.Name, s.log, s.ours, s.key, int64(s.head.Size), s.head.Root, s.note, s.at, s.alarm, s.alarmAt)
		return err
	})
}

// ForgetAlarm has a peer's log followed anew from what it shows next, after an
// administrator has found out why it was altered: it was restored from a backup,
// say.
func (r *Relay) ForgetAlarm(ctx context.Context, name string) error {
	return r.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM relay_witness WHERE peer = $1 AND NOT ours`, name)
		return err
	})
}
