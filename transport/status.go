package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"entente"
	"entente/db"
	"entente/delivery"
)

// Statuses of queues and messages, in Exchange's words.
const (
	Ready     = "Ready" // it is sent any moment
	Active    = "Active"
	Retry     = "Retry"
	Suspended = "Suspended"
)

// A Queue is what waits for a send connector, as administrators see it.
type Queue struct {
	Queue     string    `json:"queue"`
	Status    string    `json:"status"`
	Messages  int       `json:"messages"`
	Suspended int       `json:"suspended,omitempty"`
	Oldest    time.Time `json:"oldest"`
	NextRetry time.Time `json:"next_retry,omitzero"`
	LastError string    `json:"last_error,omitempty"`
}

// A Message is one in the queue.
type Message struct {
	ID        string    `json:"id"`
	Queue     string    `json:"queue"`
	Status    string    `json:"status"`
	From      string    `json:"from"` // reverse path; "" for none
	Subject   string    `json:"subject"`
	MessageID string    `json:"message_id"`
	Size      int       `json:"size"`
	Received  time.Time `json:"received"`
	Expires   time.Time `json:"expires"`
	Tries     int       `json:"tries"`
	NextRetry time.Time `json:"next_retry,omitzero"`
	Node      string    `json:"node,omitempty"` // that tries it now
	LastError string    `json:"last_error,omitempty"`
	To        []To      `json:"to"`
}

// A To is a recipient of a message in the queue.
type To struct {
	Address string `json:"address"`
	Status  string `json:"status,omitempty"` // RFC 3463, of the last try
	Said    string `json:"said,omitempty"`
}

func (x *row) status(now time.Time) string {
	switch {
	case x.suspended:
		return Suspended
	case x.holder != "":
		return Active
	case x.tries > 0 && time.UnixMilli(x.due).After(now):
		return Retry
	}
	return Ready
}

// A Selection is what of the queue is meant: a message by its id, or all by the name
// of a send connector; empty for everything.
type Selection struct{ ID, Queue string }

// Messages returns the messages of a selection, the oldest first.
func (s *Service) Messages(ctx context.Context, which Selection, most int) ([]Message, error) {
	var out []Message
	now := s.Now()
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(`SELECT id, connector, sender, envelope, LENGTH(message), created, due, tries, holder, suspended, problem FROM transport_message
			WHERE (id = $1 OR $1 = '') AND (connector = $2 OR $2 = '') ORDER BY created, id LIMIT $3`, which.ID, which.Queue, most)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var x row
			size := 0
			if err := rows.Scan(&x.id, &x.connector, &x.sender, &x.text, &size, &x.created, &x.due, &x.tries, &x.holder, &x.suspended, &x.problem); err != nil {
				return err
			}
			_ = json.Unmarshal([]byte(x.text), &x.envelope) // one that is damaged shows nothing of it
			out = append(out, s.shown(&x, size, now))
		}
		return rows.Err()
	})
	if err == nil && which.ID != "" && len(out) == 0 {
		err = absent(which)
	}
	return out, err
}

func absent(which Selection) error {
	if which.ID != "" {
		return entente.Errorf(entente.NotFound, "there is no message %s in the queue", which.ID)
	}
	return entente.Errorf(entente.NotFound, "nothing waits for a send connector %q", which.Queue)
}

func (s *Service) shown(x *row, size int, now time.Time) Message {
	created := time.UnixMilli(x.created).UTC()
	m := Message{
		ID: x.id, Queue: x.connector, Status: x.status(now), From: x.sender, Subject: x.envelope.Subject, MessageID: x.envelope.ID,
		Size: size, Received: created, Expires: created.Add(s.Keep), Tries: int(x.tries), Node: x.holder, LastError: x.problem,
	}
	if m.Status == Retry {
		m.NextRetry = time.UnixMilli(x.due).UTC()
	}
	for _, t := range x.envelope.To {
		m.To = append(m.To, To{Address: string(t.Address), Status: t.Status, Said: t.Said})
	}
	return m
}

// maxShown bounds what is looked through for the list of queues.
const maxShown = 100_000

// Queues returns what waits for each send connector.
func (s *Service) Queues(ctx context.Context) ([]Queue, error) {
	all, err := s.Messages(ctx, Selection{}, maxShown)
	if err != nil {
		return nil, err
	}
	var out []Queue
	at := map[string]int{}
	for i := range all {
		m := &all[i]
		n, ok := at[m.Queue]
		if !ok {
			n = len(out)
			at[m.Queue] = n
			out = append(out, Queue{Queue: m.Queue, Status: Suspended, Oldest: m.Received})
		}
		q := &out[n]
		q.Messages++
		switch {
		case m.Status == Suspended:
			q.Suspended++
			continue
		case m.Status == Active || m.Status == Ready && q.Status != Active:
			q.Status = m.Status
		case q.Status == Suspended:
			q.Status = m.Status
		}
		if m.Status == Retry && (q.NextRetry.IsZero() || m.NextRetry.Before(q.NextRetry)) {
			q.NextRetry = m.NextRetry
		}
		if m.LastError != "" {
			q.LastError = m.LastError
		}
	}
	return out, nil
}

// RetryNow has what is meant tried at once. It returns how many messages that are.
func (s *Service) RetryNow(ctx context.Context, which Selection) (int, error) {
	n, err := s.change(ctx, which, func(tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE transport_message SET due = $3 WHERE (id = $1 OR $1 = '') AND (connector = $2 OR $2 = '') AND holder = '' AND suspended = FALSE`,
			which.ID, which.Queue, s.Now().UnixMilli())
	})
	if err == nil {
		s.nudge()
		_ = s.DB.Notify(ctx, queueChannel, "")
	}
	return n, err
}

// Suspend keeps what is meant from being sent, or lets it go on.
func (s *Service) Suspend(ctx context.Context, which Selection, yes bool) (int, error) {
	n, err := s.change(ctx, which, func(tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE transport_message SET suspended = $3 WHERE (id = $1 OR $1 = '') AND (connector = $2 OR $2 = '')`, which.ID, which.Queue, yes)
	})
	if err == nil && !yes {
		s.nudge()
		_ = s.DB.Notify(ctx, queueChannel, "")
	}
	return n, err
}

func (s *Service) change(ctx context.Context, which Selection, f func(*db.Tx) (int64, error)) (int, error) {
	var n int64
	err := s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		n, err = f(tx)
		return err
	})
	if err == nil && n == 0 && which != (Selection{}) {
		err = absent(which)
	}
	return int(n), err
}

// statusRemoved is of a message that an administrator has taken out.
const statusRemoved = "5.7.1"

// Remove takes a message out of the queue and, if asked to, tells its sender so. One
// that is being sent is not held back.
func (s *Service) Remove(ctx context.Context, id string, tell bool) error {
	x := &row{}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		err := x.scan(tx.QueryRow(columns+` WHERE id = $1`, id))
		if errors.Is(err, db.ErrNoRows) {
			return absent(Selection{ID: id})
		}
		if err != nil {
			return err
		}
		if x.holder != "" && time.UnixMilli(x.due).After(s.Now()) {
			return entente.Errorf(entente.Conflict, "the message is being sent by %s", x.holder)
		}
		_, err = tx.Exec(`DELETE FROM transport_message WHERE id = $1`, id)
		return err
	})
	if err != nil || !tell {
		return err
	}
	if err := x.open(s.Seal); err != nil {
		return nil // nobody sent it
	}
	var say []delivery.Result
	for _, t := range x.envelope.To {
		if t.Fate == later {
			say = append(say, delivery.Result{To: string(t.Address), Action: delivery.Failed, Status: statusRemoved})
		}
	}
	return s.word(ctx, x, say, "removed")
}

// A ConnectorInfo is a connector as administrators see it. It shows no secrets.
type ConnectorInfo struct {
	Name     string   `json:"name"`
	Way      string   `json:"way"` // send or receive
	Protocol string   `json:"protocol"`
	Security string   `json:"security,omitempty"`
	Auth     bool     `json:"auth"`
	Leads    []string `json:"address_spaces,omitempty"`
	Hosts    []string `json:"smart_hosts,omitempty"`
	Down     []string `json:"down,omitempty"` // hosts that could not be reached lately
	Listen   string   `json:"listen,omitempty"`
	From     []string `json:"networks,omitempty"`
	MaxSize  int64    `json:"max_size"`
}

// Connectors returns all connectors of this node.
func (s *Service) Connectors() []ConnectorInfo {
	var out []ConnectorInfo
	for i := range s.Send {
		c := &s.Send[i]
		out = append(out, ConnectorInfo{
			Name: c.Name, Way: "send", Protocol: "smtp", Security: string(c.Security), Auth: c.User != "", Leads: c.AddressSpaces,
			Hosts: c.SmartHosts, Down: s.hosts.lately(c.SmartHosts, s.Now()), MaxSize: c.MaxSize,
		})
	}
	for i := range s.Receive {
		c := &s.Receive[i]
		x := ConnectorInfo{Name: c.Name, Way: "receive", Protocol: "smtp", Auth: c.User != "", Listen: c.Listen, MaxSize: c.MaxSize}
		if c.LMTP {
			x.Protocol = "lmtp"
		}
		switch {
		case c.RequireTLS:
			x.Security = "starttls required"
		case c.TLS != nil:
			x.Security = "starttls"
		}
		if !c.socket() {
			for _, n := range c.Networks {
				x.From = append(x.From, n.String())
			}
		}
		out = append(out, x)
	}
	return out
}

// lately returns those of some hosts that could not be reached.
func (h *hosts) lately(all []string, now time.Time) (down []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range all {
		if h.down[a].After(now) {
			down = append(down, a)
		}
	}
	return down
}

// String is how a selection stands in records.
func (w Selection) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s", w.Queue, w.ID))
}
