package keys

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente/db"
	"entente/db/dbtest"
)

func files(t *testing.T, dir string) *Files {
	t.Helper()
	f, err := OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func migrate(t *testing.T, d *db.DB) {
	t.Helper()
	m, err := Schema()
	if err == nil {
		err = d.Migrate(t.Context(), m)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func ring(t *testing.T, d *db.DB, dir, organization string) *Ring {
	t.Helper()
	return New(Config{
		DB: d, Organization: organization, Files: files(t, dir), Now: time.Now,
		Recorded: func(context.Context, Export) error { return nil },
	})
}

func TestRing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		dir := filepath.Join(t.TempDir(), "keys")
		r := ring(t, d, dir, "contoso")
		s, err := r.TokenSigner(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again, err := ring(t, d, dir, "contoso").TokenSigner(t.Context())
		if err != nil || again.ID() != s.ID() {
			t.Fatal("another ring has another signer", err)
		}
		sum := sha256.Sum256([]byte("token"))
		sig, err := s.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil || rsa.VerifyPKCS1v15(again.Public().(*rsa.PublicKey), crypto.SHA256, sum[:], sig) != nil {
			t.Error("signature does not hold", err)
		}
		mac, err := r.SyncStateKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		mark := mac.Append(nil, []byte("state"))
		if !mac.Valid([]byte("state"), mark) || mac.Valid([]byte("stat"), mark) || (MAC{}).Valid(nil, (MAC{}).Append(nil, nil)) {
			t.Error("marks are not told apart")
		}
		other, err := ring(t, d, dir, "fabrikam").SyncStateKey(t.Context())
		if err != nil || other.Valid([]byte("state"), mark) {
			t.Error("two organizations share a key", err)
		}
		seal, err := r.DirectorySeal(t.Context())
		if err != nil || seal.Valid([]byte("state"), mark) || !seal.Valid([]byte("x"), seal.Append(nil, []byte("x"))) {
			t.Error("two purposes share a key", err)
		}
		audit, err := r.CheckpointSigner()
		if err != nil {
			t.Fatal(err)
		}
		sig, err = audit.Sign(nil, []byte("root"), crypto.Hash(0))
		if err != nil || !ed25519.Verify(audit.Public().(ed25519.PublicKey), []byte("root"), sig) {
			t.Error("checkpoint does not hold", err)
		}
		if _, ok := audit.(*ed25519.PrivateKey); ok {
			t.Error("the signer is the key itself")
		}
	})
}

func TestRotate(t *testing.T) {
	d := dbtest.SQLite(t)
	migrate(t, d)
	r := ring(t, d, filepath.Join(t.TempDir(), "keys"), "contoso")
	now := time.Unix(1_000_000, 0)
	r.c.Now = func() time.Time { return now }
	old, err := r.TokenDecrypters(t.Context())
	if err != nil || len(old) != 1 {
		t.Fatal(old, err)
	}
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, old[0].Public().(*rsa.PublicKey), []byte("secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	id, err := r.Rotate(t.Context(), TokenDecryption)
	if err != nil {
		t.Fatal(err)
	}
	both, err := r.TokenDecrypters(t.Context())
	if err != nil || len(both) != 2 || both[0].ID() != id || both[1].ID() != old[0].ID() {
		t.Fatal("new key first, old one after it:", both, err)
	}
	plain, err := both[1].Decrypt(nil, sealed, &rsa.OAEPOptions{Hash: crypto.SHA256})
	if err != nil || string(plain) != "secret" {
		t.Error("the old key no longer decrypts", err)
	}
	test := func(before time.Time, want int64) {
		t.Helper()
		if n, err := r.Wipe(t.Context(), TokenDecryption, before); n != want || err != nil {
			t.Errorf("%d keys wiped: %v", n, err)
		}
	}
	test(now, 0)
	test(now.Add(time.Second), 1)
	test(now.Add(time.Hour), 0)
}

// TestSealed looks for the bytes of keys in all that the database writes, and
// in its backup.
func TestSealed(t *testing.T) {
	u := dbtest.SQLiteURL(t)
	d, err := db.Open(t.Context(), u, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	migrate(t, d)
	r := ring(t, d, filepath.Join(t.TempDir(), "keys"), "contoso")
	s, err := r.TokenSigner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mac, err := r.SyncStateKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	prime := s.s.(*rsa.PrivateKey).Primes[0].Bytes()
	written := func() []byte {
		var all []byte
		names, _ := filepath.Glob(strings.TrimPrefix(u, "sqlite:") + "*")
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		return all
	}
	var copied bytes.Buffer
	if err := d.Backup(t.Context(), &copied, nil); err != nil {
		t.Fatal(err)
	}
	err = d.Close()
	all := append(written(), copied.Bytes()...)
	if err != nil || !bytes.Contains(all, []byte(s.ID())) {
		t.Fatal("the key's name is not found: the search looks in the wrong place", err)
	}
	for _, secret := range [][]byte{prime, mac.secret, r.c.Files.master.keys[0].raw[:]} {
		if bytes.Contains(all, secret) || bytes.Contains(all, secret[:16]) {
			t.Error("a secret lies in the database")
		}
	}
}

func TestMovedRows(t *testing.T) {
	d := dbtest.SQLite(t)
	migrate(t, d)
	dir := filepath.Join(t.TempDir(), "keys")
	r := ring(t, d, dir, "contoso")
	if _, err := r.SyncStateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := d.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO keys_sealed (organization, purpose, id, master, sealed, created)
			SELECT 'fabrikam', purpose, id, master, sealed, created FROM keys_sealed`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring(t, d, dir, "fabrikam").SyncStateKey(t.Context()); err == nil {
		t.Error("a row opens in another organization")
	}
	if _, err := ring(t, d, filepath.Join(t.TempDir(), "other"), "contoso").SyncStateKey(t.Context()); err == nil {
		t.Error("a row opens under another master key")
	}
}

func TestChangeMaster(t *testing.T) {
	d := dbtest.SQLite(t)
	migrate(t, d)
	dir := filepath.Join(t.TempDir(), "keys")
	r := ring(t, d, dir, "contoso")
	mac, err := r.SyncStateKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mark := mac.Append(nil, []byte("state"))
	before, err := os.ReadFile(filepath.Join(dir, masterFile))
	if err != nil {
		t.Fatal(err)
	}
	test := func(name string, ctx context.Context, fails bool, masters int) {
		t.Helper()
		f := files(t, dir)
		if err := ChangeMaster(ctx, d, f); (err != nil) != fails {
			t.Errorf("%s: error %v", name, err)
		}
		mac, err := ring(t, d, dir, "contoso").SyncStateKey(t.Context())
		if err != nil || !mac.Valid([]byte("state"), mark) {
			t.Errorf("%s: the key is lost: %v", name, err)
		}
		if n := len(files(t, dir).master.keys); n != masters {
			t.Errorf("%s: %d master keys", name, n)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	test("broken off", ended, true, 2)
	test("again", ended, true, 3)
	test("again", ended, true, 4)
	test("again", ended, true, 4)
	test("completed", t.Context(), false, 1)
	after, err := os.ReadFile(filepath.Join(dir, masterFile))
	if err != nil || bytes.Equal(before, after) {
		t.Error("the master key is the old one", err)
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	f := files(t, dir)
	if _, err := f.Signer("tls-ecdsa", ECDSA); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "tls-ecdsa.key"))
	if err != nil || info.Mode().Perm() != 0o400 {
		t.Fatal("a key file is made with", info.Mode(), err)
	}
	test := func(name string, mode os.FileMode, fails bool) {
		t.Helper()
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		f, err := OpenFiles(dir)
		if err == nil {
			_, err = f.Signer("tls-ecdsa", ECDSA)
			_ = f.Close()
		}
		if (err != nil) != fails || fails && !strings.Contains(err.Error(), "chmod") {
			t.Errorf("%s with mode %#o: %v", name, mode, err)
		}
		if err := os.Chmod(path, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	test(".", 0o700, false)
	test(".", 0o750, true)
	test(".", 0o701, true)
	test(masterFile, 0o400, false)
	test(masterFile, 0o600, true)
	test(masterFile, 0o440, true)
	test("tls-ecdsa.key", 0o404, true)

	if err := os.Symlink("tls-ecdsa.key", filepath.Join(dir, "link.key")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "../escape", "master", "", "a/b"} {
		if _, err := f.Signer(name, ECDSA); err == nil {
			t.Errorf("%q is taken for a key's name", name)
		}
	}
}

func TestExport(t *testing.T) {
	d := dbtest.SQLite(t)
	migrate(t, d)
	r := ring(t, d, filepath.Join(t.TempDir(), "keys"), "contoso")
	id, err := r.Rotate(t.Context(), SyncState)
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	test := func(recorded func(context.Context, Export) error, id string, want bool) {
		t.Helper()
		r.c.Recorded = recorded
		var kept []byte
		got := false
		err := r.Export(t.Context(), Export{SyncState, id, "test"}, func(b []byte) error {
			got, kept = len(b) == 32 && !bytes.Equal(b, make([]byte, 32)), b
			return nil
		})
		if got != want || (err == nil) != want {
			t.Errorf("given out: %t, error %v", got, err)
		}
		if !bytes.Equal(kept, make([]byte, len(kept))) {
			t.Error("the bytes are still there")
		}
	}
	test(func(_ context.Context, e Export) error {
		if e.Reason != "test" || e.ID != id {
			t.Errorf("record says %+v", e)
		}
		return nil
	}, id, true)
	test(func(context.Context, Export) error { return nil }, "unknown", false)
	test(func(context.Context, Export) error { return refused }, id, false)
	test(nil, id, false)
}

func FuzzParseMaster(f *testing.F) {
	k, err := randomMasterKey()
	if err != nil {
		f.Fatal(err)
	}
	f.Add((&master{[]masterKey{k}}).marshal())
	f.Add([]byte(masterMagic + " AAAA\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseMaster(text)
		if err != nil {
			return
		}
		if again, err := parseMaster(m.marshal()); err != nil || again.names() != m.names() {
			t.Error("does not come back:", err)
		}
	})
}
