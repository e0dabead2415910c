package dbtest

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"entente/db"
)

func TestMain(m *testing.M) {
	if os.Getenv("ENTENTE_TEST_ORPHAN") != "" {
		s, why := start()
		if s == nil {
			fmt.Print(why)
			os.Exit(1)
		}
		fmt.Print(s.url)
		_ = os.Stdout.Close()
		select {}
	}
	os.Exit(m.Run())
}

// TestNothingLeft kills a process that has started a server: the server and
// its files go with it.
func TestNothingLeft(t *testing.T) {
	if _, err := binaries(); err != nil {
		missing(t, err.Error())
	}
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), "ENTENTE_TEST_ORPHAN=1")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(out)
	_ = c.Process.Kill()
	_ = c.Wait()
	u, e := url.Parse(string(said))
	if err != nil || e != nil || !strings.HasPrefix(string(said), "postgres:") {
		t.Fatal(string(said), err, e)
	}
	s := &Server{url: string(said)}
	err = within(20*time.Second, func() error {
		if s.run("SELECT 1") == nil {
			return fmt.Errorf("the server is still there")
		}
		if _, err := os.Stat(u.Query().Get("host")); err == nil {
			return fmt.Errorf("its files are still there")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestEach has every database new and empty, and both kinds tried.
func TestEach(t *testing.T) {
	var tried []string
	for range 2 {
		Each(t, func(t *testing.T, d *db.DB) {
			tried = append(tried, d.Dialect())
			err := d.Update(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(`CREATE TABLE one (id BIGINT PRIMARY KEY)`)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	if got := strings.Join(tried, " "); got != "sqlite postgres sqlite postgres" && shared(t) != nil {
		t.Errorf("tried %s", got)
	}
}
