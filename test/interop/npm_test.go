package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The packages whose clients are driven, at the versions their scripts were
// written for. node-ews does not name the version of ntlm-client it works
// with.
var packages = []string{"ews-javascript-api@0.15", "node-ews@3.5", "ntlm-client@0.1.1"}

const installLimit = 4 * time.Minute

// npm runs each script of the folder with node.
func npm(t *testing.T, d *demo) {
	for _, tool := range [...]string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, "no %s (apt-get install nodejs npm)", tool)
		}
	}
	modules := install(t)
	for _, s := range scripts(t, "npm/test_*.js") {
		t.Run(stem(s), func(t *testing.T) {
			c := command{dir: filepath.Dir(s), limit: 90 * time.Second, env: plain(t,
				"ENTENTE_DESCRIBE="+d.file, "NODE_EXTRA_CA_CERTS="+d.org.CA, "NODE_PATH="+modules)}
			c.run(t, "node", s)
		})
	}
}

// install has npm put the packages into a folder that is kept for the next
// time, and returns where node finds them.
func install(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	dir := filepath.Join(cache, "entente-interop", "npm")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(dir, "node_modules")
	if installed(dir) {
		return modules
	}
	args := append([]string{
		"install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts",
		"--fetch-retries=1", "--fetch-timeout=30000", "--loglevel=error",
	}, packages...)
	cmd := exec.CommandContext(t.Context(), "npm", args...)
	cmd.WaitDelay = 5 * time.Second
	timer := time.AfterFunc(installLimit, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if out, err := cmd.CombinedOutput(); err != nil {
		missing(t, "npm cannot install %v: %v\n%s", packages, err, out)
	}
	return modules
}

// installed reports whether an earlier run has left all packages complete: npm
// writes this file last.
func installed(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	return err == nil
}
