package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"entente"
	"entente/delivery"
)

// A fate is what a try found out about a recipient.
type fate uint8

const (
	later fate = iota // not yet
	taken             // the smart host has it
	never
)

// Statuses of RFC 3463 that this room finds itself.
const (
	statusExpired  = "4.4.7"
	statusNoHost   = "4.4.1"
	statusBroken   = "4.4.2"
	statusNoRoute  = "5.4.4"
	statusTooLarge = "5.3.4"
	statusEight    = "5.6.3" // conversion would be needed
	statusNoUTF8   = "5.6.7" // the host takes no such addresses
)

// perTransaction is how many recipients one transaction has: what every server
// takes. RFC 5321 4.5.3.1.8
const perTransaction = 100

// trying bounds one try of one message.
const trying = 30 * time.Minute

// try sends a message once to all that it is still for, and does what has become of
// it asks for.
func (s *Service) try(ctx context.Context, open *links, x *row) error {
	if err := x.open(s.Seal); err != nil {
		s.Log.Error("transport: a message is taken out of the queue", "message", x.id, "err", err)
		return s.settle(ctx, x, nil, time.Time{}, "")
	}
	if s.Now().Sub(time.UnixMilli(x.created)) > s.Keep && x.tries > 1 {
		return s.conclude(ctx, x, s.expired(x))
	}
	all := slices.DeleteFunc(slices.Clone(x.envelope.To), func(t target) bool { return t.Fate == later })
	s.held(ctx, x, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, trying)
		defer cancel()
		for c, to := range s.divide(x) {
			began := time.Now()
			out := s.transmit(ctx, open, c, x, to)
			all = append(all, out...)
			s.observe(Observation{Connector: nameOf(c), Way: "out", Outcome: worst(out), Took: time.Since(began)})
		}
	})
	if ctx.Err() != nil { // the server ends: what was taken is written down all the same
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
	}
	return s.conclude(ctx, x, all)
}

// divide sorts recipients by the connectors that lead to them now: settings may have
// changed since the message was put down. nil is for those to whom none leads.
func (s *Service) divide(x *row) map[*SendConnector][]target {
	groups := map[*SendConnector][]target{}
	for _, t := range x.envelope.To {
		if t.Fate != later {
			continue // a node found it out, and ended before it was done with
		}
		c := s.connector(t.Address.Domain())
		groups[c] = append(groups[c], t)
	}
	return groups
}

func nameOf(c *SendConnector) string {
	if c == nil {
		return ""
	}
	return c.Name
}

func worst(all []target) string {
	word := "delivered"
	for i := range all {
		switch all[i].Fate {
		case later:
			return "later"
		case never:
			word = "failed"
		}
	}
	return word
}

// same gives all recipients one outcome.
func same(to []target, f fate, status, remote, said string) []target {
	out := make([]target, len(to))
	for i := range to {
		out[i] = target{Address: to[i].Address, Fate: f, Status: status, Said: bounded(said), Remote: remote}
	}
	return out
}

// transmit brings a message to the first of a connector's hosts that will talk.
func (s *Service) transmit(ctx context.Context, open *links, c *SendConnector, x *row, to []target) []target {
	if c == nil {
		return same(to, never, statusNoRoute, "", "")
	}
	var out []target
	for _, host := range s.hosts.order(c.SmartHosts, s.Now()) {
		if ctx.Err() != nil {
			break
		}
		k, err := open.get(ctx, c, host)
		if err != nil {
			s.hosts.failed(host, s.Now())
			s.Log.Warn("transport: smart host", "connector", c.Name, "host", host, "err", err)
			out = append(out[:0], same(to, later, statusNoHost, hostName(host), err.Error())...)
			continue
		}
		s.hosts.answered(host)
		out = out[:0]
		var broken error
		for rest := to; len(rest) > 0 && broken == nil; {
			n := min(len(rest), perTransaction)
			var some []target
			some, broken = k.transaction(ctx, x, rest[:n])
			out, rest = append(out, some...), rest[n:]
			if broken != nil {
				out = append(out, same(rest, later, statusBroken, hostName(host), broken.Error())...)
			}
		}
		if broken == nil {
			return out
		}
		open.drop(c, host)
		s.hosts.failed(host, s.Now())
		if !untouched(out) || errors.Is(broken, errUnanswered) {
			return out // another host would bring it a second time to some
		}
	}
	if out == nil {
		return same(to, later, statusNoHost, "", "")
	}
	return out
}

// untouched reports whether nobody can have the message yet.
func untouched(all []target) bool {
	for i := range all {
		if all[i].Fate != later {
			return false
		}
	}
	return true
}

// errUnanswered is a message that was sent to its end and of which it is not known
// whether it was taken.
var errUnanswered = errors.New("the smart host has the message and did not say what becomes of it")

// transaction sends a message to some recipients over a connection. An error says
// that the connection is of no more use.
func (k *link) transaction(ctx context.Context, x *row, to []target) (out []target, broken error) {
	remote := hostName(k.host)
	if k.size > 0 && len(x.message) > k.size {
		return same(to, never, statusTooLarge, remote, fmt.Sprintf("the host takes at most %d bytes", k.size)), nil
	}
	eight, _ := k.client.Extension("8BITMIME")
	utf8, _ := k.client.Extension("SMTPUTF8")
	if x.envelope.Eight && !eight {
		return same(to, never, statusEight, remote, "the host takes no eight-bit messages"), nil
	}
	var able []target
	for _, t := range to {
		if !utf8 && (!ascii([]byte(t.Address)) || !ascii([]byte(x.sender))) {
			out = append(out, same([]target{t}, never, statusNoUTF8, remote, "the host takes no internationalized addresses")...)
		} else {
			able = append(able, t)
		}
	}
	if to = able; len(to) == 0 {
		return out, nil
	}
	dsn, _ := k.client.Extension("DSN")
	err := k.within(ctx, func() error { return k.client.Mail(x.sender, x.mailOptions(utf8)) })
	if err != nil {
		some, broken := k.refused(to, err)
		return append(out, some...), broken
	}
	var accepted []target
	for _, t := range to {
		err := k.within(ctx, func() error { return k.client.Rcpt(string(t.Address), x.rcptOptions(dsn)) })
		if err == nil {
			accepted = append(accepted, t)
			continue
		}
		some, broken := k.refused([]target{t}, err)
		out = append(out, some...)
		if broken != nil {
			return append(out, same(remaining(to, out), later, statusBroken, remote, broken.Error())...), broken
		}
	}
	if len(accepted) == 0 {
		return out, k.within(ctx, k.client.Reset)
	}
	some, broken := k.data(ctx, x, accepted)
	for i := range some {
		some[i].Promised = dsn && some[i].Fate == taken
	}
	return append(out, some...), broken
}

// remaining are those who have no outcome yet.
func remaining(to []target, out []target) (rest []target) {
	for _, t := range to {
		known := false
		for i := range out {
			known = known || out[i].Address == t.Address
		}
		if !known {
			rest = append(rest, t)
		}
	}
	return rest
}

// data sends the message itself.
func (k *link) data(ctx context.Context, x *row, to []target) ([]target, error) {
	remote := hostName(k.host)
	var w *smtp.DataCommand
	err := k.within(ctx, func() (err error) { w, err = k.client.Data(); return err })
	if err != nil {
		return k.refused(to, err)
	}
	if err := k.within(ctx, func() error { _, err := w.Write(x.message); return err }); err != nil {
		return same(to, later, statusBroken, remote, err.Error()), err // without its end it is no message
	}
	var answer *smtp.DataResponse
	err = k.within(ctx, func() (err error) { answer, err = w.CloseWithResponse(); return err })
	var said *smtp.SMTPError
	switch {
	case err == nil:
		return same(to, taken, "2.0.0", remote, answer.StatusText), nil
	case errors.As(err, &said):
		return k.refused(to, err)
	}
	return same(to, later, statusBroken, remote, errUnanswered.Error()), errors.Join(errUnanswered, err)
}

// refused reads what a host has against some recipients, or against all.
func (k *link) refused(to []target, err error) ([]target, error) {
	remote := hostName(k.host)
	var said *smtp.SMTPError
	if !errors.As(err, &said) {
		return same(to, later, statusBroken, remote, err.Error()), err
	}
	text := reply(said)
	f := never
	switch {
	case said.Code == 421: // the host closes the connection. RFC 5321 3.8
		return same(to, later, statusOf(said), remote, text), err
	case said.Code/100 != 5:
		f = later
	case said.Code == 530 || said.Code == 535 || said.Code == 538 || said.Code == 503:
		f = later // of this server's settings, and not of the message
	case said.Code == 552 && said.EnhancedCode[1] == 5: // too many recipients, RFC 5321 4.5.3.1.10
		f = later
	}
	status := statusOf(said)
	if f == later && status[0] == '5' {
		status = "4" + status[1:]
	}
	return same(to, f, status, remote, text), nil
}

// reply is what a host said, as RFC 3464 2.3.6 has it told.
func reply(e *smtp.SMTPError) string {
	text := fmt.Sprintf("%d ", e.Code)
	if e.EnhancedCode[0] > 0 {
		text += fmt.Sprintf("%d.%d.%d ", e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2])
	}
	return text + strings.Join(strings.Fields(e.Message), " ")
}

// statusOf is the status of a reply, made from its code where it has none.
func statusOf(e *smtp.SMTPError) string {
	class := e.Code / 100
	if class != 4 && class != 5 {
		class = 4
	}
	if c := e.EnhancedCode; c[0] == class && c[1] >= 0 && c[1] < 1000 && c[2] >= 0 && c[2] < 1000 {
		return fmt.Sprintf("%d.%d.%d", c[0], c[1], c[2])
	}
	switch e.Code {
	case 450, 550:
		return fmt.Sprintf("%d.1.1", class)
	case 452, 552:
		return fmt.Sprintf("%d.2.2", class)
	}
	return fmt.Sprintf("%d.0.0", class)
}

// mailOptions are what is said of a message at MAIL. RFC 3461 4.3, 4.4
func (x *row) mailOptions(utf8 bool) *smtp.MailOptions {
	o := &smtp.MailOptions{Size: int64(len(x.message)), UTF8: utf8 && x.envelope.UTF8}
	if x.sender != "" {
		o.Return, o.EnvelopeID = smtp.DSNReturnHeaders, x.id
	}
	return o
}

// rcptOptions are what is said of a recipient. RFC 3461 4.1
func (x *row) rcptOptions(dsn bool) *smtp.RcptOptions {
	switch {
	case !dsn:
		return nil
	case x.sender == "":
		return &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifyNever}}
	case x.envelope.Receipt:
		return &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifySuccess, smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}}
	}
	return &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}}
}

// expired gives up everybody whom a message was still for.
func (s *Service) expired(x *row) []target {
	var all []target
	for _, t := range x.envelope.To {
		if t.Fate == later {
			t.Status, t.Fate = statusExpired, never
		}
		all = append(all, t)
	}
	return all
}

// result is what a report says of a recipient.
func (t *target) result(a delivery.Action) delivery.Result {
	return delivery.Result{To: string(t.Address), Action: a, Status: t.Status, Remote: t.Remote, Diagnostic: t.Said}
}

func addresses(all []target) []entente.SMTPAddress {
	var list []entente.SMTPAddress
	for i := range all {
		list = append(list, all[i].Address)
	}
	return list
}
