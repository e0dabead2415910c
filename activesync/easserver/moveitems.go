package easserver

import (
	"errors"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Statuses of MoveItems, of which success is 3. [MS-ASCMD] 2.2.3.177.10
const (
	moveNoSource   activesync.Status = 1
	moveNoTarget   activesync.Status = 2
	moveDone       activesync.Status = 3
	moveSameFolder activesync.Status = 4
	moveFailed     activesync.Status = 5
	moveLocked     activesync.Status = 7
	maxMovesAtOnce                   = 1000
)

// moveItems moves items between folders. [MS-ASCMD] 2.2.1.12
func (c *call) moveItems() error {
	release, err := c.turn()
	if err != nil {
		return err
	}
	defer release()
	m := mover{call: c, shown: map[mailbox.FolderID]bool{}}
	c.out.Start(wbxml.MoveMoveItems)
	n := 0
	for e := range c.body.All(wbxml.MoveMove) {
		if n++; n > maxMovesAtOnce {
			return &statusError{activesync.InvalidContent, "more moves than one request may have"}
		}
		source := e.Get(wbxml.MoveSrcMsgId)
		if source == "" || len(source) > maxName {
			return &statusError{activesync.InvalidContent, "a move of nothing"}
		}
		target, status, err := m.move(e, source)
		if err != nil {
			return err
		}
		c.out.Start(wbxml.MoveResponse)
		c.out.Text(wbxml.MoveSrcMsgId, source)
		c.out.Int(wbxml.MoveStatus, int64(status))
		if status == moveDone {
			c.out.Text(wbxml.MoveDstMsgId, target)
		} else {
			c.fail("MoveRefused")
		}
		c.out.End()
	}
	if n == 0 {
		return &statusError{activesync.InvalidContent, "no move"}
	}
	c.out.End()
	return nil
}

// A mover moves items. Of what it moved the phone is told when it synchronizes, as
// of a move by anybody: with the id that it was answered. A phone that did not get
// the answer, or was restored from a copy made before, asks with the same keys as
// one that did, and would otherwise never get the item, nor lose it where it was.
type mover struct {
	*call
	shown map[mailbox.FolderID]bool
}

// move moves one item. A move that was made before, when the phone got no answer,
// is answered as it was.
func (m *mover) move(e *wbxml.Element, source string) (target string, s activesync.Status, err error) {
	from, id, ok := parseItemID(source)
	named, ok2 := parseFolderID(e.Get(wbxml.MoveSrcFldId))
	if !ok || !ok2 || named != from {
		return "", moveNoSource, nil
	}
	to, ok := parseFolderID(e.Get(wbxml.MoveDstFldId))
	if !ok {
		return "", moveNoTarget, nil
	}
	if to == from {
		return "", moveSameFolder, nil
	}
	if shown, err := m.shows(to); err != nil || !shown {
		return "", moveNoTarget, err
	}
	it, err := m.view.Item(m.ctx, id, 0)
	if isReason(err, mailbox.ItemNotFound) || err == nil && it.Folder != from {
		if it, err = m.view.MovedTo(m.ctx, from, id, to); err == nil {
			return itemID(to, it.ID), moveDone, nil
		}
	}
	if err != nil {
		status, err := moveStatus(err)
		return "", status, err
	}
	moved, err := m.view.MoveItems(m.ctx, []mailbox.ItemID{id}, to)
	if err == nil {
		err = moved[0].Err
	}
	if err != nil {
		status, err := moveStatus(err)
		return "", status, err
	}
	return itemID(to, moved[0].ID), moveDone, nil
}

// moveStatus is what a phone is told of an error about one move.
func moveStatus(err error) (activesync.Status, error) {
	var e *entente.Error
	if !errors.As(err, &e) {
		return 0, err
	}
	switch {
	case e.Reason == mailbox.ItemNotFound:
		return moveNoSource, nil
	case e.Reason == mailbox.FolderNotFound:
		return moveNoTarget, nil
	case e.Kind == entente.Unavailable:
		return 0, err
	case e.Kind == entente.Conflict:
		return moveLocked, nil
	}
	return moveFailed, nil
}

// shows reports whether a folder is one that phones put things into.
func (m *mover) shows(id mailbox.FolderID) (bool, error) {
	shown, known := m.shown[id]
	if known {
		return shown, nil
	}
	f, err := m.view.Folder(m.ctx, id)
	if err != nil && !isReason(err, mailbox.FolderNotFound) {
		return false, err
	}
	m.shown[id] = err == nil && m.showsFolder(f)
	return m.shown[id], nil
}
