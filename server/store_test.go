package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entente/access"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/mailbox"
)

// conf is a configuration in a new state folder.
func conf(t testing.TB, database string) Config {
	t.Helper()
	state := filepath.Join(t.TempDir(), "state")
	c := Config{Name: "mail.contoso.example", State: state, Database: database}.WithDefaults()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

// contoso makes an organization of one: Anna, with an item in her inbox.
func contoso(t testing.TB, c Config, box string) {
	t.Helper()
	ctx := t.Context()
	s, err := New(ctx, c, Options{Organization: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s.Close)
	anna := directory.Account{Account: access.Account{
		Principal: access.Principal{UPN: "anna@contoso.example", Mail: "anna@contoso.example"},
		Name:      "Anna", Kind: access.KindUser, Enabled: true,
	}}
	err = s.Directory.Update(ctx, func(c *directory.Change) error {
		if err := c.AddDomain("contoso.example"); err != nil {
			return err
		}
		if err := c.SetDatabase(directory.Database{Name: "staff", URL: box}); err != nil {
			return err
		}
		if err := c.CreateAccount(&anna); err != nil {
			return err
		}
		anna.Mailbox, err = c.EnableMailbox(anna.SID, "staff")
		return err
	})
	if err == nil {
		err = s.Mailboxes.Migrate(ctx, "staff")
	}
	if err == nil {
		err = s.Mailboxes.Create(ctx, mailbox.NewMailbox{ID: anna.Mailbox, Database: "staff", Owner: anna.Principal, Address: anna.Mail, Name: "Anna"})
	}
	if err != nil {
		t.Fatal(err)
	}
	l := s.Door.Local(anna.Principal, "test")
	v, err := l.Own(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f, err := v.FolderByName(ctx, mailbox.Inbox)
	if err != nil {
		t.Fatal(err)
	}
	it := &mailbox.Item{Class: "IPM.Note"}
	if err := it.SetMIME([]byte("Subject: kept\r\n\r\nbody\r\n"), mailbox.ConvertOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(v.CreateItem(ctx, f.ID, it), l.Finish(ctx, "")); err != nil {
		t.Fatal(err)
	}
}

func closed(t testing.TB, f func() error) {
	t.Helper()
	if err := f(); err != nil {
		t.Error(err)
	}
}

// subjects returns the subjects in Anna's inbox.
func subjects(t testing.TB, c Config) (found []string) {
	t.Helper()
	ctx := t.Context()
	s, err := New(ctx, c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s.Close)
	anna, err := s.Directory.Lookup(ctx, "anna@contoso.example")
	if err != nil {
		t.Fatal(err)
	}
	l := s.Door.Local(anna.Principal, "test")
	v, err := l.Own(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f, err := v.FolderByName(ctx, mailbox.Inbox)
	if err != nil {
		t.Fatal(err)
	}
	page, err := v.Find(ctx, mailbox.Query{Folder: f.ID})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range page.Items {
		found = append(found, it.Props.String(mailbox.PidTagSubject))
	}
	return found
}

func backup(t testing.TB, c Config) []byte {
	t.Helper()
	st, err := OpenStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, st.Close)
	var b bytes.Buffer
	if err := st.Backup(t.Context(), &b, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withKeys gives a state the keys of another, as an administrator does who
// kept them.
func withKeys(t testing.TB, to, from Config) {
	t.Helper()
	if err := os.MkdirAll(to.State, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(to.State, "keys"), os.DirFS(filepath.Join(from.State, "keys"))); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(to.State, "keys", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chmod(f, 0o400); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(to.State, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestBackup moves an organization from one database to the other and back.
func TestBackup(t *testing.T) {
	first := conf(t, "sqlite:entente.db")
	contoso(t, first, "sqlite:staff.db")
	archive := backup(t, first)
	test := func(name string, from Config, database, box string) (to Config) {
		to = conf(t, database)
		t.Run(name, func(t *testing.T) {
			withKeys(t, to, from)
			urls := map[string]string{}
			if box != "" {
				urls["staff"] = box
			}
			if err := Restore(t.Context(), to, bytes.NewReader(archive), urls, nil); err != nil {
				t.Fatal(err)
			}
			if got := subjects(t, to); len(got) != 1 || got[0] != "kept" {
				t.Errorf("inbox after restore: %q", got)
			}
			verify(t, to)
			archive = backup(t, to)
		})
		return to
	}
	test("sqlite", first, "sqlite:entente.db", "")
	postgres := test("postgres", first, dbtest.PostgresURL(t), dbtest.PostgresURL(t))
	test("postgres to sqlite", postgres, "sqlite:main.db", "sqlite:boxes.db")
}

func verify(t testing.TB, c Config) {
	t.Helper()
	st, err := OpenStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, st.Close)
	if err := st.Verify(t.Context(), "", func(string) {}); err != nil {
		t.Error(err)
	}
}

// TestSharedPlace has mailboxes and the directory in one PostgreSQL database,
// which is backed up once.
func TestSharedPlace(t *testing.T) {
	u := dbtest.PostgresURL(t)
	from := conf(t, u)
	contoso(t, from, u)
	archive := backup(t, from)
	if n := bytes.Count(archive, []byte("ENTENTE-BACKUP-1\n")); n != 1 {
		t.Errorf("%d backups in the archive", n)
	}
	next := dbtest.PostgresURL(t)
	to := conf(t, next)
	withKeys(t, to, from)
	if err := Restore(t.Context(), to, bytes.NewReader(archive), map[string]string{"staff": next}, nil); err != nil {
		t.Fatal(err)
	}
	if got := subjects(t, to); len(got) != 1 {
		t.Errorf("inbox after restore: %q", got)
	}
}

func TestRestoreRefuses(t *testing.T) {
	from := conf(t, "sqlite:entente.db")
	contoso(t, from, "sqlite:staff.db")
	archive := backup(t, from)
	test := func(name string, c Config, in []byte, want string) {
		t.Helper()
		err := CheckBackup(bytes.NewReader(in), nil)
		if err == nil {
			err = Restore(t.Context(), c, bytes.NewReader(in), nil, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	test("full", from, archive, "not empty")
	test("empty", conf(t, "sqlite:e.db"), nil, "not a backup")
	test("cut", conf(t, "sqlite:e.db"), archive[:len(archive)-1], "too early")
	test("cut in half", conf(t, "sqlite:e.db"), archive[:len(archive)/2], "") // what is missed first depends on where
	i := bytes.LastIndex(archive, []byte("kept"))
	changed := bytes.Clone(archive)
	changed[i] = 'K'
	test("altered", conf(t, "sqlite:e.db"), changed, "hash")
}

func TestVerifyFinds(t *testing.T) {
	c := conf(t, "sqlite:entente.db")
	contoso(t, c, "sqlite:staff.db")
	verify(t, c)
	damage(t, c, "", func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE audit_record SET record = 'x'`)
		return err
	}, "audit log")
	c = conf(t, "sqlite:entente.db")
	contoso(t, c, "sqlite:staff.db")
	damage(t, c, "staff", func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE folder_content SET total = total + 1`)
		return err
	}, "mailboxes in staff")
}

// OpenStore must not make an organization where there is none.
func TestNothingThere(t *testing.T) {
	if _, err := OpenStore(t.Context(), conf(t, "sqlite:entente.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opened nothing: %v", err)
	}
}

func FuzzArchive(f *testing.F) {
	var b bytes.Buffer
	w, err := newArchiveWriter(&b)
	if err != nil {
		f.Fatal(err)
	}
	for _, names := range [][]string{{"", "staff"}, {"rooms"}} {
		if err := w.part(names, func(w io.Writer) error { _, err := w.Write([]byte(names[0] + "backup")); return err }); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(archiveMagic + "P\x01\x00\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := newArchiveReader(bytes.NewReader(in))
		for err == nil {
			var part io.Reader
			if _, part, err = a.next(); err == nil {
				var n int64
				if n, err = io.Copy(io.Discard, part); n > int64(len(in)) {
					t.Errorf("%d bytes out of %d", n, len(in))
				}
			}
		}
	})
}

// damage alters a database behind the server's back and expects Verify to say
// where.
func damage(t testing.TB, c Config, name string, how func(*db.Tx) error, want string) {
	t.Helper()
	ctx := context.Background()
	st, err := OpenStore(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, st.Close)
	h := st.s.main
	if name != "" {
		if h, err = st.s.boxes.get(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Update(ctx, how); err != nil {
		t.Fatal(err)
	}
	if err := st.Verify(ctx, "", func(string) {}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("verify finds %v, want %s", err, want)
	}
}
