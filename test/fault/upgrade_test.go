package fault

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entente/directory"
	"entente/test/kit"
)

// earlier is a state that an earlier version left behind: two people, five
// messages and sixty appointments each. A release adds its own beside it:
//
//	ENTENTE_MAKE_STATE=testdata/NAME.tar.gz go test -run MakeState ./test/fault
const earlier = "testdata/*.tar.gz"

// TestUpgrade opens what earlier versions kept with this one: it is brought up
// to date, everything is there, it can be written to, and it verifies.
func TestUpgrade(t *testing.T) {
	archives, err := filepath.Glob(earlier)
	if err != nil || len(archives) == 0 {
		t.Fatalf("no states of earlier versions: %v", err)
	}
	for _, archive := range archives {
		t.Run(filepath.Base(archive), func(t *testing.T) {
			o := kit.Options{State: state(t), People: 2}
			unpack(t, archive, o.State)
			p := kit.Start(t, o)
			c := client(t, p)
			for who := range 2 {
				body := call(t, c, who, kit.FindItem("inbox", 0, 10))
				if got := len(kit.Values(body, "ItemId", "Id")); got != 5 {
					t.Errorf("%d messages of 5: %s", got, body)
				}
				whole := call(t, c, who, kit.GetWhole(kit.Values(body, "ItemId", "Id")[0]))
				if !strings.Contains(whole, "figures of the last quarter") {
					t.Errorf("a message without its body: %s", whole)
				}
				if got := len(kit.Values(call(t, c, who, kit.FindIDs("calendar", 0, 100)), "ItemId", "Id")); got != 60 {
					t.Errorf("%d appointments of 60", got)
				}
				call(t, c, who, kit.CreateMessage("inbox", "new", "written by this version"))
			}
			p.Stop()
			// The mark of the version that wrote the directory is known and renewed.
			if strings.Contains(p.Log(), directory.ErrAltered.Error()) {
				t.Errorf("the directory was taken for altered: %s", p.Log())
			}
			verify(t.Context(), t, o)
		})
	}
}

// TestMakeState packs a state of this version, when asked to.
func TestMakeState(t *testing.T) {
	to := os.Getenv("ENTENTE_MAKE_STATE")
	if to == "" {
		t.Skip("ENTENTE_MAKE_STATE names no archive to make")
	}
	o := kit.Options{State: state(t), People: 2, Mails: 5, Events: 60}
	kit.Start(t, o).Stop()
	if err := pack(to, o.State); err != nil {
		t.Fatal(err)
	}
}

// pack writes the files of a state; sockets and the like are left out.
func pack(archive, dir string) (err error) {
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	defer func() { err = errors.Join(err, w.Close(), z.Close(), f.Close()) }()
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: filepath.ToSlash(name), Mode: 0o600, Size: int64(len(b)), Typeflag: tar.TypeReg}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	})
}

func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	const largest = 64 << 20
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		if err != nil || !filepath.IsLocal(h.Name) {
			t.Fatal(h, err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(io.LimitReader(r, largest))
		if err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o600)
		if strings.HasPrefix(h.Name, "keys/") {
			mode = 0o400
		}
		if err := os.WriteFile(path, b, mode); err != nil {
			t.Fatal(err)
		}
	}
}
