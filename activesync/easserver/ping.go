package easserver

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Statuses of Ping. [MS-ASCMD] 2.2.3.177.11
const (
	pingExpired       activesync.Status = 1
	pingChanges       activesync.Status = 2
	pingIncomplete    activesync.Status = 3
	pingSyntax        activesync.Status = 4
	pingOutOfBounds   activesync.Status = 5
	pingTooMany       activesync.Status = 6
	pingHierarchyNews activesync.Status = 7
)

// Bounds of what a Ping asks for.
const (
	shortestHeartbeat = 60 * time.Second
	longestHeartbeat  = 3540 * time.Second
	maxPingFolders    = 200
)

// pingName is the name under which what a phone's last Ping asked for is kept.
const pingName = "ping"

// A pingRequest is what a phone waits for.
type pingRequest struct {
	heartbeat time.Duration
	folders   []mailbox.FolderID
}

// A pingError answers with a status of Ping's own.
type pingError struct {
	status activesync.Status
	bound  time.Duration // for pingOutOfBounds
}

// Error implements error.
func (e *pingError) Error() string { return "ping: status " + strconv.Itoa(int(e.status)) }

// ping waits until something is to be synchronized. [MS-ASCMD] 2.2.1.13
func (c *call) ping() error {
	q, refused, err := c.pingRequest()
	if err != nil {
		return err
	}
	if refused != nil {
		c.fail("Status" + strconv.Itoa(int(refused.status)))
		c.writePing(refused.status, nil, refused.bound)
		return nil
	}
	if done, err := c.pingLook(q, false); done || err != nil {
		return err
	}
	c.raw, c.body = nil, nil // nothing of them is needed any more
	client := c.client()
	beats := &c.h.heartbeats
	c.answer.held = &held{
		until: c.s.Now().Add(q.heartbeat),
		look: func(c *call, timeUp bool) (bool, error) {
			done, err := c.pingLook(q, timeUp)
			if done && timeUp {
				beats.lasted(client, q.heartbeat)
			}
			return done, err
		},
		gone: func(after time.Duration, lost bool) {
			if lost {
				beats.lost(client, after)
			}
		},
	}
	return nil
}

// pingLook answers if there is something to say.
func (c *call) pingLook(q *pingRequest, timeUp bool) (done bool, err error) {
	changed, gone, err := c.pending(q.folders...)
	if err != nil {
		return false, err
	}
	if !gone && len(changed) == 0 {
		if gone, err = c.hierarchyNews(); err != nil {
			return false, err
		}
	}
	switch {
	case gone:
		c.writePing(pingHierarchyNews, nil, 0)
	case len(changed) > 0:
		c.writePing(pingChanges, changed, 0)
	case timeUp:
		c.writePing(pingExpired, nil, 0)
	default:
		return false, nil
	}
	return true, nil
}

func (c *call) writePing(s activesync.Status, changed []mailbox.FolderID, bound time.Duration) {
	w := c.out
	w.Start(wbxml.PingPing)
	w.Int(wbxml.PingStatus, int64(s))
	if len(changed) > 0 {
		w.Start(wbxml.PingFolders)
		for _, id := range changed {
			w.Text(wbxml.PingFolder, folderID(id))
		}
		w.End()
	}
	if s == pingTooMany {
		w.Int(wbxml.PingMaxFolders, maxPingFolders)
	}
	if bound != 0 {
		w.Int(wbxml.PingHeartbeatInterval, int64(bound/time.Second))
	}
	w.End()
}

// pingRequest reads what is asked for. What a Ping leaves out is as in the one
// before it; an empty one is that again.
func (c *call) pingRequest() (*pingRequest, *pingError, error) {
	kept, err := c.view.ClientState(c.ctx, c.client(), pingName)
	if err != nil {
		return nil, nil, err
	}
	q, known := parsePing(kept[0].Value)
	heartbeat, folders := c.body.Child(wbxml.PingHeartbeatInterval), c.body.Child(wbxml.PingFolders)
	if !known && (heartbeat == nil || folders == nil) {
		return nil, &pingError{status: pingIncomplete}, nil
	}
	if heartbeat != nil {
		seconds, err := strconv.Atoi(heartbeat.Text())
		if err != nil || seconds < 0 {
			return nil, &pingError{status: pingSyntax}, nil
		}
		q.heartbeat = time.Duration(min(seconds, 1<<20)) * time.Second
	}
	if folders != nil {
		if status := q.readFolders(folders); status != activesync.OK {
			return nil, &pingError{status: status}, nil
		}
	}
	longest := c.h.heartbeats.longest(c.client())
	switch {
	case q.heartbeat < shortestHeartbeat:
		return nil, &pingError{status: pingOutOfBounds, bound: shortestHeartbeat}, nil
	case q.heartbeat > longest:
		return nil, &pingError{status: pingOutOfBounds, bound: longest}, nil
	}
	if next := q.appendPing(nil); !slices.Equal(next, kept[0].Value) {
		err = c.view.SetClientState(c.ctx, c.client(), mailbox.ClientState{Name: pingName, Value: next})
	}
	return q, nil, err
}

// readFolders reads which folders a phone waits for.
func (q *pingRequest) readFolders(in *wbxml.Element) activesync.Status {
	q.folders = nil
	for f := range in.All(wbxml.PingFolder) {
		id, ok := parseFolderID(f.Get(wbxml.PingId))
		switch {
		case !ok:
			return pingSyntax
		case len(q.folders) >= maxPingFolders:
			return pingTooMany
		case !slices.Contains(q.folders, id):
			q.folders = append(q.folders, id)
		}
	}
	if len(q.folders) == 0 {
		return pingSyntax
	}
	return activesync.OK
}

// appendPing writes what is kept: the heartbeat in seconds, then the folders.
func (q *pingRequest) appendPing(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(q.heartbeat/time.Second))
	for _, id := range q.folders {
		b = binary.AppendUvarint(b, uint64(id))
	}
	return b
}

// parsePing reads what is kept; known is false if there is nothing.
func parsePing(b []byte) (q *pingRequest, known bool) {
	q = &pingRequest{}
	for i := 0; len(b) > 0; i++ {
		n, size := binary.Uvarint(b)
		if size <= 0 || i > maxPingFolders {
			return &pingRequest{}, false
		}
		b = b[size:]
		if i == 0 {
			q.heartbeat = time.Duration(min(n, 1<<20)) * time.Second
			continue
		}
		q.folders = append(q.folders, mailbox.FolderID(n))
	}
	return q, len(q.folders) > 0
}
