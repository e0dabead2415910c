package transport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"entente/db"
)

// A row is one of transport_message: a message on its way by one connector.
type row struct {
	id, connector, sender string
	text                  string // of the envelope
	message, mark         []byte
	created, due          int64
	tries                 int64
	holder                string
	suspended             bool
	problem               string
	envelope              envelope
}

// marked is what the mark is of.
func (x *row) marked() []byte {
	b := []byte("entente outward mail 1\n")
	for _, s := range [...]string{x.id, x.sender, x.text, string(x.message)} {
		b = append(b, byte(len(s)>>24), byte(len(s)>>16), byte(len(s)>>8), byte(len(s)))
		b = append(b, s...)
	}
	return b
}

func (x *row) seal(s Seal) error {
	text, err := json.Marshal(&x.envelope)
	if err != nil {
		return err
	}
	x.text = string(text)
	x.mark = s.Append(nil, x.marked())
	return nil
}

// open checks a row's mark and reads its envelope.
func (x *row) open(s Seal) error {
	if !s.Valid(x.marked(), x.mark) {
		return errors.New("it does not bear its mark: nobody sent it")
	}
	return json.Unmarshal([]byte(x.text), &x.envelope)
}

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

const queueChannel = "entente_transport"

// How what is in the queue is tried.
const (
	workers   = 4
	holdTime  = 2 * time.Minute // without a word of its holder; then another node may
	renewTime = 30 * time.Second
	lookEvery = 15 * time.Second // where no hint came
	firstWait = time.Minute      // after the first try; twice as long after each
)

func (s *Service) nudge() {
	for range workers {
		select {
		case s.wake <- struct{}{}:
		default:
			return
		}
	}
}

// Run sends what is in the queue until ctx ends. What this node had claimed when it
// ended without a word it takes up at once.
func (s *Service) Run(ctx context.Context) {
	if err := s.takeUp(ctx); err != nil && ctx.Err() == nil {
		s.Log.Error("transport: take up the queue", "err", err)
	}
	for range workers {
		s.running.Go(func() { s.work(ctx) })
	}
	hints := s.DB.Subscribe(ctx, queueChannel)
	ill := false
	for ctx.Err() == nil {
		due, wait, err := s.look(ctx)
		if err != nil && !ill && ctx.Err() == nil {
			s.Log.Error("transport: look into the queue", "err", err)
		}
		if ill = err != nil; due {
			s.nudge()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case _, open := <-hints:
			if !open {
				hints = nil
			}
		case <-timer.C:
		}
		timer.Stop()
	}
	s.running.Wait()
}

// look reports whether something is due, without a write, and when to look again.
func (s *Service) look(ctx context.Context) (due bool, wait time.Duration, err error) {
	var next *int64
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT MIN(due) FROM transport_message WHERE suspended = FALSE`).Scan(&next)
	})
	wait = lookEvery
	if err == nil && next != nil {
		left := time.UnixMilli(*next).Sub(s.Now())
		due = left <= 0
		wait = min(wait, max(left, time.Second))
	}
	return due, wait, err
}

// takeUp gives back what this node held when it ended.
func (s *Service) takeUp(ctx context.Context) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE transport_message SET due = $2, holder = '' WHERE holder = $1`, s.Name, s.Now().UnixMilli())
		return err
	})
}

// work sends what is due whenever it is woken.
func (s *Service) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		if err := s.SendDue(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("transport: send", "err", err)
		}
	}
}

// SendDue tries everything that is due once, over connections that it keeps for as
// long.
func (s *Service) SendDue(ctx context.Context) error {
	open := s.newLinks()
	defer open.close()
	for ctx.Err() == nil {
		x, err := s.claim(ctx)
		if err != nil || x == nil {
			return err
		}
		// One that cannot be dealt with keeps no other waiting; it is held a while.
		if err := s.try(ctx, open, x); err != nil {
			s.Log.Error("transport: send", "message", x.id, "err", err)
		}
	}
	return ctx.Err()
}

const columns = `SELECT id, connector, sender, envelope, message, mark, created, due, tries, holder, suspended, problem FROM transport_message`

func (x *row) scan(r *db.Row) error {
	return r.Scan(&x.id, &x.connector, &x.sender, &x.text, &x.message, &x.mark, &x.created, &x.due, &x.tries, &x.holder, &x.suspended, &x.problem)
}

// claim returns what is due next and holds it for this node; nil if nothing is.
func (s *Service) claim(ctx context.Context) (found *row, err error) {
	now := s.Now()
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		found = nil
		x := &row{}
		err := x.scan(tx.QueryRow(columns+` WHERE due <= $1 AND suspended = FALSE ORDER BY due, id LIMIT 1`, now.UnixMilli()))
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		until := now.Add(holdTime).UnixMilli()
		n, err := tx.Exec(`UPDATE transport_message SET due = $3, tries = tries + 1, holder = $4 WHERE id = $1 AND due = $2`, x.id, x.due, until, s.Name)
		if n == 1 {
			x.due, x.holder, found = until, s.Name, x
			x.tries++
		}
		return err
	})
	return found, err
}

// errLost ends a try of what another node has meanwhile claimed.
var errLost = errors.New("the message is no longer this node's")

// renew holds a row for longer.
func (s *Service) renew(ctx context.Context, x *row) error {
	until := s.Now().Add(holdTime).UnixMilli()
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE transport_message SET due = $4 WHERE id = $1 AND due = $2 AND holder = $3`, x.id, x.due, s.Name, until)
		if err == nil && n != 1 {
			return errLost
		}
		if err == nil {
			x.due = until
		}
		return err
	})
}

// held runs f while saying again and again that the row is this node's; f's context
// ends when that cannot be said.
func (s *Service) held(ctx context.Context, x *row, f func(context.Context)) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		tick := time.NewTicker(renewTime)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			err := s.renew(ctx, x)
			switch {
			case err == nil:
				last = time.Now()
			case errors.Is(err, errLost) || time.Since(last) > holdTime-2*renewTime:
				cancel(err)
				return
			}
		}
	}()
	f(ctx)
	close(done)
	<-renewing
	cancel(nil)
}

// note writes down what a try has found out about each recipient.
func (s *Service) note(ctx context.Context, x *row, all []target) error {
	x.envelope.To = all
	if err := x.seal(s.Seal); err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE transport_message SET envelope = $4, mark = $5 WHERE id = $1 AND due = $2 AND holder = $3`,
			x.id, x.due, x.holder, x.text, x.mark)
		if err == nil && n != 1 {
			return errLost
		}
		return err
	})
}

// settle writes down what a try has left: nothing, or whom to try again and when.
func (s *Service) settle(ctx context.Context, x *row, left []target, due time.Time, problem string) error {
	if len(left) == 0 {
		return s.DB.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`DELETE FROM transport_message WHERE id = $1 AND due = $2 AND holder = $3`, x.id, x.due, x.holder)
			return err
		})
	}
	x.envelope.To = left
	if err := x.seal(s.Seal); err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE transport_message SET due = $4, envelope = $5, mark = $6, problem = $7, holder = '' WHERE id = $1 AND due = $2 AND holder = $3`,
			x.id, x.due, x.holder, due.UnixMilli(), x.text, x.mark, bounded(problem))
		return err
	})
}

// wait is how long after its last try a message is tried again.
func (s *Service) wait(tries int64) time.Duration {
	return min(firstWait<<min(max(tries-1, 0), 12), s.Retry)
}
