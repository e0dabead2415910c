package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// Files are the key files of one node: a directory of mode 0700 with files of
// mode 0400. Anything wider stops the start with a sentence that says what to
// do, since it may have been read already.
type Files struct {
	root   *os.Root
	dir    string
	master *master
}

const (
	masterFile = "master.key"
	maxKeyFile = 64 << 10
)

// OpenFiles opens the directory and the master key in it, and makes what is
// missing. Losing the master key loses the sealed keys: it is backed up by
// whoever runs the server, apart from the database.
func OpenFiles(dir string) (*Files, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("key files: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("key files: %w", err)
	}
	f := &Files{root: root, dir: dir}
	if err := f.openMaster(); err != nil {
		_ = root.Close()
		return nil, err
	}
	return f, nil
}

// Close lets go of the directory.
func (f *Files) Close() error { return f.root.Close() }

func (f *Files) openMaster() error {
	info, err := f.root.Stat(".")
	if err != nil {
		return fmt.Errorf("key files: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("the key directory %s has mode %#o and others may look into it: chmod 700 %s", f.dir, mode, f.dir)
	}
	text, err := f.readOrMake(masterFile, func() ([]byte, error) {
		k, err := randomMasterKey()
		return (&master{[]masterKey{k}}).marshal(), err
	})
	if err != nil {
		return err
	}
	if f.master, err = parseMaster(text); err != nil {
		return fmt.Errorf("%s %w", filepath.Join(f.dir, masterFile), err)
	}
	return nil
}

// An Algorithm is a kind of private key.
type Algorithm int

const (
	Ed25519 Algorithm = iota
	ECDSA             // P-256
	RSA               // 2048 bits, for devices that know nothing else
)

var fileName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,60}$`)

// Signer returns the key in the file NAME.key, PKCS #8 in PEM, which is made
// with the algorithm if there is none. It serves TLS as it is.
func (f *Files) Signer(name string, a Algorithm) (crypto.Signer, error) {
	if !fileName.MatchString(name) || name+".key" == masterFile {
		return nil, fmt.Errorf("%q is no name for a key", name)
	}
	text, err := f.readOrMake(name+".key", func() ([]byte, error) { return generatePEM(a) })
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) > 0 {
		return nil, fmt.Errorf("%s holds no PKCS #8 private key alone", filepath.Join(f.dir, name+".key"))
	}
	s, err := parseSigner(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(f.dir, name+".key"), err)
	}
	return Signer{s, name}, nil
}

// parseSigner does not pass on the parser's error, which may show the input.
func parseSigner(der []byte) (crypto.Signer, error) {
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the private key cannot be read")
	}
	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key signs nothing")
	}
	return s, nil
}

func generatePEM(a Algorithm) ([]byte, error) {
	var k any
	var err error
	switch a {
	case Ed25519:
		_, k, err = ed25519.GenerateKey(rand.Reader)
	case ECDSA:
		k, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RSA:
		k, err = rsa.GenerateKey(rand.Reader, rsaBits)
	default:
		return nil, fmt.Errorf("no algorithm %d", a)
	}
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// readOrMake reads a file, or makes it. Two processes that make it at once
// end with the same one.
func (f *Files) readOrMake(name string, text func() ([]byte, error)) ([]byte, error) {
	b, err := f.read(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	made, err := text()
	if err != nil {
		return nil, err
	}
	if err := f.write(name, made, f.root.Link); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return f.read(name)
}

func (f *Files) read(name string) ([]byte, error) {
	path := filepath.Join(f.dir, name)
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); !mode.IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	} else if mode.Perm()&^0o400 != 0 {
		return nil, fmt.Errorf("%s has mode %#o, a key may have 0400 and no more: chmod 400 %s, and replace the key if others could read it", path, mode.Perm(), path)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxKeyFile {
		return nil, fmt.Errorf("%s is too long for a key", path)
	}
	return b, nil
}

// write puts text into a new file and gives it its name by place, once it is
// on the disk: a key file is there whole or not at all.
func (f *Files) write(name string, text []byte, place func(from, to string) error) error {
	temporary := name + "." + rand.Text()[:8]
	file, err := f.root.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if err != nil {
		return err
	}
	defer func() { _ = f.root.Remove(temporary) }()
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = place(temporary, name)
	}
	if err != nil {
		return err
	}
	d, err := f.root.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
