package interop

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// python3 is Debian's: what else calls itself python3 does not see Debian's
// packages.
const python3 = "/usr/bin/python3"

// exchangelib runs each script of the folder against the demo. They leave what
// they find as it was, so that their order does not matter.
func exchangelib(t *testing.T, d *demo) {
	needExchangelib(t)
	for _, s := range scripts(t, "exchangelib/test_*.py") {
		t.Run(stem(s), func(t *testing.T) { python(t, d, s, 90*time.Second) })
	}
}

func needExchangelib(t *testing.T) {
	t.Helper()
	if err := exec.Command(python3, "-c", "import exchangelib").Run(); err != nil {
		missing(t, "no exchangelib (apt-get install python3-exchangelib): %v", err)
	}
}

func python(t *testing.T, d *demo, script string, limit time.Duration, args ...string) string {
	t.Helper()
	// exchangelib keeps what Autodiscover found in a file in TMPDIR, for the
	// next process to trust.
	c := command{dir: filepath.Dir(script), limit: limit, env: plain(t,
		"TMPDIR="+t.TempDir(), "ENTENTE_DESCRIBE="+d.file, "ENTENTE_BINARY="+d.bin, "REQUESTS_CA_BUNDLE="+d.org.CA, "PYTHONDONTWRITEBYTECODE=1")}
	return c.run(t, python3, append([]string{script}, args...)...)
}
