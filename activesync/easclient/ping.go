package easclient

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// Ping waits until one of the folders has something new or the heartbeat is over,
// and returns the folders. A heartbeat that the server does not allow is tried
// again as it allows it. The mailbox's hierarchy may have changed: then the error
// is a StatusError 7. [MS-ASCMD] 2.2.1.13
func (p *Phone) Ping(ctx context.Context, heartbeat time.Duration, folders ...string) ([]string, error) {
	if p.Heartbeat > 0 {
		heartbeat = p.Heartbeat
	}
	for range 3 {
		w := wbxml.NewWriter(nil)
		w.Start(wbxml.PingPing)
		w.Int(wbxml.PingHeartbeatInterval, int64(heartbeat/time.Second))
		w.Start(wbxml.PingFolders)
		for _, f := range p.chosen(folders) {
			w.Start(wbxml.PingFolder)
			w.Text(wbxml.PingId, f.ID)
			w.Text(wbxml.PingClass, string(f.Class()))
			w.End()
		}
		w.End()
		w.End()
		a, err := p.do(ctx, ask(activesync.Ping, w))
		if err != nil {
			return nil, err
		}
		changed, again, err := p.pinged(a)
		if !again || err != nil {
			return changed, err
		}
		heartbeat = p.Heartbeat
	}
	return nil, fmt.Errorf("%w: no heartbeat is right", ErrNotActiveSync)
}

// PingAgain sends an empty Ping: the same as the last one.
func (p *Phone) PingAgain(ctx context.Context) ([]string, error) {
	a, err := p.do(ctx, ask(activesync.Ping, nil))
	if err != nil {
		return nil, err
	}
	changed, _, err := p.pinged(a)
	return changed, err
}

// pinged reads the answer of a Ping; again says that the heartbeat was not right.
func (p *Phone) pinged(a *Answer) (changed []string, again bool, err error) {
	switch s := a.Root.Get(wbxml.PingStatus); s {
	case "1":
		return nil, false, nil
	case "2":
		for f := range a.Root.Child(wbxml.PingFolders).All(wbxml.PingFolder) {
			changed = append(changed, f.Text())
		}
		return changed, false, nil
	case "5":
		n, err := strconv.Atoi(a.Root.Get(wbxml.PingHeartbeatInterval))
		if err != nil || n <= 0 {
			return nil, false, fmt.Errorf("%w: the heartbeat is not right, and none is named", ErrNotActiveSync)
		}
		p.Heartbeat = time.Duration(n) * time.Second
		return nil, true, nil
	default:
		return nil, false, p.good(activesync.Ping, a.Root, wbxml.PingStatus)
	}
}
