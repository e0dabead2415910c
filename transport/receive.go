package transport

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"entente"
)

// Time limits of those who bring mail. RFC 5321 4.5.3.2.7
const (
	idleTime   = 5 * time.Minute
	sayTime    = time.Minute
	takeTime   = 5 * time.Minute // to put a message into mailboxes
	slowest    = 1 << 10         // bytes a second, threat model section 7
	dataGrace  = time.Minute     // before slowness counts
	maxLine    = 16 << 10        // of a message; those that are longer were none before either
	shutdownIn = 10 * time.Second
)

// An Inlet is a receive connector that has its socket.
type Inlet struct {
	s         *Service
	connector *ReceiveConnector
	listener  net.Listener
	server    *smtp.Server
}

// Serve takes mail at a receive connector's socket until ctx ends.
func (s *Service) Serve(ctx context.Context, c *ReceiveConnector, n net.Listener) error {
	in := &Inlet{s: s, connector: c, listener: n}
	srv := smtp.NewServer(in)
	srv.LMTP, srv.Domain = c.LMTP, s.Name
	srv.MaxRecipients, srv.MaxMessageBytes, srv.MaxLineLength = c.MaxTo, c.MaxSize, maxLine
	srv.ReadTimeout, srv.WriteTimeout = idleTime, sayTime
	srv.TLSConfig = c.TLS
	srv.AllowInsecureAuth = true // offers decides by the connection
	srv.EnableSMTPUTF8 = true
	srv.ErrorLog = slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug)
	in.server = srv
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.Background(), shutdownIn)
		defer cancel()
		if srv.Shutdown(end) != nil {
			_ = srv.Close()
		}
	})
	defer stop()
	err := srv.Serve(&peers{Listener: n, c: c, log: s.Log, slots: make(chan struct{}, c.AtOnce)})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Connector returns the receive connector with a name, nil if there is none.
func (s *Service) Connector(name string) *ReceiveConnector {
	for i := range s.Receive {
		if s.Receive[i].Name == name {
			return &s.Receive[i]
		}
	}
	return nil
}

// peers are the connections from those who may bring mail. Others are told nothing,
// not even a greeting.
type peers struct {
	net.Listener
	c     *ReceiveConnector
	log   *slog.Logger
	slots chan struct{}
}

func (p *peers) Accept() (net.Conn, error) {
	for {
		conn, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !p.c.socket() && !p.c.takesFrom(conn.RemoteAddr()) {
			p.log.Debug("transport: a stranger", "connector", p.c.Name, "address", addressOf(conn))
			_ = conn.Close()
			continue
		}
		select {
		case p.slots <- struct{}{}:
			return &placed{Conn: conn, leave: sync.OnceFunc(func() { <-p.slots })}, nil
		default:
			_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = io.WriteString(conn, "421 4.3.2 Too many connections\r\n")
			_ = conn.Close()
		}
	}
}

func (c *ReceiveConnector) takesFrom(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip := t.AddrPort().Addr().Unmap().WithZone("")
	for _, n := range c.Networks {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

// placed is a connection with its place among those at once.
type placed struct {
	net.Conn
	leave func()
}

// Read has a connection that ends say that it was cut off: the library takes what
// had come of a last chunk by then for all of it. RFC 3030 2
func (p *placed) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (p *placed) Close() error {
	err := p.Conn.Close()
	p.leave()
	return err
}

// addressOf is whose connection it is, without the port.
func addressOf(c net.Conn) string {
	if a, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		return a.Addr().Unmap().String()
	}
	return "local"
}

// NewSession implements smtp.Backend.
func (in *Inlet) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secret := c.TLSConnectionState()
	return &session{in: in, conn: c, secret: secret}, nil
}

// A session is a connection's conversation. One goroutine uses it.
type session struct {
	in     *Inlet
	conn   *smtp.Conn
	secret bool // by TLS
	proved bool // by AUTH

	from  entente.SMTPAddress // the reverse path; "" for none
	to    []entente.SMTPAddress
	asked []string // the same as they were written
}

func refuse(code int, status smtp.EnhancedCode, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: status, Message: text}
}

// offers reports whether a password may pass here.
func (s *session) offers() bool {
	c := s.in.connector
	return c.User != "" && (s.secret || c.socket() || c.TLS == nil && onLoopback(hostName(s.conn.Conn().LocalAddr().String())))
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if !s.offers() {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if !s.offers() {
		return nil, refuse(538, smtp.EnhancedCode{5, 7, 11}, "Encryption required")
	}
	check := func(name, secret string) error {
		c := s.in.connector
		right := subtle.ConstantTimeCompare([]byte(name), []byte(c.User)) & subtle.ConstantTimeCompare([]byte(secret), []byte(c.Password.Reveal()))
		if right != 1 {
			s.in.s.Log.Warn("transport: wrong name or secret", "connector", c.Name, "address", addressOf(s.conn.Conn()))
			time.Sleep(time.Second) // RFC 4954 4: guessing costs
			return smtp.ErrAuthFailed
		}
		s.proved = true
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, name, secret string) error { return check(name, secret) }), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// loginServer is AUTH LOGIN, which no standard describes and every printer speaks.
type loginServer struct {
	check func(name, secret string) error
	step  int
	name  string
}

// Next implements sasl.Server.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.step == 0 && response == nil {
		l.step = 1
		return []byte("Username:"), false, nil
	}
	if l.step < 2 {
		l.name, l.step = string(response), 2
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.name, string(response))
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, o *smtp.MailOptions) error {
	s.Reset()
	c := s.in.connector
	switch {
	case c.RequireTLS && !s.secret && !c.socket():
		return refuse(530, smtp.EnhancedCode{5, 7, 0}, "Must issue a STARTTLS command first")
	case c.User != "" && !s.proved:
		return refuse(530, smtp.EnhancedCode{5, 7, 0}, "Authentication required")
	}
	if from != "" {
		a, err := entente.ParseSMTPAddress(from)
		if err != nil {
			return refuse(553, smtp.EnhancedCode{5, 1, 7}, "The sender's address is not understood")
		}
		if s.in.s.OwnSenders == RefuseOwn && s.in.s.Directory.Accepted(a.Domain()) {
			return refuse(550, smtp.EnhancedCode{5, 7, 1}, "Mail from here does not come from outside")
		}
		s.from = a
	}
	return nil
}

// Rcpt implements smtp.Session. It is never a relay: what is for others is refused,
// whoever brings it.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	svc := s.in.s
	a, err := entente.ParseSMTPAddress(to)
	if err != nil {
		return refuse(553, smtp.EnhancedCode{5, 1, 3}, "The recipient's address is not understood")
	}
	if !svc.Directory.Accepted(a.Domain()) {
		return refuse(550, smtp.EnhancedCode{5, 7, 1}, "Mail for this domain is not taken here")
	}
	ctx, cancel := context.WithTimeout(context.Background(), sayTime)
	defer cancel()
	known, err := svc.Courier.Known(ctx, svc.Directory, a)
	switch {
	case err != nil && kindOf(err) == entente.TooLarge:
		return refuse(550, smtp.EnhancedCode{5, 3, 3}, "The group is too large")
	case err != nil:
		svc.Log.Error("transport: recipient", "err", err)
		return refuse(451, smtp.EnhancedCode{4, 3, 0}, "Try again later")
	case !known:
		return refuse(550, smtp.EnhancedCode{5, 1, 1}, "There is nobody with this address")
	}
	s.to, s.asked = append(s.to, a), append(s.asked, to)
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.to, s.asked = "", nil, nil }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// read takes the message's bytes, no slower than is fair.
func (s *session) read(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(&steady{r: r, conn: s.conn.Conn(), began: time.Now()})
	var said *smtp.SMTPError
	switch {
	case errors.As(err, &said):
		return nil, said
	case err != nil:
		return nil, refuse(451, smtp.EnhancedCode{4, 4, 2}, "The message did not come to its end")
	}
	return raw, nil
}

// steady is a reader that may take as long as a slow line needs, and not longer.
type steady struct {
	r     io.Reader
	conn  net.Conn
	began time.Time
	n     int64
}

func (s *steady) Read(b []byte) (int, error) {
	_ = s.conn.SetReadDeadline(s.began.Add(dataGrace + time.Duration(s.n/slowest)*time.Second))
	n, err := s.r.Read(b)
	s.n += int64(n)
	return n, err
}

// Data implements smtp.Session: one answer for all. What some may yet get is
// answered with a temporary error, and those who have it do not get it twice when
// it is brought again.
func (s *session) Data(r io.Reader) error {
	errs, err := s.take(r)
	if err != nil {
		return err
	}
	var lost []int
	for i, err := range errs {
		if err != nil && err.Code/100 == 4 {
			return err
		}
		if err != nil {
			lost = append(lost, i)
		}
	}
	if len(lost) == len(errs) {
		return errs[lost[0]]
	}
	return nil // who is lost has been told: see take
}

// LMTPData implements smtp.LMTPSession: one answer for each.
func (s *session) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	asked := s.asked
	errs, err := s.take(r)
	if err != nil {
		return err
	}
	for i := range asked {
		if errs[i] == nil {
			status.SetStatus(asked[i], nil)
		} else {
			status.SetStatus(asked[i], errs[i])
		}
	}
	return nil
}

// take reads a message and puts it into mailboxes. The errors are one for each
// recipient; err is about all.
func (s *session) take(r io.Reader) (errs []*smtp.SMTPError, err error) {
	began := time.Now()
	outcome := "refused"
	defer func() {
		s.in.s.observe(Observation{Connector: s.in.connector.Name, Way: "in", Outcome: outcome, Took: time.Since(began)})
	}()
	raw, err := s.read(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), takeTime)
	defer cancel()
	errs, err = s.in.s.accept(ctx, s.arrival(raw))
	if err != nil {
		return nil, err
	}
	outcome = "delivered"
	for _, e := range errs {
		switch {
		case e == nil:
		case e.Code/100 == 4:
			outcome = "later"
		case outcome == "delivered":
			outcome = "failed"
		}
	}
	return errs, nil
}

func (s *session) arrival(raw []byte) *arrival {
	with := "ESMTP"
	if s.in.connector.LMTP {
		with = "LMTP"
	}
	if s.secret {
		with += "S"
	}
	if s.proved {
		with += "A"
	}
	evidence := ""
	if s.proved {
		evidence = "auth " + s.in.connector.User
	}
	return &arrival{
		raw: raw, from: s.from, to: s.to, connector: s.in.connector.Name, lmtp: s.in.connector.LMTP, address: addressOf(s.conn.Conn()),
		hello: s.conn.Hostname(), with: with, evidence: evidence,
	}
}

var (
	_ smtp.AuthSession = (*session)(nil)
	_ smtp.LMTPSession = (*session)(nil)
)

// helloName is what a peer calls itself as it can stand in a trace.
func helloName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune(`()<>;"\`, r) {
			return -1
		}
		return r
	}, s)
	if s = s[:min(len(s), 255)]; s == "" {
		return "unknown"
	}
	return s
}

func (a *arrival) String() string {
	return fmt.Sprintf("from %s (%s) by %s", helloName(a.hello), a.address, a.connector)
}
