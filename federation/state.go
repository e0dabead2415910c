package federation

import (
	"context"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"entente"
	"entente/db"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's part of the database.
func Schema() db.Migration {
	sub, _ := fs.Sub(schema, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "federation", FS: sub}
}

// errAltered is told when the row does not bear its mark, or a version comes
// back that was replaced.
var errAltered = errors.New("the federation trust was changed in its table: there is none until an administrator confirms its state")

// errSame is returned by a change that finds nothing to change.
var errSame = errors.New("nothing changes")

// A row is the document as it is kept.
type row struct {
	version  uint64
	document []byte // nil: there is no row
	mark     []byte
}

// readRow reads the row.
func readRow(tx *db.Tx) (r row, err error) {
	var text string
	err = tx.QueryRow(`SELECT version, document, mark FROM federation_trust WHERE id = 1`).Scan(&r.version, &text, &r.mark)
	if errors.Is(err, db.ErrNoRows) {
		return row{}, nil
	}
	r.document = []byte(text)
	return r, err
}

// marked is what a mark is of.
func marked(version uint64, document []byte) []byte {
	b := append([]byte("entente federation trust 1\n"), 0, 0, 0, 0, 0, 0, 0, 0)
	binary.BigEndian.PutUint64(b[len(b)-8:], version)
	return append(b, document...)
}

// open checks the mark and reads the document.
func (s *Service) open(r row) (*document, error) {
	if r.document == nil {
		return &document{}, nil
	}
	if !s.seal.Valid(marked(r.version, r.document), r.mark) {
		return nil, errAltered
	}
	return readDocument(r.document)
}

func (s *Service) write(tx *db.Tx, d *document, version uint64) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO federation_trust (id, version, document, mark) VALUES (1, $1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET version = $1, document = $2, mark = $3`,
		version, string(text), s.seal.Append(nil, marked(version, text)))
	return err
}

// change changes the document in one transaction, and has this node go by it
// before it returns; the others do within half a second. f is given the document
// as it is now, not as its caller saw it, and looks whether what it does is still
// right: steps that two nodes take at once are taken once.
func (s *Service) change(ctx context.Context, f func(*document) error) error {
	if s.view.Load().altered {
		return tellAltered()
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		r, err := readRow(tx)
		if err != nil {
			return err
		}
		d, err := s.open(r)
		if err != nil {
			return err
		}
		if err := f(d); err != nil {
			return err
		}
		return s.write(tx, d, r.version+1)
	})
	switch {
	case errors.Is(err, errSame):
		return s.load(ctx) // another node may have done it, and this one not know yet
	case errors.Is(err, errAltered):
		return errors.Join(tellAltered(), s.load(ctx))
	case err != nil:
		return err
	}
	if err := s.DB.Notify(ctx, channel, ""); err != nil {
		s.Log.Warn("federation: other nodes look for the change by themselves", "err", err)
	}
	return s.load(ctx)
}

// channel is that of hints that the row was changed.
const channel = "entente_federation"

func tellAltered() error {
	e := entente.Errorf(entente.Conflict, "the federation trust was changed in its table by SQL, and nothing is done with it until an administrator has looked at it: entente federation confirm")
	e.Err = errAltered
	return e.Because(Misconfigured)
}

// Altered reports whether the row in the table does not bear its mark.
func (s *Service) Altered() bool { return s.view.Load().altered }

// Found is what an altered row says, for who is to confirm it; nil if there is
// nothing to read, or the row is as it should be. Nothing goes by it.
func (s *Service) Found() *Trust { return s.view.Load().found }

func found(r row) *Trust {
	d, err := readDocument(r.document)
	if err != nil || !d.exists() {
		return nil
	}
	t, err := d.trust()
	if err != nil {
		return nil
	}
	return t
}

// Confirm has the row taken for right as it is.
func (s *Service) Confirm(ctx context.Context) error {
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		r, err := readRow(tx)
		if err != nil {
			return err
		}
		d := &document{}
		if r.document != nil {
			if d, err = readDocument(r.document); err != nil {
				return entente.Errorf(entente.Invalid, "the federation trust in the table cannot be read, and must be removed from it: %v", err)
			}
		}
		return s.write(tx, d, max(r.version, s.view.Load().version)+1)
	})
	if err != nil {
		return err
	}
	return s.load(ctx)
}

// load reads the row and has this node go by it.
func (s *Service) load(ctx context.Context) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	var r row
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		r, err = readRow(tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the federation trust: %w", err)
	}
	known := s.view.Load()
	if known != nil && !known.altered && r.version == known.version && string(r.mark) == string(known.mark) &&
		(known.missing == 0 || s.Now().Sub(known.at) < lookForKeys) {
		// The same, unless somebody left the mark and changed the document.
		if _, err := s.open(r); err == nil {
			return s.report(ctx, known)
		}
	}
	d, err := s.open(r)
	if known != nil && r.version < known.version {
		err = errAltered
	}
	if err != nil {
		version := r.version
		if known != nil {
			version = max(version, known.version)
		}
		s.view.Store(&view{version: version, altered: true, document: &document{}, found: found(r)})
		if known == nil || !known.altered {
			s.alarm(ctx, err)
		}
		return nil
	}
	v, err := s.see(ctx, d)
	if err != nil {
		return err
	}
	v.version, v.mark = r.version, r.mark
	s.view.Store(v)
	return s.report(ctx, v)
}

func (s *Service) alarm(ctx context.Context, err error) {
	s.Log.Error("federation", "err", err)
	s.noted(ctx, "altered", err.Error())
}

func (s *Service) noted(ctx context.Context, action, text string) {
	if s.Noted != nil {
		s.Noted(ctx, action, text)
	}
}

// lookForKeys is how often a key that is not at hand is looked for.
const lookForKeys = 5 * time.Second

// followEvery is how often a node looks for changes that others made.
const followEvery = 400 * time.Millisecond

// follow keeps this node at what is set, until ctx ends.
func (s *Service) follow(ctx context.Context) {
	look := time.NewTicker(followEvery)
	defer look.Stop()
	hints := s.DB.Subscribe(ctx, channel)
	ill := false
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-hints:
			if !ok {
				hints = nil
			}
		case <-look.C:
		}
		err := s.load(ctx)
		// An outage is told once, not twice a second.
		if err != nil && !ill && ctx.Err() == nil {
			s.Log.Error("federation", "err", err)
		}
		ill = err != nil
	}
}
