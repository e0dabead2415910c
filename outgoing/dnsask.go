package outgoing

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// exchange asks the servers, one after the other, until one of them says that
// there are records, or none, or no such name.
func (d *DNS) exchange(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	var failed error
	for i, s := range d.servers {
		left := dnsTry
		if deadline, ok := ctx.Deadline(); ok { // the last one gets what is left
			left = min(left, time.Until(deadline))
			if i == len(d.servers)-1 {
				left = time.Until(deadline)
			}
		}
		m, err := d.askServer(ctx, s, name, kind, left)
		switch {
		case err == nil && (m.Rcode == dns.RcodeSuccess || m.Rcode == dns.RcodeNameError):
			return m, nil
		case err == nil:
			err = fmt.Errorf("%w: %s", ErrServFail, dns.RcodeToString[m.Rcode])
		}
		// A server that answered badly says more than one that did not answer.
		if failed == nil || !errors.Is(failed, ErrServFail) {
			failed = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// askServer asks one server, by UDP and, if the answer was cut, by TCP.
func (d *DNS) askServer(ctx context.Context, server, name string, kind uint16, within time.Duration) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	m, err := d.askBy(ctx, "udp", server, name, kind)
	if err == nil && m.Truncated {
		m, err = d.askBy(ctx, "tcp", server, name, kind)
		if err == nil && m.Truncated {
			err = ErrTooLarge
		}
	}
	return m, err
}

func (d *DNS) askBy(ctx context.Context, network, server, name string, kind uint16) (*dns.Msg, error) {
	q := new(dns.Msg).SetQuestion(name, kind) // with a random id
	q.RecursionDesired = d.recursive
	q.SetEdns0(dnsUDPSize, false)
	text, err := q.Pack()
	if err != nil {
		return nil, fmt.Errorf("%w: %q is no name for DNS", ErrNoName, name)
	}
	// A socket, and so a port, of its own for each question.
	c, err := d.dialer.Dial(ctx, Lookup, network, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
	if network == "tcp" {
		return exchangeTCP(c, q, text)
	}
	return exchangeUDP(c, q, text)
}

// exchangeUDP waits for the answer. Whatever else comes is somebody's guess, or
// late, and is passed over.
func exchangeUDP(c net.Conn, q *dns.Msg, text []byte) (*dns.Msg, error) {
	if _, err := c.Write(text); err != nil {
		return nil, err
	}
	b := make([]byte, dnsSize+1)
	for range strayLimit {
		n, err := c.Read(b)
		if err != nil {
			return nil, err
		}
		if n > dnsSize {
			return nil, ErrTooLarge
		}
		if m := answerTo(q, b[:n]); m != nil {
			return m, nil
		}
	}
	return nil, fmt.Errorf("%w: %d answers to other questions", ErrServFail, strayLimit)
}

// exchangeTCP has a length before each message: RFC 1035 4.2.2.
func exchangeTCP(c net.Conn, q *dns.Msg, text []byte) (*dns.Msg, error) {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(text)))
	if _, err := c.Write(append(b, text...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint16(size[:])
	if n > dnsSize {
		return nil, fmt.Errorf("%w: %d bytes announced", ErrTooLarge, n)
	}
	b = make([]byte, n)
	if _, err := io.ReadFull(c, b); err != nil {
		return nil, err
	}
	if m := answerTo(q, b); m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("%w: it answered another question", ErrServFail)
}

// answerTo returns the message if it is the answer to a question: RFC 5452 9.1.
func answerTo(q *dns.Msg, b []byte) *dns.Msg {
	m := new(dns.Msg)
	if err := m.Unpack(b); err != nil && !m.Truncated {
		return nil
	}
	if !m.Response || m.Id != q.Id || m.Opcode != dns.OpcodeQuery || len(m.Question) != 1 {
		return nil
	}
	a, b2 := m.Question[0], q.Question[0]
	if a.Qtype != b2.Qtype || a.Qclass != b2.Qclass || !strings.EqualFold(a.Name, b2.Name) {
		return nil
	}
	return m
}

// AskAuthority asks a server that is itself the authority for the name, rather
// than one that has heard of it: ErrNoAuthority if none can be found or reached.
// Aliases are followed from authority to authority.
func (d *DNS) AskAuthority(ctx context.Context, name string, kind uint16) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsTime)
	defer cancel()
	a, err := d.follow(ctx, name, func(at string) (*dns.Msg, error) { return d.askAuthority(ctx, at, kind) }, kind)
	return a, told(name, err)
}

func (d *DNS) askAuthority(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	servers, err := d.authorities(ctx, name)
	if err != nil {
		return nil, err
	}
	direct := *d
	direct.recursive = false
	direct.servers = nil
	for _, s := range servers {
		addresses, err := d.LookupNetIP(ctx, "ip", s)
		if err != nil {
			continue
		}
		for _, a := range addresses[:min(len(addresses), 2)] {
			direct.servers = append(direct.servers, net.JoinHostPort(a.String(), d.port))
		}
		if len(direct.servers) >= maxServers {
			break
		}
	}
	for _, s := range direct.servers {
		m, err := direct.askServer(ctx, s, name, kind, dnsTry)
		if err == nil && m.Authoritative && (m.Rcode == dns.RcodeSuccess || m.Rcode == dns.RcodeNameError) {
			return m, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, ErrNoAuthority
}

// authorities returns the name servers of the zone a name is in: those of the
// nearest name above that has some. Those of a name without a dot are a
// registry's, which knows of delegations only.
func (d *DNS) authorities(ctx context.Context, name string) ([]string, error) {
	for at := name; dns.CountLabel(at) > 1; {
		a, err := d.Ask(ctx, at, dns.TypeNS)
		switch {
		case err == nil && a.Name == at:
			var servers []string
			for _, rr := range a.Records {
				if n, ok := rr.(*dns.NS); ok && len(servers) < maxServers {
					servers = append(servers, n.Ns)
				}
			}
			return servers, nil
		case err != nil && !errors.Is(err, ErrNoName) && !errors.Is(err, ErrNoData):
			return nil, fmt.Errorf("%w: %w", ErrNoAuthority, err)
		}
		next, _ := dns.NextLabel(at, 0)
		at = at[next:]
	}
	return nil, ErrNoAuthority
}

// String names the servers.
func (d *DNS) String() string { return strings.Join(d.servers, ", ") }
