package demo

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// names is an authoritative DNS server on loopback for the demo's domains: where
// the organizations' servers are, and the TXT records by which they prove that
// their domains are theirs. Records can be changed while it runs.
type names struct {
	mu      sync.RWMutex
	zones   map[string]bool // "contoso.example."
	records map[string][]dns.RR
	udp     *dns.Server
	tcp     *dns.Server
	at      netip.AddrPort
}

const (
	nameTTL  = 5 // seconds: the demo's records are played with
	mostTry  = 20
	nameWait = 2 * time.Second
)

// serveNames starts the server on a port that UDP and TCP both have free.
func serveNames() (*names, error) {
	n := &names{zones: map[string]bool{}, records: map[string][]dns.RR{}}
	var last error
	for range mostTry {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		l, err := net.Listen("tcp", packets.LocalAddr().String())
		if err != nil {
			last = errors.Join(err, packets.Close())
			continue
		}
		n.at = netip.MustParseAddrPort(packets.LocalAddr().String())
		var started sync.WaitGroup
		started.Add(2)
		n.udp = &dns.Server{PacketConn: packets, Handler: n, NotifyStartedFunc: started.Done, MsgAcceptFunc: acceptAll}
		n.tcp = &dns.Server{Listener: l, Handler: n, NotifyStartedFunc: started.Done, MsgAcceptFunc: acceptAll, ReadTimeout: nameWait, WriteTimeout: nameWait}
		// They end when they are shut down; what they say then is of no use.
		go func() { _ = n.udp.ActivateAndServe() }()
		go func() { _ = n.tcp.ActivateAndServe() }()
		started.Wait() // what does not run yet cannot be stopped
		return n, nil
	}
	return nil, last
}

// acceptAll lets updates through too; ServeDNS looks at everything itself.
func acceptAll(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }

func (n *names) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), nameWait)
	defer cancel()
	return errors.Join(n.udp.ShutdownContext(ctx), n.tcp.ShutdownContext(ctx))
}

// add makes a zone of a domain, if there is none yet, and its records, each in
// the form of a zone file.
func (n *names) add(zone string, records ...string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if zone = dns.Fqdn(zone); !n.zones[zone] {
		n.zones[zone] = true
		records = append([]string{zone + " NS ns." + zone, "ns." + zone + " A 127.0.0.1"}, records...)
	}
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil {
			return err
		}
		h := rr.Header()
		h.Ttl = nameTTL
		name := strings.ToLower(h.Name)
		n.records[name] = append(n.records[name], rr)
	}
	return nil
}

// addTXT makes a TXT record.
func (n *names) addTXT(name, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name = dns.Fqdn(strings.ToLower(name))
	n.records[name] = append(n.records[name], &dns.TXT{
		Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: nameTTL}, Txt: []string{text},
	})
}

// ServeDNS answers one question.
func (n *names) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	switch {
	case len(q.Question) != 1:
		m.Rcode = dns.RcodeFormatError
	case q.Opcode == dns.OpcodeUpdate:
		m.Rcode = n.update(q)
	case q.Opcode == dns.OpcodeQuery:
		n.answer(m, q.Question[0])
	default:
		m.Rcode = dns.RcodeNotImplemented
	}
	size := dns.MinMsgSize
	if o := q.IsEdns0(); o != nil {
		size = int(o.UDPSize())
		m.SetEdns0(uint16(max(size, dns.MinMsgSize)), false)
	}
	if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
		m.Truncate(size)
	}
	_ = w.WriteMsg(m) // who asked has gone
}

// update changes records as nsupdate asks, whoever asks: the demo is on loopback.
// RFC 2136 2.5
func (n *names) update(q *dns.Msg) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(q.Answer) > 0 {
		return dns.RcodeNotImplemented // prerequisites
	}
	for _, rr := range q.Ns {
		h := rr.Header()
		h.Name = strings.ToLower(h.Name)
		if n.zone(h.Name) == "" {
			return dns.RcodeNotZone
		}
		same := func(other dns.RR) bool { return h.Rrtype == dns.TypeANY || other.Header().Rrtype == h.Rrtype }
		switch h.Class {
		case dns.ClassINET:
			h.Ttl = nameTTL
			n.records[h.Name] = append(n.records[h.Name], rr)
		case dns.ClassANY:
			n.records[h.Name] = slices.DeleteFunc(n.records[h.Name], same)
		case dns.ClassNONE:
			h.Class = dns.ClassINET // as the record it names has it
			n.records[h.Name] = slices.DeleteFunc(n.records[h.Name], func(other dns.RR) bool { return dns.IsDuplicate(other, rr) })
		default:
			return dns.RcodeFormatError
		}
		if len(n.records[h.Name]) == 0 {
			delete(n.records, h.Name)
		}
	}
	return dns.RcodeSuccess
}

func (n *names) answer(m *dns.Msg, q dns.Question) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	name := strings.ToLower(q.Name)
	zone := n.zone(name)
	if zone == "" {
		m.Rcode = dns.RcodeRefused
		return
	}
	m.Authoritative = true
	all, exists := n.records[name]
	for _, rr := range all {
		if t := rr.Header().Rrtype; t == q.Qtype || q.Qtype == dns.TypeANY || t == dns.TypeCNAME {
			m.Answer = append(m.Answer, rr)
		}
	}
	if len(m.Answer) > 0 {
		return
	}
	if !exists && !n.above(name) {
		m.Rcode = dns.RcodeNameError
	}
	m.Ns = append(m.Ns, &dns.SOA{
		Hdr: dns.RR_Header{Name: zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: nameTTL},
		Ns:  "ns." + zone, Mbox: "hostmaster." + zone, Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: nameTTL,
	})
}

// zone returns the zone a name is in, "" for none of ours.
func (n *names) zone(name string) string {
	for i := 0; ; {
		if n.zones[name[i:]] {
			return name[i:]
		}
		next, end := dns.NextLabel(name, i)
		if end {
			return ""
		}
		i = next
	}
}

// above reports whether there are names below one that has no records itself.
// RFC 8020 2
func (n *names) above(name string) bool {
	if n.zones[name] {
		return true
	}
	for other := range n.records {
		if strings.HasSuffix(other, "."+name) {
			return true
		}
	}
	return false
}
