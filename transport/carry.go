package transport

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/db"
	"entente/delivery"
	"entente/message"
)

// AutoForwardOff is the reason of what rules may not send on.
const AutoForwardOff entente.Reason = "auto-forward-off"

// An envelope is all that is kept of a message beside its bytes.
type envelope struct {
	To      []target `json:"to"`
	Subject string   `json:"subject,omitempty"` // for administrators
	ID      string   `json:"id,omitempty"`      // Message-ID
	From    string   `json:"from,omitempty"`    // in whose name
	Receipt bool     `json:"receipt,omitempty"` // word when it has arrived
	UTF8    bool     `json:"utf8,omitempty"`    // RFC 6531: some address or field needs it
	Eight   bool     `json:"eight,omitempty"`   // RFC 6152: the body has eight-bit bytes
	Warned  bool     `json:"warned,omitempty"`  // the sender knows that it takes long
}

// A target is a recipient, with what has become of the message for him.
type target struct {
	Address entente.SMTPAddress `json:"address"`
	Fate    fate                `json:"fate,omitempty"`
	// Status is RFC 3463's, Said what the host Remote said at the last try.
	Status string `json:"status,omitempty"`
	Said   string `json:"said,omitempty"`
	Remote string `json:"remote,omitempty"`
	// Promised is that the host itself tells the sender when it has arrived.
	Promised bool `json:"promised,omitempty"`
}

// Leads implements delivery.Route: to whom no accepted domain belongs, if a send
// connector leads there.
func (s *Service) Leads(to entente.SMTPAddress) bool {
	return !s.Directory.Accepted(to.Domain()) && s.connector(to.Domain()) != nil
}

// Carry implements delivery.Route. Each connector's part is a message of its own.
func (s *Service) Carry(ctx context.Context, p delivery.Parcel) error {
	if p.AutoForwarded && !s.AutoForward {
		return entente.Errorf(entente.Denied, "mail that a rule sends on does not leave the organization").Because(AutoForwardOff)
	}
	groups := map[*SendConnector][]entente.SMTPAddress{}
	for _, to := range p.To {
		c := s.connector(to.Domain())
		if c == nil || s.Directory.Accepted(to.Domain()) {
			return entente.Errorf(entente.Denied, "no send connector leads to %s", to.Domain())
		}
		groups[c] = append(groups[c], to)
	}
	var all []*row
	for c, to := range groups {
		x, err := s.pack(c, &p, to)
		if err != nil {
			return err
		}
		all = append(all, x)
	}
	fresh, err := s.store(ctx, p.Arrival, all)
	if err == nil && fresh {
		s.nudge()
		_ = s.DB.Notify(ctx, queueChannel, "")
	}
	return err
}

// pack makes the row of a message by one connector.
func (s *Service) pack(c *SendConnector, p *delivery.Parcel, to []entente.SMTPAddress) (*row, error) {
	x := &row{id: newID(), connector: c.Name, created: s.Now().UnixMilli()}
	raw := message.Lines(p.Message)
	if int64(len(raw)) > c.MaxSize {
		return nil, entente.Errorf(entente.TooLarge, "the message is larger than %d bytes", c.MaxSize)
	}
	if !p.Automatic { // who hears of it. RFC 5321 4.5.5: a report is returned to nobody
		from, err := entente.ParseSMTPAddress(p.Sender.SMTP)
		if err != nil {
			return nil, entente.Errorf(entente.Invalid, "the sender has no address to which the message could be returned")
		}
		x.sender = string(from)
	}
	m, err := message.Parse(raw, message.DefaultLimits())
	if err != nil {
		return nil, err
	}
	x.message = append(s.trace(x.id), raw...)
	if !strings.HasPrefix(string(raw), "\r\n") && !hasBody(raw) {
		x.message = append(x.message, "\r\n"...)
	}
	x.envelope = envelope{Subject: bounded(m.Subject), ID: bounded(m.MessageID), From: p.From.SMTP, Receipt: p.Receipt && !p.Automatic}
	head, body := cutHeader(raw)
	x.envelope.Eight = !ascii(body)
	x.envelope.UTF8 = !ascii(head) || !ascii([]byte(x.sender))
	for _, a := range to {
		x.envelope.To = append(x.envelope.To, target{Address: a})
		x.envelope.UTF8 = x.envelope.UTF8 || !ascii([]byte(a))
	}
	return x, nil
}

// trace is the line that says where the message came into the world of SMTP. How
// its sender reached this server, and from where, is nobody's business. RFC 5321 4.4
func (s *Service) trace(id string) []byte {
	return []byte("Received: by " + s.Name + " with HTTP id " + id + ";\r\n\t" + s.Now().UTC().Format(traceDate) + "\r\n")
}

const traceDate = "Mon, 02 Jan 2006 15:04:05 -0700"

// cutHeader divides a message at the empty line that ends its header.
func cutHeader(raw []byte) (head, body []byte) {
	text := string(raw)
	if strings.HasPrefix(text, "\r\n") {
		return nil, raw[2:]
	}
	if i := strings.Index(text, "\r\n\r\n"); i >= 0 {
		return raw[:i+2], raw[i+4:]
	}
	return raw, nil
}

func hasBody(raw []byte) bool { return strings.Contains(string(raw), "\r\n\r\n") }

func ascii(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c > 0x7f }) }

// bounded is a text as it is kept for administrators.
func bounded(s string) string {
	const most = 200
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}

// sentKept is how long the name of a sending is known, longer than any of its
// tries.
const sentKept = 14 * 24 * time.Hour

// store puts messages into the queue in one transaction, but for those that were
// there under the same name before. It returns whether it put any.
func (s *Service) store(ctx context.Context, name string, all []*row) (fresh bool, err error) {
	now := s.Now()
	for _, x := range all {
		if err := x.seal(s.Seal); err != nil {
			return false, err
		}
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		fresh = false
		if name != "" {
			if _, err := tx.Exec(`DELETE FROM transport_sent WHERE at < $1`, now.Add(-sentKept).UnixMilli()); err != nil {
				return err
			}
		}
		for _, x := range all {
			if name != "" {
				n, err := tx.Exec(`INSERT INTO transport_sent (name, at) VALUES ($1,$2) ON CONFLICT (name) DO NOTHING`,
					sentName(name, x), now.UnixMilli())
				if err != nil {
					return err
				}
				if n == 0 {
					continue // this one was there
				}
			}
			fresh = true
			if _, err := tx.Exec(`INSERT INTO transport_message
				(id, connector, sender, envelope, message, mark, created, due, tries, holder, suspended, problem)
				VALUES ($1,$2,$3,$4,$5,$6,$7,$7,0,'',FALSE,'')`,
				x.id, x.connector, x.sender, x.text, x.message, x.mark, x.created); err != nil {
				return err
			}
		}
		return nil
	})
	return fresh, err
}

// sentName is what a sending to some is known by.
func sentName(name string, x *row) string {
	text, _ := json.Marshal(x.envelope.To) // of strings: it does not fail
	return hashed(name + "\x00" + string(text))
}

var _ delivery.Route = (*Service)(nil)
