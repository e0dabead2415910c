package mailbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"entente"
	"entente/db"
)

// Settings of a mailbox as a whole are kept by name. They are the owner's.

func (v *View) setting(ctx context.Context, name string, value any) error {
	var b []byte
	err := v.db.View(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		var err error
		b, err = readSetting(tx, v.key, name)
		return err
	})
	if err != nil || b == nil {
		return err
	}
	if err := json.Unmarshal(b, value); err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	return nil
}

func readSetting(tx *db.Tx, key []byte, name string) ([]byte, error) {
	var b []byte
	err := tx.QueryRow(`SELECT value FROM mailbox_setting WHERE mailbox_id = $1 AND name = $2`, key, name).Scan(&b)
	if err == db.ErrNoRows {
		return nil, nil
	}
	return b, err
}

func (v *View) setSetting(ctx context.Context, name string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return v.db.Update(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		return writeSetting(tx, v.key, name, b)
	})
}

func writeSetting(tx *db.Tx, key []byte, name string, value []byte) error {
	_, err := tx.Exec(`INSERT INTO mailbox_setting (mailbox_id, name, value) VALUES ($1, $2, $3)
		ON CONFLICT (mailbox_id, name) DO UPDATE SET value = excluded.value`, key, name, value)
	return err
}

// An OofState says when out-of-office replies are sent. [MS-OXWOOF] 2.2.5.2
type OofState uint8

// The states.
const (
	OofDisabled OofState = iota
	OofEnabled
	OofScheduled // between Start and End
)

// An OofAudience says which senders outside the organization get a reply.
// [MS-OXWOOF] 2.2.5.1
type OofAudience uint8

// The audiences.
const (
	OofNone OofAudience = iota
	OofKnown
	OofAll
)

// An Oof is what a mailbox answers while its owner is away. The zero Oof is
// that of a mailbox where none was set.
type Oof struct {
	State    OofState
	External OofAudience
	Start    time.Time
	End      time.Time
	Internal OofReply
	Outside  OofReply
}

// An OofReply is the text of a reply, HTML or plain as the owner wrote it.
type OofReply struct{ Message, Language string }

// Active reports whether replies are sent at a time.
func (o *Oof) Active(at time.Time) bool {
	switch o.State {
	case OofEnabled:
		return true
	case OofScheduled:
		return !at.Before(o.Start) && at.Before(o.End)
	}
	return false
}

const (
	settingOof = "oof"
	maxOof     = 128 << 10
)

// Oof returns the out-of-office settings, to the owner of the mailbox.
func (v *View) Oof(ctx context.Context) (Oof, error) {
	var o Oof
	err := v.setting(ctx, settingOof, &o)
	return o, err
}

// SetOof changes them.
func (v *View) SetOof(ctx context.Context, o Oof) error {
	if o.State == OofScheduled && !o.Start.Before(o.End) {
		return entente.Errorf(entente.Invalid, "the absence ends before it begins")
	}
	if len(o.Internal.Message)+len(o.Outside.Message) > maxOof {
		return entente.Errorf(entente.TooLarge, "the reply is too long").Because(ItemTooLarge)
	}
	return v.setSetting(ctx, settingOof, o)
}

// OofReply returns what somebody who wrote at a time is answered; ok says
// whether anything. Delivery asks it, with a permit for FolderLookup; it shows
// no more than the sender will see. known says whether the owner knows a sender of
// another organization, and is asked if it matters.
func (v *View) OofReply(ctx context.Context, at time.Time, internal bool, known func() (bool, error)) (_ OofReply, ok bool, _ error) {
	var b []byte
	err := v.db.View(ctx, func(tx *db.Tx) error {
		var err error
		b, err = readSetting(tx, v.key, settingOof)
		return err
	})
	if err != nil || b == nil {
		return OofReply{}, false, err
	}
	var o Oof
	if err := json.Unmarshal(b, &o); err != nil {
		return OofReply{}, false, fmt.Errorf("setting %s: %w", settingOof, err)
	}
	switch {
	case !o.Active(at):
		return OofReply{}, false, nil
	case internal:
		return o.Internal, true, nil
	case o.External == OofKnown:
		ok, err := known()
		return o.Outside, ok && err == nil, err
	default:
		return o.Outside, o.External == OofAll, nil
	}
}
