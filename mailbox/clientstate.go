package mailbox

import (
	"context"
	"slices"

	"entente"
	"entente/db"
)

// ClientStateLimit says that a client's state is larger than a mailbox keeps.
const ClientStateLimit entente.Reason = "client-state-limit"

// Bounds of what is kept for one client.
const (
	maxClientStateName  = 128
	maxClientStateValue = 1 << 20
	maxClientStateRows  = 1100 // of one client: a thousand folders, and some more
)

// A ClientState is one value that is kept for a client, such as how far a phone
// has followed a folder. Value nil removes it.
type ClientState struct {
	Name  string
	Value []byte
}

// ClientState returns what is kept for a client under some names, in their order;
// the values of those that are not kept are nil. It is the owner's.
func (v *View) ClientState(ctx context.Context, client string, names ...string) ([]ClientState, error) {
	out := make([]ClientState, len(names))
	err := v.db.View(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		for i, name := range names {
			out[i] = ClientState{Name: name}
			err := tx.QueryRow(`SELECT value FROM mailbox_client_state WHERE mailbox_id = $1 AND client = $2 AND name = $3`,
				v.key, client, name).Scan(&out[i].Value)
			if err != nil && err != db.ErrNoRows {
				return err
			}
		}
		return nil
	})
	return out, err
}

// ClientStates returns the names of all that is kept for a client.
func (v *View) ClientStates(ctx context.Context, client string) (names []string, err error) {
	err = v.db.View(ctx, func(tx *db.Tx) error {
		names = nil
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT name FROM mailbox_client_state WHERE mailbox_id = $1 AND client = $2 ORDER BY name`, v.key, client)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		return rows.Err()
	})
	return names, err
}

// SetClientState changes what is kept for a client, all of it or nothing. It is
// bookkeeping about reading, of which no record is kept as of a write. An error of
// kind Invalid has the reason ClientStateLimit.
func (v *View) SetClientState(ctx context.Context, client string, states ...ClientState) error {
	tooLarge := func(s ClientState) bool {
		return len(s.Name) > maxClientStateName || len(s.Value) > maxClientStateValue
	}
	if client == "" || len(client) > maxClientStateName || slices.ContainsFunc(states, tooLarge) {
		return entente.Errorf(entente.Invalid, "the client's state is too large").Because(ClientStateLimit)
	}
	return tell(v.db.DB.Update(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		now := Ticks(v.s.now())
		e := execs{}
		added := false
		for _, s := range states {
			if s.Value == nil {
				e.do(tx.Exec(`DELETE FROM mailbox_client_state WHERE mailbox_id = $1 AND client = $2 AND name = $3`, v.key, client, s.Name))
				continue
			}
			added = true
			e.do(tx.Exec(`INSERT INTO mailbox_client_state (mailbox_id, client, name, value, at) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (mailbox_id, client, name) DO UPDATE SET value = excluded.value, at = excluded.at`,
				v.key, client, s.Name, s.Value, now))
		}
		if e.err != nil || !added {
			return e.err
		}
		var rows int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM mailbox_client_state WHERE mailbox_id = $1 AND client = $2`, v.key, client).Scan(&rows); err != nil {
			return err
		}
		if rows > maxClientStateRows {
			return entente.Errorf(entente.Invalid, "the client follows too many folders").Because(ClientStateLimit)
		}
		return nil
	}))
}

// ForgetClient removes all that is kept for a client.
func (v *View) ForgetClient(ctx context.Context, client string) error {
	return tell(v.db.DB.Update(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM mailbox_client_state WHERE mailbox_id = $1 AND client = $2`, v.key, client)
		return err
	}))
}
