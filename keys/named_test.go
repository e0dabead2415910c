package keys

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"entente"
	"entente/db"
	"entente/db/dbtest"
)

// TestNamed holds that keys known by id stand beside each other, do what they
// are for, and are gone when they are forgotten.
func TestNamed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		ctx, dir := t.Context(), filepath.Join(t.TempDir(), "keys")
		r, other := ring(t, d, dir, "contoso"), ring(t, d, dir, "fabrikam")

		private, err := rsa.GenerateKey(rand.Reader, rsaBits)
		if err != nil {
			t.Fatal(err)
		}
		one, err := r.Make(ctx, FederationCertificate)
		if err != nil {
			t.Fatal(err)
		}
		two, err := r.ImportRSA(ctx, private)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := r.Named(ctx, FederationCertificate); err != nil || len(all) != 2 {
			t.Fatal("both stay:", all, err)
		}
		for _, id := range []string{one, two} {
			k, err := r.CertificateKey(ctx, id)
			if err != nil || k.ID() != id {
				t.Fatal(err)
			}
			public := k.Public().(*rsa.PublicKey)
			sum := sha256.Sum256([]byte("token"))
			sig, err := k.Sign(rand.Reader, sum[:], crypto.SHA256)
			if err != nil || rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], sig) != nil {
				t.Error("signature does not hold", err)
			}
			sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, []byte("secret"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := k.Decrypt(nil, sealed, &rsa.OAEPOptions{Hash: crypto.SHA256}); err != nil || string(plain) != "secret" {
				t.Error("the key does not decrypt", err)
			}
			if _, err := other.CertificateKey(ctx, id); !errors.Is(err, ErrNone) {
				t.Error("another organization has the key", err)
			}
			if _, err := r.Speaker(ctx, id); !errors.Is(err, ErrNone) {
				t.Error("a key of one purpose serves another", err)
			}
		}
		id, err := r.Make(ctx, FederationAgreement)
		if err != nil {
			t.Fatal(err)
		}
		a, err := r.Agreement(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		x, err1 := a.ECDH(peer.PublicKey())
		y, err2 := peer.ECDH(a.PublicKey())
		if err1 != nil || err2 != nil || string(x) != string(y) {
			t.Error("no agreement", err1, err2)
		}
		if err := r.Forget(ctx, FederationCertificate, one); err != nil {
			t.Fatal(err)
		}
		if _, err := r.CertificateKey(ctx, one); !errors.Is(err, ErrNone) {
			t.Error("a forgotten key is there", err)
		}
		if _, err := r.CertificateKey(ctx, two); err != nil {
			t.Error("the other is not:", err)
		}
	})
}

// TestNamedMistakes holds what the ring refuses.
func TestNamedMistakes(t *testing.T) {
	d := dbtest.SQLite(t)
	migrate(t, d)
	ctx := t.Context()
	r := ring(t, d, filepath.Join(t.TempDir(), "keys"), "contoso")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"a short key":                     second(r.ImportRSA(ctx, small)),
		"a secret that is made":           second(r.Make(ctx, FederationAdminKey)),
		"a key of another kind":           second(r.Make(ctx, DirectorySeal)),
		"immutable ids that change":       second(r.Rotate(ctx, FederationIdentity)),
		"a named key that is replaced":    second(r.Rotate(ctx, FederationCertificate)),
		"a key forgotten behind its room": r.Forget(ctx, DirectorySeal, "x"),
		"a key kept as a secret":          r.Keep(ctx, FederationCertificate, "x", entente.NewSecret("x")),
		"a key read as a secret":          second(r.Kept(ctx, FederationCertificate, "x")),
		"a secret of no name":             r.Keep(ctx, AvailabilityPassword, "", entente.NewSecret("x")),
		"a secret without an end":         r.Keep(ctx, AvailabilityPassword, "x", entente.NewSecret(string(make([]byte, maxSecret+1)))),
	} {
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestKept holds that secrets of others come back as they were kept, and only
// under their id.
func TestKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		ctx := t.Context()
		dir := filepath.Join(t.TempDir(), "keys")
		r := ring(t, d, dir, "contoso")
		for _, s := range []string{"first", "second"} {
			if err := r.Keep(ctx, AvailabilityPassword, "fabrikam.example", entente.NewSecret(s)); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := r.Kept(ctx, AvailabilityPassword, "fabrikam.example"); err != nil || s.Reveal() != "second" {
			t.Error("the later secret is not there", err)
		}
		if err := ChangeMaster(ctx, d, r.c.Files); err != nil {
			t.Fatal(err)
		}
		if s, err := ring(t, d, dir, "contoso").Kept(ctx, AvailabilityPassword, "fabrikam.example"); err != nil || s.Reveal() != "second" {
			t.Error("a change of the master key loses it", err)
		}
		if _, err := r.Kept(ctx, FederationAdminKey, "fabrikam.example"); !errors.Is(err, ErrNone) {
			t.Error("it opens as another secret", err)
		}
		if err := r.Forget(ctx, AvailabilityPassword, "fabrikam.example"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Kept(ctx, AvailabilityPassword, "fabrikam.example"); !errors.Is(err, ErrNone) {
			t.Error("a forgotten secret is there", err)
		}
	})
}

// TestExportNamed holds that a key's bytes come out only after it was recorded.
func TestExportNamed(t *testing.T) {
	d := dbtest.SQLite(t)
	migrate(t, d)
	ctx := t.Context()
	var records []Export
	var refuse error
	r := New(Config{
		DB: d, Organization: "contoso", Files: files(t, filepath.Join(t.TempDir(), "keys")), Now: time.Now,
		Recorded: func(_ context.Context, e Export) error { records = append(records, e); return refuse },
	})
	id, err := r.Make(ctx, FederationCertificate)
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	e := Export{FederationCertificate, id, "backup"}
	if err := r.Export(ctx, e, func(b []byte) error { got = len(b); return nil }); err != nil || got == 0 {
		t.Error("no export", err)
	}
	refuse, got = errors.New("the log is full"), 0
	if err := r.Export(ctx, e, func(b []byte) error { got = len(b); return nil }); err == nil || got != 0 {
		t.Error("exported without a record")
	}
	if len(records) != 2 || records[0] != e {
		t.Error("records:", records)
	}
}

// TestBrokerSigners holds that the two keys of a generation are of their kinds,
// and that no key of another purpose stands in for one.
func TestBrokerSigners(t *testing.T) {
	d := dbtest.SQLite(t)
	migrate(t, d)
	ctx := t.Context()
	r := ring(t, d, filepath.Join(t.TempDir(), "keys"), "broker")
	make := func(p Purpose) string {
		t.Helper()
		id, err := r.Make(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	one, two := make(BrokerCertificate), make(BrokerSigning)
	a, b, err := r.BrokerSigners(ctx, one, two)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := a.Public().(*rsa.PublicKey); !ok || a.ID() != one {
		t.Errorf("the certificate's key is %T", a.Public())
	}
	if _, ok := b.Public().(*ecdsa.PublicKey); !ok || b.ID() != two {
		t.Errorf("the other key is %T", b.Public())
	}
	for _, pair := range [][2]string{{two, one}, {make(FederationCertificate), two}, {one, make(FederationSigning)}, {"", two}} {
		if _, _, err := r.BrokerSigners(ctx, pair[0], pair[1]); !errors.Is(err, ErrNone) {
			t.Errorf("%v: %v", pair, err)
		}
	}
	if err := r.Forget(ctx, BrokerSigning, two); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.BrokerSigners(ctx, one, two); !errors.Is(err, ErrNone) {
		t.Errorf("after it was forgotten: %v", err)
	}
}
