package connections

import (
	"net"
	"sync"
	"syscall"
)

// ears listen on connections that nobody reads from, with a thread for all of
// them: epoll(7), beside the runtime's own. Each is told once.
type ears struct {
	fd, stop int // of epoll, and of the pipe that ends it

	mu     sync.Mutex
	last   uint64
	by     map[uint64]*Parked
	closed bool
}

// newEars returns nil if the system gives none.
func newEars() *ears {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
		_ = syscall.Close(fd)
		return nil
	}
	e := &ears{fd: fd, stop: pipe[1], by: map[uint64]*Parked{}}
	if err := syscall.EpollCtl(fd, syscall.EPOLL_CTL_ADD, pipe[0], &syscall.EpollEvent{Events: syscall.EPOLLIN}); err != nil {
		_ = syscall.Close(fd)
		return nil
	}
	go e.run(pipe[0])
	return e
}

func event(token uint64) *syscall.EpollEvent {
	const once = 1 << 30 // EPOLLONESHOT
	return &syscall.EpollEvent{
		Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | once,
		Fd:     int32(uint32(token)), Pad: int32(uint32(token >> 32)),
	}
}

// listen tells a connection's Parked when there is something to read. It returns
// by what name, 0 if it cannot.
func (e *ears) listen(c net.Conn, p *Parked) uint64 {
	s, ok := c.(syscall.Conn)
	if e == nil || !ok {
		return 0
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0
	}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return 0
	}
	e.last++
	token := e.last
	e.by[token] = p
	e.mu.Unlock()
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = syscall.EpollCtl(e.fd, syscall.EPOLL_CTL_ADD, int(fd), event(token))
		if failed == syscall.EEXIST {
			failed = syscall.EpollCtl(e.fd, syscall.EPOLL_CTL_MOD, int(fd), event(token))
		}
	})
	if err != nil || failed != nil {
		e.drop(token)
		return 0
	}
	return token
}

// forget has nobody told any more. The connection stays in epoll, where it has
// been heard or is replaced by its next listen, and leaves it when it is closed;
// an event that is on its way finds nobody.
func (e *ears) forget(p *Parked) { e.drop(p.token) }

func (e *ears) drop(token uint64) {
	e.mu.Lock()
	delete(e.by, token)
	e.mu.Unlock()
}

func (e *ears) run(stop int) {
	events := make([]syscall.EpollEvent, 256)
	for {
		n, err := syscall.EpollWait(e.fd, events, -1)
		if err != nil && err != syscall.EINTR {
			return
		}
		for i := range max(n, 0) {
			token := uint64(uint32(events[i].Fd)) | uint64(uint32(events[i].Pad))<<32
			if token == 0 {
				_ = syscall.Close(stop)
				_ = syscall.Close(e.fd)
				return
			}
			e.mu.Lock()
			p := e.by[token]
			e.mu.Unlock()
			if p != nil {
				p.heard(token)
			}
		}
	}
}

// close ends listening.
func (e *ears) close() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		_ = syscall.Close(e.stop)
	}
}
