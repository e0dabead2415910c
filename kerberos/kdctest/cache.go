package kdctest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// unused is for how long a cached thing is kept that nobody takes.
const unused = 14 * 24 * time.Hour

// cached returns the directory of something that is made once: by make, into an
// empty directory, under a lock. What it depends on is in key.
func cached(name, key string, make func(dir string) error) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	base = filepath.Join(base, "entente-kdctest")
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(base, name+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(key))
	dir := filepath.Join(base, name+"-"+hex.EncodeToString(sum[:8]))
	now := time.Now()
	if os.Chtimes(dir, now, now) == nil {
		return dir, nil
	}
	forget(base, name)
	// It is made beside, so that half of it is never taken for the whole.
	half := filepath.Join(base, name+".new")
	if err := os.RemoveAll(half); err != nil {
		return "", err
	}
	if err := os.Mkdir(half, 0o700); err != nil {
		return "", err
	}
	if err := make(half); err != nil {
		return "", err
	}
	return dir, os.Rename(half, dir)
}

// forget removes what no seed has used for long.
func forget(base, name string) {
	dirs, _ := filepath.Glob(filepath.Join(base, name+"-*"))
	for _, dir := range dirs {
		if i, err := os.Stat(dir); err == nil && time.Since(i.ModTime()) > unused {
			_ = os.RemoveAll(dir)
		}
	}
}

// unpack returns a directory with the files of Debian packages that are not
// installed: heimdal-kdc and krb5-kdc cannot be installed together.
func unpack(name string, packages ...string) (string, error) {
	return cached(name, strings.Join(packages, " "), func(dir string) error {
		download := exec.Command("apt-get", append([]string{"download"}, packages...)...)
		download.Dir = dir
		if out, err := download.CombinedOutput(); err != nil {
			return fmt.Errorf("its packages cannot be had: %w\n%s", err, out)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.deb"))
		if err != nil || len(files) < len(packages) {
			return errors.Join(fmt.Errorf("%d packages of %d were had", len(files), len(packages)), err)
		}
		for _, file := range files {
			if err := run(nil, "", "dpkg-deb", "-x", file, dir); err != nil {
				return err
			}
			if err := os.Remove(file); err != nil {
				return err
			}
		}
		return nil
	})
}

// installed reports which of the programs is missing, by the package to have.
func installed(programs ...[2]string) error {
	for _, p := range programs {
		if _, err := os.Stat(p[0]); err != nil {
			return fmt.Errorf("%s is not installed (Debian: %s)", p[0], p[1])
		}
	}
	return nil
}
